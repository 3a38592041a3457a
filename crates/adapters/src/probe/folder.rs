//! A folder: there, writable, with room, and answering.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use klinke_diagnosis::{Did, Layer, Seen, Step};
use klinke_engine::BoxFuture;
use tokio::time::Instant;

use super::{How, Probe};

/// Less room than this is none.
const ROOM_BYTES_MIN: u64 = 16 << 20;

/// A folder that files are laid into, or taken from.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Which.
    pub folder: PathBuf,
}

impl Probe for Folder {
    fn climb(&self, how: How) -> BoxFuture<'static, Vec<Step>> {
        let folder = self.folder.clone();
        Box::pin(async move {
            let began = Instant::now();
            let shown = folder.display().to_string();
            // A share whose machine is gone blocks for long: the thread is left to it.
            let looked = tokio::task::spawn_blocking(move || look(&folder, how.greet));
            let (layer, saw) = match tokio::time::timeout(how.limit, looked).await {
                Ok(Ok(seen)) => seen,
                Ok(Err(_)) => (Layer::Route, Seen::Unknown),
                Err(_) => (Layer::Route, Seen::FolderHangs),
            };
            vec![Step { layer, did: Did::LookedAtFolder(shown), saw, took: began.elapsed() }]
        })
    }
}

/// Where files pass, rights are looked at alone; where they do not, an empty file is tried.
fn look(folder: &Path, may_write: bool) -> (Layer, Seen) {
    match fs::metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return (Layer::Name, Seen::FolderMissing),
        Err(error) => return (Layer::Answer, Seen::FolderClosed(error.to_string())),
        Ok(found) if !found.is_dir() => return (Layer::Name, Seen::NoFolder),
        Ok(_) => {}
    }
    if let Err(error) = if may_write { try_file(folder) } else { may_enter(folder) } {
        let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        let saw = if full { Seen::FolderFull(0) } else { Seen::FolderClosed(error.to_string()) };
        return (Layer::Answer, saw);
    }
    let free = rustix::fs::statvfs(folder).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    match free {
        Some(free) if free < ROOM_BYTES_MIN => (Layer::Answer, Seen::FolderFull(free)),
        free => (Layer::Answer, Seen::FolderGood(free)),
    }
}

fn may_enter(folder: &Path) -> io::Result<()> {
    use rustix::fs::Access;
    Ok(rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

/// An empty file whose name begins with a dot, which is gone at once: the only way to know for certain.
fn try_file(folder: &Path) -> io::Result<()> {
    let file = folder.join(format!(".klinke-probe.{}", std::process::id()));
    fs::File::create(&file)?;
    fs::remove_file(&file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        for may_write in [false, true] {
            assert!(matches!(look(folder.path(), may_write), (Layer::Answer, Seen::FolderGood(Some(_)))));
        }
        assert_eq!(fs::read_dir(folder.path()).expect("read").count(), 0, "a probe leaves nothing behind");
        assert_eq!(look(&folder.path().join("x"), true), (Layer::Name, Seen::FolderMissing));
        fs::write(folder.path().join("file"), "").expect("written");
        assert_eq!(look(&folder.path().join("file"), true), (Layer::Name, Seen::NoFolder));
    }
}
