//! One connection of a destination: kept open, checked before use, closed after doubt.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use klinke_diagnosis::Speech;
use klinke_diagnosis::facts::{Ended, How};
use klinke_diagnosis::speech::recognise;
use klinke_model::Timestamp;
use tokio::time::Instant;

use super::statistics::OpenShared;
use super::stream::Look;
use super::{Frame, FrameKind, Framing, FramingError, Statistics, Stream, kernel};

/// Payloads up to this size are copied together with their frame into one write.
const TOGETHER_BYTES_MAX: usize = 256 << 10;
/// The first size of the buffer that is read into, and its largest.
const SCRATCH_BYTES: (usize, usize) = (4 << 10, 64 << 10);

/// A connection with its framing.
pub struct Line {
    stream: Stream,
    framing: Box<dyn Framing>,
    scratch: Vec<u8>,
    out: Vec<u8>,
    /// The framing was told of the silence.
    quiet: bool,
    /// The partner has closed; inside a frame or not.
    ended: bool,
    cut: bool,
    life: Life,
    _open: Option<OpenShared>,
}

/// What is remembered of a connection beside its bytes.
struct Life {
    since: Instant,
    /// When something was sent or came.
    touched: Instant,
    /// The silence before the parcel that is under way, while its fate is open.
    idle: Option<Duration>,
    /// Frames that came.
    frames: u64,
    /// The first bytes that came.
    first: Vec<u8>,
}

/// How many bytes tell who speaks.
const FIRST_BYTES: usize = 64;

/// Why a payload could not be sent.
#[derive(Debug)]
pub struct SendError {
    /// True when a part of it had left already.
    pub begun: bool,
    /// What the system reported.
    pub error: io::Error,
}

/// Why no frame came.
#[derive(Debug)]
pub enum LineError {
    /// The partner closed the connection; with the beginning of a frame or without.
    Closed {
        /// True when a frame had begun.
        in_frame: bool,
    },
    /// The system reported this.
    Broken(io::Error),
    /// What came can't be followed.
    Framing(FramingError),
}

impl Line {
    /// Over a fresh connection.
    pub fn new(stream: Stream, framing: Box<dyn Framing>) -> Self {
        let now = Instant::now();
        Line {
            stream,
            framing,
            scratch: scratch(),
            out: Vec::new(),
            quiet: false,
            ended: false,
            cut: false,
            life: Life { since: now, touched: now, idle: None, frames: 0, first: Vec::new() },
            _open: None,
        }
    }

    /// Counts as open in `statistics` as long as it lives.
    pub(crate) fn counted(mut self, open: OpenShared) -> Self {
        self._open = Some(open);
        self
    }

    /// A parcel goes over this connection although it was kept: whether it still carries, the next frame
    /// shows.
    pub(crate) fn reuse(&mut self) {
        self.life.idle = Some(self.life.touched.elapsed());
    }

    /// Notes that the connection ended, and how; nothing of it is noted when we ended it.
    pub(crate) fn end(&mut self, how: How, in_work: bool, statistics: &Statistics) {
        let idle = self.life.touched.elapsed();
        if let Some(before) = self.life.idle.take() {
            statistics.reused(before, false);
        }
        if self.life.frames == 0
            && let Some(speech) = recognise(&self.life.first)
        {
            statistics.spoke(speech);
        }
        let tcp = self.stream.tcp();
        let ends = tcp.local_addr().ok().zip(tcp.peer_addr().ok());
        let known =
            ends.filter(|_| how == How::TimedOut).and_then(|(local, peer)| kernel::between(local, peer));
        statistics.ended(Ended {
            at: Timestamp::now(),
            lived: self.life.since.elapsed(),
            idle,
            frames: self.life.frames,
            in_work,
            how,
            unacknowledged: known.map(|socket| socket.unacknowledged),
            retransmits: known.map(|socket| socket.retransmits),
        });
    }

    /// What the partner said so far, where no frame has come yet.
    pub fn speech(&self) -> Option<Speech> {
        recognise(&self.life.first).filter(|_| self.life.frames == 0)
    }

    /// Keeps the first bytes, and notes that something came.
    fn heard(&mut self, from: usize, bytes: usize) {
        let room = FIRST_BYTES.saturating_sub(self.life.first.len()).min(bytes);
        self.life.first.extend_from_slice(&self.scratch[from..from + room]);
        self.life.touched = Instant::now();
    }

    /// Looks whether the connection may be used for the next parcel: it is open, and whatever came late
    /// since the last one is read and counted, so that it is not taken for the next answer.
    pub async fn is_fit(&mut self, statistics: &Statistics) -> bool {
        loop {
            match self.stream.look(&mut self.scratch).await {
                Look::Quiet => break,
                Look::Gone(broken) => {
                    let how = if broken { How::Reset } else { How::ByPartner };
                    self.end(how, false, statistics);
                    return false;
                }
                Look::Spoke(bytes) => self.framing.push(&self.scratch[..bytes]),
            }
        }
        loop {
            match self.framing.next_frame() {
                Ok(Some(_)) => statistics.violated("unasked-frame", 1),
                Ok(None) => break,
                Err(_) => return false,
            }
        }
        self.framing.pending() == 0
    }

