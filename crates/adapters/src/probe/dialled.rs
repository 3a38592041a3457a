//! A partner that we connect to: name, way, connection, TLS, and what speaks there.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use klinke_diagnosis::{Did, Layer, Seen, Speech, Step};
use klinke_engine::BoxFuture;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::sniff::{self, Heard};
use super::{How, Probe, name, route, secure};
use crate::net::{ClientTls, Host, Stream};

/// How long a service may take to speak first: those that greet do it at once.
const LISTEN: Duration = Duration::from_millis(400);
/// The longest wait for the answer to a test message.
const ECHO_MAX: Duration = Duration::from_secs(60);

/// Sends one test message over a connection and waits so long for the answer's code.
pub type Echo = Arc<dyn Fn(Stream, Duration) -> BoxFuture<'static, Option<String>> + Send + Sync>;

/// Asks for an association over a connection, and ends it again; nothing where what answers is no DICOM.
pub type Associate = Arc<dyn Fn(Stream) -> BoxFuture<'static, Option<Seen>> + Send + Sync>;

/// An application entity that is to be there.
#[derive(Clone)]
pub struct Entity {
    /// Its AE title.
    pub called: String,
    /// Ours.
    pub calling: String,
    /// Asks it.
    pub ask: Associate,
}

impl Entity {
    fn did(&self, host: &Host) -> Did {
        let (called, calling) = (self.called.clone(), self.calling.clone());
        Did::Associated { to: host.to_string(), called, calling }
    }
}

/// A partner that we connect to.
#[derive(Clone)]
pub struct Dialled {
    /// Where to.
    pub host: Host,
    /// TLS, where it has it.
    pub tls: Option<ClientTls>,
    /// What is to speak there, where that can be told.
    pub speech: Option<Speech>,
    /// How long a connection may take.
    pub connect: Duration,
    /// How long an answer may take.
    pub answer: Duration,
    /// Sends the test message, where the protocol has one.
    pub echo: Option<Echo>,
    /// Who is to be there, where it speaks DICOM.
    pub entity: Option<Entity>,
}

impl Probe for Dialled {
    fn climb(&self, how: How) -> BoxFuture<'static, Vec<Step>> {
        let climb = Climb { to: self.clone(), how, steps: Vec::new() };
        Box::pin(climb.run())
    }

    fn speech(&self) -> Option<Speech> {
        self.speech
    }

    fn answer_limit(&self) -> Option<Duration> {
        Some(self.answer)
    }
}

/// One look, from the wire up.
struct Climb {
    to: Dialled,
    how: How,
    steps: Vec<Step>,
}

impl Climb {
    async fn run(mut self) -> Vec<Step> {
        // A rung that breaks ends it.
        let _ = self.climb().await;
        self.steps
    }

    fn add(&mut self, layer: Layer, did: Did, saw: Seen, began: Instant) {
        self.steps.push(Step { layer, did, saw, took: began.elapsed() });
    }

    async fn climb(&mut self) -> Option<()> {
        let (step, addresses) = name::resolve(&self.to.host, self.how.limit).await;
        self.steps.push(step);
        let first = *addresses.first()?;
        let began = Instant::now();
        let way = route::look(first.ip());
        self.add(Layer::Route, Did::LookedUpWay(first.ip().to_string()), way.clone(), began);
        if matches!(way, Seen::NoWay | Seen::InterfaceDown(_)) {
            return None;
        }
        let stream = self.connect(&addresses).await?;
        let mut stream = self.secure(stream).await?;
        self.listen(&mut stream, &addresses).await?;
        self.echo(&addresses).await
    }

    async fn connect(&mut self, addresses: &[SocketAddr]) -> Option<TcpStream> {
        let began = Instant::now();
        let limit = self.how.limit.min(self.to.connect);
        let connected = timeout(limit, TcpStream::connect(addresses)).await;
        let to = self.to.host.to_string();
        let (saw, stream) = match connected {
            Ok(Ok(stream)) => (Seen::Connected, Some(stream)),
            Ok(Err(error)) => (of_error(&error), None),
            Err(_) => (Seen::TimedOut, None),
        };
        if matches!(saw, Seen::TimedOut | Seen::Unreachable(_)) {
            self.look_again(addresses);
        }
        self.add(Layer::Tcp, Did::Connected(to), saw, began);
        stream
    }

    /// Only when the next station was asked for, its silence is in the tables.
    fn look_again(&mut self, addresses: &[SocketAddr]) {
        let way = addresses.first().map(|address| route::look(address.ip()));
        if let (Some(way), Some(step)) = (way, self.steps.iter_mut().find(|step| step.layer == Layer::Route))
        {
            step.saw = way;
        }
    }

