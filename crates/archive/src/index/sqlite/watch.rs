//! The tables of watchers of workitems, and of the reports that they are owed.

use klinke_dimse::data::DataSet;
use rusqlite::{Connection, OptionalExtension, params};

use super::pack::{pack, unpack};
use super::workitem;
use crate::error::Result;
use crate::find::{self, Names};
use crate::workitem::{
    Event, Filter, GLOBAL_WORKLIST, Kind, Owed, Refusal, Report, Target, Watcher, WorkitemQuery, restarted,
    state_report,
};

/// How many watchers and reports there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Reports that one is owed.
    pub owed: u64,
    /// Who watches.
    pub watchers: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { owed: 10_000, watchers: 1_000 }
    }
}

/// Lets somebody watch, and owes them how things are (PS3.4, Table CC.2.3-2).
///
/// What was said of one workitem counts before what is said of all.
pub(super) fn subscribe(
    connection: &Connection,
    target: &Target,
    title: &str,
    is_locked: bool,
    limits: Limits,
) -> Result<(), Refusal> {
    check_room(connection, title, limits)?;
    let (kind, filter) = (
        target.kind(),
        match target {
            Target::Filtered(filter) => filter.clone(),
            _ => Filter::default(),
        },
    );
    if let Target::Workitem(uid) = target {
        let one = workitem::one(connection, uid)?.ok_or(Refusal::Absent)?;
        put(connection, one.number.cast_signed(), title, kind, is_locked)?;
        let owed = state_report(&one.attributes);
        return Ok(owe(connection, title, uid, &owed, limits.owed)?);
    }
    let sql = "INSERT OR REPLACE INTO worklist_watch(title, kind, filter, is_locked) VALUES (?1, ?2, ?3, ?4)";
    connection.prepare_cached(sql)?.execute(params![title, kind.name(), filter.text(), is_locked])?;
    // Another filter takes other workitems.
    if kind == Kind::Filtered {
        drop_watches(connection, title, Some(kind))?;
    }
    let query = WorkitemQuery { keys: filter.keys(), ..WorkitemQuery::default() };
    for one in workitem::find(connection, &query)? {
        let id = one.number.cast_signed();
        let of_itself = "SELECT kind FROM workitem_watch WHERE workitem = ?1 AND title = ?2";
        let known: Option<String> = connection
            .prepare_cached(of_itself)?
            .query_row(params![id, title], |row| row.get(0))
            .optional()?;
        let is_of = |kind: Kind| known.as_deref() == Some(kind.name());
        if is_of(Kind::Workitem) {
            continue;
        }
        if kind == Kind::Filtered && is_of(Kind::Worklist) {
            // All are watched already: the filter adds at most its lock.
            let sql =
                "UPDATE workitem_watch SET is_locked = max(is_locked, ?3) WHERE workitem = ?1 AND title = ?2";
            connection.prepare_cached(sql)?.execute(params![id, title, is_locked])?;
            continue;
        }
        put(connection, id, title, kind, is_locked)?;
        if known.is_none() || is_locked {
            owe(connection, title, &one.uid, &state_report(&one.attributes), limits.owed)?;
        }
    }
    Ok(())
}

/// Lets somebody watch no more.
pub(super) fn unsubscribe(connection: &Connection, target: &Target, title: &str) -> Result<(), Refusal> {
    let Target::Workitem(uid) = target else {
        let kind = target.kind();
        let removed = suspend(connection, target, title);
        // The end of all is also that of the filter.
        let of_filter = match kind {
            Kind::Filtered => Err(Refusal::NotSubscribed),
            _ => suspend(connection, &Target::Filtered(Filter::default()), title),
        };
        let removed = removed.or(of_filter);
        // Who watches nothing as a whole may still have been left with what it watched when that was suspended.
        let dropped = drop_watches(connection, title, (kind == Kind::Filtered).then_some(kind))?;
        return match (removed, dropped) {
            (Err(Refusal::NotSubscribed), 1..) => Ok(()),
            (removed, _) => removed,
        };
    };
    let one = workitem::one(connection, uid)?.ok_or(Refusal::Absent)?;
    let sql = "DELETE FROM workitem_watch WHERE workitem = ?1 AND title = ?2";
    if connection.prepare_cached(sql)?.execute(params![one.number.cast_signed(), title])? == 0 {
        return Err(Refusal::NotSubscribed);
    }
    let sql = "DELETE FROM owed_report WHERE title = ?1 AND workitem = ?2";
    connection.prepare_cached(sql)?.execute([title, uid])?;
    forget_idle(connection, title)?;
    Ok(())
}

