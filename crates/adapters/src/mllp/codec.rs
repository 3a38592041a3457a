//! What this adapter asks of the codec: frames, the header's few fields that decide about answers, the
//! building of acknowledgments.

use std::sync::LazyLock;
use std::time::Duration;

use klinke_hl7v2::ack::{self, Code, ErrorCode, ErrorDetail, Expectation, Form};
use klinke_hl7v2::message::Message;
use klinke_hl7v2::mllp::{self, Commit, Ending, Framer, Violation};
use klinke_hl7v2::{Path, batch, sequence};
use klinke_model::Timestamp;

use super::config::{AckForm, SourceConfig};
use crate::net::{Frame, FrameKind, Framing, FramingError};

/// After this silence inside a frame, what may count as whole does so.
const SILENCE: Duration = Duration::from_millis(500);
/// How much of a message is looked at for its header. A message of 70 MB costs no more than a small one.
const HEAD_BYTES_MAX: usize = 8 << 10;
/// How many segments of it: the header, those of software and user, and an MSA behind them.
const HEAD_SEGMENTS: usize = 4;

/// MLLP frames for the driver.
#[derive(Debug)]
pub(super) struct Mllp {
    framer: Framer,
    told: [u64; Violation::ALL.len()],
}

impl Mllp {
    /// For payloads of at most this many bytes.
    pub(super) fn new(size_bytes_max: usize, bare: bool) -> Self {
        let framer = Framer::new(mllp::Config { size_bytes_max, bare });
        Mllp { framer, told: [0; Violation::ALL.len()] }
    }
}

impl Framing for Mllp {
    fn push(&mut self, bytes: &[u8]) {
        self.framer.push(bytes);
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, FramingError> {
        let frame = self.framer.next_frame();
        let frame = frame.map_err(|error| FramingError { code: "too-large", text: error.to_string() })?;
        Ok(frame.map(|frame| {
            let kind = match (frame.ending, frame.commit()) {
                (Ending::Truncated, _) => FrameKind::Truncated,
                (_, Some(Commit::Ack)) => FrameKind::Committed,
                (_, Some(Commit::Nak)) => FrameKind::NotCommitted,
                (Ending::Complete, None) => FrameKind::Data,
            };
            Frame { kind, payload: frame.payload.to_vec() }
        }))
    }

    fn pending(&self) -> usize {
        self.framer.buffered()
    }

    fn quiet(&mut self) {
        self.framer.on_idle();
    }

    fn finish(&mut self) {
        self.framer.finish();
    }

    fn gap(&self) -> Option<Duration> {
        Some(SILENCE)
    }

    fn start(&self, _: usize, out: &mut Vec<u8>) {
        out.push(mllp::START);
    }

    fn end(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[mllp::END, mllp::CR]);
    }

    fn payload_fits(&self, payload: &[u8]) -> Result<(), FramingError> {
        // Hardly any payload holds one of them at all.
        if !payload.contains(&mllp::END) && !payload.contains(&mllp::START) {
            return Ok(());
        }
        let encoded = mllp::encode(payload, &mut Vec::new());
        encoded.map_err(|error| FramingError { code: "unframable", text: error.to_string() })
    }

    fn violations(&mut self, note: &mut dyn FnMut(&'static str, u64)) {
        for (violation, count) in self.framer.statistics().violations() {
            let told = &mut self.told[violation as usize];
            if count > *told {
                note(violation.code(), count - *told);
                *told = count;
            }
        }
    }
}

/// The header of a message.
#[derive(Debug)]
pub(super) struct Head {
    message: Message,
    pub(super) expects: Expectation,
    pub(super) control_id: String,
}

impl Head {
    /// Of a message, or of the first one of a batch; `None` when it is no HL7.
    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let message = Message::parse(payload[..head_bytes(payload)].to_vec()).ok()?;
        let control_id = text(&message, 10);
        Some(Head { expects: ack::expectation(&message), control_id, message })
    }

