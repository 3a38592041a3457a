//! The table of workitems.

use klinke_dimse::data::DataSet;
use klinke_dimse::tags;
use klinke_model::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::find::{Column, ColumnKind, Narrow};
use super::pack::{pack, unpack};
use super::{watch, worklist};
use crate::error::Result;
use crate::text;
use crate::workitem::{
    Done, Refusal, State, Step, Workitem, WorkitemQuery, canceled_here, canceling, changed, final_of,
    report_of_change, report_of_new, state_report,
};

const COLUMNS: &str = "SELECT id, uid, state, claim, changed, came, attributes FROM workitem";

/// Keeps a new one, lets those watch it who watch the worklist, and owes them what is to be told.
pub(super) fn create(
    connection: &Connection,
    uid: &str,
    came: &DataSet,
    now: Timestamp,
    owed_max: u64,
) -> Result<(), Refusal> {
    if one(connection, uid)?.is_some() {
        return Err(Refusal::Duplicate);
    }
    let attributes = worklist::present(connection, came)?;
    let sql = "INSERT INTO workitem(uid, state, claim, label, start, patient, name, is_over, changed, came, attributes)
         VALUES (?1, ?2, '', ?3, ?4, ?5, ?6, 0, ?7, ?8, ?9)";
    let [label, start, patient, name] = columns(&attributes);
    connection.prepare_cached(sql)?.execute(params![
        uid,
        State::Scheduled.name(),
        label,
        start,
        patient,
        name,
        now.0,
        pack(came),
        pack(&attributes),
    ])?;
    let id = connection.last_insert_rowid();
    watch::watch_new(connection, id, &attributes)?;
    for owed in report_of_new(&attributes) {
        watch::tell(connection, id, uid, &owed, owed_max)?;
    }
    Ok(())
}

/// Changes attributes.
pub(super) fn update(
    connection: &Connection,
    uid: &str,
    claim: Option<&str>,
    told: &DataSet,
    now: Timestamp,
    owed_max: u64,
) -> Result<Done, Refusal> {
    let kept = one(connection, uid)?.ok_or(Refusal::Absent)?;
    let (came, is_modified) = changed(&kept, claim, told, now)?;
    let after = write(connection, &kept, came, kept.state, &kept.claim, now)?;
    for owed in report_of_change(&kept.attributes, &after) {
        watch::tell(connection, kept.number.cast_signed(), uid, &owed, owed_max)?;
    }
    Ok(Done { is_modified, was_so: false })
}

/// Changes the state.
pub(super) fn change_state(
    connection: &Connection,
    uid: &str,
    wanted: State,
    claim: &str,
    now: Timestamp,
    owed_max: u64,
) -> Result<Done, Refusal> {
    let kept = one(connection, uid)?.ok_or(Refusal::Absent)?;
    if kept.state.go(wanted, claim, &kept.claim)? == Step::Same {
        return Ok(Done { was_so: true, ..Done::default() });
    }
    let came = final_of(&kept, wanted, now)?;
    let after = write(connection, &kept, came, wanted, claim, now)?;
    watch::tell(connection, kept.number.cast_signed(), uid, &state_report(&after), owed_max)?;
    Ok(Done::default())
}

/// Cancels what nobody has claimed; whoever performs it is told that somebody asks for it.
pub(super) fn cancel(
    connection: &Connection,
    uid: &str,
    asked: &DataSet,
    now: Timestamp,
    owed_max: u64,
) -> Result<Done, Refusal> {
    let kept = one(connection, uid)?.ok_or(Refusal::Absent)?;
    let id = kept.number.cast_signed();
    match kept.state {
        State::Completed => Err(Refusal::Completed),
        State::Canceled => Ok(Done { was_so: true, ..Done::default() }),
        State::InProgress if !watch::is_watched(connection, id)? => Err(Refusal::NoPerformer),
        State::InProgress => {
            watch::tell(connection, id, uid, &canceling(asked), owed_max)?;
            Ok(Done::default())
        }
        State::Scheduled => {
            // Both steps are told (Table CC.1.1-2).
            let mut begun = kept.attributes.clone();
            begun.put_ascii(tags::PROCEDURE_STEP_STATE, klinke_dimse::VR::CS, State::InProgress.name());
            watch::tell(connection, id, uid, &state_report(&begun), owed_max)?;
            let came = canceled_here(&kept, asked, now);
            let after = write(connection, &kept, came, State::Canceled, "", now)?;
            watch::tell(connection, id, uid, &state_report(&after), owed_max)?;
            Ok(Done::default())
        }
    }
}

