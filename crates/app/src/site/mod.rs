//! A site: one installation's folder of plain files.
//!
//! | file | what |
//! |---|---|
//! | `klinke.toml` | [`node`]: name, store, language, metrics |
//! | `klinke.<env>.toml` | laid over `klinke.toml` when `--env <env>` asks for it; may hold `[systems.x]` too |
//! | `systems.toml` | [`system`]: the partners |
//! | `alerts.toml` | [`alerts`]: who is told when something is wrong |
//! | `channels/<name>.toml` | [`channel`]: source, steps, destinations |
//! | `channels/*.ts`, `lib/*.ts` | scripts |
//! | `dialects/<system>.toml` | what partners' messages are like: `klinke_diagnosis::dialect` |
//! | `migrations/<name>.toml` | [`migration`]: old archives that are taken over |
//! | `definitions.toml` | [`definitions`]: the site's own segments, fields, types and tables |
//! | `tables/<name>.csv` | look-up tables |
//! | `templates/*` | messages to be filled |
//! | `examples/<channel>/*.hl7` | the site's own tests |

pub mod adapters;
pub mod alerts;
pub mod archive;
pub mod channel;
pub mod console;
pub mod definitions;
pub mod fault;
pub mod keeping;
pub mod load;
pub mod migration;
pub mod node;
pub mod places;
pub mod priors;
pub mod revision;
pub mod schema;
pub mod secrets;
pub mod source;
pub mod system;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use klinke_console::house::trial::Terms;
use klinke_diagnosis::alert::Plan;
use klinke_diagnosis::dialect::Dialect;
use klinke_engine::table::Tables;
use klinke_hl7v2::definitions::Local;

pub use alerts::Alerts;
pub use channel::Channel;
pub use fault::Fault;
pub use migration::Migration;
pub use node::Node;
use source::SourceFile;
pub use system::System;

/// A loaded site.
#[derive(Debug)]
pub struct Site {
    /// The folder of its files.
    pub folder: PathBuf,
    /// Where its data, secrets, keys and drop folders are: beside the files, unless these were taken out of
    /// git into a folder of their own.
    pub home: PathBuf,
    /// The revision of its files, where it is known without asking git.
    pub revision: Option<String>,
    /// The environment whose overlay was laid over it.
    pub environment: Option<String>,
    /// `klinke.toml`, with its overlay.
    pub node: Node,
    /// The partners by name.
    pub systems: BTreeMap<String, System>,
    /// `systems.toml`, for faults.
    pub systems_file: SourceFile,
    /// Who is told when something is wrong, and when.
    pub alerts: Alerts,
    /// The same as the desk takes it.
    pub plan: Plan,
    /// The channels that are enabled, by name.
    pub channels: BTreeMap<String, ChannelFile>,
    /// The site's own segments, fields, types and tables.
    pub local: Local,
    /// Dialects of partners by the system's name.
    pub dialects: BTreeMap<String, Dialect>,
    /// Old archives that are taken over, by the names of their files.
    pub migrations: BTreeMap<String, Migration>,
    /// Look-up tables.
    pub tables: Tables,
    /// The tables' text by name, for channel versions.
    pub table_texts: BTreeMap<String, String>,
    /// Message templates by file name.
    pub templates: BTreeMap<String, String>,
    /// Channels whose files are those of another revision: a shadow that was taken over.
    pub taken: BTreeMap<String, Arc<Site>>,
    /// Changed channels that handle some of the messages, and which.
    pub canaries: BTreeMap<String, (Arc<Site>, Terms)>,
    /// Scripts by path within the site (`channels/x.ts`, `lib/y.ts`).
    pub scripts: BTreeMap<String, String>,
}

/// A channel and its file.
#[derive(Clone, Debug)]
pub struct ChannelFile {
    /// What the file says.
    pub channel: Channel,
    /// The file.
    pub source: SourceFile,
    /// Its values after secrets were put in.
    pub values: toml::Table,
}

impl Site {
    /// The site whose files a channel is made of: this one, unless a shadow of the channel was taken over.
    pub fn of(&self, channel: &str) -> &Site {
        self.taken.get(channel).map_or(self, |taken| taken)
    }

    /// Puts a channel's files of another revision in the place of this site's.
    pub fn take(&mut self, channel: &str, taken: Site) {
        if let Some(file) = taken.channels.get(channel).cloned() {
            self.channels.insert(channel.to_owned(), file);
            self.taken.insert(channel.to_owned(), Arc::new(taken));
        }
    }

    /// The folder of the store.
    pub fn store_folder(&self) -> PathBuf {
        self.home.join(&self.node.store.path)
    }
}
