//! Who patients are: identities as they came, and what was decided over them.
//!
//! A row of `patient` is an identity. One that was merged names the other; a study has the identity that it came with (`came`), that
//! it was moved to by hand (`moved`), and the one that follows from both and from merges (`patient`).

use klinke_dimse::data::{DataSet, Element, Value};
use klinke_dimse::{VR, tags};
use klinke_model::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, params};

use super::pack::{pack, unpack};
use super::{trash, workitem, worklist};
use crate::change::{Change, Entry};
use crate::error::{Error, Result};
use crate::identity::PatientKey;
use crate::present::{BY_IDENTITY, Present};
use crate::text;

/// Longer than any chain of merges; a circle can't be made.
const CHAIN_LENGTH_MAX: usize = 1000;

/// Applies an entry of the journal. `identities` gives all entries about identities that hold, for one that takes another
/// one back.
pub(super) fn apply(connection: &Connection, entry: &Entry, identities: &[Entry]) -> Result<()> {
    let at = entry.decision.at;
    match &entry.change {
        Change::Merge { old, new } => {
            merge(connection, old, new, at)?;
            present_steps_again(connection)
        }
        Change::Correct { patient, attributes } => {
            let id = row(connection, patient)?;
            correct(connection, id, &attributes.0, at)?;
            refresh(connection, id)?;
            present_steps_again(connection)
        }
        Change::Move { study, to } => {
            let sql = "INSERT INTO moved(study, patient, moved) VALUES (?1, ?2, ?3)
                 ON CONFLICT(study) DO UPDATE SET patient = ?2, moved = ?3";
            let to = row(connection, to)?;
            connection.prepare_cached(sql)?.execute(params![study, to, at.0])?;
            assign_where(connection, "uid = ?1", [study])
        }
        Change::Undo { number } => {
            let before = identities.iter().filter(|one| one.number < entry.number && one.number != *number);
            take_back(connection, &before.collect::<Vec<_>>())
        }
        Change::Hold { study } => {
            let sql = "INSERT OR REPLACE INTO hold(study, held, who, why) VALUES (?1, ?2, ?3, ?4)";
            let decision = &entry.decision;
            connection.prepare_cached(sql)?.execute(params![study, at.0, decision.who, decision.why])?;
            Ok(())
        }
        Change::Release { study } => {
            connection.prepare_cached("DELETE FROM hold WHERE study = ?1")?.execute([study])?;
            Ok(())
        }
        Change::Throw { files } => trash::throw(connection, files, &entry.decision),
        // Its file is looked at, and it is added like one that arrives.
        Change::Restore { .. } => Ok(()),
    }
}

/// The row of an identity.
pub(super) fn find(connection: &Connection, key: &PatientKey) -> Result<Option<i64>> {
    let sql = "SELECT id FROM patient WHERE identifier = ?1 AND issuer = ?2 AND other = ?3";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row(params![key.identifier, key.issuer, key.other], |row| row.get(0)).optional()?)
}

/// The row of an identity, made when it is new.
fn row(connection: &Connection, key: &PatientKey) -> Result<i64> {
    if let Some(id) = find(connection, key)? {
        return Ok(id);
    }
    let sql = "INSERT INTO patient(identifier, issuer, other, name, birth_date, attributes)
         VALUES (?1, ?2, ?3, '', '', ?4)";
    let attributes = pack(&named(key));
    connection.prepare_cached(sql)?.execute(params![key.identifier, key.issuer, key.other, attributes])?;
    Ok(connection.last_insert_rowid())
}

/// The row of an identity of whom an instance came.
pub(super) fn row_of_arrival(connection: &Connection, key: &PatientKey, set: &DataSet) -> Result<i64> {
    let id = row(connection, key)?;
    let sql = "UPDATE patient SET came = ?2 WHERE id = ?1 AND came = x''";
    if connection.prepare_cached(sql)?.execute(params![id, pack(set)])? > 0 {
        refresh(connection, id)?;
    }
    Ok(id)
}

/// What names an identity, as attributes.
fn named(key: &PatientKey) -> DataSet {
    let mut set = DataSet::new();
    put_key(&mut set, key);
    set
}

fn put_key(set: &mut DataSet, key: &PatientKey) {
    for (tag, text) in [(tags::PATIENT_ID, &key.identifier), (tags::ISSUER_OF_PATIENT_ID, &key.issuer)] {
        set.remove(tag);
        if !text.is_empty() {
            // The index has its texts in UTF-8.
            set.put(Element { tag, vr: VR::LO, value: Value::Bytes(text.clone().into()) });
        }
    }
}

