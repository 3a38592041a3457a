//! Whether an instance is the same here and there.

use anyhow::Result;
use bytes::Bytes;
use klinke_archive::Archive;
use klinke_archive::index::Instance;
use klinke_dimse::data::{self, Limits, Value};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::tags;
use klinke_dimse::uids::EXPLICIT_VR_LITTLE_ENDIAN as EXPLICIT;

use super::blocking;
use super::old::Copy;

/// What is compared is held in memory.
const LIMITS: Limits = Limits {
    depth: 64,
    elements: 4_000_000,
    value_length: 2 << 30,
    total: 4 << 30,
    inflated: 4 << 30,
    deviations: 0,
};

/// Of how many instances a sample is: the same ones at each check.
pub fn is_in_sample(uid: &str, per_thousand: u32) -> bool {
    let hash = blake3::hash(uid.as_bytes());
    let [one, other, ..] = hash.as_bytes();
    (u32::from(*one) << 8 | u32::from(*other)) % 1000 < per_thousand
}

/// Whether the old archive's copy is the same: byte for byte, or at least in its pixels, which may be said in another transfer
/// syntax where both can be decoded. An instance without pixels is compared in its bytes alone.
pub async fn is_same(archive: &Archive, ours: &Instance, theirs: Copy) -> Result<bool> {
    if blake3::hash(&theirs.data_set).as_bytes() == &ours.file.hash {
        return Ok(true);
    }
    let (archive, ours) = (archive.clone(), ours.clone());
    blocking(move || {
        let mut file = archive.open_file(&ours)?;
        let mut bytes = Vec::new();
        let failed = |error: std::io::Error| klinke_archive::Error::Damaged(error.to_string());
        std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(u64::from(ours.file.data_offset)))
            .map_err(failed)?;
        std::io::Read::read_to_end(&mut file, &mut bytes).map_err(failed)?;
        let ours = pixels(bytes.into(), &ours.file.syntax);
        let theirs = pixels(theirs.data_set, &theirs.syntax);
        Ok(ours.is_some() && ours == theirs)
    })
    .await
}

/// The pixel data, decoded where they are encapsulated; native ones as little endian.
fn pixels(data_set: Bytes, syntax: &str) -> Option<Vec<u8>> {
    let native = [TransferSyntax::EXPLICIT, TransferSyntax::IMPLICIT];
    let (bytes, syntax) = match native.iter().any(|one| one.uid() == syntax) {
        true => (data_set, syntax),
        false => match klinke_archive::transcode(data_set.clone(), syntax, EXPLICIT) {
            Ok(bytes) => (bytes, EXPLICIT),
            Err(_) => return fragments(data_set, syntax),
        },
    };
    let set = data::read(bytes, &TransferSyntax::by_uid(syntax), &LIMITS).set;
    Some(set.raw(tags::PIXEL_DATA)?.to_vec())
}

/// Encapsulated pixel data that nothing decodes: their bytes one after the other.
fn fragments(data_set: Bytes, syntax: &str) -> Option<Vec<u8>> {
    let set = data::read(data_set, &TransferSyntax::by_uid(syntax), &LIMITS).set;
    match &set.get(tags::PIXEL_DATA)?.value {
        Value::Fragments(fragments) => Some(fragments.fragments.concat()),
        Value::Bytes(bytes) => Some(bytes.to_vec()),
        Value::Sequence(_) => None,
    }
}
