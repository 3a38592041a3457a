//! JSON and XML of DICOM: any text is read or refused, and what was read is written and read again.
#![no_main]

use klinke_dimse::json::{self, Limits, Options};
use klinke_dimse::xml;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let limits = Limits { depth: 32, elements: 10_000 };
    if let Ok(all) = json::read_all(text, &limits) {
        for parsed in all {
            let written = json::to_string(&parsed.set, &Options::default());
            let again = json::read(&written, &limits).expect("our own JSON");
            let _ = (again, xml::to_string(&parsed.set, &Options::default()));
        }
    }
    if let Ok(parsed) = xml::read(text, &limits) {
        let written = xml::to_string(&parsed.set, &Options::default());
        assert!(xml::read(&written, &limits).is_ok());
    }
});
