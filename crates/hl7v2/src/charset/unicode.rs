//! UTF-16 and UTF-32, which no delimiter search can read as they are, and their recognition.

/// A set whose characters have two or four bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wide {
    Utf16Le,
    Utf16Be,
    Utf32Le,
    Utf32Be,
}

impl Wide {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Utf16Le | Self::Utf16Be => "UNICODE UTF-16",
            Self::Utf32Le | Self::Utf32Be => "UNICODE UTF-32",
        }
    }

    /// Recognise by byte order mark, or by the zero bytes of a header segment's first letters.
    pub(crate) fn detect(bytes: &[u8]) -> Option<Self> {
        let head = bytes.get(..4)?;
        match head {
            [0xFF, 0xFE, 0, 0] => Some(Self::Utf32Le),
            [0, 0, 0xFE, 0xFF] => Some(Self::Utf32Be),
            [0xFF, 0xFE, ..] => Some(Self::Utf16Le),
            [0xFE, 0xFF, ..] => Some(Self::Utf16Be),
            [a, 0, 0, 0] if letter(*a) => Some(Self::Utf32Le),
            [0, 0, 0, a] if letter(*a) => Some(Self::Utf32Be),
            [a, 0, b, 0] if letter(*a) && letter(*b) => Some(Self::Utf16Le),
            [0, a, 0, b] if letter(*a) && letter(*b) => Some(Self::Utf16Be),
            _ => None,
        }
    }

    /// Decode; false when something was not valid.
    pub(crate) fn decode(self, bytes: &[u8]) -> (String, bool) {
        let (text, sound) = match self {
            Self::Utf16Le => utf16(bytes, u16::from_le_bytes),
            Self::Utf16Be => utf16(bytes, u16::from_be_bytes),
            Self::Utf32Le => utf32(bytes, u32::from_le_bytes),
            Self::Utf32Be => utf32(bytes, u32::from_be_bytes),
        };
        let width = if matches!(self, Self::Utf16Le | Self::Utf16Be) { 2 } else { 4 };
        let whole = bytes.len().is_multiple_of(width);
        (text, sound && whole)
    }

    pub(crate) fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Self::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Self::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            Self::Utf32Le => text.chars().flat_map(|c| (c as u32).to_le_bytes()).collect(),
            Self::Utf32Be => text.chars().flat_map(|c| (c as u32).to_be_bytes()).collect(),
        }
    }
}

/// First letters of MSH, FHS and BHS, small or large.
fn letter(byte: u8) -> bool {
    matches!(byte.to_ascii_uppercase(), b'M' | b'S' | b'F' | b'H' | b'B')
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> (String, bool) {
    let (pairs, _) = bytes.as_chunks::<2>();
    let mut sound = true;
    let text = char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .map(|c| {
            c.unwrap_or_else(|_| {
                sound = false;
                char::REPLACEMENT_CHARACTER
            })
        })
        .collect();
    (text, sound)
}

fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> (String, bool) {
    let (quads, _) = bytes.as_chunks::<4>();
    let mut sound = true;
    let text = quads
        .iter()
        .map(|quad| {
            char::from_u32(unit(*quad)).unwrap_or_else(|| {
                sound = false;
                char::REPLACEMENT_CHARACTER
            })
        })
        .collect();
    (text, sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_is_recognised_and_comes_back() {
        for wide in [Wide::Utf16Le, Wide::Utf16Be, Wide::Utf32Le, Wide::Utf32Be] {
            for text in ["MSH|^~\\&|Müller 😀", "\u{FEFF}MSH|"] {
                let bytes = wide.encode(text);
                assert_eq!(Wide::detect(&bytes), Some(wide));
                assert_eq!(wide.decode(&bytes), (text.to_owned(), true));
            }
        }
        assert_eq!(Wide::detect(b"MSH|^~"), None);
        assert!(!Wide::Utf16Le.decode(b"M\0S").1 && !Wide::Utf16Le.decode(b"\0\xD8A\0").1);
    }
}
