//! A dialect as a page that can be handed to the vendor, in German or English; [`super::render`] writes it
//! as text, Markdown or HTML.

use std::collections::BTreeMap;

use klinke_diagnosis::dialect::{Dialect, Event};
use klinke_formats::explain::deviation_text;
use klinke_hl7v2::definitions::{self, Dictionary, Local, nearest};

use super::fields;
use crate::lang::{Language, Pick};

/// A page.
pub struct Page {
    /// Its title.
    pub title: String,
    /// What stands on top.
    pub lead: Vec<String>,
    /// Its sections.
    pub sections: Vec<Section>,
    /// Its language.
    pub language: Language,
}

/// A section with a table.
pub struct Section {
    /// Its title.
    pub title: String,
    /// A sentence below the title; may be empty.
    pub note: String,
    /// The names of the columns.
    pub head: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

impl Section {
    /// A section without rows.
    pub fn new(title: &str, note: &str, head: &[&str]) -> Self {
        Section {
            title: title.to_owned(),
            note: note.to_owned(),
            head: head.iter().map(|cell| (*cell).to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }
}

/// The page of a dialect. `local` are the site's own definitions.
pub fn page(dialect: &Dialect, local: Option<&Local>, language: Language) -> Page {
    let words = match language {
        Language::En => definitions::Language::En,
        Language::De => definitions::Language::De,
    };
    let dictionary = Dictionary::new(nearest(dialect.main_version()), local, words);
    let mut sections = vec![
        overview(dialect, language),
        events(dialect, &dictionary, language),
        segments(dialect, &dictionary, language),
        fields::fields(dialect, &dictionary, language),
        fields::tables(dialect, &dictionary, language),
        fields::identifiers(dialect, &dictionary, language),
        deviations(dialect, words, language),
    ];
    sections.retain(|section| !section.rows.is_empty());
    let count = dialect.messages;
    Page {
        title: language.pick(
            format!("The HL7 v2 dialect of {}", dialect.system),
            format!("Der HL7-v2-Dialekt von {}", dialect.system),
        ),
        lead: vec![
            language.pick(
                format!("Learned from {count} messages."),
                format!("Gelernt aus {count} Nachrichten."),
            ),
            language
                .pick(
                    "This page holds no patient data. Of values only codes are shown, and of those only the ones \
                     that a table has or that came with several patients. Of all else there is a shape: A for a \
                     capital and a for a small letter beside digits, X and x for letters alone, 9 for a digit.",
                    "Diese Seite enthält keine Patientendaten. Von Werten stehen nur Codes da, und von diesen nur, \
                     was eine Tabelle kennt oder was bei mehreren Patienten vorkam. Von allem anderen steht nur die \
                     Form da: A für einen Groß- und a für einen Kleinbuchstaben neben Ziffern, X und x für \
                     Buchstaben allein, 9 für eine Ziffer.",
                )
                .to_owned(),
        ],
        sections,
        language,
    }
}

fn overview(dialect: &Dialect, language: Language) -> Section {
    let mut section = Section::new(
        language.pick("Overview", "Überblick"),
        "",
        &[language.pick("what", "was"), language.pick("came, and how often", "kam, und wie oft")],
    );
    let mut add = |en: &str, de: &str, counts: &BTreeMap<String, u64>| {
        if !counts.is_empty() {
            section.row([language.pick(en, de).to_owned(), fields::counted(counts, 20)]);
        }
    };
    add("version (MSH-12)", "Version (MSH-12)", &dialect.version);
    add("character set declared (MSH-18)", "Zeichensatz angegeben (MSH-18)", &dialect.charset_declared);
    add("character set really used", "Zeichensatz wirklich benutzt", &dialect.charset_used);
    add("acknowledgments (MSH-15/MSH-16)", "Quittungen (MSH-15/MSH-16)", &dialect.acknowledgment);
    section
}

fn events(dialect: &Dialect, dictionary: &Dictionary<'_>, language: Language) -> Section {
    let note = language.pick(
        "Segments in the order in which they come; [ ] is not always there, + comes more than once.",
        "Segmente in der Reihenfolge, in der sie kommen; [ ] ist nicht immer da, + kommt mehrmals.",
    );
    let mut section = Section::new(
        language.pick("Events", "Ereignisse"),
        note,
        &[
            language.pick("event", "Ereignis"),
            language.pick("meaning", "Bedeutung"),
            language.pick("messages", "Nachrichten"),
            language.pick("segments", "Segmente"),
        ],
    );
    for (name, event) in &dialect.event {
        let (kind, trigger) = name.split_once('^').unwrap_or((name, ""));
        let meaning = dictionary.event_text(kind, trigger).unwrap_or_default();
        section.row([name.as_str(), meaning, &event.messages.to_string(), &in_order(event)]);
    }
    section
}

/// Segments of an event in an order in which they come.
fn in_order(event: &Event) -> String {
    let came = |one: &str, other: &str| {
        event.before.get(one).is_some_and(|behind| behind.iter().any(|name| name == other))
    };
    let mut rest: Vec<&String> = event.segment.keys().collect();
    let mut written = Vec::new();
    while !rest.is_empty() {
        let is_first =
            |at: &usize| rest.iter().all(|other| !came(other, rest[*at]) || came(rest[*at], other));
        let name = rest.remove((0..rest.len()).find(is_first).unwrap_or(0));
        let known = event.segment[name];
        let plus = if known.most > 1 { "+" } else { "" };
        written.push(match known.messages == event.messages {
            true => format!("{name}{plus}"),
            false => format!("[{name}{plus}]"),
        });
    }
    written.join(" ")
}

fn segments(dialect: &Dialect, dictionary: &Dictionary<'_>, language: Language) -> Section {
    let own = language.pick("the partner's own", "eigenes des Partners");
    let mut section = Section::new(
        language.pick("Segments", "Segmente"),
        "",
        &[
            language.pick("segment", "Segment"),
            language.pick("meaning", "Bedeutung"),
            language.pick("met", "vorgekommen"),
            language.pick("fields used", "benutzte Felder"),
        ],
    );
    for (name, segment) in &dialect.segment {
        let meaning = dictionary.segment_name(name).map(str::to_owned);
        let meaning = meaning.or_else(|| name.starts_with('Z').then(|| own.to_owned())).unwrap_or_default();
        let of_segment = dialect.field.keys().filter(|place| place.segment() == name);
        let numbers: Vec<String> =
            of_segment.filter_map(|place| place.numbers().first().map(ToString::to_string)).collect();
        section.row([name.clone(), meaning, segment.met.to_string(), numbers.join(", ")]);
    }
    section
}

fn deviations(dialect: &Dialect, words: definitions::Language, language: Language) -> Section {
    let mut section = Section::new(
        language.pick("Deviations from the standard", "Abweichungen vom Standard"),
        "",
        &[
            language.pick("deviation", "Abweichung"),
            language.pick("messages", "Nachrichten"),
            language.pick("name", "Name"),
        ],
    );
    for (code, count) in &dialect.deviation {
        let text = deviation_text(code, words).unwrap_or_else(|| code.clone());
        section.row([text, count.to_string(), code.clone()]);
    }
    section
}
