//! How a connection to a partner comes about: we connect to it, or it connects to us.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use klinke_engine::source::SourceError;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

use super::stream::tune;
use super::{Allow, Host, Stream};

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
}

impl Way {
    /// To a partner that listens at `address`, or that comes to us at `listen`; exactly one is given.
    pub fn new(
        address: Option<Host>,
        listen: Option<Host>,
        allow: Vec<Allow>,
        connect: Duration,
        keep_alive: Duration,
    ) -> Result<Self, SourceError> {
        match (address, listen) {
            (Some(host), None) => Ok(Way::Connect(Dial { host, connect, keep_alive })),
            (None, Some(host)) => Ok(Way::Await(Arc::new(Meeting::new(&host, allow, connect, keep_alive)?))),
            _ => Err(SourceError::new("give either address or listen")),
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
                Ok(Stream::Plain(stream))
            }
            Ok(Err(error)) => Err(DialError::of(&self.host, &error)),
            Err(_) => Err(DialError {
                code: "unreachable",
                text: format!("{}: no connection within the time set for it", self.host),
            }),
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
    pub fn new(
        host: &Host,
        allow: Vec<Allow>,
        wait: Duration,
        keep_alive: Duration,
    ) -> Result<Self, SourceError> {
        let failed = |error: io::Error| SourceError::new(format!("cannot listen on {host}: {error}"));
        let listener = std::net::TcpListener::bind((host.name.as_str(), host.port)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        Ok(Meeting {
            address: listener.local_addr().map_err(failed)?,
            bound: std::sync::Mutex::new(Some(listener)),
            listener: OnceCell::new(),
            allow,
            wait,
            keep_alive,
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
            if Allow::admits(&self.allow, peer.ip()) && !gone {
                tune(&stream, self.keep_alive);
                return Ok(Stream::Plain(stream));
            }
        }
    }

    /// Gives the listener to the runtime; the destination may have been made outside of it.
    fn listen(&self) -> io::Result<TcpListener> {
        let bound = self.bound.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        TcpListener::from_std(bound.ok_or(io::ErrorKind::NotConnected)?)
    }
}
