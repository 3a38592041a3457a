//! Which messages go on at all: a condition that tells those with a counterpart from those without.

use std::collections::BTreeSet;

use klinke_hl7v2::Message;

use super::Item;
use super::pair::Paired;
use super::places::value;
use super::write::quote;

/// Where channels filter most, the most telling first.
const PLACES: &[(&str, usize, usize)] = &[
    ("MSH", 9, 1),
    ("MSH", 9, 2),
    ("PV1", 2, 1),
    ("MSH", 3, 1),
    ("MSH", 4, 1),
    ("MSH", 5, 1),
    ("MSH", 6, 1),
    ("MSH", 11, 1),
    ("PV1", 3, 1),
    ("PV1", 3, 4),
    ("PV1", 10, 1),
    ("PV1", 18, 1),
    ("OBR", 4, 1),
    ("OBR", 24, 1),
    ("OBR", 25, 1),
    ("ORC", 1, 1),
    ("TXA", 2, 1),
    ("PID", 8, 1),
];

/// Most values in a condition.
const VALUES_MAX: usize = 30;

/// The step `only` or `except`, if a place tells the two kinds apart.
pub fn only(paired: &Paired) -> Option<Item> {
    if paired.left.is_empty() {
        return None;
    }
    let values = |messages: &mut dyn Iterator<Item = &Message>, place: (&str, usize, usize)| {
        messages.map(|message| value(message, place.0, place.1, place.2)).collect::<BTreeSet<String>>()
    };
    let mut found: Option<(usize, Item)> = None;
    for &place in PLACES {
        let inside = values(&mut paired.pairs.iter().map(|(source, _)| source), place);
        let outside = values(&mut paired.left.iter(), place);
        if !inside.is_disjoint(&outside) {
            continue;
        }
        // What is named must be there; the shorter list is the one that was meant.
        let named_inside = !inside.contains("") && inside.len() <= VALUES_MAX;
        let named_outside = !outside.contains("") && outside.len() <= VALUES_MAX;
        let (word, set) = match (named_inside, named_outside) {
            (true, true) if outside.len() < inside.len() => ("except", &outside),
            (true, _) => ("only", &inside),
            (false, true) => ("except", &outside),
            (false, false) => continue,
        };
        let list: Vec<String> = set.iter().map(|value| quote(value)).collect();
        let list = if list.len() == 1 { list[0].clone() } else { format!("[{}]", list.join(", ")) };
        let (name, field, component) = place;
        let is_simple = component == 1
            && matches!(name, "PV1" | "OBR" | "ORC" | "TXA" | "PID")
            && (name, field) != ("PV1", 3)
            && (name, field) != ("OBR", 4);
        let path = match is_simple {
            true => format!("{name}-{field}"),
            false => format!("{name}-{field}.{component}"),
        };
        let count = paired.pairs.len() + paired.left.len();
        let item = Item {
            line: format!("{word} = {{ {} = {list} }}", quote(&path)),
            when: String::new(),
            reads: Vec::new(),
            writes: String::new(),
            right: (count, count),
            table: None,
        };
        let length = set.len();
        if found.as_ref().is_none_or(|(shortest, _)| length < *shortest) {
            found = Some((length, item));
        }
    }
    found.map(|(_, item)| item)
}
