//! Images as presentation states wish them to be seen: which image a state is about, and what is shown of several instances.

use bytes::Bytes;
use klinke_dimse::pixel;
use klinke_dimse::pixel::render::state::{self, State};
use klinke_dimse::uids;

use super::picture::{self, Wish};
use super::{Error, Result, Source};
use crate::archive::Archive;
use crate::index::{Instance, Selection};

/// The states that are understood.
const CLASSES: [&str; 2] =
    [uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE, uids::COLOR_SOFTCOPY_PRESENTATION_STATE_STORAGE];

/// One frame that is shown.
#[derive(Debug)]
pub struct Subject {
    /// Its image.
    pub source: Source,
    /// The frame, counted from 1.
    pub frame: u32,
    /// What a presentation state says of it.
    pub state: Option<State>,
}

impl Subject {
    /// Its picture, coded.
    pub fn picture(&self, wish: &Wish, limits: &pixel::Limits) -> Result<Bytes> {
        self.source.picture_by(self.frame, wish, self.state.as_ref(), limits)
    }
}

/// Whether a SOP class is that of presentation states that are understood.
pub fn is_state(class: &str) -> bool {
    CLASSES.contains(&class)
}

/// A presentation state, and those of the images that it is about that are in its study here.
#[derive(Debug)]
pub struct Presentation {
    source: Source,
    /// The images; of each the frames, all where there are none.
    pub images: Vec<(Instance, Vec<u32>)>,
}

impl Presentation {
    /// Reads a presentation state. Blocks.
    pub fn open(archive: &Archive, instance: Instance) -> Result<Presentation> {
        let study = instance.study.clone();
        let source = Source::open(archive, instance)?;
        let mut images = Vec::new();
        for one in state::referenced(&source.set) {
            if let Some(image) = image(archive, &study, &one.image)? {
                images.push((image, one.frames));
            }
        }
        Ok(Presentation { source, images })
    }

    /// What it says of a frame; nothing where it is not about it.
    pub fn of(&self, image: &Instance, frame: u32) -> Option<State> {
        State::of(&self.source.set, &self.source.rules, &image.uid, frame)
    }

    /// A frame as it wishes: the one that is named, or the first that it is about. Blocks.
    pub fn subject(&self, archive: &Archive, image: Instance, frame: Option<u32>) -> Result<Subject> {
        let of_image = self.images.iter().find(|(one, _)| one.uid == image.uid);
        let first = of_image.and_then(|(_, frames)| frames.first().copied()).unwrap_or(1);
        let frame = frame.unwrap_or(first);
        let state = self.of(&image, frame).ok_or_else(|| {
            Error::Absent("the presentation state is not about this image or frame".to_owned())
        })?;
        Ok(Subject { source: Source::open(archive, image)?, frame, state: Some(state) })
    }
}

/// What is shown of instances: the frame of the one in the middle that has pixels, or the representative one of it; of a
/// presentation state the first image that it is about, as it wishes. Blocks.
pub fn subject(archive: &Archive, instances: Vec<Instance>, frame: Option<u32>) -> Result<Subject> {
    if let [one] = instances.as_slice()
        && is_state(&one.class)
    {
        let presentation = Presentation::open(archive, one.clone())?;
        let Some((image, _)) = presentation.images.first() else {
            return Err(Error::Absent("no image that the presentation state is about".to_owned()));
        };
        return presentation.subject(archive, image.clone(), frame);
    }
    let source = picture::representative(archive, instances)?;
    let frame = frame.unwrap_or_else(|| picture::representative_frame(&source));
    Ok(Subject { source, frame, state: None })
}

fn image(archive: &Archive, study: &str, uid: &str) -> Result<Option<Instance>> {
    let of = Selection {
        studies: vec![study.to_owned()],
        instances: vec![uid.to_owned()],
        ..Selection::default()
    };
    Ok(archive.instances(&of, 0, 1)?.pop())
}
