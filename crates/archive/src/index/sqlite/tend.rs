//! What is known of studies by those who look after them: rules of retention, tiers, compression.

use klinke_dimse::tags;
use klinke_model::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::pack::unpack;
use super::{add, read};
use crate::error::Result;
use crate::index::Moved;
use crate::retention::Facts;
use crate::text;

/// Studies with numbers above `after`, in the order of their numbers.
pub(super) fn facts(connection: &Connection, after: i64, limit: usize) -> Result<Vec<Facts>> {
    let sql = "SELECT study.id, study.uid, study.date, study.arrived, study.modalities, patient.birth_date,
            (SELECT coalesce(sum(instances), 0) FROM series WHERE series.study = study.id),
            (SELECT coalesce(sum(bytes), 0) FROM series WHERE series.study = study.id),
            study.tier, study.packed
         FROM study JOIN patient ON patient.id = study.patient
         WHERE study.id > ?1 ORDER BY study.id LIMIT ?2";
    let row = |row: &Row<'_>| {
        let modalities: String = row.get(4)?;
        Ok(Facts {
            number: row.get(0)?,
            study: row.get(1)?,
            date: row.get(2)?,
            arrived: Timestamp(row.get(3)?),
            modalities: modalities.split('\\').filter(|one| !one.is_empty()).map(str::to_owned).collect(),
            birth_date: row.get(5)?,
            instances: row.get::<_, i64>(6)?.cast_unsigned(),
            bytes: row.get::<_, i64>(7)?.cast_unsigned(),
            tier: row.get(8)?,
            is_packed: row.get(9)?,
        })
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([after, limit], row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// When the last instance of a study arrived.
pub(super) fn latest(connection: &Connection, study: i64) -> Result<Timestamp> {
    let sql =
        "SELECT coalesce(max(instance.arrived), 0) FROM instance JOIN series ON series.id = instance.series
         WHERE series.study = ?1";
    Ok(Timestamp(connection.prepare_cached(sql)?.query_row([study], |row| row.get(0))?))
}

/// The body parts of a study, and its stations: Station Name (0008,1010), and who has sent it.
pub(super) fn places(connection: &Connection, study: i64) -> Result<(Vec<String>, Vec<String>)> {
    let (mut parts, mut stations) = (Vec::new(), Vec::new());
    let mut statement = connection.prepare_cached("SELECT attributes FROM series WHERE study = ?1")?;
    let rows = statement.query_map([study], |row| row.get::<_, Vec<u8>>(0))?;
    for attributes in rows {
        let set = unpack(attributes?);
        let text = |tag| text::first(&set, tag).map(str::to_owned);
        parts.extend(text(tags::BODY_PART_EXAMINED));
        stations.extend(text(tags::STATION_NAME));
    }
    let sql = "SELECT DISTINCT word.text FROM instance JOIN series ON series.id = instance.series
            JOIN word ON word.id = instance.sender
         WHERE series.study = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    stations
        .extend(statement.query_map([study], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?);
    Ok((parts, stations))
}

/// Whether a sender has sent something of a study.
pub(super) fn is_sent_by(connection: &Connection, study: &str, sender: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (
            SELECT 1 FROM instance JOIN series ON series.id = instance.series JOIN study ON study.id = series.study
                JOIN word ON word.id = instance.sender
            WHERE study.uid = ?1 AND word.text = ?2)";
    Ok(connection.prepare_cached(sql)?.query_row([study, sender], |row| row.get(0))?)
}

/// Whether something of a study is owed to somebody: a report of storage commitment that is not yet told, or an event that a channel
/// has not heard.
pub(super) fn is_owed(connection: &Connection, study: &str) -> Result<bool> {
    Ok(is_untold(connection, study)? || is_uncommitted(connection, study)?)
}

/// Whether a channel has still to hear of a study or of an instance of it.
fn is_untold(connection: &Connection, study: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (
            SELECT 1 FROM listener JOIN event ON event.kind = listener.kind AND event.id > listener.position
            WHERE listener.kind = 'study' AND event.uid = ?1)
        OR EXISTS (SELECT 1 FROM listener, arriving WHERE listener.kind = 'study' AND arriving.study = ?1)
        OR EXISTS (
            SELECT 1 FROM listener WHERE listener.kind = 'instance' AND listener.position < (
                SELECT max(instance.id) FROM instance JOIN series ON series.id = instance.series
                    JOIN study ON study.id = series.study
                WHERE study.uid = ?1))";
    Ok(connection.prepare_cached(sql)?.query_row([study], |row| row.get(0))?)
}

fn is_uncommitted(connection: &Connection, study: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM commitment)";
    if !connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, bool>(0))? {
        return Ok(false);
    }
    let sql = "SELECT EXISTS (
            SELECT 1 FROM instance JOIN series ON series.id = instance.series
                JOIN study ON study.id = series.study, commitment
            WHERE study.uid = ?1 AND instr(commitment.instances, instance.uid) > 0)";
    Ok(connection.prepare_cached(sql)?.query_row([study], |row| row.get(0))?)
}

