//! Builds the tree in one pass: a stack of open groups, each with how far it has come in its structure.
//!
//! For a segment the places are tried in this order:
//!
//! 1. exact: a later element that is the segment, a later group that it begins, or a new repetition of the open
//!    group that it begins, nothing required being left out; from the innermost open group outward;
//! 2. lenient: the same with the optional elements at a group's start left out;
//! 3. faulty: for each open group, from the innermost outward, a later element or group with required elements left
//!    out; an element that has been passed, noted as out of order or repeated; a later group that has the segment
//!    somewhere, noted as begun without its start. The last not for NTE, which comments what stands before it, and
//!    not for a repeating group whose start is still to come, so that its repetitions keep their numbers.
//!
//! Else the segment stays in the innermost open group. The work per segment is bounded by the structure's size.

use std::collections::HashMap;
use std::ops::Range;

use super::{Child, Node, Note, NoteKind, Tree};
use crate::definitions::{Element, Structure};

/// A group that is open.
struct Frame {
    element: &'static Element,
    node: Node,
    /// Which element of the group around it this is.
    index: usize,
    /// The last element that has been met, none at the start.
    met: Option<usize>,
    /// How often groups have been begun in here, by the position of their element.
    begun: Vec<usize>,
}

/// Where a segment goes.
struct Place {
    /// The open group, as its depth in the stack.
    depth: usize,
    /// The element of that group, or none for a new repetition of the group itself.
    element: Option<usize>,
    note: Option<NoteKind>,
}

