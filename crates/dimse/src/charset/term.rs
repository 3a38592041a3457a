//! The defined terms of (0008,0005) and what they designate (PS3.3, tables C.12-2 to C.12-5).

use encoding_rs::Encoding;

/// A character set that a defined term names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Set {
    Ascii,
    Latin1,
    Latin2,
    Latin3,
    Latin4,
    Cyrillic,
    Arabic,
    Greek,
    Hebrew,
    Latin5,
    Latin9,
    Thai,
    /// JIS X 0201: romaji in G0, half-width katakana in G1.
    JisX0201,
    JisX0208,
    JisX0212,
    KsX1001,
    Gb2312,
}

/// Everything about a set.
pub(crate) struct Row {
    pub(crate) set: Set,
    /// The number in the ISO registry; defined terms are "ISO_IR n" and "ISO 2022 IR n".
    pub(crate) number: u16,
    /// What designates it to G0, behind the escape character.
    pub(crate) g0: Option<&'static [u8]>,
    /// What designates it to G1.
    pub(crate) g1: Option<&'static [u8]>,
    /// Whether it exists without code extensions.
    pub(crate) alone: bool,
}

const fn row(
    set: Set,
    number: u16,
    g0: Option<&'static [u8]>,
    g1: Option<&'static [u8]>,
    alone: bool,
) -> Row {
    Row { set, number, g0, g1, alone }
}

/// In the order of [`Set`].
pub(crate) static ROWS: [Row; 17] = [
    row(Set::Ascii, 6, Some(b"(B"), None, true),
    row(Set::Latin1, 100, None, Some(b"-A"), true),
    row(Set::Latin2, 101, None, Some(b"-B"), true),
    row(Set::Latin3, 109, None, Some(b"-C"), true),
    row(Set::Latin4, 110, None, Some(b"-D"), true),
    row(Set::Cyrillic, 144, None, Some(b"-L"), true),
    row(Set::Arabic, 127, None, Some(b"-G"), true),
    row(Set::Greek, 126, None, Some(b"-F"), true),
    row(Set::Hebrew, 138, None, Some(b"-H"), true),
    row(Set::Latin5, 148, None, Some(b"-M"), true),
    row(Set::Latin9, 203, None, Some(b"-b"), true),
    row(Set::Thai, 166, None, Some(b"-T"), true),
    row(Set::JisX0201, 13, Some(b"(J"), Some(b")I"), true),
    row(Set::JisX0208, 87, Some(b"$B"), None, false),
    row(Set::JisX0212, 159, Some(b"$(D"), None, false),
    row(Set::KsX1001, 149, None, Some(b"$)C"), false),
    row(Set::Gb2312, 58, None, Some(b"$)A"), false),
];

impl Set {
    pub(crate) fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    pub(crate) fn bit(self) -> u32 {
        1 << self as u32
    }

    /// Whether it is one of Latin letters, in which text that is valid UTF-8 is hardly ever meant otherwise.
    pub(crate) fn is_latin(self) -> bool {
        matches!(self, Set::Latin1 | Set::Latin2 | Set::Latin3 | Set::Latin4 | Set::Latin5 | Set::Latin9)
    }
}

/// What a value of (0008,0005) names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Term {
    Set {
        set: Set,
        extended: bool,
    },
    Utf8,
    Gb18030,
    Gbk,
    /// No defined term, but a name that others use for a set.
    Other(&'static Encoding),
}

/// A term, and whether it is spelled as it should be.
pub(crate) fn term(value: &str) -> Option<(Term, bool)> {
    let value = value.trim_matches([' ', '\0']);
    if value.is_empty() {
        return Some((Term::Set { set: Set::Ascii, extended: true }, true));
    }
    let compact: String =
        value.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    let found = match compact.as_str() {
        "ISOIR192" | "ISO2022IR192" | "UTF8" | "UNICODE" | "UNICODEUTF8" => Term::Utf8,
        "GB18030" | "ISO2022GB18030" => Term::Gb18030,
        "GBK" | "ISO2022GBK" => Term::Gbk,
        "ASCII" | "USASCII" => Term::Set { set: Set::Ascii, extended: false },
        name => numbered(name).or_else(|| part_of_8859(name)).or_else(|| label(value))?,
    };
    Some((found, is_spelled(value, found)))
}

fn numbered(name: &str) -> Option<Term> {
    let (digits, extended) = match (name.strip_prefix("ISOIR"), name.strip_prefix("ISO2022IR")) {
        (Some(digits), _) => (digits, false),
        (_, Some(digits)) => (digits, true),
        _ => (name.strip_prefix("IR")?, false),
    };
    let number: u16 = digits.parse().ok()?;
    let row = ROWS.iter().find(|row| row.number == number)?;
    Some(Term::Set { set: row.set, extended: extended || !row.alone })
}

/// Names as ISO-8859-1 and LATIN1.
fn part_of_8859(name: &str) -> Option<Term> {
    let part = name.strip_prefix("ISO8859").or_else(|| name.strip_prefix("8859"))?;
    let set = match part {
        "1" => Set::Latin1,
        "2" => Set::Latin2,
        "3" => Set::Latin3,
        "4" => Set::Latin4,
        "5" => Set::Cyrillic,
        "6" => Set::Arabic,
        "7" => Set::Greek,
        "8" => Set::Hebrew,
        "9" => Set::Latin5,
        "11" => Set::Thai,
        "15" => Set::Latin9,
        _ => return None,
    };
    Some(Term::Set { set, extended: false })
}

fn label(value: &str) -> Option<Term> {
    let encoding = Encoding::for_label(value.as_bytes()).filter(|encoding| encoding.is_ascii_compatible())?;
    Some(Term::Other(encoding))
}

fn is_spelled(value: &str, term: Term) -> bool {
    match term {
        Term::Utf8 => value == "ISO_IR 192",
        Term::Gb18030 => value == "GB18030",
        Term::Gbk => value == "GBK",
        Term::Other(_) => false,
        Term::Set { set, .. } => {
            let number = set.row().number;
            let plain = set.row().alone && set != Set::Ascii && value == format!("ISO_IR {number}");
            plain || value == format!("ISO 2022 IR {number}")
        }
    }
}

/// The name of a set as a value of (0008,0005).
pub(crate) fn name(set: Set, extended: bool) -> String {
    let number = set.row().number;
    if extended || !set.row().alone { format!("ISO 2022 IR {number}") } else { format!("ISO_IR {number}") }
}
