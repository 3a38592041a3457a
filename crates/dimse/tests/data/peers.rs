//! Every file that pydicom has for its own tests, compared with what pydicom reads.

use std::collections::BTreeMap;
use std::path::Path;

use flate2::Crc;
use klinke_dimse::data::{DataSet, Limits, PixelDataUse, Value, write};
use klinke_dimse::file::{self, Meta};
use klinke_dimse::syntax::TransferSyntax;

use crate::support;

/// Where pydicom and we read the same bytes in different ways, and why ours is right or as good.
const DIFFERENT: &[(&str, &str)] = &[
    ("no_meta.dcm", "a byte stands before the data set; pydicom takes everything for one private element"),
    ("emri_small_jpeg_2k_lossless_too_short.dcm", "truncated; pydicom gives up, we keep what is there"),
];

#[test]
fn every_file_of_pydicom_reads_as_pydicom_reads_it() {
    let Some(folders) = support::folders() else { return };
    let folders: Vec<&Path> = folders.iter().map(|folder| folder.as_path()).collect();
    let Some(printed) = support::run("elements.py", &folders) else { return };
    let mut files = 0;
    let mut wrong = Vec::new();
    for one in printed.split("F /").filter(|one| !one.is_empty()) {
        let (path, theirs) = one.split_once('\n').expect("a line");
        files += 1;
        if let Err(what) = compare(&format!("/{path}"), theirs)
            && !DIFFERENT.iter().any(|(file, _)| path.ends_with(file))
        {
            wrong.push(format!("{path}: {what}"));
        }
    }
    assert!(files > 200, "{files} files");
    assert!(wrong.is_empty(), "{} of {files} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn pydicom_reads_what_we_write() {
    let Some(folders) = support::folders() else { return };
    let folder = std::env::temp_dir().join(format!("klinke-data-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut count = 0;
    for path in folders.iter().flat_map(|folder| support::files(folder)) {
        let bytes = std::fs::read(&path).expect("a file");
        let Ok(opened) = file::open(bytes, &Limits::default(), PixelDataUse::Read) else { continue };
        let native = [
            TransferSyntax::EXPLICIT,
            TransferSyntax::IMPLICIT,
            TransferSyntax::BIG_ENDIAN,
            TransferSyntax::DEFLATED,
        ];
        let encapsulated = opened.pixel_data.is_some_and(|place| place.encapsulated);
        let syntax = if encapsulated { opened.syntax.clone() } else { native[count % 4].clone() };
        let meta = Meta { transfer_syntax: syntax.uid(), ..Meta::default() };
        let body = write(&opened.set, &syntax).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = folder.join(format!("{count:03}.dcm"));
        std::fs::write(name, [meta.to_bytes(), body].concat()).expect("a file");
        count += 1;
    }
    let printed = support::run("elements.py", &[&folder]).expect("pydicom");
    let mut wrong = Vec::new();
    for one in printed.split("F /").filter(|one| !one.is_empty()) {
        let (path, theirs) = one.split_once('\n').expect("a line");
        let differs = compare(&format!("/{path}"), theirs);
        wrong.extend(differs.err().map(|what| format!("{path}: {what}")));
        wrong.extend(theirs.contains("X ").then(|| format!("{path} is not read: {theirs}")));
    }
    let _ = std::fs::remove_dir_all(&folder);
    assert!(count > 200, "{count} files");
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
}

fn compare(path: &str, theirs: &str) -> Result<(), String> {
    let not_theirs = theirs.lines().any(|line| line.starts_with("X "));
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let opened = match file::open(bytes, &Limits::default(), PixelDataUse::Read) {
        Ok(opened) => opened,
        Err(_) if not_theirs || theirs.lines().count() <= 1 => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    if not_theirs {
        return Ok(());
    }
    let mut ours = BTreeMap::new();
    list(&opened.set, "", &mut ours);
    for line in theirs.lines() {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        let Some((place, what)) = rest.split_once(' ') else { continue };
        let Some((ours_kind, ours_what)) = ours.remove(place) else {
            return Err(format!("{place} is missing; deviations {:?}", opened.deviations));
        };
        let (their_vr, their_value) = what.split_once(' ').unwrap_or(("", what));
        let (our_vr, our_value) = ours_what.split_once(' ').unwrap_or(("", &ours_what));
        let same_vr = their_vr == our_vr || their_vr == "--" || kind != "E";
        let same = kind == "?" || (kind == ours_kind && same_vr && their_value == our_value);
        if !same {
            return Err(format!("{place}: theirs {kind} {what}, ours {ours_kind} {ours_what}"));
        }
    }
    match ours.first_key_value() {
        Some((place, _)) => Err(format!("{place} and {} more are only ours", ours.len() - 1)),
        None => Ok(()),
    }
}

fn list(set: &DataSet, place: &str, into: &mut BTreeMap<String, (&'static str, String)>) {
    for element in set {
        let here = format!("{place}{:04X}{:04X}", element.tag.0, element.tag.1);
        let what = match &element.value {
            Value::Bytes(bytes) => ("E", format!("{} {} {}", element.vr, bytes.len(), crc([&bytes[..]]))),
            Value::Sequence(items) => {
                for (index, item) in items.iter().enumerate() {
                    list(item, &format!("{here}[{index}]."), into);
                }
                ("S", items.len().to_string())
            }
            Value::Fragments(value) => {
                let fragments: Vec<&[u8]> = value.fragments.iter().map(|fragment| &fragment[..]).collect();
                ("P", format!("{} {}", fragments.len(), crc(fragments)))
            }
        };
        into.insert(here, what);
    }
}

fn crc<'a>(all: impl IntoIterator<Item = &'a [u8]>) -> u32 {
    let mut crc = Crc::new();
    all.into_iter().for_each(|bytes| crc.update(bytes));
    crc.sum()
}
