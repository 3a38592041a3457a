//! Our own application entity: its titles, who may come in, and what is offered.

use std::net::SocketAddr;
use std::sync::Arc;

use klinke_archive::{Archive, Error};
use klinke_dimse::association::{Offer, Policy};
use klinke_dimse::pdu::{AssociateReject, AssociateRequest};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::uids;
use klinke_engine::source::{SourceError, Stop};
use klinke_model::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::task::spawn_blocking;
use tracing::{info, warn};

use super::peer::{Peer, Peers, Service};
use super::report::Reports;
use super::scp;
use crate::net::listen::{Entrance, Entry};
use crate::net::{Allow, Host, Limits, ServerTls, Statistics};

/// How our application entity listens.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// Our AE title.
    pub ae_title: String,
    /// Other AE titles that we answer to.
    pub aliases: Vec<String>,
    /// Where to listen.
    pub listen: Host,
    /// Who may come in.
    pub accept: Accept,
    /// Called AE titles are taken whatever they are.
    pub any_called_title: bool,
    /// Who may connect: addresses or networks; everyone when there is none.
    pub allow: Vec<Allow>,
    /// TLS.
    pub tls: Option<ServerTls>,
    /// Limits and timeouts of connections.
    pub limits: Limits,
}

/// Who may come in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Accept {
    /// Partners whose AE title the site names; others are noted, so that a person can let them in.
    #[default]
    Known,
    /// Anybody.
    Any,
}

/// Our application entity.
#[derive(Debug)]
pub struct Node {
    /// How it listens.
    pub config: NodeConfig,
    /// The archive that it serves.
    pub archive: Archive,
    /// The partners.
    pub peers: Peers,
    /// Reports of storage commitment, owed and waited for.
    pub reports: Arc<Reports>,
}

/// A socket that listens for associations.
#[derive(Debug)]
pub struct OpenNode {
    entrance: Entrance,
    node: Arc<Node>,
}

impl Node {
    /// An application entity for an archive.
    pub fn new(config: NodeConfig, archive: Archive, peers: Peers) -> Arc<Self> {
        Node::with_reports(config, archive, peers, Arc::default())
    }

    /// The same, with a place where others wait for reports that come to it.
    pub fn with_reports(
        config: NodeConfig,
        archive: Archive,
        peers: Peers,
        reports: Arc<Reports>,
    ) -> Arc<Self> {
        Arc::new(Node { config, archive, peers, reports })
    }

    /// Begins to listen.
    pub async fn open(self: &Arc<Self>) -> Result<OpenNode, SourceError> {
        let config = &self.config;
        let entry = Entry {
            listen: Some(config.listen.clone()),
            allow: config.allow.clone(),
            tls: config.tls.clone(),
            limits: config.limits.clone(),
            ..Entry::default()
        };
        let entrance = Entrance::open(entry, Arc::new(Statistics::default())).await?;
        Ok(OpenNode { entrance, node: self.clone() })
    }

