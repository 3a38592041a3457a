//! Those who send: as they should, and as they should not.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use klinke_hl7v2::mllp;
use klinke_model::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::sleep;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::certificates::NAME;
use crate::demo::hospital::{self, Patient};
use crate::partner::control_id;
use crate::partner::sender::Sender as Connection;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(5);
/// The patient whose messages are marked.
const MARKED: u64 = 49;

/// What is sent, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Nothing.
    Silent,
    /// A message every so many milliseconds.
    Steady(u64),
    /// The same, and after a few one that is marked.
    OneMarked(u64),
    /// The same, and every third is marked.
    SomeMarked(u64),
    /// Four small messages, then large ones.
    SmallThenLarge(usize),
    /// The clock is so many seconds ahead.
    Ahead(i64),
    /// What was kept back for so many seconds is sent now, as after an outage.
    #[cfg_attr(not(test), expect(dead_code, reason = "healthy sites are played by tests alone"))]
    Backlog(i64),
    /// UTF-8, declared as ISO 8859-1.
    Utf8,
    /// Two machines with one identity.
    Two,
    /// HTTP instead of MLLP.
    Http,
    /// TLS to a port without.
    Tls,
    /// In the clear to a port with TLS.
    PlainToTls,
    /// TLS without the certificate that is wanted.
    NoCertificate,
    /// The same message again and again, whatever is answered.
    Resends,
    /// As much as goes.
    Floods,
    /// Messages that break off.
    Breaks,
    /// Frames that hold no message.
    NoMessage,
    /// Connections that are never closed.
    Leaks,
}

/// Sends to a channel until it is dropped.
pub async fn send(sender: Sender, to: SocketAddr, certificates: std::path::PathBuf) {
    loop {
        // Whoever is turned away comes again.
        let _ = round(sender, to, &certificates).await;
        sleep(Duration::from_millis(150)).await;
    }
}

async fn round(sender: Sender, to: SocketAddr, certificates: &Path) -> Result<()> {
    match sender {
        Sender::Silent => std::future::pending().await,
        Sender::Steady(_) | Sender::OneMarked(_) | Sender::SomeMarked(_) => steady(sender, to).await,
        Sender::SmallThenLarge(bytes) => small_then_large(to, bytes).await,
        Sender::Ahead(seconds) => each(to, 60, |number| shifted(number, seconds)).await,
        Sender::Backlog(seconds) => each(to, 5, |number| shifted(number, -seconds - 3 * number as i64)).await,
        Sender::Utf8 => each(to, 60, |number| text(number, "Böttcher", 0)).await,
        Sender::Two => two(to).await,
        Sender::Http => raw(to, b"POST /hl7 HTTP/1.1\r\nhost: klinke\r\ncontent-length: 3\r\n\r\nabc").await,
        Sender::PlainToTls => raw(to, &framed(&hospital::adt(0, &Patient::new(0)).bytes)?).await,
        Sender::Tls | Sender::NoCertificate => secured(to, certificates).await,
        Sender::Resends => {
            let same = hospital::adt(0, &Patient::new(0)).bytes;
            each(to, 40, |_| same.clone()).await
        }
        Sender::Floods => floods(to).await,
        Sender::Breaks => {
            let message = framed(&hospital::adt(0, &Patient::new(0)).bytes)?;
            raw(to, &message[..message.len() / 2]).await
        }
        Sender::NoMessage => raw(to, &framed(b"<Patient><id value=\"1\"/></Patient>")?).await,
        Sender::Leaks => leaks(to).await,
    }
}

fn framed(payload: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    mllp::encode(payload, &mut bytes)?;
    Ok(bytes)
}

async fn steady(sender: Sender, to: SocketAddr) -> Result<()> {
    let (Sender::Steady(gap) | Sender::OneMarked(gap) | Sender::SomeMarked(gap)) = sender else {
        return Ok(());
    };
    let mut line = Connection::connect(&to.to_string()).await?;
    for number in 0.. {
        let marked = match sender {
            Sender::OneMarked(_) => number == 6,
            Sender::SomeMarked(_) => number % 3 == 2,
            _ => false,
        };
        let patient = Patient::new(if marked { MARKED } else { number % MARKED });
        line.send(&hospital::adt(number, &patient).bytes, LIMIT).await?;
        sleep(Duration::from_millis(gap)).await;
    }
    Ok(())
}

