//! What parsing saw on its way: line ends, the header's shape, the character set's soundness.

use super::{Deviation, Kind, kind};
use crate::index::Note;
use crate::message::Message;
use crate::place::Place;

impl Message {
    /// What parsing and editing noted. Cheap: nothing is looked at again but the header.
    pub fn deviations(&self) -> Vec<Deviation> {
        let mut found = Vec::new();
        self.line_deviations(&mut found);
        self.header_deviations(&mut found);
        if !self.can_be_edited() {
            found.push(Deviation::new(&kind::CHARSET_INVALID, Place::message()));
        }
        found.extend(self.edit_notes().iter().cloned());
        found
    }

    fn line_deviations(&self, found: &mut Vec<Deviation>) {
        let lines = self.index().lines();
        let mut note = |kind: &Kind, note: &Note| {
            if note.count > 0 {
                found.push(Deviation::new(kind, Place::byte(note.first as usize)).times(note.count));
            }
        };
        note(&kind::LINE_ENDS_LF, &lines.lf);
        note(&kind::LINE_ENDS_CRLF, &lines.crlf);
        note(&kind::BLANK_LINES, &lines.blank);
        note(&kind::SPACES_BEFORE_SEGMENT, &lines.indented);
        note(&kind::CONTROL_BETWEEN, &lines.control);
        note(&kind::LINE_BREAK_IN_FIELD, &lines.continued);
        note(&kind::SEGMENT_NAME_CASE, &lines.lower_case);
        let ways = [lines.cr, lines.lf, lines.crlf];
        if ways.iter().filter(|way| way.count > 0).count() > 1 {
            let first = ways.iter().filter(|way| way.count > 0).map(|way| way.first).max().unwrap_or(0);
            found.push(Deviation::new(&kind::LINE_ENDS_MIXED, Place::byte(first as usize)));
        }
        if lines.unterminated {
            let last = Place::byte(self.original().len());
            found.push(Deviation::new(&kind::LAST_SEGMENT_OPEN, last));
        }
    }

    fn header_deviations(&self, found: &mut Vec<Deviation>) {
        let header = self.index().header();
        let raw = self.indexed_bytes();
        let before = &raw[..header.start];
        let bom = before.starts_with(b"\xEF\xBB\xBF");
        if bom {
            found.push(Deviation::new(&kind::BYTE_ORDER_MARK, Place::byte(0)));
        }
        let junk = header.start - if bom { 3 } else { 0 };
        if junk > 0 {
            let text = format!("{junk} bytes");
            found.push(Deviation::with(&kind::JUNK_BEFORE_HEADER, Place::byte(0), text));
        }
        let Some(segment) = self.segment(0) else { return };
        let name = segment.name_bytes();
        let place = Place::segment(name, 1).at(header.start);
        if header.name_length != 3 || raw[header.start..header.start + 3] != name {
            found.push(Deviation::new(&kind::HEADER_NAME_DAMAGED, place));
        }
        let characters = segment.field(2).map(|f| f.raw()).unwrap_or_default();
        let place = place.field(2);
        match characters.len() {
            0 => found.push(Deviation::new(&kind::ENCODING_CHARACTERS_MISSING, place)),
            _ if !characters.starts_with(&[self.delimiters().component])
                || !self.delimiters_are(characters) =>
            {
                found.push(Deviation::new(&kind::ENCODING_CHARACTERS_ODD, place));
            }
            1..=3 => found.push(Deviation::new(&kind::ENCODING_CHARACTERS_SHORT, place)),
            _ => {}
        }
        if &name == b"MSH" && segment.field_count() < 12 {
            let detail = format!("{} of 12", segment.field_count());
            found.push(Deviation::with(
                &kind::HEADER_SHORT,
                Place::segment(name, 1).at(header.start),
                detail,
            ));
        }
    }

    /// Whether MSH-2 is what the delimiters in use would write, or its known short form.
    fn delimiters_are(&self, characters: &[u8]) -> bool {
        self.delimiters().encoding_characters() == characters
            || matches!(characters, [_, _, b'&'] if self.delimiters().subcomponent == Some(b'&'))
    }
}
