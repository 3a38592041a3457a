//! Messages in plain words, German or English: what happened to whom, when and where, who sent it to whom; then
//! segment by segment with names, decoded values and table texts; then the deviations with their places.
//!
//! Names and tables come from [`klinke_hl7v2::definitions`] (HL7 v2.1 to 2.8.2), deviations from
//! [`klinke_hl7v2::deviation`]; the sentences of the first paragraph are written here, a file for each family of
//! messages. An explanation holds patient data: it is for the eyes of whoever may open the message, never for a log.
//!
//! ```
//! use klinke_formats::explain::explain;
//! use klinke_hl7v2::definitions::Language;
//!
//! let message = "MSH|^~\\&|KIS||RIS||202611241405||ADT^A01|1|P|2.5\r\
//!                PID|1||4711||Mustermann^Erika||19640812|F\rPV1|1|I|3B^12^2\r";
//! let explanation = explain(message.as_bytes(), None, None, Language::De).unwrap();
//! assert!(explanation.summary.starts_with(
//!     "Frau Erika Mustermann, geb. 12.08.1964 (62 Jahre), wurde am 24.11.2026 um 14:05 Uhr \
//!      auf Station 3B, Zimmer 12, Bett 2 aufgenommen."
//! ));
//! assert!(explanation.is_clean());
//! ```

mod date;
mod deviations;
mod person;
mod place;
mod reader;
mod segments;
mod summary;
mod text;
mod values;

use klinke_hl7v2::definitions::{Dictionary, Language, Local, nearest};
use klinke_hl7v2::message::{Options, Segment};
use klinke_hl7v2::{Charset, Message};
use serde::Serialize;

pub use deviations::{DeviationWords, Weight, deviation_text};
pub use segments::{ComponentWords, FieldWords, SegmentWords};

use reader::Reader;
use segments::Occurrences;

/// A payload in plain words.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// The first paragraph: what happened to whom, when and where, and who sent it to whom. Of several messages, how
    /// many there are of which kind.
    pub summary: String,
    /// What is to be said beside it, such as that it is a test message.
    pub notes: Vec<String>,
    /// The segments around the messages of a batch (FHS, BHS, BTS, FTS); none for a message alone.
    pub frame: Vec<SegmentWords>,
    /// The messages in order; one unless the payload is a batch.
    pub messages: Vec<MessageWords>,
    /// What the sender does against the standard.
    pub deviations: Vec<DeviationWords>,
    #[serde(skip)]
    language: Language,
}

/// One message in plain words.
#[derive(Debug, Clone, Serialize)]
pub struct MessageWords {
    /// A few words that name it: type, event, control ID.
    pub title: String,
    /// Its own first paragraph.
    pub summary: String,
    /// What is to be said beside it.
    pub notes: Vec<String>,
    /// Its segments in order.
    pub segments: Vec<SegmentWords>,
}

/// The payload is no HL7 v2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct NotHl7(#[from] pub klinke_hl7v2::Error);

/// Most messages of one payload that are explained; the rest is counted.
pub const MESSAGES_MAX: usize = 1_000;

/// Puts a payload into words.
///
/// `local` are a site's own segments and tables, `charset` is the character set of the connection for messages that
/// declare none (a name as in MSH-18; one that is not known is ignored).
///
/// # Errors
/// [`NotHl7`] when no header segment is found, with the place where one was expected.
pub fn explain(
    bytes: &[u8],
    local: Option<&Local>,
    charset: Option<&str>,
    language: Language,
) -> Result<Explanation, NotHl7> {
    let options = Options { charset: charset.and_then(Charset::by_name), ..Options::default() };
    let whole = Message::parse_with(bytes.to_vec(), &options)?;
    let deviations = deviations::words(&whole, language);
    let mut explanation = Explanation {
        summary: String::new(),
        notes: Vec::new(),
        frame: Vec::new(),
        messages: Vec::new(),
        deviations,
        language,
    };
    let headers = whole.segments().filter(|segment| segment.is_header()).count();
    let mut occurrences = Occurrences::new();
    if headers == 1 && whole.segment(0).is_some_and(|first| first.name() == "MSH") {
        let message = one(&whole, local, language, &mut occurrences, 0);
        explanation.summary.clone_from(&message.summary);
        explanation.notes.clone_from(&message.notes);
        explanation.messages.push(message);
        return Ok(explanation);
    }
    let count = several(&whole, local, &options, &mut occurrences, &mut explanation);
    explanation.summary = count_words(&explanation, count);
    Ok(explanation)
}

impl Explanation {
    /// Whether no deviation is worth a look; the command line exits with 0 then, otherwise with 1.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.deviations.iter().all(|deviation| deviation.weight == Weight::Harmless)
    }

    /// The language it is written in.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// As text in aligned columns, with escape sequences for colours on a terminal. Control characters of the message
    /// are not in it.
    #[must_use]
    pub fn to_text(&self, colour: bool) -> String {
        text::write(self, colour)
    }
}

