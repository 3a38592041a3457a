//! What a sender does wrong, counted per connection.

/// A violation of MLLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Violation {
    /// Bytes before the start block.
    JunkBeforeStart,
    /// CR or LF between frames.
    LineEndsBetween,
    /// No start block, the message began at once.
    MissingStart,
    /// A start block inside a frame that begins no message.
    StartInside,
    /// A new message began inside a frame: the frame before it is truncated.
    CutByStart,
    /// An end block inside a frame that does not end it.
    EndInside,
    /// No CR behind the end block.
    MissingCr,
    /// LF instead of CR behind the end block.
    LfAfterEnd,
    /// No end block: the message ended by silence or by the next one.
    MissingEnd,
    /// The stream ended inside a frame.
    CutByEndOfStream,
    /// A frame longer than the limit.
    TooLarge,
}

impl Violation {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::JunkBeforeStart,
        Self::LineEndsBetween,
        Self::MissingStart,
        Self::StartInside,
        Self::CutByStart,
        Self::EndInside,
        Self::MissingCr,
        Self::LfAfterEnd,
        Self::MissingEnd,
        Self::CutByEndOfStream,
        Self::TooLarge,
    ];

    /// Stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::JunkBeforeStart => "mllp-junk-before-start",
            Self::LineEndsBetween => "mllp-line-ends-between",
            Self::MissingStart => "mllp-missing-start",
            Self::StartInside => "mllp-start-inside",
            Self::CutByStart => "mllp-cut-by-start",
            Self::EndInside => "mllp-end-inside",
            Self::MissingCr => "mllp-missing-cr",
            Self::LfAfterEnd => "mllp-lf-after-end",
            Self::MissingEnd => "mllp-missing-end",
            Self::CutByEndOfStream => "mllp-cut-by-end-of-stream",
            Self::TooLarge => "mllp-too-large",
        }
    }

    /// A sentence about it.
    pub fn text(self) -> &'static str {
        match self {
            Self::JunkBeforeStart => "bytes before the start block were skipped",
            Self::LineEndsBetween => "line ends between frames were skipped",
            Self::MissingStart => "the start block (VT) is missing",
            Self::StartInside => "a start block (VT) stands inside a message",
            Self::CutByStart => "a new message began before the frame's end; the frame is truncated",
            Self::EndInside => "an end block (FS) stands inside a message",
            Self::MissingCr => "the CR behind the end block is missing",
            Self::LfAfterEnd => "LF instead of CR stands behind the end block",
            Self::MissingEnd => "the end block (FS) is missing",
            Self::CutByEndOfStream => "the connection ended inside a frame; the frame is truncated",
            Self::TooLarge => "a frame is longer than the limit",
        }
    }
}

/// Longest sample of junk kept, in bytes.
const SAMPLE_BYTES_MAX: usize = 16;

/// Counts of one connection. `Debug` does not show the sample.
#[derive(Clone, Default)]
pub struct Statistics {
    /// Complete frames.
    pub frames: u64,
    /// Truncated frames.
    pub truncated: u64,
    /// Bytes skipped between frames or in frames that were too large.
    pub skipped_bytes: u64,
    counts: [u64; Violation::ALL.len()],
    sample: [u8; SAMPLE_BYTES_MAX],
    sample_length: usize,
}

impl Statistics {
    /// How often a violation was met.
    pub fn count(&self, violation: Violation) -> u64 {
        self.counts[violation as usize]
    }

    /// All violations that were met, with their counts.
    pub fn violations(&self) -> impl Iterator<Item = (Violation, u64)> {
        Violation::ALL.into_iter().map(|v| (v, self.count(v))).filter(|(_, count)| *count > 0)
    }

    /// The first bytes of the last junk, 16 at most, in hexadecimal.
    ///
    /// **Sensitive**: junk may be the rest of a message. Show it to people with the right to see
    /// payloads only; never write it to a log.
    pub fn junk_sample_hex(&self) -> Option<String> {
        let sample = &self.sample[..self.sample_length];
        let hex: Vec<String> = sample.iter().map(|b| format!("{b:02X}")).collect();
        if hex.is_empty() { None } else { Some(hex.join(" ")) }
    }

    pub(super) fn note(&mut self, violation: Violation) {
        self.counts[violation as usize] += 1;
    }

    pub(super) fn sample(&mut self, junk: &[u8]) {
        self.sample_length = junk.len().min(SAMPLE_BYTES_MAX);
        self.sample[..self.sample_length].copy_from_slice(&junk[..self.sample_length]);
    }
}

impl std::fmt::Debug for Statistics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Statistics")
            .field("frames", &self.frames)
            .field("truncated", &self.truncated)
            .field("skipped_bytes", &self.skipped_bytes)
            .field("violations", &self.violations().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