    /// Work with the archive, on a thread that may wait for the disk.
    pub(super) async fn with_archive<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Archive) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let archive = self.archive.clone();
        let done = spawn_blocking(move || work(&archive)).await;
        done.unwrap_or_else(|_| Err(Error::Backend("the archive broke off".to_owned())))
    }

    /// Who asks, if they may come in; else how they are turned away.
    pub(super) fn admit(&self, request: &AssociateRequest, host: &str) -> Result<Arc<Peer>, AssociateReject> {
        let called = request.called_ae_title.trim();
        let titles = std::iter::once(&self.config.ae_title).chain(&self.config.aliases);
        if !self.config.any_called_title && !titles.into_iter().any(|one| is_title(one, called)) {
            warn!(calling = %title(&request.calling_ae_title), called = %title(called), host, "an association for an AE title that is not ours");
            return Err(AssociateReject::CALLED_AE_TITLE);
        }
        let calling = request.calling_ae_title.trim();
        match self.peers.who(calling, host) {
            Some(peer) => Ok(peer),
            None if self.config.accept == Accept::Any => Ok(Arc::new(Peer::unknown(calling))),
            None => {
                self.peers.inbox().note(request, host, Timestamp::now());
                warn!(calling = %title(calling), host, "an association of somebody whom the site does not name");
                Err(AssociateReject::CALLING_AE_TITLE)
            }
        }
    }

    /// What is offered to a partner.
    pub(super) fn policy(&self, peer: &Peer) -> Policy {
        let plain = || Offer { transfer_syntaxes: plain(), ..Offer::default() };
        let mut policy = Policy::default();
        policy.services.insert(uids::VERIFICATION.into(), plain());
        let (stores, retrieves) = (peer.may(Service::Store), peer.may(Service::Retrieve));
        if stores || retrieves {
            // Whatever the sender puts first is what it has: it is kept as it comes. In C-GET the requestor is provider
            // of the storage classes.
            let requestor_provider = retrieves;
            policy.other_storage =
                Some(Offer { any_transfer_syntax: true, requestor_provider, ..Offer::default() });
        }
        if peer.may(Service::Find) {
            for uid in scp::FIND {
                policy.services.insert((*uid).into(), plain());
            }
        }
        if peer.may(Service::Worklist) {
            policy.services.insert(uids::MODALITY_WORKLIST_INFORMATION_MODEL_FIND.into(), plain());
        }
        if peer.may(Service::ProcedureStep) {
            policy.services.insert(uids::MODALITY_PERFORMED_PROCEDURE_STEP.into(), plain());
            policy.services.insert(uids::MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE.into(), plain());
        }
        if peer.may(Service::Commitment) {
            // Reports of what we have asked for come over associations in which the requestor is provider.
            let both = Offer { requestor_provider: true, ..plain() };
            policy.services.insert(uids::STORAGE_COMMITMENT_PUSH_MODEL.into(), both);
        }
        if peer.may(Service::Availability) {
            policy.services.insert(uids::INSTANCE_AVAILABILITY_NOTIFICATION.into(), plain());
        }
        if retrieves {
            for uid in scp::MOVE.iter().chain(scp::GET) {
                policy.services.insert((*uid).into(), plain());
            }
        }
        policy
    }
}

/// Uncompressed transfer syntaxes, for what is no image.
fn plain() -> Vec<std::borrow::Cow<'static, str>> {
    [TransferSyntax::EXPLICIT, TransferSyntax::IMPLICIT, TransferSyntax::BIG_ENDIAN]
        .iter()
        .map(|one| one.uid().to_owned().into())
        .collect()
}

/// Whether two AE titles are the same: case and spaces at their ends do not matter.
pub(super) fn is_title(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

/// An AE title for a log: printable characters of it.
pub(super) fn title(title: &str) -> String {
    title.chars().filter(|one| one.is_ascii_graphic() || *one == ' ').take(16).collect()
}

impl OpenNode {
    /// Where it listens, with the real port.
    pub fn address(&self) -> String {
        self.entrance.address()
    }

    /// Serves until it is told to stop; associations that stand are then finished.
    pub async fn run(self, stop: Stop) {
        let node = self.node;
        // What is being delivered when it is dropped stays owed.
        let mut delivering = tokio::task::JoinSet::new();
        delivering.spawn(scp::commitment::deliver(node.clone()));
        info!(address = self.entrance.address(), ae_title = node.config.ae_title, "the archive listens");
        self.entrance
            .serve("archive", stop, move |accepted, stop| {
                let node = node.clone();
                async move {
                    let host = accepted.peer.parse::<SocketAddr>().map(|address| address.ip().to_string());
                    let host = host.unwrap_or_else(|_| accepted.peer.to_string());
                    scp::serve(node, accepted.stream, host, stop).await;
                }
            })
            .await;
    }
}
