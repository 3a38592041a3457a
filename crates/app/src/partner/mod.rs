//! Simulated partners over MLLP: one that sends, one that listens. `send`, `listen`, `demo` and `bench`
//! are made of them. They know nothing of the engine.

pub mod behaviour;
pub mod listener;
pub mod sender;

use std::sync::atomic::{AtomicU64, Ordering};

use klinke_hl7v2::ack::{self, Code};
use klinke_hl7v2::time::Timestamp;

/// Counts control identifiers of this process.
static COUNTER: AtomicU64 = AtomicU64::new(1);

/// A control identifier that no other message of this process has.
pub fn control_id() -> String {
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("K{}-{number}", std::process::id())
}

/// The time, as HL7 writes it, in UTC.
pub fn now() -> Timestamp {
    Timestamp::from_unix(klinke_model::Timestamp::now().0.div_euclid(1_000_000), 0)
}

/// An acknowledgment of a payload.
pub fn acknowledgment(payload: &[u8], code: Code) -> Vec<u8> {
    ack::acknowledge_bytes(payload, code, &ack::Options::new(&control_id(), now()))
}

/// The control identifier (MSH-10) of a payload; empty when it has none.
pub fn control_id_of(payload: &[u8]) -> String {
    let message = klinke_hl7v2::Message::parse(payload.to_vec());
    let path = "MSH-10".parse::<klinke_hl7v2::Path>();
    match (message, path) {
        (Ok(message), Ok(path)) => message.text(&path).into_owned(),
        _ => String::new(),
    }
}

/// Ports of loopback that are free now.
pub fn free_ports<const N: usize>() -> std::io::Result<[u16; N]> {
    // All are held until all are known, so that none comes twice.
    let sockets: Vec<std::net::TcpListener> =
        (0..N).map(|_| std::net::TcpListener::bind("127.0.0.1:0")).collect::<Result<_, _>>()?;
    let mut ports = [0; N];
    for (port, socket) in ports.iter_mut().zip(&sockets) {
        *port = socket.local_addr()?.port();
    }
    Ok(ports)
}
