//! Finding: columns narrow it down, then every key is matched on the attributes themselves.

use std::fmt::Write as _;
use std::ops::ControlFlow;

use klinke_dimse::data::DataSet;
use klinke_dimse::{Tag, tags};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::pack::unpack;
use crate::error::Result;
use crate::find::{Matching, Names, Pattern, Query, View, matches};
use crate::index::{Counts, Found};
use crate::level::Level;
use crate::text;

pub(super) fn find(
    connection: &Connection,
    query: &Query,
    each: &mut dyn FnMut(Found) -> ControlFlow<()>,
) -> Result<()> {
    let (sql, values) = statement(query);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut passed_over = 0;
    let mut given = 0;
    while let Some(row) = rows.next()? {
        if query.limit.is_some_and(|limit| given >= limit) {
            break;
        }
        let found = read(row, query.level)?;
        let view = View {
            levels: &found.attributes,
            modalities: &found.counts.modalities,
            classes: &found.counts.classes,
        };
        if !matches(query, &view) {
            continue;
        }
        if passed_over < query.offset {
            passed_over += 1;
            continue;
        }
        given += 1;
        if each(found).is_break() {
            break;
        }
    }
    Ok(())
}

/// The columns of each level; the counts first, then the attributes from the patient down.
fn columns(level: Level) -> &'static str {
    match level {
        Level::Patient => {
            "SELECT (SELECT count(*) FROM study WHERE study.patient = patient.id),
                count(series.id), coalesce(sum(series.instances), 0), coalesce(sum(series.bytes), 0), '', '', '',
                patient.attributes
            FROM patient JOIN study ON study.patient = patient.id JOIN series ON series.study = study.id"
        }
        Level::Study => {
            "SELECT 0, (SELECT count(*) FROM series WHERE series.study = study.id),
                (SELECT coalesce(sum(instances), 0) FROM series WHERE series.study = study.id),
                (SELECT coalesce(sum(bytes), 0) FROM series WHERE series.study = study.id),
                study.modalities, study.classes, '', patient.attributes, study.attributes
            FROM study JOIN patient ON patient.id = study.patient"
        }
        Level::Series => {
            "SELECT 0, 1, series.instances, series.bytes, study.modalities, study.classes, '',
                patient.attributes, study.attributes, series.attributes
            FROM series JOIN study ON study.id = series.study JOIN patient ON patient.id = study.patient"
        }
        Level::Instance => {
            "SELECT 0, 1, 1, instance.size, study.modalities, study.classes, syntax.text,
                patient.attributes, study.attributes, series.attributes, instance.attributes
            FROM instance JOIN series ON series.id = instance.series JOIN study ON study.id = series.study
                JOIN patient ON patient.id = study.patient JOIN word syntax ON syntax.id = instance.syntax
                JOIN word class ON class.id = instance.class"
        }
    }
}

/// The newest studies first, series and instances in the order of their arrival.
fn order(level: Level) -> &'static str {
    match level {
        Level::Patient => " GROUP BY patient.id ORDER BY patient.name, patient.id",
        Level::Study => " ORDER BY study.date DESC, study.id DESC",
        Level::Series => " ORDER BY study.date DESC, study.id DESC, series.id",
        Level::Instance => " ORDER BY study.date DESC, study.id DESC, series.id, instance.id",
    }
}

fn statement(query: &Query) -> (String, Vec<Value>) {
    let mut narrow = Narrow::default();
    for key in &query.keys {
        if let Some(column) = column(key.tag, query.level) {
            narrow.by(&column, &key.matching, query.names);
        }
    }
    (format!("{}{}{}", columns(query.level), narrow.sql, order(query.level)), narrow.values)
}

/// A column that holds what an attribute holds.
pub(super) struct Column {
    pub name: &'static str,
    pub kind: ColumnKind,
}

pub(super) enum ColumnKind {
    /// The first value, as it is.
    Text,
    /// A date as it is, mostly of eight digits.
    Date,
    /// A name as [`text::name_key`] makes it.
    Name,
    /// Values between backslashes.
    List,
}

fn column(tag: Tag, level: Level) -> Option<Column> {
    let of = |name, kind| Some(Column { name, kind });
    match tag {
        tags::PATIENT_ID => of("patient.identifier", ColumnKind::Text),
        tags::ISSUER_OF_PATIENT_ID => of("patient.issuer", ColumnKind::Text),
        tags::PATIENT_NAME => of("patient.name", ColumnKind::Name),
        tags::PATIENT_BIRTH_DATE => of("patient.birth_date", ColumnKind::Date),
        _ if level < Level::Study => None,
        tags::STUDY_INSTANCE_UID => of("study.uid", ColumnKind::Text),
        tags::STUDY_DATE => of("study.date", ColumnKind::Date),
        tags::ACCESSION_NUMBER => of("study.accession", ColumnKind::Text),
        tags::STUDY_ID => of("study.study_id", ColumnKind::Text),
        tags::MODALITIES_IN_STUDY => of("study.modalities", ColumnKind::List),
        tags::SOP_CLASSES_IN_STUDY => of("study.classes", ColumnKind::List),
        _ if level < Level::Series => None,
        tags::SERIES_INSTANCE_UID => of("series.uid", ColumnKind::Text),
        tags::MODALITY => of("series.modality", ColumnKind::Text),
        _ if level < Level::Instance => None,
        tags::SOP_INSTANCE_UID => of("instance.uid", ColumnKind::Text),
        tags::SOP_CLASS_UID => of("class.text", ColumnKind::Text),
        _ => None,
    }
}

