//! `definitions.toml`: what the site defines of its own. Z-segments, fields that a partner uses in
//! another way, data types, tables; `explain` then knows them by name.
//!
//! ```toml
//! [segment.ZPI]
//! en = "More of the patient"
//! de = "Weiteres zum Patienten"
//! field = [{ number = 1, en = "Insurance class", de = "Kassenart", type = "ID", table = "ZPI1" }]
//!
//! [field]
//! "PID-30" = { en = "Deceased", de = "Verstorben", type = "ID", table = "0136" }
//!
//! [table.ZPI1]
//! en = "Insurance class"
//! values = { P = { en = "private", de = "privat" } }
//! ```

use std::collections::BTreeMap;

use klinke_hl7v2::definitions::{Field, Local, Name};
use schemars::JsonSchema;
use serde::Deserialize;

/// The file.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Definitions {
    /// Segments by their identifier. Since 0.1.
    pub segment: BTreeMap<String, SegmentTable>,
    /// Fields that replace those of the standard, by their path (`PID-30`). Since 0.1.
    pub field: BTreeMap<String, FieldTable>,
    /// Data types by their identifier. Since 0.1.
    #[serde(rename = "type")]
    pub data_type: BTreeMap<String, TypeTable>,
    /// Tables by their identifier; values are added to those of the standard. Since 0.1.
    pub table: BTreeMap<String, ValueTable>,
}

/// A segment.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentTable {
    /// Its English name. Since 0.1.
    pub en: String,
    /// Its German name. Since 0.1.
    #[serde(default)]
    pub de: String,
    /// Its fields. Since 0.1.
    #[serde(default)]
    pub field: Vec<NumberedField>,
}

/// A field or component with its number.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberedField {
    /// Its number, from 1. Since 0.1.
    pub number: u16,
    /// Its English name. Since 0.1.
    pub en: String,
    /// Its German name. Since 0.1.
    #[serde(default)]
    pub de: String,
    /// Its data type. Since 0.1.
    #[serde(rename = "type", default = "text_type")]
    pub data_type: String,
    /// The table of its values. Since 0.1.
    pub table: Option<String>,
}

/// A field whose number is in its path.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldTable {
    /// Its English name. Since 0.1.
    pub en: String,
    /// Its German name. Since 0.1.
    #[serde(default)]
    pub de: String,
    /// Its data type. Since 0.1.
    #[serde(rename = "type", default = "text_type")]
    pub data_type: String,
    /// The table of its values. Since 0.1.
    pub table: Option<String>,
}

/// A data type.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TypeTable {
    /// Its English name. Since 0.1.
    pub en: String,
    /// Its German name. Since 0.1.
    #[serde(default)]
    pub de: String,
    /// Its components. Since 0.1.
    #[serde(default)]
    pub component: Vec<NumberedField>,
}

/// A table.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValueTable {
    /// Its English name. Since 0.1.
    pub en: String,
    /// Its German name. Since 0.1.
    #[serde(default)]
    pub de: String,
    /// Its values by their codes. Since 0.1.
    #[serde(default)]
    pub values: BTreeMap<String, ValueText>,
}

/// What a code means.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValueText {
    /// In English. Since 0.1.
    pub en: String,
    /// In German. Since 0.1.
    #[serde(default)]
    pub de: String,
}

fn text_type() -> String {
    "ST".to_owned()
}

impl NumberedField {
    fn field(&self) -> Field {
        field(self.number, &self.en, &self.de, &self.data_type, self.table.as_deref())
    }
}

fn field(number: u16, en: &str, de: &str, data_type: &str, table: Option<&str>) -> Field {
    let field = Field::new(number, name(en, de), data_type.to_owned());
    match table {
        Some(table) => field.with_table(table.to_owned()),
        None => field,
    }
}

fn name(en: &str, de: &str) -> Name {
    Name::new(en.to_owned(), de.to_owned())
}

impl Definitions {
    /// As the codec takes them; the key of a field that is no path is the error.
    pub fn local(&self) -> Result<Local, String> {
        let mut local = Local::new();
        for (id, segment) in &self.segment {
            let fields = segment.field.iter().map(NumberedField::field).collect();
            local.segment(id, name(&segment.en, &segment.de), fields);
        }
        for (path, table) in &self.field {
            let number = path.split_once('-').and_then(|(id, number)| Some((id, number.parse().ok()?)));
            let Some((segment, number)) = number else { return Err(path.clone()) };
            let made = field(number, &table.en, &table.de, &table.data_type, table.table.as_deref());
            local.field_override(segment, made);
        }
        for (id, table) in &self.data_type {
            let components = table.component.iter().map(NumberedField::field).collect();
            local.data_type(id, name(&table.en, &table.de), components);
        }
        for (id, table) in &self.table {
            let values = table.values.iter().map(|(code, text)| (code.clone(), name(&text.en, &text.de)));
            local.table(id, name(&table.en, &table.de), values);
        }
        Ok(local)
    }
}

#[cfg(test)]
mod tests {
    use klinke_hl7v2::definitions::{self, Dictionary, Language};

    use super::*;

    #[test]
    fn names_what_the_site_defines() {
        let text = r#"
            [segment.ZPI]
            en = "More of the patient"
            de = "Weiteres zum Patienten"
            field = [{ number = 1, en = "Class", de = "Kassenart", type = "ID", table = "ZPI1" }]
            [field]
            "PID-30" = { en = "Dead", de = "Tot" }
            [table.ZPI1]
            en = "Class"
            values = { P = { en = "private", de = "privat" } }
        "#;
        let definitions: Definitions = toml::from_str(text).expect("reads");
        let local = definitions.local().expect("paths");
        let dictionary = Dictionary::new(definitions::nearest("2.5"), Some(&local), Language::De);
        assert_eq!(dictionary.field_name("ZPI", 1), Some("Kassenart"));
        assert_eq!(dictionary.field_name("PID", 30), Some("Tot"));
        assert_eq!(dictionary.value_text("ZPI1", "P"), Some("privat"));
        let wrong: Definitions = toml::from_str("[field]\nPID30 = { en = 'x' }").expect("reads");
        assert_eq!(wrong.local().expect_err("no path"), "PID30");
    }
}
