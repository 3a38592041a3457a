//! Asking for all studies of a slice where the old archive may answer with some of them alone, and say nothing of it.
//!
//! An answer counts as whole when it is shorter than the known cap, or shorter than an answer that was found whole before.
//! Any other one is asked again in two halves. Where the halves hold more than the whole, the whole was cut off: its length is
//! the cap. Where they hold as much, and both hold something, it was whole: with a cap of its length the halves would have held
//! more.

use super::slice::{Parts, Slice};

/// An answer to a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Studies in it.
    pub count: u64,
    /// The old archive has said that there are more.
    pub is_cut: bool,
}

/// What is known of the cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// No answer is longer than this.
    pub at: Option<u64>,
    /// Answers up to this length are whole.
    pub trusted: u64,
}

impl Default for Cap {
    /// An old archive that gives fewer than so many answers at once is not known to us.
    fn default() -> Self {
        Cap { at: None, trusted: 50 }
    }
}

impl Cap {
    /// A cap that somebody knows.
    pub fn known(at: u64) -> Self {
        Cap { at: Some(at), trusted: Cap::default().trusted.min(at.saturating_sub(1)) }
    }

    fn is_whole(&self, answer: Answer) -> bool {
        !answer.is_cut
            && match self.at {
                Some(at) => answer.count < at,
                None => answer.count <= self.trusted,
            }
    }

    fn found(&mut self, at: u64) {
        if at > 0 {
            self.at = Some(self.at.map_or(at, |known| known.min(at)));
            self.trusted = self.trusted.min(at - 1);
        }
    }
}

/// The inventory of one slice, with all into which it is split.
#[derive(Clone, Debug)]
pub struct Inventory {
    cap: Cap,
    modalities: Vec<String>,
    /// Slices that were split, the outermost first.
    open: Vec<Split>,
    next: Option<Slice>,
    /// Slices whose answers reached the cap and that can't be split.
    capped: Vec<Slice>,
    asked: u64,
}

/// A slice that was split.
#[derive(Clone, Debug)]
struct Split {
    answer: Answer,
    /// What is still to be asked, in reverse order.
    left: Vec<Slice>,
    /// Nothing is in two of the parts, so that their counts can be held against the whole.
    is_halves: bool,
    sum: u64,
    parts_with_some: u32,
}

impl Inventory {
    /// Of a slice.
    pub fn of(slice: Slice, cap: Cap) -> Self {
        Inventory {
            cap,
            modalities: Vec::new(),
            open: Vec::new(),
            next: Some(slice),
            capped: Vec::new(),
            asked: 0,
        }
    }

    /// The slice to ask for; none when all was asked.
    pub fn next(&self) -> Option<&Slice> {
        self.next.as_ref()
    }

    /// Tells the answer to [`Inventory::next`], and the modalities that were ever seen.
    pub fn answered(&mut self, answer: Answer, modalities: &[String]) {
        let Some(slice) = self.next.take() else { return };
        self.asked += 1;
        self.modalities = modalities.to_vec();
        if answer.is_cut {
            self.cap.found(answer.count);
        }
        if self.cap.is_whole(answer) {
            return self.counted(answer.count);
        }
        let (left, is_halves) = match slice.split(&self.modalities) {
            Parts::None => {
                self.capped.push(slice);
                return self.counted(answer.count);
            }
            Parts::Halves([one, other]) => (vec![other, one], true),
            Parts::Overlapping(parts) => (parts.into_iter().rev().collect(), false),
        };
        self.open.push(Split { answer, left, is_halves, sum: 0, parts_with_some: 0 });
        self.go_on();
    }

    /// A part has so many studies.
    fn counted(&mut self, count: u64) {
        if let Some(split) = self.open.last_mut() {
            split.sum += count;
            split.parts_with_some += u32::from(count > 0);
            self.go_on();
        }
    }

    /// Takes the next part, and closes what has none left.
    fn go_on(&mut self) {
        while let Some(split) = self.open.last_mut() {
            self.next = split.left.pop();
            if self.next.is_some() {
                return;
            }
            let Some(done) = self.open.pop() else { return };
            if done.is_halves && !done.answer.is_cut {
                if done.sum > done.answer.count {
                    self.cap.found(done.answer.count);
                } else if done.parts_with_some > 1 && self.cap.at.is_none() {
                    // The cap may be just this long: then another answer of this length may be cut off.
                    self.cap.trusted = self.cap.trusted.max(done.answer.count - 1);
                }
            }
            let count = if done.is_halves { done.sum.max(done.answer.count) } else { done.answer.count };
            if let Some(above) = self.open.last_mut() {
                above.sum += count;
                above.parts_with_some += u32::from(count > 0);
            }
        }
    }