    /// Whether the payload can be sent in this framing.
    pub fn fits(&self, payload: &[u8]) -> Result<(), FramingError> {
        self.framing.payload_fits(payload)
    }

    /// Sends a payload in its frame.
    pub async fn send(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.life.touched = Instant::now();
        self.out.clear();
        self.framing.start(payload.len(), &mut self.out);
        let mut begun = false;
        if payload.len() <= TOGETHER_BYTES_MAX {
            self.out.extend_from_slice(payload);
        } else {
            write_all(&mut self.stream, &self.out, &mut begun).await?;
            write_all(&mut self.stream, payload, &mut begun).await?;
            self.out.clear();
        }
        self.framing.end(&mut self.out);
        write_all(&mut self.stream, &self.out, &mut begun).await?;
        self.stream.flush().await.map_err(|error| SendError { begun, error })
    }

    /// The next whole frame. A truncated one is counted and passed over.
    pub async fn frame(&mut self, statistics: &Statistics) -> Result<Frame, LineError> {
        loop {
            let frame = self.framing.next_frame();
            self.framing.violations(&mut |kind, count| statistics.violated(kind, count));
            match frame {
                Ok(Some(frame)) if frame.kind == FrameKind::Truncated => continue,
                Ok(Some(frame)) => {
                    self.life.frames += 1;
                    if let Some(idle) = self.life.idle.take() {
                        statistics.reused(idle, true);
                    }
                    return Ok(frame);
                }
                Ok(None) => {}
                Err(error) => return Err(LineError::Framing(error)),
            }
            if self.ended {
                return Err(LineError::Closed { in_frame: self.cut });
            }
            let gap = self.framing.gap().filter(|_| self.framing.pending() > 0 && !self.quiet);
            let read = match gap {
                None => self.stream.read(&mut self.scratch).await,
                Some(gap) => match tokio::time::timeout(gap, self.stream.read(&mut self.scratch)).await {
                    Ok(read) => read,
                    Err(_) => {
                        self.quiet = true;
                        self.framing.quiet();
                        continue;
                    }
                },
            };
            match read {
                Ok(0) => {
                    // That may be what ends its frame.
                    self.cut = self.framing.pending() > 0;
                    self.ended = true;
                    self.framing.finish();
                }
                Ok(bytes) => {
                    self.quiet = false;
                    statistics.received(bytes);
                    self.heard(0, bytes);
                    self.framing.push(&self.scratch[..bytes]);
                    grow(&mut self.scratch, bytes);
                }
                Err(error) => return Err(LineError::Broken(error)),
            }
        }
    }

    /// Closes in good order.
    pub async fn close(mut self) {
        // The connection goes in any case.
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), self.stream.shutdown()).await;
    }
}

/// Writes everything; `begun` tells whether anything left.
async fn write_all(stream: &mut Stream, mut bytes: &[u8], begun: &mut bool) -> Result<(), SendError> {
    while !bytes.is_empty() {
        match stream.write(bytes).await {
            Ok(0) => return Err(SendError { begun: *begun, error: io::ErrorKind::WriteZero.into() }),
            Ok(written) => bytes = &bytes[written..],
            Err(error) => return Err(SendError { begun: *begun, error }),
        }
        *begun = true;
    }
    Ok(())
}

/// A buffer that was filled to its end is doubled, up to the most.
pub(crate) fn grow(scratch: &mut Vec<u8>, filled: usize) {
    if filled == scratch.len() && filled < SCRATCH_BYTES.1 {
        scratch.resize(filled * 2, 0);
    }
}

/// A buffer of the first size.
pub(crate) fn scratch() -> Vec<u8> {
    vec![0; SCRATCH_BYTES.0]
}

impl LineError {
    /// How the connection ended with it.
    pub(crate) fn how(&self) -> How {
        match self {
            LineError::Closed { .. } => How::ByPartner,
            LineError::Broken(_) => How::Reset,
            LineError::Framing(_) => How::ByUs,
        }
    }

    /// A stable word and a sentence for the answer table and for people.
    pub fn told(&self) -> (&'static str, String) {
        match self {
            LineError::Closed { in_frame: false } => {
                ("closed", "the partner closed the connection without an answer".to_owned())
            }
            LineError::Closed { in_frame: true } => {
                ("closed", "the partner closed the connection inside its answer".to_owned())
            }
            LineError::Broken(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                ("reset", "the connection was reset".to_owned())
            }
            LineError::Broken(error) => ("reset", format!("the connection broke: {error}")),
            LineError::Framing(error) => ("not-an-ack", error.to_string()),
        }
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Line")
    }
}
