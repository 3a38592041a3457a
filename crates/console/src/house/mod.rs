//! What is asked of a site, and what it answers, in the shape of the tools' `--json`.
//!
//! [`House`] is the one door: pages, API and tools ask the same [`Request`]s. Who answers is the program.

pub mod alerts;
pub mod alter;
pub mod archive;
pub mod canary;
pub mod deploy;
pub mod door;
pub mod history;
pub mod images;
pub mod migrate;
pub mod reading;
pub mod replay;
pub mod request;
pub mod rhythm;
pub mod shadow;
pub mod site;
pub mod trial;
pub mod view;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;

use crate::people::Actor;
pub use door::Refused;
use request::Request;

/// Answers what pages and API ask.
pub trait House: Send + Sync + 'static {
    /// Answers one request for somebody. Blocks while the store is read: call it where blocking is allowed.
    fn ask(&self, who: &Asker, request: Request) -> Result<serde_json::Value, Refused>;

    /// True when the store writes and no channel refuses what comes.
    fn ready(&self) -> bool;

    /// Books and lanes in the text form of Prometheus. Blocks.
    fn metrics(&self) -> Result<String, Refused> {
        Err(Refused::Failed("there are no metrics here".to_owned()))
    }

    /// True when there is an archive of images.
    fn has_archive(&self) -> bool {
        false
    }

    /// True when there is an old archive that is taken over.
    fn has_migrations(&self) -> bool {
        false
    }

    /// What the link of an alert is about, and with `act` does that; nothing when it is worth nothing.
    /// Whoever has the link may: it was sent to one person.
    fn redeem(&self, token: &str, act: Option<alerts::LinkAct>) -> Option<alerts::Redeemed> {
        let _ = (token, act);
        None
    }
}

/// Who asks, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// Who, from where, and what they may do.
    pub actor: Actor,
    /// What for, in their words.
    pub purpose: Option<String>,
}

/// Asks, and reads the answer in its shape.
pub fn ask<T: DeserializeOwned>(house: &dyn House, who: &Asker, request: Request) -> Result<T, Refused> {
    let value = house.ask(who, request)?;
    serde_json::from_value(value)
        .map_err(|error| Refused::Failed(format!("the answer has another shape: {error}")))
}

/// Bytes as base64, as JSON carries them.
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The inverse of [`encode`].
pub fn decode(text: &str) -> Result<Vec<u8>, base64::DecodeError> {
    STANDARD.decode(text)
}
