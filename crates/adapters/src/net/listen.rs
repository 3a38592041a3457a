//! Where partners connect: the listening socket, and how its connections begin and end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use klinke_engine::source::{SourceError, Stop};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tracing::{error, warn};

use super::dial::Dial;
use super::said::Said;
use super::stream::tune;
use super::tls::{Acceptor, TlsError};
use super::{Allow, ClientTls, Host, Limits, ServerTls, Statistics, Stream, proxy};

/// What the site says of where a source's connections come from; the same for every protocol.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// Where to listen.
    pub listen: Option<Host>,
    /// Where to connect to, instead.
    pub connect: Option<Host>,
    /// Who may come; all when empty.
    pub allow: Vec<Allow>,
    /// Balancers whose connections begin with a PROXY header.
    pub proxies: Vec<Allow>,
    /// TLS, where we listen.
    pub tls: Option<ServerTls>,
    /// TLS, where we connect.
    pub connect_tls: Option<ClientTls>,
    /// Limits and timeouts.
    pub limits: Limits,
}

/// A socket that listens, or a place to connect out to: where a source's connections come from.
#[derive(Debug)]
pub struct Entrance(Kind);

#[derive(Debug)]
enum Kind {
    Listen(Arc<Door>, TcpListener, SocketAddr),
    Dial(Dial),
}

/// Who comes in.
#[derive(Debug)]
struct Door {
    entry: Entry,
    tls: Option<Acceptor>,
    statistics: Arc<Statistics>,
    said: Said,
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

/// Why a connection may not come in: a sentence, and a stable word.
type TurnedAway = (String, &'static str);

/// The first and the longest wait before a source connects out again.
const REDIAL: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(15));

impl Entrance {
    /// Begins to listen, or will connect out, again and again.
    pub async fn open(entry: Entry, statistics: Arc<Statistics>) -> Result<Self, SourceError> {
        let failed = |error: TlsError| SourceError::new(error.to_string());
        match (&entry.listen, &entry.connect) {
            (Some(host), None) if entry.connect_tls.is_none() => {
                let told =
                    |error: std::io::Error| SourceError::new(format!("cannot listen on {host}: {error}"));
                let socket = TcpListener::bind((host.name.as_str(), host.port)).await.map_err(told)?;
                let address = socket.local_addr().map_err(told)?;
                let tls = entry.tls.as_ref().map(ServerTls::acceptor).transpose().map_err(failed)?;
                let door = Arc::new(Door { entry, tls, statistics, said: Said::default() });
                Ok(Entrance(Kind::Listen(door, socket, address)))
            }
            (None, Some(host)) if entry.tls.is_none() => {
                let tls = entry.connect_tls.as_ref().map(|tls| tls.connector(&host.name)).transpose();
                Ok(Entrance(Kind::Dial(Dial {
                    host: host.clone(),
                    connect: entry.limits.handshake.0,
                    keep_alive: entry.limits.keep_alive.0,
                    tls: tls.map_err(failed)?,
                })))
            }
            _ => Err(SourceError::new("give either listen (and tls), or connect (and connect_tls)")),
        }
    }

    /// Where it listens, with the real port, or where it connects to.
    pub fn address(&self) -> String {
        match &self.0 {
            Kind::Listen(_, _, address) => address.to_string(),
            Kind::Dial(dial) => dial.host.to_string(),
        }
    }

    /// Serves every connection with `serve` until `stop` says so; then takes no new one, and returns
    /// when those that are open have come to their end.
    pub async fn serve<S, F>(self, channel: &str, mut stop: Stop, serve: S)
    where
        S: Fn(Accepted, Stop) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let (door, socket) = match self.0 {
            Kind::Listen(door, socket, _) => (door, socket),
            Kind::Dial(dial) => return connect_out(&dial, channel, stop, serve).await,
        };
        let mut open = JoinSet::new();
        let (channel, serve): (Arc<str>, _) = (channel.into(), Arc::new(serve));
        loop {
            tokio::select! {
                accepted = socket.accept() => {
                    let Some((stream, address)) = door.admit(&channel, accepted, open.len()).await else {
                        continue;
                    };
                    let (door, channel, serve) = (Arc::clone(&door), Arc::clone(&channel), Arc::clone(&serve));
                    let stop = stop.clone();
                    open.spawn(async move {
                        if let Some(accepted) = door.enter(&channel, stream, address).await {
                            serve(accepted, stop).await;
                        }
                    });
                }
                Some(ended) = open.join_next() => report(&channel, ended),
                () = stop.said() => break,
            }
        }
        drop(socket);
        while let Some(ended) = open.join_next().await {
            report(&channel, ended);
        }
    }
}

impl Door {
    /// What is decided before anything is read.
    async fn admit(
        &self,
        channel: &str,
        accepted: std::io::Result<(TcpStream, SocketAddr)>,
        open: usize,
    ) -> Option<(TcpStream, SocketAddr)> {
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Most often the process has no file descriptor left: some will come free.
                warn!(channel, %error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                return None;
            }
        };
        if open >= self.entry.limits.connections {
            self.turn_away(channel, address, "there are as many connections as the site allows", "room");
            return None;
        }
        if !self.is_proxy(address) && !Allow::admits(&self.entry.allow, address.ip()) {
            self.turn_away(channel, address, "its address is not on the list", "list");
            return None;
        }
        tune(&stream, self.entry.limits.keep_alive.0);
        Some((stream, address))
    }

    /// The PROXY header and the handshake.
    async fn enter(&self, channel: &str, stream: TcpStream, address: SocketAddr) -> Option<Accepted> {
        let entering = tokio::time::timeout(self.entry.limits.handshake.0, self.greet(stream, address));
        match entering.await {
            Ok(Ok(accepted)) => Some(accepted),
            Ok(Err((why, kind))) => {
                self.turn_away(channel, address, &why, kind);
                None
            }
            Err(_) => {
                self.turn_away(channel, address, "its greeting took too long", "greeting");
                None
            }
        }
    }

    async fn greet(&self, mut stream: TcpStream, mut address: SocketAddr) -> Result<Accepted, TurnedAway> {
        if self.is_proxy(address) {
            if let Some(client) =
                proxy::read(&mut stream).await.map_err(|error| (error.to_string(), "proxy"))?
            {
                address = client;
            }
            if !Allow::admits(&self.entry.allow, address.ip()) {
                return Err(("the address behind its balancer is not on the list".to_owned(), "list"));
            }
        }
        let (stream, system) = match &self.tls {
            Some(tls) => tls.accept(stream).await.map_err(|error| (error.to_string(), error.kind))?,
            None => (Stream::Plain(stream), None),
        };
        Ok(Accepted { stream, peer: address.to_string().into(), system })
    }

    fn is_proxy(&self, address: SocketAddr) -> bool {
        self.entry.proxies.iter().any(|proxy| proxy.contains(address.ip()))
    }

    fn turn_away(&self, channel: &str, peer: SocketAddr, why: &str, kind: &'static str) {
        self.statistics.turned_away(kind);
        if let Some(unsaid) = self.said.may_say(peer.ip(), kind) {
            warn!(channel, %peer, why, unsaid, "a connection was turned away");
        }
    }
}

/// One connection at a time, made again when it ends.
async fn connect_out<S, F>(dial: &Dial, channel: &str, mut stop: Stop, serve: S)
where
    S: Fn(Accepted, Stop) -> F + Send + Sync + 'static,
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
            Err(error) => warn!(channel, code = error.code, "no connection to the sender: {error}"),
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
