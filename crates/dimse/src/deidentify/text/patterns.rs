//! What looks as if it identified somebody.

use std::ops::Range;

use crate::deidentify::dates::is_date;

/// A word: what stands between spaces, signs at its ends cut off.
#[derive(Debug, Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    begin: usize,
}

impl Word<'_> {
    fn range(&self) -> Range<usize> {
        self.begin..self.begin + self.text.len()
    }
}

const MONTHS: &[&str] = &[
    "jan",
    "januar",
    "january",
    "jän",
    "jänner",
    "feb",
    "februar",
    "february",
    "mar",
    "mär",
    "märz",
    "maerz",
    "march",
    "apr",
    "april",
    "may",
    "mai",
    "jun",
    "june",
    "juni",
    "jul",
    "july",
    "juli",
    "aug",
    "august",
    "sep",
    "sept",
    "september",
    "oct",
    "okt",
    "october",
    "oktober",
    "nov",
    "november",
    "dec",
    "dez",
    "december",
    "dezember",
];

const TITLES: &[&str] = &[
    "dr",
    "drs",
    "prof",
    "pd",
    "mr",
    "mrs",
    "ms",
    "miss",
    "mister",
    "herr",
    "herrn",
    "frau",
    "hr",
    "fr",
    "doctor",
    "doktor",
    "professor",
    "med",
];

/// From so many digits on, a number may identify somebody.
const LONG_DIGITS: usize = 6;
/// So many words are looked at behind a title, further titles among them.
const TITLED_WORDS: usize = 12;
/// So many words behind a title are taken for the name.
const NAME_WORDS: usize = 3;

/// Where something stands that looks as if it identified somebody.
pub(super) fn find(text: &str, ages: bool) -> Vec<Range<usize>> {
    let words = words(text);
    let mut found = Vec::new();
    for (place, word) in words.iter().enumerate() {
        let lower = word.text.to_lowercase();
        if is_number(word.text) || is_address(&lower) || (ages && is_age(&lower, word.text)) {
            found.push(word.range());
        }
        if let Some(end) = month_date(&words, place) {
            found.push(end);
        }
        if let Some(range) = titled_name(text, &words, place) {
            found.push(range);
        }
    }
    found.extend(telephones(text));
    found
}

fn words(text: &str) -> Vec<Word<'_>> {
    let is_end =
        |c: char| matches!(c, ',' | ';' | '.' | ':' | '(' | ')' | '[' | ']' | '"' | '\'' | '?' | '!');
    let mut out = Vec::new();
    for piece in
        text.split(|c: char| c.is_whitespace() || matches!(c, '^' | '=' | '_' | ',' | ';' | '(' | ')'))
    {
        let trimmed = piece.trim_matches(is_end);
        if !trimmed.is_empty() {
            let begin = trimmed.as_ptr() as usize - text.as_ptr() as usize;
            out.push(Word { text: trimmed, begin });
        }
    }
    out
}

/// Long numbers, dates in numbers.
fn is_number(word: &str) -> bool {
    let longest = word.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    longest >= LONG_DIGITS || is_numeric_date(word)
}

fn is_numeric_date(word: &str) -> bool {
    ['.', '/', '-'].into_iter().any(|sign| {
        let parts: Vec<&str> = word.trim_end_matches(sign).split(sign).collect();
        let [a, b, c] = parts.as_slice() else { return false };
        let Some((a_number, b_number, c_number)) =
            number(a).zip(number(b)).zip(number(c)).map(|((a, b), c)| (a, b, c))
        else {
            return false;
        };
        if a.len() == 4 {
            return is_date(a_number, b_number, c_number);
        }
        let year = match c.len() {
            4 => c_number,
            2 => 2000 + c_number,
            _ => return false,
        };
        a.len() <= 2
            && b.len() <= 2
            && (is_date(year, b_number, a_number) || is_date(year, a_number, b_number))
    })
}

