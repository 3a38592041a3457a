//! Decoding: the examples of PS3.5, Annexes H to K, and what devices do instead.

use klinke_dimse::charset::{Charset, Rules};
use klinke_dimse::data::{DataSet, Element};
use klinke_dimse::deviation::Kind;
use klinke_dimse::{VR, tags};
use proptest::prelude::*;

fn decode(declared: &str, bytes: &[u8], vr: VR) -> (String, Vec<Kind>) {
    let (charset, mut kinds) = Charset::parse(declared, &Rules::default());
    let decoded = charset.decode(bytes, vr);
    kinds.extend(decoded.deviations);
    (decoded.text.into_owned(), kinds)
}

fn clean(declared: &str, bytes: &[u8], text: &str) {
    assert_eq!(decode(declared, bytes, VR::PN), (text.to_owned(), vec![]), "{declared}");
}

fn with(declared: &str, bytes: &[u8], text: &str, kinds: &[Kind]) {
    assert_eq!(decode(declared, bytes, VR::PN), (text.to_owned(), kinds.to_vec()), "{declared}");
}

#[test]
fn the_standards_single_byte_examples() {
    clean("ISO_IR 100", b"Buc^J\xE9r\xF4me", "Buc^Jérôme");
    clean("ISO_IR 101", b"Wa\xB3\xEAsa", "Wałęsa");
    clean("ISO_IR 109", b"\xA6anin", "Ĥanin");
    clean("ISO_IR 110", b"K\xB6r\xBAs", "Kļrēs");
    clean("ISO_IR 144", b"\xBB\xEE\xDACe\xDC\xD1yp\xD3", "ЛюкCeмбypг");
    clean("ISO_IR 127", b"\xE2\xC8\xC7\xE6\xEA^\xE4\xE6\xD2\xC7\xD1", "قباني^لنزار");
    clean("ISO_IR 126", b"\xC4\xE9\xEF\xED\xF5\xF3\xE9\xEF\xF2", "Διονυσιος");
    clean("ISO_IR 138", b"\xF9\xF8\xE5\xEF^\xE3\xE1\xE5\xF8\xE4", "שרון^דבורה");
    clean("ISO_IR 148", b"\xC7avu\xFEo\xF0lu", "Çavuşoğlu");
    clean("ISO_IR 203", b"\xA4 \xBD", "€ œ");
    clean("ISO_IR 166", b"\xB9\xD2\xC2", "นาย");
    clean("ISO_IR 13", b"\xD4\xCF\xC0\xDE^\xC0\xDB\xB3", "ﾔﾏﾀﾞ^ﾀﾛｳ");
}

#[test]
fn the_standards_examples_without_code_extensions() {
    clean("ISO_IR 192", "Wang^XiaoDong=王^小東=".as_bytes(), "Wang^XiaoDong=王^小東=");
    clean("GB18030", b"Wang^XiaoDong=\xCD\xF5^\xD0\xA1\xB6\xAB=", "Wang^XiaoDong=王^小东=");
    clean("GBK", b"Wang^XiaoDong=\xCD\xF5^\xD0\xA1\xB6\xAB=", "Wang^XiaoDong=王^小东=");
}

#[test]
fn the_standards_examples_with_code_extensions() {
    let kanji = b"Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B=\x1B$B$d$^$@\x1B(B^\x1B$B$?$m$&\x1B(B";
    clean("\\ISO 2022 IR 87", kanji, "Yamada^Tarou=山田^太郎=やまだ^たろう");
    let katakana = b"\xD4\xCF\xC0\xDE^\xC0\xDB\xB3=\x1B$B;3ED\x1B(J^\x1B$BB@O:\x1B(J=\x1B$B$d$^$@\x1B(J^\x1B$B$?$m$&\x1B(J";
    clean("ISO 2022 IR 13\\ISO 2022 IR 87", katakana, "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう");
    let korean =
        b"Hong^Gildong=\x1B$)C\xFB\xF3^\x1B$)C\xD1\xCE\xD4\xD7=\x1B$)C\xC8\xAB^\x1B$)C\xB1\xE6\xB5\xBF";
    clean("\\ISO 2022 IR 149", korean, "Hong^Gildong=洪^吉洞=홍^길동");
    let chinese = b"Zhang^XiaoDong=\x1B$)A\xD5\xC5^\x1B$)A\xD0\xA1\xB6\xAB=";
    clean("\\ISO 2022 IR 58", chinese, "Zhang^XiaoDong=张^小东=");
    clean("\\ISO 2022 IR 87\\ISO 2022 IR 159", b"\x1B$(Dh6\x1B(B", "顥");
    clean("ISO 2022 IR 100\\ISO 2022 IR 126", b"J\xE9\x1B-F\xC4\xE9^\xE9", "JéΔι^é");
}

