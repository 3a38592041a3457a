//! The drop folder.
//!
//! A file that is whole is first moved to `.taken`, then handed over, and only when its envelope is on
//! stable storage to `done`. What lies in `.taken` at the start was being handed over when the program
//! ended: it is handed over again, and its sender's name says that it may have come before.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use klinke_engine::BoxFuture;
use klinke_engine::source::{Arrival, End, Intake, OpenSource, Receipt, Refusal, SourceError, Stop};
use rustix::fs::OFlags;
use rustix::io::Errno;
use tokio::time::Instant;
use tracing::{info, warn};

use super::config::{After, SourceConfig};
use super::look::{Found, Looks, list};
use super::place::{move_into, sync_folder};

/// A drop folder.
#[derive(Debug)]
pub struct Source {
    config: SourceConfig,
}

/// The folders of a drop folder.
#[derive(Clone, Debug)]
struct Folders {
    drop: PathBuf,
    taken: PathBuf,
    done: PathBuf,
    failed: PathBuf,
}

struct Open {
    config: SourceConfig,
    folders: Arc<Folders>,
    intake: Arc<dyn Intake>,
    looks: Looks,
    /// Names in `.taken` that were refused in this run: nothing of them was kept.
    refused: HashSet<String>,
    /// The last complaint about the folder, so that it is told once.
    told: Option<io::ErrorKind>,
    /// How many files the last look found whose names can't be read.
    unnamed: usize,
}

/// What becomes of a file.
enum Fate {
    Done,
    Failed(String),
    /// It stays, and is tried again.
    Waits,
}

impl Source {
    /// By these settings.
    pub fn new(config: SourceConfig) -> Result<Self, SourceError> {
        if config.pattern.contains('/') {
            return Err(SourceError::new("file: a pattern is of names, without folders"));
        }
        Ok(Source { config })
    }
}

impl klinke_engine::source::Source for Source {
    fn open(
        self: Box<Self>,
        intake: Arc<dyn Intake>,
    ) -> BoxFuture<'static, Result<Box<dyn OpenSource>, SourceError>> {
        Box::pin(async move {
            let folder = self.config.folder.clone();
            let folders = blocking(move || Folders::prepare(&folder)).await.map_err(|error| {
                SourceError::new(format!("the folder {}: {error}", self.config.folder.display()))
            })?;
            Ok(Box::new(Open {
                config: self.config,
                folders: Arc::new(folders),
                intake,
                looks: Looks::default(),
                refused: HashSet::new(),
                told: None,
                unnamed: 0,
            }) as Box<dyn OpenSource>)
        })
    }
}

impl Folders {
    /// The folders beside a drop folder, made where they are missing.
    fn prepare(drop: &Path) -> io::Result<Self> {
        if !fs::metadata(drop)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let [taken, done, failed] = [".taken", "done", "failed"].map(|name| drop.join(name));
        for folder in [&taken, &done, &failed] {
            fs::create_dir_all(folder)?;
        }
        sync_folder(drop)?;
        Ok(Folders { drop: drop.to_owned(), taken, done, failed })
    }
}

impl OpenSource for Open {
    fn address(&self) -> String {
        self.folders.drop.display().to_string()
    }

    fn run(mut self: Box<Self>, mut stop: Stop) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let mut wait = Duration::ZERO;
            while !stop.is_said() {
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = stop.said() => break,
                }
                wait = self.config.every.0;
                // One that can't be taken now holds up those behind it: they keep their order.
                if self.take_left(&stop).await {
                    self.take_whole(&stop).await;
                }
            }
        })
    }
}

impl Open {
    /// What lies in `.taken`: from an earlier run, or because the channel had no room. True when nothing
    /// is left there.
    async fn take_left(&mut self, stop: &Stop) -> bool {
        let folder = self.folders.taken.clone();
        let mut left = match blocking(move || list(&folder, "*")).await {
            Ok((left, _)) => left,
            Err(error) => {
                self.complain(&error);
                return false;
            }
        };
        left.sort_by(|a, b| a.name.cmp(&b.name));
        for file in left {
            if stop.is_said() || self.intake.pressure().is_some() {
                return false;
            }
            let again = !self.refused.remove(&file.name);
            if again {
                info!(channel = self.intake.channel(), "a file that was being taken is taken again");
            }
            if !self.take(file, again).await {
                return false;
            }
        }
        true
    }

