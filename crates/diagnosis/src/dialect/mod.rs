//! A partner's dialect: what its messages are like, learned from messages and kept as data.
//!
//! This module knows no format. A format turns a message into an [`Outline`]; the [`Learner`] takes
//! outlines one by one, with memory that has a limit whatever a partner sends, and gives a [`Dialect`];
//! [`compare`] says what a further message has that the dialect has not; [`synthesise`] makes outlines of
//! invented messages from a dialect.
//!
//! **Patient data.** A dialect can be handed to the vendor. A value is kept only where the outline says
//! that the place holds a code, and only when the code stands in the place's table or came with at least
//! [`SUBJECTS_MIN`] different patients, and looks like a code. Of all else a shape is kept: `A9999`,
//! `99999999`, `Xxxxx`. When in doubt, a shape.

mod compare;
mod data;
mod learn;
mod outline;
mod place;
mod random;
mod shape;
mod synthesise;

pub use compare::{Kind, Novelty, compare};
pub use data::{Dialect, Event, Field, Identifier, Part, Segment, SegmentUse};
pub use learn::{Learner, SUBJECTS_MIN};
pub use outline::{Content, FieldOutline, IdentifierOutline, Leaf, Outline, SegmentOutline, Table};
pub use place::Place;
pub use shape::{date_form, looks_like_a_code, shape};
pub use synthesise::synthesise;

#[cfg(test)]
mod tests;
