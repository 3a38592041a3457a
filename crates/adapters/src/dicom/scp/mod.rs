//! What is done for those who call (SCP): one association from its request to its end.

mod availability;
pub(super) mod commitment;
mod find;
mod performed;
mod retrieve;
mod store;
mod worklist;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use klinke_dimse::association::{Ending, Settings, negotiate};
use klinke_dimse::message::{Command, Kind, Status};
use klinke_dimse::pdu::AssociateRequest;
use klinke_dimse::session::Event;
use klinke_dimse::uids;
use klinke_engine::source::Stop;
use klinke_model::Timestamp;
use tracing::{debug, info, warn};

use super::line::{Broken, Line};
use super::node::{Node, title};
use super::peer::{Peer, Service};
use super::report::Claim;
use crate::net::Stream;

/// Query classes (PS3.4, Annex C).
pub(super) const FIND: &[&str] = &[
    uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
    uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND,
    PATIENT_STUDY_ONLY_FIND,
];
/// Retrieve classes by C-MOVE.
pub(super) const MOVE: &[&str] = &[
    uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE,
    uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE,
    PATIENT_STUDY_ONLY_MOVE,
];
/// Retrieve classes by C-GET.
pub(super) const GET: &[&str] = &[
    uids::PATIENT_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET,
    uids::STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_GET,
    PATIENT_STUDY_ONLY_GET,
];
// Retired, and asked for by old workstations.
const PATIENT_STUDY_ONLY_FIND: &str = "1.2.840.10008.5.1.4.1.2.3.1";
const PATIENT_STUDY_ONLY_MOVE: &str = "1.2.840.10008.5.1.4.1.2.3.2";
const PATIENT_STUDY_ONLY_GET: &str = "1.2.840.10008.5.1.4.1.2.3.3";

/// The longest identifier that is taken.
const IDENTIFIER_SIZE_BYTES_MAX: usize = 4 << 20;

/// One association.
pub(super) struct Visit {
    pub node: Arc<Node>,
    pub line: Line,
    pub peer: Arc<Peer>,
    /// Whom the peer says that it is, for files and logs.
    pub calling: String,
    /// Whom it called.
    pub called: String,
    /// The report that was sent over it and is not answered.
    reporting: Option<(u16, Claim)>,
    /// Reports that the peer did not take; they are not sent again over this association.
    refused_reports: HashSet<u64>,
    /// Studies of which something came over it.
    studies: HashSet<String>,
}

/// More studies are not remembered of one association; they are complete when nothing more comes.
const STUDIES_MAX: usize = 10_000;

/// Serves one connection until its end.
pub(super) async fn serve(node: Arc<Node>, stream: Stream, host: String, mut stop: Stop) {
    let mut line = Line::accept(stream, Settings::default());
    let request = match line.requested().await {
        Ok(request) => request,
        Err(ending) => {
            debug!(host, "a connection without an association: {ending}");
            return line.close().await;
        }
    };
    let Some(peer) = begin(&node, &mut line, &request, &host) else { return line.close().await };
    let (calling, called) =
        (request.calling_ae_title.trim().to_owned(), request.called_ae_title.trim().to_owned());
    let (refused_reports, studies) = (HashSet::new(), HashSet::new());
    let mut visit = Visit { node, line, peer, calling, called, reporting: None, refused_reports, studies };
    let ending = tokio::select! {
        ending = visit.run() => ending,
        // What is being received is not acknowledged, and comes again.
        () = async { stop.said().await; tokio::time::sleep(LAST_WORD).await } => None,
    };
    match ending {
        Some(Ending::Released) => {
            debug!(calling = %title(&visit.calling), host, "an association was released");
            visit.tell_released().await;
        }
        Some(ending) => info!(calling = %title(&visit.calling), host, "an association ended: {ending}"),
        None => return visit.line.abort().await,
    }
    visit.line.close().await;
}

/// How long an association may go on when the archive stops.
const LAST_WORD: Duration = Duration::from_secs(2);
/// A partner that has just read that it was accepted may not be ready to be asked: pynetdicom aborts what comes before it has
/// noted the presentation contexts. With its first request, or after so long, it is.
const LISTENS_AFTER: Duration = Duration::from_millis(500);

/// Answers the request; gives the partner if it was accepted.
fn begin(node: &Node, line: &mut Line, request: &AssociateRequest, host: &str) -> Option<Arc<Peer>> {
    let admitted = node.admit(request, host);
    if let Ok(peer) = &admitted {
        line.session().settle(peer.settings());
    }
    let answer = admitted.as_ref().map(|peer| negotiate(request, &node.policy(peer)));
    if line.admit(answer.map_err(|reject| *reject)) { admitted.ok() } else { None }
}