fn number(text: &str) -> Option<i64> {
    let is_number = !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

fn is_address(lower: &str) -> bool {
    lower.contains("http:") || lower.contains("https:") || lower.starts_with("www.") || {
        lower.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
    }
}

/// 55y, 55yo, 055Y, 55-year-old, 55j, 55jährig; 55F and 55M only in capitals.
fn is_age(lower: &str, word: &str) -> bool {
    let digits = lower.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits > 3 {
        return false;
    }
    let rest = lower[digits..].trim_start_matches('-');
    const ENDS: &[&str] = &["y", "yo", "y/o", "yr", "yrs", "yrold", "j", "jahre", "years", "year", "yearold"];
    let is_end = ENDS.contains(&rest) || rest.starts_with("year-old") || rest.starts_with("jährig");
    is_end || (digits >= 2 && matches!(&word[digits..], "F" | "M" | "W"))
}

/// "1. March 1957", "March 1, 1957", "March 1957".
fn month_date(words: &[Word<'_>], place: usize) -> Option<Range<usize>> {
    let text = |at: usize| words.get(at).map(|word| word.text);
    let is_year = |at: usize| text(at).is_some_and(|text| text.len() == 4 && number(text).is_some());
    let is_day = |at: usize| {
        let day = text(at).and_then(|text| number(text.trim_end_matches(['t', 'h', 's', 'n', 'd', 'r'])));
        day.is_some_and(|day| (1..=31).contains(&day))
    };
    let word = words.get(place)?;
    let joined: Vec<&str> = word.text.split(['-', '.', '/']).collect();
    if joined.len() == 3 && is_month(joined[1]) && number(joined[0]).is_some() && number(joined[2]).is_some()
    {
        return Some(word.range());
    }
    if !is_month(word.text) {
        return None;
    }
    let begin = if place > 0 && is_day(place - 1) { words[place - 1].begin } else { word.begin };
    let end = match (is_day(place + 1) && is_year(place + 2), is_year(place + 1)) {
        (true, _) => words[place + 2].range().end,
        (false, true) => words[place + 1].range().end,
        (false, false) if begin < word.begin => word.range().end,
        _ => return None,
    };
    Some(begin..end)
}

fn is_month(word: &str) -> bool {
    MONTHS.contains(&word.to_lowercase().as_str())
}

/// A title and the words in capitals behind it.
fn titled_name(text: &str, words: &[Word<'_>], place: usize) -> Option<Range<usize>> {
    let is_title = |word: &Word<'_>| {
        let lower = word.text.to_lowercase();
        lower.split('.').all(|part| part.is_empty() || TITLES.contains(&part))
    };
    let first = words.get(place)?;
    let (title, glued) = match first.text.split_once('.') {
        Some((title, name)) if TITLES.contains(&title.to_lowercase().as_str()) => (true, !name.is_empty()),
        _ => (is_title(first), false),
    };
    if !title {
        return None;
    }
    let (mut end, mut names) = (first.range().end, usize::from(glued && !is_title(first)));
    for word in words.iter().skip(place + 1).take(TITLED_WORDS) {
        let between = &text[end..word.begin];
        let is_near = between.chars().all(|c| matches!(c, ' ' | '.' | '^' | '_' | ','));
        let is_capital = word.text.chars().next().is_some_and(char::is_uppercase);
        if !is_near || !is_capital || names == NAME_WORDS {
            break;
        }
        names += usize::from(!is_title(word));
        end = word.range().end;
    }
    (names > 0).then_some(first.begin..end)
}

/// Digits with signs between them as in telephone numbers: beginning with +, 0 or a bracket, seven digits and more.
fn telephones(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let is_inside = at > 0 && bytes[at - 1].is_ascii_alphanumeric();
        if is_inside || !matches!(bytes[at], b'+' | b'0' | b'(') {
            at += 1;
            continue;
        }
        let is_part =
            |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'(' | b')' | b'/' | b'-' | b' ');
        let length = bytes[at..].iter().take_while(|byte| is_part(byte)).count();
        let run = text[at..at + length].trim_end_matches([' ', '(', '-', '/', '+']);
        if run.bytes().filter(u8::is_ascii_digit).count() >= 7 {
            found.push(at..at + run.len());
        }
        at += length.max(1);
    }
    found
}
