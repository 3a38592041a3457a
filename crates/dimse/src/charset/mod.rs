//! Character sets (PS3.3, section C.12.1.1.2; PS3.5, section 6.1), as they are declared, and as they come.
//!
//! | declared | what is done |
//! |---|---|
//! | a defined term, single-byte, ISO_IR 192, GB18030, GBK | decoded |
//! | several, with code extensions | escape sequences are followed; the first set is active again behind each delimiter |
//! | misspelled, in lower case, as in other standards | understood, noted |
//! | ISO_IR 100, with bytes of windows-1252 or UTF-8 | decoded as what they are, noted |
//! | nothing | UTF-8 if it is, else a default that the caller gives, noted |
//!
//! A byte that can't be decoded becomes U+FFFD and is noted; nothing fails.

mod decode;
mod encode;
mod tables;
pub(crate) mod term;
mod transliterate;

use std::borrow::Cow;

use dicom_core::VR;
use encoding_rs::Encoding;

use crate::data::DataSet;
use crate::deviation::{Deviation, Kind};
use crate::tags;
use term::{Set, Term};

pub use encode::{Encoded, Fallback};
pub use transliterate::transliterate;

/// A character set, or several with code extensions: what (0008,0005) says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charset {
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Sets of ISO 2022: the first one, and all as bits.
    Iso {
        first: Set,
        declared: u32,
        extended: bool,
    },
    Utf8,
    Gb18030,
    Gbk,
    /// No defined term: an override, or a default.
    Other(&'static Encoding),
    /// Nothing is declared; what is no UTF-8 is in this encoding.
    Undeclared(&'static Encoding),
}

/// What is done where declarations are missing or wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Counts instead of what is declared.
    pub instead: Option<Charset>,
    /// Counts where nothing is declared and text is no UTF-8.
    pub undeclared: &'static Encoding,
}

impl Default for Rules {
    fn default() -> Self {
        Rules { instead: None, undeclared: encoding_rs::WINDOWS_1252 }
    }
}

/// Text that was decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The text; borrowed where it is ASCII.
    pub text: Cow<'a, str>,
    /// What is against the standard, each kind once.
    pub deviations: Vec<Kind>,
}

impl Charset {
    /// The default repertoire, ISO 646 (ISO_IR 6).
    pub const ASCII: Charset = Charset { form: iso(Set::Ascii) };
    /// ISO 8859-1 (ISO_IR 100).
    pub const LATIN_1: Charset = Charset { form: iso(Set::Latin1) };
    /// UTF-8 (ISO_IR 192).
    pub const UTF_8: Charset = Charset { form: Form::Utf8 };

    /// The character set of a name: a defined term, several with backslashes between, or a name that others use
    /// (`windows-1252`, `Shift_JIS`, `EUC-KR`, `Big5`).
    pub fn by_name(name: &str) -> Option<Charset> {
        let (charset, deviations) = Charset::parse(name, &Rules::default());
        (!deviations.contains(&Kind::CharsetUnknown) && !name.trim().is_empty()).then_some(charset)
    }

    /// What a set declares for itself, and what is against the standard about it.
    pub fn of(set: &DataSet, rules: &Rules) -> (Charset, Vec<Deviation>) {
        let declared = set.raw(tags::SPECIFIC_CHARACTER_SET).unwrap_or_default();
        let (charset, kinds) = Charset::parse(&String::from_utf8_lossy(declared), rules);
        let of = |kind| Deviation::of(kind, tags::SPECIFIC_CHARACTER_SET);
        (rules.instead.unwrap_or(charset), kinds.into_iter().map(of).collect())
    }

    /// The character set of an item: its own, or that of the set around it.
    pub fn of_item(item: &DataSet, outer: Charset, rules: &Rules) -> Charset {
        match item.raw(tags::SPECIFIC_CHARACTER_SET) {
            Some(declared) if !declared.is_empty() => Charset::of(item, rules).0,
            _ => outer,
        }
    }

