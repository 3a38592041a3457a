//! How a connection to a partner comes about: we connect to it, or it connects to us.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
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

/// Where a partner connects to us to be sent to. It listens from the first link on; connections wait in
/// the system's queue until a link takes one. A port that is still taken (by the channel that this one
/// replaces, say) is tried again whenever a link needs it.
#[derive(Debug)]
pub struct Meeting {
    host: Host,
    bound: Mutex<Option<std::net::TcpListener>>,
    listener: OnceCell<TcpListener>,
    address: OnceLock<SocketAddr>,
    allow: Vec<Allow>,
    wait: Duration,
    keep_alive: Duration,
    tls: Option<Acceptor>,
}

impl Way {
    /// By what the site says. Nothing is opened yet.
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
                Ok(Way::Await(Arc::new(Meeting::new(host.clone(), tls, &partner))))
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
            Way::Await(meeting) => match meeting.address.get() {
                Some(address) => format!("{address} (listening)"),
                None => format!("{} (listening)", meeting.host),
            },
        }
    }

    /// Begins to listen, where the partner comes to us: it may come before there is anything to send.
    pub fn prepare(&self) {
        if let Way::Await(meeting) = self {
            // What is wrong is told by the first delivery, which tries again.
            let _ = meeting.bind();
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
    fn new(host: Host, tls: Option<Acceptor>, partner: &Partner) -> Self {
        Meeting {
            host,
            bound: Mutex::default(),
            listener: OnceCell::new(),
            address: OnceLock::new(),
            allow: partner.allow.clone(),
            wait: partner.connect,
            keep_alive: partner.keep_alive,
            tls,
        }
    }

    /// Begins to listen, if it does not yet. Needs no runtime.
    fn bind(&self) -> io::Result<()> {
        let mut bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        if bound.is_none() && !self.listener.initialized() {
            let listener = std::net::TcpListener::bind((self.host.name.as_str(), self.host.port))?;
            listener.set_nonblocking(true)?;
            self.address
                .get_or_init(|| listener.local_addr().unwrap_or(([0, 0, 0, 0], self.host.port).into()));
            *bound = Some(listener);
        }
        Ok(())
    }

    /// Gives the listener to the runtime.
    fn listen(&self) -> io::Result<TcpListener> {
        self.bind()?;
        let bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner).take();
        TcpListener::from_std(bound.ok_or(io::ErrorKind::NotConnected)?)
    }

    async fn open(&self, deadline: Instant) -> Result<Stream, DialError> {
        let failed = |error| unreachable(format!("cannot listen on {}: {error}", self.host));
        let listener = self.listener.get_or_try_init(|| async { self.listen() }).await.map_err(failed)?;
        let deadline = deadline.min(Instant::now() + self.wait);
        loop {
            let (stream, peer) = match timeout_at(deadline, listener.accept()).await {
                Ok(Ok(accepted)) => accepted,
                Ok(Err(error)) => return Err(unreachable(format!("{}: {error}", self.host))),
                Err(_) => return Err(unreachable(format!("{}: no partner has connected", self.host))),
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
}

fn unreachable(text: String) -> DialError {
    DialError { code: "unreachable", text }
}
