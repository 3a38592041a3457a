//! The body of a request as it comes; who sends too slowly is cut off.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout};

use super::super::fault::{Fault, Result};

/// The least that has to come in a second, on the average.
const RATE_BYTES_MIN: u64 = 1 << 10;

/// A body.
pub(in crate::dicomweb) struct Body {
    incoming: Incoming,
    silence: Duration,
    began: Instant,
    /// Time in which we did not read.
    idle: Duration,
    came: u64,
}

impl Body {
    pub fn new(incoming: Incoming, silence: Duration) -> Self {
        Body { incoming, silence, began: Instant::now(), idle: Duration::ZERO, came: 0 }
    }

    /// The next bytes; nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        let slow = || Fault::new(StatusCode::REQUEST_TIMEOUT, "the body came too slowly");
        loop {
            let asked = Instant::now();
            let frame = timeout(self.silence, self.incoming.frame()).await.map_err(|_| slow())?;
            let waited = asked.elapsed();
            let Some(frame) = frame else { return Ok(None) };
            let frame = frame.map_err(|_| Fault::bad("the body is broken off"))?;
            self.idle += waited;
            let Ok(data) = frame.into_data() else { continue };
            self.came += data.len() as u64;
            let allowed = self.silence + Duration::from_secs(self.came / RATE_BYTES_MIN);
            // Only the time in which we waited for the sender counts.
            if self.idle > allowed {
                return Err(slow());
            }
            if !data.is_empty() {
                return Ok(Some(data));
            }
        }
    }

    /// The whole body, up to a limit.
    pub async fn whole(mut self, limit: usize) -> Result<Bytes> {
        let mut all = Vec::new();
        while let Some(piece) = self.next().await? {
            if all.len() + piece.len() > limit {
                return Err(too_large(limit));
            }
            all.extend_from_slice(&piece);
        }
        Ok(all.into())
    }

    /// How much came.
    pub fn came(&self) -> (u64, Duration) {
        (self.came, self.began.elapsed())
    }
}

pub(in crate::dicomweb) fn too_large(limit: usize) -> Fault {
    Fault::new(StatusCode::PAYLOAD_TOO_LARGE, format!("at most {} are taken", crate::units::Bytes(limit)))
}
