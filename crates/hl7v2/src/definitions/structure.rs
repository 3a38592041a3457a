//! Message structures in the standard's abstract message syntax (chapter 2, "Message structure").

/// A message structure, such as `ORU_R01` of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Structure {
    /// Identifier, as in MSH-9.3.
    pub id: &'static str,
    /// The message itself as a group.
    pub root: Element,
}

/// A segment or a group of a structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Segment identifier, or the group's name without the structure's prefix: `ORDER_OBSERVATION`.
    pub name: &'static str,
    /// Whether it must occur.
    pub required: bool,
    /// Whether it may repeat.
    pub repeats: bool,
    /// What it consists of.
    pub content: Content,
}

/// What an element of a structure consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// It is a segment.
    Segment,
    /// It is a group.
    Group {
        /// The elements in order.
        elements: Vec<Element>,
        /// Whether one of the elements stands for all (`A | B`).
        choice: bool,
        /// Segments with which the group can start, if its optional elements may be left out.
        starts: Vec<&'static str>,
        /// All segments of the group and of the groups in it.
        members: Vec<&'static str>,
    },
}

impl Element {
    /// The segment that stands first when nothing is left out.
    #[must_use]
    pub fn first_segment(&self) -> &'static str {
        match &self.content {
            Content::Segment => self.name,
            Content::Group { elements, .. } => elements.first().map_or("", Element::first_segment),
        }
    }

    /// The segments with which it can start, its optional elements left out.
    #[must_use]
    pub fn starts(&self) -> &[&'static str] {
        match &self.content {
            Content::Segment => std::slice::from_ref(&self.name),
            Content::Group { starts, .. } => starts,
        }
    }

    /// Whether it can start with this segment, its optional elements left out.
    #[must_use]
    pub fn can_start_with(&self, segment: &str) -> bool {
        match &self.content {
            Content::Segment => self.name == segment,
            Content::Group { starts, .. } => starts.contains(&segment),
        }
    }

    /// Whether this segment occurs in it at all.
    #[must_use]
    pub fn contains(&self, segment: &str) -> bool {
        match &self.content {
            Content::Segment => self.name == segment,
            Content::Group { members, .. } => members.contains(&segment),
        }
    }

    /// The elements of a group; none of a segment.
    #[must_use]
    pub fn elements(&self) -> &[Element] {
        match &self.content {
            Content::Segment => &[],
            Content::Group { elements, .. } => elements,
        }
    }

    /// Whether it is a group of which one element stands for all.
    #[must_use]
    pub fn is_choice(&self) -> bool {
        matches!(self.content, Content::Group { choice: true, .. })
    }

    /// Whether it can be empty: it is optional, or a group of nothing but such elements.
    fn can_be_empty(&self) -> bool {
        let inner = self.elements();
        !self.required || !inner.is_empty() && inner.iter().all(Element::can_be_empty)
    }

    fn group(name: &'static str, elements: Vec<Element>, choice: bool) -> Self {
        let (mut starts, mut members): (Vec<&'static str>, Vec<&'static str>) = (Vec::new(), Vec::new());
        let mut is_open = true;
        for element in &elements {
            let (own_starts, own_members) = match &element.content {
                Content::Segment => (&[element.name][..], &[element.name][..]),
                Content::Group { starts, members, .. } => (&starts[..], &members[..]),
            };
            if is_open || choice {
                starts.extend(
                    own_starts.iter().filter(|name| !starts.contains(name)).copied().collect::<Vec<_>>(),
                );
            }
            is_open &= element.can_be_empty();
            members.extend(
                own_members.iter().filter(|name| !members.contains(name)).copied().collect::<Vec<_>>(),
            );
        }
        Self {
            name,
            required: true,
            repeats: false,
            content: Content::Group { elements, choice, starts, members },
        }
    }
}

impl Structure {
    /// Reads the abstract syntax: `MSH [{SFT}] {(PATIENT_RESULT: [(PATIENT: PID …)] …)} [DSC]`.
    pub(super) fn parse(id: &'static str, syntax: &'static str) -> Self {
        let mut rest = syntax;
        let (elements, choice) = elements(&mut rest);
        Self { id, root: Element::group(id, elements, choice) }
    }
}

/// Reads elements up to the end or the closing mark of what they stand in.
fn elements(rest: &mut &'static str) -> (Vec<Element>, bool) {
    let (mut elements, mut choice) = (Vec::new(), false);
    loop {
        *rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('|') {
            choice = true;
            *rest = after;
            continue;
        }
        match element(rest) {
            Some(element) => elements.push(element),
            None => return (elements, choice),
        }
    }
}

fn element(rest: &mut &'static str) -> Option<Element> {
    let first = rest.chars().next()?;
    match first {
        '[' | '{' => {
            *rest = &rest[1..];
            let mut inner = element(rest)?;
            *rest = rest.get(1..).unwrap_or("");
            if first == '[' {
                inner.required = false;
            } else {
                inner.repeats = true;
            }
            Some(inner)
        }
        '(' => {
            let (name, after) = rest[1..].split_once(": ")?;
            *rest = after;
            let (elements, choice) = elements(rest);
            *rest = rest.get(1..).unwrap_or("");
            Some(Element::group(name, elements, choice))
        }
        _ => {
            let end = rest.find([' ', ']', '}', ')', '|']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            *rest = after;
            let is_segment = !name.is_empty();
            is_segment.then_some(Element { name, required: true, repeats: false, content: Content::Segment })
        }
    }
}
