//! Collects deviations: several of one kind in one field of one segment type become one with a count.

use super::{Deviation, Kind};
use crate::place::Place;

/// Deviations kept of one message; the rest would tell nothing new.
const DEVIATIONS_MAX: usize = 1_000;

#[derive(Debug, Default)]
pub(super) struct Collector {
    found: Vec<Deviation>,
}

impl Collector {
    pub(super) fn add(&mut self, kind: &Kind, place: Place) {
        self.push(Deviation::new(kind, place));
    }

    pub(super) fn with(&mut self, kind: &Kind, place: Place, detail: impl std::fmt::Display) {
        self.push(Deviation::with(kind, place, detail));
    }

    pub(super) fn push(&mut self, deviation: Deviation) {
        let same = |d: &&mut Deviation| {
            d.code == deviation.code
                && d.place.segment == deviation.place.segment
                && d.place.field == deviation.place.field
        };
        if let Some(known) = self.found.iter_mut().find(same) {
            known.count = known.count.saturating_add(deviation.count);
        } else if self.found.len() < DEVIATIONS_MAX {
            self.found.push(deviation);
        }
    }

    pub(super) fn into_vec(self) -> Vec<Deviation> {
        self.found
    }
}
