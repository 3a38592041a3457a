//! Pictures (PS3.18, sections 10.4.1.1.3 and 10.4.1.1.4; parameters: section 8.3.5): JPEG and PNG of frames, and documents.
//!
//! | parameter | what is done |
//! |---|---|
//! | `viewport=vw,vh[,sx,sy,sw,sh]` | the region is cut out and scaled down to fit; a negative width or height is refused |
//! | `window=center,width,shape` | in place of the instance's own |
//! | `quality` | of a JPEG, 1 to 100 |
//! | `annotation` | not drawn; a warning says so |
//! | `iccprofile=yes` | the instance's own is embedded; where it has none a warning says so. Other colour spaces are refused |

use std::sync::Arc;

use bytes::Bytes;
use hyper::header;
use hyper::{Response, StatusCode};
use klinke_archive::image::{self, Source, Wish};
use klinke_archive::index::Instance;
use klinke_dimse::pixel::render::{Shape, Window};
use tokio::task::spawn_blocking;

use super::super::answer::{self, Answer, with, with_warning};
use super::super::fault::{Fault, Result};
use super::super::query::Parameters;
use super::super::route::Place;
use super::super::sets;
use super::super::web::{Asked, Web};

const QUALITY: u8 = 90;
const QUALITY_OF_THUMBNAIL: u8 = 75;
const THUMBNAIL: (u32, u32) = (128, 128);
/// A picture is at most so wide and high.
const SIDE_MAX: u32 = 32_768;

/// What the parameters wish for.
fn wish(parameters: &Parameters, is_png: bool) -> Result<Wish> {
    let mut wish =
        Wish { is_png, quality: QUALITY, viewport: None, region: None, window: None, profile: false };
    if let Some(quality) = parameters.get("quality") {
        let quality = quality.parse().ok().filter(|quality| (1..=100).contains(quality));
        wish.quality = quality.ok_or_else(|| Fault::bad("quality is a number from 1 to 100"))?;
    }
    if let Some(viewport) = parameters.get("viewport") {
        let (size, region) = self::viewport(viewport).ok_or_else(|| {
                Fault::bad("viewport is two numbers from 1 to 32768, or six: columns and rows, then left, top, columns and rows of what is shown")
            })?;
        (wish.viewport, wish.region) = (Some(size), region);
    }
    if let Some(window) = parameters.get("window") {
        let window = self::window(window);
        wish.window = Some(window.ok_or_else(|| {
            Fault::bad("window is center,width,shape; shapes are linear, linear-exact and sigmoid")
        })?);
    }
    match parameters.get("iccprofile").unwrap_or("no") {
        "no" => {}
        "yes" => wish.profile = true,
        _ => return Err(Fault::bad("iccprofile is no or yes; colours of other spaces are not made")),
    }
    Ok(wish)
}

/// Columns and rows, and a part of the frame: left, top, columns and rows.
type Viewport = ((u32, u32), Option<[u32; 4]>);

fn viewport(text: &str) -> Option<Viewport> {
    let numbers = text.split(',').map(|one| one.trim().parse::<f64>().ok().filter(|one| one.is_finite()));
    let numbers: Vec<f64> = numbers.collect::<Option<_>>()?;
    let side = |number: f64| (1.0..=f64::from(SIDE_MAX)).contains(&number).then_some(number as u32);
    let place = |number: f64| (0.0..=f64::from(SIDE_MAX)).contains(&number).then_some(number as u32);
    match *numbers.as_slice() {
        [columns, rows] => Some(((side(columns)?, side(rows)?), None)),
        [columns, rows, left, top, width, height] => {
            let region = [place(left)?, place(top)?, side(width)?, side(height)?];
            Some(((side(columns)?, side(rows)?), Some(region)))
        }
        _ => None,
    }
}

pub(super) fn window(text: &str) -> Option<Window> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let (center, width, shape) = match parts.as_slice() {
        [center, width] => (center, width, "linear"),
        [center, width, shape] => (center, width, *shape),
        _ => return None,
    };
    let shape = match shape.to_ascii_lowercase().as_str() {
        "linear" => Shape::Linear,
        "linear-exact" => Shape::LinearExact,
        "sigmoid" => Shape::Sigmoid,
        _ => return None,
    };
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    let window = Window { center: number(center)?, width: number(width)?, shape };
    let least = if shape == Shape::Linear { 1.0 } else { f64::MIN_POSITIVE };
    (window.width >= least).then_some(window)
}

