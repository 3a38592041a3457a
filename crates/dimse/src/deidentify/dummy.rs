//! Values that mean nothing, in the form that a VR wants (PS3.5, section 6.2).

use bytes::Bytes;
use dicom_core::{Tag, VR};

use crate::data::{Element, Value};
use crate::tags;

/// What stands in place of a text.
pub(super) const TEXT: &str = "REMOVED";

/// A date that no patient of today was born or examined on.
pub(super) const DATE: &str = "19000101";

/// An element with a dummy value.
pub(super) fn element(element: &Element) -> Element {
    let length = element.as_bytes().map_or(0, Bytes::len);
    let bytes = match text(element.tag, element.meaning()) {
        Some(text) => padded(text, element.meaning()),
        None => vec![0; if is_number(element.meaning()) { length } else { 2 }],
    };
    Element { tag: element.tag, vr: element.vr, value: Value::Bytes(bytes.into()) }
}

/// The dummy of a VR that is text; none for numbers and bytes.
fn text(tag: Tag, vr: VR) -> Option<&'static str> {
    Some(match vr {
        VR::PN => "Anonymous",
        VR::DA => DATE,
        VR::TM => "000000",
        VR::DT => "19000101000000",
        VR::AS => "000Y",
        VR::DS | VR::IS => "0",
        VR::CS if tag == tags::REASON_FOR_THE_ATTRIBUTE_MODIFICATION => "CORRECT",
        VR::CS => "OTHER",
        VR::UR => "about:blank",
        VR::UI => "2.25.0",
        VR::AE | VR::LO | VR::LT | VR::SH | VR::ST | VR::UC | VR::UT => TEXT,
        _ => return None,
    })
}

fn is_number(vr: VR) -> bool {
    matches!(
        vr,
        VR::US | VR::SS | VR::UL | VR::SL | VR::UV | VR::SV | VR::FL | VR::FD | VR::AT | VR::OF | VR::OD
    )
}

/// The bytes of a text of ASCII, padded to an even length.
pub(super) fn padded(text: &str, vr: VR) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(if vr == VR::UI { 0 } else { b' ' });
    }
    bytes
}
