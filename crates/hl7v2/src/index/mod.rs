//! Where everything in a message begins: one pass over the bytes with the message's own delimiters
//! (HL7 v2.5.1 chapter 2, 2.5 and 2.6).
//!
//! The index holds offsets only, never values. It keeps its memory when it is built again, so a
//! connection that reuses one does not allocate.
//!
//! Segments end with CR; LF and CRLF are accepted and noted. A line that does not begin like a
//! segment (name and field separator) continues the segment before it, because line feeds stand
//! inside text (OBX-5) and must not split it.

mod notes;
mod scan;

use std::ops::Range;

pub use notes::{LineNotes, Note};
#[doc(hidden)]
pub use scan::Method;

use crate::Error;
use crate::delimiters::{Delimiters, Header, find_header};
use scan::{BLOCK, Masks, Needles, classify};

/// Offsets of the segments, fields and inner delimiters of one message.
#[derive(Debug, Clone, Default)]
pub struct Index {
    delimiters: Delimiters,
    header: HeaderPlace,
    segments: Vec<Segment>,
    /// `slots[..slot_count]` is valid; the rest is room for the next message.
    slots: Vec<Slot>,
    slot_count: usize,
    marks: Vec<u32>,
    mark_count: usize,
    non_ascii: bool,
    lines: LineNotes,
}

/// One segment: `bytes[start..end]` without its terminator, the next one begins at `next`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Name, as three bytes in upper case.
    pub name: [u8; 3],
    /// Offset of the first byte of the name.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
    /// Offset where the next segment begins; what lies between is the terminator and whatever the
    /// sender put there.
    pub next: u32,
    first_slot: u32,
    slot_count: u32,
}

/// A slot is what stands between two field separators; slot 0 is the segment name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Slot {
    start: u32,
    first_mark: u32,
}

/// What the header looked like, for the deviations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct HeaderPlace {
    pub(crate) start: usize,
    pub(crate) name_length: usize,
    pub(crate) encoding_length: usize,
}

/// A stretch of bytes with the inner delimiters in it (absolute offsets).
#[derive(Debug, Clone)]
pub(crate) struct Stretch<'a> {
    pub(crate) range: Range<usize>,
    pub(crate) marks: &'a [u32],
}

/// Blocks classified at a time, so that the masks stay on the stack.
const BLOCKS: usize = 16;

impl Index {
    /// An empty index.
    pub fn new() -> Self {
        Self::default()
    }

    /// Index `bytes`, forgetting what was indexed before.
    pub fn build(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.build_with(bytes, Method::best())
    }

    /// The same with a given method; for tests and benchmarks.
    #[doc(hidden)]
    pub fn build_with(&mut self, bytes: &[u8], method: Method) -> Result<(), Error> {
        const LIMIT: usize = u32::MAX as usize - 2 * BLOCK;
        if bytes.len() > LIMIT {
            return Err(Error::TooLarge { length: bytes.len(), limit: LIMIT });
        }
        let header = find_header(bytes)?;
        self.reset(&header);
        self.open(header.name, header.start);
        scan::boosted(
            method,
            #[inline(always)]
            || self.pass(bytes, header.start, method),
        );
        if self.segments.last().is_some_and(|s| s.next == OPEN) {
            self.close(bytes.len(), bytes.len());
            self.lines.unterminated = true;
        }
        self.slots[self.slot_count] = Slot { start: 0, first_mark: self.mark_count as u32 };
        Ok(())
    }

    /// The message's delimiters.
    #[inline]
    pub fn delimiters(&self) -> &Delimiters {
        &self.delimiters
    }

    /// The segments in their order.
    #[inline]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// How lines ended, and what was odd between them.
    pub fn lines(&self) -> &LineNotes {
        &self.lines
    }

    /// True when the message has bytes above 0x7F, so that its character set matters.
    pub fn has_non_ascii(&self) -> bool {
        self.non_ascii
    }

    /// How many delimiters were found, line ends not counted.
    pub fn delimiter_count(&self) -> usize {
        self.slot_count + self.mark_count - self.segments.len()
    }

