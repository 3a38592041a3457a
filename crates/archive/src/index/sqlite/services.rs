//! What the index does for the worklist, performed procedure steps, storage commitment, events, workitems, and for those who look
//! after studies.

use std::ops::ControlFlow;

use klinke_dimse::data::DataSet;
use klinke_model::Timestamp;
use rusqlite::Connection;

use super::{SqliteIndex, commitment, event, performed, sending, tend, watch, workitem, worklist};
use crate::commitment::Commitment;
use crate::error::Result;
use crate::event::document::StudyParts;
use crate::event::{Bell, Event, Kind, Sending, Start};
use crate::index::Moved;
use crate::performed::{Performed, Progress, Told};
use crate::retention::Facts;
use crate::workitem::{Done, Refusal, Report, State, Target, Watcher, Workitem, WorkitemQuery};
use crate::worklist::{Coming, Scheduled, Step, StepKey, WorklistQuery};

/// The worklist.
impl SqliteIndex {
    pub(crate) fn schedule(&self, steps: Vec<Coming>, now: Timestamp) -> Result<Vec<Scheduled>> {
        self.change(move |connection| {
            steps.into_iter().map(|step| worklist::schedule(connection, step, now)).collect()
        })
    }

    pub(crate) fn cancel_step(&self, key: StepKey, now: Timestamp) -> Result<Scheduled> {
        self.change(move |connection| worklist::cancel(connection, &key, now))
    }

    pub(crate) fn step(&self, key: &StepKey) -> Result<Option<Step>> {
        self.readers.with(|connection| worklist::step(connection, key))
    }

    pub(crate) fn worklist(
        &self,
        query: &WorklistQuery,
        each: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) -> Result<()> {
        self.readers.with(|connection| worklist::find(connection, query, each))
    }

    pub(crate) fn expire_steps(&self, before: Timestamp) -> Result<u64> {
        self.change(move |connection| worklist::expire(connection, before))
    }
}

/// Performed procedure steps.
impl SqliteIndex {
    pub(crate) fn begin_performed(&self, performed: Performed) -> Result<Told> {
        let rules = self.rules;
        self.change(move |connection| performed::begin(connection, &performed, &rules))
    }

    pub(crate) fn change_performed(
        &self,
        uid: String,
        changes: DataSet,
        progress: Option<Progress>,
        now: Timestamp,
    ) -> Result<Told> {
        let rules = self.rules;
        self.change(move |connection| performed::change(connection, &uid, &changes, progress, now, &rules))
    }

    pub(crate) fn performed(&self, uid: &str) -> Result<Option<Performed>> {
        self.readers.with(|connection| performed::one(connection, uid))
    }

    pub(crate) fn all_performed(&self, before: Option<u64>, limit: usize) -> Result<Vec<Performed>> {
        self.readers.with(|connection| performed::all(connection, before, limit))
    }

    pub(crate) fn expire_performed(&self, before: Timestamp) -> Result<u64> {
        self.change(move |connection| performed::expire(connection, before))
    }
}

/// Storage commitment.
impl SqliteIndex {
    pub(crate) fn ask_commitment(&self, asked: Commitment) -> Result<u64> {
        self.change(move |connection| commitment::ask(connection, &asked))
    }

    pub(crate) fn commitments_due(&self, now: Timestamp, limit: usize) -> Result<Vec<Commitment>> {
        self.readers.with(|connection| commitment::due(connection, now, limit))
    }

    pub(crate) fn commitments_for(&self, peer: &str, limit: usize) -> Result<Vec<Commitment>> {
        self.readers.with(|connection| commitment::of_peer(connection, peer, limit))
    }

    pub(crate) fn postpone_commitment(&self, number: u64, due: Timestamp) -> Result<()> {
        self.change(move |connection| commitment::postpone(connection, number, due))
    }

    pub(crate) fn forget_commitment(&self, number: u64) -> Result<()> {
        self.change(move |connection| commitment::forget(connection, number))
    }
}

/// Retention, quotas and tiers.
impl SqliteIndex {
    pub(crate) fn facts(&self, after: i64, limit: usize) -> Result<Vec<Facts>> {
        self.readers.with(|connection| tend::facts(connection, after, limit))
    }

    pub(crate) fn latest(&self, study: i64) -> Result<Timestamp> {
        self.readers.with(|connection| tend::latest(connection, study))
    }

    pub(crate) fn places(&self, study: i64) -> Result<(Vec<String>, Vec<String>)> {
        self.readers.with(|connection| tend::places(connection, study))
    }

