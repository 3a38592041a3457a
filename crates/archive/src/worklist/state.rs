//! How far a scheduled procedure step has come (PS3.3, Table C.4-10).

use klinke_dimse::data::Element;

use crate::text;

/// How far a step has come. The last three are not among the defined terms of Scheduled Procedure Step Status (0040,0020), which
/// leaves room for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepState {
    /// It is scheduled.
    Scheduled,
    /// The patient is here.
    Arrived,
    /// It can begin.
    Ready,
    /// It has begun.
    Started,
    /// The patient has gone.
    Departed,
    /// It is done.
    Completed,
    /// It was begun and broken off.
    Discontinued,
    /// It is not wanted any more.
    Cancelled,
}

impl StepState {
    /// All.
    pub const ALL: [StepState; 8] = [
        StepState::Scheduled,
        StepState::Arrived,
        StepState::Ready,
        StepState::Started,
        StepState::Departed,
        StepState::Completed,
        StepState::Discontinued,
        StepState::Cancelled,
    ];

    /// Its name in (0040,0020).
    pub fn name(self) -> &'static str {
        match self {
            StepState::Scheduled => "SCHEDULED",
            StepState::Arrived => "ARRIVED",
            StepState::Ready => "READY",
            StepState::Started => "STARTED",
            StepState::Departed => "DEPARTED",
            StepState::Completed => "COMPLETED",
            StepState::Discontinued => "DISCONTINUED",
            StepState::Cancelled => "CANCELED",
        }
    }

    /// The state of a name.
    pub fn named(name: &str) -> Option<Self> {
        match name.trim() {
            "CANCELLED" => Some(StepState::Cancelled),
            "IN PROGRESS" => Some(StepState::Started),
            name => Self::ALL.into_iter().find(|state| state.name() == name),
        }
    }

    /// Whether nothing is left to do: then it is shown only to those who ask for it.
    pub fn is_over(self) -> bool {
        self >= StepState::Completed
    }

    /// Whether a modality has taken it up: then no order changes how far it has come.
    pub fn is_begun(self) -> bool {
        matches!(
            self,
            StepState::Started | StepState::Departed | StepState::Completed | StepState::Discontinued
        )
    }

    pub(crate) fn of(element: &Element) -> Option<Self> {
        Self::named(text::values(element).first()?)
    }
}
