//! Operations on a message that paths alone can't say, for scripts and for the steps beside this file.
//!
//! | operation | arguments | gives |
//! |---|---|---|
//! | `insert` | segment as written; then `end`, or `after` / `before` and a path | how many were inserted |
//! | `move` | path; then `end`, or `after` / `before` and a path | how many were moved |
//! | `rename` | segment name, new name | how many |
//! | `renumber` | segment name; names behind which counting begins anew, where not the usual | how many |
//! | `append` | path of a field, text of a new repetition | its number |
//! | `append-encoded` | the same, with its components as written | its number |
//! | `encoded` | path | what stands there as written, or nothing |
//! | `set-encoded` | path, text with its separators as written | how many places |
//! | `escape`, `unescape` | text | the text with, without escape sequences |
//! | `plain` | path | the text for people: line breaks and indents carried out |
//! | `segments` | | the names of all segments, separated by blanks |
//! | `text` | | the whole message as text |
//! | `charset` | name as in MSH-18 | the name of the set until then |
//! | `line-ends` | `cr`, `lf` or `crlf` | |

use std::borrow::Cow;

use klinke_engine::document::DocumentError;
use klinke_hl7v2::message::At;
use klinke_hl7v2::path::{Nth, Occurrence};
use klinke_hl7v2::{Path, escape};

use super::document::{Hl7v2Document, refused};
use super::{charset, line_ends};

