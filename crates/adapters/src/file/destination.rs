//! The folder that files are laid into.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use klinke_engine::BoxFuture;
use klinke_engine::link::{Link, Parcel, Reply};
use klinke_engine::source::SourceError;
use klinke_model::Disposition;

use super::config::{DestinationConfig, Exists};
use super::place::{Placed, append, place};
use super::source::blocking;

/// A folder that files are laid into.
#[derive(Clone, Debug)]
pub struct Destination(Arc<Setting>);

#[derive(Debug)]
struct Setting {
    config: DestinationConfig,
    channel: String,
}

impl Destination {
    /// By these settings, for a channel of this name.
    pub fn new(config: DestinationConfig, channel: &str) -> Result<Self, SourceError> {
        if config.exists == Exists::Replace && !config.name.is_unique() {
            return Err(SourceError::new(
                "file: with exists = \"replace\" the name needs {id} and {part}, else files replace each other",
            ));
        }
        Ok(Destination(Arc::new(Setting { config, channel: channel.to_owned() })))
    }
}

impl klinke_engine::link::Destination for Destination {
    fn link(&self) -> Box<dyn Link> {
        Box::new(self.clone())
    }

    fn address(&self) -> String {
        self.0.config.folder.display().to_string()
    }
}

impl Setting {
    /// Blocking.
    fn lay(&self, parcel: &Parcel) -> Reply {
        let name = self.config.name.name(&self.channel, parcel);
        let (folder, bytes) = (&self.config.folder, &parcel.payload);
        let placed = match self.config.exists {
            Exists::Append => {
                append(folder, &name, bytes, self.config.separator.as_bytes()).map(|()| Placed::New)
            }
            exists => place(folder, &name, bytes, exists == Exists::Replace),
        };
        match placed {
            Ok(Placed::New) => Reply::accepted("written", None),
            Ok(Placed::Same) => Reply::accepted("same", None),
            Ok(Placed::Taken) => {
                let text = "a file of this name is there, with other content";
                Reply::refused("exists", text, None, Disposition::Dead)
            }
            Err(error) => {
                let code = match error.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => "no-folder",
                    io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "permission",
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "disk-full",
                    _ => "io",
                };
                Reply::unreachable(code, format!("{}: {error}", folder.display()))
            }
        }
    }
}

impl Link for Destination {
    fn deliver<'a>(&'a mut self, parcel: &'a Parcel, limit: Duration) -> BoxFuture<'a, Reply> {
        let (setting, parcel) = (Arc::clone(&self.0), parcel.clone());
        Box::pin(async move {
            // A folder on another machine may hang for long.
            let laid = blocking(move || Ok(setting.lay(&parcel)));
            match tokio::time::timeout(limit, laid).await {
                Ok(Ok(reply)) => reply,
                Ok(Err(error)) => Reply::unclear("io", error.to_string(), None),
                Err(_) => Reply::unclear("timeout", "the folder did not answer in time", None),
            }
        })
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
