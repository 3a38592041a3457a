//! Frames (PS3.18, section 10.4.1.1.6; media types: section 8.7.3.3 and Table 8.7.3-5).

use std::sync::Arc;

use bytes::Bytes;
use hyper::Response;
use hyper::StatusCode;
use hyper::header;
use klinke_archive::image::{self, Source};
use klinke_archive::index::Instance;
use klinke_dimse::pixel::{self, Coding};
use klinke_dimse::syntax::TransferSyntax;
use tokio::task::spawn_blocking;

use super::super::answer::{self, Answer, with};
use super::super::fault::{Fault, Result};
use super::super::media::{self, Media};
use super::super::sets;
use super::super::web::{Asked, Web};

/// How frames are given.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Form {
    media: String,
    /// In which transfer syntax.
    syntax: String,
    /// Whether they are given as they are kept.
    is_kept: bool,
    is_in_parts: bool,
}

const NATIVE: &str = "application/octet-stream";

pub(super) async fn answer(
    web: Arc<Web>,
    asked: Asked,
    instance: Instance,
    list: Vec<u32>,
) -> Result<Answer> {
    let form = form(&asked, &instance.file.syntax, list.len() == 1)?;
    let numbers = list.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    let tag = sets::tag_of(&[&instance.file.hash, &numbers, format!("{form:?}").as_bytes()]);
    if sets::is_known(&asked.headers, &tag) {
        return Ok(sets::tagged(&asked.method, &asked.headers, &tag, || answer::empty(StatusCode::OK)));
    }
    let limits = image::limits(web.config.limits.decoded.0);
    let reader = web.clone();
    let (form_of_first, first) = (form.clone(), list[0]);
    let reading = spawn_blocking(move || {
        let source = super::open(&reader, instance)?;
        if let Some(absent) = list.iter().find(|number| **number > image::count(&source)) {
            return Err(Fault::new(StatusCode::NOT_FOUND, format!("frame {absent} is not here")));
        }
        let bytes = frame(&reader, &source, first, &form_of_first, &limits)?;
        Ok((source, bytes, list))
    });
    let (source, first, list) = reading.await.map_err(|_| Fault::broken("reading"))??;
    let media = format!("{}; transfer-syntax={}", form.media, form.syntax);
    let made = match form.is_in_parts {
        false => answer::of(StatusCode::OK, &media, first),
        true => parts(web, source, (first, list), form, media),
    };
    Ok(sets::tagged(&asked.method, &asked.headers, &tag, || made))
}

fn parts(
    web: Arc<Web>,
    source: Source,
    (first, list): (Bytes, Vec<u32>),
    form: Form,
    media: String,
) -> Answer {
    let boundary = sets::boundary();
    let whole = sets::parts_of(&form.media, &boundary);
    if list.len() == 1 {
        let body =
            [sets::part(&boundary, &media).as_bytes(), &first, sets::end(&boundary).as_bytes()].concat();
        return answer::of(StatusCode::OK, &whole, body);
    }
    let limits = image::limits(web.config.limits.decoded.0);
    let body = answer::streamed(move |pieces| {
        let mut first = Some(first);
        for number in list {
            let bytes = match first.take() {
                Some(bytes) => Ok(bytes),
                None => frame(&web, &source, number, &form, &limits),
            };
            match bytes {
                Ok(bytes) => {
                    pieces.put(sets::part(&boundary, &media))?;
                    pieces.put(bytes)?;
                }
                Err(fault) => return Err(pieces.break_off(&fault.text)),
            }
        }
        pieces.put(sets::end(&boundary))
    });
    with(Response::new(body), header::CONTENT_TYPE, &whole)
}

/// The form that who asks likes best and that can be made.
fn form(asked: &Asked, kept: &str, is_one: bool) -> Result<Form> {
    let of = |range: &Media| {
        // One frame may be given alone; several may not.
        let (media, is_in_parts) = match range.kind.as_str() {
            "multipart" => (range.get("type").unwrap_or("*/*").to_owned(), true),
            "*" => ("*/*".to_owned(), true),
            _ if is_one => (range.name(), false),
            _ => return None,
        };
        let (syntax, is_kept, media) = syntax(&media, range.transfer_syntax(), kept)?;
        Some(Form { media, syntax, is_kept, is_in_parts })
    };
    asked.accept.ranges().find_map(of).ok_or_else(|| {
        Fault::unacceptable(format!(
            "the frames are kept as {} in {kept}; transfer-syntax=* gives them so, else {NATIVE}, image/dicom-rle, image/jls or image/jpeg without loss",
            media::of_syntax(kept)
        ))
    })
}

/// The transfer syntax in which frames are given as this media type, whether they are kept so, and the type.
fn syntax(wanted: &str, named: Option<&str>, kept: &str) -> Option<(String, bool, String)> {
    let wanted = Media::parse(wanted)?;
    let of_kept = media::of_syntax(kept);
    let as_kept = |media: String| Some((kept.to_owned(), true, media));
    let is_any = wanted.kind == "*" || wanted.subtype == "*";
    if named == Some("*") {
        return match (is_any && wanted.holds(of_kept), wanted.holds(of_kept) || wanted.name() == NATIVE) {
            (true, _) => as_kept(of_kept.to_owned()),
            (false, true) => as_kept(wanted.name()),
            _ => None,
        };
    }
    if named == Some(kept) || (named.is_none() && !is_any && wanted.name() == of_kept && of_kept != NATIVE) {
        return as_kept(if is_any { of_kept.to_owned() } else { wanted.name() });
    }
    let to = match named {
        Some(named) => named.to_owned(),
        None => {
            let name = if is_any { NATIVE.to_owned() } else { wanted.name() };
            media::default_syntax(&name)?.to_owned()
        }
    };
    let target = TransferSyntax::by_uid(&to);
    let is_native = !target.is_encapsulated() && target.is_known();
    let can = Coding::of(kept).is_some()
        && pixel::is_encodable(&to)
        && (wanted.holds(media::of_syntax(&to)) || wanted.name() == NATIVE);
    let is_same = is_native && matches!(Coding::of(kept), Some(Coding::Native { big: false }));
    if can {
        let media = if is_any { media::of_syntax(&to).to_owned() } else { wanted.name() };
        return Some((to, is_same, media));
    }
    // What can't be decoded is given as it is where nothing was named, as with video.
    (named.is_none() && is_any).then(|| (kept.to_owned(), true, of_kept.to_owned()))
}

/// One frame in a form. Blocks.
fn frame(web: &Web, source: &Source, number: u32, form: &Form, limits: &pixel::Limits) -> Result<Bytes> {
    let one = image::one(source, number, limits)?;
    let data = one.data(source.syntax(), limits)?;
    if form.is_kept {
        let raw = data.raw(one.index).map_err(image::Error::Pixels)?;
        return Ok(Bytes::from(raw.into_owned()));
    }
    let _permit = tokio::runtime::Handle::current().block_on(web.decoders.acquire());
    let decoded = data.decode(one.index).map_err(image::Error::Pixels)?;
    let is_native = !TransferSyntax::by_uid(&form.syntax).is_encapsulated();
    if is_native {
        return Ok(decoded.samples.into());
    }
    Ok(pixel::encode(&decoded, &form.syntax).map_err(image::Error::Pixels)?)
}
