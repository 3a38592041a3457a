//! Partners that speak DICOM: how they are reached, what they may do, and in what they differ from the standard.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use klinke_archive::index::ClashPolicy;
use klinke_dimse::association::Settings;
use klinke_dimse::charset::Charset;
use klinke_dimse::syntax::TransferSyntax;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use super::inbox::Inbox;
use super::node::is_title;
use crate::net::dial::{DialError, Partner, Way};
use crate::net::{Allow, ClientTls, Host, Stream};
use crate::units::{Bytes, Period};

/// A partner's application entity.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// Its AE title. Since 0.1.
    pub ae_title: String,
    /// Where it listens: `host:port`; without it nothing can be sent to it. Since 0.1.
    pub address: Option<Host>,
    /// Whom we say that we are; the archive's AE title when absent. Since 0.1.
    pub calling: Option<String>,
    /// From where it calls: addresses or networks; from anywhere when left out. Since 0.1.
    #[serde(default)]
    pub from: Vec<Allow>,
    /// TLS, where we call it. Since 0.1.
    pub tls: Option<ClientTls>,
    /// What it may do. Everything when left out. Since 0.1.
    #[serde(default = "all_services")]
    pub may: Vec<Service>,
    /// What becomes of an instance whose UID is there with other bytes. Default `"keep-first"`. Since 0.1.
    #[serde(default)]
    pub clash: Clash,
    /// How much it may have in the archive; what is in the trash is not counted. Without it there is no limit. Since 0.1.
    pub quota: Option<Bytes>,
    /// Instances go to it as they were received, also where patients were merged or corrected since. Default `false`: it gets
    /// the patient as they are now, and what the instance had before in its Original Attributes Sequence. Since 0.1.
    #[serde(default)]
    pub as_received: bool,
    /// The transfer syntaxes that it is offered when we send, the best first; those of what is sent, and the
    /// uncompressed ones, when left out. Since 0.1.
    #[serde(default)]
    pub transfer_syntaxes: Vec<String>,
    /// The character set in which it wants answers: `ISO_IR 100`; what does not fit is written in other letters.
    /// `ISO_IR 192` (UTF-8) when left out. Since 0.1.
    pub charset: Option<String>,
    /// The character set of its data sets where they do not say it, or say it wrongly. Since 0.1.
    pub charset_override: Option<String>,
    /// Names of persons match in any order of words, and by their sound. Default `false`. Since 0.1.
    #[serde(default)]
    pub fuzzy: bool,
    /// Of a channel that delivers complete studies to it: it is not told of them, but asked to commit itself to keep their instances; a
    /// study is delivered when it reports that it keeps all of them. Default `false`. Since 0.1.
    #[serde(default)]
    pub commitment: bool,
    /// Its worklist has only steps that are scheduled for its own AE title. Default `false`. Since 0.1.
    #[serde(default)]
    pub worklist_own: bool,
    /// How long it may be silent in the middle of something. Default `60s`. Since 0.1.
    pub silence: Option<Period>,
    /// How long it may take to answer. Default `10min`. Since 0.1.
    pub response: Option<Period>,
    /// How long an association may stand idle. Default `10min`. Since 0.1.
    pub idle: Option<Period>,
    /// Associations at a time, of a channel that delivers to it. Default 1. Since 0.1.
    #[serde(default = "one")]
    pub associations: usize,
    /// Longest PDU that it is sent. Default 128 KiB, or less where it says so. Since 0.1.
    pub pdu_length: Option<u32>,
}

/// A service that a partner may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// It may store instances here.
    Store,
    /// It may query.
    Find,
    /// It may have instances sent.
    Retrieve,
    /// It may ask for its worklist.
    Worklist,
    /// It may tell of performed procedure steps.
    ProcedureStep,
    /// It may ask for storage commitment.
    Commitment,
    /// It may tell what can be had elsewhere.
    Availability,
}

/// What becomes of an instance whose UID is there with other bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Clash {
    /// The first stays; the new one lies beside until somebody decides.
    #[default]
    KeepFirst,
    /// The new one takes the place, in the same series; the old one lies beside.
    Replace,
}

fn one() -> usize {
    1
}

fn all_services() -> Vec<Service> {
    vec![
        Service::Store,
        Service::Find,
        Service::Retrieve,
        Service::Worklist,
        Service::ProcedureStep,
        Service::Commitment,
        Service::Availability,
    ]
}

impl Peer {
    /// A partner of whom nothing but its AE title is known.
    pub fn unknown(ae_title: &str) -> Self {
        Peer {
            ae_title: ae_title.to_owned(),
            address: None,
            calling: None,
            from: Vec::new(),
            tls: None,
            may: all_services(),
            clash: Clash::KeepFirst,
            quota: None,
            as_received: false,
            transfer_syntaxes: Vec::new(),
            charset: None,
            charset_override: None,
            fuzzy: false,
            commitment: false,
            worklist_own: false,
            silence: None,
            response: None,
            idle: None,
            associations: 1,
            pdu_length: None,
        }
    }

