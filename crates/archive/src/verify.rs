//! Whether files and index agree, and making the index anew from the files.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use klinke_model::Timestamp;

use crate::archive::Archive;
use crate::change::{Change, Decision, Journal};
use crate::decide::catch_up;
use crate::error::{At, Result};
use crate::event::Completion;
use crate::index::sqlite::SqliteIndex;
use crate::index::{Added, ClashPolicy, Index, Selection};
use crate::look::{self, look};
use crate::place;
use crate::shared::Options;
use crate::unsynced::{self, Lost};

/// How many instances are asked for at a time.
const PAGE_LENGTH: usize = 1000;
/// How many faults are listed; beyond that they are counted.
const LISTED_MAX: usize = 1000;

/// What a check of the archive found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Instances whose bytes are those that were received.
    pub sound: u64,
    /// How many are not.
    pub damaged: u64,
    /// How many files the index does not know. They were never acknowledged, or were laid there by hand.
    pub unknown: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// The files, each with what is wrong; paths are made of days and UIDs.
    pub faults: Vec<(String, String)>,
}

impl Verified {
    fn fault(&mut self, path: &str, text: String) {
        if self.faults.len() < LISTED_MAX {
            self.faults.push((path.to_owned(), text));
        }
    }
}

/// What making an index anew found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Instances that are in the index again.
    pub instances: u64,
    /// Instances that lie beside again.
    pub beside: u64,
    /// Workitems that were taken over from the old index.
    pub workitems: u64,
    /// Files that are no whole instances, each with the reason.
    pub faults: Vec<(String, String)>,
}

impl Archive {
    /// Reads every file and holds it against the index, and the index against the files. `progress` is told how many
    /// instances of how many are done.
    pub fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Verified> {
        let mut verified = Verified::default();
        let total = self.totals()?.instances;
        let mut after = 0;
        loop {
            let page = self.instances(&Selection::default(), after, PAGE_LENGTH)?;
            let Some(last) = page.last() else { break };
            after = last.number;
            for instance in &page {
                let file = &instance.file;
                match look::check(&self.path(instance), u64::from(file.data_offset), &file.hash) {
                    Ok(read) => {
                        verified.sound += 1;
                        verified.bytes += read;
                    }
                    Err(error) => {
                        verified.damaged += 1;
                        verified.fault(&file.path, error.to_string());
                    }
                }
                progress(verified.sound + verified.damaged, total);
            }
        }
        self.verify_beside(&mut verified)?;
        self.find_unknown(&mut verified)?;
        Ok(verified)
    }

    fn verify_beside(&self, verified: &mut Verified) -> Result<()> {
        let mut before = None;
        loop {
            let page = self.beside(before, PAGE_LENGTH)?;
            let Some(last) = page.last() else { return Ok(()) };
            before = Some(last.number);
            for one in &page {
                let path = self.shared.path(&one.file.path);
                if let Err(error) = look::check(&path, u64::from(one.file.data_offset), &one.file.hash) {
                    verified.damaged += 1;
                    verified.fault(&one.file.path, error.to_string());
                }
            }
        }
    }

    fn find_unknown(&self, verified: &mut Verified) -> Result<()> {
        let roots = roots(&self.shared.folder, &self.shared.options);
        let tiers: Vec<String> = roots.iter().map(|(tier, _)| tier.clone()).collect();
        each_study(&roots, &mut |folder| {
            let known = self.shared.index.paths(folder, &tiers)?;
            for (path, _) in files(&roots, folder)? {
                if !known.contains(&path) {
                    verified.unknown += 1;
                    verified.fault(&path, "the index does not know it".to_owned());
                }
            }
            Ok(())
        })
    }

