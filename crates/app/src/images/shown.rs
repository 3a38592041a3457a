//! Bytes of an instance: pictures, values of frames, documents.

use std::sync::{Condvar, Mutex, PoisonError};

use anyhow::Result;
use bytes::Bytes;
use klinke_archive::Archive;
use klinke_archive::image::{self, Presentation, Wish, representative_frame};
use klinke_archive::index::Instance;
use klinke_console::house::encode;
use klinke_console::house::images::{Shown, Which};
use klinke_dimse::pixel::Limits;

use super::reading::PDF;
use super::{one, wire};

/// Columns and rows of a small picture; screens with small pixels show it at half its size.
const THUMBNAIL: (u32, u32) = (192, 192);
/// Columns and rows of a picture.
const PICTURE: (u32, u32) = (1_600, 1_600);
/// Most bytes of one frame.
const FRAME_BYTES_MAX: usize = 512 << 20;
/// So many frames are decoded at a time: more would only share the processors and the memory.
const TURNS: usize = 4;
/// By how much frames are made smaller at the most.
const BY_MAX: u32 = 16;
/// Changes when the same instance is shown in another way than by earlier versions.
const WAY: &[u8] = b"1";

/// A small picture of an instance.
pub fn thumbnail(archive: &Archive, which: &Which) -> Result<Shown> {
    give(archive, which, "image/jpeg", &[b"thumbnail", &which.frame.to_le_bytes()], |instance| {
        if let Some(kept) = archive.small_picture(&instance, which.frame) {
            return Ok(kept);
        }
        let made = draw(archive, instance.clone(), which.frame, THUMBNAIL, 78)?;
        // The picture of a presentation state is another one when its image is.
        if !image::is_state(&instance.class) {
            archive.keep_small_picture(&instance, which.frame, &made);
        }
        Ok(made)
    })
}

/// A frame as a picture.
pub fn picture(archive: &Archive, which: &Which) -> Result<Shown> {
    give(archive, which, "image/jpeg", &[b"picture", &which.frame.to_le_bytes()], |instance| {
        draw(archive, instance, which.frame, PICTURE, 92)
    })
}

/// The values of a frame, as the viewer reads them.
pub fn frame(archive: &Archive, which: &Which, by: u32) -> Result<Shown> {
    let by = by.clamp(1, BY_MAX);
    let way = [b"frame".as_slice(), &which.frame.to_le_bytes(), &by.to_le_bytes()];
    give(archive, which, "application/octet-stream", &way, |instance| {
        let source = archive.image(instance)?;
        let _turn = Turn::take();
        wire::frame(&source, which.frame.max(1), by, &limits())
    })
}

/// An encapsulated document.
pub fn document(archive: &Archive, which: &Which) -> Result<Shown> {
    give(archive, which, PDF, &[b"document"], |instance| {
        let found = archive.image(instance)?.document(PDF);
        // What only says that it is one is given to no reader of documents.
        let found = found.filter(|bytes| bytes.starts_with(b"%PDF-"));
        found.ok_or_else(|| image::Error::Absent("it holds no document".to_owned()))
    })
}

fn draw(
    archive: &Archive,
    instance: Instance,
    frame: u32,
    viewport: (u32, u32),
    quality: u8,
) -> image::Result<Bytes> {
    let wish = Wish { viewport: Some(viewport), ..Wish::jpeg(quality) };
    if image::is_state(&instance.class) {
        let presentation = Presentation::open(archive, instance)?;
        let image = presentation.first(archive)?;
        let subject = presentation.subject(archive, image, (frame != 0).then_some(frame))?;
        let _turn = Turn::take();
        return subject.picture(&wish, &limits());
    }
    let source = archive.image(instance)?;
    let frame = if frame == 0 { representative_frame(&source) } else { frame };
    let _turn = Turn::take();
    source.picture(frame, &wish, &limits())
}

fn limits() -> Limits {
    image::limits(FRAME_BYTES_MAX)
}

/// Gives what is made of an instance, or why it can't be made; nothing is made of what whoever asks has already.
fn give(
    archive: &Archive,
    which: &Which,
    media: &str,
    way: &[&[u8]],
    make: impl FnOnce(Instance) -> image::Result<Bytes>,
) -> Result<Shown> {
    let (instance, patient) = one(archive, which)?;
    let tag = tag(archive, &instance, way);
    let mut shown = Shown { patient, media: media.to_owned(), ..Shown::default() };
    if which.seen.as_ref() != Some(&tag) {
        match make(instance) {
            Ok(bytes) => shown.bytes = Some(encode(&bytes)),
            Err(error) => {
                // Paths of files are for the log of the machine.
                let text = match &error {
                    image::Error::Archive(_) => "the file of the instance is damaged or gone".to_owned(),
                    other => other.to_string(),
                };
                tracing::warn!("an instance can't be shown: {error}");
                shown.fault = Some(text);
            }
        }
    }
    Ok(Shown { tag, ..shown })
}

fn tag(archive: &Archive, instance: &Instance, way: &[&[u8]]) -> String {
    let mut hasher = blake3::Hasher::new();
    let image = image::is_state(&instance.class)
        .then(|| Presentation::open(archive, instance.clone()).and_then(|one| one.first(archive)).ok())
        .flatten();
    let image = image.map(|image| image.file.hash).unwrap_or_default();
    for part in [WAY, &instance.file.hash, &image].iter().chain(way) {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().to_hex()[..24].to_owned()
}

static FREE: Mutex<usize> = Mutex::new(TURNS);
static FREED: Condvar = Condvar::new();

/// One of the few who decode at a time.
struct Turn;

impl Turn {
    fn take() -> Turn {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = FREED.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *FREE.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        FREED.notify_one();
    }
}
