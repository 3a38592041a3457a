//! Probes: what one end of an adapter can be asked without sending anything that matters.
//!
//! A probe looks from the wire up and stops where it breaks. It sends no patient data. Beyond connecting it
//! says nothing, unless it is allowed to greet (an HTTP `OPTIONS`, a DICOM association request for
//! verification: bytes that every service may be sent), or the site allows one test message.
//!
//! | rung | what | where |
//! |---|---|---|
//! | name | the system's resolver | `name` |
//! | route | `/proc/net/route`, `/proc/net/arp`, the interface's state | `route` |
//! | connection | connect, and see whether it is closed at once | `dialled` |
//! | TLS | a handshake with what the destination is set up with | `secure` |
//! | protocol | what speaks there | `sniff` |
//! | a folder | there, writable, with room | `folder` |
//! | our own port | open, its certificate's dates | `port` |
//!
//! Not supported: ICMP (it needs a privilege), the way over IPv6.

mod dialled;
mod folder;
mod name;
mod port;
mod route;
mod secure;
mod sniff;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use klinke_diagnosis::{Speech, Step};
use klinke_engine::BoxFuture;

use crate::net::dial::Partner;
use crate::net::listen::Entry;

pub use dialled::{Associate, Dialled, Echo, Entity};
pub use folder::Folder;
pub use port::Port;

/// What can be asked of one end of an adapter.
pub trait Probe: Send + Sync + Debug {
    /// Looks from the wire up; the rungs that it reached, in order.
    fn climb(&self, how: How) -> BoxFuture<'static, Vec<Step>>;

    /// True when it looks at our own side and asks no partner.
    fn is_own(&self) -> bool {
        false
    }

    /// What is to speak there, where that can be told.
    fn speech(&self) -> Option<Speech> {
        None
    }

    /// How long an answer may take.
    fn answer_limit(&self) -> Option<Duration> {
        None
    }
}

/// How far a probe may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct How {
    /// How long one rung may take.
    pub limit: Duration,
    /// Whether it may greet a service that says nothing by itself.
    pub greet: bool,
    /// Whether it may send one test message.
    pub echo: bool,
}

impl Default for How {
    fn default() -> Self {
        How { limit: Duration::from_secs(5), greet: true, echo: false }
    }
}

/// What can be asked of a partner at this address, or of our own port where it connects to us.
pub(crate) fn of_partner(
    partner: &Partner,
    speech: Option<Speech>,
    answer: Duration,
    echo: Option<Echo>,
) -> Option<Arc<dyn Probe>> {
    if let Some(host) = &partner.address {
        return Some(Arc::new(Dialled {
            host: host.clone(),
            tls: partner.tls.clone(),
            speech,
            connect: partner.connect,
            answer,
            echo,
            entity: None,
        }));
    }
    let certificate = partner.listen_tls.as_ref().map(|tls| tls.certificate.clone());
    partner
        .listen
        .as_ref()
        .map(|host| Arc::new(Port { host: host.clone(), certificate, speech }) as Arc<dyn Probe>)
}

/// What can be asked of a source: our own port, or the sender that we connect to.
pub(crate) fn of_entry(entry: &Entry, speech: Option<Speech>) -> Option<Arc<dyn Probe>> {
    let partner = Partner {
        address: entry.connect.clone(),
        listen: entry.listen.clone(),
        tls: entry.connect_tls.clone(),
        listen_tls: entry.tls.clone(),
        connect: entry.limits.handshake.0,
        ..Partner::default()
    };
    of_partner(&partner, speech, entry.limits.answer.0, None)
}