    /// A field of the header, as it is written.
    pub(super) fn field(&self, number: usize) -> String {
        text(&self.message, number)
    }

    /// MSH-13.
    pub(super) fn sequence(&self) -> Option<i64> {
        text(&self.message, 13).trim().parse().ok()
    }

    /// MSA-2, when this is an acknowledgment.
    pub(super) fn acknowledges(&self) -> Option<String> {
        let msa = self.message.segments().find(|segment| segment.name_bytes() == *b"MSA")?;
        let id = msa.field(2).map(|field| field.text().trim().to_owned())?;
        (!id.is_empty()).then_some(id)
    }

    /// A message of this header alone that asks the receiver which sequence number it expects.
    pub(super) fn asking(&self, control_id: &str) -> Option<Vec<u8>> {
        let mut message = Message::parse(self.message.segments().next()?.raw().into_owned()).ok()?;
        message.set(&HEADER_ID, control_id).ok()?;
        message.set(&HEADER_SEQUENCE, &sequence::ASK.to_string()).ok()?;
        let mut bytes = message.to_bytes().to_vec();
        bytes.push(mllp::CR);
        Some(bytes)
    }

    /// True when MSH-15 and MSH-16 are empty.
    pub(super) fn asks_nothing(&self) -> bool {
        text(&self.message, 15).trim().is_empty() && text(&self.message, 16).trim().is_empty()
    }
}

/// A message with this sequence number in MSH-13; `None` when it can't be written there.
pub(super) fn numbered(payload: &[u8], number: i64) -> Option<Vec<u8>> {
    let mut message = Message::parse(payload.to_vec()).ok()?;
    message.set(&HEADER_SEQUENCE, &number.to_string()).ok()?;
    Some(message.to_bytes().to_vec())
}

static HEADER_ID: LazyLock<Path> = LazyLock::new(|| "MSH-10".parse().unwrap_or(Path::of_segment(*b"MSH")));
static HEADER_SEQUENCE: LazyLock<Path> =
    LazyLock::new(|| "MSH-13".parse().unwrap_or(Path::of_segment(*b"MSH")));

/// How many bytes the first segments have. None of them is cut: half an identifier would be another one,
/// so of a header that is longer than all else looked at the whole is taken.
fn head_bytes(payload: &[u8]) -> usize {
    let looked_at = payload.len().min(HEAD_BYTES_MAX);
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let ends = payload[..looked_at].iter().enumerate().filter(|(_, byte)| is_end(byte));
    let ends: Vec<usize> = ends.map(|(at, _)| at + 1).take(HEAD_SEGMENTS).collect();
    match ends.last() {
        Some(_) if ends.len() < HEAD_SEGMENTS && looked_at == payload.len() => looked_at,
        Some(last) => *last,
        None => payload.iter().position(is_end).map_or(payload.len(), |at| at + 1),
    }
}

/// A batch, whole.
#[derive(Debug)]
pub(super) struct Batch {
    whole: Message,
    messages: Vec<Message>,
}

impl Batch {
    /// `None` when the payload with this head begins with no batch segment, or holds no message.
    pub(super) fn read(head: &Head, payload: &[u8]) -> Option<Self> {
        let first = head.message.segments().next()?;
        if !matches!(&first.name_bytes(), b"FHS" | b"BHS") {
            return None;
        }
        let whole = Message::parse(payload.to_vec()).ok()?;
        let members = batch::split(&whole).messages;
        let messages: Vec<Message> =
            members.into_iter().filter_map(|member| Message::parse(member.bytes).ok()).collect();
        (!messages.is_empty()).then_some(Batch { whole, messages })
    }
}

fn text(message: &Message, number: usize) -> String {
    let header = message.segments().find(|segment| segment.name_bytes() == *b"MSH");
    let field = header.as_ref().and_then(|header| header.field(number));
    field.map(|field| field.text().into_owned()).unwrap_or_default()
}

