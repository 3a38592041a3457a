//! Segments as a whole: those that the target never has, those that only it has, and their order.

use klinke_hl7v2::Message;

use super::Item;
use super::places::{count, names, raw};
use super::write::{braced, quote};

/// Steps for segments.
pub fn steps(pairs: &[(Message, Message)]) -> Vec<Item> {
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
        if let Some((line, right)) = inserted(pairs, name) {
            items.push(item(line, right, pairs.len()));
        }
    }
    for name in sources.iter().filter(|name| targets.contains(name)) {
        let is_other = |(source, target): &(Message, Message)| count(source, name) != count(target, name);
        if pairs.iter().any(is_other)
            && let Some(line) = deleted_if(pairs, name)
        {
            items.push(item(line, pairs.len(), pairs.len()));
        }
        if is_numbered_anew(pairs, name) {
            let having = pairs.iter().filter(|(_, target)| count(target, name) > 0).count();
            items.push(item(format!("renumber = {}", quote(name)), having, having));
        }
    }
    if let Some((line, right)) = moved(pairs) {
        items.push(item(line, right, pairs.len()));
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

/// The targets number a segment from 1 on, and not all sources do.
fn is_numbered_anew(pairs: &[(Message, Message)], name: &str) -> bool {
    let numbers =
        |message| -> Vec<String> { segments_of(message, name).iter().map(|one| raw(one, 1)).collect() };
    pairs.iter().all(|(_, target)| is_counted(&numbers(target)))
        && pairs.iter().any(|(source, _)| !is_counted(&numbers(source)))
}

/// Numbers that begin with 1 and rise by 1; they may begin again.
pub fn is_counted(numbers: &[String]) -> bool {
    let mut before = 0;
    numbers.iter().all(|number| {
        let Ok(number) = number.parse::<usize>() else { return false };
        let fits = number == before + 1 || number == 1;
        before = number;
        fits
    })
}

/// The segment whose place behind another, if it is moved there, puts most targets' order right.
fn moved(pairs: &[(Message, Message)]) -> Option<(String, usize)> {
    let names = |message: &Message| -> Vec<String> {
        message.segments().map(|segment| segment.name().to_owned()).collect()
    };
    let orders: Vec<(Vec<String>, Vec<String>)> =
        pairs.iter().map(|(source, target)| (names(source), names(target))).collect();
    let right = orders.iter().filter(|(source, target)| source == target).count();
    let mut candidates: Vec<(&String, &String)> = Vec::new();
    for (source, target) in orders.iter().filter(|(source, target)| source != target) {
        let pairs = target.windows(2).filter(|pair| pair[0] != pair[1]).map(|pair| (&pair[1], &pair[0]));
        candidates.extend(pairs.filter(|(what, after)| source.contains(what) && source.contains(after)));
    }
    candidates.sort();
    candidates.dedup();
    let after_move = |(what, after): &(&String, &String)| {
        let is_right = |(source, target): &&(Vec<String>, Vec<String>)| {
            let (taken, mut rest): (Vec<String>, Vec<String>) =
                source.iter().cloned().partition(|name| name == *what);
            match rest.iter().position(|name| name == *after) {
                Some(at) => drop(rest.splice(at + 1..at + 1, taken)),
                None => rest.extend(taken),
            }
            rest == *target
        };
        orders.iter().filter(is_right).count()
    };
    let counted = candidates.into_iter().map(|pair| (after_move(&pair), pair));
    let (count, (what, after)) = counted.max_by_key(|(count, _)| *count)?;
    let line =
        format!("move-segment = {{ segment = {}, after = {} }}", quote(&format!("{what}[*]")), quote(after));
    (count > right).then_some((line, count))
}
