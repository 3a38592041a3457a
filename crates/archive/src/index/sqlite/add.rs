//! Adding an instance: its patient, study and series are made when new, and what clashes lies beside.

use std::collections::HashMap;

use klinke_dimse::tags;
use rusqlite::{Connection, OptionalExtension, params};

use super::event;
use super::pack::pack;
use super::patients;
use super::trash;
use super::unsynced;
use crate::error::{Error, Result};
use crate::event::Completion;
use crate::identity::{Identity, PatientKey};
use crate::index::{Added, ClashPolicy, Entry, Reason, Stored, Was};
use crate::level::Level;
use crate::text;

/// How many series and texts are remembered.
const REMEMBERED_MAX: usize = 4096;

/// What the writer remembers from one entry to the next.
pub(super) struct Adder {
    rules: Completion,
    words: HashMap<String, i64>,
    series: HashMap<String, Known>,
}

/// A series that is in the index.
#[derive(Clone)]
struct Known {
    id: i64,
    study: String,
    folder: String,
    /// The patient that it came with.
    patient: PatientKey,
    /// Who that is now.
    owner: i64,
    /// Whether something was done with all of its files.
    is_tended: bool,
    classes: Vec<String>,
}

impl Adder {
    pub(super) fn new(rules: Completion) -> Self {
        Adder { rules, words: HashMap::new(), series: HashMap::new() }
    }

    /// Forgets what it remembers: it may no longer be so.
    pub(super) fn forget(&mut self) {
        *self = Adder::new(self.rules);
    }

    pub(super) fn add(&mut self, connection: &Connection, entry: &Entry) -> Result<Added> {
        if entry.bytes.is_some() && trash::is_going(connection, &entry.file.path)? {
            return Err(Error::Taken);
        }
        if let Some(Was::Beside(number)) = entry.was {
            trash::forget_beside(connection, number)?;
        }
        let added = self.place(connection, entry)?;
        if added == Added::Same {
            return Ok(added);
        }
        if let Some(Was::Thrown(number)) = entry.was {
            trash::forget_thrown(connection, number)?;
        }
        if let Some(bytes) = &entry.bytes {
            unsynced::note(connection, entry, bytes)?;
        }
        Ok(added)
    }

    fn place(&mut self, connection: &Connection, entry: &Entry) -> Result<Added> {
        let identity = &entry.identity;
        if let Some(there) = there(connection, &identity.instance)? {
            if entry.bytes.is_some() && !there.is_same(&entry.file) {
                return Err(Error::Taken);
            }
            return self.clash(connection, entry, &there);
        }
        let series = match self.series(connection, entry)? {
            Ok(series) => series,
            Err(reason) => return lay_beside(connection, &Aside::of(entry), reason),
        };
        let id = self.insert(connection, entry, &series)?;
        Ok(Added::New(id))
    }

    /// The UID is there.
    fn clash(&mut self, connection: &Connection, entry: &Entry, there: &There) -> Result<Added> {
        if there.is_same(&entry.file) {
            return Ok(Added::Same);
        }
        let aside = Aside::of(entry);
        let is_same_place = there.series == entry.identity.series;
        if entry.clash == ClashPolicy::KeepFirst || !is_same_place {
            return lay_beside(connection, &aside, Reason::OtherBytes);
        }
        let series = match self.series(connection, entry)? {
            Ok(series) => series,
            Err(reason) => return lay_beside(connection, &aside, reason),
        };
        move_aside(connection, there.id)?;
        gain(connection, series.id, -1, -there.size)?;
        let id = self.insert(connection, entry, &series)?;
        Ok(Added::Replaced(id))
    }

