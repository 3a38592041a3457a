//! Priors: a patient is scheduled (PS3.4, Annex K), and earlier studies of theirs lie in another archive. What is asked for, and which
//! of the studies that it answers are wanted.
//!
//! A patient is the same where the Patient ID (0010,0020) is the same, and its issuer (0010,0021) where both sides tell one. A name
//! never makes two patients one. A study whose Patient's Birth Date (0010,0030) is another one is not wanted: somebody has to look.
//!
//! Nothing here has a socket or a clock. What was asked and what came of it is in [`crate::migrate::ledger`].

use std::time::Duration;

use klinke_dimse::data::DataSet;
use klinke_dimse::tags;
use klinke_model::Timestamp;

use crate::find::Pattern;
use crate::identity::PatientKey;
use crate::migrate::ledger::Question;
use crate::migrate::{Day, Seen};
use crate::text;
use crate::worklist::{Step, StepKey};

/// The longest Patient ID that is asked for (LO; PS3.5, section 6.2).
const IDENTIFIER_LENGTH_MAX: usize = 64;

/// A step of the worklist, as far as its patient's earlier studies depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The step.
    pub key: StepKey,
    /// The patient, by identifier and issuer.
    pub patient: PatientKey,
    /// Patient's Birth Date, as it is; may be empty.
    pub birth_date: String,
    /// Study Instance UID of what is scheduled.
    pub study: String,
    /// Modality (0008,0060) of the step.
    pub modality: String,
    /// What is to be done, in small letters: Requested Procedure Description (0032,1060) and Scheduled Procedure Step Description
    /// (0040,0007).
    pub procedures: Vec<String>,
    /// When it begins; the time of its last change where it says no date.
    pub starts: Timestamp,
}

/// Which earlier studies are wanted.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    /// Only for steps of these modalities; for all when empty.
    pub for_modalities: Vec<String>,
    /// Only for steps with a description like one of these, `*` and `?` standing for any characters and for one; for all when empty.
    pub for_procedures: Vec<String>,
    /// Studies with one of these modalities; all when empty.
    pub modalities: Vec<String>,
    /// Only studies with the modality of the step.
    pub same_modality: bool,
    /// Studies with a Study Description (0008,1030) like one of these; all when empty.
    pub descriptions: Vec<String>,
    /// No older ones, by Study Date (0008,0020).
    pub newest_within: Option<Duration>,
    /// So many at most, the newest first.
    pub most: usize,
    /// Whose Patient IDs the other archive has: patients of another issuer are not asked for.
    pub issuer: Option<String>,
}

/// A study of the other archive, with what tells whose it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidate {
    /// The study.
    pub seen: Seen,
    /// Issuer of Patient ID; may be empty.
    pub issuer: String,
    /// Patient's Birth Date, as it is; may be empty.
    pub birth_date: String,
    /// Study Description; may be empty.
    pub description: String,
    /// Study Time, as it is; may be empty.
    pub time: String,
}

impl Candidate {
    /// Out of an answer to a query, its texts in UTF-8.
    pub fn of(set: &DataSet) -> Self {
        Candidate {
            seen: Seen::of(set),
            issuer: text::whole(set, tags::ISSUER_OF_PATIENT_ID),
            birth_date: text::whole(set, tags::PATIENT_BIRTH_DATE),
            description: text::whole(set, tags::STUDY_DESCRIPTION),
            time: text::whole(set, tags::STUDY_TIME),
        }
    }
}

/// What is wanted of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Studies that are wanted, the newest first.
    pub wanted: Vec<Seen>,
    /// Studies under the patient's identifier that have another birth date.
    pub contradicting: usize,
}

impl Expected {
    /// Of a step. `offset` says how far local time is ahead of UTC, in minutes. None where the step names no patient by an
    /// identifier: a name alone finds nobody.
    pub fn of(step: &Step, offset: &dyn Fn(Timestamp) -> i32) -> Option<Self> {
        let set = &step.attributes;
        let item = set.items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE).first()?;
        let patient = PatientKey::of(set);
        if patient.identifier.is_empty() || patient.identifier.len() > IDENTIFIER_LENGTH_MAX {
            return None;
        }
        let of = |tag| text::first(set, tag).unwrap_or_default().to_owned();
        let of_item = |tag| text::first(item, tag).unwrap_or_default();
        let texts = [
            text::first(set, tags::REQUESTED_PROCEDURE_DESCRIPTION),
            text::first(item, tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION),
        ];
        let date = of_item(tags::SCHEDULED_PROCEDURE_STEP_START_DATE);
        let time = of_item(tags::SCHEDULED_PROCEDURE_STEP_START_TIME);
        Some(Expected {
            key: StepKey {
                accession: of(tags::ACCESSION_NUMBER),
                step: of_item(tags::SCHEDULED_PROCEDURE_STEP_ID).to_owned(),
            },
            patient,
            birth_date: of(tags::PATIENT_BIRTH_DATE),
            study: of(tags::STUDY_INSTANCE_UID),
            modality: of_item(tags::MODALITY).to_owned(),
            procedures: texts.into_iter().flatten().map(str::to_lowercase).collect(),
            starts: moment(date, time, offset).unwrap_or(step.changed),
        })
    }

    /// As the ledger notes it; asked for so long before it begins.
    pub fn question(&self, before: Duration) -> Question {
        let mut hasher = blake3::Hasher::new();
        let patient = [&self.patient.identifier, &self.patient.issuer, &self.birth_date];
        for part in patient.into_iter().chain([&self.study, &self.modality]).chain(&self.procedures) {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        Question {
            key: self.key.clone(),
            study: self.study.clone(),
            hash: *hasher.finalize().as_bytes(),
            starts: self.starts,
            due: self.starts.before(before),
        }
    }
}

