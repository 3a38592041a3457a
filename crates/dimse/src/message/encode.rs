//! Writes command sets: implicit VR little endian, elements in ascending order, group length computed (PS3.7,
//! section 6.3.1).

use bytes::{BufMut, Bytes, BytesMut};
use dicom_core::Tag;

use super::Command;

/// The command set of a command.
pub fn encode_command(command: &Command) -> Bytes {
    let mut elements: Vec<(Tag, Bytes)> = Vec::with_capacity(16);
    collect(command, &mut elements);
    for (tag, value) in &command.other {
        if *tag != Tag(0, 0) && elements.iter().all(|(known, _)| known != tag) {
            elements.push((*tag, value.clone()));
        }
    }
    elements.sort_by_key(|(tag, _)| *tag);
    let length: usize = elements.iter().map(|(_, value)| 8 + value.len() + value.len() % 2).sum();
    let mut out = BytesMut::with_capacity(12 + length);
    put_head(Tag(0, 0), 4, &mut out);
    out.put_u32_le(u32::try_from(length).unwrap_or(u32::MAX));
    for (tag, value) in &elements {
        put_head(*tag, value.len() + value.len() % 2, &mut out);
        out.put_slice(value);
        // Only values of `other` can be odd here.
        out.put_bytes(0, value.len() % 2);
    }
    out.freeze()
}

fn put_head(tag: Tag, length: usize, out: &mut BytesMut) {
    out.put_u16_le(tag.group());
    out.put_u16_le(tag.element());
    out.put_u32_le(u32::try_from(length).unwrap_or(u32::MAX));
}

fn collect(command: &Command, elements: &mut Vec<(Tag, Bytes)>) {
    let mut put = |element: u16, value: Option<Bytes>| {
        elements.extend(value.map(|value| (Tag(0, element), value)));
    };
    // PS3.7, section 9.3.2.3: C-CANCEL names the message of the operation as one that it responds to.
    let id = if command.kind.is_request() { 0x0110 } else { 0x0120 };
    put(0x0002, command.affected_sop_class.as_deref().map(uid));
    put(0x0003, command.requested_sop_class.as_deref().map(uid));
    put(0x0100, Some(short(command.kind.code())));
    put(id, Some(short(command.message_id)));
    put(0x0600, command.move_destination.as_deref().map(text));
    put(0x0700, command.priority.map(|priority| short(priority.code())));
    put(0x0800, Some(short(if command.has_data { 0x0001 } else { 0x0101 })));
    put(0x0900, command.status.map(|status| short(status.code())));
    put(0x0901, tags(&command.offending_elements));
    put(0x0902, command.error_comment.as_deref().map(text));
    put(0x0903, command.error_id.map(short));
    put(0x1000, command.affected_sop_instance.as_deref().map(uid));
    put(0x1001, command.requested_sop_instance.as_deref().map(uid));
    put(0x1002, command.event_type_id.map(short));
    put(0x1005, tags(&command.attribute_identifiers));
    put(0x1008, command.action_type_id.map(short));
    put(0x1020, command.sub_operations.remaining.map(short));
    put(0x1021, command.sub_operations.completed.map(short));
    put(0x1022, command.sub_operations.failed.map(short));
    put(0x1023, command.sub_operations.warning.map(short));
    put(0x1030, command.move_originator_ae_title.as_deref().map(text));
    put(0x1031, command.move_originator_message_id.map(short));
}

fn short(value: u16) -> Bytes {
    Bytes::copy_from_slice(&value.to_le_bytes())
}

fn tags(tags: &[Tag]) -> Option<Bytes> {
    let mut out = BytesMut::with_capacity(tags.len() * 4);
    for tag in tags {
        out.put_u16_le(tag.group());
        out.put_u16_le(tag.element());
    }
    (!tags.is_empty()).then(|| out.freeze())
}

fn uid(value: &str) -> Bytes {
    padded(value, 0)
}

fn text(value: &str) -> Bytes {
    padded(value, b' ')
}

/// As bytes of even length. A command set has only the default repertoire (PS3.7, section 6.3.1); a character
/// outside Latin-1 becomes a question mark.
fn padded(value: &str, padding: u8) -> Bytes {
    let mut bytes: Vec<u8> = value.chars().map(|one| u8::try_from(one).unwrap_or(b'?')).collect();
    if bytes.len() % 2 == 1 {
        bytes.push(padding);
    }
    bytes.into()
}