    /// One at an address.
    pub fn at(ae_title: &str, address: Host) -> Self {
        Peer { address: Some(address), ..Peer::unknown(ae_title) }
    }

    /// Makes relative file names relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        self.tls.iter_mut().for_each(|tls| tls.resolve(folder));
    }

    /// What is wrong with what the site says of it.
    pub fn check(&self) -> Result<(), String> {
        check_title(&self.ae_title)?;
        for charset in self.charset.iter().chain(&self.charset_override) {
            if Charset::by_name(charset).is_none() {
                return Err(format!(
                    "`{charset}` is no character set of DICOM; write ISO_IR 100 or ISO_IR 192"
                ));
            }
        }
        Ok(())
    }

    /// Whether it may use a service.
    pub fn may(&self, service: Service) -> bool {
        self.may.contains(&service)
    }

    /// The settings of an association with it.
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        let set = |place: &mut Option<std::time::Duration>, period: Option<Period>| {
            if let Some(period) = period {
                *place = Some(period.0);
            }
        };
        set(&mut settings.receive_timeout, self.silence);
        set(&mut settings.send_timeout, self.silence);
        set(&mut settings.response_timeout, self.response);
        set(&mut settings.idle_timeout, self.idle);
        if let Some(length) = self.pdu_length {
            settings.sent_length_max = length;
        }
        settings
    }

    /// What the archive does with a clash.
    pub fn clash(&self) -> ClashPolicy {
        match self.clash {
            Clash::KeepFirst => ClashPolicy::KeepFirst,
            Clash::Replace => ClashPolicy::Replace,
        }
    }

    /// The transfer syntaxes to propose for instances that lie in one, the best first: as they are, then what anybody
    /// understands.
    pub fn offered(&self, stored: &str) -> Vec<String> {
        if !self.transfer_syntaxes.is_empty() {
            return self.transfer_syntaxes.clone();
        }
        let plain = [TransferSyntax::EXPLICIT, TransferSyntax::IMPLICIT];
        let mut offered = vec![stored.to_owned()];
        offered.extend(plain.iter().map(|one| one.uid().to_owned()).filter(|uid| uid != stored));
        offered
    }

    /// Connects to it.
    pub async fn connect(&self) -> Result<Stream, DialError> {
        let Some(address) = &self.address else {
            return Err(DialError {
                code: "address",
                text: format!("no address is known of {}", self.ae_title),
            });
        };
        let partner = Partner {
            address: Some(address.clone()),
            tls: self.tls.clone(),
            connect: CONNECT,
            keep_alive: KEEP_ALIVE,
            ..Partner::default()
        };
        let way = Way::new(partner).map_err(|error| DialError { code: "tls", text: error.to_string() })?;
        way.open(Instant::now() + CONNECT).await
    }
}

/// What is wrong with an AE title (PS3.5, section 6.2), if something is.
pub fn check_title(title: &str) -> Result<(), String> {
    let title = title.trim();
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'\\';
    match (1..=16).contains(&title.len()) && title.bytes().all(is_plain) {
        true => Ok(()),
        false => Err("an AE title has 1 to 16 printable characters".to_owned()),
    }
}

const CONNECT: std::time::Duration = std::time::Duration::from_secs(10);
const KEEP_ALIVE: std::time::Duration = std::time::Duration::from_secs(30);

/// The partners of a site, by AE title. They may change while associations stand: an association keeps what it began with.
#[derive(Clone, Debug, Default)]
pub struct Peers {
    known: Arc<RwLock<HashMap<String, Arc<Peer>>>>,
    inbox: Arc<Inbox>,
}

impl Peers {
    /// These partners.
    pub fn new(peers: impl IntoIterator<Item = Peer>) -> Self {
        let all = Peers::default();
        all.set(peers);
        all
    }

    /// Other partners from now on.
    pub fn set(&self, peers: impl IntoIterator<Item = Peer>) {
        let peers = peers.into_iter().map(|peer| (peer.ae_title.trim().to_owned(), Arc::new(peer))).collect();
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = peers;
        self.inbox.forget(|one| self.who(&one.calling, &one.host).is_some());
    }

    /// Those who were turned away because they are none of these.
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// The partner of this AE title, if it may call from there.
    pub(super) fn who(&self, title: &str, host: &str) -> Option<Arc<Peer>> {
        let may = |peer: &Arc<Peer>| {
            peer.from.is_empty() || host.parse().is_ok_and(|address| Allow::admits(&peer.from, address))
        };
        self.titled(title).filter(may)
    }

    /// Those who may have only so much in the archive, with how many bytes.
    pub fn quotas(&self) -> Vec<(String, u64)> {
        let peers = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let quota = |(title, peer): (&String, &Arc<Peer>)| Some((title.clone(), peer.quota?.0 as u64));
        peers.iter().filter_map(quota).collect()
    }

    /// The partner of this AE title. Where none is written just so, one that differs in case alone.
    pub fn titled(&self, title: &str) -> Option<Arc<Peer>> {
        let peers = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let title = title.trim();
        let similar = || peers.values().find(|peer| is_title(&peer.ae_title, title));
        peers.get(title).or_else(similar).cloned()
    }
}