/// Who an identity is, and when that was decided last; 0 where nothing was.
pub(super) fn resolve(connection: &Connection, id: i64) -> Result<(i64, i64)> {
    let sql = "SELECT merged_into, merged FROM patient WHERE id = ?1 AND merged_into IS NOT NULL";
    let (mut id, mut latest) = (id, 0);
    let mut statement = connection.prepare_cached(sql)?;
    for _ in 0..CHAIN_LENGTH_MAX {
        let next: Option<(i64, i64)> =
            statement.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((into, merged)) = next else { return Ok((id, latest)) };
        (id, latest) = (into, latest.max(merged));
    }
    Err(Error::Damaged("merges of patients form a circle".to_owned()))
}

fn merge(connection: &Connection, old: &PatientKey, new: &PatientKey, at: Timestamp) -> Result<()> {
    let (old, new) = (row(connection, old)?, row(connection, new)?);
    link(connection, old, new, at)?;
    refresh(connection, resolve(connection, new)?.0)?;
    assign_all_of(connection, old)
}

/// Notes that one identity is another one. Who was merged the other way round before is who they are again.
fn link(connection: &Connection, old: i64, new: i64, at: Timestamp) -> Result<()> {
    if old == new {
        return Ok(());
    }
    if resolve(connection, new)?.0 == resolve(connection, old)?.0 && leads_to(connection, new, old)? {
        let sql = "UPDATE patient SET merged_into = NULL, merged = ?2 WHERE id = ?1";
        connection.prepare_cached(sql)?.execute(params![new, at.0])?;
    }
    let sql = "UPDATE patient SET merged_into = ?2, merged = ?3 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![old, new, at.0])?;
    Ok(())
}

fn leads_to(connection: &Connection, from: i64, to: i64) -> Result<bool> {
    let sql = "WITH RECURSIVE chain(id) AS (
            SELECT merged_into FROM patient WHERE id = ?1
            UNION SELECT patient.merged_into FROM patient JOIN chain ON patient.id = chain.id)
         SELECT count(*) FROM chain WHERE id = ?2";
    Ok(connection.prepare_cached(sql)?.query_row([from, to], |row| row.get::<_, i64>(0))? > 0)
}

/// Lays a correction over those before it.
fn correct(connection: &Connection, id: i64, attributes: &DataSet, at: Timestamp) -> Result<()> {
    let sql = "SELECT correction FROM patient WHERE id = ?1";
    let before: Option<Vec<u8>> = connection.prepare_cached(sql)?.query_row([id], |row| row.get(0))?;
    let mut correction = before.map(unpack).unwrap_or_default();
    lay_over(&mut correction, attributes);
    let sql = "UPDATE patient SET correction = ?2, corrected = ?3 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![id, pack(&correction), at.0])?;
    Ok(())
}

fn lay_over(set: &mut DataSet, over: &DataSet) {
    over.iter().for_each(|element| set.put(element.clone()));
}

/// Works out the attributes of a patient anew: as they came, or as those had them who were merged into them, with what was
/// corrected.
fn refresh(connection: &Connection, id: i64) -> Result<()> {
    let sql = "SELECT identifier, issuer, other, came, correction FROM patient WHERE id = ?1";
    let (key, came, correction) = connection.prepare_cached(sql)?.query_row([id], |row| {
        let key = PatientKey { identifier: row.get(0)?, issuer: row.get(1)?, other: row.get(2)? };
        Ok((key, row.get::<_, Vec<u8>>(3)?, row.get::<_, Option<Vec<u8>>>(4)?))
    })?;
    let mut set = unpack(came);
    if set.is_empty() {
        let sql = "SELECT attributes FROM patient WHERE merged_into = ?1 ORDER BY merged DESC, id LIMIT 1";
        let merged = connection.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()?;
        set = merged.map(unpack).unwrap_or_default();
        put_key(&mut set, &key);
    }
    lay_over(&mut set, &correction.map(unpack).unwrap_or_default());
    let text = |tag| text::first(&set, tag).unwrap_or_default();
    let sql = "UPDATE patient SET attributes = ?2, name = ?3, birth_date = ?4 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![
        id,
        pack(&set),
        text::name_key(text(tags::PATIENT_NAME)),
        text(tags::PATIENT_BIRTH_DATE),
    ])?;
    Ok(())
}

