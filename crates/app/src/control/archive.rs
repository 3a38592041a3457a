//! The DICOM archive: answers about it, and what people decide about what is in it.

use anyhow::{Context, Result, bail};
use klinke_adapters::dicom::Peers;
use klinke_archive::change::{Change, Decision, Entry};
use klinke_archive::index::{Added, Selection};
use klinke_archive::{Archive, Named, PatientKey, Take};
use klinke_console::house::archive as house;
use klinke_console::house::archive::{Ask, By};
use klinke_dimse::charset::Charset;
use klinke_dimse::data::DataSet;
use klinke_dimse::{Tag, VR, dictionary, tags};
use klinke_model::Timestamp;
use serde_json::{Value, json};

use super::answer::{Counter, Progress};
use crate::media;

/// Lines that are given at once at most.
const LINES_MAX: usize = 10_000;
/// Studies of a rule that are named.
const OLDEST_MAX: usize = 20;

/// Answers what is asked of the archive. Long for its list: one arm for each.
pub fn answer(counter: &Counter, ask: Ask, progress: Progress<'_>) -> Result<Value> {
    let archive = counter.world.archive.get().context("the site has no archive, or it is not open")?;
    match ask {
        Ask::Status => Ok(serde_json::to_value(status(archive)?)?),
        Ask::Verify => Ok(serde_json::to_value(verify(archive, progress)?)?),
        Ask::Changes { before, limit } => {
            let changes = archive.changes(before, limit.clamp(1, LINES_MAX))?;
            Ok(serde_json::to_value(changes.into_iter().map(change).collect::<Vec<_>>())?)
        }
        Ask::Merge { old, new, by } => {
            numbered(archive.merge(&named(&old)?, &named(&new)?, &decision(by)?)?)
        }
        Ask::Correct { patient, attributes, by } => {
            let set = attributes_of(&attributes)?;
            numbered(archive.correct(&named(&patient)?, &set, &decision(by)?)?)
        }
        Ask::Move { study, to, by } => numbered(archive.move_study(&study, &named(&to)?, &decision(by)?)?),
        Ask::Undo { number, by } => numbered(archive.undo(number, &decision(by)?)?),
        Ask::Clashes { before, limit } => Ok(serde_json::to_value(clashes(archive, before, limit)?)?),
        Ask::Decide { number, take, by } => {
            let take = match take {
                house::Take::Ours => Take::Ours,
                house::Take::Theirs => Take::Theirs,
                house::Take::Both => Take::Both,
            };
            archive.settle(number, take, &decision(by)?)?;
            Ok(json!({ "number": number }))
        }
        Ask::Holds => Ok(serde_json::to_value(holds(archive)?)?),
        Ask::Inbox => Ok(serde_json::to_value(inbox(&counter.peers))?),
        Ask::Import(import) => Ok(serde_json::to_value(media::import(archive, &import, progress)?)?),
        Ask::Export(export) => Ok(serde_json::to_value(media::export(archive, &export, progress)?)?),
        Ask::Hold { study, by } => numbered(archive.hold(&study, &decision(by)?)?),
        Ask::Release { study, by } => numbered(archive.release(&study, &decision(by)?)?),
        Ask::Trash { study, before, limit } => {
            Ok(serde_json::to_value(trash(archive, study, before, limit)?)?)
        }
        Ask::Throw { study, series, instance, by } => {
            let list = |uid: Option<String>| uid.into_iter().collect();
            let of = Selection {
                patient: None,
                studies: vec![study],
                series: list(series),
                instances: list(instance),
            };
            match archive.throw(&of, &decision(by)?)? {
                0 => bail!("there is no such study, series or instance"),
                count => Ok(json!({ "instances": count, "beside": 0 })),
            }
        }
        Ask::Retention { dry } => Ok(serde_json::to_value(retention(counter, archive, dry)?)?),
        Ask::Priors { limit } => {
            let priors = &counter.files().priors;
            Ok(serde_json::to_value(crate::priors::show(priors, limit.clamp(1, LINES_MAX))?)?)
        }
        Ask::FetchAgain => Ok(serde_json::to_value(crate::priors::again(&counter.files().priors)?)?),
        Ask::Restore { study, numbers, by } => restore(archive, study, numbers, &decision(by)?),
    }
}

