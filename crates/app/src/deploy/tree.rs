//! A site's files as a commit of git has them, laid into a folder of their own.
//!
//! What git keeps is what somebody has pushed: names are looked at before anything is written. Only plain
//! files are laid down; a link, a repository within, or a name that leads elsewhere refuses the whole commit.
//! Neither filters nor hooks of the repository run, and its index and work tree stay as they are.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::git;

/// Files of a commit at most.
const FILES_MAX: usize = 20_000;
/// Bytes of all of them at most.
const BYTES_MAX: u64 = 256 << 20;
/// The longest name.
const NAME_BYTES_MAX: usize = 1_000;

/// The most that git answers for the bytes of all files: they, and a line for each.
const ANSWER_BYTES_MAX: u64 = BYTES_MAX + (FILES_MAX * 200) as u64;
/// The longest list of files that is read.
const LIST_BYTES_MAX: u64 = (FILES_MAX * (NAME_BYTES_MAX + 100)) as u64;

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its hash.
    pub hash: String,
    /// When and by whom it was made, and its first line.
    pub subject: String,
}

/// The commit that a revision means in the repository of a site.
pub fn resolve(site: &Path, revision: &str) -> Result<Commit> {
    ensure!(!revision.starts_with('-') && !revision.chars().any(char::is_control), "this is no revision");
    let name = format!("{revision}^{{commit}}");
    let hash = git::ask(site, &["rev-parse", "--verify", "--quiet", &name])
        .with_context(|| format!("`{revision}` is no revision of {}", site.display()))?;
    let is_hash = hash.len() >= 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    ensure!(is_hash, "`{revision}` is no revision of {}", site.display());
    let subject = git::ask(site, &["log", "-1", "--format=%cs %an: %s", &hash])?;
    Ok(Commit { hash, subject })
}

/// Lays the site's files of a commit into a folder, which must not be there yet. It is there whole or not
/// at all, whatever happens meanwhile.
pub fn lay(site: &Path, hash: &str, into: &Path) -> Result<()> {
    let files = listed(site, hash)?;
    let bytes = contents(site, &files)?;
    write(files.iter().map(|file| file.path.as_path()).zip(bytes), into)
}

/// Copies files of a folder into another one, as [`lay`] does.
pub fn copy(from: &Path, files: &[PathBuf], into: &Path) -> Result<()> {
    let mut bytes = Vec::new();
    let mut whole = 0;
    for file in files {
        let path = from.join(file);
        whole += std::fs::metadata(&path)?.len();
        ensure!(whole <= BYTES_MAX, "the files of {} are more than {BYTES_MAX} bytes", from.display());
        bytes.push(std::fs::read(&path).with_context(|| path.display().to_string())?);
    }
    write(files.iter().map(PathBuf::as_path).zip(bytes), into)
}

fn write<'a>(files: impl Iterator<Item = (&'a Path, Vec<u8>)>, into: &Path) -> Result<()> {
    let above = into.parent().context("a folder above")?;
    folders(above)?;
    let scratch = tempfile::Builder::new().prefix(".new-").tempdir_in(above).context("a new folder")?;
    for (file, bytes) in files {
        let path = scratch.path().join(file);
        folders(path.parent().unwrap_or(above))?;
        let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        out.write_all(&bytes)?;
        out.sync_all()?;
    }
    let scratch = scratch.keep();
    std::fs::rename(&scratch, into).with_context(|| into.display().to_string())?;
    std::fs::File::open(above)?.sync_all()?;
    Ok(())
}

fn folders(path: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(|| path.display().to_string())
}

/// A file of a commit.
struct File {
    hash: String,
    size: u64,
    path: PathBuf,
}

/// The files of the site's folder in a commit.
fn listed(site: &Path, hash: &str) -> Result<Vec<File>> {
    let prefix = git::ask(site, &["rev-parse", "--show-prefix"])?;
    let name = format!("{hash}:{}", prefix.trim_end_matches('/'));
    let tree = git::ask(site, &["rev-parse", "--verify", "--quiet", &name])
        .with_context(|| format!("the commit has no folder {prefix}"))?;
    let list =
        git::ask_bytes(site, &["ls-tree", "-r", "-z", "-l", "--full-tree", &tree], b"", LIST_BYTES_MAX)?;
    let entries = list.split(|&byte| byte == 0).filter(|entry| !entry.is_empty());
    let mut files = Vec::new();
    let mut bytes = 0;
    for entry in entries {
        let file = parse(entry)?;
        bytes += file.size;
        ensure!(files.len() < FILES_MAX, "the commit has more than {FILES_MAX} files");
        ensure!(bytes <= BYTES_MAX, "the files of the commit are more than {BYTES_MAX} bytes");
        files.push(file);
    }
    Ok(files)
}

