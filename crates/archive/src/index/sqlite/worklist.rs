//! The worklist's table.

use std::ops::ControlFlow;

use klinke_dimse::data::DataSet;
use klinke_dimse::{VR, tags};
use klinke_model::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::find::{Column, ColumnKind, Narrow};
use super::pack::{pack, unpack};
use super::patients;
use crate::error::Result;
use crate::identity::PatientKey;
use crate::text;
use crate::worklist::{Coming, Scheduled, Step, StepKey, StepState, WorklistQuery, made_study_uid, shown};

const COLUMNS: &str = "SELECT id, state, changed, attributes FROM scheduled_step";

/// Puts, changes or cancels a step.
pub(super) fn schedule(connection: &Connection, mut coming: Coming, now: Timestamp) -> Result<Scheduled> {
    if coming.state == Some(StepState::Cancelled) {
        return cancel(connection, &coming.key, now);
    }
    let came = coming.attributes.clone();
    coming.attributes = present(connection, &came)?;
    let known = kept(connection, &coming.key)?;
    if coming.attributes.ascii(tags::STUDY_INSTANCE_UID).is_none() {
        let study = known.as_ref().and_then(|step| step.attributes.ascii(tags::STUDY_INSTANCE_UID));
        let study = match study {
            Some(study) => study.to_owned(),
            None => beside(connection, &coming)?.unwrap_or_else(|| made_study_uid(&coming)),
        };
        coming.attributes.put_ascii(tags::STUDY_INSTANCE_UID, VR::UI, &study);
    }
    let wanted = coming.state.unwrap_or(StepState::Scheduled);
    let Some(known) = known else {
        write(connection, &coming, &came, wanted, now)?;
        return Ok(Scheduled::New);
    };
    let state = match known.state {
        StepState::Completed | StepState::Discontinued => known.state,
        // What a modality has begun goes only forward.
        begun if begun.is_begun() => begun.max(wanted),
        StepState::Cancelled => wanted,
        // An order that is sent again does not send the patient away.
        here => coming.state.unwrap_or(here),
    };
    if state == known.state && known.attributes == coming.attributes {
        return Ok(Scheduled::Same);
    }
    write(connection, &coming, &came, state, now)?;
    Ok(Scheduled::Changed)
}

/// Cancels a step that has not begun.
pub(super) fn cancel(connection: &Connection, key: &StepKey, now: Timestamp) -> Result<Scheduled> {
    match kept(connection, key)?.map(|step| step.state) {
        None => Ok(Scheduled::Absent),
        Some(StepState::Cancelled) => Ok(Scheduled::Same),
        Some(state) if state.is_begun() => Ok(Scheduled::Kept(state)),
        Some(_) => {
            mark(connection, key, StepState::Cancelled, now)?;
            Ok(Scheduled::Cancelled)
        }
    }
}

/// Says how far a step has come; false where it is not there.
pub(super) fn mark(connection: &Connection, key: &StepKey, state: StepState, now: Timestamp) -> Result<bool> {
    let sql =
        "UPDATE scheduled_step SET state = ?3, is_over = ?4, changed = ?5 WHERE accession = ?1 AND step = ?2";
    let changed = connection.prepare_cached(sql)?.execute(params![
        key.accession,
        key.step,
        state.name(),
        state.is_over(),
        now.0
    ])?;
    Ok(changed > 0)
}

/// One step, as it is shown.
pub(super) fn step(connection: &Connection, key: &StepKey) -> Result<Option<Step>> {
    let found = kept(connection, key)?;
    Ok(found.map(|step| Step { attributes: shown(step.attributes, step.state), ..step }))
}

