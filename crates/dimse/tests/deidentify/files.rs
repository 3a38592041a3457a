//! pydicom's files: what no rule touches stays byte for byte, names of persons go, dciodvfy finds nothing new.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use klinke_dimse::charset::Charset;
use klinke_dimse::data::{DataSet, Element, Limits, PixelDataUse, Value, write};
use klinke_dimse::deidentify::{Key, Keyed, Outcome, Profile, ProfileOption, deidentify, table};
use klinke_dimse::file::{self, Meta, Opened};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, tags};

use crate::support;

fn files() -> Option<Vec<PathBuf>> {
    let mut all = Vec::new();
    for folder in support::folders()? {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "dcm") {
                all.push(entry.path());
            }
        }
    }
    all.sort();
    Some(all)
}

fn open(path: &Path) -> Option<Opened> {
    let bytes = std::fs::read(path).expect("a file");
    file::open(bytes, &Limits::default(), PixelDataUse::Read).ok().filter(|opened| !opened.set.is_empty())
}

const ALL: &[ProfileOption] = &[
    ProfileOption::CleanPixelData,
    ProfileOption::CleanGraphics,
    ProfileOption::CleanStructuredContent,
    ProfileOption::CleanDescriptors,
    ProfileOption::RetainModifiedDates,
    ProfileOption::RetainPatientCharacteristics,
    ProfileOption::RetainDeviceIdentity,
    ProfileOption::RetainSafePrivate,
    ProfileOption::RetainInstitutionIdentity,
];

/// Marks of the de-identification itself.
fn is_mark(element: &Element) -> bool {
    matches!(
        element.tag,
        tags::PATIENT_IDENTITY_REMOVED
            | tags::DEIDENTIFICATION_METHOD
            | tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE
            | tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED
            | tags::BURNED_IN_ANNOTATION
    )
}

#[test]
fn what_no_rule_touches_stays_byte_for_byte() {
    let Some(files) = files() else { return };
    let mut untouched = 0;
    for path in files {
        let Some(opened) = open(&path) else { continue };
        let profile = Profile::new(Key::new([1; 32]), &[]);
        let done = deidentify(&opened.set, &opened.syntax, &profile, &Keyed::new(Key::new([1; 32])));
        for element in &opened.set {
            let by_vr =
                matches!(element.meaning(), VR::PN | VR::DA | VR::DT | VR::TM | VR::UI | VR::UN | VR::SQ);
            let is_overlay = element.tag.0 & 0xFF00 == 0x6000;
            if table::row_of(element.tag).is_none() && !by_vr && !is_overlay && !is_mark(element) {
                let pixels = element.tag == tags::PIXEL_DATA && done.report.pixels.is_some();
                assert!(
                    pixels || done.set.get(element.tag) == Some(element),
                    "{} {}",
                    path.display(),
                    element.tag
                );
                untouched += 1;
            }
        }
        for element in &done.set {
            assert!(
                is_mark(element) || opened.set.get(element.tag).is_some(),
                "{} {}",
                path.display(),
                element.tag
            );
        }
    }
    assert!(untouched > 4_000, "{untouched}");
}

#[test]
fn no_name_identifier_or_uid_of_the_files_is_left() {
    let Some(files) = files() else { return };
    let mut looked_for = 0;
    for path in files {
        let small = std::fs::metadata(&path).is_ok_and(|meta| meta.len() < 1 << 20);
        let Some(opened) = open(&path).filter(|_| small) else { continue };
        let mut secrets = BTreeSet::new();
        collect(&opened.set, Charset::of(&opened.set, &Default::default()).0, &mut secrets);
        for options in [&[][..], ALL] {
            let profile = Profile::new(Key::new([1; 32]), options);
            let done = deidentify(&opened.set, &opened.syntax, &profile, &Keyed::new(Key::new([1; 32])));
            let mut set = done.set.clone();
            [tags::PIXEL_DATA, tags::WAVEFORM_SEQUENCE].iter().for_each(|tag| drop(set.remove(*tag)));
            let bytes = write(&set, &TransferSyntax::EXPLICIT).expect("written");
            for secret in &secrets {
                looked_for += 1;
                let is_there = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!is_there, "{} {options:?}: {} letters", path.display(), secret.len());
            }
        }
    }
    assert!(looked_for > 1_000, "{looked_for}");
}

/// Patient's names and identifiers, UIDs of instances.
fn collect(set: &DataSet, charset: Charset, secrets: &mut BTreeSet<String>) {
    for element in set {
        let texts = element.texts(&charset);
        let wanted = match element.tag {
            tags::PATIENT_NAME | tags::PATIENT_ID => 6,
            tags::SOP_INSTANCE_UID | tags::STUDY_INSTANCE_UID | tags::REFERENCED_SOP_INSTANCE_UID => 20,
            _ => usize::MAX,
        };
        let is_secret = |text: &str| text.len() >= wanted && !text.starts_with("1.2.840.10008.");
        secrets.extend(texts.iter().filter(|text| is_secret(text)).map(|text| text.to_string()));
        if let Value::Sequence(items) = &element.value {
            items.iter().for_each(|item| collect(item, charset, secrets));
        }
    }
}

