//! Functions of templates that a value may have gone through.

use std::collections::BTreeSet;

/// Functions of templates that could make one text of another.
pub fn functions(from: &str, to: &str) -> Vec<String> {
    let mut found: Vec<String> =
        ["upper", "lower", "trim", "squeeze", "ascii", "digits", "letters"].map(str::to_owned).into();
    let (long, short) = (from.chars().count(), to.chars().count());
    if to.len() < from.len() && from.starts_with(to) {
        found.push(format!("sub:0:{short}"));
        if let Some(next) = from[to.len()..].chars().next().filter(|c| c.is_ascii_punctuation() || *c == ' ')
        {
            found.insert(0, format!("split:'{next}':1"));
        }
    } else if to.len() < from.len() && from.ends_with(to) {
        if let Some(before) = from[..from.len() - to.len()]
            .chars()
            .next_back()
            .filter(|c| c.is_ascii_punctuation() || *c == ' ')
        {
            found.push(format!("split:'{before}':-1"));
        }
        found.push(format!("sub:{}", long - short));
        found.push(format!("sub:-{short}"));
    }
    if to.len() > from.len() && to.ends_with(from) {
        let filling = &to[..to.len() - from.len()];
        if let Some(letter) = filling.chars().next().filter(|letter| filling.chars().all(|c| c == *letter)) {
            found.push(format!("pad-left:{short}:'{letter}'"));
        }
        if !filling.contains(['\'', '\\', '{', '}']) {
            found.push(format!("prefix:'{filling}'"));
        }
    } else if to.len() > from.len() && to.starts_with(from) {
        let filling = &to[from.len()..];
        if !filling.contains(['\'', '\\', '{', '}']) {
            found.push(format!("suffix:'{filling}'"));
        }
    }
    if from.bytes().filter(u8::is_ascii_digit).count() >= 4 {
        const FORMS: [&str; 9] = [
            "yyyyMMdd",
            "yyyyMMddHHmm",
            "yyyyMMddHHmmss",
            "compact",
            "iso",
            "german",
            "'yyyy-MM-dd'",
            "'dd.MM.yyyy'",
            "'HH:mm'",
        ];
        found.extend(FORMS.map(|form| format!("date:auto:{form}")));
    }
    // Characters that are no longer there.
    let gone: BTreeSet<char> = from
        .chars()
        .filter(|c| !to.contains(*c) && c.is_ascii_punctuation() || *c == ' ' && !to.contains(' '))
        .collect();
    if !gone.is_empty() && !gone.contains(&'\'') && !gone.contains(&'\\') {
        found.push(format!("remove:'{}'", gone.into_iter().collect::<String>()));
    }
    found
}
