//! Create, Update, Change State and Request Cancellation (PS3.18, sections 11.4, 11.6, 11.7 and 11.8).

use std::sync::Arc;

use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header;
use klinke_archive::workitem::{Done, Refusal, State};
use klinke_dimse::data::DataSet;
use klinke_dimse::{Tag, VR, tags};
use klinke_model::Timestamp;

use super::super::answer::{self, Answer, with, with_warning};
use super::super::fault::{Fault, Result};
use super::super::gate::Deed;
use super::super::query::Parameters;
use super::super::web::{Asked, Web};
use super::{ask, body};
use crate::uid;

/// Longest AE title.
const TITLE_LENGTH_MAX: usize = 16;

/// Answers a creation: 201.
pub(super) async fn create(web: Arc<Web>, asked: Asked, body: Incoming) -> Result<Answer> {
    let named = named(&asked.parameters, &["workitem", "AffectedSOPInstanceUID"]);
    let set = body::read(&web, &asked, body).await?;
    create_of(web, asked, named, set).await
}

async fn create_of(web: Arc<Web>, asked: Asked, named: Option<String>, mut set: DataSet) -> Result<Answer> {
    let within = [tags::AFFECTED_SOP_INSTANCE_UID, tags::SOP_INSTANCE_UID].map(|tag| taken(&mut set, tag));
    set.remove(tags::AFFECTED_SOP_CLASS_UID);
    let mut told = named.into_iter().chain(within.into_iter().flatten());
    let uid = match told.next() {
        Some(first) if told.any(|other| other != first) => {
            return Err(Fault::bad("the request names several UIDs for one workitem"));
        }
        Some(uid) => uid,
        None => uid::made().ok_or_else(|| Fault::broken("making a UID"))?,
    };
    let wanted = uid.clone();
    let done = ask(&web, move |archive| archive.create_workitem(&wanted, &set, Timestamp::now())).await?;
    tell(&web, &asked, &uid);
    let answer = answer::empty(StatusCode::CREATED);
    let place = format!("{}/workitems/{uid}", asked.base);
    let answer = with(with(answer, header::LOCATION, &place), header::CONTENT_LOCATION, &place);
    Ok(match done.is_modified {
        true => with_warning(answer, "The Workitem was created with modifications."),
        false => answer,
    })
}

/// Answers an update: 200. Sent to a workitem that is not there, the data set of a new one creates it.
pub(super) async fn update(web: Arc<Web>, asked: Asked, uid: String, body: Incoming) -> Result<Answer> {
    let claim = named(&asked.parameters, &["transaction-uid", "transaction", "TransactionUID"]);
    let set = body::read(&web, &asked, body).await?;
    let is_claimed = claim.is_some() || set.ascii(tags::TRANSACTION_UID).is_some();
    if !is_claimed && set.ascii(tags::PROCEDURE_STEP_STATE).is_some() {
        return create_of(web, asked, Some(uid), set).await;
    }
    let of = uid.clone();
    let done =
        ask(&web, move |archive| archive.update_workitem(&of, claim.as_deref(), &set, Timestamp::now()));
    let done = done.await.map_err(|refusal| {
        let warning = match &refusal {
            Refusal::NoTransaction | Refusal::WrongTransaction | Refusal::Unclaimed => {
                Some("The target URI did not reference a claimed Workitem.")
            }
            Refusal::Over => {
                Some("The submitted request is inconsistent with the current state of the Workitem.")
            }
            _ => None,
        };
        warned(refusal, warning)
    })?;
    tell(&web, &asked, &uid);
    let place = format!("{}/workitems/{uid}", asked.base);
    let answer = with(answer::empty(StatusCode::OK), header::CONTENT_LOCATION, &place);
    Ok(match done.is_modified {
        true => with_warning(answer, "The Workitem was updated with modifications."),
        false => answer,
    })
}

