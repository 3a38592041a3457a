//! JSON Schemas of the site's files, for editors that complete and check TOML.

use std::path::Path;

use schemars::{SchemaGenerator, generate::SchemaSettings, schema_for};
use serde_json::{Value, json};

use super::adapters::Side;
use super::definitions::Definitions;
use super::{Channel, Node, System};

/// The schemas by file name.
pub fn all() -> Vec<(&'static str, Value)> {
    let mut channel = schema_for!(Channel).to_value();
    for (definition, side) in [("Source", Side::Source), ("Destination", Side::Destination)] {
        add_adapters(&mut channel, &["$defs", definition, "properties"], side);
    }
    let mut system = schema_for!(System).to_value();
    add_adapters(&mut system, &["properties"], Side::Destination);
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
        ("channel.schema.json", channel),
        ("definitions.schema.json", schema_for!(Definitions).to_value()),
    ]
}

/// Adds a property for each adapter, and the definitions that its schema refers to.
fn add_adapters(schema: &mut Value, place: &[&str], side: Side) {
    let mut generator: SchemaGenerator = SchemaSettings::draft2020_12().into_generator();
    for adapter in side.adapters() {
        let settings = match side {
            Side::Source => adapter.source.map(|kind| (kind.schema)(&mut generator)),
            Side::Destination => adapter.destination.map(|kind| (kind.schema)(&mut generator)),
        };
        let Some(mut settings) = settings.map(|schema| schema.to_value()) else { continue };
        if let Some(object) = settings.as_object_mut() {
            object.entry("description").or_insert_with(|| adapter.about.into());
        }
        let properties = place.iter().fold(&mut *schema, |value, key| &mut value[*key]);
        properties[adapter.name] = settings;
    }
    for (name, definition) in generator.take_definitions(true) {
        schema["$defs"][name] = definition;
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
        let channel = &all()[2].1;
        assert!(channel["$defs"]["Source"]["properties"]["mllp"].is_object());
        assert!(channel["$defs"]["Destination"]["properties"]["file"].is_object());
    }
}
