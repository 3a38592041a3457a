//! Metadata of whole series, made once: compressed, in files below `cache/metadata/` of the archive's folder.
//!
//! A file holds the JSON of a series' instances with commas between them, as blocks of a deflate stream (RFC 1951) that has no
//! end. So the answer about a study is put together from its series without compressing anything again: blocks that are
//! stored as they are stand between them. A file counts as long as the series has the same instances with the same
//! bytes; the URL by which we are seen is part of its name, as URIs of bulk data begin with it.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `KLINKEM1` |
//! | 32 | fingerprint: SHA-256 of the instances' numbers, hashes, and when it was decided who their patient is |
//! | 4, 8 | CRC-32 and length of the JSON, little endian |
//! | … | blocks |

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use crc32fast::Hasher;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::DeflateEncoder;
use klinke_archive::Archive;
use klinke_archive::index::Instance;

use super::super::fault::Result;
use super::super::sets::{hexadecimal, state};

const MAGIC: &[u8; 8] = b"KLINKEM1";
const HEAD_SIZE_BYTES: usize = 8 + 32 + 4 + 8;
/// A series is kept for so many URLs by which we are seen.
const URLS_MAX: usize = 4;

/// Part of an answer: blocks of a deflate stream.
pub(super) struct Piece {
    blocks: Bytes,
    sum: u32,
    length: u64,
}

impl Piece {
    /// Compresses.
    pub fn of(json: &[u8]) -> Piece {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        // Flushing ends the last block at a byte; writing into memory does not fail.
        let _ = encoder.write_all(json).and_then(|()| encoder.flush());
        let blocks = Bytes::from(std::mem::take(encoder.get_mut()));
        Piece { blocks, sum: crc32fast::hash(json), length: json.len() as u64 }
    }

    /// A few bytes as they are.
    fn stored(bytes: &[u8], is_last: bool) -> Piece {
        let length = bytes.len() as u16;
        let mut blocks = vec![u8::from(is_last)];
        blocks.extend(length.to_le_bytes());
        blocks.extend((!length).to_le_bytes());
        blocks.extend_from_slice(bytes);
        Piece { blocks: blocks.into(), sum: crc32fast::hash(bytes), length: bytes.len() as u64 }
    }

    fn read(bytes: Bytes, fingerprint: &[u8; 32]) -> Option<Piece> {
        let head = bytes.get(..HEAD_SIZE_BYTES)?;
        let is_it = head.starts_with(MAGIC) && head[8..40] == *fingerprint;
        is_it.then(|| Piece {
            sum: u32::from_le_bytes([head[40], head[41], head[42], head[43]]),
            length: head[44..].iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)),
            blocks: bytes.slice(HEAD_SIZE_BYTES..),
        })
    }

    fn write(&self, fingerprint: &[u8; 32]) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(fingerprint);
        out.extend(self.sum.to_le_bytes());
        out.extend(self.length.to_le_bytes());
        out.extend_from_slice(&self.blocks);
        out
    }
}

/// What a series is at this moment.
pub(super) fn fingerprint(instances: &[Instance]) -> [u8; 32] {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for one in instances {
        context.update(&one.number.to_le_bytes());
        context.update(&state(one));
    }
    let mut print = [0; 32];
    print.copy_from_slice(context.finish().as_ref());
    print
}

/// The metadata of a series: out of its file, or made and kept. Blocks.
pub(super) fn piece(
    archive: &Archive,
    instances: Vec<Instance>,
    base: &str,
    make: impl FnOnce(Vec<Instance>) -> Result<Piece>,
) -> Result<Piece> {
    let print = fingerprint(&instances);
    let short = |text: &str| {
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        hexadecimal(&digest.as_ref()[..16])
    };
    let series = short(instances.first().map_or("", |one| &one.series));
    let folder = archive.cache_folder().join("metadata").join(&series[..2]).join(&series);
    let file = folder.join(short(base));
    if let Some(kept) = fs::read(&file).ok().and_then(|bytes| Piece::read(bytes.into(), &print)) {
        return Ok(kept);
    }
    let made = make(instances)?;
    // It can be made again: a disk that is full keeps nobody from reading.
    if let Err(error) = keep(&folder, &file, &made.write(&print)) {
        tracing::warn!("metadata could not be kept: {error}");
    }
    Ok(made)
}

fn keep(folder: &Path, file: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    fs::DirBuilder::new().recursive(true).mode(0o750).create(folder)?;
    let others: Vec<_> = fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    if others.len() >= URLS_MAX && !others.iter().any(|other| other == file) {
        others.iter().try_for_each(fs::remove_file)?;
    }
    let part = file.with_extension(format!("part{}", NEXT.fetch_add(1, Ordering::Relaxed)));
    let mut written =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o640).open(&part)?;
    written.write_all(bytes)?;
    fs::rename(&part, file)
}

/// A whole answer: the array of all pieces, as gzip (RFC 1952).
pub(super) fn joined(pieces: &[Piece]) -> Bytes {
    let mut out = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];
    let (mut sum, mut length) = (Hasher::new(), 0_u64);
    let mut add = |piece: &Piece| {
        out.extend_from_slice(&piece.blocks);
        sum.combine(&Hasher::new_with_initial_len(piece.sum, piece.length));
        length += piece.length;
    };
    add(&Piece::stored(b"[", false));
    for (at, piece) in pieces.iter().enumerate() {
        if at > 0 {
            add(&Piece::stored(b",", false));
        }
        add(piece);
    }
    add(&Piece::stored(b"]", true));
    out.extend(sum.finalize().to_le_bytes());
    // The length is told by its lower 32 bits.
    out.extend((length as u32).to_le_bytes());
    out.into()
}

/// The same for who does not take gzip.
pub(super) fn inflated(gzip: &[u8]) -> io::Result<Bytes> {
    let mut out = Vec::new();
    GzDecoder::new(gzip).read_to_end(&mut out)?;
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_one_stream() {
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(100_000));
        let pieces = [Piece::of(b"{}"), Piece::of(large.as_bytes()), Piece::of(b"1")];
        let whole = joined(&pieces);
        assert_eq!(inflated(&whole).expect("gzip"), format!("[{{}},{large},1]"));
        assert!(whole.len() < 2_000);
    }

    #[test]
    fn a_file_counts_for_its_fingerprint_alone() {
        let piece = Piece::of(b"{}");
        let bytes = Bytes::from(piece.write(&[7; 32]));
        assert!(Piece::read(bytes.clone(), &[8; 32]).is_none());
        let again = Piece::read(bytes.clone(), &[7; 32]).expect("the same");
        assert_eq!((again.sum, again.length, &again.blocks), (piece.sum, 2, &piece.blocks));
        assert!(Piece::read(bytes.slice(..20), &[7; 32]).is_none());
    }
}
