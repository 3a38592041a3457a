//! From a template's text to its pieces.

use super::functions::{self, Function};
use super::{Piece, Subject, Surroundings, TemplateError, at, names_many};

pub(super) fn pieces(text: &str, surroundings: &Surroundings<'_>) -> Result<Vec<Piece>, TemplateError> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        let rest = &text[at..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            literal.push(letter);
            at += 2;
        } else if letter == '{' {
            let length = insert_length(rest)
                .ok_or_else(|| error(at, "`{` is not closed; a brace that is meant is written `{{`"))?;
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(insert(&rest[1..length - 1], at + 1, surroundings)?);
            at += length;
        } else if letter == '}' {
            return Err(error(at, "`}` closes nothing; a brace that is meant is written `}}`"));
        } else {
            literal.push(letter);
            at += letter.len_utf8();
        }
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(pieces)
}

fn error(offset: usize, text: impl Into<String>) -> TemplateError {
    TemplateError { offset, text: text.into() }
}

/// How many bytes the braces at the start of `text` take, both included. Quotes and backslashes count
/// only behind the first bar, where arguments are.
fn insert_length(text: &str) -> Option<usize> {
    let (mut depth, mut quoted, mut in_functions, mut escaped) = (0_usize, false, false, false);
    for (at, byte) in text.bytes().enumerate() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match byte {
            b'\\' if in_functions && !quoted => escaped = true,
            b'\'' if in_functions => quoted = !quoted,
            _ if quoted => {}
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b'|' => in_functions = true,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// What stands between braces. `offset` is where it begins in the template.
fn insert(text: &str, offset: usize, surroundings: &Surroundings<'_>) -> Result<Piece, TemplateError> {
    let end = text.find('|').unwrap_or(text.len());
    let subject = subject(text[..end].trim(), offset, surroundings)?;
    let mut functions = Vec::new();
    let mut at = end;
    while at < text.len() {
        // `at` is at a bar.
        let (words, length) = words(&text[at + 1..]);
        functions.push(function(&words, offset + at + 1, surroundings)?);
        at += 1 + length;
    }
    Ok(Piece::Insert { subject, functions })
}

fn subject(text: &str, offset: usize, surroundings: &Surroundings<'_>) -> Result<Subject, TemplateError> {
    if let Some(name) = text.strip_prefix('$') {
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
            return Err(error(offset, "behind `$` stands the name of a value: letters, digits, `_`, `-`"));
        }
        return Ok(Subject::Value(name.to_owned()));
    }
    if let Some(name) = text.strip_prefix('@') {
        let at = at::At::compile(name, surroundings.zone).map_err(|text| error(offset, text))?;
        return Ok(Subject::At(at));
    }
    if text.is_empty() {
        return Err(error(offset, "nothing stands between the braces"));
    }
    let path = surroundings.format.path(text).map_err(|fault| error(offset, fault.to_string()))?;
    Ok(Subject::Path { path, many: names_many(text) })
}

fn function(
    words: &[String],
    offset: usize,
    surroundings: &Surroundings<'_>,
) -> Result<Function, TemplateError> {
    let (name, arguments) = words.split_first().map_or(("", &[][..]), |(name, rest)| (name.trim(), rest));
    let Some(kind) = functions::FUNCTIONS.iter().find(|kind| kind.name == name) else {
        let near = crate::steps::nearest(name, functions::FUNCTIONS.iter().map(|kind| kind.name));
        let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        return Err(error(offset, format!("there is no function `{name}`{hint}")));
    };
    (kind.build)(arguments, surroundings)
        .map_err(|text| error(offset, format!("{name}: {text} (it is written `{}`)", kind.usage)))
}

/// The words up to the next bar, which colons separate; and how many bytes they take.
fn words(text: &str) -> (Vec<String>, usize) {
    let mut words = vec![String::new()];
    let (mut quoted, mut depth) = (false, 0_usize);
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let last = words.len() - 1;
        match letter {
            '\'' if quoted && letters.next_if(|next| next.1 == '\'').is_some() => words[last].push('\''),
            '\'' if depth == 0 => quoted = !quoted,
            _ if quoted => words[last].push(letter),
            // Braces within an argument are a template of its own, with its own escapes.
            '\\' if depth == 0 => words[last].extend(letters.next().map(|next| next.1)),
            '|' if depth == 0 => return (words, at),
            ':' if depth == 0 => words.push(String::new()),
            _ => {
                depth = match letter {
                    '{' => depth + 1,
                    '}' => depth.saturating_sub(1),
                    _ => depth,
                };
                words[last].push(letter);
            }
        }
    }
    (words, text.len())
}
