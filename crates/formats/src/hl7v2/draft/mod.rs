//! Drafts a channel from examples: messages as a source sends them, and the same as a target wants them.
//!
//! What is proposed are Klinke's own steps. Each is found by looking at what went in and what came out
//! (`explain`), put in an order in which none overwrites what another still reads (`order`), and tried: the
//! steps are run on the sources, what then still differs is looked at once more, and the rest is listed. A draft is a beginning for
//! a person who knows both systems; each step says by how many examples it is borne out.
//!
//! Not proposed: scripts, conditions on single fields, splitting and joining of messages.

mod differ;
mod explain;
mod filter;
mod functions;
mod make;
mod order;
mod pair;
mod places;
mod segments;
mod tester;
mod write;

use std::collections::BTreeMap;

use klinke_engine::step::Step;
use klinke_engine::steps::{Spec, Workshop, build_all};
use klinke_engine::table::{Table, Tables};
use klinke_hl7v2::Message;

pub use pair::PAIRS_MAX;

use tester::Tester;

/// A drafted channel.
#[derive(Debug, Default)]
pub struct Draft {
    /// The text of its file: steps with comments.
    pub channel: String,
    /// Look-up tables that it needs: name and text.
    pub tables: Vec<(String, String)>,
    /// How many pairs of messages it was made from.
    pub pairs: usize,
    /// How many of them the drafted steps turn into just what was wanted.
    pub reproduced: usize,
    /// How many steps it has.
    pub steps: usize,
    /// What it does not explain: a place or a sentence, and in how many pairs.
    pub unexplained: Vec<(String, usize)>,
}

/// One proposed step.
#[derive(Clone, Debug)]
struct Item {
    /// Its line in the channel's file, without `when`.
    pub line: String,
    /// The condition under which it is for a message; empty for none.
    pub when: String,
    /// Places that it reads.
    pub reads: Vec<String>,
    /// The place that it writes.
    pub writes: String,
    /// In how many cases it gives what was wanted, of how many.
    pub right: (usize, usize),
    /// The table that it needs.
    pub table: Option<(String, Vec<(String, String)>)>,
}

/// So often what came out is looked at again: deleted segments let others be compared, and so on.
const ROUNDS_MAX: usize = 4;

/// Drafts a channel from messages on both sides; the names of its tables begin with `name`.
pub fn draft(name: &str, sources: &[Vec<u8>], targets: &[Vec<u8>]) -> Result<Draft, String> {
    let paired = pair::pair(pair::messages(sources), pair::messages(targets));
    if paired.pairs.is_empty() {
        return Err("no message of the one side belongs to one of the other".to_owned());
    }
    let mut notes: Vec<(String, usize)> = Vec::new();
    let mut items: Vec<Item> = filter::only(&paired).into_iter().collect();
    if items.is_empty() && !paired.left.is_empty() {
        let text = "messages that have no counterpart; no condition tells them apart";
        notes.push((text.to_owned(), paired.left.len()));
    }
    if paired.without_source > 0 {
        notes.push(("messages of the target that have no source".to_owned(), paired.without_source));
    }
    let mut tried = trial(&items, &paired.pairs)?;
    for round in 1..=ROUNDS_MAX {
        if tried.reproduced == paired.pairs.len() {
            break;
        }
        let table_prefix = if round == 1 { name.to_owned() } else { format!("{name}-{round}") };
        let more = proposed(&table_prefix, &tried.made, &paired.pairs)?;
        let longer: Vec<Item> = items.iter().cloned().chain(more).collect();
        let again = trial(&longer, &paired.pairs)?;
        if longer.len() == items.len() || again.cost() >= tried.cost() {
            break;
        }
        (items, tried) = (longer, again);
    }
    let mut draft = Draft { pairs: paired.pairs.len(), steps: items.len(), ..Draft::default() };
    draft.tables = tables(&items);
    draft.reproduced = tried.reproduced;
    draft.unexplained = notes.into_iter().chain(tried.places).collect();
    draft.channel = write::channel(&items, &draft, &draft.unexplained);
    Ok(draft)
}

/// Further steps, from what the steps so far make of the sources.
fn proposed(name: &str, made: &[Option<Message>], pairs: &[(Message, Message)]) -> Result<Vec<Item>, String> {
    let both = made.iter().zip(pairs).filter_map(|(made, (_, target))| Some((made.clone()?, target.clone())));
    let now: Vec<(Message, Message)> = both.collect();
    let tester = Tester::new(now.iter().map(|(source, _)| source))?;
    let mut items = order::order(explain::fields(name, &now, &tester));
    items.extend(segments::steps(&now));
    // What can't be built is no proposal.
    items.retain(|item| build(std::slice::from_ref(item)).is_ok());
    Ok(items)
}

fn tables(items: &[Item]) -> Vec<(String, String)> {
    let named = items.iter().filter_map(|item| item.table.as_ref());
    named.map(|(name, rows)| (name.clone(), write::table(rows))).collect()
}

/// The steps, compiled as a site's would be.
fn build(items: &[Item]) -> Result<Vec<Box<dyn Step>>, String> {
    let text = write::steps(items);
    let values: toml::Table = text.parse().map_err(|error| format!("the draft is no TOML: {error}"))?;
    let specs: Vec<Spec> = values.get("step").and_then(Spec::as_array).cloned().unwrap_or_default();
    let mut known = Tables::new();
    for (name, text) in tables(items) {
        known.insert(name, Table::parse(&text).map_err(|error| error.to_string())?);
    }
    let (builders, formats) = (crate::builders(), crate::all());
    let (zone, templates) = (Default::default(), Default::default());
    let workshop = Workshop {
        builders: &builders,
        formats: &formats,
        format: super::NAME,
        tables: &known,
        zone: &zone,
        templates: &templates,
    };
    build_all(&specs, &workshop).map_err(|error| error.to_string())
}

/// What steps made of the sources.
struct Tried {
    /// How many pairs come out right.
    reproduced: usize,
    /// Where others differ, and in how many pairs.
    places: BTreeMap<String, usize>,
    /// What came out.
    made: Vec<Option<Message>>,
}

impl Tried {
    /// How far it is from what is wanted: segments hide the fields in them, and a message all.
    fn cost(&self) -> usize {
        let weight = |place: &str| match place {
            place if place.starts_with("the whole") => 1_000,
            place if place.starts_with("the ") => 100,
            _ => 1,
        };
        self.places.iter().map(|(place, count)| weight(place) * count).sum()
    }
}

/// Runs steps on the sources.
fn trial(items: &[Item], pairs: &[(Message, Message)]) -> Result<Tried, String> {
    let steps = build(items)?;
    let mut tried = Tried { reproduced: 0, places: BTreeMap::new(), made: Vec::new() };
    for (source, target) in pairs {
        let made = tester::run(&steps, source);
        let found = match &made {
            Ok(message) => differ::differences(message, target),
            Err(text) => vec![text.clone()],
        };
        tried.reproduced += usize::from(found.is_empty());
        for place in found {
            *tried.places.entry(place).or_default() += 1;
        }
        tried.made.push(made.ok());
    }
    Ok(tried)
}

#[cfg(test)]
mod tests;
