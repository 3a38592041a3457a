//! Softcopy Presentation States (PS3.3, sections A.33.1 and A.33.2; PS3.4, Annex N): an image as somebody wished it to be seen.
//!
//! | what | section of PS3.3 | module |
//! |---|---|---|
//! | modality and VOI LUT in place of the image's, presentation LUT | C.11.1, C.11.8, C.11.6 | `tone` |
//! | shutters, also as bitmaps | C.7.6.11, C.7.6.15 | `shutter` |
//! | displayed area, rotation, flip | C.10.4, C.10.6 | `area` |
//! | overlays that are switched on, the image's or its own | C.11.7 | here |
//! | graphic layers, lines and texts on them | C.10.7, C.10.5 | `mark`, `draw` |
//!
//! A state says all of the transformation: what the image says of windows, rescaling and whether its least value is white is
//! left aside (PS3.4, section N.2.1.4). Not done: mask subtraction, compound graphics, blending, true size, which needs a screen.

mod area;
mod caption;
mod draw;
mod lab;
mod mark;
mod shutter;
mod tone;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

pub use caption::Caption;

use super::super::layout::Layout;
use super::{Picture, scale};
use crate::charset::{Charset, Rules};
use crate::data::DataSet;
use area::Area;
use mark::Mark;
use shutter::Shutter;
use tone::Tone;

/// More images than a state of one study refers to.
const REFERENCES_MAX: usize = 10_000;
const OVERLAYS: std::ops::RangeInclusive<u16> = 0x6000..=0x601E;

/// An image that a presentation state is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referenced {
    /// SOP Instance UID.
    pub image: String,
    /// The frames that are meant, counted from 1; all where there are none.
    pub frames: Vec<u32>,
}

/// The images that a presentation state is about (Presentation State Relationship, PS3.3, section C.11.11).
pub fn referenced(set: &DataSet) -> Vec<Referenced> {
    let series = set.items(tags::REFERENCED_SERIES_SEQUENCE).iter();
    let images = series.flat_map(|series| series.items(tags::REFERENCED_IMAGE_SEQUENCE));
    images.filter_map(reference).take(REFERENCES_MAX).collect()
}

fn reference(item: &DataSet) -> Option<Referenced> {
    let image = item.ascii(tags::REFERENCED_SOP_INSTANCE_UID)?.to_owned();
    let frames = item.ints(tags::REFERENCED_FRAME_NUMBER);
    Some(Referenced { image, frames: frames.into_iter().filter_map(|one| u32::try_from(one).ok()).collect() })
}

/// One frame of an image, by which items are picked.
#[derive(Clone, Copy)]
struct Subject<'a> {
    image: &'a str,
    frame: u32,
}

impl Subject<'_> {
    /// Whether an item is about it: one without references is about all images of the state.
    fn is_of(&self, item: &DataSet) -> bool {
        let references = item.items(tags::REFERENCED_IMAGE_SEQUENCE);
        references.is_empty() || references.iter().filter_map(reference).any(|one| self.is(&one))
    }

    fn is(&self, one: &Referenced) -> bool {
        one.image == self.image && (one.frames.is_empty() || one.frames.contains(&self.frame))
    }

    /// The first item of a sequence that is about it.
    fn item<'b>(&self, set: &'b DataSet, sequence: Tag) -> Option<&'b DataSet> {
        set.items(sequence).iter().find(|item| self.is_of(item))
    }
}

/// What a presentation state says of one frame.
#[derive(Clone)]
pub struct State {
    tone: Tone,
    overlays: Vec<Overlay>,
    shutter: Shutter,
    area: Option<Area>,
    turn: area::Turn,
    marks: Vec<Mark>,
    /// Height of a pixel by its width, where the state says so.
    ratio: Option<f64>,
}

/// What becomes of a group of overlays.
#[derive(Clone)]
enum Overlay {
    /// The image's is not drawn.
    Hidden(u16),
    /// The state's is drawn in its place.
    Own(u16, DataSet),
}

/// What is in it is of a patient.
impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "State({} marks)", self.marks.len())
    }
}

impl State {
    /// What a presentation state says of a frame, counted from 1, of an image; nothing where it is not about it.
    pub fn of(set: &DataSet, rules: &Rules, image: &str, frame: u32) -> Option<State> {
        let subject = Subject { image, frame };
        if !referenced(set).iter().any(|one| subject.is(one)) {
            return None;
        }
        let area = subject.item(set, tags::DISPLAYED_AREA_SELECTION_SEQUENCE);
        Some(State {
            tone: Tone::of(set, subject),
            overlays: overlays(set),
            shutter: Shutter::of(set),
            area: area.and_then(Area::of),
            turn: area::Turn::of(set),
            marks: mark::all(set, subject, Charset::of(set, rules).0, rules),
            ratio: area.and_then(area::ratio),
        })
    }

    /// The data set by which a frame of the image is rendered; as large as it is, with overlays.
    #[must_use]
    pub fn prepared(&self, image: &DataSet, layout: &Layout) -> DataSet {
        let mut set = image.clone();
        self.tone.prepare(&mut set, layout);
        for overlay in &self.overlays {
            let (Overlay::Hidden(group) | Overlay::Own(group, _)) = overlay;
            without_group(&mut set, *group);
            if let Overlay::Own(_, own) = overlay {
                own.iter().for_each(|element| set.put(element.clone()));
            }
        }
        set
    }

    /// What is rendered, as it is to be seen; scaled down to fit the viewport, if there is one.
    #[must_use]
    pub fn present(
        &self,
        mut picture: Picture,
        image: &DataSet,
        layout: &Layout,
        viewport: Option<(u32, u32)>,
    ) -> Picture {
        self.tone.present(&mut picture, layout);
        self.shutter.close(&mut picture);
        let area = self.area.unwrap_or_else(|| Area::whole(&picture)).within(&picture);
        let ratio = self.ratio.unwrap_or_else(|| super::ratio(image));
        let ratio = if self.turn.is_sideways() { 1.0 / ratio } else { ratio };
        let turned = self.turn.turned(area.cut(&picture));
        let own = (turned.columns, turned.rows);
        let mut shown = scale::fit(turned, viewport.unwrap_or(own), ratio);
        draw::marks(&mut shown, &self.marks, &|point| self.turn.turned_point(area.part(point)));
        shown
    }
}

fn overlays(set: &DataSet) -> Vec<Overlay> {
    let one = |group: u16| {
        let is_on = set.ascii(Tag(group, 0x1001)).is_some_and(|layer| !layer.trim().is_empty());
        if set.get(Tag(group, 0x3000)).is_none() {
            return (!is_on).then_some(Overlay::Hidden(group));
        }
        let own = set.iter().filter(|element| element.tag.0 == group);
        let mut whole = DataSet::new();
        own.for_each(|element| whole.put(element.clone()));
        Some(if is_on { Overlay::Own(group, whole) } else { Overlay::Hidden(group) })
    };
    OVERLAYS.step_by(2).filter_map(one).collect()
}

fn without_group(set: &mut DataSet, group: u16) {
    let tags: Vec<Tag> = set.iter().map(|element| element.tag).filter(|tag| tag.0 == group).collect();
    for tag in tags {
        set.remove(tag);
    }
}
