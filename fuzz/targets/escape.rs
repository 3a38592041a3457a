//! Escapes: a text that is escaped and unescaped is itself.
#![no_main]

use klinke_hl7v2::escape::{escape, plain, unescape};
use klinke_hl7v2::{Charset, Message};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let message = Message::parse("MSH|^~\\&|A\r").expect("a message");
    let delimiters = message.delimiters();
    for charset in [Charset::UTF_8, Charset::LATIN_1] {
        let _ = unescape(text, delimiters, charset);
        let _ = plain(text, delimiters, charset);
    }
    if let Ok(escaped) = escape(text, delimiters) {
        assert_eq!(unescape(&escaped, delimiters, Charset::UTF_8), text);
    }
});
