//! All files below a folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// More files are not taken at once.
pub const WALK_MAX: usize = 50_000_000;
/// Folders within folders.
const DEPTH_MAX: usize = 64;

/// The files below a folder in the order of their names, or the file itself. Links are not followed: they may lead back, or out
/// of the medium.
pub fn walk(path: &Path) -> Result<Vec<PathBuf>> {
    let unreadable =
        |path: &Path, error: std::io::Error| Error::Refused(format!("{}: {error}", path.display()));
    let meta = fs::metadata(path).map_err(|error| unreadable(path, error))?;
    if !meta.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut files = Vec::new();
    // Folders still to be read, the next one last.
    let mut open = vec![(path.to_path_buf(), 0)];
    while let Some((folder, depth)) = open.pop() {
        let entries = fs::read_dir(&folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
        let mut entries = entries.map_err(|error| unreadable(&folder, error))?;
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.file_name()));
        for entry in entries {
            let kind = entry.file_type().map_err(|error| unreadable(&entry.path(), error))?;
            if kind.is_dir() {
                if depth >= DEPTH_MAX {
                    return Err(Error::Refused(format!(
                        "folders lie more than {DEPTH_MAX} deep in one another"
                    )));
                }
                open.push((entry.path(), depth + 1));
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
        if files.len() > WALK_MAX {
            return Err(Error::Refused(format!("there are more than {WALK_MAX} files")));
        }
    }
    files.sort();
    Ok(files)
}
