//! One try of a delivery.

use crate::{Payload, Timestamp};

/// One try of a delivery, with what came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// 1 for the first.
    pub number: u32,
    /// When sending began.
    pub started: Timestamp,
    /// When the answer was there, or the try was given up.
    pub ended: Timestamp,
    /// True when an earlier try may have reached the partner without our learning of it.
    pub repeat: bool,
    /// The answer's bytes, if any came.
    pub answer: Option<Payload>,
    /// A short stable word for what came back: the partner's code (`AA`, `AE`, `200`) or what went
    /// wrong (`refused`, `timeout`, `reset`).
    pub code: String,
    /// One sentence without patient data.
    pub text: String,
    /// What it meant.
    pub result: AttemptResult,
}

/// What an attempt meant for its delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptResult {
    /// The partner accepted it.
    Delivered,
    /// Tried again, not before the time.
    Retry(Timestamp),
    /// Given up and kept.
    Dead,
    /// Given up on purpose.
    Dropped,
    /// Stays in its lane, and the lane stands until a person decides.
    Held,
}

impl AttemptResult {
    /// A stable word for stores and JSON.
    pub fn name(self) -> &'static str {
        match self {
            AttemptResult::Delivered => "delivered",
            AttemptResult::Retry(_) => "retry",
            AttemptResult::Dead => "dead",
            AttemptResult::Dropped => "dropped",
            AttemptResult::Held => "held",
        }
    }
}
