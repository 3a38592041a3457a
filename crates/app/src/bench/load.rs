//! The load and the sink.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use klinke_hl7v2::ack::Code;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::partner::behaviour::Behaviour;
use crate::partner::listener::{React, listen};
use crate::partner::sender::Sender;

/// Patients of the load: so many lanes.
const PATIENTS: usize = 997;

/// How long one answer may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Messages of 1 KB, each with its own content.
pub fn messages(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(message).collect()
}

fn message(number: usize) -> Vec<u8> {
    let (patient, ward) = (700_000 + number % PATIENTS, ["CHI1", "INN2", "GYN", "ITS"][number % 4]);
    let (year, month, day) = (1930 + number % 80, 1 + number % 12, 1 + number % 28);
    let now = crate::partner::now();
    let head = format!(
        "MSH|^~\\&|KIS|KH|RIS|KH|20261124{:06}||ADT^A08^ADT_A01|B{number:08}|P|2.5|||||DEU|8859/1\r\
         EVN|A08|20261124{:06}||01|U{:04}^Schmidt^Petra\r",
        number % 240_000,
        number % 240_000,
        number % 9_000
    );
    let patient = format!(
        "PID|1||{patient}^^^KH^PI~K{patient:010}^^^GKV^NH||Muster{patient}^Erika^Anna^^Dr.^^L||{year}{month:02}{day:02}|F|||\
         Lindenweg {}^^Musterstadt^^{:05}^DEU||(030) {patient}^PRN^PH|(030) 45{:05}^WPN^PH|DEU|M|EV|||||||{}|||DEU\r",
        1 + number % 120,
        10_000 + number % 89_999,
        number % 99_999,
        number % 3
    );
    let visit = format!(
        "PV1|1|I|{ward}^{}^{}^KH||||D{:04}^Weber^Karl^^^Dr.|||||||||||||F{:08}^^^KH^VN|||||||||||||||||||||||||20261124\r\
         IN1|1|K{:03}|10410{:04}|AOK Musterland|Kassenallee {}^^Musterstadt^^12345^DEU|||||||2020||||Muster^Erika|1|{year}{month:02}{day:02}\r",
        1 + number % 20,
        1 + number % 3,
        number % 5_000,
        26_000_000 + number,
        number % 300,
        number % 9_999,
        1 + number % 77
    );
    let mut bytes = (head + &patient + &visit).into_bytes();
    let note = format!("NTE|1||{now} ");
    if bytes.len() + note.len() < 1_020 {
        let words = "Aufnahme geplant, Unterlagen liegen vor; bitte Station anrufen. ";
        let room = 1_023 - bytes.len() - note.len();
        let text: String = words.chars().cycle().skip(number % 40).take(room).collect();
        bytes.extend_from_slice(format!("{note}{text}\r").as_bytes());
    }
    bytes
}

/// A partner that counts what it gets and answers AA.
pub struct Sink {
    address: String,
    count: Arc<AtomicUsize>,
    wanted: Arc<AtomicUsize>,
    reached: Arc<Notify>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Sink {
    /// On a free port of loopback.
    pub async fn open() -> Result<Sink> {
        let socket = TcpListener::bind("127.0.0.1:0").await?;
        let address = socket.local_addr()?.to_string();
        let count = Arc::new(AtomicUsize::new(0));
        let wanted = Arc::new(AtomicUsize::new(usize::MAX));
        let reached = Arc::new(Notify::new());
        let react: React = {
            let (count, wanted, reached) = (count.clone(), wanted.clone(), reached.clone());
            Arc::new(move |_: &[u8]| {
                let now = count.fetch_add(1, Ordering::AcqRel) + 1;
                if now >= wanted.load(Ordering::Acquire) {
                    reached.notify_one();
                }
                Behaviour::Answer(Code::ApplicationAccept)
            })
        };
        let task = tokio::spawn(listen(socket, react));
        Ok(Sink { address, count, wanted, reached, task })
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        self.address.clone()
    }

    /// Begins to wait for so many more.
    fn expect(&self, more: usize) {
        self.wanted.store(self.count.load(Ordering::Acquire) + more, Ordering::Release);
    }

    async fn wait(&self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(120);
        while self.count.load(Ordering::Acquire) < self.wanted.load(Ordering::Acquire) {
            if Instant::now() > deadline {
                bail!("the sink got fewer messages than were sent");
            }
            let _ = tokio::time::timeout(Duration::from_millis(200), self.reached.notified()).await;
        }
        Ok(())
    }
}

/// Sends all messages over so many connections; messages a second until the sink has the last.
pub async fn run(addresses: &[String], messages: &[Vec<u8>], connections: usize, sink: &Sink) -> Result<f64> {
    sink.expect(messages.len());
    let messages: Arc<Vec<Vec<u8>>> = Arc::new(messages.to_vec());
    let mut senders = Vec::new();
    for index in 0..connections {
        senders.push(Sender::connect(&addresses[index % addresses.len()]).await?);
    }
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let tasks = senders.into_iter().map(|mut sender| {
        let (messages, next) = (messages.clone(), next.clone());
        tokio::spawn(async move {
            loop {
                let Some(message) = messages.get(next.fetch_add(1, Ordering::Relaxed)) else { return Ok(()) };
                check(&sender.send(message, LIMIT).await?)?;
            }
        })
    });
    for task in tasks.collect::<Vec<tokio::task::JoinHandle<Result<()>>>>() {
        task.await??;
    }
    sink.wait().await?;
    Ok(messages.len() as f64 / started.elapsed().as_secs_f64())
}

/// An answer that is no acceptance ends the measurement.
fn check(answer: &[u8]) -> Result<()> {
    let accepted = answer.windows(8).any(|bytes| bytes == b"\rMSA|AA|");
    if !accepted {
        bail!("a message was not accepted");
    }
    Ok(())
}

/// Sends one message after the other, each when the sink has the one before; the time of each.
pub async fn one_by_one(address: &str, messages: &[Vec<u8>], sink: &Sink) -> Result<Vec<Duration>> {
    let mut sender = Sender::connect(address).await?;
    let mut times = Vec::with_capacity(messages.len());
    for message in messages {
        sink.expect(1);
        let started = Instant::now();
        check(&sender.send(message, LIMIT).await?)?;
        sink.wait().await?;
        times.push(started.elapsed());
        // The last commits of this message are not part of the next one's time.
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    Ok(times)
}
