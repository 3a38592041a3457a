//! OBX, the segment that senders get wrong most (HL7 v2.5.1 chapter 7, 7.4.2).

use super::collector::Collector;
use super::kind;
use crate::ack::component;
use crate::message::{Message, Segment};
use crate::place::Place;

/// Data types that OBX-2 may name (table 0125 and the data types of all versions).
const TYPES: [&str; 62] = [
    "AD", "AUI", "CCD", "CCP", "CD", "CE", "CF", "CK", "CM", "CN", "CNE", "CNN", "CP", "CQ", "CSU", "CWE",
    "CX", "DDI", "DIN", "DLD", "DLN", "DLT", "DR", "DT", "DTM", "DTN", "ED", "EI", "EIP", "ELD", "ERL", "FC",
    "FN", "FT", "GTS", "HD", "ICD", "ID", "IS", "JCC", "MA", "MF", "MO", "MOC", "NA", "NM", "NR", "PL", "PN",
    "PPN", "RP", "SI", "SN", "ST", "TM", "TN", "TS", "TX", "XAD", "XCN", "XON", "XPN",
];
/// Types that do not fit into the list above, which is sorted for people to read.
const MORE_TYPES: [&str; 5] = ["XTN", "URI", "VR", "SRT", "UVC"];

/// Table 0078 with the values that later versions added.
const FLAGS: [&str; 47] = [
    "L", "H", "LL", "HH", "<", ">", "N", "A", "AA", "null", "U", "D", "B", "W", "S", "R", "I", "MS", "VS",
    "POS", "NEG", "IND", "DET", "ND", "EXP", "UNE", "NS", "RR", "WR", "NR", "HM", "HU", "LU", "E", "SDD",
    "SYN-R", "SYN-S", "TOX", "AC", "H>", "HX", "L<", "LX", "IE", "NCL", "QCF", "AN",
];

pub(super) fn inspect(message: &Message, found: &mut Collector) {
    let results = component(message, b"MSH", 9, 1) == "ORU";
    let mut order_seen = false;
    let mut occurrence = 0;
    for segment in message.segments() {
        match segment.name() {
            "OBR" => order_seen = true,
            "OBX" => {
                occurrence += 1;
                let mut place = Place::segment(*b"OBX", occurrence);
                place.offset = segment.offset();
                if results && !order_seen {
                    found.add(&kind::OBX_WITHOUT_ORDER, place);
                }
                observation(&segment, place, found);
            }
            _ => {}
        }
    }
}

fn observation(segment: &Segment<'_>, place: Place, found: &mut Collector) {
    let text = |number| segment.field(number).map(|f| f.text()).unwrap_or_default();
    let value = text(5);
    let data_type = text(2);
    let data_type = data_type.trim();
    let upper = data_type.to_ascii_uppercase();
    let known = TYPES.contains(&upper.as_str()) || MORE_TYPES.contains(&upper.as_str());
    if data_type.is_empty() {
        if !value.is_empty() {
            found.add(&kind::OBX_TYPE_MISSING, place.field(2));
        }
    } else if !known && !upper.starts_with('Z') {
        found.add(&kind::OBX_TYPE_UNKNOWN, place.field(2));
    } else if upper != data_type {
        found.add(&kind::OBX_TYPE_CASE, place.field(2));
    }
    let length = value.chars().count();
    if upper == "ST" && length > 199 {
        found.with(&kind::OBX_TEXT_LONG, place.field(5), format_args!("{length} characters"));
    }
    if upper == "NM"
        && !value.is_empty()
        && segment.field(5).is_some_and(|f| f.repetitions().any(|r| !is_number(&r.text())))
    {
        found.add(&kind::OBX_NUMBER_ODD, place.field(5));
    }
    flags(segment, place.field(8), found);
}

fn flags(segment: &Segment<'_>, place: Place, found: &mut Collector) {
    let Some(field) = segment.field(8) else { return };
    for flag in field.repetitions() {
        let flag = flag.component(1).map(|c| c.text()).unwrap_or_default();
        if !flag.is_empty() && !FLAGS.contains(&&*flag) {
            found.add(&kind::OBX_FLAG_UNKNOWN, place);
        }
    }
}

/// Type NM: sign, digits, point.
fn is_number(text: &str) -> bool {
    let digits = text.trim().trim_start_matches(['+', '-']);
    text.is_empty()
        || digits.bytes().filter(|b| *b == b'.').count() <= 1
            && digits.bytes().any(|b| b.is_ascii_digit())
            && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}
