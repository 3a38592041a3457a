//! Other letters for those that a character set does not have, as people write them where they have no choice:
//! German umlauts with an e, accents left out, Greek and Cyrillic in Latin letters.

/// Text in ASCII as far as that can be done; what has no other letters stays.
pub fn transliterate(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match transliterated(character) {
            Some(letters) if !character.is_ascii() => out.push_str(letters),
            _ => out.push(character),
        }
    }
    out
}

/// U+00A0 to U+00FF.
#[rustfmt::skip]
const LATIN_1: [&str; 96] = [
    " ", "!", "c", "GBP", "", "JPY", "|", "", "\"", "(C)", "a", "<<", "", "-", "(R)", "-",
    "", "+-", "2", "3", "'", "u", "", ".", ",", "1", "o", ">>", "1/4", "1/2", "3/4", "?",
    "A", "A", "A", "A", "Ae", "Aa", "AE", "C", "E", "E", "E", "E", "I", "I", "I", "I",
    "D", "N", "O", "O", "O", "O", "Oe", "x", "Oe", "U", "U", "U", "Ue", "Y", "Th", "ss",
    "a", "a", "a", "a", "ae", "aa", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i",
    "d", "n", "o", "o", "o", "o", "oe", "/", "oe", "u", "u", "u", "ue", "y", "th", "y",
];

/// U+0100 to U+017F.
#[rustfmt::skip]
const LATIN_A: [&str; 128] = [
    "A", "a", "A", "a", "A", "a", "C", "c", "C", "c", "C", "c", "C", "c", "D", "d",
    "D", "d", "E", "e", "E", "e", "E", "e", "E", "e", "E", "e", "G", "g", "G", "g",
    "G", "g", "G", "g", "H", "h", "H", "h", "I", "i", "I", "i", "I", "i", "I", "i",
    "I", "i", "IJ", "ij", "J", "j", "K", "k", "k", "L", "l", "L", "l", "L", "l", "L",
    "l", "L", "l", "N", "n", "N", "n", "N", "n", "n", "N", "n", "O", "o", "O", "o",
    "O", "o", "OE", "oe", "R", "r", "R", "r", "R", "r", "S", "s", "S", "s", "S", "s",
    "S", "s", "T", "t", "T", "t", "T", "t", "U", "u", "U", "u", "U", "u", "U", "u",
    "U", "u", "U", "u", "W", "w", "Y", "y", "Y", "Z", "z", "Z", "z", "Z", "z", "s",
];

/// U+0386 to U+03CE, after ELOT 743.
#[rustfmt::skip]
const GREEK: [&str; 73] = [
    "A", ".", "E", "I", "I", "", "O", "", "Y", "O", "i",
    "A", "V", "G", "D", "E", "Z", "I", "Th", "I", "K", "L", "M", "N", "X", "O", "P", "R", "", "S", "T", "Y", "F",
    "Ch", "Ps", "O", "I", "Y", "a", "e", "i", "i", "y",
    "a", "v", "g", "d", "e", "z", "i", "th", "i", "k", "l", "m", "n", "x", "o", "p", "r", "s", "s", "t", "y", "f",
    "ch", "ps", "o", "i", "y", "o", "y", "o",
];

/// U+0400 to U+045F.
#[rustfmt::skip]
const CYRILLIC: [&str; 96] = [
    "E", "Yo", "Dj", "Gj", "Ye", "Dz", "I", "Yi", "J", "Lj", "Nj", "C", "Kj", "I", "U", "Dz",
    "A", "B", "V", "G", "D", "E", "Zh", "Z", "I", "Y", "K", "L", "M", "N", "O", "P",
    "R", "S", "T", "U", "F", "Kh", "Ts", "Ch", "Sh", "Shch", "", "Y", "", "E", "Yu", "Ya",
    "a", "b", "v", "g", "d", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p",
    "r", "s", "t", "u", "f", "kh", "ts", "ch", "sh", "shch", "", "y", "", "e", "yu", "ya",
    "e", "yo", "dj", "gj", "ye", "dz", "i", "yi", "j", "lj", "nj", "c", "kj", "i", "u", "dz",
];

/// Other letters for a character. Empty where it is only a sign for others, as the soft sign.
pub(super) fn transliterated(character: char) -> Option<&'static str> {
    let code = u32::from(character);
    let at = |first: u32, table: &'static [&'static str]| table.get((code - first) as usize).copied();
    match code {
        0xA0..=0xFF => at(0xA0, &LATIN_1),
        0x100..=0x17F => at(0x100, &LATIN_A),
        0x386..=0x3CE => at(0x386, &GREEK),
        0x400..=0x45F => at(0x400, &CYRILLIC),
        0x490 => Some("G"),
        0x491 => Some("g"),
        0x218 => Some("S"),
        0x219 => Some("s"),
        0x21A => Some("T"),
        0x21B => Some("t"),
        // Accents that stand for themselves.
        0x300..=0x36F => Some(""),
        0x1E9E => Some("SS"),
        0x2010..=0x2015 | 0x2212 => Some("-"),
        0x2018..=0x201B => Some("'"),
        0x201C..=0x201F => Some("\""),
        0x2022 => Some("*"),
        0x2026 => Some("..."),
        0x20AC => Some("EUR"),
        0x2122 => Some("TM"),
        // Latin letters in full width.
        0xFF01..=0xFF5E => FULL_WIDTH.get((code - 0xFF01) as usize..(code - 0xFF01) as usize + 1),
        _ => None,
    }
}

/// U+FF01 to U+FF5E.
const FULL_WIDTH: &str =
    "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";
