//! The header segment's content (HL7 v2.5.1 chapter 2, 2.15.9).

use super::collector::Collector;
use super::kind;
use crate::ack::{component, field, part};
use crate::message::Message;
use crate::place::Place;
use crate::version;

/// All versions published so far (table 0104).
const VERSIONS: [&str; 15] = [
    "2.0", "2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1",
    "2.8.2", "2.9",
];

/// Segments with the version that first had them.
const SEGMENTS_SINCE: [(&str, (u8, u8)); 16] = [
    ("ORC", (2, 1)),
    ("SFT", (2, 5)),
    ("SPM", (2, 5)),
    ("TQ1", (2, 5)),
    ("TQ2", (2, 5)),
    ("SAC", (2, 4)),
    ("IAM", (2, 4)),
    ("INV", (2, 4)),
    ("CON", (2, 5)),
    ("IPC", (2, 5)),
    ("UAC", (2, 6)),
    ("REL", (2, 6)),
    ("PRT", (2, 7)),
    ("PAC", (2, 7)),
    ("SHP", (2, 7)),
    ("ARV", (2, 8)),
];

pub(super) fn inspect(message: &Message, found: &mut Collector) {
    if message.segment(0).is_none_or(|s| s.name() != "MSH") {
        return;
    }
    let place = |number| Place::segment(*b"MSH", 1).field(number);
    let text = |number| field(message, b"MSH", number);
    if text(9).trim().is_empty() {
        found.add(&kind::MESSAGE_TYPE_MISSING, place(9));
    }
    control_id(message, &text(10), found);
    if text(11).trim().is_empty() {
        found.add(&kind::PROCESSING_ID_MISSING, place(11));
    }
    for number in [15, 16] {
        let condition = text(number).to_ascii_uppercase();
        if !matches!(condition.trim(), "" | "AL" | "NE" | "ER" | "SU") {
            found.add(&kind::ACK_CONDITION_UNKNOWN, place(number));
        }
    }
    version(message, found);
    let event = component(message, b"MSH", 9, 2);
    let evn = component(message, b"EVN", 1, 1);
    if !event.is_empty() && !evn.is_empty() && event.trim() != evn.trim() {
        found.add(&kind::EVENT_MISMATCH, Place::segment(*b"EVN", 1).field(1));
    }
}

fn control_id(message: &Message, id: &str, found: &mut Collector) {
    let place = Place::segment(*b"MSH", 1).field(10);
    let version = component(message, b"MSH", 12, 1);
    let limit = if version::at_least(&version, 2, 7) { 199 } else { 20 };
    let length = id.chars().count();
    if id.trim().is_empty() {
        found.add(&kind::CONTROL_ID_MISSING, place);
    } else if length > limit {
        found.with(&kind::CONTROL_ID_LONG, place, format_args!("{length} of {limit}"));
    }
}

fn version(message: &Message, found: &mut Collector) {
    let place = Place::segment(*b"MSH", 1).field(12);
    let version = component(message, b"MSH", 12, 1);
    let version = version.trim();
    if version.is_empty() {
        return found.add(&kind::VERSION_MISSING, place);
    }
    if !VERSIONS.contains(&version) {
        return found.add(&kind::VERSION_UNKNOWN, place);
    }
    let older = |than: (u8, u8)| !version::at_least(version, than.0, than.1);
    if message.delimiters().truncation.is_some() && older((2, 7)) {
        found.add(&kind::TRUNCATION_TOO_EARLY, Place::segment(*b"MSH", 1).field(2));
    }
    let has = |number| part(message, b"MSH", number).is_some_and(|p| !p.raw().is_empty());
    let fields = [(17, (2, 3)), (19, (2, 3)), (21, (2, 4)), (22, (2, 7)), (25, (2, 7))];
    for (number, since) in fields {
        if has(number) && older(since) {
            let detail = format_args!("MSH-{number} since {}.{}", since.0, since.1).to_string();
            found.with(&kind::VERSION_TOO_OLD, place, detail);
        }
    }
    for segment in message.segments() {
        let since = SEGMENTS_SINCE.iter().find(|(name, _)| *name == segment.name()).map(|(_, since)| *since);
        if let Some(since) = since.filter(|since| older(*since)) {
            let detail = format!("{} since {}.{}", segment.name(), since.0, since.1);
            found.with(&kind::VERSION_TOO_OLD, place, detail);
        }
    }
}
