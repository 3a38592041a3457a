//! Decoding (PS3.5, section 6.1.2.5; ISO/IEC 2022).

use std::borrow::Cow;

use dicom_core::VR;
use encoding_rs::{Encoding, GB18030, SHIFT_JIS, UTF_8, WINDOWS_1252};

use super::term::{ROWS, Set};
use super::{Decoded, Form, note, tables};
use crate::deviation::Kind;

const ESCAPE: u8 = 0x1B;

pub(super) fn decode(form: Form, bytes: &[u8], vr: VR) -> Decoded<'_> {
    let plain = !matches!(form, Form::Iso { first: Set::JisX0201, .. }) && !bytes.contains(&ESCAPE);
    if plain
        && bytes.is_ascii()
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return Decoded { text: Cow::Borrowed(text), deviations: Vec::new() };
    }
    match form {
        Form::Utf8 => utf8(bytes),
        Form::Gb18030 | Form::Gbk => whole(GB18030, bytes, None),
        Form::Other(encoding) => whole(encoding, bytes, None),
        Form::Undeclared(encoding) => undeclared(encoding, bytes, vr),
        Form::Iso { first, declared, extended } => iso(first, declared, extended, bytes, vr),
    }
}

fn whole<'a>(encoding: &'static Encoding, bytes: &'a [u8], kind: Option<Kind>) -> Decoded<'a> {
    let (text, damaged) = encoding.decode_without_bom_handling(bytes);
    let mut deviations: Vec<Kind> = kind.into_iter().collect();
    if damaged {
        note(&mut deviations, Kind::CharsetInvalid);
    }
    Decoded { text, deviations }
}

/// UTF-8; where it is not, single bytes are taken for windows-1252 if nothing of it is UTF-8.
fn utf8(bytes: &[u8]) -> Decoded<'_> {
    let mut decoded = whole(UTF_8, bytes, None);
    let only_ascii = decoded.text.chars().all(|c| c.is_ascii() || c == char::REPLACEMENT_CHARACTER);
    if !decoded.deviations.is_empty() && only_ascii {
        decoded = whole(WINDOWS_1252, bytes, Some(Kind::CharsetInvalid));
        note(&mut decoded.deviations, Kind::CharsetWindows);
    }
    decoded
}

fn undeclared<'a>(encoding: &'static Encoding, bytes: &'a [u8], vr: VR) -> Decoded<'a> {
    let mut decoded = match std::str::from_utf8(bytes) {
        _ if bytes.contains(&ESCAPE) => iso(Set::Ascii, u32::MAX, true, bytes, vr),
        Ok(text) => Decoded { text: Cow::Borrowed(text), deviations: Vec::new() },
        Err(_) => whole(encoding, bytes, None),
    };
    note(&mut decoded.deviations, Kind::CharsetUndeclared);
    decoded
}

fn iso(first: Set, declared: u32, extended: bool, bytes: &[u8], vr: VR) -> Decoded<'_> {
    let may_be_utf8 = first.is_latin() || declared == Set::Ascii.bit();
    if may_be_utf8
        && !bytes.is_ascii()
        && !bytes.contains(&ESCAPE)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return Decoded { text: Cow::Borrowed(text), deviations: vec![Kind::CharsetIsUtf8] };
    }
    let mut decoder = Decoder::new(first, declared, extended, vr);
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 2);
    let mut at = 0;
    while at < bytes.len() {
        at += decoder.next(&bytes[at..], &mut text);
    }
    Decoded { text: Cow::Owned(text), deviations: decoder.deviations }
}

/// Which bytes are delimiters.
#[derive(Clone, Copy)]
pub(super) struct Delimiters {
    backslash: bool,
    name: bool,
}

impl Delimiters {
    pub(super) fn of(vr: VR) -> Self {
        Delimiters {
            // PS3.5, section 6.2: these have one value, and a backslash is a character of it.
            backslash: !matches!(vr, VR::ST | VR::LT | VR::UT | VR::UR),
            name: vr == VR::PN,
        }
    }

    pub(super) fn has(self, byte: u8) -> bool {
        match byte {
            b'\t' | b'\n' | 0x0C | b'\r' => true,
            b'\\' => self.backslash,
            b'^' | b'=' => self.name,
            _ => false,
        }
    }
}

struct Decoder {
    first: Set,
    declared: u32,
    extended: bool,
    delimiters: Delimiters,
    g0: Set,
    g1: Option<Set>,
    deviations: Vec<Kind>,
}

impl Decoder {
    fn new(first: Set, declared: u32, extended: bool, vr: VR) -> Self {
        let delimiters = Delimiters::of(vr);
        let (g0, g1) = (Set::Ascii, None);
        let mut decoder = Decoder { first, declared, extended, delimiters, g0, g1, deviations: Vec::new() };
        decoder.reset();
        decoder
    }

