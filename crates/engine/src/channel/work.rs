//! The pure part of a channel: an envelope in, results and their lanes out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use klinke_model::{DestinationId, Envelope, EnvelopeId, Origin, Payload, Timestamp, VersionId};
use klinke_store::{Early, NewDelivery, Outcome, Part, Routed};

use super::canary::Side;
use super::spec::ChannelSpec;
use crate::document::{Document, Format, Path};
use crate::source::{DAMAGED, End};
use crate::step::{Context, Step, Yield};

/// Most results that the steps may make of one envelope.
const PARTS_MAX: usize = 10_000;

/// Longest lane key; longer ones are cut, so that what begins alike shares a lane.
const LANE_BYTES_MAX: usize = 200;

/// Versions of its steps that a channel may have at work: an envelope is handled by the version under
/// which it was accepted, as long as no restart comes between.
const VERSIONS_MAX: usize = 4;

/// The versions of a channel's steps that are at work, oldest first, never none; and the one that is tried
/// on some envelopes.
#[derive(Clone)]
pub(crate) struct Works {
    all: Vec<(VersionId, Arc<Work>)>,
    canary: Option<Arc<Side>>,
}

impl Works {
    pub fn new(version: VersionId, work: Work, canary: Option<Side>) -> Self {
        Works { all: vec![(version, Arc::new(work))], canary: canary.map(Arc::new) }
    }

    /// The steps that handle an envelope, and their version: the canary's where that takes it, else those under
    /// which it was accepted; where they are no longer here, the newest.
    pub fn of(&self, envelope: &Envelope) -> (VersionId, &Work) {
        if let Some(side) = self.canary.as_deref().filter(|side| side.takes(envelope)) {
            return (side.version, &side.work);
        }
        let newest = self.all.len() - 1;
        let at = self.all.iter().rposition(|(known, _)| *known == envelope.version);
        let (version, work) = &self.all[at.unwrap_or(newest)];
        (*version, work)
    }

    /// The steps that handle an envelope that has no number yet, and their version; `None` where the number may
    /// decide which they are.
    pub fn early(&self, envelope: &Envelope) -> Option<(VersionId, &Work)> {
        self.canary.is_none().then(|| self.of(envelope))
    }

    /// The version that is tried on some envelopes.
    pub fn canary(&self) -> Option<VersionId> {
        self.canary.as_ref().map(|side| side.version)
    }

    /// A reload brought other steps.
    pub fn add(&mut self, version: VersionId, work: Work, canary: Option<Side>) {
        self.all.retain(|(known, _)| *known != version);
        self.all.push((version, Arc::new(work)));
        if self.all.len() > VERSIONS_MAX {
            self.all.remove(0);
        }
        self.canary = canary.map(Arc::new);
    }

    /// True when more than the newest are here.
    pub fn has_old(&self) -> bool {
        self.all.len() > 1
    }

    /// Lets all but the newest go.
    pub fn retire(&mut self) {
        self.all.drain(..self.all.len() - 1);
    }
}

/// A channel's steps and the ways out.
pub(crate) struct Work {
    pub channel: String,
    pub format: Arc<dyn Format>,
    pub charset: Option<String>,
    pub steps: Vec<Box<dyn Step>>,
    pub exits: Vec<Exit>,
}

/// One destination, as the steps see it.
pub(crate) struct Exit {
    pub destination: DestinationId,
    pub name: String,
    pub steps: Vec<Box<dyn Step>>,
    pub lane: Option<Path>,
}

/// One way out of a [`Trial`]: its name, its steps, the path of its lane.
pub type Way = (String, Vec<Box<dyn Step>>, Option<Path>);

/// A channel's steps alone, to see what they make of an envelope: nothing is kept, nothing is sent.
pub struct Trial(Work);

impl Trial {
    /// Of these steps, without ways out.
    pub fn new(
        channel: &str,
        format: Arc<dyn Format>,
        charset: Option<String>,
        steps: Vec<Box<dyn Step>>,
    ) -> Trial {
        Trial(Work { channel: channel.to_owned(), format, charset, steps, exits: Vec::new() })
    }

    /// With ways out: name, steps and lane of each; their numbers are their places in the list, from 0.
    pub fn with_exits(self, exits: Vec<Way>) -> Trial {
        let exits = (0..).zip(exits).map(|(number, (name, steps, lane))| Exit {
            destination: DestinationId(number),
            name,
            steps,
            lane,
        });
        Trial(Work { exits: exits.collect(), ..self.0 })
    }

