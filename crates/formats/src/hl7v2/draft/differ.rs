//! Where a message is not what was wanted.

use klinke_hl7v2::Message;

use super::places::raw;

/// Most places of one message.
const PLACES_MAX: usize = 200;

/// The fields that differ, or `segments` when these are others, without their values.
pub fn differences(found: &Message, wanted: &Message) -> Vec<String> {
    let names = |message: &Message| -> Vec<String> {
        message.segments().map(|segment| segment.name().to_owned()).collect()
    };
    let (came, expected) = (names(found), names(wanted));
    if came != expected {
        return vec![of_segments(&came, &expected)];
    }
    let mut places = Vec::new();
    for (one, other) in found.segments().zip(wanted.segments()) {
        for number in 1..=one.field_count().max(other.field_count()) {
            if one.is_header() && number <= 2 {
                continue;
            }
            let place = format!("{}-{number}", one.name());
            if text(&one, number) != text(&other, number)
                && !places.contains(&place)
                && places.len() < PLACES_MAX
            {
                places.push(place);
            }
        }
    }
    places
}

/// A field without the delimiters that may be left out at its end.
fn text(segment: &klinke_hl7v2::message::Segment<'_>, number: usize) -> String {
    let raw = raw(segment, number);
    raw.trim_end_matches(['^', '&']).to_owned()
}

fn of_segments(came: &[String], expected: &[String]) -> String {
    let count = |all: &[String], name: &String| all.iter().filter(|one| *one == name).count();
    let mut names: Vec<&String> = came.iter().chain(expected).collect();
    names.sort();
    names.dedup();
    let other: Vec<&str> = names
        .into_iter()
        .filter(|name| count(came, name) != count(expected, name))
        .map(String::as_str)
        .collect();
    match other.is_empty() {
        true => "the order of segments".to_owned(),
        false => format!("the number of segments: {}", other.join(", ")),
    }
}
