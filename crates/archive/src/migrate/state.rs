//! What becomes of a study.
//!
//! ```text
//! planned → running → taken → verified
//!    ↑         ├────→ partly ─┐
//!    │         └────→ failed ─┤  again when it is due, so many times; then a person has to look
//!    └────────────────────────┘
//! ```
//!
//! A process that dies leaves `running` behind: at the next start that is planned again. A check finds instances missing: `taken` or
//! `verified` becomes `partly`.

use std::time::Duration;

/// How far a study has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It is known to be there.
    Planned,
    /// It is being taken.
    Running,
    /// As many instances are here as the old archive counts.
    Taken,
    /// Some are here, some are not.
    Partly,
    /// None could be taken.
    Failed,
    /// Each instance that the old archive names is here.
    Verified,
}

impl State {
    /// All.
    pub const ALL: [State; 6] =
        [State::Planned, State::Running, State::Taken, State::Partly, State::Failed, State::Verified];

    /// Its name in the ledger and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            State::Planned => "planned",
            State::Running => "running",
            State::Taken => "taken",
            State::Partly => "partly",
            State::Failed => "failed",
            State::Verified => "verified",
        }
    }

    /// The state of a name.
    pub fn named(name: &str) -> Option<Self> {
        State::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// What came of taking, or checking, a study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What it is now.
    pub state: State,
    /// Why it is not more. Names no patient.
    pub reason: Option<String>,
    /// When it is tried again, if it is.
    pub again: Option<Duration>,
}

/// How long until a study that could not be taken is tried again: a minute, and twice as long each time, up to six hours.
pub fn wait_after(tries: u32) -> Duration {
    const FIRST: Duration = Duration::from_secs(60);
    const LONGEST: Duration = Duration::from_secs(6 * 3600);
    FIRST.saturating_mul(1 << tries.saturating_sub(1).min(20)).min(LONGEST)
}

/// What a study is after it was to be taken. `there` instances are here of `wanted` that the old archive counts, where it counts;
/// `problem` is what it said, or how the retrieval ended, where that was not well. `tries` counts this one.
pub fn after_taking(
    there: u64,
    wanted: Option<u64>,
    problem: Option<String>,
    tries: u32,
    tries_max: u32,
) -> Outcome {
    let is_all = match wanted {
        Some(wanted) => there >= wanted && there > 0,
        // Nobody has counted: what the old archive says of the retrieval has to do.
        None => there > 0 && problem.is_none(),
    };
    if is_all {
        return Outcome { state: State::Taken, reason: None, again: None };
    }
    let count = match wanted {
        Some(wanted) => format!("{there} of {wanted} instances are here"),
        None => format!("{there} instances are here"),
    };
    let reason = match problem {
        Some(problem) => format!("{count}: {problem}"),
        None => count,
    };
    let state = if there > 0 { State::Partly } else { State::Failed };
    Outcome { state, reason: Some(reason), again: (tries < tries_max).then(|| wait_after(tries)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(there: u64, wanted: Option<u64>, problem: Option<&str>) -> (State, Option<String>) {
        let outcome = after_taking(there, wanted, problem.map(str::to_owned), 1, 3);
        (outcome.state, outcome.reason)
    }

    #[test]
    fn counts_decide_and_not_what_the_old_archive_says() {
        assert_eq!(after(5, Some(5), Some("B000H")), (State::Taken, None));
        assert_eq!(
            after(4, Some(5), None),
            (State::Partly, Some("4 of 5 instances are here".to_owned())),
            "success though one is missing"
        );
        assert_eq!(
            after(0, Some(5), Some("A701H")),
            (State::Failed, Some("0 of 5 instances are here: A701H".to_owned()))
        );
        assert_eq!(after(0, None, None).0, State::Failed);
        assert_eq!((after(3, None, None).0, after(3, None, Some("B000H")).0), (State::Taken, State::Partly));
        assert_eq!(after(0, Some(0), None).0, State::Failed, "a study without instances is none");
    }

    #[test]
    fn it_is_tried_again_so_many_times() {
        let again = |tries| after_taking(0, None, None, tries, 3).again.map(|again| again.as_secs());
        assert_eq!([again(1), again(2), again(3)], [Some(60), Some(120), None]);
        assert_eq!(wait_after(30), Duration::from_secs(6 * 3600));
    }
}
