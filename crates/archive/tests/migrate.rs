//! The ledger of a migration: states that survive the process, and what goes first.

#![allow(clippy::unwrap_used, reason = "a test that can't go on breaks off")]

use std::time::Duration;

use klinke_archive::Error;
use klinke_archive::migrate::ledger::{By, FileRow, Order};
use klinke_archive::migrate::{Day, Ledger, Missing, Named, Outcome, Seen, Slice, State};
use klinke_model::Timestamp;

const NOW: Timestamp = Timestamp(1_795_900_000_000_000);

fn seen(number: u32, patient: &str, date: &str, instances: Option<u64>) -> Seen {
    Seen {
        uid: format!("1.2.{number}"),
        patient: patient.to_owned(),
        date: date.to_owned(),
        modalities: "CT\\SR".to_owned(),
        series: Some(2),
        instances,
    }
}

fn ledger(folder: &tempfile::TempDir) -> Ledger {
    Ledger::open(&folder.path().join("migrations/old.db"), "klinke test").unwrap()
}

fn outcome(state: State, again: Option<u64>) -> Outcome {
    let reason = (state != State::Taken).then(|| "A701H".to_owned());
    Outcome { state, reason, again: again.map(Duration::from_secs) }
}

fn next(ledger: &Ledger, now: Timestamp) -> Option<String> {
    ledger.next_study(Order::Newest, now).unwrap().map(|study| study.uid)
}

#[test]
fn studies_go_by_date_and_those_that_are_asked_for_first() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder);
    ledger
        .see(&[
            seen(1, "A", "20240101", Some(5)),
            seen(2, "B", "20240301", Some(5)),
            seen(3, "A", "20240201", None),
            seen(4, "C", "20230101", Some(1)),
            seen(5, "D", "20220101", Some(1)),
        ])
        .unwrap();
    assert_eq!((ledger.expect("D").unwrap(), ledger.expect("nobody").unwrap()), (1, 0));
    assert_eq!(ledger.first("A").unwrap(), 2);
    assert_eq!(ledger.first("1.2.4").unwrap(), 1);
    let order: Vec<_> = std::iter::from_fn(|| next(&ledger, NOW)).collect();
    assert_eq!(order, ["1.2.4", "1.2.3", "1.2.1", "1.2.5", "1.2.2"]);
    assert_eq!(ledger.modalities().unwrap(), ["CT", "SR"]);
    assert!(!format!("{:?}", seen(1, "GEHEIM", "", None)).contains("GEHEIM"));
}

#[test]
fn what_a_dead_process_left_running_is_planned_again_and_one_works_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    {
        let ledger = ledger(&folder);
        let _work = ledger.work().unwrap();
        ledger.see(&[seen(1, "A", "20240101", Some(5))]).unwrap();
        assert_eq!(next(&ledger, NOW).as_deref(), Some("1.2.1"));
        let other = Ledger::open(&folder.path().join("migrations/old.db"), "x").unwrap();
        assert!(matches!(other.work(), Err(Error::InUse(_))));
        // Nobody takes what is running.
        assert_eq!(next(&other, NOW), None);
    }
    let ledger = ledger(&folder);
    let _work = ledger.work().unwrap();
    let study = ledger.next_study(Order::Newest, NOW).unwrap().unwrap();
    assert_eq!((study.state, study.tries), (State::Running, 2));
    ledger.give_back(study.number, NOW).unwrap();
    assert_eq!(ledger.next_study(Order::Newest, NOW).unwrap().unwrap().tries, 2);
}

