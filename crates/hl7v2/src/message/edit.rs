//! Writing with paths. Every edit says how many places it wrote to, so that nothing is lost unseen.
//!
//! | path | where it writes |
//! |---|---|
//! | segment not there | one is made: behind the last of its name, else at the end (in a group: at the group's end) |
//! | `OBX[5]-3`, there are four OBX | a fifth is made; with fewer than four the edit is refused |
//! | `OBX[3.1=GLU]-5`, none matches | one is made with OBX-3.1 = `GLU` |
//! | `PID-3[5=PI].1`, none matches | a repetition is appended with component 5 = `PI` |
//! | field, repetition, component not there | empty ones are put before it |
//! | `[*]` | all that exist, none is made |

use super::overlay::OwnSlot;
use super::part::marks_of;
use super::read::repetition_holds;
use super::view::is_header;
use super::{Message, Part, Unencodable};
use crate::deviation::{Deviation, kind};
use crate::path::{Condition, FieldStep, Nth, Occurrence, Path, Repetition};
use crate::place::Place;
use crate::{Error, escape, index};

/// Highest field and component number that an edit makes.
const NUMBER_MAX: usize = 1_000;
/// Highest repetition number that an edit makes.
const REPETITION_MAX: usize = 10_000;

impl Message {
    /// Write a text, escaped and in the message's character set. Gives the number of places written.
    /// The text `""` is null, as everywhere in HL7.
    pub fn set(&mut self, path: &Path, text: &str) -> Result<usize, Error> {
        let bytes = self.encode(&place_of_path(path), text)?;
        self.write(path, &bytes, Mode::Create)
    }

    /// Write a text only where the segment is there; makes fields but no segments.
    pub fn set_existing(&mut self, path: &Path, text: &str) -> Result<usize, Error> {
        let bytes = self.encode(&place_of_path(path), text)?;
        self.write(path, &bytes, Mode::Grow)
    }

    /// Write bytes as they are, delimiters of lower levels included. Refused when they would end the
    /// place they are written to.
    pub fn set_raw(&mut self, path: &Path, bytes: &[u8]) -> Result<usize, Error> {
        self.check_raw(path, bytes)?;
        self.write(path, bytes, Mode::Create)
    }

    /// Write null (`""`): the receiver shall delete what it has.
    pub fn set_null(&mut self, path: &Path) -> Result<usize, Error> {
        self.write(path, b"\"\"", Mode::Create)
    }

    /// Make empty what is there; nothing is made.
    pub fn clear(&mut self, path: &Path) -> Result<usize, Error> {
        self.write(path, b"", Mode::Present)
    }

    /// Append a repetition with a text to a field; gives its number. An empty field gets its first.
    pub fn append_repetition(&mut self, path: &Path, text: &str) -> Result<usize, Error> {
        let bytes = self.encode(&place_of_path(path), text)?;
        self.append(path, &bytes)
    }

    /// Append a repetition as it is (`4711^^^KIS^PI`); gives its number.
    pub fn append_repetition_raw(&mut self, path: &Path, bytes: &[u8]) -> Result<usize, Error> {
        let mut one = path.clone();
        if let Some(step) = &mut one.field {
            step.repetition = Repetition::Nth(Nth::Number(1));
        }
        self.check_raw(&one, bytes)?;
        self.append(path, bytes)
    }

    /// Delete the repetitions that the path stands for (`PID-3[2]`, `PID-3[5=PI]`, `PID-3[*]`).
    pub fn delete_repetition(&mut self, path: &Path) -> Result<usize, Error> {
        let step = self.editable(path)?;
        if step.component.is_some() || step.repetition == Repetition::Unsaid {
            let reason = "which repetition is to be deleted is not said";
            return Err(Error::NotEditable { place: place_of_path(path), reason });
        }
        let mut deleted = 0;
        for position in self.positions(path) {
            let Some(field) = self.segment(position).and_then(|s| s.field(step.number)) else { continue };
            let mut kept: Vec<&[u8]> = Vec::new();
            let mut found = 0;
            for (i, repetition) in field.repetitions().enumerate() {
                let meant = match &step.repetition {
                    Repetition::Unsaid => false,
                    Repetition::Nth(Nth::All) => true,
                    Repetition::Nth(Nth::Number(number)) => i + 1 == *number,
                    Repetition::Where(condition) => found == 0 && repetition_holds(&repetition, condition),
                };
                if meant { found += 1 } else { kept.push(repetition.bytes) }
            }
            if found > 0 {
                let separator = self.delimiters().repetition.unwrap_or(b'~');
                let rebuilt = kept.join(&separator);
                self.put(position, step.number, rebuilt)?;
                deleted += found;
            }
        }
        Ok(deleted)
    }

