//! Learns a dialect, message by message, with memory that has a limit.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::data::{Dialect, Event, Identifier, Part};
use super::outline::{Content, Leaf, Outline};
use super::place::Place;
use super::shape::{date_form, digest, looks_like_a_code, shape};

/// With so many different patients a code must come before it is shown, if no table has it.
pub const SUBJECTS_MIN: usize = 3;

/// Most events, segments, places and other names that are told apart; what is beyond is counted as `other`.
const NAMES_MAX: usize = 200;
const PLACES_MAX: usize = 6_000;
/// Most codes of one place; with more it is no list of codes.
const CODES_MAX: usize = 300;
/// Most codes of one place that wait until they have come with enough patients.
const PENDING_MAX: usize = 200;
/// Most shapes of one place.
const SHAPES_MAX: usize = 12;
const DATES_MAX: usize = 12;
/// So far different values are counted.
const DISTINCT_MAX: usize = 1_000;
/// So many numbers are kept for counting different values, over all places.
const DIGESTS_MAX: usize = 400_000;
const IDENTIFIERS_MAX: usize = 40;
/// Most codes over all places, shown and waiting.
const CODES_ALL_MAX: usize = 40_000;
const PENDING_ALL_MAX: usize = 40_000;
/// The longest code that stands in a table.
const TABLE_CODE_MAX: usize = 60;

/// Learns one partner's dialect.
#[derive(Default)]
pub struct Learner {
    dialect: Dialect,
    codes: Codes,
    /// Kinds of identifiers that have not.
    identifiers: HashMap<(Place, String, String), Pending>,
    /// Digests of values by place.
    distinct: HashMap<Place, HashSet<u64>>,
    digests: usize,
}

/// Codes on their way to be shown.
#[derive(Default)]
struct Codes {
    /// By place, those that have not come with enough patients.
    pending: HashMap<Place, HashMap<String, Pending>>,
    /// How many wait, over all places.
    waiting: usize,
    /// How many were shown, over all places.
    shown: usize,
}

/// A code that is not shown yet.
#[derive(Default)]
struct Pending {
    count: u64,
    subjects: Vec<u64>,
    knows: Option<bool>,
}

impl Pending {
    /// Counts it once more; true when it has come with enough patients.
    fn met(&mut self, subject: u64) -> bool {
        self.count += 1;
        if !self.subjects.contains(&subject) {
            self.subjects.push(subject);
        }
        self.subjects.len() >= SUBJECTS_MIN
    }
}

impl Learner {
    /// Learns from the beginning.
    pub fn new(system: impl Into<String>) -> Self {
        Learner::resume(Dialect::new(system))
    }

    /// Goes on from what was learned before.
    pub fn resume(dialect: Dialect) -> Self {
        Learner { dialect, ..Learner::default() }
    }

    /// How many messages it has learned from.
    pub fn messages(&self) -> u64 {
        self.dialect.messages
    }

    /// What was learned.
    pub fn finish(self) -> Dialect {
        let mut dialect = self.dialect;
        for (place, codes) in self.codes.pending {
            if let Some(part) = dialect.part.get_mut(&place) {
                part.withheld += codes.values().map(|code| code.count).sum::<u64>();
            }
        }
        // Of identifiers that came with too few patients the kind is told where a table has it.
        for ((place, kind, _), pending) in self.identifiers {
            let kind = if pending.knows == Some(true) { kind } else { String::new() };
            count_identifier(&mut dialect, place, kind, String::new(), pending.count);
        }
        for kinds in dialect.identifier.values_mut() {
            kinds.sort_by(|a, b| {
                b.count.cmp(&a.count).then_with(|| (&a.kind, &a.authority).cmp(&(&b.kind, &b.authority)))
            });
        }
        for part in dialect.part.values_mut() {
            part.not_in_table.sort();
        }
        dialect
    }

    /// Learns from one message.
    pub fn learn(&mut self, outline: &Outline) {
        self.dialect.messages += 1;
        let dialect = &mut self.dialect;
        count(&mut dialect.version, named(&outline.version, "none"));
        count(&mut dialect.charset_declared, named(&outline.declared, "none"));
        count(&mut dialect.charset_used, named(&outline.used, "ASCII"));
        count(&mut dialect.acknowledgment, &outline.acknowledgment);
        let kinds: BTreeSet<&str> = outline.deviations.iter().map(|(kind, _)| kind.as_str()).collect();
        for kind in kinds {
            count(&mut dialect.deviation, kind);
        }
        self.event(outline);
        for segment in &outline.segments {
            if !self.has_room_for_segment(&segment.name) {
                continue;
            }
            self.dialect.segment.entry(segment.name.clone()).or_default().met += 1;
            for field in &segment.fields {
                let place = Place::new(format!("{}-{}", segment.name, field.number));
                if self.dialect.field.len() >= PLACES_MAX && !self.dialect.field.contains_key(&place) {
                    continue;
                }
                let known = self.dialect.field.entry(place).or_default();
                known.used += 1;
                known.repetitions = known.repetitions.max(field.repetitions as u64);
                for leaf in &field.leaves {
                    self.leaf(Place::new(leaf.place(&segment.name, field.number)), leaf, outline.subject);
                }
            }
        }
        for one in &outline.identifiers {
            self.identifier(one, outline.subject);
        }
    }

