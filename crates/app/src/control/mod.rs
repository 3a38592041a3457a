//! The tools' side of a site: questions and wishes, answered by a running `serve` over a local socket,
//! or from the store itself when nothing serves.

pub mod answer;
pub mod find;
pub mod request;
pub mod settle;
pub mod show;
pub mod socket;
pub mod status;
pub mod view;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes as base64, as JSON carries them.
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The inverse of [`encode`].
pub fn decode(text: &str) -> anyhow::Result<Vec<u8>> {
    Ok(STANDARD.decode(text)?)
}
