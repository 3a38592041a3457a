//! Control identifiers for our own messages.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes control identifiers that are never the same: random for each start of a source, then a counter.
#[derive(Debug)]
pub(super) struct Ids {
    prefix: u64,
    counter: AtomicU64,
}

impl Ids {
    pub(super) fn new() -> Self {
        // The keys of a fresh state are random; what is hashed does not matter.
        Ids {
            prefix: RandomState::new().build_hasher().finish() & 0xFF_FFFF_FFFF,
            counter: AtomicU64::new(1),
        }
    }

    /// At most 20 characters, as MSH-10 has room for in all versions: 11, and 9 for a number up to 6 * 10^10.
    pub(super) fn next(&self) -> String {
        let number = self.counter.fetch_add(1, Ordering::Relaxed) % 0xF_FFFF_FFFF;
        format!("K{:010X}{number:X}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_identifier_comes_twice() {
        let (one, other) = (Ids::new(), Ids::new());
        let mut all: Vec<String> = (0..100).flat_map(|_| [one.next(), other.next()]).collect();
        assert!(all.iter().all(|id| id.len() <= 20));
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 200);
        one.counter.store(0xF_FFFF_FFFE, Ordering::Relaxed);
        assert_eq!(one.next().len(), 20);
    }
}