    fn has_room_for_segment(&self, name: &str) -> bool {
        self.dialect.segment.len() < NAMES_MAX || self.dialect.segment.contains_key(name)
    }

    fn event(&mut self, outline: &Outline) {
        let events = &mut self.dialect.event;
        let name = match events.len() < NAMES_MAX || events.contains_key(&outline.event) {
            true => outline.event.as_str(),
            false => "other",
        };
        let event = events.entry(name.to_owned()).or_default();
        event.messages += 1;
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for segment in &outline.segments {
            *counts.entry(&segment.name).or_default() += 1;
        }
        for (segment, met) in counts {
            if event.segment.len() < NAMES_MAX || event.segment.contains_key(segment) {
                let known = event.segment.entry(segment.to_owned()).or_default();
                known.messages += 1;
                known.most = known.most.max(met);
            }
        }
        order(event, outline);
        always(event, outline);
    }

    fn leaf(&mut self, place: Place, leaf: &Leaf, subject: u64) {
        let room = self.dialect.part.len() < PLACES_MAX || self.dialect.part.contains_key(&place);
        if !room {
            return;
        }
        self.distinct(&place, &leaf.value);
        let part = self.dialect.part.entry(place.clone()).or_insert_with(|| Part {
            content: leaf.content,
            length: (u64::MAX, 0),
            ..Part::default()
        });
        if part.content != leaf.content {
            // One place, two meanings: the more private one holds.
            part.content = part.content.max(leaf.content);
            if !part.content.is_code() {
                part.code.clear();
                part.not_in_table.clear();
                self.codes.drop_place(&place);
            }
        }
        part.used += 1;
        let length = leaf.value.chars().count() as u64;
        part.length = (part.length.0.min(length), part.length.1.max(length));
        if let Some(known) = self.distinct.get(&place) {
            part.distinct = part.distinct.max(known.len() as u64);
        }
        match part.content {
            Content::Date => bounded(&mut part.date, date_form(&leaf.value), DATES_MAX, "other"),
            content if content.is_code() => self.codes.learn(part, place, leaf, subject),
            _ => {}
        }
        let shape = shape(&leaf.value);
        match part.shape.len() < SHAPES_MAX || part.shape.contains_key(&shape) {
            true => *part.shape.entry(shape).or_default() += 1,
            false => part.other_shapes += 1,
        }
    }

    fn distinct(&mut self, place: &Place, value: &str) {
        let known = self.distinct.entry(place.clone()).or_default();
        if known.len() < DISTINCT_MAX && self.digests < DIGESTS_MAX && known.insert(digest(value)) {
            self.digests += 1;
        }
    }

    fn identifier(&mut self, one: &super::outline::IdentifierOutline, subject: u64) {
        let place = Place::new(one.field.clone());
        let shown = self.dialect.identifier.get(&place).is_some_and(|kinds| {
            kinds.iter().any(|kind| kind.kind == one.kind && kind.authority == one.authority)
        });
        if shown {
            return count_identifier(&mut self.dialect, place, one.kind.clone(), one.authority.clone(), 1);
        }
        let is_plain = |text: &str| text.is_empty() || looks_like_a_code(text) || is_object_identifier(text);
        let key = (place, one.kind.clone(), one.authority.clone());
        if self.identifiers.len() >= NAMES_MAX && !self.identifiers.contains_key(&key) {
            return;
        }
        let pending = self.identifiers.entry(key.clone()).or_default();
        pending.knows = Some(one.knows);
        let enough = pending.met(subject) && is_plain(&one.kind) && is_plain(&one.authority);
        if enough && let Some(pending) = self.identifiers.remove(&key) {
            let (place, kind, authority) = key;
            count_identifier(&mut self.dialect, place, kind, authority, pending.count);
        }
    }
}

fn count_identifier(dialect: &mut Dialect, place: Place, kind: String, authority: String, times: u64) {
    let kinds = dialect.identifier.entry(place).or_default();
    let has_room = kinds.len() < IDENTIFIERS_MAX;
    match kinds.iter_mut().find(|known| known.kind == kind && known.authority == authority) {
        Some(known) => known.count += times,
        None if has_room => kinds.push(Identifier { kind, authority, count: times }),
        None => {}
    }
}

