//! What every link over a stream does alike: connect when needed, send, wait for frames, and close the
//! connection after doubt, so that the same bytes never go twice over one connection and no late answer
//! is taken for another's.

use std::fmt;
use std::sync::Arc;

use klinke_diagnosis::facts::How;
use klinke_engine::link::Reply;
use klinke_model::Disposition;
use tokio::time::{Instant, timeout_at};

use super::dial::Way;
use super::line::Line;
use super::{Frame, Framing, Statistics};

/// Makes a framing for a fresh connection.
pub type MakeFraming = Arc<dyn Fn() -> Box<dyn Framing> + Send + Sync>;

/// A link's connection, opened when first needed.
pub struct Caller {
    way: Way,
    framing: MakeFraming,
    statistics: Arc<Statistics>,
    line: Option<Line>,
}

impl Caller {
    /// Not connected yet.
    pub fn new(way: Way, framing: MakeFraming, statistics: Arc<Statistics>) -> Self {
        Caller { way, framing, statistics, line: None }
    }

    /// Makes sure that a connection stands; true when it is a new one.
    pub async fn ready(&mut self, deadline: Instant) -> Result<bool, Reply> {
        if let Some(line) = &mut self.line
            && line.is_fit(&self.statistics).await
        {
            return Ok(false);
        }
        self.line = None;
        self.line = Some(self.open(deadline).await?);
        Ok(true)
    }

    async fn open(&mut self, deadline: Instant) -> Result<Line, Reply> {
        let opened = self.way.open(deadline).await;
        let stream = opened.map_err(|error| Reply::unreachable(error.code, error.text))?;
        self.statistics.secured(&stream);
        Ok(Line::new(stream, (self.framing)()).counted(self.statistics.opened()))
    }

    /// Sends a payload, over the kept connection if it is still good, else over a new one. The error is
    /// the reply to give.
    pub async fn send(&mut self, payload: &[u8], deadline: Instant) -> Result<(), Reply> {
        if let Some(line) = &mut self.line
            && !line.is_fit(&self.statistics).await
        {
            self.line = None;
        }
        let kept = self.line.is_some();
        match self.send_once(payload, deadline).await {
            // The partner closed the kept connection at this very moment: nothing of the payload left.
            Err(reply) if kept && reply.code == NOTHING_LEFT => self.send_once(payload, deadline).await,
            other => other,
        }
        .map_err(|reply| {
            if reply.code == NOTHING_LEFT { Reply { code: "reset".into(), ..reply } } else { reply }
        })
    }

    async fn send_once(&mut self, payload: &[u8], deadline: Instant) -> Result<(), Reply> {
        let mut line = match self.line.take() {
            Some(mut line) => {
                line.reuse();
                line
            }
            None => self.open(deadline).await?,
        };
        if let Err(error) = line.fits(payload) {
            self.line = Some(line);
            return Err(Reply::refused(error.code, error.text, None, Disposition::Dead));
        }
        match timeout_at(deadline, line.send(payload)).await {
            Ok(Ok(())) => {
                self.statistics.answered(1);
                self.statistics.sent(payload.len());
                self.line = Some(line);
                Ok(())
            }
            Ok(Err(failed)) if !failed.begun => {
                line.end(How::Reset, false, &self.statistics);
                Err(Reply::unreachable(NOTHING_LEFT, format!("the connection broke: {}", failed.error)))
            }
            Ok(Err(failed)) => {
                line.end(How::Reset, true, &self.statistics);
                let text = format!("the connection broke while sending: {}", failed.error);
                Err(Reply::unclear("reset", text, None))
            }
            Err(_) => {
                self.statistics.timed_out();
                line.end(How::TimedOut, true, &self.statistics);
                Err(Reply::unclear("timeout", "the partner did not take all bytes in time", None))
            }
        }
    }

    /// The next frame that the partner sends. After an error, which is the reply to give, the connection
    /// is closed.
    pub async fn frame(&mut self, deadline: Instant) -> Result<Frame, Reply> {
        let Some(mut line) = self.line.take() else {
            return Err(Reply::unclear("closed", "the connection is closed", None));
        };
        match timeout_at(deadline, line.frame(&self.statistics)).await {
            Ok(Ok(frame)) => {
                self.statistics.frame();
                self.line = Some(line);
                Ok(frame)
            }
            Ok(Err(error)) => {
                line.end(error.how(), true, &self.statistics);
                let (code, text) = error.told();
                Err(Reply::unclear(code, text, None))
            }
            Err(_) => {
                self.statistics.timed_out();
                line.end(How::TimedOut, true, &self.statistics);
                Err(Reply::unclear("timeout", "no answer came in time", None))
            }
        }
    }

    /// Closes the connection at once: what it would still bring is not to be taken for an answer.
    pub fn abandon(&mut self) {
        self.line = None;
    }

    /// Closes the connection in good order.
    pub async fn close(&mut self) {
        if let Some(line) = self.line.take() {
            line.close().await;
        }
    }
}

/// The code of a reply that never leaves this file.
const NOTHING_LEFT: &str = "nothing left";

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Caller({})", self.way.address())
    }
}
