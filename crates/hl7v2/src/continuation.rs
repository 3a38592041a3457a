//! Continuation (HL7 v2.5.1 chapter 2, 2.10.2): a message too long for its receiver is sent in
//! parts. A part ends with DSC, whose field 1 is a pointer; the next part carries it in MSH-14. ADD
//! continues the segment before it, within a message or across two.
//!
//! ```text
//! MSH|…|ORU^R01|1|P|2.5||          MSH|…|ORU^R01|2|P|2.5||P1
//! OBX|1|TX|||first half            ADD|, second half
//! ADD                              OBX|2|TX|||more
//! DSC|P1
//! ```
//!
//! Joined, that is the first header and `OBX|1|TX|||first half, second half`, `OBX|2|…`. Parts that
//! nobody continues are given back, never dropped unseen.
//!
//! [`Reassembler`] keeps the parts itself. Who keeps them elsewhere asks [`peek`] what a message says
//! of being a part, and [`join`] for the whole. Interactive continuation (DSC-2 = `I`) is a
//! conversation about answers to queries and joins nothing.

use std::time::Duration;

use bytes::Bytes;

use crate::ack::field;
use crate::message::Message;

/// What a message says of being a part, read without an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peek {
    /// The pointer of the part before (MSH-14), with what must be the same in both; `None` in a first part.
    pub continues: Option<String>,
    /// The pointer by which the next part names this one (DSC-1), with the same; `None` in a last part.
    pub key: Option<String>,
}

/// How much of a message's end is looked at for its DSC, whose pointer has 180 characters at most.
const DSC_BYTES_MAX: usize = 1 << 10;
/// Longest header segment that is looked into.
const HEADER_BYTES_MAX: usize = 64 << 10;
/// Fields of the header up to MSH-14.
const FIELDS: usize = 14;

/// What a message says of being a part of a longer one; `None` when it says nothing, which costs one look
/// at its header and one at its last bytes.
pub fn peek(payload: &[u8]) -> Option<Peek> {
    let payload = payload.trim_ascii_start();
    let separator = *payload.strip_prefix(b"MSH")?.first()?;
    let line = &payload[..payload.len().min(HEADER_BYTES_MAX)];
    let line = &line[..memchr::memchr2(b'\r', b'\n', line).unwrap_or(line.len())];
    let mut fields = [&[][..]; FIELDS];
    for (field, bytes) in fields.iter_mut().zip(line.split(|byte| *byte == separator)) {
        *field = bytes;
    }
    // MSH-1 is the separator itself, so field 14 is the fourteenth piece of the line.
    let continues = fields[FIELDS - 1].trim_ascii();
    let pointer = pointer(payload, separator).unwrap_or_default();
    if continues.is_empty() && pointer.is_empty() {
        return None;
    }
    // A part comes from the same sender and is of the same type as the one before.
    let same = [2, 3, 4, 5, 8].map(|at| String::from_utf8_lossy(fields[at]));
    let key = |pointer: &[u8]| {
        let pointer = String::from_utf8_lossy(pointer).into_owned();
        (!pointer.is_empty()).then(|| format!("{pointer}\u{1f}{}", same.join("\u{1f}")))
    };
    Some(Peek { continues: key(continues), key: key(pointer) })
}

/// DSC-1 of the last segment.
fn pointer(payload: &[u8], separator: u8) -> Option<&[u8]> {
    let is_line_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let tail = payload[payload.len().saturating_sub(DSC_BYTES_MAX)..].trim_ascii_end();
    let last = &tail[tail.iter().rposition(is_line_end)? + 1..];
    let mut fields = last.strip_prefix(b"DSC")?.split(|byte| *byte == separator).skip(1);
    let pointer = fields.next()?.trim_ascii();
    let interactive = fields.next().is_some_and(|style| style.trim_ascii() == b"I");
    (!interactive).then_some(pointer)
}

/// The whole of a message's parts, which are given in their order.
pub fn join<'a>(parts: impl IntoIterator<Item = &'a Message>) -> Bytes {
    let (mut joined, mut last) = (Vec::new(), None);
    for message in parts {
        append(&mut joined, message);
        last = Some(message);
    }
    last.map_or_else(Bytes::new, |message| message.turned_to_wire(joined).into())
}

/// Limits of a [`Reassembler`].
#[derive(Debug, Clone)]
pub struct Limits {
    /// Messages that may wait for their next part.
    pub waiting_max: usize,
    /// Longest joined message, in bytes.
    pub size_bytes_max: usize,
    /// How long a message waits for its next part.
    pub wait_max: Duration,
}