fn one(
    message: &Message,
    local: Option<&Local>,
    language: Language,
    occurrences: &mut Occurrences,
    position: usize,
) -> MessageWords {
    let reader = reader(message, local, language);
    MessageWords {
        title: summary::title(&reader),
        summary: summary::paragraph(&reader),
        notes: summary::notes(&reader),
        segments: segments::words(&reader, occurrences, position),
    }
}

fn reader<'a>(message: &'a Message, local: Option<&'a Local>, language: Language) -> Reader<'a> {
    let header = message.segment(0).filter(|segment| segment.name() == "MSH");
    let version = header.map(|header| reader::text(&header, 12, 1)).unwrap_or_default();
    Reader::new(message, Dictionary::new(nearest(&version), local, language))
}

/// Takes a payload of several messages apart; gives their number.
fn several(
    whole: &Message,
    local: Option<&Local>,
    options: &Options,
    occurrences: &mut Occurrences,
    explanation: &mut Explanation,
) -> usize {
    let language = explanation.language;
    let mut count = 0;
    let segments: Vec<Segment<'_>> = whole.segments().collect();
    let mut from = 0;
    while from < segments.len() {
        let is_message = segments[from].name() == "MSH";
        let ends = |segment: &Segment<'_>| matches!(segment.name(), "MSH" | "FHS" | "BHS" | "BTS" | "FTS");
        let length = segments[from + 1..].iter().take_while(|segment| !ends(segment)).count() + 1;
        let until = from + length;
        count += usize::from(is_message);
        if !is_message || count <= MESSAGES_MAX {
            // Each message brings its own delimiters, version and character set.
            let bytes: Vec<u8> = segments[from..until].iter().flat_map(|segment| lines(segment)).collect();
            let alone = is_header_line(&bytes).then(|| Message::parse_with(bytes, options).ok()).flatten();
            if let Some(message) = &alone {
                let words = one(message, local, language, occurrences, from);
                if is_message {
                    explanation.messages.push(words);
                } else {
                    explanation.frame.extend(words.segments);
                }
            } else {
                let stray = Stray { whole, range: from..until };
                explanation.frame.extend(stray.words(local, language, occurrences));
            }
        }
        from = until;
    }
    count
}

fn is_header_line(bytes: &[u8]) -> bool {
    [&b"MSH"[..], b"FHS", b"BHS"].iter().any(|name| bytes.starts_with(name))
}

fn lines(segment: &Segment<'_>) -> Vec<u8> {
    let mut line = segment.raw().into_owned();
    line.push(b'\r');
    line
}

/// Segments of a batch that begin with no header: trailers, and what stands in no message.
struct Stray<'a> {
    whole: &'a Message,
    range: std::ops::Range<usize>,
}

impl Stray<'_> {
    fn words(
        &self,
        local: Option<&Local>,
        language: Language,
        occurrences: &mut Occurrences,
    ) -> Vec<SegmentWords> {
        let mut reader = reader(self.whole, local, language);
        let position = self.range.start;
        reader.segments = reader.segments.get(self.range.clone()).unwrap_or_default().to_vec();
        segments::words(&reader, occurrences, position)
    }
}

/// How many messages there are, of which kinds.
fn count_words(explanation: &Explanation, count: usize) -> String {
    let mut kinds: Vec<(String, usize)> = Vec::new();
    for message in &explanation.messages {
        let kind = message.title.split(", ").next().unwrap_or_default();
        match kinds.iter_mut().find(|(known, _)| known == kind) {
            Some((_, number)) => *number += 1,
            None => kinds.push((kind.to_owned(), 1)),
        }
    }
    let kinds: Vec<String> = kinds.iter().map(|(kind, number)| format!("{number} × {kind}")).collect();
    let kinds = if kinds.is_empty() { String::new() } else { format!(": {}", kinds.join(", ")) };
    let german = explanation.language == Language::De;
    let is_batch = !explanation.frame.is_empty();
    let shown = explanation.messages.len();
    let mut words = match (german, is_batch, count) {
        (true, true, 0) => "Ein Stapel ohne Nachrichten.".to_owned(),
        (false, true, 0) => "A batch without messages.".to_owned(),
        (true, true, 1) => format!("Ein Stapel mit 1 Nachricht{kinds}."),
        (false, true, 1) => format!("A batch of 1 message{kinds}."),
        (true, true, _) => format!("Ein Stapel mit {count} Nachrichten{kinds}."),
        (false, true, _) => format!("A batch of {count} messages{kinds}."),
        (true, false, _) => format!("{count} Nachrichten{kinds}."),
        (false, false, _) => format!("{count} messages{kinds}."),
    };
    if shown < count {
        words += &if german {
            format!(" Erklärt werden die ersten {shown}.")
        } else {
            format!(" The first {shown} are explained.")
        };
    }
    words
}
