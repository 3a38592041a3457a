//! Taking instances out of the index, and what becomes of those beside.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::read;
use crate::change::{Decision, ThrownFile};
use crate::error::{Error, Result};
use crate::index::{Beside, Hold, Instance, Thrown};
use klinke_model::Timestamp;

/// Moves files into the trash, whether they are in the index or lie beside. Those that are not where they were are left.
pub(super) fn throw(connection: &Connection, files: &[ThrownFile], by: &Decision) -> Result<()> {
    let mut studies = BTreeSet::new();
    for file in files {
        let kept = read::instance(connection, &file.uid)?.filter(|kept| kept.file.path == file.path);
        match kept {
            Some(instance) => {
                throw_one(connection, &instance, by)?;
                studies.insert(instance.study);
            }
            None => throw_beside(connection, &file.path, by)?,
        }
    }
    studies.iter().try_for_each(|study| tidy(connection, study))
}

fn throw_one(connection: &Connection, instance: &Instance, by: &Decision) -> Result<()> {
    let names = [&instance.uid, &instance.study, &instance.series, &instance.file.path].map(String::as_str);
    note(connection, by, names, instance.file.size)?;
    let sql = "UPDATE series SET instances = instances - 1, bytes = bytes - ?2
         WHERE id = (SELECT series FROM instance WHERE id = ?1)";
    let number = instance.number.cast_signed();
    connection.prepare_cached(sql)?.execute(params![number, instance.file.size.cast_signed()])?;
    connection.prepare_cached("DELETE FROM instance WHERE id = ?1")?.execute([number])?;
    Ok(())
}

/// Moves what lies beside into the trash.
fn throw_beside(connection: &Connection, path: &str, by: &Decision) -> Result<()> {
    let sql = "SELECT uid, study, series, size FROM beside WHERE path = ?1";
    let row = |row: &Row<'_>| {
        let names: [String; 3] = [row.get(0)?, row.get(1)?, row.get(2)?];
        Ok((names, row.get::<_, i64>(3)?.cast_unsigned()))
    };
    let Some(([uid, study, series], size)) =
        connection.prepare_cached(sql)?.query_row([path], row).optional()?
    else {
        return Ok(());
    };
    note(connection, by, [&uid, &study, &series, path], size)?;
    connection.prepare_cached("DELETE FROM beside WHERE path = ?1")?.execute([path])?;
    Ok(())
}

/// Puts a line on the list of the trash.
pub(super) fn note(connection: &Connection, by: &Decision, names: [&str; 4], size: u64) -> Result<()> {
    let [uid, study, series, path] = names;
    let sql = "INSERT INTO trash(thrown, who, why, uid, study, series, path, size)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    connection.prepare_cached(sql)?.execute(params![
        by.at.0,
        by.who,
        by.why,
        uid,
        study,
        series,
        path,
        size.cast_signed(),
    ])?;
    Ok(())
}

/// Series, studies and patients without an instance are no longer. Whoever something was decided about stays: more may come.
fn tidy(connection: &Connection, study: &str) -> Result<()> {
    let sql = "SELECT id, patient, came FROM study WHERE uid = ?1";
    let row = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
    let Some((id, patient, came)) = connection.prepare_cached(sql)?.query_row([study], row).optional()?
    else {
        return Ok(());
    };
    let empty = "DELETE FROM series WHERE study = ?1 AND instances <= 0
         AND NOT EXISTS (SELECT 1 FROM instance WHERE series = series.id)";
    connection.prepare_cached(empty)?.execute([id])?;
    let empty =
        "DELETE FROM study WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM series WHERE study = study.id)";
    connection.prepare_cached(empty)?.execute([id])?;
    let empty = "DELETE FROM patient WHERE id IN (?1, ?2) AND correction IS NULL AND merged_into IS NULL AND merged = 0
         AND NOT EXISTS (SELECT 1 FROM study WHERE patient = patient.id OR came = patient.id)
         AND NOT EXISTS (SELECT 1 FROM patient other WHERE other.merged_into = patient.id)
         AND NOT EXISTS (SELECT 1 FROM moved WHERE moved.patient = patient.id)";
    connection.prepare_cached(empty)?.execute([patient, came])?;
    Ok(())
}