#[test]
fn reports_are_json_to_others() {
    let (Some(files), Some(packages)) = (files(), support::site_packages()) else { return };
    let mut summary = klinke_dimse::deidentify::Summary::default();
    let mut lines = String::new();
    for path in files.iter().take(40) {
        let Some(opened) = open(path) else { continue };
        let profile = Profile::new(Key::new([1; 32]), ALL);
        let done = deidentify(&opened.set, &opened.syntax, &profile, &Keyed::new(Key::new([1; 32])));
        summary.add(&done.report);
        lines += &(done.report.to_json() + "\n");
    }
    lines += &(summary.to_json() + "\n");
    let name = std::env::temp_dir().join(format!("klinke-reports-{}.json", std::process::id()));
    std::fs::write(&name, lines).expect("written");
    let script = "import json,sys; all=[json.loads(l) for l in open(sys.argv[1])]; \
        print(sum(e['count'] for r in all[:-1] for e in r['elements']), sum(e['count'] for e in all[-1]['elements']))";
    let output = Command::new("python3").args(["-c", script]).arg(&name).env("PYTHONPATH", packages).output();
    let output = output.expect("python3 starts");
    let _ = std::fs::remove_file(name);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (instances, sum) = text.trim().split_once(' ').expect("two numbers");
    assert!(instances == sum && sum.len() > 2, "{text}");
}

#[test]
fn lossy_frames_come_out_native_and_say_so() {
    let Some(files) = files() else { return };
    let mut seen = 0;
    for path in files
        .iter()
        .filter(|path| path.ends_with("SC_rgb_jpeg_dcmtk.dcm") || path.ends_with("examples_ybr_color.dcm"))
    {
        let Some(opened) = open(path) else { continue };
        let mut profile = Profile::new(Key::new([1; 32]), &[ProfileOption::CleanPixelData]);
        let block = klinke_dimse::deidentify::Rectangle { left: 0, top: 0, width: 40, height: 20 };
        let action = klinke_dimse::deidentify::RuleAction::BlackOut(vec![block]);
        profile.pixel_rules = vec![klinke_dimse::deidentify::PixelRule { action, ..Default::default() }];
        let done = deidentify(&opened.set, &opened.syntax, &profile, &Keyed::new(Key::new([1; 32])));
        assert!(done.is_releasable(), "{:?}", done.report.quarantine);
        let pixels = done.report.pixels.expect("changed");
        if pixels.was_lossy {
            seen += 1;
            assert_eq!(done.transfer_syntax, TransferSyntax::EXPLICIT);
            assert_eq!(done.set.ascii(tags::LOSSY_IMAGE_COMPRESSION), Some("01"));
            let bytes = done.set.get(tags::PIXEL_DATA).and_then(Element::as_bytes).expect("native");
            assert!(bytes[..120].iter().all(|byte| *byte == 0), "black at the top on the left");
        }
    }
    assert!(seen > 0, "a lossy file");
}

/// Errors that dciodvfy finds, without values.
fn errors(set: &DataSet, syntax: &TransferSyntax, name: &Path) -> Option<BTreeSet<String>> {
    let uid = |tag| set.ascii(tag).unwrap_or("1.2.3");
    let meta = Meta {
        sop_class: uid(tags::SOP_CLASS_UID),
        sop_instance: uid(tags::SOP_INSTANCE_UID),
        transfer_syntax: syntax.uid(),
        implementation_class: "2.25.1",
        ..Meta::default()
    };
    let mut bytes = meta.to_bytes();
    bytes.extend(write(set, syntax).ok()?);
    std::fs::write(name, bytes).expect("written");
    let output = Command::new("dciodvfy").arg(name).output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_error = |line: &&str| line.starts_with("Error");
    // Words that begin with a digit are values and tags; attributes and modules have names.
    let plain = |line: &str| {
        let is_value = |word: &str| word.trim_start_matches('<').starts_with(|c: char| c.is_ascii_digit());
        let words = line.split(' ').filter(|word| !is_value(word));
        words.collect::<Vec<_>>().join(" ")
    };
    Some(text.lines().filter(is_error).map(plain).collect())
}

#[test]
fn dciodvfy_finds_nothing_that_it_did_not_find_before() {
    let Some(files) = files() else { return };
    if Command::new("dciodvfy").arg("-h").output().is_err() {
        let required = std::env::var("KLINKE_PEERS").is_ok_and(|value| value == "require");
        assert!(!required, "dciodvfy is not installed");
        eprintln!("NOT RUN: dciodvfy is not installed");
        return;
    }
    let name = std::env::temp_dir().join(format!("klinke-deidentify-{}.dcm", std::process::id()));
    let (mut compared, mut new) = (0, Vec::new());
    for path in files {
        let small = std::fs::metadata(&path).is_ok_and(|meta| meta.len() < 1 << 20);
        let Some(opened) =
            open(&path).filter(|opened| small && opened.set.get(tags::SOP_CLASS_UID).is_some())
        else {
            continue;
        };
        let Some(before) = errors(&opened.set, &opened.syntax, &name) else { continue };
        for options in [&[][..], ALL] {
            let profile = Profile::new(Key::new([1; 32]), options);
            let done = deidentify(&opened.set, &opened.syntax, &profile, &Keyed::new(Key::new([1; 32])));
            let Some(after) = errors(&done.set, &done.transfer_syntax, &name) else { continue };
            compared += 1;
            for error in after.difference(&before) {
                new.push(format!(
                    "{} {}: {error}",
                    path.file_name().unwrap_or_default().display(),
                    options.len()
                ));
            }
            assert!(done.report.count(Outcome::Removed) < 500);
        }
    }
    let _ = std::fs::remove_file(name);
    assert!(compared > 150, "{compared}");
    assert!(new.is_empty(), "{compared} compared, {} new:\n{}", new.len(), new.join("\n"));
}
