//! Character sets: MSH-18 (HL7 table 0211, v2.5.1 chapter 2, 2.15.9.18) with the spellings that
//! senders really use, and the order in which a message's bytes are believed:
//!
//! 1. a byte order mark, or the zero bytes of UTF-16 and UTF-32;
//! 2. MSH-18, first repetition;
//! 3. the default of the connection, given by the caller;
//! 4. the bytes themselves: declared UTF-8 that is none is read as Windows-1252, declared Latin
//!    that is UTF-8 is read as UTF-8, bytes 0x80-0x9F under 8859/1 as Windows-1252.
//!
//! Switching character sets within a value (MSH-20, `\C..\` and `\M..\`) is not done: such sequences
//! stay in the text as they came. CNS 11643-1992 is recognised by name but not decoded.

mod names;
mod resolve;
mod unicode;

use std::borrow::Cow;

use encoding_rs::{EncoderResult, Encoding, WINDOWS_1252};

pub(crate) use names::by_name;
pub use resolve::{Doubt, Resolved, resolve};
pub(crate) use unicode::Wide;

/// A character set that messages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charset(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ascii,
    Utf8,
    Latin1,
    Wide(Wide),
    /// One of encoding_rs, with its name in table 0211.
    Other(&'static Encoding, &'static str),
}

impl Charset {
    /// ASCII, what a blank MSH-18 means.
    pub const ASCII: Self = Self(Kind::Ascii);
    /// UTF-8.
    pub const UTF_8: Self = Self(Kind::Utf8);
    /// ISO 8859-1. When read, bytes 0x80-0x9F are taken as Windows-1252.
    pub const LATIN_1: Self = Self(Kind::Latin1);
    /// Windows-1252; no value of table 0211, but much sent.
    pub const WINDOWS_1252: Self = Self(Kind::Other(WINDOWS_1252, "Windows-1252"));

    const fn other(encoding: &'static Encoding, name: &'static str) -> Self {
        Self(Kind::Other(encoding, name))
    }

    pub(crate) const fn wide(wide: Wide) -> Self {
        Self(Kind::Wide(wide))
    }

    /// The character set of a name as it stands in MSH-18 or in a configuration, in any of the
    /// usual spellings; `None` for names not known.
    pub fn by_name(name: &str) -> Option<Self> {
        by_name(name)
    }

    /// The name in table 0211, to be written to MSH-18.
    pub fn name(&self) -> &'static str {
        match self.0 {
            Kind::Ascii => "ASCII",
            Kind::Utf8 => "UNICODE UTF-8",
            Kind::Latin1 => "8859/1",
            Kind::Wide(wide) => wide.name(),
            Kind::Other(_, name) => name,
        }
    }

    /// True when no byte of a character can be mistaken for a delimiter. The others (UTF-16, UTF-32,
    /// Shift_JIS, Big5, GB 18030, ISO-2022-JP) are turned into UTF-8 before a message is indexed.
    pub fn is_ascii_safe(&self) -> bool {
        match self.0 {
            Kind::Ascii | Kind::Utf8 | Kind::Latin1 => true,
            Kind::Wide(_) => false,
            Kind::Other(encoding, _) => {
                encoding.is_ascii_compatible()
                    && ![encoding_rs::GB18030, encoding_rs::GBK, encoding_rs::BIG5, encoding_rs::SHIFT_JIS]
                        .contains(&encoding)
            }
        }
    }

    /// True for UTF-16 and UTF-32.
    pub(crate) fn is_wide(&self) -> bool {
        matches!(self.0, Kind::Wide(_))
    }

    /// True for sets of one byte per character.
    pub(crate) fn is_single_byte(&self) -> bool {
        match self.0 {
            Kind::Ascii | Kind::Latin1 => true,
            Kind::Utf8 | Kind::Wide(_) => false,
            Kind::Other(encoding, _) => encoding.is_single_byte(),
        }
    }

    /// Decode, never failing: under UTF-8 a value that is not valid is read as Windows-1252, bytes
    /// that mean nothing become U+FFFD.
    pub fn decode<'a>(&self, bytes: &'a [u8]) -> Cow<'a, str> {
        match self.0 {
            Kind::Utf8 | Kind::Ascii => match std::str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
            },
            Kind::Latin1 => WINDOWS_1252.decode_without_bom_handling(bytes).0,
            Kind::Wide(wide) => Cow::Owned(wide.decode(bytes).0),
            Kind::Other(encoding, _) => encoding.decode_without_bom_handling(bytes).0,
        }
    }

    /// Decode without mercy: `None` when the bytes are not valid in this set.
    pub fn decode_strict<'a>(&self, bytes: &'a [u8]) -> Option<Cow<'a, str>> {
        match self.0 {
            Kind::Ascii if !bytes.is_ascii() => None,
            Kind::Ascii | Kind::Utf8 => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Kind::Latin1 if bytes.iter().any(|b| (0x80..0xA0).contains(b)) => None,
            Kind::Latin1 => Some(self.decode(bytes)),
            Kind::Wide(wide) => Some(wide.decode(bytes)).filter(|(_, sound)| *sound).map(|d| Cow::Owned(d.0)),
            Kind::Other(encoding, _) => encoding.decode_without_bom_handling_and_without_replacement(bytes),
        }
    }

    /// Encode; the error is the first character that the set does not have.
    pub fn encode<'a>(&self, text: &'a str) -> Result<Cow<'a, [u8]>, char> {
        match self.0 {
            Kind::Utf8 => Ok(Cow::Borrowed(text.as_bytes())),
            _ if text.is_ascii() && self.is_ascii_safe() => Ok(Cow::Borrowed(text.as_bytes())),
            Kind::Ascii => Err(text.chars().find(|c| !c.is_ascii()).unwrap_or('?')),
            Kind::Latin1 => text.chars().map(latin1).collect::<Result<Vec<u8>, char>>().map(Cow::Owned),
            Kind::Wide(wide) => Ok(Cow::Owned(wide.encode(text))),
            Kind::Other(encoding, _) if encoding == encoding_rs::ISO_2022_JP => {
                encode_japanese(text).map(Cow::Owned)
            }
            Kind::Other(encoding, _) => encode_strict(encoding, text).map(Cow::Owned),
        }
    }

    /// Encode; a character that the set does not have becomes `?`. Also says how many did.
    pub fn encode_with_question_marks(&self, text: &str) -> (Vec<u8>, usize) {
        if let Ok(bytes) = self.encode(text) {
            return (bytes.into_owned(), 0);
        }
        let mut lost = 0;
        let replaced: String = text
            .chars()
            .map(|c| {
                if self.encode(c.encode_utf8(&mut [0; 4])).is_ok() {
                    c
                } else {
                    lost += 1;
                    '?'
                }
            })
            .collect();
        (self.encode(&replaced).map(Cow::into_owned).unwrap_or_default(), lost)
    }
}

