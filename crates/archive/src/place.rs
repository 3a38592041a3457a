//! Where files lie.
//!
//! | below the archive's folder | what |
//! |---|---|
//! | `studies/2026/11/29/<study>/<series>/<instance>.dcm` | instances, by the day the first of the study arrived |
//! | `incoming/` | instances on their way in; whatever is in it at a start was never acknowledged and is removed |
//! | `index.db` | the index |
//! | `changes.db` | what was decided over what was received |
//! | `cache/` | what can be made again from the files, and may be removed at any time |
//! | `LOCK` | held by the process that has the archive open |
//!
//! Folders and files are named by UIDs. A UID that is none (PS3.5, section 9.1: digits and dots, 64 of them) is written with what
//! may stand in a file's name, and the beginning of its hash.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use klinke_model::Timestamp;

use crate::error::{At, Result};

/// The folder of instances.
pub(crate) const STUDIES: &str = "studies";
/// The folder of what is on its way in.
pub(crate) const INCOMING: &str = "incoming";
/// The folder of what can be made again.
pub(crate) const CACHE: &str = "cache";
/// The index.
pub(crate) const INDEX: &str = "index.db";
/// The journal of decisions.
pub(crate) const JOURNAL: &str = "changes.db";

const NAME_LENGTH_MAX: usize = 64;

/// The folder of a study whose first instance arrives now, below the archive's.
pub(crate) fn study_folder(study: &str, now: Timestamp) -> String {
    let (year, month, day, ..) = now.parts();
    format!("{STUDIES}/{year:04}/{month:02}/{day:02}/{}", name(study))
}

/// The file of an instance in the folder of its study.
pub(crate) fn file(study_folder: &str, series: &str, instance: &str) -> String {
    format!("{study_folder}/{}/{}.dcm", name(series), name(instance))
}

/// The file of an instance whose own name is taken by other bytes.
pub(crate) fn file_beside(study_folder: &str, series: &str, instance: &str, hash: &[u8; 32]) -> String {
    format!("{study_folder}/{}/{}+{}.dcm", name(series), name(instance), short(hash))
}

/// The file of an instance all of whose other names are taken; `count` begins with 2.
pub(crate) fn file_anew(
    study_folder: &str,
    series: &str,
    instance: &str,
    hash: &[u8; 32],
    count: u32,
) -> String {
    format!("{study_folder}/{}/{}+{}-{count}.dcm", name(series), name(instance), short(hash))
}

/// The file of an instance that was packed: beside the one that it was packed from.
pub(crate) fn packed(path: &str) -> String {
    format!("{}~.dcm", path.trim_end_matches(".dcm"))
}

/// A path without the name of its tier.
pub(crate) fn below(path: &str) -> &str {
    path.split_once(':').map_or(path, |(_, below)| below)
}

/// A UID as a file's name.
fn name(uid: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let fits = (1..=NAME_LENGTH_MAX).contains(&uid.len()) && !uid.starts_with('.');
    if fits && uid.bytes().all(is_plain) {
        return uid.to_owned();
    }
    let readable = uid.bytes().filter(|&byte| is_plain(byte)).take(NAME_LENGTH_MAX - 20).map(char::from);
    let readable: String = readable.collect();
    format!("{}+{}", readable.trim_start_matches('.'), short(blake3::hash(uid.as_bytes()).as_bytes()))
}

fn short(hash: &[u8; 32]) -> String {
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Makes the folder of a file with all above it, and makes durable that they are there.
pub(crate) fn make_folder(root: &Path, folder: &Path) -> io::Result<()> {
    make_missing(root, folder)?.iter().try_for_each(|folder| sync_above(folder))
}

/// Makes a folder with all above it, and gives those that were not there, the highest first.
pub(crate) fn make_missing(root: &Path, folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut missing = missing(root, folder);
    missing.reverse();
    for folder in &missing {
        match private(folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
    }
    Ok(missing)
}

/// A folder and those above it that are not there, the lowest first.
fn missing(root: &Path, folder: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<PathBuf> = Vec::new();
    let mut at = folder.to_path_buf();
    // A relative path ends in nothing: that is the folder where the program stands.
    while !at.as_os_str().is_empty() && !at.is_dir() {
        missing.push(at.clone());
        if at == root || !at.pop() {
            break;
        }
    }
    missing
}

/// Makes the entry of a folder in the one above durable.
pub(crate) fn sync_above(folder: &Path) -> io::Result<()> {
    match folder.parent() {
        Some(above) if above.as_os_str().is_empty() => sync_folder(Path::new(".")),
        Some(above) => sync_folder(above),
        None => Ok(()),
    }
}

/// Makes a folder that is for its owner and group alone: it holds patients' data.
fn private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o750).create(folder)
}

/// Makes a file that is not there, for its owner and group alone.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o640).open(path)
}

/// Writes a file beside its place, durably, and with the time when its instance arrived; gives where.
pub(crate) fn write_part(to: &Path, source: &mut dyn Read, arrived: SystemTime) -> Result<PathBuf> {
    let folder = to.parent().unwrap_or(to);
    make_folder(Path::new("/"), folder).at("can't make", folder)?;
    let part = to.with_extension("part");
    let options = OpenOptions::new().write(true).create(true).truncate(true).mode(0o640).clone();
    let mut file = options.open(&part).at("can't make", &part)?;
    io::copy(source, &mut file).at("can't write", &part)?;
    file.set_modified(arrived).at("can't write", &part)?;
    file.sync_all().at("can't sync", &part)?;
    Ok(part)
}

/// Removes a file, if it is there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.at("can't remove", path),
    }
}

/// Makes the entries of a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_its_own_name_and_nothing_leaves_the_folder() {
        assert_eq!(name("1.2.840.10008"), "1.2.840.10008");
        assert_eq!(name("LOCALIZER_1"), "LOCALIZER_1");
        for odd in ["../../etc/passwd", "..", "", "a/b", "1.2\0", "Ä", &"9".repeat(300)] {
            let name = name(odd);
            assert!(!name.contains('/') && !name.starts_with('.') && name.len() <= 80, "{name}");
        }
        assert_ne!(name("a/b"), name("a\\b"));
    }
}
