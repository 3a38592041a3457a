//! Figures of the ledger: how far it is, how fast it goes, what was done.

use std::collections::BTreeMap;
use std::time::Duration;

use klinke_model::Timestamp;
use rusqlite::Connection;

use super::Ledger;
use crate::error::Result;
use crate::migrate::state::State;

const MINUTE_MICROS: i64 = 60_000_000;
/// So many minutes in which it worked say how fast it goes.
const SPEED_MINUTES: u32 = 60;
/// From fewer minutes nothing is said.
const SPEED_MINUTES_MIN: u32 = 3;
/// Minutes older than so many are forgotten.
const MINUTES_KEPT: i64 = 7 * 24 * 60;

/// How far it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Studies by state.
    pub studies: BTreeMap<State, u64>,
    /// Studies that could not be taken, or not whole, and are not tried again.
    pub given_up: u64,
    /// Instances that the old archive counts.
    pub wanted: u64,
    /// Studies of which it does not count them.
    pub uncounted: u64,
    /// Instances that are here.
    pub taken: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// Instances that still have to come of studies that will be tried.
    pub left: u64,
    /// Instances known to be missing.
    pub missing: u64,
    /// Slices that were asked for, of how many.
    pub slices: (u64, u64),
    /// Slices about which there is something to say.
    pub remarks: u64,
}

impl Tally {
    /// All studies.
    pub fn all(&self) -> u64 {
        self.studies.values().sum()
    }

    /// Studies that nothing more is done for.
    pub fn ended(&self) -> u64 {
        self.of(State::Taken) + self.of(State::Verified) + self.given_up
    }

    /// Studies of a state.
    pub fn of(&self, state: State) -> u64 {
        self.studies.get(&state).copied().unwrap_or(0)
    }
}

/// How fast it goes while it works.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed {
    /// Instances a minute.
    pub instances: f64,
    /// Bytes a minute.
    pub bytes: f64,
    /// Over how many minutes.
    pub minutes: u32,
}

impl Speed {
    /// How long so many instances take, while it works.
    pub fn for_instances(&self, left: u64) -> Option<Duration> {
        let minutes = left as f64 / self.instances;
        (self.instances > 0.0 && minutes < 5e7).then(|| Duration::from_secs_f64(minutes * 60.0))
    }
}

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What: a word.
    pub what: String,
    /// By which version of the program.
    pub program: String,
    /// More of it.
    pub note: String,
}

impl Ledger {
    /// How far it is.
    pub fn tally(&self) -> Result<Tally> {
        self.with(|connection| {
            let mut tally = Tally::default();
            let sql = "SELECT state, count(*), coalesce(sum(instances), 0), count(*) - count(instances),
                    sum(taken), sum(bytes), sum(CASE WHEN due IS NULL THEN 1 ELSE 0 END),
                    sum(CASE WHEN due IS NOT NULL OR state = 'running' THEN max(coalesce(instances, 0) - taken, 0)
                        ELSE 0 END)
                FROM study GROUP BY state";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let number = |at| row.get::<_, i64>(at).map(i64::cast_unsigned);
                let state = State::named(&row.get::<_, String>(0)?).unwrap_or(State::Planned);
                tally.studies.insert(state, number(1)?);
                tally.wanted += number(2)?;
                tally.uncounted += number(3)?;
                tally.taken += number(4)?;
                tally.bytes += number(5)?;
                if matches!(state, State::Partly | State::Failed) {
                    tally.given_up += number(6)?;
                }
                tally.left += number(7)?;
            }
            let one = |sql: &str| -> Result<u64> {
                Ok(connection.query_row(sql, [], |row| row.get::<_, i64>(0))?.cast_unsigned())
            };
            tally.missing = one("SELECT count(*) FROM missing")?;
            tally.slices =
                (one("SELECT count(*) FROM slice WHERE asked IS NOT NULL")?, one("SELECT count(*) FROM slice")?);
            tally.remarks = one("SELECT count(*) FROM slice WHERE remark IS NOT NULL")?;
            Ok(tally)
        })
    }

    /// Studies by year and state; those without a date have no year. Undated ones come first, then the oldest.
    pub fn years(&self) -> Result<BTreeMap<String, BTreeMap<State, u64>>> {
        self.with(|connection| {
            let sql = "SELECT substr(date, 1, 4), state, count(*) FROM study GROUP BY 1, 2";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query([])?;
            let mut years: BTreeMap<String, BTreeMap<State, u64>> = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let mut year: String = row.get(0)?;
                if year.len() != 4 || !year.bytes().all(|byte| byte.is_ascii_digit()) {
                    year.clear();
                }
                let state = State::named(&row.get::<_, String>(1)?).unwrap_or(State::Planned);
                *years.entry(year).or_default().entry(state).or_default() +=
                    row.get::<_, i64>(2)?.cast_unsigned();
            }
            Ok(years)
        })
    }

    /// So much came; nothing came, and it worked, where both are 0.
    pub fn came(&self, instances: u64, bytes: u64, now: Timestamp) -> Result<()> {
        let minute = now.0.div_euclid(MINUTE_MICROS);
        self.with(|connection| {
            connection.execute(
                "INSERT INTO minute(at, instances, bytes) VALUES (?1, ?2, ?3) ON CONFLICT(at) DO UPDATE SET
                    instances = instances + excluded.instances, bytes = bytes + excluded.bytes",
                (minute, instances.cast_signed(), bytes.cast_signed()),
            )?;
            connection.execute("DELETE FROM minute WHERE at < ?1", [minute - MINUTES_KEPT])?;
            Ok(())
        })
    }

    /// How fast it went in the last minutes in which it worked; nothing before it worked some.
    pub fn speed(&self, now: Timestamp) -> Result<Option<Speed>> {
        // The present minute is not over.
        let minute = now.0.div_euclid(MINUTE_MICROS);
        self.with(|connection| speed(connection, minute))
    }

    /// What was done, the oldest first.
    pub fn course(&self) -> Result<Vec<Event>> {
        self.with(|connection| {
            let sql = "SELECT at, what, program, note FROM course ORDER BY id";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| {
                let at = Timestamp(row.get(0)?);
                Ok(Event { at, what: row.get(1)?, program: row.get(2)?, note: row.get(3)? })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

fn speed(connection: &Connection, before: i64) -> Result<Option<Speed>> {
    let sql = "SELECT count(*), coalesce(sum(instances), 0), coalesce(sum(bytes), 0) FROM
        (SELECT instances, bytes FROM minute WHERE at < ?1 ORDER BY at DESC LIMIT ?2)";
    let (minutes, instances, bytes): (u32, i64, i64) =
        connection
            .query_row(sql, (before, SPEED_MINUTES), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let each = |sum: i64| sum as f64 / f64::from(minutes.max(1));
    Ok((minutes >= SPEED_MINUTES_MIN).then(|| Speed {
        instances: each(instances),
        bytes: each(bytes),
        minutes,
    }))
}
