//! Finds envelopes: candidates from the cheapest source that the query allows, each then checked against
//! all of it.
//!
//! The sources, best first: a search key or free text in the index; a state that has a small table of its
//! own; the channel's runs; the zones with the system or the time; everything. Envelopes that the index
//! does not have yet are looked at one by one, after it was given a moment to catch up.

use std::time::Duration;

use klinke_model::{ChannelId, DeliveryState, EnvelopeId};
use klinke_store::{Field, KeyName, Query, Result, StateFilter, Summary};
use rusqlite::{Connection, OptionalExtension, params};

use crate::apply::{DEAD, DELIVERED};
use crate::failure::from_sqlite;
use crate::index::{ZONE, cut, name_number};
use crate::ledger::{signed, unsigned};
use crate::lookup::{self, COLUMNS};
use crate::read;
use crate::shared::Shared;

/// How many envelopes without the index are looked at gladly; above that the index is waited for.
const LAG_MAX: u64 = 512;
/// How long it is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// The most candidates that are sorted in memory.
const SORTED_MAX: usize = 200_000;

/// Where an envelope stands, all of it.
#[derive(Default)]
struct Stand {
    unrouted: bool,
    filtered: bool,
    failed: bool,
    waiting: bool,
    dead: bool,
    dropped: bool,
}

/// Numbers to look at, in the order of the answer.
enum Candidates {
    /// These.
    Numbers(Vec<u64>),
    /// All within these ranges, first and last included.
    Ranges(Vec<(u64, u64)>),
}

pub(crate) fn search(shared: &Shared, query: &Query) -> Result<Vec<Summary>> {
    let needs_index = !query.fields.is_empty() || (query.text.is_some() && shared.index.has_text);
    let committed = shared.committed.load(std::sync::atomic::Ordering::Acquire);
    if needs_index {
        shared.index.wait_for(committed.saturating_sub(LAG_MAX), PATIENCE);
    }
    let from_index = shared.index.with(|index, indexed| {
        let candidates = match candidates_by_key(shared, index, query)? {
            Some(numbers) => Some(Candidates::Numbers(numbers)),
            None => zones(index, query, indexed)?.map(Candidates::Ranges),
        };
        Ok((candidates, indexed))
    });
    // Without an index everything is looked at: slower, and as right.
    let (from_index, indexed) = from_index.ok().flatten().unwrap_or((None, 0));
    shared.readers.with(|connection| {
        let mut finder = Finder { shared, connection, query, found: Vec::new(), has_index: false };
        let small = small_source(connection, query)?;
        match (from_index, small) {
            (Some(Candidates::Numbers(numbers)), _) => {
                let tail = vec![(indexed + 1, i64::MAX as u64)];
                finder.has_index = true;
                finder.in_order(vec![Candidates::Numbers(numbers), Candidates::Ranges(tail)])?;
            }
            (_, Some(numbers)) => finder.in_order(vec![Candidates::Numbers(numbers)])?,
            (None, None) if query.channel.is_some() => {
                finder.of_channel(query.channel.unwrap_or_default())?
            }
            (Some(ranges), None) => {
                let tail = vec![(indexed + 1, i64::MAX as u64)];
                finder.in_order(vec![ranges, Candidates::Ranges(tail)])?;
            }
            (None, None) => finder.in_order(vec![Candidates::Ranges(vec![(1, i64::MAX as u64)])])?,
        }
        Ok(finder.found)
    })
}

