//! What was there, what came, what is missing and why: for the people who switch the old archive off.
//!
//! It names studies and instances by their UIDs, and no patient.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Result;
use klinke_archive::migrate::ledger::Untold;
use klinke_archive::migrate::{Ledger, State, StudyRow, Tally};
use klinke_engine::schedule::Schedule;
use klinke_model::Timestamp;
use serde_json::{Value, json};

use super::identity::are_told;
use super::job::PROGRAM;
use super::outlook::Outlook;
use crate::site::Site;

/// So many studies are read from the ledger at a time.
const PAGE_LENGTH: usize = 1_000;
/// So many studies that are not whole are listed on a page; JSON has all.
pub const LISTED_MAX: usize = 2_000;

/// What a report says.
pub struct Report {
    /// The site's name.
    pub site: String,
    /// The migration's name.
    pub name: String,
    /// What people call the old archive.
    pub old: String,
    /// How its studies came.
    pub way: &'static str,
    /// When it is written.
    pub at: Timestamp,
    /// How far it is.
    pub tally: Tally,
    /// How long it will still take.
    pub outlook: Outlook,
    /// Studies by year and state.
    pub years: BTreeMap<String, BTreeMap<State, u64>>,
    /// Studies that are not whole, up to [`LISTED_MAX`].
    pub not_whole: Vec<StudyRow>,
    /// How many more are not whole.
    pub more_not_whole: u64,
    /// What is to be said of parts of the inventory.
    pub remarks: Vec<(String, String)>,
    /// Patients of whom nobody has told, up to [`LISTED_MAX`], and how many in all; none where nobody tells.
    pub untold: Option<(Vec<Untold>, u64)>,
    /// What was done, when, by which version.
    pub course: Vec<klinke_archive::migrate::ledger::Event>,
}

/// Whether a study can be signed for.
fn is_whole(study: &StudyRow) -> bool {
    study.state == State::Verified
}

impl Report {
    /// Of a ledger.
    pub fn of(
        site: &Site,
        name: &str,
        ledger: &Ledger,
        schedule: Option<&Schedule>,
        at: Timestamp,
    ) -> Result<Report> {
        let config = &site.migrations[name];
        let system = site.systems.get(&config.system).and_then(|system| system.title.clone());
        let tally = ledger.tally()?;
        let remark =
            |row: klinke_archive::migrate::ledger::SliceRow| Some((row.slice.to_string(), row.remark?));
        let mut report = Report {
            site: site.node.name.clone(),
            name: name.to_owned(),
            old: system.unwrap_or_else(|| config.system.clone()),
            way: config.way.name(),
            at,
            outlook: Outlook::of(ledger, &tally, schedule, at)?,
            tally,
            years: BTreeMap::new(),
            not_whole: Vec::new(),
            more_not_whole: 0,
            remarks: ledger.slices()?.into_iter().filter_map(remark).collect(),
            untold: if are_told(site, name) { Some(ledger.untold(LISTED_MAX)?) } else { None },
            course: ledger.course()?,
        };
        each(ledger, &mut |study| {
            report.add(study);
            Ok(())
        })?;
        Ok(report)
    }

    fn add(&mut self, study: StudyRow) {
        let year = study.date.get(..4).filter(|year| year.bytes().all(|byte| byte.is_ascii_digit()));
        let of_year = self.years.entry(year.unwrap_or_default().to_owned()).or_default();
        *of_year.entry(study.state).or_default() += 1;
        if is_whole(&study) {
            return;
        }
        match self.not_whole.len() < LISTED_MAX {
            true => self.not_whole.push(study),
            false => self.more_not_whole += 1,
        }
    }

    /// Whether each study that the inventory has was found here, instance by instance.
    pub fn is_whole(&self) -> bool {
        let is_whole = self.not_whole.is_empty() && self.more_not_whole == 0;
        is_whole && !self.outlook.is_partial && self.tally.all() > 0
    }

    /// Whether there is nothing left to explain, also of the inventory.
    pub fn is_complete(&self) -> bool {
        self.is_whole() && self.remarks.is_empty()
    }

    /// Everything but the studies, as JSON.
    pub fn summary(&self) -> Value {
        let states = |counts: &BTreeMap<State, u64>| -> Value {
            counts
                .iter()
                .map(|(state, count)| (state.name().to_owned(), json!(count)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let years = self.years.iter().map(|(year, counts)| (year.clone(), states(counts)));
        json!({
            "site": self.site,
            "migration": self.name,
            "old_archive": self.old,
            "way": self.way,
            "at": self.at.to_string(),
            "program": PROGRAM,
            "complete": self.is_complete(),
            "studies": states(&self.tally.studies),
            "given_up": self.tally.given_up,
            "instances": {
                "counted_there": self.tally.wanted, "here": self.tally.taken, "missing": self.tally.missing,
            },
            "uncounted_studies": self.tally.uncounted,
            "bytes": self.tally.bytes,
            "slices": { "asked": self.tally.slices.0, "of": self.tally.slices.1 },
            "outlook": self.outlook,
            "years": years.collect::<serde_json::Map<_, _>>(),
            "remarks": self.remarks.iter().map(|(slice, remark)| json!({ "slice": slice, "remark": remark })).collect::<Vec<_>>(),
            "untold_patients": self.untold.as_ref().map(|(patients, all)| json!({
                "count": all,
                "listed": patients.iter().map(|one| json!({
                    "patient": one.number, "count": one.count, "studies": one.studies,
                })).collect::<Vec<_>>(),
            })),
            "course": self.course.iter().map(|event| json!({
                "at": event.at.to_string(), "what": event.what, "program": event.program, "note": event.note,
            })).collect::<Vec<_>>(),
        })
    }

    /// All of it as JSON, with each study and each missing instance; written piece by piece, as there may be millions.
    pub fn write_json(&self, ledger: &Ledger, out: &mut dyn Write) -> Result<()> {
        let mut summary = serde_json::to_string_pretty(&self.summary())?;
        // The list of studies takes the place of the last brace.
        summary.truncate(summary.trim_end().len().saturating_sub("\n}".len()));
        write!(out, "{summary},\n  \"all_studies\": [")?;
        let mut joint = "\n";
        each(ledger, &mut |study| {
            let missing = if is_whole(&study) { Vec::new() } else { ledger.missing(study.number)? };
            let missing: Vec<Value> = missing
                .iter()
                .map(|one| json!({ "series": one.series, "instance": one.instance, "reason": one.reason }))
                .collect();
            write!(out, "{joint}    {}", study_json(&study, missing))?;
            joint = ",\n";
            Ok(())
        })?;
        Ok(out.write_all(b"\n  ]\n}\n")?)
    }
}

/// A study as JSON.
pub fn study_json(study: &StudyRow, missing: Vec<Value>) -> Value {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    json!({
        "study": study.uid,
        "date": study.date,
        "modalities": study.modalities,
        "state": study.state.name(),
        "counted_there": study.instances,
        "here": study.taken,
        "reason": study.reason,
        "tries": study.tries,
        "taken": time(study.ended),
        "verified": time(study.verified),
        "program": study.program,
        "missing": missing,
    })
}

fn each(ledger: &Ledger, work: &mut dyn FnMut(StudyRow) -> Result<()>) -> Result<()> {
    let mut after = 0;
    loop {
        let page = ledger.studies(None, after, PAGE_LENGTH)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.number;
        page.into_iter().try_for_each(&mut *work)?;
    }
}
