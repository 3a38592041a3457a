//! Reads command sets (PS3.7, section 6.3.1), and what devices send instead: wrong or missing group lengths, other
//! orders, explicit VRs, elements that nobody knows.

use bytes::Bytes;
use dicom_core::Tag;

use super::{Command, Error, Kind, Priority, Status};
use crate::association::deviation::{self, Deviation};

/// Most elements of one command set.
const ELEMENTS_MAX: usize = 1_024;

/// Reads a command set. What was tolerated is added to the deviations.
pub fn decode_command(bytes: &[u8], deviations: &mut Vec<Deviation>) -> Result<Command, Error> {
    let mut draft = Draft::default();
    let mut reader = Reader { bytes, at: 0, deviations };
    let (mut before, mut count) = (None, 0);
    while let Some(element) = reader.next_element()? {
        count += 1;
        if count > ELEMENTS_MAX {
            return Err(Error::TooManyElements { limit: ELEMENTS_MAX });
        }
        match before {
            Some(tag) if element.tag == tag => reader.note(deviation::Kind::ElementRepeated, element.offset),
            Some(tag) if element.tag < tag => reader.note(deviation::Kind::ElementOrder, element.offset),
            _ => {}
        }
        if count == 1 && element.tag != Tag(0, 0) {
            reader.note(deviation::Kind::GroupLengthMissing, 0);
        }
        before = Some(element.tag);
        draft.take(&element, &mut reader);
    }
    draft.finish(deviations)
}

struct Element<'a> {
    tag: Tag,
    offset: usize,
    value: &'a [u8],
}

struct Reader<'a, 'd> {
    bytes: &'a [u8],
    at: usize,
    deviations: &'d mut Vec<Deviation>,
}

impl<'a> Reader<'a, '_> {
    fn note(&mut self, kind: deviation::Kind, offset: usize) {
        self.deviations.push(Deviation::new(kind, offset));
    }

    fn next_element(&mut self) -> Result<Option<Element<'a>>, Error> {
        let offset = self.at;
        let rest = &self.bytes[offset..];
        if rest.is_empty() {
            return Ok(None);
        }
        let Some(head) = rest.first_chunk::<8>() else {
            if rest.iter().all(|byte| *byte == 0) {
                // An odd command set that was padded.
                self.note(deviation::Kind::TrailingBytes, offset);
                return Ok(None);
            }
            return Err(Error::Short { offset });
        };
        let tag = Tag(u16::from_le_bytes([head[0], head[1]]), u16::from_le_bytes([head[2], head[3]]));
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let remaining = rest.len() - 8;
        let length = match usize::try_from(length) {
            Ok(length) if length <= remaining => length,
            _ => self.explicit_length(tag, offset, *head, length, remaining)?,
        };
        self.at = offset + 8 + length;
        if tag.group() != 0 {
            self.note(deviation::Kind::ElementForeign, offset);
        }
        Ok(Some(Element { tag, offset, value: &rest[8..8 + length] }))
    }

    /// Two letters of a VR and a length of two bytes, read as one length, are more than any command set has.
    fn explicit_length(
        &mut self,
        tag: Tag,
        offset: usize,
        head: [u8; 8],
        length: u32,
        remaining: usize,
    ) -> Result<usize, Error> {
        let explicit = usize::from(u16::from_le_bytes([head[6], head[7]]));
        if matches!(&head[4..6], b"UL" | b"UI" | b"US" | b"AE" | b"AT" | b"LO" | b"CS")
            && explicit <= remaining
        {
            self.note(deviation::Kind::ElementExplicit, offset);
            return Ok(explicit);
        }
        Err(Error::ElementTooLong { element: tag.element(), offset, length, remaining })
    }
}

/// What is found so far.
#[derive(Default)]
struct Draft {
    field: Option<u16>,
    message_id: Option<u16>,
    responded_id: Option<u16>,
    data_set_type: Option<u16>,
    rest: Option<Command>,
}

