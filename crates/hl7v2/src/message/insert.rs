//! Inserting, deleting, moving, renaming and renumbering segments. The header segment stays first.

use super::Message;
use super::overlay::{Entry, Overlay, Own, OwnSlot};
use super::view::is_header;
use crate::path::Path;
use crate::{Error, index};

/// Where a segment goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Behind the last segment.
    End,
    /// Before the segment at this position, from 0; never before the header.
    Before(usize),
    /// Behind the segment at this position, from 0.
    After(usize),
}

impl Message {
    /// Insert a segment, given as its bytes without terminator (`NTE|1||text`) or as its bare name;
    /// gives its position. The bytes are written with this message's delimiters and character set.
    pub fn insert_segment(&mut self, at: At, segment: &[u8]) -> Result<usize, Error> {
        self.check_faithful()?;
        let field = self.delimiters().field;
        let name = index::segment_name(segment, field, true)
            .filter(|name| !is_header(*name) && segment.starts_with(name));
        let Some(name) = name else { return Err(Error::NotASegment { offset: 0 }) };
        if let Some(offset) = index::segment_break(segment, field) {
            return Err(Error::NotASegment { offset });
        }
        if self.wire.is_some() {
            std::str::from_utf8(segment).map_err(|e| Error::NotASegment { offset: e.valid_up_to() })?;
        }
        let position = self.position_at(at)?;
        let delimiters = *self.delimiters();
        let slot = |bytes: &[u8]| OwnSlot::new(bytes.to_vec(), &delimiters);
        let mut slots: Vec<OwnSlot> = segment.split(|b| *b == field).map(slot).collect();
        if slots.len() == 1 {
            // With its separator a bare name can't be taken for a short word on a line of text.
            slots.push(slot(b""));
        }
        self.overlay_mut()
            .order
            .insert(position, Entry::Own(Box::new(Own { name, slots, terminator: None })));
        Ok(position)
    }

    /// Delete the segment at a position, from 0. The header can't be deleted.
    pub fn delete_segment(&mut self, position: usize) -> Result<(), Error> {
        self.check_position(position)?;
        self.overlay_mut().order.remove(position);
        Ok(())
    }

    /// Delete all segments that a path stands for (`NTE`, `OBX[*]`, `OBX[3.1=GLU]`); gives how many.
    pub fn delete_segments(&mut self, path: &Path) -> Result<usize, Error> {
        if path.field.is_some() {
            let place = super::edit::place_of_path(path);
            return Err(Error::NotEditable { place, reason: "a path to segments is needed, not to a field" });
        }
        let positions = self.positions(path);
        for position in &positions {
            self.check_position(*position)?;
        }
        if let (Some(_), true) = (positions.first(), self.segment_count() > 0) {
            let mut position = 0;
            let mut gone = positions.iter().copied().peekable();
            self.overlay_mut().order.retain(|_| {
                let delete = gone.next_if(|next| *next == position).is_some();
                position += 1;
                !delete
            });
        }
        Ok(positions.len())
    }

    /// Move the segment at position `from` so that it stands at position `to`.
    pub fn move_segment(&mut self, from: usize, to: usize) -> Result<(), Error> {
        self.check_position(from)?;
        self.check_position(to)?;
        if from != to {
            let order = &mut self.overlay_mut().order;
            let entry = order.remove(from);
            order.insert(to, entry);
        }
        Ok(())
    }

    /// Give the segment at a position another name; its fields stay.
    pub fn set_segment_name(&mut self, position: usize, name: &str) -> Result<(), Error> {
        self.check_position(position)?;
        let field = self.delimiters().field;
        let sound =
            index::segment_name(name.as_bytes(), field, true).filter(|n| name.len() == 3 && !is_header(*n));
        let Some(bytes) = sound else { return Err(Error::NotASegment { offset: 0 }) };
        if self.segment(position).is_some_and(|s| s.name_bytes() == bytes) {
            return Ok(());
        }
        let delimiters = *self.delimiters();
        let segments = self.segment_count();
        let overlay = self.overlay.get_or_insert_with(|| Overlay::new(segments));
        if let Some(own) = overlay.own(position, &self.index) {
            own.name = bytes;
            own.slots[0] = OwnSlot::new(name.as_bytes().to_vec(), &delimiters);
        }
        Ok(())
    }

    /// Write 1, 2, 3 … to field 1 of every segment of a name. OBX begins anew behind each OBR, NTE
    /// behind each segment that is no NTE; everything else counts through, except that each MSH
    /// begins anew. Gives how many segments were numbered.
    pub fn renumber_set_ids(&mut self, name: &str) -> Result<usize, Error> {
        let restart: &[&str] = match name {
            "OBX" => &["OBR", "MSH"],
            _ => &["MSH"],
        };
        self.renumber_set_ids_within(name, restart)
    }

    /// The same with the names of the segments behind which counting begins anew.
    pub fn renumber_set_ids_within(&mut self, name: &str, restart: &[&str]) -> Result<usize, Error> {
        self.check_faithful()?;
        let wanted: [u8; 3] = name.as_bytes().try_into().map_err(|_| Error::NotASegment { offset: 0 })?;
        if is_header(wanted) {
            return Err(Error::DelimitersGuarded { place: crate::Place::segment(wanted, 1).field(1) });
        }
        let (mut number, mut count) = (0, 0);
        for position in 0..self.segment_count() {
            let Some(segment) = self.segment(position) else { break };
            if segment.name_bytes() != wanted {
                if restart.contains(&segment.name()) || name == "NTE" {
                    number = 0;
                }
                continue;
            }
            number += 1;
            count += 1;
            let bytes = number.to_string().into_bytes();
            if segment.field(1).is_none_or(|field| field.raw() != bytes) {
                self.put(position, 1, bytes)?;
            }
        }
        Ok(count)
    }

    /// Insert a segment that has nothing but its name.
    pub(super) fn insert_named(&mut self, position: usize, name: [u8; 3]) -> Result<usize, Error> {
        let at = if position >= self.segment_count() { At::End } else { At::Before(position) };
        self.insert_segment(at, &name)
    }

    fn position_at(&self, at: At) -> Result<usize, Error> {
        let count = self.segment_count();
        let position = match at {
            At::End => count,
            At::Before(position) => position,
            At::After(position) => position.saturating_add(1),
        };
        if position == 0 {
            return Err(Error::NotEditable {
                place: self.place_of(0),
                reason: "nothing can stand before the header segment",
            });
        }
        if position > count { Err(Error::NoSuchSegment { position, count }) } else { Ok(position) }
    }

    /// A position that is not the header's.
    fn check_position(&self, position: usize) -> Result<(), Error> {
        self.check_faithful()?;
        let count = self.segment_count();
        if position >= count {
            return Err(Error::NoSuchSegment { position, count });
        }
        if position == 0 {
            let reason = "the header segment can't be deleted, moved or renamed";
            return Err(Error::NotEditable { place: self.place_of(0), reason });
        }
        Ok(())
    }

    fn overlay_mut(&mut self) -> &mut Overlay {
        let segments = self.segment_count();
        self.overlay.get_or_insert_with(|| Overlay::new(segments))
    }
}
