//! Steps of the worklist whose patients' earlier studies are wanted, and which these are.

use klinke_model::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::studies::{STUDY, of_row as study_of_row};
use super::{Ledger, Seen, StudyRow};
use crate::error::Result;
use crate::worklist::StepKey;

/// How far the question for a patient's earlier studies has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// It is still to be asked.
    Waiting,
    /// It was answered.
    Asked,
    /// It was asked so often that a person has to look.
    Failed,
    /// The step is over, or not there any more, before anything was asked.
    Over,
}

impl Asking {
    /// All.
    pub const ALL: [Asking; 4] = [Asking::Waiting, Asking::Asked, Asking::Failed, Asking::Over];

    /// Its name in the ledger and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Asking::Waiting => "waiting",
            Asking::Asked => "asked",
            Asking::Failed => "failed",
            Asking::Over => "over",
        }
    }

    fn named(name: &str) -> Self {
        Asking::ALL.into_iter().find(|one| one.name() == name).unwrap_or(Asking::Waiting)
    }
}

/// A step whose patient's earlier studies are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedRow {
    /// Its number in the ledger.
    pub number: u64,
    /// The step of the worklist.
    pub key: StepKey,
    /// Its Study Instance UID.
    pub study: String,
    /// When it begins.
    pub starts: Timestamp,
    /// How far it has come.
    pub state: Asking,
    /// How often it was asked in vain.
    pub tries: u32,
    /// When it is asked next; never where there is none.
    pub due: Option<Timestamp>,
    /// What there is to say of it. Names no patient.
    pub reason: Option<String>,
    /// Studies that are wanted.
    pub wanted: u64,
    /// When it was answered.
    pub asked: Option<Timestamp>,
}

/// A step as it is to be noted.
#[derive(Clone, Debug)]
pub struct Question {
    /// The step.
    pub key: StepKey,
    /// Its Study Instance UID.
    pub study: String,
    /// A hash of what is asked for.
    pub hash: [u8; 32],
    /// When it begins.
    pub starts: Timestamp,
    /// From when on it is asked.
    pub due: Timestamp,
}

/// What came of a question that was not answered.
#[derive(Clone, Debug)]
pub struct Unanswered {
    /// Why. Names no patient.
    pub reason: String,
    /// When it is asked again, if it is.
    pub again: Option<Timestamp>,
    /// Whether it counts as a try.
    pub counts: bool,
}

const EXPECTED: &str =
    "SELECT id, accession, step, study, starts, state, tries, due, reason, wanted, asked FROM expected";

fn of_row(row: &Row<'_>) -> rusqlite::Result<ExpectedRow> {
    let time = |at| row.get::<_, Option<i64>>(at).map(|time| time.map(Timestamp));
    Ok(ExpectedRow {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        key: StepKey { accession: row.get(1)?, step: row.get(2)? },
        study: row.get(3)?,
        starts: Timestamp(row.get(4)?),
        state: Asking::named(&row.get::<_, String>(5)?),
        tries: row.get(6)?,
        due: time(7)?,
        reason: row.get(8)?,
        wanted: row.get::<_, i64>(9)?.cast_unsigned(),
        asked: time(10)?,
    })
}

