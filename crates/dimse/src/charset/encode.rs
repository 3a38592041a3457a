//! Encoding (PS3.5, section 6.1.2.5).

use std::borrow::Cow;

use dicom_core::VR;
use encoding_rs::{Encoding, GB18030, GBK};

use super::decode::Delimiters;
use super::term::{ROWS, Set};
use super::transliterate::transliterated;
use super::{Form, tables};

/// Text that was encoded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Encoded {
    /// The bytes, without padding.
    pub bytes: Vec<u8>,
    /// How many characters were written in other letters.
    pub transliterated: usize,
    /// How many characters were lost; a question mark stands for each.
    pub lost: usize,
}

impl Encoded {
    /// Whether every character stands as it was.
    pub fn is_faithful(&self) -> bool {
        self.transliterated == 0 && self.lost == 0
    }
}

/// What becomes of characters that the character set does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fallback {
    /// They are written in letters that it has (ä as ae, é as e, Ж as Zh); the rest becomes question marks.
    #[default]
    Transliterate,
    /// They become question marks.
    QuestionMark,
}

pub(super) fn encode(form: Form, text: &str, vr: VR, fallback: Fallback) -> Encoded {
    let plain = !matches!(form, Form::Iso { first: Set::JisX0201, .. });
    if (plain && text.is_ascii()) || form == Form::Utf8 {
        return Encoded { bytes: text.as_bytes().to_vec(), ..Encoded::default() };
    }
    let mut encoder =
        Encoder { writer: Writer::of(form, Delimiters::of(vr)), fallback, encoded: Encoded::default() };
    for character in text.chars() {
        encoder.put(character);
    }
    encoder.writer.reset(&mut encoder.encoded.bytes);
    encoder.encoded
}

struct Encoder {
    writer: Writer,
    fallback: Fallback,
    encoded: Encoded,
}

impl Encoder {
    fn put(&mut self, character: char) {
        if self.writer.put(character, &mut self.encoded.bytes) {
            return;
        }
        if self.fallback == Fallback::Transliterate
            && let Some(letters) = transliterated(character)
        {
            self.encoded.transliterated += 1;
            for letter in letters.chars() {
                if !self.writer.put(letter, &mut self.encoded.bytes) {
                    self.writer.put('?', &mut self.encoded.bytes);
                }
            }
            return;
        }
        self.encoded.lost += 1;
        self.writer.put('?', &mut self.encoded.bytes);
    }
}

enum Writer {
    Whole(&'static Encoding),
    Iso { first: Set, declared: u32, delimiters: Delimiters, g0: Set, g1: Option<Set> },
}

impl Writer {
    fn of(form: Form, delimiters: Delimiters) -> Writer {
        match form {
            Form::Gb18030 => Writer::Whole(GB18030),
            Form::Gbk => Writer::Whole(GBK),
            Form::Other(encoding) => Writer::Whole(encoding),
            // What is not declared can only be ASCII.
            Form::Undeclared(_) => Writer::Iso {
                first: Set::Ascii,
                declared: Set::Ascii.bit(),
                delimiters,
                g0: Set::Ascii,
                g1: None,
            },
            Form::Utf8 => Writer::Whole(encoding_rs::UTF_8),
            Form::Iso { first, declared, .. } => {
                let (g0, g1) = initial(first);
                Writer::Iso { first, declared, delimiters, g0, g1 }
            }
        }
    }

    /// Writes a character, if there is a place for it.
    fn put(&mut self, character: char, out: &mut Vec<u8>) -> bool {
        match self {
            Writer::Whole(encoding) => {
                let mut buffer = [0; 4];
                let text: &str = character.encode_utf8(&mut buffer);
                let (bytes, _, lost): (Cow<'_, [u8]>, _, bool) = encoding.encode(text);
                if !lost {
                    out.extend_from_slice(&bytes);
                }
                !lost
            }
            Writer::Iso { delimiters, .. } => {
                let delimits = u8::try_from(character).is_ok_and(|byte| delimiters.has(byte));
                if delimits {
                    self.reset(out);
                    out.push(character as u8);
                    return true;
                }
                self.put_iso(character, out)
            }
        }
    }

    fn put_iso(&mut self, character: char, out: &mut Vec<u8>) -> bool {
        let Writer::Iso { first, declared, g0, g1, .. } = self else { return false };
        if character.is_ascii_control() || character == ' ' {
            // A space within a set of two bytes would be read as half of a character.
            if matches!(*g0, Set::JisX0208 | Set::JisX0212) {
                designate_g0(initial(*first).0, g0, out);
            }
            out.push(character as u8);
            return true;
        }
        if let Some(byte) = lower(initial(*first).0, character) {
            let wanted = initial(*first).0;
            designate_g0(wanted, g0, out);
            out.push(byte);
            return true;
        }
        if character.is_ascii() && *declared & Set::Ascii.bit() != 0 {
            designate_g0(Set::Ascii, g0, out);
            out.push(character as u8);
            return true;
        }
        let current = g1.filter(|set| fits_upper(*set, character));
        let others = ROWS.iter().filter(|row| *declared & row.set.bit() != 0).map(|row| row.set);
        for set in current.into_iter().chain([*first]).chain(others) {
            if let Some(byte) = tables::to_byte(set, character) {
                designate_g1(set, g1, out);
                out.push(byte);
                return true;
            }
            if let Some(pair) = tables::to_two_bytes(set, character) {
                if set.row().g0.is_some() {
                    designate_g0(set, g0, out)
                } else {
                    designate_g1(set, g1, out)
                }
                out.extend_from_slice(&pair);
                return true;
            }
        }
        false
    }

    /// Before a delimiter and at the end the first set has to be active.
    fn reset(&mut self, out: &mut Vec<u8>) {
        if let Writer::Iso { first, g0, g1, .. } = self {
            let (first_g0, first_g1) = initial(*first);
            designate_g0(first_g0, g0, out);
            match first_g1 {
                Some(set) => designate_g1(set, g1, out),
                None => *g1 = None,
            }
        }
    }
}

fn initial(first: Set) -> (Set, Option<Set>) {
    let row = first.row();
    let g0 = if row.g0.is_some() && row.alone { first } else { Set::Ascii };
    (g0, row.g1.filter(|_| row.alone).map(|_| first))
}

/// The byte of a character in a single-byte set of the lower half.
fn lower(set: Set, character: char) -> Option<u8> {
    match (set, character) {
        (Set::JisX0201, '\u{A5}') => Some(b'\\'),
        (Set::JisX0201, '\u{203E}') => Some(b'~'),
        (Set::JisX0201, '\\' | '~') => None,
        (Set::JisX0201 | Set::Ascii, character) => character.is_ascii().then_some(character as u8),
        _ => None,
    }
}

fn fits_upper(set: Set, character: char) -> bool {
    tables::to_byte(set, character).is_some()
        || (set.row().g1.is_some() && tables::to_two_bytes(set, character).is_some())
}

fn designate_g0(set: Set, g0: &mut Set, out: &mut Vec<u8>) {
    if *g0 != set
        && let Some(code) = set.row().g0
    {
        out.push(0x1B);
        out.extend_from_slice(code);
        *g0 = set;
    }
}

fn designate_g1(set: Set, g1: &mut Option<Set>, out: &mut Vec<u8>) {
    if *g1 != Some(set)
        && let Some(code) = set.row().g1
    {
        out.push(0x1B);
        out.extend_from_slice(code);
        *g1 = Some(set);
    }
}
