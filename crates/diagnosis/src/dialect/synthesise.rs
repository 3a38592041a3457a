//! Invented messages out of a dialect: codes by how often they come, all else by its shape.

use std::collections::BTreeMap;

use super::data::{Dialect, Event, Part};
use super::outline::{Content, FieldOutline, Leaf, Outline, SegmentOutline};
use super::place::Place;
use super::random::Random;

/// Segments of one name at most, in one message.
const SEGMENTS_MAX: u64 = 3;
/// The longest value that is invented.
const VALUE_MAX: u64 = 200;

/// An invented message, the same for the same dialect and seed; none when the dialect knows no event.
/// Whether it is one that the format can write, and whether it holds what only the format knows, is the
/// format's to see to.
pub fn synthesise(dialect: &Dialect, seed: u64) -> Option<Outline> {
    let mut random = Random::new(seed);
    let events = dialect.event.iter().filter(|(name, _)| name.as_str() != "other");
    let weighted = events.clone().map(|(name, event)| (name, event.messages));
    let name = random.weighted(weighted)?.clone();
    let event = dialect.event.get(&name)?;
    let mut pick = |counts: &BTreeMap<String, u64>, none: &str| {
        let known = counts.iter().filter(|(name, _)| name.as_str() != "other");
        let name = random.weighted(known.map(|(name, count)| (name, *count))).cloned().unwrap_or_default();
        if name == none { String::new() } else { name }
    };
    let version = pick(&dialect.version, "none");
    let declared = pick(&dialect.charset_declared, "none");
    let acknowledgment = pick(&dialect.acknowledgment, "");
    let mut outline = Outline { event: name, version, declared, acknowledgment, ..Outline::default() };
    let maker = Maker { dialect, event };
    for name in maker.segments(&mut random) {
        outline.segments.push(maker.segment(&name, &mut random));
    }
    Some(outline)
}

struct Maker<'a> {
    dialect: &'a Dialect,
    event: &'a Event,
}

impl Maker<'_> {
    /// Names of segments, in an order that the dialect has.
    fn segments(&self, random: &mut Random) -> Vec<String> {
        let mut chosen: Vec<(&str, u64)> = Vec::new();
        for (name, known) in &self.event.segment {
            if random.chance(known.messages, self.event.messages) {
                chosen.push((name, 1 + random.below(known.most.clamp(1, SEGMENTS_MAX))));
            }
        }
        let mut names = Vec::new();
        while !chosen.is_empty() {
            let stands_before = |one: &str, other: &str| {
                let came = |one: &str, other: &str| {
                    self.event.before.get(one).is_some_and(|behind| behind.iter().any(|name| name == other))
                };
                came(one, other) && !came(other, one)
            };
            let is_free = |at: &usize| chosen.iter().all(|(other, _)| !stands_before(other, chosen[*at].0));
            let at = (0..chosen.len()).find(is_free).unwrap_or(0);
            let (name, count) = chosen.remove(at);
            names.extend(std::iter::repeat_n(name.to_owned(), count as usize));
        }
        names
    }

    fn segment(&self, name: &str, random: &mut Random) -> SegmentOutline {
        let met = self.dialect.segment.get(name).map_or(1, |segment| segment.met);
        let mut segment = SegmentOutline { name: name.to_owned(), fields: Vec::new() };
        for (place, field) in self.dialect.field.iter().filter(|(place, _)| place.segment() == name) {
            let [number] = place.numbers()[..] else { continue };
            let is_always = self.event.always.contains(place);
            if !is_always && !random.chance(field.used, met) {
                continue;
            }
            let leaves = self.leaves(place, field.used, random);
            if !leaves.is_empty() {
                segment.fields.push(FieldOutline { number, repetitions: 1, leaves });
            }
        }
        segment
    }

    fn leaves(&self, field: &Place, used: u64, random: &mut Random) -> Vec<Leaf> {
        // The parts of a field stand behind it.
        let parts = || {
            let behind = self.dialect.part.range(field..);
            behind.take_while(|(place, _)| place.field() == field.as_str())
        };
        let mut leaves: Vec<Leaf> = Vec::new();
        for (place, part) in parts() {
            if random.chance(part.used, used) {
                leaves.extend(leaf(place, part, random));
            }
        }
        if leaves.is_empty()
            && let Some((place, part)) = parts().max_by_key(|(_, part)| part.used)
        {
            leaves.extend(leaf(place, part, random));
        }
        leaves
    }
}

