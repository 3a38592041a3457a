use klinke_dimse::VR;
use klinke_dimse::data::DataSet;

use super::*;
use crate::worklist::StepState;

fn step(date: &str, time: &str) -> Step {
    let mut item = DataSet::new();
    item.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_ID, VR::SH, "S1");
    item.put_ascii(tags::MODALITY, VR::CS, "CT");
    item.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_START_DATE, VR::DA, date);
    item.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_START_TIME, VR::TM, time);
    item.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION, VR::LO, "CT Thorax");
    let mut set = DataSet::new();
    set.put_ascii(tags::ACCESSION_NUMBER, VR::SH, "A1");
    set.put_ascii(tags::PATIENT_ID, VR::LO, "4711");
    set.put_ascii(tags::ISSUER_OF_PATIENT_ID, VR::LO, "KIS");
    set.put_ascii(tags::PATIENT_BIRTH_DATE, VR::DA, "19700131");
    set.put_ascii(tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3");
    set.put_items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE, vec![item]);
    Step { number: 1, attributes: set, state: StepState::Scheduled, changed: Timestamp(7) }
}

fn expected() -> Expected {
    Expected::of(&step("20261201", "0815"), &|_| 60).unwrap()
}

fn study(uid: &str, date: &str, modalities: &str) -> Candidate {
    let seen = Seen {
        uid: uid.to_owned(),
        patient: "4711".to_owned(),
        date: date.to_owned(),
        modalities: modalities.to_owned(),
        ..Seen::default()
    };
    Candidate {
        seen,
        birth_date: "19700131".to_owned(),
        description: "CT Thorax".to_owned(),
        ..Candidate::default()
    }
}

fn chosen(rule: &Rule, candidates: Vec<Candidate>) -> Vec<String> {
    let now = Timestamp::from_parts(2026, 11, 30, 12, 0, 0).unwrap();
    rule.choose(&expected(), candidates, now).wanted.into_iter().map(|one| one.uid).collect()
}

fn any() -> Rule {
    Rule { most: 3, ..Rule::default() }
}

#[test]
fn a_step_begins_in_local_time_and_needs_an_identifier() {
    assert_eq!(Some(expected().starts), Timestamp::from_parts(2026, 12, 1, 7, 15, 0));
    assert_eq!(Expected::of(&step("", ""), &|_| 60).unwrap().starts, Timestamp(7));
    assert_eq!(
        Expected::of(&step("20261201", "x"), &|_| 0).unwrap().starts,
        Timestamp::from_parts(2026, 12, 1, 0, 0, 0).unwrap()
    );
    let mut nameless = step("20261201", "0815");
    nameless.attributes.remove(tags::PATIENT_ID);
    assert_eq!(Expected::of(&nameless, &|_| 0), None);
}

#[test]
fn a_question_is_another_one_for_another_patient_and_not_at_another_time() {
    let hash = |step: &Step| Expected::of(step, &|_| 0).unwrap().question(Duration::ZERO).hash;
    let first = step("20261201", "0815");
    let mut other = step("20261202", "0930");
    assert_eq!(hash(&first), hash(&other));
    other.attributes.put_ascii(tags::PATIENT_ID, VR::LO, "4712");
    assert_ne!(hash(&first), hash(&other));
}

#[test]
fn the_newest_come_first_and_no_more_than_wanted() {
    let all = ["20200101", "20240101", "", "20230101", "20220101"];
    let all: Vec<_> = all.iter().enumerate().map(|(n, date)| study(&format!("1.{n}"), date, "CT")).collect();
    assert_eq!(chosen(&any(), all.clone()), ["1.1", "1.3", "1.4"]);
    let young = Rule { newest_within: Some(Duration::from_secs(1_100 * 86_400)), ..any() };
    assert_eq!(chosen(&young, all), ["1.1"], "what has no date may be old");
}

#[test]
fn only_what_fits_is_wanted() {
    let all = || {
        vec![
            study("1.1", "20240101", "CT\\SR"),
            study("1.2", "20230101", "MR"),
            study("1.2.3", "20261201", "CT"),
        ]
    };
    assert_eq!(chosen(&any(), all()), ["1.1", "1.2"], "never what is scheduled itself");
    assert_eq!(chosen(&Rule { same_modality: true, ..any() }, all()), ["1.1"]);
    assert_eq!(chosen(&Rule { modalities: vec!["mr".to_owned()], ..any() }, all()), ["1.2"]);
    let described = |text: &str| Rule { descriptions: vec![text.to_owned()], ..any() };
    assert_eq!(chosen(&described("*thorax*"), all()).len(), 2);
    assert!(chosen(&described("*knie*"), all()).is_empty());
    let is_for = |rule: Rule| rule.is_for(&expected());
    assert!(is_for(Rule { for_procedures: vec!["*Thorax*".to_owned()], ..any() }));
    assert!(!is_for(Rule { for_procedures: vec!["knie".to_owned()], ..any() }));
    assert!(!is_for(Rule { for_modalities: vec!["MR".to_owned()], ..any() }));
    assert!(
        !is_for(Rule { issuer: Some("PRAXIS".to_owned()), ..any() })
            && is_for(Rule { issuer: Some("KIS".to_owned()), ..any() })
    );
}

#[test]
fn nobody_else_is_taken_for_the_patient() {
    let mut other = study("1.1", "20240101", "CT");
    other.seen.patient = "47110".to_owned();
    let mut issuer = study("1.2", "20240101", "CT");
    issuer.issuer = "PRAXIS".to_owned();
    let mut born = study("1.3", "20240101", "CT");
    born.birth_date = "1970.02.01".to_owned();
    let mut unborn = study("1.4", "20240101", "CT");
    unborn.birth_date = String::new();
    let choice = any().choose(&expected(), vec![other, issuer, born, unborn], Timestamp(0));
    assert_eq!((choice.wanted.len(), choice.contradicting), (1, 1));
    assert_eq!(choice.wanted[0].uid, "1.4");
}
