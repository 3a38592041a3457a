//! How paths with group steps meet the message structures.

use std::ops::Range;

use super::Message;
use crate::path::GroupStep;

/// Finds groups of the message structure in a message.
pub trait GroupResolver: Send + Sync {
    /// The segment positions (from 0, end exclusive) of every group that the steps stand for, in the
    /// order of the message; empty when there is none. Steps are outermost first; a step without a
    /// number means the first group. Edits change positions, so an answer holds only until the next
    /// edit.
    fn resolve(&self, message: &Message, steps: &[GroupStep]) -> Vec<Range<usize>>;
}