/// Whether a study may not be thrown away.
pub(super) fn is_held(connection: &Connection, study: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM hold WHERE study = ?1)";
    Ok(connection.prepare_cached(sql)?.query_row([study], |row| row.get(0))?)
}

/// Puts files in the place of others, which are left over. Where an instance went, or has another file meanwhile, the new file is
/// left over.
pub(super) fn moved(connection: &Connection, all: &[Moved], at: Timestamp) -> Result<()> {
    for one in all {
        let number = one.number.cast_signed();
        let is_there = read::exists(connection, number)?;
        if !is_there || read::by_number(connection, number)?.file.path != one.from {
            note_left_over(connection, &one.path, at)?;
            continue;
        }
        let sql = "UPDATE series SET bytes = bytes + ?2 - (SELECT size FROM instance WHERE id = ?1)
             WHERE id = (SELECT series FROM instance WHERE id = ?1)";
        connection.prepare_cached(sql)?.execute(params![number, one.size.cast_signed()])?;
        let sql =
            "UPDATE instance SET path = ?2, syntax = ?3, size = ?4, data_offset = ?5, hash = ?6, origin = ?7
             WHERE id = ?1";
        connection.prepare_cached(sql)?.execute(params![
            number,
            one.path,
            add::word_id(connection, &one.syntax)?,
            one.size.cast_signed(),
            one.data_offset,
            one.hash,
            one.origin,
        ])?;
        note_left_over(connection, &one.from, at)?;
    }
    Ok(())
}

/// Notes a file that another one took the place of.
pub(super) fn note_left_over(connection: &Connection, path: &str, at: Timestamp) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO left_over(path, at) VALUES (?1, ?2)";
    connection.prepare_cached(sql)?.execute(params![path, at.0])?;
    Ok(())
}

/// Files that others took the place of before a time.
pub(super) fn left_over(connection: &Connection, before: Timestamp, limit: usize) -> Result<Vec<String>> {
    let sql = "SELECT path FROM left_over WHERE at < ?1 ORDER BY path LIMIT ?2";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([before.0, limit], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Forgets files that were left over.
pub(super) fn forget_left_over(connection: &Connection, paths: &[String]) -> Result<()> {
    for path in paths {
        connection.prepare_cached("DELETE FROM left_over WHERE path = ?1")?.execute([path])?;
    }
    Ok(())
}

/// Notes that all files of a study are in a tier, unless something came meanwhile.
pub(super) fn note_tier(connection: &Connection, study: &str, tier: &str) -> Result<()> {
    let sql = "UPDATE study SET tier = ?2 WHERE uid = ?1 AND NOT EXISTS (
            SELECT 1 FROM instance JOIN series ON series.id = instance.series
            WHERE series.study = study.id AND (path IS NULL OR substr(path, 1, length(?2) + 1) != ?2 || ':'))";
    connection.prepare_cached(sql)?.execute([study, tier])?;
    Ok(())
}

/// Notes that all files of a study were looked at to be packed.
pub(super) fn note_packed(connection: &Connection, study: &str) -> Result<()> {
    connection.prepare_cached("UPDATE study SET packed = 1 WHERE uid = ?1")?.execute([study])?;
    Ok(())
}

/// The tiers in which whole studies are.
pub(super) fn tiers(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached("SELECT DISTINCT tier FROM study WHERE tier != ''")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

/// Bytes of all instances, and of those of one sender.
pub(super) fn usage(connection: &Connection, sender: Option<&str>) -> Result<u64> {
    let used: Option<i64> = match sender {
        None => connection
            .prepare_cached("SELECT coalesce(sum(bytes), 0) FROM usage")?
            .query_row([], |row| row.get(0))
            .optional()?,
        Some(sender) => connection
            .prepare_cached(
                "SELECT bytes FROM usage JOIN word ON word.id = usage.sender WHERE word.text = ?1",
            )?
            .query_row(params![sender], |row| row.get(0))
            .optional()?,
    };
    Ok(used.unwrap_or(0).cast_unsigned())
}
