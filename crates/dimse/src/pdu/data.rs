//! P-DATA-TF (PS3.8, section 9.3.5) and the message control header (Annex E.2).
//!
//! | bytes | what |
//! |---|---|
//! | 1 | 04H |
//! | 2 | reserved |
//! | 3-6 | length of the rest |
//! | then, for each value: 4 | its length, from the next byte on |
//! | 1 | presentation context ID |
//! | 1 | control header: bit 0 command, bit 1 last fragment |
//! | rest | the fragment |

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use super::Error;
use super::reader::note;
use crate::association::deviation::{Deviation, Kind};

/// Bytes of a PDU with one presentation data value before its fragment.
pub const HEADER_LENGTH: usize = 12;

/// A checked P-DATA-TF PDU. Its values are slices of the bytes that were received.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Data {
    body: Bytes,
}

/// One presentation data value.
#[derive(Clone, PartialEq, Eq)]
pub struct DataValue {
    /// Presentation context ID.
    pub context: u8,
    /// The fragment is of a command set, not of a data set.
    pub command: bool,
    /// It is the last of its command set or data set.
    pub last: bool,
    /// The fragment.
    pub fragment: Bytes,
}

impl Data {
    /// A PDU of these values. To send, [`data_header`] before the fragment itself copies less.
    pub fn of(values: &[DataValue]) -> Self {
        let mut body = BytesMut::new();
        for value in values {
            // A fragment has to fit into a PDU, and the length of that has 32 bits.
            body.put_u32(u32::try_from(value.fragment.len() + 2).unwrap_or(u32::MAX));
            body.put_u8(value.context);
            body.put_u8(u8::from(value.command) | u8::from(value.last) << 1);
            body.put_slice(&value.fragment);
        }
        Self { body: body.freeze() }
    }

    /// The values in their order.
    pub fn values(&self) -> DataValues {
        DataValues { rest: self.body.clone() }
    }

    /// Everything behind the length of the PDU.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Checks the lengths of the values, so that reading them can't fail.
    pub(super) fn check(body: Bytes, deviations: &mut Vec<Deviation>) -> Result<Self, Error> {
        const BEFORE: usize = 6;
        let mut at = 0;
        while let Some(header) = body.get(at..at + 4) {
            let length = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
            let remaining = body.len() - at - 4;
            let Some(size) = usize::try_from(length).ok().filter(|size| *size <= remaining) else {
                let item = "presentation data value";
                let length = length as usize;
                return Err(Error::ItemTooLong { item, offset: BEFORE + at + 4, length, remaining });
            };
            if size < 2 {
                return Err(Error::ValueTooShort { offset: BEFORE + at, length });
            }
            let control = body[at + 5];
            if control & !3 != 0 {
                note(deviations, Kind::ControlHeaderBits, BEFORE + at + 5);
            }
            if size % 2 == 1 && control & 2 == 0 {
                note(deviations, Kind::FragmentOdd, BEFORE + at);
            }
            at += 4 + size;
        }
        if at < body.len() {
            note(deviations, Kind::TrailingBytes, BEFORE + at);
        }
        if at == 0 {
            deviations.push(Kind::PduEmpty.into());
        }
        Ok(Self { body: body.slice(..at) })
    }
}

/// Shows sizes only: the values hold patient data.
impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Data").field("length", &self.body.len()).finish()
    }
}

/// Shows sizes only: the fragment holds patient data.
impl fmt::Debug for DataValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataValue")
            .field("context", &self.context)
            .field("command", &self.command)
            .field("last", &self.last)
            .field("length", &self.fragment.len())
            .finish()
    }
}

/// The values of a [`Data`].
#[derive(Clone)]
pub struct DataValues {
    rest: Bytes,
}

/// Shows sizes only.
impl fmt::Debug for DataValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataValues").field("length", &self.rest.len()).finish()
    }
}

impl Iterator for DataValues {
    type Item = DataValue;

    fn next(&mut self) -> Option<DataValue> {
        let header = self.rest.get(..6)?;
        let length = u32::from_be_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let (context, control) = (header[4], header[5]);
        let mut value = self.rest.split_to(length.saturating_add(4).min(self.rest.len()));
        let fragment = value.split_off(6);
        Some(DataValue { context, command: control & 1 != 0, last: control & 2 != 0, fragment })
    }
}

/// The bytes before the fragment of a PDU with one presentation data value.
pub fn data_header(context: u8, command: bool, last: bool, fragment_length: u32) -> [u8; HEADER_LENGTH] {
    let mut header = [0; HEADER_LENGTH];
    header[0] = 0x04;
    header[2..6].copy_from_slice(&fragment_length.saturating_add(6).to_be_bytes());
    header[6..10].copy_from_slice(&fragment_length.saturating_add(2).to_be_bytes());
    header[10] = context;
    header[11] = u8::from(command) | u8::from(last) << 1;
    header
}
