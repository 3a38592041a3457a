//! Batches (HL7 v2.5.1 chapter 2, 2.10.3): `[FHS] { [BHS] { MSH … } [BTS] } [FTS]`, and several
//! messages in one payload without any of that. Split, counted, built and acknowledged.

use bytes::Bytes;

use crate::ack::part;
use crate::deviation::{Deviation, kind};
use crate::message::Message;
use crate::place::Place;
use crate::time::Timestamp;
use crate::{Delimiters, escape};

/// The messages of a payload.
#[derive(Debug, Clone)]
pub struct Split {
    /// The messages in their order; for a payload with one message, that one.
    pub messages: Vec<Member>,
    /// Number of batches (BHS).
    pub batches: usize,
    /// Counts that are wrong, headers without trailers, segments outside messages.
    pub deviations: Vec<Deviation>,
}

/// One message of a batch.
#[derive(Clone)]
pub struct Member {
    /// Its bytes as they came, the last terminator included.
    pub bytes: Bytes,
    /// Number of its batch, from 1; 0 outside any batch.
    pub batch: usize,
}

/// Shows sizes only: a message holds patient data.
impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Member {{ bytes: {}, batch: {} }}", self.bytes.len(), self.batch)
    }
}

/// True when a payload has to be split: it has batch segments or several messages.
pub fn is_batch(message: &Message) -> bool {
    let mut headers = 0;
    message.segments().any(|segment| match segment.name() {
        "FHS" | "BHS" => true,
        "MSH" => {
            headers += 1;
            headers > 1
        }
        _ => false,
    })
}

/// Split a payload into its messages. Bytes that belong to a message are neither lost nor changed.
pub fn split(payload: &Message) -> Split {
    if payload.is_edited() {
        // The index knows the bytes as they came; with edits it has to be made anew.
        return match Message::parse(payload.to_bytes()) {
            Ok(message) => Splitter::new(&message).run(),
            Err(_) => Split { messages: Vec::new(), batches: 0, deviations: Vec::new() },
        };
    }
    Splitter::new(payload).run()
}

struct Splitter<'a> {
    payload: &'a Message,
    split: Split,
    /// First segment of the message that is being read.
    open: Option<usize>,
    in_batch: bool,
    in_file: bool,
    /// There was a file header.
    file: bool,
    /// Messages of the current batch.
    count: usize,
}

impl<'a> Splitter<'a> {
    fn new(payload: &'a Message) -> Self {
        let split = Split { messages: Vec::new(), batches: 0, deviations: Vec::new() };
        Self { payload, split, open: None, in_batch: false, in_file: false, file: false, count: 0 }
    }

    fn run(mut self) -> Split {
        for segment in self.payload.segments() {
            let position = segment.position();
            match segment.name() {
                "MSH" => {
                    self.close(position);
                    self.open = Some(position);
                }
                "FHS" => {
                    self.close(position);
                    if self.in_file {
                        self.note(&kind::BATCH_OPEN, position);
                    }
                    (self.in_file, self.file) = (true, true);
                }
                "BHS" => {
                    self.close(position);
                    if self.in_batch {
                        self.note(&kind::BATCH_OPEN, position);
                    }
                    self.in_batch = true;
                    self.split.batches += 1;
                    self.count = 0;
                }
                "BTS" => self.batch_trailer(position),
                "FTS" => self.file_trailer(position),
                _ if self.open.is_none() => self.note(&kind::BATCH_STRAY, position),
                _ => {}
            }
        }
        self.close(self.payload.segment_count());
        if self.in_batch || self.in_file {
            self.split.deviations.push(Deviation::new(&kind::BATCH_OPEN, Place::message()));
        }
        if self.split.batches == 0 && !self.file && self.split.messages.len() > 1 {
            let second = Place::segment(*b"MSH", 2);
            self.split.deviations.push(Deviation::new(&kind::SEVERAL_MESSAGES, second));
        }
        self.split
    }

    fn batch_trailer(&mut self, position: usize) {
        self.close(position);
        if !self.in_batch {
            self.note(&kind::BATCH_OPEN, position);
        } else if let Some(said) = self.number(position)
            && said != self.count
        {
            let detail = format!("{said} said, {} found", self.count);
            let place = self.payload.place_of(position).field(1);
            self.split.deviations.push(Deviation::with(&kind::BATCH_COUNT, place, detail));
        }
        self.in_batch = false;
    }