    async fn take_whole(&mut self, stop: &Stop) {
        let (folder, pattern) = (self.folders.drop.clone(), self.config.pattern.clone());
        let (found, unnamed) = match blocking(move || list(&folder, &pattern)).await {
            Ok(found) => found,
            Err(error) => return self.complain(&error),
        };
        self.told = None;
        if std::mem::replace(&mut self.unnamed, unnamed) < unnamed {
            let channel = self.intake.channel();
            warn!(
                channel,
                unnamed, "files lie in the drop folder whose names are no UTF-8; they are not taken"
            );
        }
        for file in self.looks.whole(found, self.config.order, self.config.stable.0, Instant::now()) {
            if stop.is_said() || self.intake.pressure().is_some() {
                return;
            }
            let (folders, name) = (Arc::clone(&self.folders), file.name.clone());
            let claimed = blocking(move || {
                let target = folders.taken.join(&name);
                // Rename would replace one that is still there under this name.
                match target.symlink_metadata() {
                    Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
                    Err(_) => fs::rename(folders.drop.join(&name), target),
                }
            });
            match claimed.await {
                Ok(()) => {
                    if !self.take(file, false).await {
                        return;
                    }
                }
                // Its owner took it back, or the one before it is not done yet.
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists) => {}
                Err(error) => self.complain(&error),
            }
        }
    }

    /// Hands a file in `.taken` over and moves it to where it belongs; false when it must wait.
    async fn take(&mut self, file: Found, again: bool) -> bool {
        let path = self.folders.taken.join(&file.name);
        let fate = match self.read(&path).await {
            Err(fate) => fate,
            Ok(payload) => {
                let mark = if again { " (perhaps again)" } else { "" };
                let arrival = Arrival {
                    payload: payload.into(),
                    received: self.intake.now(),
                    peer: format!("{}{mark}", file.name).into(),
                    system: None,
                };
                fate(self.intake.submit(arrival).await)
            }
        };
        if matches!(fate, Fate::Waits) {
            // Was it perhaps kept in an earlier run, then it still was.
            if !again {
                self.refused.insert(file.name);
            }
            return false;
        }
        let (folders, after, now) = (Arc::clone(&self.folders), self.config.after, self.intake.now());
        let settled = blocking(move || match fate {
            Fate::Waits => Ok(()),
            Fate::Done if after == After::Delete => {
                fs::remove_file(&path).and_then(|()| sync_folder(&folders.taken))
            }
            Fate::Done => move_into(&path, &folders.done, &file.name).map(drop),
            Fate::Failed(reason) => {
                let target = move_into(&path, &folders.failed, &file.name)?;
                let mut name = target.into_os_string();
                name.push(".reason.txt");
                fs::write(name, format!("{now}\n{reason}\n"))
            }
        });
        let settled = settled.await;
        if let Err(error) = &settled {
            self.complain(error);
        }
        settled.is_ok()
    }

    async fn read(&mut self, path: &Path) -> Result<Vec<u8>, Fate> {
        let (path, limit) = (path.to_owned(), self.config.size_max);
        let read = blocking(move || {
            let mut bytes = Vec::new();
            open_plain(&path)?.take(limit.0 as u64 + 1).read_to_end(&mut bytes)?;
            Ok(bytes)
        });
        match read.await {
            Ok(bytes) if bytes.len() > limit.0 => {
                Err(Fate::Failed(format!("it has more than {limit}, which the site allows")))
            }
            Ok(bytes) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                Err(Fate::Failed("it is no plain file".to_owned()))
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Err(Fate::Failed(format!("it can't be read: {error}")))
            }
            Err(error) => {
                self.complain(&error);
                Err(Fate::Waits)
            }
        }
    }

    /// Tells a fault of the folder once. Names of files may be names of patients: none is told.
    fn complain(&mut self, error: &io::Error) {
        if self.told.replace(error.kind()) != Some(error.kind()) {
            warn!(channel = self.intake.channel(), %error, "the drop folder can't be worked on");
        }
    }
}

/// Opens a plain file. Between the look and the opening somebody may have put a link there, which could
/// lead anywhere, or a pipe, which would never end.
fn open_plain(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    let no_plain = || io::Error::from(io::ErrorKind::InvalidInput);
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = fs::OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path);
    let file = opened.map_err(|error| {
        let is_link = error.raw_os_error() == Some(Errno::LOOP.raw_os_error());
        if is_link { no_plain() } else { error }
    })?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(no_plain()) }
}

/// What a file's end is.
fn fate(taken: Result<Receipt, Refusal>) -> Fate {
    match taken {
        Ok(Receipt { end: End::Failed(text), id, .. }) => {
            Fate::Failed(format!("it is kept as envelope {id}, and failed there: {text}"))
        }
        Ok(Receipt { end: End::Answered { accepted: false, code, text, .. }, id, .. }) => {
            Fate::Failed(format!("it is kept as envelope {id}; the partner refused it: {code} {text}"))
        }
        Ok(_) => Fate::Done,
        Err(Refusal::Forbidden(text)) => Fate::Failed(format!("it is not kept: {text}")),
        Err(Refusal::Full(_) | Refusal::Down(_) | Refusal::Stopping) => Fate::Waits,
    }
}

/// Runs what blocks on a thread that may.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_links_nor_pipes_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("plain"), "x").unwrap();
        assert!(open_plain(&at("plain")).is_ok());
        std::os::unix::fs::symlink(at("plain"), at("link")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .unwrap();
        for name in ["link", "pipe"] {
            assert_eq!(open_plain(&at(name)).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{name}");
        }
        assert_eq!(open_plain(&at("gone")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
