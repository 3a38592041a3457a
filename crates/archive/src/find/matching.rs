//! Whether what the index has is what a query asks for.

use klinke_dimse::data::{DataSet, Element};
use klinke_dimse::{Tag, VR, tags};

use super::{Key, Matching, Names, Pattern, Query};
use crate::level::Level;
use crate::{sound, text};

/// The attributes of one found entry, level by level.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// From the patient down to the query's level.
    pub levels: &'a [DataSet],
    /// Modalities in Study.
    pub modalities: &'a [String],
    /// SOP Classes in Study.
    pub classes: &'a [String],
}

/// Whether all keys of a query match.
pub fn matches(query: &Query, view: &View<'_>) -> bool {
    query
        .keys
        .iter()
        .filter(|key| is_answerable(key.tag, query.level))
        .all(|key| key_matches(key, query.names, view))
}

/// Whether a data set matches all of these keys.
pub(crate) fn set_matches(keys: &[Key], names: Names, set: &DataSet) -> bool {
    keys.iter().all(|key| element_matches(key, names, set.get(key.tag)))
}

/// Whether the archive knows the attribute at a level or above: what it does not know, it can't match.
pub fn is_answerable(tag: Tag, level: Level) -> bool {
    let known = Level::ALL.iter().filter(|kept| **kept <= level).any(|kept| kept.attributes().contains(&tag));
    known
        || (level >= Level::Study && (tag == tags::MODALITIES_IN_STUDY || tag == tags::SOP_CLASSES_IN_STUDY))
}

fn key_matches(key: &Key, names: Names, view: &View<'_>) -> bool {
    if key.tag == tags::MODALITIES_IN_STUDY {
        return listed(&key.matching, view.modalities);
    }
    if key.tag == tags::SOP_CLASSES_IN_STUDY {
        return listed(&key.matching, view.classes);
    }
    element_matches(key, names, view.levels.iter().find_map(|level| level.get(key.tag)))
}

fn listed(matching: &Matching, values: &[String]) -> bool {
    match matching {
        Matching::List(wanted) => values.iter().any(|value| wanted.contains(value)),
        Matching::Text(patterns) => {
            values.iter().any(|value| patterns.iter().any(|pattern| pattern.matches(value)))
        }
        Matching::Empty => values.is_empty(),
        Matching::Range(_) | Matching::Sequence(_) => false,
    }
}

fn element_matches(key: &Key, names: Names, element: Option<&Element>) -> bool {
    let values = || element.map(text::values).unwrap_or_default();
    match &key.matching {
        Matching::Empty => {
            values().iter().all(|value| value.is_empty()) && element.is_none_or(|one| one.items().is_empty())
        }
        Matching::List(wanted) => values().iter().any(|value| wanted.iter().any(|one| one == value)),
        Matching::Range(range) => values().iter().any(|value| range.holds(key.vr, value)),
        Matching::Text(patterns) => {
            let compare = |pattern: &Pattern, value: &str| match key.vr {
                VR::PN => name_matches(pattern, value, names),
                VR::IS | VR::DS | VR::US | VR::SS | VR::UL | VR::SL => number_matches(pattern, value),
                _ => pattern.matches(value),
            };
            values().iter().any(|value| patterns.iter().any(|pattern| compare(pattern, value)))
        }
        Matching::Sequence(keys) => {
            let items = element.map(Element::items).unwrap_or_default();
            items.iter().any(|item| keys.iter().all(|key| element_matches(key, names, item.get(key.tag))))
        }
    }
}

/// A name matches as a whole, or by one of its groups (alphabetic, ideographic, phonetic).
fn name_matches(pattern: &Pattern, value: &str, names: Names) -> bool {
    match names {
        Names::Fuzzy => sound::is_like(pattern.text(), value),
        Names::Plain => {
            let wanted = Pattern::new(&text::name_key(pattern.text()));
            let key = text::name_key(value);
            wanted.matches(&key) || key.split('=').any(|group| wanted.matches(group))
        }
    }
}

/// `007` is 7, as an IS; what is no number is compared as a text.
fn number_matches(pattern: &Pattern, value: &str) -> bool {
    match (pattern.text().parse::<f64>(), value.parse::<f64>()) {
        (Ok(wanted), Ok(is)) => wanted == is,
        _ => pattern.matches(value),
    }
}
