//! The tables of events: what is told, to whom, and when a study is complete.

use std::time::Duration;

use klinke_dimse::data::DataSet;
use klinke_dimse::tags;
use klinke_model::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::pack::{pack, unpack};
use crate::error::Result;
use crate::event::document::StudyParts;
use crate::event::{Completion, Event, Kind, Reason, Start};
use crate::index::Entry;
use crate::performed::{Performed, Progress};

/// The most studies of one commit that become complete by time.
const DUE_MAX: usize = 256;
/// The most steps of the worklist that are told with a study.
const STEPS_MAX: u32 = 100;

/// Up to where a listener has come; one that is new begins where `start` says.
pub(super) fn listen(
    connection: &Connection,
    name: &str,
    kind: Kind,
    start: Start,
    now: Timestamp,
) -> Result<u64> {
    let sql = "UPDATE listener SET seen = ?3 WHERE name = ?1 AND kind = ?2 RETURNING position";
    let known = connection.prepare_cached(sql)?.query_row(params![name, kind.name(), now.0], number);
    if let Some(position) = known.optional()? {
        return Ok(position);
    }
    let table = if kind == Kind::Instance { "instance" } else { "event" };
    let position = match start {
        Start::Oldest => 0,
        // Also those count that were taken out again: their numbers are never used a second time.
        Start::Now => connection
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = ?1", [table], number)
            .optional()?
            .unwrap_or(0),
    };
    put_listener(connection, name, kind, position, now)?;
    Ok(position)
}

/// Notes up to where a listener has come.
pub(super) fn put_listener(
    connection: &Connection,
    name: &str,
    kind: Kind,
    position: u64,
    now: Timestamp,
) -> Result<()> {
    let sql = "INSERT INTO listener(name, kind, position, seen) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT(name, kind) DO UPDATE SET position = ?3, seen = ?4";
    connection.prepare_cached(sql)?.execute(params![name, kind.name(), position.cast_signed(), now.0])?;
    Ok(())
}

