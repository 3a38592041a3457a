//! Dialects of the sample families: learned, held against their own messages, and invented from.
#![allow(clippy::print_stdout, reason = "says aloud when it did not run")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use klinke_diagnosis::dialect::{Content, Dialect, Kind, Learner, Novelty, Part, Place, compare};
use klinke_formats::hl7v2::invented::invent;
use klinke_formats::hl7v2::outline::outlines;

/// The samples by family.
fn families() -> BTreeMap<String, Vec<(String, Vec<u8>)>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::var_os("KLINKE_SAMPLES").map(PathBuf::from).or_else(|| {
        here.ancestors().map(|folder| folder.join("shared/samples")).find(|folder| folder.is_dir())
    });
    let mut families: BTreeMap<String, Vec<(String, Vec<u8>)>> = BTreeMap::new();
    let Some(folder) = folder else {
        println!("NOT RUN: there is no folder of samples; say where with KLINKE_SAMPLES");
        return families;
    };
    for entry in std::fs::read_dir(folder.join("hl7v2")).expect("the samples' folder can be read") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let family = name.split("--").next().unwrap_or_default().to_owned();
        families.entry(family).or_default().push((name, std::fs::read(&path).expect("a sample")));
    }
    families.values_mut().for_each(|samples| samples.sort());
    assert!(families.len() >= 3 && families.values().map(Vec::len).sum::<usize>() > 400);
    families
}

fn learned(family: &str, samples: &[(String, Vec<u8>)]) -> Dialect {
    let mut learner = Learner::new(family);
    for (name, bytes) in samples {
        let outlines = outlines(bytes, None, None).unwrap_or_else(|error| panic!("{name}: {error}"));
        outlines.iter().for_each(|one| learner.learn(one));
    }
    learner.finish()
}

#[test]
fn what_was_learned_is_not_new_in_any_family() {
    for (family, samples) in families() {
        let dialect = learned(&family, &samples);
        assert!(dialect.messages as usize >= samples.len() && dialect.event.len() > 3, "{family}");
        for (name, bytes) in &samples {
            for outline in outlines(bytes, None, None).expect("outlines") {
                assert_eq!(compare(&outline, &dialect), [], "{name}");
            }
        }
    }
}

#[test]
fn invented_messages_are_of_their_dialect() {
    for (family, samples) in families() {
        let dialect = learned(&family, &samples);
        let invented = invent(&dialect, 40, 7, None);
        assert_eq!(invented.len(), 40, "{family}");
        assert_eq!(invent(&dialect, 40, 7, None), invented, "{family}: the same for the same seed");
        assert_ne!(invent(&dialect, 40, 8, None), invented, "{family}");
        let mut events = std::collections::BTreeSet::new();
        for bytes in &invented {
            let outlines = outlines(bytes, None, None).expect("it parses");
            assert_eq!(outlines.len(), 1);
            assert_eq!(compare(&outlines[0], &dialect), [], "{family}");
            events.insert(outlines[0].event.clone());
        }
        assert!(events.len() > 1, "{family}: {events:?}");
    }
}

/// A message in pieces, to be changed.
#[derive(Clone)]
struct Pieces(Vec<Vec<String>>);

impl Pieces {
    /// Of a sample with one message in ASCII; others are left alone.
    fn of(bytes: &[u8]) -> Option<Pieces> {
        let text = std::str::from_utf8(bytes)
            .ok()
            .filter(|text| text.is_ascii() && text.starts_with("MSH|^~\\&"))?;
        let lines = text.split(['\r', '\n']).filter(|line| !line.is_empty());
        let segments: Vec<Vec<String>> =
            lines.map(|line| line.split('|').map(str::to_owned).collect()).collect();
        let alone = segments.iter().filter(|segment| segment[0] == "MSH").count() == 1;
        alone.then_some(Pieces(segments))
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.iter().map(|segment| segment.join("|") + "\r").collect::<String>().into_bytes()
    }

    fn event(&self) -> String {
        let field = self.0[0].get(8).cloned().unwrap_or_default();
        field.split('^').take(2).collect::<Vec<_>>().join("^")
    }

    fn count(&self, name: &str) -> usize {
        self.0.iter().filter(|segment| segment[0] == name).count()
    }

    fn has(&self, name: &str) -> bool {
        self.count(name) > 0
    }

    /// The field of the first segment of a name.
    fn field(&mut self, place: &Place) -> Option<&mut String> {
        let number = *place.numbers().first()?;
        let index = if place.segment() == "MSH" { number - 1 } else { number };
        let segment = self.0.iter_mut().find(|segment| segment[0] == place.segment())?;
        while segment.len() <= index {
            segment.push(String::new());
        }
        segment.get_mut(index)
    }

