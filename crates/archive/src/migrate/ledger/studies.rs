//! The studies of the ledger.

use klinke_dimse::data::DataSet;
use klinke_dimse::tags;
use klinke_model::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior};

use super::Ledger;
use crate::error::Result;
use crate::migrate::state::{Outcome, State};
use crate::text::whole as text;

/// A study as the old archive tells of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Study Instance UID.
    pub uid: String,
    /// Patient ID; may be empty.
    pub patient: String,
    /// Study Date (0008,0020), as it is; may be empty.
    pub date: String,
    /// Modalities in Study, between backslashes.
    pub modalities: String,
    /// Number of Study Related Series, where it is told.
    pub series: Option<u64>,
    /// Number of Study Related Instances, where it is told.
    pub instances: Option<u64>,
}

impl Seen {
    /// Out of an answer to a query, its texts in UTF-8.
    pub fn of(set: &DataSet) -> Self {
        let count = |tag| set.int(tag).and_then(|count| u64::try_from(count).ok());
        Seen {
            uid: text(set, tags::STUDY_INSTANCE_UID),
            patient: text(set, tags::PATIENT_ID),
            date: text(set, tags::STUDY_DATE),
            modalities: text(set, tags::MODALITIES_IN_STUDY),
            series: count(tags::NUMBER_OF_STUDY_RELATED_SERIES),
            instances: count(tags::NUMBER_OF_STUDY_RELATED_INSTANCES),
        }
    }
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seen").field("uid", &self.uid).finish_non_exhaustive()
    }
}

/// A study of the ledger. Its patient is not told: whoever asks by a patient knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StudyRow {
    /// Its number in the ledger.
    pub number: u64,
    /// Study Instance UID.
    pub uid: String,
    /// Study Date, as it is; may be empty.
    pub date: String,
    /// Modalities in Study, between backslashes.
    pub modalities: String,
    /// Series that the old archive counts, where it does.
    pub series: Option<u64>,
    /// Instances that the old archive counts, where it does.
    pub instances: Option<u64>,
    /// How far it has come.
    pub state: State,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried next; never where there is none.
    pub due: Option<Timestamp>,
    /// Why it is not more.
    pub reason: Option<String>,
    /// Instances that are here.
    pub taken: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// When its last try began.
    pub began: Option<Timestamp>,
    /// When its last try ended.
    pub ended: Option<Timestamp>,
    /// When each of its instances was found here.
    pub verified: Option<Timestamp>,
    /// The version of the program that took it.
    pub program: Option<String>,
}

/// An instance that the old archive names and that is not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Series Instance UID.
    pub series: String,
    /// SOP Instance UID.
    pub instance: String,
    /// Why.
    pub reason: String,
}

/// Which studies go before others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Those of the latest date.
    #[default]
    Newest,
    /// Those of the earliest date.
    Oldest,
}

pub(super) const STUDY: &str =
    "SELECT id, uid, date, modalities, series, instances, state, tries, due, reason, taken, bytes,
    began, ended, verified, program FROM study";

pub(super) fn of_row(row: &Row<'_>) -> rusqlite::Result<StudyRow> {
    let state: String = row.get(6)?;
    let count = |at| row.get::<_, Option<i64>>(at).map(|count| count.map(i64::cast_unsigned));
    let time = |at| row.get::<_, Option<i64>>(at).map(|time| time.map(Timestamp));
    Ok(StudyRow {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        uid: row.get(1)?,
        date: row.get(2)?,
        modalities: row.get(3)?,
        series: count(4)?,
        instances: count(5)?,
        state: State::named(&state).unwrap_or(State::Planned),
        tries: row.get(7)?,
        due: time(8)?,
        reason: row.get(9)?,
        taken: row.get::<_, i64>(10)?.cast_unsigned(),
        bytes: row.get::<_, i64>(11)?.cast_unsigned(),
        began: time(12)?,
        ended: time(13)?,
        verified: time(14)?,
        program: row.get(15)?,
    })
}

