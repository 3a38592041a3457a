//! What waits to be sent: PDUs, and data that is cut into PDUs only when it is taken (PS3.8, section 9.3.1 and
//! Annex E).

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use crate::pdu::{HEADER_LENGTH, data_header};

/// Fragments up to this length are copied behind their header: one chunk costs less than two.
const COPIED_MAX: usize = 512;
/// Bytes that a presentation data value adds to its fragment.
const VALUE_HEADER_LENGTH: u32 = 6;

/// A queue of bytes to be sent.
pub(super) struct Outgoing {
    queue: VecDeque<Entry>,
    /// The fragment of a header that was taken.
    fragment: Option<Bytes>,
    /// Longest fragment, even.
    fragment_max: usize,
    /// Bytes of the queue, without headers.
    waiting: usize,
    /// One byte of a stream that came in pieces of odd length: only the last fragment may be odd.
    odd: Option<u8>,
    headers: BytesMut,
}

enum Entry {
    Pdu(Bytes),
    Stream { context: u8, command: bool, last: bool, bytes: Bytes },
}

impl Outgoing {
    pub fn new(sent_length_max: u32) -> Self {
        Self {
            queue: VecDeque::new(),
            fragment: None,
            fragment_max: fragment_max(0, sent_length_max),
            waiting: 0,
            odd: None,
            headers: BytesMut::new(),
        }
    }

    /// `maximum_length` is what the peer takes, 0 is without limit.
    pub fn limit(&mut self, maximum_length: u32, sent_length_max: u32) {
        self.fragment_max = fragment_max(maximum_length, sent_length_max);
    }

    /// A whole PDU.
    pub fn push_pdu(&mut self, pdu: Bytes) {
        self.waiting += pdu.len();
        self.queue.push_back(Entry::Pdu(pdu));
    }

    /// A piece of a command set or data set.
    pub fn push_stream(&mut self, context: u8, command: bool, bytes: Bytes, last: bool) {
        self.waiting += bytes.len();
        self.queue.push_back(Entry::Stream { context, command, last, bytes });
    }

    /// Bytes that wait.
    pub fn waiting(&self) -> usize {
        self.waiting + self.fragment.as_ref().map_or(0, Bytes::len)
    }

    pub fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.fragment.is_none()
    }

    /// Forgets everything but the rest of a PDU that has begun.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.waiting = 0;
        self.odd = None;
    }

    /// The next bytes to be sent.
    pub fn take(&mut self) -> Option<Bytes> {
        if let Some(fragment) = self.fragment.take() {
            return Some(fragment);
        }
        loop {
            match self.queue.pop_front()? {
                Entry::Pdu(pdu) => {
                    self.waiting -= pdu.len();
                    return Some(pdu);
                }
                Entry::Stream { context, command, last, bytes } => {
                    if let Some(chunk) = self.take_fragment(context, command, last, bytes) {
                        return Some(chunk);
                    }
                }
            }
        }
    }

    /// Takes one fragment of the stream and puts the rest back. `None` if there is nothing to send yet.
    fn take_fragment(&mut self, context: u8, command: bool, last: bool, mut bytes: Bytes) -> Option<Bytes> {
        let before = usize::from(self.odd.is_some());
        let total = before + bytes.len();
        let ends = total <= self.fragment_max;
        let length = match (ends, last) {
            (false, _) => self.fragment_max,
            (true, true) => total,
            // What does not end the stream has to be even; the byte too many waits for the next piece.
            (true, false) => total & !1,
        };
        if length == 0 && !last {
            self.odd = self.odd.or(bytes.first().copied());
            self.waiting -= bytes.len();
            return None;
        }
        let odd = self.odd.take();
        let fragment = bytes.split_to(length - before);
        self.waiting -= fragment.len();
        if !ends {
            self.queue.push_front(Entry::Stream { context, command, last, bytes });
        } else if let Some(byte) = bytes.first() {
            self.odd = Some(*byte);
            self.waiting -= 1;
        }
        Some(self.header(context, command, last && ends, odd, fragment))
    }

    fn header(&mut self, context: u8, command: bool, last: bool, odd: Option<u8>, fragment: Bytes) -> Bytes {
        let length = fragment.len() + usize::from(odd.is_some());
        // The length is at most the longest fragment, which fits into 32 bits.
        let header = data_header(context, command, last, u32::try_from(length).unwrap_or(u32::MAX));
        if self.headers.capacity() < HEADER_LENGTH + 1 + COPIED_MAX {
            self.headers.reserve(4_096);
        }
        self.headers.extend_from_slice(&header);
        self.headers.extend(odd);
        if fragment.len() <= COPIED_MAX {
            self.headers.extend_from_slice(&fragment);
        } else {
            self.fragment = Some(fragment);
        }
        self.headers.split().freeze()
    }
}

/// The longest fragment for these maxima: even, and at least two bytes, whatever the peer says.
fn fragment_max(maximum_length: u32, sent_length_max: u32) -> usize {
    let length = match maximum_length {
        0 => sent_length_max,
        length => length.min(sent_length_max),
    };
    let fragment = length.saturating_sub(VALUE_HEADER_LENGTH).max(2) & !1;
    usize::try_from(fragment).unwrap_or(usize::MAX)
}
