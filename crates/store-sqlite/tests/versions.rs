//! Files of every version that ever was can be opened. `versions/v<n>.sql` is a small store as that
//! version wrote it; `KLINKE_WRITE_VERSION=1 cargo test --test versions` writes the one of today, once,
//! when the version is new.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod common;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use klinke_model::{AttemptResult, DeliveryState, EnvelopeId, Payload};
use klinke_store::contract::bed::{Bed, NOON, attempt};
use klinke_store::faulty::wait;
use klinke_store::{Action, AuditQuery, NewDelivery, Outcome, Part};
use klinke_store_sqlite::VERSION;
use rusqlite::Connection;
use rusqlite::types::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/versions")
}

/// A store with one of everything.
fn write_all(bed: &Bed) {
    let mut new = bed.new_envelope("patient=4711\nname=Muster\nward=CH1", 1);
    new.fingerprint = Some(17);
    let id = bed.accept(new).unwrap();
    let parts =
        vec![Part::Changed(Payload::from(&b"patient=4711\nname=Muster\nward=CH2"[..])), Part::Unchanged];
    let to = |part| NewDelivery { destination: bed.ris, lane: "4711".into(), part };
    bed.route(id, Outcome::Deliveries { parts, deliveries: vec![to(0), to(1)] }).unwrap();
    bed.tried(&bed.key(id, "4711"), 1, AttemptResult::Retry(NOON));
    bed.tried(&bed.key(id, "4711"), 2, AttemptResult::Delivered);
    let filtered = bed.accept_text("patient=1");
    let (step, reason) = ("step 1: only".to_owned(), "no".to_owned());
    bed.route(filtered, Outcome::Filtered { step, reason }).unwrap();
    let dead = bed.queue("patient=2", "");
    bed.tried(&dead, 1, AttemptResult::Dead);
    bed.accept_text("patient=3");
    let hold = Action::Hold { destination: bed.ris, lane: None, reason: "moving".to_owned(), at: NOON };
    bed.act(hold).unwrap();
    bed.store.set_value("a/b", Some(b"c")).unwrap();
    for entry in ["first", "second"] {
        wait(|done| bed.store.append_audit(NOON, entry.as_bytes().to_vec(), done)).unwrap();
    }
}

/// What every version must show of it.
fn check_all(bed: &Bed, version: u32) {
    let record = bed.store.envelope(EnvelopeId(1)).unwrap().unwrap();
    assert_eq!(*record.envelope.payload, *b"patient=4711\nname=Muster\nward=CH1");
    assert_eq!((record.envelope.fingerprint, &*record.envelope.system), (Some(17), "kis"));
    assert_eq!(*record.parts[0], *b"patient=4711\nname=Muster\nward=CH2");
    assert_eq!(record.parts[1], record.envelope.payload);
    let states: Vec<_> = record.deliveries.iter().map(|one| one.0.state).collect();
    assert_eq!(states, [DeliveryState::Delivered, DeliveryState::Waiting]);
    let attempts = [attempt(1, AttemptResult::Retry(NOON)), attempt(2, AttemptResult::Delivered)];
    assert_eq!(record.deliveries[0].1, attempts);
    let filtered = bed.store.envelope(EnvelopeId(2)).unwrap().unwrap().route.unwrap().ended.unwrap();
    assert_eq!((filtered.failed, filtered.step.as_str()), (false, "step 1: only"));
    assert_eq!(bed.store.dead(bed.ris, None, 9).unwrap().len(), 1);
    assert_eq!(bed.store.unrouted(bed.channel, EnvelopeId(0), 9, 999).unwrap()[0].id, EnvelopeId(4));
    assert_eq!(bed.store.holds().unwrap()[0].reason, "moving");
    assert_eq!(bed.store.value("a/b").unwrap().unwrap(), b"c");
    assert_eq!(bed.store.waiting(bed.ris, "4711", None, 9).unwrap().len(), 1);
    let audited = bed.store.audit(&AuditQuery::default()).unwrap();
    let audited: Vec<_> = audited.iter().map(|one| (one.seal.id, one.entry.as_slice())).collect();
    match version {
        // The first version had no audit log.
        1 => assert_eq!(audited, []),
        _ => assert_eq!(audited, [(1, &b"first"[..]), (2, b"second")]),
    }
    let next = wait(|done| bed.store.append_audit(NOON, b"next".to_vec(), done)).unwrap();
    assert_eq!(next, audited.len() as u64 + 1);
    bed.check();
    assert_eq!(common::faults(bed.store.as_ref()), Vec::<String>::new());
    assert_eq!(bed.accept_text("new"), EnvelopeId(5));
}

/// The store's tables and rows as SQL.
fn dump(journal: &Path) -> String {
    let connection = Connection::open(journal).unwrap();
    let mut out = String::new();
    let mut schema = connection
        .prepare("SELECT name, sql, type FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")
        .unwrap();
    let tables: Vec<(String, String, String)> = schema
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (_, sql, _) in &tables {
        writeln!(out, "{sql};").unwrap();
    }
    for (table, ..) in tables.iter().filter(|(.., kind)| kind == "table") {
        let mut rows = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let literal = |at| match row.get::<_, Value>(at).unwrap() {
                Value::Null => "NULL".to_owned(),
                Value::Integer(number) => number.to_string(),
                Value::Real(number) => number.to_string(),
                Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
                Value::Blob(bytes) => {
                    format!("x'{}'", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
                }
            };
            let values: Vec<String> = (0..columns).map(literal).collect();
            writeln!(out, "INSERT INTO {table} VALUES ({});", values.join(", ")).unwrap();
        }
    }
    out
}

#[test]
fn every_version_opens() {
    let today = folder().join(format!("v{VERSION}.sql"));
    if std::env::var_os("KLINKE_WRITE_VERSION").is_some() && !today.exists() {
        let place = tempfile::tempdir().unwrap();
        let bed = common::bed(place.path());
        write_all(&bed);
        drop(bed);
        fs::write(&today, dump(&place.path().join("journal.db"))).unwrap();
    }
    for version in 1..=VERSION {
        let sql = fs::read_to_string(folder().join(format!("v{version}.sql")));
        let sql =
            sql.unwrap_or_else(|_| panic!("version {version} has no file: write it once, see the head"));
        let place = tempfile::tempdir().unwrap();
        let connection = Connection::open(place.path().join("journal.db")).unwrap();
        connection.execute_batch(&sql).unwrap();
        connection.pragma_update(None, "user_version", version).unwrap();
        drop(connection);
        check_all(&common::bed(place.path()), version);
    }
}

#[test]
fn what_is_written_today_is_what_the_check_expects() {
    let place = tempfile::tempdir().unwrap();
    let bed = common::bed(place.path());
    write_all(&bed);
    check_all(&bed, VERSION);
}
