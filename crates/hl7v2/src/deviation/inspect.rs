//! Looks at every field of a message.

use super::collector::Collector;
use super::{Deviation, date, header, kind, observation, text};
use crate::ack::component;
use crate::batch;
use crate::charset::Doubt;
use crate::message::Message;
use crate::place::Place;

impl Message {
    /// Every deviation that the message itself shows; those of [`Message::deviations`] come first.
    /// Takes a look at each byte; for diagnosis, not for every message on its way.
    pub fn inspect(&self) -> Vec<Deviation> {
        let mut found = Collector::default();
        for deviation in self.deviations() {
            found.push(deviation);
        }
        header::inspect(self, &mut found);
        charset(self, &mut found);
        segments(self, &mut found);
        observation::inspect(self, &mut found);
        if batch::is_batch(self) {
            batch::split(self).deviations.into_iter().for_each(|deviation| found.push(deviation));
        }
        found.into_vec()
    }
}

fn charset(message: &Message, found: &mut Collector) {
    let place = Place::segment(*b"MSH", 1).field(18);
    let resolved = message.charset();
    if resolved.charset.is_wide() && resolved.declared.is_none_or(|d| !d.is_wide()) {
        found.add(&kind::CHARSET_WIDE_UNDECLARED, place);
    }
    let kind = match resolved.doubt {
        None => return,
        Some(Doubt::UnknownName) => kind::CHARSET_UNKNOWN,
        Some(Doubt::Undeclared) => kind::CHARSET_UNDECLARED,
        Some(Doubt::IsUtf8) => kind::CHARSET_IS_UTF8,
        Some(Doubt::NotUtf8) => kind::CHARSET_NOT_UTF8,
        Some(Doubt::PartlyUtf8) => kind::CHARSET_MIXED,
        Some(Doubt::HasWindowsBytes) => kind::CHARSET_WINDOWS,
        Some(Doubt::NotWide) => kind::CHARSET_NOT_WIDE,
    };
    found.with(&kind, place, format_args!("read as {}", resolved.charset));
}

fn segments(message: &Message, found: &mut Collector) {
    let one_patient = is_about_one_patient(message);
    let mut occurrences = std::collections::HashMap::<[u8; 3], usize>::new();
    for segment in message.segments() {
        let name = segment.name_bytes();
        let occurrence = occurrences.entry(name).or_default();
        *occurrence += 1;
        let mut place = Place::segment(name, *occurrence);
        place.offset = segment.offset();
        if &name == b"PID" && *occurrence == 2 && one_patient {
            found.add(&kind::PID_REPEATED, place);
        }
        text::segment(message, &segment, place, found);
        date::segment(&segment, place, found);
    }
}

/// Messages of these types are about one patient. Results, answers to queries and lists may have
/// several, and so have the events that swap, link or merge.
fn is_about_one_patient(message: &Message) -> bool {
    let kind = component(message, b"MSH", 9, 1);
    let event = component(message, b"MSH", 9, 2);
    let several = ["A17", "A24", "A37", "A39", "A40", "A41", "A42", "A43"];
    matches!(kind.as_str(), "ADT" | "ORM" | "OML" | "OMG" | "OMI" | "MDM" | "BAR" | "SIU")
        && !several.contains(&event.as_str())
        && message.segments().filter(|s| s.name() == "MSH").count() == 1
}
