//! Small things packed into one column: numbers of variable length (LEB128), texts, lists.

use klinke_store::{Error, Result};

/// Appends to a byte buffer.
pub(crate) trait Pack {
    /// A number, seven bits a byte, lowest first.
    fn number(&mut self, number: u64);
    /// A number that may be negative: zigzag, then as above.
    fn signed(&mut self, number: i64);
    /// A length and bytes.
    fn bytes(&mut self, bytes: &[u8]);
}

impl Pack for Vec<u8> {
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.push(number as u8);
    }

    fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.extend_from_slice(bytes);
    }
}

/// Reads what [`Pack`] wrote. Whatever does not fit is [`Error::Damaged`].
pub(crate) struct Unpack<'a>(pub(crate) &'a [u8]);

impl<'a> Unpack<'a> {
    /// True at the end.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A number.
    pub(crate) fn number(&mut self) -> Result<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or_else(damaged)?;
            self.0 = rest;
            number |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(damaged())
    }

    /// A number of a smaller type.
    pub(crate) fn small<T: TryFrom<u64>>(&mut self) -> Result<T> {
        T::try_from(self.number()?).map_err(|_| damaged())
    }

    /// A number that may be negative.
    pub(crate) fn signed(&mut self) -> Result<i64> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// As many bytes.
    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    /// A length and bytes.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8]> {
        let length = self.small()?;
        self.take(length)
    }

    /// A length and UTF-8.
    pub(crate) fn text(&mut self) -> Result<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| damaged())
    }

    /// Four bytes, lowest first.
    pub(crate) fn four(&mut self) -> Result<u32> {
        let bytes = self.take(4)?.try_into().map_err(|_| damaged())?;
        Ok(u32::from_le_bytes(bytes))
    }
}

pub(crate) fn damaged() -> Error {
    Error::Damaged("a packed column does not end where it should".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_come_back() {
        let numbers = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX];
        let signed = [0, -1, 1, i64::MIN, i64::MAX, -12345];
        let mut packed = Vec::new();
        numbers.iter().for_each(|number| packed.number(*number));
        signed.iter().for_each(|number| packed.signed(*number));
        packed.bytes("ä".as_bytes());
        let mut unpack = Unpack(&packed);
        assert!(numbers.iter().all(|number| unpack.number().unwrap() == *number));
        assert!(signed.iter().all(|number| unpack.signed().unwrap() == *number));
        assert_eq!(unpack.text().unwrap(), "ä");
        assert!(unpack.is_empty());
    }

    #[test]
    fn cut_or_endless_input_is_damaged() {
        assert!(Unpack(&[]).number().is_err());
        assert!(Unpack(&[0xFF; 20]).number().is_err());
        assert!(Unpack(&[5, 1, 2]).bytes().is_err());
        assert!(Unpack(&[2, 0xC3, 0x28]).text().is_err());
        assert!(Unpack(&[0x80, 0x02]).small::<u8>().is_err());
    }
}