    /// Makes the index anew from the files of an archive that nobody has open. The old one is kept beside as
    /// `index.db.before`.
    pub fn rebuild(folder: &Path, options: &Options, progress: &mut dyn FnMut(u64)) -> Result<Rebuilt> {
        let _lock = crate::archive::lock(folder)?;
        let (old, new) = (folder.join(place::INDEX), folder.join("index.db.new"));
        for suffix in ["", "-wal", "-shm"] {
            let path = with_suffix(&new, suffix);
            if path.exists() {
                fs::remove_file(&path).at("can't remove", &path)?;
            }
        }
        let mut rebuilt = Rebuilt::default();
        make_good(folder, &old, options, &mut rebuilt)?;
        {
            // What was there before is no news.
            let index = SqliteIndex::open_with(&new, Completion::NEVER, options.watch())?;
            // What was decided first: it says whose studies are, and what is in the trash.
            let journal = Journal::open(&folder.join(place::JOURNAL))?;
            catch_up(&journal, &index)?;
            let thrown = thrown(&journal)?;
            let roots = roots(folder, options);
            each_study(&roots, &mut |study| {
                for (path, full) in files(&roots, study)? {
                    match is_thrown(&thrown, &path, &full) {
                        Some(decision) => add_thrown(&index, path, &full, options, decision)?,
                        None => add(&index, path, &full, study, options, &mut rebuilt)?,
                    }
                    progress(rebuilt.instances + rebuilt.beside);
                }
                Ok(())
            })?;
            take_over(&index, &old, &mut rebuilt);
        }
        for suffix in ["", "-wal", "-shm"] {
            let path = with_suffix(&old, suffix);
            if path.exists() {
                let kept = with_suffix(&folder.join("index.db.before"), suffix);
                fs::rename(&path, &kept).at("can't name", &kept)?;
            }
        }
        fs::rename(&new, &old).at("can't name", &old)?;
        place::sync_folder(folder).at("can't sync", folder)?;
        Ok(rebuilt)
    }
}

/// Writes the files that a power cut took and whose bytes stand in the old index, as far as it can be read. Where they
/// can't be written nothing is made anew: the old index alone has them.
fn make_good(folder: &Path, old: &Path, options: &Options, rebuilt: &mut Rebuilt) -> Result<()> {
    if !old.exists() {
        return Ok(());
    }
    let index = SqliteIndex::open_with(old, Completion::NEVER, options.watch()).map_err(Lost::Index);
    match index.and_then(|index| unsynced::recover(folder, &index)) {
        Ok(()) => Ok(()),
        Err(Lost::Files(error)) => Err(error),
        Err(Lost::Index(error)) => {
            let text = format!("files of the moments before it ended may be lost: {error}");
            rebuilt.faults.push((place::INDEX.to_owned(), text));
            Ok(())
        }
    }
}

/// Takes workitems over from the old index, which alone has them, as far as it can be read.
fn take_over(index: &SqliteIndex, old: &Path, rebuilt: &mut Rebuilt) {
    if !old.exists() {
        return;
    }
    match index.take_over(old) {
        Ok(workitems) => rebuilt.workitems = workitems,
        Err(error) => {
            let text = format!("its workitems could not be taken over, or not all: {error}");
            rebuilt.faults.push((place::INDEX.to_owned(), text));
        }
    }
}

/// Adds a file to an index that is being made.
fn add(
    index: &SqliteIndex,
    path: String,
    full: &Path,
    study_folder: &str,
    options: &Options,
    rebuilt: &mut Rebuilt,
) -> Result<()> {
    let look = match look(full, &options.limits, &options.charset) {
        Ok(look) if look.is_whole() => look,
        Ok(_) => {
            rebuilt.faults.push((path, "its bytes are not those that were received".to_owned()));
            return Ok(());
        }
        Err(error) => {
            rebuilt.faults.push((path, error.to_string()));
            return Ok(());
        }
    };
    let entry = look.entry(&path, study_folder, written(full), ClashPolicy::KeepFirst);
    match (index as &dyn Index).add_and_wait(entry) {
        Ok(Added::New(_) | Added::Replaced(_)) => rebuilt.instances += 1,
        Ok(Added::Beside(_)) => rebuilt.beside += 1,
        // Another file took its place, and a crash or a lost index came between: it is one too many.
        Ok(Added::Same) => index.note_left_over(path)?,
        Err(error) => return Err(error),
    }
    Ok(())
}

