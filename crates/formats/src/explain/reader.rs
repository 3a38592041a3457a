//! Looking into a message without minding what is missing: whatever is not there is the empty text.

use klinke_hl7v2::Message;
use klinke_hl7v2::definitions::{Dictionary, Language};
use klinke_hl7v2::message::{Part, Segment};
use klinke_hl7v2::time::Timestamp;

use super::date;

/// One message with the words of one language.
pub(super) struct Reader<'a> {
    /// Its segments in order.
    pub(super) segments: Vec<Segment<'a>>,
    pub(super) dictionary: Dictionary<'a>,
    pub(super) language: Language,
    /// When the message was made (MSH-7, else EVN-2); ages are reckoned for this time.
    pub(super) now: Option<Timestamp>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(message: &'a Message, dictionary: Dictionary<'a>) -> Self {
        let segments: Vec<_> = message.segments().collect();
        let mut reader = Self { segments, dictionary, language: dictionary.language(), now: None };
        reader.now = date::read(&reader.get("MSH", 7)).or_else(|| date::read(&reader.get("EVN", 2)));
        reader
    }

    /// The same message with fewer segments.
    pub(super) fn with(&self, segments: Vec<Segment<'a>>) -> Self {
        Self { segments, ..*self }
    }

    pub(super) fn is_german(&self) -> bool {
        self.language == Language::De
    }

    /// The word of the reader's language.
    pub(super) fn say<'t>(&self, german: &'t str, english: &'t str) -> &'t str {
        if self.is_german() { german } else { english }
    }

    /// The first segment of this name.
    pub(super) fn first(&self, name: &str) -> Option<Segment<'a>> {
        self.all(name).next()
    }

    /// Every segment of this name.
    pub(super) fn all<'t>(&'t self, name: &'t str) -> impl Iterator<Item = Segment<'a>> + 't {
        self.segments.iter().copied().filter(move |segment| segment.name() == name)
    }

    /// The first component of a field of the first segment of a name.
    pub(super) fn get(&self, segment: &str, field: usize) -> String {
        self.component(segment, field, 1)
    }

    /// A component of a field of the first segment of a name.
    pub(super) fn component(&self, segment: &str, field: usize, component: usize) -> String {
        self.first(segment).map(|segment| text(&segment, field, component)).unwrap_or_default()
    }

    /// What a code of a table means, the code itself where nobody knows.
    pub(super) fn meaning(&self, table: &str, code: &str) -> String {
        self.dictionary.value_text(table, code).unwrap_or(code).to_owned()
    }

    /// The text of a coded element (CE, CWE, CNE, CF, or a mere code): its text in any of its three places, else what
    /// the table says, else the code.
    pub(super) fn coded(&self, part: Option<Part<'_>>, table: &str) -> String {
        let Some(part) = part else { return String::new() };
        let texts = [2, 5, 9].map(|component| component_of(&part, component));
        if let Some(found) = texts.into_iter().find(|text| !text.is_empty()) {
            return found;
        }
        let code = component_of(&part, 1);
        if table.is_empty() || code.is_empty() { code } else { self.meaning(table, &code) }
    }

    /// The same for a field of a segment.
    pub(super) fn coded_field(&self, segment: &Segment<'_>, field: usize, table: &str) -> String {
        self.coded(first_repetition(segment, field), table)
    }
}

/// The first repetition of a field.
pub(super) fn first_repetition<'a>(segment: &Segment<'a>, field: usize) -> Option<Part<'a>> {
    segment.field(field)?.repetition(1)
}

/// A component of the first repetition of a field; of its subcomponents the first.
pub(super) fn text(segment: &Segment<'_>, field: usize, component: usize) -> String {
    first_repetition(segment, field).map(|part| component_of(&part, component)).unwrap_or_default()
}

/// A whole field as text for people, whatever it is made of.
pub(super) fn whole(segment: &Segment<'_>, field: usize) -> String {
    segment.field(field).map(|part| tidy(&part.plain_text())).unwrap_or_default()
}

/// A component; of its subcomponents the first.
pub(super) fn component_of(repetition: &Part<'_>, component: usize) -> String {
    subcomponent_of(repetition, component, 1)
}

/// A subcomponent of a component.
pub(super) fn subcomponent_of(repetition: &Part<'_>, component: usize, subcomponent: usize) -> String {
    let part = repetition.component(component).and_then(|part| part.subcomponent(subcomponent));
    part.map(|part| tidy(&part.plain_text())).unwrap_or_default()
}

/// Without white space around it, control characters, and quotation marks that stand for nothing.
pub(super) fn tidy(text: &str) -> String {
    let text = text.trim();
    if text == "\"\"" || text == "\"\"\"\"" {
        return String::new();
    }
    if text.chars().any(|letter| letter.is_control() && letter != '\n') {
        return text.replace("\r\n", "\n").replace(|letter: char| letter.is_control() && letter != '\n', " ");
    }
    text.to_owned()
}

/// The texts that are not empty.
pub(super) fn filled(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    texts.into_iter().filter(|text| !text.is_empty()).collect()
}
