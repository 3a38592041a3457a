//! The bytes that pages of images load: small pictures, pictures, values of frames, documents.
//!
//! A browser may keep them, and asks before each use whether they still hold (RFC 9111, `no-cache`): an instance does
//! not change, but who may see it does.

use axum::extract::{Path, Query, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::house::decode;
use crate::house::images::{Ask, Shown, Which};
use crate::house::request::Request;
use crate::web::{Console, Fault, Visitor};

const KEPT: &str = "private, no-cache";

/// Which frame, and how.
#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    frame: u32,
    /// So many pixels by so many become one. (`by` is the maker of a link.)
    #[serde(default)]
    each: u32,
    #[serde(default)]
    inline: Option<String>,
}

fn which((study, instance): (String, String), frame: u32, heads: &HeaderMap) -> Which {
    let seen = heads.get(header::IF_NONE_MATCH).and_then(|tag| tag.to_str().ok());
    let seen = seen.map(|tag| tag.trim_start_matches("W/").trim_matches('"').to_owned());
    Which { study, instance, frame, seen }
}

/// A small picture.
pub async fn thumbnail(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    Path(path): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
    heads: HeaderMap,
) -> Result<Response, Fault> {
    given(&console, &visitor, Ask::Thumbnail(which(path, wanted.frame, &heads))).await
}

/// A frame as a picture.
pub async fn picture(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    Path(path): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
    heads: HeaderMap,
) -> Result<Response, Fault> {
    given(&console, &visitor, Ask::Picture(which(path, wanted.frame, &heads))).await
}

/// The values of a frame. They come compressed, whatever is asked for: only the viewer asks.
pub async fn frame(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    Path(path): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
    heads: HeaderMap,
) -> Result<Response, Fault> {
    let ask = Ask::Frame { which: which(path, wanted.frame, &heads), by: wanted.each };
    let mut response = given(&console, &visitor, ask).await?;
    if response.status() == StatusCode::OK {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}

/// A document: as a file, or in the browser's own reader.
pub async fn document(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    Path(path): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
    heads: HeaderMap,
) -> Result<Response, Fault> {
    let mut response = given(&console, &visitor, Ask::Document(which(path, 0, &heads))).await?;
    // The name is ours alone: nothing of the patient is in it.
    let kind = if wanted.inline.is_some() { "inline" } else { "attachment" };
    let name = HeaderValue::try_from(format!("{kind}; filename=\"document.pdf\""));
    response.headers_mut().extend(name.ok().map(|name| (header::CONTENT_DISPOSITION, name)));
    Ok(response)
}

async fn given(console: &Console, visitor: &Visitor, ask: Ask) -> Result<Response, Fault> {
    let shown: Shown = console.ask(visitor, Request::Images(ask)).await?;
    if let Some(fault) = shown.fault {
        return Err(Fault::unfit(fault));
    }
    let heads = [(header::CACHE_CONTROL, KEPT.to_owned()), (header::ETAG, format!("\"{}\"", shown.tag))];
    let Some(bytes) = shown.bytes else { return Ok((StatusCode::NOT_MODIFIED, heads).into_response()) };
    let bytes = decode(&bytes).map_err(|_| Fault::broken("the answer has another shape"))?;
    Ok((heads, [(header::CONTENT_TYPE, shown.media)], bytes).into_response())
}