type Given = Result<Option<String>, DocumentError>;
type Operation = fn(&mut Hl7v2Document, &[Cow<'_, str>]) -> Given;

/// Name, fewest and most arguments, and what it does.
const OPERATIONS: &[(&str, usize, usize, Operation)] = &[
    ("insert", 1, 3, |document, given| {
        let place = Place::of(&given[1..])?;
        count(insert(document, &given[0], &place)?)
    }),
    ("move", 2, 3, |document, given| {
        let place = Place::of(&given[1..])?;
        count(relocate(document, &path(&given[0])?, &place)?)
    }),
    ("rename", 2, 2, |document, given| count(rename(document, &given[0], &given[1])?)),
    ("renumber", 1, 16, |document, given| {
        let restart: Vec<&str> = given[1..].iter().map(Cow::as_ref).collect();
        count(renumber(document, &given[0], &restart)?)
    }),
    ("append", 2, 2, |document, given| {
        count(document.message_mut().append_repetition(&path(&given[0])?, &given[1]).map_err(refused)?)
    }),
    ("append-encoded", 2, 2, |document, given| count(append(document, &path(&given[0])?, &given[1])?)),
    ("encoded", 1, 1, |document, given| Ok(document.encoded(&path(&given[0])?))),
    ("set-encoded", 2, 2, |document, given| count(document.set_encoded(&path(&given[0])?, &given[1])?)),
    ("escape", 1, 1, |document, given| document.escaped(&given[0]).map(Some)),
    ("unescape", 1, 1, |document, given| {
        let message = document.message();
        let text = escape::unescape(&given[0], message.delimiters(), message.charset().charset);
        Ok(Some(text.into_owned()))
    }),
    ("plain", 1, 1, |document, given| {
        let path = path(&given[0])?;
        Ok(document.message().part(&path).map(|part| part.plain_text().into_owned()))
    }),
    ("segments", 0, 0, |document, _| {
        let names: Vec<&str> = document.message().segments().map(|segment| segment.name()).collect();
        Ok(Some(names.join(" ")))
    }),
    ("text", 0, 0, |document, _| Ok(Some(document.text()))),
    ("charset", 1, 1, |document, given| {
        let before = document.message().charset().charset.name().to_owned();
        charset::convert(document, &given[0], false)?;
        Ok(Some(before))
    }),
    ("line-ends", 1, 1, |document, given| {
        let end = line_ends::end_of(&given[0]).ok_or_else(|| error("line ends are cr, lf or crlf"))?;
        line_ends::convert(document, end).map(|()| None)
    }),
];

/// Where a segment goes.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// Behind the last segment.
    End,
    /// Before what a path names.
    Before(Path),
    /// Behind what a path names.
    After(Path),
}

/// Does an operation by its name.
pub(super) fn operate(document: &mut Hl7v2Document, name: &str, given: &[Cow<'_, str>]) -> Given {
    let Some((_, least, most, operation)) = OPERATIONS.iter().find(|operation| operation.0 == name) else {
        let names: Vec<&str> = OPERATIONS.iter().map(|operation| operation.0).collect();
        return Err(error(format!("HL7 v2 has no operation `{name}`; there are {}", names.join(", "))));
    };
    if !(*least..=*most).contains(&given.len()) {
        let wanted = if least == most { least.to_string() } else { format!("{least} to {most}") };
        return Err(error(format!("{name} takes {wanted} arguments, not {}", given.len())));
    }
    operation(document, given).map_err(|fault| error(format!("{name}: {fault}")))
}

fn error(text: impl Into<String>) -> DocumentError {
    DocumentError::new(text)
}

fn count(count: usize) -> Given {
    Ok(Some(count.to_string()))
}

fn path(text: &str) -> Result<Path, DocumentError> {
    Path::new(text).map_err(|fault| error(fault.to_string()))
}

impl Place {
    fn of(given: &[Cow<'_, str>]) -> Result<Place, DocumentError> {
        match given {
            [] => Ok(Place::End),
            [end] if end == "end" => Ok(Place::End),
            [before, at] if before == "before" => Ok(Place::Before(path(at)?)),
            [after, at] if after == "after" => Ok(Place::After(path(at)?)),
            _ => Err(error("the place is `end`, or `after` or `before` and a path")),
        }
    }
}

/// Inserts a segment, given as written, at every place meant; nowhere when the place is not there.
pub(super) fn insert(
    document: &mut Hl7v2Document,
    segment: &str,
    place: &Place,
) -> Result<usize, DocumentError> {
    let bytes = document.bytes_of(segment, &"segment")?;
    let positions = match place {
        Place::End => {
            document.message_mut().insert_segment(At::End, &bytes).map_err(refused)?;
            return Ok(1);
        }
        Place::Before(path) | Place::After(path) => document.message().positions(path),
    };
    // From the last to the first, so that the positions before stay what they are.
    for &position in positions.iter().rev() {
        let at = if matches!(place, Place::Before(_)) { At::Before(position) } else { At::After(position) };
        document.message_mut().insert_segment(at, &bytes).map_err(refused)?;
    }
    Ok(positions.len())
}

/// Moves segments, in their order, to a place; leaves them when the place is not there.
pub(super) fn relocate(
    document: &mut Hl7v2Document,
    what: &Path,
    place: &Place,
) -> Result<usize, DocumentError> {
    let moved = document.message().positions(what);
    let target = match place {
        Place::End => document.message().segment_count(),
        Place::Before(path) => match document.message().position(path) {
            Some(position) => position,
            None => return Ok(0),
        },
        Place::After(path) => match document.message().position(path) {
            Some(position) => position + 1,
            None => return Ok(0),
        },
    };
    // Each one goes before `target`; those that come from before it shift what is behind them.
    let mut at = target;
    for (done, &from) in moved.iter().enumerate() {
        let before = moved[..done].iter().filter(|&&earlier| earlier < target).count();
        let from = if from < target { from - before } else { from };
        let to = if from < at { at - 1 } else { at };
        document.message_mut().move_segment(from, to).map_err(refused)?;
        at = to + 1;
    }
    Ok(moved.len())
}

/// Renames all segments of a name.
pub(super) fn rename(document: &mut Hl7v2Document, name: &str, new: &str) -> Result<usize, DocumentError> {
    let positions = document.message().positions(&every(name)?);
    for &position in &positions {
        document.message_mut().set_segment_name(position, new).map_err(refused)?;
    }
    Ok(positions.len())
}

/// Numbers the set IDs of a name.
pub(super) fn renumber(
    document: &mut Hl7v2Document,
    name: &str,
    restart: &[&str],
) -> Result<usize, DocumentError> {
    let message = document.message_mut();
    match restart {
        [] => message.renumber_set_ids(name),
        _ => message.renumber_set_ids_within(name, restart),
    }
    .map_err(refused)
}

/// Appends a repetition as written.
pub(super) fn append(document: &mut Hl7v2Document, path: &Path, text: &str) -> Result<usize, DocumentError> {
    let bytes = document.bytes_of(text, path)?;
    document.message_mut().append_repetition_raw(path, &bytes).map_err(refused)
}

/// The path of all segments of a name.
pub(super) fn every(name: &str) -> Result<Path, DocumentError> {
    let every = path(&format!("{name}[*]"))?;
    match (every.field(), every.occurrence()) {
        (None, Occurrence::Nth(Nth::All)) => Ok(every),
        _ => Err(error(format!("`{name}` is no segment name"))),
    }
}
