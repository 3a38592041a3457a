//! Where in a message something is.

use std::fmt;

/// A place in a message, as exact as it is known. Numbers count from 1 as in the standard, except
/// `offset`; 0 stands for "not this level".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// Segment name, three bytes; all zero where the place is the whole message.
    pub segment: [u8; 3],
    /// Which segment of that name, from 1.
    pub occurrence: u32,
    /// Field, from 1.
    pub field: u16,
    /// Repetition, from 1.
    pub repetition: u32,
    /// Component, from 1.
    pub component: u16,
    /// Subcomponent, from 1.
    pub subcomponent: u16,
    /// Offset in bytes from the start of the payload, where it is known.
    pub offset: Option<usize>,
}

impl Place {
    /// The message as a whole.
    pub fn message() -> Self {
        Self::default()
    }

    /// A byte of the payload.
    pub fn byte(offset: usize) -> Self {
        Self { offset: Some(offset), ..Self::default() }
    }

    /// A segment.
    pub fn segment(name: [u8; 3], occurrence: usize) -> Self {
        Self { segment: name, occurrence: clamp32(occurrence), ..Self::default() }
    }

    /// The same segment, narrowed to a field.
    #[must_use]
    pub fn field(mut self, field: usize) -> Self {
        self.field = clamp16(field);
        self
    }

    /// The same field, narrowed to a repetition.
    #[must_use]
    pub fn repetition(mut self, repetition: usize) -> Self {
        self.repetition = clamp32(repetition);
        self
    }

    /// The same repetition, narrowed to a component.
    #[must_use]
    pub fn component(mut self, component: usize) -> Self {
        self.component = clamp16(component);
        self
    }

    /// The same component, narrowed to a subcomponent.
    #[must_use]
    pub fn subcomponent(mut self, subcomponent: usize) -> Self {
        self.subcomponent = clamp16(subcomponent);
        self
    }

    /// The same place with its byte offset.
    #[must_use]
    pub fn at(mut self, offset: usize) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Name of the segment as text, `None` for the whole message.
    pub fn segment_name(&self) -> Option<&str> {
        if self.segment == [0; 3] { None } else { std::str::from_utf8(&self.segment).ok() }
    }
}

/// Written like a path (`OBX[3]-5[2].1`), the byte offset behind it when nothing else is known.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(name) = self.segment_name() else {
            return match self.offset {
                Some(offset) => write!(f, "byte {offset}"),
                None => f.write_str("message"),
            };
        };
        f.write_str(name)?;
        if self.occurrence > 1 {
            write!(f, "[{}]", self.occurrence)?;
        }
        if self.field > 0 {
            write!(f, "-{}", self.field)?;
        }
        if self.repetition > 1 {
            write!(f, "[{}]", self.repetition)?;
        }
        if self.component > 0 {
            write!(f, ".{}", self.component)?;
        }
        if self.subcomponent > 0 {
            write!(f, ".{}", self.subcomponent)?;
        }
        Ok(())
    }
}

fn clamp16(value: usize) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}

fn clamp32(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_like_a_path() {
        let place = Place::segment(*b"OBX", 3).field(5).repetition(2).component(1);
        assert_eq!(place.to_string(), "OBX[3]-5[2].1");
        assert_eq!(Place::segment(*b"PID", 1).to_string(), "PID");
        assert_eq!(Place::byte(7).to_string(), "byte 7");
        assert_eq!(Place::message().to_string(), "message");
    }
}
