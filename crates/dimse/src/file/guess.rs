//! What a data set is written in, where nothing or something wrong says it.

use crate::data::header::{self, Order};
use crate::data::inflate::{self, Inflater};
use crate::data::{Reading, Value};
use crate::deviation::{Deviation, Kind};
use crate::dictionary;
use crate::pixel::is_high_throughput;
use crate::syntax::{PixelDataForm, TransferSyntax};

/// The native transfer syntax in which a data set seems to be written. None where no element stands at its beginning.
pub fn guess_syntax(bytes: &[u8]) -> Option<TransferSyntax> {
    plain(bytes).or_else(|| {
        let mut start = Vec::new();
        let zlib = inflate::has_zlib_header(bytes);
        Inflater::new(64, zlib).push(bytes, |piece| {
            start.extend_from_slice(&piece[..piece.len().min(64)]);
            false
        });
        plain(&start).map(|_| TransferSyntax::DEFLATED)
    })
}

/// How many bytes have to be passed over until a data set without any head begins; none where there is none. More
/// than a few are not looked at: they would be some other file.
pub(super) fn junk_before(bytes: &[u8]) -> Option<usize> {
    if guess_syntax(bytes).is_some() {
        return Some(0);
    }
    let explicit = |at: &usize| {
        let syntax = plain(bytes.get(*at..).unwrap_or_default());
        syntax.is_some_and(|syntax| syntax.is_explicit() && !syntax.is_big_endian())
    };
    (1..=JUNK).find(explicit)
}

/// How many bytes before a data set are passed over at most.
const JUNK: usize = 16;

fn plain(bytes: &[u8]) -> Option<TransferSyntax> {
    if bytes.len() < 8 {
        return None;
    }
    let big_endian = header::looks_swapped(bytes, Order { big_endian: false }, Some(bytes.len() as u64));
    let order = Order { big_endian };
    let tag = order.tag(bytes);
    let left = bytes.len() as u64;
    let vr = header::vr([bytes[4], bytes[5]]);
    let known = dictionary::vr(tag).is_some();
    if tag.0 > 0x00FF && !header::is_pixel_data(tag) || tag.0 == 0 {
        return None;
    }
    if vr.is_some() && (known || tag.0 % 2 == 1) {
        return Some(if big_endian { TransferSyntax::BIG_ENDIAN } else { TransferSyntax::EXPLICIT });
    }
    let length = u64::from(header::implicit(bytes, order).length);
    (known && !big_endian && length <= left).then_some(TransferSyntax::IMPLICIT)
}

/// The transfer syntax after reading has shown what the bytes are: one that the meta information names wrongly is
/// replaced, unless it says how the pixel data are compressed.
pub(super) fn refined(
    syntax: TransferSyntax,
    reading: &Reading,
    rest: &[u8],
    deviations: &mut Vec<Deviation>,
) -> TransferSyntax {
    let at_start = |kind| {
        reading
            .deviations
            .iter()
            .any(|deviation| deviation.kind == kind && deviation.tag.is_none() && deviation.offset == Some(0))
    };
    let form_differs = at_start(Kind::ImplicitInExplicit)
        || at_start(Kind::ExplicitInImplicit)
        || at_start(Kind::WrongByteOrder)
        || at_start(Kind::NotDeflated);
    let seen = match pixel_codec(reading) {
        Some(codec) if syntax.pixel_data() == PixelDataForm::Native => Some(codec),
        _ if form_differs && syntax.pixel_data() == PixelDataForm::Native => guess_syntax(rest),
        _ => None,
    };
    let wrong = form_differs || seen.is_some();
    if wrong {
        deviations.push(Deviation::new(Kind::TransferSyntaxWrong));
    }
    seen.unwrap_or(syntax)
}

/// How the first fragment of pixel data is compressed, by its first bytes.
fn pixel_codec(reading: &Reading) -> Option<TransferSyntax> {
    let place = reading.pixel_data.filter(|place| place.encapsulated)?;
    let Value::Fragments(value) = &reading.set.get(place.tag)?.value else { return None };
    codec(value.fragments.first()?).map(TransferSyntax::by_uid)
}

fn codec(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(&[0xFF, 0x4F, 0xFF, 0x51]) {
        return Some(if is_high_throughput(bytes) {
            "1.2.840.10008.1.2.4.203"
        } else {
            "1.2.840.10008.1.2.4.91"
        });
    }
    if bytes.starts_with(&[0xFF, 0xD8]) {
        return jpeg_process(bytes);
    }
    let segments = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?);
    let first = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
    ((1..=15).contains(&segments) && first == 64).then_some("1.2.840.10008.1.2.5")
}

/// The process by the first start of frame (ITU-T T.81, table B.1; T.87 for JPEG-LS).
fn jpeg_process(bytes: &[u8]) -> Option<&'static str> {
    let mut at = 2;
    loop {
        let &[mark, marker, high, low] = bytes.get(at..at + 4)?.first_chunk()?;
        if mark != 0xFF {
            return None;
        }
        match marker {
            0xC0 => return Some("1.2.840.10008.1.2.4.50"),
            0xC1 => return Some("1.2.840.10008.1.2.4.51"),
            0xC2 => return Some("1.2.840.10008.1.2.4.55"),
            0xC3 => return Some("1.2.840.10008.1.2.4.57"),
            0xF7 => return Some("1.2.840.10008.1.2.4.81"),
            0xFF => at += 1,
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low])),
        }
    }
}