    /// Text as bytes of this message.
    pub(super) fn encode(&mut self, place: &Place, text: &str) -> Result<Vec<u8>, Error> {
        let escaped = escape::escape(text, self.delimiters())
            .map_err(|_| Error::Unescapable { place: *place })?
            .into_owned();
        let charset = self.charset().charset;
        let bytes = match (charset.encode(&escaped), self.options.unencodable) {
            (Ok(bytes), _) => bytes.into_owned(),
            (Err(character), Unencodable::Refuse) => {
                return Err(Error::Unencodable { place: *place, character, charset: charset.name() });
            }
            (Err(_), Unencodable::QuestionMark) => {
                let (bytes, lost) = charset.encode_with_question_marks(&escaped);
                let detail = format!("{lost} in {charset}");
                self.notes.push(Deviation::with(&kind::CHARACTERS_LOST, *place, detail));
                bytes
            }
        };
        match &self.wire {
            // The index lies over UTF-8; the bytes are turned when they leave.
            Some(wire) => Ok(wire.charset.decode(&bytes).into_owned().into_bytes()),
            None => Ok(bytes),
        }
    }

    /// The field step of a path, if the path can be written to at all.
    fn editable<'p>(&self, path: &'p Path) -> Result<&'p FieldStep, Error> {
        let place = place_of_path(path);
        self.check_faithful()?;
        let Some(step) = &path.field else {
            return Err(Error::NotEditable { place, reason: "a field is needed, the path names a segment" });
        };
        if is_header(path.segment) && step.number <= 2 {
            return Err(Error::DelimitersGuarded { place });
        }
        let numbers = [Some(step.number), step.component, step.subcomponent];
        if numbers.into_iter().flatten().any(|number| number > NUMBER_MAX) {
            return Err(Error::OverLimit { place, limit: NUMBER_MAX });
        }
        if matches!(step.repetition, Repetition::Nth(Nth::Number(n)) if n > REPETITION_MAX) {
            return Err(Error::OverLimit { place, limit: REPETITION_MAX });
        }
        Ok(step)
    }

    /// A message whose bytes can't be turned into text and back can only be read.
    pub(super) fn check_faithful(&self) -> Result<(), Error> {
        match &self.wire {
            Some(wire) if !wire.faithful => Err(Error::NotEditable {
                place: Place::message(),
                reason: "the bytes are not valid in the message's character set, an edit would change others",
            }),
            _ => Ok(()),
        }
    }

    fn write(&mut self, path: &Path, value: &[u8], mode: Mode) -> Result<usize, Error> {
        let step = self.editable(path)?;
        let mut positions = self.positions(path);
        let all = path.occurrence == Occurrence::Nth(Nth::All);
        if positions.is_empty() && mode == Mode::Create && !all {
            positions.push(self.make_segment(path)?);
        }
        let mut written = 0;
        for position in positions {
            written += self.write_in(position, path, step, value, mode)?;
        }
        Ok(written)
    }

    fn write_in(
        &mut self,
        position: usize,
        path: &Path,
        step: &FieldStep,
        value: &[u8],
        mode: Mode,
    ) -> Result<usize, Error> {
        let prefill = match &step.repetition {
            Repetition::Where(condition) => self.prefilled(path, condition)?,
            _ => Vec::new(),
        };
        let Some(field) = self.segment(position).map(|s| s.field(step.number)) else { return Ok(0) };
        if field.is_none() && mode == Mode::Present {
            return Ok(0);
        }
        let field = field.unwrap_or_else(|| self.fragment(b"", &[]));
        let writer = Writer { step, value, mode, message: self };
        let Some((rebuilt, count)) = writer.field(&field, &prefill) else {
            return Err(Error::NoDelimiter { place: place_of_path(path) });
        };
        if rebuilt != field.bytes {
            self.put(position, step.number, rebuilt)?;
        }
        Ok(count)
    }

    /// A repetition that meets the condition.
    fn prefilled(&mut self, path: &Path, condition: &Condition) -> Result<Vec<u8>, Error> {
        let place = place_of_path(path);
        if condition.major > NUMBER_MAX || condition.minor.is_some_and(|minor| minor > NUMBER_MAX) {
            return Err(Error::OverLimit { place, limit: NUMBER_MAX });
        }
        let value = self.encode(&place, &condition.value)?;
        let empty = self.fragment(b"", &[]);
        let inner = match condition.minor {
            None => Some(value),
            Some(minor) => replaced(&empty, self.delimiters().subcomponent, minor, &value),
        };
        inner
            .and_then(|inner| replaced(&empty, Some(self.delimiters().component), condition.major, &inner))
            .ok_or(Error::NoDelimiter { place })
    }

    fn append(&mut self, path: &Path, value: &[u8]) -> Result<usize, Error> {
        let step = self.editable(path)?;
        let place = place_of_path(path);
        let position = match self.position(path) {
            Some(position) => position,
            None => self.make_segment(path)?,
        };
        let field = self.segment(position).and_then(|s| s.field(step.number)).map_or(&[][..], |f| f.bytes);
        if field.is_empty() {
            self.put(position, step.number, value.to_vec())?;
            return Ok(1);
        }
        let separator = self.delimiters().repetition.ok_or(Error::NoDelimiter { place })?;
        let number = 1 + memchr::memchr_iter(separator, field).count() + 1;
        let rebuilt = [field, &[separator], value].concat();
        self.put(position, step.number, rebuilt)?;
        Ok(number)
    }

    /// Make the segment that a path asks for and that is not there.
    fn make_segment(&mut self, path: &Path) -> Result<usize, Error> {
        let place = place_of_path(path);
        let ranges = self.ranges(path);
        let Some(range) = ranges.first().cloned() else {
            return Err(Error::NotEditable { place, reason: "the group is not there" });
        };
        let mut every = path.clone();
        every.occurrence = Occurrence::Nth(Nth::All);
        let same: Vec<usize> = self.positions(&every).into_iter().filter(|p| range.contains(p)).collect();
        if matches!(path.occurrence, Occurrence::Nth(Nth::Number(n)) if n != same.len() + 1) {
            let reason = "the segments of this name before it are not there either";
            return Err(Error::NotEditable { place, reason });
        }
        let position = same.last().map_or(range.end, |last| last + 1);
        self.insert_named(position, path.segment)?;
        if let Occurrence::Where(condition) = &path.occurrence {
            let value = self.encode(&place, &condition.value)?;
            let step = FieldStep {
                number: condition.major,
                repetition: Repetition::Unsaid,
                component: condition.minor,
                subcomponent: None,
            };
            let field = Path { field: Some(step.clone()), ..path.clone() };
            self.editable(&field)?;
            self.write_in(position, &field, &step, &value, Mode::Create)?;
        }
        Ok(position)
    }

    /// Put the bytes of a whole field. Refused where the separator that has to be put behind the last
    /// field would turn the end of its text into a segment.
    pub(super) fn put(&mut self, position: usize, field: usize, bytes: Vec<u8>) -> Result<(), Error> {
        let delimiters = *self.index.delimiters();
        let last = self.segment(position).map(|s| (s.field_count(), s.raw()));
        if let Some((count, bytes)) = last
            && count < field
            && index::ends_like_segment(&bytes, delimiters.field)
        {
            let place = self.place_of(position).field(count);
            let reason = "the field ends in a line that a separator behind it would turn into a segment";
            return Err(Error::NotEditable { place, reason });
        }
        let segments = self.segment_count();
        let overlay = self.overlay.get_or_insert_with(|| super::Overlay::new(segments));
        let Some(own) = overlay.own(position, &self.index) else { return Ok(()) };
        let slot = if is_header(own.name) { field - 1 } else { field };
        while own.slots.len() <= slot {
            own.slots.push(OwnSlot::new(Vec::new(), &delimiters));
        }
        own.slots[slot] = OwnSlot::new(bytes, &delimiters);
        Ok(())
    }

    fn check_raw(&self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        let place = place_of_path(path);
        let d = self.delimiters();
        let (repetition, component, subcomponent) = match &path.field {
            None => (false, false, false),
            Some(step) => (
                step.component.is_some() || step.repetition != Repetition::Unsaid,
                step.component.is_some(),
                step.subcomponent.is_some(),
            ),
        };
        let breaks = |byte: u8| {
            byte == d.field
                || repetition && Some(byte) == d.repetition
                || component && byte == d.component
                || subcomponent && Some(byte) == d.subcomponent
        };
        if let Some(offset) = index::segment_break(bytes, d.field) {
            return Err(Error::RawBreaksOut { place, offset });
        }
        if let Some(offset) = bytes.iter().position(|b| breaks(*b)) {
            return Err(Error::RawBreaksOut { place, offset });
        }
        match &self.wire {
            Some(wire) => {
                let text = std::str::from_utf8(bytes)
                    .map_err(|e| Error::RawBreaksOut { place, offset: e.valid_up_to() })?;
                let charset = wire.charset.name();
                wire.charset.encode(text).map(|_| ()).map_err(|character| Error::Unencodable {
                    place,
                    character,
                    charset,
                })
            }
            None => Ok(()),
        }
    }

    pub(super) fn fragment<'a>(&'a self, bytes: &'a [u8], marks: &'a [u32]) -> Part<'a> {
        Part { message: self, bytes, marks, base: 0 }
    }
}

