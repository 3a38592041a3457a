//! Counts differences by kind, with a few examples of each.

use std::collections::HashMap;

use klinke_console::house::replay::{EndingChange, Example, FieldChange, Replayed};

/// Examples of each kind.
const EXAMPLES_MAX: usize = 3;
/// Kinds that are told apart; further ones are counted.
const KINDS_MAX: usize = 2_000;
/// The longest value of an example, in characters.
const VALUE_MAX: usize = 200;

/// What differs, so far.
#[derive(Clone, Default)]
pub struct Tally {
    envelopes: u64,
    differ: u64,
    endings: HashMap<(String, String), (u64, Vec<u64>)>,
    fields: HashMap<(String, String), (u64, Vec<Example>)>,
    more: u64,
}

impl Tally {
    /// Goes on from what was counted before.
    pub fn of(before: Replayed) -> Tally {
        let endings =
            before.endings.into_iter().map(|one| ((one.before, one.after), (one.count, one.examples)));
        let fields =
            before.fields.into_iter().map(|one| ((one.destination, one.path), (one.count, one.examples)));
        Tally {
            envelopes: before.envelopes,
            differ: before.differ,
            endings: endings.collect(),
            fields: fields.collect(),
            more: before.more,
        }
    }

    /// Envelopes so far.
    pub fn envelopes(&self) -> u64 {
        self.envelopes
    }

    /// Those of them that come out otherwise.
    pub fn differ(&self) -> u64 {
        self.differ
    }

    /// One more envelope.
    pub fn envelope(&mut self, differs: bool) {
        self.envelopes += 1;
        self.differ += u64::from(differs);
    }

    /// An envelope ends otherwise.
    pub fn ending(&mut self, before: String, after: String, envelope: u64) {
        if self.endings.len() >= KINDS_MAX && !self.endings.contains_key(&(before.clone(), after.clone())) {
            self.more += 1;
            return;
        }
        let (count, examples) = self.endings.entry((before, after)).or_default();
        *count += 1;
        keep(examples, envelope);
    }

    /// A field differs.
    pub fn field(&mut self, destination: &str, path: String, envelope: u64, before: &str, after: &str) {
        let key = (destination.to_owned(), path);
        if self.fields.len() >= KINDS_MAX && !self.fields.contains_key(&key) {
            self.more += 1;
            return;
        }
        let (count, examples) = self.fields.entry(key).or_default();
        *count += 1;
        if examples.len() < EXAMPLES_MAX || examples.last().is_some_and(|last| envelope < last.envelope) {
            keep(examples, Example { envelope, before: cut(before), after: cut(after) });
        }
    }

    /// Takes in what another thread counted.
    pub fn add(&mut self, other: Tally) {
        self.envelopes += other.envelopes;
        self.differ += other.differ;
        self.more += other.more;
        for (key, (count, examples)) in other.endings {
            if self.endings.len() >= KINDS_MAX && !self.endings.contains_key(&key) {
                self.more += 1;
                continue;
            }
            let (sum, all) = self.endings.entry(key).or_default();
            *sum += count;
            examples.into_iter().for_each(|one| keep(all, one));
        }
        for (key, (count, examples)) in other.fields {
            if self.fields.len() >= KINDS_MAX && !self.fields.contains_key(&key) {
                self.more += 1;
                continue;
            }
            let (sum, all) = self.fields.entry(key).or_default();
            *sum += count;
            examples.into_iter().for_each(|one| keep(all, one));
        }
    }

    /// The whole, the most frequent first.
    pub fn into_replayed(self, channel: &str, seconds: f64) -> Replayed {
        let endings = self.endings.into_iter();
        let mut endings: Vec<EndingChange> = endings
            .map(|((before, after), (count, examples))| EndingChange { before, after, count, examples })
            .collect();
        endings.sort_by(|one, other| (other.count, &one.before).cmp(&(one.count, &other.before)));
        let fields = self.fields.into_iter();
        let mut fields: Vec<FieldChange> = fields
            .map(|((destination, path), (count, examples))| FieldChange {
                destination,
                path,
                count,
                examples,
            })
            .collect();
        fields.sort_by(|one, other| {
            (other.count, &one.destination, &one.path).cmp(&(one.count, &other.destination, &other.path))
        });
        Replayed {
            channel: channel.to_owned(),
            envelopes: self.envelopes,
            same: self.envelopes - self.differ,
            differ: self.differ,
            endings,
            fields,
            more: self.more,
            seconds,
        }
    }
}

/// Keeps the first few in the order of envelopes, whichever thread met them first.
fn keep<T: Ord>(examples: &mut Vec<T>, one: T) {
    let at = examples.binary_search(&one).unwrap_or_else(|at| at);
    examples.insert(at, one);
    examples.truncate(EXAMPLES_MAX);
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(VALUE_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
