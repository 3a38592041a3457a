//! Ranges of bytes (RFC 9110, section 14).

use hyper::header::{self, HeaderMap};

/// What a request wants of something of this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it: nothing else is said, or what may be left aside, as several ranges.
    All,
    /// From one byte up to, and not with, another.
    Part(u64, u64),
    /// A range that lies beyond it: 416.
    Beyond,
}

/// Reads the Range header.
pub(super) fn wanted(headers: &HeaderMap, length: u64) -> Wanted {
    let Some(range) = headers.get(header::RANGE).and_then(|value| value.to_str().ok()) else {
        return Wanted::All;
    };
    // What was asked for under a condition that we can't hold is given whole.
    if headers.contains_key(header::IF_RANGE) {
        return Wanted::All;
    }
    parse(range, length)
}

fn parse(range: &str, length: u64) -> Wanted {
    let Some((unit, spec)) = range.split_once('=') else { return Wanted::All };
    // A client that asks for many ranges, overlapping or not, gets all once.
    if !unit.trim().eq_ignore_ascii_case("bytes") || spec.contains(',') {
        return Wanted::All;
    }
    let Some((first, last)) = spec.trim().split_once('-') else { return Wanted::All };
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    match (number(first), number(last)) {
        (None, Some(suffix)) if first.is_empty() => match suffix {
            0 => Wanted::Beyond,
            _ if length == 0 => Wanted::Beyond,
            suffix => Wanted::Part(length.saturating_sub(suffix), length),
        },
        (Some(from), _) if from >= length => Wanted::Beyond,
        (Some(from), None) if last.is_empty() => Wanted::Part(from, length),
        (Some(from), Some(to)) if from <= to => Wanted::Part(from, to.saturating_add(1).min(length)),
        _ => Wanted::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (range, wanted) in [
            ("bytes=0-3", Wanted::Part(0, 4)),
            ("bytes=3-", Wanted::Part(3, 10)),
            ("bytes=-3", Wanted::Part(7, 10)),
            ("bytes=-30", Wanted::Part(0, 10)),
            ("bytes=5-99999999999999999999999", Wanted::Part(5, 10)),
            ("bytes=10-", Wanted::Beyond),
            ("bytes=-0", Wanted::Beyond),
            ("bytes=5-3", Wanted::All),
            ("bytes=0-3,2-5", Wanted::All),
            ("bytes=a-b", Wanted::All),
            ("lines=0-3", Wanted::All),
        ] {
            assert_eq!(parse(range, 10), wanted, "{range}");
        }
        assert_eq!(parse("bytes=0-", 0), Wanted::Beyond);
    }
}
