//! UPS-RS (PS3.18, chapter 11): workitems, who watches them, and the channel over which watchers are told.
//!
//! | transaction | where |
//! |---|---|
//! | Create, Update, Change State, Request Cancellation (sections 11.4, 11.6 to 11.8) | `write` |
//! | Retrieve, Search (sections 11.5, 11.9) | `read`, `keys` |
//! | Subscribe, Unsubscribe, Suspend Global Subscription (sections 11.10 to 11.12) | `watch` |
//! | Open Event Channel, Event Reports (sections 8.10.4, 8.10.5, 11.13) | `channel`, `socket` |
//!
//! What holds of a workitem is decided in [`klinke_archive::workitem`]; here it is asked for.

mod body;
pub(super) mod channel;
mod keys;
mod read;
mod socket;
mod watch;
mod write;

pub(super) use channel::Channels;
pub(super) use socket::run;

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Method, StatusCode};
use klinke_archive::Archive;
use klinke_archive::workitem::Refusal;
use tokio::task::spawn_blocking;

use super::answer::Answer;
use super::fault::{Fault, Result};
use super::route::Work;
use super::web::{Asked, Web};

/// Answers what is asked of workitems.
pub(super) async fn answer(web: Arc<Web>, asked: Asked, work: Work, body: Incoming) -> Result<Answer> {
    match (&asked.method, work) {
        (&Method::GET | &Method::HEAD, Work::All) => read::search(web, asked).await,
        (&Method::GET | &Method::HEAD, Work::One(uid)) => read::retrieve(web, asked, uid).await,
        (&Method::POST, Work::All) => write::create(web, asked, body).await,
        (&Method::POST, Work::One(uid)) => write::update(web, asked, uid, body).await,
        (&Method::PUT, Work::State(uid)) => write::change_state(web, asked, uid, body).await,
        (&Method::POST, Work::CancelRequest(uid)) => write::request_cancellation(web, asked, uid, body).await,
        (&Method::POST, Work::Subscriber(uid, title)) => watch::subscribe(web, asked, uid, title).await,
        (&Method::DELETE, Work::Subscriber(uid, title)) => watch::unsubscribe(web, uid, title).await,
        (&Method::POST, Work::Suspend(uid, title)) => watch::suspend(web, uid, title).await,
        _ => Err(Fault::new(StatusCode::METHOD_NOT_ALLOWED, "this method does nothing here")),
    }
}

/// Asks the archive on a thread that may wait for the disk.
async fn ask<T: Send + 'static>(
    web: &Web,
    work: impl FnOnce(&Archive) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let archive = web.archive.clone();
    let done = spawn_blocking(move || work(&archive)).await;
    done.unwrap_or(Err(Refusal::Archive(klinke_archive::Error::Closed)))
}
