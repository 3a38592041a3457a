//! `klinke link`: a signed link to a study, for whoever has no account.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use klinke_adapters::units::Period;
use klinke_console::people::link::{Link, To};
use klinke_model::Timestamp;
use serde_json::json;

use super::Ended;
use super::common::SiteFirst;
use crate::out::Out;

/// Make a signed link that opens a study in the viewer, without an account
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke link hospital/ --study 1.2.276.0.7230010.3.1.2.1 --for 'Dr. Muster'
  klinke link hospital/ --accession A4711 --by ris --valid 30m

The link is signed with the key of [console.links.<NAME>] in klinke.toml; whoever holds that key
can make links without Klinke, too: docs/viewer.md says how. Whoever has the link sees the study.
Exit status: 0 the link was written, 2 not.")]
pub struct Args {
    #[command(flatten)]
    site: SiteFirst,
    /// Study Instance UID
    #[arg(long, value_name = "UID", required_unless_present = "accession", conflicts_with = "accession")]
    study: Option<String>,
    /// Accession number: leads to its study, or to a choice of its studies
    #[arg(long, value_name = "ID")]
    accession: Option<String>,
    /// Whose key signs it; may be left out where there is one
    #[arg(long, value_name = "WHO")]
    by: Option<String>,
    /// Whom it is made for, for the audit log
    #[arg(long = "for", value_name = "WHO", default_value = "")]
    reader: String,
    /// How long it is good
    #[arg(long, value_name = "TIME", default_value = "1h")]
    valid: Period,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let site = args.site.site();
    let (node, _) = site.node()?;
    let console = node.console.as_ref().context("klinke.toml has no [console]")?;
    let by = match (&args.by, console.links.len()) {
        (Some(by), _) => by,
        (None, 1) => console.links.keys().next().context("no maker")?,
        (None, 0) => bail!(
            "klinke.toml names nobody who makes links: [console.links.NAME] secret = {{ file = \"…\" }}"
        ),
        (None, _) => bail!("klinke.toml names several who make links: say which with --by"),
    };
    let links = console.links.get(by).with_context(|| format!("klinke.toml has no [console.links.{by}]"))?;
    if args.valid.0 > links.longest.0 {
        bail!(
            "[console.links.{by}] allows links that are good for {} s at the most",
            links.longest.0.as_secs()
        );
    }
    let maker = links.maker().map_err(anyhow::Error::msg)?;
    let to = match (&args.study, &args.accession) {
        (Some(uid), _) => To::Study(uid.clone()),
        (None, number) => To::Accession(number.clone().unwrap_or_default()),
    };
    let until = ends(args.valid.0);
    let link = Link { by: by.clone(), to, until, reader: args.reader.clone() };
    let scheme = if console.tls.is_some() { "https" } else { "http" };
    let address = console.address.clone().unwrap_or_else(|| format!("{scheme}://{}", console.listen));
    let url = format!("{address}/view?{}", link.query(&maker));
    if out.json {
        out.value(&json!({ "url": url, "until": Timestamp(until * 1_000_000).to_string() }))?;
    } else {
        out.line(url);
    }
    Ok(ExitCode::SUCCESS)
}

/// The second at which a link that is made now ends.
fn ends(valid: Duration) -> i64 {
    Timestamp::now().after(valid).0 / 1_000_000
}
