//! Which message of the target came of which message of the source: by control identifier, else by the
//! identifiers of patient, case and order that both have, else by their order.

use std::collections::{BTreeSet, HashMap};

use klinke_hl7v2::{Message, batch};

use super::places::value;

/// Most messages of a side.
pub const PAIRS_MAX: usize = 5_000;

/// What belongs together, and what is left over.
pub struct Paired {
    /// Source and target.
    pub pairs: Vec<(Message, Message)>,
    /// Messages of the source that have no counterpart.
    pub left: Vec<Message>,
    /// How many of the target have no source.
    pub without_source: usize,
}

/// The messages of files, batches taken apart.
pub fn messages(files: &[Vec<u8>]) -> Vec<Message> {
    let mut all = Vec::new();
    for bytes in files {
        let Ok(whole) = Message::parse(bytes.clone()) else { continue };
        match batch::is_batch(&whole) {
            true => {
                let members = batch::split(&whole).messages;
                all.extend(members.into_iter().filter_map(|member| Message::parse(member.bytes).ok()));
            }
            false => all.push(whole),
        }
    }
    all.truncate(PAIRS_MAX);
    all
}

/// Pairs the messages of both sides.
pub fn pair(sources: Vec<Message>, targets: Vec<Message>) -> Paired {
    let mut partner: Vec<Option<usize>> = vec![None; targets.len()];
    let mut taken = vec![false; sources.len()];
    by_control(&sources, &targets, &mut partner, &mut taken);
    by_identifiers(&sources, &targets, &mut partner, &mut taken);
    let nothing_else = partner.iter().all(Option::is_none);
    if nothing_else && sources.len() == targets.len() {
        for at in 0..sources.len() {
            (partner[at], taken[at]) = (Some(at), true);
        }
    }
    let without_source = partner.iter().filter(|one| one.is_none()).count();
    let mut pairs: Vec<(usize, Message)> =
        partner.into_iter().zip(targets).filter_map(|(at, target)| Some((at?, target))).collect();
    pairs.sort_by_key(|(at, _)| *at);
    let left = sources.iter().zip(&taken).filter(|(_, taken)| !**taken).map(|(one, _)| one.clone()).collect();
    let pairs = pairs.into_iter().map(|(at, target)| (sources[at].clone(), target)).collect();
    Paired { pairs, left, without_source }
}

fn by_control(sources: &[Message], targets: &[Message], partner: &mut [Option<usize>], taken: &mut [bool]) {
    let mut known: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, source) in sources.iter().enumerate() {
        known.entry(value(source, "MSH", 10, 1)).or_default().push(at);
    }
    let mut met: HashMap<String, usize> = HashMap::new();
    targets.iter().for_each(|target| *met.entry(value(target, "MSH", 10, 1)).or_default() += 1);
    for (at, target) in targets.iter().enumerate() {
        let control = value(target, "MSH", 10, 1);
        // An identifier that is there twice tells nothing.
        if let Some([one]) = known.get(&control).map(Vec::as_slice)
            && !control.is_empty()
            && met.get(&control) == Some(&1)
        {
            (partner[at], taken[*one]) = (Some(*one), true);
        }
    }
}

fn by_identifiers(
    sources: &[Message],
    targets: &[Message],
    partner: &mut [Option<usize>],
    taken: &mut [bool],
) {
    let of_sources: Vec<BTreeSet<String>> = sources.iter().map(identifiers).collect();
    let mut having: HashMap<&String, Vec<usize>> = HashMap::new();
    for (at, set) in of_sources.iter().enumerate() {
        set.iter().for_each(|one| having.entry(one).or_default().push(at));
    }
    for (at, target) in
        targets.iter().enumerate().filter(|(at, _)| partner[*at].is_none()).collect::<Vec<_>>()
    {
        let mut shared: HashMap<usize, usize> = HashMap::new();
        for one in identifiers(target) {
            for source in having.get(&one).into_iter().flatten().filter(|source| !taken[**source]) {
                *shared.entry(*source).or_default() += 1;
            }
        }
        let event = |message: &Message| value(message, "MSH", 9, 2);
        let best = shared.into_iter().max_by_key(|(source, count)| {
            (*count, event(&sources[*source]) == event(target), std::cmp::Reverse(*source))
        });
        if let Some((source, _)) = best {
            (partner[at], taken[source]) = (Some(source), true);
        }
    }
}

/// What tells whom and what a message is about.
fn identifiers(message: &Message) -> BTreeSet<String> {
    const PLACES: &[(&str, usize)] = &[
        ("MSH", 10),
        ("PID", 2),
        ("PID", 3),
        ("PID", 4),
        ("PID", 18),
        ("PV1", 19),
        ("ORC", 2),
        ("ORC", 3),
        ("OBR", 2),
        ("OBR", 3),
        ("TXA", 12),
        ("SCH", 1),
        ("SCH", 2),
    ];
    let mut found = BTreeSet::new();
    for (name, number) in PLACES {
        for segment in message.segments().filter(|segment| segment.name() == *name) {
            for repetition in segment.field(*number).into_iter().flat_map(|field| field.repetitions()) {
                let text = repetition.component(1).map(|part| part.text().into_owned()).unwrap_or_default();
                if text.len() >= 3 {
                    found.insert(text);
                }
            }
        }
    }
    found
}
