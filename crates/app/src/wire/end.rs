//! The ends of a channel, as a diagnosis looks at them.

use std::sync::Arc;
use std::time::Duration;

use klinke_adapters::net::Statistics;
use klinke_adapters::probe::Probe;

use super::source;
use crate::site::system::ProbeMode;

/// A source or a destination of a channel.
#[derive(Clone, Debug)]
pub struct End {
    /// The channel.
    pub channel: String,
    /// The destination's name; none for the source.
    pub destination: Option<String>,
    /// The system behind it, where the site names one.
    pub system: Option<String>,
    /// Where a destination leads.
    pub address: String,
    /// What can be asked of it.
    pub probe: Option<Arc<dyn Probe>>,
    /// What it counts.
    pub statistics: Option<Arc<Statistics>>,
    /// How far it may be probed.
    pub mode: ProbeMode,
    /// How long an answer may take.
    pub answer_limit: Option<Duration>,
    /// True for a destination within this process: there is nothing to diagnose.
    pub inside: bool,
}

impl End {
    /// A channel's source.
    pub(super) fn of_source(channel: &str, made: &source::Made) -> End {
        End {
            channel: channel.to_owned(),
            destination: None,
            system: made.from.clone(),
            address: String::new(),
            probe: made.probe.clone(),
            statistics: made.statistics.clone(),
            mode: ProbeMode::On,
            answer_limit: None,
            inside: made.adapter == "timer",
        }
    }

    /// Its name: the channel, or `channel/destination`.
    pub fn name(&self) -> String {
        match &self.destination {
            Some(destination) => format!("{}/{destination}", self.channel),
            None => self.channel.clone(),
        }
    }

    /// Whose end it is: the system, or the end itself.
    pub fn owner(&self) -> String {
        self.system.clone().unwrap_or_else(|| self.name())
    }
}
