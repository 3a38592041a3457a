//! Deviations in both languages and how much they matter. One line each; the codes are those of
//! [`klinke_hl7v2::deviation`].

use klinke_hl7v2::definitions::Language;
use klinke_hl7v2::{Deviation, Message};
use serde::Serialize;

/// How much a deviation matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Somebody should look at it: something may be lost, misread or refused.
    WorthALook,
    /// Every receiver copes with it.
    Harmless,
}

/// A deviation in words.
#[derive(Debug, Clone, Serialize)]
pub struct DeviationWords {
    /// Its stable name, such as `line-ends-lf`.
    pub code: String,
    /// Where it is, written like a path.
    pub place: String,
    /// A sentence about it.
    pub text: String,
    /// How often it was met.
    pub count: u32,
    /// How much it matters.
    pub weight: Weight,
}

/// A kind of deviation, by its stable name, as a sentence; none for a name that is none.
#[must_use]
pub fn deviation_text(code: &str, language: Language) -> Option<String> {
    let text = match language {
        Language::De => KINDS.iter().find(|kind| kind.0 == code)?.2,
        Language::En => klinke_hl7v2::deviation::ALL.iter().find(|kind| kind.code == code)?.text,
    };
    Some(sentence(text))
}

/// What deviates in a payload.
pub(super) fn words(message: &Message, language: Language) -> Vec<DeviationWords> {
    message.inspect().iter().map(|deviation| in_words(deviation, language)).collect()
}

fn in_words(deviation: &Deviation, language: Language) -> DeviationWords {
    let known = KINDS.iter().find(|kind| kind.0 == deviation.code);
    let text = match (known, language) {
        (Some(kind), Language::De) => {
            let detail = detail(&deviation.text).map(in_german);
            kind.2.to_owned() + &detail.map(|detail| format!(" ({detail})")).unwrap_or_default()
        }
        _ => deviation.text.to_string(),
    };
    DeviationWords {
        code: deviation.code.to_owned(),
        place: place(deviation, language),
        text: sentence(&text),
        count: deviation.count,
        weight: known.map_or(Weight::WorthALook, |kind| kind.1),
    }
}

/// What stands in brackets behind the sentence.
fn detail(text: &str) -> Option<&str> {
    let start = text.rfind(" (")?;
    text[start + 2..].strip_suffix(')')
}

/// The few words that details are made of; numbers, names of segments and character sets stay.
fn in_german(detail: &str) -> String {
    const WORDS: [(&str, &str); 8] = [
        ("read as ", "gelesen als "),
        (" of ", " von "),
        (" fields", " Feldern"),
        (" characters", " Zeichen"),
        (" bytes", " Bytes"),
        (" since ", " ab Version "),
        (" said, ", " angegeben, "),
        (" found", " gefunden"),
    ];
    WORDS.iter().fold(detail.to_owned(), |text, (english, german)| text.replace(english, german))
}

fn place(deviation: &Deviation, language: Language) -> String {
    let place = deviation.place.to_string();
    if language == Language::En {
        return place;
    }
    if place == "message" {
        return "Nachricht".to_owned();
    }
    place.strip_prefix("byte ").map_or(place.clone(), |offset| format!("Byte {offset}"))
}

/// A capital at the start, a full stop at the end.
pub(super) fn sentence(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut letters = text.chars();
    let Some(first) = letters.next() else { return String::new() };
    let mut sentence: String = first.to_uppercase().chain(letters).collect();
    // A closing quotation mark does not end a sentence; the mark before it may.
    if !sentence.trim_end_matches(['“', '”']).ends_with(['.', '!', '?', '…', ':']) {
        sentence.push('.');
    }
    sentence
}

const LOOK: Weight = Weight::WorthALook;
const FINE: Weight = Weight::Harmless;

