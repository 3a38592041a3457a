//! A site's files as a revision of git has them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::git;

/// Lays the files of a revision into an empty folder, and says where the site is in it. The repository,
/// its index and its work tree stay as they are.
pub fn checkout(site: &Path, revision: &str, into: &Path) -> Result<PathBuf> {
    if revision.starts_with('-') {
        bail!("`{revision}` is no revision");
    }
    let index = into.join(".index");
    let ask = |folder: &Path, arguments: &[&str]| git::ask(folder, Some(&index), arguments);
    let prefix = ask(site, &["rev-parse", "--show-prefix"])?;
    let tree = ask(site, &["rev-parse", "--verify", "--quiet", &format!("{revision}^{{tree}}")])
        .with_context(|| format!("`{revision}` is neither a folder nor a revision of {}", site.display()))?;
    ask(site, &["read-tree", &tree])?;
    let target = format!("--prefix={}/", into.display());
    let top = ask(site, &["rev-parse", "--show-toplevel"])?;
    ask(Path::new(&top), &["checkout-index", "--all", "--force", &target])?;
    Ok(into.join(prefix))
}
