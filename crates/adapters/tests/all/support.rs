//! A channel's intake that tests hold in their hands, and small helpers over sockets.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use klinke_engine::BoxFuture;
use klinke_engine::source::{Arrival, End, Intake, OpenSource, Receipt, Refusal, Source, Stop, Stopper};
use klinke_model::{EnvelopeId, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longest that a test waits for what must come.
pub const SOON: Duration = Duration::from_secs(10);

type Decide = dyn Fn(&Arrival) -> Result<End, Refusal> + Send + Sync;

/// A channel's intake in memory.
pub struct Desk {
    decide: Box<Decide>,
    /// One permit for each answer that may be given.
    pub gate: Semaphore,
    pub arrivals: Mutex<Vec<Arrival>>,
    /// What arrived damaged, and why.
    pub damaged: Mutex<Vec<(Arrival, &'static str)>>,
    /// The channel's name.
    pub name: OnceLock<&'static str>,
    pub pressure: Mutex<Option<Refusal>>,
    next: AtomicU64,
}

impl Desk {
    /// Keeps everything and answers at once.
    pub fn open() -> Arc<Self> {
        Desk::deciding(|_| Ok(End::Stored))
    }

    /// Answers at once, as `decide` says.
    pub fn deciding(decide: impl Fn(&Arrival) -> Result<End, Refusal> + Send + Sync + 'static) -> Arc<Self> {
        Desk::gated(Semaphore::MAX_PERMITS >> 1, decide)
    }

    /// Gives this many answers; more when the test adds permits to the gate.
    pub fn gated(
        permits: usize,
        decide: impl Fn(&Arrival) -> Result<End, Refusal> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Desk {
            decide: Box::new(decide),
            gate: Semaphore::new(permits),
            arrivals: Mutex::default(),
            damaged: Mutex::default(),
            name: OnceLock::new(),
            pressure: Mutex::default(),
            next: AtomicU64::new(1),
        })
    }

    pub fn count(&self) -> usize {
        self.arrivals.lock().unwrap().len()
    }

    pub fn payloads(&self) -> Vec<String> {
        let text = |one: &Arrival| String::from_utf8_lossy(&one.payload).into_owned();
        self.arrivals.lock().unwrap().iter().map(text).collect()
    }

    /// Waits until this many have arrived.
    pub async fn has(&self, count: usize) {
        timeout(SOON, async {
            while self.count() < count {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
        .await
        .unwrap_or_else(|_| panic!("{} of {count} arrived", self.count()));
    }
}

/// The intake of a [`Desk`].
pub struct Handle(pub Arc<Desk>);

impl Intake for Handle {
    fn submit(&self, arrival: Arrival) -> BoxFuture<'static, Result<Receipt, Refusal>> {
        let desk = Arc::clone(&self.0);
        Box::pin(async move {
            let decided = (desk.decide)(&arrival);
            desk.arrivals.lock().unwrap().push(arrival);
            desk.gate.acquire().await.unwrap().forget();
            let id = EnvelopeId(desk.next.fetch_add(1, Ordering::Relaxed));
            decided.map(|end| Receipt { id, duplicate: false, end })
        })
    }

    fn keep_damaged(
        &self,
        arrival: Arrival,
        why: &'static str,
    ) -> BoxFuture<'static, Result<Receipt, Refusal>> {
        let desk = Arc::clone(&self.0);
        Box::pin(async move {
            desk.damaged.lock().unwrap().push((arrival, why));
            let id = EnvelopeId(desk.next.fetch_add(1, Ordering::Relaxed));
            Ok(Receipt { id, duplicate: false, end: End::Stored })
        })
    }

    fn pressure(&self) -> Option<Refusal> {
        self.0.pressure.lock().unwrap().clone()
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn channel(&self) -> &str {
        self.0.name.get().copied().unwrap_or("test")
    }
}

/// A source that runs.
pub struct Running {
    pub address: String,
    pub stopper: Stopper,
    pub task: JoinHandle<()>,
}

/// Opens a source and lets it run.
pub async fn run(source: impl Source, desk: &Arc<Desk>) -> Running {
    run_boxed(Box::new(source), desk).await
}

/// The same with one whose kind is not known.
pub async fn run_boxed(source: Box<dyn Source>, desk: &Arc<Desk>) -> Running {
    let open: Box<dyn OpenSource> = source.open(Arc::new(Handle(Arc::clone(desk)))).await.unwrap();
    let (stopper, stop) = Stop::new();
    Running { address: open.address(), stopper, task: tokio::spawn(open.run(stop)) }
}

impl Running {
    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).await.unwrap()
    }

    /// Says stop and waits for the end.
    pub async fn end(self) {
        self.stopper.say();
        timeout(SOON, self.task).await.expect("the source ends when it is told").unwrap();
    }
}

/// Settings from TOML's cousin.
pub fn config<T: serde::de::DeserializeOwned>(json: serde_json::Value) -> T {
    serde_json::from_value(json).unwrap()
}

/// Reads until this text has come.
pub async fn expect(stream: &mut TcpStream, text: &str) {
    let mut got = vec![0; text.len()];
    match timeout(SOON, stream.read_exact(&mut got)).await {
        Ok(read) => read.unwrap_or_else(|error| panic!("{error} instead of {text:?}")),
        Err(_) => panic!("nothing came instead of {text:?}"),
    };
    assert_eq!(String::from_utf8_lossy(&got), text);
}

/// Nothing comes for a while.
pub async fn expect_silence(stream: &mut TcpStream, millis: u64) {
    let mut byte = [0];
    let read = timeout(Duration::from_millis(millis), stream.read(&mut byte)).await;
    assert!(read.is_err(), "something came: {read:?}");
}

/// The partner closes, and nothing more comes before.
pub async fn expect_end(stream: &mut TcpStream) {
    let mut byte = [0];
    match timeout(SOON, stream.read(&mut byte)).await {
        Ok(Ok(0) | Err(_)) => {}
        Ok(Ok(_)) => panic!("something came instead of the end"),
        Err(_) => panic!("the connection stays open"),
    }
}

pub async fn send(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
}

/// A payload in its MLLP frame.
pub fn framed(payload: &str) -> String {
    format!("\x0b{payload}\x1c\r")
}

/// A message with this header's end: MSH-10 and what follows.
pub fn adt(control_id: &str, rest: &str) -> String {
    format!(
        "MSH|^~\\&|KIS|HAUS|RIS|RAD|20260301081500||ADT^A01^ADT_A01|{control_id}|P|2.5{rest}\rPID|1||4711\r"
    )
}

/// Reads one MLLP frame, and nothing after it.
pub async fn frame(stream: &mut TcpStream) -> String {
    let read = async {
        let (mut bytes, mut ahead) = (Vec::new(), vec![0; 256 << 10]);
        while !bytes.ends_with(b"\x1c\r") {
            let seen = stream.peek(&mut ahead).await.unwrap();
            assert!(seen > 0, "the end came after {} bytes of a frame", bytes.len());
            let take = (0..seen).find(|&at| ahead[at] == b'\r' && bytes_end(&bytes, &ahead, at));
            let take = take.map_or(seen, |at| at + 1);
            stream.read_exact(&mut ahead[..take]).await.unwrap();
            bytes.extend_from_slice(&ahead[..take]);
        }
        assert_eq!(bytes[0], 0x0b);
        String::from_utf8_lossy(&bytes[1..bytes.len() - 2]).into_owned()
    };
    timeout(SOON, read).await.expect("a frame comes")
}

/// Whether FS stands before this place.
fn bytes_end(before: &[u8], ahead: &[u8], at: usize) -> bool {
    (if at > 0 { ahead.get(at - 1) } else { before.last() }) == Some(&0x1c)
}

/// A field of a segment, by number (MSH-1 is the separator).
pub fn field<'a>(message: &'a str, segment: &str, number: usize) -> &'a str {
    let line = message.split('\r').find(|line| line.starts_with(segment)).unwrap_or_default();
    let at = if segment == "MSH" { number - 1 } else { number };
    line.split('|').nth(at).unwrap_or_default()
}

/// The partner closes, whatever it says before.
pub async fn expect_close(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    // A reset is an end, too.
    let _ = timeout(SOON, stream.read_to_end(&mut rest)).await.expect("the connection ends");
}