/// Whose a study is that came with an identity, and since when, if that is another one.
pub(super) fn owner(connection: &Connection, study: &str, came: i64) -> Result<(i64, i64)> {
    let sql = "SELECT patient, moved FROM moved WHERE study = ?1";
    let moved = connection.prepare_cached(sql)?.query_row([study], |row| Ok((row.get(0)?, row.get(1)?)));
    let (own, at): (i64, i64) = moved.optional()?.unwrap_or((came, 0));
    let (patient, merged) = resolve(connection, own)?;
    Ok((patient, if patient == came { 0 } else { at.max(merged) }))
}

/// Gives studies to whom they belong.
fn assign_where(connection: &Connection, which: &str, values: impl Params) -> Result<()> {
    let mut statement = connection
        .prepare_cached(&format!("SELECT id, uid, came, patient, reassigned FROM study WHERE {which}"))?;
    let rows = statement.query_map(values, |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?, row.get(3)?, row.get(4)?))
    })?;
    let studies: Vec<(i64, String, i64, i64, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    for (id, uid, came, patient, reassigned) in studies {
        let now = owner(connection, &uid, came)?;
        if now != (patient, reassigned) {
            let sql = "UPDATE study SET patient = ?2, reassigned = ?3 WHERE id = ?1";
            connection.prepare_cached(sql)?.execute(params![id, now.0, now.1])?;
        }
    }
    Ok(())
}

/// Gives all studies to whom they belong that an identity has to do with, also by way of others.
fn assign_all_of(connection: &Connection, id: i64) -> Result<()> {
    let sql = "WITH RECURSIVE those(id) AS (
            SELECT ?1 UNION SELECT patient.id FROM patient JOIN those ON patient.merged_into = those.id)
         SELECT id FROM those";
    let mut statement = connection.prepare_cached(sql)?;
    let those: Vec<i64> = statement.query_map([id], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for one in those {
        assign_where(
            connection,
            "came = ?1 OR patient = ?1 OR uid IN (SELECT study FROM moved WHERE patient = ?1)",
            [one],
        )?;
    }
    Ok(())
}

/// Makes it so as if only these changes had been.
fn take_back(connection: &Connection, held: &[&Entry]) -> Result<()> {
    // Whoever has no attributes of their own may have those of somebody who was merged.
    let sql = "SELECT id FROM patient
         WHERE merged_into IS NOT NULL OR merged != 0 OR correction IS NOT NULL OR came = x''";
    let mut statement = connection.prepare_cached(sql)?;
    let touched: Vec<i64> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    connection.execute_batch(
        "UPDATE patient SET merged_into = NULL, merged = 0 WHERE merged_into IS NOT NULL OR merged != 0;
         UPDATE patient SET correction = NULL, corrected = 0 WHERE correction IS NOT NULL;
         DELETE FROM moved;",
    )?;
    for entry in held {
        let at = entry.decision.at;
        match &entry.change {
            Change::Merge { old, new } => {
                link(connection, row(connection, old)?, row(connection, new)?, at)?;
            }
            Change::Correct { patient, attributes } => {
                correct(connection, row(connection, patient)?, &attributes.0, at)?;
            }
            Change::Move { study, to } => {
                let sql = "INSERT OR REPLACE INTO moved(study, patient, moved) VALUES (?1, ?2, ?3)";
                connection.prepare_cached(sql)?.execute(params![study, row(connection, to)?, at.0])?;
            }
            _ => {}
        }
    }
    touched.iter().try_for_each(|id| refresh(connection, *id))?;
    assign_where(
        connection,
        "reassigned != 0 OR came != patient OR uid IN (SELECT study FROM moved)
            OR came IN (SELECT id FROM patient WHERE merged_into IS NOT NULL)",
        [],
    )?;
    present_steps_again(connection)
}

/// Gives steps and workitems that are to be done the patients that they have now.
fn present_steps_again(connection: &Connection) -> Result<()> {
    worklist::present_again(connection)?;
    workitem::present_again(connection)
}

