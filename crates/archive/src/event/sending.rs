//! What channels have taken of the archive and not all of their partners have acknowledged: a rule of retention can wait for that.
//!
//! It is kept for the channels of [`crate::Options::sent`] alone. An instance that a channel was told before it was among them counts
//! as not sent: nobody knows.

use klinke_model::Timestamp;

use super::Kind;
use crate::archive::Archive;
use crate::error::Result;

/// An envelope that a channel has made of an instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sending {
    /// The channel.
    pub channel: String,
    /// The number of the envelope; 0 where it was kept and can't be sent.
    pub envelope: u64,
    /// Study Instance UID.
    pub study: String,
}

impl Archive {
    /// As [`Archive::heard`]; and what the channel has taken is owed until [`Archive::sent`], in the same commit.
    pub fn handed_on(&self, sending: Sending, position: u64, now: Timestamp) -> Result<()> {
        let tracked = self.shared.options.sent.contains(&sending.channel);
        match tracked {
            true => self.shared.index.handed_on(sending, position, now),
            false => self.heard(&sending.channel, Kind::Instance, position, now),
        }
    }

    /// What is owed, behind one of it, in order.
    pub fn sending(&self, after: Option<&Sending>, limit: usize) -> Result<Vec<Sending>> {
        self.shared.index.sending(after, limit)
    }

    /// These are acknowledged, or not to be sent.
    pub fn sent(&self, all: Vec<Sending>) -> Result<()> {
        if all.is_empty() { Ok(()) } else { self.shared.index.sent(all) }
    }

    /// Whether a channel has still to send something of a study, or nobody knows that it has.
    pub fn is_unsent(&self, study: &str, channel: &str) -> Result<bool> {
        self.shared.index.is_unsent(study, channel)
    }
}
