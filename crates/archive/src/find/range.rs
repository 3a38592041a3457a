//! Dates and times in queries (PS3.4, C.2.2.2.5): one, or a range with a hyphen, either side may be open.
//!
//! Values are compared as texts of digits: bounds are filled up with the lowest and the highest that they can mean, so that
//! `2026` as a lower bound is the first of January and as an upper one the last of December.

use klinke_dimse::VR;

/// Two bounds, both included; nothing is open.
#[derive(Clone, PartialEq, Eq)]
pub struct Range {
    /// Not before.
    pub from: Option<String>,
    /// Not after.
    pub to: Option<String>,
}

impl Range {
    /// Reads a DA, TM or DT of a query; nothing when it is none, which then asks for nothing.
    pub fn parse(vr: VR, text: &str) -> Option<Self> {
        let (from, to) = match split(vr, text) {
            Some((from, to)) => (from.trim(), to.trim()),
            None => (text.trim(), text.trim()),
        };
        if from.is_empty() && to.is_empty() {
            return None;
        }
        let bound = |text: &str, is_low| match text.is_empty() {
            true => Some(None),
            false => filled(vr, text, is_low).map(Some),
        };
        Some(Range { from: bound(from, true)?, to: bound(to, false)? })
    }

    /// Whether a value of an instance lies in it; one that can't be read does not.
    pub fn holds(&self, vr: VR, value: &str) -> bool {
        let (Some(low), Some(high)) = (filled(vr, value, true), filled(vr, value, false)) else {
            return false;
        };
        // What the value may mean and what is asked for overlap.
        self.from.as_ref().is_none_or(|from| *from <= high) && self.to.as_ref().is_none_or(|to| low <= *to)
    }
}

/// The two sides of a range. The offset of a DT begins with a hyphen too: `2026-0500` is a time with an offset.
fn split(vr: VR, text: &str) -> Option<(&str, &str)> {
    if vr != VR::DT {
        return text.split_once('-');
    }
    let is_offset = |place: usize| {
        let rest = &text.as_bytes()[place + 1..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        place > 0 && digits == 4 && (rest.len() == 4 || rest[4] == b'-') && rest[..2] <= b"14"[..]
    };
    let places: Vec<usize> = text.match_indices('-').map(|(place, _)| place).collect();
    let place = places.iter().copied().find(|&place| !is_offset(place));
    place.map(|place| (&text[..place], &text[place + 1..]))
}

/// The digits of a value, filled up. Old forms (`2026.11.29`, `12:30:00`) are read too; offsets of DT are left out.
fn filled(vr: VR, text: &str, is_low: bool) -> Option<String> {
    let text = text.trim();
    let local = match vr {
        VR::DT => {
            &text[..text
                .char_indices()
                .skip(1)
                .find(|(_, c)| matches!(c, '+' | '-'))
                .map_or(text.len(), |(at, _)| at)]
        }
        _ => text,
    };
    let (whole, fraction) = match vr {
        VR::DA => (local, ""),
        _ => local.split_once('.').unwrap_or((local, "")),
    };
    let digits: String = whole.chars().filter(|c| !matches!(c, '.' | ':')).collect();
    let (low, high) = match vr {
        VR::DA => ("00000101", "99991231"),
        VR::TM => ("000000", "235959"),
        _ => ("00000101000000", "99991231235959"),
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let least = if vr == VR::TM { 2 } else { 4 };
    if !is_digits(&digits) || !is_digits(fraction) || !(least..=low.len()).contains(&digits.len()) {
        return None;
    }
    let fill = if is_low { low } else { high };
    let mut filled = digits.clone();
    filled.push_str(&fill[digits.len()..]);
    if vr != VR::DA {
        filled.push('.');
        let fraction = &fraction[..fraction.len().min(6)];
        filled.push_str(fraction);
        filled.extend(std::iter::repeat_n(if is_low { '0' } else { '9' }, 6 - fraction.len()));
    }
    Some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(vr: VR, query: &str, value: &str) -> bool {
        Range::parse(vr, query).expect("a range").holds(vr, value)
    }

    #[test]
    fn dates() {
        assert!(holds(VR::DA, "20261129", "20261129") && holds(VR::DA, "20261101-", "20261129"));
        assert!(holds(VR::DA, "-20261129", "2026.11.29") && !holds(VR::DA, "20261101-20261128", "20261129"));
        assert!(!holds(VR::DA, "20261129", "") && !holds(VR::DA, "20261129", "yesterday"));
        assert!(Range::parse(VR::DA, "yesterday").is_none() && Range::parse(VR::DA, "-").is_none());
    }

    #[test]
    fn times() {
        assert!(holds(VR::TM, "1000-1030", "103059.5") && !holds(VR::TM, "1000-1030", "1031"));
        assert!(holds(VR::TM, "10", "10:15:00") && !holds(VR::TM, "101500", "101501"));
        assert!(holds(VR::DT, "20261129-20261130", "20261129120000.5+0100"));
        assert!(holds(VR::DT, "2026-0500", "20260301") && holds(VR::DT, "2026-2027", "20270101"));
    }
}
