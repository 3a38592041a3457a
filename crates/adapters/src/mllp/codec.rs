//! What this adapter asks of the codec: frames, the header's few fields that decide about answers, the
//! building and the reading of acknowledgments.

use crate::net::{Frame, FrameKind, Framing, FramingError};

const VT: u8 = 0x0B;
const FS: u8 = 0x1C;
const CR: u8 = 0x0D;

/// Cuts MLLP frames.
#[derive(Debug)]
pub(super) struct Mllp {
    buffer: Vec<u8>,
    bytes_max: usize,
    looked: usize,
}

impl Mllp {
    pub(super) fn new(bytes_max: usize) -> Self {
        Mllp { buffer: Vec::new(), bytes_max, looked: 0 }
    }
}

impl Framing for Mllp {
    fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, FramingError> {
        let start = self.buffer.iter().position(|&byte| byte == VT).unwrap_or(self.buffer.len());
        self.buffer.drain(..start);
        if start > 0 {
            self.looked = 0;
        }
        match self.buffer[self.looked.min(self.buffer.len())..].windows(2).position(|two| two == [FS, CR]) {
            Some(at) => {
                let end = self.looked + at;
                let payload = self.buffer[1..end].to_vec();
                self.buffer.drain(..end + 2);
                self.looked = 0;
                Ok(Some(match payload[..] {
                    [0x06] => Frame { kind: FrameKind::Committed, payload },
                    [0x15] => Frame { kind: FrameKind::NotCommitted, payload },
                    _ => Frame::data(payload),
                }))
            }
            None if self.buffer.len() > self.bytes_max => Err(FramingError::too_large(self.bytes_max)),
            None => {
                self.looked = self.buffer.len().saturating_sub(1);
                Ok(None)
            }
        }
    }

    fn pending(&self) -> usize {
        self.buffer.len()
    }

    fn finish(&mut self) {
        self.buffer.clear();
    }

    fn start(&self, _: usize, out: &mut Vec<u8>) {
        out.push(VT);
    }

    fn end(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[FS, CR]);
    }
}

/// The header's fields that decide about answers.
#[derive(Debug)]
pub(super) struct Header {
    separator: u8,
    fields: Vec<Vec<u8>>,
}

impl Header {
    /// Of a message; `None` when it begins with no MSH.
    pub(super) fn read(message: &[u8]) -> Option<Self> {
        let line = message.split(|&byte| byte == CR || byte == b'\n').find(|line| !line.is_empty())?;
        let separator = *line.strip_prefix(b"MSH")?.first()?;
        let fields = line.split(|&byte| byte == separator).map(<[u8]>::to_vec).collect();
        Some(Header { separator, fields })
    }

    fn field(&self, number: usize) -> &[u8] {
        self.fields.get(number - 1).map_or(b"", Vec::as_slice)
    }

    pub(super) fn control_id(&self) -> &[u8] {
        self.field(10)
    }

    /// MSH-15, MSH-16.
    pub(super) fn asks(&self) -> (Asked, Asked) {
        (Asked::read(self.field(15)), Asked::read(self.field(16)))
    }
}

/// When a sender wants an acknowledgment (table 0155).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Nothing,
    Always,
    Never,
    OnError,
    OnSuccess,
}

impl Asked {
    fn read(field: &[u8]) -> Self {
        match field {
            b"AL" => Asked::Always,
            b"NE" => Asked::Never,
            b"ER" => Asked::OnError,
            b"SU" => Asked::OnSuccess,
            _ => Asked::Nothing,
        }
    }

    pub(super) fn applies(self, success: bool) -> bool {
        match self {
            Asked::Always => true,
            Asked::Nothing | Asked::Never => false,
            Asked::OnError => !success,
            Asked::OnSuccess => success,
        }
    }
}

/// An acknowledgment of the message with this header.
pub(super) fn acknowledge(header: &Header, code: &str, text: &str, id: &str) -> Vec<u8> {
    let separator = char::from(header.separator).to_string();
    let field = |number| String::from_utf8_lossy(header.field(number)).into_owned();
    let msh =
        ["MSH".to_owned(), field(2), field(5), field(6), field(3), field(4), String::new(), String::new()];
    let rest = ["ACK".to_owned(), id.to_owned(), field(11), field(12)];
    let msa = ["MSA", code, &field(10), text].join(&separator);
    format!("{}\r{msa}\r", msh.into_iter().chain(rest).collect::<Vec<_>>().join(&separator)).into_bytes()
}

/// What an answer says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) code: String,
    pub(super) control_id: Vec<u8>,
}

/// MSA-1 and MSA-2 of an answer; `Err` is a stable code.
pub(super) fn interpret(answer: &[u8]) -> Result<Said, &'static str> {
    let header = Header::read(answer).ok_or("not-an-ack")?;
    let msa = answer
        .split(|&byte| byte == CR || byte == b'\n')
        .find(|line| line.starts_with(b"MSA"))
        .ok_or("no-msa")?;
    let mut fields = msa.split(|&byte| byte == header.separator).skip(1);
    let code = String::from_utf8_lossy(fields.next().unwrap_or_default()).into_owned();
    Ok(Said { code, control_id: fields.next().unwrap_or_default().to_vec() })
}

/// An acknowledgment of something that has no header.
pub(super) fn acknowledge_unknown(code: &str, text: &str, id: &str, now: klinke_model::Timestamp) -> Vec<u8> {
    let (year, month, day, hour, minute, second, _) = now.parts();
    format!(
        "MSH|^~\\&|||||{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}+0000||ACK|{id}|P|2.5\r\
         MSA|{code}||{text}\r"
    )
    .into_bytes()
}
