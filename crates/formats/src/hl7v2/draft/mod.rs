//! Drafts a channel from examples: messages as a source sends them, and the same as a target wants them.
//!
//! What is proposed are Klinke's own steps. Each is found by looking at what went in and what came out
//! (`explain`), put in an order in which none overwrites what another still reads (`order`), and tried: the
//! drafted steps are run on the sources, and what then still differs is listed. A draft is a beginning for
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

/// Drafts a channel from messages on both sides; the names of its tables begin with `name`.
pub fn draft(name: &str, sources: &[Vec<u8>], targets: &[Vec<u8>]) -> Result<Draft, String> {
    let paired = pair::pair(pair::messages(sources), pair::messages(targets));
    if paired.pairs.is_empty() {
        return Err("no message of the one side belongs to one of the other".to_owned());
    }
    let tester = Tester::new(paired.pairs.iter().map(|(source, _)| source))?;
    let mut notes: Vec<(String, usize)> = Vec::new();
    let mut items = Vec::new();
    let only = filter::only(&paired);
    match &only {
        Some(item) => items.push(item.clone()),
        None if !paired.left.is_empty() => {
            notes.push((
                "messages that have no counterpart; no condition tells them apart".to_owned(),
                paired.left.len(),
            ));
        }
        None => {}
    }
    if paired.without_source > 0 {
        notes.push(("messages of the target that have no source".to_owned(), paired.without_source));
    }
    let changes = explain::fields(name, &paired.pairs, &tester);
    let mut steps = order::order(changes);
    steps.extend(segments::steps(&paired.pairs, &mut notes));
    items.extend(steps);
    let mut draft = Draft { pairs: paired.pairs.len(), steps: items.len(), ..Draft::default() };
    draft.tables = tables(&items);
    draft.channel = write::channel(&items, &draft, &[]);
    let (reproduced, differences) = trial(&draft, &paired.pairs)?;
    draft.reproduced = reproduced;
    draft.unexplained = notes.into_iter().chain(differences).collect();
    draft.channel = write::channel(&items, &draft, &draft.unexplained);
    Ok(draft)
}

fn tables(items: &[Item]) -> Vec<(String, String)> {
    let named = items.iter().filter_map(|item| item.table.as_ref());
    named.map(|(name, rows)| (name.clone(), write::table(rows))).collect()
}

/// Runs the drafted steps: how many pairs come out right, and where others differ.
fn trial(draft: &Draft, pairs: &[(Message, Message)]) -> Result<(usize, Vec<(String, usize)>), String> {
    let values: toml::Table =
        draft.channel.parse().map_err(|error| format!("the draft is no TOML: {error}"))?;
    let specs: Vec<Spec> = values.get("step").and_then(Spec::as_array).cloned().unwrap_or_default();
    let mut known = Tables::new();
    for (name, text) in &draft.tables {
        known.insert(name.clone(), Table::parse(text).map_err(|error| error.to_string())?);
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
    let steps = build_all(&specs, &workshop).map_err(|error| error.to_string())?;
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut reproduced = 0;
    for (source, target) in pairs {
        let found = match tester::run(&steps, source) {
            Ok(message) => differ::differences(&message, target),
            Err(text) => vec![text],
        };
        if found.is_empty() {
            reproduced += 1;
        }
        for place in found {
            *places.entry(place).or_default() += 1;
        }
    }
    Ok((reproduced, places.into_iter().collect()))
}

#[cfg(test)]
mod tests;