#[test]
fn what_failed_is_due_later_and_what_has_grown_is_planned_again() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder);
    ledger.see(&[seen(1, "A", "20240101", Some(5)), seen(2, "B", "20240102", Some(3))]).unwrap();
    let second = ledger.next_study(Order::Newest, NOW).unwrap().unwrap();
    let missing =
        Missing { series: "1.1".to_owned(), instance: "1.1.1".to_owned(), reason: "A701H".to_owned() };
    let partly = outcome(State::Partly, Some(60));
    ledger.ended(second.number, &partly, (2, 1_000), std::slice::from_ref(&missing), NOW).unwrap();
    let first = ledger.next_study(Order::Newest, NOW).unwrap().unwrap();
    ledger.ended(first.number, &outcome(State::Taken, None), (5, 5_000), &[], NOW).unwrap();

    let tally = ledger.tally().unwrap();
    assert_eq!((tally.of(State::Taken), tally.of(State::Partly), tally.given_up), (1, 1, 0));
    assert_eq!((tally.wanted, tally.taken, tally.bytes, tally.left, tally.missing), (8, 7, 6_000, 1, 1));
    assert_eq!(ledger.missing(second.number).unwrap(), [missing]);
    assert_eq!(
        (next(&ledger, NOW), ledger.next_due().unwrap()),
        (None, Some(NOW.after(Duration::from_secs(60))))
    );
    let later = NOW.after(Duration::from_secs(60));
    assert_eq!(next(&ledger, later).as_deref(), Some("1.2.2"));
    ledger.ended(second.number, &outcome(State::Partly, None), (2, 1_000), &[], later).unwrap();
    assert_eq!((ledger.tally().unwrap().given_up, ledger.next_due().unwrap()), (1, None));
    assert_eq!(ledger.again().unwrap(), 1);
    assert_eq!(next(&ledger, later).as_deref(), Some("1.2.2"));

    ledger.ended(first.number, &outcome(State::Verified, None), (5, 5_000), &[], later).unwrap();
    ledger.see(&[seen(1, "A", "20240101", Some(5))]).unwrap();
    assert_eq!(ledger.tally().unwrap().of(State::Verified), 1);
    ledger.see(&[seen(1, "A", "20240101", Some(6))]).unwrap();
    assert_eq!(next(&ledger, later).as_deref(), Some("1.2.1"));
}

#[test]
fn an_inventory_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let slices = Slice::cut(Day(0), Day(59), 30);
    ledger(&folder).begin_inventory(&slices).unwrap();
    let ledger = ledger(&folder);
    assert_eq!(ledger.next_slice().unwrap().as_ref(), Some(&slices[0]));
    ledger.slice_done(&slices[0], 7, None, NOW).unwrap();
    ledger.slice_done(&slices[1], 0, Some("refused"), NOW).unwrap();
    assert_eq!(ledger.next_slice().unwrap(), Some(Slice::any()));
    let tally = ledger.tally().unwrap();
    assert_eq!((tally.slices, tally.remarks), ((2, 3), 1));
    let rows = ledger.slices().unwrap();
    assert_eq!((rows[0].found, rows[1].remark.as_deref()), (7, Some("refused")));
}

#[test]
fn the_speed_counts_minutes_in_which_it_worked_also_those_in_which_nothing_came() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder);
    let minute = |number: u64| NOW.after(Duration::from_secs(60 * number));
    ledger.came(600, 6_000, minute(0)).unwrap();
    ledger.came(0, 0, minute(1)).unwrap();
    assert_eq!(ledger.speed(minute(2)).unwrap(), None);
    // A night without work in between does not count.
    ledger.came(300, 3_000, minute(600)).unwrap();
    let speed = ledger.speed(minute(601)).unwrap().unwrap();
    assert_eq!((speed.instances, speed.bytes, speed.minutes), (300.0, 3_000.0, 3));
    assert_eq!(speed.for_instances(3_000), Some(Duration::from_secs(600)));
    // The present minute is not over.
    ledger.came(9_000, 1, minute(601)).unwrap();
    assert_eq!(ledger.speed(minute(601)).unwrap().unwrap().instances, 300.0);
}

#[test]
fn of_two_files_with_one_instance_the_longer_one_counts() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder);
    let file = |path: &str, size| FileRow {
        study: "1.2.1".to_owned(),
        named: Named { series: "1.2.1.1".to_owned(), instance: "1.2.1.1.1".to_owned() },
        path: path.into(),
        size,
    };
    ledger.see(&[seen(1, "A", "20240101", None)]).unwrap();
    ledger.see_files(&[file("a", 10), file("b", 20), file("c", 15)]).unwrap();
    ledger.count_files().unwrap();
    assert_eq!(ledger.files("1.2.1").unwrap(), [file("b", 20)]);
    assert_eq!(ledger.studies(None, 0, 9).unwrap()[0].instances, Some(1));
}