/// 64 messages, 128 MiB, 10 minutes.
impl Default for Limits {
    fn default() -> Self {
        Self { waiting_max: 64, size_bytes_max: 128 << 20, wait_max: Duration::from_secs(600) }
    }
}

/// What becomes of a message that was given to a [`Reassembler`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It is no part of anything; go on with it as it came.
    Whole,
    /// It was kept; the next part is to come.
    Waiting,
    /// It was the last part: this is the whole message.
    Joined(Bytes),
}

/// Why a part was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// MSH-14 names a pointer that no part ended with.
    #[error("MSH-14: no part that this message continues is waiting")]
    NothingToContinue,
    /// MSH-9 is not that of the part before.
    #[error("MSH-9 differs from the part that this message continues")]
    OtherType,
    /// The parts together are too long.
    #[error("the parts together have more than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// Too many messages wait for their next part.
    #[error("{limit} messages are already waiting for their next part")]
    TooMany {
        /// The limit.
        limit: usize,
    },
}

/// Joins the parts of messages of one connection or sender.
#[derive(Default)]
pub struct Reassembler {
    limits: Limits,
    waiting: Vec<Waiting>,
}

struct Waiting {
    pointer: String,
    message_type: String,
    addresses: [String; 4],
    bytes: Vec<u8>,
    since: Duration,
}

impl Reassembler {
    /// An empty one.
    pub fn new(limits: Limits) -> Self {
        Self { limits, waiting: Vec::new() }
    }

    /// A message came at `now` (any clock that only goes forward).
    pub fn push(&mut self, message: &Message, now: Duration) -> Result<Step, Error> {
        let continues = field(message, b"MSH", 14);
        let pointer = field(message, b"DSC", 1);
        let mut waiting = if continues.trim().is_empty() {
            if pointer.is_empty() {
                return Ok(Step::Whole);
            }
            if self.waiting.len() >= self.limits.waiting_max {
                return Err(Error::TooMany { limit: self.limits.waiting_max });
            }
            Waiting {
                pointer: String::new(),
                message_type: field(message, b"MSH", 9),
                addresses: addresses(message),
                bytes: Vec::new(),
                since: now,
            }
        } else {
            self.take(&continues, message)?
        };
        append(&mut waiting.bytes, message);
        if waiting.bytes.len() > self.limits.size_bytes_max {
            return Err(Error::TooLarge { limit: self.limits.size_bytes_max });
        }
        if pointer.is_empty() {
            return Ok(Step::Joined(message.turned_to_wire(waiting.bytes).into()));
        }
        waiting.pointer = pointer;
        waiting.since = now;
        self.waiting.push(waiting);
        Ok(Step::Waiting)
    }

    /// How many messages wait for their next part.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Take out the messages that have waited too long, as far as they came.
    pub fn expired(&mut self, now: Duration) -> Vec<Bytes> {
        let late = |w: &mut Waiting| now.saturating_sub(w.since) > self.limits.wait_max;
        self.waiting.extract_if(.., late).map(|w| w.bytes.into()).collect()
    }

    fn take(&mut self, pointer: &str, message: &Message) -> Result<Waiting, Error> {
        let addresses = addresses(message);
        let at = self
            .waiting
            .iter()
            .position(|w| w.pointer == pointer && w.addresses == addresses)
            .ok_or(Error::NothingToContinue)?;
        if self.waiting[at].message_type != field(message, b"MSH", 9) {
            return Err(Error::OtherType);
        }
        Ok(self.waiting.swap_remove(at))
    }
}

/// Shows no content.
impl std::fmt::Debug for Reassembler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reassembler").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

fn addresses(message: &Message) -> [String; 4] {
    [3, 4, 5, 6].map(|number| field(message, b"MSH", number))
}

