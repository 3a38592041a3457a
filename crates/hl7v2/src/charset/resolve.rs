//! Which character set a message is really written in.

use super::{Charset, by_name};

/// What is doubtful about a message's character set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// MSH-18 has a value that is not known; it is ignored.
    UnknownName,
    /// MSH-18 is blank or says ASCII, and there are bytes above 0x7F.
    Undeclared,
    /// Declared otherwise, but all of it is valid UTF-8.
    IsUtf8,
    /// Declared UTF-8, but none of it is.
    NotUtf8,
    /// Declared UTF-8; parts are, parts are not.
    PartlyUtf8,
    /// Declared 8859/1, with bytes 0x80-0x9F, which only Windows-1252 gives a meaning.
    HasWindowsBytes,
    /// Declared UTF-16 or UTF-32, but the bytes are not.
    NotWide,
}

/// The outcome of [`resolve`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolved {
    /// The set to read and write with.
    pub charset: Charset,
    /// What the message declares, if that is known.
    pub declared: Option<Charset>,
    /// What is doubtful.
    pub doubt: Option<Doubt>,
}

/// Decide from MSH-18 (`declared`, first repetition), the default of the connection, and all the
/// bytes. `bytes` are not UTF-16 or UTF-32; those are recognised and turned before.
pub fn resolve(declared: &[u8], default: Option<Charset>, bytes: &[u8]) -> Resolved {
    let name = std::str::from_utf8(declared).unwrap_or("?");
    let known = by_name(name);
    let unknown = !declared.is_empty() && known.is_none() && declared != b"\"\"";
    if bytes.starts_with(b"\xEF\xBB\xBF") && std::str::from_utf8(bytes).is_ok() {
        return Resolved { charset: Charset::UTF_8, declared: known, doubt: None };
    }
    let believed = known.filter(|c| *c != Charset::ASCII).or(default);
    let (charset, doubt) = match believed {
        None if bytes.is_ascii() => (known.unwrap_or(Charset::ASCII), None),
        None => (guess(bytes), Some(Doubt::Undeclared)),
        Some(charset) if charset.is_wide() => {
            (if bytes.is_ascii() { Charset::UTF_8 } else { guess(bytes) }, Some(Doubt::NotWide))
        }
        Some(charset) if bytes.is_ascii() => (charset, None),
        Some(charset) => examine(charset, bytes),
    };
    let doubt = if unknown { Some(Doubt::UnknownName) } else { doubt };
    Resolved { charset, declared: known, doubt }
}

fn guess(bytes: &[u8]) -> Charset {
    if std::str::from_utf8(bytes).is_ok() { Charset::UTF_8 } else { Charset::WINDOWS_1252 }
}

fn examine(charset: Charset, bytes: &[u8]) -> (Charset, Option<Doubt>) {
    let utf8 = std::str::from_utf8(bytes).is_ok();
    if charset == Charset::UTF_8 {
        return match (utf8, has_utf8_sequence(bytes)) {
            (true, _) => (charset, None),
            (false, true) => (charset, Some(Doubt::PartlyUtf8)),
            (false, false) => (Charset::WINDOWS_1252, Some(Doubt::NotUtf8)),
        };
    }
    // A set that is not safe for the index comes here only when the bytes are UTF-8.
    if utf8 && (charset.is_single_byte() || !charset.is_ascii_safe()) {
        return (Charset::UTF_8, Some(Doubt::IsUtf8));
    }
    if charset == Charset::LATIN_1 && bytes.iter().any(|b| (0x80..0xA0).contains(b)) {
        return (Charset::WINDOWS_1252, Some(Doubt::HasWindowsBytes));
    }
    (charset, None)
}

/// True when at least one character above 0x7F is valid UTF-8.
fn has_utf8_sequence(bytes: &[u8]) -> bool {
    bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_belief() {
        let utf8 = "Müller".as_bytes();
        let latin = b"M\xFCller".as_slice();
        let windows = b"M\xFCller \x80".as_slice();
        let mixed = b"M\xFCller M\xC3\xBCller".as_slice();
        for (declared, default, bytes, charset, doubt) in [
            ("", None, b"Mueller".as_slice(), Charset::ASCII, None),
            ("", Some(Charset::LATIN_1), b"Mueller", Charset::LATIN_1, None),
            ("", None, utf8, Charset::UTF_8, Some(Doubt::Undeclared)),
            ("", None, latin, Charset::WINDOWS_1252, Some(Doubt::Undeclared)),
            ("", Some(Charset::LATIN_1), latin, Charset::LATIN_1, None),
            ("ASCII", None, latin, Charset::WINDOWS_1252, Some(Doubt::Undeclared)),
            ("8859/1", None, latin, Charset::LATIN_1, None),
            ("8859/1", None, windows, Charset::WINDOWS_1252, Some(Doubt::HasWindowsBytes)),
            ("8859/1", None, utf8, Charset::UTF_8, Some(Doubt::IsUtf8)),
            ("UNICODE UTF-8", None, utf8, Charset::UTF_8, None),
            ("UTF-8", None, latin, Charset::WINDOWS_1252, Some(Doubt::NotUtf8)),
            ("UTF-8", None, mixed, Charset::UTF_8, Some(Doubt::PartlyUtf8)),
            ("KLINGON", None, latin, Charset::WINDOWS_1252, Some(Doubt::UnknownName)),
            ("8859/1", None, "\u{FEFF}Müller".as_bytes(), Charset::UTF_8, None),
            ("UNICODE", None, b"Mueller", Charset::UTF_8, Some(Doubt::NotWide)),
        ] {
            let resolved = resolve(declared.as_bytes(), default, bytes);
            assert_eq!((resolved.charset, resolved.doubt), (charset, doubt), "{declared} {bytes:?}");
        }
    }
}
