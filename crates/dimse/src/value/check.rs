//! What is against the standard about values (PS3.5, section 6.2). Nothing is refused or changed.

use dicom_core::VR;

use super::{Age, Date, DateTime, Range, Time};
use crate::charset::{Charset, Rules};
use crate::data::{DataSet, Element, Value, has_values, swap};
use crate::deviation::{Deviation, Kind};

/// How many deviations are given at most.
const MOST: usize = 1_000;

/// What is against the standard about the values of a data set and its items: how they are formed, how long they are,
/// whether they can be decoded. Ranges and wildcards, as queries have them, are fine.
pub fn check(set: &DataSet, rules: &Rules) -> Vec<Deviation> {
    let (charset, mut found) = Charset::of(set, rules);
    check_set(set, charset, rules, &mut found);
    found.truncate(MOST);
    found
}

/// Whether text is a UID (PS3.5, section 9): numbers with dots between, none with a leading zero, 64 characters.
pub fn is_uid(text: &str) -> bool {
    let component = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    text.len() <= 64 && text.split('.').all(component)
}

fn check_set(set: &DataSet, charset: Charset, rules: &Rules, found: &mut Vec<Deviation>) {
    for element in set {
        if found.len() >= MOST {
            return;
        }
        match &element.value {
            Value::Sequence(items) => {
                for item in items {
                    check_set(item, Charset::of_item(item, charset, rules), rules, found);
                }
            }
            Value::Bytes(bytes) => check_value(element, bytes, charset, found),
            Value::Fragments(_) => {}
        }
    }
}

fn check_value(element: &Element, bytes: &[u8], charset: Charset, found: &mut Vec<Deviation>) {
    let vr = element.meaning();
    let mut deviate = |kind: Kind| {
        let deviation = Deviation::of(kind, element.tag);
        if found.last() != Some(&deviation) {
            found.push(deviation);
        }
    };
    let word = swap::word(vr);
    // A tag has two numbers.
    let word = if vr == VR::AT { 4 } else { word };
    if !bytes.len().is_multiple_of(word) {
        deviate(Kind::LengthInvalid);
    }
    if !crate::data::is_text(vr) || bytes.is_empty() {
        return;
    }
    let decoded = charset.decode(bytes, vr);
    decoded.deviations.iter().for_each(|&kind| deviate(kind));
    let whole = std::iter::once(&*decoded.text);
    let values: Vec<&str> = if has_values(vr) { decoded.text.split('\\').collect() } else { whole.collect() };
    for value in values {
        kinds_of(vr, value).into_iter().flatten().for_each(&mut deviate);
    }
}

fn kinds_of(vr: VR, value: &str) -> [Option<Kind>; 2] {
    let value = value.trim_end_matches([' ', '\0']);
    let text = value.trim_start_matches(' ');
    if text.is_empty() || text.contains(['*', '?']) {
        return [None, None];
    }
    let form = match vr {
        VR::UI => (!is_uid(value)).then_some(Kind::UidInvalid),
        VR::DA => {
            let range =
                text.contains('-') && Range::<Date>::parse(text).is_some() && Date::parse(text).is_none();
            (!Date::is_strict(text) && !range).then_some(Kind::DateInvalid)
        }
        VR::TM => {
            let range = text.contains('-') && Range::<Time>::parse(text).is_some();
            (!Time::is_strict(text) && !range).then_some(Kind::TimeInvalid)
        }
        VR::DT => {
            let range = text.contains('-') && Range::<DateTime>::parse(text).is_some();
            (!DateTime::is_strict(text) && !range).then_some(Kind::DateTimeInvalid)
        }
        VR::DS => (text.contains(',') || super::decimal(text).is_none()).then_some(Kind::NumberInvalid),
        VR::IS => text.parse::<i32>().is_err().then_some(Kind::NumberInvalid),
        VR::AS => (!Age::is_strict(text)).then_some(Kind::AgeInvalid),
        VR::CS => (!is_code(text)).then_some(Kind::CodeInvalid),
        VR::PN => (!is_name(text)).then_some(Kind::NameInvalid),
        _ => None,
    };
    [form, is_too_long(vr, value).then_some(Kind::TooLong)]
}

fn is_code(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b' ' | b'_'))
}

fn is_name(text: &str) -> bool {
    text.matches('=').count() <= 2 && text.split('=').all(|group| group.matches('^').count() <= 4)
}

/// PS3.5, table 6.2-1. Ranges may be twice as long.
fn is_too_long(vr: VR, value: &str) -> bool {
    let most = match vr {
        VR::AE | VR::CS | VR::DS | VR::SH => 16,
        VR::AS => 4,
        VR::DA => 18,
        VR::TM => 28,
        VR::DT => 54,
        VR::IS => 12,
        VR::LO | VR::UI => 64,
        VR::ST => 1024,
        VR::LT => 10_240,
        VR::PN => return value.split('=').any(|group| group.chars().count() > 64),
        _ => return false,
    };
    value.chars().count() > most
}
