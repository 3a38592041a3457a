//! What a message has that its partner's dialect has not.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::data::{Dialect, Event, Part};
use super::learn::{first_of_each, full_fields};
use super::outline::{Content, FieldOutline, Leaf, Outline};
use super::place::Place;
use super::shape::{date_form, digest, looks_like_a_code, shape};

/// What was in so many messages, without exception, is missed when it is not there.
const ALWAYS_MIN: u64 = 5;
/// So many values of a place make its shapes worth holding a further one against.
const SHAPES_MIN: u64 = 20;
/// Most novelties of one message: a message of another dialect altogether says so soon enough.
const NOVELTIES_MAX: usize = 50;

/// A kind of novelty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An event that did not come before.
    Event,
    /// Another version is declared.
    Version,
    /// Another character set is declared.
    CharsetDeclared,
    /// The bytes are in another character set.
    CharsetUsed,
    /// Other acknowledgments are asked for.
    Acknowledgment,
    /// Something is done against the standard that was not done before.
    Deviation,
    /// A segment that this event did not have.
    Segment,
    /// A segment stands more often than it did.
    SegmentRepeated,
    /// A segment is missing that was always there.
    SegmentMissing,
    /// Segments stand in another order.
    Order,
    /// A field is used that was not.
    Field,
    /// A field is empty that never was.
    FieldMissing,
    /// A part of a field is used that was not.
    Part,
    /// A field repeats more often than it did.
    Repetition,
    /// A code that did not come before.
    Code,
    /// An identifier of another type.
    IdentifierType,
    /// An identifier that another authority gives.
    Authority,
    /// A date is written in another form.
    Date,
    /// An identifier or number looks different.
    Shape,
    /// A value is longer than values were.
    Length,
}

/// Something new. Holds no patient data: what is new in a value is told by its shape, or by the code
/// where the place's table has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Novelty {
    /// What is new.
    pub kind: Kind,
    /// Where: an event, a segment, a field; empty for the whole message.
    pub place: String,
    /// What came: a name, a code, a form, a number.
    pub came: String,
    /// What came until then, in short; empty where that says nothing.
    pub before: String,
    /// Tells what came from other things that look alike.
    pub digest: u64,
}

impl Novelty {
    fn new(kind: Kind, place: &str, came: &str, before: String) -> Self {
        Novelty { kind, place: place.to_owned(), came: came.to_owned(), before, digest: digest(came) }
    }

    /// What is the same for novelties that need be told once.
    pub fn key(&self) -> (Kind, String, u64) {
        // How long, how often: once is enough for each place.
        let once = matches!(self.kind, Kind::Length | Kind::Repetition | Kind::SegmentRepeated);
        (self.kind, self.place.clone(), if once { 0 } else { self.digest })
    }
}

/// What is new in a message, each thing once.
pub fn compare(outline: &Outline, dialect: &Dialect) -> Vec<Novelty> {
    let mut found = Found::default();
    found.head(outline, dialect);
    match dialect.event.get(&outline.event) {
        None => found.add(Novelty::new(Kind::Event, &outline.event, &outline.event, keys(&dialect.event))),
        Some(event) => found.event(outline, event),
    }
    for segment in &outline.segments {
        if !dialect.segment.contains_key(&segment.name) {
            // Told as a new segment; each of its fields would be new, too.
            found.add(Novelty::new(Kind::Segment, &segment.name, &segment.name, String::new()));
            continue;
        }
        for field in &segment.fields {
            found.field(&segment.name, field, dialect);
        }
    }
    found.0.truncate(NOVELTIES_MAX);
    found.0
}

#[derive(Default)]
struct Found(Vec<Novelty>);

impl Found {
    fn add(&mut self, novelty: Novelty) {
        if !self.0.iter().any(|known| known.key() == novelty.key()) {
            self.0.push(novelty);
        }
    }

    fn head(&mut self, outline: &Outline, dialect: &Dialect) {
        let named = |value: &str, otherwise: &str| match value.is_empty() {
            true => otherwise.to_owned(),
            false => value.to_owned(),
        };
        let used = named(&outline.used, "ASCII");
        let declared = named(&outline.declared, "none");
        let mut of = |kind: Kind, place: &str, came: &str, known: &BTreeMap<String, u64>| {
            if !known.contains_key(came) {
                self.add(Novelty::new(kind, place, came, keys(known)));
            }
        };
        of(Kind::Version, "MSH-12", &named(&outline.version, "none"), &dialect.version);
        of(Kind::CharsetDeclared, "MSH-18", &declared, &dialect.charset_declared);
        // ASCII is part of every set, and a set that is declared may be used.
        if !outline.used.is_empty() && used != declared {
            of(Kind::CharsetUsed, "", &used, &dialect.charset_used);
        }
        of(Kind::Acknowledgment, "MSH-15", &outline.acknowledgment, &dialect.acknowledgment);
        for (kind, _) in &outline.deviations {
            if !dialect.deviation.contains_key(kind) {
                self.add(Novelty::new(Kind::Deviation, "", kind, String::new()));
            }
        }
    }

