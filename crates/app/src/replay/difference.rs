//! What two versions made of one envelope, held against each other.

use std::collections::BTreeMap;

use klinke_engine::{Made, Trial};
use klinke_hl7v2::Message;
use klinke_hl7v2::charset::Charset;
use klinke_hl7v2::message::{Part, Segment};
use klinke_model::{Envelope, Payload};
use klinke_store::Outcome;

use super::tally::Tally;

/// Fields of one pair of payloads that are named.
const FIELDS_MAX: usize = 200;

/// Notes what differs between what came out before and what comes out.
pub fn note(tally: &mut Tally, envelope: &Envelope, before: (&Trial, &Made), after: (&Trial, &Made)) {
    let number = envelope.id.0;
    let (old, new) = (leaving(before.0, before.1), leaving(after.0, after.1));
    let (ended_before, ended_after) = (ending(before.1, &old), ending(after.1, &new));
    let mut differs = ended_before != ended_after;
    if differs {
        tally.ending(ended_before, ended_after, number);
    }
    for (destination, parts) in &new {
        let Some(old) = old.get(destination) else { continue };
        if old.len() != parts.len() {
            continue;
        }
        for ((old_lane, old), (lane, part)) in old.iter().zip(parts) {
            if old_lane != lane {
                differs = true;
                tally.field(destination, "lane".to_owned(), number, old_lane, lane);
            }
            if old[..] != part[..] {
                differs = true;
                payloads(tally, destination, number, old, part);
            }
        }
    }
    tally.envelope(differs);
}

/// What leaves, by destination: lane and payload in order.
type Leaving<'a> = BTreeMap<&'a str, Vec<(&'a str, &'a Payload)>>;

fn leaving<'a>(trial: &'a Trial, made: &'a Made) -> Leaving<'a> {
    let names: Vec<&str> = trial.destinations().collect();
    let mut leaving = Leaving::new();
    if let Outcome::Deliveries { deliveries, .. } = &made.outcome {
        for delivery in deliveries {
            let name = names.get(delivery.destination.0 as usize);
            let part = made.parts.get(usize::from(delivery.part));
            if let (Some(name), Some(part)) = (name, part) {
                leaving.entry(*name).or_default().push((&*delivery.lane, part));
            }
        }
    }
    leaving
}

/// How an envelope ends, in words without its values.
fn ending(made: &Made, leaving: &Leaving<'_>) -> String {
    match &made.outcome {
        Outcome::Filtered { step, .. } => format!("filtered by {step}"),
        Outcome::Failed { step, reason } => format!("failed in {step}: {reason}"),
        Outcome::Deliveries { .. } => {
            let each = leaving.iter().map(|(name, parts)| match parts.len() {
                1 => (*name).to_owned(),
                many => format!("{name} × {many}"),
            });
            each.collect::<Vec<_>>().join(", ")
        }
    }
}

fn payloads(tally: &mut Tally, destination: &str, envelope: u64, old: &Payload, new: &Payload) {
    let mut note =
        |path: String, before: &str, after: &str| tally.field(destination, path, envelope, before, after);
    if fields(old, new, &mut note) == 0 {
        let (before, after) = (format!("{} bytes", old.len()), format!("{} bytes", new.len()));
        tally.field(destination, "bytes".to_owned(), envelope, &before, &after);
    }
}

/// Tells what differs between two messages, field by field: path, before, after. Gives how many fields
/// differ; none where one of the two is no message.
pub fn fields(old: &[u8], new: &[u8], note: &mut dyn FnMut(String, &str, &str)) -> usize {
    let (Ok(old), Ok(new)) = (Message::parse(old.to_vec()), Message::parse(new.to_vec())) else { return 0 };
    let mut found = Fields { note, charset: new.charset().charset, count: 0 };
    found.messages(&old, &new);
    found.count
}

/// Differences of two messages, field by field.
struct Fields<'a> {
    note: &'a mut dyn FnMut(String, &str, &str),
    charset: Charset,
    count: usize,
}

impl Fields<'_> {
    fn messages(&mut self, old: &Message, new: &Message) {
        let before: Vec<Segment<'_>> = old.segments().collect();
        let after: Vec<Segment<'_>> = new.segments().collect();
        let names = |segments: &[Segment<'_>]| segments.iter().map(Segment::name_bytes).collect::<Vec<_>>();
        if names(&before) != names(&after) {
            let list = |segments: &[Segment<'_>]| {
                segments.iter().map(|one| one.name()).collect::<Vec<_>>().join(" ")
            };
            self.note("segments".to_owned(), &list(&before), &list(&after));
        }
        for segment in &after {
            let same = |one: &&Segment<'_>| {
                one.name_bytes() == segment.name_bytes() && one.occurrence() == segment.occurrence()
            };
            if let Some(old) = before.iter().find(same) {
                self.segments(old, segment);
            }
        }
    }

    fn segments(&mut self, old: &Segment<'_>, new: &Segment<'_>) {
        let last = old.fields().chain(new.fields()).map(|(number, _)| number).max().unwrap_or(0);
        for number in 1..=last {
            let (before, after) = (old.field(number), new.field(number));
            let raw = |part: &Option<Part<'_>>| part.as_ref().map_or(&b""[..], Part::raw).to_vec();
            if raw(&before) != raw(&after) {
                self.field(&format!("{}-{number}", new.name()), before, after);
            }
        }
    }

    /// Names the component where one alone differs in a field that does not repeat, else the field.
    fn field(&mut self, path: &str, before: Option<Part<'_>>, after: Option<Part<'_>>) {
        let charset = self.charset;
        let text = |part: &Part<'_>| charset.decode(part.raw()).into_owned();
        let whole = |part: &Option<Part<'_>>| part.as_ref().map_or_else(String::new, text);
        let (Some(old), Some(new)) = (&before, &after) else {
            return self.note(path.to_owned(), &whole(&before), &whole(&after));
        };
        if old.repetitions().count() > 1 || new.repetitions().count() > 1 {
            return self.note(path.to_owned(), &text(old), &text(new));
        }
        let (old, new): (Vec<_>, Vec<_>) = (old.components().collect(), new.components().collect());
        if old.len().max(new.len()) == 1 {
            return self.note(path.to_owned(), &whole(&before), &whole(&after));
        }
        for number in 0..old.len().max(new.len()) {
            let one = |parts: &[Part<'_>]| parts.get(number).map_or_else(String::new, text);
            let (before, after) = (one(&old), one(&new));
            if before != after {
                self.note(format!("{path}.{}", number + 1), &before, &after);
            }
        }
    }

    fn note(&mut self, path: String, before: &str, after: &str) {
        self.count += 1;
        if self.count <= FIELDS_MAX {
            (self.note)(path, before, after);
        }
    }
}
