//! Fragments of encapsulated pixel data (PS3.5, Annex A.4).

use bytes::Bytes;

use super::{ITEM, ITEM_END, Parser, SEQUENCE_END, Step};
use crate::data::read::frame::Frame;
use crate::data::read::header::{self, Header, Order, UNDEFINED};
use crate::data::read::source::Source;
use crate::data::read::{End, Limit, Skipped};
use crate::deviation::Kind;

impl Parser {
    pub(super) fn step_fragments(&mut self, source: &mut impl Source) -> Step {
        let rest = source.rest();
        if rest.len() < 8 {
            return Step::Hungry;
        }
        let Some(Frame::Fragments(frame)) = self.frames.last_mut() else { return Step::Again };
        let header = header::implicit(rest, Order { big_endian: frame.big_endian });
        let tag = frame.tag;
        match header.tag {
            ITEM if header.length == UNDEFINED => {
                frame.nested += 1;
                self.deviate(Kind::NestedFragments, Some(tag));
                self.pass(source, 8);
                Step::Again
            }
            ITEM => self.fragment(source, &header),
            ITEM_END if frame.nested > 0 => {
                frame.nested -= 1;
                self.pass_delimiter(source, &header);
                Step::Again
            }
            SEQUENCE_END => {
                self.pass_delimiter(source, &header);
                self.close();
                Step::Again
            }
            ITEM_END => {
                self.deviate(Kind::DelimiterMisplaced, Some(tag));
                self.pass_delimiter(source, &header);
                Step::Again
            }
            _ => {
                self.deviate(Kind::DelimiterMissing, Some(tag));
                self.close();
                Step::Again
            }
        }
    }

    pub(super) fn fragment(&mut self, source: &mut impl Source, header: &Header) -> Step {
        let Some(Frame::Fragments(frame)) = self.frames.last_mut() else { return Step::Again };
        let length = u64::from(header.length);
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Step::End(End::Limit { limit: Limit::Elements, offset: self.offset });
        }
        if !frame.keep || length > self.limits.value_length {
            if frame.keep {
                let (tag, vr, offset) = (frame.tag, frame.vr, self.offset);
                frame.push(Bytes::new());
                self.reading.skipped.push(Skipped { tag, vr, offset, length });
            }
            self.pass(source, 8);
            self.skipping = length;
            return Step::Again;
        }
        if self.held + length > self.limits.total {
            return Step::End(End::Limit { limit: Limit::Total, offset: self.offset });
        }
        let there = source.rest().len() - 8;
        let wanted = header.length as usize;
        if there < wanted && !source.is_last() {
            self.elements -= 1;
            return Step::Hungry;
        }
        source.skip(8);
        let bytes = source.take(wanted.min(there));
        self.offset += 8 + bytes.len() as u64;
        self.held += bytes.len() as u64;
        frame.push(bytes);
        if there < wanted { Step::End(End::Truncated { offset: self.offset }) } else { Step::Again }
    }
}