    fn file_trailer(&mut self, position: usize) {
        self.close(position);
        if self.in_batch || !self.in_file {
            self.note(&kind::BATCH_OPEN, position);
        }
        // A file of one batch may leave BHS and BTS out.
        let batches = self.split.batches.max(usize::from(!self.split.messages.is_empty()));
        if let Some(said) = self.number(position)
            && said != batches
        {
            let detail = format!("{said} said, {batches} found");
            let place = self.payload.place_of(position).field(1);
            self.split.deviations.push(Deviation::with(&kind::FILE_COUNT, place, detail));
        }
        (self.in_batch, self.in_file) = (false, false);
    }

    /// The count in field 1 of a trailer, where there is one.
    fn number(&self, position: usize) -> Option<usize> {
        self.payload.segment(position)?.field(1)?.text().trim().parse().ok()
    }

    fn note(&mut self, kind: &crate::deviation::Kind, position: usize) {
        self.split.deviations.push(Deviation::new(kind, self.payload.place_of(position)));
    }

    /// The message that is being read ends before segment `end`.
    fn close(&mut self, end: usize) {
        let Some(first) = self.open.take() else { return };
        let places = self.payload.index().segments();
        let (Some(first), Some(last)) = (places.get(first), places.get(end - 1)) else { return };
        let batch = if self.in_batch { self.split.batches } else { 0 };
        let bytes = self.payload.wire_slice(first.start as usize..last.next as usize);
        self.split.messages.push(Member { bytes, batch });
        self.count += 1;
    }
}

/// Header of a batch that is built (BHS-3 to BHS-12, and the same fields of FHS).
#[derive(Debug, Clone)]
pub struct Header<'a> {
    /// Sending application and facility.
    pub sender: (&'a str, &'a str),
    /// Receiving application and facility.
    pub receiver: (&'a str, &'a str),
    /// When it was made.
    pub created: Timestamp,
    /// Control ID, unique, the caller's.
    pub control_id: &'a str,
    /// Control ID of the batch that this one answers.
    pub reference: &'a str,
}

/// Build a batch with the usual delimiters: BHS, the messages as they are (with a CR where the last
/// one is missing), BTS with their number. With `file` FHS and FTS are put around.
pub fn build<'m>(header: &Header<'_>, messages: impl IntoIterator<Item = &'m [u8]>, file: bool) -> Vec<u8> {
    let mut out = Vec::new();
    if file {
        header.write("FHS", &mut out);
    }
    header.write("BHS", &mut out);
    let mut count = 0;
    for message in messages {
        out.extend_from_slice(message);
        if !matches!(message.last(), Some(b'\r' | b'\n')) {
            out.push(b'\r');
        }
        count += 1;
    }
    out.extend_from_slice(format!("BTS|{count}\r").as_bytes());
    if file {
        out.extend_from_slice(b"FTS|1\r");
    }
    out
}

/// Build the acknowledgment of a batch: a batch of the acknowledgments of its messages
/// ([`crate::ack::acknowledge`]), the header turned around, BHS-12 naming the batch. Where only
/// errors are to be answered, give only those.
pub fn acknowledge(batch: &Message, answers: &[Vec<u8>], control_id: &str, now: Timestamp) -> Vec<u8> {
    let name = if part(batch, b"BHS", 1).is_some() { b"BHS" } else { b"FHS" };
    let text = |number| part(batch, name, number).map(|p| p.text().into_owned()).unwrap_or_default();
    let fields = [text(3), text(4), text(5), text(6), text(11)];
    let [application, facility, receiver, receiving_facility, reference] = &fields;
    let header = Header {
        sender: (receiver, receiving_facility),
        receiver: (application, facility),
        created: now,
        control_id,
        reference,
    };
    let file = part(batch, b"FHS", 1).is_some();
    build(&header, answers.iter().map(Vec::as_slice), file)
}