    /// Of a channel with its ways out; their numbers are their places in the channel's list, from 0.
    pub fn of(spec: ChannelSpec) -> Trial {
        let exits = (0..).zip(spec.destinations).map(|(number, one)| Exit {
            destination: DestinationId(number),
            name: one.name,
            steps: one.steps,
            lane: one.lane,
        });
        let exits = exits.collect();
        Trial(Work {
            channel: spec.name,
            format: spec.format,
            charset: spec.charset,
            steps: spec.steps,
            exits,
        })
    }

    /// The names of the ways out, in order.
    pub fn destinations(&self) -> impl Iterator<Item = &str> {
        self.0.exits.iter().map(|exit| exit.name.as_str())
    }

    /// What the steps make of an envelope.
    pub fn run(&self, envelope: &Envelope, observer: Option<Observer<'_>>) -> Made {
        self.0.run(envelope, observer)
    }
}

/// What the steps made of an envelope.
#[derive(Debug)]
pub struct Made {
    /// What the store is to keep.
    pub outcome: Outcome,
    /// The bytes of each part.
    pub parts: Vec<Payload>,
    /// What steps and scripts noted.
    pub trace: Vec<String>,
}

impl Made {
    fn nothing(outcome: Outcome) -> Made {
        Made { outcome, parts: Vec::new(), trace: Vec::new() }
    }

    /// As an entry of the store.
    pub fn into_routed(
        self,
        envelope: &Envelope,
        version: VersionId,
        after: Option<EnvelopeId>,
        at: Timestamp,
    ) -> Routed {
        Routed {
            envelope: envelope.id,
            channel: envelope.channel,
            version: Some(version).filter(|version| *version != envelope.version),
            after,
            at,
            outcome: self.outcome,
            trace: self.trace,
        }
    }

    /// As the part of an entry that accepts the envelope, under version `accepted`.
    pub(crate) fn early(&self, accepted: VersionId, version: VersionId, at: Timestamp) -> Early {
        let version = Some(version).filter(|version| *version != accepted);
        Early { version, at, outcome: self.outcome.clone(), trace: self.trace.clone() }
    }

    /// What senders that wait for the steps are told.
    pub(crate) fn end(&self) -> End {
        end(&self.outcome)
    }
}

/// What senders that wait for the steps are told.
pub(crate) fn end(outcome: &Outcome) -> End {
    match outcome {
        Outcome::Deliveries { .. } => End::Routed,
        Outcome::Filtered { .. } => End::Filtered,
        Outcome::Failed { reason, .. } => End::Failed(reason.clone()),
    }
}

/// Sees the documents after each step: its name (`step 2: set`) and the payloads.
pub type Observer<'a> = &'a mut dyn FnMut(&str, &[Payload]);

pub(crate) type Documents = Vec<Box<dyn Document>>;

/// How the steps end before the ways out.
pub(crate) enum Halt {
    Filtered(String, String),
    Failed(String, String),
}

impl Work {
    /// Runs the steps. A panic in one of them fails this envelope alone.
    pub fn run(&self, envelope: &Envelope, observer: Option<Observer<'_>>) -> Made {
        self.run_in(Context::new(envelope, &self.channel), envelope, observer).0
    }

    /// Runs the steps on an envelope that has no number yet. `None` when what they make may hang on that, and
    /// when they fail: the error may name it.
    pub fn run_early(&self, envelope: &Envelope, script_time_max: Duration) -> Option<Made> {
        let mut context = Context::new(envelope, &self.channel);
        context.script_time_max = Some(script_time_max);
        let (made, has_asked) = self.run_in(context, envelope, None);
        (!has_asked && !matches!(made.outcome, Outcome::Failed { .. })).then_some(made)
    }

    /// What the steps make of an envelope, and whether they asked for its number.
    fn run_in(
        &self,
        mut context: Context<'_>,
        envelope: &Envelope,
        observer: Option<Observer<'_>>,
    ) -> (Made, bool) {
        if let Some(why) = envelope.format.strip_prefix(DAMAGED) {
            let (step, reason) = ("source".to_owned(), format!("it arrived damaged: {why}"));
            return (Made::nothing(Outcome::Failed { step, reason }), false);
        }
        if let Origin::Fragment(_) = envelope.origin {
            let reason = "a fragment: what all of them make together is an envelope of its own".to_owned();
            return (Made::nothing(Outcome::Filtered { step: "source".to_owned(), reason }), false);
        }
        let made = catch_unwind(AssertUnwindSafe(|| self.attempt(&mut context, observer)));
        let (outcome, parts) = match made {
            Ok(Ok(made)) => made,
            Ok(Err(Halt::Filtered(step, reason))) => (Outcome::Filtered { step, reason }, Vec::new()),
            Ok(Err(Halt::Failed(step, reason))) => (Outcome::Failed { step, reason }, Vec::new()),
            Err(_) => {
                let reason = "a fault in the program: please report it with the channel's files".to_owned();
                (Outcome::Failed { step: "steps".to_owned(), reason }, Vec::new())
            }
        };
        let has_asked = context.has_asked();
        (Made { outcome, parts, trace: context.trace }, has_asked)
    }

