//! Answers what is asked of images, out of the archive of the running site.

mod find;
mod reading;
mod shown;
mod study;
mod wire;

use std::ops::ControlFlow;

use anyhow::{Context, Result, bail};
use klinke_archive::find::{Key, Matching, Query};
use klinke_archive::index::{Found, Instance};
use klinke_archive::{Archive, Level};
use klinke_console::house::images::{Ask, State, Which};
use klinke_dimse::charset::Charset;
use klinke_dimse::data::DataSet;
use klinke_dimse::value::{Date, Time};
use klinke_dimse::{Tag, VR, tags};
use serde_json::Value;

use crate::control::answer::Counter;
use crate::control::archive::inbox;

/// Answers one request. Blocks.
pub fn answer(counter: &Counter, ask: Ask) -> Result<Value> {
    let archive = counter.world.archive.get().context("there is no archive here")?;
    Ok(match ask {
        Ask::State => {
            let state = find::state(archive)?;
            serde_json::to_value(State { inbox: inbox(&counter.peers), ..state })?
        }
        Ask::Find(ask) => serde_json::to_value(find::studies(archive, &ask)?)?,
        Ask::Study { study } => serde_json::to_value(study::study(archive, &study)?)?,
        Ask::Instance(which) => serde_json::to_value(reading::instance(archive, &which)?)?,
        Ask::Thumbnail(which) => serde_json::to_value(shown::thumbnail(archive, &which)?)?,
        Ask::Picture(which) => serde_json::to_value(shown::picture(archive, &which)?)?,
        Ask::Frame { which, by } => serde_json::to_value(shown::frame(archive, &which, by)?)?,
        Ask::Document(which) => serde_json::to_value(shown::document(archive, &which)?)?,
    })
}

/// The instance that is asked for, if it is of this study, and the identifier of its patient.
fn one(archive: &Archive, which: &Which) -> Result<(Instance, String)> {
    let found = archive.instance(&which.instance)?.filter(|one| one.study == which.study);
    let instance = found.context("there is no such instance in this study")?;
    let of_study = all(archive, Level::Study, vec![uid_key(tags::STUDY_INSTANCE_UID, &which.study)], 1)?;
    let patient = of_study.first().map(|found| text(&found.attributes[0], tags::PATIENT_ID));
    Ok((instance, patient.unwrap_or_default()))
}

/// What a query finds, up to a limit.
fn all(archive: &Archive, level: Level, keys: Vec<Key>, limit: usize) -> Result<Vec<Found>> {
    let mut found = Vec::new();
    let query = Query { keys, limit: Some(limit), ..Query::at(level) };
    archive.find(&query, &mut |one| {
        found.push(one);
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// The key of one UID; it is no pattern.
fn uid_key(tag: Tag, uid: &str) -> Key {
    Key { tag, vr: VR::UI, matching: Matching::List(vec![uid.to_owned()]) }
}

/// The first value of an attribute of the index: its texts are UTF-8.
fn text(set: &DataSet, tag: Tag) -> String {
    set.text(tag, &Charset::UTF_8).unwrap_or_default().into_owned()
}

/// A number of the index.
fn number(set: &DataSet, tag: Tag) -> u32 {
    set.int(tag).and_then(|one| u32::try_from(one).ok()).unwrap_or(0)
}

/// A name as lists write it: `Muster, Berta Dr.`
fn name(set: &DataSet, tag: Tag) -> String {
    let Some(name) = set.person_name(tag, &Charset::UTF_8) else { return String::new() };
    let group = name.preferred();
    let rest = [&group.given, &group.middle, &group.prefix, &group.suffix];
    let rest: Vec<&str> = rest.into_iter().filter(|part| !part.is_empty()).map(String::as_str).collect();
    match (group.family.as_str(), rest.join(" ")) {
        (family, rest) if rest.is_empty() => family.to_owned(),
        ("", rest) => rest,
        (family, rest) => format!("{family}, {rest}"),
    }
}

/// A date as `2026-11-29`, or as it was sent.
fn day(set: &DataSet, tag: Tag) -> String {
    let sent = text(set, tag);
    match Date::parse(&sent) {
        Some(Date { year, month: Some(month), day: Some(day) }) => format!("{year:04}-{month:02}-{day:02}"),
        _ => sent,
    }
}

/// A time as `10:15`, or as it was sent.
fn clock(set: &DataSet, tag: Tag) -> String {
    let sent = text(set, tag);
    match Time::parse(&sent) {
        Some(Time { hour, minute: Some(minute), .. }) => format!("{hour:02}:{minute:02}"),
        _ => sent,
    }
}

/// A day that somebody typed, as DICOM writes it.
fn typed(day: &str) -> Result<String> {
    let digits = day.replace('-', "");
    if !Date::is_strict(&digits) {
        bail!("this is no day; write it as 2026-11-29");
    }
    Ok(digits)
}
