//! The demo's partners: what each sent and got, by its own count.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use klinke_engine::source::Stop;
use klinke_hl7v2::ack::{self, Answer, Code};
use klinke_hl7v2::{Message, Path};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::hospital::{self, Patient, Sent};
use super::site::Ports;
use crate::partner::behaviour::Behaviour;
use crate::partner::control_id_of;
use crate::partner::listener::{React, listen};
use crate::partner::sender::Sender;

/// How long a sender waits for an answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// What the partners themselves count.
#[derive(Default)]
pub struct Ledger {
    /// Messages for which a channel's answer was positive: patient data, orders, results.
    pub accepted: [AtomicU64; 3],
    /// Messages that were refused or got no answer; the sender sends them again.
    pub again: AtomicU64,
    /// Frames broken on purpose.
    pub broken: AtomicU64,
    /// Results with a PDF.
    pub pdfs: AtomicU64,
    /// What each listening partner said yes to.
    pub kis: Got,
    /// The laboratory.
    pub lis: Got,
    /// Radiology.
    pub ris: Got,
    /// Radiology answers AE to the next message.
    pub ris_errs: AtomicBool,
}

/// What a listening partner got.
#[derive(Default)]
pub struct Got {
    control_ids: Mutex<HashSet<String>>,
    /// Messages that it had got before.
    pub repeats: AtomicU64,
    /// Messages that it answered AE.
    pub errors: AtomicU64,
}

impl Got {
    /// Different messages that it said yes to.
    pub fn count(&self) -> u64 {
        self.control_ids.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }

    fn take(&self, payload: &[u8]) -> Behaviour {
        let new =
            self.control_ids.lock().unwrap_or_else(PoisonError::into_inner).insert(control_id_of(payload));
        self.repeats.fetch_add(u64::from(!new), Ordering::Relaxed);
        Behaviour::Answer(Code::ApplicationAccept)
    }
}

/// The KIS listens for results.
pub async fn kis(socket: TcpListener, ledger: Arc<Ledger>) {
    listen(socket, Arc::new(move |payload: &[u8]| ledger.kis.take(payload))).await;
}

/// Radiology listens; it can be told to answer AE once.
pub async fn ris(socket: TcpListener, ledger: Arc<Ledger>) {
    let react: React = Arc::new(move |payload: &[u8]| {
        if ledger.ris_errs.swap(false, Ordering::Relaxed) {
            ledger.ris.errors.fetch_add(1, Ordering::Relaxed);
            return Behaviour::Answer(Code::ApplicationError);
        }
        ledger.ris.take(payload)
    });
    listen(socket, react).await;
}

/// The laboratory listens, and names each order that came for the first time.
pub async fn lis(socket: TcpListener, ledger: Arc<Ledger>, orders: mpsc::UnboundedSender<u64>) {
    let react: React = Arc::new(move |payload: &[u8]| {
        let before = ledger.lis.count();
        let behaviour = ledger.lis.take(payload);
        if ledger.lis.count() > before
            && let Some(order) = order_number(payload)
        {
            let _ = orders.send(order);
        }
        behaviour
    });
    listen(socket, react).await;
}

/// The demo's own number of an order: ORC-2 without its beginning.
fn order_number(payload: &[u8]) -> Option<u64> {
    let message = Message::parse(payload.to_vec()).ok()?;
    let path: Path = "ORC-2.1".parse().ok()?;
    message.text(&path).parse::<u64>().ok()?.checked_sub(90_000)
}

/// A sending side that keeps a message until the answer says that it is kept.
pub struct Line {
    address: String,
    sender: Option<Sender>,
    ledger: Arc<Ledger>,
    which: usize,
}

impl Line {
    /// To a channel's port; `which` is its place in [`Ledger::accepted`].
    pub fn new(port: u16, ledger: Arc<Ledger>, which: usize) -> Line {
        Line { address: format!("127.0.0.1:{port}"), sender: None, ledger, which }
    }

    /// Sends until it is accepted.
    pub async fn deliver(&mut self, message: &Sent) {
        loop {
            match self.attempt(message).await {
                Ok(true) => {
                    self.ledger.accepted[self.which].fetch_add(1, Ordering::Relaxed);
                    return;
                }
                Ok(false) => {}
                Err(_) => self.sender = None,
            }
            self.ledger.again.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn attempt(&mut self, message: &Sent) -> Result<bool> {
        let sender = self.open().await?;
        let answer = sender.send(&message.bytes, ANSWER_LIMIT).await?;
        Ok(match ack::interpret(&answer, &message.control) {
            Answer::Acknowledgment(ack) => ack.code.is_some_and(|code| code.is_positive()),
            _ => false,
        })
    }

    async fn open(&mut self) -> Result<&mut Sender> {
        let sender = match self.sender.take() {
            Some(sender) => sender,
            None => Sender::connect(&self.address).await?,
        };
        Ok(self.sender.insert(sender))
    }

    /// Breaks a frame in its middle and begins the message anew, as senders do that were interrupted.
    pub async fn break_frame(&mut self, message: &Sent) -> Result<()> {
        let half = message.bytes.len() / 2;
        let mut bytes = vec![klinke_hl7v2::mllp::START];
        bytes.extend_from_slice(&message.bytes[..half]);
        self.open().await?.send_raw(&bytes).await?;
        self.ledger.broken.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// The KIS sends news of patients, and breaks a frame when told to.
pub async fn kis_news(
    ports: Ports,
    ledger: Arc<Ledger>,
    pace: Duration,
    breaks: Arc<AtomicBool>,
    stop: Stop,
) {
    let mut line = Line::new(ports.adt, ledger, 0);
    let mut beat = tokio::time::interval(pace);
    let mut number = 0;
    while !stop.is_said() {
        beat.tick().await;
        let patient = Patient::new(number / 3);
        let message = match number % 40 {
            39 => hospital::merge(&patient, &Patient::new(number + 1_000)),
            _ => hospital::adt(number, &patient),
        };
        if breaks.swap(false, Ordering::Relaxed) {
            let _ = line.break_frame(&message).await;
        }
        line.deliver(&message).await;
        number += 1;
    }
}

/// The KIS sends orders.
pub async fn kis_orders(ports: Ports, ledger: Arc<Ledger>, pace: Duration, stop: Stop) {
    let mut line = Line::new(ports.orders, ledger, 1);
    let mut beat = tokio::time::interval(pace);
    let mut number = 0;
    while !stop.is_said() {
        beat.tick().await;
        line.deliver(&hospital::order(number, &Patient::new(number / 2))).await;
        number += 1;
    }
}

/// The laboratory answers each order with a result. Ends when no more orders can come.
pub async fn lis_results(ports: Ports, ledger: Arc<Ledger>, mut orders: mpsc::UnboundedReceiver<u64>) {
    let mut line = Line::new(ports.results, ledger.clone(), 2);
    while let Some(order) = orders.recv().await {
        tokio::time::sleep(Duration::from_millis(5)).await;
        line.deliver(&hospital::result(order, &Patient::new(order / 2))).await;
        ledger.pdfs.fetch_add(u64::from(order % 4 == 0), Ordering::Relaxed);
    }
}
