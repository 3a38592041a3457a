//! What becomes of each field: constant, cleared, copied, written otherwise, translated by a table, or put
//! together of several places.
//!
//! Fields are looked at as a whole first, then their components, then subcomponents. Segments that repeat
//! are compared one by one where both sides have as many of them; what holds in all of them is a step for
//! each.

use std::collections::{BTreeMap, BTreeSet};

use klinke_diagnosis::dialect::looks_like_a_code;
use klinke_hl7v2::Message;
use klinke_hl7v2::message::Segment;

use super::Item;
use super::functions::functions;
use super::make::{Make, Rows, Target};
use super::places::{NULL, Within, all, count, get, names, raw};
use super::segments::is_counted;
use super::tester::Tester;
use super::write::braced;

/// Cases that candidates are first tried on.
const TRIED: usize = 40;
/// Most places that one value is put together of.
const PIECES_MAX: usize = 4;
/// The longest value that is put together.
const TEXT_MAX: usize = 200;
/// Most rows of a table.
const ROWS_MAX: usize = 2_000;
/// What must be so, of a hundred, for a step that does not always hold.
const MOSTLY: usize = 80;
const CASES_MIN: usize = 5;

/// One segment of a target with that of its source.
struct Row<'a> {
    pair: usize,
    occurrence: usize,
    source: Segment<'a>,
    target: Segment<'a>,
}

/// Steps for all fields that change.
pub fn fields(channel: &str, pairs: &[(Message, Message)], tester: &Tester) -> Vec<Item> {
    let mut items = Vec::new();
    for name in names(pairs.iter().map(|(_, target)| target)) {
        let explainer = Explainer::new(channel, pairs, tester, &name);
        items.extend(explainer.segment());
    }
    items
}

struct Explainer<'a> {
    /// The channel's name: tables begin with it.
    channel: &'a str,
    pairs: &'a [(Message, Message)],
    tester: &'a Tester,
    name: &'a str,
    rows: Vec<Row<'a>>,
    /// More than one in some message.
    repeats: bool,
    /// Some source has none, so that writing would make one.
    is_optional: bool,
    /// Places of the sources' segments that stand alone, by pair.
    places: Vec<Vec<(String, String)>>,
}

impl<'a> Explainer<'a> {
    fn new(channel: &'a str, pairs: &'a [(Message, Message)], tester: &'a Tester, name: &'a str) -> Self {
        let of = |message: &'a Message| -> Vec<Segment<'a>> {
            message.segments().filter(|segment| segment.name() == name).collect()
        };
        let mut rows = Vec::new();
        for (pair, (source, target)) in pairs.iter().enumerate() {
            let (sources, targets) = (of(source), of(target));
            if sources.len() != targets.len() {
                continue;
            }
            let both = sources.into_iter().zip(targets);
            rows.extend((1..).zip(both).map(|(occurrence, (source, target))| Row {
                pair,
                occurrence,
                source,
                target,
            }));
        }
        let repeats = pairs.iter().any(|(source, _)| count(source, name) > 1);
        let is_optional = pairs.iter().any(|(source, _)| count(source, name) == 0);
        let places = pairs.iter().map(|(source, _)| alone(source)).collect();
        Explainer { channel, pairs, tester, name, rows, repeats, is_optional, places }
    }

    fn segment(&self) -> Vec<Item> {
        let last = self.rows.iter().map(|row| row.target.field_count().max(row.source.field_count())).max();
        // Set identifiers are numbered anew, not translated.
        let numbers = self.rows.iter().map(|row| raw(&row.target, 1)).collect::<Vec<_>>();
        let first = match self.name {
            "MSH" | "FHS" | "BHS" => 3,
            _ if self.repeats && is_counted(&numbers) => 2,
            _ => 1,
        };
        (first..=last.unwrap_or(0).min(500)).flat_map(|number| self.place(Within(number, 0, 0))).collect()
    }

