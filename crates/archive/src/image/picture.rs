//! Pictures of frames (PS3.18, sections 10.4.1.1.3 and 10.4.1.1.4), and encapsulated documents (PS3.3, section C.24.2).

use bytes::Bytes;
use klinke_dimse::data::DataSet;
use klinke_dimse::pixel::render::state::{Caption, State};
use klinke_dimse::pixel::render::{self, Options, Picture, Window, profile};
use klinke_dimse::{pixel, tags};

use super::source::Source;
use super::{Error, Result, count, one};
use crate::archive::Archive;
use crate::index::Instance;

/// How many instances are opened to find one with pixels.
const OPENED_MAX: usize = 100;

/// How a picture is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// PNG rather than JPEG.
    pub is_png: bool,
    /// Of a JPEG, from 1 to 100.
    pub quality: u8,
    /// The most columns and rows.
    pub viewport: Option<(u32, u32)>,
    /// Left, top, columns and rows of a part of the frame.
    pub region: Option<[u32; 4]>,
    /// In place of the instance's own.
    pub window: Option<Window>,
    /// With the ICC profile of the instance, where it has one and the picture has colours.
    pub profile: bool,
    /// Who is seen is written into it, …
    pub patient: bool,
    /// … and how the image was made.
    pub technique: bool,
}

impl Wish {
    /// A JPEG of a quality, as large as the frame and as the instance says it is to be shown.
    pub fn jpeg(quality: u8) -> Wish {
        Wish {
            is_png: false,
            quality,
            viewport: None,
            region: None,
            window: None,
            profile: false,
            patient: false,
            technique: false,
        }
    }

    /// Its media type.
    pub fn media(&self) -> &'static str {
        if self.is_png { "image/png" } else { "image/jpeg" }
    }
}

impl Source {
    /// The picture of a frame, counted from 1, coded.
    pub fn picture(&self, frame: u32, wish: &Wish, limits: &pixel::Limits) -> Result<Bytes> {
        self.picture_by(frame, wish, None, limits)
    }

    /// The picture of a frame, counted from 1, as a presentation state wishes it, coded.
    pub fn picture_by(
        &self,
        frame: u32,
        wish: &Wish,
        state: Option<&State>,
        limits: &pixel::Limits,
    ) -> Result<Bytes> {
        let shown = self.shown(frame, wish, state, limits)?;
        let mut picture = match wish.region {
            Some(region) => cut(shown, region, wish.viewport)?,
            None => shown,
        };
        if wish.patient || wish.technique {
            Caption::of(&self.set, &self.rules, wish.patient, wish.technique).write(&mut picture);
        }
        let coded = if wish.is_png { picture.to_png() } else { picture.to_jpeg(wish.quality) };
        let coded = coded.map_err(Error::Pixels)?;
        let profile = profile::of(&self.set).filter(|_| wish.profile && picture.channels == 3);
        Ok(Bytes::from(match profile {
            Some(profile) if wish.is_png => profile::in_png(&coded, profile),
            Some(profile) => profile::in_jpeg(&coded, profile),
            None => coded,
        }))
    }

    /// A frame for the screen, scaled where no region is wished for.
    fn shown(
        &self,
        frame: u32,
        wish: &Wish,
        state: Option<&State>,
        limits: &pixel::Limits,
    ) -> Result<Picture> {
        let one = one(self, frame, limits)?;
        let decoded = one.data(self.syntax(), limits)?.decode(one.index).map_err(Error::Pixels)?;
        let set = with_groups(&self.set, frame);
        let viewport = wish.viewport.filter(|_| wish.region.is_none());
        let options =
            Options { window: wish.window, viewport, overlays: true, frame: frame - 1, ..Options::default() };
        let picture = match state {
            Some(state) => state.render(&decoded, &set, &options),
            None => render::render(&decoded, &set, &options),
        };
        picture.map_err(Error::Pixels)
    }

    /// Whether it has an ICC profile.
    pub fn has_profile(&self) -> bool {
        profile::of(&self.set).is_some()
    }

    /// An encapsulated document of this MIME type.
    pub fn document(&self, media: &str) -> Option<Bytes> {
        let is_it = self.set.ascii(tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT) == Some(media);
        let bytes = self.set.get(tags::ENCAPSULATED_DOCUMENT)?.as_bytes().filter(|_| is_it)?;
        let length = self.set.int(tags::ENCAPSULATED_DOCUMENT_LENGTH);
        let length = length.and_then(|one| usize::try_from(one).ok()).unwrap_or(bytes.len());
        Some(bytes.slice(..length.min(bytes.len())))
    }
}

/// The instance in the middle, or the next that has pixels.
pub fn representative(archive: &Archive, mut instances: Vec<Instance>) -> Result<Source> {
    let middle = instances.len() / 2;
    instances.rotate_left(middle);
    if instances.is_empty() {
        return Err(Error::Absent("this instance is not here".to_owned()));
    }
    for instance in instances.into_iter().take(OPENED_MAX) {
        let source = Source::open(archive, instance)?;
        if source.pixels.is_some() {
            return Ok(source);
        }
    }
    Err(Error::NoPixels)
}

/// Representative Frame Number (0028,6010), else the first.
pub fn representative_frame(source: &Source) -> u32 {
    let named = source.set.int(tags::REPRESENTATIVE_FRAME_NUMBER).and_then(|one| u32::try_from(one).ok());
    named.filter(|one| (1..=count(source)).contains(one)).unwrap_or(1)
}

/// A region of a picture, scaled down to fit.
fn cut(
    picture: Picture,
    [left, top, columns, rows]: [u32; 4],
    viewport: Option<(u32, u32)>,
) -> Result<Picture> {
    let (columns, rows) =
        (columns.min(picture.columns.saturating_sub(left)), rows.min(picture.rows.saturating_sub(top)));
    if columns == 0 || rows == 0 {
        return Err(Error::Beside);
    }
    let (channels, width) = (picture.channels, picture.columns as usize);
    let mut samples = Vec::with_capacity(columns as usize * rows as usize * channels);
    for row in top..top + rows {
        let start = (row as usize * width + left as usize) * channels;
        samples.extend_from_slice(&picture.samples[start..start + columns as usize * channels]);
    }
    let part = Picture { columns, rows, channels, samples };
    Ok(match viewport {
        Some(viewport) => part.fitted(viewport),
        None => part,
    })
}

/// The data set with what the functional groups say of a frame: window, rescaling (PS3.3, sections C.7.6.16.2.9 and
/// C.7.6.16.2.10).
pub fn with_groups(set: &DataSet, frame: u32) -> DataSet {
    let per_frame = set.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).get(frame as usize - 1);
    let shared = set.items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).first();
    let mut whole = set.clone();
    for groups in [shared, per_frame].into_iter().flatten() {
        for group in [tags::FRAME_VOILUT_SEQUENCE, tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE] {
            for element in groups.items(group).first().into_iter().flat_map(DataSet::iter) {
                whole.put(element.clone());
            }
        }
    }
    whole
}
