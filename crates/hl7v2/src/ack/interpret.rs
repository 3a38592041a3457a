//! Reads what a partner answered.

use std::fmt;

use super::{Code, ErrorDetail, Kind, Severity, field, is_acknowledgment};
use crate::message::{Message, Part, Segment};
use crate::mllp::Commit;
use crate::place::Place;

/// What an answer is. `Debug` shows no texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// An acknowledgment of the message that was sent.
    Acknowledgment(Acknowledgment),
    /// An acknowledgment of another message: MSA-2 is not the control ID that was sent. It may be a
    /// late answer to an earlier message.
    WrongControlId(Acknowledgment),
    /// MSH-9 says ACK, but there is no MSA, or MSA-1 is empty.
    NoMsa,
    /// A message that is no acknowledgment: the partner sent data on this connection.
    NotAnAcknowledgment {
        /// MSH-9 as it came.
        message_type: String,
    },
    /// MLLP Release 2 commit acknowledgment.
    Commit(Commit),
    /// No HL7 at all.
    NotHl7 {
        /// Length in bytes.
        length: usize,
    },
}

/// The content of an acknowledgment.
#[derive(Clone, PartialEq, Eq)]
pub struct Acknowledgment {
    /// MSA-1; `None` for a code that table 0008 does not have.
    pub code: Option<Code>,
    /// MSA-1 as it came.
    pub code_text: String,
    /// MSA-2.
    pub control_id: String,
    /// Whether MSA-2 is the control ID that was sent.
    pub id_match: IdMatch,
    /// MSA-3.
    pub text: String,
    /// MSA-4.
    pub expected_sequence: Option<i64>,
    /// What ERR says.
    pub errors: Vec<ErrorDetail>,
    /// MSH-10 of the acknowledgment itself.
    pub own_control_id: String,
    /// The answer carries data besides the acknowledgment (ORR, RSP, …).
    pub has_data: bool,
}

impl Acknowledgment {
    /// Accept or application acknowledgment.
    pub fn kind(&self) -> Option<Kind> {
        self.code.map(Code::kind)
    }
}

impl fmt::Debug for Acknowledgment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acknowledgment")
            .field("code", &self.code)
            .field("id_match", &self.id_match)
            .field("expected_sequence", &self.expected_sequence)
            .field("errors", &self.errors)
            .field("has_data", &self.has_data)
            .finish_non_exhaustive()
    }
}

/// How MSA-2 compares with the control ID that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdMatch {
    /// The same, spaces around it not counted.
    Same,
    /// Its first 20 characters: the partner cut what was longer than the standard allows.
    Cut,
    /// Empty.
    Missing,
    /// Another.
    Other,
}

/// Longest MSH-10 up to version 2.6.
const CONTROL_ID_CHARACTERS: usize = 20;

/// Read the payload of an answer to the message with control ID `sent`.
pub fn interpret(answer: &[u8], sent: &str) -> Answer {
    if let Some(commit) = Commit::of_payload(answer) {
        return Answer::Commit(commit);
    }
    let Ok(message) = Message::parse(answer.to_vec()) else {
        return Answer::NotHl7 { length: answer.len() };
    };
    let msa = message.segments().find(|s| s.name_bytes() == *b"MSA" && !text(s, 1).is_empty());
    let Some(msa) = msa else {
        if is_acknowledgment(&message) {
            return Answer::NoMsa;
        }
        return Answer::NotAnAcknowledgment { message_type: field(&message, b"MSH", 9) };
    };
    let acknowledgment = read(&message, &msa, sent);
    match acknowledgment.id_match {
        IdMatch::Same | IdMatch::Cut => Answer::Acknowledgment(acknowledgment),
        IdMatch::Missing | IdMatch::Other => Answer::WrongControlId(acknowledgment),
    }
}

/// Every acknowledgment of a batch acknowledgment, in its order. Which message each belongs to is to
/// be found by [`Acknowledgment::control_id`].
pub fn acknowledgments(answer: &Message) -> Vec<Acknowledgment> {
    let is_msa = |s: &Segment<'_>| s.name_bytes() == *b"MSA";
    answer.segments().filter(is_msa).map(|msa| read(answer, &msa, &text(&msa, 2))).collect()
}

