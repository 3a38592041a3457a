//! Deflated data sets (PS3.5, Annex A.5; RFC 1951), with a limit against bombs.

use flate2::{Decompress, FlushDecompress, Status};

use crate::deviation::Kind;

/// How inflating ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The stream is at its end.
    Complete,
    /// More bytes are needed.
    Hungry,
    /// The bytes are damaged, or no deflated stream.
    Damaged,
    /// More would come out than is allowed.
    Limit,
}

/// Inflates bytes as they arrive.
pub(crate) struct Inflater {
    stream: Decompress,
    written: u64,
    most: u64,
}

impl Inflater {
    /// One that gives no more than so many bytes.
    pub(crate) fn new(most: u64, zlib_header: bool) -> Self {
        Inflater { stream: Decompress::new(zlib_header), written: 0, most }
    }

    /// Inflates bytes and gives what comes out in pieces, as long as `take` wants more.
    pub(crate) fn push(&mut self, mut bytes: &[u8], mut take: impl FnMut(&[u8]) -> bool) -> Outcome {
        let mut piece = [0_u8; 16 * 1024];
        loop {
            let (read, wrote) = (self.stream.total_in(), self.stream.total_out());
            let status = self.stream.decompress(bytes, &mut piece, FlushDecompress::None);
            let came = (self.stream.total_out() - wrote) as usize;
            bytes = &bytes[(self.stream.total_in() - read) as usize..];
            self.written += came as u64;
            if self.written > self.most {
                return Outcome::Limit;
            }
            if came > 0 && !take(&piece[..came]) {
                return Outcome::Complete;
            }
            match status {
                Ok(Status::StreamEnd) => return Outcome::Complete,
                Err(_) => return Outcome::Damaged,
                Ok(_) if bytes.is_empty() && came < piece.len() => return Outcome::Hungry,
                Ok(Status::BufError) if came == 0 => return Outcome::Hungry,
                Ok(_) => {}
            }
        }
    }
}

/// Whether bytes begin as a zlib stream (RFC 1950) does.
pub(crate) fn has_zlib_header(bytes: &[u8]) -> bool {
    let [first, second, ..] = bytes else { return false };
    first & 0x0F == 8 && first >> 4 <= 7 && (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31)
}

/// How many bytes tell in which form a data set is that should be deflated.
pub(crate) const FORM_BYTES: usize = 8;

/// What a data set is that should be deflated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Deflated, as it should be.
    Raw,
    /// Deflated, with a zlib header.
    Zlib,
    /// Not deflated.
    Plain,
}

impl Form {
    /// What is against the standard about it.
    pub(crate) fn deviation(self) -> Option<Kind> {
        match self {
            Form::Raw => None,
            Form::Zlib => Some(Kind::ZlibHeader),
            Form::Plain => Some(Kind::NotDeflated),
        }
    }
}

/// Looks at the first bytes. A zlib header reads as a stored block whose two lengths do not match, and an element
/// in explicit form as one of the second group or the eighth.
pub(crate) fn form(bytes: &[u8]) -> Form {
    if let [first, second, _, _, code @ ..] = bytes
        && matches!((first, second), (2 | 8 | 0x10, 0))
        && code.first_chunk().is_some_and(|code| super::header::vr(*code).is_some())
    {
        return Form::Plain;
    }
    let stored = match bytes {
        [first, a, b, c, d, ..] if first & 7 == 0 => {
            u16::from_le_bytes([*a, *b]) == !u16::from_le_bytes([*c, *d])
        }
        _ => true,
    };
    if has_zlib_header(bytes) && !stored { Form::Zlib } else { Form::Raw }
}
