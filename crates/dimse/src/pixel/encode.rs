//! Frames to coded bytes, and coded frames to fragments.

use bytes::Bytes;
use dicom_dictionary_std::uids;

use super::codec::to_samples;
use super::{Error, Frame, Numbers, jpeg, jpegls, rle};
use crate::data::Fragments;

/// The codings that frames can be encoded into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Native { is_implicit: bool },
    Rle,
    JpegLossless,
    JpegLs,
}

impl Target {
    pub fn of(transfer_syntax: &str) -> Option<Target> {
        match transfer_syntax.trim_end_matches(['\0', ' ']) {
            uids::IMPLICIT_VR_LITTLE_ENDIAN => Some(Target::Native { is_implicit: true }),
            uids::EXPLICIT_VR_LITTLE_ENDIAN | uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => {
                Some(Target::Native { is_implicit: false })
            }
            uids::RLE_LOSSLESS => Some(Target::Rle),
            "1.2.840.10008.1.2.4.57" | "1.2.840.10008.1.2.4.70" => Some(Target::JpegLossless),
            uids::JPEGLS_LOSSLESS => Some(Target::JpegLs),
            _ => None,
        }
    }
}

/// Whether frames can be encoded into this transfer syntax: implicit, explicit and deflated little endian, RLE lossless,
/// JPEG lossless (first predictor) and JPEG-LS lossless.
pub fn is_encodable(transfer_syntax: &str) -> bool {
    Target::of(transfer_syntax).is_some()
}

/// Encodes one decoded frame without loss, padded to an even length where it becomes a fragment.
///
/// JPEG lossless and JPEG-LS code as many bits as Bits Stored says where nothing lies above them, else all of Bits
/// Allocated: signs and overlays in the upper bits survive.
pub fn encode(frame: &Frame, transfer_syntax: &str) -> Result<Bytes, Error> {
    let target = Target::of(transfer_syntax).ok_or_else(|| Error::Syntax(transfer_syntax.to_owned()))?;
    let layout = &frame.layout;
    if layout.frames != 1 || layout.planar || frame.samples.len() != layout.frame_bytes() {
        return Err(Error::Encoding("the frame is not of its layout"));
    }
    if target != (Target::Native { is_implicit: true }) && target != (Target::Native { is_implicit: false }) {
        if layout.numbers == Numbers::Float {
            return Err(Error::Encoding("pixels in floating point stay native"));
        }
        if layout.bits_stored == 1 {
            return Err(Error::Encoding("pixels of one bit stay native"));
        }
    }
    let mut bytes = match target {
        Target::Native { .. } => frame.samples.clone(),
        Target::Rle => rle::encode(&frame.samples, layout)?,
        Target::JpegLossless => {
            let (samples, precision) = to_samples(&frame.samples, layout)?;
            jpeg::encode_lossless(&samples, precision, layout)
        }
        Target::JpegLs => {
            let (samples, precision) = to_samples(&frame.samples, layout)?;
            jpegls::encode(&samples, precision, layout)
        }
    };
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    Ok(bytes.into())
}

/// Puts coded frames into fragments, one for each, with a basic offset table (PS3.5, Annex A.4). The table stays empty
/// where an offset would not fit its 32 bits, as the standard allows.
pub fn encapsulate(frames: Vec<Bytes>) -> Fragments {
    let mut table = Vec::with_capacity(frames.len() * 4);
    let mut at = 0_u64;
    let mut is_fit = true;
    for frame in &frames {
        is_fit &= u32::try_from(at).is_ok();
        table.extend((at as u32).to_le_bytes());
        at += 8 + (frame.len() as u64).next_multiple_of(2);
    }
    let padded = |frame: Bytes| match frame.len() % 2 {
        0 => frame,
        _ => Bytes::from([&frame[..], &[0]].concat()),
    };
    Fragments {
        offsets: if is_fit { table.into() } else { Bytes::new() },
        fragments: frames.into_iter().map(padded).collect(),
    }
}
