//! Routes: what is asked for, by whom, and in which language.

mod assets;
mod fault;
mod form;
mod gate;
mod heads;
mod language;
mod live;
mod visitor;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;

use crate::api;
use crate::house::request::Request;
use crate::house::{self, House, images};
use crate::page;
use crate::people::{Actor, People};

pub use assets::address as asset;
pub use fault::Fault;
pub use form::{Fields, LongFields, token as form_token};
pub use gate::{session, worthless};
pub use language::own;
pub use visitor::{Visitor, cookie};

/// What all pages share.
#[derive(Clone)]
pub struct Console {
    house: Arc<dyn House>,
    /// The site's name, for every page.
    site: Arc<str>,
    news: live::News,
    /// Who may come in; whoever reaches the port where there is none (the demo).
    people: Option<Arc<People>>,
    /// The zone that times are shown in.
    zone: TimeZone,
    /// True behind TLS: cookies then go over nothing else.
    is_secure: bool,
}

impl Console {
    /// Over a house.
    pub fn new(house: Arc<dyn House>, site: &str) -> Console {
        Console {
            news: live::News::new(house.clone()),
            house,
            site: site.into(),
            people: None,
            zone: TimeZone::UTC,
            is_secure: false,
        }
    }

    /// The same, for those alone who have an account.
    #[must_use]
    pub fn with_people(self, people: Arc<People>, is_secure: bool) -> Console {
        Console { people: Some(people), is_secure, ..self }
    }

    /// The same with times in a zone: `Europe/Berlin`. UTC where there is no such zone.
    #[must_use]
    pub fn with_zone(self, name: &str) -> Console {
        Console { zone: TimeZone::get(name).unwrap_or(TimeZone::UTC), ..self }
    }

    /// True when there is an archive of images.
    pub fn has_archive(&self) -> bool {
        self.house.has_archive()
    }

    /// True when there is an old archive that is taken over.
    pub fn has_migrations(&self) -> bool {
        self.house.has_migrations()
    }

    /// Studies by an accession number, for a link to them that is good; nothing of them is shown.
    pub async fn studies_of(&self, accession: String) -> Result<images::Page, Fault> {
        let find = images::Find { accession, ..images::Find::default() };
        let who = house::Asker { actor: Actor::program(), purpose: None };
        let house = self.house.clone();
        let request = Request::Images(images::Ask::Find(find));
        let asked = tokio::task::spawn_blocking(move || house::ask(house.as_ref(), &who, request));
        Ok(asked.await.map_err(|_| Fault::broken("the answer was broken off"))??)
    }

    /// The zone that times are shown in.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The people who may come in.
    pub fn people(&self) -> Option<&Arc<People>> {
        self.people.as_ref()
    }

    /// A cookie's name. Behind TLS browsers take a name that begins so from this host alone, over TLS, for
    /// all paths: no neighbour of ours can put one there.
    pub fn cookie_name(&self, what: &str) -> String {
        cookie_name(what, self.is_secure)
    }

    /// A cookie for no script; it ends with the browser where there is no age, and at once with an age of 0.
    pub fn cookie(&self, what: &str, value: &str, site: &str, age: Option<u64>) -> String {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let age = age.map(|age| format!("; Max-Age={age}")).unwrap_or_default();
        format!("{}={value}; Path=/; HttpOnly; SameSite={site}{secure}{age}", self.cookie_name(what))
    }

    /// Books and lanes in the text form of Prometheus, where blocking is allowed.
    pub async fn metrics(&self) -> Result<String, Fault> {
        let house = self.house.clone();
        let asked = tokio::task::spawn_blocking(move || house.metrics());
        Ok(asked.await.map_err(|_| Fault::broken("the answer was broken off"))??)
    }

    /// What the link of an alert is about, where blocking is allowed; with `act` that is done.
    pub async fn redeem(
        &self,
        token: String,
        act: Option<house::alerts::LinkAct>,
    ) -> Option<house::alerts::Redeemed> {
        let house = self.house.clone();
        tokio::task::spawn_blocking(move || house.redeem(&token, act)).await.ok().flatten()
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

/// A cookie's name; see [`Console::cookie_name`].
fn cookie_name(what: &str, is_secure: bool) -> String {
    if is_secure { format!("__Host-klinke-{what}") } else { format!("klinke-{what}") }
}

/// All routes of the console.
pub fn routes(console: Console) -> Router {
    let inside = Router::new()
        .route("/live", get(live::watch))
        .merge(page::routes())
        .merge(api::routes())
        .fallback(fault::not_found)
        .layer(axum::middleware::from_fn_with_state(console.clone(), fault::dress))
        .layer(axum::middleware::from_fn_with_state(console.clone(), page::clock::scope))
        .layer(axum::middleware::from_fn_with_state(console.clone(), gate::gate));
    Router::new()
        .route("/health/live", get(|| async { "ok\n" }))
        .route("/health/ready", get(ready))
        .route("/language/{code}", get(language::choose))
        .merge(assets::routes())
        .merge(page::open_routes())
        .layer(axum::middleware::from_fn_with_state(console.clone(), fault::bare))
        .merge(inside)
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