impl Draft {
    fn take(&mut self, element: &Element<'_>, reader: &mut Reader<'_, '_>) {
        // The kind is set in the end, when it is known.
        let command = self.rest.get_or_insert_with(|| Command::new(Kind::CEchoRequest, 0));
        let sub_operations = &mut command.sub_operations;
        match (element.tag.group(), element.tag.element()) {
            (0, 0x0000) => check_group_length(element, reader),
            (0, 0x0002) => keep(&mut command.affected_sop_class, text(element)),
            (0, 0x0003) => keep(&mut command.requested_sop_class, text(element)),
            (0, 0x0100) => keep(&mut self.field, short(element, reader)),
            (0, 0x0110) => keep(&mut self.message_id, short(element, reader)),
            (0, 0x0120) => keep(&mut self.responded_id, short(element, reader)),
            (0, 0x0600) => keep(&mut command.move_destination, text(element)),
            (0, 0x0700) => keep(&mut command.priority, short(element, reader).map(Priority::of_code)),
            (0, 0x0800) => keep(&mut self.data_set_type, short(element, reader)),
            (0, 0x0900) => keep(&mut command.status, short(element, reader).map(Status::new)),
            (0, 0x0901) => tags(element, reader, &mut command.offending_elements),
            (0, 0x0902) => keep(&mut command.error_comment, text(element)),
            (0, 0x0903) => keep(&mut command.error_id, short(element, reader)),
            (0, 0x1000) => keep(&mut command.affected_sop_instance, text(element)),
            (0, 0x1001) => keep(&mut command.requested_sop_instance, text(element)),
            (0, 0x1002) => keep(&mut command.event_type_id, short(element, reader)),
            (0, 0x1005) => tags(element, reader, &mut command.attribute_identifiers),
            (0, 0x1008) => keep(&mut command.action_type_id, short(element, reader)),
            (0, 0x1020) => keep(&mut sub_operations.remaining, short(element, reader)),
            (0, 0x1021) => keep(&mut sub_operations.completed, short(element, reader)),
            (0, 0x1022) => keep(&mut sub_operations.failed, short(element, reader)),
            (0, 0x1023) => keep(&mut sub_operations.warning, short(element, reader)),
            (0, 0x1030) => keep(&mut command.move_originator_ae_title, text(element)),
            (0, 0x1031) => keep(&mut command.move_originator_message_id, short(element, reader)),
            _ => command.other.push((element.tag, Bytes::copy_from_slice(element.value))),
        }
    }

    fn finish(self, deviations: &mut Vec<Deviation>) -> Result<Command, Error> {
        let code = self.field.ok_or(Error::NoCommandField)?;
        let kind = Kind::of_code(code).ok_or(Error::UnknownCommand { code })?;
        let mut command = self.rest.unwrap_or_else(|| Command::new(kind, 0));
        command.kind = kind;
        let (wanted, instead) = match kind.is_request() {
            true => (self.message_id, self.responded_id),
            false => (self.responded_id, self.message_id),
        };
        if wanted.is_none() {
            deviations.push(deviation::Kind::MessageIdMissing.into());
        }
        command.message_id = wanted.or(instead).unwrap_or(0);
        command.has_data = match self.data_set_type {
            Some(code) => code != 0x0101,
            None => {
                deviations.push(deviation::Kind::DataSetTypeMissing.into());
                kind.has_data_always()
            }
        };
        if kind.is_response() && command.status.is_none() {
            deviations.push(deviation::Kind::StatusMissing.into());
        }
        Ok(command)
    }
}

/// The first of several counts.
fn keep<T>(place: &mut Option<T>, value: Option<T>) {
    if place.is_none() {
        *place = value;
    }
}

fn check_group_length(element: &Element<'_>, reader: &mut Reader<'_, '_>) {
    let behind = reader.bytes.len() - reader.at;
    let said = element.value.first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes) as usize);
    if said != Some(behind) {
        reader.note(deviation::Kind::GroupLengthWrong, element.offset);
    }
}

fn short(element: &Element<'_>, reader: &mut Reader<'_, '_>) -> Option<u16> {
    if element.value.len() != 2 {
        reader.note(deviation::Kind::ElementLength, element.offset);
    }
    element.value.first_chunk::<2>().map(|bytes| u16::from_le_bytes(*bytes))
}

fn tags(element: &Element<'_>, reader: &mut Reader<'_, '_>, into: &mut Vec<Tag>) {
    let (whole, rest) = element.value.as_chunks::<4>();
    if !rest.is_empty() {
        reader.note(deviation::Kind::ElementLength, element.offset);
    }
    if into.is_empty() {
        into.extend(
            whole.iter().map(|[a, b, c, d]| Tag(u16::from_le_bytes([*a, *b]), u16::from_le_bytes([*c, *d]))),
        );
    }
}

/// Without padding; every byte is one character. An empty value is none.
fn text(element: &Element<'_>) -> Option<String> {
    let padding = |one: &char| matches!(one, '\0' | ' ');
    let all: String = element.value.iter().map(|byte| char::from(*byte)).collect();
    let trimmed = all.trim_matches(|one| padding(&one));
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}