/// The files that were thrown away and not put back, and by whom.
fn thrown(journal: &Journal) -> Result<HashMap<String, Decision>> {
    let mut thrown = HashMap::new();
    for entry in journal.since(0, usize::MAX)? {
        match entry.change {
            Change::Throw { files } => {
                thrown.extend(files.into_iter().map(|file| (file.path, entry.decision.clone())));
            }
            Change::Restore { paths } => paths.iter().for_each(|path| drop(thrown.remove(path))),
            _ => {}
        }
    }
    Ok(thrown)
}

/// Who has thrown a file away. One that was written since is another one of the same name.
fn is_thrown<'a>(thrown: &'a HashMap<String, Decision>, relative: &str, path: &Path) -> Option<&'a Decision> {
    thrown.get(relative).filter(|decision| written(path) <= decision.at)
}

/// Puts a file into the trash of an index that is being made.
fn add_thrown(
    index: &SqliteIndex,
    path: String,
    full: &Path,
    options: &Options,
    decision: &Decision,
) -> Result<()> {
    // What can't be read any more can't be put back either.
    let Ok(look) = look(full, &options.limits, &options.charset) else { return Ok(()) };
    let identity = look.identity;
    let names = [identity.instance, identity.study, identity.series, path];
    index.note_thrown(names, look.size, decision.clone())
}

/// When a file was last written: that is when its instance arrived.
pub(crate) fn written(path: &Path) -> Timestamp {
    let modified = fs::metadata(path).and_then(|data| data.modified()).unwrap_or(UNIX_EPOCH);
    let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// Where files lie: the archive's own folder, and its tiers, each with what stands before a path of it in the index.
fn roots(folder: &Path, options: &Options) -> Vec<(String, PathBuf)> {
    let tiers = options.tiers.iter().map(|tier| (format!("{}:", tier.name), tier.path.clone()));
    std::iter::once((String::new(), folder.to_path_buf())).chain(tiers).collect()
}

/// The folders of all studies, in the order of days; one that is in several tiers once.
fn each_study(roots: &[(String, PathBuf)], each: &mut dyn FnMut(&str) -> Result<()>) -> Result<()> {
    let mut studies = BTreeSet::new();
    for (_, root) in roots {
        let mut level = vec![root.join(place::STUDIES)];
        for _ in 0..4 {
            let mut below = Vec::new();
            for folder in &level {
                below.extend(entries(folder)?.into_iter().filter(|path| path.is_dir()));
            }
            level = below;
        }
        studies.extend(level.iter().map(|folder| relative(root, folder)));
    }
    studies.iter().try_for_each(|study| each(study))
}

/// The instances of a study's folder in all tiers, as the index knows their paths, and where they are; those with names of their own
/// before those beside them, which have longer ones.
fn files(roots: &[(String, PathBuf)], study: &str) -> Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    for (tier, root) in roots.iter().filter(|(_, root)| root.join(study).is_dir()) {
        for series in entries(&root.join(study))?.into_iter().filter(|path| path.is_dir()) {
            let instances = entries(&series)?.into_iter();
            let instances = instances.filter(|path| path.extension().is_some_and(|is| is == "dcm"));
            files.extend(instances.map(|path| (format!("{tier}{}", relative(root, &path)), path)));
        }
    }
    // Of a file that was moved to a tier and not yet removed here, the one in the tier comes first.
    let is_in_tier = |path: &str| place::below(path).len() < path.len();
    files.sort_by_key(|(path, _)| (path.contains('+'), place::below(path).to_owned(), !is_in_tier(path)));
    Ok(files)
}

fn entries(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    let read = fs::read_dir(folder).at("can't read", folder)?;
    read.map(|entry| entry.map(|entry| entry.path()).at("can't read", folder)).collect()
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned()
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
