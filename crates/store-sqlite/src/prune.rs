//! Removes old envelopes in bites: chosen on the caller's thread by reading, removed by the writer in
//! one short transaction between others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use klinke_model::{ChannelId, EnvelopeId, Timestamp};
use klinke_store::{PruneReport, PruneRule, Result};
use rusqlite::{Connection, OptionalExtension, params};

use crate::apply::{DEAD, Step, Work, check};
use crate::blobs::Hash;
use crate::failure::from_sqlite;
use crate::index::Removed;
use crate::ledger::{pack_run, signed, unpack_run, unsigned};
use crate::lookup;
use crate::read;
use crate::routes;
use crate::shared::Shared;

/// The most envelopes in one bite.
const BITE_ENVELOPES_MAX: usize = 500;
/// How long choosing may take before the bite is given to the writer.
const BITE_TIME_MAX: Duration = Duration::from_millis(20);
/// How many envelopes in a row may be too young before a rule ends: envelopes may be received a little
/// out of order.
const YOUNGER_IN_A_ROW_MAX: usize = 256;

/// Where each channel's pruning goes on while there is more.
#[derive(Default)]
pub(crate) struct Cursors(Mutex<HashMap<ChannelId, u64>>);

/// One envelope that may go.
struct Doomed {
    id: u64,
    channel: ChannelId,
    parent: Option<u64>,
    /// What it takes, files apart.
    bytes: u64,
    blobs: Vec<Hash>,
}

#[derive(Default)]
struct Bite {
    doomed: Vec<Doomed>,
    bytes: u64,
    removed: Vec<Removed>,
    more: bool,
}

pub(crate) fn prune(shared: &Shared, rules: &[PruneRule], now: Timestamp) -> Result<PruneReport> {
    // One at a time: the cursors are held until the writer has removed what was chosen.
    let mut cursors = shared.cursors.0.lock().unwrap_or_else(PoisonError::into_inner);
    let end = Instant::now() + BITE_TIME_MAX;
    let mut bite = Bite::default();
    for rule in rules {
        shared
            .readers
            .with(|connection| choose(shared, connection, rule, now, end, &mut cursors, &mut bite))?;
        if bite.more {
            break;
        }
    }
    let Bite { doomed, bytes, removed, more } = bite;
    let envelopes = doomed.len() as u64;
    if envelopes > 0 {
        let doomed = Arc::new(doomed);
        shared.special(move |work| remove(work, &doomed))?;
        shared.index.remove(removed);
    }
    Ok(PruneReport { envelopes, bytes, more })
}

/// Chooses what a rule lets go, oldest first, from where the last bite ended.
fn choose(
    shared: &Shared,
    connection: &Connection,
    rule: &PruneRule,
    now: Timestamp,
    end: Instant,
    cursors: &mut HashMap<ChannelId, u64>,
    bite: &mut Bite,
) -> Result<()> {
    let mark = read::mark(connection, rule.channel)?;
    let sql = "SELECT bytes FROM channel WHERE id = ?1";
    let total: i64 = connection.query_row(sql, [rule.channel.0], |row| row.get(0)).map_err(from_sqlite)?;
    let mut total = unsigned(total.max(0));
    let oldest = rule.age_max.map(|age| now.before(age));
    let (mut younger, mut failure) = (0, None);
    let from = cursors.get(&rule.channel).copied().unwrap_or(0);
    read::each_of_channel(connection, rule.channel, from, &mut |id| {
        let is_full = bite.doomed.len() >= BITE_ENVELOPES_MAX || Instant::now() >= end;
        let is_too_much = rule.bytes_max.is_some_and(|most| total > most);
        if is_full || id > mark || (!is_too_much && younger >= YOUNGER_IN_A_ROW_MAX) {
            bite.more = is_full && id <= mark;
            return false;
        }
        cursors.insert(rule.channel, id);
        match look(shared, connection, id, |received| {
            let is_old = oldest.is_some_and(|oldest| received < oldest);
            younger = if is_old { 0 } else { younger + 1 };
            is_old || is_too_much
        }) {
            Ok(Some((doomed, size, removed))) => {
                total = total.saturating_sub(size);
                bite.bytes += size;
                bite.doomed.push(doomed);
                bite.removed.push(removed);
            }
            Ok(None) => {}
            Err(error) => failure = Some(error),
        }
        failure.is_none()
    })?;
    if !bite.more {
        cursors.remove(&rule.channel);
    }
    failure.map_or(Ok(()), Err)
}

