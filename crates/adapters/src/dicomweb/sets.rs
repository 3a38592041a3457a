//! Data sets as answers: DICOM JSON (PS3.18, Annex F), or the Native DICOM Model in parts (PS3.18, section 8.7.3.4).

use bytes::Bytes;
use hyper::header::{self, HeaderMap};
use hyper::{Method, StatusCode};
use klinke_archive::index::Instance;
use klinke_dimse::charset::{Charset, Rules};
use klinke_dimse::data::DataSet;
use klinke_dimse::{json, xml};

use super::answer::{self, Answer, with};
use super::media::Model;

/// Options for data sets whose texts are UTF-8.
pub(super) fn utf8() -> json::Options<'static> {
    let rules = Rules { instead: Some(Charset::UTF_8), ..Rules::default() };
    json::Options { rules, ..json::Options::default() }
}

/// Data sets in a form, and the media type of them all.
pub(super) fn written(sets: &[DataSet], model: Model, options: &json::Options<'_>) -> (String, Bytes) {
    match model {
        Model::Json(media) => {
            let mut out = vec![b'['];
            for (at, set) in sets.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                json::write(&mut out, set, options);
            }
            out.push(b']');
            (media.to_owned(), out.into())
        }
        Model::Xml => {
            let boundary = boundary();
            let mut out = Vec::new();
            for set in sets {
                out.extend_from_slice(part(&boundary, "application/dicom+xml").as_bytes());
                out.extend_from_slice(xml::to_string(set, options).as_bytes());
            }
            out.extend_from_slice(end(&boundary).as_bytes());
            (parts_of("application/dicom+xml", &boundary), out.into())
        }
    }
}

/// What an instance is given as depends on this: the bytes of its file, and who its patient is.
pub(super) fn state(instance: &Instance) -> [u8; 40] {
    let mut state = [0; 40];
    state[..32].copy_from_slice(&instance.file.hash);
    state[32..].copy_from_slice(&instance.identity_changed.to_le_bytes());
    state
}

/// A boundary that nobody can have foreseen.
pub(super) fn boundary() -> String {
    use ring::rand::SecureRandom;
    let mut bytes = [0; 16];
    // Where the machine has no chance left, the boundary is only less surprising.
    let _ = ring::rand::SystemRandom::new().fill(&mut bytes);
    hexadecimal(&bytes)
}

/// The media type of several parts of a type.
pub(super) fn parts_of(media: &str, boundary: &str) -> String {
    format!("multipart/related; type=\"{media}\"; boundary={boundary}")
}

/// What stands before a part (RFC 2046, section 5.1.1).
pub(super) fn part(boundary: &str, media: &str) -> String {
    format!("\r\n--{boundary}\r\nContent-Type: {media}\r\n\r\n")
}

/// What stands behind the last part.
pub(super) fn end(boundary: &str) -> String {
    format!("\r\n--{boundary}--\r\n")
}

/// An entity tag of these bytes.
pub(super) fn tag_of(pieces: &[&[u8]]) -> String {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    pieces.iter().for_each(|piece| context.update(piece));
    format!("\"{}\"", hexadecimal(&context.finish().as_ref()[..16]))
}

/// Whether who asks has what this tag stands for (RFC 9110, section 13.1.2).
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let lists = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let plain = |one: &str| one.trim().trim_start_matches("W/").to_owned();
    lists.flat_map(|list| list.split(',')).any(|one| one.trim() == "*" || plain(one) == plain(tag))
}

/// An answer with its tag; without a body where who asks has it.
pub(super) fn tagged(
    method: &Method,
    headers: &HeaderMap,
    tag: &str,
    make: impl FnOnce() -> Answer,
) -> Answer {
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    let answer = match is_read && is_known(headers, tag) {
        true => answer::empty(StatusCode::NOT_MODIFIED),
        false => make(),
    };
    let answer = with(answer, header::ETAG, tag);
    with(answer, header::CACHE_CONTROL, "private, no-cache")
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Data sets as bytes that are the same for the same sets.
pub(super) fn written_once(sets: &[DataSet]) -> Bytes {
    written(sets, Model::Json("application/dicom+json"), &utf8()).1
}
