//! Instances as they are kept or transcoded, one after the other, none held whole but those that are transcoded.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;
use hyper::header;
use hyper::{Response, StatusCode};
use klinke_archive::Given as Data;
use klinke_archive::index::Instance;
use klinke_dimse::file::Meta;
use tokio::task::spawn_blocking;

use super::super::answer::{self, Answer, Gone, Pieces, with, with_warning};
use super::super::fault::{Fault, Result};
use super::super::route::Place;
use super::super::sets;
use super::super::web::{Asked, Web};
use super::negotiate::{Form, Given, Packing};
use crate::zip::Zip;

/// How much is read and sent at a time.
pub(super) const PIECE_SIZE_BYTES: usize = 512 << 10;

/// An instance and how it is given.
pub(super) struct Load {
    pub instance: Instance,
    pub given: Given,
}

pub(super) async fn answer(
    web: Arc<Web>,
    asked: Asked,
    place: Place,
    instances: Vec<Instance>,
) -> Result<Answer> {
    let form = Form::of(&asked.accept, place.instance.is_some())?;
    given(web, asked, form, instances).await
}

/// Gives instances in a form.
pub(super) async fn given(
    web: Arc<Web>,
    asked: Asked,
    form: Form,
    instances: Vec<Instance>,
) -> Result<Answer> {
    let size_max = web.config.limits.decoded.0 as u64;
    let all = instances.len();
    let loads: Vec<Load> = instances
        .into_iter()
        .filter_map(|instance| form.given(&instance, size_max).map(|given| Load { instance, given }))
        .collect();
    let left_out = all - loads.len();
    if loads.is_empty() {
        return Err(Fault::unacceptable(
            "what is kept can't be brought into this transfer syntax without loss; transfer-syntax=* gives it as it is",
        ));
    }
    let states: Vec<[u8; 40]> = loads.iter().map(|load| sets::state(&load.instance)).collect();
    let tag = sets::tag_of(&[&states.concat(), format!("{form:?}").as_bytes()]);
    if sets::is_known(&asked.headers, &tag) {
        return Ok(sets::tagged(&asked.method, &asked.headers, &tag, || answer::empty(StatusCode::OK)));
    }
    let made = match form.packing {
        Packing::Parts => parts(web, loads),
        Packing::Zip => zipped(web, loads),
        Packing::Alone => alone(web, loads).await?,
    };
    let mut made = sets::tagged(&asked.method, &asked.headers, &tag, || made);
    if left_out > 0 {
        *made.status_mut() = StatusCode::PARTIAL_CONTENT;
        made = with_warning(made, &format!("{left_out} instances can't be given in this transfer syntax"));
    }
    Ok(made)
}

fn parts(web: Arc<Web>, loads: Vec<Load>) -> Answer {
    let boundary = sets::boundary();
    let media = sets::parts_of("application/dicom", &boundary);
    let body = answer::streamed(move |pieces| {
        for load in &loads {
            let ready = match Ready::of(&web, load) {
                Ok(ready) => ready,
                Err(why) => return Err(pieces.break_off(&why)),
            };
            let media = format!("application/dicom; transfer-syntax={}", ready.syntax);
            pieces.put(sets::part(&boundary, &media))?;
            ready.send(pieces)?;
        }
        pieces.put(sets::end(&boundary))
    });
    with(Response::new(body), header::CONTENT_TYPE, &media)
}

fn zipped(web: Arc<Web>, loads: Vec<Load>) -> Answer {
    let body = answer::streamed(move |pieces| {
        let mut zip = Zip::default();
        for load in &loads {
            let mut ready = match Ready::of(&web, load) {
                Ok(ready) => ready,
                Err(why) => return Err(pieces.break_off(&why)),
            };
            let name = |uid: &str| {
                uid.chars()
                    .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
                    .collect::<String>()
            };
            let (series, uid) = (name(&load.instance.series), name(&load.instance.uid));
            pieces.put(zip.begin(&format!("{series}/{uid}.dcm"), ready.size))?;
            loop {
                match ready.next() {
                    Ok(Some(piece)) => {
                        zip.take(&piece);
                        pieces.put(piece)?;
                    }
                    Ok(None) => break,
                    Err(error) => return Err(pieces.break_off(&error.to_string())),
                }
            }
            pieces.put(zip.end())?;
        }
        pieces.put(zip.finish())
    });
    let answer = with(Response::new(body), header::CONTENT_TYPE, "application/zip");
    with(answer, header::CONTENT_DISPOSITION, "attachment; filename=\"instances.zip\"")
}

