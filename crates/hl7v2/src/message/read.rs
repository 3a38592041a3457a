//! Reading with paths.

use std::borrow::Cow;
use std::ops::Range;

use super::{Message, Part, Segment};
use crate::path::{Condition, FieldStep, Nth, Occurrence, Path, Repetition};
use crate::place::Place;
use crate::value::Value;

impl Message {
    /// The bytes at a path as they stand, escapes included; `None` when it is not there. A path
    /// with `[*]` gives the first match. A path without field gives the whole segment.
    #[inline]
    pub fn get(&self, path: &Path) -> Option<Cow<'_, [u8]>> {
        match &path.field {
            None => self.first_segment(path).map(|segment| segment.raw()),
            Some(_) => self.part(path).map(|part| Cow::Borrowed(part.bytes)),
        }
    }

    /// The field, or part of one, at a path; `None` when it is not there, and for a path without
    /// field.
    #[inline]
    pub fn part(&self, path: &Path) -> Option<Part<'_>> {
        let field = path.field.as_ref()?;
        if path.is_many() {
            return self.first_of_many(path, field);
        }
        pick(&self.first_segment(path)?, field)
    }

    /// Absent, empty, null or present.
    pub fn value(&self, path: &Path) -> Value<'_> {
        self.get(path).map_or(Value::Absent, Value::of)
    }

    /// The text at a path, decoded and unescaped. What is absent, empty or null is the empty text.
    pub fn text(&self, path: &Path) -> Cow<'_, str> {
        match &path.field {
            Some(_) => self.part(path).map_or(Cow::Borrowed(""), |part| part.text()),
            None => match self.get(path) {
                Some(Cow::Borrowed(bytes)) => self.text_of(bytes),
                Some(Cow::Owned(bytes)) => Cow::Owned(self.text_of(&bytes).into_owned()),
                None => Cow::Borrowed(""),
            },
        }
    }

    /// The text at a path, or `default` where it is absent or empty. Null (`""`) gives the empty
    /// text: the sender said that there shall be nothing.
    pub fn text_or<'a>(&'a self, path: &Path, default: &'a str) -> Cow<'a, str> {
        match self.get(path).as_deref() {
            None | Some(b"") => Cow::Borrowed(default),
            Some(_) => self.text(path),
        }
    }

    /// Every part that the path stands for, in the order of the message. Without `[*]` that is one
    /// at most. A path without field gives nothing here; see [`Message::positions`].
    pub fn get_all<'a>(&'a self, path: &'a Path) -> All<'a> {
        let positions = if path.field.is_some() { self.positions(path) } else { Vec::new() };
        All { message: self, path, positions: positions.into_iter(), current: None }
    }

    /// Position of the first segment that the path stands for.
    pub fn position(&self, path: &Path) -> Option<usize> {
        self.first_segment(path).map(|segment| segment.position())
    }

    /// Positions of all segments that the path stands for.
    pub fn positions(&self, path: &Path) -> Vec<usize> {
        let mut found = Vec::new();
        for range in self.ranges(path) {
            let named = self.named(path.segment, range);
            match &path.occurrence {
                Occurrence::Nth(Nth::All) => found.extend(named.map(|s| s.position())),
                Occurrence::Nth(Nth::Number(n)) => {
                    found.extend(named.skip(n - 1).take(1).map(|s| s.position()));
                }
                Occurrence::Where(condition) => {
                    found.extend(named.filter(|s| holds(s, condition)).take(1).map(|s| s.position()));
                }
            }
        }
        found
    }

    /// The place that a segment position stands for.
    pub fn place_of(&self, position: usize) -> Place {
        self.segment(position)
            .map_or(Place::message(), |segment| Place::segment(segment.name_bytes(), segment.occurrence()))
    }

    fn first_of_many(&self, path: &Path, step: &FieldStep) -> Option<Part<'_>> {
        let every = step.repetition == Repetition::Nth(Nth::All);
        self.positions(path).into_iter().find_map(|position| {
            let segment = self.segment(position)?;
            if every {
                return segment.field(step.number)?.repetitions().find_map(|r| narrow(r, step));
            }
            pick(&segment, step)
        })
    }

    #[inline]
    pub(super) fn first_segment(&self, path: &Path) -> Option<Segment<'_>> {
        if path.groups.is_empty() {
            return self.first_in(path, 0..self.segment_count());
        }
        self.ranges(path).into_iter().find_map(|range| self.first_in(path, range))
    }

    #[inline]
    fn first_in(&self, path: &Path, range: Range<usize>) -> Option<Segment<'_>> {
        let mut named = self.named(path.segment, range);
        match &path.occurrence {
            Occurrence::Nth(Nth::All) => named.next(),
            Occurrence::Nth(Nth::Number(number)) => named.nth(number - 1),
            Occurrence::Where(condition) => named.find(|segment| holds(segment, condition)),
        }
    }

    /// The stretches of segments that the group steps leave.
    pub(super) fn ranges(&self, path: &Path) -> Vec<Range<usize>> {
        if path.groups.is_empty() {
            return std::iter::once(0..self.segment_count()).collect();
        }
        self.resolver.as_ref().map_or(Vec::new(), |resolver| {
            let end = self.segment_count();
            resolver
                .resolve(self, &path.groups)
                .into_iter()
                .map(|range| range.start.min(end)..range.end.min(end))
                .collect()
        })
    }

    #[inline]
    fn named(&self, name: [u8; 3], range: Range<usize>) -> impl Iterator<Item = Segment<'_>> {
        range.filter(move |position| self.is_named(*position, name)).filter_map(|p| self.segment(p))
    }
}

