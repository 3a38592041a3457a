//! What the program is made of besides our own code: licences, sources, known vulnerabilities, and the list
//! itself (a bill of materials after CycloneDX 1.6, ECMA-424).
//!
//! `cargo xtask dependencies [--bill FILE] [--advisories DIR]`. The advisories are those of RustSec; DIR is
//! a clone of <https://github.com/rustsec/advisory-db>. Without it vulnerabilities are not looked at, which
//! the task says.

mod advisories;
mod bill;
mod licences;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::Outcome;

/// The package that is shipped.
const SHIPPED: &str = "klinke-app";

/// Runs the task.
pub fn run(arguments: &[String]) -> Result<Outcome> {
    let option = |name: &str| -> Result<Option<PathBuf>> {
        let at = arguments.iter().position(|argument| argument == name);
        at.map(|at| arguments.get(at + 1).map(PathBuf::from).with_context(|| format!("{name} needs a path")))
            .transpose()
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let graph = Graph::read(&root)?;
    let mut faults = licences::faults(&graph);
    faults.extend(sources(&graph));
    println!("{} packages: licences and sources looked at", graph.packages.len());
    if let Some(file) = option("--bill")? {
        let text = serde_json::to_string_pretty(&bill::of(&graph, &root)?)?;
        std::fs::write(&file, text + "\n").with_context(|| file.display().to_string())?;
        println!("wrote {}", file.display());
    }
    match option("--advisories")? {
        Some(folder) => faults.extend(advisories::faults(&folder, &root.join("Cargo.lock"))?),
        None => println!("known vulnerabilities NOT looked at: --advisories names no database"),
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(Outcome::Done)
}

/// All packages, and who needs whom.
struct Graph {
    packages: Vec<Value>,
    /// A package's id with the ids of those that it needs to run or to be built; not those of its tests.
    needs: Vec<(String, Vec<String>)>,
}

impl Graph {
    /// As cargo tells, from the lock file.
    fn read(root: &Path) -> Result<Graph> {
        let mut cargo = Command::new(env!("CARGO"));
        let output =
            cargo.current_dir(root).args(["metadata", "--format-version", "1", "--locked"]).output()?;
        if !output.status.success() {
            bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        }
        let mut told: Value = serde_json::from_slice(&output.stdout)?;
        let nodes = told["resolve"]["nodes"].as_array().context("cargo metadata tells no graph")?;
        let needs = nodes.iter().map(|node| (text(&node["id"]), needed(node))).collect();
        let Value::Array(packages) = told["packages"].take() else {
            bail!("cargo metadata tells no packages")
        };
        Ok(Graph { packages, needs })
    }

    /// The packages that the shipped program is made of, itself first.
    fn shipped(&self) -> Vec<&Value> {
        let first = self.packages.iter().find(|package| package["name"] == SHIPPED);
        let mut found: Vec<&Value> = first.into_iter().collect();
        let mut at = 0;
        while let Some(package) = found.get(at) {
            for id in self.needed_by(&text(&package["id"])) {
                let next = self.packages.iter().find(|package| package["id"] == id.as_str());
                found.extend(next.filter(|next| !found.iter().any(|known| known["id"] == next["id"])));
            }
            at += 1;
        }
        found
    }

    fn needed_by(&self, id: &str) -> &[String] {
        self.needs.iter().find(|(one, _)| one == id).map_or(&[], |(_, needs)| needs)
    }
}

/// What a node needs apart from its tests.
fn needed(node: &Value) -> Vec<String> {
    let is_shipped = |need: &&Value| {
        let kinds = need["dep_kinds"].as_array().into_iter().flatten();
        kinds.into_iter().any(|kind| kind["kind"] != "dev")
    };
    let needs = node["deps"].as_array().into_iter().flatten().filter(is_shipped);
    needs.map(|need| text(&need["pkg"])).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A package as people call it.
fn name(package: &Value) -> String {
    format!("{} {}", text(&package["name"]), text(&package["version"]))
}

/// Whatever comes from elsewhere than the registry.
fn sources(graph: &Graph) -> Vec<String> {
    let strange = graph.packages.iter().filter_map(|package| {
        let source = package["source"].as_str()?;
        let known = source == "registry+https://github.com/rust-lang/crates.io-index";
        (!known).then(|| format!("{} does not come from crates.io but from {source}", name(package)))
    });
    strange.collect()
}
