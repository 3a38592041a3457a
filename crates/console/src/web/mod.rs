//! Routes: what is asked for, by whom, and in which language.

mod assets;
mod fault;
mod heads;
mod language;
mod live;
mod visitor;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use serde::de::DeserializeOwned;

use crate::house::request::Request;
use crate::house::{self, House};
use crate::page;

pub use assets::address as asset;
pub use fault::Fault;
pub use visitor::Visitor;

/// What all pages share.
#[derive(Clone)]
pub struct Console {
    house: Arc<dyn House>,
    /// The site's name, for every page.
    site: Arc<str>,
    news: live::News,
}

impl Console {
    /// Over a house.
    pub fn new(house: Arc<dyn House>, site: &str) -> Console {
        Console { news: live::News::new(house.clone()), house, site: site.into() }
    }

    /// Asks the house for a visitor, where blocking is allowed.
    pub async fn ask<T: DeserializeOwned + Send + 'static>(
        &self,
        visitor: &Visitor,
        request: Request,
    ) -> Result<T, Fault> {
        let (house, who) = (self.house.clone(), visitor.asker());
        let asked = tokio::task::spawn_blocking(move || house::ask(house.as_ref(), &who, request));
        Ok(asked.await.map_err(|_| Fault::broken("the answer was broken off"))??)
    }
}

/// All routes of the console.
pub fn routes(console: Console) -> Router {
    Router::new()
        .route("/health/live", get(|| async { "ok\n" }))
        .route("/health/ready", get(ready))
        .route("/live", get(live::watch))
        .route("/language/{code}", get(language::choose))
        .merge(assets::routes())
        .merge(page::routes())
        .fallback(fault::not_found)
        .layer(axum::middleware::from_fn_with_state(console.clone(), fault::dress))
        .layer(axum::middleware::from_fn(heads::secure))
        .with_state(console)
}

/// 200 when the site takes what comes, else 503: no more, for nobody has said who asks.
async fn ready(State(console): State<Console>) -> (StatusCode, &'static str) {
    let house = console.house.clone();
    match tokio::task::spawn_blocking(move || house.ready()).await {
        Ok(true) => (StatusCode::OK, "ready\n"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
    }
}