impl Ledger {
    /// Notes steps whose patients' earlier studies are wanted. One that is known waits for another question only, or has begun to
    /// begin at another time; gives how many are to be asked anew.
    pub fn expect_steps(&self, questions: &[Question]) -> Result<u64> {
        if questions.is_empty() {
            return Ok(0);
        }
        self.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut anew = 0;
            for question in questions {
                anew += u64::from(expect(&transaction, question)?);
            }
            transaction.commit()?;
            Ok(anew)
        })
    }

    /// The step that is to be asked for next: of those that are due the one that begins first.
    pub fn next_expected(&self, now: Timestamp) -> Result<Option<ExpectedRow>> {
        self.with(|connection| {
            let sql = format!("{EXPECTED} WHERE due <= ?1 ORDER BY starts, id LIMIT 1");
            Ok(connection.prepare_cached(&sql)?.query_row([now.0], of_row).optional()?)
        })
    }

    /// The answer: studies that are wanted, and what there is to say. They are planned, what begins first before the others, also
    /// where they were taken before: what was thrown away meanwhile comes again.
    pub fn answered(
        &self,
        row: &ExpectedRow,
        wanted: &[Seen],
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<()> {
        self.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let number = row.number.cast_signed();
            transaction.execute("DELETE FROM prior WHERE expected = ?1", [number])?;
            for seen in wanted {
                let study = want(&transaction, seen, row.starts)?;
                transaction.execute("INSERT OR IGNORE INTO prior(expected, study) VALUES (?1, ?2)", [number, study])?;
            }
            transaction.execute(
                "UPDATE expected SET state = ?2, due = NULL, reason = ?3, wanted = ?4, asked = ?5 WHERE id = ?1",
                params![number, Asking::Asked.name(), reason, wanted.len() as i64, now.0],
            )?;
            Ok(transaction.commit()?)
        })
    }

    /// The question was not answered.
    pub fn unanswered(&self, number: u64, what: &Unanswered) -> Result<()> {
        let state = if what.again.is_some() { Asking::Waiting } else { Asking::Failed };
        self.with(|connection| {
            connection.execute(
                "UPDATE expected SET state = ?2, due = ?3, reason = ?4, tries = tries + ?5 WHERE id = ?1",
                params![
                    number.cast_signed(),
                    state.name(),
                    what.again.map(|again| again.0),
                    what.reason,
                    i64::from(what.counts)
                ],
            )?;
            Ok(())
        })
    }

    /// Nothing is to be asked for a step any more.
    pub fn not_expected(&self, number: u64) -> Result<()> {
        self.with(|connection| {
            let sql = "UPDATE expected SET state = ?2, due = NULL WHERE id = ?1";
            connection.execute(sql, params![number.cast_signed(), Asking::Over.name()])?;
            Ok(())
        })
    }

    /// How many steps there are of a state.
    pub fn expected_count(&self, state: Asking) -> Result<u64> {
        self.with(|connection| {
            let sql = "SELECT count(*) FROM expected WHERE state = ?1";
            Ok(connection.query_row(sql, [state.name()], |row| row.get::<_, i64>(0))?.cast_unsigned())
        })
    }

    /// Steps of which something is to be said: those that wait, failed, or came with a remark; what begins first before the others.
    pub fn expected_open(&self, limit: usize) -> Result<Vec<ExpectedRow>> {
        self.with(|connection| {
            let sql = format!(
                "{EXPECTED} WHERE state IN ('waiting', 'failed') OR (state = 'asked' AND reason IS NOT NULL)
                ORDER BY starts, id LIMIT ?1"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], of_row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Wanted studies that are not wholly here, with the Study Instance UID of the step that begins first of those they are wanted
    /// for.
    pub fn priors_open(&self, limit: usize) -> Result<Vec<(StudyRow, String)>> {
        self.with(|connection| {
            let sql = format!(
                "{} WHERE state NOT IN ('taken', 'verified') ORDER BY priority DESC, id LIMIT ?1",
                STUDY.replacen(
                    " FROM study",
                    ", (SELECT expected.study FROM prior JOIN expected ON expected.id = prior.expected
                        WHERE prior.study = study.id ORDER BY starts LIMIT 1) FROM study",
                    1
                )
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let row = |row: &Row<'_>| {
                Ok((study_of_row(row)?, row.get::<_, Option<String>>(16)?.unwrap_or_default()))
            };
            let rows = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], row)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Has all that was asked in vain asked again, however often it was; gives how many.
    pub fn ask_again(&self, now: Timestamp) -> Result<u64> {
        self.with(|connection| {
            let sql = "UPDATE expected SET state = 'waiting', tries = 0, due = ?1 WHERE state = 'failed'
                OR (state = 'waiting' AND tries > 0)";
            Ok(connection.execute(sql, [now.0])? as u64)
        })
    }

    /// Forgets steps that began before a time, and studies that nobody wants any more; gives how many steps.
    pub fn forget_expected(&self, before: Timestamp) -> Result<u64> {
        self.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let gone = transaction.execute("DELETE FROM expected WHERE starts < ?1", [before.0])?;
            if gone > 0 {
                let unwanted = "id NOT IN (SELECT study FROM prior) AND state != 'running'";
                transaction.execute(
                    &format!("DELETE FROM missing WHERE study IN (SELECT id FROM study WHERE {unwanted})"),
                    [],
                )?;
                transaction.execute(&format!("DELETE FROM study WHERE {unwanted}"), [])?;
            }
            transaction.commit()?;
            Ok(gone as u64)
        })
    }
}

/// Notes one; true when it is to be asked anew.
fn expect(connection: &Connection, question: &Question) -> Result<bool> {
    let key = &question.key;
    let sql = "SELECT id, question FROM expected WHERE accession = ?1 AND step = ?2";
    let row = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?));
    let known =
        connection.prepare_cached(sql)?.query_row(params![key.accession, key.step], row).optional()?;
    if let Some((number, before)) = &known
        && before == &question.hash
    {
        // Only when it begins may be another time; what waits because it failed keeps its pause.
        let sql = "UPDATE expected SET starts = ?2,
                due = CASE WHEN state = 'waiting' AND tries = 0 THEN ?3 ELSE due END
            WHERE id = ?1 AND starts != ?2";
        connection.prepare_cached(sql)?.execute(params![number, question.starts.0, question.due.0])?;
        return Ok(false);
    }
    let sql = "INSERT INTO expected(accession, step, study, question, starts, state, due)
            VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', ?6)
        ON CONFLICT(accession, step) DO UPDATE SET study = ?3, question = ?4, starts = ?5, state = 'waiting',
            tries = 0, due = ?6, reason = NULL";
    connection.prepare_cached(sql)?.execute(params![
        key.accession,
        key.step,
        question.study,
        question.hash.as_slice(),
        question.starts.0,
        question.due.0
    ])?;
    Ok(true)
}

/// Plans a study that is wanted; gives its number.
fn want(connection: &Connection, seen: &Seen, starts: Timestamp) -> Result<i64> {
    let count = |count: Option<u64>| count.map(u64::cast_signed);
    // What begins first has the highest priority.
    let priority = -(starts.0 / 1_000_000);
    let sql = "INSERT INTO study(uid, patient, date, modalities, series, instances, state, priority, due)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'planned', ?7, 0)
        ON CONFLICT(uid) DO UPDATE SET
            priority = CASE WHEN due IS NULL THEN ?7 ELSE max(priority, ?7) END,
            state = CASE WHEN state = 'running' THEN state ELSE 'planned' END,
            due = CASE WHEN state = 'running' THEN due ELSE 0 END,
            tries = CASE WHEN state = 'running' THEN tries ELSE 0 END,
            patient = ?2, date = ?3, modalities = ?4, series = coalesce(?5, series), instances = coalesce(?6, instances)
        RETURNING id";
    let values = params![
        seen.uid,
        seen.patient,
        seen.date,
        seen.modalities,
        count(seen.series),
        count(seen.instances),
        priority
    ];
    Ok(connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?)
}
