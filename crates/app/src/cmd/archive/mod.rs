//! `klinke archive`: care for the DICOM archive.

mod show;

use std::process::ExitCode;

use anyhow::Context;
use klinke_archive::Archive;
use klinke_console::house::archive::{Ask, Attributes, By, Take};
use klinke_console::house::request::Request;
use serde_json::{Value, json};

use super::Ended;
use super::common::{SiteArg, SiteFirst};
use super::media;
use super::upkeep::Bar;
use crate::control::socket;
use crate::lang::Pick;
use crate::out::{Out, Tone};

/// Look after the DICOM archive: check, correct, hold, throw away, restore; media
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke archive hospital/ status
  klinke archive hospital/ verify
  klinke archive hospital/ merge 4711 4712 --reason 'admitted twice'
  klinke archive hospital/ correct 4712 --name 'Muster^Eva' --birth-date 19700131 --reason 'passport'
  klinke archive hospital/ move 1.2.276.0.1 --to 4713 --reason 'wrong entry of the worklist'
  klinke archive hospital/ changes
  klinke archive hospital/ undo 17 --reason 'two persons after all'
  klinke archive hospital/ clashes
  klinke archive hospital/ decide 3 theirs --reason 'the modality has repaired it'
  klinke archive hospital/ inbox
  klinke archive hospital/ hold 1.2.276.0.1 --reason 'case 4 O 12/26'
  klinke archive hospital/ throw 1.2.276.0.1 --reason 'phantom'
  klinke archive hospital/ restore 1.2.276.0.1 --reason 'needed after all'
  klinke archive hospital/ retention --dry-run
  klinke archive hospital/ priors
  klinke archive hospital/ rebuild
  klinke archive hospital/ import /media/cdrom
  klinke archive hospital/ export --study 1.2.3 --to study.zip

A patient is named by an identifier, or by one with its issuer: 4711^^^KIS. Files stay as they came.
Exit status: 0 all is well, or done; 1 something is damaged.")]
pub struct Args {
    #[command(flatten)]
    site: SiteFirst,
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Args)]
struct Reason {
    /// Why
    #[arg(long)]
    reason: String,
}

impl Reason {
    fn by(&self) -> By {
        By::because(&self.reason)
    }
}

#[derive(clap::Args)]
struct List {
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: usize,
    /// Only those with numbers below this one
    #[arg(long, value_name = "NUMBER")]
    before: Option<u64>,
}

