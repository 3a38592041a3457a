//! Writes `docs/alerts.md` from the list of kinds. `--check` compares only.

use std::path::Path;

use anyhow::{Context, Result, bail};
use klinke_diagnosis::alert::kind::{Family, KINDS, Kind};

use crate::Outcome;

const HEAD: &str = "# Alerts

<!-- Written by `cargo xtask alerts` from crates/diagnosis/src/alert/kind.rs. Change the list there. -->

Every kind of alert. Words in braces are put in; `{what}` is the sentence of the cause that
[the ladder](faults.md) found. No alert holds patient data: its words are names of the site's files, numbers and codes.

**Ranks.** `urgent`: messages do not pass, or soon will not; somebody must be woken. `warning`: somebody should look at it
today. `notice`: worth knowing. What goes on in spite of it is told one rank lower.

**How they end.** *Reach*: a partner is not reached or not heard; those of one machine or one network are one alert.
*Lasts*: closed when it is over. *Once*: it happened, and is told once.

Who is told, when and by which way is said by [`alerts.toml`](configuration.md#alertstoml); see
[operating](operating.md#alerts).

";

/// Runs the task.
pub fn run(arguments: &[String]) -> Result<Outcome> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/alerts.md");
    let text = page();
    if !arguments.iter().any(|argument| argument == "--check") {
        std::fs::write(&file, text).context("docs/alerts.md")?;
        return Ok(Outcome::Done);
    }
    match std::fs::read_to_string(&file).is_ok_and(|kept| kept == text) {
        true => Ok(Outcome::Done),
        false => bail!("docs/alerts.md is not what the list says; run `cargo xtask alerts`"),
    }
}

fn page() -> String {
    let mut text = format!(
        "{HEAD}{} kinds:\n\n| kind | rank | ends | rung | title | Titel |\n|---|---|---|---|---|---|\n",
        KINDS.len()
    );
    for kind in KINDS {
        let (title, rank, layer) = (kind.title, kind.rank.word(), kind.layer.word());
        text += &format!(
            "| [`{code}`](#{code}) | {rank} | {} | {layer} | {} | {} |\n",
            family(kind),
            title.0,
            title.1,
            code = kind.code
        );
    }
    for kind in KINDS {
        text += &format!(
            "\n## {}\n\n{}\n\n{}\n",
            kind.code,
            both(kind.sentence.0, kind.sentence.1),
            both(kind.first.0, kind.first.1)
        );
        if !kind.causes.is_empty() {
            let causes: Vec<String> = kind.causes.iter().map(|cause| format!("`{cause}`")).collect();
            text += &format!("\nCauses: {}.\n", causes.join(", "));
        }
    }
    text
}

fn family(kind: &Kind) -> &'static str {
    match kind.family {
        Family::Reach => "reach",
        Family::Lasts => "lasts",
        Family::Once => "once",
    }
}

fn both(english: &str, german: &str) -> String {
    if english == german { english.to_owned() } else { format!("{english}  \n{german}") }
}
