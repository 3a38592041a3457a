//! Shapes: what a value looks like, without the value.

/// The longest shape, in characters.
const SHAPE_MAX: usize = 32;
/// A run of one kind that is longer is written with its length: `9{14}`.
const RUN_MAX: usize = 12;
/// A text of more words is just `text`.
const WORDS_MAX: usize = 3;
/// The longest code.
const CODE_MAX: usize = 20;

/// What a value looks like. Letters become `A` and `a` where there are digits (`A9999`), else `X` and `x`
/// (`Xxxxx`); digits become `9`. Punctuation stays, a text of many words is `text`.
pub fn shape(value: &str) -> String {
    let words = value.split_whitespace().count();
    if words > WORDS_MAX {
        return "text".to_owned();
    }
    let has_digits = value.bytes().any(|b| b.is_ascii_digit());
    let (upper, lower) = if has_digits { ('A', 'a') } else { ('X', 'x') };
    let mut runs: Vec<(char, usize)> = Vec::new();
    for c in value.chars() {
        let kind = match c {
            c if c.is_uppercase() => upper,
            c if c.is_alphabetic() => lower,
            c if c.is_numeric() => '9',
            c if c.is_whitespace() => ' ',
            c if c.is_ascii_punctuation() => c,
            _ => '?',
        };
        match runs.last_mut() {
            Some((last, count)) if *last == kind => *count += 1,
            _ => runs.push((kind, 1)),
        }
    }
    let mut out = String::new();
    for (kind, count) in runs {
        if count > RUN_MAX {
            out.push_str(&format!("{kind}{{{count}}}"));
        } else {
            out.extend(std::iter::repeat_n(kind, count));
        }
        if out.chars().count() > SHAPE_MAX {
            return out.chars().take(SHAPE_MAX).chain(['…']).collect();
        }
    }
    out
}

/// How a date or time is written, as people write patterns: `yyyyMMdd`, `yyyyMMddHHmmss+ZZZZ`. What is
/// none is told by its shape.
pub fn date_form(value: &str) -> String {
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    let (main, rest) = value.split_at(digits);
    let pattern = match digits {
        4 => "yyyy",
        6 => "yyyyMM",
        8 => "yyyyMMdd",
        10 => "yyyyMMddHH",
        12 => "yyyyMMddHHmm",
        14 => "yyyyMMddHHmmss",
        _ => return format!("other: {}", shape(value)),
    };
    if main.bytes().all(|b| b == b'0') {
        return "zeros".to_owned();
    }
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(behind) => behind.split_at(behind.bytes().take_while(u8::is_ascii_digit).count()),
        None => ("", rest),
    };
    let zone = match zone.as_bytes() {
        [] => "",
        [b'+' | b'-', digits @ ..] if digits.len() == 4 && digits.iter().all(u8::is_ascii_digit) => "+ZZZZ",
        _ => return format!("other: {}", shape(value)),
    };
    let point = if rest.starts_with('.') { "." } else { "" };
    format!("{pattern}{point}{}{zone}", "S".repeat(fraction.len().min(9)))
}

/// True for what looks like a code and like nothing else: short, without blanks, no date, no name with
/// letters that no code has.
pub fn looks_like_a_code(value: &str) -> bool {
    let is_short = (1..=CODE_MAX).contains(&value.len());
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.+/*:#".contains(&b);
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let is_date = matches!(digits, 8 | 12 | 14)
        && digits == value.len()
        && (value.starts_with("19") || value.starts_with("20"));
    is_short && value.bytes().all(plain) && !is_date
}

/// A digest (FNV-1a): the same for the same text, on every machine.
pub(crate) fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}
