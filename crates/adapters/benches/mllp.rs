//! How many messages of 1 KB pass through the MLLP source and destination, beside bare sockets that do
//! the same without any engine: what the driver costs. `cargo bench -p klinke-adapters`.

#![allow(clippy::print_stdout, reason = "the figures are what it is for")]
#![allow(clippy::unwrap_used, reason = "what fails here fails the measurement")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use klinke_adapters::mllp::{Destination, DestinationConfig, Source, SourceConfig};
use klinke_engine::BoxFuture;
use klinke_engine::link::{Destination as _, Parcel, ReplyKind};
use klinke_engine::source::{Arrival, End, Intake, Receipt, Refusal, Source as _, Stop};
use klinke_model::{DeliveryKey, DestinationId, EnvelopeId, Timestamp};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const CONNECTIONS: usize = 64;
const MESSAGES_PER_CONNECTION: usize = 2_000;

/// A channel that keeps nothing.
struct Nothing(AtomicU64);

impl Intake for Nothing {
    fn submit(&self, _: Arrival) -> BoxFuture<'static, Result<Receipt, Refusal>> {
        let id = EnvelopeId(self.0.fetch_add(1, Ordering::Relaxed));
        Box::pin(std::future::ready(Ok(Receipt { id, duplicate: false, end: End::Stored })))
    }

    fn pressure(&self) -> Option<Refusal> {
        None
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn channel(&self) -> &str {
        "bench"
    }
}

fn message() -> String {
    let mut text =
        "MSH|^~\\&|KIS|HAUS|RIS|RAD|20260301081500||ADT^A01^ADT_A01|C1|P|2.5\rPID|1||4711\r".to_owned();
    while text.len() < 1_000 {
        text.push_str("OBX|1|ST|1234^Text||some value that fills the line||||||F\r");
    }
    text
}

/// Sends all messages over all connections, `pipelined` at a time, and waits for the answers.
async fn load(address: &str, pipelined: usize) -> Duration {
    let frame: Arc<[u8]> = format!("\x0b{}\x1c\r", message()).repeat(pipelined).into_bytes().into();
    let begin = Instant::now();
    let mut senders = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let frame = Arc::clone(&frame);
        senders.push(tokio::spawn(async move {
            let mut buffer = vec![0; 16 << 10];
            for _ in 0..MESSAGES_PER_CONNECTION / pipelined {
                stream.write_all(&frame).await.unwrap();
                let mut answers = 0;
                while answers < pipelined {
                    let read = stream.read(&mut buffer).await.unwrap();
                    assert!(read > 0);
                    answers += buffer[..read].iter().filter(|&&byte| byte == 0x1c).count();
                }
            }
        }));
    }
    for sender in senders {
        sender.await.unwrap();
    }
    begin.elapsed()
}

/// Answers each frame with a fixed acknowledgment.
async fn sink() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            tokio::spawn(async move {
                let ack = b"\x0bMSH|^~\\&|RIS|RAD|KIS|HAUS|2026||ACK^A01^ACK|R1|P|2.5\rMSA|AA|C1\r\x1c\r";
                let mut buffer = vec![0; 64 << 10];
                loop {
                    let read = stream.read(&mut buffer).await.unwrap();
                    if read == 0 {
                        return;
                    }
                    let frames = buffer[..read].iter().filter(|&&byte| byte == 0x1c).count();
                    stream.write_all(&ack.repeat(frames)).await.unwrap();
                }
            });
        }
    });
    address
}

async fn source() -> String {
    let settings: SourceConfig =
        serde_json::from_value(json!({ "listen": "0", "limits": { "connections": 1000 } })).unwrap();
    let source = Box::new(Source::new(settings).unwrap());
    let open = source.open(Arc::new(Nothing(AtomicU64::new(1)))).await.unwrap();
    let address = open.address();
    let (stopper, stop) = Stop::new();
    tokio::spawn(async move {
        open.run(stop).await;
        drop(stopper);
    });
    address
}

/// Delivers all messages over as many links.
async fn deliver(address: &str) -> Duration {
    let settings: DestinationConfig = serde_json::from_value(json!(address)).unwrap();
    let destination = Destination::new(settings).unwrap();
    let begin = Instant::now();
    let mut links = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut link = destination.link();
        let key =
            DeliveryKey { destination: DestinationId(1), lane: "".into(), envelope: EnvelopeId(1), part: 0 };
        let parcel = Parcel {
            key,
            attempt: 1,
            repeat: false,
            queued: Timestamp(0),
            format: "hl7v2".into(),
            payload: message().into_bytes().into(),
        };
        links.push(tokio::spawn(async move {
            for _ in 0..MESSAGES_PER_CONNECTION {
                let reply = link.deliver(&parcel, Duration::from_secs(10)).await;
                assert_eq!(reply.kind, ReplyKind::Accepted);
            }
        }));
    }
    for link in links {
        link.await.unwrap();
    }
    begin.elapsed()
}

fn report(what: &str, elapsed: Duration) {
    let all = (CONNECTIONS * MESSAGES_PER_CONNECTION) as f64;
    println!("{what:<44} {:>9.0} messages/s", all / elapsed.as_secs_f64());
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (sink, source) = (sink().await, source().await);
        load(&sink, 1).await;
        report("bare sockets, one at a time", load(&sink, 1).await);
        report("source, one at a time", load(&source, 1).await);
        report("bare sockets, ten at a time", load(&sink, 10).await);
        report("source, ten at a time", load(&source, 10).await);
        report("destination to bare sockets", deliver(&sink).await);
        report("destination to source", deliver(&source).await);
    });
}