    /// The first set is active again.
    fn reset(&mut self) {
        let row = self.first.row();
        self.g0 = if row.g0.is_some() && row.alone { self.first } else { Set::Ascii };
        self.g1 = row.g1.map(|_| self.first);
    }

    /// Decodes what begins here, and says how many bytes that was.
    fn next(&mut self, bytes: &[u8], text: &mut String) -> usize {
        match bytes[0] {
            ESCAPE => self.escape(bytes, text),
            byte @ (0..=0x20 | 0x7F) => {
                if self.delimiters.has(byte) {
                    self.reset();
                }
                text.push(char::from(byte));
                1
            }
            byte @ 0x21..=0x7E => self.lower(byte, bytes, text),
            byte => self.upper(byte, bytes, text),
        }
    }

    fn lower(&mut self, byte: u8, bytes: &[u8], text: &mut String) -> usize {
        if matches!(self.g0, Set::JisX0208 | Set::JisX0212) {
            return self.pair(self.g0, bytes, text);
        }
        if self.delimiters.has(byte) {
            self.reset();
            text.push(char::from(byte));
            return 1;
        }
        text.push(match (self.g0, byte) {
            (Set::JisX0201, b'\\') => '\u{A5}',
            (Set::JisX0201, b'~') => '\u{203E}',
            _ => char::from(byte),
        });
        1
    }

    fn upper(&mut self, byte: u8, bytes: &[u8], text: &mut String) -> usize {
        let set = self.g1.or_else(|| self.undesignated());
        match set {
            Some(set @ (Set::KsX1001 | Set::Gb2312)) => self.pair(set, bytes, text),
            Some(Set::JisX0201) => self.katakana(byte, bytes, text),
            Some(set) => {
                let character = tables::upper(set).map(|upper| upper[usize::from(byte - 0x80)]);
                if byte < 0xA0 && set == Set::Latin1 {
                    note(&mut self.deviations, Kind::CharsetWindows);
                }
                self.push(character, text);
                1
            }
            None => {
                note(&mut self.deviations, Kind::CharsetUndeclared);
                text.push(
                    tables::upper(Set::Latin1).map_or('\u{FFFD}', |upper| upper[usize::from(byte - 0x80)]),
                );
                1
            }
        }
    }

    /// The set in which bytes of the upper half are meant though none was designated: the first that is declared.
    fn undesignated(&mut self) -> Option<Set> {
        let row = ROWS.iter().rev().find(|row| row.g1.is_some() && self.declared & row.set.bit() != 0)?;
        if self.declared == u32::MAX {
            return None;
        }
        note(&mut self.deviations, Kind::EscapeMissing);
        Some(row.set)
    }

    fn katakana(&mut self, byte: u8, bytes: &[u8], text: &mut String) -> usize {
        if let 0xA1..=0xDF = byte {
            self.push(char::from_u32(0xFF61 + u32::from(byte - 0xA1)), text);
            return 1;
        }
        // Some write Shift_JIS, whose bytes of katakana are the same.
        let pair = bytes.get(..2).and_then(|pair| {
            SHIFT_JIS.decode_without_bom_handling_and_without_replacement(pair)?.chars().next()
        });
        note(&mut self.deviations, Kind::CharsetInvalid);
        text.push(pair.unwrap_or(char::REPLACEMENT_CHARACTER));
        if pair.is_some() { 2 } else { 1 }
    }

    fn pair(&mut self, set: Set, bytes: &[u8], text: &mut String) -> usize {
        let second = bytes.get(1).copied().filter(|&second| second > 0x20);
        let Some(second) = second else {
            self.push(None, text);
            return 1;
        };
        self.push(tables::two_bytes(set, bytes[0], second), text);
        2
    }

    fn push(&mut self, character: Option<char>, text: &mut String) {
        let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
        if character == char::REPLACEMENT_CHARACTER {
            note(&mut self.deviations, Kind::CharsetInvalid);
        }
        text.push(character);
    }

    fn escape(&mut self, bytes: &[u8], text: &mut String) -> usize {
        let rest = &bytes[1..];
        let designated = ROWS.iter().find_map(|row| {
            let g0 = row.g0.filter(|code| rest.starts_with(code)).map(|code| (row.set, true, code.len()));
            g0.or_else(|| {
                row.g1.filter(|code| rest.starts_with(code)).map(|code| (row.set, false, code.len()))
            })
        });
        // JIS C 6226 of 1978, which JIS X 0208 replaced.
        let designated = designated.or_else(|| rest.starts_with(b"$@").then_some((Set::JisX0208, true, 2)));
        let Some((set, to_g0, length)) = designated else {
            note(&mut self.deviations, Kind::EscapeUnknown);
            text.push(char::REPLACEMENT_CHARACTER);
            return 1;
        };
        if (!self.extended || self.declared & set.bit() == 0) && set != Set::Ascii {
            note(&mut self.deviations, Kind::EscapeUnknown);
        }
        if to_g0 {
            self.g0 = set;
        } else {
            self.g1 = Some(set);
        }
        1 + length
    }
}
