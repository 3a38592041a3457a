//! The JSON API: all that the pages do, for programs, by the same requests and through the same door.
//!
//! | what | where |
//! |---|---|
//! | how one call is described, read and answered | [`call`] |
//! | the calls, one list | [`calls`] |
//! | what is given is held against its description before anything else looks at it | [`check`] |
//! | errors (RFC 9457, `application/problem+json`) | [`problem`] |
//! | the description of all of it (OpenAPI 3.1) | [`openapi`] |
//!
//! Whoever asks comes with a token (`Authorization: Bearer`), and a purpose in `X-Purpose` where the role asks
//! for one. A browser's session may read and not change: nothing that another site makes a browser send does
//! anything here. Problems name fields and places, never values: they may be a patient's.
//!
//! Not here: what lets people in (passwords, second factors, tokens) is changed by people. Copies of the store go
//! where the site says; folders and files of the machine are named by nobody from afar.

pub mod call;
pub mod calls;
pub mod check;
pub mod openapi;
pub mod problem;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use serde_json::Value;

use crate::people::Places;
use crate::web::{Console, Fault, Visitor};
use problem::Problem;

/// Where the calls lie.
pub const BASE: &str = "/api/v1";

static DOCUMENT: LazyLock<Value> = LazyLock::new(openapi::document);

/// The description of the API.
pub fn document() -> &'static Value {
    &DOCUMENT
}

/// The routes of the API, and of the metrics.
pub fn routes() -> Router<Console> {
    let mut paths: BTreeMap<String, MethodRouter<Console>> = BTreeMap::new();
    for call in calls::all() {
        let path = format!("{BASE}{}", call.path);
        let method = call.method.filter();
        let handler = move |console: State<Console>, visitor: Visitor, request: call::Raw| {
            call::answer(call, console.0, visitor, request)
        };
        let known = paths.remove(&path).unwrap_or_default();
        paths.insert(path, known.on(method, handler));
    }
    let mut routes = Router::new()
        .route("/api/openapi.json", get(described))
        .route("/metrics", get(metrics))
        .route("/api/{*rest}", axum::routing::any(absent))
        .route("/api", axum::routing::any(absent));
    for (path, methods) in paths {
        routes = routes.route(&path, methods.fallback(not_so));
    }
    routes
}

async fn described() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document().to_string()).into_response()
}

async fn absent() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no such call; /api/openapi.json has all of them")
}

async fn not_so() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this call does not go by this method")
}

/// Books and lanes for Prometheus: for those who may see how everything stands.
async fn metrics(State(console): State<Console>, visitor: Visitor) -> Response {
    if visitor.actor.grants.state != Places::All {
        return Problem::from(Fault::forbidden("metrics are for those who may see how everything stands"))
            .into_response();
    }
    match console.metrics().await {
        Ok(text) => {
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
        }
        Err(fault) => Problem::from(fault).into_response(),
    }
}
