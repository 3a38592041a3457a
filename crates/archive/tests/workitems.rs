//! Workitems from inside: what survives, what goes, who is told, and who the patient is. What partners see of them is tried over HTTP.

#![allow(clippy::unwrap_used, reason = "a test that can't go on breaks off")]

mod common;

use std::time::Duration;

use common::{NOW, anna, image, open, send};
use klinke_archive::workitem::{
    Event, FILTERED_WORKLIST, Filter, Refusal, Report, State, Target, WorkitemQuery,
};
use klinke_archive::{Archive, Named, Options};
use klinke_dimse::data::DataSet;
use klinke_dimse::{Tag, VR, tags};

fn workitem(fields: &[(Tag, VR, &str)]) -> DataSet {
    let mut set = DataSet::new();
    set.put_ascii(tags::PROCEDURE_STEP_STATE, VR::CS, "SCHEDULED");
    set.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_PRIORITY, VR::CS, "LOW");
    set.put_ascii(tags::PROCEDURE_STEP_LABEL, VR::LO, "Segment");
    set.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_START_DATE_TIME, VR::DT, "20261130101500");
    set.put_ascii(tags::INPUT_READINESS_STATE, VR::CS, "READY");
    set.put_ascii(tags::PATIENT_ID, VR::LO, "4711");
    set.put_ascii(tags::PATIENT_NAME, VR::PN, "Muster^Anna");
    fields.iter().for_each(|(tag, vr, text)| set.put_ascii(*tag, *vr, text));
    set
}

fn create(archive: &Archive, uid: &str) {
    archive.create_workitem(uid, &workitem(&[]), NOW).unwrap();
}

/// Cancels what nobody has claimed: then it is over.
fn end(archive: &Archive, uid: &str) {
    archive.request_cancellation(uid, &DataSet::new(), NOW).unwrap();
    assert_eq!(archive.workitem(uid).unwrap().unwrap().state, State::Canceled);
}

fn told(reports: &[Report]) -> Vec<(&str, Event)> {
    reports.iter().map(|one| (one.workitem.as_str(), one.event)).collect()
}

#[test]
fn what_is_over_goes_after_a_time_unless_it_is_locked() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    for uid in ["1.1", "1.2", "1.3"] {
        create(&archive, uid);
    }
    archive.subscribe(Target::Workitem("1.1".into()), "KEEP", true).unwrap();
    archive.subscribe(Target::Workitem("1.2".into()), "WATCH", false).unwrap();
    end(&archive, "1.1");
    end(&archive, "1.2");
    let (week, year) = (Duration::from_secs(7 * 86_400), Duration::from_secs(365 * 86_400));
    let expire = |now: klinke_model::Timestamp| archive.expire_workitems(now.before(week), now.before(year));
    assert_eq!(expire(NOW.after(week)).unwrap(), 0);
    assert_eq!(expire(NOW.after(week + Duration::from_secs(1))).unwrap(), 1);
    assert!(archive.workitem("1.2").unwrap().is_none());
    // Whoever has watched it is still told how it ended.
    assert!(told(&archive.reports("WATCH", 0, 9).unwrap()).contains(&("1.2", Event::State)));
    archive.unsubscribe(Target::Workitem("1.1".into()), "KEEP").unwrap();
    assert_eq!(expire(NOW.after(week + Duration::from_secs(1))).unwrap(), 1);
    // What nobody has touched for a year goes, too.
    assert_eq!(expire(NOW.after(year)).unwrap(), 0);
    assert_eq!(expire(NOW.after(year + Duration::from_secs(1))).unwrap(), 1);
}

#[test]
fn workitems_and_watchers_are_taken_over_when_the_index_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    {
        let archive = open(folder.path());
        create(&archive, "1.1");
        archive.change_workitem_state("1.1", State::InProgress, "2.1", NOW).unwrap();
        archive.subscribe(Target::Worklist, "WATCH", true).unwrap();
        create(&archive, "1.2");
    }
    let rebuilt = Archive::rebuild(folder.path(), &Options::default(), &mut |_| {}).unwrap();
    assert_eq!((rebuilt.workitems, rebuilt.faults.len()), (2, 0));
    let archive = open(folder.path());
    let kept = archive.workitem("1.1").unwrap().unwrap();
    assert_eq!(kept.state, State::InProgress);
    let again = archive.change_workitem_state("1.1", State::InProgress, "2.2", NOW);
    assert_eq!(again, Err(Refusal::WrongTransaction));
    let watcher = archive.watcher("WATCH").unwrap().unwrap();
    assert_eq!((watcher.workitems, watcher.is_of_worklist, watcher.owed), (2, true, 2));
    assert_eq!(archive.reports("WATCH", 0, 9).unwrap().len(), 2);
    // Numbers of reports are not used again.
    create(&archive, "1.3");
    assert_eq!(archive.reports("WATCH", 2, 9).unwrap().len(), 1);
}

