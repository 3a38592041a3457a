//! The way into a channel by C-STORE: each instance is an envelope, its payload a file of Part 10 with the data set byte for byte
//! as it came. A positive answer leaves when the channel's `ack` allows it.
//!
//! Unlike the archive, a channel holds an instance in memory until it is whole: `limits.frame` says how large it may be. Here C-ECHO
//! and C-STORE are served, nothing else.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use klinke_dimse::association::{Ending, Offer, Policy, Settings, negotiate};
use klinke_dimse::file::Meta;
use klinke_dimse::message::{Command, Kind, Status};
use klinke_dimse::pdu::{AssociateReject, AssociateRequest};
use klinke_dimse::session::Event;
use klinke_dimse::uids;
use klinke_engine::BoxFuture;
use klinke_engine::source::{Arrival, End, Intake, OpenSource, Receipt, Refusal, SourceError, Stop};
use klinke_model::Payload;
use schemars::JsonSchema;
use serde::Deserialize;
use tracing::{debug, warn};

use super::line::{Broken, Line};
use super::node::{is_title, title};
use crate::net::listen::{Accepted, Entrance, Entry};
use crate::net::{Allow, Host, Limits, ServerTls, Statistics};

/// A source over DICOM.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// Where to listen; a port alone is on loopback. Since 0.1.
    pub listen: Host,
    /// Our AE title. Since 0.1.
    pub ae_title: String,
    /// The system that sends. Since 0.1.
    pub from: Option<String>,
    /// The AE titles that may call; all when left out. Since 0.1.
    #[serde(default)]
    pub calling: Vec<String>,
    /// Called AE titles are taken whatever they are. Default `false`. Since 0.1.
    #[serde(default)]
    pub any_called_title: bool,
    /// Who may connect: addresses or networks; everyone when left out. Since 0.1.
    #[serde(default)]
    pub allow: Vec<Allow>,
    /// TLS. Since 0.1.
    pub tls: Option<ServerTls>,
    /// Limits and timeouts; `frame` is the largest instance. Since 0.1.
    #[serde(default)]
    pub limits: Limits,
}

impl SourceConfig {
    /// Makes relative file names relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        self.tls.iter_mut().for_each(|tls| tls.resolve(folder));
    }

    fn entry(&self) -> Entry {
        Entry {
            listen: Some(self.listen.clone()),
            allow: self.allow.clone(),
            tls: self.tls.clone(),
            limits: self.limits.clone(),
            ..Entry::default()
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            receive_timeout: Some(self.limits.in_frame.0),
            send_timeout: Some(self.limits.write.0),
            idle_timeout: Some(self.limits.idle.0),
            ..Settings::default()
        }
    }

    fn admit(&self, request: &AssociateRequest) -> Result<(), AssociateReject> {
        if !self.any_called_title && !is_title(&self.ae_title, &request.called_ae_title) {
            return Err(AssociateReject::CALLED_AE_TITLE);
        }
        let is_known = self.calling.is_empty()
            || self.calling.iter().any(|one| is_title(one, &request.calling_ae_title));
        if is_known { Ok(()) } else { Err(AssociateReject::CALLING_AE_TITLE) }
    }
}

/// A source over DICOM.
#[derive(Debug)]
pub struct Source {
    config: SourceConfig,
}

struct Open {
    config: Arc<SourceConfig>,
    entrance: Entrance,
    intake: Arc<dyn Intake>,
}

impl Source {
    /// By these settings.
    pub fn new(config: SourceConfig) -> Self {
        Source { config }
    }
}

impl klinke_engine::source::Source for Source {
    fn open(
        self: Box<Self>,
        intake: Arc<dyn Intake>,
    ) -> BoxFuture<'static, Result<Box<dyn OpenSource>, SourceError>> {
        Box::pin(async move {
            let entrance = Entrance::open(self.config.entry(), Arc::new(Statistics::default())).await?;
            Ok(Box::new(Open { config: Arc::new(self.config), entrance, intake }) as Box<dyn OpenSource>)
        })
    }
}

impl OpenSource for Open {
    fn address(&self) -> String {
        self.entrance.address()
    }

    fn run(self: Box<Self>, stop: Stop) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let Open { config, entrance, intake } = *self;
            let channel = intake.channel().to_owned();
            let serve = move |accepted: Accepted, stop| {
                let (config, intake) = (config.clone(), intake.clone());
                async move { serve(&config, intake, accepted, stop).await }
            };
            entrance.serve(&channel, stop, serve).await;
        })
    }
}

/// One association with a sender.
struct Visit<'a> {
    config: &'a SourceConfig,
    intake: Arc<dyn Intake>,
    line: Line,
    peer: Arc<str>,
    system: Option<Arc<str>>,
    calling: String,
}

