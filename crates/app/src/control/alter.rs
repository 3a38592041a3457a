//! A message as a text that a person changes, and back: only lines that were changed are written anew, all
//! other bytes stay as they came.

use std::collections::{HashMap, HashSet, VecDeque};

use anyhow::{Result, bail};
use klinke_console::house::alter::{Alteration, Altered, BYTES_MAX};
use klinke_console::house::encode;
use klinke_hl7v2::Message;
use klinke_hl7v2::charset::Charset;
use klinke_hl7v2::message::Options;
use klinke_model::EnvelopeId;

use super::answer::Counter;
use crate::replay::difference;

/// Fields that differ and are named.
const CHANGES_MAX: usize = 200;

/// One line of a message: its bytes, what ends it, its text.
struct Row<'a> {
    bytes: &'a [u8],
    end: &'a [u8],
    text: String,
}

/// A message as a text, and with a changed text what it would become.
pub fn alter(counter: &Counter, id: EnvelopeId, changed: Option<&str>) -> Result<Alteration> {
    let envelope = counter.envelope(id)?;
    let bytes = &envelope.payload[..];
    if bytes.len() > BYTES_MAX {
        bail!(
            "the message is too long to be changed here: export it, and send it with `klinke messages edit`"
        );
    }
    let default = counter.files().charset(&envelope.system).and_then(Charset::by_name);
    altered(bytes, default, changed)
}

fn altered(bytes: &[u8], default: Option<Charset>, changed: Option<&str>) -> Result<Alteration> {
    let charset = charset(bytes, default)?;
    let rows = rows(bytes, charset);
    let text = rows.iter().map(|row| row.text.as_str()).collect::<Vec<_>>().join("\n");
    let mut alteration =
        Alteration { payload: encode(bytes), charset: charset.name().to_owned(), text, changes: Vec::new() };
    if let Some(changed) = changed {
        let new = written(&rows, charset, changed)?;
        alteration.changes = changes(bytes, &new, charset);
        alteration.text = lines(changed).join("\n");
        alteration.payload = encode(&new);
    }
    Ok(alteration)
}

/// The character set of a message; UTF-8 for whatever is no message and is text.
fn charset(bytes: &[u8], default: Option<Charset>) -> Result<Charset> {
    let options = Options { charset: default, ..Options::default() };
    let found = Message::parse_with(bytes.to_vec(), &options).map(|message| message.charset().charset);
    match found {
        Ok(charset) if !bytes.contains(&0) => Ok(charset),
        Err(_) if std::str::from_utf8(bytes).is_ok() && !bytes.contains(&0) => Ok(Charset::UTF_8),
        _ => bail!(
            "the message can't be changed as a text: export it, and send it with `klinke messages edit`"
        ),
    }
}

fn rows(bytes: &[u8], charset: Charset) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let length = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
        let (line, after) = rest.split_at(length);
        let end = if after.starts_with(b"\r\n") { 2 } else { after.len().min(1) };
        rows.push(Row { bytes: line, end: &after[..end], text: charset.decode(line).into_owned() });
        rest = &after[end..];
    }
    rows
}

/// The lines of a text as a browser sends it. Empty ones at its end are nobody's.
fn lines(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.trim_end_matches('\n').split('\n').map(str::to_owned).collect()
}

/// The bytes of a changed text. Lines that are as they came keep their bytes.
fn written(rows: &[Row<'_>], charset: Charset, text: &str) -> Result<Vec<u8>> {
    let mut known: HashMap<&str, VecDeque<&Row<'_>>> = HashMap::new();
    rows.iter().for_each(|row| known.entry(&row.text).or_default().push_back(row));
    let usual = rows.iter().map(|row| row.end).find(|end| !end.is_empty()).unwrap_or(b"\r");
    let lines = lines(text);
    let mut out = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let kept = known.get_mut(line.as_str()).and_then(VecDeque::pop_front);
        match (kept, charset.encode(line)) {
            (Some(row), _) => out.extend_from_slice(row.bytes),
            (None, _) if line.contains(char::REPLACEMENT_CHARACTER) => {
                bail!("line {} holds bytes that are no text and can't be changed here", at + 1)
            }
            (None, Ok(bytes)) => out.extend_from_slice(&bytes),
            (None, Err(_)) => {
                bail!("line {} has a character that {} does not have", at + 1, charset.name())
            }
        }
        let is_last = at + 1 == lines.len();
        let like = kept.or(rows.get(at)).map(|row| row.end);
        let end = like.filter(|end| !end.is_empty()).unwrap_or(usual);
        let ends_open = rows.last().is_some_and(|row| row.end.is_empty());
        if !(is_last && ends_open) {
            out.extend_from_slice(end);
        }
    }
    fragile(rows, charset, &lines)?;
    Ok(out)
}

