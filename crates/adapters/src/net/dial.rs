//! How a connection to a partner comes about: we connect to it, or it connects to us.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use klinke_engine::source::SourceError;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};
use tracing::debug;

use super::stream::tune;
use super::tls::{Acceptor, Connector, TlsError};
use super::{Allow, ClientTls, Host, ServerTls, Stream};

/// A way to a partner.
#[derive(Clone, Debug)]
pub enum Way {
    /// We connect.
    Connect(Dial),
    /// The partner connects and waits for what we send.
    Await(Arc<Meeting>),
}

/// What is needed to connect.
#[derive(Clone, Debug)]
pub struct Dial {
    /// Where to.
    pub host: Host,
    /// Longest time until the connection stands.
    pub connect: Duration,
    /// After how long a silence the system asks whether the partner is still there.
    pub keep_alive: Duration,
    /// TLS, where the partner has it.
    pub tls: Option<Connector>,
}

/// What the site says of a partner's address; the same for every protocol.
#[derive(Clone, Debug, Default)]
pub struct Partner {
    /// Where to connect to.
    pub address: Option<Host>,
    /// Where the partner connects to.
    pub listen: Option<Host>,
    /// Who may connect, with `listen`; all when empty.
    pub allow: Vec<Allow>,
    /// TLS, where we connect.
    pub tls: Option<ClientTls>,
    /// TLS, where we listen.
    pub listen_tls: Option<ServerTls>,
    /// Longest time until a connection stands.
    pub connect: Duration,
    /// After how long a silence the system asks whether the partner is still there.
    pub keep_alive: Duration,
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct DialError {
    /// A stable word: `refused`, `unreachable`, `tls`.
    pub code: &'static str,
    /// What was tried, and what the system said.
    pub text: String,
}

/// Where a partner connects to us to be sent to. It listens from the beginning; connections wait in the
/// system's queue until a link takes one.
#[derive(Debug)]
pub struct Meeting {
    address: SocketAddr,
    bound: std::sync::Mutex<Option<std::net::TcpListener>>,
    listener: OnceCell<TcpListener>,
    allow: Vec<Allow>,
    wait: Duration,
    keep_alive: Duration,
    tls: Option<Acceptor>,
}

impl Way {
    /// By what the site says; where the partner comes to us, this begins to listen.
    pub fn new(partner: Partner) -> Result<Self, SourceError> {
        let failed = |error: TlsError| SourceError::new(error.to_string());
        match (&partner.address, &partner.listen) {
            (Some(host), None) if partner.listen_tls.is_none() => {
                let tls = partner.tls.as_ref().map(|tls| tls.connector(&host.name)).transpose();
                let (host, tls) = (host.clone(), tls.map_err(failed)?);
                Ok(Way::Connect(Dial { host, connect: partner.connect, keep_alive: partner.keep_alive, tls }))
            }
            (None, Some(host)) if partner.tls.is_none() => {
                let tls = partner.listen_tls.as_ref().map(ServerTls::acceptor).transpose().map_err(failed)?;
                Ok(Way::Await(Arc::new(Meeting::new(host, tls, &partner)?)))
            }
            _ => Err(SourceError::new("give either address (and tls), or listen (and listen_tls)")),
        }
    }

    /// A connection, or why there is none by `deadline` or the way's own time.
    pub async fn open(&self, deadline: Instant) -> Result<Stream, DialError> {
        match self {
            Way::Connect(dial) => dial.open(deadline).await,
            Way::Await(meeting) => meeting.open(deadline).await,
        }
    }

    /// Where it leads, for people.
    pub fn address(&self) -> String {
        match self {
            Way::Connect(dial) => dial.host.to_string(),
            Way::Await(meeting) => format!("{} (listening)", meeting.address),
        }
    }
}

impl Dial {
    /// Connects.
    pub async fn open(&self, deadline: Instant) -> Result<Stream, DialError> {
        let deadline = deadline.min(Instant::now() + self.connect);
        match timeout_at(deadline, TcpStream::connect((self.host.name.as_str(), self.host.port))).await {
            Ok(Ok(stream)) => {
                tune(&stream, self.keep_alive);
                self.secure(stream, deadline).await
            }
            Ok(Err(error)) => Err(DialError::of(&self.host, &error)),
            Err(_) => Err(DialError {
                code: "unreachable",
                text: format!("{}: no connection within the time set for it", self.host),
            }),
        }
    }

    async fn secure(&self, stream: TcpStream, deadline: Instant) -> Result<Stream, DialError> {
        let Some(tls) = &self.tls else { return Ok(Stream::Plain(stream)) };
        let failed = |text: String| DialError { code: "tls", text: format!("{}: {text}", self.host) };
        match timeout_at(deadline, tls.connect(stream)).await {
            Ok(connected) => connected.map_err(|error| failed(error.to_string())),
            Err(_) => Err(failed("tls: no handshake within the time set for it".to_owned())),
        }
    }
}

impl DialError {
    fn of(host: &Host, error: &io::Error) -> Self {
        let code = if error.kind() == io::ErrorKind::ConnectionRefused { "refused" } else { "unreachable" };
        DialError { code, text: format!("{host}: {error}") }
    }
}

impl Meeting {
    /// Begins to listen.
    fn new(host: &Host, tls: Option<Acceptor>, partner: &Partner) -> Result<Self, SourceError> {
        let failed = |error: io::Error| SourceError::new(format!("cannot listen on {host}: {error}"));
        let listener = std::net::TcpListener::bind((host.name.as_str(), host.port)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        Ok(Meeting {
            address: listener.local_addr().map_err(failed)?,
            bound: std::sync::Mutex::new(Some(listener)),
            listener: OnceCell::new(),
            allow: partner.allow.clone(),
            wait: partner.connect,
            keep_alive: partner.keep_alive,
            tls,
        })
    }

    /// The address with its real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    async fn open(&self, deadline: Instant) -> Result<Stream, DialError> {
        let unreachable = |text: String| DialError { code: "unreachable", text };
        let listener = self.listener.get_or_try_init(|| async { self.listen() }).await;
        let listener = listener.map_err(|error| unreachable(format!("{}: {error}", self.address)))?;
        let deadline = deadline.min(Instant::now() + self.wait);
        loop {
            let (stream, peer) = match timeout_at(deadline, listener.accept()).await {
                Ok(Ok(accepted)) => accepted,
                Ok(Err(error)) => return Err(unreachable(format!("{}: {error}", self.address))),
                Err(_) => return Err(unreachable(format!("{}: no partner has connected", self.address))),
            };
            // It may have waited long in the queue, and the partner may have gone meanwhile.
            let mut byte = [std::mem::MaybeUninit::uninit()];
            let gone = match socket2::SockRef::from(&stream).peek(&mut byte) {
                Ok(bytes) => bytes == 0,
                Err(error) => error.kind() != io::ErrorKind::WouldBlock,
            };
            if gone || !Allow::admits(&self.allow, peer.ip()) {
                continue;
            }
            tune(&stream, self.keep_alive);
            let Some(tls) = &self.tls else { return Ok(Stream::Plain(stream)) };
            match timeout_at(deadline, tls.accept(stream)).await {
                Ok(Ok((stream, _))) => return Ok(stream),
                // The next one may be the right one.
                Ok(Err(error)) => debug!(%peer, "{error}"),
                Err(_) => {}
            }
        }
    }

    /// Gives the listener to the runtime; the destination may have been made outside of it.
    fn listen(&self) -> io::Result<TcpListener> {
        let bound = self.bound.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        TcpListener::from_std(bound.ok_or(io::ErrorKind::NotConnected)?)
    }
}
