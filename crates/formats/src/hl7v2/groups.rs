//! Groups of message structures in paths (`ORDER_OBSERVATION[2]/OBX-5`).

use std::ops::Range;

use klinke_hl7v2::definitions;
use klinke_hl7v2::grouping::{self, Pick};
use klinke_hl7v2::path::{GroupStep, Nth};
use klinke_hl7v2::{GroupResolver, Message};

/// Finds groups by the structure that a message declares, or that its type and event have in its
/// version. A message without a known structure has no groups.
#[derive(Clone, Copy, Debug)]
pub struct Groups;

impl GroupResolver for Groups {
    fn resolve(&self, message: &Message, steps: &[GroupStep]) -> Vec<Range<usize>> {
        let Some(structure) = structure(message) else { return Vec::new() };
        let names: Vec<&str> = message.segments().map(|segment| segment.name()).collect();
        let tree = grouping::group(&names, structure);
        let picks: Vec<(&str, Pick)> = steps
            .iter()
            .map(|step| {
                let pick = match step.occurrence {
                    Nth::All => Pick::All,
                    Nth::Number(number) => Pick::Index(number),
                };
                (&*step.name, pick)
            })
            .collect();
        tree.resolve(&picks)
    }
}

/// The structure of a message.
pub(crate) fn structure(message: &Message) -> Option<&'static definitions::Structure> {
    let header = message.segment(0)?;
    let piece = |field: usize, component: usize| {
        let part = header.field(field).and_then(|field| field.component(component));
        part.map(|part| part.text().into_owned()).unwrap_or_default()
    };
    let version = definitions::nearest(&piece(12, 1));
    definitions::structure_of(version, &piece(9, 1), &piece(9, 2), &piece(9, 3))
}
