//! Settings of MLLP.

use std::path::Path;
use std::sync::Arc;

use klinke_diagnosis::Speech;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};

use crate::net::dial::Partner;
use crate::net::listen::Entry;
use crate::net::{Allow, ClientTls, Host, Limits, ServerTls};
use crate::probe::{Echo, Probe};
use crate::units::{Bytes, Period, string_or_table};

/// A source over MLLP.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SourceConfig {
    /// Where to listen; a port alone is on loopback. Either this or `connect`. Since 0.1.
    pub listen: Option<Host>,
    /// Where to connect to, when the sender listens. Since 0.1.
    pub connect: Option<Host>,
    /// The system that sends. Since 0.1.
    pub from: Option<String>,
    /// Who may connect: addresses or networks; everyone when left out. Since 0.1.
    pub allow: Vec<Allow>,
    /// Addresses of balancers whose connections begin with a PROXY header; none when left out. Since 0.1.
    pub proxies: Vec<Allow>,
    /// TLS, with `listen`. Since 0.1.
    pub tls: Option<ServerTls>,
    /// TLS, with `connect`. Since 0.1.
    pub connect_tls: Option<ClientTls>,
    /// When to acknowledge. Default `"header"`. Since 0.1.
    pub mode: Mode,
    /// MSH-9 of acknowledgments. Default `"version"`. Since 0.1.
    pub ack_type: AckForm,
    /// How a batch (FHS, BHS) is acknowledged. Default `"one"`. Since 0.1.
    pub batch_ack: BatchAck,
    /// What becomes of a frame that is no HL7 message. Default `"keep"`. Since 0.1.
    pub unparsable: Unparsable,
    /// Also takes messages that begin without a start block (VT), and end by silence. Default `false`.
    /// Since 0.1.
    pub bare: bool,
    /// Answers each frame with a commit frame of MLLP release 2 before the acknowledgment. Default
    /// `false`. Since 0.1.
    pub commit_frames: bool,
    /// Keeps the sequence number protocol (MSH-13, MSA-4): a message that was taken already is answered
    /// again and not taken a second time, one out of sequence is answered AE. After a restart the number
    /// behind the newest message that was kept is expected. Default `false`. Since 0.1.
    pub sequence: bool,
    /// Gives the partner's own answer back, where the channel waits for it (`ack = "delivered"`) and it
    /// answers this message; else the acknowledgment is always Klinke's own. Default `false`. Since 0.1.
    pub relay_answer: bool,
    /// Limits and timeouts. Since 0.1.
    pub limits: Limits,
}

impl SourceConfig {
    /// Makes relative file names relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        self.tls.iter_mut().for_each(|tls| tls.resolve(folder));
        self.connect_tls.iter_mut().for_each(|tls| tls.resolve(folder));
    }

    /// What can be asked of it.
    pub(super) fn probe(&self) -> Option<Arc<dyn Probe>> {
        crate::probe::of_entry(&self.entry(), Some(Speech::Mllp))
    }

    pub(super) fn entry(&self) -> Entry {
        Entry {
            listen: self.listen.clone(),
            connect: self.connect.clone(),
            allow: self.allow.clone(),
            proxies: self.proxies.clone(),
            tls: self.tls.clone(),
            connect_tls: self.connect_tls.clone(),
            limits: self.limits.clone(),
        }
    }
}

/// When a message is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// As MSH-15 and MSH-16 ask: enhanced mode when one of them is given, else original mode.
    #[default]
    Header,
    /// Original mode, whatever MSH-15 and MSH-16 say: one application acknowledgment.
    Original,
    /// Enhanced mode, also when MSH-15 and MSH-16 are empty: one accept acknowledgment.
    Enhanced,
    /// Never.
    None,
}

