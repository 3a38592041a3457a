//! STOW-RS (PS3.18, section 10.5): instances as files in parts or alone, or metadata with bulk data.
//!
//! An answer comes when the archive has made durable what it tells of.
//!
//! | | status |
//! |---|---|
//! | all are stored | 200 |
//! | some are not, or lie beside until somebody decides | 202 |
//! | none is | 409 |
//! | nothing that could be one came, or what came is broken | 400 |
//! | another media type | 415 |

pub(super) mod body;
pub(super) mod intake;
pub(super) mod metadata;
pub(super) mod multipart;
mod response;

use std::sync::Arc;

use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header;
use klinke_model::Timestamp;
use tokio::task::spawn_blocking;

use self::body::Body;
use self::intake::Intake;
use super::answer::{self, Answer};
use super::fault::{Fault, Result};
use super::gate::Deed;
use super::media::Media;
use super::sets;
use super::web::{Asked, Web};

/// What the body of a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Dicom,
    Json,
    Xml,
}

/// Answers a request that stores.
pub(super) async fn answer(
    web: Arc<Web>,
    asked: Asked,
    study: Option<String>,
    body: Incoming,
) -> Result<Answer> {
    let model = asked.accept.model()?;
    let media = content_type(&asked)?;
    let limits = web.config.limits.clone();
    let body = Body::new(body, limits.silence.0);
    let mut intake = Intake::new(web.archive.clone(), &limits, &asked.who, study.clone());
    let kind = kind(&media)?;
    let taken = take(&mut intake, body, kind, limits.metadata.0).await;
    let outcomes = intake.finish().await;
    // What was stored before something broke is stored.
    let mut studies = Vec::new();
    for (study, instances) in response::stored(&outcomes) {
        let count = instances.len();
        web.tell(&asked, Deed::Stored, &study, instances, count);
        studies.push(study);
    }
    tell_released(&web, studies).await;
    taken?;
    if outcomes.is_empty() {
        return Err(Fault::bad("no instance was in the request"));
    }
    let (status, set) = response::of(&outcomes, study.as_deref(), &asked.base);
    let (media, body) = sets::written(&[set], model, &sets::utf8());
    Ok(answer::of(status, &media, unwrapped(model, body)))
}

/// The end of a request is what a release is over DIMSE: what it brought has come.
async fn tell_released(web: &Web, studies: Vec<String>) {
    let archive = web.archive.clone();
    let told = spawn_blocking(move || archive.released(studies, Timestamp::now())).await;
    if let Ok(Err(error)) = told {
        tracing::warn!("the end of a request could not be noted: {error}");
    }
}

/// Takes what comes.
async fn take(
    intake: &mut Intake,
    mut body: Body,
    (content, boundary): (Content, Option<String>),
    limit: usize,
) -> Result<()> {
    match (content, boundary) {
        (Content::Dicom, None) => intake.alone(&mut body).await,
        (Content::Dicom, Some(boundary)) => intake.parts(&mut body, &boundary).await,
        (content, boundary) => {
            let sets = metadata::read(body, content == Content::Json, boundary.as_deref(), limit).await?;
            intake.sets(sets).await
        }
    }
}

/// The response is one data set (PS3.18, section 10.5.3), not a list.
fn unwrapped(model: super::media::Model, body: bytes::Bytes) -> bytes::Bytes {
    match model {
        super::media::Model::Json(_) => body.slice(1..body.len().saturating_sub(1).max(1)),
        super::media::Model::Xml => body,
    }
}

/// The media type of a body; 415 where it has none, or a content encoding.
pub(super) fn content_type(asked: &Asked) -> Result<Media> {
    let of_header = asked.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if asked.headers.get(header::CONTENT_ENCODING).is_some_and(|value| value != "identity") {
        return Err(unsupported());
    }
    of_header.and_then(Media::parse).ok_or_else(unsupported)
}

fn unsupported() -> Fault {
    Fault::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "taken are multipart/related with parts of application/dicom, application/dicom+json or application/dicom+xml, and each of these alone; no content encoding",
    )
}

/// What comes, and the boundary where it comes in parts.
pub(super) fn kind(media: &Media) -> Result<(Content, Option<String>)> {
    let of = |name: &str| match name {
        "application/dicom" => Ok(Content::Dicom),
        "application/dicom+json" | "application/json" => Ok(Content::Json),
        "application/dicom+xml" => Ok(Content::Xml),
        _ => Err(unsupported()),
    };
    if media.name() != "multipart/related" {
        return Ok((of(&media.name())?, None));
    }
    let boundary =
        media.get("boundary").filter(|one| (1..=multipart::BOUNDARY_LENGTH_MAX).contains(&one.len()));
    let boundary =
        boundary.ok_or_else(|| Fault::bad("Content-Type has no boundary, or one that is too long"))?;
    // Many leave the type of the parts away.
    let inner = media.get("type").unwrap_or("application/dicom");
    let inner = Media::parse(inner).ok_or_else(unsupported)?;
    Ok((of(&inner.name())?, Some(boundary.to_owned())))
}
