//! What a site defines of its own: Z-segments, fields that a partner uses in another way, tables, data types.

use std::borrow::Cow;
use std::collections::HashMap;

use super::composite::{Component, DataType, Field, Segment};
use super::table::{Table, TableValue};
use super::text::Name;

/// A site's own definitions, laid over a version by a [`super::Dictionary`].
///
/// ```
/// use klinke_hl7v2::definitions::{self, Dictionary, Field, Language, Local, Name};
///
/// let mut local = Local::new();
/// local.segment("ZBG", Name::new("Billing", "Abrechnung"), vec![
///     Field::new(1, Name::new("Billing type", "Abrechnungsart"), "ID").with_table("ZBG1"),
/// ]);
/// local.table("ZBG1", Name::new("Billing type", "Abrechnungsart"), [("P", Name::new("private", "privat"))]);
/// local.field_override("PID", Field::new(30, Name::new("Deceased", "Verstorben"), "ID").with_table("0136"));
///
/// let dictionary = Dictionary::new(definitions::nearest("2.5"), Some(&local), Language::De);
/// assert_eq!(dictionary.field_name("ZBG", 1), Some("Abrechnungsart"));
/// assert_eq!(dictionary.value_text("ZBG1", "P"), Some("privat"));
/// assert_eq!(dictionary.field_name("PID", 30), Some("Verstorben"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Local {
    segments: HashMap<String, Segment>,
    fields: HashMap<(String, u16), Field>,
    types: HashMap<String, DataType>,
    tables: HashMap<String, Table>,
}

impl Local {
    /// Definitions of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Defines a segment, in place of one of the standard with the same identifier.
    pub fn segment(&mut self, id: &str, name: Name, mut fields: Vec<Field>) -> &mut Self {
        fields.sort_by_key(|field| field.position);
        fields.dedup_by_key(|field| field.position);
        self.segments.insert(id.to_owned(), Segment { id: id.to_owned().into(), name, fields });
        self
    }

    /// Defines one field of a segment anew, at the field's own position.
    pub fn field_override(&mut self, segment: &str, field: Field) -> &mut Self {
        self.fields.insert((segment.to_owned(), field.position), field);
        self
    }

    /// Defines a data type, in place of one of the standard with the same identifier.
    pub fn data_type(&mut self, id: &str, name: Name, mut components: Vec<Component>) -> &mut Self {
        components.sort_by_key(|component| component.position);
        components.dedup_by_key(|component| component.position);
        self.types.insert(id.to_owned(), DataType { id: id.to_owned().into(), name, components });
        self
    }

    /// Defines a table or adds values to one of the standard; a value here goes before the standard's.
    pub fn table<Code: Into<Cow<'static, str>>>(
        &mut self,
        id: &str,
        name: Name,
        values: impl IntoIterator<Item = (Code, Name)>,
    ) -> &mut Self {
        let values = values.into_iter().map(|(code, text)| TableValue { code: code.into(), text }).collect();
        let mut table = Table { id: id.to_owned().into(), name, values };
        table.sort();
        self.tables.insert(id.to_owned(), table);
        self
    }

    pub(super) fn find_segment(&self, id: &str) -> Option<&Segment> {
        self.segments.get(id)
    }

    pub(super) fn find_field(&self, segment: &str, position: usize) -> Option<&Field> {
        // Most sites override nothing; the key is made only where one does.
        if self.fields.is_empty() {
            return None;
        }
        self.fields.get(&(segment.to_owned(), u16::try_from(position).ok()?))
    }

    /// The greatest position that is overridden in a segment, 0 for none.
    pub(super) fn last_override(&self, segment: &str) -> u16 {
        let positions = self.fields.keys().filter(|(id, _)| id == segment).map(|(_, position)| *position);
        positions.max().unwrap_or(0)
    }

    pub(super) fn find_data_type(&self, id: &str) -> Option<&DataType> {
        self.types.get(id)
    }

    pub(super) fn find_table(&self, id: &str) -> Option<&Table> {
        self.tables.get(id)
    }
}