fn decision(by: By) -> Result<Decision> {
    if by.reason.trim().is_empty() {
        bail!("say why");
    }
    Ok(Decision { who: by.who, why: by.reason, origin: String::new(), at: Timestamp::now() })
}

fn numbered(number: u64) -> Result<Value> {
    Ok(json!({ "number": number }))
}

fn named(text: &str) -> Result<Named> {
    Named::parse(text).context("name the patient by an identifier: 4711, or 4711^^^KIS with its issuer")
}

fn attributes_of(given: &house::Attributes) -> Result<DataSet> {
    let mut set = DataSet::new();
    set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
    if let Some(name) = &given.name {
        set.put_texts(tags::PATIENT_NAME, VR::PN, &[name], &Charset::UTF_8);
    }
    if let Some(date) = &given.birth_date {
        if date.len() != 8 || !date.bytes().all(|byte| byte.is_ascii_digit()) {
            bail!("a birth date has eight digits: 19700131");
        }
        set.put_ascii(tags::PATIENT_BIRTH_DATE, VR::DA, date);
    }
    if let Some(sex) = &given.sex {
        if !matches!(sex.as_str(), "F" | "M" | "O") {
            bail!("the sex is F, M or O");
        }
        set.put_ascii(tags::PATIENT_SEX, VR::CS, sex);
    }
    Ok(set)
}

fn status(archive: &Archive) -> Result<house::Status> {
    let totals = archive.totals()?;
    Ok(house::Status {
        patients: totals.patients,
        studies: totals.studies,
        series: totals.series,
        instances: totals.instances,
        bytes: totals.bytes,
        beside: totals.beside,
        thrown: totals.thrown,
        held: archive.holds()?.len() as u64,
    })
}

fn verify(archive: &Archive, progress: Progress<'_>) -> Result<house::Verified> {
    let _alone = super::answer::alone()?;
    let verified = archive.verify(&mut |done, of| progress(done, of))?;
    let faults = verified.faults.into_iter().map(|(path, why)| house::Fault { path, why });
    Ok(house::Verified {
        sound: verified.sound,
        damaged: verified.damaged,
        unknown: verified.unknown,
        bytes: verified.bytes,
        faults: faults.collect(),
    })
}

/// An entry of the journal, for people.
fn change(entry: Entry) -> house::Change {
    let decision = entry.decision;
    let view = house::Change {
        number: entry.number,
        at: decision.at.to_string(),
        who: decision.who,
        why: decision.why,
        origin: decision.origin,
        undone: entry.is_undone,
        ..house::Change::default()
    };
    let of = |what: &str| house::Change { what: what.to_owned(), ..view.clone() };
    match entry.change {
        Change::Merge { old, new } => {
            house::Change { old: Some(shown(&old)), patient: Some(shown(&new)), ..of("merge") }
        }
        Change::Correct { patient, attributes } => house::Change {
            patient: Some(shown(&patient)),
            attributes: attributes
                .0
                .iter()
                .map(|element| (keyword(element.tag), value(&attributes.0, element.tag)))
                .collect(),
            ..of("correct")
        },
        Change::Move { study, to } => {
            house::Change { study: Some(study), patient: Some(shown(&to)), ..of("move") }
        }
        Change::Undo { number } => house::Change { undoes: Some(number), ..of("undo") },
        Change::Hold { study } => house::Change { study: Some(study), ..of("hold") },
        Change::Release { study } => house::Change { study: Some(study), ..of("release") },
        Change::Throw { files } => house::Change { files: Some(files.len() as u64), ..of("throw") },
        Change::Restore { paths } => house::Change { files: Some(paths.len() as u64), ..of("restore") },
    }
}

/// An identity as people write it.
fn shown(key: &PatientKey) -> String {
    match key.issuer.is_empty() {
        true => key.identifier.clone(),
        false => format!("{}^^^{}", key.identifier, key.issuer),
    }
}