#[test]
fn the_first_set_is_active_again_behind_each_delimiter() {
    let declared = "ISO 2022 IR 100\\ISO 2022 IR 144";
    for (delimiter, vr, again) in [
        ('^', VR::PN, true),
        ('=', VR::PN, true),
        ('\\', VR::LO, true),
        ('\n', VR::LT, true),
        ('\r', VR::LT, true),
        ('\t', VR::LT, true),
        ('\u{C}', VR::LT, true),
        ('\\', VR::LT, false),
        ('^', VR::LO, false),
    ] {
        let bytes = [b"\x1B-L\xE9".as_slice(), &[delimiter as u8], b"\xE9"].concat();
        let last = if again { 'é' } else { 'щ' };
        assert_eq!(decode(declared, &bytes, vr).0, format!("щ{delimiter}{last}"), "{delimiter:?} {vr}");
    }
}

#[test]
fn second_bytes_that_look_like_delimiters_are_none() {
    // 0x5C, 0x5E and 0x3D are halves of characters here.
    let (text, kinds) = decode("GB18030", b"\x81\x5C\\\x81\x5E^A", VR::PN);
    assert_eq!(
        (text.as_str(), kinds),
        ("乗\\乛^A".replace('乛', &decode("GB18030", b"\x81\x5E", VR::LO).0).as_str(), vec![])
    );
    let mut set = DataSet::new();
    set.put(Element::bytes(tags::PATIENT_NAME, VR::PN, b"\x81\x5C\\B".to_vec()));
    let charset = Charset::by_name("GBK").unwrap();
    assert_eq!(set.texts(tags::PATIENT_NAME, &charset).len(), 2);
    // Kanji whose bytes are 0x3D 0x5C and 0x5E 0x3D in JIS X 0208.
    let (text, kinds) = decode("\\ISO 2022 IR 87", b"\x1B$B\x3D\x5C\x5E\x3D\x1B(B^A", VR::PN);
    assert_eq!((text.chars().count(), text.ends_with("^A"), kinds), (4, true, vec![]));
}

#[test]
fn charset_misspelled() {
    for name in
        ["ISO IR 100", "ISO_IR_100", "ISO-IR 100", "iso_ir 100", "ISO_IR100", "ISO8859-1", "ISO_8859-1"]
    {
        with(name, b"M\xFCller", "Müller", &[Kind::CharsetMisspelled]);
    }
    for name in ["ISO IR 192", "UTF-8", "utf8", "ISO_IR_192", "ISO 2022 IR 192"] {
        with(name, "Müller".as_bytes(), "Müller", &[Kind::CharsetMisspelled]);
    }
    with("ISO_IR 6", b"Mueller", "Mueller", &[Kind::CharsetMisspelled]);
    clean("ISO 2022 IR 100", b"M\xFCller", "Müller");
    clean("ISO_IR 100 ", b"M\xFCller", "Müller");
    with("ISO_IR 87", b"\x1B$B;3ED\x1B(B", "山田", &[Kind::CharsetMisspelled]);
    with("Shift_JIS", b"\x8ER\x93c", "山田", &[Kind::CharsetMisspelled]);
}

#[test]
fn charset_without_extensions_among_several() {
    with("ISO_IR 100\\ISO 2022 IR 126", b"\xE9\x1B-F\xC4", "éΔ", &[Kind::CharsetMixed]);
    with("ISO 2022 IR 6\\GB18030", b"Wang=\xCD\xF5", "Wang=王", &[Kind::CharsetMixed]);
    with("ISO_IR 192\\ISO 2022 IR 87", "山".as_bytes(), "山", &[Kind::CharsetMixed]);
}

#[test]
fn charset_unknown_or_undeclared() {
    with("", "Müller".as_bytes(), "Müller", &[Kind::CharsetUndeclared]);
    with("", b"M\xFCller", "Müller", &[Kind::CharsetUndeclared]);
    with("", b"\x1B$B;3ED\x1B(B", "山田", &[Kind::CharsetUndeclared]);
    with("KLINGON", b"M\xFCller", "Müller", &[Kind::CharsetUnknown, Kind::CharsetUndeclared]);
    let rules = Rules { undeclared: encoding_rs::EUC_KR, ..Rules::default() };
    let (charset, _) = Charset::parse("", &rules);
    assert_eq!(charset.decode(b"\xC8\xAB^\xB1\xE6\xB5\xBF", VR::PN).text, "홍^길동");
    with("ISO_IR 6", b"M\xFCller", "Müller", &[Kind::CharsetMisspelled, Kind::CharsetUndeclared]);
}

