//! Encoding, and what becomes of characters that have no place.

use klinke_dimse::charset::{Charset, Fallback, Rules, transliterate};
use klinke_dimse::data::DataSet;
use klinke_dimse::name::{NameGroup, PersonName};
use klinke_dimse::{VR, tags};
use proptest::prelude::*;

fn encode(declared: &str, text: &str) -> Vec<u8> {
    let encoded = charset(declared).encode(text, VR::PN, Fallback::QuestionMark);
    assert!(encoded.is_faithful(), "{declared}");
    encoded.bytes
}

fn charset(declared: &str) -> Charset {
    Charset::parse(declared, &Rules::default()).0
}

#[test]
fn the_standards_examples_are_written_as_they_stand_there() {
    let kanji = b"Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B=\x1B$B$d$^$@\x1B(B^\x1B$B$?$m$&\x1B(B";
    assert_eq!(encode("\\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎=やまだ^たろう"), kanji);
    let katakana = b"\xD4\xCF\xC0\xDE^\xC0\xDB\xB3=\x1B$B;3ED\x1B(J^\x1B$BB@O:\x1B(J=\x1B$B$d$^$@\x1B(J^\x1B$B$?$m$&\x1B(J";
    assert_eq!(encode("ISO 2022 IR 13\\ISO 2022 IR 87", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"), katakana);
    let korean =
        b"Hong^Gildong=\x1B$)C\xFB\xF3^\x1B$)C\xD1\xCE\xD4\xD7=\x1B$)C\xC8\xAB^\x1B$)C\xB1\xE6\xB5\xBF";
    assert_eq!(encode("\\ISO 2022 IR 149", "Hong^Gildong=洪^吉洞=홍^길동"), korean);
    let chinese = b"Zhang^XiaoDong=\x1B$)A\xD5\xC5^\x1B$)A\xD0\xA1\xB6\xAB=";
    assert_eq!(encode("\\ISO 2022 IR 58", "Zhang^XiaoDong=张^小东="), chinese);
    assert_eq!(encode("GB18030", "王^小东"), b"\xCD\xF5^\xD0\xA1\xB6\xAB");
    assert_eq!(encode("\\ISO 2022 IR 159", "顥"), b"\x1B$(Dh6\x1B(B");
    assert_eq!(encode("ISO 2022 IR 100\\ISO 2022 IR 126", "éΔ^é"), b"\xE9\x1B-F\xC4\x1B-A^\xE9");
}

#[test]
fn what_does_not_fit_is_written_in_other_letters() {
    let latin = |text: &str| {
        let encoded = Charset::LATIN_1.encode(text, VR::PN, Fallback::Transliterate);
        (encoded.bytes, encoded.transliterated, encoded.lost)
    };
    assert_eq!(latin("Müller"), (b"M\xFCller".to_vec(), 0, 0));
    assert_eq!(latin("Łukasz^Żak"), (b"Lukasz^Zak".to_vec(), 2, 0));
    assert_eq!(latin("Жуков"), (b"Zhukov".to_vec(), 5, 0));
    assert_eq!(latin("山田"), (b"??".to_vec(), 0, 2));
    let ascii = |text: &str| Charset::ASCII.encode(text, VR::PN, Fallback::Transliterate).bytes;
    assert_eq!(ascii("Äußere Größe, é, Øre"), b"Aeussere Groesse, e, Oere");
    assert_eq!(ascii("Παπαδόπουλος"), b"Papadopoylos");
    let hard = Charset::ASCII.encode("Größe", VR::LO, Fallback::QuestionMark);
    assert_eq!((hard.bytes.as_slice(), hard.lost), (b"Gr??e".as_slice(), 2));
    assert_eq!(transliterate("Ærø 山"), "AEroe 山");
    // Nothing is declared: only ASCII is safe.
    assert_eq!(Charset::default().encode("ä", VR::LO, Fallback::Transliterate).bytes, b"ae");
}

#[test]
fn characters_far_beyond_a_set_are_lost_without_harm() {
    let encoded = charset("ISO_IR 13").encode("\u{10FFFF}\u{FFFD}山", VR::LO, Fallback::QuestionMark);
    assert_eq!((encoded.bytes.as_slice(), encoded.lost), (b"???".as_slice(), 3));
}

#[test]
fn a_declaration_declares_the_same() {
    for declared in
        ["ISO_IR 100", "ISO_IR 192", "GB18030", "\\ISO 2022 IR 87", "ISO 2022 IR 13\\ISO 2022 IR 87"]
    {
        assert_eq!(charset(declared).declaration().as_deref(), Some(declared));
    }
    assert_eq!(charset("ISO_IR 6").declaration(), None);
    assert_eq!(charset("iso 8859-1").declaration().as_deref(), Some("ISO_IR 100"));
}

#[test]
fn text_is_set_in_the_character_set_of_the_data_set() {
    let mut set = DataSet::new();
    let encoded = set.put_text(tags::PATIENT_NAME, VR::PN, "Müller^Łukasz", &Charset::LATIN_1);
    assert_eq!(encoded.transliterated, 1);
    assert_eq!(set.get(tags::PATIENT_NAME).unwrap().as_bytes().unwrap().as_ref(), b"M\xFCller^Lukasz ");
    set.put_texts(tags::OTHER_PATIENT_NAMES, VR::PN, &["a\\b", "c"], &Charset::LATIN_1);
    assert_eq!(set.texts(tags::OTHER_PATIENT_NAMES, &Charset::LATIN_1), ["a/b", "c"]);
}

#[test]
fn names_are_taken_apart_and_put_together() {
    let name = PersonName::parse("Adams^John Robert Quincy^^Rev.^B.A. M.Div.=山田^太郎=やまだ");
    assert_eq!(name.for_people(), "Rev. John Robert Quincy Adams, B.A. M.Div.");
    assert_eq!(
        name.ideographic,
        NameGroup { family: "山田".into(), given: "太郎".into(), ..NameGroup::default() }
    );
    assert_eq!(name.phonetic.family, "やまだ");
    assert_eq!(name.to_value(), "Adams^John Robert Quincy^^Rev.^B.A. M.Div.=山田^太郎=やまだ");
    assert_eq!(PersonName::parse("^^^^").to_value(), "");
    assert_eq!(PersonName::parse("=山田").for_people(), "山田");
    assert_eq!(PersonName::parse("Muster ^ Max^").to_value(), "Muster^Max");
    assert!(!format!("{name:?}").contains("Adams"));
}

proptest! {
    #[test]
    fn what_is_encoded_without_loss_is_decoded(
        text in "([ -~]|[À-ž]|[Α-ω]|[А-я]|[א-ת]|[ء-ي]|[ก-ฮ]|[가-깋]|[一-乿]|[ｱ-ﾝ]|[あ-ん]|[\\t\\n^=]){0,12}",
        declared in proptest::sample::select(vec![
            "ISO_IR 100", "ISO_IR 101", "ISO_IR 144", "ISO_IR 126", "ISO_IR 138", "ISO_IR 127", "ISO_IR 166",
            "ISO_IR 13", "ISO_IR 192", "GB18030", "GBK", "ISO_IR 148", "ISO_IR 203", "windows-1252",
            "\\ISO 2022 IR 87", "ISO 2022 IR 13\\ISO 2022 IR 87\\ISO 2022 IR 159", "\\ISO 2022 IR 149",
            "\\ISO 2022 IR 58", "ISO 2022 IR 100\\ISO 2022 IR 126\\ISO 2022 IR 144\\ISO 2022 IR 87",
            "\\ISO 2022 IR 58\\ISO 2022 IR 149\\ISO 2022 IR 87\\ISO 2022 IR 101",
        ]),
        vr in proptest::sample::select(vec![VR::PN, VR::LO, VR::LT]),
    ) {
        let charset = charset(declared);
        let encoded = charset.encode(&text, vr, Fallback::QuestionMark);
        let by_chance_utf8 = !encoded.bytes.is_ascii() && std::str::from_utf8(&encoded.bytes).is_ok();
        if encoded.is_faithful() && (!by_chance_utf8 || declared == "ISO_IR 192") {
            let decoded = charset.decode(&encoded.bytes, vr);
            prop_assert_eq!((&*decoded.text, decoded.deviations), (text.as_str(), vec![]));
        }
        let other = charset.encode(&text, vr, Fallback::Transliterate);
        let replaced = charset.decode(&other.bytes, vr).text.contains(char::REPLACEMENT_CHARACTER);
        prop_assert!(!replaced);
    }
}
