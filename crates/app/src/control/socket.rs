//! The local socket between `serve` and the tools: JSON, one object a line, with the file system's
//! rights (only the user that serves may connect).

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as Client;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use klinke_engine::source::Stop;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

use super::answer::{Counter, Progress};
use super::who;
use klinke_console::house::request::{Answer, Request, Wish};
use klinke_console::people::Actor;

/// The longest request: an edited payload of 128 MiB as base64, and some.
const REQUEST_BYTES_MAX: u64 = 192 << 20;

/// Tools at a time.
const CONNECTIONS_MAX: usize = 64;

/// The socket's name within the store's folder.
const NAME: &str = "klinke.sock";

/// Where the socket of a store lies.
pub fn path(store_folder: &Path) -> PathBuf {
    store_folder.join(NAME)
}

/// Binds the socket. The store's lock has shown that nobody else serves, so an old socket is a dead one.
pub fn bind(store_folder: &Path) -> Result<UnixListener> {
    let path = path(store_folder);
    if path.symlink_metadata().is_ok() {
        std::fs::remove_file(&path).with_context(|| path.display().to_string())?;
    }
    let listener = UnixListener::bind(&path).with_context(|| path.display().to_string())?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves until `stop` is said.
pub async fn serve(listener: UnixListener, counter: Arc<Counter>, mut stop: Stop) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        tokio::select! {
            () = stop.said() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Only the user that serves, and root, may connect; the log tells them apart.
                    let actor = Actor::local(who::of_peer(stream.peer_cred()));
                    // One too many is closed; its tool says that it was not answered.
                    let Ok(place) = room.clone().try_acquire_owned() else { continue };
                    let counter = counter.clone();
                    tokio::spawn(async move {
                        talk(stream, actor, counter).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the local socket refused a tool");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            },
        }
    }
}

async fn talk(stream: UnixStream, actor: Actor, counter: Arc<Counter>) {
    let (read, mut write) = stream.into_split();
    let mut lines = tokio::io::BufReader::new(read.take(REQUEST_BYTES_MAX));
    let mut line = String::new();
    while matches!(lines.read_line(&mut line).await, Ok(1..)) {
        let (sender, mut receiver) = tokio::sync::mpsc::channel::<Answer>(64);
        let wish = serde_json::from_str::<Wish>(&line);
        let actor = actor.clone();
        let (counter, runtime) = (counter.clone(), tokio::runtime::Handle::current());
        tokio::task::spawn_blocking(move || {
            let mut progress = |done, of| {
                let _ = sender.try_send(Answer::Progress(done, of));
            };
            let answered = match wish {
                Ok(wish) => counter.ask(&actor, wish, &runtime, &mut progress),
                Err(error) => Err(error.into()),
            };
            let _ = sender.blocking_send(match answered {
                Ok(value) => Answer::Done(value),
                Err(error) => Answer::Refused(format!("{error:#}")),
            });
        });
        while let Some(answer) = receiver.recv().await {
            let Ok(mut text) = serde_json::to_vec(&answer) else { return };
            text.push(b'\n');
            if write.write_all(&text).await.is_err() {
                return;
            }
        }
        line.clear();
        lines.get_mut().set_limit(REQUEST_BYTES_MAX);
    }
}

/// Connects to the `serve` of a store, if one runs.
pub fn connect(store_folder: &Path) -> Option<Client> {
    Client::connect(path(store_folder)).ok()
}

/// Asks a running `serve`.
pub fn ask(
    client: &Client,
    request: Request,
    purpose: Option<String>,
    progress: Progress<'_>,
) -> Result<Value> {
    let mut text = serde_json::to_vec(&Wish { request, purpose })?;
    text.push(b'\n');
    (&*client).write_all(&text)?;
    let mut lines = BufReader::new(client);
    let mut line = String::new();
    loop {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            bail!("`serve` ended while it was asked");
        }
        match serde_json::from_str(&line)? {
            Answer::Done(value) => return Ok(value),
            Answer::Refused(text) => bail!(text),
            Answer::Progress(done, of) => progress(done, of),
        }
    }
}
