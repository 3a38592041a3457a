//! Instances as metadata and bulk data (PS3.18, section 10.5.1.2 and Annex F): put together in memory, within a limit.

use bytes::Bytes;
use hyper::StatusCode;
use klinke_dimse::data::{DataSet, Element, Value};
use klinke_dimse::dictionary::Path;
use klinke_dimse::json::{self, BulkReference, Limits, Parsed};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, pixel, tags, xml};

use super::super::fault::{Fault, Result};
use super::super::media::Media;
use super::body::{Body, too_large};
use super::multipart::{Event, Header, Multipart};

/// More parts are none that anybody needs in memory.
const PARTS_MAX: usize = 10_000;
const LIMITS: Limits = Limits { depth: 32, elements: 1_000_000 };

/// A part that is held.
struct Part {
    header: Header,
    bytes: Vec<u8>,
}

/// Reads a body: instances and the transfer syntax of each.
pub(in crate::dicomweb) async fn read(
    body: Body,
    is_json: bool,
    boundary: Option<&str>,
    limit: usize,
) -> Result<Vec<(DataSet, TransferSyntax)>> {
    let parts = match boundary {
        Some(boundary) => parts(body, boundary, limit).await?,
        None => vec![Part { header: Header::default(), bytes: body.whole(limit).await?.to_vec() }],
    };
    let work = move || put_together(&parts, is_json);
    tokio::task::spawn_blocking(work).await.map_err(|_| Fault::broken("reading"))?
}

async fn parts(mut body: Body, boundary: &str, limit: usize) -> Result<Vec<Part>> {
    let mut multipart = Multipart::new(boundary);
    let (mut parts, mut held): (Vec<Part>, usize) = (Vec::new(), 0);
    loop {
        let event = multipart.next().map_err(|error| Fault::bad(format!("multipart: {error}")))?;
        match event {
            None => match body.next().await? {
                Some(piece) => multipart.push(&piece),
                None => multipart.finish(),
            },
            Some(Event::Part(header)) => {
                if parts.len() >= PARTS_MAX {
                    let text = format!("at most {PARTS_MAX} parts are taken");
                    return Err(Fault::new(StatusCode::PAYLOAD_TOO_LARGE, text));
                }
                parts.push(Part { header, bytes: Vec::new() });
            }
            Some(Event::Data(piece)) => {
                held += piece.len();
                if held > limit {
                    return Err(too_large(limit));
                }
                if let Some(part) = parts.last_mut() {
                    part.bytes.extend_from_slice(&piece);
                }
            }
            Some(Event::PartEnd) => {}
            Some(Event::End) => return Ok(parts),
        }
    }
}

/// Whether a part is metadata; the first one is whatever it says.
fn is_metadata(at: usize, part: &Part) -> bool {
    let names = ["application/dicom+json", "application/dicom+xml", "application/json"];
    part.header.media.as_ref().map_or(at == 0, |media| names.contains(&media.name().as_str()))
}

fn put_together(parts: &[Part], is_json: bool) -> Result<Vec<(DataSet, TransferSyntax)>> {
    let mut all = Vec::new();
    for (_, part) in parts.iter().enumerate().filter(|(at, part)| is_metadata(*at, part)) {
        let text = std::str::from_utf8(&part.bytes).map_err(|_| Fault::bad("the metadata are no UTF-8"))?;
        let parsed = match is_json {
            true => {
                json::read_all(text, &LIMITS).map_err(|error| Fault::bad(format!("metadata: {error}")))?
            }
            false => {
                vec![xml::read(text, &LIMITS).map_err(|error| Fault::bad(format!("metadata: {error}")))?]
            }
        };
        all.extend(parsed);
    }
    let bulk: Vec<&Part> =
        parts.iter().enumerate().filter(|(at, part)| !is_metadata(*at, part)).map(|(_, part)| part).collect();
    all.into_iter().map(|parsed| instance(parsed, &bulk)).collect()
}

/// One instance with its values.
fn instance(parsed: Parsed, bulk: &[&Part]) -> Result<(DataSet, TransferSyntax)> {
    let Parsed { mut set, bulk: references } = parsed;
    let named = [tags::TRANSFER_SYNTAX_UID, tags::AVAILABLE_TRANSFER_SYNTAX_UID];
    let named = named.into_iter().find_map(|tag| set.ascii(tag).map(str::to_owned));
    // File meta information is ours to write; the other is an answer's, not an instance's.
    set = set
        .iter()
        .filter(|one| one.tag.0 != 2 && one.tag != tags::AVAILABLE_TRANSFER_SYNTAX_UID)
        .cloned()
        .collect();
    let mut syntax = None;
    for reference in &references {
        let part = part_of(bulk, &reference.uri)
            .ok_or_else(|| Fault::bad(format!("no part came for the value of {}", reference.path)))?;
        let (value, coded) = value(reference, part);
        if let (Some(coded), Value::Fragments(_)) = (&coded, &value) {
            describe(&mut set, part, coded);
        }
        syntax = syntax.or(coded);
        let path: Path =
            reference.path.parse().map_err(|_| Fault::bad("metadata: a value's place is none"))?;
        path.set_value(&mut set, reference.vr, &value)
            .map_err(|_| Fault::bad("metadata: a value's place is none"))?;
    }
    let has_fragments = set.get(tags::PIXEL_DATA).is_some_and(|one| matches!(one.value, Value::Fragments(_)));
    let uid = syntax.or(named).unwrap_or_else(|| TransferSyntax::EXPLICIT.uid().to_owned());
    let syntax = TransferSyntax::by_uid(&uid);
    // What was said of another form of the pixels does not hold for what came.
    let fits = syntax.is_known() && syntax.is_encapsulated() == has_fragments && !syntax.is_big_endian();
    Ok((set, if fits || has_fragments { syntax } else { TransferSyntax::EXPLICIT }))
}

