//! The description of the API as OpenAPI 3.1, made from the same types and the same list that answer.

use schemars::SchemaGenerator;
use schemars::generate::{Contract, SchemaSettings};
use serde_json::{Map, Value, json};

use super::call::{Call, Method};
use super::problem::Problem;
use super::{BASE, calls};

/// The whole document.
pub fn document() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.contract = Contract::Serialize;
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let problem = generator.subschema_for::<Problem>().to_value();
    let mut paths: Map<String, Value> = Map::new();
    for call in calls::all() {
        let path = paths.entry(format!("{BASE}{}", call.path)).or_insert_with(|| json!({}));
        path[call.method.word()] = operation(call, &mut generator, &problem);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Klinke",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What the console's pages do, for programs. Times are RFC 3339 in UTC; payloads are base64. \
                Problems are RFC 9457. Whoever opens messages leaves entries in the audit log.",
        },
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": { "token": {
                "type": "http", "scheme": "bearer",
                "description": "A token of an account: made on the page of one's account, for chosen rights.",
            } },
        },
    })
}

fn operation(call: &Call, generator: &mut SchemaGenerator, problem: &Value) -> Value {
    let answer = (call.answer)(generator).to_value();
    let problem = json!({
        "description": "Why there is no answer.",
        "content": { "application/problem+json": { "schema": problem } },
    });
    let mut operation = json!({
        "operationId": call.name,
        "summary": call.about,
        "description": format!("Needs the right `{}`.", call.right.name()),
        "tags": [call.path.split('/').nth(1).unwrap_or_default()],
        "parameters": parameters(call),
        "responses": {
            "200": { "description": "As asked.", "content": { "application/json": { "schema": answer } } },
            "401": {
                "description": "No token that is good: one small text, whatever was asked.",
                "content": { "text/plain": { "schema": { "type": "string" } } },
            },
            "default": problem,
        },
    });
    if let Some(body) = body(call) {
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": body } } });
    }
    operation
}

fn parameters(call: &Call) -> Vec<Value> {
    let in_path: Vec<&str> = call.in_path().collect();
    let in_body = call.in_body();
    let is_required =
        |name: &str| call.input["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let own = call.fields().filter(|(name, _)| !in_body.contains(&name.as_str()));
    let mut all: Vec<Value> = own
        .map(|(name, schema)| {
            let (at, is_path) = match in_path.contains(&name.as_str()) {
                true => ("path", true),
                false => ("query", false),
            };
            let mut schema = schema.clone();
            let about = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            json!({
                "name": name, "in": at, "required": is_path || is_required(name),
                "description": about.unwrap_or_default(), "schema": schema,
            })
        })
        .collect();
    all.sort_by_key(|one| (one["in"] != "path", one["name"].to_string()));
    all.push(json!({
        "name": "X-Purpose", "in": "header", "required": false, "schema": { "type": "string" },
        "description": "What messages are opened for; needed where the role asks for it.",
    }));
    all
}

/// The schema of a body: the call's own without what stands in the path.
fn body(call: &Call) -> Option<Value> {
    if call.in_body().is_empty() || !matches!(call.method, Method::Post | Method::Put) {
        return None;
    }
    let mut schema = call.input.clone();
    for name in call.in_path() {
        if let Some(properties) = schema["properties"].as_object_mut() {
            properties.remove(name);
        }
        if let Some(required) = schema["required"].as_array_mut() {
            required.retain(|one| one != name);
        }
    }
    Some(schema)
}
