//! Bulk data (PS3.18, section 10.4.1.1.5): single values by the URI that metadata gave, with ranges, and all of a study, series or
//! instance.

use std::sync::Arc;

use bytes::Bytes;
use hyper::header;
use hyper::{Response, StatusCode};
use klinke_archive::image::{Place, Source};
use klinke_archive::index::Instance;
use klinke_dimse::data::{DataSet, Value};
use klinke_dimse::{Tag, tags};
use tokio::task::spawn_blocking;

use super::super::answer::{self, Answer, Gone, Pieces, with};
use super::super::fault::{Fault, Result};
use super::super::media::{self, Media};
use super::super::sets;
use super::super::web::{Asked, Web};
use super::described;
use super::instances::PIECE_SIZE_BYTES;
use super::range::{self, Wanted};

const BYTES: &str = "application/octet-stream";
/// How deep a path goes.
const DEPTH_MAX: usize = 64;

/// A value that is given.
enum Given {
    /// As it is in memory.
    Held(Bytes),
    /// As it is in the file.
    InFile { offset: u64, length: u64 },
    /// Fragments in the file.
    Fragments(Vec<(u64, u32)>),
}

pub(super) async fn answer(web: Arc<Web>, asked: Asked, instance: Instance, place: String) -> Result<Answer> {
    let path = path(&place).ok_or_else(|| Fault::absent("this value"))?;
    let reader = web.clone();
    let reading = spawn_blocking(move || {
        let source = super::open(&reader, instance)?;
        let given = given(&source, &path)?;
        Ok::<_, Fault>((source, given, path))
    });
    let (source, given, path) = reading.await.map_err(|_| Fault::broken("reading"))??;
    let tag = sets::tag_of(&[&source.instance.file.hash, place.as_bytes()]);
    let kept = kind(&source, &path, &given);
    let form = form(&asked, kept.0, matches!(given, Given::Fragments(_)))?;
    let made = match (form, given) {
        (Form::Alone, Given::Fragments(fragments)) => fragments_alone(source, fragments, kept.0)?,
        (Form::Alone, given) => alone(&asked, source, given, kept.0),
        (Form::Parts, given) => parts(vec![(source, given)], kept, &asked.base),
    };
    Ok(sets::tagged(&asked.method, &asked.headers, &tag, || made))
}

/// Pixel data and documents of several instances, each in a part with the URI that metadata name.
pub(super) async fn all(web: Arc<Web>, asked: Asked, instances: Vec<Instance>) -> Result<Answer> {
    let is_taken = asked.accept.ranges().any(|range| range.holds_parts_of(BYTES) || range.kind == "*");
    if !is_taken {
        return Err(Fault::unacceptable(format!("given is multipart/related; type=\"{BYTES}\"")));
    }
    let boundary = sets::boundary();
    let whole = sets::parts_of(BYTES, &boundary);
    let base = asked.base.clone();
    let body = answer::streamed(move |pieces| {
        for instance in instances {
            let source = match super::open(&web, instance) {
                Ok(source) => source,
                Err(fault) => return Err(pieces.break_off(&fault.text)),
            };
            let places = [source.pixels.as_ref().map(|pixels| pixels.tag), document(&source)];
            for tag in places.into_iter().flatten() {
                let path = [(tag, None)];
                if let Ok(given) = given(&source, &path) {
                    let kept = kind(&source, &path, &given);
                    let at = format!("{}/bulkdata/{}", described::url(&base, &source), named(tag));
                    send(pieces, &source, &given, &boundary, &kept, &at)?;
                }
            }
        }
        pieces.put(sets::end(&boundary))
    });
    Ok(with(Response::new(body), header::CONTENT_TYPE, &whole))
}

fn document(source: &Source) -> Option<Tag> {
    source.set.get(tags::ENCAPSULATED_DOCUMENT).map(|element| element.tag)
}

fn named(Tag(group, element): Tag) -> String {
    format!("{group:04X}{element:04X}")
}

