//! What the writer knows by heart: names, the books, marks, and the next number.
//!
//! It is read from the journal at the start, and again after a failed commit.

use std::collections::HashMap;
use std::sync::Arc;

use klinke_model::{ChannelId, DestinationId, VersionId};
use klinke_store::{Error, Result};
use rusqlite::{Connection, params};

use crate::pack::Pack;
use crate::texts::{Interner, Texts};

pub(crate) struct Ledger {
    pub(crate) channels: Vec<Channel>,
    pub(crate) destinations: Vec<Destination>,
    /// The channel of each version.
    pub(crate) versions: HashMap<VersionId, ChannelId>,
    /// The highest number given.
    pub(crate) last: u64,
    pub(crate) texts: Interner,
    /// Where the audit log begins and ends.
    pub(crate) audit: klinke_store::AuditEnds,
}

/// A row of "channel"; its number is its place plus one.
#[derive(Default)]
pub(crate) struct Channel {
    pub(crate) received: u64,
    pub(crate) filtered: u64,
    pub(crate) failed: u64,
    pub(crate) routed: u64,
    pub(crate) mark: u64,
    pub(crate) last: u64,
    pub(crate) last_at: i64,
    pub(crate) bytes: i64,
    pub(crate) pruned: u64,
    /// Changed since the last commit.
    pub(crate) is_dirty: bool,
    /// Envelopes accepted since the last commit.
    pub(crate) run: Vec<u64>,
}

impl Channel {
    /// How many envelopes the mark covers.
    pub(crate) fn covered(&self) -> u64 {
        self.filtered + self.failed + self.routed
    }
}

/// A row of "destination"; its number is its place plus one.
#[derive(Default)]
pub(crate) struct Destination {
    pub(crate) queued: u64,
    pub(crate) delivered: u64,
    pub(crate) dead: u64,
    pub(crate) dropped: u64,
    pub(crate) is_dirty: bool,
}

impl Destination {
    /// How many of its deliveries are in their lanes.
    pub(crate) fn waiting(&self) -> u64 {
        self.queued.saturating_sub(self.delivered + self.dead + self.dropped)
    }
}

impl Ledger {
    /// Reads everything.
    pub(crate) fn load(connection: &Connection, texts: Arc<Texts>) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare(
            "SELECT received, filtered, failed, routed, mark, last, last_at, bytes, pruned
             FROM channel ORDER BY id",
        )?;
        let channels = statement.query_map([], |row| {
            Ok(Channel {
                received: unsigned(row.get(0)?),
                filtered: unsigned(row.get(1)?),
                failed: unsigned(row.get(2)?),
                routed: unsigned(row.get(3)?),
                mark: unsigned(row.get(4)?),
                last: unsigned(row.get(5)?),
                last_at: row.get(6)?,
                bytes: row.get(7)?,
                pruned: unsigned(row.get(8)?),
                ..Channel::default()
            })
        })?;
        let channels: Vec<_> = channels.collect::<Result<_, _>>()?;
        let mut statement =
            connection.prepare("SELECT queued, delivered, dead, dropped FROM destination ORDER BY id")?;
        let destinations = statement.query_map([], |row| {
            Ok(Destination {
                queued: unsigned(row.get(0)?),
                delivered: unsigned(row.get(1)?),
                dead: unsigned(row.get(2)?),
                dropped: unsigned(row.get(3)?),
                is_dirty: false,
            })
        })?;
        let destinations = destinations.collect::<Result<_, _>>()?;
        let mut statement = connection.prepare("SELECT id, channel FROM version")?;
        let versions = statement.query_map([], |row| Ok((VersionId(row.get(0)?), ChannelId(row.get(1)?))))?;
        let versions = versions.collect::<Result<_, _>>()?;
        let last = channels.iter().map(|channel: &Channel| channel.last).max().unwrap_or(0);
        let texts = Interner::load(connection, texts)?;
        let audit = crate::audit::ends(connection)?;
        Ok(Ledger { channels, destinations, versions, last, texts, audit })
    }

    pub(crate) fn channel(&mut self, id: ChannelId) -> Result<&mut Channel> {
        let at = (id.0 as usize).checked_sub(1);
        let found = at.and_then(|at| self.channels.get_mut(at));
        found.ok_or_else(|| Error::Missing(format!("channel {id}")))
    }

    pub(crate) fn destination(&mut self, id: DestinationId) -> Result<&mut Destination> {
        let at = (id.0 as usize).checked_sub(1);
        let found = at.and_then(|at| self.destinations.get_mut(at));
        found.ok_or_else(|| Error::Missing(format!("destination {id}")))
    }

    /// Writes what changed: one row for each channel and destination touched, one run for each channel
    /// that accepted.
    pub(crate) fn write(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        for (number, text) in self.texts.fresh.drain(..) {
            let mut statement = connection.prepare_cached("INSERT INTO text(id, text) VALUES (?1, ?2)")?;
            statement.execute(params![number, &*text])?;
        }
        for (at, channel) in self.channels.iter_mut().enumerate().filter(|(_, one)| one.is_dirty) {
            write_channel(connection, at + 1, channel)?;
        }
        for (at, one) in self.destinations.iter_mut().enumerate().filter(|(_, one)| one.is_dirty) {
            let mut statement = connection.prepare_cached(
                "UPDATE destination SET queued = ?2, delivered = ?3, dead = ?4, dropped = ?5 WHERE id = ?1",
            )?;
            let [queued, delivered, dead, dropped] =
                [one.queued, one.delivered, one.dead, one.dropped].map(signed);
            statement.execute(params![at as i64 + 1, queued, delivered, dead, dropped])?;
            one.is_dirty = false;
        }
        Ok(())
    }
}

