//! Overlays and curves (PS3.3, sections C.9.2 and, retired, C.10.2), and annotations of presentation states (section
//! C.10.5).
//!
//! | what | basic profile | Clean Graphics |
//! |---|---|---|
//! | overlays in groups of their own | removed with their group | cleared: their bits are 0 |
//! | overlays in unused bits of the pixels | cleared | cleared, whether or not an overlay says so |
//! | curves | removed | removed: what they draw can't be judged |
//! | annotations | texts are dummies, what is drawn is removed | texts are cleaned, what is drawn is kept |

use bytes::Bytes;
use dicom_core::Tag;

use super::options::ProfileOption;
use super::report::Outcome;
use super::walk::{Mode, Walk};
use crate::charset::Charset;
use crate::data::{DataSet, Element, Value};
use crate::tags;

const OVERLAY_DATA: u16 = 0x3000;
const OVERLAY_DESCRIPTION: u16 = 0x0022;
const OVERLAY_LABEL: u16 = 0x1500;
const COMPOUND_GRAPHIC_SEQUENCE: Tag = Tag(0x0070, 0x0209);

/// An element of an overlay that the table does not list.
pub(super) fn overlay_element(walk: &mut Walk<'_>, element: &Element, charset: &Charset) -> Option<Element> {
    if !walk.profile.options.contains(ProfileOption::CleanGraphics) {
        // Without its bits the rest of the group describes nothing, and would be invalid.
        walk.report.note(element.tag, Outcome::Removed);
        return None;
    }
    match element.tag.1 {
        OVERLAY_DESCRIPTION | OVERLAY_LABEL => walk.clean_text(element, charset, false, true),
        _ => Some(element.clone()),
    }
}

/// An element that Clean Graphics cleans.
pub(super) fn clean(
    walk: &mut Walk<'_>,
    element: &Element,
    charset: &Charset,
    depth: usize,
) -> Option<Element> {
    match &element.value {
        Value::Sequence(_) => {
            let mode = Mode::Clean(ProfileOption::CleanGraphics);
            Some(walk.items(element, charset, mode, depth))
        }
        Value::Bytes(bytes) if is_overlay(element.tag) && element.tag.1 == OVERLAY_DATA => {
            walk.report.note(element.tag, Outcome::GraphicsCleared);
            let cleared = Value::Bytes(Bytes::from(vec![0; bytes.len()]));
            Some(Element { tag: element.tag, vr: element.vr, value: cleared })
        }
        Value::Bytes(_) if is_overlay(element.tag) => walk.clean_text(element, charset, false, true),
        _ => {
            walk.report.note(element.tag, Outcome::Removed);
            None
        }
    }
}

/// Annotations of which only the places of texts are left. Nothing where there are none.
pub(super) fn dummy_annotations(
    walk: &mut Walk<'_>,
    element: &Element,
    charset: &Charset,
    depth: usize,
) -> Option<Element> {
    let with_text = |item: &&DataSet| !item.items(tags::TEXT_OBJECT_SEQUENCE).is_empty();
    let mut items: Vec<DataSet> = element.items().iter().filter(with_text).cloned().collect();
    for item in &mut items {
        item.remove(tags::GRAPHIC_OBJECT_SEQUENCE);
        item.remove(COMPOUND_GRAPHIC_SEQUENCE);
    }
    if items.is_empty() {
        walk.report.note(element.tag, Outcome::Removed);
        return None;
    }
    walk.report.note(element.tag, Outcome::Replaced);
    let left = Element::sequence(element.tag, items);
    Some(walk.items(&left, charset, Mode::Dummy, depth))
}

/// Whether an overlay lies in unused bits of the pixels (retired; Overlay Bit Position (60xx,0102)).
pub(super) fn has_embedded_overlay(set: &DataSet) -> bool {
    (0x6000..=0x601E).step_by(2).any(|group| {
        let position = set.int(Tag(group, 0x0102)).unwrap_or(0);
        set.get(Tag(group, OVERLAY_DATA)).is_none() && position > 0
    })
}

fn is_overlay(tag: Tag) -> bool {
    tag.0 & 0xFF00 == 0x6000
}