async fn serve(config: &SourceConfig, intake: Arc<dyn Intake>, accepted: Accepted, mut stop: Stop) {
    let mut line = Line::accept(accepted.stream, config.settings());
    let Ok(request) = line.requested().await else { return line.close().await };
    let calling = request.calling_ae_title.trim().to_owned();
    let admitted = config.admit(&request);
    if let Err(reject) = &admitted {
        warn!(channel = intake.channel(), calling = %title(&calling), "an association was rejected: {reject}");
    }
    if !line.admit(admitted.map(|()| negotiate(&request, &policy()))) {
        return line.close().await;
    }
    let peer = format!("{calling}@{}", accepted.peer).into();
    let mut visit = Visit { config, intake, line, peer, system: accepted.system, calling };
    let ended = tokio::select! {
        ending = visit.run() => Some(ending),
        () = stop.said() => None,
    };
    match ended {
        Some(ending) => {
            debug!(channel = visit.intake.channel(), "an association ended: {ending}");
            visit.line.close().await;
        }
        None => visit.line.abort().await,
    }
}

/// Echo, and whatever is like storage, in the transfer syntax that the sender puts first.
fn policy() -> Policy {
    let plain = [uids::EXPLICIT_VR_LITTLE_ENDIAN, uids::IMPLICIT_VR_LITTLE_ENDIAN];
    let echo = Offer { transfer_syntaxes: plain.map(Into::into).to_vec(), ..Offer::default() };
    let mut policy = Policy {
        other_storage: Some(Offer { any_transfer_syntax: true, ..Offer::default() }),
        ..Policy::default()
    };
    policy.services.insert(uids::VERIFICATION.into(), echo);
    policy
}

impl Visit<'_> {
    async fn run(&mut self) -> Ending {
        loop {
            match self.line.next().await {
                Event::Command { context, command } => {
                    if let Err(broken) = self.perform(context, &command).await {
                        debug!(channel = self.intake.channel(), "{}: {broken}", command.kind);
                    }
                }
                Event::ReleaseRequested => self.line.agree_to_release(),
                Event::Ended(ending) => return ending,
                _ => {}
            }
        }
    }

    async fn perform(&mut self, context: u8, command: &Command) -> Result<(), Broken> {
        let (status, comment) = match command.kind {
            Kind::CEchoRequest => (Status::SUCCESS, String::new()),
            Kind::CStoreRequest => self.store(context, command).await?,
            kind if kind.is_request() => {
                if command.has_data {
                    self.line.data(0).await?;
                }
                (Status::UNRECOGNIZED_OPERATION, String::new())
            }
            _ => return Ok(()),
        };
        self.line.answer(context, command, status, &comment).await
    }

    async fn store(&mut self, context: u8, command: &Command) -> Result<(Status, String), Broken> {
        if let Some(refusal) = self.intake.pressure() {
            self.line.data(0).await?;
            return Ok(refused(&refusal));
        }
        let data = self.line.data(self.config.limits.frame.0 as u64).await?;
        if data.is_empty() {
            return Ok((Status::OUT_OF_RESOURCES, "an empty instance, or one that is too large".to_owned()));
        }
        let syntax = self.line.syntax(context);
        let arrival = Arrival {
            payload: self.file(command, &syntax, &data),
            received: self.intake.now(),
            peer: self.peer.clone(),
            system: self.system.clone(),
        };
        let taken = tokio::time::timeout(self.config.limits.answer.0, self.intake.submit(arrival)).await;
        Ok(match taken {
            Ok(Ok(receipt)) => answered(&receipt),
            Ok(Err(refusal)) => refused(&refusal),
            Err(_) => (Status::OUT_OF_RESOURCES, "the channel did not answer in time".to_owned()),
        })
    }

    /// The instance as a file of Part 10.
    fn file(&self, command: &Command, syntax: &str, data: &Bytes) -> Payload {
        let (class, instance) = (command.sop_class(), command.sop_instance());
        let meta = Meta {
            sending: Some(&self.calling),
            receiving: Some(&self.config.ae_title),
            ..Meta::of(class.unwrap_or_default(), instance.unwrap_or_default(), syntax)
        };
        let mut file = meta.to_bytes();
        file.extend_from_slice(data);
        Payload::new(file)
    }
}

/// What the sender is told of what became of its instance.
fn answered(receipt: &Receipt) -> (Status, String) {
    match &receipt.end {
        End::Failed(why) => (Status::PROCESSING_FAILURE, why.clone()),
        End::Answered { accepted: false, text, .. } => (Status::PROCESSING_FAILURE, text.clone()),
        _ => (Status::SUCCESS, String::new()),
    }
}

fn refused(refusal: &Refusal) -> (Status, String) {
    let status = match refusal {
        Refusal::Forbidden(_) => Status::NOT_AUTHORIZED,
        _ => Status::OUT_OF_RESOURCES,
    };
    (status, refusal.to_string())
}
