//! Pictures (PS3.18, sections 10.4.1.1.3 and 10.4.1.1.4): JPEG and PNG of frames, and documents. Of a presentation state, the images
//! that it is about as it wishes them to be seen.

use std::sync::Arc;

use bytes::Bytes;
use hyper::header;
use hyper::{Response, StatusCode};
use klinke_archive::Archive;
use klinke_archive::image::{self, Presentation, Source, Subject, Wish};
use klinke_archive::index::Instance;
use klinke_dimse::pixel::render::state::State;
use tokio::sync::SemaphorePermit;
use tokio::task::spawn_blocking;

use super::super::answer::{self, Answer, with, with_warning};
use super::super::fault::{Fault, Result};
use super::super::route::Place;
use super::super::sets;
use super::super::web::{Asked, Web};
use super::wish::{self, wish};

const QUALITY_OF_THUMBNAIL: u8 = 75;
const THUMBNAIL: (u32, u32) = (128, 128);

pub(super) async fn rendered(
    web: Arc<Web>,
    asked: Asked,
    place: Place,
    instances: Vec<Instance>,
    frames: &[u32],
) -> Result<Answer> {
    if place.instance.is_some()
        && frames.is_empty()
        && asked.accept.choose(&[("application/pdf", ())]).is_some()
    {
        let (reader, instance) = (web.clone(), instances[0].clone());
        let reading = spawn_blocking(move || {
            Ok::<_, Fault>(Source::open(&reader.archive, instance)?.document("application/pdf"))
        });
        if let Some(bytes) = reading.await.map_err(|_| Fault::broken("reading"))?? {
            return Ok(answer::of(StatusCode::OK, "application/pdf", bytes));
        }
    }
    let wish = wish(&asked.parameters, wish::is_png(&asked)?)?;
    let in_parts = asked.accept.ranges().next().is_some_and(|range| range.kind == "multipart");
    let made = match in_parts || frames.len() > 1 {
        true => {
            let images = Images::of(web.clone(), instances, frames.to_vec(), &wish).await?;
            parts(web, &asked, images, wish)
        }
        false => one(web, &asked, instances, frames.first().copied(), wish).await?,
    };
    let is_unknown = wish::words(&asked.parameters).any(|word| !["patient", "technique"].contains(&word));
    Ok(match is_unknown {
        true => with_warning(made, "of annotations, patient and technique are written"),
        false => made,
    })
}

/// A small picture of an instance, of one of its frames, or of the middle of a series.
pub(super) async fn thumbnail(
    web: Arc<Web>,
    asked: Asked,
    instances: Vec<Instance>,
    frames: &[u32],
) -> Result<Answer> {
    let mut wish = wish(&asked.parameters, wish::is_png(&asked)?)?;
    wish.viewport = wish.viewport.or(Some(THUMBNAIL));
    if asked.parameters.get("quality").is_none() {
        wish.quality = QUALITY_OF_THUMBNAIL;
    }
    one(web, &asked, instances, frames.first().copied(), wish).await
}

/// One picture: that of the one instance, else of the one in the middle that has pixels.
pub(super) async fn one(
    web: Arc<Web>,
    asked: &Asked,
    instances: Vec<Instance>,
    frame: Option<u32>,
    wish: Wish,
) -> Result<Answer> {
    if let [state] = instances.as_slice()
        && image::is_state(&state.class)
    {
        let (reader, state) = (web.clone(), state.clone());
        let finding = spawn_blocking(move || {
            let image = Presentation::open(&reader.archive, state.clone())?.first(&reader.archive)?;
            Ok::<_, Fault>((image, state))
        });
        let (image, state) = finding.await.map_err(|_| Fault::broken("reading"))??;
        return under(web, asked, image, frame, state, wish).await;
    }
    let tag = tag(instances.iter(), frame, &wish);
    drawn(web, asked, &tag, wish, move |archive| image::subject(archive, instances, frame)).await
}

/// One picture, as a presentation state wishes it.
pub(super) async fn under(
    web: Arc<Web>,
    asked: &Asked,
    instance: Instance,
    frame: Option<u32>,
    state: Instance,
    wish: Wish,
) -> Result<Answer> {
    by_state_alone(&wish)?;
    let tag = tag([&instance, &state].into_iter(), frame, &wish);
    let subject =
        move |archive: &Archive| Presentation::open(archive, state)?.subject(archive, instance, frame);
    drawn(web, asked, &tag, wish, subject).await
}

/// A presentation state says the window itself (PS3.18, section 8.3.5.1).
pub(super) fn by_state_alone(wish: &Wish) -> Result<()> {
    match wish.window {
        Some(_) => Err(Fault::bad("a window is not given with a presentation state")),
        None => Ok(()),
    }
}

/// The tag of a picture: it is another one when a file, or who its patient is, is another one.
fn tag<'a>(of: impl Iterator<Item = &'a Instance>, frame: Option<u32>, wish: &Wish) -> String {
    let parts = of.flat_map(|one| [one.file.hash.to_vec(), one.identity_changed.to_le_bytes().to_vec()]);
    sets::tag_of(&[&parts.collect::<Vec<_>>().concat(), format!("{frame:?} {wish:?}").as_bytes()])
}

