//! Groups the segments of a message as its structure says (chapter 2, "Message structure").
//!
//! Grouping never refuses and never drops: every segment has exactly one place in the [`Tree`], in the order of the
//! message. What the structure does not foresee stays in the group that is open at that point and is told by a
//! [`Note`]; Z-segments do so without a note. A group repeats when its first segment comes again. Between several
//! possible places the nearest one wins, and going on in an open group goes before opening one that is optional.
//!
//! ```
//! use klinke_hl7v2::{definitions, grouping::{self, Pick}};
//!
//! let structure = definitions::nearest("2.5").structure("ORU_R01").unwrap();
//! let tree = grouping::group(&["MSH", "PID", "OBR", "OBX", "OBR", "OBX", "NTE", "OBX"], structure);
//! assert_eq!(tree.resolve(&[("ORDER_OBSERVATION", Pick::Index(2))]), [4..8]);
//! assert_eq!(tree.resolve(&[("OBSERVATION", Pick::All)]), [3..4, 5..7, 7..8]);
//! ```

mod builder;
mod resolve;

use std::ops::Range;

use crate::definitions::Structure;

pub use resolve::Pick;

/// The segments of a message in groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// The message as a group, named by its structure.
    pub root: Node,
    /// What the structure did not foresee, in order of the segments.
    pub notes: Vec<Note>,
}

/// One occurrence of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The group's name without the structure's prefix.
    pub name: &'static str,
    /// Which occurrence within the group around it, counted from 1.
    pub repetition: usize,
    /// Positions of all its segments in the message, those of inner groups among them, counted from 0.
    pub segments: Range<usize>,
    /// Its segments and groups in the order of the message.
    pub children: Vec<Child>,
}

/// What stands in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Child {
    /// A segment by its position in the message, counted from 0.
    Segment(usize),
    /// A group.
    Group(Node),
}

/// Something that the structure does not foresee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note {
    /// The segment's position in the message, counted from 0.
    pub position: usize,
    /// What is amiss.
    pub kind: NoteKind,
}

/// What is amiss with a segment's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoteKind {
    /// The structure does not know it here; it stays in the group that was open.
    Unexpected,
    /// The structure has it, but earlier.
    OutOfOrder,
    /// The structure has it just once.
    Repeated,
    /// The group it belongs to was begun without its first segment.
    GroupStartMissing,
}

/// Groups the segments with these identifiers.
#[must_use]
pub fn group(segments: &[&str], structure: &'static Structure) -> Tree {
    let mut builder = builder::Builder::new(structure, segments);
    for (position, segment) in segments.iter().enumerate() {
        builder.add(position, segment);
    }
    builder.finish(segments.len())
}
