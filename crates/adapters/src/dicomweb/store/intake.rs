//! Instances on their way into the archive, out of a request or an answer: read while they come, made durable while the next one comes.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use klinke_archive::index::ClashPolicy;
use klinke_archive::{Archive, Arrival, Error, Received, Receiving};
use klinke_dimse::data::{self, DataSet, Limits, PixelDataUse};
use klinke_dimse::file;
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::tags;
use klinke_model::Timestamp;
use tokio::task::{JoinHandle, spawn_blocking};

use super::super::config::WebLimits;
use super::super::fault::{Fault, Result};
use super::body::{Body, too_large};
use super::multipart::{Event, Multipart};

/// As much of a file as its head may need.
const HEAD_SIZE_BYTES_MAX: usize = 128 << 10;
/// So much is gathered before the archive takes it, on a thread that may wait for the disk.
const PIECE_SIZE_BYTES: usize = 1 << 20;
/// How many instances are made durable at a time.
const FINISHING_MAX: usize = 16;

/// What became of an instance.
#[derive(Debug)]
pub(in crate::dicomweb) struct Outcome {
    /// SOP Class UID, as far as it is known.
    pub class: String,
    /// SOP Instance UID, as far as it is known.
    pub instance: String,
    pub result: Result<Received, Error>,
}

/// Instances of one request.
pub(in crate::dicomweb) struct Intake {
    archive: Archive,
    /// Most instances, and most bytes of one.
    instances_max: usize,
    size_bytes_max: usize,
    from: String,
    study: Option<String>,
    outcomes: Vec<Outcome>,
    finishing: VecDeque<JoinHandle<Outcome>>,
}

/// One instance as it comes.
enum Coming {
    /// The head of its file is not yet there.
    Head(BytesMut),
    /// The archive takes it.
    Going { class: String, instance: String, receiving: Box<Receiving>, pieces: Vec<Bytes>, held: usize },
    /// What still comes of it is passed over.
    Failed { class: String, instance: String, error: Error },
}

impl Intake {
    pub fn new(archive: Archive, limits: &WebLimits, who: &str, study: Option<String>) -> Self {
        let (instances_max, size_bytes_max) = (limits.instances, limits.instance.0);
        let (outcomes, finishing) = (Vec::new(), VecDeque::new());
        Intake { archive, instances_max, size_bytes_max, from: title(who), study, outcomes, finishing }
    }

    /// The body is one instance.
    pub async fn alone(&mut self, body: &mut Body) -> Result<()> {
        let mut coming = Coming::Head(BytesMut::new());
        let mut size = 0;
        while let Some(piece) = body.next().await? {
            size += piece.len();
            self.check_size(size)?;
            coming = self.take(coming, piece).await;
        }
        self.end(coming).await;
        Ok(())
    }

    /// The body is instances in parts.
    pub async fn parts(&mut self, body: &mut Body, boundary: &str) -> Result<()> {
        let mut multipart = Multipart::new(boundary);
        let mut current: Option<(Coming, usize)> = None;
        let mut count = 0;
        loop {
            // What came whole stays, whatever becomes of the rest: the sender is told nothing and sends it again.
            let event = multipart.next().map_err(|error| Fault::bad(format!("multipart: {error}")))?;
            match event {
                None => match body.next().await? {
                    Some(piece) => multipart.push(&piece),
                    None => multipart.finish(),
                },
                Some(Event::Part(header)) => {
                    count += 1;
                    if count > self.instances_max {
                        return Err(too_many(self.instances_max));
                    }
                    let is_dicom = header.media.is_none_or(|media| media.name() == "application/dicom");
                    let coming = match is_dicom {
                        true => Coming::Head(BytesMut::new()),
                        false => failed(Error::Unfit("a part is no application/dicom".to_owned())),
                    };
                    current = Some((coming, 0));
                }
                Some(Event::Data(piece)) => {
                    if let Some((coming, size)) = current.take() {
                        let size = size + piece.len();
                        self.check_size(size)?;
                        current = Some((self.take(coming, piece).await, size));
                    }
                }
                Some(Event::PartEnd) => {
                    if let Some((coming, _)) = current.take() {
                        self.end(coming).await;
                    }
                }
                Some(Event::End) => {
                    let (came, time) = body.came();
                    tracing::debug!(came, ?time, count, "instances came");
                    return Ok(());
                }
            }
        }
    }

    /// Instances that were put together from metadata, each with its transfer syntax.
    pub async fn sets(&mut self, sets: Vec<(DataSet, TransferSyntax)>) -> Result<()> {
        if sets.len() > self.instances_max {
            return Err(too_many(self.instances_max));
        }
        for (set, syntax) in sets {
            let uid = |tag| set.ascii(tag).unwrap_or_default().to_owned();
            let (class, instance) = (uid(tags::SOP_CLASS_UID), uid(tags::SOP_INSTANCE_UID));
            let begun = match data::write(&set, &syntax) {
                Ok(bytes) => {
                    self.begin(class.clone(), instance.clone(), syntax.uid()).map(|one| (one, bytes))
                }
                Err(error) => Err(Error::Unfit(error.to_string())),
            };
            let coming = match begun {
                Ok((receiving, bytes)) => Coming::Going {
                    class,
                    instance,
                    receiving,
                    held: bytes.len(),
                    pieces: vec![bytes.into()],
                },
                Err(error) => Coming::Failed { class, instance, error },
            };
            self.end(coming).await;
        }
        Ok(())
    }

