//! The steps of a path, and how they are read.

use dicom_core::{Tag, VR};

use super::standard::{tag_of, vr};

/// Why text is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// There is nothing between two dots, or nothing at all.
    #[error("character {at}: an element is missing")]
    Empty {
        /// Where, counted from 0.
        at: usize,
    },
    /// No element has this keyword.
    #[error("character {at}: `{keyword}` is no keyword of the dictionary")]
    UnknownKeyword {
        /// Where, counted from 0.
        at: usize,
        /// The keyword.
        keyword: String,
    },
    /// Parentheses, but no tag in them.
    #[error("character {at}: not a tag; write (gggg,eeee), or (gggg,CREATOR,ee) for a private one")]
    Tag {
        /// Where, counted from 0.
        at: usize,
    },
    /// Brackets, but no index in them.
    #[error("character {at}: not an index; write [0] for the first item, [*] for all")]
    Index {
        /// Where, counted from 0.
        at: usize,
    },
    /// Something is to be found within an element that has no items.
    #[error("character {at}: the element before it is no sequence")]
    NotASequence {
        /// Where, counted from 0.
        at: usize,
    },
}

/// Which element a step is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Attribute {
    Tag(Tag),
    Private { group: u16, creator: String, element: u8 },
}

/// Which item comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Index {
    Item(usize),
    Every,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Step {
    pub(super) attribute: Attribute,
    pub(super) index: Option<Index>,
}

/// More steps are no path that anybody means.
const STEPS: usize = 64;

pub(super) fn parse(text: &str) -> Result<Vec<Step>, PathError> {
    let mut steps: Vec<Step> = Vec::new();
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let length = attribute_length(rest);
        let attribute = attribute(&rest[..length], at)?;
        at += length;
        let (index, length) = index(&text[at..], at)?;
        at += length;
        let may_have_items = match &attribute {
            Attribute::Tag(tag) => vr(*tag).is_none_or(|vr| matches!(vr, VR::SQ | VR::UN)),
            Attribute::Private { .. } => true,
        };
        steps.push(Step { attribute, index });
        let ends = at == text.len();
        if !may_have_items && (!ends || index.is_some()) {
            return Err(PathError::NotASequence { at });
        }
        if ends {
            return Ok(steps);
        }
        if !text[at..].starts_with('.') || steps.len() >= STEPS {
            return Err(PathError::Index { at });
        }
        at += 1;
    }
}

fn attribute_length(text: &str) -> usize {
    if text.starts_with('(') {
        return text.find(')').map_or(text.len(), |at| at + 1);
    }
    text.find(['.', '[']).unwrap_or(text.len())
}

fn attribute(text: &str, at: usize) -> Result<Attribute, PathError> {
    if text.is_empty() {
        return Err(PathError::Empty { at });
    }
    if let Some(inner) = text.strip_prefix('(') {
        let inner = inner.strip_suffix(')').ok_or(PathError::Tag { at })?;
        return in_parentheses(inner).ok_or(PathError::Tag { at });
    }
    if text.len() == 8
        && let Some(number) = hexadecimal(text, 8)
    {
        return Ok(Attribute::Tag(Tag((number >> 16) as u16, number as u16)));
    }
    let unknown = || PathError::UnknownKeyword { at, keyword: text.to_owned() };
    tag_of(text).map(Attribute::Tag).ok_or_else(unknown)
}

fn in_parentheses(text: &str) -> Option<Attribute> {
    let (group, rest) = text.split_once(',')?;
    let group = hexadecimal(group, 4)? as u16;
    let Some((creator, element)) = rest.rsplit_once(',') else {
        return Some(Attribute::Tag(Tag(group, hexadecimal(rest, 4)? as u16)));
    };
    let creator = creator.trim().trim_matches('"');
    let element = hexadecimal(element.trim(), 2)? as u8;
    (group % 2 == 1 && !creator.is_empty()).then(|| Attribute::Private {
        group,
        creator: creator.to_owned(),
        element,
    })
}

fn hexadecimal(text: &str, length: usize) -> Option<u32> {
    let text = text.trim();
    let plain = text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u32::from_str_radix(text, 16).ok().filter(|_| plain)
}

fn index(text: &str, at: usize) -> Result<(Option<Index>, usize), PathError> {
    let Some(inner) = text.strip_prefix('[') else { return Ok((None, 0)) };
    let end = inner.find(']').ok_or(PathError::Index { at })?;
    let index = match &inner[..end] {
        "*" => Index::Every,
        digits => Index::Item(digits.parse().map_err(|_| PathError::Index { at })?),
    };
    Ok((Some(index), end + 2))
}