/// A ledger as the first version made it.
#[test]
fn a_ledger_of_the_first_version_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("migrations/old.db");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch(include_str!("../src/migrate/ledger/1.sql")).unwrap();
    connection
        .execute_batch(
            "INSERT INTO study(uid, patient, date, modalities, state, taken) VALUES ('1.2.1', 'A', '20200101', 'CT', 'taken', 3);
             PRAGMA user_version = 1;",
        )
        .unwrap();
    drop(connection);
    let ledger = ledger(&folder);
    let unsettled = ledger.unsettled("KIS", 0, 10).unwrap();
    assert_eq!((unsettled.len(), unsettled[0].uid.as_str()), (1, "1.2.1"));
    ledger.settled(&unsettled[0], "KIS", By::Nobody).unwrap();
    assert_eq!(ledger.unsettled("KIS", 0, 10).unwrap(), []);
    assert_eq!(ledger.unsettled("OTHER", 0, 10).unwrap().len(), 1);
    // One of a version that we do not know is left alone.
    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99;").unwrap();
    let opened = Ledger::open(&path, "klinke test");
    assert!(matches!(opened, Err(Error::TooNew { found: 99, .. })), "{opened:?}");
}

#[test]
fn of_whom_somebody_has_told_is_known_and_of_whom_nobody_has() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder);
    // Nothing is counted yet: everybody may be there.
    assert!(ledger.told("B").unwrap());
    ledger.begin_inventory(&[Slice::days(Day(0), Day(9))]).unwrap();
    assert!(ledger.told("E").unwrap());
    let studies: Vec<_> = [("A", 1), ("A", 2), ("B", 3), ("C", 4), ("D", 5), ("", 6)]
        .map(|(patient, number)| seen(number, patient, "20240101", Some(1)))
        .into();
    ledger.see(&studies).unwrap();
    ledger.slice_done(&Slice::days(Day(0), Day(9)), 6, None, NOW).unwrap();
    assert!(ledger.told("D").unwrap() && !ledger.told("nobody").unwrap());
    // Nothing of them is here yet.
    assert_eq!(ledger.untold(10).unwrap(), (Vec::new(), 0));
    while let Some(study) = ledger.next_study(Order::Newest, NOW).unwrap() {
        ledger.ended(study.number, &outcome(State::Taken, None), (1, 10), &[], NOW).unwrap();
    }
    let by = |patient: &str| match patient {
        "C" => By::List,
        _ => By::Nobody,
    };
    for study in ledger.unsettled("", 0, 10).unwrap() {
        ledger.settled(&study, "", by(&study.patient)).unwrap();
    }
    let (untold, all) = ledger.untold(10).unwrap();
    assert_eq!((untold.len(), all, untold[0].count), (1, 1, 2));
    assert_eq!(untold[0].studies, ["1.2.1", "1.2.2"]);
    assert_eq!(ledger.untold(0).unwrap(), (Vec::new(), 1));
    // What the archive knows after the first study came is what was settled here.
    ledger.see(&[seen(7, "A", "20240101", Some(1))]).unwrap();
    let study = ledger.next_study(Order::Newest, NOW).unwrap().unwrap();
    ledger.ended(study.number, &outcome(State::Taken, None), (1, 10), &[], NOW).unwrap();
    let study = ledger.unsettled("", 0, 10).unwrap().remove(0);
    ledger.settled(&study, "", By::Archive).unwrap();
    assert_eq!(ledger.untold(10).unwrap().1, 1);
    assert!(ledger.told("A").unwrap());
    assert_eq!(ledger.untold(10).unwrap(), (Vec::new(), 0));
    assert!(!format!("{study:?}").contains("\"A\""));
}

#[test]
fn years_and_the_newest_failures_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder);
    let dates = ["20240101", "20240601", "", "19x0", "20230101"];
    let studies: Vec<_> =
        dates.iter().zip(1..).map(|(date, number)| seen(number, "A", date, Some(2))).collect();
    ledger.see(&studies).unwrap();
    let states = [State::Taken, State::Partly, State::Failed, State::Partly];
    for (minute, state) in states.into_iter().enumerate() {
        let study = ledger.next_study(Order::Newest, NOW).unwrap().unwrap();
        let at = NOW.after(Duration::from_secs(minute as u64 * 60));
        ledger.ended(study.number, &outcome(state, None), (1, 10), &[], at).unwrap();
    }
    let years = ledger.years().unwrap();
    let count = |year: &str, state| years[year].get(&state).copied().unwrap_or(0);
    assert_eq!(years.keys().collect::<Vec<_>>(), ["", "2023", "2024"]);
    assert_eq!(
        (count("2024", State::Taken), count("2024", State::Partly), count("2023", State::Failed)),
        (1, 1, 1)
    );
    assert_eq!(years[""].values().sum::<u64>(), 2);
    let newest = ledger.newest(&[State::Partly, State::Failed], 2).unwrap();
    let newest: Vec<_> = newest.iter().map(|study| study.state).collect();
    assert_eq!(newest, [State::Partly, State::Failed]);
}