/// `52009229/0/00289110` as tags with the items in which they are looked for.
fn path(place: &str) -> Option<Vec<(Tag, Option<usize>)>> {
    let steps: Vec<&str> = place.split('/').collect();
    if steps.len() > DEPTH_MAX {
        return None;
    }
    let mut path = Vec::new();
    for pair in steps.chunks(2) {
        let number =
            Some(pair[0]).filter(|tag| tag.len() == 8 && tag.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let number = u32::from_str_radix(number, 16).ok()?;
        let item = pair.get(1).map(|item| item.parse::<usize>()).transpose().ok()?;
        // Both halves have 16 bits.
        path.push((Tag((number >> 16) as u16, number as u16), item));
    }
    path.last().is_some_and(|(_, item)| item.is_none()).then_some(path)
}

fn given(source: &Source, path: &[(Tag, Option<usize>)]) -> Result<Given> {
    let absent = || Fault::absent("this value");
    if let ([(tag, None)], Some(pixels)) = (path, &source.pixels)
        && *tag == pixels.tag
    {
        match &pixels.place {
            Place::Native { offset, length } => {
                return Ok(Given::InFile { offset: *offset, length: *length });
            }
            Place::Fragments(fragments) => {
                // The table of offsets is none of them.
                return Ok(Given::Fragments(fragments.iter().skip(1).copied().collect()));
            }
            Place::Held => {}
        }
    }
    let (last, above) = path.split_last().ok_or_else(absent)?;
    let mut set: &DataSet = &source.set;
    for (tag, item) in above {
        set = set.items(*tag).get(item.ok_or_else(absent)?).ok_or_else(absent)?;
    }
    match &set.get(last.0).ok_or_else(absent)?.value {
        Value::Bytes(bytes) => Ok(Given::Held(bytes.clone())),
        Value::Sequence(_) | Value::Fragments(_) => Err(absent()),
    }
}

/// The media type of a value, and the transfer syntax where it has one.
fn kind(source: &Source, path: &[(Tag, Option<usize>)], given: &Given) -> (&'static str, String) {
    let explicit = "1.2.840.10008.1.2.1".to_owned();
    match given {
        Given::Fragments(_) => (media::of_syntax(source.syntax()), source.syntax().to_owned()),
        _ if path == [(tags::ENCAPSULATED_DOCUMENT, None)] => {
            let is_pdf =
                source.set.ascii(tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT) == Some("application/pdf");
            (if is_pdf { "application/pdf" } else { BYTES }, explicit)
        }
        _ => (BYTES, explicit),
    }
}

/// How a value is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Alone,
    Parts,
}

fn form(asked: &Asked, kept: &str, is_fragments: bool) -> Result<Form> {
    let of = |range: &Media| {
        let holds = |name: &str| range.holds(name) || range.holds_parts_of(name);
        if !(holds(kept) || holds(BYTES)) {
            return None;
        }
        // Coded frames are told apart by the parts alone.
        let in_parts = range.kind == "multipart" || (is_fragments && range.kind == "*");
        Some(if in_parts { Form::Parts } else { Form::Alone })
    };
    let refused = || {
        Fault::unacceptable(format!("given are {kept} and {BYTES}, alone and in parts of multipart/related"))
    };
    asked.accept.ranges().find_map(of).ok_or_else(refused)
}

fn fragments_alone(source: Source, fragments: Vec<(u64, u32)>, media: &str) -> Result<Answer> {
    let is_one = source.set.int(tags::NUMBER_OF_FRAMES).unwrap_or(1) <= 1 || media.starts_with("video/");
    if !is_one {
        return Err(Fault::unacceptable(
            "the frames are coded one by one: multipart/related gives each in a part",
        ));
    }
    let length: u64 = fragments.iter().map(|(_, length)| u64::from(*length)).sum();
    let body = answer::streamed(move |pieces| {
        for (offset, length) in fragments {
            copy(pieces, &source, offset, u64::from(length))?;
        }
        Ok(())
    });
    let answer = with(Response::new(body), header::CONTENT_TYPE, media);
    Ok(with(answer, header::CONTENT_LENGTH, &length.to_string()))
}

