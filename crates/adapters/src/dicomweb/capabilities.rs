//! What is served, for machines (PS3.18, section 8.9): a description in WADL, or the same in JSON.

use std::fmt::Write as _;

use hyper::StatusCode;
use hyper::header;

use super::answer::{self, Answer, with};
use super::fault::{Fault, Result};
use super::web::{Asked, METHODS};

/// Path, method, and media types of the answer.
pub(super) type Row = (&'static str, &'static str, &'static [&'static str]);

const SETS: &[&str] =
    &["application/dicom+json", "application/json", "multipart/related; type=\"application/dicom+xml\""];
const DICOM: &[&str] = &["multipart/related; type=\"application/dicom\"", "application/zip"];
const ONE: &[&str] =
    &["multipart/related; type=\"application/dicom\"", "application/dicom", "application/zip"];
const PICTURES: &[&str] = &["image/jpeg", "image/png"];
const FRAMES: &[&str] = &[
    "multipart/related; type=\"application/octet-stream\"",
    "application/octet-stream",
    "multipart/related; type=\"image/jpeg\"",
    "multipart/related; type=\"image/jls\"",
    "multipart/related; type=\"image/jp2\"",
    "multipart/related; type=\"image/dicom-rle\"",
];
const BULK: &[&str] = &["application/octet-stream", "multipart/related; type=\"application/octet-stream\""];

/// All resources, those of one path one after the other.
#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    ("studies", "GET", SETS),
    ("studies", "POST", SETS),
    ("series", "GET", SETS),
    ("instances", "GET", SETS),
    ("studies/{study}", "GET", DICOM),
    ("studies/{study}", "POST", SETS),
    ("studies/{study}", "DELETE", &[]),
    ("studies/{study}/metadata", "GET", SETS),
    ("studies/{study}/rendered", "GET", PICTURES),
    ("studies/{study}/thumbnail", "GET", PICTURES),
    ("studies/{study}/bulkdata", "GET", BULK),
    ("studies/{study}/series", "GET", SETS),
    ("studies/{study}/instances", "GET", SETS),
    ("studies/{study}/series/{series}", "GET", DICOM),
    ("studies/{study}/series/{series}", "DELETE", &[]),
    ("studies/{study}/series/{series}/metadata", "GET", SETS),
    ("studies/{study}/series/{series}/rendered", "GET", PICTURES),
    ("studies/{study}/series/{series}/thumbnail", "GET", PICTURES),
    ("studies/{study}/series/{series}/bulkdata", "GET", BULK),
    ("studies/{study}/series/{series}/instances", "GET", SETS),
    ("studies/{study}/series/{series}/instances/{instance}", "GET", ONE),
    ("studies/{study}/series/{series}/instances/{instance}", "DELETE", &[]),
    ("studies/{study}/series/{series}/instances/{instance}/metadata", "GET", SETS),
    ("studies/{study}/series/{series}/instances/{instance}/rendered", "GET", PICTURES),
    ("studies/{study}/series/{series}/instances/{instance}/thumbnail", "GET", PICTURES),
    ("studies/{study}/series/{series}/instances/{instance}/bulkdata", "GET", BULK),
    ("studies/{study}/series/{series}/instances/{instance}/bulkdata/{place}", "GET", BULK),
    ("studies/{study}/series/{series}/instances/{instance}/frames/{frames}", "GET", FRAMES),
    ("studies/{study}/series/{series}/instances/{instance}/frames/{frames}/rendered", "GET", PICTURES),
    ("studies/{study}/series/{series}/instances/{instance}/frames/{frames}/thumbnail", "GET", PICTURES),
    ("workitems", "GET", SETS),
    ("workitems", "POST", &[]),
    ("workitems/{workitem}", "GET", SETS),
    ("workitems/{workitem}", "POST", &[]),
    ("workitems/{workitem}/state", "PUT", &[]),
    ("workitems/{workitem}/cancelrequest", "POST", &[]),
    ("workitems/{workitem}/subscribers/{aetitle}", "POST", &[]),
    ("workitems/{workitem}/subscribers/{aetitle}", "DELETE", &[]),
    ("workitems/1.2.840.10008.5.1.4.34.5/subscribers/{aetitle}", "POST", &[]),
    ("workitems/1.2.840.10008.5.1.4.34.5/subscribers/{aetitle}", "DELETE", &[]),
    ("workitems/1.2.840.10008.5.1.4.34.5/subscribers/{aetitle}/suspend", "POST", &[]),
    ("workitems/1.2.840.10008.5.1.4.34.5.1/subscribers/{aetitle}", "POST", &[]),
    ("workitems/1.2.840.10008.5.1.4.34.5.1/subscribers/{aetitle}", "DELETE", &[]),
    ("workitems/1.2.840.10008.5.1.4.34.5.1/subscribers/{aetitle}/suspend", "POST", &[]),
    ("subscribers/{aetitle}", "GET", &["application/dicom+json"]),
    ("wado", "GET", &["image/jpeg", "image/png", "application/dicom"]),
];

/// Answers what is served.
pub(super) fn answer(asked: &Asked) -> Result<Answer> {
    let offers = [
        ("application/vnd.sun.wadl+xml", true),
        ("application/json", false),
        ("application/dicom+json", false),
    ];
    let is_wadl = asked
        .accept
        .choose(&offers)
        .ok_or_else(|| Fault::unacceptable("given are application/vnd.sun.wadl+xml and application/json"))?;
    let answer = match is_wadl {
        true => answer::of(StatusCode::OK, "application/vnd.sun.wadl+xml", wadl(&asked.base)),
        false => answer::of(StatusCode::OK, "application/json", json(&asked.base)),
    };
    Ok(with(answer, header::ALLOW, METHODS))
}

fn wadl(base: &str) -> String {
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<application xmlns=\"http://wadl.dev.java.net/2009/02\">\n".to_owned();
    let _ = writeln!(out, "  <resources base=\"{base}/\">");
    for (path, method, media) in ROWS {
        let _ = write!(out, "    <resource path=\"{path}\"><method name=\"{method}\"><response>");
        for one in *media {
            let _ = write!(out, "<representation mediaType=\"{}\"/>", one.replace('"', "&quot;"));
        }
        out.push_str("</response></method></resource>\n");
    }
    out.push_str("  </resources>\n</application>\n");
    out
}

fn json(base: &str) -> String {
    let row =
        |(path, method, media): &Row| serde_json::json!({"path": path, "method": method, "media": media});
    let rows: Vec<serde_json::Value> = ROWS.iter().map(row).collect();
    serde_json::json!({"base": base, "resources": rows}).to_string()
}