pub(super) struct Builder<'a> {
    stack: Vec<Frame>,
    notes: Vec<Note>,
    /// Where each segment occurs for the last time.
    last: HashMap<&'a str, usize>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(structure: &'static Structure, segments: &[&'a str]) -> Self {
        let last = segments.iter().enumerate().map(|(position, segment)| (*segment, position)).collect();
        Self { stack: vec![Frame::new(&structure.root, 0, 1, 0)], notes: Vec::new(), last }
    }

    pub(super) fn add(&mut self, position: usize, segment: &str) {
        let Some(place) = self.place(position, segment) else {
            if !segment.starts_with('Z') {
                self.notes.push(Note { position, kind: NoteKind::Unexpected });
            }
            self.push(position);
            return;
        };
        if let Some(kind) = place.note {
            self.notes.push(Note { position, kind });
        }
        match place.element {
            Some(element) => {
                self.close(place.depth, position);
                self.enter(element, segment, position);
            }
            None => {
                let again = self.stack[place.depth].index;
                self.close(place.depth - 1, position);
                self.enter(again, segment, position);
            }
        }
    }

    pub(super) fn finish(mut self, count: usize) -> Tree {
        self.close(0, count);
        let mut root = self.stack.swap_remove(0).node;
        root.segments = 0..count;
        Tree { root, notes: self.notes }
    }

    /// Appends the segment to the innermost open group.
    fn push(&mut self, position: usize) {
        if let Some(frame) = self.stack.last_mut() {
            frame.node.children.push(Child::Segment(position));
        }
    }

    /// Closes groups until the one at this depth is the innermost.
    fn close(&mut self, depth: usize, position: usize) {
        while self.stack.len() > depth + 1 {
            let Some(mut frame) = self.stack.pop() else { return };
            frame.node.segments.end = position;
            if let Some(outer) = self.stack.last_mut() {
                outer.node.children.push(Child::Group(frame.node));
            }
        }
    }

    /// Goes to an element of the innermost open group and from there down to the segment.
    fn enter(&mut self, element: usize, segment: &str, position: usize) {
        let mut next = Some(element);
        while let (Some(index), Some(frame)) = (next, self.stack.last_mut()) {
            frame.met = frame.met.max(Some(index));
            let inner = &frame.element.elements()[index];
            if inner.elements().is_empty() {
                break;
            }
            frame.begun[index] += 1;
            let repetition = frame.begun[index];
            next = way(inner, segment, 0..inner.elements().len());
            self.stack.push(Frame::new(inner, index, repetition, position));
        }
        self.push(position);
    }

    fn place(&self, position: usize, segment: &str) -> Option<Place> {
        if !self.stack[0].element.contains(segment) {
            return None;
        }
        let begins = |element: &Element| element.first_segment() == segment;
        let can_begin = |element: &Element| element.can_start_with(segment);
        let exact = || self.outward(|depth| self.ahead(depth, &begins));
        let lenient = || self.outward(|depth| self.ahead(depth, &can_begin));
        let faulty = || {
            self.outward(|depth| {
                let skipped = self.skipping(depth, &begins).or_else(|| self.skipping(depth, &can_begin));
                let passed = || self.behind(depth, segment);
                skipped.or_else(passed).or_else(|| self.within(depth, position, segment))
            })
        };
        exact().or_else(lenient).or_else(faulty)
    }

    fn outward(&self, find: impl Fn(usize) -> Option<Place>) -> Option<Place> {
        (0..self.stack.len()).rev().find_map(find)
    }

    /// A later element with nothing required left out, or the group once more.
    fn ahead(&self, depth: usize, fits: &dyn Fn(&Element) -> bool) -> Option<Place> {
        let frame = &self.stack[depth];
        let elements = frame.element.elements();
        let element = frame.ahead().find(|index| {
            let is_barrier =
                elements[*index].required && frame.met != Some(*index) && !frame.element.is_choice();
            fits(&elements[*index]) || is_barrier
        });
        let element = element.filter(|index| fits(&elements[*index]));
        let again = depth > 0 && frame.element.repeats && fits(frame.element);
        (element.is_some() || again).then_some(Place { depth, element, note: None })
    }

    /// A later element, whatever is left out.
    fn skipping(&self, depth: usize, fits: &dyn Fn(&Element) -> bool) -> Option<Place> {
        let frame = &self.stack[depth];
        let element = frame.ahead().find(|index| fits(&frame.element.elements()[*index]))?;
        Some(Place { depth, element: Some(element), note: None })
    }

    /// An element that has been passed.
    fn behind(&self, depth: usize, segment: &str) -> Option<Place> {
        let frame = &self.stack[depth];
        let met = frame.met?;
        let elements = &frame.element.elements()[..=met];
        let element = elements.iter().rposition(|element| element.can_start_with(segment))?;
        let kind = if element == met { NoteKind::Repeated } else { NoteKind::OutOfOrder };
        Some(Place { depth, element: Some(element), note: Some(kind) })
    }

    /// A later group that has the segment, though not at its start.
    fn within(&self, depth: usize, position: usize, segment: &str) -> Option<Place> {
        if segment == "NTE" {
            return None;
        }
        let frame = &self.stack[depth];
        let elements = frame.element.elements();
        let element = frame.ahead().find(|index| elements[*index].contains(segment))?;
        let is_to_come = |start: &&str| self.last.get(*start).is_some_and(|last| *last > position);
        if elements[element].repeats && elements[element].starts().iter().any(is_to_come) {
            return None;
        }
        Some(Place { depth, element: Some(element), note: Some(NoteKind::GroupStartMissing) })
    }
}

impl Frame {
    fn new(element: &'static Element, index: usize, repetition: usize, position: usize) -> Self {
        let node =
            Node { name: element.name, repetition, segments: position..position, children: Vec::new() };
        Self { element, node, index, met: None, begun: vec![0; element.elements().len()] }
    }

    /// The elements that may come next: the one met last if it repeats, and those after it; of a choice that has
    /// been made nothing but that.
    fn ahead(&self) -> Range<usize> {
        let elements = self.element.elements();
        let Some(met) = self.met else { return 0..elements.len() };
        let from = if elements[met].repeats { met } else { met + 1 };
        if self.element.is_choice() { from..met + 1 } else { from..elements.len() }
    }
}

/// The next element on the way down to a segment: the segment itself or what it begins, else what contains it.
fn way(group: &Element, segment: &str, range: Range<usize>) -> Option<usize> {
    let elements = &group.elements()[range];
    let exact = elements.iter().position(|element| element.first_segment() == segment);
    let lenient = || elements.iter().position(|element| element.can_start_with(segment));
    let inside = || elements.iter().position(|element| element.contains(segment));
    exact.or_else(lenient).or_else(inside)
}