#[rustfmt::skip]
const KINDS: &[(&str, Weight, &str)] = &[
    ("line-ends-lf", FINE, "Segmente enden mit LF statt CR"),
    ("line-ends-crlf", FINE, "Segmente enden mit CR LF statt CR"),
    ("line-ends-mixed", FINE, "Segmente enden auf verschiedene Weise"),
    ("last-segment-open", FINE, "dem letzten Segment fehlt das CR"),
    ("blank-lines", FINE, "zwischen den Segmenten stehen Leerzeilen"),
    ("spaces-before-segment", FINE, "vor einem Segmentnamen stehen Leerzeichen"),
    ("control-characters-between", FINE, "zwischen den Segmenten stehen Steuerzeichen"),
    ("line-break-in-field", LOOK, "in einem Feld steht ein Zeilenumbruch; was folgt, wurde als dessen Fortsetzung gelesen"),
    ("segment-name-case", LOOK, "eine Zeile beginnt wie ein Segment in Kleinbuchstaben; sie wurde als Teil des Feldes davor gelesen"),
    ("junk-before-header", LOOK, "vor dem Kopfsegment stehen fremde Bytes"),
    ("byte-order-mark", FINE, "die Nachricht beginnt mit einer Bytereihenfolge-Marke (BOM)"),
    ("header-name-damaged", LOOK, "der Name des Kopfsegments ist beschädigt oder kleingeschrieben"),
    ("header-short", LOOK, "das Kopfsegment endet vor seinen Pflichtfeldern"),
    ("encoding-characters-missing", LOOK, "MSH-2 ist leer; es wurden die üblichen Trennzeichen verwendet"),
    ("encoding-characters-short", FINE, "MSH-2 hat weniger als vier Zeichen"),
    ("encoding-characters-odd", LOOK, "MSH-2 taugt nicht als Trennzeichen; es wurden die üblichen verwendet"),
    ("truncation-character-too-early", FINE, "MSH-2 hat ein Kürzungszeichen, das die Version nicht kennt"),
    ("message-type-missing", LOOK, "MSH-9 (Nachrichtentyp) ist leer"),
    ("control-id-missing", LOOK, "MSH-10 (Kontrollnummer) ist leer; die Nachricht kann damit nicht quittiert werden"),
    ("control-id-long", FINE, "MSH-10 (Kontrollnummer) ist länger, als die Version erlaubt"),
    ("processing-id-missing", FINE, "MSH-11 (Verarbeitungskennung) ist leer"),
    ("version-missing", LOOK, "MSH-12 (Version) ist leer"),
    ("version-unknown", LOOK, "MSH-12 ist keine Version des Standards"),
    ("version-too-old-for-content", FINE, "die Nachricht enthält, was ihre Version noch nicht kennt"),
    ("ack-condition-unknown", LOOK, "MSH-15 oder MSH-16 ist keiner der Werte AL, NE, ER, SU"),
    ("event-mismatch", LOOK, "EVN-1 und MSH-9 nennen verschiedene Ereignisse"),
    ("charset-unknown", LOOK, "MSH-18 nennt keinen bekannten Zeichensatz"),
    ("charset-undeclared", LOOK, "es gibt Zeichen jenseits von ASCII, und MSH-18 sagt nicht, zu welchem Zeichensatz sie gehören"),
    ("charset-is-utf8", LOOK, "MSH-18 nennt einen Ein-Byte-Zeichensatz, die Nachricht ist aber UTF-8"),
    ("charset-not-utf8", LOOK, "MSH-18 sagt UTF-8, die Nachricht ist es aber nicht; als Windows-1252 gelesen"),
    ("charset-mixed", LOOK, "MSH-18 sagt UTF-8, aber nur Teile der Nachricht sind es"),
    ("charset-windows-bytes", LOOK, "MSH-18 sagt 8859/1, es gibt aber Zeichen, die nur Windows-1252 hat"),
    ("charset-not-wide", LOOK, "MSH-18 sagt UTF-16 oder UTF-32, die Nachricht ist es aber nicht"),
    ("charset-wide-undeclared", LOOK, "die Nachricht ist UTF-16 oder UTF-32, und MSH-18 sagt etwas anderes"),
    ("charset-invalid-bytes", LOOK, "es gibt Bytes, die im Zeichensatz der Nachricht ungültig sind; sie kann gelesen, aber nicht bearbeitet werden"),
    ("characters-lost", LOOK, "Zeichen, die der Zeichensatz der Nachricht nicht hat, wurden als `?` geschrieben"),
    ("nul-bytes", LOOK, "es gibt NUL-Bytes"),
    ("control-characters", LOOK, "in einem Feld stehen Steuerzeichen"),
    ("escape-unknown", LOOK, "eine Escape-Sequenz ist unbekannt; sie blieb, wie sie ist"),
    ("escape-open", LOOK, "ein Escape-Zeichen steht allein; es blieb, wie es ist"),
    ("escape-double", LOOK, "eine Escape-Sequenz scheint doppelt maskiert zu sein"),
    ("separator-suspect", LOOK, "ein Trennzeichen in einem Text scheint nicht maskiert zu sein"),
    ("field-count-suspect", LOOK, "es gibt mehr Felder, als irgendeine Version hat; ein Trennzeichen scheint nicht maskiert zu sein"),
    ("null-overused", LOOK, "`\"\"` (löschen) steht in den meisten Feldern eines Segments, wo wohl nichts gemeint ist"),
    ("quadruple-quotes", LOOK, "vier Anführungszeichen stehen, wo wohl nichts oder `\"\"` gemeint ist"),
    ("obx-type-missing", LOOK, "OBX-2 (Werttyp) ist leer, obwohl OBX-5 einen Wert hat"),
    ("obx-type-unknown", LOOK, "OBX-2 nennt keinen Datentyp"),
    ("obx-type-case", FINE, "OBX-2 ist kleingeschrieben"),
    ("obx-text-long", FINE, "OBX-5 vom Typ ST ist länger als 199 Zeichen"),
    ("obx-number-odd", LOOK, "OBX-5 vom Typ NM ist keine Zahl"),
    ("obx-flag-unknown", LOOK, "OBX-8 ist kein Wert der Tabelle 0078"),
    ("obx-without-order", LOOK, "OBX steht vor dem ersten OBR"),
    ("pid-repeated", LOOK, "PID steht mehrmals in einer Nachricht, die von einem Patienten handelt"),
    ("several-messages", LOOK, "es sind mehrere Nachrichten ohne Stapelkopf"),
    ("date-zeros", FINE, "ein Datum besteht aus Nullen"),
    ("date-zero-parts", FINE, "Teile eines Datums sind null; sie wurden als unbekannt gelesen"),
    ("date-iso", LOOK, "ein Datum ist nach ISO 8601 geschrieben"),
    ("date-separators", LOOK, "ein Datum ist mit Trennzeichen geschrieben"),
    ("date-hour-24", FINE, "eine Uhrzeit ist 24:00; sie wurde als 00:00 des nächsten Tags gelesen"),
    ("date-spaces", FINE, "um ein Datum stehen Leerzeichen"),
    ("date-zone-form", FINE, "eine Zeitzone ist nicht als +ZZZZ geschrieben"),
    ("date-fraction-long", FINE, "ein Sekundenbruchteil hat mehr als vier Stellen"),
    ("date-invalid", LOOK, "das ist kein Datum"),
    ("birth-date-with-time", FINE, "ein Geburtsdatum hat die Uhrzeit 00:00"),
    ("batch-count-wrong", LOOK, "BTS-1 ist nicht die Zahl der Nachrichten"),
    ("file-count-wrong", LOOK, "FTS-1 ist nicht die Zahl der Stapel"),
    ("batch-open", LOOK, "einem Stapelkopf oder -ende fehlt das Gegenstück"),
    ("batch-stray-segment", LOOK, "ein Segment eines Stapels gehört zu keiner Nachricht"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_german_sentence() {
        let known: Vec<&str> = KINDS.iter().map(|kind| kind.0).collect();
        let lacking = klinke_hl7v2::deviation::ALL.iter().filter(|kind| !known.contains(&kind.code));
        assert_eq!(lacking.map(|kind| kind.code).collect::<Vec<_>>(), Vec::<&str>::new());
        let codes: Vec<&str> = klinke_hl7v2::deviation::ALL.iter().map(|kind| kind.code).collect();
        assert_eq!(
            known.into_iter().filter(|code| !codes.contains(code)).collect::<Vec<_>>(),
            Vec::<&str>::new()
        );
    }
}
