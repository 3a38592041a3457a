//! Dates in the fields that hold them in every version.

use super::collector::Collector;
use super::{Kind, kind};
use crate::message::{Part, Segment};
use crate::place::Place;
use crate::time::{Error, Oddity, parse};

/// Fields of type TS, DTM or DT that hospitals use.
const FIELDS: [(&str, &[usize]); 21] = [
    ("MSH", &[7]),
    ("BHS", &[7]),
    ("FHS", &[7]),
    ("EVN", &[2, 3, 6]),
    ("PID", &[7, 29, 33]),
    ("NK1", &[8, 9, 16]),
    ("PV1", &[44, 45]),
    ("PV2", &[8, 9]),
    ("ORC", &[9, 15]),
    ("OBR", &[6, 7, 8, 14, 22, 36]),
    ("OBX", &[14, 19]),
    ("DG1", &[5, 19]),
    ("PR1", &[5]),
    ("IN1", &[12, 13, 18]),
    ("GT1", &[8]),
    ("AL1", &[6]),
    ("TXA", &[4, 6, 7, 8]),
    ("FT1", &[4, 5]),
    ("SPM", &[17, 18]),
    ("ZBE", &[2, 3]),
    ("RXA", &[3, 4]),
];

pub(super) fn segment(segment: &Segment<'_>, place: Place, found: &mut Collector) {
    let fields =
        FIELDS.iter().find(|(name, _)| *name == segment.name()).map_or(&[][..], |(_, fields)| fields);
    for number in fields {
        if let Some(field) = segment.field(*number) {
            check(segment, &field, place.field(*number), found);
        }
    }
    if segment.name() == "OBX" {
        let kind = segment.field(2).map(|f| f.text()).unwrap_or_default();
        let is_date = matches!(kind.trim().to_ascii_uppercase().as_str(), "DT" | "TS" | "DTM");
        if let Some(field) = segment.field(5).filter(|_| is_date) {
            check(segment, &field, place.field(5), found);
        }
    }
}

fn check(segment: &Segment<'_>, field: &Part<'_>, place: Place, found: &mut Collector) {
    for repetition in field.repetitions() {
        // A range (DR) has two dates; of a TS the first component is the date.
        let Some(date) = repetition.component(1).and_then(|c| c.subcomponent(1)) else { continue };
        let mut place = place;
        place.offset = date.offset();
        let text = date.text();
        match parse(&text) {
            Ok((timestamp, oddity)) => {
                if let Some(oddity) = oddity {
                    found.add(&kind_of(oddity), place);
                }
                let midnight = timestamp.hour == Some(0) && timestamp.minute.unwrap_or(0) == 0;
                if segment.name() == "PID" && place.field == 7 && midnight {
                    found.add(&kind::BIRTH_WITH_TIME, place);
                }
            }
            Err(Error::Empty) => {}
            Err(Error::Zeros) => found.add(&kind::DATE_ZEROS, place),
            Err(Error::Form | Error::Range(_)) => found.add(&kind::DATE_INVALID, place),
        }
    }
}

fn kind_of(oddity: Oddity) -> Kind {
    match oddity {
        Oddity::Iso => kind::DATE_ISO,
        Oddity::Separators => kind::DATE_SEPARATORS,
        Oddity::Hour24 => kind::DATE_HOUR_24,
        Oddity::ZeroParts => kind::DATE_ZERO_PARTS,
        Oddity::Spaces => kind::DATE_SPACES,
        Oddity::ZoneForm => kind::DATE_ZONE,
        Oddity::LongFraction => kind::DATE_FRACTION,
    }
}