/// An object identifier: numbers and points.
fn is_object_identifier(text: &str) -> bool {
    (3..=64).contains(&text.len())
        && text.matches('.').count() >= 3
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

impl Codes {
    /// Learns a code: shown at once when its table has it, else when it came with enough patients.
    fn learn(&mut self, part: &mut Part, place: Place, leaf: &Leaf, subject: u64) {
        let value = leaf.value.as_str();
        if part.table.is_none() {
            part.table = leaf.table.as_ref().map(|table| table.id.clone());
        }
        if let Some(count) = part.code.get_mut(value) {
            *count += 1;
            return;
        }
        let knows = leaf.table.as_ref().and_then(|table| table.knows);
        let is_in_table = knows == Some(true) && value.len() <= TABLE_CODE_MAX;
        let is_plain = looks_like_a_code(value) || is_object_identifier(value);
        let has_room = part.code.len() < CODES_MAX && self.shown < CODES_ALL_MAX;
        if !has_room || !(is_in_table || is_plain) {
            part.withheld += 1;
            return;
        }
        if is_in_table {
            self.shown += 1;
            part.code.insert(value.to_owned(), 1);
            return;
        }
        if let Some(count) = self.wait(place, value, knows, subject, &mut part.withheld) {
            self.shown += 1;
            part.code.insert(value.to_owned(), count);
            if knows == Some(false) {
                part.not_in_table.push(value.to_owned());
            }
        }
    }

    /// Lets a code wait; how often it came when it has come with enough patients.
    fn wait(
        &mut self,
        place: Place,
        value: &str,
        knows: Option<bool>,
        subject: u64,
        withheld: &mut u64,
    ) -> Option<u64> {
        let waiting = self.pending.entry(place).or_default();
        if !waiting.contains_key(value) {
            if waiting.len() >= PENDING_MAX || self.waiting >= PENDING_ALL_MAX {
                *withheld += 1;
                return None;
            }
            self.waiting += 1;
        }
        let one = waiting.entry(value.to_owned()).or_insert_with(|| Pending { knows, ..Pending::default() });
        if !one.met(subject) {
            return None;
        }
        self.waiting -= 1;
        waiting.remove(value).map(|one| one.count)
    }

    /// Forgets what waits at a place.
    fn drop_place(&mut self, place: &Place) {
        self.waiting -= self.pending.remove(place).map_or(0, |codes| codes.len());
    }
}

/// Notes which segments stand behind which. Only the first of each name counts: groups repeat.
fn order(event: &mut Event, outline: &Outline) {
    let names = first_of_each(outline);
    for (at, name) in names.iter().enumerate() {
        if event.before.len() >= NAMES_MAX && !event.before.contains_key(*name) {
            continue;
        }
        let behind = event.before.entry((*name).to_owned()).or_default();
        for other in &names[at + 1..] {
            if let Err(at) = behind.binary_search_by(|known| known.as_str().cmp(other))
                && behind.len() < NAMES_MAX
            {
                behind.insert(at, (*other).to_owned());
            }
        }
    }
}

/// Names of segments in the order in which each is met first.
pub(super) fn first_of_each(outline: &Outline) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for segment in &outline.segments {
        if names.len() < NAMES_MAX && !names.contains(&segment.name.as_str()) {
            names.push(&segment.name);
        }
    }
    names
}

/// Fields that hold something in every segment of their name, by message.
pub(super) fn full_fields(outline: &Outline) -> BTreeSet<Place> {
    let mut met: BTreeMap<&str, u64> = BTreeMap::new();
    let mut used: BTreeMap<Place, u64> = BTreeMap::new();
    for segment in &outline.segments {
        *met.entry(&segment.name).or_default() += 1;
        for field in &segment.fields {
            *used.entry(Place::new(format!("{}-{}", segment.name, field.number))).or_default() += 1;
        }
    }
    let is_full =
        |(place, count): (Place, u64)| (met.get(place.segment()).copied() == Some(count)).then_some(place);
    used.into_iter().filter_map(is_full).collect()
}

fn always(event: &mut Event, outline: &Outline) {
    let full = full_fields(outline);
    if event.messages == 1 {
        event.always = full.into_iter().take(PLACES_MAX).collect();
    } else {
        event.always.retain(|place| full.contains(place));
    }
}

fn named<'a>(value: &'a str, otherwise: &'a str) -> &'a str {
    if value.is_empty() { otherwise } else { value }
}

fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    bounded(counts, name.to_owned(), NAMES_MAX, "other");
}

fn bounded(counts: &mut BTreeMap<String, u64>, name: String, most: usize, otherwise: &str) {
    let name = if counts.len() < most || counts.contains_key(&name) { name } else { otherwise.to_owned() };
    *counts.entry(name).or_default() += 1;
}