/// The part whose Content-Location a URI names; where no part has one, the only part.
fn part_of<'a>(bulk: &[&'a Part], uri: &str) -> Option<&'a Part> {
    let same = |part: &&&Part| part.header.location.as_deref() == Some(uri);
    let only = || bulk.first().filter(|part| bulk.len() == 1 && part.header.location.is_none());
    bulk.iter().find(same).or_else(only).copied()
}

/// The value of a part, and the transfer syntax of pixel data.
fn value(reference: &BulkReference, part: &Part) -> (Value, Option<String>) {
    let bytes = Bytes::from(part.bytes.clone());
    let plain = "application/octet-stream".to_owned();
    let media = part.header.media.as_ref();
    let name = media.map_or(plain, Media::name);
    let is_pixel_data = reference.path == "7FE00010";
    let is_coded = name.starts_with("image/") || name.starts_with("video/");
    let named = media.and_then(Media::transfer_syntax).map(str::to_owned);
    let is_coded =
        is_coded || named.as_deref().is_some_and(|one| TransferSyntax::by_uid(one).is_encapsulated());
    if !is_pixel_data || !is_coded {
        return (Value::Bytes(even(bytes)), named.filter(|_| is_pixel_data));
    }
    let syntax = named.unwrap_or_else(|| seen(&name, &bytes).to_owned());
    (Value::Fragments(pixel::encapsulate(vec![bytes])), Some(syntax))
}

fn even(bytes: Bytes) -> Bytes {
    match bytes.len() % 2 {
        0 => bytes,
        _ => [&bytes[..], &[0]].concat().into(),
    }
}

/// The transfer syntax of coded pixels for which none is named.
fn seen(media: &str, bytes: &[u8]) -> &'static str {
    match media {
        "image/jls" => "1.2.840.10008.1.2.4.80",
        "image/jp2" => "1.2.840.10008.1.2.4.90",
        "image/dicom-rle" => "1.2.840.10008.1.2.5",
        "image/jphc" => "1.2.840.10008.1.2.4.201",
        "image/jxl" => "1.2.840.10008.1.2.4.110",
        "video/mpeg" | "video/mpeg2" => "1.2.840.10008.1.2.4.100",
        "video/mp4" => "1.2.840.10008.1.2.4.102",
        _ => match frame_header(bytes).map(|header| header.process) {
            Some(0xC1) => "1.2.840.10008.1.2.4.51",
            Some(0xC3) => "1.2.840.10008.1.2.4.70",
            Some(0xF7) => "1.2.840.10008.1.2.4.80",
            _ => "1.2.840.10008.1.2.4.50",
        },
    }
}

/// What a JPEG says of itself (ISO/IEC 10918-1, section B.2.2).
struct FrameHeader {
    process: u8,
    bits: u16,
    rows: u16,
    columns: u16,
    samples: u16,
}

fn frame_header(bytes: &[u8]) -> Option<FrameHeader> {
    let mut at = 2;
    if !bytes.starts_with(&[0xFF, 0xD8]) {
        return None;
    }
    loop {
        let head = bytes.get(at..at + 4)?;
        if head[0] != 0xFF {
            return None;
        }
        let is_frame = matches!(head[1], 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xF7);
        if is_frame {
            let frame = bytes.get(at + 4..at + 10)?;
            return Some(FrameHeader {
                process: head[1],
                bits: u16::from(frame[0]),
                rows: u16::from_be_bytes([frame[1], frame[2]]),
                columns: u16::from_be_bytes([frame[3], frame[4]]),
                samples: u16::from(frame[5]),
            });
        }
        at += 2 + usize::from(u16::from_be_bytes([head[2], head[3]]));
    }
}

/// Fills in what a picture says of itself and the metadata don't (PS3.18, section 10.5.1.2.1).
fn describe(set: &mut DataSet, part: &Part, syntax: &str) {
    let Some(header) = frame_header(&part.bytes) else { return };
    let allocated = if header.bits > 8 { 16 } else { 8 };
    for (tag, number) in [
        (tags::SAMPLES_PER_PIXEL, header.samples),
        (tags::ROWS, header.rows),
        (tags::COLUMNS, header.columns),
        (tags::BITS_ALLOCATED, allocated),
        (tags::BITS_STORED, header.bits),
        (tags::HIGH_BIT, header.bits.saturating_sub(1)),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        if set.get(tag).is_none() {
            set.put_us(tag, number);
        }
    }
    if header.samples == 3 && set.get(tags::PLANAR_CONFIGURATION).is_none() {
        set.put_us(tags::PLANAR_CONFIGURATION, 0);
    }
    let is_baseline = matches!(syntax, "1.2.840.10008.1.2.4.50" | "1.2.840.10008.1.2.4.51");
    if set.get(tags::PHOTOMETRIC_INTERPRETATION).is_none() {
        let name = match (header.samples, is_baseline) {
            (3, true) => "YBR_FULL_422",
            (3, false) => "RGB",
            _ => "MONOCHROME2",
        };
        set.put(text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, name));
    }
    if is_baseline && set.get(tags::LOSSY_IMAGE_COMPRESSION).is_none() {
        set.put(text(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "01"));
    }
}

fn text(tag: klinke_dimse::Tag, vr: VR, text: &str) -> Element {
    let padded = if text.len() % 2 == 1 { format!("{text} ") } else { text.to_owned() };
    Element::bytes(tag, vr, padded.into_bytes())
}