async fn alone(web: Arc<Web>, mut loads: Vec<Load>) -> Result<Answer> {
    let load = loads.pop().ok_or_else(|| Fault::absent("this instance"))?;
    let ready = spawn_blocking(move || Ready::of(&web, &load)).await.map_err(|_| Fault::broken("reading"))?;
    let ready = ready.map_err(|why| {
        tracing::warn!("an instance can't be given: {why}");
        Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "the instance can't be read or transcoded")
    })?;
    let media = format!("application/dicom; transfer-syntax={}", ready.syntax);
    let length = ready.size.to_string();
    let body = answer::streamed(move |pieces| ready.send(pieces));
    let answer = with(Response::new(body), header::CONTENT_TYPE, &media);
    Ok(with(answer, header::CONTENT_LENGTH, &length))
}

/// A file of Part 10 that is ready to be sent.
struct Ready {
    syntax: String,
    size: u64,
    head: Option<Bytes>,
    rest: Rest,
}

enum Rest {
    File(io::Take<File>),
    Data(Data),
    Held(Option<Bytes>),
}

impl Ready {
    /// Opens the file of an instance, or transcodes it. Blocks.
    fn of(web: &Web, load: &Load) -> Result<Ready, String> {
        let instance = &load.instance;
        let Given::Transcoded { to, or_as_it_is } = &load.given else { return as_it_is(web, instance) };
        let permit = tokio::runtime::Handle::current().block_on(web.decoders.acquire());
        let transcoded = transcoded(web, instance, to);
        drop(permit);
        match transcoded {
            Err(_) if *or_as_it_is => as_it_is(web, instance),
            other => other,
        }
    }

    /// The next bytes of the file.
    fn next(&mut self) -> io::Result<Option<Bytes>> {
        if let Some(head) = self.head.take() {
            return Ok(Some(head));
        }
        match &mut self.rest {
            Rest::Held(bytes) => Ok(bytes.take()),
            Rest::File(file) => piece(file.limit(), file),
            Rest::Data(data) => piece(data.left(), data),
        }
    }

    /// Sends the whole file.
    fn send(mut self, pieces: &Pieces) -> Result<(), Gone> {
        loop {
            match self.next() {
                Ok(Some(piece)) => pieces.put(piece)?,
                Ok(None) => return Ok(()),
                Err(error) => return Err(pieces.break_off(&error.to_string())),
            }
        }
    }
}

/// The next piece of something of which so much is left; nothing at its end.
fn piece(left: u64, data: &mut impl io::Read) -> io::Result<Option<Bytes>> {
    let size = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE_SIZE_BYTES);
    let mut piece = Vec::with_capacity(size);
    data.take(size as u64).read_to_end(&mut piece)?;
    if piece.is_empty() && size > 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((!piece.is_empty()).then(|| piece.into()))
}

fn as_it_is(web: &Web, instance: &Instance) -> Result<Ready, String> {
    let syntax = instance.file.syntax.clone();
    let data = web.archive.given(instance).map_err(|error| error.to_string())?;
    if data.is_changed() {
        // The head of the file is sealed for what was received.
        let head = Bytes::from(Meta::of(&instance.class, &instance.uid, &syntax).to_bytes());
        let size = head.len() as u64 + data.left();
        return Ok(Ready { syntax, size, head: Some(head), rest: Rest::Data(data) });
    }
    let file = web.archive.open_file(instance).map_err(|error| error.to_string())?;
    let size = file.metadata().map_err(|error| error.to_string())?.len();
    Ok(Ready { syntax, size, head: None, rest: Rest::File(file.take(size)) })
}

fn transcoded(web: &Web, instance: &Instance, to: &str) -> Result<Ready, String> {
    let mut data = web.archive.given(instance).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    data.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let set = klinke_archive::transcode(bytes.into(), &instance.file.syntax, to)?;
    let head = Bytes::from(Meta::of(&instance.class, &instance.uid, to).to_bytes());
    let size = (head.len() + set.len()) as u64;
    Ok(Ready { syntax: to.to_owned(), size, head: Some(head), rest: Rest::Held(Some(set)) })
}