/// Events of a kind behind a position.
pub(super) fn events(connection: &Connection, kind: Kind, after: u64, limit: usize) -> Result<Vec<Event>> {
    let sql =
        "SELECT id, at, uid, why, attributes FROM event WHERE kind = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![kind.name(), after.cast_signed(), limit], |row| {
        Ok(Event {
            position: number(row)?,
            at: Timestamp(row.get(1)?),
            uid: row.get(2)?,
            why: row.get(3)?,
            attributes: unpack(row.get(4)?),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How much later than it could a study is told to be complete by time: this part of that time, …
const SLACK_PART: u32 = 32;
/// … but no more than this.
const SLACK_MAX: Duration = Duration::from_secs(1);

/// An instance has come: its study is complete now, or when nothing more comes.
pub(super) fn arrived(connection: &Connection, entry: &Entry, rules: &Completion) -> Result<()> {
    if *rules == Completion::NEVER {
        return Ok(());
    }
    let (study, at) = (entry.identity.study.as_str(), entry.file.arrived);
    let due = rules.stable.map_or(i64::MAX, |time| at.after(time).0);
    // A little later, so that not every instance of a study writes: what is written is early enough for some.
    let slack = rules.stable.map_or(0, |time| (time / SLACK_PART).min(SLACK_MAX).as_micros() as i64);
    let sql = "INSERT INTO arriving(study, due, why) VALUES (?1, ?2 + ?4, ?3)
        ON CONFLICT(study) DO UPDATE SET due = excluded.due, why = excluded.why
            WHERE due < ?2 OR due > ?2 + ?4 OR why <> ?3";
    connection.prepare_cached(sql)?.execute(params![study, due, Reason::Stable.name(), slack])?;
    if rules.performed && was_awaited(connection, &entry.identity.instance)? {
        complete_if_performed(connection, study, at)?;
    }
    if rules.count && entry.expected.is_some_and(|expected| expected > 0) {
        let sql =
            "SELECT coalesce(sum(series.instances), 0) FROM series JOIN study ON study.id = series.study
             WHERE study.uid = ?1";
        let there: i64 = connection.prepare_cached(sql)?.query_row([study], |row| row.get(0))?;
        // Whatever comes beyond that waits for the other rules.
        if entry.expected.is_some_and(|expected| there == i64::from(expected)) {
            complete(connection, study, Reason::Count, at)?;
        }
    }
    Ok(())
}

fn was_awaited(connection: &Connection, instance: &str) -> Result<bool> {
    let sql = "DELETE FROM awaited WHERE instance = ?1";
    Ok(connection.prepare_cached(sql)?.execute([instance])? > 0)
}

/// Another archive has told what can be had from it.
pub(super) fn available(
    connection: &Connection,
    study: &str,
    from: &str,
    attributes: &DataSet,
    at: Timestamp,
) -> Result<()> {
    tell(connection, Kind::Availability, at, (study, from), attributes)
}

/// Writes an event: what it is about and why there is one, and what it tells.
fn tell(
    connection: &Connection,
    kind: Kind,
    at: Timestamp,
    (uid, why): (&str, &str),
    attributes: &DataSet,
) -> Result<()> {
    let sql = "INSERT INTO event(kind, at, uid, why, attributes) VALUES (?1, ?2, ?3, ?4, ?5)";
    connection.prepare_cached(sql)?.execute(params![kind.name(), at.0, uid, why, pack(attributes)])?;
    Ok(())
}

/// A performed procedure step was begun, completed or discontinued.
pub(super) fn performed(connection: &Connection, performed: &Performed, rules: &Completion) -> Result<()> {
    let about = (performed.uid.as_str(), performed.progress.name());
    tell(connection, Kind::Performed, performed.changed, about, &performed.attributes)?;
    let study = performed.study().unwrap_or_default();
    if !rules.performed || study.is_empty() || performed.progress == Progress::InProgress {
        return Ok(());
    }
    let sql = "INSERT OR IGNORE INTO awaited(instance, performed, study)
         SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM instance WHERE uid = ?1)";
    let mut is_told = false;
    for instance in performed.instances() {
        is_told = true;
        connection.prepare_cached(sql)?.execute(params![instance, performed.uid, study])?;
    }
    // One that names nothing says nothing of what should be there.
    if is_told { complete_if_performed(connection, study, performed.changed) } else { Ok(()) }
}

/// The study is complete when nothing is awaited and nothing of it goes on.
fn complete_if_performed(connection: &Connection, study: &str, at: Timestamp) -> Result<()> {
    let sql = "SELECT EXISTS(SELECT 1 FROM awaited WHERE study = ?1)
         OR EXISTS(SELECT 1 FROM performed_step WHERE study = ?1 AND state = ?2)";
    let values = params![study, Progress::InProgress.name()];
    let goes_on: bool = connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
    if goes_on { Ok(()) } else { complete(connection, study, Reason::Performed, at) }
}

/// Tells that a study is complete, unless nothing of it has come since that was told before.
fn complete(connection: &Connection, study: &str, why: Reason, at: Timestamp) -> Result<()> {
    if connection.prepare_cached("DELETE FROM arriving WHERE study = ?1")?.execute([study])? == 0 {
        return Ok(());
    }
    tell_study(connection, study, why.name(), at)
}

fn tell_study(connection: &Connection, study: &str, why: &str, at: Timestamp) -> Result<()> {
    let sql = "INSERT INTO event(kind, at, uid, why, attributes) VALUES (?1, ?2, ?3, ?4, x'')";
    connection.prepare_cached(sql)?.execute(params![Kind::Study.name(), at.0, study, why])?;
    Ok(())
}

/// The association of these studies was released: they are complete at `due`, if nothing more comes.
pub(super) fn released(connection: &Connection, studies: &[String], due: Timestamp) -> Result<()> {
    let sql = "UPDATE arriving SET due = ?2, why = ?3 WHERE study = ?1 AND due > ?2";
    for study in studies {
        connection.prepare_cached(sql)?.execute(params![study, due.0, Reason::Released.name()])?;
    }
    Ok(())
}

/// Whether a study is complete by time.
pub(super) fn is_due(connection: &Connection, now: Timestamp) -> Result<bool> {
    let sql = "SELECT EXISTS(SELECT 1 FROM arriving WHERE due <= ?1)";
    Ok(connection.prepare_cached(sql)?.query_row([now.0], |row| row.get(0))?)
}

/// Tells of the studies that are complete by time.
pub(super) fn complete_due(connection: &Connection, now: Timestamp) -> Result<u64> {
    let sql = "SELECT study, why FROM arriving WHERE due <= ?1 ORDER BY due LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params![now.0, DUE_MAX as i64], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let due: Vec<(String, String)> = rows.collect::<rusqlite::Result<_>>()?;
    for (study, why) in &due {
        connection.prepare_cached("DELETE FROM arriving WHERE study = ?1")?.execute([study])?;
        tell_study(connection, study, why, now)?;
    }
    Ok(due.len() as u64)
}

/// Forgets what all who listen have taken, and who has not listened for long.
pub(super) fn expire(connection: &Connection, before: Timestamp, silent_since: Timestamp) -> Result<u64> {
    connection.prepare_cached("DELETE FROM listener WHERE seen < ?1")?.execute([silent_since.0])?;
    let sql = "DELETE FROM awaited WHERE performed NOT IN (SELECT uid FROM performed_step)";
    connection.prepare_cached(sql)?.execute([])?;
    let sql = "DELETE FROM event WHERE at < ?1 AND NOT EXISTS
         (SELECT 1 FROM listener WHERE listener.kind = event.kind AND listener.position < event.id)";
    Ok(connection.prepare_cached(sql)?.execute([before.0])? as u64)
}

/// A study with its series and instances.
pub(super) fn study_parts(connection: &Connection, uid: &str) -> Result<Option<StudyParts>> {
    let sql = "SELECT study.id, patient.attributes, study.attributes FROM study
         JOIN patient ON patient.id = study.patient WHERE study.uid = ?1";
    let row = |row: &rusqlite::Row<'_>| {
        let (patient, study): (Vec<u8>, Vec<u8>) = (row.get(1)?, row.get(2)?);
        Ok((row.get::<_, i64>(0)?, patient, study))
    };
    let found = connection.prepare_cached(sql)?.query_row([uid], row).optional()?;
    let Some((id, patient, study)) = found else { return Ok(None) };
    let mut parts = StudyParts { attributes: unpack(study), series: Vec::new() };
    unpack(patient).iter().for_each(|element| parts.attributes.put(element.clone()));
    let sql = "SELECT id, attributes FROM series WHERE study = ?1 ORDER BY id";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let series: Vec<(i64, Vec<u8>)> = rows.collect::<rusqlite::Result<_>>()?;
    for (id, attributes) in series {
        let sql = "SELECT word.text, instance.uid FROM instance JOIN word ON word.id = instance.class
             WHERE series = ?1 ORDER BY instance.id";
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        parts.series.push((unpack(attributes), rows.collect::<rusqlite::Result<_>>()?));
    }
    Ok(Some(parts))
}

/// The steps of the worklist that are of a study or, where there is none, of an accession number.
pub(super) fn steps_of(connection: &Connection, study: &str, accession: &str) -> Result<Vec<DataSet>> {
    let by = |column: &str, value: &str| -> Result<Vec<DataSet>> {
        if value.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!("SELECT attributes FROM scheduled_step WHERE {column} = ?1 ORDER BY id LIMIT ?2");
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params![value, STEPS_MAX], |row| Ok(unpack(row.get(0)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    };
    let found = by("study", study)?;
    if found.is_empty() { by("accession", accession) } else { Ok(found) }
}

/// The study that an accession number of a patient belongs to: one that is there, else one that is scheduled.
pub(super) fn study_of(connection: &Connection, accession: &str, patient: &str) -> Result<Option<String>> {
    let there = "SELECT uid FROM study JOIN patient ON patient.id = study.patient
         WHERE accession = ?1 AND patient.identifier = ?2 ORDER BY study.id DESC LIMIT 1";
    if accession.is_empty() {
        return Ok(None);
    }
    let mut statement = connection.prepare_cached(there)?;
    if let Some(uid) = statement.query_row([accession, patient], |row| row.get(0)).optional()? {
        return Ok(Some(uid));
    }
    for step in steps_of(connection, "", accession)? {
        let is_same = crate::text::first(&step, tags::PATIENT_ID).unwrap_or_default() == patient;
        if let Some(study) = step.ascii(tags::STUDY_INSTANCE_UID).filter(|_| is_same) {
            return Ok(Some(study.to_owned()));
        }
    }
    Ok(None)
}

fn number(row: &rusqlite::Row<'_>) -> rusqlite::Result<u64> {
    row.get::<_, i64>(0).map(i64::cast_unsigned)
}
