//! Storage commitment (PS3.4, Annex J): what is asked is kept, then checked, and the report delivered: over an association of
//! our own, again and again with growing pauses, or over one that the partner has open or opens next.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use klinke_archive::Error;
use klinke_archive::commitment::Commitment;
use klinke_dimse::message::{Command, Kind, Status};
use klinke_dimse::pdu::{AssociateRequest, RoleSelection};
use klinke_dimse::uids;
use klinke_model::Timestamp;
use tokio::task::JoinSet;
use tracing::{debug, info, warn};

use super::super::line::Broken;
use super::super::node::{Node, title};
use super::super::peer::{Peer, Service};
use super::super::report::{self, Report};
use super::super::scu;
use super::Visit;

/// The one instance of the class, which everybody names (PS3.4, J.3.5).
pub(in super::super) const INSTANCE: &str = uids::STORAGE_COMMITMENT_PUSH_MODEL_INSTANCE;
const CLASS: &str = uids::STORAGE_COMMITMENT_PUSH_MODEL;
/// Request Storage Commitment (PS3.4, Table J.3-1).
pub(in super::super) const REQUEST: u16 = 1;

/// How many reports are looked at a time.
const PAGE_LENGTH: usize = 100;
/// What is due is looked for as often at least.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// The first pause after a report that could not be delivered; it doubles with each try.
const PAUSE: Duration = Duration::from_secs(10);
const PAUSE_MAX: Duration = Duration::from_secs(3600);
/// After so long nobody waits for a report any more.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(7 * 86_400);

impl Visit {
    /// N-ACTION: a partner asks whether instances are safe.
    pub(super) async fn ask_commitment(&mut self, context: u8, command: &Command) -> Result<(), Broken> {
        if !self.is_about(context, CLASS) {
            return self.refuse(context, command).await;
        }
        if !self.may(Service::Commitment, context, command).await? {
            return Ok(());
        }
        let bytes = if command.has_data { self.data(report::SIZE_BYTES_MAX).await? } else { None };
        if command.action_type_id != Some(REQUEST) {
            return self.answer(context, command, Status::NO_SUCH_ACTION_TYPE, "").await;
        }
        let syntax = self.line.syntax(context);
        let Some((transaction, instances)) = bytes.and_then(|bytes| report::asked(bytes, &syntax)) else {
            let comment = "no Transaction UID (0008,1195), or no instances in (0008,1199)";
            return self.answer(context, command, Status::INVALID_ARGUMENT_VALUE, comment).await;
        };
        let now = Timestamp::now();
        let asked = Commitment {
            number: 0,
            peer: self.peer.ae_title.trim().to_owned(),
            called: self.called.clone(),
            transaction,
            instances,
            asked: now,
            tries: 0,
            due: now,
        };
        match self.node.with_archive(move |archive| archive.ask_commitment(asked)).await {
            Ok(_) => {
                self.answer(context, command, Status::SUCCESS, "").await?;
                self.node.reports.wake.notify_one();
                Ok(())
            }
            Err(error) => {
                warn!(calling = %title(&self.calling), "a request for storage commitment was refused: {error}");
                self.answer(context, command, Status::PROCESSING_FAILURE, &error.to_string()).await
            }
        }
    }

    /// Sends the next report that could not be delivered otherwise, if this association can carry it.
    pub(super) async fn report_owed(&mut self) -> Result<(), Broken> {
        let context = self.line.negotiated().and_then(|all| {
            all.contexts
                .iter()
                .find(|one| one.abstract_syntax == CLASS && one.roles.provider)
                .map(|one| one.id)
        });
        let Some(context) = context.filter(|_| self.line.session().may_invoke()) else { return Ok(()) };
        let peer = self.peer.ae_title.trim().to_owned();
        let owed = self.node.with_archive(move |archive| archive.commitments_for(&peer, PAGE_LENGTH)).await;
        let owed = owed.unwrap_or_default();
        for one in owed.into_iter().filter(|one| one.tries > 0 && !self.refused_reports.contains(&one.number))
        {
            let Some(claim) = self.node.reports.claim(one.number) else { continue };
            let Ok(report) = make(&self.node, one).await else { continue };
            let message = self.line.session().next_message_id();
            let request = Command::event_report_request(message, CLASS, INSTANCE, report.event_type());
            self.line.send_set(context, &request.with_data(true), &report.set(&self.called)).await?;
            self.reporting = Some((message, claim));
            break;
        }
        Ok(())
    }

    /// The partner's answer to a report.
    pub(super) async fn reported(&mut self, command: &Command) -> Result<(), Broken> {
        let Some((_, claim)) = self.reporting.take_if(|(message, _)| *message == command.message_id) else {
            return Ok(());
        };
        let status = command.status.unwrap_or(Status::SUCCESS);
        if status.is_done() {
            forget(&self.node, claim.number).await;
        } else {
            info!(calling = %title(&self.calling), "a report of storage commitment was refused: {status}");
            self.refused_reports.insert(claim.number);
        }
        drop(claim);
        self.report_owed().await
    }

