//! What a running site knows without asking anybody: attempts and answers, connections and how they
//! ended, arrivals, and the state of this machine. Numbers, codes and names of the site's files; never a
//! payload.

use std::time::Duration;

use klinke_model::Timestamp;

use crate::rhythm::Told;
use crate::{Speech, Step};

/// Everything known of one system.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Its name in the site's files.
    pub system: String,
    /// What people call it.
    pub title: Option<String>,
    /// Whom to call.
    pub contact: Option<String>,
    /// The site's name, for the text that is sent to the contact.
    pub site: String,
    /// What time it is.
    pub now: Timestamp,
    /// What goes to it.
    pub out: Vec<Outbound>,
    /// What comes from it.
    pub from: Vec<Inbound>,
    /// What is unusual in the rhythm of what comes.
    pub rhythm: Vec<Told>,
    /// How many messages usually come in an hour at this time, once that is known.
    pub usual: Option<f64>,
}

/// One way to a system.
#[derive(Clone, Debug, Default)]
pub struct Outbound {
    /// `channel/destination`.
    pub name: String,
    /// Where it leads.
    pub address: String,
    /// What probes saw, from the wire up; empty when nothing was probed.
    pub steps: Vec<Step>,
    /// The latest attempts, oldest first.
    pub attempts: Vec<Tried>,
    /// How its connections lived.
    pub lives: Lives,
    /// When the partner counted as down, oldest first.
    pub outages: Vec<Outage>,
    /// True while it counts as down.
    pub down: bool,
    /// True while a connection to it stands.
    pub connected: bool,
    /// What is to answer there.
    pub speech: Option<Speech>,
    /// Why a person holds all of it.
    pub held: Option<String>,
    /// Lanes that an answer or a person stopped.
    pub held_lanes: Vec<Stopped>,
    /// Deliveries that wait.
    pub waiting: u64,
    /// Since when the first of them waits.
    pub waiting_since: Option<Timestamp>,
    /// Deliveries given up and kept.
    pub dead: u64,
    /// How long an answer may take.
    pub answer_limit: Option<Duration>,
    /// True when a delivery was ever accepted, as far as is known.
    pub has_worked: bool,
}

/// A time in which a partner counted as down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// From when.
    pub from: Timestamp,
    /// Until when; `None` while it lasts.
    pub until: Option<Timestamp>,
    /// The code of the attempt with which it began.
    pub code: String,
}

/// A lane that stands.
#[derive(Clone, Debug)]
pub struct Stopped {
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub reason: String,
    /// The envelope at its front.
    pub envelope: u64,
}

/// One attempt.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The envelope.
    pub envelope: u64,
    /// When it ended.
    pub ended: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// How many bytes were sent.
    pub bytes: u64,
    /// What kind of end it was.
    pub end: End,
    /// The partner's code, or what went wrong.
    pub code: String,
    /// A sentence without patient data.
    pub text: String,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The partner has it.
    Accepted,
    /// The partner answered that it won't have it.
    Refused,
    /// Nothing reached the partner.
    Unreachable,
    /// It may have reached the partner; no usable answer came.
    Unclear,
}

/// How connections lived.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lives {
    /// The latest that ended, oldest first.
    pub ended: Vec<Ended>,
    /// The latest uses of a kept connection: after what silence, and whether it still carried.
    pub reused: Vec<(Duration, bool)>,
    /// What the partner said last that was no answer.
    pub spoke: Option<(Timestamp, Speech)>,
}

/// A connection that ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// How long it stood.
    pub lived: Duration,
    /// How long nothing had come before it ended.
    pub idle: Duration,
    /// How many messages it had carried.
    pub frames: u64,
    /// True when it ended while an answer was awaited, or inside a frame.
    pub in_work: bool,
    /// How it ended.
    pub how: How,
    /// Bytes that the other side's system had not even acknowledged when it was given up.
    pub unacknowledged: Option<u64>,
    /// How often our system had sent them again by then.
    pub retransmits: Option<u64>,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The partner closed it.
    ByPartner,
    /// It was reset.
    Reset,
    /// A time ran out.
    TimedOut,
    /// We closed it.
    ByUs,
}

/// One way from a system.
#[derive(Clone, Debug, Default)]
pub struct Inbound {
    /// The channel.
    pub name: String,
    /// Where it listens.
    pub address: String,
    /// What probes saw of our own port.
    pub steps: Vec<Step>,
    /// Why the channel does not run.
    pub stopped: Option<String>,
    /// Why it refuses arrivals now.
    pub refuses: Option<String>,
    /// True while a destination of the channel counts as down: then it is no flood that fills the queue.
    pub blocked: bool,
    /// Connections now.
    pub open: u64,
    /// Frames since the start.
    pub frames: u64,
    /// When the last frame came.
    pub last_frame: Option<Timestamp>,
    /// Connections turned away, by why: how often, and when last.
    pub turned_away: Vec<(&'static str, u64, Timestamp)>,
    /// What was done against the protocol's rules: what, how often, when last.
    pub violations: Vec<(&'static str, u64, Timestamp)>,
    /// How its connections lived.
    pub lives: Lives,
    /// The latest arrivals, oldest first.
    pub arrivals: Vec<Arrived>,
    /// How many seconds local time is ahead of UTC: times without a zone are local.
    pub zone_seconds: i64,
    /// True when the site says that messages which name no character set are UTF-8.
    pub is_utf8: bool,
    /// What is to speak there.
    pub speech: Option<Speech>,
    /// Envelopes that failed in a step lately: which, in which step, why.
    pub failed: Vec<(u64, String, String)>,
    /// Envelopes that came in the same time.
    pub seen: u64,
}

/// One arrival, as far as it matters here. Hashes of this run alone: nothing leads back to a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrived {
    /// When.
    pub at: Timestamp,
    /// Who sent it (its address without the port).
    pub peer: u64,
    /// What it says to be (sending application and facility).
    pub identity: u64,
    /// Its own identifier.
    pub control: u64,
    /// Its bytes.
    pub content: u64,
    /// By how many seconds its own time is ahead of its arrival; `true` when it named its zone.
    pub ahead: Option<(i64, bool)>,
    /// What its characters are against what it says they are.
    pub charset: Charset,
}

/// Whether a message's characters are what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// Nothing but ASCII, or too little to tell.
    #[default]
    Plain,
    /// As declared.
    AsDeclared,
    /// UTF-8, and something else is declared.
    IsUtf8,
    /// UTF-8, and nothing is declared: right where the site says so.
    IsUtf8Unsaid,
    /// Declared as UTF-8, and it is not.
    IsNotUtf8,
}

/// This machine and this program.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// The site's name.
    pub site: String,
    /// What time it is.
    pub now: Timestamp,
    /// Bytes free on the store's disk.
    pub disk_free: Option<u64>,
    /// Bytes that must stay free.
    pub disk_reserve: u64,
    /// Why the store refuses to write.
    pub store_refuses: Option<String>,
    /// Memory that can still be had, and all of it.
    pub memory: Option<(u64, u64)>,
    /// File handles in use, and how many are allowed.
    pub handles: Option<(u64, u64)>,
    /// By how much the clock jumped since the last look.
    pub clock_jump: Option<Duration>,
    /// Clocks of how many systems differ from ours, of how many, and by how many seconds in the middle.
    pub clocks: Option<(usize, usize, i64)>,
    /// Channels that do not run although the site has them, and why.
    pub stopped: Vec<(String, String)>,
    /// Faults of the site's files.
    pub faults: Vec<String>,
    /// Our own certificates.
    pub steps: Vec<Step>,
    /// True when the books do not balance.
    pub unbalanced: bool,
}