    fn event(&mut self, outline: &Outline, event: &Event) {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for segment in &outline.segments {
            *counts.entry(&segment.name).or_default() += 1;
        }
        for (name, count) in &counts {
            match event.segment.get(*name) {
                None => self.add(Novelty::new(Kind::Segment, name, name, keys(&event.segment))),
                Some(known) if is_more(*count, known.most) => {
                    let (came, before) = (count.to_string(), known.most.to_string());
                    self.add(Novelty::new(Kind::SegmentRepeated, name, &came, before));
                }
                Some(_) => {}
            }
        }
        for (name, known) in &event.segment {
            let always = known.messages == event.messages && event.messages >= ALWAYS_MIN;
            if always && !counts.contains_key(name.as_str()) {
                self.add(Novelty::new(Kind::SegmentMissing, name, &outline.event, String::new()));
            }
        }
        self.order(outline, event);
        if event.messages >= ALWAYS_MIN {
            let full: BTreeSet<Place> = full_fields(outline);
            let missing = event.always.iter().filter(|place| !full.contains(*place));
            // A segment that is not there is told as such.
            for place in missing.filter(|place| counts.contains_key(place.segment())) {
                self.add(Novelty::new(Kind::FieldMissing, place.as_str(), &outline.event, String::new()));
            }
        }
    }

    /// Segments that stand the other way round than they always did.
    fn order(&mut self, outline: &Outline, event: &Event) {
        let names = first_of_each(outline);
        let came = |one: &str, other: &str| {
            event.before.get(one).is_some_and(|behind| behind.iter().any(|name| name == other))
        };
        for (at, one) in names.iter().enumerate() {
            for other in &names[at + 1..] {
                if came(other, one) && !came(one, other) {
                    let (came, before) = (format!("{one} {other}"), format!("{other} {one}"));
                    self.add(Novelty::new(Kind::Order, one, &came, before));
                    // One segment that moved passes many others.
                    return;
                }
            }
        }
    }

    fn field(&mut self, segment: &str, field: &FieldOutline, dialect: &Dialect) {
        let place = format!("{segment}-{}", field.number);
        let Some(known) = dialect.field.get(&Place::new(place.clone())) else {
            return self.add(Novelty::new(Kind::Field, &place, &place, String::new()));
        };
        if is_more(field.repetitions as u64, known.repetitions) {
            let (came, before) = (field.repetitions.to_string(), known.repetitions.to_string());
            self.add(Novelty::new(Kind::Repetition, &place, &came, before));
        }
        for leaf in &field.leaves {
            let place = leaf.place(segment, field.number);
            match dialect.part.get(&Place::new(place.clone())) {
                None => self.add(Novelty::new(Kind::Part, &place, &place, String::new())),
                Some(part) => self.part(&place, leaf, part),
            }
        }
    }

    fn part(&mut self, place: &str, leaf: &Leaf, part: &Part) {
        let value = leaf.value.as_str();
        match part.content {
            content if content.is_code() => {
                let knows = leaf.table.as_ref().and_then(|table| table.knows) == Some(true);
                // A place where values are withheld may have had this one; what a table has is never withheld.
                let is_closed = part.withheld == 0 && !part.code.is_empty();
                if !part.code.contains_key(value) && (is_closed || knows) {
                    let kind = match content {
                        Content::IdentifierType => Kind::IdentifierType,
                        Content::Authority => Kind::Authority,
                        _ => Kind::Code,
                    };
                    let came =
                        if knows && looks_like_a_code(value) { value.to_owned() } else { shape(value) };
                    let novelty = Novelty::new(kind, place, &came, keys(&part.code));
                    return self.add(Novelty { digest: digest(value), ..novelty });
                }
            }
            Content::Date => {
                let form = date_form(value);
                if !part.date.contains_key(&form) && !part.date.contains_key("other") {
                    return self.add(Novelty::new(Kind::Date, place, &form, keys(&part.date)));
                }
            }
            _ => {}
        }
        if self.length(place, value, part) {
            return;
        }
        let is_strict = matches!(part.content, Content::Identifier | Content::Number);
        let is_settled = part.used >= SHAPES_MIN && part.other_shapes == 0 && part.shape.len() <= 3;
        let shape = shape(value);
        if is_strict && is_settled && !part.shape.contains_key(&shape) {
            self.add(Novelty::new(Kind::Shape, place, &shape, keys(&part.shape)));
        }
    }

    fn length(&mut self, place: &str, value: &str, part: &Part) -> bool {
        let (length, longest) = (value.chars().count() as u64, part.length.1);
        // Texts and names vary; what is worth telling is another order of length.
        let limit = match part.content {
            Content::Text => longest + longest.max(20),
            Content::Number => longest + 2,
            _ => longest,
        };
        if length > limit {
            self.add(Novelty::new(Kind::Length, place, &length.to_string(), longest.to_string()));
        }
        length > limit
    }
}

/// More than it ever was, by a measure that a longer list of the same kind does not meet.
fn is_more(count: u64, most: u64) -> bool {
    if most <= 1 { count > most } else { count > most * 2 }
}

/// The first few names, for people.
fn keys<K: ToString, V>(known: &BTreeMap<K, V>) -> String {
    const SHOWN: usize = 8;
    let mut names: Vec<String> = known.keys().take(SHOWN).map(ToString::to_string).collect();
    if known.len() > SHOWN {
        names.push("…".to_owned());
    }
    names.join(", ")
}