/// MSH-9 of an acknowledgment. Partners break on one form or the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum AckForm {
    /// `ACK` up to version 2.3.1, `ACK^A01^ACK` from 2.4.
    #[default]
    #[serde(rename = "version")]
    Version,
    /// `ACK`.
    #[serde(rename = "ACK")]
    Ack,
    /// `ACK^A01`, with the message's event.
    #[serde(rename = "ACK^A01")]
    Event,
    /// `ACK^A01^ACK`, with the message's event.
    #[serde(rename = "ACK^A01^ACK")]
    Full,
}

/// How a batch is acknowledged. It is taken as a whole or not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BatchAck {
    /// By one acknowledgment, of its first message.
    #[default]
    One,
    /// By a batch with an acknowledgment of each message.
    Batch,
}

/// What becomes of a frame that is no HL7 message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unparsable {
    /// It is kept raw, and answered AE: a person can look at it.
    #[default]
    Keep,
    /// It is not kept, and answered AR.
    Refuse,
}

/// A destination over MLLP: an address alone, or a table.
#[derive(Clone, Debug)]
pub struct DestinationConfig {
    /// Where to connect to. Either this or `listen`.
    pub address: Option<Host>,
    /// Where the partner connects to, to be sent to.
    pub listen: Option<Host>,
    /// Who may connect, with `listen`.
    pub allow: Vec<Allow>,
    /// TLS, with `address`.
    pub tls: Option<ClientTls>,
    /// TLS, with `listen`.
    pub listen_tls: Option<ServerTls>,
    /// Most connections at a time.
    pub connections: usize,
    /// Whether a connection serves one message or many.
    pub connection: Connection,
    /// Which acknowledgment means that a message is delivered.
    pub ack: Await,
    /// The channel at whose MLLP source the application's acknowledgments arrive.
    pub answers_at: Option<String>,
    /// Longest time until one arrives there.
    pub answers_within: Period,
    /// Speaks the sequence number protocol.
    pub sequence: bool,
    /// Awaits a commit frame of MLLP release 2 before the acknowledgment.
    pub commit_frames: bool,
    /// Refuses an acknowledgment whose MSA-2 names another message.
    pub check_control_id: bool,
    /// Longest time until a connection stands.
    pub connect_timeout: Period,
    /// Longest time for an acknowledgment.
    pub answer_timeout: Period,
    /// Most bytes of an acknowledgment.
    pub answer_max: Bytes,
    /// After how long a silence the system asks whether the partner is still there.
    pub keep_alive: Period,
}

/// A destination over MLLP, as a table.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Table {
    /// Where to connect to. Either this or `listen`. Since 0.1.
    address: Option<Host>,
    /// Where the partner connects to, to be sent to. Since 0.1.
    listen: Option<Host>,
    /// Who may connect, with `listen`: addresses or networks; everyone when left out. Since 0.1.
    allow: Vec<Allow>,
    /// TLS, with `address`. Since 0.1.
    tls: Option<ClientTls>,
    /// TLS, with `listen`. Since 0.1.
    listen_tls: Option<ServerTls>,
    /// Most connections at a time. Default 1. Since 0.1.
    connections: usize,
    /// Whether a connection serves one message or many. Default `"kept"`. Since 0.1.
    connection: Connection,
    /// Which acknowledgment means that a message is delivered. Default `"application"`. Since 0.1.
    ack: Await,
    /// The channel at whose MLLP source the application's acknowledgments arrive, when the partner sends
    /// them over a connection of its own (enhanced mode). They are matched by MSA-2. Since 0.1.
    answers_at: Option<String>,
    /// Longest time until an acknowledgment arrives there; then the code `no-application-ack` decides (`on`):
    /// where nothing is said, a message that the partner has committed to counts as delivered, another is
    /// sent again. Default `"60s"`. Since 0.1.
    answers_within: Period,
    /// Speaks the sequence number protocol: numbers messages in MSH-13, asks on each new connection which
    /// number is expected, and does not send again what the partner has already. Needs a partner that
    /// speaks it, and one connection. Default `false`. Since 0.1.
    sequence: bool,
    /// Awaits a commit frame of MLLP release 2 before the acknowledgment. Default `false`. Since 0.1.
    commit_frames: bool,
    /// Refuses an acknowledgment whose MSA-2 names another message. Default `true`. Since 0.1.
    check_control_id: bool,
    /// Longest time until a connection stands. Default `"10s"`. Since 0.1.
    connect_timeout: Period,
    /// Longest time for an acknowledgment. Default `"30s"`. Since 0.1.
    answer_timeout: Period,
    /// Most bytes of an acknowledgment. Default `"100MiB"`. Since 0.1.
    answer_max: Bytes,
    /// After how long a silence the system asks whether the partner is still there. Default `"60s"`.
    /// Since 0.1.
    keep_alive: Period,
}