    fn insert(&mut self, connection: &Connection, entry: &Entry, series: &Known) -> Result<u64> {
        let (identity, file) = (&entry.identity, &entry.file);
        let class = self.word(connection, &identity.class)?;
        let syntax = self.word(connection, &file.syntax)?;
        let sender = self.word(connection, &file.from)?;
        let usual = crate::place::file(&series.folder, &identity.series, &identity.instance);
        let sql = "INSERT INTO instance(uid, series, class, syntax, sender, arrived, size, data_offset, hash, path, attributes, origin)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        connection.prepare_cached(sql)?.execute(params![
            identity.instance,
            series.id,
            class,
            syntax,
            sender,
            file.arrived.0,
            file.size.cast_signed(),
            file.data_offset,
            file.hash,
            (usual != file.path).then_some(&file.path),
            pack(identity.at(Level::Instance)),
            file.origin,
        ])?;
        let id = connection.last_insert_rowid();
        gain(connection, series.id, 1, file.size.cast_signed())?;
        if series.is_tended {
            self.untend(connection, identity)?;
        }
        if !series.classes.contains(&identity.class) {
            self.add_class(connection, identity)?;
        }
        event::arrived(connection, entry, &self.rules)?;
        Ok(id.cast_unsigned())
    }

    /// The series of an instance, made when it is new; or why the instance does not belong to it.
    fn series(&mut self, connection: &Connection, entry: &Entry) -> Result<Result<Known, Reason>> {
        let identity = &entry.identity;
        if !self.series.contains_key(&identity.series) {
            let known = match known(connection, &identity.series)? {
                Some(known) => known,
                None => match make_series(connection, entry)? {
                    Ok(known) => known,
                    Err(reason) => return Ok(Err(reason)),
                },
            };
            if self.series.len() >= REMEMBERED_MAX {
                self.series.clear();
            }
            self.series.insert(identity.series.clone(), known);
        }
        let known = &self.series[&identity.series];
        if known.study != identity.study {
            return Ok(Err(Reason::OtherStudy));
        }
        match known.patient == identity.patient || is_owner(connection, identity, known.owner)? {
            true => Ok(Ok(known.clone())),
            false => Ok(Err(Reason::OtherPatient)),
        }
    }

    /// What was done with all files of a study is to be done with the new one.
    fn untend(&mut self, connection: &Connection, identity: &Identity) -> Result<()> {
        let sql = "UPDATE study SET tier = '', packed = 0 WHERE uid = ?1";
        connection.prepare_cached(sql)?.execute([&identity.study])?;
        for known in self.series.values_mut().filter(|known| known.study == identity.study) {
            known.is_tended = false;
        }
        Ok(())
    }

    fn add_class(&mut self, connection: &Connection, identity: &Identity) -> Result<()> {
        let sql = "UPDATE study SET classes = classes || ?2 || '\\'
             WHERE uid = ?1 AND instr(classes, '\\' || ?2 || '\\') = 0";
        connection.prepare_cached(sql)?.execute(params![identity.study, identity.class])?;
        if let Some(known) = self.series.get_mut(&identity.series) {
            known.classes.push(identity.class.clone());
        }
        Ok(())
    }

    fn word(&mut self, connection: &Connection, word: &str) -> Result<i64> {
        if let Some(id) = self.words.get(word) {
            return Ok(*id);
        }
        let id = word_id(connection, word)?;
        if self.words.len() >= REMEMBERED_MAX {
            self.words.clear();
        }
        self.words.insert(word.to_owned(), id);
        Ok(id)
    }
}

/// Counts instances and bytes that a series gains, or loses.
fn gain(connection: &Connection, series: i64, instances: i64, bytes: i64) -> Result<()> {
    let sql = "UPDATE series SET instances = instances + ?2, bytes = bytes + ?3 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![series, instances, bytes])?;
    Ok(())
}

/// The number of a text that repeats, made when it is new.
pub(super) fn word_id(connection: &Connection, word: &str) -> Result<i64> {
    connection.prepare_cached("INSERT OR IGNORE INTO word(text) VALUES (?1)")?.execute([word])?;
    Ok(connection
        .prepare_cached("SELECT id FROM word WHERE text = ?1")?
        .query_row([word], |row| row.get(0))?)
}

/// An instance that is in the index.
struct There {
    id: i64,
    hash: [u8; 32],
    origin: Option<[u8; 32]>,
    size: i64,
    series: String,
}

impl There {
    /// Whether a file has the same data set, or has been packed out of it, or the other way round.
    fn is_same(&self, file: &Stored) -> bool {
        let received = |hash, origin: Option<[u8; 32]>| origin.unwrap_or(hash);
        received(self.hash, self.origin) == received(file.hash, file.origin)
    }
}

fn there(connection: &Connection, uid: &str) -> Result<Option<There>> {
    let sql =
        "SELECT instance.id, hash, size, series.uid, origin FROM instance JOIN series ON series.id = series
         WHERE instance.uid = ?1";
    let row = |row: &rusqlite::Row<'_>| {
        let origin = row.get(4)?;
        Ok(There { id: row.get(0)?, hash: row.get(1)?, size: row.get(2)?, series: row.get(3)?, origin })
    };
    Ok(connection.prepare_cached(sql)?.query_row([uid], row).optional()?)
}

/// A series that is there, with its study and patient.
fn known(connection: &Connection, uid: &str) -> Result<Option<Known>> {
    let sql =
        "SELECT series.id, study.uid, study.folder, identifier, issuer, other, study.classes, study.patient,
            study.tier != '' OR study.packed
         FROM series JOIN study ON study.id = series.study JOIN patient ON patient.id = study.came
         WHERE series.uid = ?1";
    let row = |row: &rusqlite::Row<'_>| {
        let classes: String = row.get(6)?;
        Ok(Known {
            id: row.get(0)?,
            study: row.get(1)?,
            folder: row.get(2)?,
            patient: PatientKey { identifier: row.get(3)?, issuer: row.get(4)?, other: row.get(5)? },
            owner: row.get(7)?,
            is_tended: row.get(8)?,
            classes: classes.split('\\').filter(|class| !class.is_empty()).map(str::to_owned).collect(),
        })
    };
    Ok(connection.prepare_cached(sql)?.query_row([uid], row).optional()?)
}

