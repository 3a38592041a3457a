//! The definitions as one reader sees them: a version, a site's own definitions above it, a language.

use super::composite::{Component, DataType, Field, Segment};
use super::local::Local;
use super::table::{self, Table};
use super::text::Language;
use super::version::{VERSIONS, Version, nearest};

/// A version with a site's own definitions laid over it, read in one language.
///
/// A segment or data type that the version lacks is looked up in the newest version that has it, since senders use
/// segments of later versions long before they raise the version in MSH-12.
#[derive(Debug, Clone, Copy)]
pub struct Dictionary<'a> {
    version: &'static Version,
    local: Option<&'a Local>,
    language: Language,
}

impl<'a> Dictionary<'a> {
    /// A view of this version.
    #[must_use]
    pub fn new(version: &'static Version, local: Option<&'a Local>, language: Language) -> Self {
        Self { version, local, language }
    }

    /// The version below.
    #[must_use]
    pub fn version(&self) -> &'static Version {
        self.version
    }

    /// The language of the names.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// The segment; overrides of single fields are seen by [`Self::field`] and [`Self::fields`] only.
    #[must_use]
    pub fn segment(&self, id: &str) -> Option<&'a Segment> {
        let local = self.local.and_then(|local| local.find_segment(id));
        local.or_else(|| self.version.segment(id)).or_else(|| newest(|version| version.segment(id)))
    }

    /// The field at a position counted from 1.
    #[must_use]
    pub fn field(&self, segment: &str, position: usize) -> Option<&'a Field> {
        let local = self.local.and_then(|local| local.find_field(segment, position));
        local.or_else(|| self.segment(segment)?.field(position))
    }

    /// All fields of a segment in order of position, overrides in place.
    #[must_use]
    pub fn fields(&self, segment: &str) -> Vec<&'a Field> {
        let last = self.segment(segment).and_then(|it| it.fields.last()).map_or(0, |field| field.position);
        let last = self.local.map_or(last, |local| last.max(local.last_override(segment)));
        (1..=usize::from(last)).filter_map(|position| self.field(segment, position)).collect()
    }

    /// The data type.
    #[must_use]
    pub fn data_type(&self, id: &str) -> Option<&'a DataType> {
        let local = self.local.and_then(|local| local.find_data_type(id));
        local.or_else(|| self.version.data_type(id)).or_else(|| newest(|version| version.data_type(id)))
    }

    /// The component of a data type at a position counted from 1.
    #[must_use]
    pub fn component(&self, data_type: &str, position: usize) -> Option<&'a Component> {
        self.data_type(data_type)?.component(position)
    }

    /// The table: the site's own, else the standard's.
    #[must_use]
    pub fn table(&self, id: &str) -> Option<&'a Table> {
        self.local.and_then(|local| local.find_table(id)).or_else(|| table::table(id))
    }

    /// What a code of a table means; the site's own text goes before the standard's.
    #[must_use]
    pub fn value_text(&self, table: &str, code: &str) -> Option<&'a str> {
        let local = self.local.and_then(|local| local.find_table(table)?.text(code, self.language));
        local.or_else(|| table::table(table)?.text(code, self.language))
    }

    /// Whether a table knows a code; none for a table without values, about which nothing can be said.
    #[must_use]
    pub fn knows_value(&self, table: &str, code: &str) -> Option<bool> {
        let local = self.local.and_then(|local| local.find_table(table));
        let tables = [local, table::table(table)];
        let with_values = tables.iter().flatten().filter(|table| !table.values.is_empty());
        let known: Vec<bool> = with_values.map(|table| table.value(code).is_some()).collect();
        (!known.is_empty()).then(|| known.contains(&true))
    }

    /// The name of a segment.
    #[must_use]
    pub fn segment_name(&self, id: &str) -> Option<&'a str> {
        self.segment(id).map(|segment| segment.name(self.language))
    }

    /// The name of a field.
    #[must_use]
    pub fn field_name(&self, segment: &str, position: usize) -> Option<&'a str> {
        self.field(segment, position).map(|field| field.name(self.language))
    }

    /// The name of a component of a data type.
    #[must_use]
    pub fn component_name(&self, data_type: &str, position: usize) -> Option<&'a str> {
        self.component(data_type, position).map(|component| component.name(self.language))
    }

    /// What happened, by message type and trigger event.
    #[must_use]
    pub fn event_text(&self, message: &str, event: &str) -> Option<&'static str> {
        self.version.event_text(message, event, self.language)
    }
}

fn newest<T>(find: impl Fn(&'static Version) -> Option<&'static T>) -> Option<&'static T> {
    VERSIONS.iter().rev().find_map(|name| find(nearest(name)))
}
