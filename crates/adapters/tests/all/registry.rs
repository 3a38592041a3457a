//! The list of adapters.

use std::path::Path;

use klinke_adapters::{ALL, Surroundings, adapter};
use schemars::SchemaGenerator;
use serde_json::json;

fn site() -> Surroundings<'static> {
    Surroundings { folder: Path::new("/site"), channel: "adt", archive: None }
}

#[test]
fn every_adapter_is_found_by_its_name() {
    for one in ALL {
        assert_eq!(adapter(one.name).unwrap().about, one.about);
        assert!(one.source.is_some() || one.destination.is_some());
    }
    assert!(adapter("fax").is_none());
}

#[tokio::test]
async fn the_site_of_the_first_ten_minutes_can_be_made() {
    let mllp = adapter("mllp").unwrap();
    let settings = json!({ "listen": "127.0.0.1:6661", "from": "kis" });
    let made = (mllp.source.unwrap().make)(settings, &site()).unwrap();
    assert_eq!(made.from.as_deref(), Some("kis"));
    let made = (mllp.destination.unwrap().make)(json!("127.0.0.1:6662"), &site()).unwrap();
    assert_eq!((made.destination.address(), made.connections), ("127.0.0.1:6662".to_owned(), 1));
    let made = (adapter("file").unwrap().destination.unwrap().make)(json!("out"), &site()).unwrap();
    assert_eq!(made.destination.address(), "/site/out");
}

#[test]
fn an_unknown_key_names_those_that_there_are() {
    for (name, settings) in [
        ("mllp", json!({ "lisen": "6661" })),
        ("tcp", json!({ "listen": "6661", "framing": { "lines": "lf" } })),
        ("http", json!({ "listen": "6661", "limits": { "frames": "1MB" } })),
        ("file", json!({ "folder": "in", "paterns": "*" })),
        ("timer", json!({ "evry": "1h" })),
    ] {
        let error = (adapter(name).unwrap().source.unwrap().make)(settings, &site()).unwrap_err().to_string();
        assert!(error.contains("unknown field") && error.contains("expected"), "{name}: {error}");
    }
}

/// Every field of every setting says what it is and since when it is there.
#[test]
fn every_setting_is_documented() {
    let mut generator = SchemaGenerator::default();
    let mut all = Vec::new();
    for one in ALL {
        let kinds = [one.source.map(|kind| kind.schema), one.destination.map(|kind| kind.schema)];
        for schema in kinds.into_iter().flatten() {
            all.push(schema(&mut generator).to_value());
        }
    }
    all.extend(generator.take_definitions(true).into_iter().map(|(_, schema)| schema));
    let mut fields = 0;
    while let Some(value) = all.pop() {
        if let Some(properties) = value.get("properties").and_then(|all| all.as_object()) {
            for (name, property) in properties {
                // A secret's one field is told by the type itself.
                let text = property["description"].as_str().unwrap_or_default();
                assert!(text.contains("Since 0.") || name == "file", "{name}: {text:?}");
                fields += 1;
            }
        }
        match value {
            serde_json::Value::Object(map) => all.extend(map.into_iter().map(|(_, value)| value)),
            serde_json::Value::Array(list) => all.extend(list),
            _ => {}
        }
    }
    assert!(fields > 80, "{fields} fields were looked at");
}
