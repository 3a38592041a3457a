//! Reading single things.

use std::collections::HashSet;

use klinke_model::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use crate::error::Result;
use crate::index::{Beside, Instance, Reason, Selection, Stored, Totals};
use crate::place;

const INSTANCE: &str =
    "SELECT instance.id, study.uid, series.uid, instance.uid, class.text, syntax.text, sender.text,
        instance.arrived, size, data_offset, hash, path, study.folder, origin,
        max(study.reassigned, patient.corrected)
    FROM instance JOIN series ON series.id = instance.series JOIN study ON study.id = series.study
        JOIN patient ON patient.id = study.patient
        JOIN word class ON class.id = instance.class JOIN word syntax ON syntax.id = instance.syntax
        JOIN word sender ON sender.id = instance.sender";

pub(super) fn instance(connection: &Connection, uid: &str) -> Result<Option<Instance>> {
    let mut statement = connection.prepare_cached(&format!("{INSTANCE} WHERE instance.uid = ?1"))?;
    Ok(statement.query_row([uid], of_row).optional()?)
}

pub(super) fn by_number(connection: &Connection, id: i64) -> Result<Instance> {
    let mut statement = connection.prepare_cached(&format!("{INSTANCE} WHERE instance.id = ?1"))?;
    Ok(statement.query_row([id], of_row)?)
}

/// Whether an instance is there.
pub(super) fn exists(connection: &Connection, id: i64) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM instance WHERE id = ?1)";
    Ok(connection.prepare_cached(sql)?.query_row([id], |row| row.get(0))?)
}

fn of_row(row: &Row<'_>) -> rusqlite::Result<Instance> {
    let (series, uid): (String, String) = (row.get(2)?, row.get(3)?);
    let path: Option<String> = row.get(11)?;
    let folder: String = row.get(12)?;
    let file = Stored {
        path: path.unwrap_or_else(|| place::file(&folder, &series, &uid)),
        syntax: row.get(5)?,
        size: row.get::<_, i64>(8)?.cast_unsigned(),
        data_offset: row.get(9)?,
        hash: row.get(10)?,
        origin: row.get(13)?,
        from: row.get(6)?,
        arrived: Timestamp(row.get(7)?),
    };
    let number = row.get::<_, i64>(0)?.cast_unsigned();
    let identity_changed = row.get(14)?;
    Ok(Instance { number, study: row.get(1)?, series, uid, class: row.get(4)?, file, identity_changed })
}

pub(super) fn study_folder(connection: &Connection, uid: &str) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached("SELECT folder FROM study WHERE uid = ?1")?;
    Ok(statement.query_row([uid], |row| row.get(0)).optional()?)
}

pub(super) fn instances(
    connection: &Connection,
    of: &Selection,
    after: u64,
    limit: usize,
) -> Result<Vec<Instance>> {
    let mut sql = INSTANCE.to_owned();
    let mut values: Vec<Value> = Vec::new();
    sql.push_str(" WHERE instance.id > ?");
    values.push(Value::Integer(after.cast_signed()));
    if let Some((identifier, issuer)) = &of.patient {
        sql.push_str(" AND patient.identifier = ?");
        values.push(Value::Text(identifier.clone()));
        if let Some(issuer) = issuer {
            sql.push_str(" AND patient.issuer = ?");
            values.push(Value::Text(issuer.clone()));
        }
    }
    let lists = [("study.uid", &of.studies), ("series.uid", &of.series), ("instance.uid", &of.instances)];
    for (column, uids) in lists.into_iter().filter(|(_, uids)| !uids.is_empty()) {
        let marks = vec!["?"; uids.len()].join(",");
        sql.push_str(&format!(" AND {column} IN ({marks})"));
        values.extend(uids.iter().cloned().map(Value::Text));
    }
    sql.push_str(" ORDER BY instance.id LIMIT ?");
    values.push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map(params_from_iter(values), of_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

const BESIDE: &str = "SELECT id, reason, study, series, uid, syntax, sender, arrived, size, data_offset, hash, path FROM beside";

fn beside_of_row(row: &Row<'_>) -> rusqlite::Result<Beside> {
    let reason: String = row.get(1)?;
    Ok(Beside {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        reason: Reason::ALL.into_iter().find(|one| one.name() == reason).unwrap_or(Reason::OtherBytes),
        study: row.get(2)?,
        series: row.get(3)?,
        uid: row.get(4)?,
        file: Stored {
            path: row.get(11)?,
            syntax: row.get(5)?,
            size: row.get::<_, i64>(8)?.cast_unsigned(),
            data_offset: row.get(9)?,
            hash: row.get(10)?,
            origin: None,
            from: row.get(6)?,
            arrived: Timestamp(row.get(7)?),
        },
    })
}

pub(super) fn beside(connection: &Connection, before: Option<u64>, limit: usize) -> Result<Vec<Beside>> {
    let before = before.map_or(i64::MAX, u64::cast_signed);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = format!("{BESIDE} WHERE id < ?1 ORDER BY id DESC LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([before, limit], beside_of_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn beside_of(connection: &Connection, uid: &str) -> Result<Vec<Beside>> {
    let mut statement = connection.prepare_cached(&format!("{BESIDE} WHERE uid = ?1"))?;
    let rows = statement.query_map([uid], beside_of_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The paths of all files of the study of a folder, in whatever tier; also of those beside, in the trash, and left over in the folders
/// that begin so: the names of the tiers, and an empty one.
pub(super) fn paths(connection: &Connection, folder: &str, tiers: &[String]) -> Result<HashSet<String>> {
    let sql = format!("{INSTANCE} WHERE study.folder = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([folder], |row| Ok(of_row(row)?.file.path))?;
    let mut paths = rows.collect::<rusqlite::Result<HashSet<String>>>()?;
    for table in ["beside", "trash", "left_over"] {
        let sql = format!("SELECT path FROM {table} WHERE path >= ?1 AND path < ?2");
        let mut statement = connection.prepare_cached(&sql)?;
        for tier in tiers {
            // The character after the slash ends the folder.
            let bounds = [format!("{tier}{folder}/"), format!("{tier}{folder}0")];
            paths.extend(
                statement.query_map(bounds, |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?,
            );
        }
    }
    Ok(paths)
}

pub(super) fn totals(connection: &Connection) -> Result<Totals> {
    let sql = "SELECT (SELECT count(*) FROM patient WHERE EXISTS (SELECT 1 FROM study WHERE study.patient = patient.id)), (SELECT count(*) FROM study), count(*),
         coalesce(sum(instances), 0), coalesce(sum(bytes), 0), (SELECT count(*) FROM beside),
         (SELECT count(*) FROM trash) FROM series";
    let number = |row: &Row<'_>, at| row.get::<_, i64>(at).map(i64::cast_unsigned);
    Ok(connection.prepare_cached(sql)?.query_row([], |row| {
        Ok(Totals {
            patients: number(row, 0)?,
            studies: number(row, 1)?,
            series: number(row, 2)?,
            instances: number(row, 3)?,
            bytes: number(row, 4)?,
            beside: number(row, 5)?,
            thrown: number(row, 6)?,
        })
    })?)
}