/// What an edit may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Segments, fields, repetitions, components.
    Create,
    /// All but segments.
    Grow,
    /// Nothing.
    Present,
}

/// Builds the new bytes of a field. `None` means that a delimiter is needed which the message does
/// not have.
struct Writer<'a> {
    step: &'a FieldStep,
    value: &'a [u8],
    mode: Mode,
    message: &'a Message,
}

impl Writer<'_> {
    fn field(&self, field: &Part<'_>, prefill: &[u8]) -> Option<(Vec<u8>, usize)> {
        let separator = self.message.delimiters().repetition;
        let number = match &self.step.repetition {
            Repetition::Unsaid if self.step.component.is_none() => return Some((self.value.to_vec(), 1)),
            Repetition::Unsaid => 1,
            Repetition::Nth(Nth::Number(number)) => *number,
            Repetition::Nth(Nth::All) => return self.every(field),
            Repetition::Where(condition) => {
                match field.repetitions().position(|r| repetition_holds(&r, condition)) {
                    Some(index) => index + 1,
                    None if self.mode == Mode::Present => return Some((field.bytes.to_vec(), 0)),
                    None => return self.appended(field, prefill),
                }
            }
        };
        let old = field.nth(separator, number);
        if self.mode == Mode::Present && !old.is_some_and(|old| self.is_there(&old)) {
            return Some((field.bytes.to_vec(), 0));
        }
        let old = old.unwrap_or_else(|| self.message.fragment(b"", &[]));
        Some((replaced(field, separator, number, &self.repetition(&old)?)?, 1))
    }

    fn every(&self, field: &Part<'_>) -> Option<(Vec<u8>, usize)> {
        if field.bytes.is_empty() {
            return Some((Vec::new(), 0));
        }
        let mut out = Vec::new();
        let mut count = 0;
        for (i, repetition) in field.repetitions().enumerate() {
            if i > 0 {
                out.extend(self.message.delimiters().repetition);
            }
            if self.mode == Mode::Present && !self.is_there(&repetition) {
                out.extend_from_slice(repetition.bytes);
                continue;
            }
            out.extend(self.repetition(&repetition)?);
            count += 1;
        }
        Some((out, count))
    }

    fn appended(&self, field: &Part<'_>, prefill: &[u8]) -> Option<(Vec<u8>, usize)> {
        let marks = marks_of(prefill, self.message.delimiters());
        let new = self.repetition(&self.message.fragment(prefill, &marks))?;
        if field.bytes.is_empty() {
            return Some((new, 1));
        }
        let separator = [self.message.delimiters().repetition?];
        Some(([field.bytes, &separator, &new].concat(), 1))
    }

    fn repetition(&self, old: &Part<'_>) -> Option<Vec<u8>> {
        let d = self.message.delimiters();
        let Some(component) = self.step.component else { return Some(self.value.to_vec()) };
        let inner = match self.step.subcomponent {
            None => self.value.to_vec(),
            Some(subcomponent) => {
                let old = old.component(component).unwrap_or_else(|| self.message.fragment(b"", &[]));
                replaced(&old, d.subcomponent, subcomponent, self.value)?
            }
        };
        replaced(old, Some(d.component), component, &inner)
    }

    fn is_there(&self, repetition: &Part<'_>) -> bool {
        let Some(component) = self.step.component else { return true };
        let component = repetition.component(component);
        match self.step.subcomponent {
            None => component.is_some(),
            Some(number) => component.is_some_and(|c| c.subcomponent(number).is_some()),
        }
    }
}

