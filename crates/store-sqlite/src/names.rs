//! Channels, destinations, versions and values: few, small, written as they come.

use klinke_model::{ChannelId, DestinationId, Timestamp, VersionId};
use klinke_store::Result;
use rusqlite::{OptionalExtension, params};

use crate::apply::{Step, Work, check};
use crate::failure::from_sqlite;
use crate::ledger::{Channel, Destination};
use crate::shared::Shared;

pub(crate) fn channel(shared: &Shared, name: &str) -> Result<ChannelId> {
    let sql = "SELECT id FROM channel WHERE name = ?1";
    let known = shared.readers.with(|connection| {
        let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
        statement.query_row([name], |row| row.get(0)).optional().map_err(from_sqlite)
    })?;
    if let Some(known) = known {
        return Ok(ChannelId(known));
    }
    let name = name.to_owned();
    let id = shared.special(move |work| {
        if let Some(known) = find(work, sql, &[&name])? {
            return Ok(Ok(known));
        }
        let id = work.ledger.channels.len() as u64 + 1;
        work.connection.execute(
            "INSERT INTO channel(id, name, received, filtered, failed, routed, mark, last, last_at, bytes, pruned)
             VALUES (?1, ?2, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
            params![id as i64, name],
        )?;
        work.ledger.channels.push(Channel::default());
        Ok(Ok(id))
    })?;
    Ok(ChannelId(id as u32))
}

pub(crate) fn destination(shared: &Shared, channel: ChannelId, name: &str) -> Result<DestinationId> {
    let name = name.to_owned();
    let id = shared.special(move |work| {
        check!(work.ledger.channel(channel));
        let sql = "SELECT id FROM destination WHERE channel = ?1 AND name = ?2";
        if let Some(known) = find(work, sql, &[&channel.0, &name])? {
            return Ok(Ok(known));
        }
        let id = work.ledger.destinations.len() as u64 + 1;
        work.connection.execute(
            "INSERT INTO destination(id, channel, name, queued, delivered, dead, dropped)
             VALUES (?1, ?2, ?3, 0, 0, 0, 0)",
            params![id as i64, channel.0, name],
        )?;
        work.ledger.destinations.push(Destination::default());
        Ok(Ok(id))
    })?;
    Ok(DestinationId(id as u32))
}

pub(crate) fn version(shared: &Shared, channel: ChannelId, text: &str, now: Timestamp) -> Result<VersionId> {
    let text = text.to_owned();
    let id = shared.special(move |work| {
        check!(work.ledger.channel(channel));
        let sql = "SELECT id FROM version WHERE channel = ?1 AND text = ?2";
        if let Some(known) = find(work, sql, &[&channel.0, &text])? {
            return Ok(Ok(known));
        }
        let highest: Option<u32> =
            work.connection.query_row("SELECT max(id) FROM version", [], |row| row.get(0))?;
        let id = highest.unwrap_or(0) + 1;
        let sql = "INSERT INTO version(id, channel, since, text) VALUES (?1, ?2, ?3, ?4)";
        work.connection.execute(sql, params![id, channel.0, now.0, text])?;
        work.ledger.versions.insert(VersionId(id), channel);
        Ok(Ok(u64::from(id)))
    })?;
    Ok(VersionId(id as u32))
}

pub(crate) fn set_value(shared: &Shared, name: &str, value: Option<&[u8]>) -> Result<()> {
    let (name, value) = (name.to_owned(), value.map(<[u8]>::to_vec));
    let write = move |work: &mut Work<'_>| -> Step<u64> {
        match &value {
            Some(value) => work
                .connection
                .prepare_cached("INSERT OR REPLACE INTO value(name, value) VALUES (?1, ?2)")?
                .execute(params![name, value])?,
            None => work.connection.execute("DELETE FROM value WHERE name = ?1", [&name])?,
        };
        Ok(Ok(0))
    };
    shared.special(write).map(drop)
}

fn find(work: &Work<'_>, sql: &str, values: &[&dyn rusqlite::ToSql]) -> rusqlite::Result<Option<u64>> {
    let found = work.connection.query_row(sql, values, |row| row.get::<_, u32>(0)).optional()?;
    Ok(found.map(u64::from))
}