impl Rule {
    /// Whether studies are wanted for a step.
    pub fn is_for(&self, expected: &Expected) -> bool {
        let issuer = self.issuer.as_deref().unwrap_or_default();
        is_one(&self.for_modalities, |wanted| wanted.eq_ignore_ascii_case(&expected.modality))
            && is_one(&self.for_procedures, |wanted| {
                expected.procedures.iter().any(|one| is_like(one, wanted))
            })
            && !differ(issuer, &expected.patient.issuer)
    }

    /// Whether it depends on modalities: an archive need not answer Modalities in Study (0008,0061).
    pub fn needs_modalities(&self) -> bool {
        self.same_modality || !self.modalities.is_empty()
    }

    /// Which of the answered studies are wanted.
    pub fn choose(&self, expected: &Expected, candidates: Vec<Candidate>, now: Timestamp) -> Choice {
        let mut choice = Choice::default();
        let mut fitting: Vec<Candidate> = Vec::new();
        for one in candidates {
            // Archives match without regard to case, or take a wildcard out of an identifier.
            let is_theirs = one.seen.patient == expected.patient.identifier
                && !differ(&one.issuer, &expected.patient.issuer);
            if !is_theirs || one.seen.uid.is_empty() || one.seen.uid == expected.study {
                continue;
            }
            if differ(&digits(&one.birth_date), &digits(&expected.birth_date)) {
                choice.contradicting += 1;
            } else if self.fits(expected, &one, now) {
                fitting.push(one);
            }
        }
        let key = |one: &Candidate| (digits(&one.seen.date), one.time.clone());
        fitting
            .sort_by(|one, other| key(other).cmp(&key(one)).then_with(|| one.seen.uid.cmp(&other.seen.uid)));
        fitting.dedup_by(|one, other| one.seen.uid == other.seen.uid);
        choice.wanted = fitting.into_iter().take(self.most).map(|one| one.seen).collect();
        choice
    }

    fn fits(&self, expected: &Expected, one: &Candidate, now: Timestamp) -> bool {
        let has =
            |wanted: &str| one.seen.modalities.split('\\').any(|is| is.trim().eq_ignore_ascii_case(wanted));
        let description = one.description.to_lowercase();
        let is_young = self.newest_within.is_none_or(|age| {
            let day: Option<Day> = digits(&one.seen.date).parse().ok();
            day.is_some_and(|day| day >= Day::of(now.before(age)))
        });
        is_young
            && is_one(&self.modalities, |wanted| has(wanted))
            && (!self.same_modality || has(&expected.modality))
            && is_one(&self.descriptions, |wanted| is_like(&description, wanted))
    }
}

/// Whether one of those that are wanted is so; all is well where none is named.
fn is_one<T>(wanted: &[T], is: impl FnMut(&T) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(is)
}

/// Whether a text in small letters is like a pattern.
fn is_like(text: &str, pattern: &str) -> bool {
    Pattern::new(&pattern.to_lowercase()).matches(text)
}

/// Both are said, and not the same.
fn differ(one: &str, other: &str) -> bool {
    !one.is_empty() && !other.is_empty() && one != other
}

/// A date without the full stops that it had before 1993.
fn digits(date: &str) -> String {
    date.replace('.', "")
}

/// A local date and time (PS3.5, section 6.2); from midnight where there is no time.
fn moment(date: &str, time: &str, offset: &dyn Fn(Timestamp) -> i32) -> Option<Timestamp> {
    let day: Day = digits(date).parse().ok()?;
    let clock: String = time.chars().filter(|one| *one != ':').take_while(char::is_ascii_digit).collect();
    let number = |at: usize| clock.get(at..at + 2).and_then(|two| two.parse::<i64>().ok()).unwrap_or(0);
    let seconds = (number(0).min(23) * 60 + number(2).min(59)) * 60 + number(4).min(59);
    let local = Timestamp((i64::from(day.0) * 86_400 + seconds) * 1_000_000);
    let minutes = i64::from(offset(local));
    Some(Timestamp(local.0 - minutes * 60_000_000))
}

#[cfg(test)]
mod tests;
