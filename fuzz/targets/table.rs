//! Look-up tables and message templates: any text is one, or a fault with its line.
#![no_main]

use klinke_engine::table::Table;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Table::parse(text) {
        Ok(table) => {
            let _ = table.get("A", table.value_column());
            assert!(table.columns().len() >= 2);
        }
        Err(error) => assert!(error.line >= 1 && error.line <= text.lines().count() as u64 + 1),
    }
});
