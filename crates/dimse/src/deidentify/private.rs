//! Private elements that are known to be safe (PS3.15, section E.3.10).
//!
//! The list is Table E.3.10-1 as it stands in the edition of 2020, 130 elements; its beginning and end are the same in that of
//! 2026. Rows that came later are not in it. Its note says what it is worth: vendors guarantee nothing, so UIDs among
//! these elements are replaced as all others, and texts lose the names and identifiers that are known.

use dicom_core::Tag;

use crate::data::DataSet;

/// Elements of one private creator that a site knows to be safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafePrivate {
    /// The private creator, as it stands in (gggg,00ee).
    pub creator: String,
    /// The group, an odd number.
    pub group: u16,
    /// The last two digits of the elements.
    pub elements: Vec<u8>,
}

/// Whether a private element is in the list, or in that of the site.
pub(super) fn is_safe(creator: &str, tag: Tag, more: &[SafePrivate]) -> bool {
    let element = tag.1 as u8;
    TABLE.iter().any(|row| row.0 == creator && row.1 == tag.0 && row.2.contains(&element))
        || more
            .iter()
            .any(|row| row.creator == creator && row.group == tag.0 && row.elements.contains(&element))
}

/// The private creator of an element (PS3.5, section 7.8.1), in the set that it stands in.
pub(super) fn creator(set: &DataSet, tag: Tag) -> Option<&str> {
    (tag.1 >= 0x1000).then(|| set.ascii(Tag(tag.0, tag.1 >> 8)))?
}

/// Whether an element names a private creator.
pub(super) fn is_creator(tag: Tag) -> bool {
    tag.0 % 2 == 1 && (0x10..=0xFF).contains(&tag.1)
}

type Safe = (&'static str, u16, &'static [u8]);

const fn safe(creator: &'static str, group: u16, elements: &'static [u8]) -> Safe {
    (creator, group, elements)
}

/// The volumes of regions that NeuroQuant reports for one side.
const NQ_SIDE: &[u8] = &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22];

#[rustfmt::skip]
const TABLE: &[Safe] = &[
    safe("ELSCINT1", 0x00E1, &[0x21, 0x50]),
    safe("ELSCINT1", 0x01E1, &[0x26]),
    safe("ELSCINT1", 0x01F1, &[0x01, 0x07, 0x26, 0x27]),
    safe("GEIIS PACS", 0x0903, &[0x10, 0x11, 0x12]),
    safe("GEMS_ACQU_01", 0x0019, &[0x23, 0x24, 0x27, 0x9E]),
    safe("GEMS_HELIOS_01", 0x0045, &[0x01, 0x02]),
    safe("GEMS_PARM_01", 0x0043, &[0x27, 0x39, 0x6F]),
    safe("GEMS_SERS_01", 0x0025, &[0x07]),
    safe("HOLOGIC, Inc.", 0x7E01, &[0x01, 0x02, 0x10, 0x11, 0x12]),
    safe("NQHeader", 0x0099, &[0x01, 0x02, 0x04, 0x05, 0x10, 0x20, 0x21]),
    safe("NQLeft", 0x0199, NQ_SIDE),
    safe("NQRight", 0x0299, NQ_SIDE),
    safe("Philips Imaging DD 001", 0x2001, &[0x03, 0x04]),
    safe("Philips MR Imaging DD 001", 0x2005, &[0x0D, 0x0E]),
    safe("Philips PET Private Group", 0x7053, &[0x00, 0x09]),
    safe("SIEMENS MR HEADER", 0x0019, &[0x0C, 0x0D, 0x0E, 0x27]),
    safe("SIEMENS SYNGO ULTRA-SOUND TOYON DATA STREAMING", 0x7FD1, &[0x01, 0x09, 0x10, 0x11]),
    safe("SIEMENS Ultrasound SC2000", 0x0119, &[0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x10, 0x11, 0x12, 0x13, 0x21]),
    safe("SIEMENS Ultrasound SC2000", 0x0129, &[0x00, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x10, 0x11, 0x12, 0x20, 0x21, 0x22, 0x29, 0x30]),
    safe("SIEMENS Ultrasound SC2000", 0x0139, &[0x01]),
    safe("SIEMENS Ultrasound SC2000", 0x0149, &[0x01, 0x02, 0x03]),
    safe("SIEMENS Ultrasound SC2000", 0x7FD1, &[0x01, 0x09, 0x10, 0x11]),
];

/// Removes elements that name a private creator of whom nothing is left.
pub(super) fn drop_unused_creators(set: &mut DataSet, report: &mut super::report::Report) {
    let is_used = |creator: Tag| {
        set.iter().any(|element| element.tag.0 == creator.0 && element.tag.1 >> 8 == creator.1)
    };
    let unused: Vec<Tag> =
        set.iter().map(|element| element.tag).filter(|tag| is_creator(*tag) && !is_used(*tag)).collect();
    for tag in unused {
        set.remove(tag);
        report.private_removed += 1;
    }
}
