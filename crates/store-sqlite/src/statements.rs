//! The statements of the hot path, prepared once.

use rusqlite::{Connection, Statement};

macro_rules! statements {
    ($($name:ident = $sql:literal;)*) => {
        /// The statements of an envelope's life.
        pub(crate) struct Statements<'c> {
            $(pub(crate) $name: Statement<'c>,)*
        }

        impl<'c> Statements<'c> {
            /// Prepares all of them.
            pub(crate) fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
                Ok(Statements { $($name: connection.prepare($sql)?,)* })
            }
        }
    };
}

statements! {
    begin = "BEGIN IMMEDIATE";
    commit = "COMMIT";
    accept = "INSERT INTO envelope(id, channel, seq, version, received, system, peer, format, origin, parent,
        fingerprint, size, coding, checksum, body)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
    child = "INSERT INTO child(parent, envelope) VALUES (?1, ?2)";
    seq = "SELECT channel, seq FROM envelope WHERE id = ?1";
    route = "INSERT INTO route(envelope, at, outcome, ended, trace, parts, deliveries, version)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    ended = "INSERT INTO ended(failed, envelope) VALUES (?1, ?2)";
    wait = "INSERT INTO waiting(destination, lane, envelope, part, queued, due, attempts, reason)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    waiting = "SELECT queued, attempts, reason FROM waiting
        WHERE destination = ?1 AND lane = ?2 AND envelope = ?3 AND part = ?4";
    leave = "DELETE FROM waiting WHERE destination = ?1 AND lane = ?2 AND envelope = ?3 AND part = ?4";
    retry = "UPDATE waiting SET attempts = ?5, due = coalesce(?6, due), reason = ?7
        WHERE destination = ?1 AND lane = ?2 AND envelope = ?3 AND part = ?4";
    finish = "INSERT INTO delivery(envelope, destination, part, state, attempts, reason, last)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    die = "INSERT INTO dead(destination, envelope, part) VALUES (?1, ?2, ?3)";
    attempt = "INSERT INTO attempt(envelope, destination, part, ordinal, body) VALUES (?1, ?2, ?3, ?4, ?5)";
}