/// One line of `git ls-tree -l`: mode, kind, hash and size, a tab, the path.
fn parse(entry: &[u8]) -> Result<File> {
    let text = std::str::from_utf8(entry).context("a file of the commit has a name that is no UTF-8")?;
    let (facts, path) = text.split_once('\t').context("git lists files in another way than is known")?;
    let mut facts = facts.split_ascii_whitespace();
    let (mode, kind) = (facts.next().unwrap_or_default(), facts.next().unwrap_or_default());
    let (hash, size) = (facts.next().unwrap_or_default(), facts.next().unwrap_or_default());
    if !is_safe(path) {
        bail!("the commit has a file whose name leads elsewhere: {path:?}");
    }
    match (mode, kind) {
        ("100644" | "100755" | "100664", "blob") => {}
        ("120000", _) => bail!("{path} is a link; a site that is taken out of git holds plain files alone"),
        _ => bail!("{path} is no plain file; a site that is taken out of git holds plain files alone"),
    }
    let size = size.parse().with_context(|| format!("{path}: its size is not known"))?;
    Ok(File { hash: hash.to_owned(), size, path: path.into() })
}

/// True for a name that stays below the folder it is put into, on every file system.
fn is_safe(path: &str) -> bool {
    let is_plain = |part: &str| {
        !part.is_empty()
            && !part.trim_end_matches(['.', ' ']).is_empty()
            && !part.eq_ignore_ascii_case(".git")
            && !part.contains(['\\', ':'])
            && !part.chars().any(char::is_control)
    };
    path.len() <= NAME_BYTES_MAX && path.split('/').all(is_plain)
}

/// The bytes of files, in their order.
fn contents(site: &Path, files: &[File]) -> Result<Vec<Vec<u8>>> {
    let input: String = files.iter().map(|file| format!("{}\n", file.hash)).collect();
    let answer = git::ask_bytes(site, &["cat-file", "--batch"], input.as_bytes(), ANSWER_BYTES_MAX)?;
    let mut rest = answer.as_slice();
    let odd = || anyhow::anyhow!("git gives files in another way than is known");
    let take = |file: &File| -> Result<Vec<u8>> {
        let end = rest.iter().position(|&byte| byte == b'\n').ok_or_else(odd)?;
        let head = format!("{} blob {}", file.hash, file.size);
        ensure!(rest[..end] == *head.as_bytes(), odd());
        let size = usize::try_from(file.size)?;
        let (bytes, after) = rest[end + 1..].split_at_checked(size).ok_or_else(odd)?;
        rest = after.strip_prefix(b"\n").ok_or_else(odd)?;
        Ok(bytes.to_vec())
    };
    files.iter().map(take).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for path in
            ["../x", "a/../x", "/etc/x", "a//b", ".git/config", "a/.GIT/x", ".", "a\\b", "c:x", "a/.. ", ""]
        {
            assert!(!is_safe(path), "{path:?}");
        }
        for path in
            ["klinke.toml", "channels/adt.toml", "examples/adt/a01.ris.hl7", ".gitignore", "tables/ä.csv"]
        {
            assert!(is_safe(path), "{path:?}");
        }
    }

    #[test]
    fn links_and_repositories_are_refused() {
        let line = |mode: &str, kind: &str| format!("{mode} {kind} 0123 12\ta");
        assert!(parse(line("100644", "blob").as_bytes()).is_ok());
        assert!(parse(line("120000", "blob").as_bytes()).is_err());
        assert!(parse(line("160000", "commit").as_bytes()).is_err());
        assert!(parse(b"100644 blob 0123 12\t../a").is_err());
        assert!(parse(b"100644 blob 0123 -\ta").is_err());
    }
}