/// An error when a line was changed whose bytes do not come back from its text: others of its bytes than
/// those that somebody changed would change as well.
fn fragile(rows: &[Row<'_>], charset: Charset, lines: &[String]) -> Result<()> {
    let kept: HashSet<&str> = lines.iter().map(String::as_str).collect();
    for (at, row) in rows.iter().enumerate() {
        if charset.encode(&row.text).is_ok_and(|bytes| bytes[..] == *row.bytes) {
            continue;
        }
        // A line that is gone was taken out, and needs no bytes.
        if lines.get(at).is_some_and(|line| *line != row.text) && !kept.contains(row.text.as_str()) {
            bail!("line {} holds bytes that are not {} and can't be changed here", at + 1, charset.name());
        }
    }
    Ok(())
}

fn changes(old: &[u8], new: &[u8], charset: Charset) -> Vec<Altered> {
    let mut changes = Vec::new();
    let mut note = |path: String, before: &str, after: &str| {
        if changes.len() < CHANGES_MAX {
            changes.push(Altered { path, before: before.to_owned(), after: after.to_owned() });
        }
    };
    difference::fields(old, new, &mut note);
    if changes.is_empty() && old != new {
        let (old, new) = (rows(old, charset), rows(new, charset));
        for at in 0..old.len().max(new.len()) {
            let text = |rows: &[Row<'_>]| rows.get(at).map_or_else(String::new, |row| row.text.clone());
            let (before, after) = (text(&old), text(&new));
            if before != after && changes.len() < CHANGES_MAX {
                changes.push(Altered { path: format!("line {}", at + 1), before, after });
            }
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use klinke_console::house::decode;

    use super::*;

    const OLD: &[u8] =
        b"MSH|^~\\&|A|B|||2026||ADT^A01|1|P|2.5|||||DEU|8859/1\rPID|1||4711||M\xfcller^X\rPV1|1|I|3B^12\r";

    fn change(old: &[u8], from: &str, to: &str) -> Result<(Vec<u8>, Vec<String>)> {
        let text = altered(old, None, None)?.text.replace('\n', "\r\n");
        assert!(text.contains(from), "{text}");
        let done = altered(old, None, Some(&text.replace(from, to)))?;
        let told = done.changes.iter().map(|one| format!("{}: {} > {}", one.path, one.before, one.after));
        Ok((decode(&done.payload)?, told.collect()))
    }

    #[test]
    fn what_nobody_changed_stays_byte_for_byte() {
        let text = altered(OLD, None, None).unwrap();
        assert!(text.text.contains("Müller^X\nPV1") && !text.text.contains('\r'), "{}", text.text);
        assert_eq!(change(OLD, "4711", "4711").unwrap(), (OLD.to_vec(), vec![]));
        let open = &OLD[..OLD.len() - 1];
        assert_eq!(change(open, "4711", "4711").unwrap().0, open);
        let mixed = b"MSH|^~\\&|A|B|||2026||ADT^A01|1|P|2.5\r\nPID|1||4711\nPV1|1|I\r";
        let (bytes, told) = change(mixed, "4711", "4712").unwrap();
        assert_eq!(bytes, String::from_utf8_lossy(mixed).replace("4711", "4712").into_bytes());
        assert_eq!(told, ["PID-3: 4711 > 4712"]);
    }

    #[test]
    fn a_change_is_written_in_the_messages_own_set_and_told_by_field() {
        let (bytes, told) = change(OLD, "Müller^X", "Möller^X").unwrap();
        assert_eq!(
            bytes,
            OLD.iter().map(|byte| if *byte == 0xfc { 0xf6 } else { *byte }).collect::<Vec<_>>()
        );
        assert_eq!(told, ["PID-5.1: Müller > Möller"]);
        let (_, told) = change(OLD, "PV1|1|I|3B^12", "PV1|1|I|3B^12\nZBE|7").unwrap();
        assert_eq!(told, ["segments: MSH PID PV1 > MSH PID PV1 ZBE"]);
        assert_eq!(change(b"one\ntwo\n", "two", "three").unwrap().1, ["line 2: two > three"]);
    }

    #[test]
    fn what_can_not_be_written_is_refused_by_its_line() {
        let refused = |old: &[u8], from: &str, to: &str| change(old, from, to).unwrap_err().to_string();
        assert_eq!(refused(OLD, "4711", "4711→"), "line 2 has a character that 8859/1 does not have");
        let odd =
            b"MSH|^~\\&|A|B|||2026||ADT^A01|1|P|2.5|||||DEU|UNICODE UTF-8\rPID|1||47\xfc\xc3\xbc\rPV1|1|I\r";
        assert!(refused(odd, "47", "48").starts_with("line 2 holds bytes that are not"));
        let (bytes, _) = change(odd, "PV1|1|I", "PV1|1|O").unwrap();
        assert!(bytes.windows(3).any(|part| part == b"\xfc\xc3\xbc"), "an odd line beside it stays");
        assert!(altered(b"\x00\x01\xff", None, None).is_err());
    }
}
