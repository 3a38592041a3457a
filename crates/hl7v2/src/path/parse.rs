//! Reads paths. The grammar:
//!
//! ```text
//! path      = { group [ "[" nth "]" ] "/" } segment [ "[" nth | condition "]" ] [ "-" field ]
//! field     = number [ "[" nth | condition "]" ] [ "." number [ "." number ] ]
//! nth       = number | "*"
//! condition = number [ "." number ] "=" ( text without "]" | quoted text )
//! ```

use super::{Condition, FieldStep, GroupStep, Nth, Occurrence, Path, Repetition};

/// Why a text is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("path, character {}: {reason}", .offset + 1)]
pub struct Error {
    /// Offset of the fault in the text, in bytes.
    pub offset: usize,
    /// What is wrong there.
    pub reason: &'static str,
}

/// Numbers above this are refused: no standard and no machine has such fields.
const NUMBER_MAX: usize = 1_000_000;
/// Structures nest four deep at most.
const GROUPS_MAX: usize = 16;

pub(super) fn path(text: &str) -> Result<Path, Error> {
    let mut parser = Parser { text, at: 0 };
    let mut groups = Vec::new();
    loop {
        let start = parser.at;
        let name = parser.name()?;
        let selector = parser.selector()?;
        if parser.eat(b'/') {
            if groups.len() == GROUPS_MAX {
                return Err(Error { offset: start, reason: "too many groups" });
            }
            groups.push(group(name, selector, start)?);
            continue;
        }
        let segment = segment_name(name, start)?;
        let occurrence = match selector {
            None => Occurrence::Nth(Nth::Number(1)),
            Some(Selector::Nth(nth)) => Occurrence::Nth(nth),
            Some(Selector::Where(condition)) => Occurrence::Where(condition),
        };
        let field = if parser.eat(b'-') { Some(parser.field()?) } else { None };
        parser.end()?;
        return Ok(Path { groups: groups.into(), segment, occurrence, field });
    }
}

fn group(name: &str, selector: Option<Selector>, offset: usize) -> Result<GroupStep, Error> {
    let occurrence = match selector {
        None => Nth::Number(1),
        Some(Selector::Nth(nth)) => nth,
        Some(Selector::Where(_)) => {
            return Err(Error { offset, reason: "a group is chosen by number or *, not by a value" });
        }
    };
    Ok(GroupStep { name: name.into(), occurrence })
}

fn segment_name(name: &str, offset: usize) -> Result<[u8; 3], Error> {
    let bytes: [u8; 3] = name
        .as_bytes()
        .try_into()
        .map_err(|_| Error { offset, reason: "a segment name has three characters" })?;
    let sound =
        bytes[0].is_ascii_uppercase() && bytes.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if sound { Ok(bytes) } else { Err(Error { offset, reason: "a segment name is letters A-Z and digits" }) }
}

enum Selector {
    Nth(Nth),
    Where(Condition),
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn error<T>(&self, reason: &'static str) -> Result<T, Error> {
        Err(Error { offset: self.at, reason })
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.rest().as_bytes().first() == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn end(&self) -> Result<(), Error> {
        if self.rest().is_empty() { Ok(()) } else { self.error("not expected here") }
    }

    fn name(&mut self) -> Result<&'a str, Error> {
        let rest = self.rest();
        let length =
            rest.bytes().position(|b| !(b.is_ascii_alphanumeric() || b == b'_')).unwrap_or(rest.len());
        if length == 0 {
            return self.error("a segment or group name is missing");
        }
        self.at += length;
        Ok(&rest[..length])
    }

    fn number(&mut self) -> Result<usize, Error> {
        let rest = self.rest();
        let length = rest.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
        match rest[..length].parse::<usize>() {
            Ok(number) if (1..=NUMBER_MAX).contains(&number) => {
                self.at += length;
                Ok(number)
            }
            _ => self.error("a number from 1 is expected"),
        }
    }

    fn selector(&mut self) -> Result<Option<Selector>, Error> {
        if !self.eat(b'[') {
            return Ok(None);
        }
        let selector = if self.eat(b'*') {
            Selector::Nth(Nth::All)
        } else {
            let major = self.number()?;
            let minor = if self.eat(b'.') { Some(self.number()?) } else { None };
            if self.eat(b'=') {
                Selector::Where(Condition { major, minor, value: self.value()?.into() })
            } else if minor.is_none() {
                Selector::Nth(Nth::Number(major))
            } else {
                return self.error("`=` is expected");
            }
        };
        if self.eat(b']') { Ok(Some(selector)) } else { self.error("`]` is expected") }
    }

    fn value(&mut self) -> Result<String, Error> {
        if self.eat(b'"') {
            return self.quoted();
        }
        let Some(length) = self.rest().find(']') else { return self.error("`]` is missing") };
        let value = &self.rest()[..length];
        if value.is_empty() {
            return self.error("a value is missing; the empty one is written \"\"");
        }
        self.at += length;
        Ok(value.to_owned())
    }

    fn quoted(&mut self) -> Result<String, Error> {
        let mut value = String::new();
        let mut characters = self.rest().char_indices();
        while let Some((i, character)) = characters.next() {
            match character {
                '"' => {
                    self.at += i + 1;
                    return Ok(value);
                }
                '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
                other => value.push(other),
            }
        }
        self.error("the closing quote is missing")
    }

    fn field(&mut self) -> Result<FieldStep, Error> {
        let number = self.number()?;
        let repetition = match self.selector()? {
            None => Repetition::Unsaid,
            Some(Selector::Nth(nth)) => Repetition::Nth(nth),
            Some(Selector::Where(condition)) => Repetition::Where(condition),
        };
        let component = if self.eat(b'.') { Some(self.number()?) } else { None };
        let subcomponent = if component.is_some() && self.eat(b'.') { Some(self.number()?) } else { None };
        Ok(FieldStep { number, repetition, component, subcomponent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_print_as_they_were_written() {
        for text in [
            "PV1",
            "OBX[2]",
            "OBX[*]-5",
            "PID-5",
            "PID-5.1",
            "PID-5.1.2",
            "PID-3[2].1",
            "PID-3[1].1",
            "PID-3[*].1",
            "PID-3[5=PI].1",
            "PID-3[4.2=1.2.276].1",
            "OBX[3.1=\"a ]b\\\"\"]-5",
            "ORDER_OBSERVATION[2]/OBX-5",
            "PATIENT_RESULT/ORDER_OBSERVATION[*]/OBX[*]-5[*].1",
            "ZBE-3",
        ] {
            assert_eq!(path(text).map(|p| p.to_string()).as_deref(), Ok(text));
        }
        assert_eq!(path("OBX[1]-5").map(|p| p.to_string()).as_deref(), Ok("OBX-5"));
    }

    #[test]
    fn faults_name_their_place() {
        for (text, offset) in [
            ("", 0),
            ("PIDX-5", 0),
            ("pid-5", 0),
            ("PID-", 4),
            ("PID-0", 4),
            ("PID-5.", 6),
            ("PID-5.1.2.3", 9),
            ("PID-3[5=PI", 8),
            ("PID-3[5=].1", 8),
            ("PID-3[5=\"PI].1", 9),
            ("PID-3[2.1].1", 9),
            ("ORDER[1=2]/OBX-5", 0),
            ("PID-99999999999999999999", 4),
            ("PID 5", 3),
            ("PÄD-5", 0),
        ] {
            assert_eq!(path(text).map_err(|e| e.offset), Err(offset), "{text}");
        }
    }
}
