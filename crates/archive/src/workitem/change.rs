//! What a request makes of a workitem; nothing here knows where it is kept.

use klinke_dimse::charset::{Charset, Rules};
use klinke_dimse::data::{self, DataSet};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::value::is_uid;
use klinke_dimse::{Tag, VR, tags};
use klinke_model::Timestamp;

use super::check::{Request, check, check_end, has_value};
use super::report::{Owed, assigned, progress, state_report};
use super::rules::{Need, RULES};
use super::{Refusal, SOP_CLASS, State, Workitem};

/// The code for a cancellation whose reason nobody has told (PS3.16, CID 9301).
const UNSPECIFIED: (&str, &str, &str) = ("110513", "DCM", "Discontinued for unspecified reason");

/// The data set of a new workitem, and whether something was added to what was told.
pub(crate) fn created(uid: &str, told: &DataSet, now: Timestamp) -> Result<(DataSet, bool), Refusal> {
    if !is_uid(uid) {
        return Err(Refusal::Unfit("the UID of a workitem is none (0117H)".to_owned()));
    }
    let mut set = utf8(told);
    match set.ascii(tags::PROCEDURE_STEP_STATE) {
        Some(state) if State::named(state) == Some(State::Scheduled) => {}
        Some(_) => return Err(Refusal::NotScheduled),
        None => {
            let text = "ProcedureStepState (0074,1000) is missing (0120H)";
            return Err(Refusal::Unfit(text.to_owned()));
        }
    }
    let is_modified = check(&mut set, Request::Create)?;
    set.put_ascii(tags::SOP_CLASS_UID, VR::UI, SOP_CLASS);
    set.put_ascii(tags::SOP_INSTANCE_UID, VR::UI, uid);
    set.put_ascii(tags::PROCEDURE_STEP_STATE, VR::CS, State::Scheduled.name());
    set.remove(tags::TRANSACTION_UID);
    touch(&mut set, now);
    check_writable(&set)?;
    Ok((set, is_modified))
}

/// The data set of a workitem with what an update tells, and whether something was added to that.
pub(crate) fn changed(
    kept: &Workitem,
    claim: Option<&str>,
    told: &DataSet,
    now: Timestamp,
) -> Result<(DataSet, bool), Refusal> {
    let mut told = utf8(told);
    let within = told.ascii(tags::TRANSACTION_UID).map(str::to_owned);
    told.remove(tags::TRANSACTION_UID);
    if let (Some(one), Some(other)) = (claim, &within)
        && one != other
    {
        return Err(Refusal::WrongTransaction);
    }
    check_claim(kept, claim.or(within.as_deref()))?;
    // Whoever sends back what must not be told, as it is, asks for no change.
    for rule in RULES.iter().filter(|rule| rule.set == Need::Absent) {
        if told.get(rule.tag).is_some_and(|told| kept.attributes.get(rule.tag) == Some(told)) {
            told.remove(rule.tag);
        }
    }
    let is_modified = check(&mut told, Request::Set)?;
    let mut set = kept.came.clone();
    told.iter().filter(|element| !is_ours(element.tag)).for_each(|element| set.put(element.clone()));
    touch(&mut set, now);
    check_writable(&set)?;
    Ok((set, is_modified))
}

/// Whether whoever has told `claim` may change attributes (PS3.4, section CC.2.6.3).
fn check_claim(kept: &Workitem, claim: Option<&str>) -> Result<(), Refusal> {
    match (kept.state, claim.filter(|claim| !claim.is_empty())) {
        (State::Completed | State::Canceled, _) => Err(Refusal::Over),
        (State::Scheduled, None) => Ok(()),
        (State::Scheduled, Some(_)) => Err(Refusal::Unclaimed),
        (State::InProgress, None) => Err(Refusal::NoTransaction),
        (State::InProgress, Some(claim)) if claim == kept.claim => Ok(()),
        (State::InProgress, Some(_)) => Err(Refusal::WrongTransaction),
    }
}

/// The data set of a workitem in another state, if it may have it.
pub(crate) fn final_of(kept: &Workitem, wanted: State, now: Timestamp) -> Result<DataSet, Refusal> {
    if wanted.is_over() {
        check_end(&kept.came, wanted)?;
    }
    let mut set = kept.came.clone();
    set.put_ascii(tags::PROCEDURE_STEP_STATE, VR::CS, wanted.name());
    touch(&mut set, now);
    Ok(set)
}

