//! `split`: one message for each order, result or other group of segments.
//!
//! A group begins with the segment that is named (`by`), or with one of those that lead it in (`with`, an
//! ORC before its OBR), and reaches to the next group. What stands before the first group (MSH, PID, PV1)
//! is in every message. By OBX, every message has the order that the result belongs to (`within`).
//!
//! All of them have the control identifier of the whole: give each its own by a `set` behind this step
//! (`"MSH-10" = "{MSH-10}-{@part}"`).

use std::ops::Range;

use klinke_engine::document::Document;
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_engine::steps::{Reader, Spec, SpecError, StepKind, spec};

use super::document::Hl7v2Document;
use super::{operate, pieces};

pub(super) const SPLIT: StepKind = StepKind {
    name: "split",
    about: "Makes a message of each group of segments; what stands before the first is in each.",
    example: r#"split = "OBR""#,
    build: |spec, _| {
        if !spec.is_table() {
            return Ok(Box::new(Split::of(segment(spec)?, None, None)));
        }
        let mut reader = Reader::new(spec)?;
        let by = reader.need("by", segment)?;
        let with = reader.with("with", |value| spec::one_or_list(value, segment))?;
        let within = reader.with("within", segment)?;
        reader.end()?;
        Ok(Box::new(Split::of(by, with, within)))
    },
    keys: &[
        ("by", "the segment that begins a group"),
        ("with", "segments that lead a group in"),
        ("within", "the segment that begins the group around"),
    ],
    any_format: false,
};

/// Most messages that one is split into.
const PARTS_MAX: usize = 10_000;

#[derive(Debug)]
struct Split {
    by: String,
    with: Vec<String>,
    /// The segment that begins the group around, for results within orders.
    within: Option<String>,
}

fn segment(spec: &Spec) -> Result<String, SpecError> {
    let name = spec::text(spec)?;
    operate::every(&name).map_err(|error| SpecError::here(error.to_string()))?;
    Ok(name)
}

/// Segments that lead a group in, where the site names none: an order's ORC.
fn leading(by: &str) -> Vec<String> {
    match by {
        "OBR" | "RXA" | "RXE" | "RXO" | "RXD" | "RQD" | "ODS" => vec!["ORC".to_owned()],
        _ => Vec::new(),
    }
}

impl Split {
    fn of(by: String, with: Option<Vec<String>>, within: Option<String>) -> Split {
        let with = with.unwrap_or_else(|| leading(&by));
        let within = within.or_else(|| (by == "OBX").then(|| "OBR".to_owned()));
        Split { by, with, within }
    }

    /// The segments of every message, by position.
    fn parts(&self, names: &[&str]) -> Vec<Vec<usize>> {
        let whole = 0..names.len();
        let Some(within) = &self.within else {
            let (head, groups) = groups(names, whole, &self.by, &self.with);
            return groups.into_iter().map(|group| head.clone().chain(group).collect()).collect();
        };
        let mut parts = Vec::new();
        let (mut head, mut outer) = groups(names, whole.clone(), within, &leading(within));
        if outer.is_empty() {
            // Without the group around, the whole message is one.
            (head, outer) = (0..0, vec![whole]);
        }
        for group in outer {
            let (lead, inner) = groups(names, group, &self.by, &self.with);
            parts.extend(
                inner.into_iter().map(|one| head.clone().chain(lead.clone()).chain(one).collect::<Vec<_>>()),
            );
        }
        parts
    }
}

/// What stands before the first group, and the groups.
fn groups(
    names: &[&str],
    range: Range<usize>,
    by: &str,
    with: &[String],
) -> (Range<usize>, Vec<Range<usize>>) {
    let mut starts = Vec::new();
    // True while a group has only what leads it in.
    let mut awaited = false;
    for at in range.clone() {
        let name = names[at];
        let leads = with.iter().any(|lead| lead == name);
        if name == by && awaited {
            awaited = false;
        } else if name == by || (leads && !awaited) {
            starts.push(at);
            awaited = leads;
        }
    }
    let first = starts.first().copied().unwrap_or(range.end);
    let ends = starts.iter().skip(1).copied().chain([range.end]);
    let groups = starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect();
    (range.start..first, groups)
}

impl Step for Split {
    fn kind(&self) -> &'static str {
        SPLIT.name
    }

    fn apply(&self, _: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        let Some(message) = Hl7v2Document::of(document.as_mut()) else { return Ok(Yield::One(document)) };
        let names: Vec<&str> = message.message().segments().map(|segment| segment.name()).collect();
        let parts = self.parts(&names);
        if parts.len() < 2 {
            return Ok(Yield::One(document));
        }
        if parts.len() > PARTS_MAX {
            return Err(StepError::new(format!("more than {PARTS_MAX} groups")));
        }
        let end = pieces::usual_end(message);
        let mut made: Vec<Box<dyn Document>> = Vec::with_capacity(parts.len());
        for part in parts {
            made.push(Box::new(pieces::message_of(message, part, end)?));
        }
        Ok(Yield::Many(made))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(by: &str, names: &str) -> Vec<String> {
        let names: Vec<&str> = names.split(' ').collect();
        let split = Split::of(by.to_owned(), None, None);
        let text = |part: Vec<usize>| part.iter().map(|at| names[*at]).collect::<Vec<_>>().join(" ");
        split.parts(&names).into_iter().map(text).collect()
    }

    #[test]
    fn orders_with_and_without_orc() {
        assert_eq!(
            parts("OBR", "MSH PID ORC OBR OBX NTE ORC OBR OBX"),
            ["MSH PID ORC OBR OBX NTE", "MSH PID ORC OBR OBX"]
        );
        assert_eq!(parts("OBR", "MSH PID OBR OBX OBR OBX"), ["MSH PID OBR OBX", "MSH PID OBR OBX"]);
        assert_eq!(
            parts("OBR", "MSH PID ORC OBR OBX OBR OBX"),
            ["MSH PID ORC OBR OBX", "MSH PID OBR OBX"],
            "an ORC belongs to the OBR behind it alone"
        );
        assert_eq!(parts("OBR", "MSH PID ORC NTE OBR OBX"), ["MSH PID ORC NTE OBR OBX"]);
        assert!(parts("OBR", "MSH PID").is_empty());
    }

    #[test]
    fn results_keep_their_order() {
        assert_eq!(
            parts("OBX", "MSH PID ORC OBR NTE OBX NTE OBX OBR OBX"),
            ["MSH PID ORC OBR NTE OBX NTE", "MSH PID ORC OBR NTE OBX", "MSH PID OBR OBX"]
        );
        assert_eq!(parts("OBX", "MSH PID OBX OBX"), ["MSH PID OBX", "MSH PID OBX"], "without any order");
        assert_eq!(parts("NK1", "MSH PID NK1 NK1 PV1"), ["MSH PID NK1", "MSH PID NK1 PV1"]);
    }
}