impl Visit {
    /// What came over the association has come; whether more comes over another one is seen soon.
    async fn tell_released(&mut self) {
        let studies: Vec<String> = self.studies.drain().collect();
        if studies.is_empty() {
            return;
        }
        let told = self.node.with_archive(move |archive| archive.released(studies, Timestamp::now())).await;
        if let Err(error) = told {
            warn!(calling = %title(&self.calling), "the end of an association could not be noted: {error}");
        }
    }

    /// Does what is asked until the association ends.
    async fn run(&mut self) -> Option<Ending> {
        let mut owed = self.node.reports.waiting.subscribe();
        owed.mark_changed();
        let mut is_listening = false;
        let listening = tokio::time::sleep(LISTENS_AFTER);
        tokio::pin!(listening);
        loop {
            let event = tokio::select! {
                biased;
                event = self.line.next() => event,
                () = &mut listening, if !is_listening => {
                    is_listening = true;
                    continue;
                }
                Ok(()) = owed.changed(), if is_listening => {
                    if let Err(broken) = self.report_owed().await {
                        debug!(calling = %title(&self.calling), "a report: {broken}");
                    }
                    continue;
                }
            };
            match event {
                Event::Command { context, command } => {
                    is_listening = true;
                    if let Err(broken) = self.perform(context, &command).await {
                        debug!(calling = %title(&self.calling), "{}: {broken}", command.kind);
                    }
                }
                Event::ReleaseRequested => self.line.agree_to_release(),
                Event::Ended(ending) => return Some(ending),
                Event::Deviation(deviation) => {
                    debug!(calling = %title(&self.calling), "{deviation}");
                }
                Event::Data { .. } | Event::Requested(_) | Event::Accepted => {}
            }
        }
    }

    async fn perform(&mut self, context: u8, command: &Command) -> Result<(), Broken> {
        match command.kind {
            Kind::CEchoRequest => self.answer(context, command, Status::SUCCESS, "").await,
            Kind::CStoreRequest => self.store(context, command).await,
            Kind::CFindRequest => self.find(context, command).await,
            Kind::CMoveRequest => self.retrieve_by_move(context, command).await,
            Kind::CGetRequest => self.retrieve_by_get(context, command).await,
            // What it would have cancelled is over already.
            Kind::CCancelRequest => Ok(()),
            Kind::NCreateRequest if self.is_notice(context) => self.take_notice(context, command).await,
            Kind::NCreateRequest => self.begin_step(context, command).await,
            Kind::NSetRequest => self.change_step(context, command).await,
            Kind::NGetRequest => self.get_step(context, command).await,
            Kind::NActionRequest => self.ask_commitment(context, command).await,
            Kind::NEventReportRequest => self.take_report(context, command).await,
            Kind::NEventReportResponse => self.reported(command).await,
            kind if kind.is_request() => self.refuse(context, command).await,
            _ => Ok(()),
        }
    }

    /// Refuses what is not served, its data set passed over.
    async fn refuse(&mut self, context: u8, command: &Command) -> Result<(), Broken> {
        if command.has_data {
            self.data(0).await?;
        }
        warn!(calling = %title(&self.calling), "{} is not served", command.kind);
        self.answer(context, command, Status::UNRECOGNIZED_OPERATION, "").await
    }

    /// Answers a request with a status and, unless it is empty, a comment without patient data.
    async fn answer(
        &mut self,
        context: u8,
        command: &Command,
        status: Status,
        comment: &str,
    ) -> Result<(), Broken> {
        self.line.answer(context, command, status, comment).await
    }

    /// The data set of the command that came last; nothing where it is empty or longer than a limit.
    async fn data(&mut self, size_max: usize) -> Result<Option<Bytes>, Broken> {
        let bytes = self.line.data(size_max as u64).await?;
        Ok((!bytes.is_empty()).then_some(bytes))
    }

    /// Whether a context is about an abstract syntax.
    fn is_about(&self, context: u8, abstract_syntax: &str) -> bool {
        let negotiated = self.line.negotiated().and_then(|all| all.context(context));
        negotiated.is_some_and(|one| one.abstract_syntax == abstract_syntax)
    }

    /// Whether the partner may use a service; refused otherwise, its data set passed over.
    async fn may(&mut self, service: Service, context: u8, command: &Command) -> Result<bool, Broken> {
        if self.peer.may(service) {
            return Ok(true);
        }
        if command.has_data {
            self.data(0).await?;
        }
        self.answer(context, command, Status::NOT_AUTHORIZED, "not allowed to this AE title").await?;
        Ok(false)
    }
}
