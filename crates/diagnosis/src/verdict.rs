//! What a diagnosis says: whose fault it is, and on which rung it broke.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Cable, switch, firewall, power: hardware.
    Line,
    /// The partner's or our own service or driver.
    Software,
    /// A human: wrong port, name, certificate, table, rule.
    Setup,
    /// One message.
    Data,
    /// Nothing is wrong.
    None,
}

/// The rung of the ladder on which it broke, from the wire up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// The name is resolved.
    Name,
    /// The way to the host: interface, gateway, neighbour.
    Route,
    /// A connection is made.
    Tcp,
    /// The connection is secured.
    Tls,
    /// What answers there speaks the protocol.
    Protocol,
    /// What the partner answers.
    Answer,
    /// What is in the messages.
    Content,
    /// Lanes that stand.
    Queue,
    /// This machine and this program.
    #[serde(rename = "self")]
    Own,
    /// A partner of whom nothing comes.
    Silence,
}