    pub(crate) fn is_owed(&self, study: &str) -> Result<bool> {
        self.readers.with(|connection| tend::is_owed(connection, study))
    }

    pub(crate) fn is_sent_by(&self, study: &str, sender: &str) -> Result<bool> {
        self.readers.with(|connection| tend::is_sent_by(connection, study, sender))
    }

    pub(crate) fn is_held(&self, study: &str) -> Result<bool> {
        self.readers.with(|connection| tend::is_held(connection, study))
    }

    pub(crate) fn usage(&self, sender: Option<&str>) -> Result<u64> {
        self.readers.with(|connection| tend::usage(connection, sender))
    }

    pub(crate) fn moved(&self, all: Vec<Moved>, at: Timestamp) -> Result<()> {
        self.change(move |connection| tend::moved(connection, &all, at))
    }

    pub(crate) fn note_left_over(&self, path: String) -> Result<()> {
        self.change(move |connection| tend::note_left_over(connection, &path, Timestamp::now()))
    }

    pub(crate) fn left_over(&self, before: Timestamp, limit: usize) -> Result<Vec<String>> {
        self.readers.with(|connection| tend::left_over(connection, before, limit))
    }

    pub(crate) fn forget_left_over(&self, paths: Vec<String>) -> Result<()> {
        self.change(move |connection| tend::forget_left_over(connection, &paths))
    }

    pub(crate) fn note_tier(&self, study: &str, tier: &str) -> Result<()> {
        let (study, tier) = (study.to_owned(), tier.to_owned());
        self.change(move |connection| tend::note_tier(connection, &study, &tier))
    }

    pub(crate) fn note_packed(&self, study: &str) -> Result<()> {
        let study = study.to_owned();
        self.change(move |connection| tend::note_packed(connection, &study))
    }

    pub(crate) fn tiers(&self) -> Result<Vec<String>> {
        self.readers.with(tend::tiers)
    }
}

/// Events.
impl SqliteIndex {
    pub(crate) fn bell(&self) -> &Bell {
        &self.bell
    }

    pub(crate) fn listen(
        &self,
        name: String,
        kind: Kind,
        start: Start,
        is_tracked: bool,
        now: Timestamp,
    ) -> Result<u64> {
        self.change(move |connection| {
            let position = event::listen(connection, &name, kind, start, now)?;
            match is_tracked {
                true => sending::track(connection, &name)?,
                false => sending::untrack(connection, &name)?,
            }
            Ok(position)
        })
    }

    pub(crate) fn handed_on(&self, one: Sending, position: u64, now: Timestamp) -> Result<()> {
        self.change(move |connection| sending::handed_on(connection, &one, position, now))
    }

    pub(crate) fn sending(&self, after: Option<&Sending>, limit: usize) -> Result<Vec<Sending>> {
        self.readers.with(|connection| sending::page(connection, after, limit))
    }

    pub(crate) fn sent(&self, all: Vec<Sending>) -> Result<()> {
        self.change(move |connection| sending::sent(connection, &all))
    }

    pub(crate) fn is_unsent(&self, study: &str, channel: &str) -> Result<bool> {
        self.readers.with(|connection| sending::is_unsent(connection, study, channel))
    }

    pub(crate) fn heard(&self, name: String, kind: Kind, position: u64, now: Timestamp) -> Result<()> {
        self.change(move |connection| event::put_listener(connection, &name, kind, position, now))
    }

    pub(crate) fn available(
        &self,
        study: String,
        from: String,
        attributes: DataSet,
        now: Timestamp,
    ) -> Result<()> {
        self.change(move |connection| event::available(connection, &study, &from, &attributes, now))
    }

    pub(crate) fn events(&self, kind: Kind, after: u64, limit: usize) -> Result<Vec<Event>> {
        self.readers.with(|connection| event::events(connection, kind, after, limit))
    }

    pub(crate) fn released(&self, studies: Vec<String>, now: Timestamp) -> Result<()> {
        let Some(settle) = self.rules.released else { return Ok(()) };
        self.change(move |connection| event::released(connection, &studies, now.after(settle)))
    }

    pub(crate) fn complete_due(&self, now: Timestamp) -> Result<u64> {
        // Asked for every second: a commit only where there is something to write.
        if !self.readers.with(|connection| event::is_due(connection, now))? {
            return Ok(0);
        }
        self.change(move |connection| event::complete_due(connection, now))
    }

    pub(crate) fn expire_events(&self, before: Timestamp, silent_since: Timestamp) -> Result<u64> {
        self.change(move |connection| event::expire(connection, before, silent_since))
    }

