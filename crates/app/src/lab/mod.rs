//! The fault laboratory: partners and networks that misbehave exactly, and a small site that meets them.
//!
//! | what | where |
//! |---|---|
//! | the table of faults, one line each | [`faults`] |
//! | what answers at the other end | [`partner`] |
//! | what lies between | [`network`] |
//! | who sends | [`sender`] |
//! | certificates, good and bad | [`certificates`] |
//! | the site's files | [`site`] |
//! | all of it running | [`stage`] |
//!
//! Everything is on loopback, each stage on an address of its own. Not played: what needs another machine
//! (a cable that is pulled, a route that is gone); the ladder's own tests hold these.

mod certificates;
pub mod faults;
mod network;
mod partner;
mod sender;
mod site;
mod stage;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use klinke_diagnosis::Lang;
use serde::Serialize;

use crate::lang::{Language, Pick};
use crate::out::{Out, Tone};
use faults::{FAULTS, Fault};
use stage::Stage;

/// How long a fault may take to be seen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A fault, as tools are told of it.
#[derive(Serialize)]
struct Line {
    name: &'static str,
    broken: &'static str,
    broken_de: &'static str,
    verdict: &'static str,
    layer: &'static str,
    cause: &'static str,
    system: &'static str,
}

/// The fault of a name.
pub fn fault(name: &str) -> Result<&'static Fault> {
    let found = FAULTS.iter().find(|fault| fault.name == name);
    let near = klinke_engine::steps::nearest(name, FAULTS.iter().map(|fault| fault.name));
    match (found, near) {
        (Some(fault), _) => Ok(fault),
        (None, Some(near)) => bail!("there is no fault `{name}`; did you mean `{near}`?"),
        (None, None) => bail!("there is no fault `{name}`; klinke demo --fault list names all"),
    }
}

/// Lists all faults.
pub fn list(out: Out) -> Result<()> {
    let line = |fault: &Fault| Line {
        name: fault.name,
        broken: fault.broken.0,
        broken_de: fault.broken.1,
        verdict: fault.verdict.word(),
        layer: fault.layer.word(),
        cause: fault.cause,
        system: fault.setup.asked,
    };
    if out.json {
        return out.value(&FAULTS.iter().map(line).collect::<Vec<_>>());
    }
    let lang = lang(out);
    let heading = out.lang.pick(
        ["fault", "verdict", "layer", "what is broken"],
        ["Fehler", "Urteil", "Sprosse", "was kaputt ist"],
    );
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(FAULTS.iter().map(|fault| {
        vec![
            fault.name.to_owned(),
            fault.verdict.name(lang).to_owned(),
            fault.layer.name(lang).to_owned(),
            lang.pick(fault.broken.0, fault.broken.1).to_owned(),
        ]
    }));
    out.table(&rows);
    Ok(())
}

fn lang(out: Out) -> Lang {
    match out.lang {
        Language::En => Lang::En,
        Language::De => Lang::De,
    }
}

/// Plays a fault and shows the diagnosis; true when it is the right one.
pub async fn show(fault: &'static Fault, folder: Option<PathBuf>, out: Out) -> Result<bool> {
    let folder = folder.unwrap_or_else(crate::demo::site::new_folder);
    let lang = lang(out);
    if !out.json {
        out.line(out.tone(Tone::Bold, lang.pick(fault.broken.0, fault.broken.1)));
        out.line(out.lang.pick(
            format!("The site lies in {}. What is seen takes a few seconds.", folder.display()),
            format!(
                "Der Standort liegt in {}. Bis es zu sehen ist, dauert es einige Sekunden.",
                folder.display()
            ),
        ));
        out.line("");
    }
    let stage = Stage::open(&fault.setup, &folder).await?;
    let end = tokio::time::Instant::now() + PATIENCE;
    let found = loop {
        tokio::time::sleep(Duration::from_millis(400)).await;
        let found = stage.diagnose(Some(fault.setup.asked), lang).await?;
        let seen = found.findings.first().is_some_and(|one| fault.is(one));
        if seen || tokio::time::Instant::now() > end {
            break found;
        }
    };
    stage.close().await;
    let right = found.findings.first().is_some_and(|one| fault.is(one));
    if out.json {
        found.findings.first().map(|one| out.value(one)).transpose()?;
    } else {
        crate::cmd::diagnose::show(&found, true, lang, out);
    }
    Ok(right)
}