async fn small_then_large(to: SocketAddr, bytes: usize) -> Result<()> {
    let mut line = Connection::connect(&to.to_string()).await?;
    for number in 0..4 {
        line.send(&hospital::adt(number, &Patient::new(number)).bytes, LIMIT).await?;
    }
    let mut message = hospital::adt(5, &Patient::new(5)).bytes;
    message.extend_from_slice(b"ZPD|");
    message.resize(bytes, b'A');
    message.push(b'\r');
    line.send(&message, LIMIT).await?;
    std::future::pending().await
}

async fn each(to: SocketAddr, gap: u64, make: impl Fn(u64) -> Vec<u8>) -> Result<()> {
    let mut line = Connection::connect(&to.to_string()).await?;
    for number in 0.. {
        line.send(&make(number), LIMIT).await?;
        sleep(Duration::from_millis(gap)).await;
    }
    Ok(())
}

/// A message of a clock that is so many seconds ahead.
fn shifted(number: u64, seconds: i64) -> Vec<u8> {
    text(number, "Ahrens", seconds)
}

fn stamp(seconds: i64) -> String {
    let (year, month, day, hour, minute, second, _) = Timestamp(seconds * 1_000_000).parts();
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
}

/// A message in UTF-8 that declares ISO 8859-1, of a clock that is so many seconds ahead. It names its
/// zone: what is tried is the clock, not this machine's zone.
fn text(number: u64, family: &str, ahead: i64) -> Vec<u8> {
    let (id, time) = (control_id(), stamp(Timestamp::now().0.div_euclid(1_000_000) + ahead));
    format!(
        "MSH|^~\\&|KIS|KH|KLINKE|KH|{time}+0000||ADT^A08^ADT_A01|{id}|P|2.5|||||DEU|8859/1\r\
         PID|1||{}^^^KH^PI||{family}^Anna\rPV1|1|I|CHI1\r",
        700_000 + number
    )
    .into_bytes()
}

/// Two machines that both count from one, and say different things.
async fn two(to: SocketAddr) -> Result<()> {
    let mut lines = Vec::new();
    for host in [[127, 0, 0, 1], [127, 0, 0, 2]] {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((host, 0)))?;
        lines.push(socket.connect(to).await?);
    }
    for number in 0.. {
        for (which, line) in lines.iter_mut().enumerate() {
            let message = format!(
                "MSH|^~\\&|KIS|KH|KLINKE|KH|||ADT^A08^ADT_A01|{number}|P|2.5\rPID|1||{}^^^KH^PI\r",
                700_000 + number * 2 + which
            );
            line.write_all(&framed(message.as_bytes())?).await?;
            let mut answer = [0; 4_096];
            if line.read(&mut answer).await? == 0 {
                return Ok(());
            }
        }
        sleep(Duration::from_millis(60)).await;
    }
    Ok(())
}

/// Sends bytes, and waits a moment for whatever comes.
async fn raw(to: SocketAddr, bytes: &[u8]) -> Result<()> {
    let mut stream = TcpStream::connect(to).await?;
    stream.write_all(bytes).await?;
    let mut answer = [0; 4_096];
    let _ = tokio::time::timeout(Duration::from_millis(200), stream.read(&mut answer)).await;
    Ok(())
}

async fn secured(to: SocketAddr, certificates: &Path) -> Result<()> {
    let mut roots = RootCertStore::empty();
    let file = CertificateDer::pem_file_iter(certificates.join("ca.pem"))?;
    roots.add_parsable_certificates(file.collect::<Result<Vec<_>, _>>()?);
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(to).await?;
    let name = ServerName::try_from(NAME).context("a name")?;
    let shaking = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let mut stream = tokio::time::timeout(Duration::from_millis(300), shaking).await??;
    stream.write_all(&framed(&hospital::adt(0, &Patient::new(0)).bytes)?).await?;
    let mut answer = [0; 4_096];
    anyhow::ensure!(stream.read(&mut answer).await? > 0, "the channel closed the connection");
    Ok(())
}

/// Several connections, each as fast as it goes, without waiting for answers.
async fn floods(to: SocketAddr) -> Result<()> {
    let mut stream = TcpStream::connect(to).await?;
    for number in 0..200 {
        let message = framed(&hospital::adt(number, &Patient::new(number % MARKED)).bytes)?;
        stream.write_all(&message).await?;
    }
    let mut answer = vec![0; 65_536];
    while tokio::time::timeout(Duration::from_millis(300), stream.read(&mut answer))
        .await
        .is_ok_and(|read| read.is_ok_and(|count| count > 0))
    {}
    Ok(())
}

async fn leaks(to: SocketAddr) -> Result<()> {
    let mut held = Vec::new();
    loop {
        held.push(TcpStream::connect(to).await?);
        sleep(Duration::from_millis(40)).await;
    }
}