    pub(crate) fn header(&self) -> HeaderPlace {
        self.header
    }

    /// Number of slots of a segment, the name included.
    pub(crate) fn slot_count(&self, segment: usize) -> usize {
        self.segments.get(segment).map_or(0, |s| s.slot_count as usize)
    }

    /// Slot `slot` of a segment; slot 0 is the name.
    #[inline]
    pub(crate) fn slot(&self, segment: usize, slot: usize) -> Option<Stretch<'_>> {
        let segment = self.segments.get(segment)?;
        if slot >= segment.slot_count as usize {
            return None;
        }
        let at = segment.first_slot as usize + slot;
        let [this, following] = self.slots.get(at..at + 2)?.try_into().ok()?;
        let last = slot + 1 == segment.slot_count as usize;
        let end = if last { segment.end } else { following.start - 1 };
        let marks = self.marks.get(this.first_mark as usize..following.first_mark as usize)?;
        Some(Stretch { range: this.start as usize..end as usize, marks })
    }

    fn reset(&mut self, header: &Header) {
        self.delimiters = header.delimiters;
        self.header = HeaderPlace {
            start: header.start,
            name_length: header.name_length,
            encoding_length: header.encoding_length,
        };
        self.segments.clear();
        self.slot_count = 0;
        self.mark_count = 0;
        self.non_ascii = false;
        self.lines = LineNotes::default();
    }

    #[inline(always)]
    fn pass(&mut self, bytes: &[u8], start: usize, method: Method) {
        let d = &self.delimiters;
        let inner = [d.component, d.repetition.unwrap_or(d.component), d.subcomponent.unwrap_or(d.component)];
        let needles = Needles { field: d.field, inner };
        let mut resume = 0;
        let mut masks = [Masks::default(); BLOCKS];
        let mut base = start;
        while base + BLOCK <= bytes.len() {
            let whole = ((bytes.len() - base) / BLOCK).min(BLOCKS);
            classify(method, &needles, &bytes[base..base + whole * BLOCK], &mut masks);
            for masks in &masks[..whole] {
                self.take(bytes, base, masks, &mut resume);
                base += BLOCK;
            }
        }
        let rest = bytes.len() - base;
        if rest > 0 {
            let mut block = [0u8; BLOCK];
            block[..rest].copy_from_slice(&bytes[base..]);
            classify(method, &needles, &block, &mut masks[..1]);
            self.take(bytes, base, &masks[0], &mut resume);
        }
    }

    /// Note the delimiters of one block, line end by line end.
    #[inline(always)]
    fn take(&mut self, bytes: &[u8], base: usize, masks: &Masks, resume: &mut usize) {
        self.non_ascii |= masks.high != 0;
        let mut delimiters = masks.field | masks.inner;
        let mut lines = masks.line;
        while lines != 0 {
            let bit = lines.trailing_zeros();
            let before = delimiters & ((1 << bit) - 1);
            self.take_delimiters(base, before, masks.field);
            self.line_end(bytes, base + bit as usize, resume);
            delimiters &= !before;
            lines &= lines - 1;
        }
        self.take_delimiters(base, delimiters, masks.field);
    }

    /// Note the delimiters whose bits are set. Both lists are written at every delimiter and only
    /// the right one grows: a branch here would be mispredicted every other time.
    #[inline(always)]
    fn take_delimiters(&mut self, base: usize, mut delimiters: u64, fields: u64) {
        if delimiters == 0 {
            return;
        }
        self.reserve_block();
        let (slots, slots_before) = room(&mut self.slots, self.slot_count);
        let (marks, marks_before) = room(&mut self.marks, self.mark_count);
        let (mut slot_count, mut mark_count) = (0, 0);
        while delimiters != 0 {
            let bit = delimiters.trailing_zeros();
            delimiters &= delimiters - 1;
            let at = base as u32 + bit;
            let field = (fields >> bit & 1) as usize;
            marks[mark_count % BLOCK] = at;
            mark_count += 1 - field;
            slots[slot_count % BLOCK] =
                Slot { start: at + 1, first_mark: (marks_before + mark_count) as u32 };
            slot_count += field;
        }
        self.slot_count = slots_before + slot_count;
        self.mark_count = marks_before + mark_count;
    }

    /// Room for a block's delimiters, a segment's name and the sentinel.
    #[inline]
    fn reserve_block(&mut self) {
        let (slots, marks) = (self.slot_count + BLOCK + 2, self.mark_count + BLOCK + 2);
        if self.slots.len() < slots {
            self.slots.resize(slots.next_power_of_two(), Slot::default());
        }
        if self.marks.len() < marks {
            self.marks.resize(marks.next_power_of_two(), 0);
        }
    }

    /// A CR or LF at `at`: the end of a segment when a segment or nothing follows, else text.
    fn line_end(&mut self, bytes: &[u8], at: usize, resume: &mut usize) {
        if at < *resume {
            return;
        }
        // The way it should be, and nearly always is: CR, name, separator.
        if let Some(&[b'\r', a @ b'A'..=b'Z', b, c, separator]) = bytes[at..].first_chunk::<5>()
            && separator == self.delimiters.field
            && (b.is_ascii_uppercase() || b.is_ascii_digit())
            && (c.is_ascii_uppercase() || c.is_ascii_digit())
        {
            self.lines.cr.note(at);
            self.close(at, at + 1);
            self.open([a, b, c], at + 1);
            return;
        }
        let run = bytes[at..].iter().position(|b| *b > b' ').map_or(&bytes[at..], |n| &bytes[at..at + n]);
        let next = at + run.len();
        *resume = next;
        if next < bytes.len() {
            let main = self.lines.is_main(run);
            let Some(name) = segment_name(&bytes[next..], self.delimiters.field, main) else {
                self.lines.continued.note(at);
                return;
            };
            self.lines.segment_end(run, at, true);
            if bytes[next..next + 3] != name {
                self.lines.lower_case.note(next);
            }
            self.close(at, next);
            self.open(name, next);
        } else {
            self.lines.segment_end(run, at, false);
            self.close(at, next);
        }
    }

    #[inline]
    fn open(&mut self, name: [u8; 3], start: usize) {
        self.reserve_block();
        self.slots[self.slot_count] = Slot { start: start as u32, first_mark: self.mark_count as u32 };
        self.segments.push(Segment {
            name,
            start: start as u32,
            end: OPEN,
            next: OPEN,
            first_slot: self.slot_count as u32,
            slot_count: 0,
        });
        self.slot_count += 1;
    }

    #[inline]
    fn close(&mut self, end: usize, next: usize) {
        if let Some(segment) = self.segments.last_mut() {
            segment.end = end as u32;
            segment.next = next as u32;
            segment.slot_count = self.slot_count as u32 - segment.first_slot;
        }
    }
}