fn write_channel(connection: &Connection, id: usize, channel: &mut Channel) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "UPDATE channel SET received = ?2, filtered = ?3, failed = ?4, routed = ?5, mark = ?6, last = ?7,
         last_at = ?8, bytes = ?9, pruned = ?10 WHERE id = ?1",
    )?;
    statement.execute(params![
        id as i64,
        signed(channel.received),
        signed(channel.filtered),
        signed(channel.failed),
        signed(channel.routed),
        signed(channel.mark),
        signed(channel.last),
        channel.last_at,
        channel.bytes,
        signed(channel.pruned),
    ])?;
    channel.is_dirty = false;
    if let (Some(first), Some(last)) = (channel.run.first(), channel.run.last()) {
        let ids = pack_run(&channel.run);
        let mut statement = connection
            .prepare_cached("INSERT INTO run(channel, first, last, ids) VALUES (?1, ?2, ?3, ?4)")?;
        statement.execute(params![id as i64, signed(*first), signed(*last), ids])?;
        channel.run.clear();
    }
    Ok(())
}

/// The numbers of a run after its first, each as the distance from the one before; `None` when they
/// follow one another.
pub(crate) fn pack_run(ids: &[u64]) -> Option<Vec<u8>> {
    let (first, last) = (ids.first()?, ids.last()?);
    if last - first == ids.len() as u64 - 1 {
        return None;
    }
    let mut packed = Vec::new();
    ids.windows(2).for_each(|pair| packed.number(pair[1] - pair[0]));
    Some(packed)
}

/// The inverse of [`pack_run`].
pub(crate) fn unpack_run(first: u64, last: u64, ids: Option<&[u8]>) -> Result<Vec<u64>> {
    let Some(ids) = ids else { return Ok((first..=last).collect()) };
    let mut unpack = crate::pack::Unpack(ids);
    let mut found = vec![first];
    let mut id = first;
    while !unpack.is_empty() {
        id = id.saturating_add(unpack.number()?);
        found.push(id);
    }
    Ok(found)
}

/// SQLite keeps signed numbers.
pub(crate) fn signed(number: u64) -> i64 {
    number as i64
}

/// The inverse of [`signed`].
pub(crate) fn unsigned(number: i64) -> u64 {
    number as u64
}