/// True when the field (or component) named by the condition has its value.
fn holds(segment: &Segment<'_>, condition: &Condition) -> bool {
    let Some(field) = segment.field(condition.major) else { return condition.value.is_empty() };
    let part = match condition.minor {
        None => Some(field),
        Some(minor) => field.repetition(1).and_then(|first| first.component(minor)),
    };
    part.map_or(condition.value.is_empty(), |part| part.is(&condition.value))
}

/// True when a repetition meets the condition on its component.
pub(super) fn repetition_holds(repetition: &Part<'_>, condition: &Condition) -> bool {
    let component = repetition.component(condition.major);
    let part = match condition.minor {
        None => component,
        Some(minor) => component.and_then(|c| c.subcomponent(minor)),
    };
    part.map_or(condition.value.is_empty(), |part| part.is(&condition.value))
}

/// The part of a segment that a field step stands for, the first one for `[*]`.
#[inline]
fn pick<'a>(segment: &Segment<'a>, step: &FieldStep) -> Option<Part<'a>> {
    let field = segment.field(step.number)?;
    let repetition = match &step.repetition {
        Repetition::Unsaid | Repetition::Nth(Nth::Number(1)) if step.component.is_some() => {
            let component = field.component_of_first(step.component?)?;
            return match step.subcomponent {
                None => Some(component),
                Some(number) => component.subcomponent(number),
            };
        }
        Repetition::Where(condition) if condition.minor.is_none() && step.component.is_some() => {
            let component = field.component_where(condition, step.component?)?;
            return match step.subcomponent {
                None => Some(component),
                Some(number) => component.subcomponent(number),
            };
        }
        Repetition::Unsaid => return Some(field),
        Repetition::Nth(Nth::Number(number)) => field.repetition(*number),
        Repetition::Nth(Nth::All) => field.repetition(1),
        Repetition::Where(condition) => field.repetitions().find(|r| repetition_holds(r, condition)),
    }?;
    narrow(repetition, step)
}

#[inline]
fn narrow<'a>(repetition: Part<'a>, step: &FieldStep) -> Option<Part<'a>> {
    let component = match step.component {
        None => return Some(repetition),
        Some(number) => repetition.component(number)?,
    };
    match step.subcomponent {
        None => Some(component),
        Some(number) => component.subcomponent(number),
    }
}

/// Iterator of [`Message::get_all`].
#[derive(Debug, Clone)]
pub struct All<'a> {
    message: &'a Message,
    path: &'a Path,
    positions: std::vec::IntoIter<usize>,
    /// Segment and remaining repetitions, for `[*]`.
    current: Option<(usize, usize, super::Parts<'a>)>,
}

/// A part with its place: segment position from 0, repetition from 1.
#[derive(Debug, Clone, Copy)]
pub struct PlacedPart<'a> {
    /// Position of the segment in the message, from 0.
    pub position: usize,
    /// Number of the repetition, from 1; 0 when the path means the whole field.
    pub repetition: usize,
    /// The part.
    pub part: Part<'a>,
}

impl<'a> Iterator for All<'a> {
    type Item = PlacedPart<'a>;

    fn next(&mut self) -> Option<PlacedPart<'a>> {
        let step = self.path.field.as_ref()?;
        loop {
            if let Some((position, number, parts)) = &mut self.current {
                if let Some(repetition) = parts.next() {
                    *number += 1;
                    if let Some(part) = narrow(repetition, step) {
                        return Some(PlacedPart { position: *position, repetition: *number, part });
                    }
                    continue;
                }
                self.current = None;
            }
            let position = self.positions.next()?;
            let segment = self.message.segment(position)?;
            if step.repetition == Repetition::Nth(Nth::All) {
                self.current = segment.field(step.number).map(|field| (position, 0, field.repetitions()));
                continue;
            }
            if let Some(part) = pick(&segment, step) {
                return Some(PlacedPart { position, repetition: number_of(&segment, step), part });
            }
        }
    }
}

fn number_of(segment: &Segment<'_>, step: &FieldStep) -> usize {
    match &step.repetition {
        Repetition::Unsaid => usize::from(step.component.is_some()),
        Repetition::Nth(Nth::Number(number)) => *number,
        Repetition::Nth(Nth::All) => 0,
        Repetition::Where(condition) => segment
            .field(step.number)
            .and_then(|field| field.repetitions().position(|r| repetition_holds(&r, condition)))
            .map_or(0, |index| index + 1),
    }
}
