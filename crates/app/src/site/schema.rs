//! JSON Schemas of the site's files, for editors that complete and check TOML.

use std::path::Path;

use klinke_diagnosis::dialect::Dialect;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings, schema_for};
use serde_json::{Value, json};

use super::adapters::Side;
use super::definitions::Definitions;
use super::{Alerts, Channel, Migration, Node, System};

/// The schemas by file name.
pub fn all() -> Vec<(&'static str, Value)> {
    let source = (Side::Source, &["$defs", "Source", "properties"][..]);
    let destination = (Side::Destination, &["$defs", "Destination", "properties"][..]);
    let channel = with_adapters::<Channel>(&[source, destination]);
    let mut system = with_adapters::<System>(&[(Side::Destination, &["properties"])]);
    let definitions = system.as_object_mut().and_then(|system| system.remove("$defs"));
    let systems = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "systems.toml",
        "type": "object",
        "additionalProperties": system,
        "$defs": definitions.unwrap_or_default(),
    });
    vec![
        ("klinke.schema.json", schema_for!(Node).to_value()),
        ("systems.schema.json", systems),
        ("alerts.schema.json", schema_for!(Alerts).to_value()),
        ("channel.schema.json", channel),
        ("definitions.schema.json", schema_for!(Definitions).to_value()),
        ("dialect.schema.json", schema_for!(Dialect).to_value()),
        ("migration.schema.json", schema_for!(Migration).to_value()),
    ]
}

/// A schema with a property for each adapter at these places. One generator makes all of it: it keeps
/// definitions of one name apart.
fn with_adapters<T: JsonSchema>(places: &[(Side, &[&str])]) -> Value {
    let mut generator: SchemaGenerator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.root_schema_for::<T>().to_value();
    for (side, place) in places {
        add_adapters(&mut schema, place, *side, &mut generator);
    }
    for (name, definition) in generator.take_definitions(true) {
        // What was there before has its adapters now.
        let is_there = schema["$defs"].as_object().is_some_and(|known| known.contains_key(&name));
        if !is_there {
            schema["$defs"][name] = definition;
        }
    }
    schema
}

fn add_adapters(schema: &mut Value, place: &[&str], side: Side, generator: &mut SchemaGenerator) {
    for adapter in side.adapters() {
        let settings = match side {
            Side::Source => adapter.source.map(|kind| (kind.schema)(generator)),
            Side::Destination => adapter.destination.map(|kind| (kind.schema)(generator)),
        };
        let Some(mut settings) = settings.map(|schema| schema.to_value()) else { continue };
        if let Some(object) = settings.as_object_mut() {
            object.entry("description").or_insert_with(|| adapter.about.into());
        }
        let properties = place.iter().fold(&mut *schema, |value, key| &mut value[*key]);
        properties[adapter.name] = settings;
    }
}

/// Writes them into a folder.
pub fn write(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (name, schema) in all() {
        std::fs::write(folder.join(name), format!("{schema:#}\n"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_adapter_and_every_reference_is_there() {
        for (name, schema) in all() {
            let text = schema.to_string();
            for reference in text.split("\"#/$defs/").skip(1) {
                let definition = reference.split('"').next().unwrap_or_default();
                assert!(schema["$defs"].get(definition).is_some(), "{name}: {definition}");
            }
        }
        let channel = &all()[3].1;
        assert!(channel["$defs"]["Source"]["properties"]["mllp"].is_object());
        assert!(channel["$defs"]["Destination"]["properties"]["file"].is_object());
    }

    #[test]
    fn definitions_of_one_name_are_kept_apart() {
        let channel = &all()[3].1;
        let limits = channel["properties"]["limits"]["$ref"].as_str().unwrap_or_default();
        let limits = channel.pointer(&limits[1..]).expect("the channel's limits");
        assert!(limits["properties"]["waiting"].is_object() && limits["properties"]["frame"].is_null());
        let text = channel.to_string();
        // The channel's and the listeners' limits; the order of files and that of bytes.
        for key in ["\"waiting\":{", "\"first_byte\":{", "\"time\"", "\"little\""] {
            assert!(text.contains(key), "{key}");
        }
    }
}