/// The steps that a query asks for.
pub(super) fn find(
    connection: &Connection,
    query: &WorklistQuery,
    each: &mut dyn FnMut(Step) -> ControlFlow<()>,
) -> Result<()> {
    let narrow = narrow(query);
    let sql = format!("{COLUMNS}{} ORDER BY start_date, start_time, id", narrow.sql);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(narrow.values))?;
    let mut given = 0;
    while let Some(row) = rows.next()? {
        if query.limit.is_some_and(|limit| given >= limit) {
            break;
        }
        let step = read(row)?;
        let step = Step { attributes: shown(step.attributes, step.state), ..step };
        if !query.matches(&step.attributes) {
            continue;
        }
        given += 1;
        if each(step).is_break() {
            break;
        }
    }
    Ok(())
}

/// Removes old steps.
pub(super) fn expire(connection: &Connection, before: Timestamp) -> Result<u64> {
    let (year, month, day, ..) = before.parts();
    let date = format!("{year:04}{month:02}{day:02}");
    let sql = "DELETE FROM scheduled_step WHERE (start_date != '' AND start_date < ?1) OR (start_date = '' AND changed < ?2)";
    Ok(connection.prepare_cached(sql)?.execute(params![date, before.0])? as u64)
}

/// One step, as it is kept.
fn kept(connection: &Connection, key: &StepKey) -> Result<Option<Step>> {
    let sql = format!("{COLUMNS} WHERE accession = ?1 AND step = ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row(params![key.accession, key.step], read).optional()?)
}

/// The study of other steps of the same requested procedure.
fn beside(connection: &Connection, coming: &Coming) -> Result<Option<String>> {
    if coming.key.accession.is_empty() {
        return Ok(None);
    }
    let requested = text::first(&coming.attributes, tags::REQUESTED_PROCEDURE_ID).unwrap_or_default();
    let patient = text::first(&coming.attributes, tags::PATIENT_ID).unwrap_or_default();
    let sql = "SELECT study FROM scheduled_step
         WHERE accession = ?1 AND procedure_id = ?2 AND patient = ?3 ORDER BY id LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row(params![coming.key.accession, requested, patient], |row| row.get(0)).optional()?)
}

fn write(
    connection: &Connection,
    coming: &Coming,
    came: &DataSet,
    state: StepState,
    now: Timestamp,
) -> Result<()> {
    let sql = "INSERT INTO scheduled_step(accession, step, procedure_id, study, stations, start_date, start_time, modality,
            patient, name, state, is_over, changed, attributes, came)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
         ON CONFLICT(accession, step) DO UPDATE SET procedure_id = ?3, study = ?4, stations = ?5, start_date = ?6,
            start_time = ?7, modality = ?8, patient = ?9, name = ?10, state = ?11, is_over = ?12, changed = ?13,
            attributes = ?14, came = ?15";
    let of = |tag| text::first(&coming.attributes, tag).unwrap_or_default();
    let of_item = |tag| text::first(coming.item(), tag).unwrap_or_default();
    let stations = coming.item().get(tags::SCHEDULED_STATION_AE_TITLE).map(text::values).unwrap_or_default();
    connection.prepare_cached(sql)?.execute(params![
        coming.key.accession,
        coming.key.step,
        of(tags::REQUESTED_PROCEDURE_ID),
        of(tags::STUDY_INSTANCE_UID),
        format!("\\{}\\", stations.join("\\")),
        of_item(tags::SCHEDULED_PROCEDURE_STEP_START_DATE).replace('.', ""),
        of_item(tags::SCHEDULED_PROCEDURE_STEP_START_TIME),
        of_item(tags::MODALITY),
        of(tags::PATIENT_ID),
        text::name_key(of(tags::PATIENT_NAME)),
        state.name(),
        state.is_over(),
        now.0,
        pack(&coming.attributes),
        pack(came),
    ])?;
    Ok(())
}

/// The attributes of a step or workitem with its patient as they are now, where something was decided about them.
pub(super) fn present(connection: &Connection, came: &DataSet) -> Result<DataSet> {
    let mut attributes = came.clone();
    if let Some(decided) = patients::decided(connection, &PatientKey::of(came))? {
        decided.iter().for_each(|element| attributes.put(element.clone()));
    }
    Ok(attributes)
}

