//! Writing and moving files so that they survive a loss of power: blocking, for a thread that may block.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Moves a file into a folder, under its own name or, where that is taken, with a number behind it; gives
/// the new path.
pub(super) fn move_into(file: &Path, folder: &Path, name: &str) -> io::Result<PathBuf> {
    for number in 0..10_000 {
        let target = folder.join(if number == 0 { name.to_owned() } else { numbered(name, number) });
        if target.symlink_metadata().is_ok() {
            continue;
        }
        fs::rename(file, &target)?;
        sync_folder(folder)?;
        if let Some(from) = file.parent() {
            sync_folder(from)?;
        }
        return Ok(target);
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "ten thousand files of this name are there"))
}

/// `a.hl7` becomes `a-1.hl7`.
fn numbered(name: &str, number: usize) -> String {
    match name.rsplit_once('.') {
        Some((stem, end)) if !stem.is_empty() => format!("{stem}-{number}.{end}"),
        _ => format!("{name}-{number}"),
    }
}

/// How a file came to its final name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placed {
    /// It is new.
    New,
    /// The same bytes were there already.
    Same,
    /// Other bytes are there; nothing was changed.
    Taken,
}

/// Writes a file under a temporary name, makes it durable, and gives it its final name.
pub(super) fn place(folder: &Path, name: &str, bytes: &[u8], replace: bool) -> io::Result<Placed> {
    let target = folder.join(name);
    if !replace && let Some(placed) = compare(&target, bytes)? {
        return Ok(placed);
    }
    let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let placed = write(&temporary, bytes).and_then(|()| {
        if replace {
            fs::rename(&temporary, &target).map(|()| Placed::New)
        } else {
            give_name(&temporary, &target, bytes)
        }
    });
    if !matches!(placed, Ok(Placed::New)) {
        // What is wrong is told already.
        let _ = fs::remove_file(&temporary);
    }
    let placed = placed?;
    sync_folder(folder)?;
    Ok(placed)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Gives a file its name without ever replacing another: a second link, then the first one goes. Where
/// the file system has no links, a look before the renaming has to do.
fn give_name(temporary: &Path, target: &Path, bytes: &[u8]) -> io::Result<Placed> {
    match fs::hard_link(temporary, target) {
        Ok(()) => fs::remove_file(temporary).map(|()| Placed::New),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ok(compare(target, bytes)?.unwrap_or(Placed::Taken))
        }
        Err(error) if target.symlink_metadata().is_err() => {
            fs::rename(temporary, target).map_err(|_| error).map(|()| Placed::New)
        }
        Err(error) => Err(error),
    }
}

/// Whether these bytes are there already; `None` when no file is.
fn compare(path: &Path, bytes: &[u8]) -> io::Result<Option<Placed>> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(found) if !found.is_file() || found.len() != bytes.len() as u64 => Ok(Some(Placed::Taken)),
        Ok(_) => Ok(Some(if fs::read(path)? == bytes { Placed::Same } else { Placed::Taken })),
    }
}

/// Appends to a file. What could not be written whole is taken back.
pub(super) fn append(folder: &Path, name: &str, bytes: &[u8], separator: &[u8]) -> io::Result<()> {
    let path = folder.join(name);
    let is_new = path.symlink_metadata().is_err();
    let mut file = OpenOptions::new().append(true).create(true).open(&path)?;
    let before = file.metadata()?.len();
    let written = file.write_all(&[bytes, separator].concat()).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // The first error is the one to tell.
        let _ = file.set_len(before);
        return Err(error);
    }
    if is_new { sync_folder(folder) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_never_replaced_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        assert_eq!(place(folder, "a.hl7", b"one", false).unwrap(), Placed::New);
        assert_eq!(place(folder, "a.hl7", b"one", false).unwrap(), Placed::Same);
        assert_eq!(place(folder, "a.hl7", b"two", false).unwrap(), Placed::Taken);
        assert_eq!(fs::read(folder.join("a.hl7")).unwrap(), b"one");
        assert_eq!(place(folder, "a.hl7", b"two", true).unwrap(), Placed::New);
        assert_eq!(fs::read(folder.join("a.hl7")).unwrap(), b"two");
        std::os::unix::fs::symlink(folder.join("elsewhere"), folder.join("link")).unwrap();
        assert_eq!(place(folder, "link", b"x", false).unwrap(), Placed::Taken);
        assert!(!folder.join("elsewhere").exists(), "nothing is written through a link");
        assert_eq!(fs::read_dir(folder).unwrap().count(), 2, "no temporary file stays");
    }

    #[test]
    fn moved_files_get_numbers_where_names_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        let (from, done) = (folder.path().join("in"), folder.path().join("done"));
        fs::create_dir_all(&from).unwrap();
        fs::create_dir_all(&done).unwrap();
        for expected in ["a.hl7", "a-1.hl7", "a-2.hl7"] {
            fs::write(from.join("a.hl7"), expected).unwrap();
            let target = move_into(&from.join("a.hl7"), &done, "a.hl7").unwrap();
            assert_eq!(target, done.join(expected));
        }
        assert_eq!(numbered(".profile", 1), ".profile-1");
    }

    #[test]
    fn appended_payloads_follow_each_other() {
        let folder = tempfile::tempdir().unwrap();
        append(folder.path(), "all", b"one", b"\n").unwrap();
        append(folder.path(), "all", b"two", b"\n").unwrap();
        assert_eq!(fs::read(folder.path().join("all")).unwrap(), b"one\ntwo\n");
    }
}