    /// Sets a part of the field's first repetition; only where there is something already, unless `anew`.
    fn set(&mut self, place: &str, value: &str, anew: bool) -> Option<()> {
        let place = Place::new(place);
        let numbers = place.numbers();
        let field = self.field(&place)?;
        let mut repetitions: Vec<String> = field.split('~').map(str::to_owned).collect();
        let mut components: Vec<String> = repetitions[0].split('^').map(str::to_owned).collect();
        let component = numbers.get(1).map_or(0, |number| number - 1);
        components.resize(components.len().max(component + 1), String::new());
        let mut subs: Vec<String> = components[component].split('&').map(str::to_owned).collect();
        let sub = numbers.get(2).map_or(0, |number| number - 1);
        subs.resize(subs.len().max(sub + 1), String::new());
        if subs[sub].is_empty() && !anew {
            return None;
        }
        subs[sub] = value.to_owned();
        components[component] = subs.join("&");
        repetitions[0] = components.join("^");
        *field = repetitions.join("~");
        Some(())
    }
}

/// A change, and where it must be found; none where a message is none that can be changed so.
type Mutation = fn(&mut Pieces, &Dialect) -> Option<String>;

fn settled<'a>(
    dialect: &'a Dialect,
    message: &'a Pieces,
    fits: fn(&Part) -> bool,
) -> impl Iterator<Item = &'a Place> {
    let parts = dialect.part.iter().filter(move |(_, part)| fits(part));
    parts.map(|(place, _)| place).filter(|place| message.has(place.segment()) && place.segment() != "MSH")
}

/// Sets the first of the places that the message uses.
fn first_set(message: &mut Pieces, places: Vec<&Place>, value: &str) -> Option<String> {
    places.into_iter().find_map(|place| message.set(place.as_str(), value, false).map(|()| place.to_string()))
}

/// A field that holds something in the message and meets a condition.
fn find_field(message: &mut Pieces, places: Vec<Place>) -> Option<Place> {
    places.into_iter().find(|place| message.field(place).is_some_and(|field| !field.is_empty()))
}

const MUTATIONS: &[(Kind, Mutation)] = &[
    (Kind::Event, |message, _| {
        message.set("MSH-9.2", "Z99", true)?;
        let event = message.event();
        Some(event)
    }),
    (Kind::Version, |message, dialect| {
        let version =
            ["2.1", "2.7.1", "2.8.2"].into_iter().find(|name| !dialect.version.contains_key(*name))?;
        message.set("MSH-12.1", version, true).map(|()| "MSH-12".to_owned())
    }),
    (Kind::CharsetDeclared, |message, _| message.set("MSH-18", "8859/7", true).map(|()| "MSH-18".to_owned())),
    (Kind::Acknowledgment, |message, _| {
        // An acknowledgment expects none, whatever it says.
        if message.0[0].get(8).is_some_and(|kind| kind.starts_with("ACK") || kind.starts_with("MCF")) {
            return None;
        }
        message.set("MSH-15", "SU", true)?;
        message.set("MSH-16", "SU", true).map(|()| "MSH-15".to_owned())
    }),
    (Kind::Deviation, |message, dialect| {
        if dialect.deviation.contains_key("junk-before-header") {
            return None;
        }
        message.0[0][0] = "junk MSH".to_owned();
        Some(String::new())
    }),
    (Kind::Segment, |message, _| {
        message.0.push(vec!["ZQQ".to_owned(), "1".to_owned()]);
        Some("ZQQ".to_owned())
    }),
    (Kind::SegmentRepeated, |message, dialect| {
        let event = dialect.event.get(&message.event())?;
        let at = message.0.iter().position(|segment| {
            segment[0] != "MSH" && event.segment.get(&segment[0]).is_some_and(|known| known.most == 1)
        })?;
        let again = message.0[at].clone();
        message.0.insert(at, again);
        Some(message.0[at][0].clone())
    }),
    (Kind::SegmentMissing, |message, dialect| {
        let event = dialect.event.get(&message.event()).filter(|event| event.messages >= 5)?;
        let always =
            event.segment.iter().filter(|(name, known)| *name != "MSH" && known.messages == event.messages);
        let name = always.map(|(name, _)| name.clone()).find(|name| message.has(name))?;
        message.0.retain(|segment| segment[0] != name);
        Some(name)
    }),
    (Kind::Order, |message, dialect| {
        let event = dialect.event.get(&message.event())?;
        let came = |one: &str, other: &str| {
            event.before.get(one).is_some_and(|behind| behind.iter().any(|name| name == other))
        };
        let at = (1..message.0.len().checked_sub(1)?).find(|at| {
            let (one, other) = (&message.0[*at][0], &message.0[at + 1][0]);
            let once = |name: &str| message.count(name) == 1;
            one != other && once(one) && once(other) && came(one, other) && !came(other, one)
        })?;
        message.0.swap(at, at + 1);
        Some(message.0[at][0].clone())
    }),
    (Kind::Field, |message, _| message.set("PID-60", "x", true).map(|()| "PID-60".to_owned())),
    (Kind::FieldMissing, |message, dialect| {
        let event = dialect.event.get(&message.event()).filter(|event| event.messages >= 5)?;
        let always =
            event.always.iter().filter(|place| place.segment() != "MSH" && place.as_str() != "OBX-2");
        let place = find_field(message, always.cloned().collect())?;
        message.field(&place)?.clear();
        Some(place.to_string())
    }),
    (Kind::Part, |message, _| {
        message.set("PID-3.1", "4711", false)?;
        message.set("PID-3.15", "x", true).map(|()| "PID-3.15".to_owned())
    }),
    (Kind::Repetition, |message, dialect| {
        let once =
            dialect.field.iter().filter(|(place, field)| field.repetitions == 1 && place.segment() != "MSH");
        let place = find_field(message, once.map(|(place, _)| place.clone()).collect())?;
        let field = message.field(&place)?;
        *field = format!("{field}~{field}");
        Some(place.to_string())
    }),
    (Kind::Code, |message, dialect| {
        let known = dialect.part.get(&Place::new("PID-8"))?;
        let new = ["A", "N", "O", "U", "X"].into_iter().find(|code| !known.code.contains_key(*code))?;
        message.set("PID-8", new, false).map(|()| "PID-8".to_owned())
    }),
    (Kind::IdentifierType, |message, dialect| {
        let known = dialect.part.get(&Place::new("PID-3.5"))?;
        let types = ["GI", "UPIN", "DFN", "SB", "CY", "NH"];
        let new = types.into_iter().find(|code| !known.code.contains_key(*code))?;
        message.set("PID-3.5", new, false).map(|()| "PID-3.5".to_owned())
    }),
    (Kind::Authority, |message, dialect| {
        let closed = |part: &Part| {
            part.content == Content::Authority
                && part.withheld == 0
                && !part.code.is_empty()
                && part.length.1 >= 7
        };
        let places = settled(dialect, message, closed).cloned().collect::<Vec<_>>();
        first_set(message, places.iter().collect(), "NEWHOSP")
    }),
    (Kind::Date, |message, dialect| {
        // Where dates came in forms that have no name, no form is new.
        let is_birth_date = |place: &Place| place.as_str() == "PID-7" || place.as_str() == "PID-7.1";
        let mut known = dialect.part.iter().filter(|(place, _)| is_birth_date(place));
        if known.any(|(_, part)| part.date.contains_key("other")) {
            return None;
        }
        message.set("PID-7", "1964-08-12", false).map(|()| "PID-7".to_owned())
    }),
    (Kind::Shape, |message, dialect| {
        let strict = |part: &Part| {
            matches!(part.content, Content::Identifier | Content::Number)
                && part.used >= 20
                && part.shape.len() <= 3
                && part.other_shapes == 0
                && !part.shape.contains_key("X")
        };
        let places = settled(dialect, message, strict).cloned().collect::<Vec<_>>();
        first_set(message, places.iter().collect(), "Q")
    }),
    (Kind::Length, |message, _| message.set("MSH-10", &"7".repeat(150), false).map(|()| "MSH-10".to_owned())),
];

