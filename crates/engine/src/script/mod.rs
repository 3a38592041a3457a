//! Scripts: JavaScript and TypeScript files of the site as steps of a channel.
//!
//! A script is a module whose default export is a function of a message and its context:
//!
//! ```text
//! export default (msg, ctx) => { msg.set("MSH-6", "RADIO"); return msg; };
//! ```
//!
//! | concern | how | where |
//! |---|---|---|
//! | language | ECMAScript 2024 by QuickJS-NG; TypeScript by erasing types, places stay | `strip`, `blank` |
//! | files | `import` from `lib/`, never outside of the site; every file becomes a function | `module`, `program` |
//! | purity | files are evaluated anew for each message, built-in objects are frozen | `realm`, `bootstrap.js` |
//! | limits | time, memory, stack; what ran into one gets a new runtime | `realm`, `host` |
//! | `msg` | a native object over a [`Document`](crate::document::Document) | `message` |
//! | `ctx`, `console`, `Date`, `"klinke"` | what the host lays out for one envelope | `desk`, `natives` |
//! | errors | place in the author's file, no patient data in the text | `failure` |
//!
//! A variable at a file's top level lives for one message: each message finds it as it is written. State
//! for later steps of the same envelope goes into `ctx.values`; there is none for later envelopes.
//!
//! Not there: files, network, timers, modules of other places, `eval` and `Function(text)`, `Atomics`,
//! `WeakRef`, `Intl`. `Date` knows the envelope's arrival as the only now and UTC as the only zone,
//! `Math.random` and `ctx.uuid()` give the same sequence each time an envelope is handled.
//!
//! Not met by the time limit: one call of a built-in function that works long by itself is stopped only
//! where the engine asks inside (regular expressions and arrays do).

mod blank;
mod booth;
mod call;
mod dates;
mod desk;
mod error;
mod failure;
mod host;
mod kept;
mod message;
mod module;
mod natives;
mod program;
mod realm;
mod strip;

use std::time::Duration;

pub use error::ScriptError;
pub use host::{ScriptHost, ScriptStep};
pub use program::Sources;

/// The declarations of `msg`, `ctx` and the module `"klinke"`, for the site author's editor.
pub const DECLARATIONS: &str = include_str!("klinke.d.ts");

/// What a script may use up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time of one call, by the clock on the wall.
    pub time_max: Duration,
    /// Memory of the runtime, in bytes, without the messages themselves.
    pub memory_bytes_max: usize,
    /// Stack of the runtime, in bytes; less than the calling thread has.
    pub stack_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { time_max: Duration::from_secs(1), memory_bytes_max: 64 << 20, stack_bytes_max: 1 << 20 }
    }
}

/// The site's tables, as scripts see them.
pub trait Lookup: Send + Sync {
    /// The value for a key; `None` when the table has none. The error names the table, never the key.
    fn lookup(&self, table: &str, key: &str) -> Result<Option<String>, String>;
}

/// A script's TypeScript as the JavaScript that runs, every token at its line and column; for tests and
/// tools that look at it.
pub fn strip_types(file: &str, source: &str) -> Result<String, ScriptError> {
    module::Module::read(file, source).map(|module| module.body)
}