/// One that lies beside.
pub(super) fn one_beside(connection: &Connection, number: u64) -> Result<Beside> {
    let found = read::beside(connection, Some(number.saturating_add(1)), 1)?;
    found
        .into_iter()
        .find(|one| one.number == number)
        .ok_or(Error::Missing("what lay beside under this number"))
}

/// Takes what lay beside off the list.
pub(super) fn forget_beside(connection: &Connection, number: u64) -> Result<()> {
    connection.prepare_cached("DELETE FROM beside WHERE id = ?1")?.execute([number.cast_signed()])?;
    Ok(())
}

/// What is in the trash, newest first, with numbers below `before`.
pub(super) fn trash(connection: &Connection, before: Option<u64>, limit: usize) -> Result<Vec<Thrown>> {
    let sql = "SELECT id, thrown, who, why, uid, study, series, path, size FROM trash
         WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
    let before = before.map_or(i64::MAX, u64::cast_signed);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([before, limit], thrown)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The oldest in the trash that was thrown before a time.
pub(super) fn overdue(connection: &Connection, before: Timestamp, limit: usize) -> Result<Vec<Thrown>> {
    let sql = "SELECT id, thrown, who, why, uid, study, series, path, size FROM trash
         WHERE thrown < ?1 ORDER BY id LIMIT ?2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([before.0, limit], thrown)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// One in the trash.
pub(super) fn one_thrown(connection: &Connection, number: u64) -> Result<Thrown> {
    let sql = "SELECT id, thrown, who, why, uid, study, series, path, size FROM trash WHERE id = ?1";
    let found = connection.prepare_cached(sql)?.query_row([number.cast_signed()], thrown).optional()?;
    found.ok_or(Error::Missing("what was in the trash under this number"))
}

/// What is in the trash of a study, the newest first.
pub(super) fn thrown_of(connection: &Connection, study: &str) -> Result<Vec<Thrown>> {
    let sql = "SELECT id, thrown, who, why, uid, study, series, path, size FROM trash
         WHERE study = ?1 ORDER BY id DESC";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([study], thrown)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether a path is that of a file in the trash, left over or beside.
pub(super) fn is_going(connection: &Connection, path: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM trash WHERE path = ?1)
         OR EXISTS (SELECT 1 FROM left_over WHERE path = ?1)
         OR EXISTS (SELECT 1 FROM beside WHERE path = ?1)";
    Ok(connection.prepare_cached(sql)?.query_row([path], |row| row.get(0))?)
}

/// The studies that may not be thrown away, those held last first.
pub(super) fn holds(connection: &Connection) -> Result<Vec<Hold>> {
    let sql = "SELECT study, held, who, why FROM hold ORDER BY held DESC, study";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| {
        let at = Timestamp(row.get(1)?);
        Ok(Hold { study: row.get(0)?, at, who: row.get(2)?, why: row.get(3)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Takes something off the list of the trash.
pub(super) fn forget_thrown(connection: &Connection, number: u64) -> Result<()> {
    connection.prepare_cached("DELETE FROM trash WHERE id = ?1")?.execute([number.cast_signed()])?;
    Ok(())
}

fn thrown(row: &Row<'_>) -> rusqlite::Result<Thrown> {
    Ok(Thrown {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        at: Timestamp(row.get(1)?),
        who: row.get(2)?,
        why: row.get(3)?,
        uid: row.get(4)?,
        study: row.get(5)?,
        series: row.get(6)?,
        path: row.get(7)?,
        size: row.get::<_, i64>(8)?.cast_unsigned(),
    })
}
