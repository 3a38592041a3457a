//! How far it is, for those who ask.

use klinke_archive::Result;
use klinke_archive::migrate::ledger::{Asking, ExpectedRow};
use klinke_archive::migrate::{Ledger, State, StudyRow};
use klinke_console::house::archive as house;
use klinke_model::Timestamp;

use super::Place;
use crate::migrate::job::PROGRAM;

/// All of a site, with so many open ones of each at most.
pub fn show(places: &[Place], limit: usize) -> Result<Vec<house::Priors>> {
    places.iter().map(|place| one(place, limit)).collect()
}

/// Has all that was tried in vain tried again; gives how many steps and studies.
pub fn again(places: &[Place]) -> Result<house::Again> {
    let mut again = house::Again::default();
    for place in places.iter().filter(|place| place.ledger.exists()) {
        let ledger = Ledger::open(&place.ledger, PROGRAM)?;
        again.steps += ledger.ask_again(Timestamp::now())?;
        again.studies += ledger.again()?;
    }
    Ok(again)
}

fn one(place: &Place, limit: usize) -> Result<house::Priors> {
    let mut shown = house::Priors {
        name: place.name.clone(),
        from: place.from.clone(),
        way: place.way.to_owned(),
        ..house::Priors::default()
    };
    if !place.ledger.exists() {
        return Ok(shown);
    }
    let ledger = Ledger::open(&place.ledger, PROGRAM)?;
    let tally = ledger.tally()?;
    shown.waiting = ledger.expected_count(Asking::Waiting)?;
    shown.asked = ledger.expected_count(Asking::Asked)?;
    shown.unanswered = ledger.expected_count(Asking::Failed)?;
    shown.planned = tally.of(State::Planned) + tally.of(State::Running);
    shown.taken = tally.of(State::Taken);
    shown.partly = tally.of(State::Partly);
    shown.failed = tally.of(State::Failed);
    shown.instances = tally.taken;
    shown.open = ledger.expected_open(limit)?.into_iter().map(of_step).collect();
    let studies = ledger.priors_open(limit)?.into_iter().map(of_study);
    shown.open.extend(studies);
    shown.open.truncate(limit);
    Ok(shown)
}

fn of_step(row: ExpectedRow) -> house::Prior {
    house::Prior {
        scheduled: row.study,
        starts: Some(row.starts.to_string()),
        study: None,
        state: row.state.name().to_owned(),
        tries: row.tries,
        due: row.due.map(|due| due.to_string()),
        reason: row.reason,
    }
}

fn of_study((row, scheduled): (StudyRow, String)) -> house::Prior {
    house::Prior {
        scheduled,
        starts: None,
        study: Some(row.uid),
        state: row.state.name().to_owned(),
        tries: row.tries,
        due: row.due.filter(|due| due.0 > 0).map(|due| due.to_string()),
        reason: row.reason,
    }
}
