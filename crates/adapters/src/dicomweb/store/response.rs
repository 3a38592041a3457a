//! What is told of what was stored (PS3.18, section 10.5.3 and Annex I.2).

use std::collections::BTreeMap;

use hyper::StatusCode;
use klinke_archive::Error;
use klinke_archive::index::Added;
use klinke_dimse::data::DataSet;
use klinke_dimse::{VR, tags};

use super::intake::Outcome;

/// Refused: out of resources.
const OUT_OF_RESOURCES: u16 = 0xA700;
/// The data set does not fit: another study than the URL's (Annex I.2.2).
const DOES_NOT_MATCH: u16 = 0xA900;
const CANNOT_UNDERSTAND: u16 = 0xC000;
const PROCESSING_FAILURE: u16 = 0x0110;
/// The archive has kept it beside an instance or a study that it clashes with.
const DUPLICATE: u16 = 0x0111;

/// The status, and the data set of the response.
pub(super) fn of(outcomes: &[Outcome], study: Option<&str>, base: &str) -> (StatusCode, DataSet) {
    let (mut referenced, mut failed, mut others) = (Vec::new(), Vec::new(), Vec::new());
    let mut has_warning = false;
    for outcome in outcomes {
        match &outcome.result {
            Ok(received) => {
                let identity = &received.identity;
                let mut item = named(&identity.class, &identity.instance);
                let path = format!("studies/{}/series/{}", identity.study, identity.series);
                let url = format!("{base}/{path}/instances/{}", identity.instance);
                item.put_ascii(tags::RETRIEVE_URL, VR::UR, &url);
                if matches!(received.added, Added::Beside(_)) {
                    has_warning = true;
                    item.put_us(tags::WARNING_REASON, DUPLICATE);
                }
                referenced.push(item);
            }
            Err(error) => {
                let mut item = match outcome.instance.is_empty() {
                    true => DataSet::new(),
                    false => named(&outcome.class, &outcome.instance),
                };
                item.put_us(tags::FAILURE_REASON, reason(error));
                if outcome.instance.is_empty() { others.push(item) } else { failed.push(item) }
            }
        }
    }
    let status = match (referenced.is_empty(), failed.is_empty() && others.is_empty() && !has_warning) {
        (true, _) => StatusCode::CONFLICT,
        (false, true) => StatusCode::OK,
        (false, false) => StatusCode::ACCEPTED,
    };
    let mut set = DataSet::new();
    let stored = stored(outcomes);
    if let Some(study) = study.or_else(|| Some(stored.keys().next().filter(|_| stored.len() == 1)?.as_str()))
    {
        set.put_ascii(tags::RETRIEVE_URL, VR::UR, &format!("{base}/studies/{study}"));
    }
    for (tag, items) in [
        (tags::FAILED_SOP_SEQUENCE, failed),
        (tags::REFERENCED_SOP_SEQUENCE, referenced),
        (tags::OTHER_FAILURES_SEQUENCE, others),
    ] {
        if !items.is_empty() {
            set.put_items(tag, items);
        }
    }
    (status, set)
}

/// UIDs of what was stored, by study.
pub(super) fn stored(outcomes: &[Outcome]) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for received in outcomes.iter().filter_map(|outcome| outcome.result.as_ref().ok()) {
        let identity = &received.identity;
        all.entry(identity.study.clone()).or_default().push(identity.instance.clone());
    }
    all
}

fn named(class: &str, instance: &str) -> DataSet {
    let mut item = DataSet::new();
    item.put_ascii(tags::REFERENCED_SOP_CLASS_UID, VR::UI, class);
    item.put_ascii(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, instance);
    item
}

/// The reason of an error (PS3.18, Table I.2-2).
fn reason(error: &Error) -> u16 {
    match error {
        Error::Full(_) | Error::Unwritable(_) | Error::InUse(_) | Error::Closed => OUT_OF_RESOURCES,
        Error::OtherStudy => DOES_NOT_MATCH,
        Error::Unfit(_) => CANNOT_UNDERSTAND,
        _ => PROCESSING_FAILURE,
    }
}
