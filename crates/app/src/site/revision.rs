//! Under which revision a site's files stand: the commit of git, or a digest where there is no git.

use std::path::{Path, PathBuf};

use crate::git;

/// Folders whose files decide what happens, besides the files at the top.
pub const FOLDERS: [&str; 7] =
    ["channels", "tables", "lib", "templates", "dialects", "migrations", "examples"];
/// What decides at the top, as git finds it.
const TOP: [&str; 4] =
    [":(glob)klinke*.toml", ":(glob)systems.toml", ":(glob)definitions.toml", ":(glob)alerts.toml"];
/// Files that are looked at for a digest.
const FILES_MAX: usize = 10_000;
/// How many digits of a digest are named.
const DIGITS: usize = 16;

/// The revision of the files in a folder: the commit, with a `+` when they differ from it; `files-…` with a
/// digest of the files where the site is not in git.
pub fn of_folder(folder: &Path) -> String {
    committed(folder).unwrap_or_else(|| digest(folder))
}

fn committed(folder: &Path) -> Option<String> {
    // A folder that merely lies within somebody's repository is not in git itself.
    git::ask(folder, &["ls-files", "--error-unmatch", "--", "klinke.toml"]).ok()?;
    let commit = git::ask(folder, &["rev-parse", "--verify", "HEAD"]).ok()?;
    let mut arguments = vec!["status", "--porcelain", "--untracked-files=all", "--"];
    arguments.extend(TOP);
    arguments.extend(FOLDERS);
    let changed = git::ask(folder, &arguments).ok()?;
    Some(if changed.is_empty() { commit } else { commit + "+" })
}

/// A digest of the files that decide.
pub fn digest(folder: &Path) -> String {
    let mut hasher = blake3::Hasher::new();
    for file in files(folder) {
        let bytes = std::fs::read(folder.join(&file)).unwrap_or_default();
        let name = file.to_string_lossy();
        for part in [name.as_bytes(), &bytes] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
    }
    format!("files-{}", &hasher.finalize().to_hex()[..DIGITS])
}

/// The files of a site that decide what happens, in the order of their names.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = Vec::new();
    collect(folder, Path::new(""), &mut files);
    files.retain(|file| file.extension().is_some_and(|kind| kind == "toml"));
    for part in FOLDERS {
        collect(folder, Path::new(part), &mut files);
        if part == "examples" {
            let below: Vec<PathBuf> = folders(&folder.join(part));
            below.iter().for_each(|name| collect(folder, &Path::new(part).join(name), &mut files));
        }
    }
    files.sort();
    files.truncate(FILES_MAX);
    files
}

fn collect(folder: &Path, part: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder.join(part)) else { return };
    let found = entries.flatten().filter(|entry| entry.path().is_file());
    files.extend(found.map(|entry| part.join(entry.file_name())).take(FILES_MAX));
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let found = entries.flatten().filter(|entry| entry.path().is_dir());
    found.map(|entry| PathBuf::from(entry.file_name())).take(FILES_MAX).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_folder_without_git_is_told_by_its_files() {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("klinke.toml"), "name = \"a\"").unwrap();
        std::fs::create_dir_all(place.path().join("examples/adt")).unwrap();
        std::fs::write(place.path().join("examples/adt/a.hl7"), "MSH|").unwrap();
        let before = of_folder(place.path());
        assert!(before.starts_with("files-") && before.len() == 6 + DIGITS, "{before}");
        std::fs::write(place.path().join("serve.log"), "something else").unwrap();
        assert_eq!(of_folder(place.path()), before, "what decides nothing does not count");
        std::fs::write(place.path().join("examples/adt/a.hl7"), "MSH|^").unwrap();
        assert_ne!(of_folder(place.path()), before);
    }
}