/// `part` with piece `number` (from 1) between delimiters replaced, empty pieces put before it when
/// it is not there.
fn replaced(part: &Part<'_>, delimiter: Option<u8>, number: usize, new: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(part.bytes.len() + new.len() + 8);
    if let Some(old) = part.nth(delimiter, number) {
        let start = (old.base - part.base) as usize;
        out.extend_from_slice(&part.bytes[..start]);
        out.extend_from_slice(new);
        out.extend_from_slice(&part.bytes[start + old.bytes.len()..]);
        return Some(out);
    }
    let delimiter = delimiter?;
    let count = 1 + part.marks.iter().filter(|m| part.bytes[(**m - part.base) as usize] == delimiter).count();
    out.extend_from_slice(part.bytes);
    out.extend(std::iter::repeat_n(delimiter, number - count));
    out.extend_from_slice(new);
    Some(out)
}

/// The place that a path names, for error texts.
pub(super) fn place_of_path(path: &Path) -> Place {
    let occurrence = match path.occurrence {
        Occurrence::Nth(Nth::Number(number)) => number,
        _ => 1,
    };
    let place = Place::segment(path.segment, occurrence);
    let Some(step) = &path.field else { return place };
    let repetition = match step.repetition {
        Repetition::Nth(Nth::Number(number)) => number,
        _ => 0,
    };
    place
        .field(step.number)
        .repetition(repetition)
        .component(step.component.unwrap_or(0))
        .subcomponent(step.subcomponent.unwrap_or(0))
}
