//! The ledger of priors: what is asked for a step of the worklist, and what of the answers is wanted.

#![allow(clippy::unwrap_used, reason = "a test that can't go on breaks off")]

use std::time::Duration;

use klinke_archive::migrate::ledger::{Asking, Order, Question, Unanswered};
use klinke_archive::migrate::{Ledger, Outcome, Seen, State};
use klinke_archive::worklist::StepKey;
use klinke_model::Timestamp;

const NOW: Timestamp = Timestamp(1_795_900_000_000_000);
const HOUR: Duration = Duration::from_secs(3600);

fn ledger(folder: &tempfile::TempDir) -> Ledger {
    Ledger::open(&folder.path().join("priors/far.db"), "klinke test").unwrap()
}

fn question(number: u8, starts: Timestamp) -> Question {
    Question {
        key: StepKey { accession: format!("A{number}"), step: "S".to_owned() },
        study: format!("1.9.{number}"),
        hash: [number; 32],
        starts,
        due: starts.before(HOUR),
    }
}

fn seen(number: u32) -> Seen {
    Seen { uid: format!("1.2.{number}"), patient: "4711".to_owned(), instances: Some(2), ..Seen::default() }
}

#[test]
fn what_begins_first_is_asked_and_fetched_first_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let first = ledger(&folder);
    let (soon, late) = (NOW.after(HOUR / 2), NOW.after(HOUR * 3));
    assert_eq!(first.expect_steps(&[question(1, late), question(2, soon)]).unwrap(), 2);
    assert_eq!(first.expect_steps(&[question(1, late)]).unwrap(), 0, "it is known");
    drop(first);
    let ledger = ledger(&folder);
    let row = ledger.next_expected(NOW).unwrap().unwrap();
    assert_eq!((row.study.as_str(), row.state), ("1.9.2", Asking::Waiting));
    ledger.answered(&row, &[seen(1)], None, NOW).unwrap();
    assert_eq!(ledger.next_expected(NOW).unwrap(), None, "the other one begins later");
    let later = NOW.after(HOUR * 2);
    let other = ledger.next_expected(later).unwrap().unwrap();
    ledger.answered(&other, &[seen(2), seen(3)], Some("a remark"), later).unwrap();
    let next = || ledger.next_study(Order::Newest, later).unwrap().map(|study| study.uid);
    assert_eq!(next().as_deref(), Some("1.2.1"));
    let open = ledger.priors_open(10).unwrap();
    let of: Vec<_> = open.iter().map(|(study, wanted)| (study.uid.as_str(), wanted.as_str())).collect();
    assert_eq!(of, [("1.2.1", "1.9.2"), ("1.2.2", "1.9.1"), ("1.2.3", "1.9.1")]);
    let remarks = ledger.expected_open(10).unwrap();
    assert_eq!((remarks.len(), remarks[0].wanted, remarks[0].reason.as_deref()), (1, 2, Some("a remark")));
    assert_eq!(ledger.expected_count(Asking::Asked).unwrap(), 2);
}

#[test]
fn what_was_taken_is_wanted_again_by_another_step() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder);
    ledger.expect_steps(&[question(1, NOW), question(2, NOW)]).unwrap();
    let row = ledger.next_expected(NOW).unwrap().unwrap();
    ledger.answered(&row, &[seen(1)], None, NOW).unwrap();
    let study = ledger.next_study(Order::Newest, NOW).unwrap().unwrap();
    let taken = Outcome { state: State::Taken, reason: None, again: None };
    ledger.ended(study.number, &taken, (2, 100), &[], NOW).unwrap();
    assert_eq!((ledger.priors_open(9).unwrap().len(), ledger.next_due().unwrap()), (0, None));
    let row = ledger.next_expected(NOW).unwrap().unwrap();
    ledger.answered(&row, &[seen(1)], None, NOW).unwrap();
    assert_eq!(
        ledger.next_study(Order::Newest, NOW).unwrap().map(|study| study.uid).as_deref(),
        Some("1.2.1")
    );
}

#[test]
fn what_is_not_answered_is_asked_again_so_often_and_then_by_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder);
    ledger.expect_steps(&[question(1, NOW)]).unwrap();
    let row = ledger.next_expected(NOW).unwrap().unwrap();
    let again = |again, counts| Unanswered { reason: "A700H".to_owned(), again, counts };
    ledger.unanswered(row.number, &again(Some(NOW.after(HOUR)), true)).unwrap();
    assert_eq!(ledger.next_expected(NOW).unwrap(), None);
    // The step is told once more, at another time: what failed keeps its pause.
    ledger.expect_steps(&[question(1, NOW.after(HOUR / 2))]).unwrap();
    assert_eq!(ledger.next_expected(NOW).unwrap(), None);
    let row = ledger.next_expected(NOW.after(HOUR)).unwrap().unwrap();
    assert_eq!((row.tries, row.reason.as_deref()), (1, Some("A700H")));
    ledger.unanswered(row.number, &again(None, true)).unwrap();
    assert_eq!(ledger.expected_open(9).unwrap()[0].state, Asking::Failed);
    assert_eq!(ledger.ask_again(NOW).unwrap(), 1);
    let row = ledger.next_expected(NOW).unwrap().unwrap();
    assert_eq!((row.state, row.tries), (Asking::Waiting, 0));
    // Another question under the same step is asked at once, also after an answer.
    ledger.answered(&row, &[], None, NOW).unwrap();
    let other = Question { hash: [9; 32], ..question(1, NOW) };
    assert_eq!(ledger.expect_steps(&[other]).unwrap(), 1);
    assert!(ledger.next_expected(NOW).unwrap().is_some());
}

#[test]
fn steps_that_are_over_are_forgotten_with_what_only_they_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder);
    ledger.expect_steps(&[question(1, NOW), question(2, NOW.after(HOUR))]).unwrap();
    let row = ledger.next_expected(NOW).unwrap().unwrap();
    ledger.answered(&row, &[seen(1), seen(2)], None, NOW).unwrap();
    let row = ledger.next_expected(NOW).unwrap().unwrap();
    ledger.answered(&row, &[seen(2)], None, NOW).unwrap();
    assert_eq!(ledger.forget_expected(NOW.after(HOUR / 2)).unwrap(), 1);
    let left = ledger.studies(None, 0, 9).unwrap();
    assert_eq!(left.iter().map(|study| study.uid.as_str()).collect::<Vec<_>>(), ["1.2.2"]);
}
