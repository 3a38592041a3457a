//! The bill of materials: CycloneDX 1.6 (ECMA-424), as JSON. The same lock file gives the same bytes: no
//! time and no serial number is in it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{Graph, text};

/// Of what the shipped program is made.
pub fn of(graph: &Graph, root: &Path) -> Result<Value> {
    let shipped = graph.shipped();
    let (own, others) = shipped.split_first().context("the program is not among the packages")?;
    let sums = checksums(root)?;
    let mut components: Vec<Value> =
        others.iter().map(|package| component(package, "library", &sums)).collect();
    components.sort_by_key(|component| text(&component["bom-ref"]));
    let mut needs: Vec<Value> = shipped
        .iter()
        .map(|package| {
            let mut on: Vec<String> = graph
                .needed_by(&text(&package["id"]))
                .iter()
                .filter_map(|id| shipped.iter().find(|one| one["id"] == id.as_str()))
                .map(|one| reference(one))
                .collect();
            on.sort();
            json!({ "ref": reference(package), "dependsOn": on })
        })
        .collect();
    needs.sort_by_key(|one| text(&one["ref"]));
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": component(own, "application", &sums) },
        "components": components,
        "dependencies": needs,
    }))
}

/// Package URL, <https://github.com/package-url/purl-spec>, type `cargo`.
fn reference(package: &Value) -> String {
    format!("pkg:cargo/{}@{}", text(&package["name"]), text(&package["version"]).replace('+', "%2B"))
}

fn component(package: &Value, kind: &str, sums: &BTreeMap<(String, String), String>) -> Value {
    let (name, version) = (text(&package["name"]), text(&package["version"]));
    let mut component = json!({
        "type": kind, "bom-ref": reference(package), "name": name, "version": version,
        "purl": reference(package),
    });
    if let Some(licence) = package["license"].as_str() {
        component["licenses"] = json!([{ "expression": licence.replace('/', " OR ") }]);
    }
    if let Some(about) = package["description"].as_str() {
        component["description"] = json!(about.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    if let Some(sum) = sums.get(&(name, version)) {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
    }
    if let Some(url) = package["repository"].as_str() {
        component["externalReferences"] = json!([{ "type": "vcs", "url": url }]);
    }
    component
}

/// The SHA-256 of each package, as the lock file has it.
fn checksums(root: &Path) -> Result<BTreeMap<(String, String), String>> {
    let lock = rustsec::cargo_lock::Lockfile::load(root.join("Cargo.lock"))?;
    let sum = |package: rustsec::cargo_lock::Package| {
        let sum = package.checksum?.to_string();
        Some(((package.name.to_string(), package.version.to_string()), sum))
    };
    Ok(lock.packages.into_iter().filter_map(sum).collect())
}
