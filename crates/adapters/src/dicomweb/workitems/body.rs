//! The payload of a request: one data set, as JSON or XML (PS3.18, section 11.1.3 and Annex F).

use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header;
use klinke_dimse::data::DataSet;

use super::super::fault::{Fault, Result};
use super::super::store::body::Body;
use super::super::store::{Content, content_type, kind, metadata};
use super::super::web::{Asked, Web};

/// The data set of a request.
pub(super) async fn read(web: &Web, asked: &Asked, body: Incoming) -> Result<DataSet> {
    let limits = &web.config.limits;
    let media = content_type(asked).map_err(|_| unsupported())?;
    if media.get("charset").is_some_and(|one| !one.eq_ignore_ascii_case("utf-8")) {
        return Err(Fault::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the only charset taken is utf-8"));
    }
    let (content, boundary) = kind(&media).map_err(|fault| match fault.status {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => unsupported(),
        _ => fault,
    })?;
    if content == Content::Dicom {
        return Err(unsupported());
    }
    let body = Body::new(body, limits.silence.0);
    let is_json = content == Content::Json;
    let mut sets = metadata::read(body, is_json, boundary.as_deref(), limits.workitem.0).await?;
    match (sets.pop(), sets.is_empty()) {
        (Some((set, _)), true) => Ok(set),
        _ => Err(Fault::bad("a request has one data set")),
    }
}

/// The data set of a request that needs none.
pub(super) async fn read_if_any(web: &Web, asked: &Asked, body: Incoming) -> Result<DataSet> {
    if asked.headers.contains_key(header::CONTENT_TYPE) {
        return read(web, asked, body).await;
    }
    let limits = &web.config.limits;
    match Body::new(body, limits.silence.0).whole(limits.workitem.0).await?.is_empty() {
        true => Ok(DataSet::new()),
        false => Err(unsupported()),
    }
}

fn unsupported() -> Fault {
    Fault::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "taken are application/dicom+json and application/dicom+xml, alone or as one part; no content encoding",
    )
}
