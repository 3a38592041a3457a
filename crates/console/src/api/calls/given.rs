//! Parts that several calls share.

use klinke_model::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::web::Fault;

/// The longest time span that is asked for in pages: lines of a page at most.
pub const LINES_MAX: usize = 1_000;

/// Lines of a page where nothing is said.
pub fn lines() -> usize {
    50
}

/// A page of a list.
#[derive(Serialize, JsonSchema)]
pub struct Page<T> {
    /// The lines.
    pub items: Vec<T>,
    /// Where the next page begins; absent at the end.
    pub next: Option<u64>,
}

/// A time as it is sent: RFC 3339.
pub fn time(text: Option<&str>) -> Result<Option<i64>, Fault> {
    let Some(text) = text else { return Ok(None) };
    let at: jiff::Timestamp =
        text.parse().map_err(|_| Fault::unfit("a time must be RFC 3339: 2026-11-29T02:07:00Z"))?;
    Ok(Some(Timestamp(at.as_microsecond()).0))
}

/// A lane or destination that was acted on.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code, reason = "describes what the house answers")]
pub struct Touched {
    /// The destination, `channel/name`.
    pub destination: String,
    /// How many holds or deliveries changed.
    pub touched: u64,
}

/// Messages that were sent.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code, reason = "describes what the house answers")]
pub struct Sent {
    /// The numbers of the new messages.
    pub envelopes: Vec<u64>,
}

/// A reason on one line.
pub fn said(reason: &str) -> Result<String, Fault> {
    let line: String = reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match line.trim() {
        "" => Err(Fault::unfit("/reason: must be more than blanks")),
        line => Ok(line.to_owned()),
    }
}