    /// N-EVENT-REPORT: a partner reports what we have asked it for.
    pub(super) async fn take_report(&mut self, context: u8, command: &Command) -> Result<(), Broken> {
        let bytes = if command.has_data { self.data(report::SIZE_BYTES_MAX).await? } else { None };
        if !self.is_about(context, CLASS) {
            return self.answer(context, command, Status::UNRECOGNIZED_OPERATION, "").await;
        }
        if !matches!(command.event_type_id, Some(report::ALL_COMMITTED | report::SOME_FAILED)) {
            return self.answer(context, command, Status::NO_SUCH_EVENT_TYPE, "").await;
        }
        let syntax = self.line.syntax(context);
        let Some(report) = bytes.and_then(|bytes| Report::read(bytes, &syntax)) else {
            let comment = "no Transaction UID (0008,1195)";
            return self.answer(context, command, Status::INVALID_ARGUMENT_VALUE, comment).await;
        };
        if !self.node.reports.deliver(report) {
            // Refused, it would come again for nothing.
            warn!(calling = %title(&self.calling), "a report of storage commitment for which nobody waits");
        }
        self.answer(context, command, Status::SUCCESS, "").await
    }
}

/// Delivers reports as they fall due, until it is dropped.
pub(in super::super) async fn deliver(node: Arc<Node>) {
    let mut running: JoinSet<String> = JoinSet::new();
    let mut busy: HashSet<String> = HashSet::new();
    loop {
        let due = node.with_archive(|archive| archive.commitments_due(Timestamp::now(), PAGE_LENGTH)).await;
        let due = due.unwrap_or_else(|error| {
            warn!("the reports of storage commitment that are owed could not be read: {error}");
            Vec::new()
        });
        let peers: HashSet<String> = due.iter().map(|one| one.peer.clone()).collect();
        for peer in peers.into_iter().filter(|peer| !busy.contains(peer)).collect::<Vec<_>>() {
            let all: Vec<Commitment> = due.iter().filter(|one| one.peer == peer).cloned().collect();
            busy.insert(peer.clone());
            let node = node.clone();
            running.spawn(async move {
                deliver_all(&node, &peer, all).await;
                peer
            });
        }
        tokio::select! {
            () = node.reports.wake.notified() => {}
            Some(done) = running.join_next() => match done {
                Ok(peer) => drop(busy.remove(&peer)),
                Err(error) => {
                    warn!("delivering reports of storage commitment broke off: {error}");
                    busy.clear();
                }
            },
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Delivers what is due to one partner, over one association after the other.
async fn deliver_all(node: &Arc<Node>, peer: &str, all: Vec<Commitment>) {
    let known = node.peers.titled(peer).filter(|peer| peer.address.is_some());
    for one in all {
        let Some(claim) = node.reports.claim(one.number) else { continue };
        let now = Timestamp::now();
        if now.since(one.asked) > GIVEN_UP_AFTER {
            warn!(peer = %title(peer), "a report of storage commitment was given up");
            forget(node, one.number).await;
            continue;
        }
        let delivered = match &known {
            Some(peer) => deliver_one(node, peer, &one).await,
            None => Err("no address is known of it".to_owned()),
        };
        match delivered {
            Ok(()) => forget(node, one.number).await,
            Err(why) => {
                debug!(peer = %title(peer), tries = one.tries, "a report of storage commitment waits: {why}");
                let (number, due) = (one.number, now.after(pause(one.tries)));
                let postponed = node.with_archive(move |archive| archive.postpone_commitment(number, due));
                if let Err(error) = postponed.await {
                    warn!("a report of storage commitment could not be put off: {error}");
                }
                drop(claim);
                node.reports.waiting.send_modify(|count| *count += 1);
            }
        }
    }
}

fn pause(tries: u32) -> Duration {
    PAUSE.saturating_mul(1 << tries.min(16)).min(PAUSE_MAX)
}

/// Delivers one report over an association of our own, in which we are the provider.
async fn deliver_one(node: &Arc<Node>, peer: &Peer, one: &Commitment) -> Result<(), String> {
    let report = make(node, one.clone()).await.map_err(|error| error.to_string())?;
    let calling = peer.calling.clone().unwrap_or_else(|| one.called.clone());
    let mut request = AssociateRequest::new(peer.ae_title.clone(), calling.clone());
    request.propose(CLASS, &scu::plain());
    request.user.roles.push(RoleSelection { sop_class: CLASS.to_owned(), user: false, provider: true });
    let mut line = scu::ask(peer, request).await.map_err(|error| error.to_string())?;
    // Many take reports without saying so in the role selection.
    let context = line.negotiated().and_then(|all| all.contexts.first()).map(|one| one.id);
    let Some(context) = context else {
        line.release().await;
        return Err("it accepts no presentation context for reports".to_owned());
    };
    let message = line.session().next_message_id();
    let command = Command::event_report_request(message, CLASS, INSTANCE, report.event_type());
    let sent = line.send_set(context, &command.with_data(true), &report.set(&calling)).await;
    let answered = match sent {
        Ok(()) => scu::answer(&mut line, Kind::NEventReportResponse).await,
        Err(broken) => Err(broken),
    };
    match answered.map(|command| command.status.unwrap_or(Status::SUCCESS)) {
        Ok(status) if status.is_done() => {
            line.release().await;
            Ok(())
        }
        Ok(status) => {
            line.release().await;
            Err(status.to_string())
        }
        Err(broken) => {
            line.abort().await;
            Err(broken.to_string())
        }
    }
}

async fn make(node: &Arc<Node>, one: Commitment) -> Result<Report, Error> {
    node.with_archive(move |archive| report::make(archive, &one)).await
}

async fn forget(node: &Arc<Node>, number: u64) {
    if let Err(error) = node.with_archive(move |archive| archive.forget_commitment(number)).await {
        warn!("a report of storage commitment that was delivered stays owed: {error}");
    }
}
