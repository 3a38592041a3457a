//! What can be wrong with the bytes of a PDU. Texts name the item and the byte, never what stands there.

use super::{Abort, name};

/// Why bytes are no PDU.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The first byte names no PDU: the peer speaks something else.
    #[error("no DICOM PDU begins with byte {kind:02X}H{}", hint(*kind))]
    UnknownPdu {
        /// The first byte.
        kind: u8,
    },
    /// A PDU says that it is longer than the limit.
    #[error("{pdu} of {length} bytes, the limit is {limit}")]
    TooLong {
        /// Name of the PDU.
        pdu: &'static str,
        /// The length that it gives.
        length: u32,
        /// The limit.
        limit: u32,
    },
    /// A PDU or item ends in the middle of a field.
    #[error("{item} ends at byte {offset} in the middle of a field")]
    Short {
        /// Name of the PDU or item.
        item: &'static str,
        /// Where the field begins, in bytes from the first byte of the PDU.
        offset: usize,
    },
    /// An item says that it is longer than what it stands in.
    #[error("{item} at byte {offset} gives a length of {length}, only {remaining} are left")]
    ItemTooLong {
        /// Name of the item.
        item: &'static str,
        /// Where its value begins, in bytes from the first byte of the PDU.
        offset: usize,
        /// The length that it gives.
        length: usize,
        /// The bytes that are left.
        remaining: usize,
    },
    /// A presentation data value is shorter than its two bytes of header.
    #[error("presentation data value at byte {offset} gives a length of {length}, at least 2 are needed")]
    ValueTooShort {
        /// Where it begins, in bytes from the first byte of the PDU.
        offset: usize,
        /// The length that it gives.
        length: u32,
    },
    /// More items than anybody needs.
    #[error("more than {limit} items, the first too many at byte {offset}")]
    TooManyItems {
        /// Where the first too many begins.
        offset: usize,
        /// The limit.
        limit: usize,
    },
}

impl Error {
    /// What an A-ABORT says about it (PS3.8, Table 9-26).
    pub const fn abort(&self) -> Abort {
        match self {
            Self::UnknownPdu { .. } => Abort::UNRECOGNIZED_PDU,
            _ => Abort::INVALID_PARAMETER,
        }
    }

    pub(super) const fn short_pdu(kind: u8, offset: usize) -> Self {
        Self::Short { item: name(kind), offset }
    }
}

/// What else the peer may be speaking.
const fn hint(kind: u8) -> &'static str {
    match kind {
        0x16 => " (a TLS handshake does)",
        b'A'..=b'Z' => " (an HTTP request does)",
        0x0B => " (an MLLP frame does)",
        _ => "",
    }
}