/// What an acknowledgment says.
#[derive(Clone, Debug)]
pub(super) struct Words<'a> {
    pub(super) code: Code,
    /// A sentence without patient data.
    pub(super) text: &'a str,
    pub(super) control_id: &'a str,
    pub(super) now: Timestamp,
    pub(super) expected_sequence: Option<i64>,
}

impl Words<'_> {
    fn time(&self) -> klinke_hl7v2::time::Timestamp {
        klinke_hl7v2::time::Timestamp::from_unix(self.now.0.div_euclid(1_000_000), 0)
    }
}

/// Writes acknowledgments as the site wants them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writer {
    form: Form,
    commit_frames: bool,
}

impl Writer {
    pub(super) fn new(config: &SourceConfig) -> Self {
        let form = match config.ack_type {
            AckForm::Version => Form::ByVersion,
            AckForm::Ack => Form::Ack,
            AckForm::Event => Form::AckEvent,
            AckForm::Full => Form::AckEventAck,
        };
        Writer { form, commit_frames: config.commit_frames }
    }

    /// An acknowledgment in its frame, of the message with this header, or of something that has none.
    pub(super) fn acknowledge(&self, head: Option<&Head>, words: &Words<'_>) -> Vec<u8> {
        let message = self.build(head.map(|head| &head.message), words, words.control_id);
        self.frame(&message, words.code)
    }

    /// A batch of acknowledgments in its frame; each has an identifier of its own.
    pub(super) fn acknowledge_batch(
        &self,
        batch: &Batch,
        words: &Words<'_>,
        next_id: impl Fn() -> String,
    ) -> Vec<u8> {
        let answer = |message| self.build(Some(message), words, &next_id());
        let answers: Vec<Vec<u8>> = batch.messages.iter().map(answer).collect();
        let message = batch::acknowledge(&batch.whole, &answers, words.control_id, words.time());
        self.frame(&message, words.code)
    }

    fn build(&self, message: Option<&Message>, words: &Words<'_>, control_id: &str) -> Vec<u8> {
        let error = match message {
            None => ErrorCode::SegmentSequence,
            Some(_) => ErrorCode::ApplicationInternal,
        };
        let errors = [ErrorDetail::new(error, None)];
        let options = ack::Options {
            form: self.form,
            text: words.text,
            errors: if words.code.is_positive() { &[] } else { &errors },
            expected_sequence: words.expected_sequence,
            ..ack::Options::new(control_id, words.time())
        };
        match message {
            Some(message) => ack::acknowledge(message, words.code, &options),
            None => ack::acknowledge_bytes(b"", words.code, &options),
        }
    }

    /// A message in its frame, behind a commit frame where the site has them.
    pub(super) fn frame(&self, message: &[u8], code: Code) -> Vec<u8> {
        let mut out = Vec::with_capacity(message.len() + 7);
        if self.commit_frames {
            out.extend_from_slice(&if code.is_positive() { Commit::Ack } else { Commit::Nak }.frame());
        }
        out.push(mllp::START);
        out.extend_from_slice(message);
        out.extend_from_slice(&[mllp::END, mllp::CR]);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_segment_of_the_head_is_cut() {
        let id = "I".repeat(2 * HEAD_BYTES_MAX);
        let long = format!("MSH|^~\\&|A|B|C|D|1||ADT^A01|{id}|P|2.5\rPID|1\r");
        let head = Head::read(long.as_bytes()).unwrap();
        assert_eq!(head.control_id.len(), id.len());
        let name = "A".repeat(2 * HEAD_BYTES_MAX);
        let long = format!("MSH|^~\\&|A|B|C|D|1||ADT^A01|X1|P|2.5\r{name}|x\r");
        let head = Head::read(long.as_bytes()).unwrap();
        assert_eq!(text(&head.message, 12), "2.5");
        let short = b"MSH|^~\\&|A|B|C|D|1||ACK|1|P|2.5\rMSA|AA|X1";
        assert_eq!(head_bytes(short), short.len());
    }
}
