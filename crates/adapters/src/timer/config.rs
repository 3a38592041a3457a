//! Settings of the timer.

use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::units::Period;

/// A clock as a source. Exactly one of `every` and `daily` is given.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SourceConfig {
    /// How often; the first one comes after this time. At least a second. Since 0.1.
    pub every: Option<Period>,
    /// Each day at this time (UTC), such as `"03:30"`. What falls into a time when the program does not
    /// run is left out. Since 0.1.
    pub daily: Option<TimeOfDay>,
}

/// Hour and minute, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOfDay {
    /// 0 to 23.
    pub hour: u32,
    /// 0 to 59.
    pub minute: u32,
}

impl FromStr for TimeOfDay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no time of day: write 03:30");
        let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
        let number = |text: &str| text.parse().ok().filter(|_| text.len() == 2).ok_or_else(wrong);
        let time = TimeOfDay { hour: number(hour)?, minute: number(minute)? };
        if time.hour > 23 || time.minute > 59 { Err(wrong()) } else { Ok(time) }
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for TimeOfDay {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TimeOfDay".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$" })
    }
}