/// The data set of a workitem that nobody has claimed and that is cancelled on request: what the final state needs is filled in
/// from the request (PS3.4, section CC.2.2.3).
pub(crate) fn canceled_here(kept: &Workitem, asked: &DataSet, now: Timestamp) -> DataSet {
    let mut item = kept
        .came
        .items(tags::PROCEDURE_STEP_PROGRESS_INFORMATION_SEQUENCE)
        .first()
        .cloned()
        .unwrap_or_default();
    item.put_ascii(tags::PROCEDURE_STEP_CANCELLATION_DATE_TIME, VR::DT, &date_time(now));
    if let Some(reason) = asked.get(tags::REASON_FOR_CANCELLATION) {
        item.put(reason.clone());
    }
    let reasons = asked.items(tags::PROCEDURE_STEP_DISCONTINUATION_REASON_CODE_SEQUENCE).to_vec();
    let reasons = if reasons.is_empty() { vec![code(UNSPECIFIED)] } else { reasons };
    item.put_items(tags::PROCEDURE_STEP_DISCONTINUATION_REASON_CODE_SEQUENCE, reasons);
    if let Some(uri) = asked.get(tags::CONTACT_URI) {
        let mut contact = DataSet::new();
        contact.put(uri.clone());
        if let Some(name) = asked.get(tags::CONTACT_DISPLAY_NAME) {
            contact.put(name.clone());
        }
        item.put_items(tags::PROCEDURE_STEP_COMMUNICATIONS_URI_SEQUENCE, vec![contact]);
    }
    let mut set = kept.came.clone();
    set.put_items(tags::PROCEDURE_STEP_PROGRESS_INFORMATION_SEQUENCE, vec![item]);
    set.put_ascii(tags::PROCEDURE_STEP_STATE, VR::CS, State::Canceled.name());
    touch(&mut set, now);
    set
}

/// What watchers are told of a new workitem (PS3.4, section CC.2.4.3).
pub(crate) fn report_of_new(set: &DataSet) -> Vec<Owed> {
    let is_assigned = ASSIGNMENT.iter().any(|tag| has_value(set, *tag));
    std::iter::once(state_report(set)).chain(is_assigned.then(|| assigned(set))).collect()
}

/// What watchers are told of an update (PS3.4, section CC.2.4.3).
pub(crate) fn report_of_change(before: &DataSet, after: &DataSet) -> Vec<Owed> {
    let differs = |tag: &Tag| before.get(*tag) != after.get(*tag);
    let told = |set: &DataSet| -> Vec<DataSet> {
        let items = set.items(tags::PROCEDURE_STEP_PROGRESS_INFORMATION_SEQUENCE).iter();
        items.map(|item| item.iter().filter(|one| PROGRESS.contains(&one.tag)).cloned().collect()).collect()
    };
    let mut owed = Vec::new();
    if differs(&tags::INPUT_READINESS_STATE) {
        owed.push(state_report(after));
    }
    if told(before) != told(after) {
        owed.push(progress(after));
    }
    if ASSIGNMENT.iter().any(differs) {
        owed.push(assigned(after));
    }
    owed
}

const ASSIGNMENT: &[Tag] =
    &[tags::SCHEDULED_STATION_NAME_CODE_SEQUENCE, tags::SCHEDULED_HUMAN_PERFORMERS_SEQUENCE];

const PROGRESS: &[Tag] = &[
    tags::PROCEDURE_STEP_PROGRESS,
    tags::PROCEDURE_STEP_PROGRESS_DESCRIPTION,
    tags::PROCEDURE_STEP_PROGRESS_PARAMETERS_SEQUENCE,
    tags::PROCEDURE_STEP_COMMUNICATIONS_URI_SEQUENCE,
];

/// What an update says of this is ours to write, or said of the request.
fn is_ours(tag: Tag) -> bool {
    tag.1 == 0 || tag == tags::SCHEDULED_PROCEDURE_STEP_MODIFICATION_DATE_TIME
}

/// Notes when it was changed last.
fn touch(set: &mut DataSet, now: Timestamp) {
    set.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_MODIFICATION_DATE_TIME, VR::DT, &date_time(now));
}

fn date_time(now: Timestamp) -> String {
    let (year, month, day, hour, minute, second, micro) = now.parts();
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}.{micro:06}+0000")
}

fn code((value, scheme, meaning): (&str, &str, &str)) -> DataSet {
    let mut item = DataSet::new();
    item.put_ascii(tags::CODE_VALUE, VR::SH, value);
    item.put_ascii(tags::CODING_SCHEME_DESIGNATOR, VR::SH, scheme);
    item.put_ascii(tags::CODE_MEANING, VR::LO, meaning);
    item
}

/// What can't be written can't be kept.
fn check_writable(set: &DataSet) -> Result<(), Refusal> {
    let written = data::write(set, &TransferSyntax::EXPLICIT);
    written.map(drop).map_err(|error| Refusal::Unfit(error.to_string()))
}

pub(super) fn utf8(set: &DataSet) -> DataSet {
    let mut set = set.recoded(&Rules::default(), &Charset::UTF_8).set;
    set.remove(tags::SPECIFIC_CHARACTER_SET);
    set
}
