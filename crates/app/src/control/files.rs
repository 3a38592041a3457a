//! The site's folder: its files, what a check says of them, where it stands in git.

use std::ffi::OsStr;
use std::path::Path;

use anyhow::{Context, Result, bail};
use klinke_console::house::site::{GitState, SiteFile, SiteFiles};

use super::answer::Counter;
use crate::site::{load, secrets};
use crate::wire;

/// Folders of a site whose files decide what happens.
const FOLDERS: [&str; 8] =
    ["", "channels", "tables", "lib", "templates", "dialects", "migrations", "examples"];
/// Kinds of files that are shown; secrets, keys and the store are none of them.
const KINDS: [&str; 6] = ["toml", "csv", "ts", "js", "hl7", "txt"];
/// Longer texts are listed and not shown.
const TEXT_BYTES_MAX: u64 = 256 << 10;
/// Files listed at most.
const FILES_MAX: usize = 2_000;

/// The folder as it is now.
pub fn site(counter: &Counter) -> Result<SiteFiles> {
    let known = counter.files();
    let folder = known.folder.as_ref().context("the site's folder is not known")?;
    let mut files = listed(folder);
    // What is no text is not offered.
    files.iter_mut().for_each(|file| file.shown &= std::fs::read_to_string(folder.join(&file.path)).is_ok());
    Ok(SiteFiles {
        name: known.site.clone(),
        faults: check(folder, known.home.as_deref().unwrap_or(folder), known.environment.as_deref(), counter),
        git: git(known.home.as_deref().unwrap_or(folder)),
        deployed: counter.board.view(),
        files,
        folder: folder.display().to_string(),
    })
}

/// The text of a file that the list shows. A path goes to the file system only when the list has it.
pub fn text(counter: &Counter, path: &str) -> Result<Option<String>> {
    let known = counter.files();
    let folder = known.folder.as_ref().context("the site's folder is not known")?;
    let is_shown = listed(folder).iter().any(|file| file.shown && file.path == path);
    Ok(is_shown.then(|| std::fs::read_to_string(folder.join(path)).ok()).flatten())
}

/// What a check says of the site with one file's text changed: in a folder of its own, whose other files are
/// those of the site.
pub fn propose(counter: &Counter, path: &str, text: &str) -> Result<Vec<String>> {
    let known = counter.files();
    let folder = known.folder.as_ref().context("the site's folder is not known")?;
    if !listed(folder).iter().any(|file| file.shown && file.path == path) {
        bail!("there is no such file in the site");
    }
    if text.len() as u64 > TEXT_BYTES_MAX {
        bail!("the text is too long");
    }
    if let Some(reference) = foreign(&std::fs::read_to_string(folder.join(path))?, text) {
        bail!("`{reference}` is not in the file that is there: what leads out of the site is added by hand");
    }
    let scratch = tempfile::tempdir().context("a folder for the changed file")?;
    let path = Path::new(path);
    let part = path.parent().unwrap_or(Path::new(""));
    link(folder, scratch.path(), part.iter().next().or(path.file_name()))?;
    if part != Path::new("") {
        std::fs::create_dir(scratch.path().join(part)).context("a folder for the changed file")?;
        link(&folder.join(part), &scratch.path().join(part), path.file_name())?;
    }
    std::fs::write(scratch.path().join(path), text).context("the changed file")?;
    let home = known.home.as_deref().unwrap_or(folder);
    Ok(check(scratch.path(), home, known.environment.as_deref(), counter))
}

/// The first reference to a secret or a file that a text has and the one before it has not: whoever proposes a
/// change must not learn from its faults what else this machine holds.
fn foreign(before: &str, text: &str) -> Option<String> {
    let of = |text: &str| match text.parse::<toml::Table>() {
        Ok(table) => secrets::references(&toml::Value::Table(table)),
        Err(_) => Vec::new(),
    };
    let known = of(before);
    of(text).into_iter().find(|reference| !known.contains(reference))
}

/// Links to all that lies in a folder, but for one name.
fn link(folder: &Path, into: &Path, except: Option<&OsStr>) -> Result<()> {
    for entry in std::fs::read_dir(folder)?.flatten() {
        let name = entry.file_name();
        if Some(name.as_os_str()) != except {
            std::os::unix::fs::symlink(std::path::absolute(entry.path())?, into.join(name))?;
        }
    }
    Ok(())
}

fn listed(folder: &Path) -> Vec<SiteFile> {
    let mut files = Vec::new();
    for part in FOLDERS {
        list(folder, Path::new(part), &mut files);
    }
    files
}

fn list(folder: &Path, part: &Path, files: &mut Vec<SiteFile>) {
    let Ok(entries) = std::fs::read_dir(folder.join(part)) else { return };
    let mut names: Vec<_> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    for name in names {
        let path = part.join(&name);
        let Ok(facts) = folder.join(&path).symlink_metadata() else { continue };
        let kind = path.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
        if files.len() >= FILES_MAX || !facts.is_file() || !KINDS.contains(&kind) {
            continue;
        }
        // Examples are messages: they are listed, and opened by nobody here.
        let shown = facts.len() <= TEXT_BYTES_MAX && kind != "hl7";
        files.push(SiteFile { path: path.display().to_string(), size: facts.len(), shown });
    }
}

/// What `klinke check` says.
fn check(folder: &Path, home: &Path, environment: Option<&str>, counter: &Counter) -> Vec<String> {
    let checked = load::load_beside(folder, home, environment)
        .and_then(|site| wire::channels(&site, &counter.world, &crate::serve::no_relay).map(|_| ()));
    checked.err().into_iter().flatten().map(|fault| fault.to_string()).collect()
}

/// The state in git; nothing where there is none, or no git on this machine.
fn git(folder: &Path) -> Option<GitState> {
    let ask = |arguments: &[&str]| crate::git::ask(folder, arguments).ok();
    let commit = ask(&["rev-parse", "HEAD"])?;
    let changed = ask(&["status", "--porcelain", "--untracked-files=normal", "--", "."]).unwrap_or_default();
    Some(GitState {
        branch: ask(&["rev-parse", "--abbrev-ref", "HEAD"]).unwrap_or_default(),
        subject: ask(&["log", "-1", "--format=%cs %an: %s"]).unwrap_or_default(),
        changed: changed.lines().map(|line| line.get(3..).unwrap_or(line).to_owned()).collect(),
        commit,
    })
}
