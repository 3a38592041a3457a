//! The states of a unified procedure step and what may follow on what (PS3.4, section CC.1.1, Table CC.1.1-2).

use super::Refusal;

/// Procedure Step State (0074,1000).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Nobody has claimed it.
    Scheduled,
    /// Somebody performs it.
    InProgress,
    /// It is done; nothing changes any more.
    Completed,
    /// It is not wanted any more, or was broken off; nothing changes any more.
    Canceled,
}

/// What a change of state that is no fault comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The state changes.
    Change,
    /// It is so already (B304H, B306H).
    Same,
}

impl State {
    /// All.
    pub const ALL: [State; 4] = [State::Scheduled, State::InProgress, State::Completed, State::Canceled];

    /// Its name in (0074,1000).
    pub fn name(self) -> &'static str {
        match self {
            State::Scheduled => "SCHEDULED",
            State::InProgress => "IN PROGRESS",
            State::Completed => "COMPLETED",
            State::Canceled => "CANCELED",
        }
    }

    /// The state of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name.trim())
    }

    /// Whether it is a final state.
    pub fn is_over(self) -> bool {
        matches!(self, State::Completed | State::Canceled)
    }

    /// Whether `wanted` may follow, asked for by whoever has told `claim`; `claimed` is the Transaction UID of whoever has claimed
    /// the step, empty while nobody has.
    pub(crate) fn go(self, wanted: State, claim: &str, claimed: &str) -> Result<Step, Refusal> {
        if wanted == State::Scheduled {
            return Err(Refusal::ToScheduled);
        }
        if claim.is_empty() {
            return Err(Refusal::NoTransaction);
        }
        if self != State::Scheduled && claim != claimed {
            return Err(Refusal::WrongTransaction);
        }
        match (self, wanted) {
            (State::Scheduled, State::InProgress) => Ok(Step::Change),
            (State::Scheduled, _) => Err(Refusal::NotBegun),
            (State::InProgress, State::InProgress) => Err(Refusal::Claimed),
            (State::InProgress, _) => Ok(Step::Change),
            (is, wanted) if is == wanted => Ok(Step::Same),
            _ => Err(Refusal::Over),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Table CC.1.1-2, row by row.
    #[test]
    fn the_table_of_states() {
        use State::{Canceled, Completed, InProgress, Scheduled};
        let rows: [(State, [Result<Step, Refusal>; 4]); 4] = [
            (Scheduled, std::array::from_fn(|_| Err(Refusal::ToScheduled))),
            (InProgress, [Ok(Step::Change), Err(Refusal::Claimed), Err(Refusal::Over), Err(Refusal::Over)]),
            (Completed, [Err(Refusal::NotBegun), Ok(Step::Change), Ok(Step::Same), Err(Refusal::Over)]),
            (Canceled, [Err(Refusal::NotBegun), Ok(Step::Change), Err(Refusal::Over), Ok(Step::Same)]),
        ];
        for (wanted, row) in rows {
            for (is, expected) in State::ALL.into_iter().zip(row) {
                let claimed = if is == Scheduled { "" } else { "1.2" };
                assert_eq!(is.go(wanted, "1.2", claimed), expected, "{is:?} to {wanted:?}");
                if wanted == Scheduled {
                    continue;
                }
                assert_eq!(is.go(wanted, "", claimed), Err(Refusal::NoTransaction), "{is:?} to {wanted:?}");
                if is != Scheduled {
                    let other = is.go(wanted, "1.3", claimed);
                    assert_eq!(other, Err(Refusal::WrongTransaction), "{is:?} to {wanted:?}");
                }
            }
        }
    }
}
