//! Deletion of studies, series and instances: into the archive's trash, from where they can be put back.

use std::sync::Arc;

use hyper::StatusCode;
use klinke_archive::change::Decision;
use klinke_model::Timestamp;
use tokio::task::spawn_blocking;

use super::answer::{self, Answer};
use super::fault::{Fault, Result};
use super::gate::Deed;
use super::retrieve;
use super::route::Place;
use super::web::{Asked, Web};

/// Answers a deletion: 204.
pub(super) async fn answer(web: Arc<Web>, asked: Asked, place: Place) -> Result<Answer> {
    let instances = retrieve::look_up(&web, &place).await?;
    let decision = Decision {
        who: asked.who.to_string(),
        why: "DICOMweb".to_owned(),
        origin: String::new(),
        at: Timestamp::now(),
    };
    let (archive, of) = (web.archive.clone(), retrieve::selection(&place));
    let thrown = spawn_blocking(move || archive.throw(&of, &decision)).await;
    let count = thrown.map_err(|_| Fault::broken("deleting"))??;
    let study = place.study.unwrap_or_default();
    let uids = instances.into_iter().map(|one| one.uid).collect();
    web.tell(&asked, Deed::Deleted, &study, uids, usize::try_from(count).unwrap_or(usize::MAX));
    Ok(answer::empty(StatusCode::NO_CONTENT))
}
