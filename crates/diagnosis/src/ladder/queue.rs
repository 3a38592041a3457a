//! Lanes that stand, and deliveries that were given up.

use super::Suspicion;
use crate::cause::{DEAD, HELD, LANE_HELD};
use crate::clock::moment;
use crate::facts::Outbound;
use crate::lang::Text;

/// What stands because a person or an answer stopped it.
pub(super) fn held(out: &Outbound) -> Vec<Suspicion> {
    let mut found = Vec::new();
    if let Some(reason) = &out.held {
        found.push(
            Suspicion::new(&HELD, 1.0)
                .word("name", &out.name)
                .word("reason", reason)
                .word("waiting", out.waiting)
                .since(out.waiting_since)
                .proof(Text::new(format!("{} is held", out.name), format!("{} ist angehalten", out.name))),
        );
    }
    // A destination has thousands of lanes: the first that stands is told, with how many there are.
    if let Some(first) = out.held_lanes.iter().min_by_key(|one| one.since) {
        let count = out.held_lanes.len();
        found.push(
            Suspicion::new(&LANE_HELD, 0.95)
                .word("name", &out.name)
                .word("since", moment(first.since))
                .word("envelope", first.envelope)
                .word("reason", &first.reason)
                .since(Some(first.since))
                .proof(Text::new(
                    format!("lanes that stand: {count}"),
                    format!("Spuren, die stehen: {count}"),
                )),
        );
    }
    found
}

/// What was given up and kept.
pub(super) fn dead(out: &Outbound) -> Option<Suspicion> {
    (out.dead > 0).then(|| {
        Suspicion::new(&DEAD, 0.9).word("name", &out.name).word("count", out.dead).minor().proof(Text::new(
            format!("dead deliveries: {}", out.dead),
            format!("aufgegebene Zustellungen: {}", out.dead),
        ))
    })
}
