//! What a probe did, what it saw and how long that took. Facts without judgement, and their words.

use std::time::Duration;

use crate::lang::{Text, span};
use crate::{Layer, Speech};

/// One look of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The rung it belongs to.
    pub layer: Layer,
    /// What was done.
    pub did: Did,
    /// What was seen.
    pub saw: Seen,
    /// How long it took.
    pub took: Duration,
}

/// What a probe did. Texts are addresses and names of the site's files; never patient data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Did {
    /// Asked for the addresses of a name.
    Resolved(String),
    /// Looked up the way to an address in the system's tables.
    LookedUpWay(String),
    /// Connected.
    Connected(String),
    /// Made a TLS handshake.
    ShookHands(String),
    /// Connected and listened without saying anything.
    Listened(String),
    /// Greeted in a protocol, with nothing but a greeting.
    Greeted(String, Speech),
    /// Asked for an association and ended it again: whom, by which AE title, and by which of ours.
    Associated {
        /// The address.
        to: String,
        /// The AE title that was called.
        called: String,
        /// Ours.
        calling: String,
    },
    /// Sent one test message, as the site allows.
    SentEcho(String),
    /// Looked at a folder.
    LookedAtFolder(String),
    /// Looked whether our port is open.
    LookedAtPort(String),
    /// Read the dates of a certificate of our own.
    ReadCertificate(String),
}

/// What a probe saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It is an address already.
    Literal,
    /// The name has these addresses.
    Addresses(Vec<String>),
    /// Nobody knows the name.
    NoName,
    /// The name service did not answer in time.
    NameTimedOut,
    /// The way leads over this interface, and over this gateway where there is one.
    Way {
        /// The interface.
        interface: String,
        /// The gateway.
        gateway: Option<String>,
        /// Whether the next station is known by its hardware address; `None` where that is not to be had.
        neighbour: Option<bool>,
    },
    /// It is this machine itself.
    OwnMachine,
    /// No route leads there.
    NoWay,
    /// The interface is down: no cable, or switched off.
    InterfaceDown(String),
    /// The connection stands.
    Connected,
    /// Refused: the machine answers, and nothing listens on this port.
    Refused,
    /// Nothing came back in time.
    TimedOut,
    /// The connection was reset at once.
    Reset,
    /// The connection was accepted and closed at once.
    ClosedAtOnce,
    /// A router said that it can't be reached.
    Unreachable(String),
    /// The system reported something else.
    Failed(String),
    /// TLS stands.
    Secured {
        /// `TLSv1.3`.
        version: String,
        /// The cipher suite.
        cipher: String,
        /// How many certificates came.
        chain: usize,
        /// Whole days until the partner's certificate expires.
        days: Option<i64>,
    },
    /// TLS does not stand.
    TlsFailed(TlsFault),
    /// Something spoke.
    Spoke(Speech),
    /// Nothing spoke within the time.
    Silence,
    /// An association was accepted.
    Accepted,
    /// An association was rejected.
    Rejected(Rejection),
    /// The test message was answered with this code.
    Echoed(String),
    /// The test message was not answered.
    NotEchoed,
    /// The folder is there, takes files and has so much room.
    FolderGood(Option<u64>),
    /// The folder is not there.
    FolderMissing,
    /// There is something of this name that is no folder.
    NoFolder,
    /// The folder takes no file.
    FolderClosed(String),
    /// The folder has no room.
    FolderFull(u64),
    /// The folder did not answer in time: a share whose machine is gone.
    FolderHangs,
    /// Our port is open.
    Open,
    /// Our port is not open.
    NotOpen,
    /// It can't be told on this machine.
    Unknown,
    /// Our own certificate is valid for so many days; below zero it has expired.
    Days(i64),
    /// Our own certificate can't be read.
    Unreadable(String),
}

/// Why an association was rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// It is not called so.
    Called,
    /// It does not know us.
    Calling,
    /// It has too many, or no means for one more, just now.
    Busy(String),
    /// For another reason.
    Other(String),
}

/// What is wrong with TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// The partner speaks no TLS on this port.
    NotTls,
    /// The certificate expired so many days ago.
    Expired(i64),
    /// The certificate is valid only in so many days.
    NotYet(i64),
    /// The certificate is another name's: the wanted one, those that it has.
    WrongName(String, Vec<String>),
    /// No authority that the site trusts has signed it.
    UnknownAuthority,
    /// The certificate is not the one whose fingerprint the site names.
    OtherFingerprint,
    /// The partner knows no protocol newer than TLS 1.1.
    TooOld,
    /// The partner wants a certificate of ours.
    WantsCertificate,
    /// The partner closed or reset the connection in the handshake.
    Closed,
    /// The handshake did not end in time.
    TimedOut,
    /// Something else.
    Other(String),
}