    async fn secure(&mut self, stream: TcpStream) -> Option<Stream> {
        let Some(tls) = self.to.tls.clone() else { return Some(Stream::Plain(stream)) };
        let began = Instant::now();
        let (saw, stream) = secure::shake(&tls, &self.to.host.name, stream, self.how.limit).await;
        self.add(Layer::Tls, Did::ShookHands(self.to.host.to_string()), saw, began);
        stream
    }

    /// Another connection, for a greeting of its own.
    async fn again(&self, addresses: &[SocketAddr]) -> Option<Stream> {
        let limit = self.how.limit.min(self.to.connect);
        let stream = timeout(limit, TcpStream::connect(addresses)).await.ok()?.ok()?;
        match &self.to.tls {
            None => Some(Stream::Plain(stream)),
            Some(tls) => secure::shake(tls, &self.to.host.name, stream, self.how.limit).await.1,
        }
    }

    async fn listen(&mut self, stream: &mut Stream, addresses: &[SocketAddr]) -> Option<()> {
        let (began, to) = (Instant::now(), self.to.host.to_string());
        let heard = sniff::listen(stream, LISTEN.min(self.how.limit)).await;
        let ended = match heard {
            Heard::Closed => Some(Seen::ClosedAtOnce),
            Heard::Reset => Some(Seen::Reset),
            _ => None,
        };
        if let Some(saw) = ended {
            // The connection stands and is ended at once: that belongs to the rung below.
            let layer = if self.to.tls.is_some() { Layer::Tls } else { Layer::Tcp };
            self.add(layer, Did::Listened(to), saw, began);
            return None;
        }
        let saw = of_speech(heard);
        self.add(Layer::Protocol, Did::Listened(to), saw, began);
        if heard != Heard::Silence {
            return None;
        }
        self.greet(addresses).await
    }

    /// Greets in the protocols that wait to be greeted, each on a connection of its own.
    async fn greet(&mut self, addresses: &[SocketAddr]) -> Option<()> {
        // What speaks HTTP says so when it is greeted; a raw protocol is left alone.
        if !self.how.greet || self.to.speech.is_none() {
            return Some(());
        }
        let asked = Instant::now();
        if let Some(is_well) = self.associate(addresses).await {
            return is_well.then_some(());
        }
        for speech in [Speech::Http, Speech::Dicom] {
            let began = Instant::now();
            let mut stream = self.again(addresses).await?;
            let heard = sniff::greet(&mut stream, speech, LISTEN.min(self.how.limit)).await;
            if let Heard::Spoke(who) = heard {
                // An HL7 service may answer a greeting that it can't read: that is what should be there.
                self.add(
                    Layer::Protocol,
                    Did::Greeted(self.to.host.to_string(), speech),
                    Seen::Spoke(who),
                    began,
                );
                return (Some(who) == self.to.speech).then_some(());
            }
        }
        // Whoever is asked for an association has to answer.
        let Some(entity) = self.to.entity.clone() else { return Some(()) };
        let did = entity.did(&self.to.host);
        self.add(Layer::Answer, did, Seen::NotEchoed, asked);
        None
    }

    /// Asks for an association by the names that deliveries use; nothing where nobody is to be there, or something else is.
    async fn associate(&mut self, addresses: &[SocketAddr]) -> Option<bool> {
        let entity = self.to.entity.clone()?;
        let began = Instant::now();
        let stream = self.again(addresses).await?;
        let saw = timeout(self.how.limit, (entity.ask)(stream)).await.ok()??;
        let is_well = saw == Seen::Accepted;
        self.add(Layer::Protocol, entity.did(&self.to.host), saw, began);
        Some(is_well)
    }

    async fn echo(&mut self, addresses: &[SocketAddr]) -> Option<()> {
        let echo = self.to.echo.clone().filter(|_| self.how.echo)?;
        let stream = self.again(addresses).await?;
        let began = Instant::now();
        let limit = (self.to.answer * 4).min(ECHO_MAX);
        let saw = match echo(stream, limit).await {
            Some(code) => Seen::Echoed(code),
            None => Seen::NotEchoed,
        };
        self.add(Layer::Answer, Did::SentEcho(self.to.host.to_string()), saw, began);
        Some(())
    }
}

fn of_speech(heard: Heard) -> Seen {
    match heard {
        Heard::Spoke(speech) => Seen::Spoke(speech),
        _ => Seen::Silence,
    }
}

fn of_error(error: &io::Error) -> Seen {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Seen::Refused,
        io::ErrorKind::ConnectionReset => Seen::Reset,
        io::ErrorKind::TimedOut => Seen::TimedOut,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            Seen::Unreachable(error.to_string())
        }
        _ => Seen::Failed(error.to_string()),
    }
}

impl fmt::Debug for Dialled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dialled({})", self.host)
    }
}
