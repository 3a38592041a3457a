//! The head of a file (PS3.10, section 7.1): preamble, `DICM`, and the file meta information, with a seal.
//!
//! The seal is the hash of the data set that follows, in Private Information (0002,0102): a file tells by itself whether it is whole,
//! also when there is no index. It is the last value of the head and is written last; a file with a seal of zeros was never
//! finished.

use klinke_dimse::data::DataSet;
use klinke_dimse::file::Meta;
use klinke_dimse::tags;

use crate::index::Instance;
use crate::receive::Arrival;

/// Private Information Creator UID of the seal: derived from a UUID (PS3.5, Annex B.2).
const SEAL_CREATOR: &str = "2.25.309467127468241036429373214921362943751";
/// BLAKE3's hash of the data set.
const SEAL_SIZE_BYTES: usize = 32;

/// The head of the file of an instance, with a seal of zeros at its end.
pub(crate) fn head(arrival: &Arrival) -> Vec<u8> {
    let named = |title| Some(title).filter(|title: &&str| !title.is_empty());
    Meta {
        sending: named(&arrival.from),
        receiving: named(&arrival.to),
        private: Some((SEAL_CREATOR, &[0; SEAL_SIZE_BYTES])),
        ..Meta::of(&arrival.class, &arrival.instance, &arrival.syntax)
    }
    .to_bytes()
}

/// The head of a file whose data set was packed: sealed with the hash of what it is now, and behind it that of what was received.
pub(crate) fn packed_head(
    instance: &Instance,
    syntax: &str,
    hash: &[u8; SEAL_SIZE_BYTES],
    origin: &[u8; SEAL_SIZE_BYTES],
) -> Vec<u8> {
    let seals = [&hash[..], &origin[..]].concat();
    let from = instance.file.from.as_str();
    Meta {
        sending: (!from.is_empty()).then_some(from),
        private: Some((SEAL_CREATOR, &seals)),
        ..Meta::of(&instance.class, &instance.uid, syntax)
    }
    .to_bytes()
}

/// Where the seal stands in a head of this length.
pub(crate) fn seal_offset(head_size: usize) -> u64 {
    (head_size - SEAL_SIZE_BYTES) as u64
}

/// The seal of a file, as its meta information has it; nothing where another program wrote the file.
pub(crate) fn seal(meta: &DataSet) -> Option<[u8; SEAL_SIZE_BYTES]> {
    seals(meta)?.get(..SEAL_SIZE_BYTES)?.try_into().ok()
}

/// The hash of what was received, where the file was packed since.
pub(crate) fn origin(meta: &DataSet) -> Option<[u8; SEAL_SIZE_BYTES]> {
    seals(meta)?.get(SEAL_SIZE_BYTES..)?.try_into().ok()
}

fn seals(meta: &DataSet) -> Option<&[u8]> {
    (meta.ascii(tags::PRIVATE_INFORMATION_CREATOR_UID)? == SEAL_CREATOR).then_some(())?;
    meta.get(tags::PRIVATE_INFORMATION)?.as_bytes().map(|bytes| bytes.as_ref())
}
