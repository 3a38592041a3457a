//! Segments as a whole: those that the target never has, those that only it has, and their order.

use klinke_hl7v2::Message;

use super::Item;
use super::places::{count, names, raw};
use super::write::{braced, quote};

/// Steps for segments. What is not the same everywhere is noted.
pub fn steps(pairs: &[(Message, Message)], notes: &mut Vec<(String, usize)>) -> Vec<Item> {
    let mut items = Vec::new();
    let sources = names(pairs.iter().map(|(source, _)| source));
    let targets = names(pairs.iter().map(|(_, target)| target));
    let item = |line: String, right: usize, of: usize| Item {
        line,
        when: String::new(),
        reads: Vec::new(),
        writes: String::new(),
        right: (right, of),
        table: None,
    };
    for name in sources.iter().filter(|name| !targets.contains(name)) {
        let having = pairs.iter().filter(|(source, _)| count(source, name) > 0).count();
        items.push(item(format!("delete = {}", quote(&format!("{name}[*]"))), having, having));
    }
    for name in targets.iter().filter(|name| !sources.contains(name)) {
        match inserted(pairs, name) {
            Some((line, right)) => items.push(item(line, right, pairs.len())),
            None => {
                let having = pairs.iter().filter(|(_, target)| count(target, name) > 0).count();
                notes.push((format!("the segment {name}, which only the target has"), having));
            }
        }
    }
    for name in sources.iter().filter(|name| targets.contains(name)) {
        let other =
            pairs.iter().filter(|(source, target)| count(source, name) != count(target, name)).count();
        if other == 0 {
            continue;
        }
        match deleted_if(pairs, name) {
            Some(line) => items.push(item(line, pairs.len(), pairs.len())),
            None => notes.push((format!("how many {name} there are"), other)),
        }
    }
    items
}

/// A segment that is the same in every target, behind the one that it follows there.
fn inserted(pairs: &[(Message, Message)], name: &str) -> Option<(String, usize)> {
    let mut found: Option<(String, String)> = None;
    for (_, target) in pairs {
        let segments: Vec<_> = target.segments().collect();
        let at = segments.iter().position(|segment| segment.name() == name)?;
        if count(target, name) != 1 || at == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&segments[at].raw()).into_owned();
        let here = (segments[at - 1].name().to_owned(), text);
        match &found {
            None => found = Some(here),
            Some(known) if known.1 == here.1 && known.0 == here.0 => {}
            Some(_) => return None,
        }
    }
    let (after, text) = found?;
    let line =
        format!("insert-segment = {{ segment = {}, after = {} }}", quote(&braced(&text)), quote(&after));
    Some((line, pairs.len()))
}

/// Segments of a name of which some are gone: a field whose value tells which.
fn deleted_if(pairs: &[(Message, Message)], name: &str) -> Option<String> {
    let mut rows: Vec<(klinke_hl7v2::message::Segment<'_>, bool)> = Vec::new();
    for (source, target) in pairs {
        let of = |message| segments_of(message, name);
        let mut wanted = of(target).into_iter().peekable();
        for segment in of(source) {
            // What is kept is kept in order, most of its fields unchanged.
            let is_kept = wanted.peek().is_some_and(|other| alike(&segment, other));
            if is_kept {
                wanted.next();
            }
            rows.push((segment, is_kept));
        }
        if wanted.next().is_some() {
            return None;
        }
    }
    let most = rows.iter().map(|(segment, _)| segment.field_count()).max()?;
    for number in 1..=most {
        let gone: std::collections::BTreeSet<String> =
            rows.iter().filter(|(_, kept)| !kept).map(|(segment, _)| raw(segment, number)).collect();
        let is_clear =
            rows.iter().filter(|(_, kept)| *kept).all(|(segment, _)| !gone.contains(&raw(segment, number)));
        let [value] = &gone.into_iter().collect::<Vec<_>>()[..] else { continue };
        if is_clear && !value.contains(['^', '~', '&', '\\']) {
            let condition = format!("{{ {} = {} }}", quote(&format!("{name}[#]-{number}")), quote(value));
            return Some(format!("delete-segment = {{ segment = {}, if = {condition} }}", quote(name)));
        }
    }
    None
}

fn segments_of<'m>(message: &'m Message, name: &str) -> Vec<klinke_hl7v2::message::Segment<'m>> {
    message.segments().filter(|segment| segment.name() == name).collect()
}

/// More than half of the fields, the set identifier left out, are the same.
fn alike(one: &klinke_hl7v2::message::Segment<'_>, other: &klinke_hl7v2::message::Segment<'_>) -> bool {
    let last = one.field_count().max(other.field_count());
    let used = |number: &usize| !raw(one, *number).is_empty() || !raw(other, *number).is_empty();
    let numbers: Vec<usize> = (2..=last).filter(used).collect();
    let same = numbers.iter().filter(|number| raw(one, **number) == raw(other, **number)).count();
    same * 2 > numbers.len()
}