    /// The character set of a value of (0008,0005).
    pub fn parse(declared: &str, rules: &Rules) -> (Charset, Vec<Kind>) {
        let mut deviations = Vec::new();
        if declared.trim_matches([' ', '\0', '\\']).is_empty() {
            return (Charset { form: Form::Undeclared(rules.undeclared) }, deviations);
        }
        let mut terms = Vec::new();
        for value in declared.split('\\').take(VALUES) {
            match term::term(value) {
                Some((term, spelled)) => {
                    if !spelled {
                        note(&mut deviations, Kind::CharsetMisspelled);
                    }
                    terms.push(term);
                }
                None => note(&mut deviations, Kind::CharsetUnknown),
            }
        }
        let form = joined(&terms, &mut deviations).unwrap_or(Form::Undeclared(rules.undeclared));
        (Charset { form }, deviations)
    }

    /// Decodes a value. The VR says which characters delimit: behind them the first set is active again.
    pub fn decode<'a>(&self, bytes: &'a [u8], vr: VR) -> Decoded<'a> {
        decode::decode(self.form, bytes, vr)
    }

    /// Encodes text for a value of this VR. What does not fit is replaced as the fallback says, and counted.
    pub fn encode(&self, text: &str, vr: VR, fallback: Fallback) -> Encoded {
        encode::encode(self.form, text, vr, fallback)
    }

    /// The value of (0008,0005) that declares it; none where none is needed.
    pub fn declaration(&self) -> Option<String> {
        match self.form {
            Form::Iso { first: Set::Ascii, extended: false, .. } | Form::Undeclared(_) => None,
            Form::Iso { first, extended: false, .. } => Some(term::name(first, false)),
            Form::Iso { first, declared, .. } => {
                let first_name = if first == Set::Ascii { String::new() } else { term::name(first, true) };
                let others =
                    term::ROWS.iter().filter(|row| row.set != first && declared & row.set.bit() != 0);
                let others: Vec<String> = others.map(|row| term::name(row.set, true)).collect();
                let needed = !others.is_empty() || first != Set::Ascii;
                needed.then(|| std::iter::once(first_name).chain(others).collect::<Vec<_>>().join("\\"))
            }
            Form::Utf8 => Some("ISO_IR 192".to_owned()),
            Form::Gb18030 => Some("GB18030".to_owned()),
            Form::Gbk => Some("GBK".to_owned()),
            Form::Other(encoding) => Some(encoding.name().to_owned()),
        }
    }

    /// Whether it can hold every character.
    pub fn is_unicode(&self) -> bool {
        matches!(self.form, Form::Utf8 | Form::Gb18030)
    }
}

impl Default for Charset {
    /// Nothing declared, by the usual rules.
    fn default() -> Self {
        Charset { form: Form::Undeclared(Rules::default().undeclared) }
    }
}

/// No set declares more; there are not as many defined terms.
const VALUES: usize = 20;

const fn iso(set: Set) -> Form {
    Form::Iso { first: set, declared: 1 << set as u32, extended: false }
}

fn joined(terms: &[Term], deviations: &mut Vec<Kind>) -> Option<Form> {
    let whole = terms.iter().find_map(|term| match term {
        Term::Utf8 => Some(Form::Utf8),
        Term::Gb18030 => Some(Form::Gb18030),
        Term::Gbk => Some(Form::Gbk),
        Term::Other(encoding) => Some(Form::Other(encoding)),
        Term::Set { .. } => None,
    });
    if whole.is_some() {
        // They know no code extensions and stand alone; where they do not, they are what is used.
        if terms.len() > 1 {
            note(deviations, Kind::CharsetMixed);
        }
        return whole;
    }
    let mut sets = terms.iter().filter_map(|term| match term {
        Term::Set { set, extended } => Some((*set, *extended)),
        _ => None,
    });
    let (first, extended) = sets.next()?;
    let mut form = (first, first.bit(), extended);
    for (set, with_extensions) in sets {
        if !with_extensions || !form.2 {
            note(deviations, Kind::CharsetMixed);
        }
        form = (first, form.1 | set.bit(), true);
    }
    let (first, declared, extended) = form;
    Some(Form::Iso { first, declared, extended })
}

pub(crate) fn note(deviations: &mut Vec<Kind>, kind: Kind) {
    if !deviations.contains(&kind) {
        deviations.push(kind);
    }
}
