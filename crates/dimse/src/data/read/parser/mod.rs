//! The machine that reads a data set. It keeps its own stack, so that it can stop wherever the bytes end and go on
//! when more come, and so that no nesting exhausts the stack of the program.

mod element;
mod fragments;
mod sequence;

use dicom_core::{Tag, VR};

use super::frame::{FragmentsFrame, Frame, SetFrame};
use super::header::{Header, Order, UNDEFINED};
use super::source::Source;
use super::{End, Limits, PixelDataPlace, PixelDataUse, Reading};
use crate::data::{DataSet, Element, Value};
use crate::deviation::{Deviation, Kind};
use crate::syntax::{PixelDataForm, TransferSyntax};

const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);

/// What came of running the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It needs more bytes.
    Hungry,
    /// It is at its end.
    Ended,
}

/// What came of one step.
enum Step {
    Again,
    Hungry,
    End(End),
}

/// The machine.
pub(crate) struct Parser {
    limits: Limits,
    pixel_data: PixelDataUse,
    form: PixelDataForm,
    /// How many bytes there are in all, where that is known.
    total: Option<u64>,
    offset: u64,
    /// How many bytes are still to be passed over.
    skipping: u64,
    frames: Vec<Frame>,
    elements: usize,
    held: u64,
    reading: Reading,
    ended: bool,
    /// Where elements of the outermost level begin, if somebody wants to know.
    starts: Option<Vec<(Tag, u64)>>,
}

impl Parser {
    /// One for a data set in this transfer syntax; deflated ones are inflated before.
    pub(crate) fn new(syntax: &TransferSyntax, limits: Limits, pixel_data: PixelDataUse) -> Self {
        let root = SetFrame::root(syntax.is_explicit(), syntax.is_big_endian());
        Parser {
            limits,
            pixel_data,
            form: syntax.pixel_data(),
            total: None,
            offset: 0,
            skipping: 0,
            frames: vec![Frame::Set(root)],
            elements: 0,
            held: 0,
            reading: Reading::empty(),
            ended: false,
            starts: None,
        }
    }

    /// Says how many bytes there are in all.
    pub(crate) fn of_length(mut self, total: u64) -> Self {
        self.total = Some(total);
        self
    }

    /// Notes where elements of the outermost level begin.
    pub(crate) fn note_starts(&mut self) {
        self.starts = Some(Vec::with_capacity(128));
    }

    /// Where they begin, in the order in which they were read.
    pub(crate) fn take_starts(&mut self) -> Vec<(Tag, u64)> {
        self.starts.take().unwrap_or_default()
    }

    /// How many bytes it is about to pass over; the source need not give them.
    pub(crate) fn skipping(&self) -> u64 {
        self.skipping
    }

    /// Passes over bytes that the source did not give.
    pub(crate) fn skipped(&mut self, count: u64) {
        self.skipping -= count;
        self.offset += count;
    }

    /// Notes a deviation that was seen outside.
    pub(crate) fn note(&mut self, kind: Kind, tag: Option<Tag>) {
        self.deviate(kind, tag);
    }

    /// How many bytes of values it holds.
    pub(crate) fn held(&self) -> u64 {
        self.held
    }

    /// What it has read.
    pub(crate) fn into_reading(self) -> Reading {
        self.reading
    }

    /// Reads as far as the bytes go.
    pub(crate) fn run(&mut self, source: &mut impl Source) -> State {
        while !self.ended {
            if self.skipping > 0 {
                let passed = source.skip(self.skipping);
                self.skipped(passed);
                if self.skipping > 0 {
                    if !source.is_last() {
                        return State::Hungry;
                    }
                    self.skipping = 0;
                    self.end(End::Truncated { offset: self.offset });
                    continue;
                }
            }
            match self.step(source) {
                Step::Again => {}
                Step::Hungry if !source.is_last() => return State::Hungry,
                Step::Hungry => self.run_dry(source),
                Step::End(end) => self.end(end),
            }
        }
        State::Ended
    }

    fn step(&mut self, source: &mut impl Source) -> Step {
        let offset = self.offset;
        match self.frames.last() {
            None => Step::End(End::Complete),
            Some(frame) if frame.end().is_some_and(|end| offset >= end) => {
                if frame.end() != Some(offset) {
                    self.deviate(Kind::LengthBeyondParent, frame_tag(frame));
                }
                self.close();
                Step::Again
            }
            Some(Frame::Set(_)) => self.step_set(source),
            Some(Frame::Sequence(_)) => self.step_sequence(source),
            Some(Frame::Fragments(_)) => self.step_fragments(source),
        }
    }

    /// The bytes end, and nothing more will come.
    fn run_dry(&mut self, source: &mut impl Source) {
        let rest = source.rest().len();
        let at_root = matches!(self.frames.as_slice(), [Frame::Set(_)]);
        if !at_root {
            self.end(End::Truncated { offset: self.offset });
        } else if rest == 0 {
            self.end(End::Complete);
        } else if rest < 8 && source.rest().iter().all(|&byte| byte == 0) {
            self.deviate(Kind::TrailingBytes, None);
            self.end(End::Complete);
        } else {
            self.end(End::Truncated { offset: self.offset });
        }
    }