#[test]
fn an_index_that_cannot_be_read_is_said_and_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    std::fs::write(folder.path().join("index.db"), b"no database at all, but long enough to be one?")
        .unwrap();
    let rebuilt = Archive::rebuild(folder.path(), &Options::default(), &mut |_| {}).unwrap();
    assert_eq!((rebuilt.workitems, rebuilt.faults.len()), (0, 2), "{:?}", rebuilt.faults);
    assert_eq!(open(folder.path()).workitems(&WorkitemQuery::default()).unwrap().len(), 0);
}

#[test]
fn the_oldest_reports_are_dropped_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { reports_max: 3, watchers_max: 2, ..Options::default() };
    let archive = Archive::open(folder.path(), options).unwrap();
    archive.subscribe(Target::Worklist, "SLOW", false).unwrap();
    archive.subscribe(Target::Worklist, "OTHER", false).unwrap();
    assert_eq!(archive.subscribe(Target::Worklist, "THIRD", false), Err(Refusal::Crowded));
    for at in 1..=5 {
        create(&archive, &format!("1.{at}"));
    }
    let reports = archive.reports("SLOW", 0, 9).unwrap();
    assert_eq!(told(&reports), [("1.3", Event::State), ("1.4", Event::State), ("1.5", Event::State)]);
    let watcher = archive.watcher("SLOW").unwrap().unwrap();
    assert_eq!((watcher.owed, watcher.dropped), (3, 2));
    archive.reported("SLOW", reports[1].number).unwrap();
    assert_eq!(told(&archive.reports("SLOW", 0, 9).unwrap()), [("1.5", Event::State)]);
    archive.forget_dropped("SLOW").unwrap();
    assert_eq!(archive.watcher("SLOW").unwrap().unwrap().dropped, 0);
}

#[test]
fn a_restart_is_told_once_however_often_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    create(&archive, "1.1");
    archive.subscribe(Target::Workitem("1.1".into()), "WATCH", false).unwrap();
    archive.report_restart().unwrap();
    archive.report_restart().unwrap();
    let reports = archive.reports("WATCH", 0, 9).unwrap();
    assert_eq!(told(&reports), [("1.1", Event::State), ("1.2.840.10008.5.1.4.34.5", Event::Provider)]);
    assert_eq!(reports[1].attributes.ascii(tags::SCP_STATUS), Some("RESTARTED"));
}

#[test]
fn what_was_said_of_one_workitem_counts_before_what_is_said_of_all() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    create(&archive, "1.1");
    create(&archive, "1.2");
    let count = || archive.watcher("W").unwrap().map_or(0, |watcher| watcher.workitems);
    archive.subscribe(Target::Workitem("1.1".into()), "W", false).unwrap();
    archive.subscribe(Target::Worklist, "W", true).unwrap();
    assert_eq!(count(), 2);
    // The lock of all did not lock the one that was asked for without.
    end(&archive, "1.1");
    end(&archive, "1.2");
    let later = NOW.after(Duration::from_secs(1));
    assert_eq!(archive.expire_workitems(later, NOW).unwrap(), 1);
    assert!(archive.workitem("1.2").unwrap().is_some());
    // Suspended: what is watched is watched on, what is new is not.
    archive.suspend(Target::Worklist, "W").unwrap();
    assert_eq!(archive.suspend(Target::Worklist, "W"), Err(Refusal::NotSubscribed));
    create(&archive, "1.3");
    assert_eq!(count(), 1);
    // And the end of it all takes everything, with what is owed.
    archive.unsubscribe(Target::Worklist, "W").unwrap();
    assert_eq!(count(), 0);
    assert!(archive.reports("W", 0, 9).unwrap().iter().all(|report| report.workitem != "1.2"));
    assert_eq!(archive.unsubscribe(Target::Worklist, "W"), Err(Refusal::NotSubscribed));
}

