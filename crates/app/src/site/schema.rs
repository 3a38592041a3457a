//! JSON Schemas of the site's files, for editors that complete and check TOML.

use std::path::Path;

use schemars::schema_for;

use super::{Channel, Node, System};

/// The schemas by file name.
pub fn all() -> Vec<(&'static str, serde_json::Value)> {
    let systems = serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "systems.toml",
        "type": "object",
        "additionalProperties": schema_for!(System).to_value(),
    });
    vec![
        ("klinke.schema.json", schema_for!(Node).to_value()),
        ("systems.schema.json", systems),
        ("channel.schema.json", schema_for!(Channel).to_value()),
    ]
}

/// Writes them into a folder.
pub fn write(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (name, schema) in all() {
        std::fs::write(folder.join(name), format!("{schema:#}\n"))?;
    }
    Ok(())
}