fn leaf(place: &Place, part: &Part, random: &mut Random) -> Option<Leaf> {
    let numbers = place.numbers();
    let number = |at: usize| numbers.get(at).copied().unwrap_or(0);
    let value = value(part, random)?;
    Some(Leaf { repetition: 1, part: (number(1), number(2)), value, content: part.content, table: None })
}

fn value(part: &Part, random: &mut Random) -> Option<String> {
    if let Some(code) = random.weighted(part.code.iter().map(|(code, count)| (code, *count))) {
        return Some(code.clone());
    }
    if part.content == Content::Date {
        let written = part.date.iter().filter(|(form, _)| form.starts_with("yyyy"));
        let form = random.weighted(written.map(|(form, count)| (form, *count)))?;
        return Some(date(form, random));
    }
    let shape = random.weighted(part.shape.iter().map(|(shape, count)| (shape, *count)))?;
    Some(of_shape(shape, part.length, random))
}

/// A date of a form.
fn date(form: &str, random: &mut Random) -> String {
    let mut number = |from: u64, many: u64| from + random.below(many);
    let (year, month, day) = (number(1990, 35), number(1, 12), number(1, 28));
    let (hour, minute, second, fraction) = (number(0, 24), number(0, 60), number(0, 60), number(1, 9));
    form.replace("yyyy", &format!("{year:04}"))
        .replace("MM", &format!("{month:02}"))
        .replace("dd", &format!("{day:02}"))
        .replace("HH", &format!("{hour:02}"))
        .replace("mm", &format!("{minute:02}"))
        .replace("ss", &format!("{second:02}"))
        .replace('S', &fraction.to_string())
        .replace("+ZZZZ", "+0100")
}

/// A value of a shape, within the lengths that were met.
fn of_shape(shape: &str, (shortest, longest): (u64, u64), random: &mut Random) -> String {
    let longest = longest.clamp(1, VALUE_MAX) as usize;
    if shape == "text" {
        return words((shortest as usize).clamp(1, longest).max(longest.min(40)), random);
    }
    let mut out = String::new();
    let mut rest = shape;
    while let Some(kind) = rest.chars().next() {
        rest = &rest[kind.len_utf8()..];
        let run = rest.strip_prefix('{').and_then(|behind| behind.split_once('}'));
        let run = run.and_then(|(count, behind)| Some((count.parse::<usize>().ok()?, behind)));
        let count = match run {
            Some((count, behind)) => {
                rest = behind;
                count
            }
            None => 1,
        };
        for _ in 0..count.min(VALUE_MAX as usize) {
            out.push(letter(kind, out.chars().last(), random));
        }
    }
    // What was cut off goes on in letters up to the shortest length that was met.
    while out.chars().count() < shortest.min(VALUE_MAX) as usize {
        out.push(letter('a', out.chars().last(), random));
    }
    out.chars().take(longest.max(1)).collect()
}

/// A letter of a kind that can be spoken behind the one before.
fn letter(kind: char, before: Option<char>, random: &mut Random) -> char {
    const VOWELS: &[u8] = b"aeiou";
    const CONSONANTS: &[u8] = b"bdfgklmnprstvw";
    let is_vowel = |c: char| "aeiou".contains(c.to_ascii_lowercase());
    let set = if before.is_some_and(|c| c.is_alphabetic() && !is_vowel(c)) { VOWELS } else { CONSONANTS };
    match kind {
        'a' | 'x' => char::from(set[random.below(set.len() as u64) as usize]),
        'A' | 'X' => char::from(set[random.below(set.len() as u64) as usize]).to_ascii_uppercase(),
        // No zero in front: a number would read otherwise.
        '9' if before.is_none_or(|c| !c.is_ascii_digit()) => char::from(b'1' + random.below(9) as u8),
        '9' => char::from(b'0' + random.below(10) as u8),
        '…' => 'a',
        other => other,
    }
}

fn words(length: usize, random: &mut Random) -> String {
    let mut out = String::new();
    while out.len() < length {
        let word = 3 + random.below(5) as usize;
        for _ in 0..word {
            out.push(letter('a', out.chars().last(), random));
        }
        out.push(' ');
    }
    out.truncate(length);
    out.trim_end().to_owned()
}
