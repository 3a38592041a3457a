//! Character sets of DICOM: any bytes are decoded, and text that is encoded without loss is decoded again.
#![no_main]

use klinke_dimse::VR;
use klinke_dimse::charset::{Charset, Fallback, Rules};
use klinke_dimse::deviation::Kind;
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 12] = [
    "",
    "ISO_IR 100",
    "ISO_IR 101",
    "ISO_IR 144",
    "ISO_IR 13",
    "ISO_IR 192",
    "GB18030",
    "\\ISO 2022 IR 87",
    "ISO 2022 IR 13\\ISO 2022 IR 87\\ISO 2022 IR 159",
    "\\ISO 2022 IR 149",
    "\\ISO 2022 IR 58",
    "ISO 2022 IR 100\\ISO 2022 IR 126\\ISO 2022 IR 144",
];

fuzz_target!(|input: &[u8]| {
    let [which, vr, bytes @ ..] = input else { return };
    let vr = [VR::PN, VR::LO, VR::LT][usize::from(*vr) % 3];
    let name = NAMES[usize::from(*which) % NAMES.len()];
    let _ = Charset::parse(&String::from_utf8_lossy(bytes), &Rules::default());
    let (charset, _) = Charset::parse(name, &Rules::default());
    let decoded = charset.decode(bytes, vr);
    assert!(decoded.text.len() <= bytes.len() * 4);
    let encoded = charset.encode(&decoded.text, vr, Fallback::QuestionMark);
    if !encoded.is_faithful() || decoded.text.contains(['\u{1B}', '\u{FFFD}']) {
        return;
    }
    let again = charset.decode(&encoded.bytes, vr);
    // Short texts in a Latin set may look like UTF-8, and are then decoded as such.
    if !again.deviations.contains(&Kind::CharsetIsUtf8)
        && !again.deviations.contains(&Kind::CharsetUndeclared)
    {
        assert_eq!(again.text, decoded.text, "{name}");
    }
});
