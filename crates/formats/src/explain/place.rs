//! Wards, rooms and beds in sentences (data type PL; HL7 v2.5.1 chapter 2A, 2.A.53).

use klinke_hl7v2::message::{Part, Segment};

use super::reader::{Reader, component_of, filled, first_repetition, subcomponent_of};

/// Where a patient lies, sits or waits.
pub(super) struct Ward {
    /// The point of care with its noun: `Station 3B`, `ward 3B`; or `Bereich HNO`, `area HNO`.
    unit: String,
    /// Room, bed and what else narrows it.
    rest: Vec<String>,
    kind: Kind,
    german: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ward,
    Area,
    /// There is no point of care, only a room or bed.
    Bare,
}

impl Ward {
    /// Reads a field of type PL; none where it says nothing. `inpatient` decides between ward and area.
    pub(super) fn of(
        reader: &Reader<'_>,
        segment: Option<&Segment<'_>>,
        field: usize,
        inpatient: bool,
    ) -> Option<Self> {
        Self::read(reader, &first_repetition(segment?, field)?, inpatient)
    }

    /// Reads one value of type PL.
    pub(super) fn read(reader: &Reader<'_>, part: &Part<'_>, inpatient: bool) -> Option<Self> {
        let german = reader.is_german();
        let [point, room, bed] = [1, 2, 3].map(|component| component_of(part, component));
        let description = component_of(part, 9);
        let lower = point.to_lowercase();
        let says_itself = |words: &[&str]| words.iter().any(|word| lower.starts_with(word));
        let (kind, unit) = if point.is_empty() {
            (Kind::Bare, String::new())
        } else if says_itself(&["station", "ward", "stat."]) {
            (Kind::Ward, point)
        } else if inpatient {
            (Kind::Ward, format!("{} {point}", reader.say("Station", "ward")))
        } else {
            (Kind::Area, format!("{} {point}", reader.say("Bereich", "area")))
        };
        let labelled = |german, english, value: String| {
            if value.is_empty() { value } else { format!("{} {value}", reader.say(german, english)) }
        };
        let mut rest = filled([labelled("Zimmer", "room", room), labelled("Bett", "bed", bed)]);
        if unit.is_empty() && rest.is_empty() {
            let facility = subcomponent_of(part, 4, 1);
            rest = filled([if description.is_empty() { facility } else { description }]);
        }
        let nothing = unit.is_empty() && rest.is_empty();
        (!nothing).then_some(Self { unit, rest, kind, german })
    }

    /// `Station 3B, Zimmer 12, Bett 2`
    pub(super) fn plain(&self) -> String {
        let unit = (!self.unit.is_empty()).then_some(&self.unit);
        let parts: Vec<&str> = unit.into_iter().chain(&self.rest).map(String::as_str).collect();
        parts.join(", ")
    }

    /// `auf Station 3B`, `im Bereich HNO`, `on ward 3B`
    pub(super) fn at(&self) -> String {
        self.with(["auf", "im", "in"], ["on", "in the", "in"])
    }

    /// `auf Station 3B`, `in den Bereich HNO`, `to ward 3B`
    pub(super) fn to(&self) -> String {
        self.with(["auf", "in den", "in"], ["to", "to the", "to"])
    }

    /// `von Station 3B`, `aus dem Bereich HNO`, `from ward 3B`
    pub(super) fn from(&self) -> String {
        self.with(["von", "aus dem", "aus"], ["from", "from the", "from"])
    }

    fn with(&self, german: [&str; 3], english: [&str; 3]) -> String {
        let words = if self.german { german } else { english };
        let preposition = match self.kind {
            Kind::Ward => words[0],
            Kind::Area => words[1],
            Kind::Bare => words[2],
        };
        format!("{preposition} {}", self.plain())
    }
}
