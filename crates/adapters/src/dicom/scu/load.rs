//! An instance on its way out: a file whose data set is sent as it is, or in another transfer syntax.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use klinke_archive::Archive;
use klinke_archive::index::Instance;
use klinke_dimse::association::Negotiated;
use klinke_dimse::data::{Limits, PixelDataUse};
use klinke_dimse::message::Command;
use klinke_dimse::{file, tags};
use tokio::task::spawn_blocking;

use super::super::line::{Broken, Line};

/// How much is read at a time.
const PIECE_SIZE_BYTES: usize = 256 << 10;
/// As much of a file as its head and the attributes before the UIDs may need.
const HEAD_SIZE_BYTES_MAX: u64 = 1 << 20;

/// An instance in a file.
#[derive(Clone, Debug)]
pub struct Load {
    /// SOP Class UID.
    pub class: String,
    /// SOP Instance UID.
    pub uid: String,
    /// Transfer Syntax UID.
    pub syntax: String,
    held: Held,
    data_offset: u64,
}

/// Where its bytes are.
#[derive(Clone)]
enum Held {
    File(PathBuf),
    Bytes(Bytes),
    /// In the archive, to be given with its patient as they are now, or as it was received.
    Archived {
        archive: Archive,
        instance: Box<Instance>,
        as_received: bool,
    },
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Held::File(path) => write!(f, "{}", path.display()),
            Held::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Held::Archived { instance, .. } => write!(f, "{}", instance.file.path),
        }
    }
}

/// Why a file is no instance that can be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {why}")]
pub struct LoadError {
    /// The file.
    pub place: String,
    /// What is wrong.
    pub why: String,
}

impl Load {
    /// An instance of the archive; its patient is told as they are now, unless the receiver wants it as it was received.
    pub fn of(archive: &Archive, instance: &Instance, as_received: bool) -> Self {
        let (archive, boxed) = (archive.clone(), Box::new(instance.clone()));
        Load {
            class: instance.class.clone(),
            uid: instance.uid.clone(),
            syntax: instance.file.syntax.clone(),
            held: Held::Archived { archive, instance: boxed, as_received },
            data_offset: u64::from(instance.file.data_offset),
        }
    }

    /// A file, whoever has written it.
    pub fn open(path: &Path) -> Result<Self, LoadError> {
        let failed = |why: String| LoadError { place: path.display().to_string(), why };
        let mut head = Vec::new();
        let mut source = File::open(path).map_err(|error| failed(error.to_string()))?;
        source
            .by_ref()
            .take(HEAD_SIZE_BYTES_MAX)
            .read_to_end(&mut head)
            .map_err(|error| failed(error.to_string()))?;
        Load::read(head.into(), Held::File(path.to_path_buf())).map_err(failed)
    }

    /// A file's bytes.
    pub fn of_bytes(bytes: Bytes) -> Result<Self, LoadError> {
        let failed = |why: String| LoadError { place: "the payload".to_owned(), why };
        Load::read(bytes.clone(), Held::Bytes(bytes)).map_err(failed)
    }

    fn read(head: Bytes, held: Held) -> Result<Self, String> {
        let opened =
            file::open(head, &Limits::header(), PixelDataUse::Stop).map_err(|error| error.to_string())?;
        let uid = |own, of_meta, what: &str| {
            let uid = opened.set.ascii(own).or_else(|| opened.meta.ascii(of_meta));
            uid.map(str::to_owned).ok_or_else(|| format!("it has no {what}"))
        };
        Ok(Load {
            class: uid(tags::SOP_CLASS_UID, tags::MEDIA_STORAGE_SOP_CLASS_UID, "SOP Class UID (0008,0016)")?,
            uid: uid(
                tags::SOP_INSTANCE_UID,
                tags::MEDIA_STORAGE_SOP_INSTANCE_UID,
                "SOP Instance UID (0008,0018)",
            )?,
            syntax: opened.syntax.uid().to_owned(),
            held,
            data_offset: opened.data_set_offset,
        })
    }