    fn attempt(
        &self,
        context: &mut Context<'_>,
        mut observer: Option<Observer<'_>>,
    ) -> Result<(Outcome, Vec<Payload>), Halt> {
        let payload = context.payload();
        if self.steps.is_empty() && self.exits.iter().all(|exit| exit.steps.is_empty() && exit.lane.is_none())
        {
            return self.pass(payload.clone());
        }
        let opened = self.format.open(payload, self.charset.as_deref());
        let document = opened.map_err(|error| Halt::Failed("open".to_owned(), error.to_string()))?;
        let mut documents = vec![document];
        for (index, step) in self.steps.iter().enumerate() {
            let name = name(index, step.as_ref());
            documents = apply(step.as_ref(), context, documents, &name)?;
            if let Some(observer) = observer.as_mut() {
                let payloads: Result<Vec<_>, _> = documents.iter_mut().map(|one| one.payload()).collect();
                observer(&name, &payloads.map_err(|error| Halt::Failed(name.clone(), error.to_string()))?);
            }
        }
        self.leave(context, documents)
    }

    /// Nothing looks inside: the bytes go on as they are, whatever they are.
    fn pass(&self, payload: Payload) -> Result<(Outcome, Vec<Payload>), Halt> {
        let lane: Arc<str> = "".into();
        let deliveries = self.exits.iter().map(|exit| NewDelivery {
            destination: exit.destination,
            lane: lane.clone(),
            part: 0,
        });
        let deliveries: Vec<_> = deliveries.collect();
        if deliveries.is_empty() {
            return Err(nobody());
        }
        Ok((Outcome::Deliveries { parts: vec![Part::Unchanged], deliveries }, vec![payload]))
    }

    /// Gives each document to each destination that wants it.
    fn leave(
        &self,
        context: &mut Context<'_>,
        documents: Documents,
    ) -> Result<(Outcome, Vec<Payload>), Halt> {
        let mut parts =
            Parts { received: context.payload().clone(), parts: Vec::new(), payloads: Vec::new() };
        let mut deliveries = Vec::new();
        let single: Arc<str> = "".into();
        // The lanes of the document before: what came out of a message and has other paths goes with it.
        let mut lanes: Vec<Option<Arc<str>>> = vec![None; self.exits.len()];
        for (number, mut document) in documents.into_iter().enumerate() {
            context.first = u16::try_from(number).unwrap_or(u16::MAX);
            // Destinations that get the same bytes of one document share a part. Two documents never do,
            // even when a step made them alike: each is a delivery of its own.
            let first = parts.payloads.len();
            for (exit, before) in self.exits.iter().zip(&mut lanes) {
                let mut from = first;
                let leaving = match exit.steps.is_empty() {
                    true => None,
                    false => match tailor(exit, context, document.fork())? {
                        Some(documents) => Some(documents),
                        None => continue,
                    },
                };
                let mut own = leaving.unwrap_or_default();
                let leaving = match own.is_empty() {
                    true => std::slice::from_mut(&mut document),
                    false => own.as_mut_slice(),
                };
                for document in leaving {
                    let fail = |error: crate::document::DocumentError| {
                        Halt::Failed(format!("destination {}", exit.name), error.to_string())
                    };
                    let lane = match &exit.lane {
                        None => single.clone(),
                        Some(path) => match (document.value(path), &before) {
                            (Ok(value), _) => cut(value.text()).into(),
                            (Err(_), Some(lane)) => lane.clone(),
                            (Err(error), None) => return Err(fail(error)),
                        },
                    };
                    *before = Some(lane.clone());
                    let payload = document.payload().map_err(fail)?;
                    let part = parts.number(payload, from)?;
                    from = usize::from(part) + 1;
                    deliveries.push(NewDelivery { destination: exit.destination, lane, part });
                }
            }
        }
        if deliveries.is_empty() {
            return Err(nobody());
        }
        Ok((Outcome::Deliveries { parts: parts.parts, deliveries }, parts.payloads))
    }
}

fn nobody() -> Halt {
    Halt::Filtered("destinations".to_owned(), "no destination wants it".to_owned())
}

fn cut(key: &str) -> &str {
    let end = (0..=LANE_BYTES_MAX.min(key.len())).rev().find(|&at| key.is_char_boundary(at));
    &key[..end.unwrap_or(0)]
}

/// How people find a step in its file: `step 2: set`, with its title where it has one.
pub(crate) fn name(index: usize, step: &dyn Step) -> String {
    let title = step.title().map(|title| format!(" ({title})")).unwrap_or_default();
    format!("step {}: {}{title}", index + 1, step.kind())
}

