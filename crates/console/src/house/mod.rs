//! What is asked of a site, and what it answers, in the shape of the tools' `--json`.

pub mod door;
pub mod request;
pub mod view;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes as base64, as JSON carries them.
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The inverse of [`encode`].
pub fn decode(text: &str) -> Result<Vec<u8>, base64::DecodeError> {
    STANDARD.decode(text)
}
