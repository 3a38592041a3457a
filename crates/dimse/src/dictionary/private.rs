//! Private elements (PS3.5, section 7.8): blocks that creators reserve, and the VRs of creators that are known.

use std::borrow::Cow;

use dicom_core::{Tag, VR};

use crate::data::DataSet;

/// The creator of the block that a private element lies in.
pub fn creator_of(set: &DataSet, tag: Tag) -> Option<Cow<'_, str>> {
    let is_private = tag.0 % 2 == 1 && tag.1 >= 0x1000;
    let creator = set.raw(Tag(tag.0, tag.1 >> 8)).filter(|_| is_private)?;
    Some(String::from_utf8_lossy(creator)).filter(|creator| !creator.is_empty())
}

/// The tag that an element of a creator has in this set; none where the creator has reserved no block.
pub fn private_tag(set: &DataSet, group: u16, creator: &str, element: u8) -> Option<Tag> {
    let block = (0x10..=0xFF_u16).find(|&block| {
        set.raw(Tag(group, block)).is_some_and(|name| name.trim_ascii() == creator.trim().as_bytes())
    })?;
    Some(Tag(group, block << 8 | u16::from(element)))
}

/// The VR of a private element by its creator and the last two digits of its tag; none where it is not known.
pub fn private_vr(creator: &str, group: u16, element: u8) -> Option<VR> {
    let creator = creator.trim_matches([' ', '\0']);
    let row = KNOWN.iter().find(|row| row.0 == group && row.1 == creator)?;
    row.2.iter().find(|(known, _)| *known == element).map(|(_, vr)| *vr)
}

type Row = (u16, &'static str, &'static [(u8, VR)]);

/// Elements that other programs evaluate: those of PS3.15, table E.3.10-1, and of the makers' conformance statements.
#[rustfmt::skip]
static KNOWN: &[Row] = &[
    (0x0009, "GEMS_IDEN_01", &[(0x01, VR::LO), (0x02, VR::SH), (0x04, VR::SH), (0x27, VR::SL), (0x30, VR::SH),
        (0x31, VR::SH), (0xE3, VR::UI), (0xE6, VR::SH), (0xE7, VR::UL), (0xE9, VR::SL)]),
    (0x0013, "CTP", &[(0x10, VR::LO), (0x11, VR::LO), (0x12, VR::LO), (0x13, VR::LO)]),
    (0x0019, "GEMS_ACQU_01", &[(0x23, VR::DS), (0x24, VR::DS), (0x27, VR::DS), (0x9C, VR::LO), (0x9E, VR::LO),
        (0xBB, VR::DS), (0xBC, VR::DS), (0xBD, VR::DS)]),
    (0x0019, "SIEMENS MR HEADER", &[(0x08, VR::CS), (0x09, VR::LO), (0x0A, VR::US), (0x0B, VR::DS), (0x0C, VR::IS),
        (0x0D, VR::CS), (0x0E, VR::FD), (0x0F, VR::SH), (0x11, VR::SH), (0x12, VR::SL), (0x13, VR::SL), (0x14, VR::IS),
        (0x15, VR::FD), (0x16, VR::DS), (0x17, VR::DS), (0x18, VR::IS), (0x27, VR::FD), (0x28, VR::FD), (0x29, VR::FD)]),
    (0x0025, "GEMS_SERS_01", &[(0x06, VR::SS), (0x07, VR::SL), (0x10, VR::SL), (0x11, VR::SS), (0x14, VR::SL),
        (0x17, VR::SL), (0x18, VR::SL), (0x19, VR::SL), (0x1A, VR::SH)]),
    (0x0029, "SIEMENS CSA HEADER", &[(0x08, VR::CS), (0x09, VR::LO), (0x10, VR::OB), (0x18, VR::CS), (0x19, VR::LO),
        (0x20, VR::OB)]),
    (0x0029, "SIEMENS MEDCOM HEADER", &[(0x08, VR::CS), (0x09, VR::LO), (0x10, VR::OB), (0x20, VR::OB), (0x31, VR::LO),
        (0x32, VR::UL), (0x33, VR::UL), (0x34, VR::DS), (0x40, VR::SQ), (0x41, VR::CS), (0x42, VR::LO), (0x43, VR::LO),
        (0x44, VR::OB)]),
    (0x0043, "GEMS_PARM_01", &[(0x27, VR::SH), (0x39, VR::IS), (0x6F, VR::DS)]),
    (0x0051, "SIEMENS MR HEADER", &[(0x08, VR::CS), (0x09, VR::LO), (0x0A, VR::SH), (0x0B, VR::SH), (0x0C, VR::SH),
        (0x0D, VR::SH), (0x0E, VR::SH), (0x0F, VR::LO), (0x11, VR::LO), (0x12, VR::SH), (0x13, VR::SH), (0x15, VR::SH),
        (0x16, VR::LO), (0x17, VR::SH), (0x19, VR::LO)]),
    (0x00E1, "ELSCINT1", &[(0x21, VR::DS), (0x50, VR::DS)]),
    (0x01E1, "ELSCINT1", &[(0x26, VR::CS)]),
    (0x01F1, "ELSCINT1", &[(0x01, VR::CS), (0x07, VR::DS), (0x26, VR::DS), (0x27, VR::DS)]),
    (0x0119, "SIEMENS Ultrasound SC2000", &[(0x00, VR::LO), (0x01, VR::FD), (0x02, VR::FD), (0x03, VR::UI)]),
    (0x2001, "Philips Imaging DD 001", &[(0x01, VR::FL), (0x02, VR::IS), (0x03, VR::FL), (0x04, VR::CS), (0x05, VR::SS),
        (0x06, VR::CS), (0x07, VR::CS), (0x08, VR::IS), (0x09, VR::FL), (0x0A, VR::IS), (0x0B, VR::CS), (0x14, VR::SL),
        (0x16, VR::SS), (0x18, VR::SL), (0x81, VR::IS)]),
    (0x2005, "Philips MR Imaging DD 001", &[(0x0D, VR::FL), (0x0E, VR::FL), (0xB0, VR::FL), (0xB1, VR::FL),
        (0xB2, VR::FL)]),
    (0x7053, "Philips PET Private Group", &[(0x00, VR::DS), (0x09, VR::DS)]),
];