/// An envelope that may go, how much it takes, and its search keys; `None` when it must stay.
fn look(
    shared: &Shared,
    connection: &Connection,
    id: u64,
    is_wanted: impl FnOnce(Timestamp) -> bool,
) -> Result<Option<(Doomed, u64, Removed)>> {
    let number = EnvelopeId(id);
    let found = lookup::with_row(connection, number, |row| {
        let (envelope, _) = lookup::head(shared, row)?;
        if !is_wanted(envelope.received) {
            return Ok(None);
        }
        let kept = lookup::kept(row)?;
        let payload = lookup::payload(shared, row).ok();
        Ok(Some((envelope, kept.bytes.len() as u64, kept.blob(), payload)))
    })?;
    let Some((envelope, mut bytes, blob, payload)) = found.flatten() else { return Ok(None) };
    let mut blobs: Vec<Hash> = blob.into_iter().collect();
    if let Some(route) = lookup::route_row(connection, number)? {
        for kept in routes::unpack_parts(route.parts.as_deref())? {
            bytes += kept.bytes.len() as u64;
            blobs.extend(kept.blob());
        }
        for one in &route.deliveries {
            let sql = "SELECT state, last FROM delivery
                WHERE envelope = ?1 AND destination = ?2 AND part = ?3";
            let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
            let name = params![signed(id), one.destination.0, one.part];
            let state = statement.query_row(name, |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)));
            let Some((state, last)) = state.optional().map_err(from_sqlite)? else { return Ok(None) };
            if state == DEAD {
                return Ok(None);
            }
            let (destination, lane, part) = (one.destination, one.lane.clone(), one.part);
            let key = klinke_model::DeliveryKey { destination, lane, envelope: number, part };
            for packed in lookup::packed_attempts(connection, &key, last)? {
                blobs.extend(crate::attempts::answer(&shared.texts, &packed)?.and_then(|kept| kept.blob()));
            }
        }
    }
    let files: u64 = blobs.iter().map(|hash| shared.bodies.blobs.size_on_disk(hash)).sum();
    let keys = payload.map_or(Vec::new(), |bytes| shared.options.keys.keys(&envelope.format, &bytes));
    let parent = envelope.origin.parent().map(|parent| parent.0);
    let doomed = Doomed { id, channel: envelope.channel, parent, bytes: bytes + files, blobs };
    Ok(Some((doomed, bytes + files, Removed { id, keys })))
}

/// Removes what was chosen. Nothing of it can have come back: what is delivered or dropped stays so.
fn remove(work: &mut Work<'_>, doomed: &[Doomed]) -> Step<u64> {
    const BY_ENVELOPE: [&str; 7] = [
        "DELETE FROM envelope WHERE id = ?1",
        "DELETE FROM route WHERE envelope = ?1",
        "DELETE FROM ended WHERE failed = 0 AND envelope = ?1",
        "DELETE FROM ended WHERE failed = 1 AND envelope = ?1",
        "DELETE FROM delivery WHERE envelope = ?1",
        "DELETE FROM attempt WHERE envelope = ?1",
        "DELETE FROM child WHERE parent = ?1",
    ];
    for one in doomed {
        for sql in BY_ENVELOPE {
            work.connection.prepare_cached(sql)?.execute([signed(one.id)])?;
        }
        if let Some(parent) = one.parent {
            let sql = "DELETE FROM child WHERE parent = ?1 AND envelope = ?2";
            work.connection.prepare_cached(sql)?.execute([signed(parent), signed(one.id)])?;
        }
        for hash in &one.blobs {
            drop_name(work, hash)?;
        }
        let channel = check!(work.ledger.channel(one.channel));
        channel.bytes -= signed(one.bytes);
        channel.pruned += 1;
        channel.is_dirty = true;
    }
    check!(shorten_runs(work, doomed)?);
    Ok(Ok(doomed.len() as u64))
}

/// Counts a blob's file once less; what nobody names any more is removed after the commit.
fn drop_name(work: &mut Work<'_>, hash: &Hash) -> rusqlite::Result<()> {
    let sql = "UPDATE blob SET refs = refs - 1 WHERE hash = ?1 RETURNING refs";
    let mut statement = work.connection.prepare_cached(sql)?;
    let refs: Option<i64> = statement.query_row([hash], |row| row.get(0)).optional()?;
    if refs.is_some_and(|refs| refs <= 0) {
        work.connection.prepare_cached("DELETE FROM blob WHERE hash = ?1")?.execute([hash])?;
        work.unnamed.push(*hash);
    }
    Ok(())
}

/// Takes the envelopes out of their channels' runs.
fn shorten_runs(work: &mut Work<'_>, doomed: &[Doomed]) -> Step<()> {
    let mut rest = doomed;
    while let Some(one) = rest.first() {
        let sql = "SELECT first, last, ids FROM run WHERE channel = ?1 AND first <= ?2
            ORDER BY first DESC LIMIT 1";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let found: Option<(i64, i64, Option<Vec<u8>>)> = work
            .connection
            .prepare_cached(sql)?
            .query_row(params![one.channel.0, signed(one.id)], row)
            .optional()?;
        let Some((first, last, ids)) = found else {
            rest = &rest[1..];
            continue;
        };
        let in_run = |other: &&Doomed| other.channel == one.channel && signed(other.id) <= last;
        let count = rest.iter().take_while(in_run).count().max(1);
        let (gone, after) = rest.split_at(count);
        rest = after;
        let mut left = check!(unpack_run(unsigned(first), unsigned(last), ids.as_deref()));
        left.retain(|id| gone.binary_search_by_key(id, |one| one.id).is_err());
        let sql = "DELETE FROM run WHERE channel = ?1 AND first = ?2";
        work.connection.prepare_cached(sql)?.execute(params![one.channel.0, first])?;
        if let (Some(first), Some(last)) = (left.first(), left.last()) {
            let sql = "INSERT INTO run(channel, first, last, ids) VALUES (?1, ?2, ?3, ?4)";
            let row = params![one.channel.0, signed(*first), signed(*last), pack_run(&left)];
            work.connection.prepare_cached(sql)?.execute(row)?;
        }
    }
    Ok(Ok(()))
}

/// The numbers of a channel's envelopes that a moved mark has passed over, for the writer.
pub(crate) fn passed(connection: &Connection, channel: ChannelId, from: u64, to: u64) -> Result<Vec<u64>> {
    let mut ids = Vec::new();
    read::each_of_channel(connection, channel, from, &mut |id| {
        if id < to {
            ids.push(id);
        }
        id < to
    })?;
    Ok(ids)
}