#[derive(clap::Subcommand)]
enum What {
    /// How much there is
    Status,
    /// Read every file and hold it against the index, and the index against the files
    Verify,
    /// Make the index anew from the files and the decisions; the site must not run
    Rebuild,
    /// Give all of one patient to another one, also what is yet to come
    Merge {
        /// Who is no longer
        #[arg(value_name = "OLD")]
        old: String,
        /// Who it is
        #[arg(value_name = "NEW")]
        new: String,
        #[command(flatten)]
        reason: Reason,
    },
    /// Lay attributes over those that a patient's instances have
    Correct {
        /// Whose
        #[arg(value_name = "PATIENT")]
        patient: String,
        /// The name, with `^` between its components
        #[arg(long, value_name = "NAME", required_unless_present_any = ["birth_date", "sex"])]
        name: Option<String>,
        /// The birth date: 19700131
        #[arg(long, value_name = "DATE")]
        birth_date: Option<String>,
        /// F, M or O
        #[arg(long, value_name = "SEX")]
        sex: Option<String>,
        #[command(flatten)]
        reason: Reason,
    },
    /// Give a study to another patient
    Move {
        /// Its Study Instance UID
        #[arg(value_name = "STUDY")]
        study: String,
        /// Whose it is
        #[arg(long, value_name = "PATIENT")]
        to: String,
        #[command(flatten)]
        reason: Reason,
    },
    /// Take a merge, correction or move back
    Undo {
        /// Its number among the changes
        #[arg(value_name = "NUMBER")]
        number: u64,
        #[command(flatten)]
        reason: Reason,
    },
    /// What was decided over what was received: who, when, why, from which message
    Changes {
        #[command(flatten)]
        list: List,
        /// What it is asked for, for the audit log
        #[arg(long)]
        purpose: Option<String>,
    },
    /// What lies beside until somebody decides
    Clashes {
        #[command(flatten)]
        list: List,
    },
    /// Decide what becomes of something that lies beside
    Decide {
        /// Its number among the clashes
        #[arg(value_name = "NUMBER")]
        number: u64,
        /// ours: it goes; theirs: it takes the place; both: it stays under new UIDs
        #[arg(value_name = "WHICH", value_parser = ["ours", "theirs", "both"])]
        which: String,
        #[command(flatten)]
        reason: Reason,
    },
    /// Studies that may not be thrown away
    Holds,
    /// Those who were turned away because the site does not name them, and the lines that let them in
    Inbox,
    /// Keep a study from being thrown away, by whatever rule or person
    Hold {
        /// Its Study Instance UID
        #[arg(value_name = "STUDY")]
        study: String,
        #[command(flatten)]
        reason: Reason,
    },
    /// Let a study be thrown away again
    Release {
        /// Its Study Instance UID
        #[arg(value_name = "STUDY")]
        study: String,
        #[command(flatten)]
        reason: Reason,
    },
    /// What is in the trash
    Trash {
        /// Only of this study
        #[arg(long, value_name = "STUDY")]
        study: Option<String>,
        #[command(flatten)]
        list: List,
    },
    /// Move a study, or a part of it, into the trash
    Throw {
        /// Its Study Instance UID
        #[arg(value_name = "STUDY")]
        study: String,
        /// Only this series
        #[arg(long, value_name = "SERIES")]
        series: Option<String>,
        /// Only this instance
        #[arg(long, value_name = "INSTANCE")]
        instance: Option<String>,
        #[command(flatten)]
        reason: Reason,
    },
    /// Throw away what the site's rules of retention let go, as the running site does at night
    Retention {
        /// Only say what would go
        #[arg(long)]
        dry_run: bool,
    },
    /// Which earlier studies are fetched for patients who are scheduled: what waits, what failed and why
    Priors {
        /// Try again what was tried in vain
        #[arg(long)]
        again: bool,
        /// At most so many that are open, of each archive
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        limit: usize,
    },
    /// Take a study out of the trash
    Restore {
        /// Its Study Instance UID
        #[arg(value_name = "STUDY", required_unless_present = "number")]
        study: Option<String>,
        /// Only what has this number in the trash
        #[arg(long, value_name = "NUMBER")]
        number: Vec<u64>,
        #[command(flatten)]
        reason: Reason,
    },
    /// Take in instances out of files: a medium with a DICOMDIR, or any folder, which the running site can read
    Import(media::ImportArgs),
    /// Write studies as a medium: instances, DICOMDIR, and pages that show the pictures
    Export(media::ExportArgs),
}

pub fn run(args: &Args, out: Out) -> Ended {
    let site = args.site.site();
    match &args.what {
        What::Status => show::status(&asked(&site, Ask::Status)?, out),
        What::Verify => verify(&site, out),
        What::Rebuild => rebuild(&site, out),
        What::Import(args) => media::run_import(args, &site, out),
        What::Export(args) => media::run_export(args, &site, out),
        What::Changes { list, purpose } => {
            let ask = Ask::Changes { before: list.before, limit: list.limit };
            show::changes(&asked::<Vec<_>>(&site.with(purpose), ask)?, out)
        }
        What::Clashes { list } => show::clashes(
            &asked::<Vec<_>>(&site, Ask::Clashes { before: list.before, limit: list.limit })?,
            out,
        ),
        What::Retention { dry_run } => {
            let went: Vec<_> = asked(&site, Ask::Retention { dry: *dry_run })?;
            show::retention(&went, *dry_run, out)
        }
        What::Priors { again: true, .. } => show::again(asked(&site, Ask::FetchAgain)?, out),
        What::Priors { limit, .. } => {
            show::priors(&asked::<Vec<_>>(&site, Ask::Priors { limit: *limit })?, out)
        }
        What::Holds => show::holds(&asked::<Vec<_>>(&site, Ask::Holds)?, out),
        What::Inbox => show::inbox(&asked::<Vec<_>>(&site, Ask::Inbox)?, out),
        What::Trash { study, list } => {
            let ask = Ask::Trash { study: study.clone(), before: list.before, limit: list.limit };
            show::trash(&asked::<Vec<_>>(&site, ask)?, out)
        }
        what => done(&asked(&site, deed(what))?, out),
    }
}

