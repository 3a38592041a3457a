//! Names of files, made from what is known of a parcel. Nothing of a payload goes into a name.

use std::str::FromStr;

use klinke_engine::link::Parcel;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

/// A template such as `{channel}-{id}-{part}.hl7`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Channel,
    Id,
    Part,
    Attempt,
    Format,
    Date,
    Time,
}

const PLACES: [(&str, Piece); 7] = [
    ("channel", Piece::Channel),
    ("id", Piece::Id),
    ("part", Piece::Part),
    ("attempt", Piece::Attempt),
    ("format", Piece::Format),
    ("date", Piece::Date),
    ("time", Piece::Time),
];

impl Template {
    /// The name for a parcel of this channel.
    pub fn name(&self, channel: &str, parcel: &Parcel) -> String {
        let (year, month, day, hour, minute, second, micros) = parcel.received.parts();
        let date = format!("{year:04}{month:02}{day:02}");
        let mut name = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => name.push_str(text),
                Piece::Channel => name.push_str(channel),
                // Wide enough that names sort as the envelopes came.
                Piece::Id => name.push_str(&format!("{:012}", parcel.envelope().0)),
                Piece::Part => name.push_str(&parcel.key.part.to_string()),
                Piece::Attempt => name.push_str(&parcel.attempt.to_string()),
                Piece::Format => name.push_str(&parcel.format),
                Piece::Date => name.push_str(&date),
                Piece::Time => {
                    name.push_str(&format!("{date}T{hour:02}{minute:02}{second:02}.{:03}Z", micros / 1000));
                }
            }
        }
        // A channel's or a format's name may hold what a file's may not.
        name.replace(['/', '\\', '\0', ':'], "_")
    }

    /// True when two parcels never have the same name.
    pub fn is_unique(&self) -> bool {
        self.0.contains(&Piece::Id) && self.0.contains(&Piece::Part)
    }
}

impl Default for Template {
    fn default() -> Self {
        let text = |text: &str| Piece::Text(text.to_owned());
        Template(vec![Piece::Channel, text("-"), Piece::Id, text("-"), Piece::Part, text(".txt")])
    }
}

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.starts_with('.') || text.contains(['/', '\\', '\0', ':']) {
            return Err("a file's name is not empty, begins with no dot and holds no / \\ :".to_owned());
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (place, after) = after.split_once('}').ok_or("a { without its }")?;
            let found = PLACES.iter().find(|(name, _)| *name == place).map(|(_, piece)| piece.clone());
            let known: Vec<&str> = PLACES.iter().map(|(name, _)| *name).collect();
            let piece = found.ok_or_else(|| format!("{{{place}}} is none of {}", known.join(", ")))?;
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(piece);
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Template(pieces))
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Template {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Template".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1 })
    }
}

#[cfg(test)]
mod tests {
    use klinke_model::{DeliveryKey, DestinationId, EnvelopeId, Timestamp};

    use super::*;

    #[test]
    fn names_are_made_of_what_is_known() {
        let parcel = Parcel {
            key: DeliveryKey {
                destination: DestinationId(1),
                lane: "Mustermann".into(),
                envelope: EnvelopeId(42),
                part: 3,
            },
            attempt: 2,
            repeat: false,
            received: Timestamp(1_772_352_900_250_000),
            format: "hl7v2".into(),
            payload: Default::default(),
        };
        let name = |text: &str| text.parse::<Template>().unwrap().name("adt/ris", &parcel);
        assert_eq!(name("{channel}-{id}-{part}.hl7"), "adt_ris-000000000042-3.hl7");
        assert_eq!(name("{time}.{format}"), "20260301T081500.250Z.hl7v2");
        assert_eq!(name("all-{date}-{attempt}"), "all-20260301-2");
        assert!("{id}-{part}".parse::<Template>().unwrap().is_unique());
        assert!(!"{date}".parse::<Template>().unwrap().is_unique());
        for text in ["", ".x", "a/b", "{id", "{name}", "../x"] {
            assert!(text.parse::<Template>().is_err(), "{text}");
        }
    }
}
