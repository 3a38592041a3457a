//! Segments with their fields and data types with their components.

use std::borrow::Cow;

use super::text::{Language, Name};

/// Whether a field must be valued (chapter 2, "Optionality").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Optionality {
    /// R: must have a value.
    Required,
    /// O: may have a value.
    Optional,
    /// C: depends on the trigger event or on another field.
    Conditional,
    /// B: left in for backward compatibility.
    Backward,
    /// X or W: not used with this trigger event, or no longer part of this version; the definition is that of
    /// the last version that had it, since senders go on valuing it.
    Withdrawn,
}

/// A field of a segment or, by the name [`Component`], a component of a data type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Position, counted from 1. In MSH, BHS and FHS the field separator is field 1.
    pub position: u16,
    /// Its name.
    pub name: Name,
    /// The data type's identifier; `varies` where another field decides (OBX-5 by OBX-2).
    pub data_type: Cow<'static, str>,
    /// Whether it must be valued.
    pub optionality: Optionality,
    /// Whether it may repeat.
    pub repeats: bool,
    /// Greatest length in characters where the version states one.
    pub length: Option<u32>,
    /// The table of its codes, such as `0001`.
    pub table: Option<Cow<'static, str>>,
}

/// A component of a data type.
pub type Component = Field;

impl Field {
    /// A field of a site's own: optional, not repeating, without length and table.
    #[must_use]
    pub fn new(position: u16, name: Name, data_type: impl Into<Cow<'static, str>>) -> Self {
        Self {
            position,
            name,
            data_type: data_type.into(),
            optionality: Optionality::Optional,
            repeats: false,
            length: None,
            table: None,
        }
    }

    /// The field with this table.
    #[must_use]
    pub fn with_table(mut self, table: impl Into<Cow<'static, str>>) -> Self {
        self.table = Some(table.into());
        self
    }

    /// The field with this optionality.
    #[must_use]
    pub fn with_optionality(mut self, optionality: Optionality) -> Self {
        self.optionality = optionality;
        self
    }

    /// The field, repeating.
    #[must_use]
    pub fn repeating(mut self) -> Self {
        self.repeats = true;
        self
    }

    /// The field with this greatest length in characters.
    #[must_use]
    pub fn with_length(mut self, length: u32) -> Self {
        self.length = Some(length);
        self
    }

    /// The name in this language, English where it has no other.
    #[must_use]
    pub fn name(&self, language: Language) -> &str {
        self.name.text(language)
    }

    /// Whether it must be valued whatever else the message says.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.optionality == Optionality::Required
    }
}

/// A segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Identifier, such as `PID`.
    pub id: Cow<'static, str>,
    /// Its name.
    pub name: Name,
    /// Its fields in order of position; positions may be left out.
    pub fields: Vec<Field>,
}

impl Segment {
    /// The field at a position counted from 1.
    #[must_use]
    pub fn field(&self, position: usize) -> Option<&Field> {
        at(&self.fields, position)
    }

    /// The name in this language, English where it has no other.
    #[must_use]
    pub fn name(&self, language: Language) -> &str {
        self.name.text(language)
    }
}

/// A data type; a primitive one has no components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataType {
    /// Identifier, such as `CX`.
    pub id: Cow<'static, str>,
    /// Its name.
    pub name: Name,
    /// Its components in order of position.
    pub components: Vec<Component>,
}

impl DataType {
    /// The component at a position counted from 1.
    #[must_use]
    pub fn component(&self, position: usize) -> Option<&Component> {
        at(&self.components, position)
    }

    /// The name in this language, English where it has no other.
    #[must_use]
    pub fn name(&self, language: Language) -> &str {
        self.name.text(language)
    }

    /// Whether it has no components.
    #[must_use]
    pub fn is_primitive(&self) -> bool {
        self.components.is_empty()
    }
}

fn at(fields: &[Field], position: usize) -> Option<&Field> {
    let guess = fields.get(position.checked_sub(1)?);
    if guess.is_some_and(|field| usize::from(field.position) == position) {
        return guess;
    }
    let found = fields.binary_search_by_key(&position, |field| usize::from(field.position));
    found.ok().map(|index| &fields[index])
}