fn keyword(tag: Tag) -> String {
    dictionary::keyword(tag).map_or_else(|| format!("{:04X}{:04X}", tag.0, tag.1), str::to_owned)
}

fn value(set: &DataSet, tag: Tag) -> String {
    set.texts(tag, &Charset::UTF_8).join("\\")
}

fn clashes(archive: &Archive, before: Option<u64>, limit: usize) -> Result<Vec<house::Clash>> {
    let mut views = Vec::new();
    for one in archive.beside(before, limit.clamp(1, LINES_MAX))? {
        let ours = archive.instance(&one.uid)?.map(|ours| house::Ours {
            from: ours.file.from,
            at: ours.file.arrived.to_string(),
            bytes: ours.file.size,
        });
        views.push(house::Clash {
            number: one.number,
            reason: one.reason.name().to_owned(),
            study: one.study,
            series: one.series,
            instance: one.uid,
            from: one.file.from,
            at: one.file.arrived.to_string(),
            bytes: one.file.size,
            ours,
        });
    }
    Ok(views)
}

/// Those who were turned away because the site does not name them.
pub fn inbox(peers: &Peers) -> Vec<house::Unknown> {
    let unknown = |one: klinke_adapters::dicom::Unknown| house::Unknown {
        title: one.calling,
        called: one.called,
        host: one.host,
        first: one.first.to_string(),
        last: one.last.to_string(),
        times: one.times,
    };
    peers.inbox().all().into_iter().map(unknown).collect()
}

fn holds(archive: &Archive) -> Result<Vec<house::Hold>> {
    let hold = |hold: klinke_archive::index::Hold| house::Hold {
        study: hold.study,
        at: hold.at.to_string(),
        who: hold.who,
        why: hold.why,
    };
    Ok(archive.holds()?.into_iter().map(hold).collect())
}

fn trash(
    archive: &Archive,
    study: Option<String>,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<house::Thrown>> {
    let limit = limit.clamp(1, LINES_MAX);
    let all = match study {
        Some(study) => archive.thrown_of(&study)?,
        None => archive.trash(before, limit)?,
    };
    let thrown = |one: klinke_archive::index::Thrown| house::Thrown {
        number: one.number,
        at: one.at.to_string(),
        who: one.who,
        why: one.why,
        study: one.study,
        series: one.series,
        instance: one.uid,
        bytes: one.size,
    };
    Ok(all.into_iter().take(limit).map(thrown).collect())
}

/// What rules let go, rule by rule; with `dry` it stays.
fn retention(counter: &Counter, archive: &Archive, dry: bool) -> Result<Vec<house::Went>> {
    let rules = counter.files().retention_rules.clone();
    let mut all: Vec<house::Went> =
        rules.iter().map(|rule| house::Went { rule: rule.name.clone(), ..house::Went::default() }).collect();
    for due in crate::serve::tend::all_due(archive, &rules, false)? {
        let instances = if dry { due.instances } else { archive.let_go_of(&due, Timestamp::now())? };
        let Some(went) = all.iter_mut().find(|one| one.rule == due.rule) else { continue };
        went.studies += 1;
        went.instances += instances;
        went.bytes += due.bytes;
        if went.oldest.len() < OLDEST_MAX {
            went.oldest.push(due.study);
        }
    }
    Ok(all)
}

/// Takes things out of the trash; says how many are back, and how many lie beside because their place is taken.
fn restore(
    archive: &Archive,
    study: Option<String>,
    mut numbers: Vec<u64>,
    decision: &Decision,
) -> Result<Value> {
    if let Some(study) = study {
        // What went last first: it is what was there, and not what had been decided against before.
        numbers.extend(archive.thrown_of(&study)?.iter().map(|one| one.number));
    }
    if numbers.is_empty() {
        bail!("nothing of this is in the trash");
    }
    let (mut back, mut beside) = (0, 0);
    for number in numbers {
        match archive.put_back(number, decision)? {
            Added::Beside(_) => beside += 1,
            _ => back += 1,
        }
    }
    Ok(json!({ "instances": back, "beside": beside }))
}
