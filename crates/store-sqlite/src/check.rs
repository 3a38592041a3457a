//! Checks everything: the file's pages, every checksum, every reference, the books.

use klinke_model::{DeliveryKey, EnvelopeId};
use klinke_store::{Result, VerifyReport};
use rusqlite::Connection;

use crate::failure::from_sqlite;
use crate::ledger::{signed, unsigned};
use crate::lookup;
use crate::read;
use crate::routes;
use crate::shared::Shared;

/// Envelopes read in one transaction, so that a long check does not keep the log from being shortened.
const CHUNK: usize = 256;
/// The most faults told; a ruined disk has millions.
const FAULTS_MAX: usize = 1_000;
/// How many numbers a check goes on after a place where the journal can't be read.
const SKIP: u64 = 16;

pub(crate) fn verify(shared: &Shared, progress: &mut dyn FnMut(u64, u64)) -> Result<VerifyReport> {
    let mut report = VerifyReport::default();
    let whole = shared.readers.with(|connection| check_whole(connection, &mut report.faults));
    if let Err(error) = whole {
        report.faults.push(error.to_string());
    }
    let last = shared.committed.load(std::sync::atomic::Ordering::Acquire);
    let mut after = 0;
    while after < last && report.faults.len() < FAULTS_MAX {
        let chunk = shared.readers.with(|connection| numbers(connection, after));
        let (chunk, next) = match chunk {
            Ok(ids) if ids.is_empty() => break,
            Ok(ids) => {
                let next = *ids.last().unwrap_or(&last);
                (ids, next)
            }
            Err(error) => {
                report.faults.push(format!("after envelope {after}: {error}"));
                (Vec::new(), after + SKIP)
            }
        };
        for id in chunk {
            match shared.readers.with(|connection| check_envelope(shared, connection, id)) {
                Ok(bytes) => {
                    report.envelopes += 1;
                    report.bytes += bytes;
                }
                Err(error) => report.faults.push(name(id, &error.to_string())),
            }
        }
        after = next;
        progress(after.min(last), last);
    }
    progress(last, last);
    Ok(report)
}

fn name(id: u64, fault: &str) -> String {
    let number = format!("envelope {id}");
    if fault.contains(&number) { fault.to_owned() } else { format!("{number}: {fault}") }
}

fn numbers(connection: &Connection, after: u64) -> Result<Vec<u64>> {
    let sql = "SELECT id FROM envelope WHERE id > ?1 ORDER BY id LIMIT ?2";
    let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
    let rows = statement.query_map([signed(after), CHUNK as i64], |row| row.get(0));
    let rows = rows.map_err(from_sqlite)?.map(|id| id.map(unsigned));
    rows.collect::<Result<_, _>>().map_err(from_sqlite)
}

/// Reads all that is kept of one envelope; gives how many bytes were checked.
fn check_envelope(shared: &Shared, connection: &Connection, id: u64) -> Result<u64> {
    let Some(record) = read::record(shared, connection, EnvelopeId(id))? else { return Ok(0) };
    let parts: usize = record.parts.iter().map(|part| part.len()).sum();
    let mut bytes = (record.envelope.payload.len() + parts) as u64;
    let answers = record.deliveries.iter().flat_map(|(_, attempts)| attempts);
    bytes += answers.filter_map(|one| one.answer.as_ref()).map(|answer| answer.len() as u64).sum::<u64>();
    Ok(bytes)
}

/// What is checked of the journal as a whole, at one point of it.
fn check_whole(connection: &Connection, faults: &mut Vec<String>) -> Result<()> {
    let mut statement = connection.prepare("PRAGMA quick_check(100)").map_err(from_sqlite)?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).map_err(from_sqlite)?;
    for row in rows {
        let line = row.map_err(from_sqlite)?;
        if line != "ok" {
            faults.push(format!("the journal: {line}"));
        }
    }
    for one in read::channels(connection)?.into_iter().filter(|one| !one.tally.balances()) {
        faults.push(format!("the books of channel {} do not balance", one.id));
    }
    for one in read::destinations(connection)? {
        let id = one.id;
        let count = |table: &str| -> Result<u64> {
            let sql = format!("SELECT count(*) FROM {table} WHERE destination = ?1");
            connection.query_row(&sql, [id.0], |row| row.get(0)).map(unsigned).map_err(from_sqlite)
        };
        if count("waiting")? != one.tally.waiting || count("dead")? != one.tally.dead {
            faults.push(format!("the books of destination {id} are not what its lanes hold"));
        }
    }
    check_waiting(connection, faults)?;
    crate::audit::check(connection, faults)
}

/// Every delivery that waits must be named by its envelope's route.
fn check_waiting(connection: &Connection, faults: &mut Vec<String>) -> Result<()> {
    let sql = "SELECT destination, lane, envelope, part, deliveries FROM waiting
        LEFT JOIN route USING (envelope)";
    let mut statement = connection.prepare(sql).map_err(from_sqlite)?;
    let mut rows = statement.query([]).map_err(from_sqlite)?;
    while let Some(row) = rows.next().map_err(from_sqlite)? {
        let lane: String = lookup::get(row, 1)?;
        let key = DeliveryKey {
            destination: klinke_model::DestinationId(lookup::get(row, 0)?),
            lane: lane.into(),
            envelope: EnvelopeId(unsigned(lookup::get(row, 2)?)),
            part: lookup::get(row, 3)?,
        };
        let named: Option<Vec<u8>> = lookup::get(row, 4)?;
        let is_named = routes::unpack_deliveries(named.as_deref()).is_ok_and(|named| {
            named
                .iter()
                .any(|one| one.destination == key.destination && one.part == key.part && one.lane == key.lane)
        });
        if !is_named && faults.len() < FAULTS_MAX {
            faults.push(format!("envelope {}: a delivery waits that its route does not name", key.envelope));
        }
    }
    Ok(())
}
