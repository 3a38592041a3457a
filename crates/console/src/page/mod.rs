//! The pages, one file each.

mod channel;
mod chart;
mod difference;
pub mod frame;
mod message;
mod messages;
mod panel;
mod parts;
mod queues;
mod replay;
mod site;
mod systems;
mod today;
mod trace;
mod trouble;

pub use parts::escaped;

use axum::Router;
use axum::response::Html;
use axum::routing::get;

use crate::web::{Console, Fault};

/// A page, or why there is none.
type Page = Result<Html<String>, Fault>;

/// The routes of all pages.
pub fn routes() -> Router<Console> {
    Router::new()
        .route("/", get(today::page))
        .route("/wall", get(today::wall))
        .route("/systems", get(systems::list))
        .route("/systems/{name}", get(systems::page))
        .route("/channels", get(channel::list))
        .route("/channels/{name}", get(channel::page))
        .route("/channels/{name}/versions", get(channel::versions))
        .route("/channels/{name}/replay", get(replay::page))
        .route("/messages", get(messages::page))
        .route("/messages/{id}", get(message::page))
        .route("/messages/{id}/download", get(message::download))
        .route("/trace", get(trace::page))
        .route("/queues", get(queues::page))
        .route("/dead", get(queues::dead))
        .route("/site", get(site::page))
        .route("/site/file", get(site::file))
}
