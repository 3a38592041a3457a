//! Puts steps in an order in which none overwrites what another still reads.

use super::Item;

/// The steps in such an order; `copy` with the clearing of what was copied becomes `move`. Where two
/// overwrite what the other reads, values are kept in between.
pub fn order(items: Vec<Item>) -> Vec<Item> {
    let mut rest = moved(items);
    let (mut kept, mut ordered): (Vec<Item>, Vec<Item>) = (Vec::new(), Vec::new());
    while !rest.is_empty() {
        let is_free = |at: &usize| {
            let one = &rest[*at];
            rest.iter().enumerate().all(|(other, item)| other == *at || !reads(item, &one.writes))
        };
        match (0..rest.len()).find(is_free) {
            Some(at) => ordered.push(rest.remove(at)),
            None => {
                // Everything left is read by something left: the first keeps what it reads.
                let mut item = rest.remove(0);
                keep(&mut item, &mut kept);
                rest.push(item);
                // Nothing could be kept: better a step too early than none.
                if rest.last().is_some_and(|item| !item.reads.is_empty()) {
                    ordered.push(rest.remove(0));
                }
            }
        }
    }
    kept.extend(ordered);
    kept
}

fn reads(item: &Item, place: &str) -> bool {
    item.writes != place && item.reads.iter().any(|read| overlap(read, place))
}

/// One is the other, or a part of it.
fn overlap(one: &str, other: &str) -> bool {
    let within = |part: &str, whole: &str| {
        part.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    within(one, other) || within(other, one)
}

/// Keeps what a step reads under a name, before anything is written.
fn keep(item: &mut Item, kept: &mut Vec<Item>) {
    let is_plain = item.line.starts_with("set = ") || item.line.starts_with("copy = ");
    if !is_plain {
        return;
    }
    for place in std::mem::take(&mut item.reads) {
        let name = place.to_lowercase().replace(['-', '.'], "_");
        let line = format!("vars = {{ {name} = \"{{{place}}}\" }}");
        if !kept.iter().any(|known| known.line == line) {
            let vars = Item {
                line,
                when: String::new(),
                reads: vec![],
                writes: String::new(),
                table: None,
                ..item.clone()
            };
            kept.push(vars);
        }
        item.line = match item.line.starts_with("copy = ") {
            true => format!("set = {{ \"{}\" = \"{{${name}}}\" }}", item.writes),
            false => {
                let line = item.line.replace(&format!("{{{place}}}"), &format!("{{${name}}}"));
                line.replace(&format!("{{{place}|"), &format!("{{${name}|"))
            }
        };
    }
}

/// Joins `copy` and the clearing of its source to `move`.
fn moved(mut items: Vec<Item>) -> Vec<Item> {
    let clears: Vec<String> = items
        .iter()
        .filter(|item| item.line == format!("clear = \"{}\"", item.writes))
        .map(|item| item.writes.clone())
        .collect();
    for place in clears {
        let readers: Vec<usize> = (0..items.len()).filter(|at| reads(&items[*at], &place)).collect();
        let [only] = readers[..] else { continue };
        let copy = format!("copy = {{ \"{place}\" = ");
        let cleared = items.iter().position(|item| item.writes == place && item.line.starts_with("clear"));
        if items[only].line.starts_with(&copy)
            && let Some(cleared) = cleared.filter(|at| items[*at].when == items[only].when)
        {
            items[only].line = items[only].line.replacen("copy", "move", 1);
            items.remove(cleared);
        }
    }
    items
}
