//! Holds what somebody sends against the description of what may be sent, before anything else looks at it: so
//! what the description says is what is taken. Knows the part of JSON Schema (2020-12) that the descriptions of
//! our inputs use; a test holds it against an implementation of all of it.
//!
//! Errors name the place and what is asked for there, never what was sent.

use serde_json::Value;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The place as a JSON pointer; empty for the whole.
    pub place: String,
    /// What is asked for.
    pub wanted: String,
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = if self.place.is_empty() { "what was sent" } else { &self.place };
        write!(f, "{place}: {}", self.wanted)
    }
}

/// An error where a value is not as its schema describes it.
pub fn check(schema: &Value, value: &Value) -> Result<(), Wrong> {
    at(schema, value, "")
}

fn at(schema: &Value, value: &Value, place: &str) -> Result<(), Wrong> {
    let Some(schema) = schema.as_object() else { return Ok(()) };
    let wrong = |wanted: String| Err(Wrong { place: place.to_owned(), wanted });
    if let Some(kind) = schema.get("type").and_then(Value::as_str)
        && !is(kind, value)
    {
        return wrong(format!("must be {kind}"));
    }
    let is_known = |all: &Vec<Value>| all.contains(value);
    if let Some(all) = schema.get("enum").and_then(Value::as_array).filter(|all| !is_known(all)) {
        let words: Vec<String> = all.iter().map(ToString::to_string).collect();
        return wrong(format!("must be one of {}", words.join(", ")));
    }
    if let Some(one) = schema.get("const").filter(|one| *one != value) {
        return wrong(format!("must be {one}"));
    }
    if let Some(all) = schema.get("oneOf").and_then(Value::as_array)
        && !all.iter().any(|one| at(one, value, place).is_ok())
    {
        let words: Vec<String> = all.iter().filter_map(|one| Some(one.get("const")?.to_string())).collect();
        return wrong(format!("must be one of {}", words.join(", ")));
    }
    bounds(schema, value).map_or(Ok(()), wrong)?;
    members(schema, value, place)
}

type Schema = serde_json::Map<String, Value>;

/// What is asked for and not kept, of numbers and lengths.
fn bounds(schema: &Schema, value: &Value) -> Option<String> {
    let limit = |name: &str| schema.get(name).and_then(Value::as_f64);
    let length = match value {
        Value::String(text) => Some(("minLength", "maxLength", "characters", text.chars().count())),
        Value::Array(all) => Some(("minItems", "maxItems", "entries", all.len())),
        _ => None,
    };
    if let Some((least, most, what, length)) = length {
        let length = length as f64;
        if let Some(least) = limit(least).filter(|least| length < *least) {
            return Some(format!("must have {least} {what} at least"));
        }
        if let Some(most) = limit(most).filter(|most| length > *most) {
            return Some(format!("must have {most} {what} at most"));
        }
    }
    let number = value.as_f64()?;
    if let Some(least) = limit("minimum").filter(|least| number < *least) {
        return Some(format!("must be {least} at least"));
    }
    let most = limit("maximum").filter(|most| number > *most)?;
    Some(format!("must be {most} at most"))
}

fn members(schema: &Schema, value: &Value, place: &str) -> Result<(), Wrong> {
    if let (Some(items), Some(all)) = (schema.get("items"), value.as_array()) {
        for (number, one) in all.iter().enumerate() {
            at(items, one, &format!("{place}/{number}"))?;
        }
        let is_unique = schema.get("uniqueItems") == Some(&Value::Bool(true));
        if is_unique && all.iter().enumerate().any(|(number, one)| all[..number].contains(one)) {
            return Err(Wrong { place: place.to_owned(), wanted: "must not have an entry twice".to_owned() });
        }
    }
    let Some(object) = value.as_object() else { return Ok(()) };
    let mut required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    let absent = required.find_map(|name| name.as_str().filter(|name| !object.contains_key(*name)));
    if let Some(name) = absent {
        return Err(Wrong { place: format!("{place}/{name}"), wanted: "is missing".to_owned() });
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    let is_closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
    for (name, one) in object {
        match properties.and_then(|properties| properties.get(name)) {
            Some(property) => at(property, one, &format!("{place}/{name}"))?,
            // The name is what somebody sent: it is not repeated.
            None if is_closed => {
                return Err(Wrong {
                    place: place.to_owned(),
                    wanted: "has a field that is not known".to_owned(),
                });
            }
            None => {}
        }
    }
    Ok(())
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        // 1.0 is an integer to JSON Schema.
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|one| one.fract() == 0.0),
        _ => true,
    }
}