/// Draws what is asked for, if whoever asks has not got it.
async fn drawn(
    web: Arc<Web>,
    asked: &Asked,
    tag: &str,
    wish: Wish,
    subject: impl FnOnce(&Archive) -> image::Result<Subject> + Send + 'static,
) -> Result<Answer> {
    if sets::is_known(&asked.headers, tag) {
        return Ok(sets::tagged(&asked.method, &asked.headers, tag, || answer::empty(StatusCode::OK)));
    }
    let media = wish.media();
    let making = spawn_blocking(move || {
        let subject = subject(&web.archive)?;
        let lacks_profile = wish.profile && !subject.source.has_profile();
        let _permit = permit(&web);
        let bytes = subject.picture(&wish, &image::limits(web.config.limits.decoded.0))?;
        Ok::<_, Fault>((bytes, lacks_profile))
    });
    let (bytes, lacks_profile) = making.await.map_err(|_| Fault::broken("drawing"))??;
    let made = answer::of(StatusCode::OK, media, bytes);
    let made = match lacks_profile {
        true => with_warning(made, "the image has no ICC profile"),
        false => made,
    };
    Ok(sets::tagged(&asked.method, &asked.headers, tag, || made))
}

/// Images with the frames that are wanted, all where there are none, and by which presentation state.
struct Images {
    all: Vec<(Instance, Vec<u32>)>,
    presentation: Option<Presentation>,
}

impl Images {
    /// All frames, or some, of all instances; of a presentation state alone, all that it is about.
    async fn of(web: Arc<Web>, instances: Vec<Instance>, frames: Vec<u32>, wish: &Wish) -> Result<Images> {
        let state = instances.first().filter(|one| instances.len() == 1 && image::is_state(&one.class));
        let Some(state) = state.cloned() else {
            let all = instances.into_iter().map(|one| (one, frames.clone())).collect();
            return Ok(Images { all, presentation: None });
        };
        by_state_alone(wish)?;
        let reading = spawn_blocking(move || {
            let presentation = Presentation::open(&web.archive, state)?;
            let mut all = presentation.images(&web.archive)?;
            for (image, own) in all.iter_mut().filter(|_| !frames.is_empty()) {
                let count = image::count(&super::open(&web, image.clone())?);
                let is_there = |frame: &u32| *frame <= count && presentation.of(image, *frame).is_some();
                *own = frames.iter().copied().filter(is_there).collect();
            }
            all.retain(|(_, own)| frames.is_empty() || !own.is_empty());
            Ok::<_, Fault>(Images { all, presentation: Some(presentation) })
        });
        let images = reading.await.map_err(|_| Fault::broken("reading"))??;
        match images.all.is_empty() {
            true => Err(Fault::absent("an image or frame that the presentation state is about")),
            false => Ok(images),
        }
    }
}

/// Each frame in a part; instances without pixels are passed over.
fn parts(web: Arc<Web>, asked: &Asked, images: Images, wish: Wish) -> Answer {
    let (boundary, base) = (sets::boundary(), asked.base.clone());
    let whole = sets::parts_of(wish.media(), &boundary);
    let body = answer::streamed(move |pieces| {
        let Images { all, presentation } = images;
        for (instance, frames) in all {
            let source = match super::open(&web, instance) {
                Ok(source) => source,
                Err(fault) => return Err(pieces.break_off(&fault.text)),
            };
            let at = super::described::url(&base, &source);
            let count = image::count(&source);
            let mut frames: Vec<u32> = if frames.is_empty() { (1..=count).collect() } else { frames };
            // A presentation state may be about more frames than there are.
            frames.retain(|frame| presentation.is_none() || *frame <= count);
            for frame in frames {
                let state = presentation.as_ref().and_then(|one| one.of(&source.instance, frame));
                let bytes = match picture(&web, &source, frame, state.as_ref(), &wish) {
                    Ok(bytes) => bytes,
                    Err(fault) => return Err(pieces.break_off(&fault.text)),
                };
                // Under the address of the frame alone it is another picture.
                let media = match state {
                    Some(_) => wish.media().to_owned(),
                    None => format!("{}\r\nContent-Location: {at}/frames/{frame}/rendered", wish.media()),
                };
                pieces.put(sets::part(&boundary, &media))?;
                pieces.put(bytes)?;
            }
        }
        pieces.put(sets::end(&boundary))
    });
    with(Response::new(body), header::CONTENT_TYPE, &whole)
}

/// The picture of a frame, coded. Blocks.
fn picture(web: &Web, source: &Source, frame: u32, state: Option<&State>, wish: &Wish) -> Result<Bytes> {
    let _permit = permit(web);
    Ok(source.picture_by(frame, wish, state, &image::limits(web.config.limits.decoded.0))?)
}

/// So many are decoded at a time. Blocks.
fn permit(web: &Web) -> Option<SemaphorePermit<'_>> {
    tokio::runtime::Handle::current().block_on(web.decoders.acquire()).ok()
}
