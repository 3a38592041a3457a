//! A partner that listens, and remembers everything that comes and how it answered.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use klinke_hl7v2::ack::{self, Code, Options};
use klinke_hl7v2::mllp::{self, Framer};
use klinke_hl7v2::time::Timestamp;
use klinke_hl7v2::{Message, Path};

use super::random::Random;

/// How long what a killed site had sent may take to be read.
const QUIET_LIMIT: Duration = Duration::from_secs(10);

/// How the sink answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// AA: it has taken the message.
    Accepted,
    /// AE: it has not.
    Refused,
    /// It has taken the message and closed the connection without a word.
    Silent,
}

/// One message that came.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The number under which the store keeps it.
    pub envelope: u64,
    /// Its control identifier.
    pub control: String,
    /// The patient: the lane, where lanes are by patient.
    pub patient: String,
    /// How many kills lay before it.
    pub life: u32,
    /// The answer.
    pub answered: Answered,
}

/// A listening partner.
pub struct Sink {
    /// The channel that delivers here.
    pub channel: &'static str,
    arrivals: Mutex<Vec<Arrival>>,
    count: AtomicU64,
    life: AtomicU32,
    live: AtomicUsize,
    random: Mutex<Random>,
}

impl Sink {
    /// Listens from now on, until the program ends.
    pub fn open(channel: &'static str, port: u16, seed: u64) -> anyhow::Result<Arc<Sink>> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).context("the sink's port")?;
        let sink = Arc::new(Sink {
            channel,
            arrivals: Mutex::default(),
            count: AtomicU64::new(0),
            life: AtomicU32::new(0),
            live: AtomicUsize::new(0),
            random: Mutex::new(Random::new(seed)),
        });
        let shared = sink.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sink = shared.clone();
                sink.live.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    // A connection that a kill has cut is no fault of the sink.
                    let _ = sink.converse(stream);
                    sink.live.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Ok(sink)
    }

    /// All that came so far, in its order.
    pub fn arrivals(&self) -> MutexGuard<'_, Vec<Arrival>> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many came so far.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Waits until all connections are closed, after a kill.
    pub fn wait_until_quiet(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        while self.live.load(Ordering::SeqCst) > 0 {
            if began.elapsed() > QUIET_LIMIT {
                bail!("connections of a killed process are still open");
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// What comes from now on comes after another kill.
    pub fn next_life(&self) {
        self.life.fetch_add(1, Ordering::SeqCst);
    }

    fn converse(&self, mut stream: TcpStream) -> anyhow::Result<()> {
        stream.set_nodelay(true)?;
        let mut framer = Framer::new(mllp::Config::default());
        let mut bytes = vec![0; 16 << 10];
        loop {
            while let Some(frame) = framer.next_frame()? {
                let (answered, wait) = self.decide();
                std::thread::sleep(wait);
                self.note(&frame.payload, answered)?;
                let code = match answered {
                    Answered::Accepted => Code::ApplicationAccept,
                    Answered::Refused => Code::ApplicationError,
                    Answered::Silent => return Ok(()),
                };
                let id = format!("S{}", self.count());
                let options = Options::new(&id, Timestamp::from_unix(0, 0));
                let mut answer = Vec::new();
                mllp::encode(&ack::acknowledge_bytes(&frame.payload, code, &options), &mut answer)?;
                stream.write_all(&answer)?;
            }
            match stream.read(&mut bytes)? {
                0 => return Ok(()),
                count => framer.push(&bytes[..count]),
            }
        }
    }

    /// How to answer, and after what time: mostly AA at once.
    fn decide(&self) -> (Answered, Duration) {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        let answered = match random.below(1_000) {
            0..15 => Answered::Refused,
            15..17 => Answered::Silent,
            _ => Answered::Accepted,
        };
        let wait = if random.one_in(10) { random.below(2_000) } else { 0 };
        (answered, Duration::from_micros(wait))
    }

    fn note(&self, payload: &[u8], answered: Answered) -> anyhow::Result<()> {
        let message = Message::parse(payload.to_vec()).context("the sink got no HL7")?;
        let text =
            |path: &str| -> anyhow::Result<String> { Ok(message.text(&path.parse::<Path>()?).into_owned()) };
        let envelope = text("ZTR-2")?.parse().context("ZTR-2 holds no number")?;
        let (control, patient) = (text("MSH-10")?, text("PID-3.1")?);
        let life = self.life.load(Ordering::SeqCst);
        self.arrivals().push(Arrival { envelope, control, patient, life, answered });
        self.count.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