/// Writes one that was there; gives its attributes as they are shown.
fn write(
    connection: &Connection,
    kept: &Workitem,
    came: DataSet,
    state: State,
    claim: &str,
    now: Timestamp,
) -> Result<DataSet> {
    let attributes = worklist::present(connection, &came)?;
    let sql = "UPDATE workitem SET state = ?2, claim = ?3, label = ?4, start = ?5, patient = ?6, name = ?7, is_over = ?8,
            changed = ?9, came = ?10, attributes = ?11 WHERE id = ?1";
    let [label, start, patient, name] = columns(&attributes);
    connection.prepare_cached(sql)?.execute(params![
        kept.number.cast_signed(),
        state.name(),
        claim,
        label,
        start,
        patient,
        name,
        state.is_over(),
        now.0,
        pack(&came),
        pack(&attributes),
    ])?;
    Ok(attributes)
}

/// What searches are narrowed by.
fn columns(attributes: &DataSet) -> [String; 4] {
    let of = |tag| text::first(attributes, tag).unwrap_or_default().to_owned();
    [
        of(tags::WORKLIST_LABEL),
        of(tags::SCHEDULED_PROCEDURE_STEP_START_DATE_TIME),
        of(tags::PATIENT_ID),
        text::name_key(&of(tags::PATIENT_NAME)),
    ]
}

/// The one of a UID.
pub(super) fn one(connection: &Connection, uid: &str) -> Result<Option<Workitem>> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} WHERE uid = ?1"))?;
    Ok(statement.query_row([uid], read).optional()?)
}

/// Those that a query asks for.
pub(super) fn find(connection: &Connection, query: &WorkitemQuery) -> Result<Vec<Workitem>> {
    let mut narrow = Narrow::default();
    for key in &query.keys {
        let (name, kind) = match key.tag {
            tags::SOP_INSTANCE_UID => ("uid", ColumnKind::Text),
            tags::PROCEDURE_STEP_STATE => ("state", ColumnKind::Text),
            tags::WORKLIST_LABEL => ("label", ColumnKind::Text),
            tags::PATIENT_ID => ("patient", ColumnKind::Text),
            tags::PATIENT_NAME => ("name", ColumnKind::Name),
            _ => continue,
        };
        narrow.by(&Column { name, kind }, &key.matching, query.names);
    }
    let mut statement = connection.prepare_cached(&format!("{COLUMNS}{} ORDER BY start, id", narrow.sql))?;
    let mut rows = statement.query(params_from_iter(narrow.values))?;
    let (mut found, mut passed) = (Vec::new(), 0);
    while query.limit.is_none_or(|limit| found.len() < limit) {
        let Some(row) = rows.next()? else { break };
        let workitem = read(row)?;
        if !query.matches(&workitem.attributes) {
            continue;
        }
        if passed < query.offset {
            passed += 1;
            continue;
        }
        found.push(workitem);
    }
    Ok(found)
}

/// Removes old ones.
pub(super) fn expire(connection: &Connection, over: Timestamp, idle: Timestamp) -> Result<u64> {
    let sql = "DELETE FROM workitem WHERE ((is_over = 1 AND changed < ?1) OR (is_over = 0 AND changed < ?2))
         AND NOT EXISTS (SELECT 1 FROM workitem_watch watch WHERE watch.workitem = workitem.id AND watch.is_locked)";
    Ok(connection.prepare_cached(sql)?.execute(params![over.0, idle.0])? as u64)
}

/// Gives those that are not over the patients that they have now.
pub(super) fn present_again(connection: &Connection) -> Result<()> {
    let kept: Vec<Workitem> = {
        let mut statement = connection.prepare_cached(&format!("{COLUMNS} WHERE is_over = 0"))?;
        statement.query_map([], read)?.collect::<rusqlite::Result<_>>()?
    };
    for workitem in kept {
        let now = worklist::present(connection, &workitem.came)?;
        if now == workitem.attributes {
            continue;
        }
        let [_, _, patient, name] = columns(&now);
        let sql = "UPDATE workitem SET patient = ?2, name = ?3, attributes = ?4 WHERE id = ?1";
        let id = workitem.number.cast_signed();
        connection.prepare_cached(sql)?.execute(params![id, patient, name, pack(&now)])?;
    }
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Workitem> {
    let state: String = row.get(2)?;
    Ok(Workitem {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        uid: row.get(1)?,
        state: State::named(&state).unwrap_or(State::Canceled),
        claim: row.get(3)?,
        changed: Timestamp(row.get(4)?),
        came: unpack(row.get(5)?),
        attributes: unpack(row.get(6)?),
    })
}
