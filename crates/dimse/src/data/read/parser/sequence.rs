//! Sequences, items and their delimiters (PS3.5, section 7.5).

use dicom_core::VR;

use super::{ITEM, ITEM_END, Parser, SEQUENCE_END, Step};
use crate::data::read::frame::{FragmentsFrame, Frame, SequenceFrame, SetFrame};
use crate::data::read::header::{self, Header, Order};
use crate::data::read::source::Source;
use crate::data::read::{End, Limit, PixelDataUse, Skipped};
use crate::data::{Element, Value};
use crate::deviation::Kind;
use crate::dictionary;

impl Parser {
    /// Whether a value of a defined length is a sequence; none where more bytes are needed to know.
    pub(super) fn is_sequence(&self, source: &impl Source, header: &Header, vr: VR) -> Option<bool> {
        match vr {
            VR::SQ => Some(true),
            VR::UN if header.length >= 8 && header.vr.is_some() => {
                if dictionary::vr(header.tag) != Some(VR::SQ) {
                    return Some(false);
                }
                match source.rest().get(header.size..header.size + 4) {
                    Some(start) => Some(start == [0xFE, 0xFF, 0x00, 0xE0]),
                    None => source.is_last().then_some(false),
                }
            }
            _ => Some(false),
        }
    }

    pub(super) fn undefined(
        &mut self,
        source: &mut impl Source,
        header: &Header,
        vr: VR,
        is_pixel_data: bool,
    ) -> Step {
        let fragmented = is_pixel_data || matches!(vr, VR::OB | VR::OW | VR::OF | VR::OD | VR::OL | VR::OV);
        if !fragmented || (header.vr.is_none() && !is_pixel_data) {
            if !matches!(vr, VR::SQ | VR::UN) {
                self.deviate(Kind::UndefinedLength, Some(header.tag));
            }
            return self.open_sequence(source, header);
        }
        self.note_header(header);
        let big_endian = self.set_order().big_endian;
        let start = self.offset;
        self.pass(source, header.size as u64);
        let keep = !(is_pixel_data && self.pixel_data == PixelDataUse::Skip);
        self.frames.push(Frame::Fragments(FragmentsFrame::new(header.tag, vr, start, big_endian, keep)));
        Step::Again
    }

    pub(super) fn open_sequence(&mut self, source: &mut impl Source, header: &Header) -> Step {
        if self.frames.len() / 2 >= self.limits.depth {
            return Step::End(End::Limit { limit: Limit::Depth, offset: self.offset });
        }
        self.note_header(header);
        let start = self.offset;
        let outer = match self.frames.last() {
            Some(Frame::Set(set)) => (set.explicit, set.big_endian),
            _ => (true, false),
        };
        // PS3.5, section 6.2.2: what is within UN is in implicit VR little endian.
        let (explicit, big_endian) = if header.vr == Some(VR::UN) { (false, false) } else { outer };
        self.pass(source, header.size as u64);
        let end = self.end_of(header);
        self.frames.push(Frame::Sequence(SequenceFrame {
            tag: header.tag,
            items: Vec::new(),
            start,
            end,
            explicit,
            big_endian,
        }));
        Step::Again
    }

    pub(super) fn step_sequence(&mut self, source: &mut impl Source) -> Step {
        let rest = source.rest();
        if rest.len() < 8 {
            return Step::Hungry;
        }
        let Some(Frame::Sequence(sequence)) = self.frames.last() else { return Step::Again };
        let order = Order { big_endian: sequence.big_endian };
        let header = header::implicit(rest, order);
        let (tag, defined) = (sequence.tag, sequence.end.is_some());
        match header.tag {
            ITEM => self.open_item(source, &header),
            SEQUENCE_END => {
                if defined {
                    self.deviate(Kind::DelimiterMisplaced, Some(tag));
                }
                self.pass_delimiter(source, &header);
                self.close();
                Step::Again
            }
            ITEM_END => {
                self.deviate(Kind::DelimiterMisplaced, Some(tag));
                self.pass_delimiter(source, &header);
                Step::Again
            }
            _ => self.no_item(source),
        }
    }

    /// Something else than an item stands in a sequence.
    pub(super) fn no_item(&mut self, source: &mut impl Source) -> Step {
        let Some(Frame::Sequence(sequence)) = self.frames.last() else { return Step::Again };
        let (tag, start, empty) = (sequence.tag, sequence.start, sequence.items.is_empty());
        let Some(end) = sequence.end else {
            self.deviate(Kind::DelimiterMissing, Some(tag));
            self.close();
            return Step::Again;
        };
        let length = end - self.offset;
        if !empty || length > self.limits.value_length {
            self.deviate(Kind::DelimiterMisplaced, Some(tag));
            self.reading.skipped.push(Skipped { tag, vr: VR::SQ, offset: self.offset, length });
            self.skipping = length;
            return Step::Again;
        }
        let there = source.rest().len();
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if there < length && !source.is_last() {
            return Step::Hungry;
        }
        self.deviate(Kind::NotASequence, Some(tag));
        let bytes = source.take(length.min(there));
        self.offset += bytes.len() as u64;
        self.held += bytes.len() as u64;
        self.frames.pop();
        self.put(Element { tag, vr: VR::SQ, value: Value::Bytes(bytes) }, start);
        if there < length { Step::End(End::Truncated { offset: self.offset }) } else { Step::Again }
    }

    pub(super) fn open_item(&mut self, source: &mut impl Source, header: &Header) -> Step {
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Step::End(End::Limit { limit: Limit::Elements, offset: self.offset });
        }
        let Some(Frame::Sequence(sequence)) = self.frames.last() else { return Step::Again };
        let (explicit, big_endian) = (sequence.explicit, sequence.big_endian);
        self.pass(source, header.size as u64);
        let end = self.end_of(header);
        self.frames.push(Frame::Set(SetFrame::item(explicit, big_endian, end)));
        Step::Again
    }

    pub(super) fn delimiter_in_set(&mut self, source: &mut impl Source, order: Order) -> Step {
        let header = header::implicit(source.rest(), order);
        let is_root = self.frames.len() == 1;
        let undefined = self.frames.last().is_some_and(|frame| frame.end().is_none());
        match header.tag {
            ITEM_END if !is_root => {
                if !undefined {
                    self.deviate(Kind::DelimiterMisplaced, Some(ITEM_END));
                }
                self.pass_delimiter(source, &header);
                if undefined {
                    self.close();
                }
            }
            SEQUENCE_END | ITEM if !is_root => {
                self.deviate(Kind::DelimiterMissing, Some(header.tag));
                self.close();
            }
            _ => {
                self.deviate(Kind::DelimiterMisplaced, Some(header.tag));
                self.pass(source, 8);
            }
        }
        Step::Again
    }
}