#[test]
fn windows_1252_labelled_as_iso_ir_100() {
    with("ISO_IR 100", b"\x84M\xFCller\x93 \x80", "„Müller“ €", &[Kind::CharsetWindows]);
}

#[test]
fn utf_8_labelled_as_iso_ir_100() {
    with("ISO_IR 100", "Müller".as_bytes(), "Müller", &[Kind::CharsetIsUtf8]);
    // Cyrillic letters may look like UTF-8 by chance.
    clean("ISO_IR 144", b"\xC2\xB0", "ТА");
}

#[test]
fn iso_ir_100_labelled_as_utf_8() {
    let kinds = [Kind::CharsetInvalid, Kind::CharsetWindows];
    with("ISO_IR 192", b"M\xFCller", "Müller", &kinds);
    with("ISO_IR 192", b"\xC3\xBCM\xFC", "üM\u{FFFD}", &[Kind::CharsetInvalid]);
}

#[test]
fn korean_without_escape_sequences() {
    with("\\ISO 2022 IR 149", b"\xC8\xAB", "홍", &[Kind::EscapeMissing]);
}

#[test]
fn escapes_that_are_unknown_or_not_declared() {
    with("ISO_IR 100", b"\x1B-F\xC4", "Δ", &[Kind::EscapeUnknown]);
    with("\\ISO 2022 IR 87", b"\x1B%GA", "\u{FFFD}%GA", &[Kind::EscapeUnknown]);
}

#[test]
fn bytes_that_mean_nothing_are_replaced() {
    with("ISO_IR 127", b"A\xFFB", "A\u{FFFD}B", &[Kind::CharsetInvalid]);
    with("GB18030", b"A\xFF", "A\u{FFFD}", &[Kind::CharsetInvalid]);
    with("\\ISO 2022 IR 87", b"\x1B$B\x21", "\u{FFFD}", &[Kind::CharsetInvalid]);
}

#[test]
fn the_caller_knows_better() {
    let mut set = DataSet::new();
    set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100");
    let rules = Rules { instead: Charset::by_name("ISO_IR 144"), ..Rules::default() };
    assert_eq!(Charset::of(&set, &rules).0.decode(b"\xE9", VR::LO).text, "щ");
}

#[test]
fn items_inherit_the_character_set() {
    let mut item = DataSet::new();
    let outer = Charset::by_name("ISO_IR 144").unwrap();
    assert_eq!(Charset::of_item(&item, outer, &Rules::default()), outer);
    item.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
    assert_eq!(Charset::of_item(&item, outer, &Rules::default()), Charset::UTF_8);
}

#[test]
fn pn_sent_as_cs() {
    let mut set = DataSet::new();
    set.put(Element::bytes(tags::PATIENT_NAME, VR::CS, b"M\xFCller^J\xE9r\xF4me ".to_vec()));
    let name = set.person_name(tags::PATIENT_NAME, &Charset::LATIN_1).unwrap();
    assert_eq!((name.alphabetic.family.as_str(), name.alphabetic.given.as_str()), ("Müller", "Jérôme"));
}

#[test]
fn spaces_that_mean_nothing_are_left_out() {
    let mut set = DataSet::new();
    set.put(Element::bytes(tags::PATIENT_ID, VR::LO, b" 4711 \\ b ".to_vec()));
    set.put(Element::bytes(tags::PATIENT_COMMENTS, VR::LT, b"  a\\b  ".to_vec()));
    set.put(Element::bytes(tags::PATIENT_NAME, VR::PN, b"".to_vec()));
    assert_eq!(set.texts(tags::PATIENT_ID, &Charset::ASCII), ["4711", "b"]);
    assert_eq!(set.text(tags::PATIENT_COMMENTS, &Charset::ASCII).as_deref(), Some("  a\\b"));
    assert_eq!(set.text(tags::PATIENT_NAME, &Charset::ASCII), None);
    assert_eq!(set.text(tags::STUDY_DATE, &Charset::ASCII), None);
}

proptest! {
    #[test]
    fn any_bytes_are_decoded(
        declared in "(ISO_IR|ISO 2022 IR) (6|13|58|87|100|126|149|159|192)(.ISO 2022 IR (13|58|87|149|159))?",
        bytes in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let declared = declared.replace(char::is_control, "\\");
        for vr in [VR::PN, VR::LO, VR::LT] {
            let (text, _) = decode(&declared, &bytes, vr);
            prop_assert!(text.chars().count() <= bytes.len());
        }
        prop_assert!(Charset::parse(&String::from_utf8_lossy(&bytes), &Rules::default()).1.len() <= 3);
    }
}
