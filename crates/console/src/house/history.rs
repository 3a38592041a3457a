//! What was measured in the last hours, by minute.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Minutes that are remembered.
pub const MINUTES_MAX: usize = 24 * 60;

/// What was measured of one channel, or of the whole site.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct History {
    /// When the first minute begins, seconds since 1970.
    pub begins: i64,
    /// Minutes in order, without gaps; the last one is not over.
    pub minutes: Vec<Minute>,
}

/// One minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Minute {
    /// Envelopes accepted in it.
    pub received: u32,
    /// Deliveries accepted by partners in it.
    pub delivered: u32,
    /// Deliveries that wait at its end.
    pub waiting: u32,
    /// Mean time of an answer in it, in milliseconds; 0 when there was none.
    pub answer_millis: f32,
}

impl Minute {
    /// Takes in the same minute of another channel.
    pub fn add(&mut self, other: &Minute) {
        let answered = f64::from(self.delivered) + f64::from(other.delivered);
        if answered > 0.0 {
            let sum = f64::from(self.answer_millis) * f64::from(self.delivered)
                + f64::from(other.answer_millis) * f64::from(other.delivered);
            self.answer_millis = (sum / answered) as f32;
        }
        self.received += other.received;
        self.delivered += other.delivered;
        self.waiting += other.waiting;
    }
}
