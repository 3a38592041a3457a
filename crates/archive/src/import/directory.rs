//! Which files a DICOMDIR names (PS3.3, Annex F; PS3.10, section 8.6).

use std::path::{Path, PathBuf};

use klinke_dimse::data::DataSet;
use klinke_dimse::tags;

/// A File ID has at most eight components (PS3.10, section 8.2).
const COMPONENTS_MAX: usize = 8;

/// Files that a directory names and that do not lie below its folder; file IDs as they stand there, joined by slashes.
pub(super) fn absent(directory: &DataSet, folder: &Path) -> Vec<String> {
    let records = directory.items(tags::DIRECTORY_RECORD_SEQUENCE);
    let named = records.iter().filter_map(|record| record.ascii(tags::REFERENCED_FILE_ID));
    named.filter(|id| resolve(folder, id).is_none()).map(|id| id.replace('\\', "/")).collect()
}

/// The file of a File ID, if it is there. Media are mounted with names in small letters, with a dot at their end, or a version
/// behind them; nothing outside the folder is ever looked at.
fn resolve(folder: &Path, id: &str) -> Option<PathBuf> {
    let mut at = folder.to_path_buf();
    let components: Vec<&str> = id.split('\\').map(str::trim).collect();
    if components.is_empty() || components.len() > COMPONENTS_MAX {
        return None;
    }
    for component in components {
        let is_plain = !component.is_empty()
            && !component.contains(['/', '\0'])
            && component.chars().any(|one| one != '.');
        if !is_plain {
            return None;
        }
        at = entry(&at, component)?;
    }
    at.symlink_metadata().ok()?.is_file().then_some(at)
}

fn entry(folder: &Path, name: &str) -> Option<PathBuf> {
    let exact = folder.join(name);
    if exact.symlink_metadata().is_ok() {
        return Some(exact);
    }
    let is_same = |there: &str| {
        let there = there.split_once(';').map_or(there, |(there, _)| there).trim_end_matches('.');
        there.eq_ignore_ascii_case(name)
    };
    let entries = std::fs::read_dir(folder).ok()?;
    let found = entries.filter_map(Result::ok).find(|entry| entry.file_name().to_str().is_some_and(is_same));
    found.map(|entry| entry.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_as_media_are_mounted_and_nothing_outside() {
        let folder = tempfile::tempdir().expect("a folder");
        let medium = folder.path().join("medium");
        std::fs::create_dir_all(medium.join("dicom")).expect("a folder");
        std::fs::write(medium.join("dicom/im000001.;1"), b"x").expect("a file");
        std::fs::write(folder.path().join("SECRET"), b"x").expect("a file");
        assert!(resolve(&medium, "DICOM\\IM000001").is_some());
        for outside in
            ["..\\SECRET", "DICOM\\..\\..\\SECRET", "/etc/passwd", "", ".", "DICOM", "DICOM\\\\IM000001"]
        {
            assert_eq!(resolve(&medium, outside), None, "{outside}");
        }
        std::os::unix::fs::symlink(folder.path().join("SECRET"), medium.join("LINK")).expect("a link");
        assert_eq!(resolve(&medium, "LINK"), None);
    }
}
