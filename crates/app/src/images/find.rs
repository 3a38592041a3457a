//! How the archive stands, and the search for studies.

use std::ops::ControlFlow;

use anyhow::Result;
use klinke_archive::find::{Key, Names, Query};
use klinke_archive::index::{Beside, Found};
use klinke_archive::performed::Progress;
use klinke_archive::worklist::WorklistQuery;
use klinke_archive::{Archive, Level};
use klinke_console::house::images::{Clash, Find, Page, Patient, STUDIES_MAX, State, StudyLine};
use klinke_dimse::{VR, tags};

use super::{clock, day, name, text, typed};

/// So many of what is only counted are looked at.
const COUNTED_MAX: usize = 1_000;
/// Clashes that are listed.
const CLASHES_MAX: usize = 20;

/// How the archive stands.
pub fn state(archive: &Archive) -> Result<State> {
    let totals = archive.totals()?;
    let mut worklist = 0;
    let query = WorklistQuery { limit: Some(COUNTED_MAX), ..WorklistQuery::default() };
    archive.worklist(&query, &mut |_| {
        worklist += 1;
        ControlFlow::Continue(())
    })?;
    let performed = archive.all_performed(None, COUNTED_MAX)?;
    Ok(State {
        patients: totals.patients,
        studies: totals.studies,
        series: totals.series,
        instances: totals.instances,
        bytes: totals.bytes,
        beside: totals.beside,
        clashes: archive.beside(None, CLASHES_MAX)?.iter().map(clash).collect(),
        trash: archive.trash(None, COUNTED_MAX)?.len() as u64,
        worklist,
        performing: performed.iter().filter(|one| one.progress == Progress::InProgress).count() as u64,
        inbox: Vec::new(),
    })
}

/// An instance that lies beside.
pub fn clash(one: &Beside) -> Clash {
    Clash {
        number: one.number,
        reason: one.reason.name().to_owned(),
        study: one.study.clone(),
        instance: one.uid.clone(),
        from: one.file.from.clone(),
        arrived: one.file.arrived.to_string(),
    }
}

/// Studies that a search finds: as the name is written, else as it sounds.
pub fn studies(archive: &Archive, find: &Find) -> Result<Page> {
    let found = page(archive, find, Names::Plain)?;
    if !found.studies.is_empty() || find.name.is_empty() || find.offset > 0 {
        return Ok(found);
    }
    Ok(Page { alike: true, ..page(archive, find, Names::Fuzzy)? })
}

fn page(archive: &Archive, find: &Find, names: Names) -> Result<Page> {
    let mut studies = Vec::new();
    let query = Query {
        keys: keys(find, names)?,
        names,
        offset: find.offset,
        limit: Some(STUDIES_MAX + 1),
        ..Query::at(Level::Study)
    };
    archive.find(&query, &mut |one| {
        studies.push(line(&one));
        ControlFlow::Continue(())
    })?;
    let more = studies.len() > STUDIES_MAX;
    studies.truncate(STUDIES_MAX);
    Ok(Page { studies, more, alike: false })
}

fn keys(find: &Find, names: Names) -> Result<Vec<Key>> {
    let name = match (find.name.as_str(), names) {
        ("", _) => String::new(),
        (name, Names::Fuzzy) => name.replace(',', " "),
        (name, Names::Plain) => beginning(name),
    };
    let days = match (find.from.as_str(), find.until.as_str()) {
        ("", "") => String::new(),
        ("", until) => format!("-{}", typed(until)?),
        (from, "") => format!("{}-", typed(from)?),
        (from, until) => format!("{}-{}", typed(from)?, typed(until)?),
    };
    let wanted = [
        (tags::PATIENT_NAME, VR::PN, name.as_str()),
        (tags::PATIENT_ID, VR::LO, &find.patient),
        (tags::ACCESSION_NUMBER, VR::SH, &find.accession),
        (tags::STUDY_INSTANCE_UID, VR::UI, &find.study),
        (tags::MODALITIES_IN_STUDY, VR::CS, &find.modality),
        (tags::STUDY_DATE, VR::DA, &days),
    ];
    Ok(wanted.into_iter().filter_map(|(tag, vr, value)| Key::of_text(tag, vr, value)).collect())
}

/// A name as people type it, `Muster, Ber`, as the pattern of a name that begins so.
fn beginning(name: &str) -> String {
    let components: Vec<&str> = name.split([',', '^']).map(str::trim).collect();
    let pattern = components.join("^");
    if pattern.contains(['*', '?']) { pattern } else { format!("{pattern}*") }
}

/// A study as lists show it.
pub fn line(found: &Found) -> StudyLine {
    let (patient, study) = (&found.attributes[0], &found.attributes[1]);
    StudyLine {
        uid: text(study, tags::STUDY_INSTANCE_UID),
        patient: Patient {
            name: name(patient, tags::PATIENT_NAME),
            id: text(patient, tags::PATIENT_ID),
            issuer: text(patient, tags::ISSUER_OF_PATIENT_ID),
            birth: day(patient, tags::PATIENT_BIRTH_DATE),
            sex: text(patient, tags::PATIENT_SEX),
        },
        date: day(study, tags::STUDY_DATE),
        time: clock(study, tags::STUDY_TIME),
        accession: text(study, tags::ACCESSION_NUMBER),
        description: text(study, tags::STUDY_DESCRIPTION),
        modalities: found.counts.modalities.clone(),
        series: found.counts.series,
        instances: found.counts.instances,
        bytes: found.counts.bytes,
    }
}
