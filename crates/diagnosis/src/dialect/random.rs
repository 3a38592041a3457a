//! Numbers that look random and are the same for the same seed (SplitMix64, Steele and others 2014).

/// A source of numbers.
pub(super) struct Random(u64);

impl Random {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below a limit.
    pub fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 { 0 } else { self.next() % limit }
    }

    /// True so many times of so many.
    pub fn chance(&mut self, times: u64, of: u64) -> bool {
        self.below(of.max(1)) < times
    }

    /// One of several, the more often the more it counts.
    pub fn weighted<'a, T>(&mut self, all: impl Iterator<Item = (&'a T, u64)> + Clone) -> Option<&'a T>
    where
        T: ?Sized,
    {
        let total: u64 = all.clone().map(|(_, weight)| weight).sum();
        let mut at = self.below(total);
        for (one, weight) in all {
            if at < weight {
                return Some(one);
            }
            at -= weight;
        }
        None
    }
}
