//! What the API takes is what its description says: our own look at what is sent, held against an
//! implementation of all of JSON Schema.

#![allow(clippy::unwrap_used, reason = "tests")]

use klinke_console::api::{calls, check, document};
use serde_json::{Value, json};

/// Values of all kinds, at and beyond the limits that descriptions set.
fn values() -> Vec<Value> {
    let mut all = vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(1),
        json!(1000),
        json!(1001),
        json!(1.5),
        json!(1.0),
        json!(10_000),
        json!(10_001),
        json!(9_007_199_254_740_991_u64),
        json!(""),
        json!("de"),
        json!("dead"),
        json!("revive"),
        json!("oidc"),
        json!("open-payload"),
        json!("2026-11-29T02:07:00Z"),
        json!("TVNI"),
        json!([]),
        json!([1]),
        json!([1, 1]),
        json!([0]),
        json!(["viewer"]),
        json!("ours"),
        json!(["viewer", "viewer"]),
        json!([""]),
        json!({}),
        json!({ "a": 1 }),
        json!({ "share": 1 }),
    ];
    all.extend([64, 65, 80, 81, 100, 101, 200, 201, 500, 501].map(|length| json!("ä".repeat(length))));
    all.push(json!(vec![1; 101]));
    all
}

#[test]
fn our_look_at_what_is_sent_is_that_of_json_schema() {
    let mut looked = (0, 0);
    for call in calls::all() {
        let whole = jsonschema::draft202012::new(&call.input).unwrap();
        let names: Vec<&String> = call.fields().map(|(name, _)| name).collect();
        let good: serde_json::Map<String, Value> = call
            .fields()
            .filter_map(|(name, schema)| {
                let one = jsonschema::draft202012::new(schema).unwrap();
                Some((name.clone(), values().into_iter().find(|value| one.is_valid(value))?))
            })
            .collect();
        assert_eq!(good.len(), names.len(), "{}: there is a good value of each field", call.name);
        let mut tried =
            vec![Value::Object(good.clone()), json!({}), json!([]), json!("x"), json!({ "other": 1 })];
        for name in &names {
            let mut without = good.clone();
            without.remove(*name);
            tried.push(Value::Object(without));
            for value in values() {
                let mut with = good.clone();
                with.insert((*name).clone(), value);
                tried.push(Value::Object(with));
            }
        }
        for value in tried {
            let (ours, theirs) = (check::check(&call.input, &value), whole.is_valid(&value));
            assert_eq!(ours.is_ok(), theirs, "{}: {value} {ours:?} {}", call.name, call.input);
            if theirs { looked.0 += 1 } else { looked.1 += 1 }
        }
    }
    assert!(looked.0 > 200 && looked.1 > 1_000, "{looked:?}");
}

#[test]
fn the_document_describes_each_call_whole() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    for call in calls::all() {
        let operation = &document["paths"][format!("/api/v1{}", call.path)][call.method.word()];
        assert_eq!(operation["operationId"], call.name);
        let described = operation["parameters"].as_array().unwrap().iter();
        assert!(
            described.clone().all(|one| one["description"].as_str().is_some_and(|text| !text.is_empty())),
            "{operation}"
        );
        let body =
            operation["requestBody"]["content"]["application/json"]["schema"]["properties"].as_object();
        let count = described.count() - 1 + body.map_or(0, |body| body.len());
        assert_eq!(count, call.fields().count(), "{}", call.name);
        assert_eq!(call.input["additionalProperties"], false, "{}", call.name);
    }
    // References lead somewhere.
    let text = document.to_string();
    for part in text.split("\"$ref\":\"#").skip(1) {
        let place = part.split('"').next().unwrap();
        assert!(document.pointer(place).is_some(), "{place}");
    }
    assert!(!text.contains("$defs"), "definitions stand among the components");
}