/// Numbers that the index has for one of the query's keys, or for its text; `None` when it asks for none.
fn candidates_by_key(shared: &Shared, index: &Connection, query: &Query) -> Result<Option<Vec<u64>>> {
    let (low, high) = match (query.oldest_first, query.beyond) {
        (true, Some(beyond)) => (signed(beyond.0), i64::MAX),
        (false, Some(beyond)) => (0, signed(beyond.0)),
        (_, None) => (0, i64::MAX),
    };
    let order = if query.oldest_first { "" } else { "DESC" };
    if let Some(text) = query.text.as_ref().filter(|_| shared.index.has_text) {
        let words = text.split_whitespace().map(|word| format!("\"{}\"", word.replace('"', "\"\"")));
        let words: Vec<String> = words.collect();
        let sql = format!(
            "SELECT rowid FROM text WHERE text MATCH ?1 AND rowid > ?2 AND rowid < ?3
             ORDER BY rowid {order} LIMIT ?4"
        );
        return numbers(index, &sql, params![words.join(" "), low, high, SORTED_MAX as i64]).map(Some);
    }
    let mut best: Option<(usize, &Field, i64)> = None;
    for field in &query.fields {
        let Some(name) = name_number(index, field.name.as_str())? else { return Ok(Some(Vec::new())) };
        let count = count(index, field, name)?;
        if best.is_none_or(|best| count < best.0) {
            best = Some((count, field, name));
        }
    }
    let Some((_, field, name)) = best else { return Ok(None) };
    let value = cut(&field.value);
    if field.prefix {
        let end = after_prefix(value);
        let sql = "SELECT DISTINCT envelope FROM key WHERE name = ?1 AND value >= ?2 AND value < ?3
            AND envelope > ?4 AND envelope < ?5 LIMIT ?6";
        let found = numbers(index, sql, params![name, value, end, low, high, SORTED_MAX as i64])?;
        // Values come in their own order: cut off, the newest could be missing. What so many envelopes
        // have is soon met by looking at them one by one.
        return Ok((found.len() < SORTED_MAX).then_some(found));
    }
    let sql = format!(
        "SELECT envelope FROM key WHERE name = ?1 AND value = ?2 AND envelope > ?3 AND envelope < ?4
         ORDER BY envelope {order} LIMIT ?5"
    );
    numbers(index, &sql, params![name, value, low, high, SORTED_MAX as i64]).map(Some)
}

/// About how many envelopes have a key: enough to choose between two.
fn count(index: &Connection, field: &Field, name: i64) -> Result<usize> {
    let value = cut(&field.value);
    let end = if field.prefix { after_prefix(value) } else { format!("{value}\u{0}") };
    let sql = "SELECT count(*) FROM (SELECT 1 FROM key
        WHERE name = ?1 AND value >= ?2 AND value < ?3 LIMIT 1000)";
    let mut statement = index.prepare_cached(sql).map_err(from_sqlite)?;
    let count: i64 = statement.query_row(params![name, value, end], |row| row.get(0)).map_err(from_sqlite)?;
    Ok(count as usize)
}

/// A text above all that begin with `prefix`.
fn after_prefix(prefix: &str) -> String {
    format!("{prefix}\u{10FFFF}\u{10FFFF}")
}

fn numbers(connection: &Connection, sql: &str, values: impl rusqlite::Params) -> Result<Vec<u64>> {
    let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
    let rows = statement.query_map(values, |row| row.get(0)).map_err(from_sqlite)?;
    rows.map(|row| row.map(unsigned)).collect::<Result<_, _>>().map_err(from_sqlite)
}

/// The ranges that can hold what a query for a system or a time finds; `None` when it asks for neither.
fn zones(index: &Connection, query: &Query, indexed: u64) -> Result<Option<Vec<(u64, u64)>>> {
    if query.system.is_none() && query.from.is_none() && query.until.is_none() {
        return Ok(None);
    }
    let from = query.from.map_or(i64::MIN, |from| from.0);
    let until = query.until.map_or(i64::MAX, |until| until.0);
    let found = match &query.system {
        Some(system) => {
            let sql = "SELECT number FROM zone_system JOIN zone ON number = zone
                WHERE system = ?1 AND high >= ?2 AND low < ?3";
            numbers(index, sql, params![system, from, until])?
        }
        None => numbers(index, "SELECT number FROM zone WHERE high >= ?1 AND low < ?2", [from, until])?,
    };
    let range = |zone: u64| (zone * ZONE, (zone * ZONE + ZONE - 1).min(indexed));
    Ok(Some(found.into_iter().map(range).collect()))
}

/// The numbers of a state that few envelopes have.
fn small_source(connection: &Connection, query: &Query) -> Result<Option<Vec<u64>>> {
    let sql = match query.state {
        Some(StateFilter::Waiting) => "SELECT DISTINCT envelope FROM waiting",
        Some(StateFilter::Dead) => "SELECT DISTINCT envelope FROM dead",
        Some(StateFilter::Filtered) => "SELECT envelope FROM ended WHERE failed = 0",
        Some(StateFilter::Failed) => "SELECT envelope FROM ended WHERE failed = 1",
        Some(StateFilter::Unrouted) => return unrouted(connection, query.channel).map(Some),
        Some(StateFilter::Delivered) | None => return Ok(None),
    };
    numbers(connection, sql, []).map(Some)
}

