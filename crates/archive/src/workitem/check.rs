//! Holding what was told against the rules. Faults name the attribute, never its value.

use bytes::Bytes;
use klinke_dimse::data::{DataSet, Element, Value};
use klinke_dimse::value::{DateTime, is_uid};
use klinke_dimse::{Tag, VR, dictionary, tags};

use super::rules::{CODE, End, Form, Need, RULES, Rule};
use super::{Refusal, State};
use crate::text;

/// Which of the columns of the table counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Create,
    Set,
}

/// Holds a request against the rules. Places that were left out are filled; true where there were any.
pub(super) fn check(set: &mut DataSet, request: Request) -> Result<bool, Refusal> {
    if let Some(element) = foreign(set) {
        return Err(Refusal::Unfit(format!("{} is nothing of a workitem", name(element.tag))));
    }
    walk(set, RULES, request, "")
}

/// Whether a step may come to its end; else what is missing.
pub(super) fn check_end(set: &DataSet, state: State) -> Result<(), Refusal> {
    match missing(set, RULES, state, "") {
        Some(place) => Err(Refusal::Unfinished(place)),
        None => Ok(()),
    }
}

/// An attribute as faults name it.
pub(super) fn name(tag: Tag) -> String {
    let keyword = dictionary::keyword(tag).unwrap_or("an attribute");
    format!("{keyword} ({:04X},{:04X})", tag.0, tag.1)
}

/// Whether an element says anything.
pub(super) fn has_value(set: &DataSet, tag: Tag) -> bool {
    set.get(tag).is_some_and(is_valued)
}

fn is_valued(element: &Element) -> bool {
    match &element.value {
        Value::Sequence(items) => !items.is_empty(),
        _ => text::values(element).iter().any(|value| !value.is_empty()),
    }
}

/// What can't be in a data set that is kept here: commands, file meta information, pixels.
fn foreign(set: &DataSet) -> Option<&Element> {
    set.iter().find(|element| {
        matches!(element.tag.0, 0 | 2 | 0x7FE0)
            || matches!(element.value, Value::Fragments(_))
            || element.items().iter().any(|item| foreign(item).is_some())
    })
}

fn walk(set: &mut DataSet, rules: &[Rule], request: Request, place: &str) -> Result<bool, Refusal> {
    let mut is_filled = false;
    for rule in rules {
        let path = format!("{place}{}", name(rule.tag));
        let need = match request {
            Request::Create => rule.create,
            Request::Set => rule.set,
        };
        let (is_there, is_valued) = (set.get(rule.tag).is_some(), has_value(set, rule.tag));
        match need {
            Need::Value if !is_there => return Err(Refusal::Unfit(format!("{path} is missing"))),
            Need::Value if !is_valued => return Err(Refusal::Unfit(format!("{path} has no value"))),
            Need::ValueIfThere if is_there && !is_valued => {
                return Err(Refusal::Unfit(format!("{path} has no value")));
            }
            Need::Absent if is_valued => {
                return Err(Refusal::Unfit(format!("{path} is not told here")));
            }
            Need::Absent => drop(set.remove(rule.tag)),
            Need::Place if !is_there => {
                set.put(empty(rule.tag));
                is_filled = true;
            }
            _ => {}
        }
        if is_valued {
            is_filled |= form(set, rule, request, &path)?;
        }
    }
    Ok(is_filled)
}

/// Holds a value against its form.
fn form(set: &mut DataSet, rule: &Rule, request: Request, path: &str) -> Result<bool, Refusal> {
    let Some(element) = set.get_mut(rule.tag) else { return Ok(false) };
    let wrong = |what: &str| Err(Refusal::Unfit(format!("{path} {what}")));
    let rules = match rule.form {
        Form::Any => return Ok(false),
        Form::Term(_) | Form::DateTime | Form::Uid => return is_formed(element, rule.form, path),
        Form::Codes => CODE,
        Form::Items(rules) | Form::Item(rules) => rules,
    };
    let Value::Sequence(items) = &mut element.value else { return wrong("is no sequence") };
    if matches!(rule.form, Form::Item(_)) && items.len() > 1 {
        return wrong("has more than one item");
    }
    let mut is_filled = false;
    for (at, item) in items.iter_mut().enumerate() {
        let place = format!("{path}[{at}].");
        if matches!(rule.form, Form::Codes) && !is_code(item) {
            return Err(Refusal::Unfit(format!("{place}{} is missing", name(tags::CODE_VALUE))));
        }
        is_filled |= walk(item, rules, request, &place)?;
    }
    Ok(is_filled)
}

/// A coded entry has one of three values; all but a URN are of a scheme.
fn is_code(item: &DataSet) -> bool {
    let is_of_scheme = has_value(item, tags::CODING_SCHEME_DESIGNATOR);
    has_value(item, tags::URN_CODE_VALUE)
        || is_of_scheme && (has_value(item, tags::CODE_VALUE) || has_value(item, tags::LONG_CODE_VALUE))
}

fn is_formed(element: &Element, form: Form, path: &str) -> Result<bool, Refusal> {
    let values = text::values(element);
    let ([value], Some(_)) = (values.as_slice(), element.as_bytes()) else {
        return Err(Refusal::Unfit(format!("{path} has more than one value, or is a sequence")));
    };
    let what = match form {
        Form::Term(terms) if !terms.contains(&value.as_str()) => format!("is one of {}", terms.join(", ")),
        Form::DateTime if DateTime::parse(value).is_none() => "is no date and time".to_owned(),
        Form::Uid if !is_uid(value) => "is no UID".to_owned(),
        _ => return Ok(false),
    };
    Err(Refusal::Unfit(format!("{path} {what}")))
}

/// The first attribute without which a step can't come to this end.
fn missing(set: &DataSet, rules: &[Rule], state: State, place: &str) -> Option<String> {
    for rule in rules {
        let is_needed = match rule.end {
            End::Neither => false,
            End::Both => true,
            End::Completed => state == State::Completed,
            End::Canceled => state == State::Canceled,
        };
        if !is_needed {
            continue;
        }
        let path = format!("{place}{}", name(rule.tag));
        if !has_value(set, rule.tag) {
            return Some(path);
        }
        if let Form::Item(rules) = rule.form {
            let within = set.items(rule.tag).iter();
            let found = within.filter_map(|item| missing(item, rules, state, &format!("{path}.")));
            if let Some(found) = found.into_iter().next() {
                return Some(found);
            }
        }
    }
    None
}

/// An attribute without a value.
fn empty(tag: Tag) -> Element {
    match dictionary::vr(tag).unwrap_or(VR::LO) {
        VR::SQ => Element::sequence(tag, Vec::new()),
        vr => Element::bytes(tag, vr, Bytes::new()),
    }
}
