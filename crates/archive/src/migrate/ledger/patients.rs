//! Patients of an old archive: of whom somebody has told, and whose studies have their identity settled.

use rusqlite::OptionalExtension;

use super::Ledger;
use crate::error::Result;

/// Who has told of a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A message.
    Message,
    /// The list of the migration.
    List,
    /// The archive knew of them before.
    Archive,
    /// Nobody.
    Nobody,
}

impl By {
    fn name(self) -> &'static str {
        match self {
            By::Message => "adt",
            By::List => "list",
            By::Archive => "archive",
            By::Nobody => "",
        }
    }
}

/// A study whose identity is not settled by what the site says now.
#[derive(Clone, PartialEq, Eq)]
pub struct Unsettled {
    /// The study's number in the ledger.
    pub number: u64,
    /// Study Instance UID.
    pub uid: String,
    /// Patient ID, as the old archive tells it.
    pub patient: String,
}

/// A patient of whom nobody has told. Named by a number, which leads to nobody outside the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untold {
    /// The number of the first of their studies in the ledger.
    pub number: u64,
    /// Study Instance UIDs, up to a hundred.
    pub studies: Vec<String>,
    /// How many studies they have.
    pub count: u64,
}

/// So many studies of a patient are named.
const STUDIES_MAX: i64 = 100;
/// Patients whom nobody has told of, and who have a study that came.
const UNTOLD: &str = "FROM study WHERE patient != '' AND taken > 0
    AND NOT EXISTS (SELECT 1 FROM patient known WHERE known.identifier = study.patient AND known.told != '')";

impl Ledger {
    /// A message tells of a patient. True where the old archive has studies of them, or may have: not all is counted yet.
    pub fn told(&self, identifier: &str) -> Result<bool> {
        self.with(|connection| {
            let sql = "SELECT EXISTS (SELECT 1 FROM study WHERE patient = ?1)
                OR NOT EXISTS (SELECT 1 FROM slice) OR EXISTS (SELECT 1 FROM slice WHERE asked IS NULL)";
            let is_expected =
                connection.prepare_cached(sql)?.query_row([identifier], |row| row.get::<_, bool>(0))?;
            if is_expected {
                put(connection, identifier, By::Message)?;
            }
            Ok(is_expected)
        })
    }

    /// The Patient ID that the old archive tells of a study.
    pub fn patient_of(&self, number: u64) -> Result<String> {
        self.with(|connection| {
            let sql = "SELECT patient FROM study WHERE id = ?1";
            let found = connection.query_row(sql, [number.cast_signed()], |row| row.get(0)).optional()?;
            Ok(found.unwrap_or_default())
        })
    }

    /// Studies of which something is here and whose identity was not settled by what is said now, with numbers above `after`.
    pub fn unsettled(&self, by: &str, after: u64, limit: usize) -> Result<Vec<Unsettled>> {
        self.with(|connection| {
            let sql = "SELECT id, uid, patient FROM study
                WHERE id > ?1 AND taken > 0 AND state != 'running' AND identity IS NOT ?2 ORDER BY id LIMIT ?3";
            let mut statement = connection.prepare_cached(sql)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = statement.query_map((after.cast_signed(), by, limit), |row| {
                let number = row.get::<_, i64>(0)?.cast_unsigned();
                Ok(Unsettled { number, uid: row.get(1)?, patient: row.get(2)? })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// The identity of a study is settled by what the site says, and of its patient somebody has told, or nobody.
    pub fn settled(&self, study: &Unsettled, by: &str, told: By) -> Result<()> {
        self.with(|connection| {
            let sql = "UPDATE study SET identity = ?2 WHERE id = ?1";
            connection.prepare_cached(sql)?.execute((study.number.cast_signed(), by))?;
            if study.patient.is_empty() { Ok(()) } else { put(connection, &study.patient, told) }
        })
    }

    /// Patients of whom something came and nobody has told, by their numbers, and how many they are in all.
    pub fn untold(&self, limit: usize) -> Result<(Vec<Untold>, u64)> {
        self.with(|connection| {
            let sql = format!("SELECT count(DISTINCT patient) {UNTOLD}");
            let all = connection.query_row(&sql, [], |row| row.get::<_, i64>(0))?.cast_unsigned();
            let sql =
                format!("SELECT min(id), patient, count(*) {UNTOLD} GROUP BY patient ORDER BY 1 LIMIT ?1");
            let mut statement = connection.prepare_cached(&sql)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = statement.query_map([limit], |row| {
                let (number, count): (i64, i64) = (row.get(0)?, row.get(2)?);
                let (number, count) = (number.cast_unsigned(), count.cast_unsigned());
                Ok((Untold { number, studies: Vec::new(), count }, row.get::<_, String>(1)?))
            })?;
            let rows: Vec<(Untold, String)> = rows.collect::<rusqlite::Result<_>>()?;
            let sql = "SELECT uid FROM study WHERE patient = ?1 AND taken > 0 ORDER BY id LIMIT ?2";
            let mut statement = connection.prepare_cached(sql)?;
            let mut named = Vec::with_capacity(rows.len());
            for (untold, patient) in rows {
                let studies = statement.query_map((patient, STUDIES_MAX), |row| row.get(0))?;
                named.push(Untold { studies: studies.collect::<rusqlite::Result<_>>()?, ..untold });
            }
            Ok((named, all))
        })
    }
}

/// Notes who has told of a patient. What a message or a list told is not taken back, and what the archive knows counts where it
/// knew it before the first study came: later it knows what was settled here.
fn put(connection: &rusqlite::Connection, identifier: &str, told: By) -> Result<()> {
    let sql = match told {
        By::Message | By::List => {
            "INSERT INTO patient(identifier, told) VALUES (?1, ?2) ON CONFLICT(identifier) DO UPDATE
                SET told = excluded.told WHERE told IN ('', 'archive')"
        }
        By::Archive | By::Nobody => "INSERT OR IGNORE INTO patient(identifier, told) VALUES (?1, ?2)",
    };
    connection.prepare_cached(sql)?.execute((identifier, told.name()))?;
    Ok(())
}

impl std::fmt::Debug for Unsettled {
    /// The identifier leads to a patient.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unsettled")
            .field("number", &self.number)
            .field("uid", &self.uid)
            .finish_non_exhaustive()
    }
}
