//! Writing a data set of which some elements were changed, the others as the very bytes that they came as.

use bytes::Bytes;
use dicom_core::Tag;

use super::read::parser::Parser;
use super::read::source::Whole;
use super::read::{End, Limits, PixelDataUse, Reading};
use super::write::{Error, write, write_into};
use super::{DataSet, Element, Value};
use crate::deviation::Kind;
use crate::syntax::TransferSyntax;

/// Writes a data set that was read of these bytes and changed since. Elements of the outermost level that are as they were are
/// copied with their headers, also where these are odd; group lengths stay in groups without a change.
///
/// What is deflated, not in the order of its tags, or not in the form that the transfer syntax wants is written anew as
/// [`write()`] does.
///
/// # Errors
///
/// As [`write()`].
pub fn patch(bytes: &Bytes, syntax: &TransferSyntax, set: &DataSet) -> Result<Vec<u8>, Error> {
    let Some((before, spans)) = spans(bytes, syntax) else { return write(set, syntax) };
    let mut out = Vec::with_capacity(bytes.len());
    let is_changed = |tag| !is_same_element(before.get(tag), set.get(tag));
    let all = before.iter().chain(set).map(|element| element.tag).filter(|tag| is_changed(*tag));
    let changed: std::collections::BTreeSet<u16> = all.map(|Tag(group, _)| group).collect();
    for element in set {
        let Tag(group, number) = element.tag;
        if number == 0 && changed.contains(&group) {
            continue;
        }
        let there = before.get(element.tag).filter(|there| is_same(there, element));
        match there.and_then(|_| spans.binary_search_by_key(&element.tag, |span| span.tag).ok()) {
            Some(place) => out.extend_from_slice(&bytes[spans[place].start..spans[place].end]),
            None => write_into(&mut out, &std::iter::once(element.clone()).collect(), syntax)?,
        }
    }
    Ok(out)
}

/// Where an element stands.
struct Span {
    tag: Tag,
    start: usize,
    end: usize,
}

/// The data set, and where each of its elements stands; nothing where they can't be copied one by one.
fn spans(bytes: &Bytes, syntax: &TransferSyntax) -> Option<(DataSet, Vec<Span>)> {
    if syntax.is_deflated() {
        return None;
    }
    let mut parser = Parser::new(syntax, Limits::default(), PixelDataUse::Read).of_length(bytes.len() as u64);
    parser.note_starts();
    parser.run(&mut Whole(bytes.clone()));
    let starts = parser.take_starts();
    let reading = parser.into_reading();
    let is_in_order = starts.windows(2).all(|pair| pair[0].0 < pair[1].0);
    if reading.end != End::Complete || !is_in_order || starts.len() != reading.set.len() || is_odd(&reading) {
        return None;
    }
    let ends = starts.iter().skip(1).map(|(_, start)| *start).chain([reading.length]);
    let span = |(&(tag, start), end): (&(Tag, u64), u64)| {
        Some(Span { tag, start: usize::try_from(start).ok()?, end: usize::try_from(end).ok()? })
    };
    let spans = starts.iter().zip(ends).map(span).collect::<Option<Vec<Span>>>()?;
    spans.iter().all(|span| span.start <= span.end && span.end <= bytes.len()).then_some((reading.set, spans))
}

/// Whether elements are in another form than the transfer syntax wants.
fn is_odd(reading: &Reading) -> bool {
    [Kind::WrongByteOrder, Kind::ExplicitInImplicit, Kind::ImplicitInExplicit]
        .into_iter()
        .any(|kind| reading.has(kind))
}

fn is_same_element(one: Option<&Element>, other: Option<&Element>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => is_same(one, other),
        (None, None) => true,
        _ => false,
    }
}

