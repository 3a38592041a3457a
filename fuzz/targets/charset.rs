//! Character sets: decoding never fails, and what decodes strictly is encoded to bytes that decode to it.
#![no_main]

use klinke_hl7v2::Charset;
use klinke_hl7v2::charset::resolve;
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 8] = [
    "ASCII",
    "8859/1",
    "8859/15",
    "UNICODE UTF-8",
    "UNICODE UTF-16",
    "Windows-1252",
    "ISO IR87",
    "GB 18030-2000",
];

fuzz_target!(|input: (u8, Vec<u8>)| {
    let (which, bytes) = input;
    let name = NAMES[usize::from(which) % NAMES.len()];
    let _ = resolve(name.as_bytes(), None, &bytes);
    let _ = resolve(&bytes, Charset::by_name(name), &bytes);
    let Some(charset) = Charset::by_name(name) else { return };
    let _ = charset.decode(&bytes);
    if let Some(text) = charset.decode_strict(&bytes)
        && let Ok(again) = charset.encode(&text)
    {
        assert_eq!(charset.decode(&again), text, "{name}");
    }
});
