//! How people find envelopes.

use klinke_model::{ChannelId, EnvelopeId, Timestamp};

/// A search key by which an envelope can be found, besides its own fields.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyName {
    /// A patient's identifier.
    Patient,
    /// A case's (visit's) identifier.
    Case,
    /// An order's number, the placer's or the filler's.
    Order,
    /// The message's own control identifier.
    Control,
    /// What happened, as `ADT^A01`.
    Event,
    /// A path that the site names, as it is written there.
    Path(String),
}

impl KeyName {
    /// A stable word; a path is its own.
    pub fn as_str(&self) -> &str {
        match self {
            KeyName::Patient => "patient",
            KeyName::Case => "case",
            KeyName::Order => "order",
            KeyName::Control => "control",
            KeyName::Event => "event",
            KeyName::Path(path) => path,
        }
    }
}

/// Finds an envelope's search keys in its payload. The store's index calls it long after the commit.
pub trait Keys: Send + Sync + 'static {
    /// The keys of a payload of this format; none when the format is unknown or has none.
    fn keys(&self, format: &str, payload: &[u8]) -> Vec<(KeyName, String)>;
    /// The text by which free-text search finds it, where the site asks for that.
    fn text(&self, format: &str, payload: &[u8]) -> Option<String>;
}

/// One condition on a search key: equal, or with `prefix` beginning so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Which key.
    pub name: KeyName,
    /// The value looked for.
    pub value: String,
    /// True when values that begin with it count too.
    pub prefix: bool,
}

/// Where an envelope must stand to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateFilter {
    /// The steps have not run.
    Unrouted,
    /// A step ended it.
    Filtered,
    /// A step failed.
    Failed,
    /// At least one delivery waits.
    Waiting,
    /// At least one delivery is dead.
    Dead,
    /// All deliveries were accepted.
    Delivered,
}

/// What to find. All conditions must hold; an empty query finds everything.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Only this channel's.
    pub channel: Option<ChannelId>,
    /// Only from this system.
    pub system: Option<String>,
    /// Received at or after.
    pub from: Option<Timestamp>,
    /// Received before.
    pub until: Option<Timestamp>,
    /// Search keys.
    pub fields: Vec<Field>,
    /// Free text, where the index has it.
    pub text: Option<String>,
    /// Where it stands.
    pub state: Option<StateFilter>,
    /// Below this number (above it with `oldest_first`): for paging.
    pub beyond: Option<EnvelopeId>,
    /// Oldest first instead of newest first.
    pub oldest_first: bool,
    /// At most so many; 0 means 50.
    pub limit: usize,
}