/// What is done, as the site is asked for it.
fn deed(what: &What) -> Ask {
    match what {
        What::Merge { old, new, reason } => {
            Ask::Merge { old: old.clone(), new: new.clone(), by: reason.by() }
        }
        What::Correct { patient, name, birth_date, sex, reason } => {
            let attributes =
                Attributes { name: name.clone(), birth_date: birth_date.clone(), sex: sex.clone() };
            Ask::Correct { patient: patient.clone(), attributes, by: reason.by() }
        }
        What::Move { study, to, reason } => {
            Ask::Move { study: study.clone(), to: to.clone(), by: reason.by() }
        }
        What::Undo { number, reason } => Ask::Undo { number: *number, by: reason.by() },
        What::Decide { number, which, reason } => {
            let take = match which.as_str() {
                "ours" => Take::Ours,
                "theirs" => Take::Theirs,
                _ => Take::Both,
            };
            Ask::Decide { number: *number, take, by: reason.by() }
        }
        What::Hold { study, reason } => Ask::Hold { study: study.clone(), by: reason.by() },
        What::Release { study, reason } => Ask::Release { study: study.clone(), by: reason.by() },
        What::Throw { study, series, instance, reason } => Ask::Throw {
            study: study.clone(),
            series: series.clone(),
            instance: instance.clone(),
            by: reason.by(),
        },
        What::Restore { study, number, reason } => {
            Ask::Restore { study: study.clone(), numbers: number.clone(), by: reason.by() }
        }
        // The others show something.
        _ => Ask::Status,
    }
}

fn asked<T: serde::de::DeserializeOwned>(site: &SiteArg, ask: Ask) -> anyhow::Result<T> {
    site.ask_long(Request::Archive(ask), &mut |_, _| {})
}

fn done(answer: &Value, out: Out) -> Ended {
    if out.json {
        out.value(answer)?;
        return Ok(ExitCode::SUCCESS);
    }
    let count = |key: &str| answer[key].as_u64();
    out.line(match (count("number"), count("instances"), count("beside")) {
        (Some(number), ..) => out
            .lang
            .pick(format!("done; it is change {number}"), format!("erledigt; es ist Änderung {number}")),
        (None, Some(instances), Some(beside)) if beside > 0 => out.lang.pick(
            format!("{instances} instances are back, {beside} lie beside: their place is taken"),
            format!("{instances} Instanzen sind zurück, {beside} liegen daneben: ihr Platz ist vergeben"),
        ),
        (None, Some(instances), _) => {
            out.lang.pick(format!("done: {instances} instances"), format!("erledigt: {instances} Instanzen"))
        }
        _ => out.lang.pick("done", "erledigt").to_owned(),
    });
    Ok(ExitCode::SUCCESS)
}

fn verify(site: &SiteArg, out: Out) -> Ended {
    let bar = Bar::new(out);
    let verified = site.ask_long(Request::Archive(Ask::Verify), &mut |done, of| bar.show(done, of))?;
    bar.end();
    show::verified(&verified, out)
}

fn rebuild(site: &SiteArg, out: Out) -> Ended {
    let (node, store) = site.node()?;
    let table = node.archive.as_ref().context("klinke.toml has no [archive]")?;
    if socket::connect(&store).is_some() {
        anyhow::bail!("the site runs; stop `klinke serve` first");
    }
    let options = table.options(&site.folder);
    let rebuilt = Archive::rebuild(&site.folder.join(&table.path), &options, &mut |_| {})?;
    if out.json {
        let faults = rebuilt.faults.iter().map(|(path, why)| json!({ "path": path, "why": why }));
        out.value(&json!({
            "instances": rebuilt.instances, "beside": rebuilt.beside, "workitems": rebuilt.workitems, "faults": faults.collect::<Vec<_>>(),
        }))?;
    } else {
        rebuilt.faults.iter().for_each(|(path, why)| out.line(format!("{path}: {why}")));
        let (instances, beside) = (rebuilt.instances, rebuilt.beside);
        let text = out.lang.pick(
            format!(
                "{instances} instances are in the index, {beside} beside; the old one is index.db.before"
            ),
            format!("{instances} Instanzen sind im Index, {beside} daneben; der alte heißt index.db.before"),
        );
        out.line(out.tone(Tone::Good, text));
        if rebuilt.workitems > 0 {
            let count = rebuilt.workitems;
            out.line(out.lang.pick(
                format!("{count} workitems were taken over from it"),
                format!("{count} Workitems wurden aus ihm übernommen"),
            ));
        }
    }
    Ok(if rebuilt.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
