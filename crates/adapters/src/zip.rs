//! A ZIP archive that is written as it goes (APPNOTE 6.3, sections 4.3 and 4.5.3): entries stored as they are, their sums behind
//! them, and 64-bit sizes where they are needed.

use crc32fast::Hasher;

/// Entries of this size and offsets beyond it need 64 bits.
const SMALL_MAX: u64 = u32::MAX as u64 - 1;
/// Sizes and sums stand behind the data; names are UTF-8.
const FLAGS: u16 = 0x0808;
/// 1 January 1980, which is the day of those who do not know.
const DATE: u16 = 0x0021;

/// An archive on its way.
#[derive(Default)]
pub struct Zip {
    entries: Vec<Entry>,
    current: Hasher,
    size: u64,
    offset: u64,
}

struct Entry {
    name: String,
    sum: u32,
    size: u64,
    offset: u64,
    is_large: bool,
}

impl Zip {
    /// Begins an entry; gives what stands before its bytes.
    pub fn begin(&mut self, name: &str, size: u64) -> Vec<u8> {
        let is_large = size > SMALL_MAX;
        let mut out = Vec::new();
        put(&mut out, &[0x0403_4B50]);
        put16(&mut out, &[if is_large { 45 } else { 20 }, FLAGS, 0, 0, DATE]);
        let unknown = if is_large { u32::MAX } else { 0 };
        put(&mut out, &[0, unknown, unknown]);
        put16(&mut out, &[name.len() as u16, if is_large { 20 } else { 0 }]);
        out.extend_from_slice(name.as_bytes());
        if is_large {
            put16(&mut out, &[1, 16]);
            out.extend_from_slice(&[0; 16]);
        }
        self.entries.push(Entry { name: name.to_owned(), sum: 0, size: 0, offset: self.offset, is_large });
        self.current = Hasher::new();
        self.size = 0;
        self.offset += out.len() as u64;
        out
    }

    /// Takes note of bytes of the entry.
    pub fn take(&mut self, bytes: &[u8]) {
        self.current.update(bytes);
        self.size += bytes.len() as u64;
    }

    /// Ends the entry; gives what stands behind its bytes.
    pub fn end(&mut self) -> Vec<u8> {
        let sum = std::mem::take(&mut self.current).finalize();
        let size = self.size;
        let mut out = Vec::new();
        put(&mut out, &[0x0807_4B50, sum]);
        let is_large = match self.entries.last_mut() {
            Some(entry) => {
                (entry.sum, entry.size) = (sum, size);
                entry.is_large
            }
            None => false,
        };
        match is_large {
            true => put64(&mut out, &[size, size]),
            false => put(&mut out, &[size as u32, size as u32]),
        }
        self.offset += size + out.len() as u64;
        out
    }

    /// The directory at the end.
    pub fn finish(self) -> Vec<u8> {
        let mut out = Vec::new();
        for entry in &self.entries {
            entry.write(&mut out);
        }
        let (count, size, offset) = (self.entries.len() as u64, out.len() as u64, self.offset);
        if count >= 0xFFFF || offset > SMALL_MAX {
            let at = offset + size;
            put(&mut out, &[0x0606_4B50]);
            put64(&mut out, &[44]);
            put16(&mut out, &[45, 45]);
            put(&mut out, &[0, 0]);
            put64(&mut out, &[count, count, size, offset]);
            put(&mut out, &[0x0706_4B50, 0]);
            put64(&mut out, &[at]);
            put(&mut out, &[1]);
        }
        put(&mut out, &[0x0605_4B50]);
        let short = count.min(0xFFFF) as u16;
        put16(&mut out, &[0, 0, short, short]);
        let long = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        put(&mut out, &[long(size), if offset > SMALL_MAX { u32::MAX } else { long(offset) }]);
        put16(&mut out, &[0]);
        out
    }
}

impl Entry {
    fn write(&self, out: &mut Vec<u8>) {
        let is_large = self.is_large || self.size > SMALL_MAX || self.offset > SMALL_MAX;
        let short = |number: u64| if is_large { u32::MAX } else { number as u32 };
        put(out, &[0x0201_4B50]);
        put16(out, &[45, if is_large { 45 } else { 20 }, FLAGS, 0, 0, DATE]);
        put(out, &[self.sum, short(self.size), short(self.size)]);
        put16(out, &[self.name.len() as u16, if is_large { 28 } else { 0 }, 0, 0, 0]);
        put(out, &[0, short(self.offset)]);
        out.extend_from_slice(self.name.as_bytes());
        if is_large {
            put16(out, &[1, 24]);
            put64(out, &[self.size, self.size, self.offset]);
        }
    }
}

fn put16(out: &mut Vec<u8>, numbers: &[u16]) {
    numbers.iter().for_each(|number| out.extend(number.to_le_bytes()));
}

fn put(out: &mut Vec<u8>, numbers: &[u32]) {
    numbers.iter().for_each(|number| out.extend(number.to_le_bytes()));
}

fn put64(out: &mut Vec<u8>, numbers: &[u64]) {
    numbers.iter().for_each(|number| out.extend(number.to_le_bytes()));
}
