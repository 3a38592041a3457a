//! Characters of the single sets. The tables come from encoding_rs, which has those of the WHATWG encoding standard
//! (<https://encoding.spec.whatwg.org>); where that has a superset of the set of ISO, it only adds characters.

use std::sync::OnceLock;

use encoding_rs::{EUC_JP, EUC_KR, Encoding, GBK};

use super::term::Set;

/// The upper half of a single-byte set. Bytes that mean nothing are U+FFFD.
pub(super) type Upper = [char; 128];

/// The upper half of a set; none for sets of two bytes and for ASCII.
pub(super) fn upper(set: Set) -> Option<&'static Upper> {
    static UPPER: [OnceLock<Upper>; 12] = [const { OnceLock::new() }; 12];
    let encoding = encoding(set)?;
    Some(UPPER[set as usize].get_or_init(|| {
        std::array::from_fn(|at| {
            let byte = at as u8 + 0x80;
            // Below A0 the standard has control characters, and Windows has letters.
            match one(encoding, &[byte]) {
                Some(character) if byte >= 0xA0 || encoding == encoding_rs::WINDOWS_1252 => character,
                _ => char::REPLACEMENT_CHARACTER,
            }
        })
    }))
}

/// The encoding whose upper half is that of a set.
fn encoding(set: Set) -> Option<&'static Encoding> {
    Some(match set {
        Set::Latin1 => encoding_rs::WINDOWS_1252,
        Set::Latin2 => encoding_rs::ISO_8859_2,
        Set::Latin3 => encoding_rs::ISO_8859_3,
        Set::Latin4 => encoding_rs::ISO_8859_4,
        Set::Cyrillic => encoding_rs::ISO_8859_5,
        Set::Arabic => encoding_rs::ISO_8859_6,
        Set::Greek => encoding_rs::ISO_8859_7,
        Set::Hebrew => encoding_rs::ISO_8859_8,
        Set::Latin5 => encoding_rs::WINDOWS_1254,
        Set::Latin9 => encoding_rs::ISO_8859_15,
        Set::Thai => encoding_rs::WINDOWS_874,
        _ => return None,
    })
}

/// The character of two bytes, each as it stands in the value.
pub(super) fn two_bytes(set: Set, first: u8, second: u8) -> Option<char> {
    let (high, low) = (first | 0x80, second | 0x80);
    match set {
        Set::JisX0208 => one(EUC_JP, &[high, low]),
        // EUC-JP has JIS X 0212 behind a single shift.
        Set::JisX0212 => one(EUC_JP, &[0x8F, high, low]),
        Set::KsX1001 => one(EUC_KR, &[first, second]),
        Set::Gb2312 => one(GBK, &[first, second]),
        _ => None,
    }
}

fn one(encoding: &'static Encoding, bytes: &[u8]) -> Option<char> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    let mut characters = text.chars();
    characters.next().filter(|_| characters.next().is_none())
}

/// The two bytes of a character in a set of two bytes.
pub(super) fn to_two_bytes(set: Set, character: char) -> Option<[u8; 2]> {
    let mut buffer = [0; 4];
    let text = &*character.encode_utf8(&mut buffer);
    let encoding = match set {
        Set::JisX0208 => EUC_JP,
        Set::JisX0212 => return jis_x_0212(character),
        Set::KsX1001 => EUC_KR,
        Set::Gb2312 => GBK,
        _ => return None,
    };
    let (bytes, _, lost) = encoding.encode(text);
    let &[first, second] = &*bytes else { return None };
    if lost || first < 0xA1 || second < 0xA1 {
        return None;
    }
    Some(if set == Set::JisX0208 { [first & 0x7F, second & 0x7F] } else { [first, second] })
}

/// The encoder of EUC-JP has no JIS X 0212, as nobody on the web writes it any more; the decoder has it.
fn jis_x_0212(character: char) -> Option<[u8; 2]> {
    static CHARACTERS: OnceLock<Vec<(char, [u8; 2])>> = OnceLock::new();
    let characters = CHARACTERS.get_or_init(|| {
        let pairs = (0x21..=0x7E).flat_map(|first| (0x21..=0x7E).map(move |second| [first, second]));
        let decoded = |pair: [u8; 2]| Some((two_bytes(Set::JisX0212, pair[0], pair[1])?, pair));
        let mut characters: Vec<_> = pairs.filter_map(decoded).collect();
        characters.sort_unstable();
        characters
    });
    let place = characters.binary_search_by_key(&character, |(known, _)| *known).ok()?;
    Some(characters[place].1)
}

/// The byte of a character in the upper half of a single-byte set.
pub(super) fn to_byte(set: Set, character: char) -> Option<u8> {
    match set {
        Set::JisX0201 => {
            let at = u32::from(character).checked_sub(0xFF61)?;
            (at < 63).then(|| 0xA1 + at as u8)
        }
        // Letters of Windows have no place in ISO 8859-1.
        Set::Latin1 => u8::try_from(u32::from(character)).ok().filter(|&byte| byte >= 0xA0),
        set => {
            let at = upper(set)?.iter().position(|&known| known == character)?;
            (character != char::REPLACEMENT_CHARACTER).then_some(at as u8 + 0x80)
        }
    }
}
