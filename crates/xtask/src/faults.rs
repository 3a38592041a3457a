//! Writes `docs/faults.md` from the table of the fault laboratory, which the program itself tells
//! (`klinke demo --fault list --json`). `--check` compares only, `--klinke FILE` takes a built program.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::Outcome;

const HEAD: &str = "# Faults

<!-- Written by `cargo xtask faults` from crates/app/src/lab/faults.rs. Change the table there. -->

What breaks between a hospital's systems, and what `klinke diagnose` says of it. Each line is played by a test: a served
site, real sockets on loopback, messages that are sent, a partner or a network that misbehaves; verdict, rung and cause
must be the ones below, seen twice in a row, by the tool and by the running site itself, and nothing may be said of the
partner beside it that is well. `klinke demo --fault NAME` plays any of them.

**Verdicts.** `line`: cable, switch, firewall, power. `software`: the partner's or our service or driver. `setup`: a human:
wrong port, name, certificate, table, rule. `data`: one message.

**Rungs**, from the wire up: `name`, `route`, `tcp`, `tls`, `protocol`, `answer`, `content`, `queue`, `self`; and `silence`, which the
[rhythm](operating.md#alerts) tells and tests of months play (`crates/diagnosis/tests/rhythm.rs`).

";

const TAIL: &str = "
## Not played

What needs another machine is held by tests of the ladder alone, with facts as a probe or the site would have them
(`crates/diagnosis/tests/ladder.rs`): a name service that does not answer, an interface without a link, no route, a
neighbour that is not seen on the wire, a share that hangs, a full folder, connections that break at the same age, idle
connections that a firewall resets, a partner that restarts each night, a clock of ours that jumps or differs from all
others, memory, disk and file handles that run out.

## No false alarm

`crates/diagnosis/tests/healthy.rs` judges 1,000 healthy systems made by a generator with a fixed seed, with what healthy
systems do: slow and quick answers, idle connections closed, restarts, one AE, one lost answer, room for one connection
only, backlogs, other zones and character sets, strangers that knock. The test `of_healthy_sites_nothing_is_said` plays
64 healthy sites over real sockets: eight ways (MLLP, TLS, HTTP, files, a slow line, a slow partner, lanes, a connection
for each message), each with eight kinds of load.
";

/// Runs the task.
pub fn run(arguments: &[String]) -> Result<Outcome> {
    let check = arguments.iter().any(|argument| argument == "--check");
    let given = arguments.iter().position(|argument| argument == "--klinke");
    let given = given.map(|at| arguments.get(at + 1).context("--klinke needs a file")).transpose()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = page(&table(&root, given.map(PathBuf::from))?)?;
    let file = root.join("docs/faults.md");
    if check {
        let kept = std::fs::read_to_string(&file).context("docs/faults.md")?;
        if kept != text {
            bail!("docs/faults.md is not what the table of faults says; run `cargo xtask faults`");
        }
        println!("docs/faults.md is what the table of faults says");
        return Ok(Outcome::Done);
    }
    std::fs::write(&file, text).context("docs/faults.md")?;
    println!("wrote {}", file.display());
    Ok(Outcome::Done)
}

/// The faults, as the program tells them.
fn table(root: &Path, program: Option<PathBuf>) -> Result<Vec<Value>> {
    let mut command = match program {
        Some(file) => Command::new(file),
        None => {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.current_dir(root).args(["run", "--quiet", "--package", "klinke-app", "--"]);
            cargo
        }
    };
    let output = command.args(["demo", "--fault", "list", "--json"]).output()?;
    if !output.status.success() {
        bail!("klinke demo --fault list: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn page(faults: &[Value]) -> Result<String> {
    let mut text = format!("{HEAD}{} faults:\n\n", faults.len());
    text += "| fault | what is broken | was kaputt ist | verdict | rung | cause | asked |\n|---|---|---|---|---|---|---|\n";
    for fault in faults {
        let word = |key: &str| fault[key].as_str().with_context(|| format!("a fault without {key}"));
        text += &format!(
            "| `{}` | {} | {} | {} | {} | `{}` | {} |\n",
            word("name")?,
            word("broken")?,
            word("broken_de")?,
            word("verdict")?,
            word("layer")?,
            word("cause")?,
            word("system")?
        );
    }
    Ok(text + TAIL)
}
