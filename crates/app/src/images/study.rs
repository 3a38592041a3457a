//! A study with its series and instances, and what belongs to it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use klinke_archive::find::{Key as Sought, Matching};
use klinke_archive::image::is_state;
use klinke_archive::index::{Found, Selection};
use klinke_archive::{Archive, Level};
use klinke_console::house::images::{Clash, Key, Kind, Line, Mark, Performed, Series, Study, StudyLine};
use klinke_dimse::data::DataSet;
use klinke_dimse::report::{self, Item};
use klinke_dimse::{VR, tags};

use super::find::{clash, line};
use super::{all, name, number, text, uid_key};

/// Instances of a study that are listed.
const INSTANCES_MAX: usize = 20_000;
/// Other studies of the patient that are named.
const OTHERS_MAX: usize = 50;
/// Key Object Selections that are opened.
const KEYS_MAX: usize = 20;
/// What lies beside is looked through for so many.
const BESIDE_MAX: usize = 1_000;

/// A study.
pub fn study(archive: &Archive, uid: &str) -> Result<Study> {
    let of_study = || vec![uid_key(tags::STUDY_INSTANCE_UID, uid)];
    let found = all(archive, Level::Study, of_study(), 1)?;
    let found = found.first().context("there is no such study in the archive")?;
    let line = line(found);
    let in_series = all(archive, Level::Series, of_study(), INSTANCES_MAX)?;
    let mut lines: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for one in all(archive, Level::Instance, of_study(), INSTANCES_MAX)? {
        lines.entry(text(&one.attributes[2], tags::SERIES_INSTANCE_UID)).or_default().push(instance(&one));
    }
    let mut list = Vec::new();
    for one in &in_series {
        let uid = text(&one.attributes[2], tags::SERIES_INSTANCE_UID);
        list.push(series(archive, one, lines.remove(&uid).unwrap_or_default())?);
    }
    list.sort_by_key(|one| one.number.parse::<i64>().unwrap_or(i64::MAX));
    Ok(Study {
        referrer: name(&found.attributes[1], tags::REFERRING_PHYSICIAN_NAME),
        id: text(&found.attributes[1], tags::STUDY_ID),
        keys: keys(archive, &list)?,
        others: others(archive, &line)?,
        clashes: clashes(archive, uid)?,
        performed: performed(archive, &in_series)?,
        line,
        list,
    })
}

fn series(archive: &Archive, found: &Found, mut list: Vec<Line>) -> Result<Series> {
    let set = &found.attributes[2];
    let uid = text(set, tags::SERIES_INSTANCE_UID);
    let selection = Selection { series: vec![uid.clone()], ..Selection::default() };
    let first = archive.instances(&selection, 0, 1)?.pop();
    // Those without a number stand behind the others, in the order of their arrival.
    list.sort_by_key(|one| one.number.parse::<i64>().unwrap_or(i64::MAX));
    let either =
        |one, other| Some(text(set, one)).filter(|text| !text.is_empty()).unwrap_or_else(|| text(set, other));
    let device = [text(set, tags::MANUFACTURER_MODEL_NAME), text(set, tags::STATION_NAME)];
    let device: Vec<&str> = device.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    Ok(Series {
        number: text(set, tags::SERIES_NUMBER),
        modality: text(set, tags::MODALITY),
        description: either(tags::SERIES_DESCRIPTION, tags::PROTOCOL_NAME),
        body: text(set, tags::BODY_PART_EXAMINED),
        laterality: text(set, tags::LATERALITY),
        device: device.join(", "),
        from: first.as_ref().map(|one| one.file.from.clone()).unwrap_or_default(),
        arrived: first.map(|one| one.file.arrived.to_string()).unwrap_or_default(),
        bytes: found.counts.bytes,
        uid,
        list,
    })
}

fn instance(found: &Found) -> Line {
    let set = &found.attributes[3];
    let (columns, rows) = (number(set, tags::COLUMNS), number(set, tags::ROWS));
    let titles = [tags::DOCUMENT_TITLE, tags::CONTENT_DESCRIPTION, tags::CONTENT_LABEL];
    Line {
        uid: text(set, tags::SOP_INSTANCE_UID),
        number: text(set, tags::INSTANCE_NUMBER),
        kind: kind(&text(set, tags::SOP_CLASS_UID), columns > 0 && rows > 0),
        frames: number(set, tags::NUMBER_OF_FRAMES).max(1),
        columns,
        rows,
        title: titles.into_iter().map(|tag| text(set, tag)).find(|text| !text.is_empty()).unwrap_or_default(),
    }
}