/// Answers a change of state: 200.
pub(super) async fn change_state(web: Arc<Web>, asked: Asked, uid: String, body: Incoming) -> Result<Answer> {
    let named = named(&asked.parameters, &["transaction-uid", "transaction", "TransactionUID"]);
    let set = body::read(&web, &asked, body).await?;
    let wanted = set.ascii(tags::PROCEDURE_STEP_STATE).map(State::named);
    let wanted = wanted.ok_or_else(|| Fault::bad("ProcedureStepState (0074,1000) is missing"))?;
    let wanted = wanted.ok_or_else(|| {
        Fault::bad("ProcedureStepState (0074,1000) is one of IN PROGRESS, COMPLETED, CANCELED")
    })?;
    let within = set.ascii(tags::TRANSACTION_UID).map(str::to_owned);
    let claim = within.or(named).unwrap_or_default();
    if !claim.is_empty() && !klinke_dimse::value::is_uid(&claim) {
        return Err(
            Fault::bad("TransactionUID (0008,1195) is no UID").warned("The Transaction UID is incorrect.")
        );
    }
    let of = uid.clone();
    let done = ask(&web, move |archive| archive.change_workitem_state(&of, wanted, &claim, Timestamp::now()));
    let done = done.await.map_err(|refusal| {
        let warning = match &refusal {
            Refusal::NoTransaction => Some("The Transaction UID is missing."),
            Refusal::WrongTransaction => Some("The Transaction UID is incorrect."),
            Refusal::Absent | Refusal::Archive(_) => None,
            _ => Some("The submitted request is inconsistent with the state of the UPS Instance."),
        };
        warned(refusal, warning)
    })?;
    tell(&web, &asked, &uid);
    Ok(so_already(answer::empty(StatusCode::OK), done, wanted))
}

/// Answers that somebody wants a workitem to be cancelled: 202.
pub(super) async fn request_cancellation(
    web: Arc<Web>,
    asked: Asked,
    uid: String,
    body: Incoming,
) -> Result<Answer> {
    let mut set = body::read_if_any(&web, &asked, body).await?;
    if set.ascii(tags::REQUESTING_AE).is_none() {
        let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let title: String = asked.who.chars().filter(plain).take(TITLE_LENGTH_MAX).collect();
        set.put_ascii(tags::REQUESTING_AE, VR::AE, &title);
    }
    let of = uid.clone();
    let done = ask(&web, move |archive| archive.request_cancellation(&of, &set, Timestamp::now()));
    let done = done.await.map_err(|refusal| {
        let warning = match &refusal {
            Refusal::Completed => Some("The UPS is already COMPLETED."),
            Refusal::NoPerformer => Some("The performer cannot be contacted."),
            _ => None,
        };
        warned(refusal, warning)
    })?;
    tell(&web, &asked, &uid);
    Ok(so_already(answer::empty(StatusCode::ACCEPTED), done, State::Canceled))
}

fn so_already(answer: Answer, done: Done, state: State) -> Answer {
    match (done.was_so, state) {
        (false, _) => answer,
        (true, State::Completed) => {
            with_warning(answer, "The UPS is already in the requested state of COMPLETED.")
        }
        (true, _) => with_warning(answer, "The UPS is already in the requested state of CANCELED."),
    }
}

fn warned(refusal: Refusal, warning: Option<&'static str>) -> Fault {
    let fault = Fault::from(refusal);
    match warning {
        Some(text) => fault.warned(text),
        None => fault,
    }
}

fn tell(web: &Web, asked: &Asked, uid: &str) {
    web.tell(asked, Deed::WorkitemWritten, "", vec![uid.to_owned()], 1);
}

/// A UID that a query names: by one of these names, or alone (`?1.2.3`).
fn named(parameters: &Parameters, names: &[&str]) -> Option<String> {
    let by_name = parameters.iter().find(|(name, _)| names.contains(name)).map(|(_, value)| value);
    let is_uid =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let alone =
        || parameters.iter().find(|(name, value)| value.is_empty() && is_uid(name)).map(|(name, _)| name);
    by_name.or_else(alone).map(|uid| uid.trim().to_owned())
}

/// The UID that a data set has there, which is then not in it any more.
fn taken(set: &mut DataSet, tag: Tag) -> Option<String> {
    let uid = set.ascii(tag).map(str::to_owned);
    set.remove(tag);
    uid
}