/// Whether an instance names the patient whose the study is now.
fn is_owner(connection: &Connection, identity: &Identity, owner: i64) -> Result<bool> {
    match patients::find(connection, &identity.patient)? {
        Some(id) => Ok(patients::resolve(connection, id)?.0 == owner),
        None => Ok(false),
    }
}

/// Makes a series, and its study and patient where they are new.
fn make_series(connection: &Connection, entry: &Entry) -> Result<Result<Known, Reason>> {
    let identity = &entry.identity;
    let sql = "SELECT study.id, identifier, issuer, other, study.patient
         FROM study JOIN patient ON patient.id = study.came WHERE uid = ?1";
    let row = |row: &rusqlite::Row<'_>| {
        let patient = PatientKey { identifier: row.get(1)?, issuer: row.get(2)?, other: row.get(3)? };
        Ok((row.get::<_, i64>(0)?, patient, row.get::<_, i64>(4)?))
    };
    let study = match connection.prepare_cached(sql)?.query_row([&identity.study], row).optional()? {
        Some((study, patient, owner)) => {
            if patient != identity.patient && !is_owner(connection, identity, owner)? {
                return Ok(Err(Reason::OtherPatient));
            }
            study
        }
        None => make_study(connection, entry)?,
    };
    let set = identity.at(Level::Series);
    let modality = text::first(set, tags::MODALITY).unwrap_or_default();
    let sql = "INSERT INTO series(uid, study, modality, instances, bytes, attributes) VALUES (?1, ?2, ?3, 0, 0, ?4)";
    connection.prepare_cached(sql)?.execute(params![identity.series, study, modality, pack(set)])?;
    if !modality.is_empty() {
        let sql = "UPDATE study SET modalities = modalities || ?2 || '\\'
             WHERE id = ?1 AND instr(modalities, '\\' || ?2 || '\\') = 0";
        connection.prepare_cached(sql)?.execute(params![study, modality])?;
    }
    Ok(known(connection, &identity.series)?.ok_or(Reason::OtherStudy))
}

fn make_study(connection: &Connection, entry: &Entry) -> Result<i64> {
    let identity = &entry.identity;
    let came = patients::row_of_arrival(connection, &identity.patient, identity.at(Level::Patient))?;
    let (patient, reassigned) = patients::owner(connection, &identity.study, came)?;
    let set = identity.at(Level::Study);
    let text = |tag| text::first(set, tag).unwrap_or_default();
    let sql = "INSERT INTO study(uid, patient, date, accession, study_id, folder, modalities, classes, arrived, attributes,
            came, reassigned)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, '\\', '\\', ?7, ?8, ?9, ?10)";
    connection.prepare_cached(sql)?.execute(params![
        identity.study,
        patient,
        text(tags::STUDY_DATE),
        text(tags::ACCESSION_NUMBER),
        text(tags::STUDY_ID),
        entry.study_folder,
        entry.file.arrived.0,
        pack(set),
        came,
        reassigned,
    ])?;
    Ok(connection.last_insert_rowid())
}

/// What lies beside.
struct Aside<'a> {
    study: &'a str,
    series: &'a str,
    uid: &'a str,
    file: &'a Stored,
}

impl<'a> Aside<'a> {
    fn of(entry: &'a Entry) -> Self {
        let identity = &entry.identity;
        Aside { study: &identity.study, series: &identity.series, uid: &identity.instance, file: &entry.file }
    }
}

/// Notes an instance beside; the same bytes are noted once.
fn lay_beside(connection: &Connection, aside: &Aside<'_>, reason: Reason) -> Result<Added> {
    let file = aside.file;
    let sql = "SELECT count(*) FROM beside WHERE uid = ?1 AND hash = ?2";
    let is_there: bool =
        connection.prepare_cached(sql)?.query_row(params![aside.uid, file.hash], |row| row.get(0))?;
    if is_there {
        return Ok(Added::Same);
    }
    let sql = "INSERT INTO beside(reason, uid, study, series, syntax, sender, arrived, size, data_offset, hash, path)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    connection.prepare_cached(sql)?.execute(params![
        reason.name(),
        aside.uid,
        aside.study,
        aside.series,
        file.syntax,
        file.from,
        file.arrived.0,
        file.size.cast_signed(),
        file.data_offset,
        file.hash,
        file.path,
    ])?;
    Ok(Added::Beside(reason))
}

/// Takes an instance out of the index and notes it beside.
fn move_aside(connection: &Connection, id: i64) -> Result<()> {
    let there = super::read::by_number(connection, id)?;
    let aside = Aside { study: &there.study, series: &there.series, uid: &there.uid, file: &there.file };
    lay_beside(connection, &aside, Reason::Replaced)?;
    connection.prepare_cached("DELETE FROM instance WHERE id = ?1")?.execute([id])?;
    Ok(())
}
