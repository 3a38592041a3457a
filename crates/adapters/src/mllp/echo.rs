//! The test message of a probe: a network management query (NMQ^N01, HL7 v2.5.1 chapter 14) with the
//! processing identifier `D`, debugging. It is about nobody; who does not know it answers AR, and has
//! answered.

use std::time::Duration;

use klinke_hl7v2::ack::{self, Answer};
use klinke_hl7v2::time::Timestamp;

use super::codec::Mllp;
use super::ids::Ids;
use crate::net::line::Line;
use crate::net::{FrameKind, Statistics, Stream};

/// Most bytes of the answer.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Sends the message and waits for the answer's code.
pub(super) async fn echo(stream: Stream, limit: Duration) -> Option<String> {
    let (id, now) = (Ids::new().next(), klinke_model::Timestamp::now());
    let time = Timestamp::from_unix(now.0.div_euclid(1_000_000), 0).to_string();
    let time: String = time.chars().take_while(char::is_ascii_digit).collect();
    let message = format!(
        "MSH|^~\\&|KLINKE|KLINKE|||{time}||NMQ^N01^NMQ_N01|{id}|D|2.5\rQRD|{time}|R|I|{id}|||1^RD||NET\r"
    );
    // What it counts is the probe's own affair.
    let statistics = Statistics::default();
    let mut line = Line::new(stream, Box::new(Mllp::new(ANSWER_BYTES_MAX, false)));
    let talk = async {
        line.send(message.as_bytes()).await.ok()?;
        loop {
            let frame = line.frame(&statistics).await.ok()?;
            if frame.kind == FrameKind::Data {
                return Some(code(&frame.payload, &id));
            }
        }
    };
    tokio::time::timeout(limit, talk).await.ok().flatten()
}

fn code(answer: &[u8], id: &str) -> String {
    match ack::interpret(answer, id) {
        Answer::Acknowledgment(said) | Answer::WrongControlId(said) => {
            said.code.map_or("?", |code| code.as_str()).to_owned()
        }
        _ => "?".to_owned(),
    }
}
