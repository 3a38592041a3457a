//! The sections of a dialect's page about fields, tables and identifiers.

use std::collections::BTreeMap;

use klinke_diagnosis::dialect::{Content, Dialect, Part, Place};
use klinke_hl7v2::definitions::Dictionary;

use super::page::Section;
use crate::lang::{Language, Pick};

/// Most values of one place that a line of the table of fields shows.
const SHOWN: usize = 6;

/// Names with how often they came, the most frequent first.
pub fn counted(counts: &BTreeMap<String, u64>, most: usize) -> String {
    let mut all: Vec<(&String, &u64)> = counts.iter().collect();
    all.sort_by(|one, other| other.1.cmp(one.1).then_with(|| one.0.cmp(other.0)));
    let shown = all.iter().take(most).map(|(name, count)| format!("{name} × {count}"));
    let mut shown: Vec<String> = shown.collect();
    if all.len() > most {
        shown.push("…".to_owned());
    }
    shown.join(", ")
}

/// All fields and their parts.
pub fn fields(dialect: &Dialect, dictionary: &Dictionary<'_>, language: Language) -> Section {
    let mut section = Section::new(
        language.pick("Fields", "Felder"),
        language.pick(
            "Used says in what share of its segments a field holds something, or of its fields a part.",
            "Benutzt sagt, in welchem Anteil seiner Segmente ein Feld etwas enthält, oder seiner Felder ein Teil.",
        ),
        &[
            language.pick("place", "Stelle"),
            language.pick("name", "Name"),
            language.pick("used", "benutzt"),
            language.pick("times", "Wdh."),
            language.pick("distinct", "verschieden"),
            language.pick("length", "Länge"),
            language.pick("what comes", "was kommt"),
        ],
    );
    for (place, field) in &dialect.field {
        let met = dialect.segment.get(place.segment()).map_or(field.used, |segment| segment.met);
        let name = name(place, dictionary);
        let share = share(field.used, met);
        let times = field.repetitions.to_string();
        let own = dialect.part.get(place);
        let mut row = vec![place.to_string(), name, share, times];
        row.extend(own.map_or_else(|| vec![String::new(); 3], |part| values(part, language)));
        section.row(row);
        let parts = dialect.part.range(place..).skip_while(|(part, _)| *part == place);
        for (part_place, part) in parts.take_while(|(part, _)| part.field() == place.as_str()) {
            let share = self::share(part.used, field.used.max(part.used));
            let mut row =
                vec![part_place.to_string(), self::name(part_place, dictionary), share, String::new()];
            row.extend(values(part, language));
            section.row(row);
        }
    }
    section
}

fn share(used: u64, of: u64) -> String {
    match (used * 100).checked_div(of) {
        Some(0) if used > 0 => "< 1 %".to_owned(),
        Some(percent) => format!("{percent} %"),
        None => String::new(),
    }
}

/// Distinct values, lengths, and what comes.
fn values(part: &Part, language: Language) -> Vec<String> {
    let (shortest, longest) = part.length;
    let length = if shortest == longest { shortest.to_string() } else { format!("{shortest}–{longest}") };
    let distinct = if part.distinct >= 1_000 { "≥ 1000".to_owned() } else { part.distinct.to_string() };
    let mut what = if !part.code.is_empty() {
        counted(&part.code, SHOWN)
    } else if part.content == Content::Date {
        counted(&part.date, SHOWN)
    } else {
        counted(&part.shape, SHOWN)
    };
    if !part.code.is_empty() && part.withheld > 0 {
        let more = part.withheld;
        what.push_str(&language.pick(format!(", {more} not shown"), format!(", {more} nicht gezeigt")));
    }
    vec![distinct, length, what]
}

/// The name of a field or part: `Patient Name: Family Name`.
fn name(place: &Place, dictionary: &Dictionary<'_>) -> String {
    let numbers = place.numbers();
    let Some(field) = numbers.first().and_then(|number| dictionary.field(place.segment(), *number)) else {
        return String::new();
    };
    let language = dictionary.language();
    let mut name = field.name(language).to_owned();
    let mut data_type = field.data_type.as_ref();
    for number in &numbers[1..] {
        let Some(component) = dictionary.component(data_type, *number) else { break };
        name = component.name(language).to_owned();
        data_type = component.data_type.as_ref();
    }
    name
}

/// Tables, each with the codes that came.
pub fn tables(dialect: &Dialect, dictionary: &Dictionary<'_>, language: Language) -> Section {
    let mut section = Section::new(
        language.pick("Tables", "Tabellen"),
        language.pick("* is not in the standard's table.", "* steht nicht in der Tabelle des Standards."),
        &[
            language.pick("place", "Stelle"),
            language.pick("table", "Tabelle"),
            language.pick("code", "Code"),
            language.pick("meaning", "Bedeutung"),
            language.pick("came", "kam"),
        ],
    );
    for (place, part) in dialect.part.iter().filter(|(_, part)| !part.code.is_empty()) {
        let id = part.table.as_deref().unwrap_or_default();
        let table = dictionary.table(id).map(|table| table.name(dictionary.language()));
        let table = table.map_or_else(|| id.to_owned(), |name| format!("{id} {name}"));
        let mut codes: Vec<_> = part.code.iter().collect();
        codes.sort_by(|one, other| other.1.cmp(one.1).then_with(|| one.0.cmp(other.0)));
        for (at, (code, count)) in codes.into_iter().enumerate() {
            let star = if part.not_in_table.contains(code) { " *" } else { "" };
            let meaning = dictionary.value_text(id, code).unwrap_or_default();
            let (place, table) =
                if at == 0 { (place.to_string(), table.clone()) } else { Default::default() };
            section.row([place, table, format!("{code}{star}"), meaning.to_owned(), count.to_string()]);
        }
    }
    section
}

/// Identifiers with their types and who gives them.
pub fn identifiers(dialect: &Dialect, dictionary: &Dictionary<'_>, language: Language) -> Section {
    let mut section = Section::new(
        language.pick("Identifiers", "Kennungen"),
        "",
        &[
            language.pick("field", "Feld"),
            language.pick("type", "Art"),
            language.pick("meaning", "Bedeutung"),
            language.pick("given by", "vergeben von"),
            language.pick("came", "kam"),
        ],
    );
    for (place, kinds) in &dialect.identifier {
        for kind in kinds {
            let meaning = dictionary.value_text("0203", &kind.kind).unwrap_or_default();
            let count = kind.count.to_string();
            section.row([place.as_str(), &kind.kind, meaning, &kind.authority, &count]);
        }
    }
    section
}
