//! How bytes are kept: raw, compressed, as a change of other bytes, or as a file.
//!
//! | coding | `body` holds |
//! |---|---|
//! | 0 | the bytes |
//! | 1 | a zstd frame without its magic number |
//! | 2 | the BLAKE3 hash of a file in `blobs/` |
//! | 3 | nothing: the bytes are those received |
//! | 4 | a zstd frame as 1, with the received bytes as its dictionary |
//! | 16 + n | a zstd frame as 1, with dictionary n |
//!
//! Beside it stand the size and a checksum (XXH3, its low 32 bits) of the plain bytes, checked on
//! every read.

use std::cell::RefCell;

use klinke_model::Payload;
use klinke_store::{Error, Result};
use xxhash_rust::xxh3::xxh3_64;
use zstd::zstd_safe::{CCtx, DCtx};

use crate::blobs::{Blobs, Hash, Pinned};
use crate::dictionary::{Dictionaries, LEVEL, Training};
use crate::pack::{Pack, Unpack};

/// Larger bodies become files.
pub(crate) const INLINE_SIZE_BYTES_MAX: usize = 64 << 10;

pub(crate) const RAW: u32 = 0;
pub(crate) const ZSTD: u32 = 1;
pub(crate) const BLOB: u32 = 2;
pub(crate) const UNCHANGED: u32 = 3;
pub(crate) const CHANGE: u32 = 4;
const DICTIONARY: u32 = 16;

/// Shorter bodies are not worth a frame.
const COMPRESSED_FROM_BYTES: usize = 24;
/// The level at which changes of the received bytes are compressed; higher ones find no more.
const CHANGE_LEVEL: i32 = 1;
/// Of a zstd frame and of a zstd dictionary (RFC 8878, sections 3.1.1 and 5).
const FRAME_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
const DICTIONARY_MAGIC: [u8; 4] = [0x37, 0xA4, 0x30, 0xEC];

/// Bytes as they are kept.
pub(crate) struct Body {
    pub(crate) coding: u32,
    pub(crate) size: u64,
    pub(crate) checksum: u32,
    pub(crate) bytes: Vec<u8>,
    pub(crate) pinned: Option<Pinned>,
}

/// A body as it is read, before it is plain again.
#[derive(Clone, Copy)]
pub(crate) struct Kept<'a> {
    pub(crate) coding: u32,
    pub(crate) size: u64,
    pub(crate) checksum: u32,
    pub(crate) bytes: &'a [u8],
}

/// Makes bodies of bytes and bytes of bodies.
pub(crate) struct Bodies {
    pub(crate) dictionaries: Dictionaries,
    pub(crate) blobs: Blobs,
    /// Takes samples to the training.
    pub(crate) train: Box<dyn Fn(Training) + Send + Sync>,
}