/// The next [`BLOCK`] places of a list that has them, and how many come before.
#[inline]
fn room<T>(list: &mut [T], count: usize) -> (&mut [T; BLOCK], usize) {
    let room = list[count..].first_chunk_mut().expect("reserve_block made room for a block");
    (room, count)
}

/// Marks a segment whose end has not been seen.
const OPEN: u32 = u32::MAX;

/// The name of the segment that begins here, if one does, in upper case. A name without a separator
/// counts only after the message's usual line end (`main`), because a short word on a line of text
/// looks alike; so does a name in lower case, and only with a separator.
pub(crate) fn segment_name(rest: &[u8], field: u8, main: bool) -> Option<[u8; 3]> {
    let mut name: [u8; 3] = rest.get(..3)?.try_into().ok()?;
    let lower_case = name.iter().any(u8::is_ascii_lowercase);
    name.make_ascii_uppercase();
    if !(name[0].is_ascii_uppercase() && name[1..].iter().all(u8::is_ascii_alphanumeric)) {
        return None;
    }
    match rest.get(3) {
        Some(byte) if *byte == field && (main || !lower_case) => Some(name),
        Some(b'\r' | b'\n') | None if main && !lower_case => Some(name),
        // A second message in the same payload may bring its own delimiters.
        Some(byte) if rest.starts_with(b"MSH") && crate::delimiters::can_delimit(*byte) => Some(name),
        _ => None,
    }
}