pub(crate) fn apply(
    step: &dyn Step,
    context: &mut Context<'_>,
    documents: Documents,
    name: &str,
) -> Result<Documents, Halt> {
    match step.apply_all(context, documents) {
        Ok(Yield::One(document)) => Ok(vec![document]),
        Ok(Yield::Many(documents)) if documents.is_empty() => {
            Err(Halt::Filtered(name.to_owned(), "the step made nothing of it".to_owned()))
        }
        Ok(Yield::Many(documents)) => Ok(documents),
        Ok(Yield::End(reason)) => Err(Halt::Filtered(name.to_owned(), reason)),
        Err(error) => Err(Halt::Failed(name.to_owned(), error.to_string())),
    }
}

/// A destination's own steps; `None` when they end the document.
fn tailor(
    exit: &Exit,
    context: &mut Context<'_>,
    document: Box<dyn Document>,
) -> Result<Option<Documents>, Halt> {
    let mut documents = vec![document];
    for (index, step) in exit.steps.iter().enumerate() {
        let name = format!("destination {}, {}", exit.name, name(index, step.as_ref()));
        documents = match apply(step.as_ref(), context, documents, &name) {
            Ok(documents) => documents,
            Err(Halt::Filtered(..)) => return Ok(None),
            Err(failed) => return Err(failed),
        };
    }
    Ok(Some(documents))
}

/// Distinct results, numbered.
struct Parts {
    received: Payload,
    parts: Vec<Part>,
    payloads: Vec<Payload>,
}

impl Parts {
    /// The number of these bytes, among those from `from` on or a new one.
    fn number(&mut self, payload: Payload, from: usize) -> Result<u16, Halt> {
        if let Some(known) = self.payloads[from..].iter().position(|known| known.is_same(&payload)) {
            return Ok((from + known) as u16);
        }
        if self.parts.len() >= PARTS_MAX {
            let reason = format!("the steps made more than {PARTS_MAX} results");
            return Err(Halt::Failed("steps".to_owned(), reason));
        }
        let unchanged = payload.is_same(&self.received) || payload == self.received;
        self.parts.push(if unchanged { Part::Unchanged } else { Part::Changed(payload.clone()) });
        self.payloads.push(payload);
        Ok((self.payloads.len() - 1) as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::testing::{Lines, Other, build, document, envelope};

    /// A document of another format behind the one given.
    #[derive(Debug)]
    struct Extract;

    impl Step for Extract {
        fn kind(&self) -> &'static str {
            "extract"
        }

        fn apply(
            &self,
            _: &mut Context<'_>,
            document: Box<dyn Document>,
        ) -> Result<Yield, crate::step::StepError> {
            Ok(Yield::Many(vec![document, Box::new(Other)]))
        }
    }

    fn work(lane: Option<&str>, steps: &str) -> Work {
        let lane = lane.map(|path| Lines.path(path).expect(path));
        let steps = if steps.is_empty() { Vec::new() } else { build(steps).expect(steps) };
        let exit = Exit { destination: DestinationId(1), name: "out".to_owned(), steps, lane };
        let format: Arc<dyn Format> = Arc::new(Lines);
        Work {
            channel: "test".to_owned(),
            format,
            charset: None,
            steps: vec![Box::new(Extract)],
            exits: vec![exit],
        }
    }

    fn run(work: &Work, text: &str) -> Made {
        let mut envelope = envelope();
        envelope.payload = document(text).payload().expect("bytes");
        work.run(&envelope, None)
    }

    #[test]
    fn what_came_out_of_a_message_stays_in_its_lane() {
        let made = run(&work(Some("a"), ""), "a=1");
        let Outcome::Deliveries { deliveries, .. } = made.outcome else { panic!("{:?}", made.outcome) };
        let lanes: Vec<&str> = deliveries.iter().map(|one| &*one.lane).collect();
        assert_eq!(lanes, ["1", "1"]);
    }

    #[test]
    fn destinations_know_which_document_they_handle() {
        let steps = r#"step = [{ vars = { n = "{@part}" } }, { note = "part {$n}" }]"#;
        let mut work = work(None, steps);
        work.steps = build(r#"step = [{ only = { a = "1" } }]"#).expect("steps");
        work.steps.push(Box::new(Twice));
        assert_eq!(run(&work, "a=1").trace, ["part 0", "part 1"]);
    }

    #[derive(Debug)]
    struct Twice;

    impl Step for Twice {
        fn kind(&self) -> &'static str {
            "twice"
        }

        fn apply(
            &self,
            _: &mut Context<'_>,
            document: Box<dyn Document>,
        ) -> Result<Yield, crate::step::StepError> {
            Ok(Yield::Many(vec![document.fork(), document]))
        }
    }
}