/// So many messages of a family are changed in each way.
const CHANGED_MAX: usize = 25;

#[test]
fn every_kind_of_change_is_found_and_named() {
    let mut met: BTreeMap<Kind, usize> = BTreeMap::new();
    for (family, samples) in families() {
        let dialect = learned(&family, &samples);
        for (kind, mutation) in MUTATIONS {
            let mut changed = 0;
            for (name, bytes) in &samples {
                let Some(mut message) = Pieces::of(bytes) else { continue };
                // The pieces are the message still.
                let plain = outlines(&message.bytes(), None, None).expect("outlines");
                if changed >= CHANGED_MAX || !without_line_ends(compare(&plain[0], &dialect)).is_empty() {
                    continue;
                }
                let Some(place) = mutation(&mut message, &dialect) else { continue };
                let outline = outlines(&message.bytes(), None, None).expect("outlines");
                let found = without_line_ends(compare(&outline[0], &dialect));
                // What is one value in one version has components in another.
                let is_there = |new: &Novelty| new.place == place || new.place == format!("{place}.1");
                let named = found.iter().any(|new| new.kind == *kind && is_there(new));
                assert!(named, "{family}, {name}: {kind:?} at {place} was not found: {found:?}");
                changed += 1;
            }
            *met.entry(*kind).or_default() += changed;
        }
    }
    if !met.is_empty() {
        println!("changed and found: {met:?}");
        assert!(met.len() == 19 && met.values().all(|count| *count > 0), "{met:?}");
    }
}

/// The samples' families all use more than ASCII somewhere; so this one is tried on what is made up.
#[test]
fn a_character_set_that_was_not_used_before_is_found() {
    let message = |name: &str| {
        let head = "MSH|^~\\&|KIS||||20260301||ADT^A01|1|P|2.5\r";
        format!("{head}PID|1||4711||{name}^Berta||19640812|F\r").into_bytes()
    };
    let dialect = learned("kis", &[("one".to_owned(), message("Beispiel"))]);
    let outline = outlines(&message("Müller"), None, None).expect("outlines");
    let found = compare(&outline[0], &dialect);
    assert!(found.iter().any(|new| new.kind == Kind::CharsetUsed), "{found:?}");
}

/// The test writes line ends of its own.
fn without_line_ends(found: Vec<Novelty>) -> Vec<Novelty> {
    found
        .into_iter()
        .filter(|new| new.kind != Kind::Deviation || !new.came.starts_with("line-ends"))
        .collect()
}
