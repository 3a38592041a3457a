//! `klinke deploy` and `klinke rollback`: another revision of a running site goes live.

use std::process::ExitCode;

use klinke_console::house::deploy::Plan;
use klinke_console::house::request::Request;

use super::Ended;
use super::common::SiteFirst;
use crate::lang::Pick;
use crate::out::{Out, Tone};
use klinke_console::house::deploy::short;

/// Bring another revision of a running site to life, if it passes
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke deploy hospital/ --dry
  klinke deploy hospital/
  klinke deploy hospital/ 3f2a91c

The files are checked and the examples run; what does not pass does not go live.
With [deploy] follow = \"main\" in klinke.toml: without a revision the newest of the ref, which is then followed
again; a revision stays until the next `klinke deploy`. Without [deploy]: the files as they lie in the folder.
Exit status: 0 it is live (with --dry: it may go live), 1 it does not go live.")]
pub struct DeployArgs {
    #[command(flatten)]
    site: SiteFirst,
    /// A commit, branch or tag
    #[arg(value_name = "REV")]
    revision: Option<String>,
    /// Only say what would change
    #[arg(long)]
    dry: bool,
}

/// Go back to an earlier revision of a running site
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke rollback hospital/ --reason 'wrong ward in orders'
  klinke rollback hospital/ 3f2a91c --reason 'as of Friday'

Without a revision the one that ran before. It stays until the next `klinke deploy`. Who and why is kept in the audit log.
Exit status: 0 it is live, 1 it does not go live.")]
pub struct RollbackArgs {
    #[command(flatten)]
    site: SiteFirst,
    /// A commit, branch or tag
    #[arg(value_name = "REV")]
    revision: Option<String>,
    /// Why, for the audit log
    #[arg(long)]
    reason: String,
}

pub fn deploy(args: &DeployArgs, out: Out) -> Ended {
    let request = Request::Deploy { revision: args.revision.clone(), dry: args.dry };
    let plan: Plan = args.site.site().ask(request)?;
    tell(&plan, args.dry, out)
}

pub fn rollback(args: &RollbackArgs, out: Out) -> Ended {
    let request = Request::Rollback { revision: args.revision.clone(), reason: args.reason.clone() };
    let plan: Plan = args.site.site().ask(request)?;
    tell(&plan, false, out)
}

/// Says what has changed, or would.
pub fn tell(plan: &Plan, dry: bool, out: Out) -> Ended {
    if out.json {
        out.value(plan)?;
    } else {
        changes(plan, out);
        verdict(plan, dry, out);
    }
    Ok(if plan.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn changes(plan: &Plan, out: Out) {
    if !plan.subject.is_empty() {
        out.line(format!("{}  {}", out.tone(Tone::Bold, short(&plan.revision)), plan.subject));
    }
    let part = |tone: Tone, names: &[String], english: &str, german: &str| {
        if !names.is_empty() {
            out.line(format!("  {}: {}", out.tone(tone, out.lang.pick(english, german)), names.join(", ")));
        }
    };
    part(Tone::Good, &plan.added, "new", "neu");
    part(Tone::Warn, &plan.changed, "changes, connections stay", "ändert sich, Verbindungen bleiben");
    part(Tone::Warn, &plan.restarted, "starts anew", "startet neu");
    part(Tone::Bad, &plan.removed, "is gone", "fällt weg");
    part(
        Tone::Warn,
        &plan.restart,
        "counts from the next start on, in klinke.toml",
        "gilt erst ab dem nächsten Start, in klinke.toml",
    );
    if plan.is_empty() && plan.faults.is_empty() {
        out.line(out.lang.pick("  no channel changes", "  kein Kanal ändert sich"));
    }
}

fn verdict(plan: &Plan, dry: bool, out: Out) {
    for fault in &plan.faults {
        out.line(fault);
    }
    let (revision, examples) = (short(&plan.revision), plan.examples);
    let text = match (plan.faults.is_empty(), dry) {
        (false, _) => out.tone(
            Tone::Bad,
            out.lang.pick(
                "does not go live; all runs as before",
                "geht so nicht in Betrieb; alles läuft wie bisher",
            ),
        ),
        (true, true) => out.tone(
            Tone::Good,
            out.lang.pick(
                format!("may go live: {examples} examples as expected; nothing was changed"),
                format!("kann in Betrieb gehen: {examples} Beispiele wie erwartet; nichts wurde geändert"),
            ),
        ),
        (true, false) => out.tone(
            Tone::Good,
            out.lang.pick(
                format!("{revision} is live: {examples} examples as expected"),
                format!("{revision} ist in Betrieb: {examples} Beispiele wie erwartet"),
            ),
        ),
    };
    out.line(text);
}
