//! A structured report (PS3.3, section A.35) as observations: one OBX for each measurement, with codes and units.
//!
//! | value type (0040,A040) | OBX-2 | OBX-5 |
//! |---|---|---|
//! | NUM | NM | the number; OBX-6 is its unit. Without one OBX-11 is X |
//! | CODE | CE | code, meaning, coding scheme |
//! | TEXT, PNAME, UIDREF | TX, TX, ST | the text |
//! | DATE, TIME, DATETIME | DT, TM, TS | as it is written |
//!
//! OBX-4 joins what belongs together: `1.2` is the second of the first container, and what qualifies a measurement has its number.
//! Images, coordinates and waveforms that an item refers to are left out.

use klinke_dimse::tags;

use super::line::{Line, escaped, joined};
use super::request::{Observations, State, Told};
use super::study::STUDY;
use super::texts::{Texts, moment};

/// Content is not nested deeper than anybody means it.
const DEPTH_MAX: usize = 32;
/// The most observations of one report.
const COUNT_MAX: usize = 10_000;

/// Which content items become observations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Measurements and what qualifies them.
    Measurements,
    /// All that have a value.
    All,
}

/// What is told of a report.
pub(super) fn told(set: &Texts<'_>) -> Told {
    let result = match (set.text(tags::COMPLETION_FLAG).as_str(), set.text(tags::VERIFICATION_FLAG).as_str())
    {
        ("PARTIAL", _) => "P",
        (_, "VERIFIED") => "F",
        _ => "R",
    };
    let observer = set.item(tags::VERIFYING_OBSERVER_SEQUENCE);
    Told {
        state: State { order: "CM", result },
        procedure: set.code(tags::CONCEPT_NAME_CODE_SEQUENCE).map(|code| code.to_vec()).unwrap_or_default(),
        begun: set.moment(tags::STUDY_DATE, tags::STUDY_TIME),
        changed: set.moment(tags::CONTENT_DATE, tags::CONTENT_TIME),
        modality: set.text(tags::MODALITY),
        interpreter: observer.map(|one| one.xcn(tags::VERIFYING_OBSERVER_NAME)).unwrap_or_default(),
        ..Told::default()
    }
}

/// The observations of a report.
pub(super) fn observations(
    set: &Texts<'_>,
    status: &'static str,
    content: Content,
) -> Result<String, String> {
    let mut all = Observations::new(status);
    all.text("ST", &STUDY, &set.text(tags::STUDY_INSTANCE_UID));
    let mut walk = Walk { all: &mut all, content };
    walk.container(set, "", 0)?;
    Ok(all.written())
}

struct Walk<'a> {
    all: &'a mut Observations,
    content: Content,
}

fn kind(item: &Texts<'_>) -> String {
    item.text(tags::VALUE_TYPE)
}

impl Walk<'_> {
    /// The items of a container; its number is `place`.
    fn container(&mut self, container: &Texts<'_>, place: &str, depth: usize) -> Result<(), String> {
        if depth > DEPTH_MAX {
            return Err(format!("content is nested deeper than {DEPTH_MAX} levels"));
        }
        let has_numbers = container.items(tags::CONTENT_SEQUENCE).any(|item| kind(&item) == "NUM");
        let mut number = 0;
        for item in container.items(tags::CONTENT_SEQUENCE) {
            let nth = |number: usize| match place {
                "" => number.to_string(),
                place => format!("{place}.{number}"),
            };
            match kind(&item).as_str() {
                "CONTAINER" => {
                    number += 1;
                    self.container(&item, &nth(number), depth + 1)?;
                }
                "NUM" => {
                    number += 1;
                    self.value(&item, &nth(number))?;
                    self.qualifiers(&item, &nth(number), depth + 1)?;
                }
                _ if has_numbers || self.content == Content::All => {
                    self.value(&item, place)?;
                    self.qualifiers(&item, place, depth + 1)?;
                }
                // What is below an item that is not told can hold measurements all the same.
                _ => self.container(&item, place, depth + 1)?,
            }
        }
        Ok(())
    }

    /// What stands below an item that has a value: it says more about it.
    fn qualifiers(&mut self, item: &Texts<'_>, place: &str, depth: usize) -> Result<(), String> {
        if depth > DEPTH_MAX {
            return Err(format!("content is nested deeper than {DEPTH_MAX} levels"));
        }
        for below in item.items(tags::CONTENT_SEQUENCE) {
            self.value(&below, place)?;
            self.qualifiers(&below, place, depth + 1)?;
        }
        Ok(())
    }

    fn value(&mut self, item: &Texts<'_>, place: &str) -> Result<(), String> {
        let (kind, value, unit) = match kind(item).as_str() {
            "NUM" => number(item),
            "CODE" => {
                ("CE", item.code(tags::CONCEPT_CODE_SEQUENCE).map(joined).unwrap_or_default(), String::new())
            }
            "TEXT" => ("TX", escaped(&item.text(tags::TEXT_VALUE)), String::new()),
            "PNAME" => ("TX", escaped(&name(item)), String::new()),
            "UIDREF" => ("ST", escaped(&item.text(tags::UID)), String::new()),
            "DATE" => ("DT", moment(&item.text(tags::DATE), ""), String::new()),
            "TIME" => ("TM", item.text(tags::TIME).chars().take(6).collect(), String::new()),
            "DATETIME" => ("TS", escaped(&item.text(tags::DATE_TIME)), String::new()),
            _ => return Ok(()),
        };
        if self.all.count() >= COUNT_MAX {
            return Err(format!("the report has more than {COUNT_MAX} values"));
        }
        let code = item.code(tags::CONCEPT_NAME_CODE_SEQUENCE).unwrap_or_default();
        let code: Vec<&str> = code.iter().map(String::as_str).collect();
        let is_missing = value.is_empty();
        let more = |line: Line| {
            let line = line.put(4, place).raw(6, unit);
            if is_missing { line.put(11, "X") } else { line }
        };
        self.all.add(kind, &code, value, more);
        Ok(())
    }
}

/// A number and its unit (PS3.3, Table C.18.1-1); no value where it could not be measured.
fn number(item: &Texts<'_>) -> (&'static str, String, String) {
    let Some(measured) = item.item(tags::MEASURED_VALUE_SEQUENCE) else {
        return ("NM", String::new(), String::new());
    };
    let unit = measured.code(tags::MEASUREMENT_UNITS_CODE_SEQUENCE).map(joined).unwrap_or_default();
    ("NM", escaped(&measured.text(tags::NUMERIC_VALUE)), unit)
}

fn name(item: &Texts<'_>) -> String {
    klinke_dimse::name::PersonName::parse(&item.text(tags::PERSON_NAME)).for_people()
}