/// Lets somebody watch no new workitems.
pub(super) fn suspend(connection: &Connection, target: &Target, title: &str) -> Result<(), Refusal> {
    let sql = "DELETE FROM worklist_watch WHERE title = ?1 AND kind = ?2";
    match connection.prepare_cached(sql)?.execute([title, target.kind().name()])? {
        0 => Err(Refusal::NotSubscribed),
        _ => Ok(()),
    }
}

/// Takes a watcher from workitems, all or those that it has by its filter, with what it is owed of them; gives from how many.
fn drop_watches(connection: &Connection, title: &str, kind: Option<Kind>) -> Result<usize> {
    let kind = kind.map(Kind::name);
    let sql = "DELETE FROM owed_report WHERE title = ?1 AND workitem IN (SELECT item.uid FROM workitem_watch watch
         JOIN workitem item ON item.id = watch.workitem WHERE watch.title = ?1 AND (?2 IS NULL OR watch.kind = ?2))";
    connection.prepare_cached(sql)?.execute(params![title, kind])?;
    let sql = "DELETE FROM workitem_watch WHERE title = ?1 AND (?2 IS NULL OR kind = ?2)";
    let dropped = connection.prepare_cached(sql)?.execute(params![title, kind])?;
    forget_idle(connection, title)?;
    Ok(dropped)
}

/// Forgets whoever watches nothing and is owed nothing.
fn forget_idle(connection: &Connection, title: &str) -> Result<()> {
    let sql = "DELETE FROM watcher WHERE title = ?1 AND owed = 0
         AND NOT EXISTS (SELECT 1 FROM workitem_watch WHERE title = ?1)
         AND NOT EXISTS (SELECT 1 FROM worklist_watch WHERE title = ?1)";
    connection.prepare_cached(sql)?.execute([title])?;
    Ok(())
}

fn check_room(connection: &Connection, title: &str, limits: Limits) -> Result<(), Refusal> {
    let sql = "SELECT (SELECT count(*) FROM watcher), EXISTS (SELECT 1 FROM watcher WHERE title = ?1)";
    let (count, is_known): (i64, bool) =
        connection.prepare_cached(sql)?.query_row([title], |row| Ok((row.get(0)?, row.get(1)?)))?;
    match is_known || count.cast_unsigned() < limits.watchers {
        true => {
            let sql = "INSERT OR IGNORE INTO watcher(title, owed, dropped) VALUES (?1, 0, 0)";
            connection.prepare_cached(sql)?.execute([title])?;
            Ok(())
        }
        false => Err(Refusal::Crowded),
    }
}

fn put(connection: &Connection, id: i64, title: &str, kind: Kind, is_locked: bool) -> Result<()> {
    let sql =
        "INSERT OR REPLACE INTO workitem_watch(workitem, title, kind, is_locked) VALUES (?1, ?2, ?3, ?4)";
    connection.prepare_cached(sql)?.execute(params![id, title, kind.name(), is_locked])?;
    Ok(())
}

/// Lets those watch a new workitem who watch the worklist.
pub(super) fn watch_new(connection: &Connection, id: i64, attributes: &DataSet) -> Result<()> {
    let sql = "SELECT title, kind, filter, is_locked FROM worklist_watch ORDER BY kind DESC";
    let rows: Vec<(String, String, String, bool)> = connection
        .prepare_cached(sql)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (title, kind, filter, is_locked) in rows {
        let kind = if kind == Kind::Filtered.name() { Kind::Filtered } else { Kind::Worklist };
        let keys = Filter::of(&filter).keys();
        if find::set_matches(&keys, Names::Plain, attributes) {
            // The whole worklist comes first. A lock of either keeps.
            let sql = "INSERT INTO workitem_watch(workitem, title, kind, is_locked) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET is_locked = max(is_locked, excluded.is_locked)";
            connection.prepare_cached(sql)?.execute(params![id, title, kind.name(), is_locked])?;
        }
    }
    Ok(())
}

/// Whether anybody watches a workitem.
pub(super) fn is_watched(connection: &Connection, id: i64) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM workitem_watch WHERE workitem = ?1)";
    Ok(connection.prepare_cached(sql)?.query_row([id], |row| row.get(0))?)
}

