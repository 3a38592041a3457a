//! Elements and their values.

use bytes::Bytes;
use dicom_core::{Tag, VR};

use super::{Parser, Step};
use crate::data::read::frame::Frame;
use crate::data::read::header::{self, Header, Oddity, Order, UNDEFINED};
use crate::data::read::source::Source;
use crate::data::read::{End, Limit, PixelDataUse, Skipped, swap};
use crate::data::{Element, Value};
use crate::deviation::Kind;
use crate::dictionary::{self, Ambiguous};

impl Parser {
    pub(super) fn step_set(&mut self, source: &mut impl Source) -> Step {
        let rest = source.rest();
        if rest.len() < 8 {
            return Step::Hungry;
        }
        let left = self.left();
        let is_root = self.frames.len() == 1;
        let Some(Frame::Set(set)) = self.frames.last_mut() else { return Step::End(End::Complete) };
        if !set.decided {
            let seen = set.decide(rest, left, is_root);
            seen.into_iter().flatten().for_each(|kind| self.deviate(kind, None));
            return Step::Again;
        }
        let order = Order { big_endian: set.big_endian };
        let tag = order.tag(rest);
        if tag.0 == 0xFFFE {
            return self.delimiter_in_set(source, order);
        }
        if is_root && tag == Tag(0, 0) && set.last > tag {
            return self.trailing();
        }
        let header = if set.explicit { header::explicit(rest, order, left) } else { None };
        let header = match header {
            Some(header) => header,
            None if set.explicit => return Step::Hungry,
            None => header::implicit(rest, order),
        };
        self.element(source, header, is_root)
    }

    pub(super) fn element(&mut self, source: &mut impl Source, header: Header, is_root: bool) -> Step {
        let Header { tag, length, .. } = header;
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Step::End(End::Limit { limit: Limit::Elements, offset: self.offset });
        }
        let vr = self.vr_of(&header);
        let is_pixel_data = is_root && header::is_pixel_data(tag);
        if is_pixel_data {
            self.note_pixel_data(&header, vr);
            if self.pixel_data == PixelDataUse::Stop {
                return Step::End(End::PixelData);
            }
        }
        if length == UNDEFINED {
            return self.undefined(source, &header, vr, is_pixel_data);
        }
        if length > 0 || vr == VR::SQ {
            match self.is_sequence(source, &header, vr) {
                None => {
                    self.elements -= 1;
                    return Step::Hungry;
                }
                Some(true) => return self.open_sequence(source, &header),
                Some(false) => {}
            }
        }
        self.value(source, &header, vr, is_pixel_data)
    }

    pub(super) fn value(
        &mut self,
        source: &mut impl Source,
        header: &Header,
        vr: VR,
        is_pixel_data: bool,
    ) -> Step {
        let Header { tag, length, size, .. } = *header;
        let length64 = u64::from(length);
        let skip = is_pixel_data && self.pixel_data == PixelDataUse::Skip;
        if skip || length64 > self.limits.value_length {
            if !skip {
                self.reading.skipped.push(Skipped { tag, vr, offset: self.offset, length: length64 });
            }
            self.note_header(header);
            self.pass(source, size as u64);
            self.skipping = length64;
            return Step::Again;
        }
        if self.held + length64 > self.limits.total {
            return Step::End(End::Limit { limit: Limit::Total, offset: self.offset });
        }
        let there = source.rest().len() - size;
        let length = length as usize;
        if there < length && !source.is_last() {
            self.elements -= 1;
            return Step::Hungry;
        }
        self.note_header(header);
        let start = self.offset;
        self.pass(source, size as u64);
        let bytes = source.take(length.min(there));
        self.offset += bytes.len() as u64;
        self.held += bytes.len() as u64;
        let bytes = self.in_order(vr, bytes);
        self.put(Element { tag, vr, value: Value::Bytes(bytes) }, start);
        if there < length {
            return Step::End(End::Truncated { offset: self.offset });
        }
        Step::Again
    }

    /// Notes what is odd about an element once it is certain that it is read.
    #[inline]
    pub(super) fn note_header(&mut self, header: &Header) {
        if header.oddity.is_none() && header.length.is_multiple_of(2) {
            return;
        }
        let tag = Some(header.tag);
        match header.oddity {
            Some(Oddity::UnknownVr) => self.deviate(Kind::UnknownVr, tag),
            Some(Oddity::ShortLength) => self.deviate(Kind::ShortLengthForm, tag),
            Some(Oddity::NoVr) => self.deviate(Kind::ImplicitInExplicit, tag),
            None => {}
        }
        if header.length != UNDEFINED && header.length % 2 == 1 {
            self.deviate(Kind::OddLength, tag);
        }
    }

    #[inline]
    pub(super) fn in_order(&self, vr: VR, bytes: Bytes) -> Bytes {
        match self.frames.last() {
            Some(Frame::Set(set)) if set.big_endian => swap::swapped(vr, bytes),
            _ => bytes,
        }
    }

    #[inline]
    pub(super) fn vr_of(&self, header: &Header) -> VR {
        match header.vr {
            Some(vr) => vr,
            None if header.tag.0 % 2 == 1 => self.private_vr(header.tag),
            None => match dictionary::entry_vr(header.tag) {
                Ambiguous::Exact(vr) => vr,
                Ambiguous::Sign => self.signed_or_not(),
                Ambiguous::Unknown => VR::UN,
            },
        }
    }

    pub(super) fn private_vr(&self, tag: Tag) -> VR {
        if tag.1 < 0x0100 {
            return dictionary::vr(tag).unwrap_or(VR::UN);
        }
        let creator = Tag(tag.0, tag.1 >> 8);
        let Some(Frame::Set(set)) = self.frames.last() else { return VR::UN };
        let name = set.get(creator).and_then(|creator| std::str::from_utf8(creator).ok());
        name.and_then(|name| {
            dictionary::private_vr(name.trim_matches([' ', '\0']), tag.0, (tag.1 & 0xFF) as u8)
        })
        .unwrap_or(VR::UN)
    }

    /// Pixel Representation of this set or of one around it decides.
    pub(super) fn signed_or_not(&self) -> VR {
        for frame in self.frames.iter().rev() {
            if let Frame::Set(set) = frame
                && let Some(value) = set.get(Tag(0x0028, 0x0103))
            {
                return if value.first() == Some(&1) { VR::SS } else { VR::US };
            }
        }
        VR::US
    }

    #[inline]
    pub(super) fn put(&mut self, element: Element, offset: u64) {
        let tag = element.tag;
        if let Some(starts) = &mut self.starts
            && self.frames.len() == 1
        {
            starts.push((tag, offset));
        }
        if let Some(Frame::Set(set)) = self.frames.last_mut() {
            let ascending = set.push(element);
            if !ascending {
                self.reading.deviate(Kind::NotAscending, Some(tag), offset, self.limits.deviations);
            }
        }
    }
}
