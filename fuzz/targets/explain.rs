//! `explain`: any bytes are put into words, or are no HL7.
#![no_main]

use klinke_formats::explain::explain;
use klinke_hl7v2::definitions::Language;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for language in [Language::En, Language::De] {
        if let Ok(explanation) = explain(bytes, None, None, language) {
            assert!(!explanation.to_text(false).is_empty());
        }
    }
});