/// Whether two elements are the same. What lies in the same memory is not compared: pixel data seldom change.
fn is_same(one: &Element, other: &Element) -> bool {
    let bytes = |one: &Bytes, other: &Bytes| {
        one.len() == other.len() && (one.as_ptr() == other.as_ptr() || one == other)
    };
    (one.tag, one.vr) == (other.tag, other.vr)
        && match (&one.value, &other.value) {
            (Value::Bytes(one), Value::Bytes(other)) => bytes(one, other),
            (Value::Sequence(one), Value::Sequence(other)) => {
                let sets = |(one, other): (&DataSet, &DataSet)| {
                    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
                };
                one.len() == other.len() && one.iter().zip(other).all(sets)
            }
            (Value::Fragments(one), Value::Fragments(other)) => {
                bytes(&one.offsets, &other.offsets)
                    && one.fragments.len() == other.fragments.len()
                    && one.fragments.iter().zip(&other.fragments).all(|(one, other)| bytes(one, other))
            }
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::read;
    use crate::{VR, tags};

    /// Group lengths, a sequence of undefined length, a private element with VR UN, a value of odd length, pixel data.
    fn odd() -> Vec<u8> {
        let mut out = Vec::new();
        let mut short = |tag: Tag, vr: &[u8; 2], value: &[u8]| {
            out.extend_from_slice(&tag.0.to_le_bytes());
            out.extend_from_slice(&tag.1.to_le_bytes());
            out.extend_from_slice(vr);
            match vr {
                b"UN" | b"OW" | b"SQ" => {
                    out.extend_from_slice(&[0, 0]);
                    let length = if vr == b"SQ" { u32::MAX } else { value.len() as u32 };
                    out.extend_from_slice(&length.to_le_bytes());
                }
                _ => out.extend_from_slice(&(value.len() as u16).to_le_bytes()),
            }
            out.extend_from_slice(value);
        };
        short(Tag(0x0008, 0x0000), b"UL", &12_u32.to_le_bytes());
        short(tags::MODALITY, b"CS", b"CT");
        short(Tag(0x0010, 0x0000), b"UL", &99_u32.to_le_bytes());
        short(tags::PATIENT_NAME, b"PN", b"Muster^Eva");
        short(tags::PATIENT_ID, b"LO", b"471");
        short(Tag(0x0029, 0x0010), b"LO", b"ACME");
        short(Tag(0x0029, 0x1001), b"UN", b"\x01\x02\x03\x04");
        let item = b"\xFE\xFF\x00\xE0\xFF\xFF\xFF\xFF\x08\x00\x50\x00SH\x02\x00A1\xFE\xFF\x0D\xE0\0\0\0\0\xFE\xFF\xDD\xE0\0\0\0\0";
        short(tags::REQUEST_ATTRIBUTES_SEQUENCE, b"SQ", item);
        short(tags::PIXEL_DATA, b"OW", &[7; 64]);
        out
    }

    #[test]
    fn what_is_not_changed_is_copied_with_its_oddities() {
        let bytes = Bytes::from(odd());
        let syntax = TransferSyntax::EXPLICIT;
        let set = read(bytes.clone(), &syntax, &Limits::default()).set;
        assert_eq!(patch(&bytes, &syntax, &set).unwrap(), bytes, "nothing was changed");
        let mut changed = set.clone();
        changed.put_ascii(tags::PATIENT_NAME, VR::PN, "Anders^Nora!");
        changed.put_ascii(tags::STATION_NAME, VR::SH, "CT-1");
        let text = |set: &DataSet| patch(&bytes, &syntax, set).unwrap();
        let wanted =
            String::from_utf8_lossy(&bytes[12..]).replace("PN\x0A\0Muster^Eva", "PN\x0C\0Anders^Nora!");
        let got = text(&changed);
        let got = String::from_utf8_lossy(&got).into_owned();
        // The lengths of both groups that were changed are no longer told.
        let wanted = wanted
            .replace("\x10\0\0\0UL\x04\0c\0\0\0", "")
            .replace("CS\x02\0CT", "CS\x02\0CT\x08\0\x10\x10SH\x04\0CT-1");
        assert_eq!(got, wanted);
        let mut inner = set.clone();
        inner.remove(tags::PATIENT_ID);
        let got = text(&inner);
        assert!(got.ends_with(&bytes[bytes.len() - 150..]), "what follows is as it was");
        assert!(got.starts_with(&bytes[..22]), "the length of a group without a change stays");
    }

    #[test]
    fn what_is_in_no_order_is_written_anew() {
        let syntax = TransferSyntax::IMPLICIT;
        let mut set = DataSet::new();
        set.put_ascii(tags::PATIENT_ID, VR::LO, "1");
        let second = write(&set, &syntax).unwrap();
        let mut first = DataSet::new();
        first.put_ascii(tags::MODALITY, VR::CS, "CT");
        let bytes = Bytes::from([second, write(&first, &syntax).unwrap()].concat());
        let set = read(bytes.clone(), &syntax, &Limits::default()).set;
        let got = patch(&bytes, &syntax, &set).unwrap();
        assert_eq!(got, write(&set, &syntax).unwrap());
        assert_ne!(got, bytes);
    }
}
