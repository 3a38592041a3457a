//! What is new in a partner's messages, in words. A novelty holds no patient data, so neither do these.

use klinke_diagnosis::dialect::Kind;
use klinke_formats::explain::deviation_text;

use crate::lang::{Language, Pick};

/// A novelty as a sentence's part: `PID-8: a code that did not come before: U (until then F, M)`.
pub fn novelty(kind: Kind, place: &str, came: &str, before: &str, language: Language) -> String {
    let (en, de) = kind_words(kind);
    let sentence = (kind == Kind::Deviation).then(|| deviation_text(came, definitions(language))).flatten();
    let came = sentence.as_deref().unwrap_or(came);
    let mut text = String::new();
    if !place.is_empty() && place != came {
        text.push_str(place);
        text.push_str(": ");
    }
    text.push_str(language.pick(en, de));
    if !came.is_empty() {
        text.push_str(": ");
        text.push_str(came);
    }
    if !before.is_empty() {
        text.push_str(&language.pick(format!(" (until then {before})"), format!(" (bis dahin {before})")));
    }
    text
}

fn definitions(language: Language) -> klinke_hl7v2::definitions::Language {
    language.pick(klinke_hl7v2::definitions::Language::En, klinke_hl7v2::definitions::Language::De)
}

/// A kind of novelty in words.
#[rustfmt::skip]
fn kind_words(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Event => ("a new event", "ein neues Ereignis"),
        Kind::Version => ("another version", "eine andere Version"),
        Kind::CharsetDeclared => ("another character set is declared", "ein anderer Zeichensatz ist angegeben"),
        Kind::CharsetUsed => ("the bytes are in another character set", "die Bytes sind in einem anderen Zeichensatz"),
        Kind::Acknowledgment => ("other acknowledgments are asked for", "andere Quittungen werden verlangt"),
        Kind::Deviation => ("a new deviation from the standard", "eine neue Abweichung vom Standard"),
        Kind::Segment => ("a new segment", "ein neues Segment"),
        Kind::SegmentRepeated => ("the segment stands more often than before", "das Segment steht öfter da als bisher"),
        Kind::SegmentMissing => ("the segment is missing; it was always there in", "das Segment fehlt; es war immer da in"),
        Kind::Order => ("segments stand in another order", "Segmente stehen in anderer Reihenfolge"),
        Kind::Field => ("a field that was never used", "ein Feld, das nie benutzt war"),
        Kind::FieldMissing => ("the field is empty; it never was in", "das Feld ist leer; das war es nie in"),
        Kind::Part => ("a part that was never used", "ein Feldteil, der nie benutzt war"),
        Kind::Repetition => ("the field repeats more often than before", "das Feld wiederholt sich öfter als bisher"),
        Kind::Code => ("a new code", "ein neuer Code"),
        Kind::IdentifierType => ("a new type of identifier", "eine neue Art von Kennung"),
        Kind::Authority => ("identifiers from a new authority", "Kennungen von einer neuen Vergabestelle"),
        Kind::Date => ("a date in a new form", "ein Datum in neuer Form"),
        Kind::Shape => ("values look different", "Werte sehen anders aus"),
        Kind::Length => ("values are longer than before", "Werte sind länger als bisher"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_novelty_is_a_line_in_both_languages() {
        let code = |language| novelty(Kind::Code, "PID-8", "U", "F, M", language);
        assert_eq!(code(Language::En), "PID-8: a new code: U (until then F, M)");
        assert_eq!(code(Language::De), "PID-8: ein neuer Code: U (bis dahin F, M)");
        assert_eq!(novelty(Kind::Segment, "ZQQ", "ZQQ", "", Language::De), "ein neues Segment: ZQQ");
        let deviation = novelty(Kind::Deviation, "", "nul-bytes", "", Language::En);
        assert_eq!(deviation, "a new deviation from the standard: There are NUL bytes.");
    }
}
