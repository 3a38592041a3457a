//! Where partners connect: the listening socket, and how its connections begin and end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use klinke_engine::source::{SourceError, Stop};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tracing::{debug, error, warn};

use super::dial::Dial;
use super::stream::tune;
use super::{Allow, Host, Limits, Statistics, Stream};

/// What is needed to listen.
#[derive(Clone, Debug)]
pub struct Listen {
    /// Where.
    pub host: Host,
    /// Who may come; all when empty.
    pub allow: Vec<Allow>,
    /// Limits and timeouts.
    pub limits: Limits,
}

/// A socket that listens, or a place to connect out to: where a source's connections come from.
#[derive(Debug)]
pub struct Entrance {
    kind: Kind,
    statistics: Arc<Statistics>,
}

#[derive(Debug)]
enum Kind {
    Listen(Box<Listen>, TcpListener, SocketAddr),
    Dial(Dial),
}

/// A connection that may be served.
#[derive(Debug)]
pub struct Accepted {
    /// The stream.
    pub stream: Stream,
    /// The partner's address and port.
    pub peer: Arc<str>,
    /// The system it has shown to be, by its certificate.
    pub system: Option<Arc<str>>,
}

/// The first and the longest wait before a source connects out again.
const REDIAL: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(15));

impl Entrance {
    /// Begins to listen at `listen`, or will connect to `connect`; exactly one is given.
    pub async fn open(
        listen: Option<Host>,
        connect: Option<Host>,
        allow: &[Allow],
        limits: &Limits,
        statistics: Arc<Statistics>,
    ) -> Result<Self, SourceError> {
        match (listen, connect) {
            (Some(host), None) => {
                let listen = Listen { host, allow: allow.to_vec(), limits: limits.clone() };
                Entrance::bind(listen, statistics).await
            }
            (None, Some(host)) => {
                let dial = Dial { host, connect: limits.handshake.0, keep_alive: limits.keep_alive.0 };
                Ok(Entrance::dial(dial, statistics))
            }
            _ => Err(SourceError::new("give either listen or connect")),
        }
    }

    /// Begins to listen.
    pub async fn bind(listen: Listen, statistics: Arc<Statistics>) -> Result<Self, SourceError> {
        let host = &listen.host;
        let failed = |error: std::io::Error| SourceError::new(format!("cannot listen on {host}: {error}"));
        let socket = TcpListener::bind((host.name.as_str(), host.port)).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Entrance { kind: Kind::Listen(Box::new(listen), socket, address), statistics })
    }

    /// Will connect out, again and again.
    pub fn dial(dial: Dial, statistics: Arc<Statistics>) -> Self {
        Entrance { kind: Kind::Dial(dial), statistics }
    }

    /// Where it listens, with the real port, or where it connects to.
    pub fn address(&self) -> String {
        match &self.kind {
            Kind::Listen(_, _, address) => address.to_string(),
            Kind::Dial(dial) => dial.host.to_string(),
        }
    }

    /// Serves every connection with `serve` until `stop` says so; then takes no new one, and returns
    /// when those that are open have come to their end.
    pub async fn serve<S, F>(self, channel: &str, mut stop: Stop, serve: S)
    where
        S: Fn(Accepted, Stop) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        match self.kind {
            Kind::Listen(listen, socket, _) => {
                let mut open = JoinSet::new();
                let door = Door { listen: &listen, statistics: &self.statistics, channel };
                loop {
                    tokio::select! {
                        accepted = socket.accept() => {
                            if let Some(accepted) = door.admit(accepted, open.len()).await {
                                open.spawn(serve(accepted, stop.clone()));
                            }
                        }
                        Some(ended) = open.join_next() => report(channel, ended),
                        () = stop.said() => break,
                    }
                }
                drop(socket);
                while let Some(ended) = open.join_next().await {
                    report(channel, ended);
                }
            }
            Kind::Dial(dial) => connect_out(&dial, channel, stop, serve).await,
        }
    }
}

/// Who comes in.
struct Door<'a> {
    listen: &'a Listen,
    statistics: &'a Statistics,
    channel: &'a str,
}

impl Door<'_> {
    async fn admit(
        &self,
        accepted: std::io::Result<(TcpStream, SocketAddr)>,
        open: usize,
    ) -> Option<Accepted> {
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Most often the process has no file descriptor left: some will come free.
                warn!(channel = self.channel, %error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                return None;
            }
        };
        let why = if !Allow::admits(&self.listen.allow, address.ip()) {
            "its address is not on the list"
        } else if open >= self.listen.limits.connections {
            "there are as many connections as the site allows"
        } else {
            tune(&stream, self.listen.limits.keep_alive.0);
            let peer = address.to_string().into();
            return Some(Accepted { stream: Stream::Plain(stream), peer, system: None });
        };
        self.statistics.turned_away();
        warn!(channel = self.channel, peer = %address, why, "a connection was turned away");
        None
    }
}

/// One connection at a time, made again when it ends.
async fn connect_out<S, F>(dial: &Dial, channel: &str, mut stop: Stop, serve: S)
where
    S: Fn(Accepted, Stop) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let mut wait = REDIAL.0;
    while !stop.is_said() {
        let deadline = tokio::time::Instant::now() + dial.connect;
        let opened = tokio::select! {
            opened = dial.open(deadline) => opened,
            () = stop.said() => break,
        };
        match opened {
            Ok(stream) => {
                wait = REDIAL.0;
                let accepted = Accepted { stream, peer: dial.host.to_string().into(), system: None };
                serve(accepted, stop.clone()).await;
            }
            Err(error) => debug!(channel, code = error.code, "{error}"),
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => wait = (wait * 2).min(REDIAL.1),
            () = stop.said() => break,
        }
    }
}

/// A connection's task may end in one way only.
fn report(channel: &str, ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        error!(channel, panicked = error.is_panic(), "a connection's task did not end as it should");
    }
}