    /// The context in which it goes, and its transfer syntax: as it is where that was accepted, else one into which it can be
    /// brought without loss.
    pub fn context(&self, negotiated: &Negotiated) -> Option<(u8, String)> {
        if let Some(same) = negotiated.find_with(&self.class, &self.syntax) {
            return Some((same.id, same.transfer_syntax.clone()));
        }
        let may = |to: &str| klinke_archive::may_transcode(&self.syntax, to);
        let other = negotiated.find(&self.class).find(|one| may(&one.transfer_syntax))?;
        Some((other.id, other.transfer_syntax.clone()))
    }

    /// Sends a C-STORE request with the data set in this transfer syntax. The inner error is the instance's: then
    /// nothing was sent.
    pub async fn send(
        &self,
        line: &mut Line,
        context: u8,
        request: &Command,
        syntax: &str,
    ) -> Result<Result<(), String>, Broken> {
        if syntax != self.syntax {
            let (load, syntax) = (self.clone(), syntax.to_owned());
            let transcoded = spawn_blocking(move || load.transcoded(&syntax)).await;
            return match transcoded.unwrap_or_else(|_| Err("transcoding broke off".to_owned())) {
                Ok(bytes) => line.send_with(context, request, bytes).await.map(Ok),
                Err(why) => Ok(Err(why)),
            };
        }
        if let Held::Bytes(bytes) = &self.held {
            let start = usize::try_from(self.data_offset).unwrap_or(usize::MAX).min(bytes.len());
            return line.send_with(context, request, bytes.slice(start..)).await.map(Ok);
        }
        let load = self.clone();
        let opened = spawn_blocking(move || load.open_data()).await;
        match opened.unwrap_or_else(|_| Err("opening the file broke off".to_owned())) {
            Ok((data, left)) => self.stream(line, context, request, data, left).await,
            Err(why) => Ok(Err(why)),
        }
    }

    /// The data set, and how many bytes it has. Blocks.
    fn open_data(&self) -> Result<(Box<dyn Read + Send>, u64), String> {
        match &self.held {
            Held::Bytes(bytes) => {
                let start = usize::try_from(self.data_offset).unwrap_or(usize::MAX).min(bytes.len());
                let data = bytes.slice(start..);
                let left = data.len() as u64;
                Ok((Box::new(io::Cursor::new(data)), left))
            }
            Held::File(path) => {
                let opened = File::open(path).and_then(|mut file| {
                    file.seek(SeekFrom::Start(self.data_offset))?;
                    let left = file.metadata()?.len().saturating_sub(self.data_offset);
                    Ok((Box::new(file) as Box<dyn Read + Send>, left))
                });
                opened.map_err(|error| error.to_string())
            }
            Held::Archived { archive, instance, as_received } => {
                let given = if *as_received { archive.received(instance) } else { archive.given(instance) };
                let given = given.map_err(|error| error.to_string())?;
                let left = given.left();
                Ok((Box::new(given), left))
            }
        }
    }

    async fn stream(
        &self,
        line: &mut Line,
        context: u8,
        request: &Command,
        mut data: Box<dyn Read + Send>,
        mut left: u64,
    ) -> Result<Result<(), String>, Broken> {
        let mut is_begun = false;
        loop {
            let size = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE_SIZE_BYTES);
            let reading = spawn_blocking(move || {
                let mut piece = vec![0; size];
                let read = data.read_exact(&mut piece);
                (data, read.map(|()| piece))
            });
            let (back, piece) = match reading.await {
                Ok((data, Ok(piece))) => (data, piece),
                Ok((_, Err(error))) if !is_begun => return Ok(Err(error.to_string())),
                // A data set can't be taken back: the association has to end.
                _ => {
                    let now = line.now();
                    line.session().abort(now);
                    return Ok(Err("the file could not be read to its end".to_owned()));
                }
            };
            data = back;
            left -= size as u64;
            if !is_begun {
                is_begun = true;
                line.begin(context, request)?;
            }
            line.send_data(Bytes::from(piece), left == 0).await?;
            if left == 0 {
                return Ok(Ok(()));
            }
        }
    }

    /// The data set in another transfer syntax.
    fn transcoded(&self, syntax: &str) -> Result<Bytes, String> {
        let (mut data, left) = self.open_data()?;
        let mut bytes = Vec::with_capacity(usize::try_from(left).unwrap_or_default());
        data.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        klinke_archive::transcode(bytes.into(), &self.syntax, syntax)
    }
}
