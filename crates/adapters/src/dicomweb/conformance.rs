//! Tables of the conformance statement (PS3.2) about DICOMweb: what the code says of itself, as Markdown.
//!
//! `cargo xtask conformance` puts them into `docs/dicom-conformance.md`, beside those of the application entity.

use std::fmt::Write as _;

use klinke_archive::workitem::{End, Form, Need, RULES, Rule};
use klinke_dimse::{Tag, dictionary};

use super::capabilities::ROWS;

/// A table, named as the document names its place.
pub type Table = (&'static str, fn() -> String);

/// All tables.
pub const TABLES: &[Table] = &[("web-resources", resources), ("workitem-rules", workitem_rules)];

/// What is served: one row a resource.
fn resources() -> String {
    let mut out = String::from("| resource | methods |\n|---|---|\n");
    let mut paths: Vec<&str> = ROWS.iter().map(|(path, ..)| *path).collect();
    paths.dedup();
    for path in paths {
        let methods: Vec<&str> =
            ROWS.iter().filter(|(one, ..)| *one == path).map(|(_, method, _)| *method).collect();
        let _ = writeln!(out, "| `/{path}` | {} |", methods.join(", "));
    }
    out
}

/// What is asked of a workitem.
fn workitem_rules() -> String {
    let mut out =
        String::from("| attribute | tag | create | update | final state |\n|---|---|---|---|---|\n");
    rules(&mut out, RULES, 0);
    out
}

fn rules(out: &mut String, all: &[Rule], depth: usize) {
    let need = |need| match need {
        Need::Value => "1",
        Need::Place => "2",
        Need::ValueIfThere => "3, not emptied",
        Need::Nothing => "3",
        Need::Absent => "not told",
    };
    for rule in all {
        let end = match rule.end {
            End::Neither => "",
            End::Both => "COMPLETED, CANCELED",
            End::Completed => "COMPLETED",
            End::Canceled => "CANCELED",
        };
        let (name, Tag(group, element)) = (dictionary::keyword(rule.tag).unwrap_or_default(), rule.tag);
        let (deep, create, set) = (">".repeat(depth), need(rule.create), need(rule.set));
        let _ = writeln!(out, "| {deep}{name} | ({group:04X},{element:04X}) | {create} | {set} | {end} |");
        if let Form::Items(inner) | Form::Item(inner) = rule.form {
            rules(out, inner, depth + 1);
        }
    }
}