/// The patients of steps and workitems that are to be done, under an identifier.
pub(super) fn scheduled(connection: &Connection, identifier: &str) -> Result<Vec<PatientKey>> {
    let sql = "SELECT attributes FROM scheduled_step WHERE is_over = 0 AND patient = ?1
         UNION ALL SELECT attributes FROM workitem WHERE is_over = 0 AND patient = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([identifier], |row| row.get::<_, Vec<u8>>(0))?;
    let mut all: Vec<PatientKey> = Vec::new();
    for attributes in rows {
        let key = PatientKey::of(&unpack(attributes?));
        if !all.contains(&key) {
            all.push(key);
        }
    }
    Ok(all)
}

/// Gives the steps that are to be done the patients that they have now.
pub(super) fn present_again(connection: &Connection) -> Result<()> {
    let sql = "SELECT id, came, attributes FROM scheduled_step WHERE is_over = 0";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let steps: Vec<(i64, Vec<u8>, Vec<u8>)> = rows.collect::<rusqlite::Result<_>>()?;
    for (id, came, attributes) in steps {
        let (came, before) = (unpack(came), unpack(attributes));
        let mut now = present(connection, &came)?;
        // It was made when the step came without one.
        if let Some(study) = before.get(tags::STUDY_INSTANCE_UID) {
            now.put(study.clone());
        }
        if now == before {
            continue;
        }
        let of = |tag| text::first(&now, tag).unwrap_or_default();
        let sql = "UPDATE scheduled_step SET patient = ?2, name = ?3, attributes = ?4 WHERE id = ?1";
        connection.prepare_cached(sql)?.execute(params![
            id,
            of(tags::PATIENT_ID),
            text::name_key(of(tags::PATIENT_NAME)),
            pack(&now),
        ])?;
    }
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Step> {
    let state: String = row.get(1)?;
    Ok(Step {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        state: StepState::named(&state).unwrap_or(StepState::Scheduled),
        changed: Timestamp(row.get(2)?),
        attributes: unpack(row.get(3)?),
    })
}

fn narrow(query: &WorklistQuery) -> Narrow {
    let mut narrow = Narrow::default();
    for key in query.keys.iter().chain(query.step_keys()) {
        let (name, kind) = match key.tag {
            tags::ACCESSION_NUMBER => ("accession", ColumnKind::Text),
            tags::PATIENT_ID => ("patient", ColumnKind::Text),
            tags::PATIENT_NAME => ("name", ColumnKind::Name),
            tags::STUDY_INSTANCE_UID => ("study", ColumnKind::Text),
            tags::REQUESTED_PROCEDURE_ID => ("procedure_id", ColumnKind::Text),
            tags::SCHEDULED_PROCEDURE_STEP_ID => ("step", ColumnKind::Text),
            tags::SCHEDULED_PROCEDURE_STEP_START_DATE => ("start_date", ColumnKind::Date),
            tags::MODALITY => ("modality", ColumnKind::Text),
            tags::SCHEDULED_STATION_AE_TITLE => ("stations", ColumnKind::List),
            _ => continue,
        };
        narrow.by(&Column { name, kind }, &key.matching, query.names);
    }
    if let Some(period) = &query.period {
        let day = |bound: &Option<String>| bound.as_ref().map(|moment| moment[..8].to_owned());
        if let Some(from) = day(&period.0.from) {
            narrow.and("start_date >= ?", [from]);
        }
        if let Some(to) = day(&period.0.to) {
            narrow.and("start_date <= ?", [to]);
        }
    }
    if let Some(station) = &query.station {
        narrow.and("instr(stations, ?) > 0", [format!("\\{}\\", station.trim())]);
    }
    if !query.wants_finished() {
        narrow.and("is_over = 0", []);
    }
    narrow
}
