//! What pages and the API are told of a migration.

use anyhow::Result;
use klinke_archive::migrate::{State, StudyRow, Tally};
use klinke_console::house::migrate::{
    Counts, Does, Event, Line, Outlook as OutlookView, Pace, Progress, Study, Year,
};
use klinke_model::Timestamp;

use super::job::{Job, Pulse};
use super::outlook::Outlook;

/// So many studies that could not be taken are shown, and so many entries of the course.
const SHOWN_MAX: usize = 20;

/// What goes on of it in this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Going {
    /// It takes over, and how hard it presses.
    pub pulse: Option<Pulse>,
    /// A check goes on: studies done, of how many.
    pub checking: Option<(u64, u64)>,
}

/// It in short.
pub fn line(job: &Job, going: Going, now: Timestamp) -> Result<Line> {
    let tally = job.ledger.tally()?;
    let outlook = Outlook::of(&job.ledger, &tally, job.schedule.as_ref(), now)?;
    Ok(Line {
        name: job.name.clone(),
        title: job.title.clone(),
        way: job.config.way.name().to_owned(),
        does: does(job, &tally, going, now),
        studies: counts(|state| tally.of(state)),
        given_up: tally.given_up,
        counted_there: tally.wanted,
        here: tally.taken,
        missing: tally.missing,
        bytes: tally.bytes,
        slices_asked: tally.slices.0,
        slices: tally.slices.1,
        remarks: tally.remarks,
        outlook: OutlookView {
            instances_per_minute: outlook.instances_per_minute,
            over_minutes: outlook.over_minutes,
            instances_left: outlook.instances_left,
            seconds: outlook.seconds,
            uncounted: outlook.uncounted,
            is_partial: outlook.is_partial,
        },
    })
}

fn is_open(job: &Job, now: Timestamp) -> bool {
    job.schedule.as_ref().is_none_or(|schedule| schedule.is_open(now))
}

fn does(job: &Job, tally: &Tally, going: Going, now: Timestamp) -> Does {
    let is_planned = tally.slices.0 == tally.slices.1 && tally.slices.1 > 0;
    match going {
        Going { checking: Some(_), .. } => Does::Checks,
        Going { pulse: Some(_), .. } if !is_open(job, now) => Does::Waits,
        Going { pulse: Some(pulse), .. } if pulse.until.is_some_and(|until| until > now) => Does::Rests,
        Going { pulse: Some(_), .. } => Does::Takes,
        _ if is_planned && tally.all() > 0 && tally.ended() == tally.all() => Does::Done,
        _ => Does::Stands,
    }
}

fn counts(of: impl Fn(State) -> u64) -> Counts {
    Counts {
        planned: of(State::Planned),
        running: of(State::Running),
        taken: of(State::Taken),
        partly: of(State::Partly),
        failed: of(State::Failed),
        verified: of(State::Verified),
    }
}

/// How far it is. `is_told`: somebody tells who its patients are.
pub fn progress(job: &Job, going: Going, is_told: bool, now: Timestamp) -> Result<Progress> {
    let ledger = &job.ledger;
    let years = ledger.years()?.into_iter().map(|(year, of)| {
        let studies = counts(|state| of.get(&state).copied().unwrap_or(0));
        Year { year, studies }
    });
    let course = ledger.course()?.into_iter().rev().take(SHOWN_MAX);
    let shown = |states: &[State]| -> Result<Vec<Study>> {
        Ok(ledger.newest(states, SHOWN_MAX)?.into_iter().map(study).collect())
    };
    let pace = going.pulse.map(|pulse| Pace {
        running: pulse.running as u64,
        allowed: pulse.allowed as u64,
        most: job.config.associations as u64,
        sufferings: pulse.sufferings,
        until: pulse.until.filter(|until| *until > now).map(|until| until.to_string()),
    });
    Ok(Progress {
        line: line(job, going, now)?,
        system: job.config.system.clone(),
        hours: job.config.hours.clone(),
        is_open: is_open(job, now),
        pace,
        checking: going.checking,
        years: years.collect(),
        under_way: shown(&[State::Running])?,
        failures: shown(&[State::Partly, State::Failed])?,
        untold_patients: if is_told { Some(ledger.untold(0)?.1) } else { None },
        course: course
            .map(|event| Event {
                at: event.at.to_string(),
                what: event.what,
                program: event.program,
                note: event.note,
            })
            .collect(),
    })
}

fn study(row: StudyRow) -> Study {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let at = if row.state == State::Running { row.began } else { row.ended.or(row.began) };
    // What is due from the beginning of time is due now.
    let again = row.due.map(|due| due.max(at.unwrap_or(due)));
    Study {
        study: row.uid,
        date: row.date,
        modalities: row.modalities,
        state: row.state.name().to_owned(),
        counted_there: row.instances,
        here: row.taken,
        reason: row.reason.unwrap_or_default(),
        tries: row.tries,
        at: time(at),
        again: time(again),
    }
}