impl Header<'_> {
    fn write(&self, name: &str, out: &mut Vec<u8>) {
        let delimiters = Delimiters::default();
        let text =
            |text: &str| escape::escape(text, &delimiters).map_or_else(|_| String::new(), |t| t.into_owned());
        let fields = [
            text(self.sender.0),
            text(self.sender.1),
            text(self.receiver.0),
            text(self.receiver.1),
            self.created.to_string(),
            String::new(),
            String::new(),
            String::new(),
            text(self.control_id),
            text(self.reference),
        ];
        let line = format!("{name}|^~\\&|{}", fields.join("|"));
        out.extend_from_slice(line.trim_end_matches('|').as_bytes());
        out.push(b'\r');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ack::{self, Code};
    use crate::time::parse_strict;

    const A: &str = "MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.3\rPID|1\r";
    const B: &str = "MSH|^~\\&|A|B|C|D|||ADT^A01|2|P|2.3\nPID|1\n";

    fn of(text: &str) -> (Vec<(String, usize)>, Vec<&'static str>) {
        let split = split(&Message::parse(text.as_bytes().to_vec()).expect("a payload"));
        let messages = split.messages.iter();
        (
            messages.map(|m| (String::from_utf8_lossy(&m.bytes).into_owned(), m.batch)).collect(),
            split.deviations.iter().map(|d| d.code).collect(),
        )
    }

    #[test]
    fn batches_are_split_and_counted() {
        let whole = format!("FHS|^~\\&|A\rBHS|^~\\&|A\r{A}{B}BTS|2\rBHS|^~\\&\r{A}BTS|1\rFTS|2\r");
        let expected = vec![(A.to_owned(), 1), (B.to_owned(), 1), (A.to_owned(), 2)];
        assert_eq!(of(&whole), (expected, vec![]));
        assert_eq!(of(A), (vec![(A.to_owned(), 0)], vec![]));
        assert_eq!(of(&format!("FHS|^~\\&\r{A}{A}FTS|1\r")).1, Vec::<&str>::new());
    }

    #[test]
    fn faults_are_noted_and_no_message_is_lost() {
        let codes = |text: String, count: usize| {
            let (messages, codes) = of(&text);
            assert_eq!(messages.len(), count, "{text}");
            codes
        };
        assert_eq!(codes(format!("{A}{B}"), 2), ["several-messages"]);
        assert_eq!(codes(format!("BHS|^~\\&\r{A}{B}BTS|3\r"), 2), ["batch-count-wrong"]);
        assert_eq!(codes(format!("FHS|^~\\&\rBHS|^~\\&\r{A}BTS|1\rFTS|2\r"), 1), ["file-count-wrong"]);
        assert_eq!(codes(format!("BHS|^~\\&\r{A}"), 1), ["batch-open"]);
        assert_eq!(codes(format!("BHS|^~\\&\r{A}BHS|^~\\&\r{B}BTS|1\r"), 2), ["batch-open"]);
        assert_eq!(codes(format!("{A}BTS|1\r"), 1), ["batch-open"]);
        assert_eq!(codes(format!("BHS|^~\\&\rNTE|1\r{A}BTS|1\r"), 1), ["batch-stray-segment"]);
    }

    #[test]
    fn an_edited_batch_is_split_with_its_edits() {
        let mut batch = Message::parse(format!("BHS|^~\\&\r{A}{B}BTS|2\r").into_bytes()).expect("a batch");
        batch.set(&"MSH[2]-5".parse().expect("a path"), "X").expect("written");
        let split = split(&batch);
        assert_eq!(split.messages[0].bytes, A.as_bytes());
        assert_eq!(split.messages[1].bytes, B.replace("|C|", "|X|").as_bytes());
    }

    #[test]
    fn what_is_built_is_split_again() {
        let now = parse_strict("20240305").expect("a date");
        let header = Header {
            sender: ("K", "L|M"),
            receiver: ("R", ""),
            created: now,
            control_id: "7",
            reference: "",
        };
        let built = build(&header, [A.as_bytes(), B.trim_end().as_bytes()], true);
        let text = String::from_utf8(built).expect("text");
        assert!(text.starts_with("FHS|^~\\&|K|L\\F\\M|R||20240305||||7\rBHS|"), "{text}");
        let (messages, codes) = of(&text);
        assert_eq!((messages.len(), codes), (2, vec![]));
    }

    #[test]
    fn a_batch_is_acknowledged_by_a_batch() {
        let now = parse_strict("20240305").expect("a date");
        let batch =
            Message::parse(format!("BHS|^~\\&|A|B|C|D|||||77\r{A}{B}BTS|2\r").into_bytes()).expect("a batch");
        let answers: Vec<Vec<u8>> = split(&batch)
            .messages
            .iter()
            .enumerate()
            .map(|(i, member)| {
                let id = format!("K{i}");
                ack::acknowledge_bytes(&member.bytes, Code::ApplicationAccept, &ack::Options::new(&id, now))
            })
            .collect();
        let answer = acknowledge(&batch, &answers, "K9", now);
        let answer = Message::parse(answer).expect("a batch");
        assert!(answer.original().starts_with(b"BHS|^~\\&|C|D|A|B|20240305||||K9|77\rMSH|"));
        let ids: Vec<_> = ack::acknowledgments(&answer).into_iter().map(|a| (a.control_id, a.code)).collect();
        let positive = Some(Code::ApplicationAccept);
        assert_eq!(ids, [("1".to_owned(), positive), ("2".to_owned(), positive)]);
    }
}