    /// Steps for a place and what is below it.
    fn place(&self, within: Within) -> Vec<Item> {
        let differs = |row: &Row<'_>| {
            get(&row.source, within) != get(&row.target, within) || self.raw_differs(row, within)
        };
        if !self.rows.iter().any(differs) {
            return Vec::new();
        }
        let whole = self.explain(within);
        let is_full = whole.as_ref().is_some_and(|(_, right)| *right == self.rows.len());
        let below = if is_full { Vec::new() } else { self.below(within) };
        match whole {
            Some((make, right)) if is_full || below.is_empty() => vec![self.item(within, &make, right)],
            _ => below,
        }
    }

    fn raw_differs(&self, row: &Row<'_>, within: Within) -> bool {
        within.1 == 0
            && raw(&row.source, within.0) != raw(&row.target, within.0)
            && raw(&row.target, within.0).contains(['^', '~', '&'])
    }

    fn below(&self, within: Within) -> Vec<Item> {
        let Within(field, component, sub) = within;
        if sub > 0 {
            return Vec::new();
        }
        let mark = if component == 0 { '^' } else { '&' };
        let segments = || self.rows.iter().flat_map(|row| [&row.source, &row.target]);
        // Repetitions are no places of one value.
        if segments().any(|segment| raw(segment, field).contains('~')) {
            return Vec::new();
        }
        let size = |segment: &Segment<'_>| {
            let raw = raw(segment, field);
            match component {
                0 => raw.split(mark).count(),
                _ => raw.split('^').nth(component - 1).map_or(1, |part| part.split(mark).count()),
            }
        };
        let most = segments().map(size).max().unwrap_or(1);
        if most == 1 {
            return Vec::new();
        }
        let inner =
            |at: usize| if component == 0 { Within(field, at, 0) } else { Within(field, component, at) };
        (1..=most.min(60)).flat_map(|at| self.place(inner(at))).collect()
    }

    fn item(&self, within: Within, make: &Make, right: usize) -> Item {
        let (channel, segment) = (self.channel, self.name);
        let target = Target { channel, segment, repeats: self.repeats, is_optional: self.is_optional };
        Item { right: (right, self.rows.len()), ..make.item(&target, within) }
    }

    /// What the place becomes, and in how many cases that is so.
    fn explain(&self, within: Within) -> Option<(Make, usize)> {
        let wanted: Vec<String> = self.rows.iter().map(|row| get(&row.target, within)).collect();
        let given: Vec<String> = self.rows.iter().map(|row| get(&row.source, within)).collect();
        let is_divided = self.rows.iter().any(|row| self.is_divided(row, within));
        if wanted.iter().all(String::is_empty) {
            return Some((Make::Clear, wanted.len()));
        }
        if let Some(constant) = self.constant(&wanted, within, is_divided) {
            return Some((constant, wanted.len()));
        }
        if let Some(value) = defaulted(&given, &wanted).filter(|_| !is_divided) {
            return Some((Make::Default(value), wanted.len()));
        }
        if let Some(from) = self.copied(&wanted, within) {
            return Some((Make::Copy(from), wanted.len()));
        }
        if is_divided {
            return None;
        }
        self.written(&wanted, &given, within)
            .or_else(|| self.composed(&wanted))
            .map(|(template, reads)| (Make::Template(template, reads), wanted.len()))
            .or_else(|| self.translated(&given, &wanted).map(|rows| (Make::Lookup(rows), wanted.len())))
            .or_else(|| self.translated_of_another(&wanted, within))
            .or_else(|| self.mostly(&given, &wanted))
    }

    fn is_divided(&self, row: &Row<'_>, within: Within) -> bool {
        let marks: &[char] = match within {
            Within(_, 0, _) => &['^', '~', '&'],
            Within(_, _, 0) => &['&'],
            _ => return false,
        };
        let raw = raw(&row.target, within.0);
        match within.1 {
            0 => raw.contains(marks),
            component => raw
                .split('~')
                .next()
                .unwrap_or_default()
                .split('^')
                .nth(component - 1)
                .is_some_and(|part| part.contains(marks)),
        }
    }

    fn constant(&self, wanted: &[String], within: Within, is_divided: bool) -> Option<Make> {
        let first = wanted.first()?;
        // One example alone does not make a constant: what stands there may be the patient's.
        if wanted.len() < 2 && self.name != "MSH" {
            return None;
        }
        if first.is_empty() || wanted.iter().any(|value| value != first) {
            return None;
        }
        if first == NULL {
            return Some(Make::Null);
        }
        if !is_divided {
            return Some(Make::Constant(first.clone()));
        }
        // Structure is written as it is, and only where a whole field is.
        let encoded: BTreeSet<String> = self.rows.iter().map(|row| raw(&row.target, within.0)).collect();
        (within.1 == 0 && encoded.len() == 1)
            .then(|| Make::Encoded(encoded.into_iter().next().unwrap_or_default()))
    }

    /// Places that a value of one row could come from: of its own segment, and of those that stand alone.
    fn candidates(&self, row: &Row<'_>) -> Vec<(String, String)> {
        let own = if self.repeats { format!("{}[#]", self.name) } else { self.name.to_owned() };
        let mut found: Vec<(String, String)> =
            all(&row.source).into_iter().map(|(within, text)| (within.path(&own), text)).collect();
        let others = self.places[row.pair].iter();
        found.extend(others.filter(|(place, _)| !place.starts_with(&format!("{}-", self.name))).cloned());
        found
    }

    /// What a place of the source holds, by row.
    fn at(&self, place: &str, row: &Row<'_>) -> String {
        let (segment, numbers) = place.split_once('-').unwrap_or((place, ""));
        let mut parts = numbers.split('.').filter_map(|number| number.parse().ok());
        let mut next = || parts.next().unwrap_or(0);
        let within = Within(next(), next(), next());
        if segment.trim_end_matches("[#]") == self.name {
            return get(&row.source, within);
        }
        let (source, _) = &self.pairs[row.pair];
        let found = source.segments().find(|one| one.name() == segment);
        found.map(|segment| get(&segment, within)).unwrap_or_default()
    }

    /// The rows whose value says something, the first of them.
    fn telling<'r>(&'r self, wanted: &'r [String]) -> impl Iterator<Item = (&'r Row<'a>, &'r String)> {
        self.rows.iter().zip(wanted).filter(|(_, value)| !value.is_empty() && *value != NULL)
    }

    fn copied(&self, wanted: &[String], within: Within) -> Option<String> {
        let (row, value) = self.telling(wanted).next()?;
        let own = within.path(&if self.repeats { format!("{}[#]", self.name) } else { self.name.to_owned() });
        let fits = |place: &String| {
            self.rows
                .iter()
                .zip(wanted)
                .all(|(row, value)| self.at(place, row) == *value && self.same_structure(place, row, within))
        };
        let places = self.candidates(row).into_iter().filter(|(place, text)| text == value && *place != own);
        let mut fitting: Vec<String> = places.map(|(place, _)| place).filter(fits).collect();
        // The nearest level first: a field from a field.
        fitting.sort_by_key(|place| {
            (place.matches('.').count().abs_diff(own.matches('.').count()), place.len())
        });
        fitting.into_iter().next()
    }

    /// Copied structure is the same as written, not only as read.
    fn same_structure(&self, place: &str, row: &Row<'_>, within: Within) -> bool {
        if within.1 > 0 || place.contains('.') || !self.is_divided(row, within) {
            return true;
        }
        let (segment, number) = place.split_once('-').unwrap_or((place, ""));
        let number = number.parse().unwrap_or(0);
        let from = match segment.trim_end_matches("[#]") == self.name {
            true => raw(&row.source, number),
            false => {
                let (source, _) = &self.pairs[row.pair];
                source
                    .segments()
                    .find(|one| one.name() == segment)
                    .map(|one| raw(&one, number))
                    .unwrap_or_default()
            }
        };
        from == raw(&row.target, within.0)
    }

    /// A value of one place, written otherwise.
    fn written(&self, wanted: &[String], given: &[String], within: Within) -> Option<(String, Vec<String>)> {
        let (row, value) = self.telling(wanted).next()?;
        let own = within.path(&if self.repeats { format!("{}[#]", self.name) } else { self.name.to_owned() });
        let key =
            |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
        let (wish, is_given) = (key(value), given.iter().any(|value| !value.is_empty()));
        let mut places = if is_given { vec![own.clone()] } else { Vec::new() };
        let alike = |text: &str| {
            let text = key(text);
            let is_date = |text: &str| text.len() >= 8 && text.bytes().take(8).all(|b| b.is_ascii_digit());
            text.len() >= 2
                && (text == wish
                    || (wish.len() >= 2 && text.contains(&wish))
                    || wish.contains(&text)
                    || (is_date(&text) && is_date(&wish))
                    || (is_date(&text) && wish.contains(&text[..4])))
        };
        places.extend(
            self.candidates(row)
                .into_iter()
                .filter(|(place, text)| *place != own && alike(text))
                .map(|(place, _)| place),
        );
        places.truncate(60);
        for place in places {
            for functions in functions(&self.at(&place, row), value) {
                let template = format!("{{{place}|{functions}}}");
                if self.gives(&template, wanted) {
                    return Some((template, vec![place]));
                }
            }
        }
        None
    }

    /// True when a template gives what is wanted in every row.
    fn gives(&self, template: &str, wanted: &[String]) -> bool {
        let same = |(row, value): (&Row<'_>, &String)| {
            self.tester.render(template, row.pair, row.occurrence).as_deref() == Some(value.as_str())
        };
        let mut both = self.rows.iter().zip(wanted);
        both.by_ref().take(TRIED).all(same) && both.all(same)
    }

    /// A value put together of several places and of text.
    fn composed(&self, wanted: &[String]) -> Option<(String, Vec<String>)> {
        let (row, value) = self.telling(wanted).next()?;
        if value.len() > TEXT_MAX {
            return None;
        }
        let mut places = self.candidates(row);
        places.retain(|(_, text)| !text.is_empty() && value.contains(text.as_str()) && text != value);
        // Long pieces tell more than short ones.
        places.sort_by_key(|(place, text)| {
            (std::cmp::Reverse(text.len()), place.matches('.').count(), place.clone())
        });
        places.truncate(40);
        let mut tries = 2_000;
        self.compose(value, &places, &mut String::new(), &mut Vec::new(), wanted, &mut tries)
    }

    fn compose(
        &self,
        rest: &str,
        places: &[(String, String)],
        template: &mut String,
        reads: &mut Vec<String>,
        wanted: &[String],
        tries: &mut usize,
    ) -> Option<(String, Vec<String>)> {
        if !reads.is_empty() {
            *tries = tries.checked_sub(1)?;
            let whole = format!("{template}{}", braced(rest));
            if self.gives(&whole, wanted) {
                return Some((whole, reads.clone()));
            }
        }
        if reads.len() == PIECES_MAX {
            return None;
        }
        for (place, text) in places {
            let Some(at) = rest.find(text.as_str()) else { continue };
            let length = template.len();
            template.push_str(&format!("{}{{{place}}}", braced(&rest[..at])));
            reads.push(place.clone());
            let found = self.compose(&rest[at + text.len()..], places, template, reads, wanted, tries);
            if found.is_some() {
                return found;
            }
            reads.pop();
            template.truncate(length);
        }
        None
    }

    /// A table from what is given to what is wanted, if one code always becomes the same.
    fn translated(&self, given: &[String], wanted: &[String]) -> Option<Rows> {
        let mut table: BTreeMap<&String, &String> = BTreeMap::new();
        for (from, to) in given.iter().zip(wanted) {
            if from.is_empty() && to.is_empty() {
                continue;
            }
            if !looks_like_a_code(from) || to == NULL || (*table.entry(from).or_insert(to)) != to {
                return None;
            }
        }
        // What comes once with every value is no table but a coincidence.
        let uses = given.iter().filter(|value| !value.is_empty()).count();
        let is_table =
            table.len() <= ROWS_MAX && table.len() >= 2 && (table.len() < uses || table.len() <= 3);
        is_table.then(|| {
            let changed = table.into_iter().filter(|(from, to)| from != to);
            changed.map(|(from, to)| (from.clone(), to.clone())).collect()
        })
    }

    /// A table from what another place holds.
    fn translated_of_another(&self, wanted: &[String], within: Within) -> Option<(Make, usize)> {
        let distinct: BTreeSet<&String> = wanted.iter().filter(|value| !value.is_empty()).collect();
        if distinct.len() < 2 || self.rows.len() < 6 || distinct.len() * 3 > self.rows.len() {
            return None;
        }
        let (row, _) = self.telling(wanted).next()?;
        let own = within.path(self.name);
        let mut best: Option<(usize, String, Rows)> = None;
        for (place, text) in self.candidates(row) {
            if place == own || !looks_like_a_code(&text) || place.contains("[#]") {
                continue;
            }
            let given: Vec<String> = self.rows.iter().map(|row| self.at(&place, row)).collect();
            let keys: BTreeSet<&String> = given.iter().collect();
            // A key for nearly every case says nothing of those to come.
            if keys.len() * 3 > self.rows.len() || given.iter().any(String::is_empty) {
                continue;
            }
            let is_better = best.as_ref().is_none_or(|(count, ..)| keys.len() < *count);
            let mut table: BTreeMap<&String, &String> = BTreeMap::new();
            let is_table = given.iter().zip(wanted).all(|(from, to)| *table.entry(from).or_insert(to) == to);
            if is_better && is_table {
                let rows = table.into_iter().map(|(from, to)| (from.clone(), to.clone())).collect();
                best = Some((keys.len(), place, rows));
            }
        }
        best.map(|(_, place, rows)| (Make::LookupOf(place, rows), wanted.len()))
    }

    /// What is so in most cases.
    fn mostly(&self, given: &[String], wanted: &[String]) -> Option<(Make, usize)> {
        let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
        wanted.iter().for_each(|value| *counts.entry(value).or_default() += 1);
        let unchanged = given.iter().zip(wanted).filter(|(from, to)| from == to).count();
        let (value, right) = counts.into_iter().max_by_key(|(_, count)| *count)?;
        let is_so = right * 100 >= wanted.len() * MOSTLY && wanted.len() >= CASES_MIN && right > unchanged;
        let is_value = !value.is_empty() && value != NULL;
        (is_so && is_value).then(|| (Make::Constant(value.clone()), right))
    }
}

/// Places of the segments that stand alone in a source.
fn alone(source: &Message) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for segment in source.segments().filter(|segment| count(source, segment.name()) == 1) {
        found.extend(all(&segment).into_iter().map(|(within, text)| (within.path(segment.name()), text)));
    }
    found
}

/// One value wherever there was none.
fn defaulted(given: &[String], wanted: &[String]) -> Option<String> {
    let missing: BTreeSet<&String> =
        given.iter().zip(wanted).filter(|(from, _)| from.is_empty()).map(|(_, to)| to).collect();
    let is_kept = given.iter().zip(wanted).all(|(from, to)| from.is_empty() || from == to);
    let value = missing.first().filter(|value| missing.len() == 1 && !value.is_empty() && **value != NULL)?;
    (is_kept && given.iter().any(|from| !from.is_empty())).then(|| (*value).clone())
}
