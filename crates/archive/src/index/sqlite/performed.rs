//! The table of performed procedure steps.

use klinke_dimse::data::DataSet;
use klinke_model::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::pack::{pack, unpack};
use super::{event, worklist};
use crate::error::Result;
use crate::event::Completion;
use crate::performed::{Performed, Progress, Told, merge, scheduled};
use crate::worklist::StepKey;

const COLUMNS: &str = "SELECT id, uid, state, sender, begun, changed, attributes FROM performed_step";

/// Keeps a new one.
pub(super) fn begin(connection: &Connection, performed: &Performed, rules: &Completion) -> Result<Told> {
    if one(connection, &performed.uid)?.is_some() {
        return Ok(Told::Duplicate);
    }
    let sql = "INSERT INTO performed_step(uid, state, sender, begun, changed, attributes, study)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    connection.prepare_cached(sql)?.execute(params![
        performed.uid,
        performed.progress.name(),
        performed.from,
        performed.begun.0,
        performed.changed.0,
        pack(&performed.attributes),
        performed.study().unwrap_or_default(),
    ])?;
    move_along(connection, performed)?;
    event::performed(connection, performed, rules)?;
    Ok(Told::Kept)
}

/// Changes one that is not over.
pub(super) fn change(
    connection: &Connection,
    uid: &str,
    changes: &DataSet,
    progress: Option<Progress>,
    now: Timestamp,
    rules: &Completion,
) -> Result<Told> {
    let Some(mut performed) = one(connection, uid)? else { return Ok(Told::Missing) };
    if performed.progress != Progress::InProgress {
        return Ok(Told::Final);
    }
    merge(&mut performed.attributes, changes);
    performed.progress = progress.unwrap_or(performed.progress);
    performed.changed = now;
    let sql = "UPDATE performed_step SET state = ?2, changed = ?3, attributes = ?4 WHERE uid = ?1";
    connection.prepare_cached(sql)?.execute(params![
        uid,
        performed.progress.name(),
        now.0,
        pack(&performed.attributes),
    ])?;
    move_along(connection, &performed)?;
    if performed.progress != Progress::InProgress {
        event::performed(connection, &performed, rules)?;
    }
    Ok(Told::Kept)
}

/// The one of a UID.
pub(super) fn one(connection: &Connection, uid: &str) -> Result<Option<Performed>> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} WHERE uid = ?1"))?;
    Ok(statement.query_row([uid], read).optional()?)
}

/// The newest first, with numbers below `before`.
pub(super) fn all(connection: &Connection, before: Option<u64>, limit: usize) -> Result<Vec<Performed>> {
    let mut statement =
        connection.prepare_cached(&format!("{COLUMNS} WHERE id < ?1 ORDER BY id DESC LIMIT ?2"))?;
    let before = before.map_or(i64::MAX, u64::cast_signed);
    let rows = statement.query_map(params![before, i64::try_from(limit).unwrap_or(i64::MAX)], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Removes old ones.
pub(super) fn expire(connection: &Connection, before: Timestamp) -> Result<u64> {
    let sql = "DELETE FROM performed_step WHERE changed < ?1";
    Ok(connection.prepare_cached(sql)?.execute([before.0])? as u64)
}

/// The scheduled steps that it names are as far as it is.
fn move_along(connection: &Connection, performed: &Performed) -> Result<()> {
    let state = performed.progress.of_scheduled();
    for (key, study) in scheduled(&performed.attributes) {
        let key = match (&key.accession[..], study) {
            ("", Some(study)) => in_study(connection, &study, &key.step)?.unwrap_or(key),
            _ => key,
        };
        worklist::mark(connection, &key, state, performed.changed)?;
    }
    Ok(())
}

/// The step of a study, for a modality that does not tell the accession number.
fn in_study(connection: &Connection, study: &str, step: &str) -> Result<Option<StepKey>> {
    let sql = "SELECT accession FROM scheduled_step WHERE study = ?1 AND step = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let accession = statement.query_row(params![study, step], |row| row.get(0)).optional()?;
    Ok(accession.map(|accession| StepKey { accession, step: step.to_owned() }))
}

fn read(row: &Row<'_>) -> rusqlite::Result<Performed> {
    let state: String = row.get(2)?;
    Ok(Performed {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        uid: row.get(1)?,
        progress: Progress::named(&state).unwrap_or(Progress::InProgress),
        from: row.get(3)?,
        begun: Timestamp(row.get(4)?),
        changed: Timestamp(row.get(5)?),
        attributes: unpack(row.get(6)?),
    })
}
