//! What a person decides: taking out, putting back, and what becomes of instances that lie beside.
//!
//! Nothing goes at once. What is taken out lies in the trash with the reason, its file where it was, until the trash is
//! emptied; until then it can be put back.

use std::fs;

use klinke_model::Timestamp;

use crate::archive::Archive;
use crate::change::{Change, Decision, ThrownFile};
use crate::error::{At, Error, Result};
use crate::index::{Added, ClashPolicy, Entry, Hold, Selection, Thrown, Was};
use crate::look::look;
use crate::place;

/// How many files are removed before the index is told.
const BITE: usize = 100;
/// How many instances stand in one entry of the journal.
const THROWN_AT_ONCE: usize = 1000;

impl Archive {
    /// Moves the instances of a selection into the trash; gives how many. Refused where one of their studies is held.
    pub fn throw(&self, of: &Selection, decision: &Decision) -> Result<u64> {
        if *of == Selection::default() {
            return Err(Error::Refused("say which instances".to_owned()));
        }
        let mut count = 0;
        let mut journal = self.journal();
        loop {
            let page = self.instances(of, 0, THROWN_AT_ONCE)?;
            if page.is_empty() {
                return Ok(count);
            }
            // A study may be held while others of the selection are thrown away: none of it goes.
            let held = self.holds()?;
            if let Some(one) =
                held.iter().find(|hold| page.iter().any(|instance| instance.study == hold.study))
            {
                return Err(Error::Held(format!("study {} is held: {}", one.study, one.why)));
            }
            count += page.len() as u64;
            let files = page.into_iter().map(|one| ThrownFile { uid: one.uid, path: one.file.path });
            self.write(&mut journal, &[Change::Throw { files: files.collect() }], decision)?;
        }
    }

    /// The studies that may not be thrown away, those held last first.
    pub fn holds(&self) -> Result<Vec<Hold>> {
        self.shared.index.holds()
    }

    /// Keeps a study from being thrown away, by whatever rule or person.
    pub fn hold(&self, study: &str, decision: &Decision) -> Result<u64> {
        if self.shared.index().study_folder(study)?.is_none() {
            return Err(Error::Missing("this study"));
        }
        self.decide(Change::Hold { study: study.to_owned() }, decision)
    }

    /// Lets a study be thrown away again.
    pub fn release(&self, study: &str, decision: &Decision) -> Result<u64> {
        if !self.holds()?.iter().any(|hold| hold.study == study) {
            return Err(Error::Refused("this study is not held".to_owned()));
        }
        self.decide(Change::Release { study: study.to_owned() }, decision)
    }

    /// What is in the trash, newest first, with numbers below `before`.
    pub fn trash(&self, before: Option<u64>, limit: usize) -> Result<Vec<Thrown>> {
        self.shared.index.trash(before, limit)
    }

    /// What is in the trash of a study, the newest first.
    pub fn thrown_of(&self, study: &str) -> Result<Vec<Thrown>> {
        self.shared.index.thrown_of(study)
    }

    /// Puts something from the trash back.
    pub fn put_back(&self, number: u64, decision: &Decision) -> Result<Added> {
        let thrown = self.shared.index.one_thrown(number)?;
        let mut journal = self.journal();
        self.write(&mut journal, &[Change::Restore { paths: vec![thrown.path.clone()] }], decision)?;
        let was = Was::Thrown(number);
        let added = self.add_again(&thrown.uid, &thrown.path, ClashPolicy::KeepFirst, was)?;
        if added == Added::Same {
            // Its bytes have come again under another name: this file is one too many.
            self.shared.syncer.sync()?;
            let path = self.shared.path(&thrown.path);
            fs::remove_file(&path).at("can't remove", &path)?;
            self.shared.index.forget_thrown(number)?;
        }
        Ok(added)
    }

    /// Removes for good what was thrown before a time; gives how many files and bytes went.
    pub fn empty_trash(&self, before: Timestamp) -> Result<(u64, u64)> {
        let (mut files, mut bytes) = (0, 0);
        self.shared.forget_folders();
        loop {
            let page = self.shared.index.overdue(before, BITE)?;
            if page.is_empty() {
                return Ok((files, bytes));
            }
            self.shared.syncer.sync()?;
            for thrown in page {
                // Nobody comes to the place between the file and the word that it is gone.
                let _claim = self.shared.claims.take(&thrown.uid);
                let path = self.shared.path(&thrown.path);
                place::remove(&path)?;
                // Folders go with the last of their files; others are not empty.
                let _ = path.ancestors().skip(1).take(2).try_for_each(fs::remove_dir);
                self.shared.index.forget_thrown(thrown.number)?;
                files += 1;
                bytes += thrown.size;
            }
        }
    }

    /// Gives an instance that lies beside the place of the one that has its UID.
    pub fn take_beside(&self, number: u64) -> Result<Added> {
        let one = self.shared.index.one_beside(number)?;
        self.add_again(&one.uid, &one.file.path, ClashPolicy::Replace, Was::Beside(number))
    }

    /// Moves an instance that lies beside into the trash.
    pub fn throw_beside(&self, number: u64, decision: &Decision) -> Result<()> {
        let one = self.shared.index.one_beside(number)?;
        let files = vec![ThrownFile { uid: one.uid, path: one.file.path }];
        self.decide(Change::Throw { files }, decision).map(drop)
    }

    /// Adds a file that lies in the archive to the index.
    fn add_again(&self, uid: &str, path: &str, clash: ClashPolicy, was: Was) -> Result<Added> {
        let _claim = self.shared.claims.take(uid);
        let full = self.shared.path(path);
        let look = look(&full, &self.shared.options.limits, &self.shared.options.charset)?;
        if !look.is_whole() {
            return Err(Error::Damaged(format!("{path}: its bytes are not those that were received")));
        }
        let study_folder = place::below(path).rsplitn(3, '/').nth(2).unwrap_or_default();
        let entry = look.entry(path, study_folder, crate::verify::written(&full), clash);
        self.shared.index().add_and_wait(Entry { was: Some(was), ..entry })
    }
}