impl Seen {
    /// True when this rung holds, false when it breaks, `None` when it can't be told from this alone.
    pub fn is_well(&self) -> Option<bool> {
        use Seen::*;
        match self {
            Literal
            | Addresses(_)
            | Way { .. }
            | OwnMachine
            | Connected
            | FolderGood(_)
            | Open
            | Accepted
            | Echoed(_) => Some(true),
            Secured { days, .. } => Some(days.is_none_or(|days| days > 0)),
            Days(days) => Some(*days > 0),
            // Whether that is what should speak there, the ladder knows.
            Spoke(_) | Silence | Unknown => None,
            _ => Some(false),
        }
    }
}

impl Did {
    /// For people.
    pub fn text(&self) -> Text {
        match self {
            Did::Resolved(name) => Text::new(
                format!("asked for the address of {name}"),
                format!("nach der Adresse von {name} gefragt"),
            ),
            Did::LookedUpWay(to) => {
                Text::new(format!("looked up the way to {to}"), format!("den Weg zu {to} nachgesehen"))
            }
            Did::Connected(to) => Text::new(format!("connected to {to}"), format!("mit {to} verbunden")),
            Did::ShookHands(to) => {
                Text::new(format!("began TLS with {to}"), format!("mit {to} TLS begonnen"))
            }
            Did::Listened(to) => {
                Text::new(format!("listened to what {to} says"), format!("gehört, was {to} sagt"))
            }
            Did::Greeted(to, speech) => Text::new(
                format!("greeted {to} in {}", speech.name()),
                format!("{to} in {} begrüßt", speech.name()),
            ),
            Did::Associated { to, called, calling } => Text::new(
                format!("asked {called} at {to} for an association as {calling}"),
                format!("{called} an {to} als {calling} um eine Association gebeten"),
            ),
            Did::SentEcho(to) => Text::new(
                format!("sent a test message to {to}"),
                format!("eine Testnachricht an {to} gesendet"),
            ),
            Did::LookedAtFolder(path) => {
                Text::new(format!("looked at the folder {path}"), format!("den Ordner {path} angesehen"))
            }
            Did::LookedAtPort(at) => {
                Text::new(format!("looked at our port {at}"), format!("unseren Port {at} angesehen"))
            }
            Did::ReadCertificate(file) => {
                Text::new(format!("read the certificate {file}"), format!("das Zertifikat {file} gelesen"))
            }
        }
    }
}

impl Seen {
    /// For people.
    pub fn text(&self) -> Text {
        match self {
            Seen::Literal => {
                Text::new("it is an address, no name is needed", "es ist eine Adresse, kein Name nötig")
            }
            Seen::Addresses(list) => Text::same(list.join(", ")),
            Seen::NoName => Text::new("nobody knows this name", "niemand kennt diesen Namen"),
            Seen::NameTimedOut => {
                Text::new("the name service does not answer", "der Namensdienst antwortet nicht")
            }
            Seen::Way { interface, gateway, neighbour } => way(interface, gateway.as_deref(), *neighbour),
            Seen::OwnMachine => Text::new("it is this machine", "es ist dieser Rechner"),
            Seen::NoWay => Text::new("no route leads there", "keine Route führt dorthin"),
            Seen::InterfaceDown(name) => {
                Text::new(format!("{name} has no link"), format!("{name} hat keine Verbindung zum Netz"))
            }
            Seen::Connected => Text::new("the connection stands", "die Verbindung steht"),
            Seen::Refused => Text::new(
                "refused: nothing listens on this port",
                "abgewiesen: auf diesem Port hört nichts zu",
            ),
            Seen::TimedOut => Text::new("nothing came back in time", "es kam nichts zurück"),
            Seen::Reset => {
                Text::new("the connection was reset at once", "die Verbindung wurde sofort zurückgesetzt")
            }
            Seen::ClosedAtOnce => {
                Text::new("accepted, and closed again at once", "angenommen und sofort wieder geschlossen")
            }
            Seen::Unreachable(what) | Seen::Failed(what) => Text::same(what.clone()),
            Seen::Secured { version, cipher, chain, days } => secured(version, cipher, *chain, *days),
            Seen::TlsFailed(fault) => fault.text(),
            Seen::Spoke(speech) => {
                Text::new(format!("it speaks {}", speech.name()), format!("es spricht {}", speech.name()))
            }
            Seen::Silence => Text::new("silence", "Stille"),
            Seen::Accepted => Text::new("it was accepted", "sie wurde angenommen"),
            Seen::Rejected(why) => why.text(),
            Seen::Echoed(code) => Text::new(format!("answered {code}"), format!("mit {code} beantwortet")),
            Seen::NotEchoed => Text::new("no answer", "keine Antwort"),
            Seen::FolderGood(free) => folder(*free),
            Seen::FolderMissing => Text::new("it is not there", "er ist nicht da"),
            Seen::NoFolder => Text::new("it is no folder", "es ist kein Ordner"),
            Seen::FolderClosed(why) => Text::new(
                format!("no file can be written: {why}"),
                format!("keine Datei lässt sich schreiben: {why}"),
            ),
            Seen::FolderFull(free) => Text::new(
                format!("no room: {} MB free", free / 1_000_000),
                format!("kein Platz: {} MB frei", free / 1_000_000),
            ),
            Seen::FolderHangs => Text::new("it does not answer", "er antwortet nicht"),
            Seen::Open => Text::new("it is open", "er ist offen"),
            Seen::NotOpen => Text::new("it is not open", "er ist nicht offen"),
            Seen::Unknown => Text::new("can't be told here", "lässt sich hier nicht feststellen"),
            Seen::Days(days) if *days <= 0 => {
                Text::new(format!("expired {} days ago", -days), format!("seit {} Tagen abgelaufen", -days))
            }
            Seen::Days(days) => {
                Text::new(format!("valid for {days} more days"), format!("noch {days} Tage gültig"))
            }
            Seen::Unreadable(why) => {
                Text::new(format!("not readable: {why}"), format!("nicht lesbar: {why}"))
            }
        }
    }
}