    /// A tag of zeros after others: some fill files up with zeros.
    fn trailing(&mut self) -> Step {
        self.deviate(Kind::TrailingBytes, None);
        Step::End(End::Complete)
    }

    fn end(&mut self, end: End) {
        if let End::Truncated { .. } = end {
            self.deviate(Kind::Truncated, None);
        }
        while self.frames.len() > 1 {
            self.close();
        }
        if let Some(Frame::Set(root)) = self.frames.pop() {
            self.reading.set = self.finished(root);
        }
        self.reading.end = end;
        self.reading.length = self.offset;
        self.ended = true;
    }

    /// Closes the innermost set, sequence or fragments, and gives it to what is around it.
    fn close(&mut self) {
        match self.frames.pop() {
            Some(Frame::Set(set)) if self.frames.is_empty() => self.frames.push(Frame::Set(set)),
            Some(Frame::Set(set)) => {
                let set = self.finished(set);
                if let Some(Frame::Sequence(sequence)) = self.frames.last_mut() {
                    sequence.items.push(set);
                }
            }
            Some(Frame::Sequence(sequence)) => {
                let (tag, start) = (sequence.tag, sequence.start);
                self.put(Element::sequence(tag, sequence.items), start);
            }
            Some(Frame::Fragments(frame)) => self.close_fragments(frame),
            None => {}
        }
    }

    fn close_fragments(&mut self, frame: FragmentsFrame) {
        if self.frames.len() == 1
            && let Some(place) = &mut self.reading.pixel_data
            && place.tag == frame.tag
            && place.offset == frame.start
        {
            place.length = Some(self.offset - place.value_offset);
        }
        if frame.keep {
            let (tag, vr, start) = (frame.tag, frame.vr, frame.start);
            self.put(Element { tag, vr, value: Value::Fragments(frame.fragments) }, start);
        }
    }

    fn finished(&mut self, set: SetFrame) -> DataSet {
        let (set, duplicates) = set.finish();
        for tag in duplicates {
            self.deviate(Kind::Duplicate, Some(tag));
        }
        set
    }

    fn note_pixel_data(&mut self, header: &Header, vr: VR) {
        if self.reading.pixel_data.is_some() {
            return;
        }
        let encapsulated = header.length == UNDEFINED;
        match self.form {
            PixelDataForm::Native if encapsulated => {
                self.deviate(Kind::PixelDataEncapsulated, Some(header.tag));
            }
            PixelDataForm::Encapsulated if !encapsulated && header.tag.1 == 0x0010 && header.length > 0 => {
                self.deviate(Kind::PixelDataNotEncapsulated, Some(header.tag));
            }
            _ => {}
        }
        self.reading.pixel_data = Some(PixelDataPlace {
            tag: header.tag,
            vr,
            offset: self.offset,
            value_offset: self.offset + header.size as u64,
            length: (!encapsulated).then_some(u64::from(header.length)),
            encapsulated,
        });
    }

    fn end_of(&mut self, header: &Header) -> Option<u64> {
        if header.length == UNDEFINED {
            return None;
        }
        let end = self.offset + u64::from(header.length);
        let outer = self.frames.iter().rev().find_map(Frame::end);
        if outer.is_some_and(|outer| end > outer) {
            self.deviate(Kind::LengthBeyondParent, Some(header.tag));
        }
        Some(end)
    }

    fn pass(&mut self, source: &mut impl Source, count: u64) {
        source.skip(count);
        self.offset += count;
    }

    fn pass_delimiter(&mut self, source: &mut impl Source, header: &Header) {
        if header.length != 0 {
            self.deviate(Kind::DelimiterLength, Some(header.tag));
        }
        self.pass(source, 8);
    }

    fn set_order(&self) -> Order {
        match self.frames.last() {
            Some(Frame::Set(set)) => Order { big_endian: set.big_endian },
            _ => Order { big_endian: false },
        }
    }

    fn left(&self) -> Option<u64> {
        self.total.map(|total| total.saturating_sub(self.offset))
    }

    fn deviate(&mut self, kind: Kind, tag: Option<Tag>) {
        self.reading.deviate(kind, tag, self.offset, self.limits.deviations);
    }
}

fn frame_tag(frame: &Frame) -> Option<Tag> {
    match frame {
        Frame::Sequence(sequence) => Some(sequence.tag),
        Frame::Fragments(fragments) => Some(fragments.tag),
        Frame::Set(_) => Some(ITEM),
    }
}

impl Reading {
    fn deviate(&mut self, kind: Kind, tag: Option<Tag>, offset: u64, most: usize) {
        if self.deviations.len() < most {
            self.deviations.push(Deviation::at(kind, tag, offset));
        }
    }
}