#[test]
fn the_end_of_a_filter_leaves_what_is_watched_with_all() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    create(&archive, "1.1");
    let mut filter = Filter::default();
    assert!(filter.put(vec![tags::PATIENT_ID], "4711"));
    let filtered = Target::Filtered(filter);
    archive.subscribe(Target::Worklist, "W", false).unwrap();
    archive.subscribe(filtered.clone(), "W", false).unwrap();
    create(&archive, "1.2");
    // Each is told once.
    assert_eq!(told(&archive.reports("W", 0, 9).unwrap()), [("1.1", Event::State), ("1.2", Event::State)]);
    archive.unsubscribe(filtered.clone(), "W").unwrap();
    assert_eq!(archive.watcher("W").unwrap().unwrap().workitems, 2);
    // The other way round all of it ends.
    archive.subscribe(filtered, "W", false).unwrap();
    archive.unsubscribe(Target::Worklist, "W").unwrap();
    assert!(archive.watcher("W").unwrap().is_none());
    create(&archive, "1.3");
    assert!(archive.watcher("W").unwrap().is_none());
}

#[test]
fn a_filter_outlives_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let mut filter = Filter::default();
    assert!(filter.put(vec![tags::WORKLIST_LABEL], "AI*"));
    assert!(filter.put(vec![tags::SCHEDULED_STATION_NAME_CODE_SEQUENCE, tags::CODE_VALUE], "GPU1"));
    assert!(!filter.put(vec![tags::SCHEDULED_PROCEDURE_STEP_START_DATE_TIME], "tomorrow"));
    let target = Target::Filtered(filter);
    open(folder.path()).subscribe(target.clone(), "AI", false).unwrap();
    let archive = open(folder.path());
    let mut of_ai = workitem(&[(tags::WORKLIST_LABEL, VR::LO, "AI chest")]);
    archive.create_workitem("1.1", &of_ai, NOW).unwrap();
    let mut station = DataSet::new();
    station.put_ascii(tags::CODE_VALUE, VR::SH, "GPU1");
    station.put_ascii(tags::CODING_SCHEME_DESIGNATOR, VR::SH, "99K");
    station.put_ascii(tags::CODE_MEANING, VR::LO, "first");
    of_ai.put_items(tags::SCHEDULED_STATION_NAME_CODE_SEQUENCE, vec![station]);
    archive.create_workitem("1.2", &of_ai, NOW).unwrap();
    let reports = archive.reports("AI", 0, 9).unwrap();
    assert_eq!(told(&reports), [("1.2", Event::State), ("1.2", Event::Assigned)], "{FILTERED_WORKLIST}");
    assert_eq!(archive.watcher("AI").unwrap().unwrap().workitems, 1);
    archive.unsubscribe(target, "AI").unwrap();
    assert!(archive.watcher("AI").unwrap().is_none());
}

#[test]
fn a_patient_who_is_corrected_is_corrected_in_workitems_that_are_to_be_done() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    create(&archive, "1.1");
    create(&archive, "1.2");
    end(&archive, "1.2");
    send(&archive, &image("4711", "3.1", "3.1.1", "3.1.1.1"));
    let mut correct = DataSet::new();
    correct.put_ascii(tags::PATIENT_NAME, VR::PN, "Meister^Anna");
    let named = Named { identifier: "4711".to_owned(), issuer: None };
    archive.correct(&named, &correct, &anna()).unwrap();
    let name = |uid: &str| {
        let set = archive.workitem(uid).unwrap().unwrap().attributes;
        set.ascii(tags::PATIENT_NAME).unwrap().to_owned()
    };
    assert_eq!((name("1.1").as_str(), name("1.2").as_str()), ("Meister^Anna", "Muster^Anna"));
    // An update keeps it so.
    let mut update = DataSet::new();
    update.put_ascii(tags::PROCEDURE_STEP_LABEL, VR::LO, "Segment again");
    archive.update_workitem("1.1", None, &update, NOW).unwrap();
    assert_eq!(name("1.1"), "Meister^Anna");
}
