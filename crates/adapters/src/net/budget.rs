//! The memory that all connections of a source share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A connection holds little below this fraction of the limit: of 256 MiB these are 64 KiB.
const LITTLE: usize = 4_096;

/// Counts the bytes that connections hold. Above the limit no connection reads on, except one at a time,
/// which may finish its frame: so memory stays within the limit and one frame, and never do all
/// connections wait for each other. Connections that hold very little read in any case: a short message
/// must not wait for the large ones of others, who may take their time.
#[derive(Debug)]
pub struct Budget {
    bytes_max: usize,
    bytes: AtomicUsize,
    overdrawn: AtomicBool,
}

/// One connection's part of a [`Budget`].
#[derive(Debug)]
pub struct Share {
    budget: Arc<Budget>,
    bytes: usize,
    overdraws: bool,
}

impl Budget {
    /// A budget of this many bytes.
    pub fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Budget { bytes_max, bytes: AtomicUsize::new(0), overdrawn: AtomicBool::new(false) })
    }

    /// A share that holds nothing yet.
    pub fn share(self: &Arc<Self>) -> Share {
        Share { budget: Arc::clone(self), bytes: 0, overdraws: false }
    }
}

impl Share {
    /// Says how many bytes the connection holds now, and whether it is inside a frame.
    pub fn hold(&mut self, bytes: usize, in_frame: bool) {
        if bytes > self.bytes {
            self.budget.bytes.fetch_add(bytes - self.bytes, Ordering::Relaxed);
        } else if bytes < self.bytes {
            self.budget.bytes.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
        }
        self.bytes = bytes;
        if self.overdraws && !in_frame {
            self.overdraws = false;
            self.budget.overdrawn.store(false, Ordering::Release);
        }
    }

    /// True when the connection may read on, because it holds little or there is room. Only inside a frame may it go above the limit: one that
    /// waits for its partner to begin would keep that place for nothing.
    pub fn may_read(&mut self, in_frame: bool) -> bool {
        let holds_little = self.bytes < self.budget.bytes_max / LITTLE;
        if self.overdraws || holds_little || self.budget.bytes.load(Ordering::Relaxed) < self.budget.bytes_max
        {
            return true;
        }
        self.overdraws = in_frame && !self.budget.overdrawn.swap(true, Ordering::Acquire);
        self.overdraws
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.hold(0, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_holds_little_never_waits() {
        let budget = Budget::new(256 << 20);
        let (mut large, mut small) = (budget.share(), budget.share());
        large.hold(300 << 20, true);
        assert!(large.may_read(true));
        assert!(small.may_read(false));
        small.hold(10_000, true);
        assert!(small.may_read(true));
        small.hold(100_000, true);
        assert!(!small.may_read(true));
    }

    #[test]
    fn above_the_limit_one_connection_goes_on() {
        let budget = Budget::new(100);
        let (mut first, mut second) = (budget.share(), budget.share());
        first.hold(60, true);
        assert!(second.may_read(true));
        second.hold(60, true);
        assert!(!first.may_read(false), "outside a frame it waits");
        assert!(second.may_read(true), "the first that asks may finish its frame");
        assert!(!first.may_read(true));
        second.hold(60, false);
        assert!(first.may_read(true), "it has finished: now the other");
        assert!(!second.may_read(true));
        drop(first);
        assert!(second.may_read(true));
        drop(second);
        assert_eq!(budget.bytes.load(Ordering::Relaxed), 0);
    }
}
