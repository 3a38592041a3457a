//! What stands before the pixel data of an instance's file.

use std::io::{self, Read};

use klinke_dimse::data::{self, Limits, Reading};
use klinke_dimse::file::{HeaderReader, Progress};
use klinke_dimse::syntax::TransferSyntax;

const PIECE_SIZE_BYTES: u64 = 64 << 10;

/// The limits of what is read: values of up to 256 MiB, so that documents are among them.
pub(crate) const LIMITS: Limits = Limits {
    depth: 64,
    elements: 4_000_000,
    value_length: 256 << 20,
    total: 512 << 20,
    inflated: 1 << 30,
    deviations: 10,
};

/// Reads a data set from its beginning up to its pixel data; a deflated one to its end.
pub(crate) fn read(file: &mut impl Read, syntax: &TransferSyntax) -> io::Result<Reading> {
    if syntax.is_deflated() {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        return Ok(data::read(bytes, syntax, &LIMITS));
    }
    let mut reader = HeaderReader::new(syntax, LIMITS);
    let mut piece = Vec::new();
    loop {
        piece.clear();
        file.by_ref().take(PIECE_SIZE_BYTES).read_to_end(&mut piece)?;
        if piece.is_empty() || reader.push(&piece) == Progress::Complete {
            break;
        }
    }
    Ok(reader.finish())
}