impl Ledger {
    /// Notes studies that the old archive tells of; those that are new are planned. A study that has grown since it was taken is
    /// planned again.
    pub fn see(&self, studies: &[Seen]) -> Result<()> {
        self.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for seen in studies {
                see(&transaction, seen)?;
            }
            Ok(transaction.commit()?)
        })
    }

    /// The modalities that were ever seen.
    pub fn modalities(&self) -> Result<Vec<String>> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached("SELECT DISTINCT modalities FROM study")?;
            let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
            let mut all = std::collections::BTreeSet::new();
            for one in rows {
                all.extend(one?.split('\\').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned));
            }
            Ok(all.into_iter().collect())
        })
    }

    /// The study that is to be taken next; it is running now.
    pub fn next_study(&self, order: Order, now: Timestamp) -> Result<Option<StudyRow>> {
        let direction = match order {
            Order::Newest => "DESC",
            Order::Oldest => "ASC",
        };
        self.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let sql = format!("{STUDY} WHERE due <= ?1 ORDER BY priority DESC, date {direction}, id LIMIT 1");
            let found = transaction.prepare_cached(&sql)?.query_row([now.0], of_row).optional()?;
            if let Some(study) = &found {
                transaction.execute(
                    "UPDATE study SET state = ?2, tries = tries + 1, due = NULL, began = ?3 WHERE id = ?1",
                    (study.number.cast_signed(), State::Running.name(), now.0),
                )?;
            }
            transaction.commit()?;
            Ok(found.map(|study| StudyRow { state: State::Running, tries: study.tries + 1, ..study }))
        })
    }

    /// When the next study that waits is due; none where none waits.
    pub fn next_due(&self) -> Result<Option<Timestamp>> {
        self.with(|connection| {
            let sql = "SELECT min(due) FROM study WHERE due IS NOT NULL";
            Ok(connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0))?.map(Timestamp))
        })
    }

    /// What came of a study, with what is here of it and what is missing.
    pub fn ended(
        &self,
        number: u64,
        outcome: &Outcome,
        here: (u64, u64),
        missing: &[Missing],
        now: Timestamp,
    ) -> Result<()> {
        let due = outcome.again.map(|again| now.after(again).0);
        let (instances, bytes) = (here.0.cast_signed(), here.1.cast_signed());
        let verified = (outcome.state == State::Verified).then_some(now.0);
        self.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute(
                "UPDATE study SET state = ?2, due = ?3, reason = ?4, taken = ?5, bytes = ?6,
                    ended = CASE WHEN ?2 = 'verified' THEN ended ELSE ?7 END,
                    instances = CASE WHEN ?2 = 'verified' THEN coalesce(instances, ?5) ELSE instances END,
                    verified = coalesce(?8, CASE WHEN ?2 = 'taken' THEN verified END),
                    program = CASE WHEN ?2 = 'verified' THEN coalesce(program, ?9) ELSE ?9 END WHERE id = ?1",
                rusqlite::params![
                    number.cast_signed(),
                    outcome.state.name(),
                    due,
                    outcome.reason,
                    instances,
                    bytes,
                    now.0,
                    verified,
                    self.program
                ],
            )?;
            transaction.execute("DELETE FROM missing WHERE study = ?1", [number.cast_signed()])?;
            for one in missing {
                transaction.execute(
                    "INSERT OR REPLACE INTO missing(study, series, instance, reason) VALUES (?1, ?2, ?3, ?4)",
                    (number.cast_signed(), &one.series, &one.instance, &one.reason),
                )?;
            }
            Ok(transaction.commit()?)
        })
    }

    /// A study that was begun is planned again, as if it had not been tried: the program stops, or nothing could be asked.
    pub fn give_back(&self, number: u64, due: Timestamp) -> Result<()> {
        self.with(|connection| {
            connection.execute(
                "UPDATE study SET state = ?2, tries = max(tries - 1, 0), due = ?3 WHERE id = ?1 AND state = ?4",
                (number.cast_signed(), State::Planned.name(), due.0, State::Running.name()),
            )?;
            Ok(())
        })
    }

    /// Moves a study, or all studies of a patient, before all others; gives how many wait to be taken.
    pub fn first(&self, patient_or_study: &str) -> Result<u64> {
        self.with(|connection| {
            let sql = "UPDATE study SET priority = (SELECT max(priority, 10) + 1 FROM
                    (SELECT max(priority) AS priority FROM study)), due = 0
                WHERE (uid = ?1 OR patient = ?1) AND state IN ('planned', 'partly', 'failed')";
            Ok(connection.execute(sql, [patient_or_study])? as u64)
        })
    }

    /// Moves the studies of a patient who is expected before those that nobody has asked for; gives how many.
    pub fn expect(&self, patient: &str) -> Result<u64> {
        self.with(|connection| {
            let sql = "UPDATE study SET priority = 1 WHERE patient = ?1 AND priority < 1
                AND state IN ('planned', 'partly', 'failed')";
            Ok(connection.execute(sql, [patient])? as u64)
        })
    }

    /// Has all that could not be taken tried again, however often it was; gives how many.
    pub fn again(&self) -> Result<u64> {
        self.with(|connection| {
            let sql = "UPDATE study SET tries = 0, due = 0 WHERE state IN ('partly', 'failed')";
            Ok(connection.execute(sql, [])? as u64)
        })
    }

    /// Studies with numbers above `after`; those of a state, or all.
    pub fn studies(&self, state: Option<State>, after: u64, limit: usize) -> Result<Vec<StudyRow>> {
        self.with(|connection| {
            let sql = format!("{STUDY} WHERE id > ?1 AND (?2 IS NULL OR state = ?2) ORDER BY id LIMIT ?3");
            let mut statement = connection.prepare_cached(&sql)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = statement.query_map((after.cast_signed(), state.map(State::name), limit), of_row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Studies of some states, those that were looked at last first.
    pub fn newest(&self, states: &[State], limit: usize) -> Result<Vec<StudyRow>> {
        self.with(|connection| {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut all = Vec::new();
            for state in states {
                let sql = format!(
                    "{STUDY} WHERE state = ?1 ORDER BY max(coalesce(ended, 0), coalesce(began, 0)) DESC, id LIMIT ?2"
                );
                let mut statement = connection.prepare_cached(&sql)?;
                let rows = statement.query_map((state.name(), limit), of_row)?;
                all.extend(rows.collect::<rusqlite::Result<Vec<_>>>()?);
            }
            all.sort_by_key(|study| std::cmp::Reverse(study.ended.max(study.began)));
            all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            Ok(all)
        })
    }

    /// What is missing of a study.
    pub fn missing(&self, number: u64) -> Result<Vec<Missing>> {
        self.with(|connection| {
            let sql =
                "SELECT series, instance, reason FROM missing WHERE study = ?1 ORDER BY series, instance";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([number.cast_signed()], |row| {
                Ok(Missing { series: row.get(0)?, instance: row.get(1)?, reason: row.get(2)? })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

fn see(connection: &Connection, seen: &Seen) -> Result<()> {
    let count = |count: Option<u64>| count.map(u64::cast_signed);
    connection
        .prepare_cached(
            "INSERT INTO study(uid, patient, date, modalities, series, instances, state, due)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'planned', 0)
            ON CONFLICT(uid) DO UPDATE SET
                state = CASE WHEN state IN ('taken', 'verified') AND excluded.instances > taken
                    THEN 'planned' ELSE state END,
                due = CASE WHEN state IN ('taken', 'verified') AND excluded.instances > taken
                    THEN 0 ELSE due END,
                tries = CASE WHEN state IN ('taken', 'verified') AND excluded.instances > taken
                    THEN 0 ELSE tries END,
                patient = excluded.patient, date = excluded.date, modalities = excluded.modalities,
                series = coalesce(excluded.series, series), instances = coalesce(excluded.instances, instances)",
        )?
        .execute((
            &seen.uid,
            &seen.patient,
            &seen.date,
            &seen.modalities,
            count(seen.series),
            count(seen.instances),
        ))?;
    Ok(())
}
