//! Where the bytes of a data set come from: all at once, or as they arrive.

use bytes::{Buf, Bytes, BytesMut};

/// Bytes that a parser takes from the front.
pub(crate) trait Source {
    /// What is there and was not taken yet.
    fn rest(&self) -> &[u8];
    /// Takes bytes that are there.
    fn take(&mut self, count: usize) -> Bytes;
    /// Passes over as many of these bytes as are there, and says how many.
    fn skip(&mut self, count: u64) -> u64;
    /// Whether nothing more will come.
    fn is_last(&self) -> bool;
}

/// Everything at once; values are slices of it.
pub(crate) struct Whole(pub(crate) Bytes);

impl Source for Whole {
    fn rest(&self) -> &[u8] {
        &self.0
    }

    fn take(&mut self, count: usize) -> Bytes {
        self.0.split_to(count)
    }

    fn skip(&mut self, count: u64) -> u64 {
        let count = at_most(count, self.0.len());
        self.0.advance(count);
        count as u64
    }

    fn is_last(&self) -> bool {
        true
    }
}

/// Bytes as they arrive; values share the buffers in which they came.
#[derive(Default)]
pub(crate) struct Arriving {
    pub(crate) buffer: BytesMut,
    pub(crate) ended: bool,
}

impl Source for Arriving {
    fn rest(&self) -> &[u8] {
        &self.buffer
    }

    fn take(&mut self, count: usize) -> Bytes {
        self.buffer.split_to(count).freeze()
    }

    fn skip(&mut self, count: u64) -> u64 {
        let count = at_most(count, self.buffer.len());
        self.buffer.advance(count);
        count as u64
    }

    fn is_last(&self) -> bool {
        self.ended
    }
}

fn at_most(count: u64, there: usize) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX).min(there)
}