/// What an instance is, by its SOP class (PS3.4, Table B.5-1).
fn kind(class: &str, has_pixels: bool) -> Kind {
    const KEY: &str = "1.2.840.10008.5.1.4.1.1.88.59";
    let begins = |root: &str| class.starts_with(root);
    match class {
        KEY => Kind::Key,
        _ if is_state(class) => Kind::Presentation,
        _ if begins("1.2.840.10008.5.1.4.1.1.88.") => Kind::Report,
        _ if begins("1.2.840.10008.5.1.4.1.1.104.") => Kind::Document,
        _ if has_pixels => Kind::Image,
        _ => Kind::Other,
    }
}

/// What the study's Key Object Selections mark in it. One that can't be read marks nothing.
fn keys(archive: &Archive, list: &[Series]) -> Result<Vec<Key>> {
    let lines = || list.iter().flat_map(|series| &series.list);
    let is_here = |uid: &str| lines().any(|line| line.uid == uid);
    let mut keys = Vec::new();
    for line in lines().filter(|line| line.kind == Kind::Key).take(KEYS_MAX) {
        let Some(instance) = archive.instance(&line.uid)? else { continue };
        let Ok(source) = archive.image(instance) else { continue };
        let Some(root) = report::tree(&source.set, &source.rules) else { continue };
        let marks = marks(&root).into_iter().filter(|mark| is_here(&mark.instance)).collect();
        let said = root.items.iter().find(|item| item.kind == "TEXT");
        let said = said.map(|item| item.value.clone()).unwrap_or_default();
        keys.push(Key { uid: line.uid.clone(), title: root.name, text: said, marks });
    }
    Ok(keys)
}

/// What a tree refers to.
pub fn marks(root: &Item) -> Vec<Mark> {
    let one = |to: &report::Reference| Mark { instance: to.instance.clone(), frames: to.frames.clone() };
    root.all_references().into_iter().map(one).collect()
}

/// The patient's other studies: those of the same identifier and issuer.
fn others(archive: &Archive, line: &StudyLine) -> Result<Vec<StudyLine>> {
    if line.patient.id.is_empty() {
        return Ok(Vec::new());
    }
    let matching = Matching::List(vec![line.patient.id.clone()]);
    let key = Sought { tag: tags::PATIENT_ID, vr: VR::LO, matching };
    let found = all(archive, Level::Study, vec![key], OTHERS_MAX + 1)?;
    let others = found.iter().map(super::find::line);
    let is_other = |one: &StudyLine| one.uid != line.uid && one.patient.issuer == line.patient.issuer;
    Ok(others.filter(is_other).take(OTHERS_MAX).collect())
}

fn clashes(archive: &Archive, study: &str) -> Result<Vec<Clash>> {
    let beside = archive.beside(None, BESIDE_MAX)?;
    Ok(beside.iter().filter(|one| one.study == study).map(clash).collect())
}

/// The performed procedure steps that the series name.
fn performed(archive: &Archive, series: &[Found]) -> Result<Vec<Performed>> {
    let named = |set: &DataSet| -> Vec<String> {
        let items = set.items(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE).iter();
        items.map(|item| text(item, tags::REFERENCED_SOP_INSTANCE_UID)).collect()
    };
    let mut uids: Vec<String> = series.iter().flat_map(|one| named(&one.attributes[2])).collect();
    uids.sort_unstable();
    uids.dedup();
    let mut steps = Vec::new();
    for uid in uids.iter().filter(|uid| !uid.is_empty()) {
        let Some(one) = archive.performed(uid)? else { continue };
        steps.push(Performed {
            state: one.progress.name().to_owned(),
            description: text(&one.attributes, tags::PERFORMED_PROCEDURE_STEP_DESCRIPTION),
            from: one.from.clone(),
            begun: one.begun.to_string(),
            changed: one.changed.to_string(),
        });
    }
    Ok(steps)
}
