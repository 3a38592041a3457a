//! Images as presentation states wish them to be seen: which image a state is about, and what is shown of several instances.

use std::collections::{BTreeMap, BTreeSet};

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

/// A presentation state.
#[derive(Debug)]
pub struct Presentation {
    source: Source,
}

impl Presentation {
    /// Reads a presentation state. Blocks.
    pub fn open(archive: &Archive, instance: Instance) -> Result<Presentation> {
        if !is_state(&instance.class) {
            return Err(Error::Absent("it is no presentation state that can be applied".to_owned()));
        }
        Ok(Presentation { source: Source::open(archive, instance)? })
    }

    /// The images that it is about and that are in its study here, each once; with their frames, all where there are none.
    pub fn images(&self, archive: &Archive) -> Result<Vec<(Instance, Vec<u32>)>> {
        let mut frames = BTreeMap::<String, Vec<u32>>::new();
        let mut order = Vec::new();
        for one in state::referenced(&self.source.set) {
            match frames.get_mut(&one.image) {
                None => {
                    order.push(one.image.clone());
                    frames.insert(one.image, one.frames);
                }
                Some(all) if all.is_empty() || one.frames.is_empty() => all.clear(),
                Some(all) => all.extend(one.frames),
            }
        }
        let mut images = Vec::new();
        for uid in order {
            let mut own = frames.remove(&uid).unwrap_or_default();
            let mut seen = BTreeSet::new();
            own.retain(|frame| seen.insert(*frame));
            images.extend(self.image(archive, &uid)?.map(|instance| (instance, own)));
        }
        Ok(images)
    }

    /// The first of these images. Blocks.
    pub fn first(&self, archive: &Archive) -> Result<Instance> {
        for one in state::referenced(&self.source.set) {
            if let Some(instance) = self.image(archive, &one.image)? {
                return Ok(instance);
            }
        }
        Err(Error::Absent("no image that the presentation state is about".to_owned()))
    }

    /// What it says of a frame; nothing where it is not about it.
    pub fn of(&self, image: &Instance, frame: u32) -> Option<State> {
        State::of(&self.source.set, &self.source.rules, &image.uid, frame)
    }

    /// A frame as it wishes: the one that is named, or the first that it is about. Blocks.
    pub fn subject(&self, archive: &Archive, image: Instance, frame: Option<u32>) -> Result<Subject> {
        let references = state::referenced(&self.source.set);
        let of_image = references.iter().find(|one| one.image == image.uid);
        let first = of_image.and_then(|one| one.frames.first().copied()).unwrap_or(1);
        let frame = frame.unwrap_or(first);
        let state = self.of(&image, frame).ok_or_else(|| {
            Error::Absent("the presentation state is not about this image or frame".to_owned())
        })?;
        Ok(Subject { source: Source::open(archive, image)?, frame, state: Some(state) })
    }

    fn image(&self, archive: &Archive, uid: &str) -> Result<Option<Instance>> {
        let of = Selection {
            studies: vec![self.source.instance.study.clone()],
            instances: vec![uid.to_owned()],
            ..Selection::default()
        };
        Ok(archive.instances(&of, 0, 1)?.pop())
    }
}

/// What is shown of instances: the frame of the one in the middle that has pixels, or the representative one of it. Blocks.
pub fn subject(archive: &Archive, instances: Vec<Instance>, frame: Option<u32>) -> Result<Subject> {
    let source = picture::representative(archive, instances)?;
    let frame = frame.unwrap_or_else(|| picture::representative_frame(&source));
    Ok(Subject { source, frame, state: None })
}
