//! Softcopy Presentation States (PS3.3, sections A.33.1 and A.33.2; PS3.4, Annex N): an image as somebody wished it to be seen.
//!
//! | what | section of PS3.3 | module |
//! |---|---|---|
//! | modality and VOI LUT in place of the image's, presentation LUT | C.11.1, C.11.8, C.11.6 | `tone` |
//! | shutters, also as bitmaps | C.7.6.11, C.7.6.15 | `shutter` |
//! | displayed area, rotation, flip | C.10.4, C.10.6 | `area` |
//! | overlays that are switched on, the image's or its own, in the colour of their layer | C.11.7 | here |
//! | graphic layers, lines and texts on them | C.10.7, C.10.5 | `mark`, `draw` |
//!
//! A state says all of the transformation: what the image says of windows, rescaling and whether its least value is white is
//! left aside (PS3.4, section N.2.1.4). Overlays are drawn above the shutter and below lines and texts. Not done: mask subtraction, compound graphics, blending, true size, which needs a screen.

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

use super::{Options, Picture, overlay, scale};
use crate::charset::{Charset, Rules};
use crate::data::DataSet;
use crate::pixel::{Error, Frame};
use area::Area;
use mark::Mark;
use shutter::Shutter;
use tone::Tone;

/// More images than a state of one study refers to.
const REFERENCES_MAX: usize = 10_000;
/// How much of an image, and black around it, is drawn at once.
const AREA_SIZE_BYTES_MAX: usize = 512 << 20;
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
    images(set).filter_map(reference).collect()
}

fn images(set: &DataSet) -> impl Iterator<Item = &DataSet> {
    let series = set.items(tags::REFERENCED_SERIES_SEQUENCE).iter();
    series.flat_map(|series| series.items(tags::REFERENCED_IMAGE_SEQUENCE)).take(REFERENCES_MAX)
}

fn reference(item: &DataSet) -> Option<Referenced> {
    let image = item.ascii(tags::REFERENCED_SOP_INSTANCE_UID)?.to_owned();
    let frames = item.ints(tags::REFERENCED_FRAME_NUMBER).into_iter();
    let frames = frames.filter_map(|one| u32::try_from(one).ok().filter(|one| *one > 0));
    Some(Referenced { image, frames: frames.collect() })
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
        references.is_empty() || references.iter().any(|item| self.is(item))
    }

    fn is(&self, item: &DataSet) -> bool {
        let is_image = item.ascii(tags::REFERENCED_SOP_INSTANCE_UID) == Some(self.image);
        let frames = if is_image { item.ints(tags::REFERENCED_FRAME_NUMBER) } else { Vec::new() };
        is_image && (frames.is_empty() || frames.contains(&i64::from(self.frame)))
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

/// A group of overlays that is switched on.
#[derive(Clone)]
struct Overlay {
    group: u16,
    /// The state's own, in place of the image's.
    own: Option<DataSet>,
    colour: [u8; 3],
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
        let mut images = images(set);
        if !images.any(|item| subject.is(item)) {
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

    /// A decoded frame of the image as it is to be seen, scaled down to fit the viewport of the options, if there is one. A window of
    /// the options is taken in place of the state's.
    pub fn render(&self, frame: &Frame, image: &DataSet, options: &Options) -> Result<Picture, Error> {
        let mut set = image.clone();
        self.tone.prepare(&mut set, &frame.layout);
        let plain = Options { viewport: None, overlays: false, ..options.clone() };
        let mut picture = super::render(frame, &set, &plain)?;
        self.tone.present(&mut picture, &frame.layout);
        self.shutter.close(&mut picture);
        for overlay in self.overlays.iter().filter(|_| options.overlays) {
            overlay.draw(&mut picture, frame, image, options.frame);
        }
        let area = self.area.unwrap_or_else(|| Area::whole(&picture)).within(&picture);
        if area.bytes(picture.channels) > AREA_SIZE_BYTES_MAX {
            return Err(Error::Rendering("the displayed area is larger than what is drawn at once"));
        }
        let ratio = self.ratio.unwrap_or_else(|| super::ratio(image));
        let ratio = if self.turn.is_sideways() { 1.0 / ratio } else { ratio };
        let turned = self.turn.turned(area.cut(picture));
        let own = (turned.columns, turned.rows);
        let mut shown = scale::fit(turned, options.viewport.unwrap_or(own), ratio);
        draw::marks(&mut shown, &self.marks, &|point| self.turn.turned_point(area.part(point)));
        Ok(shown)
    }
}

/// The overlays that are switched on: an Overlay Activation Layer (60xx,1001) names where they are drawn.
fn overlays(set: &DataSet) -> Vec<Overlay> {
    let one = |group: u16| {
        let layer = set.ascii(Tag(group, 0x1001)).map(str::trim).filter(|layer| !layer.is_empty())?;
        let own = set.get(Tag(group, 0x3000)).map(|_| group_of(set, group));
        let (order, colour) = mark::layer(set, layer);
        Some((order, Overlay { group, own, colour }))
    };
    let mut all: Vec<(i64, Overlay)> = OVERLAYS.step_by(2).filter_map(one).collect();
    all.sort_by_key(|(order, _)| *order);
    all.into_iter().map(|(_, overlay)| overlay).collect()
}

/// The elements of a group.
fn group_of(set: &DataSet, group: u16) -> DataSet {
    set.iter().filter(|element| element.tag.0 == group).cloned().collect()
}

impl Overlay {
    /// Draws it over a picture that is as large as the frame.
    fn draw(&self, picture: &mut Picture, frame: &Frame, image: &DataSet, index: u32) {
        let set = self.own.clone().unwrap_or_else(|| group_of(image, self.group));
        let mut plane = vec![0; picture.samples.len() / picture.channels];
        overlay::draw(&mut plane, 1, (picture.columns, picture.rows), &set, index);
        overlay::draw_embedded(&mut plane, 1, &frame.samples, &frame.layout, &set);
        if !plane.contains(&255) {
            return;
        }
        draw::make_room(picture, self.colour);
        let pixels = picture.samples.chunks_exact_mut(picture.channels).zip(plane);
        pixels.filter(|(_, is_drawn)| *is_drawn == 255).for_each(|(pixel, _)| draw::put(pixel, self.colour));
    }
}
