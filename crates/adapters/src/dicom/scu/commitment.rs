//! Storage commitment at a partner: we ask, and wait for its report, which comes over the same association or over one that the
//! partner opens to our node.

use std::sync::Arc;
use std::time::Duration;

use klinke_archive::commitment::Reference;
use klinke_dimse::message::{Command, Kind, Status};
use klinke_dimse::session::Event;
use klinke_dimse::uids;
use tokio::time::{Instant, sleep_until};

use super::super::line::{Broken, Line};
use super::super::peer::Peer;
use super::super::report::{self, Report, Reports};
use super::super::scp::commitment::{INSTANCE, REQUEST};
use super::{CallError, speak};
use crate::uid;

const CLASS: &str = uids::STORAGE_COMMITMENT_PUSH_MODEL;

/// How long a report is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// In all.
    pub report: Duration,
    /// For how long of that the association stays open.
    pub open: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience { report: Duration::from_secs(3600), open: Duration::from_secs(20) }
    }
}

/// Why there is no report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// There is no association.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The partner refused.
    #[error("{0}")]
    Refused(Status),
    /// The partner has taken the request and did not report.
    #[error("no report of storage commitment within {} seconds", .0.as_secs())]
    Silent(Duration),
    /// No UID can be made.
    #[error("no UID can be made: the machine has no random numbers")]
    NoUid,
}

impl From<Broken> for CommitError {
    fn from(broken: Broken) -> Self {
        CommitError::Call(CallError::Broken(broken))
    }
}

/// Asks a partner to keep instances and waits for what it reports.
///
/// `reports` are those of the node to which the partner reports.
pub async fn commit(
    reports: &Arc<Reports>,
    calling: &str,
    peer: &Peer,
    instances: &[Reference],
    patience: Patience,
) -> Result<Report, CommitError> {
    let transaction = uid::made().ok_or(CommitError::NoUid)?;
    let mut expected = reports.expect(&transaction);
    let end = Instant::now() + patience.report;
    let (line, early) = ask(peer, calling, &transaction, instances).await?;
    if let Some(report) = early {
        line.release().await;
        return Ok(report);
    }
    match over(line, &mut expected.receiver, &transaction, patience.open).await {
        Over::Reported(report) => return Ok(report),
        Over::Ended => {}
        Over::Silent(line) => {
            line.release().await;
        }
    }
    tokio::select! {
        report = &mut expected.receiver => report.map_err(|_| CommitError::Silent(patience.report)),
        () = sleep_until(end) => Err(CommitError::Silent(patience.report)),
    }
}

async fn ask(
    peer: &Peer,
    calling: &str,
    transaction: &str,
    instances: &[Reference],
) -> Result<(Line, Option<Report>), CommitError> {
    let (mut line, context) = speak(peer, calling, CLASS, "storage commitment").await?;
    let message = line.session().next_message_id();
    let command = Command::action_request(message, CLASS, INSTANCE, REQUEST).with_data(true);
    line.send_set(context, &command, &report::request(transaction, instances)).await?;
    let mut early = None;
    loop {
        match line.next().await {
            Event::Command { context, command } if command.kind == Kind::NEventReportRequest => {
                early = take(&mut line, context, &command, transaction).await?.or(early);
            }
            Event::Command { command, .. } if command.kind == Kind::NActionResponse => {
                let status = command.status.unwrap_or(Status::SUCCESS);
                if status.is_done() {
                    return Ok((line, early));
                }
                line.release().await;
                return Err(CommitError::Refused(status));
            }
            Event::Ended(ending) => return Err(line.ended(ending).into()),
            _ => {}
        }
    }
}

/// What came over the association that is still open.
enum Over {
    Reported(Report),
    Ended,
    Silent(Box<Line>),
}

async fn over(
    mut line: Line,
    elsewhere: &mut tokio::sync::oneshot::Receiver<Report>,
    transaction: &str,
    open: Duration,
) -> Over {
    let end = Instant::now() + open;
    loop {
        let event = tokio::select! {
            event = line.next() => event,
            report = &mut *elsewhere => {
                line.release().await;
                return report.map_or(Over::Ended, Over::Reported);
            }
            () = sleep_until(end) => return Over::Silent(Box::new(line)),
        };
        match event {
            Event::Command { context, command } if command.kind == Kind::NEventReportRequest => {
                match take(&mut line, context, &command, transaction).await {
                    Ok(Some(report)) => {
                        line.release().await;
                        return Over::Reported(report);
                    }
                    Ok(None) => {}
                    Err(_) => return Over::Ended,
                }
            }
            Event::ReleaseRequested => line.agree_to_release(),
            Event::Ended(_) => {
                line.close().await;
                return Over::Ended;
            }
            _ => {}
        }
    }
}

/// Takes a report that came over our own association, and answers it; nothing where it is of another transaction. It counts whatever
/// becomes of the answer.
async fn take(
    line: &mut Line,
    context: u8,
    command: &Command,
    transaction: &str,
) -> Result<Option<Report>, Broken> {
    let bytes =
        if command.has_data { line.data(report::SIZE_BYTES_MAX as u64).await? } else { Default::default() };
    let report = Report::read(bytes, &line.syntax(context));
    let status = if report.is_some() { Status::SUCCESS } else { Status::INVALID_ARGUMENT_VALUE };
    let answered = line.answer(context, command, status, "").await;
    let report = report.filter(|report| report.transaction == transaction);
    match (report, answered) {
        (Some(report), _) => Ok(Some(report)),
        (None, answered) => answered.map(|_| None),
    }
}
