//! A data set in another transfer syntax, without loss.

use bytes::Bytes;
use klinke_dimse::data::{self, Limits};
use klinke_dimse::pixel;
use klinke_dimse::syntax::TransferSyntax;

/// A data set in another transfer syntax, without loss.
///
/// # Errors
///
/// What keeps it from being decoded or encoded, in words.
pub fn transcode(bytes: Bytes, from: &str, to: &str) -> Result<Bytes, String> {
    let mut set = data::read(bytes, &TransferSyntax::by_uid(from), &Limits::default()).set;
    let changed =
        pixel::transcode(&set, from, to, &pixel::Limits::default()).map_err(|error| error.to_string())?;
    changed.apply(&mut set);
    let written = data::write(&set, &TransferSyntax::by_uid(to)).map_err(|error| error.to_string())?;
    Ok(Bytes::from(written))
}

/// Whether one transfer syntax can be brought into the other without loss.
pub fn may_transcode(from: &str, to: &str) -> bool {
    let (from, target) = (TransferSyntax::by_uid(from), TransferSyntax::by_uid(to));
    from.is_known() && (!target.is_encapsulated() || pixel::is_encodable(to)) && target.is_known()
}