    /// What became of all of them, when all is durable.
    pub async fn finish(mut self) -> Vec<Outcome> {
        while let Some(one) = self.finishing.pop_front() {
            self.outcomes.push(joined(one).await);
        }
        self.outcomes
    }

    fn check_size(&self, size: usize) -> Result<()> {
        let limit = self.size_bytes_max;
        if size > limit { Err(too_large(limit)) } else { Ok(()) }
    }

    fn begin(&self, class: String, instance: String, syntax: &str) -> Result<Box<Receiving>, Error> {
        let arrival = Arrival {
            class,
            instance,
            syntax: syntax.to_owned(),
            from: self.from.clone(),
            to: "DICOMWEB".to_owned(),
            clash: ClashPolicy::KeepFirst,
            charset: *self.archive.charset(),
            study: self.study.clone(),
            quota: None,
        };
        self.archive.receive(arrival).map(Box::new)
    }

    /// Takes the next bytes of an instance.
    async fn take(&self, coming: Coming, piece: Bytes) -> Coming {
        match coming {
            Coming::Head(mut head) => {
                head.extend_from_slice(&piece);
                match head.len() >= HEAD_SIZE_BYTES_MAX {
                    true => self.open(head.freeze()),
                    false => Coming::Head(head),
                }
            }
            Coming::Going { class, instance, receiving, mut pieces, held } => {
                let held = held + piece.len();
                pieces.push(piece);
                if held < PIECE_SIZE_BYTES {
                    return Coming::Going { class, instance, receiving, pieces, held };
                }
                let written = spawn_blocking(move || put(receiving, &pieces)).await;
                match written.unwrap_or_else(|_| Err(broken())) {
                    Ok(receiving) => {
                        Coming::Going { class, instance, receiving, pieces: Vec::new(), held: 0 }
                    }
                    Err(error) => Coming::Failed { class, instance, error },
                }
            }
            failed => failed,
        }
    }

    /// Reads the head of a file, and begins.
    fn open(&self, head: Bytes) -> Coming {
        let opened = match file::open(head.clone(), &Limits::header(), PixelDataUse::Stop) {
            Ok(opened) => opened,
            Err(error) => return failed(Error::Unfit(error.to_string())),
        };
        let uid = |tag, or| {
            let uid = opened.set.ascii(tag).or_else(|| opened.meta.ascii(or));
            uid.unwrap_or_default().to_owned()
        };
        let class = uid(tags::SOP_CLASS_UID, tags::MEDIA_STORAGE_SOP_CLASS_UID);
        let instance = uid(tags::SOP_INSTANCE_UID, tags::MEDIA_STORAGE_SOP_INSTANCE_UID);
        let start = usize::try_from(opened.data_set_offset).unwrap_or(usize::MAX).min(head.len());
        let rest = head.slice(start..);
        match self.begin(class.clone(), instance.clone(), opened.syntax.uid()) {
            Ok(receiving) => {
                Coming::Going { class, instance, receiving, held: rest.len(), pieces: vec![rest] }
            }
            Err(error) => Coming::Failed { class, instance, error },
        }
    }

    /// All of an instance came: it is made durable while the next one comes.
    async fn end(&mut self, coming: Coming) {
        let coming = match coming {
            Coming::Head(head) => self.open(head.freeze()),
            other => other,
        };
        if self.finishing.len() >= FINISHING_MAX
            && let Some(first) = self.finishing.pop_front()
        {
            self.outcomes.push(joined(first).await);
        }
        self.finishing.push_back(spawn_blocking(move || match coming {
            Coming::Going { class, instance, receiving, pieces, .. } => {
                let result = put(receiving, &pieces).and_then(|one| one.finish(Timestamp::now()));
                Outcome { class, instance, result }
            }
            Coming::Failed { class, instance, error } => Outcome { class, instance, result: Err(error) },
            Coming::Head(_) => {
                Outcome { class: String::new(), instance: String::new(), result: Err(broken()) }
            }
        }));
    }
}

async fn joined(one: JoinHandle<Outcome>) -> Outcome {
    let lost = || Outcome { class: String::new(), instance: String::new(), result: Err(broken()) };
    one.await.unwrap_or_else(|_| lost())
}

fn put(mut receiving: Box<Receiving>, pieces: &[Bytes]) -> Result<Box<Receiving>, Error> {
    for piece in pieces {
        receiving.write(piece)?;
    }
    Ok(receiving)
}

fn failed(error: Error) -> Coming {
    Coming::Failed { class: String::new(), instance: String::new(), error }
}

fn broken() -> Error {
    Error::Backend("writing broke off".to_owned())
}

fn too_many(limit: usize) -> Fault {
    Fault::new(hyper::StatusCode::PAYLOAD_TOO_LARGE, format!("at most {limit} instances are taken at once"))
}

/// A name in place of an AE title: 16 characters that these may have.
fn title(who: &str) -> String {
    who.chars().filter(|c| c.is_ascii_graphic() && *c != '\\').take(16).collect()
}
