//! The tables of the conformance statement (PS3.2): what the code says of itself, as Markdown.
//!
//! `cargo xtask conformance` puts them into `docs/dicom-conformance.md`. Nothing here is written twice: SOP classes, transfer
//! syntaxes, attributes and settings are those that associations are negotiated and questions answered with.

use std::fmt::Write as _;

use klinke_archive::Level;
use klinke_archive::worklist;
use klinke_dimse::association::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, Settings};
use klinke_dimse::dictionary;
use klinke_dimse::message::Status;
use klinke_dimse::pixel::{self, Coding};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{Tag, uids};

use super::scp;

/// A table, named as the document names its place.
pub type Table = (&'static str, fn() -> String);

/// All tables.
pub const TABLES: &[Table] = &[
    ("services", services),
    ("transfer-syntaxes", transfer_syntaxes),
    ("storage-classes", storage_classes),
    ("association", association),
    ("query-keys", query_keys),
    ("worklist-keys", worklist_keys),
    ("statuses", statuses),
];

/// What of a service is offered, and in which role.
fn services() -> String {
    let mut out = String::from("| SOP class | UID | user (SCU) | provider (SCP) |\n|---|---|---|---|\n");
    let mut row = |uid: &str, user: bool, provider: bool| {
        let said = |yes: bool| if yes { "yes" } else { "no" };
        let _ = writeln!(out, "| {} | {uid} | {} | {} |", name(uid), said(user), said(provider));
    };
    row(uids::VERIFICATION, true, true);
    for list in [scp::FIND, scp::MOVE, scp::GET] {
        // The model that is retired is asked for by old workstations; we ask nobody for it.
        list.iter().for_each(|uid| row(uid, !name(uid).ends_with("(Retired)"), true));
    }
    for uid in [
        uids::MODALITY_WORKLIST_INFORMATION_MODEL_FIND,
        uids::MODALITY_PERFORMED_PROCEDURE_STEP,
        uids::STORAGE_COMMITMENT_PUSH_MODEL,
        uids::INSTANCE_AVAILABILITY_NOTIFICATION,
    ] {
        row(uid, true, true);
    }
    row(uids::MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE, false, true);
    out
}

fn name(uid: &str) -> &'static str {
    dictionary::class_name(uid).unwrap_or_default()
}

/// All transfer syntaxes of the registry, and what is done with each.
fn transfer_syntaxes() -> String {
    let mut out =
        String::from("| transfer syntax | UID | kept | decoded | encoded |\n|---|---|---|---|---|\n");
    for syntax in TransferSyntax::all() {
        let said = |yes: bool| if yes { "yes" } else { "" };
        let (decoded, encoded) = (Coding::of(syntax.uid()).is_some(), pixel::is_encodable(syntax.uid()));
        let _ = writeln!(
            out,
            "| {} | {} | yes | {} | {} |",
            syntax.name(),
            syntax.uid(),
            said(decoded),
            said(encoded)
        );
    }
    out
}

/// The classes that are asked for by name in C-GET, where a provider may send only what was proposed.
fn storage_classes() -> String {
    let mut out = String::from("| SOP class | UID |\n|---|---|\n");
    for uid in super::scu::get::STORAGE {
        let _ = writeln!(out, "| {} | {uid} |", name(uid));
    }
    out
}

/// Lengths and times of associations where the site says nothing else.
fn association() -> String {
    let settings = Settings::default();
    let seconds = |time: Option<std::time::Duration>| {
        time.map_or("not watched".to_owned(), |time| format!("{} s", time.as_secs()))
    };
    let rows = [
        ("Implementation Class UID", IMPLEMENTATION_CLASS_UID.to_owned()),
        ("Implementation Version Name", IMPLEMENTATION_VERSION_NAME.to_owned()),
        ("Maximum Length that is told", format!("{} bytes", settings.maximum_length)),
        ("longest P-DATA-TF that is sent", format!("{} bytes", settings.sent_length_max)),
        ("ARTIM timer", seconds(Some(settings.artim))),
        ("answer to A-ASSOCIATE-RQ and A-RELEASE-RQ", seconds(settings.answer_timeout)),
        ("silence within a PDU or message", seconds(settings.receive_timeout)),
        ("answer to an operation", seconds(settings.response_timeout)),
        ("idle association", seconds(settings.idle_timeout)),
        ("bytes that the peer does not take", seconds(settings.send_timeout)),
    ];
    let mut out = String::from("| what | value |\n|---|---|\n");
    rows.iter().for_each(|(what, value)| {
        let _ = writeln!(out, "| {what} | {value} |");
    });
    out
}

/// The attributes by which instances are found, and that are returned.
fn query_keys() -> String {
    let mut out = String::from("| level | attribute | tag |\n|---|---|---|\n");
    for level in Level::ALL {
        level.attributes().iter().for_each(|tag| attribute(&mut out, level.name(), *tag));
    }
    out
}

/// The attributes by which steps of the worklist are found.
fn worklist_keys() -> String {
    let mut out = String::from("| where | attribute | tag |\n|---|---|---|\n");
    worklist::KEYS.iter().for_each(|tag| attribute(&mut out, "order", *tag));
    worklist::STEP_KEYS.iter().for_each(|tag| attribute(&mut out, "step", *tag));
    out
}

fn attribute(out: &mut String, place: &str, tag: Tag) {
    let name = dictionary::keyword(tag).unwrap_or("(retired)");
    let _ = writeln!(out, "| {place} | {name} | ({:04X},{:04X}) |", tag.0, tag.1);
}

/// What answers mean.
fn statuses() -> String {
    let mut out = String::from("| status | class | meaning |\n|---|---|---|\n");
    for (status, text) in Status::all() {
        let class = format!("{:?}", status.class());
        let _ = writeln!(out, "| {:04X}H | {class} | {text} |", status.code());
    }
    out
}