    /// What is known of the cap by now.
    pub fn cap(&self) -> Cap {
        self.cap
    }

    /// Slices whose answers reached the cap and that can't be split any more: studies may be missing there.
    pub fn capped(&self) -> &[Slice] {
        &self.capped
    }

    /// How many queries were answered.
    pub fn asked(&self) -> u64 {
        self.asked
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::migrate::slice::{Day, When};

    /// A study of an old archive: day, second, modality.
    type Study = (i32, u32, &'static str);

    fn matches(slice: &Slice, study: &Study) -> bool {
        let (day, second, modality) = *study;
        let is_then = match slice.when {
            When::Days { from, to } => (from.0..=to.0).contains(&day),
            When::Times { day: of, from, to } => of.0 == day && (from..=to).contains(&second),
            When::Any => true,
        };
        is_then && slice.modality.as_deref().is_none_or(|one| one == modality)
    }

    /// Takes the inventory of an archive that gives at most `cap` answers, and says of it or not.
    fn take(studies: &[Study], cap: usize, says: bool, known: Cap) -> (BTreeSet<usize>, Inventory) {
        let mut inventory = Inventory::of(Slice::days(Day(0), Day(99)), known);
        let mut seen = BTreeSet::new();
        let modalities = ["CT".to_owned(), "MR".to_owned()];
        while let Some(slice) = inventory.next() {
            let all: Vec<usize> = (0..studies.len()).filter(|one| matches(slice, &studies[*one])).collect();
            let given = &all[..all.len().min(cap)];
            seen.extend(given);
            let is_cut = says && all.len() > cap;
            inventory.answered(Answer { count: given.len() as u64, is_cut }, &modalities);
            assert!(inventory.asked() < 100_000, "it comes to no end");
        }
        (seen, inventory)
    }

    /// Numbers without an order, always the same.
    fn scattered(count: usize, days: i32, seed: u64) -> Vec<Study> {
        let mut state = seed;
        let mut number = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let one = |_| {
            let modality = if number(3) == 0 { "MR" } else { "CT" };
            (number(days as u64) as i32, number(86_400) as u32, modality)
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn every_study_is_found_whatever_the_cap_and_wherever_they_lie() {
        for seed in 0..40 {
            for (days, cap) in [(100, 60), (100, 500), (1, 60), (3, 200), (40, 51), (100, 100_000)] {
                let studies = scattered(1_000, days, seed);
                for says in [false, true] {
                    let (seen, inventory) = take(&studies, cap, says, Cap::default());
                    assert_eq!(seen.len(), studies.len(), "{days} days, cap {cap}, says {says}, seed {seed}");
                    // A day by modality alone may reach the cap; by time it was found.
                    assert!(inventory.capped().iter().all(|one| one.modality.is_some()));
                }
            }
        }
    }

    #[test]
    fn a_cap_is_found_and_none_is_invented() {
        let studies = scattered(1_000, 100, 7);
        assert_eq!(take(&studies, 200, false, Cap::default()).1.cap().at, Some(200));
        assert_eq!(take(&studies, 200, true, Cap::default()).1.cap().at, Some(200));
        let (_, without) = take(&studies, 100_000, false, Cap::default());
        assert_eq!(without.cap(), Cap { at: None, trusted: 999 });
        // Whoever knows the cap asks less.
        let known = take(&studies, 200, false, Cap::known(200)).1.asked();
        assert!(known < take(&studies, 200, false, Cap::default()).1.asked());
    }

    #[test]
    fn what_can_not_be_told_apart_is_said() {
        let studies = vec![(3, 40_000, "CT"); 90];
        let (seen, inventory) = take(&studies, 60, true, Cap::default());
        assert_eq!(seen.len(), 60);
        let capped: Vec<String> = inventory.capped().iter().map(Slice::to_string).collect();
        assert!(capped.iter().any(|one| one == "1970-01-04 11:06:40 to 11:06:40, CT"), "{capped:?}");
    }
}
