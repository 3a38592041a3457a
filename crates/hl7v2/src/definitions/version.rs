//! One version of the standard and how it is found.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::composite::{DataType, Segment};
use super::data::{self, Place, columns, lines};
use super::german;
use super::structure::Structure;
use super::table::{self, Table};
use super::text::{Language, Name};

/// The versions that are known, oldest first.
pub const VERSIONS: [&str; 13] =
    ["2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1", "2.8.2"];

/// The version that stands in for a message that names none: the one that German guides build on.
const DEFAULT: usize = 5;

/// What one version of the standard defines.
pub struct Version {
    id: &'static str,
    index: usize,
    segments: HashMap<&'static str, Segment>,
    types: HashMap<&'static str, DataType>,
    structures: HashMap<&'static str, (&'static str, OnceLock<Structure>)>,
    events: HashMap<&'static str, (&'static str, &'static str)>,
}

impl std::fmt::Debug for Version {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Version").field(&self.id).finish()
    }
}

/// The version with this name, as in MSH-12.1; one that is not known is read as the nearest older one
/// (`2.3.2` as `2.3.1`, `2.9` as `2.8.2`). None for what is no version of HL7 v2.
#[must_use]
pub fn version(name: &str) -> Option<&'static Version> {
    let wanted = numbers(name)?;
    let newest = VERSIONS.iter().rposition(|known| numbers(known).is_some_and(|known| known <= wanted));
    Some(load(newest?))
}

/// The version with this name as [`version`] finds it, 2.5 where that finds none.
#[must_use]
pub fn nearest(name: &str) -> &'static Version {
    version(name).unwrap_or_else(|| load(DEFAULT))
}

/// The structure of a message: the one it declares in MSH-9.3, else the one of its type and event; if this version
/// lacks it, as the nearest other version has it, older ones first. Empty parts are those that the message lacks.
#[must_use]
pub fn structure_of(
    version: &Version,
    message: &str,
    event: &str,
    declared: &str,
) -> Option<&'static Structure> {
    let older = (0..=version.index).rev();
    let order: Vec<usize> = older.chain(version.index + 1..VERSIONS.len()).collect();
    let by_name = |name: &str| order.iter().find_map(|index| load(*index).structure(name));
    let by_event =
        || order.iter().find_map(|index| load(*index).structure_for(message, event)).and_then(by_name);
    by_name(declared).or_else(by_event)
}

/// `2.5.1` as (2, 5, 1); only what begins with 2 is HL7 v2, and signs around it are left out.
fn numbers(name: &str) -> Option<(u8, u8, u8)> {
    let name = name.trim().trim_start_matches(['v', 'V']);
    let end = name.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(name.len());
    let mut parts = name[..end].split('.').map(str::parse::<u8>);
    let major = parts.next()?.ok()?;
    let minor = parts.next()?.ok()?;
    let patch = parts.next().and_then(Result::ok).unwrap_or(0);
    (major == 2).then_some((major, minor, patch))
}

fn load(index: usize) -> &'static Version {
    static LOADED: [OnceLock<Version>; VERSIONS.len()] = [const { OnceLock::new() }; VERSIONS.len()];
    LOADED[index].get_or_init(|| Version::read(index))
}

impl Version {
    /// Its name, such as `2.5.1`.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// The segment with this identifier.
    #[must_use]
    pub fn segment(&self, id: &str) -> Option<&Segment> {
        self.segments.get(id)
    }

    /// The data type with this identifier.
    #[must_use]
    pub fn data_type(&self, id: &str) -> Option<&DataType> {
        self.types.get(id)
    }

    /// The table with this number; tables are the same for all versions.
    #[must_use]
    pub fn table(&self, id: &str) -> Option<&'static Table> {
        table::table(id)
    }

    /// The structure with this identifier.
    #[must_use]
    pub fn structure(&'static self, id: &str) -> Option<&'static Structure> {
        let (id, (syntax, slot)) = self.structures.get_key_value(id)?;
        Some(slot.get_or_init(|| Structure::parse(id, syntax)))
    }

    /// The identifier of the structure that a message type has with a trigger event: `ADT`, `A08` has `ADT_A01`.
    /// An acknowledgment has `ACK` with every event. None for an event that this version does not have, be it too new
    /// or withdrawn; [`structure_of`] then looks in the others.
    #[must_use]
    pub fn structure_for(&self, message: &str, event: &str) -> Option<&'static str> {
        if message == "ACK" {
            return Some("ACK");
        }
        let id = if event.is_empty() { message.to_owned() } else { format!("{message}_{event}") };
        self.events.get(id.as_str()).map(|(structure, _)| *structure)
    }

    /// What happened, by message type and trigger event: "Update patient information".
    #[must_use]
    pub fn event_text(&self, message: &str, event: &str, language: Language) -> Option<&'static str> {
        let by_table = table::table("0003").and_then(|table| table.value(event));
        let of_message = self.events.get(format!("{message}_{event}").as_str()).map_or("", |(_, text)| *text);
        let text = by_table.map_or("", |value| match language {
            Language::De => value.text.de.as_ref(),
            Language::En => "",
        });
        let english = by_table.map_or("", |value| value.text.en.as_ref());
        [text, of_message, english].into_iter().find(|text| !text.is_empty())
    }

    /// Its segments, in no order.
    pub fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.segments.values()
    }

    /// Its data types, in no order.
    pub fn data_types(&self) -> impl Iterator<Item = &DataType> {
        self.types.values()
    }

    /// The identifiers of its structures, in no order.
    pub fn structures(&self) -> impl Iterator<Item = &'static str> {
        self.structures.keys().copied()
    }

    fn read(index: usize) -> Self {
        let entries = |text| data::entries(text, index, german::segments()).into_iter();
        let segments = entries(data::SEGMENTS).chain(entries(data::MORE_SEGMENTS));
        let segments =
            segments.map(|it| (it.id, Segment { id: it.id.into(), name: it.name, fields: it.rows }));
        let types = data::entries(data::TYPES, index, german::types()).into_iter();
        let types =
            types.map(|it| (it.id, DataType { id: it.id.into(), name: it.name, components: it.rows }));
        let is_here = |range: &str| data::place(range, index) == Place::Within;
        let structures = lines(data::STRUCTURES).map(columns::<3>).filter(|[_, range, _]| is_here(range));
        let events = lines(data::EVENTS).map(columns::<4>).filter(|[_, range, ..]| is_here(range));
        Self {
            id: VERSIONS[index],
            index,
            segments: segments.collect(),
            types: types.collect(),
            structures: structures.map(|[id, _, syntax]| (id, (syntax, OnceLock::new()))).collect(),
            events: events.map(|[id, _, structure, text]| (id, (structure, text))).collect(),
        }
    }
}

/// The name of a message type (table 0076).
#[must_use]
pub fn message_text(message: &str) -> Option<&'static Name> {
    table::table("0076").and_then(|table| table.value(message)).map(|value| &value.text)
}
