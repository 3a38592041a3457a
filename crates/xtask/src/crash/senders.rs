//! Partners that send, and keep a message until the answer says that it is kept.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::bail;
use klinke_hl7v2::ack::{self, Answer};
use klinke_hl7v2::mllp::{self, Framer};

use super::random::Random;
use super::sink::Sink;

/// How long a sender waits for an answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Senders wait when so many messages of theirs are not delivered yet.
const BACKLOG_MAX: u64 = 3_000;

/// Every so many messages one that the channel filters.
const FILTERED_EVERY: u64 = 20;

/// Patients of each sender.
const PATIENTS: u64 = 7;

/// What all senders see.
pub struct Gate {
    /// Each sender finishes what it has begun.
    pub close: AtomicBool,
    /// Messages acknowledged, by all.
    pub acknowledged: AtomicU64,
    sinks: Vec<Arc<Sink>>,
}

impl Gate {
    /// Open, before the sinks.
    pub fn new(sinks: Vec<Arc<Sink>>) -> Gate {
        Gate { close: AtomicBool::new(false), acknowledged: AtomicU64::new(0), sinks }
    }

    fn is_crowded(&self) -> bool {
        let arrived: u64 = self.sinks.iter().map(|sink| sink.count()).sum();
        self.acknowledged.load(Ordering::Relaxed) > arrived + BACKLOG_MAX
    }
}

/// A message that the site has acknowledged.
#[derive(Debug)]
pub struct Acknowledged {
    /// Its channel, as a place in [`super::node::CHANNELS`].
    pub channel: usize,
    /// Its control identifier.
    pub control: String,
    /// The channel filters it.
    pub filtered: bool,
    /// How often it was sent until the answer came.
    pub tries: u32,
}

/// One connection that sends.
pub struct Sender {
    channel: usize,
    number: usize,
    port: u16,
    random: Random,
    stream: Option<TcpStream>,
    framer: Framer,
}

impl Sender {
    /// A sender to a channel's port.
    pub fn new(channel: usize, number: usize, port: u16, seed: u64) -> Sender {
        let framer = Framer::new(mllp::Config::default());
        Sender { channel, number, port, random: Random::new(seed), stream: None, framer }
    }

    /// Sends until the gate closes.
    pub fn run(mut self, gate: &Gate) -> Vec<Acknowledged> {
        let mut acknowledged = Vec::new();
        for count in 0.. {
            while gate.is_crowded() && !gate.close.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(5));
            }
            if gate.close.load(Ordering::Relaxed) {
                break;
            }
            let control = format!("C{}-{count}", self.number);
            let filtered = count % FILTERED_EVERY == 7;
            let tries = self.deliver(&control, filtered);
            acknowledged.push(Acknowledged { channel: self.channel, control, filtered, tries });
            gate.acknowledged.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(Duration::from_micros(self.random.below(4_000)));
        }
        acknowledged
    }

    /// Sends a message until it is acknowledged; gives how often it was sent.
    fn deliver(&mut self, control: &str, filtered: bool) -> u32 {
        let event = if filtered { "ORM^O01" } else { "ADT^A08" };
        let patient = self.number as u64 * 100 + self.random.below(PATIENTS);
        let ward = ["CHI1", "INN2", "GYN"][self.random.below(3) as usize];
        let mut tries = 0;
        loop {
            let message = format!(
                "MSH|^~\\&|SENDER{}|KH|KLINKE|KH|20260101120000||{event}|{control}|P|2.5\r\
                 PID|1||{patient}^^^KH^PI||Crash^Test\rPV1|1|I|{ward}^1^1\rZTR|{tries}\r",
                self.number
            );
            match self.attempt(message.as_bytes(), control) {
                Ok(true) => return tries + 1,
                // Refused, or sent without an answer: it may be kept all the same.
                Ok(false) => tries += 1,
                Err(unsent) => {
                    self.stream = None;
                    tries += u32::from(!unsent.is::<NotConnected>());
                    std::thread::sleep(Duration::from_millis(3));
                }
            }
        }
    }

    fn attempt(&mut self, message: &[u8], control: &str) -> anyhow::Result<bool> {
        let mut frame = Vec::new();
        mllp::encode(message, &mut frame)?;
        if self.stream.is_none() {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).map_err(|_| NotConnected)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(ANSWER_LIMIT))?;
            self.framer = Framer::new(mllp::Config::default());
            self.stream = Some(stream);
        }
        let Some(stream) = &mut self.stream else { bail!("no connection") };
        stream.write_all(&frame)?;
        let mut bytes = [0; 4096];
        loop {
            if let Some(frame) = self.framer.next_frame()? {
                return match ack::interpret(&frame.payload, control) {
                    Answer::Acknowledgment(ack) => Ok(ack.code.is_some_and(ack::Code::is_positive)),
                    _ => bail!("an answer that is none to the message"),
                };
            }
            match stream.read(&mut bytes)? {
                0 => bail!("closed"),
                count => self.framer.push(&bytes[..count]),
            }
        }
    }
}

/// Nobody listened: the message was not sent.
#[derive(Debug)]
struct NotConnected;

impl std::fmt::Display for NotConnected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nobody listens")
    }
}

impl std::error::Error for NotConnected {}