/// Owes all who watch a workitem a report.
pub(super) fn tell(connection: &Connection, id: i64, uid: &str, owed: &Owed, owed_max: u64) -> Result<()> {
    let titles: Vec<String> = connection
        .prepare_cached("SELECT title FROM workitem_watch WHERE workitem = ?1")?
        .query_map([id], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    titles.iter().try_for_each(|title| owe(connection, title, uid, owed, owed_max))
}

/// Owes somebody a report; of too many the oldest is dropped, and counted.
fn owe(connection: &Connection, title: &str, uid: &str, owed: &Owed, owed_max: u64) -> Result<()> {
    let sql = "INSERT INTO owed_report(title, workitem, event, attributes) VALUES (?1, ?2, ?3, ?4)";
    let attributes = pack(&owed.attributes);
    connection.prepare_cached(sql)?.execute(params![title, uid, owed.event as i64, attributes])?;
    let sql = "SELECT owed FROM watcher WHERE title = ?1";
    let count: i64 = connection.prepare_cached(sql)?.query_row([title], |row| row.get(0))?;
    let surplus = count.saturating_sub(i64::try_from(owed_max).unwrap_or(i64::MAX));
    if surplus > 0 {
        let sql = "DELETE FROM owed_report WHERE id IN
             (SELECT id FROM owed_report WHERE title = ?1 ORDER BY id LIMIT ?2)";
        connection.prepare_cached(sql)?.execute(params![title, surplus])?;
        let sql = "UPDATE watcher SET dropped = dropped + ?2 WHERE title = ?1";
        connection.prepare_cached(sql)?.execute(params![title, surplus])?;
    }
    Ok(())
}

/// What somebody is owed.
pub(super) fn reports(connection: &Connection, title: &str, after: u64, limit: usize) -> Result<Vec<Report>> {
    let sql = "SELECT id, workitem, event, attributes FROM owed_report WHERE title = ?1 AND id > ?2
         ORDER BY id LIMIT ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![title, after.cast_signed(), limit], |row| {
        Ok(Report {
            number: row.get::<_, i64>(0)?.cast_unsigned(),
            workitem: row.get(1)?,
            event: Event::of(row.get(2)?).unwrap_or(Event::State),
            attributes: unpack(row.get(3)?),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Takes off what somebody has got.
pub(super) fn reported(connection: &Connection, title: &str, up_to: u64) -> Result<()> {
    let sql = "DELETE FROM owed_report WHERE title = ?1 AND id <= ?2";
    connection.prepare_cached(sql)?.execute(params![title, up_to.cast_signed()])?;
    forget_idle(connection, title)
}

/// Owes all who watch that the provider was restarted.
pub(super) fn restart(connection: &Connection, owed_max: u64) -> Result<()> {
    let sql = "DELETE FROM owed_report WHERE event = ?1";
    connection.prepare_cached(sql)?.execute([Event::Provider as i64])?;
    let titles: Vec<String> = connection
        .prepare_cached("SELECT title FROM workitem_watch UNION SELECT title FROM worklist_watch")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    titles.iter().try_for_each(|title| owe(connection, title, GLOBAL_WORKLIST, &restarted(), owed_max))
}

/// One who watches, or is owed something.
pub(super) fn watcher(connection: &Connection, title: &str) -> Result<Option<Watcher>> {
    let sql = "SELECT owed, dropped, (SELECT count(*) FROM workitem_watch watch WHERE watch.title = ?1),
            EXISTS (SELECT 1 FROM worklist_watch watch WHERE watch.title = ?1)
         FROM watcher WHERE title = ?1";
    let row = |row: &rusqlite::Row<'_>| {
        Ok(Watcher {
            title: title.to_owned(),
            owed: row.get::<_, i64>(0)?.cast_unsigned(),
            dropped: row.get::<_, i64>(1)?.cast_unsigned(),
            workitems: row.get::<_, i64>(2)?.cast_unsigned(),
            is_of_worklist: row.get(3)?,
        })
    };
    Ok(connection.prepare_cached(sql)?.query_row([title], row).optional()?)
}

/// Forgets how many reports were dropped.
pub(super) fn forget_dropped(connection: &Connection, title: &str) -> Result<()> {
    connection.prepare_cached("UPDATE watcher SET dropped = 0 WHERE title = ?1")?.execute([title])?;
    Ok(())
}