fn unrouted(connection: &Connection, channel: Option<ChannelId>) -> Result<Vec<u64>> {
    let mut found = Vec::new();
    for one in read::channels(connection)? {
        if one.tally.unrouted > 0 && channel.is_none_or(|channel| channel == one.id) {
            let mark = read::mark(connection, one.id)?;
            read::each_of_channel(connection, one.id, mark, &mut |id| {
                found.push(id);
                true
            })?;
        }
    }
    Ok(found)
}

struct Finder<'a> {
    shared: &'a Shared,
    connection: &'a Connection,
    query: &'a Query,
    found: Vec<Summary>,
    /// True when the candidates come from the free-text index and its tail.
    has_index: bool,
}

impl Finder<'_> {
    fn limit(&self) -> usize {
        if self.query.limit == 0 { 50 } else { self.query.limit }
    }

    fn is_full(&self) -> bool {
        self.found.len() >= self.limit()
    }

    /// True when a number is on the page's side of the query's mark.
    fn is_beyond(&self, id: u64) -> bool {
        self.query
            .beyond
            .is_none_or(|beyond| if self.query.oldest_first { id > beyond.0 } else { id < beyond.0 })
    }

    /// Looks at candidates whose numbers rise from source to source.
    fn in_order(&mut self, mut sources: Vec<Candidates>) -> Result<()> {
        if !self.query.oldest_first {
            sources.reverse();
        }
        for source in sources {
            match source {
                Candidates::Numbers(mut numbers) => {
                    numbers.sort_unstable();
                    numbers.dedup();
                    if !self.query.oldest_first {
                        numbers.reverse();
                    }
                    for id in numbers {
                        if self.is_full() {
                            return Ok(());
                        }
                        self.look(id)?;
                    }
                }
                Candidates::Ranges(mut ranges) => {
                    ranges.sort_unstable();
                    if !self.query.oldest_first {
                        ranges.reverse();
                    }
                    for (first, last) in ranges {
                        self.scan(first, last)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Looks at a channel's envelopes.
    fn of_channel(&mut self, channel: ChannelId) -> Result<()> {
        let (connection, beyond, oldest_first) =
            (self.connection, self.query.beyond, self.query.oldest_first);
        let mut failure = None;
        let mut each = |id| {
            failure = self.look(id).err();
            failure.is_none() && !self.is_full()
        };
        if oldest_first {
            read::each_of_channel(connection, channel, beyond.map_or(0, |id| id.0), &mut each)?;
        } else {
            let before = beyond.map_or(u64::MAX, |id| id.0);
            read::each_of_channel_back(connection, channel, before, &mut each)?;
        }
        failure.map_or(Ok(()), Err)
    }

    /// Looks at all envelopes of a range.
    fn scan(&mut self, first: u64, last: u64) -> Result<()> {
        let (mut first, mut last) = (first, last);
        match (self.query.beyond, self.query.oldest_first) {
            (Some(beyond), true) => first = first.max(beyond.0.saturating_add(1)),
            (Some(beyond), false) => last = last.min(beyond.0.saturating_sub(1)),
            (None, _) => {}
        }
        if first > last || self.is_full() {
            return Ok(());
        }
        let order = if self.query.oldest_first { "" } else { "DESC" };
        let sql = format!("SELECT {COLUMNS} FROM envelope WHERE id BETWEEN ?1 AND ?2 ORDER BY id {order}");
        let mut statement = self.connection.prepare_cached(&sql).map_err(from_sqlite)?;
        let mut rows = statement.query([signed(first), signed(last)]).map_err(from_sqlite)?;
        while !self.is_full() {
            let Some(row) = rows.next().map_err(from_sqlite)? else { break };
            if let Some(summary) = self.summary(row)? {
                self.found.push(summary);
            }
        }
        Ok(())
    }

    fn look(&mut self, id: u64) -> Result<()> {
        if !self.is_beyond(id) {
            return Ok(());
        }
        let summary = lookup::with_row(self.connection, EnvelopeId(id), |row| self.summary(row))?;
        self.found.extend(summary.flatten());
        Ok(())
    }

    /// The summary of a row, if all conditions hold.
    fn summary(&self, row: &rusqlite::Row<'_>) -> Result<Option<Summary>> {
        let (envelope, size) = lookup::head(self.shared, row)?;
        let query = self.query;
        let is_plain_match = query.channel.is_none_or(|channel| envelope.channel == channel)
            && query.system.as_ref().is_none_or(|system| *envelope.system == **system)
            && query.from.is_none_or(|from| envelope.received >= from)
            && query.until.is_none_or(|until| envelope.received < until);
        if !is_plain_match {
            return Ok(None);
        }
        let stand = stand(self.connection, envelope.channel, envelope.id)?;
        if !query.state.is_none_or(|wanted| stand.is(wanted)) {
            return Ok(None);
        }
        let keys = self.shared.options.keys.as_ref();
        let recent = self.shared.recent.get(envelope.id.0).and_then(|known| known.payload);
        // A damaged body is still listed, without keys; opening it says what is wrong.
        let payload = recent.or_else(|| lookup::payload(self.shared, row).ok()).unwrap_or_default();
        let known = keys.keys(&envelope.format, &payload);
        if !query.fields.iter().all(|field| has(&known, field)) {
            return Ok(None);
        }
        let is_text_known = self.has_index && self.shared.index.has_text;
        if let Some(wanted) = query.text.as_ref().filter(|_| !is_text_known || self.is_tail(envelope.id)) {
            let text = keys.text(&envelope.format, &payload).unwrap_or_default().to_lowercase();
            if !wanted.to_lowercase().split_whitespace().all(|word| text.contains(word)) {
                return Ok(None);
            }
        }
        let keys = known.into_iter().map(|(name, value)| (name.as_str().to_owned(), value)).collect();
        Ok(Some(Summary { envelope, size, state: stand.name(), keys }))
    }

    /// True when the free-text index does not have an envelope yet.
    fn is_tail(&self, id: EnvelopeId) -> bool {
        id.0 > self.shared.index.indexed()
    }
}

fn has(known: &[(KeyName, String)], field: &Field) -> bool {
    let same = |value: &String| match field.prefix {
        true => value.starts_with(&field.value),
        false => *value == field.value,
    };
    known.iter().any(|(name, value)| *name == field.name && same(value))
}

/// Where an envelope stands.
fn stand(connection: &Connection, channel: ChannelId, id: EnvelopeId) -> Result<Stand> {
    let mut stand = Stand { unrouted: id.0 > read::mark(connection, channel)?, ..Stand::default() };
    let route = lookup::route_row(connection, id)?;
    stand.filtered = route.as_ref().is_some_and(|route| route.outcome == 1);
    stand.failed = !stand.unrouted && route.as_ref().is_none_or(|route| route.outcome == 2);
    let sql = "SELECT state FROM delivery WHERE envelope = ?1 AND destination = ?2 AND part = ?3";
    let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
    for one in route.iter().flat_map(|route| &route.deliveries) {
        let name = params![signed(id.0), one.destination.0, one.part];
        let state: Option<i64> =
            statement.query_row(name, |row| row.get(0)).optional().map_err(from_sqlite)?;
        match state {
            None => stand.waiting = true,
            Some(DEAD) => stand.dead = true,
            Some(DELIVERED) => {}
            Some(_) => stand.dropped = true,
        }
    }
    Ok(stand)
}

impl Stand {
    /// The worst that holds.
    fn name(&self) -> &'static str {
        let ladder = [
            (self.unrouted, "unrouted"),
            (self.filtered, "filtered"),
            (self.failed, "failed"),
            (self.dead, DeliveryState::Dead.name()),
            (self.waiting, DeliveryState::Waiting.name()),
            (self.dropped, DeliveryState::Dropped.name()),
        ];
        let worst = ladder.into_iter().find(|(holds, _)| *holds);
        worst.map_or(DeliveryState::Delivered.name(), |(_, name)| name)
    }

    fn is(&self, wanted: StateFilter) -> bool {
        match wanted {
            StateFilter::Unrouted => self.unrouted,
            StateFilter::Filtered => self.filtered,
            StateFilter::Failed => self.failed,
            StateFilter::Waiting => self.waiting,
            StateFilter::Dead => self.dead,
            StateFilter::Delivered => self.name() == DeliveryState::Delivered.name(),
        }
    }
}