/// Conditions in SQL. They may let through what does not match, and never keep back what does.
#[derive(Default)]
pub(super) struct Narrow {
    pub sql: String,
    pub values: Vec<Value>,
}

impl Narrow {
    pub fn by(&mut self, column: &Column, matching: &Matching, names: Names) {
        let name = column.name;
        match (&column.kind, matching) {
            (_, Matching::Empty) => self.and(&format!("{name} IN ('', '\\')"), []),
            (ColumnKind::Text, Matching::List(wanted)) => self.one_of(name, wanted.iter().cloned()),
            (ColumnKind::Text, Matching::Text(patterns))
                if patterns.iter().all(|pattern| !pattern.is_wild()) =>
            {
                self.one_of(name, patterns.iter().map(|pattern| pattern.text().to_owned()));
            }
            (ColumnKind::Text, Matching::Text(patterns)) => {
                self.like(name, patterns.iter().map(Pattern::like))
            }
            (ColumnKind::Name, Matching::Text(patterns)) => self.name(name, patterns, names),
            (ColumnKind::List, Matching::List(wanted)) => {
                self.like(name, wanted.iter().map(|value| format!("%\\{}\\%", Pattern::new(value).like())));
            }
            (ColumnKind::List, Matching::Text(patterns)) => {
                self.like(name, patterns.iter().map(|pattern| format!("%\\{}\\%", pattern.like())));
            }
            (ColumnKind::Date, Matching::Range(range)) => {
                // Old forms with full stops sort elsewhere: they are let through.
                if let Some(from) = &range.from {
                    self.and(&format!("({name} >= ? OR {name} LIKE '____.%')"), [from.clone()]);
                }
                if let Some(to) = &range.to {
                    self.and(&format!("{name} <= ?"), [format!("{to}~")]);
                }
            }
            _ => {}
        }
    }

    fn name(&mut self, column: &str, patterns: &[Pattern], names: Names) {
        let [pattern] = patterns else { return };
        if names == Names::Fuzzy {
            // Sounds are not in the index: all names are compared.
            return;
        }
        let key = Pattern::new(&text::name_key(pattern.text()));
        let prefix = key.prefix().to_owned();
        if !key.text().is_ascii() || prefix.is_empty() {
            // It may be the ideographic or phonetic group that is asked for.
            return self.like(column, [format!("%{}%", key.like())]);
        }
        // A range of the index; the alphabetic group stands first.
        let end = format!("{prefix}\u{10FFFF}");
        self.and(&format!("{column} >= ? AND {column} <= ?"), [prefix, end]);
    }

    fn one_of(&mut self, column: &str, wanted: impl Iterator<Item = String>) {
        let wanted: Vec<String> = wanted.collect();
        let marks = vec!["?"; wanted.len()].join(",");
        self.and(&format!("{column} IN ({marks})"), wanted);
    }

    fn like(&mut self, column: &str, wanted: impl IntoIterator<Item = String>) {
        let wanted: Vec<String> = wanted.into_iter().collect();
        let conditions = vec![format!("{column} LIKE ? ESCAPE '!'"); wanted.len()].join(" OR ");
        self.and(&format!("({conditions})"), wanted);
    }

    pub fn and(&mut self, condition: &str, values: impl IntoIterator<Item = String>) {
        let word = if self.sql.is_empty() { "WHERE" } else { "AND" };
        // Writing into a string can't fail.
        let _ = write!(self.sql, " {word} {condition}");
        self.values.extend(values.into_iter().map(Value::Text));
    }
}

fn read(row: &Row<'_>, level: Level) -> Result<Found> {
    let number = |at| row.get::<_, i64>(at).map(i64::cast_unsigned);
    let list = |at| -> rusqlite::Result<Vec<String>> {
        let text: String = row.get(at)?;
        Ok(text.split('\\').filter(|value| !value.is_empty()).map(str::to_owned).collect())
    };
    let syntax: String = row.get(6)?;
    let counts = Counts {
        patient_studies: number(0)?,
        series: number(1)?,
        instances: number(2)?,
        bytes: number(3)?,
        modalities: list(4)?,
        classes: list(5)?,
        syntax: (!syntax.is_empty()).then_some(syntax),
    };
    let attributes: Vec<DataSet> =
        (0..=level as usize).map(|at| Ok(unpack(row.get(7 + at)?))).collect::<rusqlite::Result<_>>()?;
    Ok(Found { level, attributes, counts })
}