/// How long a connection lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Connection {
    /// It is kept for the next message.
    #[default]
    Kept,
    /// It is closed after each message.
    Each,
}

/// Which acknowledgment means that a message is delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Await {
    /// The application's; after an accept acknowledgment (CA) it is awaited where MSH-16 asks for one.
    #[default]
    Application,
    /// The first, be it CA or AA.
    Accept,
    /// None: the partner never answers, and sent is delivered.
    None,
}

impl Default for Table {
    fn default() -> Self {
        Table {
            address: None,
            listen: None,
            allow: Vec::new(),
            tls: None,
            listen_tls: None,
            connections: 1,
            connection: Connection::Kept,
            ack: Await::Application,
            answers_at: None,
            answers_within: Period::seconds(60),
            sequence: false,
            commit_frames: false,
            check_control_id: true,
            connect_timeout: Period::seconds(10),
            answer_timeout: Period::seconds(30),
            answer_max: Bytes::mib(100),
            keep_alive: Period::seconds(60),
        }
    }
}

impl From<Table> for DestinationConfig {
    fn from(table: Table) -> Self {
        DestinationConfig {
            address: table.address,
            listen: table.listen,
            allow: table.allow,
            tls: table.tls,
            listen_tls: table.listen_tls,
            connections: table.connections,
            connection: table.connection,
            ack: table.ack,
            answers_at: table.answers_at,
            answers_within: table.answers_within,
            sequence: table.sequence,
            commit_frames: table.commit_frames,
            check_control_id: table.check_control_id,
            connect_timeout: table.connect_timeout,
            answer_timeout: table.answer_timeout,
            answer_max: table.answer_max,
            keep_alive: table.keep_alive,
        }
    }
}

impl DestinationConfig {
    /// Makes relative file names relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        self.tls.iter_mut().for_each(|tls| tls.resolve(folder));
        self.listen_tls.iter_mut().for_each(|tls| tls.resolve(folder));
    }

    /// What can be asked of it.
    pub(super) fn probe(&self) -> Option<Arc<dyn Probe>> {
        let echo: Echo = Arc::new(|stream, limit| Box::pin(super::echo::echo(stream, limit)));
        let answer = self.answer_timeout.0;
        crate::probe::of_partner(&self.partner(), Some(Speech::Mllp), answer, Some(echo))
    }

    pub(super) fn partner(&self) -> Partner {
        Partner {
            address: self.address.clone(),
            listen: self.listen.clone(),
            allow: self.allow.clone(),
            tls: self.tls.clone(),
            listen_tls: self.listen_tls.clone(),
            connect: self.connect_timeout.0,
            keep_alive: self.keep_alive.0,
        }
    }
}

impl DestinationConfig {
    /// To this address, with all else as by default.
    pub fn to(address: Host) -> Self {
        Table { address: Some(address), ..Table::default() }.into()
    }
}

impl<'de> Deserialize<'de> for DestinationConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let of = |text: &str| Ok(Table { address: Some(text.parse()?), ..Table::default() });
        string_or_table::<D, Table>(from, "an address such as \"127.0.0.1:6662\", or a table", of)
            .map(Into::into)
    }
}

impl JsonSchema for DestinationConfig {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MllpDestination".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (host, table) = (Host::json_schema(generator), Table::json_schema(generator));
        schemars::json_schema!({ "anyOf": [host, table] })
    }
}