impl Rejection {
    /// For people.
    fn text(&self) -> Text {
        match self {
            Rejection::Called => Text::new(
                "rejected: called AE title not recognized",
                "abgelehnt: gerufener AE-Titel nicht bekannt",
            ),
            Rejection::Calling => Text::new(
                "rejected: calling AE title not recognized",
                "abgelehnt: rufender AE-Titel nicht bekannt",
            ),
            Rejection::Busy(why) | Rejection::Other(why) => {
                Text::new(format!("rejected: {why}"), format!("abgelehnt: {why}"))
            }
        }
    }
}

fn way(interface: &str, gateway: Option<&str>, neighbour: Option<bool>) -> Text {
    let mut text = match gateway {
        Some(gateway) => {
            Text::new(format!("over {interface} and {gateway}"), format!("über {interface} und {gateway}"))
        }
        None => Text::new(format!("over {interface}"), format!("über {interface}")),
    };
    match neighbour {
        Some(true) => {
            text.en += ", which is seen on the wire";
            text.de += ", auf der Leitung zu sehen";
        }
        Some(false) => {
            text.en += ", of which nothing is seen on the wire";
            text.de += ", auf der Leitung nicht zu sehen";
        }
        None => {}
    }
    text
}

fn secured(version: &str, cipher: &str, chain: usize, days: Option<i64>) -> Text {
    let mut text = Text::new(
        format!("{version}, {cipher}, {chain} certificates"),
        format!("{version}, {cipher}, {chain} Zertifikate"),
    );
    if let Some(days) = days {
        text.en += &format!(", valid for {days} more days");
        text.de += &format!(", noch {days} Tage gültig");
    }
    text
}

fn folder(free: Option<u64>) -> Text {
    match free {
        Some(free) => Text::new(
            format!("it takes files, {} MB free", free / 1_000_000),
            format!("er nimmt Dateien, {} MB frei", free / 1_000_000),
        ),
        None => Text::new("it takes files", "er nimmt Dateien"),
    }
}

impl TlsFault {
    /// For people.
    pub fn text(&self) -> Text {
        match self {
            TlsFault::NotTls => Text::new("what answers speaks no TLS", "was antwortet, spricht kein TLS"),
            TlsFault::Expired(days) => Text::new(
                format!("the certificate expired {days} days ago"),
                format!("das Zertifikat ist seit {days} Tagen abgelaufen"),
            ),
            TlsFault::NotYet(days) => Text::new(
                format!("the certificate is valid only in {days} days"),
                format!("das Zertifikat gilt erst in {days} Tagen"),
            ),
            TlsFault::WrongName(wanted, has) => Text::new(
                format!("the certificate is of {}, not of {wanted}", has.join(", ")),
                format!("das Zertifikat lautet auf {}, nicht auf {wanted}", has.join(", ")),
            ),
            TlsFault::UnknownAuthority => Text::new(
                "no authority that this site trusts has signed the certificate",
                "keine Stelle, der dieser Standort traut, hat das Zertifikat unterschrieben",
            ),
            TlsFault::OtherFingerprint => Text::new(
                "it is another certificate than the one whose fingerprint is set",
                "es ist ein anderes Zertifikat als das mit dem eingetragenen Fingerabdruck",
            ),
            TlsFault::TooOld => Text::new("it knows no TLS newer than 1.1", "es kennt kein TLS über 1.1"),
            TlsFault::WantsCertificate => {
                Text::new("it wants a certificate of ours", "es verlangt ein Zertifikat von uns")
            }
            TlsFault::Closed => Text::new(
                "it closed the connection in the handshake",
                "es schloss die Verbindung beim Handschlag",
            ),
            TlsFault::TimedOut => Text::new("the handshake does not end", "der Handschlag endet nicht"),
            TlsFault::Other(text) => Text::same(text.clone()),
        }
    }
}

impl Step {
    /// What was done, seen and how long it took, as one sentence.
    pub fn text(&self) -> Text {
        let (did, saw, took) = (self.did.text(), self.saw.text(), span(self.took));
        Text::new(
            format!("{}: {} ({})", did.en, saw.en, took.en),
            format!("{}: {} ({})", did.de, saw.de, took.de),
        )
    }
}