/// Who the patient of a study is now, where instances do not say so themselves.
pub(super) fn present(connection: &Connection, study: &str) -> Result<Option<Present>> {
    let sql = "SELECT patient.attributes, patient.correction, study.reassigned, patient.corrected
         FROM study JOIN patient ON patient.id = study.patient
         WHERE study.uid = ?1 AND (study.reassigned != 0 OR patient.corrected != 0)";
    let row = |row: &rusqlite::Row<'_>| {
        let attributes: Vec<u8> = row.get(0)?;
        let correction: Option<Vec<u8>> = row.get(1)?;
        Ok((attributes, correction, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?))
    };
    let Some((attributes, correction, reassigned, corrected)) =
        connection.prepare_cached(sql)?.query_row([study], row).optional()?
    else {
        return Ok(None);
    };
    let mut given = correction.map(unpack).unwrap_or_default();
    if reassigned != 0 {
        let attributes = unpack(attributes);
        let by_identity = BY_IDENTITY.iter().filter_map(|tag| attributes.get(*tag).cloned());
        by_identity.for_each(|element| given.put(element));
    }
    Ok(Some(Present {
        attributes: given,
        is_other: reassigned != 0,
        at: Timestamp(reassigned.max(corrected)),
    }))
}

/// What was decided about an identity: attributes of whom it was merged into, and what was corrected. None where nothing was.
pub(super) fn decided(connection: &Connection, key: &PatientKey) -> Result<Option<DataSet>> {
    let Some(own) = find(connection, key)? else { return Ok(None) };
    let (id, _) = resolve(connection, own)?;
    let sql = "SELECT attributes, correction FROM patient WHERE id = ?1";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Option<Vec<u8>>>(1)?));
    let (attributes, correction) = connection.prepare_cached(sql)?.query_row([id], row)?;
    if id == own {
        return Ok(correction.map(unpack));
    }
    let attributes = unpack(attributes);
    let mut decided: DataSet = BY_IDENTITY.iter().filter_map(|tag| attributes.get(*tag).cloned()).collect();
    lay_over(&mut decided, &correction.map(unpack).unwrap_or_default());
    Ok(Some(decided))
}

/// The identities that have this identifier, each with whether it is one at present: neither merged nor without a study.
pub(super) fn identified(connection: &Connection, identifier: &str) -> Result<Vec<(PatientKey, bool)>> {
    let sql = "SELECT identifier, issuer, other, merged_into IS NULL
                AND EXISTS (SELECT 1 FROM study WHERE study.patient = patient.id)
         FROM patient WHERE identifier = ?1 ORDER BY id";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([identifier], |row| Ok((key(row)?, row.get(3)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The attributes of who an identity is now; none where nobody is known.
pub(super) fn attributes_of(connection: &Connection, key: &PatientKey) -> Result<Option<DataSet>> {
    let Some(id) = find(connection, key)? else { return Ok(None) };
    let (id, _) = resolve(connection, id)?;
    let sql = "SELECT attributes FROM patient WHERE id = ?1";
    Ok(Some(unpack(connection.prepare_cached(sql)?.query_row([id], |row| row.get(0))?)))
}

/// The identity that a study came with.
pub(super) fn came(connection: &Connection, study: &str) -> Result<Option<PatientKey>> {
    let sql =
        "SELECT identifier, issuer, other FROM patient WHERE id = (SELECT came FROM study WHERE uid = ?1)";
    Ok(connection.prepare_cached(sql)?.query_row([study], key).optional()?)
}

/// To whom a study was given.
pub(super) fn moved_to(connection: &Connection, study: &str) -> Result<Option<PatientKey>> {
    let sql = "SELECT identifier, issuer, other FROM patient WHERE id = (SELECT patient FROM moved WHERE study = ?1)";
    Ok(connection.prepare_cached(sql)?.query_row([study], key).optional()?)
}

/// Who an identity is now.
pub(super) fn survivor(connection: &Connection, of: &PatientKey) -> Result<Option<PatientKey>> {
    let Some(id) = find(connection, of)? else { return Ok(None) };
    let (id, _) = resolve(connection, id)?;
    let sql = "SELECT identifier, issuer, other FROM patient WHERE id = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([id], key).optional()?)
}

fn key(row: &rusqlite::Row<'_>) -> rusqlite::Result<PatientKey> {
    Ok(PatientKey { identifier: row.get(0)?, issuer: row.get(1)?, other: row.get(2)? })
}

/// Whether two identities are known to be one patient.
pub(super) fn is_same(connection: &Connection, one: &PatientKey, other: &PatientKey) -> Result<bool> {
    let (Some(one), Some(other)) = (find(connection, one)?, find(connection, other)?) else {
        return Ok(false);
    };
    Ok(resolve(connection, one)?.0 == resolve(connection, other)?.0)
}
