//! Limits and timeouts of what listens.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::units::{Bytes, Period, above_zero};

/// Limits and timeouts of a source. Every one of them has a default that suits a hospital's partners.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Most connections at a time; one more is closed at once. Default 64. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub connections: usize,
    /// Most bytes of one frame. Default `"100MiB"`. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub frame: Bytes,
    /// Most bytes that all connections together hold in memory, one frame in progress aside: above it
    /// they read no further. Default `"256MiB"`. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub memory: Bytes,
    /// Longest time for the TLS handshake and a PROXY header. Default `"10s"`. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub handshake: Period,
    /// Longest time from the connection to its first byte. Default `"1d"`. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub first_byte: Period,
    /// Longest silence inside a frame. Default `"30s"`. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub in_frame: Period,
    /// Longest time from a frame's first byte to its last, however steadily it trickles; the time in which
    /// we read nothing does not count. Default `"30m"`. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub whole_frame: Period,
    /// Longest silence between frames; the system's keep-alive finds dead partners much earlier. Default
    /// `"1d"`. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub idle: Period,
    /// Longest time until the channel says what became of a frame; after it the connection is closed
    /// without an answer. Default `"2m"`. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub answer: Period,
    /// Longest time for the partner to take an answer. Default `"30s"`. Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub write: Period,
    /// How long a source stops reading when the channel has no room, before it reads on and refuses in
    /// its protocol's own way. Default `"1s"`. Since 0.1.
    pub pressure: Period,
    /// After how long a silence the system asks whether the partner is still there. Default `"60s"`.
    /// Since 0.1.
    #[serde(deserialize_with = "above_zero")]
    pub keep_alive: Period,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: 64,
            frame: Bytes::mib(100),
            memory: Bytes::mib(256),
            handshake: Period::seconds(10),
            first_byte: Period::seconds(86_400),
            in_frame: Period::seconds(30),
            whole_frame: Period::seconds(1_800),
            idle: Period::seconds(86_400),
            answer: Period::seconds(120),
            write: Period::seconds(30),
            pressure: Period::seconds(1),
            keep_alive: Period::seconds(60),
        }
    }
}
