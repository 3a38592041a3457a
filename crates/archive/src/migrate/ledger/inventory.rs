//! Which slices were asked for.

use klinke_model::Timestamp;
use rusqlite::OptionalExtension;

use super::Ledger;
use crate::error::Result;
use crate::migrate::slice::{Day, Slice, When};

/// A slice as the ledger has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SliceRow {
    /// The slice.
    pub slice: Slice,
    /// When it was asked for; not yet where there is none.
    pub asked: Option<Timestamp>,
    /// How many studies were in it.
    pub found: u64,
    /// What is to be said of it: where studies may be missing.
    pub remark: Option<String>,
}

/// Stands for the slice without days: NULL would not be unique.
const NO_DAY: i32 = i32::MIN;

fn days(slice: &Slice) -> (i32, i32) {
    match slice.when {
        When::Days { from, to } => (from.0, to.0),
        When::Times { day, .. } => (day.0, day.0),
        When::Any => (NO_DAY, NO_DAY),
    }
}

fn of_days(from: i32, to: i32) -> Slice {
    if from == NO_DAY { Slice::any() } else { Slice::days(Day(from), Day(to)) }
}

impl Ledger {
    /// Begins an inventory: these slices are to be asked for. What is left of an earlier one is forgotten; studies are not.
    pub fn begin_inventory(&self, slices: &[Slice]) -> Result<()> {
        self.with(|connection| {
            let transaction = connection.transaction()?;
            transaction.execute("DELETE FROM slice", [])?;
            for slice in slices {
                transaction.execute(
                    "INSERT OR IGNORE INTO slice(first_day, last_day) VALUES (?1, ?2)",
                    days(slice),
                )?;
            }
            Ok(transaction.commit()?)
        })
    }

    /// The next slice to ask for.
    pub fn next_slice(&self) -> Result<Option<Slice>> {
        self.with(|connection| {
            let sql = "SELECT first_day, last_day FROM slice WHERE asked IS NULL ORDER BY id LIMIT 1";
            let row = connection.query_row(sql, [], |row| Ok(of_days(row.get(0)?, row.get(1)?)));
            Ok(row.optional()?)
        })
    }

    /// A slice was asked for.
    pub fn slice_done(&self, slice: &Slice, found: u64, remark: Option<&str>, now: Timestamp) -> Result<()> {
        let (from, to) = days(slice);
        self.with(|connection| {
            connection.execute(
                "UPDATE slice SET asked = ?3, found = ?4, remark = ?5 WHERE first_day = ?1 AND last_day = ?2",
                (from, to, now.0, found.cast_signed(), remark),
            )?;
            Ok(())
        })
    }

    /// All slices, in the order in which they are asked for.
    pub fn slices(&self) -> Result<Vec<SliceRow>> {
        self.with(|connection| {
            let sql = "SELECT first_day, last_day, asked, found, remark FROM slice ORDER BY id";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| {
                Ok(SliceRow {
                    slice: of_days(row.get(0)?, row.get(1)?),
                    asked: row.get::<_, Option<i64>>(2)?.map(Timestamp),
                    found: row.get::<_, i64>(3)?.cast_unsigned(),
                    remark: row.get(4)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}