/// Writes the name of table 0211.
impl std::fmt::Display for Charset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

fn latin1(character: char) -> Result<u8, char> {
    match u8::try_from(character as u32) {
        Ok(byte) if !(0x80..0xA0).contains(&byte) => Ok(byte),
        _ => Err(character),
    }
}

fn encode_strict(encoding: &'static Encoding, text: &str) -> Result<Vec<u8>, char> {
    let mut encoder = encoding.new_encoder();
    let mut out = Vec::with_capacity(text.len() + 16);
    let mut rest = text;
    loop {
        out.reserve(rest.len() + 16);
        let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut out, true);
        rest = &rest[read..];
        match result {
            EncoderResult::InputEmpty => return Ok(out),
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(character) => return Err(character),
        }
    }
}

/// Katakana of half width stay what they are (JIS X 0201, behind ESC ( I); the encoder would make those of full width of them.
fn encode_japanese(text: &str) -> Result<Vec<u8>, char> {
    const ASCII: &[u8; 3] = b"\x1B(B";
    let is_half = |character: char| ('\u{FF61}'..='\u{FF9F}').contains(&character);
    let (mut out, mut rest) = (Vec::with_capacity(text.len() + 16), text);
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|one| is_half(one) != is_half(first)).unwrap_or(rest.len());
        let (run, tail) = rest.split_at(end);
        let piece = match is_half(first) {
            true => {
                let letters = run.chars().map(|one| (u32::from(one) - 0xFF61 + 0x21) as u8);
                b"\x1B(I".iter().copied().chain(letters).chain(*ASCII).collect()
            }
            false => encode_strict(encoding_rs::ISO_2022_JP, run)?,
        };
        // Two escape sequences one behind the other are an error.
        if piece.starts_with(b"\x1B") && out.ends_with(ASCII) {
            out.truncate(out.len() - ASCII.len());
        }
        out.extend(piece);
        rest = tail;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn german_text_goes_there_and_back_in_every_set_that_has_it() {
        for name in
            ["8859/1", "8859/15", "UNICODE UTF-8", "UTF-16", "Windows-1252", "8859/2", "GB 18030-2000"]
        {
            let set = Charset::by_name(name).expect(name);
            let bytes = set.encode("Müßig Ähre").expect(name);
            assert_eq!(set.decode_strict(&bytes).as_deref(), Some("Müßig Ähre"), "{name}");
        }
    }

    #[test]
    fn katakana_of_half_width_stay_so() {
        let set = Charset::by_name("ISO IR87").expect("Japanese");
        let text = "ﾔﾏﾀﾞ^タロウ ﾞA山田ﾞ山¥ﾞ田";
        let bytes = set.encode(text).expect("all of it");
        assert_eq!(set.decode_strict(&bytes).as_deref(), Some(text));
        assert!(bytes.starts_with(b"\x1B(I\x54\x4F\x40\x5E\x1B(B^"), "{bytes:02X?}");
        assert_eq!(set.encode("ﾔ한"), Err('한'));
    }

    #[test]
    fn what_a_set_does_not_have_is_said() {
        assert_eq!(Charset::ASCII.encode("Müller"), Err('ü'));
        assert_eq!(Charset::LATIN_1.encode("5 €"), Err('€'));
        assert_eq!(
            Charset::by_name("8859/15").expect("Latin 9").encode("5 €"),
            Ok(b"5 \xA4".as_slice().into())
        );
        assert_eq!(Charset::LATIN_1.encode_with_question_marks("ä€日"), (b"\xE4??".to_vec(), 2));
        assert_eq!(Charset::by_name("KS X 1001").expect("Korean").encode("ä"), Err('ä'));
    }

    #[test]
    fn decoding_never_fails() {
        assert_eq!(Charset::UTF_8.decode(b"M\xFCller"), "Müller");
        assert_eq!(Charset::LATIN_1.decode(b"5 \x80"), "5 €");
        assert_eq!(Charset::ASCII.decode("Müller".as_bytes()), "Müller");
    }

    #[test]
    fn sets_whose_bytes_look_like_delimiters_are_known() {
        for name in ["GB 18030-2000", "BIG-5", "ISO IR87", "ISO IR14", "UNICODE UTF-16", "UNICODE UTF-32"] {
            assert!(!Charset::by_name(name).expect(name).is_ascii_safe(), "{name}");
        }
        for name in ["KS X 1001", "8859/5", "UTF-8", "EUC-JP"] {
            assert!(Charset::by_name(name).expect(name).is_ascii_safe(), "{name}");
        }
    }
}