/// Offset of the first line end in `value` that would end a segment if it stood in a field.
pub(crate) fn segment_break(value: &[u8], field: u8) -> Option<usize> {
    let mut rest = 0;
    while let Some(found) = memchr::memchr2(b'\r', b'\n', &value[rest..]) {
        let at = rest + found;
        let next = value[at..].iter().position(|b| *b > b' ').map(|n| at + n);
        match next {
            Some(next) if segment_name(&value[next..], field, true).is_none() => rest = next,
            _ => return Some(at),
        }
    }
    None
}

/// True when the last line of a field would be a segment if a separator followed.
pub(crate) fn ends_like_segment(value: &[u8], field: u8) -> bool {
    let Some(at) = memchr::memrchr2(b'\r', b'\n', value) else { return false };
    let start = value[at..].iter().position(|b| *b > b' ').map_or(value.len(), |n| at + n);
    let line = &value[start..];
    line.len() == 3 && segment_name(&[line, &[field]].concat(), field, true).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(text: &str) -> Index {
        let mut index = Index::new();
        index.build(text.as_bytes()).expect("a message");
        index
    }

    fn lines<'a>(text: &'a str, index: &Index) -> Vec<&'a str> {
        index.segments().iter().map(|s| &text[s.start as usize..s.end as usize]).collect()
    }

    #[test]
    fn finds_segments_with_every_line_end() {
        for end in ["\r", "\n", "\r\n"] {
            let text = format!("MSH|^~\\&|A{end}PID|1||2^^^K~3{end}PV1|1");
            let index = index(&text);
            assert_eq!(lines(&text, &index), ["MSH|^~\\&|A", "PID|1||2^^^K~3", "PV1|1"]);
            assert_eq!(index.slot_count(1), 4);
            let slot = index.slot(1, 3).expect("PID-3");
            assert_eq!(&text[slot.range], "2^^^K~3");
            assert_eq!(slot.marks.len(), 4);
            assert!(index.lines().unterminated);
        }
    }

    #[test]
    fn a_line_feed_in_text_does_not_split() {
        let text = "MSH|^~\\&|A\rOBX|1|TX|||line 1\nline 2\n\nEKG\nX|y\rNTE|1\r";
        let index = index(text);
        assert_eq!(index.segments().len(), 3);
        assert_eq!(lines(text, &index)[2], "NTE|1");
        assert_eq!(index.lines().continued.count, 3);
    }

    #[test]
    fn blank_lines_spaces_and_control_characters_lie_between() {
        let text = "MSH|^~\\&|A\r\n\r\n  PID|1\rPV1\r\u{1c}\r";
        let index = index(text);
        assert_eq!(lines(text, &index), ["MSH|^~\\&|A", "PID|1", "PV1"]);
        assert_eq!((index.lines().blank.count, index.lines().indented.count), (1, 1));
        assert_eq!(index.lines().control.count, 1);
    }

    #[test]
    fn a_name_in_lower_case_is_a_name_behind_a_usual_line_end() {
        let text = "MSH|^~\\&|A\rpid|1\rOBX|1|TX|||und\noder|2\r";
        let index = index(text);
        assert_eq!(index.segments().iter().map(|s| s.name).collect::<Vec<_>>(), [*b"MSH", *b"PID", *b"OBX"]);
        assert_eq!((index.lines().lower_case.count, index.lines().continued.count), (1, 1));
        assert_eq!(lines(text, &index)[1], "pid|1");
    }

    #[test]
    fn an_index_is_reusable() {
        let mut index = Index::new();
        index.build(b"MSH|^~\\&|A\rPID|1|2|3|4\r").expect("a message");
        index.build(b"MSH#*~\\&#A*B\rPV1#1\r").expect("a message");
        assert_eq!(index.segments().len(), 2);
        assert_eq!(index.slot_count(1), 2);
        assert_eq!(index.slot(0, 2).expect("MSH-3").marks.len(), 1);
        assert!(index.slot(1, 2).is_none() && index.slot(2, 0).is_none());
    }
}
