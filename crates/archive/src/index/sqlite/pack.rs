//! Attributes as bytes of a column.

use bytes::Bytes;
use klinke_dimse::data::{self, DataSet, Limits};
use klinke_dimse::syntax::TransferSyntax;

/// The bytes of a set.
pub(super) fn pack(set: &DataSet) -> Vec<u8> {
    // What an index keeps comes without fragments and below the limits of a header.
    data::write(set, &TransferSyntax::EXPLICIT).unwrap_or_default()
}

/// The set of such bytes.
pub(super) fn unpack(bytes: Vec<u8>) -> DataSet {
    data::read(Bytes::from(bytes), &TransferSyntax::EXPLICIT, &Limits::default()).set
}
