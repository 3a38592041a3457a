//! Byte order of values (PS3.5, section 7.3).

use bytes::Bytes;
use dicom_core::VR;

/// The value in the other byte order.
pub(crate) fn swapped(vr: VR, bytes: Bytes) -> Bytes {
    let size = word(vr);
    if size == 1 || bytes.len() < size {
        return bytes;
    }
    let mut out = bytes.to_vec();
    swap_in_place(size, &mut out);
    Bytes::from(out)
}

/// Turns every word of this many bytes around; an incomplete one at the end stays as it is.
pub(crate) fn swap_in_place(size: usize, bytes: &mut [u8]) {
    for word in bytes.chunks_exact_mut(size) {
        word.reverse();
    }
}

/// How many bytes the numbers of a VR have; one where the byte order does not matter.
pub(crate) fn word(vr: VR) -> usize {
    match vr {
        VR::AT | VR::OW | VR::SS | VR::US => 2,
        VR::FL | VR::OF | VR::OL | VR::SL | VR::UL => 4,
        VR::FD | VR::OD | VR::OV | VR::SV | VR::UV => 8,
        _ => 1,
    }
}