thread_local! {
    static COMPRESS: RefCell<(CCtx<'static>, Vec<u8>)> = RefCell::new((CCtx::create(), Vec::new()));
    static DECOMPRESS: RefCell<(DCtx<'static>, Vec<u8>)> = RefCell::new((DCtx::create(), Vec::new()));
}

/// The checksum that stands beside a body.
pub(crate) fn checksum(bytes: &[u8]) -> u32 {
    xxh3_64(bytes) as u32
}

impl Bodies {
    /// Keeps bytes that stand for themselves.
    pub(crate) fn encode(&self, format: &str, payload: &Payload) -> Result<Body> {
        if payload.len() > INLINE_SIZE_BYTES_MAX {
            return self.encode_blob(payload);
        }
        if payload.len() < COMPRESSED_FROM_BYTES {
            return Ok(plain(payload));
        }
        if let Some(dictionary) = self.dictionaries.of_format(format) {
            let frame = compress(payload, |context, into| {
                context.compress_using_cdict(into, payload, dictionary.compress())
            });
            return Ok(body(payload, DICTIONARY + dictionary.id, frame));
        }
        if let Some(training) = self.dictionaries.collect(format, payload) {
            (self.train)(training);
        }
        let frame = compress(payload, |context, into| context.compress(into, payload, LEVEL));
        Ok(body(payload, ZSTD, frame))
    }

    /// Keeps bytes that the steps made of `received`.
    pub(crate) fn encode_change(
        &self,
        received: Option<&Payload>,
        format: &str,
        payload: &Payload,
    ) -> Result<Body> {
        let Some(received) = received else { return self.encode(format, payload) };
        if received.is_same(payload) || **received == **payload {
            return Ok(Body::unchanged());
        }
        let is_fit = received.len() <= INLINE_SIZE_BYTES_MAX && !received.starts_with(&DICTIONARY_MAGIC);
        if !is_fit || received.len() < 8 || payload.len() > INLINE_SIZE_BYTES_MAX {
            return self.encode(format, payload);
        }
        let frame = compress(payload, |context, into| {
            context.compress_using_dict(into, payload, received, CHANGE_LEVEL)
        });
        match frame {
            Some(frame) if frame.len() < payload.len() / 3 => Ok(body(payload, CHANGE, Some(frame))),
            _ => self.encode(format, payload),
        }
    }

    fn encode_blob(&self, payload: &Payload) -> Result<Body> {
        let pinned = self.blobs.write(payload)?;
        let bytes = pinned.hash.to_vec();
        let (size, checksum) = (payload.len() as u64, checksum(payload));
        Ok(Body { coding: BLOB, size, checksum, bytes, pinned: Some(pinned) })
    }

    /// The plain bytes of a body; `received` gives those that a change refers to.
    pub(crate) fn decode(
        &self,
        kept: Kept<'_>,
        received: &mut dyn FnMut() -> Result<Payload>,
    ) -> Result<Payload> {
        let damaged = || Error::Damaged("a body can't be decompressed".to_owned());
        let size = usize::try_from(kept.size).map_err(|_| damaged())?;
        let bytes = match kept.coding {
            RAW => kept.bytes.to_vec(),
            ZSTD => decompress(kept, size, |context, into, frame| context.decompress(into, frame))?,
            BLOB => {
                let hash: Hash = kept.bytes.try_into().map_err(|_| damaged())?;
                self.blobs.read(&hash, kept.size)?
            }
            UNCHANGED => return received(),
            CHANGE => {
                let received = received()?;
                decompress(kept, size, |context, into, frame| {
                    context.decompress_using_dict(into, frame, &received)
                })?
            }
            coding => {
                let id = coding.checked_sub(DICTIONARY).ok_or_else(damaged)?;
                let dictionary = self.dictionaries.get(id)?;
                decompress(kept, size, |context, into, frame| {
                    context.decompress_using_ddict(into, frame, dictionary.decompress())
                })?
            }
        };
        if bytes.len() != size || checksum(&bytes) != kept.checksum {
            return Err(Error::Damaged("a body's checksum is wrong".to_owned()));
        }
        Ok(Payload::new(bytes))
    }
}

impl Body {
    /// The bytes received.
    pub(crate) fn unchanged() -> Self {
        Body { coding: UNCHANGED, size: 0, checksum: 0, bytes: Vec::new(), pinned: None }
    }

    /// Appends it to a packed column.
    pub(crate) fn pack(&self, into: &mut Vec<u8>) {
        into.number(u64::from(self.coding));
        into.number(self.size);
        into.extend_from_slice(&self.checksum.to_le_bytes());
        into.bytes(&self.bytes);
    }
}

impl<'a> Kept<'a> {
    /// Reads what [`Body::pack`] wrote.
    pub(crate) fn unpack(from: &mut Unpack<'a>) -> Result<Self> {
        let (coding, size, checksum) = (from.small()?, from.number()?, from.four()?);
        Ok(Kept { coding, size, checksum, bytes: from.bytes()? })
    }

    /// The blob it names, if it is one.
    pub(crate) fn blob(&self) -> Option<Hash> {
        (self.coding == BLOB).then(|| self.bytes.try_into().ok()).flatten()
    }
}

fn plain(payload: &Payload) -> Body {
    body(payload, RAW, None)
}

/// A compressed body, or a raw one where compression gained nothing.
fn body(payload: &Payload, coding: u32, frame: Option<Vec<u8>>) -> Body {
    let (size, checksum) = (payload.len() as u64, checksum(payload));
    match frame {
        Some(bytes) if bytes.len() < payload.len() => Body { coding, size, checksum, bytes, pinned: None },
        _ => Body { coding: RAW, size, checksum, bytes: payload.to_vec(), pinned: None },
    }
}

type Sized = std::result::Result<usize, usize>;

/// Compresses with this thread's context and takes the magic number off. `None` when zstd refuses.
fn compress(payload: &[u8], run: impl FnOnce(&mut CCtx<'static>, &mut [u8]) -> Sized) -> Option<Vec<u8>> {
    COMPRESS.with_borrow_mut(|(context, scratch)| {
        let bound = zstd::zstd_safe::compress_bound(payload.len());
        if scratch.len() < bound {
            scratch.resize(bound, 0);
        }
        let length = run(context, scratch).ok()?;
        scratch.get(FRAME_MAGIC.len()..length).map(<[u8]>::to_vec)
    })
}

fn decompress(
    kept: Kept<'_>,
    size: usize,
    run: impl FnOnce(&mut DCtx<'static>, &mut Vec<u8>, &[u8]) -> Sized,
) -> Result<Vec<u8>> {
    if size > INLINE_SIZE_BYTES_MAX {
        return Err(Error::Damaged("a body's size is not right".to_owned()));
    }
    DECOMPRESS.with_borrow_mut(|(context, scratch)| {
        scratch.clear();
        scratch.extend_from_slice(&FRAME_MAGIC);
        scratch.extend_from_slice(kept.bytes);
        let mut bytes = Vec::with_capacity(size);
        match run(context, &mut bytes, scratch) {
            Ok(_) => Ok(bytes),
            Err(_) => Err(Error::Damaged("a body can't be decompressed".to_owned())),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(folder: &std::path::Path) -> Bodies {
        let (dictionaries, blobs) = (Dictionaries::default(), Blobs::new(folder.to_owned()));
        Bodies { dictionaries, blobs, train: Box::new(|_| ()) }
    }

    fn kept(body: &Body) -> Kept<'_> {
        Kept { coding: body.coding, size: body.size, checksum: body.checksum, bytes: &body.bytes }
    }

    #[test]
    fn a_small_change_takes_few_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let bodies = bodies(folder.path());
        let text: String = (0..40).map(|line| format!("OBX|{line}|NM|{}||7\r", line * line * 7919)).collect();
        let received = Payload::from(text.as_bytes());
        let changed = Payload::from(text.replace("|20|", "|2X|").as_bytes());
        let body = bodies.encode_change(Some(&received), "hl7v2", &changed).unwrap();
        assert_eq!(body.coding, CHANGE);
        assert!(body.bytes.len() < 40, "{} bytes", body.bytes.len());
        assert_eq!(bodies.decode(kept(&body), &mut || Ok(received.clone())).unwrap(), changed);
        let other = Payload::from(&b"another text that is not the one received at all"[..]);
        assert!(bodies.decode(kept(&body), &mut || Ok(other.clone())).is_err());
    }

    #[test]
    fn a_trained_dictionary_shrinks_bodies_and_answers() {
        let folder = tempfile::tempdir().unwrap();
        let mut bodies = bodies(folder.path());
        let (sender, receiver) = std::sync::mpsc::channel();
        bodies.train = Box::new(move |training| sender.send(training).unwrap());
        let text = |n: u32| {
            let text = format!(
                "MSH|^~\\&|KIS|HAUS|RIS|HAUS|2026{n:08}||ADT^A01^ADT_A01|M{n}|P|2.5\rEVN|A01|2026{n:08}\r\
                 PID|1||{}^^^KIS^PI||Name{}^Vor{}||19{:02}0101|F\rPV1|1|I|ST{}^Z{}^B1",
                n * 7,
                n % 97,
                n % 89,
                n % 80,
                n % 7,
                n % 11
            );
            Payload::from(text.as_bytes())
        };
        (0..1500).for_each(|n| drop(bodies.encode("hl7v2", &text(n)).unwrap()));
        let without = bodies.encode("hl7v2", &text(5000)).unwrap();
        let mut bytes = receiver.recv().unwrap().run().unwrap();
        number(&mut bytes, 1);
        bodies.dictionaries.add(1, "hl7v2", bytes);
        let with = bodies.encode("hl7v2", &text(5000)).unwrap();
        assert_eq!(with.coding, DICTIONARY + 1);
        assert!(
            with.bytes.len() * 2 < without.bytes.len(),
            "{} of {}",
            with.bytes.len(),
            without.bytes.len()
        );
        let none = &mut || Err(Error::Closed);
        assert_eq!(bodies.decode(kept(&with), none).unwrap(), text(5000));
        assert_eq!(bodies.decode(kept(&without), none).unwrap(), text(5000));
        let wrong = Kept { checksum: with.checksum ^ 1, ..kept(&with) };
        assert!(matches!(bodies.decode(wrong, none), Err(Error::Damaged(_))));
    }

    use crate::dictionary::number;
}