/// Whether a PNG is wanted rather than a JPEG.
fn is_png(asked: &Asked) -> Result<bool> {
    let offers = [("image/jpeg", false), ("image/png", true)];
    let of_parts = |range: &super::super::media::Media| {
        let inner = range.get("type").filter(|_| range.kind == "multipart")?;
        offers.iter().find(|(name, _)| *name == inner).map(|(_, is_png)| *is_png)
    };
    let found = asked.accept.ranges().find_map(|range| {
        of_parts(range)
            .or_else(|| offers.iter().find(|(name, _)| range.holds(name)).map(|(_, is_png)| *is_png))
    });
    found.ok_or_else(|| Fault::unacceptable("given are image/jpeg and image/png"))
}

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
    let wish = wish(&asked.parameters, is_png(&asked)?)?;
    let in_parts = asked.accept.ranges().next().is_some_and(|range| range.kind == "multipart");
    let made = match in_parts || frames.len() > 1 {
        true => parts(web, &asked, instances, frames, wish),
        false => one(web, &asked, instances, frames.first().copied(), wish).await?,
    };
    Ok(match asked.parameters.get("annotation") {
        Some(_) => with_warning(made, "annotations are not drawn"),
        None => made,
    })
}

/// A small picture of an instance, of one of its frames, or of the middle of a series.
pub(super) async fn thumbnail(
    web: Arc<Web>,
    asked: Asked,
    instances: Vec<Instance>,
    frames: &[u32],
) -> Result<Answer> {
    let mut wish = wish(&asked.parameters, is_png(&asked)?)?;
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
    let hashes: Vec<&[u8]> = instances.iter().map(|one| one.file.hash.as_slice()).collect();
    let tag = sets::tag_of(&[&hashes.concat(), format!("{frame:?} {wish:?}").as_bytes()]);
    if sets::is_known(&asked.headers, &tag) {
        return Ok(sets::tagged(&asked.method, &asked.headers, &tag, || answer::empty(StatusCode::OK)));
    }
    let media = wish.media();
    let making = spawn_blocking(move || {
        let source = image::representative(&web.archive, instances)?;
        let frame = frame.unwrap_or_else(|| image::representative_frame(&source));
        let lacks_profile = wish.profile && !source.has_profile();
        Ok::<_, Fault>((picture(&web, &source, frame, &wish)?, lacks_profile))
    });
    let (bytes, lacks_profile) = making.await.map_err(|_| Fault::broken("drawing"))??;
    let made = answer::of(StatusCode::OK, media, bytes);
    let made = match lacks_profile {
        true => with_warning(made, "the image has no ICC profile"),
        false => made,
    };
    Ok(sets::tagged(&asked.method, &asked.headers, &tag, || made))
}

/// All frames of all instances, each in a part; those without pixels are passed over.
fn parts(web: Arc<Web>, asked: &Asked, instances: Vec<Instance>, frames: &[u32], wish: Wish) -> Answer {
    let (boundary, base) = (sets::boundary(), asked.base.clone());
    let (whole, frames) = (sets::parts_of(wish.media(), &boundary), frames.to_vec());
    let body = answer::streamed(move |pieces| {
        for instance in instances {
            let source = match super::open(&web, instance) {
                Ok(source) => source,
                Err(fault) => return Err(pieces.break_off(&fault.text)),
            };
            let at = super::described::url(&base, &source);
            let all: Vec<u32> =
                if frames.is_empty() { (1..=image::count(&source)).collect() } else { frames.clone() };
            for frame in all {
                let bytes = match picture(&web, &source, frame, &wish) {
                    Ok(bytes) => bytes,
                    Err(fault) => return Err(pieces.break_off(&fault.text)),
                };
                let media = format!("{}\r\nContent-Location: {at}/frames/{frame}/rendered", wish.media());
                pieces.put(sets::part(&boundary, &media))?;
                pieces.put(bytes)?;
            }
        }
        pieces.put(sets::end(&boundary))
    });
    with(Response::new(body), header::CONTENT_TYPE, &whole)
}

/// The picture of a frame, coded; so many are decoded at a time. Blocks.
fn picture(web: &Web, source: &Source, frame: u32, wish: &Wish) -> Result<Bytes> {
    let _permit = tokio::runtime::Handle::current().block_on(web.decoders.acquire());
    Ok(source.picture(frame, wish, &image::limits(web.config.limits.decoded.0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters() {
        assert_eq!(viewport("512,256"), Some(((512, 256), None)));
        assert_eq!(viewport("10,10,0,5,20,30"), Some(((10, 10), Some([0, 5, 20, 30]))));
        for odd in ["", "5", "0,1", "1,2,3", "a,b", "-1,5", "1e9,1", "NaN,1"] {
            assert_eq!(viewport(odd), None, "{odd}");
        }
        let soft = Window { center: 40.0, width: 400.0, shape: Shape::Linear };
        assert_eq!((window("40,400"), window("40,400,LINEAR")), (Some(soft), Some(soft)));
        for odd in ["", "40", "40,0", "40,x", "40,400,round", "inf,1"] {
            assert_eq!(window(odd), None, "{odd}");
        }
    }
}
