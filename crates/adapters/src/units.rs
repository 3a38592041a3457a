//! Quantities as people write them in site files: `"200ms"`, `"10m"`, `"64KiB"`, `"70MB"`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A length of time: a number and `us`, `ms`, `s`, `m`, `h` or `d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(pub Duration);

/// A number of bytes: a number, alone or with `B`, `kB`, `MB`, `GB` (powers of 1,000) or `KiB`, `MiB`,
/// `GiB` (powers of 1,024).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub usize);

/// What is wrong with a quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnitError(String);

impl Period {
    /// This many milliseconds.
    pub const fn millis(millis: u64) -> Self {
        Period(Duration::from_millis(millis))
    }

    /// This many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Period(Duration::from_secs(seconds))
    }
}

impl Bytes {
    /// This many units of 1,024 bytes.
    pub const fn kib(kib: usize) -> Self {
        Bytes(kib << 10)
    }

    /// This many units of 1,048,576 bytes.
    pub const fn mib(mib: usize) -> Self {
        Bytes(mib << 20)
    }
}

/// A quantity of which nothing would be a slip of the pen: with it nothing at all could be done.
pub trait Quantity {
    /// True for nothing.
    fn is_nothing(&self) -> bool;
}

impl Quantity for Period {
    fn is_nothing(&self) -> bool {
        self.0.is_zero()
    }
}

impl Quantity for Bytes {
    fn is_nothing(&self) -> bool {
        self.0 == 0
    }
}

impl Quantity for usize {
    fn is_nothing(&self) -> bool {
        *self == 0
    }
}

impl Quantity for u64 {
    fn is_nothing(&self) -> bool {
        *self == 0
    }
}

/// Reads a quantity that must be more than nothing; for `#[serde(deserialize_with)]`.
pub fn above_zero<'de, D: Deserializer<'de>, T: Deserialize<'de> + Quantity>(from: D) -> Result<T, D::Error> {
    let quantity = T::deserialize(from)?;
    if quantity.is_nothing() {
        return Err(serde::de::Error::custom("with 0 nothing could pass; write more, or leave it out"));
    }
    Ok(quantity)
}

/// The number and the unit behind it.
fn parts(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    Some((number, text[end..].trim_start()))
}

impl FromStr for Period {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let wrong = || UnitError(format!("{text:?} is no length of time: write 200ms, 2s, 10m, 1h or 7d"));
        let (number, unit) = parts(text).ok_or_else(wrong)?;
        let micros = match unit {
            "us" | "µs" => 1.0,
            "ms" => 1e3,
            "s" => 1e6,
            "m" | "min" => 60e6,
            "h" => 3600e6,
            "d" => 86_400e6,
            _ => return Err(wrong()),
        };
        // A thousand years: what is longer is a slip of the pen.
        let all = number * micros;
        if all > 3.2e16 { Err(wrong()) } else { Ok(Period(Duration::from_micros(all.round() as u64))) }
    }
}

impl FromStr for Bytes {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let wrong = || UnitError(format!("{text:?} is no size: write 500B, 64KiB, 70MB or 1GiB"));
        let (number, unit) = parts(text).ok_or_else(wrong)?;
        let factor = match unit {
            "" | "B" => 1.0,
            "kB" | "KB" => 1e3,
            "MB" => 1e6,
            "GB" => 1e9,
            "KiB" => 1024.0,
            "MiB" => 1_048_576.0,
            "GiB" => 1_073_741_824.0,
            _ => return Err(wrong()),
        };
        let all = number * factor;
        if all > 1e15 { Err(wrong()) } else { Ok(Bytes(all.round() as usize)) }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        let units = [(86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "m"), (1_000_000, "s")];
        for (factor, unit) in units.into_iter().chain([(1_000, "ms")]) {
            if micros > 0 && micros.is_multiple_of(factor) {
                return write!(f, "{}{unit}", micros / factor);
            }
        }
        if micros == 0 { f.write_str("0s") } else { write!(f, "{micros}us") }
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(1 << 30, "GiB"), (1_000_000_000, "GB"), (1 << 20, "MiB"), (1_000_000, "MB")];
        for (factor, unit) in units.into_iter().chain([(1 << 10, "KiB"), (1_000, "kB")]) {
            if self.0 > 0 && self.0.is_multiple_of(factor) {
                return write!(f, "{}{unit}", self.0 / factor);
            }
        }
        write!(f, "{}B", self.0)
    }
}

struct Text<T>(&'static str, std::marker::PhantomData<T>);

impl<T: FromStr<Err = UnitError>> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Text("a length of time such as \"2s\"", std::marker::PhantomData))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Text("a size such as \"64KiB\"", std::marker::PhantomData))
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl JsonSchema for Period {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^[0-9.]+ ?(us|µs|ms|s|m|min|h|d)$" })
    }
}

impl JsonSchema for Bytes {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Bytes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^[0-9.]+ ?(B|kB|KB|MB|GB|KiB|MiB|GiB)?$" })
    }
}

/// Something that a site file may write as a bare string or as a table: deserialises `T` from the table,
/// and from the string by `of`.
pub(crate) fn string_or_table<'de, D, T>(
    from: D,
    expecting: &'static str,
    of: fn(&str) -> Result<T, String>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Either<T>(&'static str, fn(&str) -> Result<T, String>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
            (self.1)(text).map_err(E::custom)
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(serde::de::value::MapAccessDeserializer::new(map))
        }
    }

    from.deserialize_any(Either(expecting, of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_as_people_write_them() {
        for (text, micros) in
            [("200ms", 200_000), ("2s", 2_000_000), ("1.5 s", 1_500_000), ("10m", 600_000_000), ("0s", 0)]
        {
            assert_eq!(text.parse(), Ok(Period(Duration::from_micros(micros))), "{text}");
        }
        for text in ["", "2", "s", "2 parsecs", "-1s", "1.2.3s", "9999999999d"] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_as_people_write_them() {
        for (text, bytes) in [("64KiB", 65_536), ("70MB", 70_000_000), ("500", 500), ("1.5 MiB", 1_572_864)] {
            assert_eq!(text.parse(), Ok(Bytes(bytes)), "{text}");
        }
        assert!("1 TB of it".parse::<Bytes>().is_err());
    }

    #[test]
    fn quantities_print_as_they_are_read() {
        for text in ["200ms", "2s", "10m", "7d", "0s", "15us"] {
            assert_eq!(text.parse::<Period>().unwrap().to_string(), text);
        }
        for text in ["64KiB", "70MB", "1GiB", "17B"] {
            assert_eq!(text.parse::<Bytes>().unwrap().to_string(), text);
        }
    }
}