fn read(message: &Message, msa: &Segment<'_>, sent: &str) -> Acknowledgment {
    let code_text = text(msa, 1);
    let control_id = text(msa, 2);
    // The errors that stand between this MSA and the next one.
    let following = || {
        message
            .segments()
            .skip(msa.position() + 1)
            .take_while(|s| !matches!(&s.name_bytes(), b"MSA" | b"MSH"))
    };
    let data =
        |s: &Segment<'_>| !matches!(&s.name_bytes(), b"ERR" | b"NTE" | b"SFT" | b"UAC" | b"BTS" | b"FTS");
    Acknowledgment {
        code: Code::read(&code_text),
        code_text,
        id_match: compare(&control_id, sent),
        control_id,
        text: text(msa, 3),
        expected_sequence: text(msa, 4).trim().parse().ok(),
        errors: following().filter(|s| s.name_bytes() == *b"ERR").flat_map(|s| errors(&s)).collect(),
        own_control_id: field(message, b"MSH", 10),
        has_data: following().any(|s| data(&s)),
    }
}

fn compare(answered: &str, sent: &str) -> IdMatch {
    let (answered, sent) = (answered.trim(), sent.trim());
    if answered == sent && !sent.is_empty() {
        return IdMatch::Same;
    }
    if answered.is_empty() {
        // A message that was sent without a control ID can't be answered with one.
        return if sent.is_empty() { IdMatch::Same } else { IdMatch::Missing };
    }
    let cut = answered.chars().count() == CONTROL_ID_CHARACTERS && sent.starts_with(answered);
    if cut { IdMatch::Cut } else { IdMatch::Other }
}

fn errors(err: &Segment<'_>) -> Vec<ErrorDetail> {
    if err.field(3).is_some_and(|f| !f.raw().is_empty()) || err.field(2).is_some_and(|f| !f.raw().is_empty())
    {
        return vec![err_from_2_5(err)];
    }
    err.field(1).map_or(Vec::new(), |field| {
        field.repetitions().filter(|r| !r.raw().is_empty()).map(|r| err_to_2_4(&r)).collect()
    })
}

fn err_from_2_5(err: &Segment<'_>) -> ErrorDetail {
    let first = |number: usize| err.field(number).and_then(|f| f.repetition(1));
    let of = |number: usize, component: usize| {
        first(number).and_then(|r| r.component(component)).map(|c| c.text().into_owned()).unwrap_or_default()
    };
    ErrorDetail {
        code: of(3, 1),
        code_text: of(3, 2),
        place: first(2).and_then(|location| place(&location)),
        severity: Severity::read(&text(err, 4)),
        diagnostic: text(err, 7),
        user_message: text(err, 8),
    }
}

fn err_to_2_4(detail: &Part<'_>) -> ErrorDetail {
    let condition = detail.component(4);
    let of = |number: usize| {
        condition.and_then(|c| c.subcomponent(number)).map(|s| s.text().into_owned()).unwrap_or_default()
    };
    ErrorDetail { code: of(1), code_text: of(2), place: place(detail), ..ErrorDetail::default() }
}

/// The place in ERR-2 or ERR-1.
fn place(location: &Part<'_>) -> Option<Place> {
    let part = |number| location.component(number).map(|c| c.text());
    let name: [u8; 3] = part(1)?.trim().as_bytes().try_into().ok()?;
    if !name.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    let number = |at| part(at).and_then(|text| text.trim().parse::<usize>().ok()).unwrap_or(0);
    let place = Place::segment(name, number(2).max(1)).field(number(3));
    // The parts behind the field mean this only from version 2.5; in ERR-1 a condition stands there.
    let newer = location.component(4).is_some_and(|c| c.subcomponents().count() == 1);
    if newer {
        Some(place.repetition(number(4)).component(number(5)).subcomponent(number(6)))
    } else {
        Some(place)
    }
}

fn text(segment: &Segment<'_>, number: usize) -> String {
    segment.field(number).map(|f| f.text().into_owned()).unwrap_or_default()
}
