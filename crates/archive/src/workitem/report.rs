//! Event reports (PS3.4, Table CC.2.4-1): what watchers of workitems are told.

use klinke_dimse::data::DataSet;
use klinke_dimse::{Tag, VR, tags};

use crate::archive::Archive;
use crate::error::Result;
use crate::event::Ring;

/// Event Type ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// UPS State Report.
    State = 1,
    /// UPS Cancel Requested.
    CancelRequested = 2,
    /// UPS Progress Report.
    Progress = 3,
    /// SCP Status Change.
    Provider = 4,
    /// UPS Assigned.
    Assigned = 5,
}

impl Event {
    const ALL: [Event; 5] =
        [Event::State, Event::CancelRequested, Event::Progress, Event::Provider, Event::Assigned];

    /// The one of an ID.
    pub(crate) fn of(id: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|event| *event as i64 == id)
    }
}

/// An event report that somebody is owed.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its number; numbers rise in the order of events.
    pub number: u64,
    /// SOP Instance UID of the workitem; of the whole worklist for [`Event::Provider`].
    pub workitem: String,
    /// What has happened.
    pub event: Event,
    /// What is told of it, texts in UTF-8.
    pub attributes: DataSet,
}

/// A report before it is known who gets it.
#[derive(Clone, Debug)]
pub(crate) struct Owed {
    pub event: Event,
    pub attributes: DataSet,
}

/// The state of a step as it is.
pub(crate) fn state_report(set: &DataSet) -> Owed {
    let mut attributes = picked(set, &[tags::PROCEDURE_STEP_STATE, tags::INPUT_READINESS_STATE]);
    if let Some(item) = set.items(tags::PROCEDURE_STEP_PROGRESS_INFORMATION_SEQUENCE).first() {
        let reasons =
            [tags::REASON_FOR_CANCELLATION, tags::PROCEDURE_STEP_DISCONTINUATION_REASON_CODE_SEQUENCE];
        picked(item, &reasons).iter().for_each(|element| attributes.put(element.clone()));
    }
    Owed { event: Event::State, attributes }
}

/// That somebody asks for a cancellation.
pub(crate) fn canceling(asked: &DataSet) -> Owed {
    let told = [
        tags::REQUESTING_AE,
        tags::REASON_FOR_CANCELLATION,
        tags::PROCEDURE_STEP_DISCONTINUATION_REASON_CODE_SEQUENCE,
        tags::CONTACT_URI,
        tags::CONTACT_DISPLAY_NAME,
    ];
    Owed { event: Event::CancelRequested, attributes: picked(asked, &told) }
}

/// How far a step has come.
pub(super) fn progress(set: &DataSet) -> Owed {
    let told = [tags::PROCEDURE_STEP_PROGRESS_INFORMATION_SEQUENCE];
    Owed { event: Event::Progress, attributes: picked(set, &told) }
}

/// Who is to do it.
pub(super) fn assigned(set: &DataSet) -> Owed {
    let told = [tags::SCHEDULED_STATION_NAME_CODE_SEQUENCE, tags::SCHEDULED_HUMAN_PERFORMERS_SEQUENCE];
    Owed { event: Event::Assigned, attributes: picked(set, &told) }
}

/// That the provider has begun to serve again, with everything as it was.
pub(crate) fn restarted() -> Owed {
    let mut attributes = DataSet::new();
    attributes.put_ascii(tags::SCP_STATUS, VR::CS, "RESTARTED");
    attributes.put_ascii(tags::SUBSCRIPTION_LIST_STATUS, VR::CS, "WARM START");
    attributes.put_ascii(tags::UNIFIED_PROCEDURE_STEP_LIST_STATUS, VR::CS, "WARM START");
    Owed { event: Event::Provider, attributes }
}

fn picked(set: &DataSet, tags: &[Tag]) -> DataSet {
    tags.iter().filter_map(|tag| set.get(*tag).cloned()).collect()
}

impl Archive {
    /// Event reports that an application entity is owed, with numbers above `after`, in their order.
    pub fn reports(&self, title: &str, after: u64, limit: usize) -> Result<Vec<Report>> {
        self.shared.index.reports(title, after, limit)
    }

    /// Notes that an application entity has got its reports up to a number.
    pub fn reported(&self, title: &str, up_to: u64) -> Result<()> {
        self.shared.index.reported(title.to_owned(), up_to)
    }

    /// Rings when there are new reports for somebody, as long as the ring is kept.
    pub fn on_report(&self, ring: &Ring) {
        self.shared.reports.add(ring);
    }

    /// Owes all who watch something the report that the provider was restarted, once however often it was.
    pub fn report_restart(&self) -> Result<()> {
        self.shared.index.report_restart()
    }
}
