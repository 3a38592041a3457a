//! Takes PDUs out of a stream of bytes (PS3.8, section 9.3.1).

use bytes::{Buf, Bytes, BytesMut};

use super::items::{read_accept, read_request};
use super::reader::{Notes, Reader};
use super::{Abort, AssociateReject, Data, Error, Pdu, name};
use crate::association::deviation::{Deviation, Kind};

/// Bytes before the body of a PDU: type, reserved, length.
const PREFIX: usize = 6;

/// Limits of what is taken from a peer. They are ours alone: what was announced to the peer is only counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest body of A-ASSOCIATE-RQ and -AC, and of what should have four bytes.
    pub association_bytes_max: u32,
    /// Longest body of P-DATA-TF.
    pub data_bytes_max: u32,
    /// Most items and sub-items of one PDU.
    pub items_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { association_bytes_max: 1 << 20, data_bytes_max: 4 << 20, items_max: 8_192 }
    }
}

/// Takes PDUs out of a buffer.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    /// What was announced as maximum length; 0 is without limit.
    announced: u32,
    deviations: Vec<Deviation>,
}

impl Decoder {
    /// `announced` is the maximum length that the peer was told, 0 for none.
    pub fn new(limits: Limits, announced: u32) -> Self {
        Self { limits, announced, deviations: Vec::new() }
    }

    /// The next PDU at the front of the buffer, or `None` when more bytes are needed. After an error the rest of
    /// the stream has no meaning.
    pub fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Pdu>, Error> {
        let Some(kind) = buffer.first().copied() else { return Ok(None) };
        if !(0x01..=0x07).contains(&kind) {
            return Err(Error::UnknownPdu { kind });
        }
        let Some(prefix) = buffer.get(..PREFIX) else { return Ok(None) };
        let length = u32::from_be_bytes([prefix[2], prefix[3], prefix[4], prefix[5]]);
        let body_length = self.check_length(kind, length)?;
        if buffer.len() - PREFIX < body_length {
            self.make_room(buffer, body_length);
            return Ok(None);
        }
        buffer.advance(PREFIX);
        let body = buffer.split_to(body_length).freeze();
        if kind == 0x04 && self.announced != 0 && length > self.announced {
            self.deviations.push(Kind::PduTooLong.into());
        }
        self.body(kind, body).map(Some)
    }

    /// What was noted since the last call.
    pub fn take_deviations(&mut self) -> Vec<Deviation> {
        std::mem::take(&mut self.deviations)
    }

    fn check_length(&self, kind: u8, length: u32) -> Result<usize, Error> {
        let limit = match kind {
            0x04 => self.limits.data_bytes_max,
            _ => self.limits.association_bytes_max,
        };
        match usize::try_from(length) {
            Ok(size) if length <= limit => Ok(size),
            _ => Err(Error::TooLong { pdu: name(kind), length, limit }),
        }
    }

    /// A PDU of usual length is read into one piece of memory. For a longer one, memory is taken as its bytes come.
    fn make_room(&self, buffer: &mut BytesMut, body_length: usize) {
        if body_length <= (self.announced as usize).min(1 << 20) {
            buffer.reserve(PREFIX + body_length - buffer.len());
        }
    }

    fn body(&mut self, kind: u8, body: Bytes) -> Result<Pdu, Error> {
        if kind == 0x04 {
            return Data::check(body, &mut self.deviations).map(Pdu::Data);
        }
        let mut reader = Reader::new(&body, PREFIX, name(kind));
        let mut notes =
            Notes { deviations: &mut self.deviations, items: 0, items_max: self.limits.items_max };
        match kind {
            0x01 => return Ok(Pdu::AssociateRequest(Box::new(read_request(&mut reader, &mut notes)?))),
            0x02 => return Ok(Pdu::AssociateAccept(Box::new(read_accept(&mut reader, &mut notes)?))),
            _ if body.len() != 4 => notes.note(Kind::PduLength, 2),
            _ => {}
        }
        Ok(match (kind, body.as_ref()) {
            (0x05, _) => Pdu::ReleaseRequest,
            (0x06, _) => Pdu::ReleaseResponse,
            (0x03, &[_, result, source, reason, ..]) => {
                Pdu::AssociateReject(AssociateReject { result, source, reason })
            }
            (0x07, &[_, _, source, reason, ..]) => Pdu::Abort(Abort { source, reason }),
            _ => return Err(Error::short_pdu(kind, PREFIX + body.len())),
        })
    }
}
