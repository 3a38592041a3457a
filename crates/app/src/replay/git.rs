//! A site's files as a revision of git has them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Lays the files of a revision into an empty folder, and says where the site is in it. The repository,
/// its index and its work tree stay as they are.
pub fn checkout(site: &Path, revision: &str, into: &Path) -> Result<PathBuf> {
    if revision.starts_with('-') {
        bail!("`{revision}` is no revision");
    }
    let prefix = ask(site, into, &["rev-parse", "--show-prefix"])?;
    let tree = ask(site, into, &["rev-parse", "--verify", "--quiet", &format!("{revision}^{{tree}}")])
        .with_context(|| format!("`{revision}` is neither a folder nor a revision of {}", site.display()))?;
    ask(site, into, &["read-tree", &tree])?;
    let target = format!("--prefix={}/", into.display());
    let top = ask(site, into, &["rev-parse", "--show-toplevel"])?;
    ask(Path::new(&top), into, &["checkout-index", "--all", "--force", &target])?;
    Ok(into.join(prefix))
}

fn ask(site: &Path, into: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("git");
    // Neither hooks nor settings of the folder may make git run anything.
    command.args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-C"]).arg(site);
    command.env("GIT_INDEX_FILE", into.join(".index")).args(arguments);
    let done = command.output().context("git is not to be had here")?;
    if !done.status.success() {
        bail!("git {}: {}", arguments.first().unwrap_or(&""), String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&done.stdout).trim_end().to_owned())
}