/// Append a part: the header of the first one only, no DSC, ADD joined to the segment before it.
fn append(joined: &mut Vec<u8>, message: &Message) {
    let first = joined.is_empty();
    let terminator = message.index().lines().terminator();
    for segment in message.segments() {
        match segment.name() {
            "DSC" => {}
            "MSH" if !first => {}
            "ADD" => {
                while matches!(joined.last(), Some(b'\r' | b'\n')) {
                    joined.pop();
                }
                // Behind the name and the first separator: ADD-1 continues the last field.
                joined.extend_from_slice(segment.raw().get(4..).unwrap_or_default());
                joined.extend_from_slice(terminator);
            }
            _ => {
                joined.extend_from_slice(&segment.raw());
                joined.extend_from_slice(terminator);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Message {
        Message::parse(text.as_bytes().to_vec()).expect("a message")
    }

    fn head(id: u32, pointer: &str) -> String {
        format!("MSH|^~\\&|A|B|C|D|||ORU^R01|{id}|P|2.5||{pointer}\r")
    }

    const NOW: Duration = Duration::ZERO;

    #[test]
    fn parts_are_joined() {
        let mut parts = Reassembler::default();
        assert_eq!(parts.push(&message(&format!("{}OBX|0\r", head(9, ""))), NOW), Ok(Step::Whole));
        let one = format!("{}OBX|1|TX|||first half\rADD\rDSC|P1\r", head(1, ""));
        let two = format!("{}ADD|, second half|x\rOBX|2|TX|||more\rDSC|P2\r", head(2, "P1"));
        let three = format!("{}OBX|3\r", head(3, "P2"));
        assert_eq!(parts.push(&message(&one), NOW), Ok(Step::Waiting));
        assert_eq!(parts.push(&message(&two), NOW), Ok(Step::Waiting));
        let expected =
            format!("{}OBX|1|TX|||first half, second half|x\rOBX|2|TX|||more\rOBX|3\r", head(1, ""));
        assert_eq!(parts.push(&message(&three), NOW), Ok(Step::Joined(expected.into_bytes().into())));
        assert_eq!(parts.waiting(), 0);
        let expected = join([&message(&one), &message(&two), &message(&three)]);
        assert!(expected.ends_with(b"first half, second half|x\rOBX|2|TX|||more\rOBX|3\r"));
    }

    #[test]
    fn a_look_finds_what_a_part_says() {
        let of = |text: String| peek(text.as_bytes());
        assert_eq!(of(format!("{}OBX|1\r", head(1, ""))), None);
        assert_eq!(of(format!("{}DSC|\r", head(1, ""))), None);
        assert_eq!(of(format!("{}QAK|1\rDSC|P1|I\r", head(1, ""))), None, "interactive");
        assert_eq!(of("PID|1\rDSC|P1\r".to_owned()), None);
        assert_eq!(of(String::new()), None);
        let first = of(format!("{}OBX|1\rADD\rDSC|P1|F\r\n", head(1, ""))).expect("a part");
        assert_eq!(first.continues, None);
        let next = of(format!("{}OBX|2\nDSC|P2", head(2, " P1 "))).expect("a part");
        assert_eq!(next.continues, first.key);
        let other = of(format!("{}OBX|2", head(2, "P1").replace("ORU", "ADT"))).expect("a part");
        assert_ne!(other.continues, first.key, "another type");
        assert_eq!(other.key, None);
        let last = of(format!("{}OBX|3\r", head(3, "P2"))).expect("a part");
        assert_eq!((last.continues, last.key), (next.key, None));
    }

    #[test]
    fn what_can_not_be_joined_is_said() {
        let mut parts = Reassembler::new(Limits { waiting_max: 1, size_bytes_max: 200, ..Limits::default() });
        let stray = format!("{}OBX|1\r", head(1, "P1"));
        assert_eq!(parts.push(&message(&stray), NOW), Err(Error::NothingToContinue));
        let one = format!("{}OBX|1\rDSC|P1\r", head(1, ""));
        assert_eq!(parts.push(&message(&one), NOW), Ok(Step::Waiting));
        assert_eq!(parts.push(&message(&one), NOW), Err(Error::TooMany { limit: 1 }));
        let other = stray.replace("ORU^R01", "ADT^A01");
        assert_eq!(parts.push(&message(&other), NOW), Err(Error::OtherType));
        let elsewhere = stray.replace("|A|", "|Z|");
        assert_eq!(parts.push(&message(&elsewhere), NOW), Err(Error::NothingToContinue));
        let long = format!("{stray}NTE|1||{}\r", "x".repeat(200));
        assert_eq!(parts.push(&message(&long), NOW), Err(Error::TooLarge { limit: 200 }));
    }

    #[test]
    fn what_nobody_continues_is_given_back() {
        let mut parts = Reassembler::default();
        let one = format!("{}OBX|1\rDSC|P1\r", head(1, ""));
        assert_eq!(parts.push(&message(&one), NOW), Ok(Step::Waiting));
        assert!(parts.expired(Duration::from_secs(600)).is_empty());
        let expired = parts.expired(Duration::from_secs(601));
        assert_eq!(expired, [format!("{}OBX|1\r", head(1, "")).into_bytes()]);
        assert_eq!(parts.waiting(), 0);
    }
}
