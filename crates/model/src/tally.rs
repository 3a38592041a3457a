//! The books: what came in, and where all of it is.

use crate::{ChannelId, DestinationId};

/// One channel's account. It balances when [`ChannelTally::balances`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelTally {
    /// Whose.
    pub channel: ChannelId,
    /// Envelopes accepted.
    pub received: u64,
    /// Of these: a step filtered them, or no destination wanted them.
    pub filtered: u64,
    /// Of these: a step failed on them; kept, a person can run them again.
    pub failed: u64,
    /// Of these: the steps made at least one delivery of them.
    pub routed: u64,
    /// Of these: kept, the steps have not run yet.
    pub unrouted: u64,
}

impl ChannelTally {
    /// True when every envelope received is accounted for.
    pub fn balances(&self) -> bool {
        self.received == self.filtered + self.failed + self.routed + self.unrouted
    }
}

/// One destination's account. It balances when [`DestinationTally::balances`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DestinationTally {
    /// Whose.
    pub destination: DestinationId,
    /// Deliveries made for it.
    pub queued: u64,
    /// Of these: accepted by the partner.
    pub delivered: u64,
    /// Of these: given up and kept.
    pub dead: u64,
    /// Of these: given up on purpose.
    pub dropped: u64,
    /// Of these: still in their lanes.
    pub waiting: u64,
}

impl DestinationTally {
    /// True when every delivery is accounted for.
    pub fn balances(&self) -> bool {
        self.queued == self.delivered + self.dead + self.dropped + self.waiting
    }
}