    pub(crate) fn study_parts(&self, uid: &str) -> Result<Option<StudyParts>> {
        self.readers.with(|connection| event::study_parts(connection, uid))
    }

    pub(crate) fn steps_of(&self, study: &str, accession: &str) -> Result<Vec<DataSet>> {
        self.readers.with(|connection| event::steps_of(connection, study, accession))
    }

    pub(crate) fn study_of(&self, accession: &str, patient: &str) -> Result<Option<String>> {
        self.readers.with(|connection| event::study_of(connection, accession, patient))
    }
}

/// Workitems.
impl SqliteIndex {
    pub(crate) fn create_workitem(&self, uid: String, came: DataSet, now: Timestamp) -> Result<(), Refusal> {
        let owed_max = self.watch.owed;
        self.change_or_refuse(move |connection| workitem::create(connection, &uid, &came, now, owed_max))
    }

    pub(crate) fn update_workitem(
        &self,
        uid: String,
        claim: Option<String>,
        told: DataSet,
        now: Timestamp,
    ) -> Result<Done, Refusal> {
        let owed_max = self.watch.owed;
        self.change_or_refuse(move |connection| {
            workitem::update(connection, &uid, claim.as_deref(), &told, now, owed_max)
        })
    }

    pub(crate) fn change_workitem_state(
        &self,
        uid: String,
        wanted: State,
        claim: String,
        now: Timestamp,
    ) -> Result<Done, Refusal> {
        let owed_max = self.watch.owed;
        self.change_or_refuse(move |connection| {
            workitem::change_state(connection, &uid, wanted, &claim, now, owed_max)
        })
    }

    pub(crate) fn cancel_workitem(
        &self,
        uid: String,
        asked: DataSet,
        now: Timestamp,
    ) -> Result<Done, Refusal> {
        let owed_max = self.watch.owed;
        self.change_or_refuse(move |connection| workitem::cancel(connection, &uid, &asked, now, owed_max))
    }

    pub(crate) fn workitem(&self, uid: &str) -> Result<Option<Workitem>> {
        self.readers.with(|connection| workitem::one(connection, uid))
    }

    pub(crate) fn workitems(&self, query: &WorkitemQuery) -> Result<Vec<Workitem>> {
        self.readers.with(|connection| workitem::find(connection, query))
    }

    pub(crate) fn expire_workitems(&self, over: Timestamp, idle: Timestamp) -> Result<u64> {
        self.change(move |connection| workitem::expire(connection, over, idle))
    }

    pub(crate) fn subscribe(&self, target: Target, title: String, is_locked: bool) -> Result<(), Refusal> {
        let limits = self.watch;
        self.change_or_refuse(move |connection| {
            watch::subscribe(connection, &target, &title, is_locked, limits)
        })
    }

    pub(crate) fn unsubscribe(&self, target: Target, title: String) -> Result<(), Refusal> {
        self.change_or_refuse(move |connection| watch::unsubscribe(connection, &target, &title))
    }

    pub(crate) fn suspend(&self, target: Target, title: String) -> Result<(), Refusal> {
        self.change_or_refuse(move |connection| watch::suspend(connection, &target, &title))
    }

    pub(crate) fn watcher(&self, title: &str) -> Result<Option<Watcher>> {
        self.readers.with(|connection| watch::watcher(connection, title))
    }

    pub(crate) fn forget_dropped(&self, title: String) -> Result<()> {
        self.change(move |connection| watch::forget_dropped(connection, &title))
    }

    pub(crate) fn reports(&self, title: &str, after: u64, limit: usize) -> Result<Vec<Report>> {
        self.readers.with(|connection| watch::reports(connection, title, after, limit))
    }

    pub(crate) fn reported(&self, title: String, up_to: u64) -> Result<()> {
        self.change(move |connection| watch::reported(connection, &title, up_to))
    }

    pub(crate) fn report_restart(&self) -> Result<()> {
        let owed_max = self.watch.owed;
        self.change(move |connection| watch::restart(connection, owed_max))
    }

    /// A change that is made whole or refused: then nothing of it stays.
    fn change_or_refuse<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        self.change(move |connection| {
            connection.prepare_cached("SAVEPOINT refusal")?.execute([])?;
            let done = work(connection);
            if done.is_err() {
                connection.prepare_cached("ROLLBACK TO refusal")?.execute([])?;
            }
            connection.prepare_cached("RELEASE refusal")?.execute([])?;
            match done {
                Err(Refusal::Archive(error)) => Err(error),
                done => Ok(done),
            }
        })?
    }
}