fn alone(asked: &Asked, source: Source, given: Given, media: &str) -> Answer {
    let length = match &given {
        Given::Held(bytes) => bytes.len() as u64,
        Given::InFile { length, .. } => *length,
        Given::Fragments(_) => 0,
    };
    let (status, from, to) = match range::wanted(&asked.headers, length) {
        Wanted::All => (StatusCode::OK, 0, length),
        Wanted::Part(from, to) => (StatusCode::PARTIAL_CONTENT, from, to),
        Wanted::Beyond => {
            let answer = answer::empty(StatusCode::RANGE_NOT_SATISFIABLE);
            return with(answer, header::CONTENT_RANGE, &format!("bytes */{length}"));
        }
    };
    let body = match given {
        // Both bounds lie within the bytes.
        Given::Held(bytes) => answer::whole(bytes.slice(from as usize..to as usize)),
        Given::InFile { offset, .. } => {
            answer::streamed(move |pieces| copy(pieces, &source, offset + from, to - from))
        }
        Given::Fragments(_) => answer::whole(Bytes::new()),
    };
    let mut answer = with(Response::new(body), header::CONTENT_TYPE, media);
    *answer.status_mut() = status;
    if status == StatusCode::PARTIAL_CONTENT {
        answer = with(answer, header::CONTENT_RANGE, &format!("bytes {from}-{}/{length}", to - 1));
    }
    let answer = with(answer, header::ACCEPT_RANGES, "bytes");
    with(answer, header::CONTENT_LENGTH, &(to - from).to_string())
}

fn parts(all: Vec<(Source, Given)>, kept: (&'static str, String), base: &str) -> Answer {
    let boundary = sets::boundary();
    let whole = sets::parts_of(kept.0, &boundary);
    let base = base.to_owned();
    let body = answer::streamed(move |pieces| {
        for (source, given) in &all {
            let at = described::url(&base, source);
            send(pieces, source, given, &boundary, &kept, &at)?;
        }
        pieces.put(sets::end(&boundary))
    });
    with(Response::new(body), header::CONTENT_TYPE, &whole)
}

/// Sends a value in parts: one, or one for each frame.
fn send(
    pieces: &Pieces,
    source: &Source,
    given: &Given,
    boundary: &str,
    (media, syntax): &(&'static str, String),
    location: &str,
) -> Result<(), Gone> {
    let media = format!("{media}; transfer-syntax={syntax}\r\nContent-Location: {location}");
    let begin = || pieces.put(sets::part(boundary, &media));
    match given {
        Given::Held(bytes) => {
            begin()?;
            pieces.put(bytes.clone())?;
        }
        Given::InFile { offset, length } => {
            begin()?;
            return copy(pieces, source, *offset, *length);
        }
        Given::Fragments(fragments) => {
            let frames = usize::try_from(source.set.int(tags::NUMBER_OF_FRAMES).unwrap_or(1)).unwrap_or(1);
            let each = if frames == fragments.len() { 1 } else { fragments.len() };
            for frame in fragments.chunks(each.max(1)) {
                begin()?;
                for (offset, length) in frame {
                    copy(pieces, source, *offset, u64::from(*length))?;
                }
            }
        }
    }
    Ok(())
}

/// Copies bytes out of the file.
fn copy(pieces: &Pieces, source: &Source, offset: u64, length: u64) -> Result<(), Gone> {
    let mut at = 0;
    while at < length {
        let size = (length - at).min(PIECE_SIZE_BYTES as u64);
        match source.bytes(offset + at, size) {
            Ok(bytes) if bytes.len() as u64 == size => pieces.put(bytes)?,
            Ok(_) => return Err(pieces.break_off("a file ends before it should")),
            Err(error) => return Err(pieces.break_off(&error.to_string())),
        }
        at += size;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        assert_eq!(path("7FE00010"), Some(vec![(Tag(0x7FE0, 0x0010), None)]));
        let nested = vec![(Tag(0x5200, 0x9229), Some(0)), (Tag(0x0028, 0x9110), None)];
        assert_eq!(path("52009229/0/00289110"), Some(nested));
        for odd in ["", "7FE0001", "52009229/0", "52009229/x/00289110", "+FE00010", "../../etc"] {
            assert_eq!(path(odd), None, "{odd}");
        }
    }
}
