//! What is done to messages, lanes and deliveries.

use schemars::JsonSchema;
use serde::Deserialize;

use super::given::{Sent, Touched, lines, said};
use crate::api::call::Plain;
use crate::house::request::{Request, Settle};
use crate::house::view::{DeliveryView, LaneView};
use crate::web::Fault;

/// Which messages.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resend {
    /// Their numbers.
    #[schemars(length(min = 1, max = 100), inner(range(min = 1, max = 9_007_199_254_740_991_u64)))]
    envelopes: Vec<u64>,
    /// Into another channel than their own.
    #[schemars(length(min = 1, max = 100))]
    channel: Option<String>,
    /// Why; no patient data.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

impl Plain for Resend {
    type Answer = Sent;

    fn request(self) -> Result<Request, Fault> {
        let reason = Some(said(&self.reason)?);
        Ok(Request::Resend { envelopes: self.envelopes, channel: self.channel, reason })
    }
}

/// Changed bytes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The message that was changed.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    id: u64,
    /// The new bytes, base64: what `alter` answers with.
    #[schemars(length(min = 4, max = 400_000))]
    payload: String,
    /// Why; no patient data.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

impl Plain for Edit {
    type Answer = Sent;

    fn request(self) -> Result<Request, Fault> {
        crate::house::decode(&self.payload).map_err(|_| Fault::unfit("/payload: must be base64"))?;
        let reason = Some(said(&self.reason)?);
        Ok(Request::Edit { id: self.id, payload: self.payload, reason })
    }
}

/// Which lanes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Queues {
    /// `channel` or `channel/destination`; all when absent.
    #[schemars(length(min = 1, max = 200))]
    place: Option<String>,
    /// Lanes of a destination at most.
    #[serde(default = "lines")]
    #[schemars(range(min = 1, max = 1_000))]
    limit: usize,
}

impl Plain for Queues {
    type Answer = Vec<LaneView>;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Queue { place: self.place, limit: self.limit })
    }
}

/// Which deliveries.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dead {
    /// `channel` or `channel/destination`; all when absent.
    #[schemars(length(min = 1, max = 200))]
    place: Option<String>,
    /// Deliveries of a destination at most.
    #[serde(default = "lines")]
    #[schemars(range(min = 1, max = 1_000))]
    limit: usize,
}

impl Plain for Dead {
    type Answer = Vec<DeliveryView>;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Dead { place: self.place, limit: self.limit })
    }
}

/// What is stopped.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// `channel/destination`.
    #[schemars(length(min = 1, max = 200))]
    place: String,
    /// Which lane; the whole destination when absent.
    #[schemars(length(max = 500))]
    lane: Option<String>,
    /// Why; no patient data.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

impl Plain for Hold {
    type Answer = Touched;

    fn request(self) -> Result<Request, Fault> {
        let reason = Some(said(&self.reason)?);
        Ok(Request::Hold { place: self.place, lane: self.lane, reason })
    }
}

/// What goes on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// `channel/destination`.
    #[schemars(length(min = 1, max = 200))]
    place: String,
    /// Which lane; the whole destination when absent.
    #[schemars(length(max = 500))]
    lane: Option<String>,
}

impl Plain for Release {
    type Answer = Touched;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Hold { place: self.place, lane: self.lane, reason: None })
    }
}

/// What is stopped, and why.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StopChannel {
    /// The channel.
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// Why; no patient data.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

impl Plain for StopChannel {
    type Answer = ChannelRuns;

    fn request(self) -> Result<Request, Fault> {
        let reason = Some(said(&self.reason)?);
        Ok(Request::Halt { channel: self.name, reason, who: String::new() })
    }
}

/// What runs again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StartChannel {
    /// The channel.
    #[schemars(length(min = 1, max = 100))]
    name: String,
}

impl Plain for StartChannel {
    type Answer = ChannelRuns;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Halt { channel: self.name, reason: None, who: String::new() })
    }
}

/// A channel that was stopped or started.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code, reason = "describes what the house answers")]
pub struct ChannelRuns {
    /// The channel.
    channel: String,
    /// True when it runs now.
    runs: bool,
}

/// Which deliveries, and what is done to them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettleThem {
    /// What is done.
    what: Settle,
    /// `channel/destination`.
    #[schemars(length(min = 1, max = 200))]
    place: String,
    /// The numbers of their messages.
    #[schemars(length(min = 1, max = 1_000), inner(range(min = 1, max = 9_007_199_254_740_991_u64)))]
    envelopes: Vec<u64>,
    /// Why; no patient data.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

impl Plain for SettleThem {
    type Answer = Touched;

    fn request(self) -> Result<Request, Fault> {
        let reason = said(&self.reason)?;
        Ok(Request::Settle { what: self.what, place: self.place, envelopes: self.envelopes, reason })
    }
}
