//! Partners that answer as they should not.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Result;
use klinke_hl7v2::ack::Code;
use klinke_hl7v2::mllp::{self, Framer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto};

use super::network::reset;
use crate::partner::{acknowledgment, control_id, control_id_of};

/// What is in messages that a partner picks out.
pub const MARK: &[u8] = b"ZZTEST";

/// How a partner behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As it should.
    Good,
    /// Nothing listens.
    Away,
    /// It listens and takes no connection.
    Deaf,
    /// It resets connections at once.
    ResetAtOnce,
    /// It closes connections at once.
    CloseAtOnce,
    /// It takes a message and closes the connection.
    CloseAfter,
    /// It takes a message, closes its own direction and goes on listening.
    HalfClose,
    /// It takes messages and never answers.
    Hang,
    /// It answers after so many milliseconds.
    Slow(u64),
    /// It answers for another message.
    WrongId,
    /// Its acknowledgment has no MSA.
    NoMsa,
    /// It answers with this code and this number of table 0357 (0 for none).
    Says(&'static str, u16),
    /// It answers so to marked messages alone.
    SaysToMarked(&'static str, u16),
    /// It resets the connection at every n-th message.
    Nth(u32),
    /// It reads messages of more than so many bytes and never answers them.
    LargeHang(usize),
    /// It is there for so many milliseconds and away for as many.
    Restarts(u64),
    /// A web server is there.
    Http,
    /// An SSH server is there.
    Ssh,
    /// An FTP server is there.
    Ftp,
    /// A mail server is there.
    Smtp,
    /// A DICOM service is there.
    Dicom,
    /// It speaks TLS with this certificate.
    Tls(&'static str),
    /// It speaks TLS and wants a certificate of the client.
    TlsForKnown,
    /// It knows no TLS newer than 1.0.
    TlsOld,
    /// A web service answers with this status.
    Status(u16),
}

/// What a partner's connections share.
struct Shared {
    manner: Manner,
    /// So many messages it answers as it should before it misbehaves.
    good_first: u32,
    messages: AtomicU32,
    tls: Option<TlsAcceptor>,
}

impl Shared {
    fn misbehaves(&self) -> bool {
        self.messages.load(Ordering::Relaxed) >= self.good_first
    }
}

/// Plays a partner at an address until it is dropped.
pub async fn play(
    at: SocketAddr,
    manner: Manner,
    good_first: u32,
    certificates: &Path,
) -> Result<JoinSet<()>> {
    let tls = match manner {
        Manner::Tls(name) => Some(acceptor(certificates, name, false)?),
        Manner::TlsForKnown => Some(acceptor(certificates, "good", true)?),
        _ => None,
    };
    let shared = Arc::new(Shared { manner, good_first, messages: AtomicU32::new(0), tls });
    let mut tasks = JoinSet::new();
    if manner == Manner::Away && good_first == 0 {
        return Ok(tasks);
    }
    if manner == Manner::Deaf {
        tasks.spawn(deaf(at));
        return Ok(tasks);
    }
    let listener = bind(at)?;
    tasks.spawn(listen(at, listener, shared));
    Ok(tasks)
}

fn bind(at: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(at)?;
    socket.listen(64)
}

/// A queue of connections that is full, and nobody takes one: further ones get no answer at all.
async fn deaf(at: SocketAddr) {
    let Ok(socket) = TcpSocket::new_v4() else { return };
    let _ = socket.set_reuseaddr(true);
    if socket.bind(at).is_err() {
        return;
    }
    let Ok(_listener) = socket.listen(0) else { return };
    let mut held = Vec::new();
    loop {
        if let Ok(Ok(stream)) = tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(at)).await
        {
            held.push(stream);
        }
        sleep(Duration::from_millis(100)).await;
    }
}

async fn listen(at: SocketAddr, listener: TcpListener, shared: Arc<Shared>) {
    let mut listener = Some(listener);
    let mut open = JoinSet::new();
    let mut since = tokio::time::Instant::now();
    loop {
        if shared.manner == Manner::Away && shared.misbehaves() {
            return;
        }
        if let Manner::Restarts(millis) = shared.manner
            && shared.misbehaves()
            && since.elapsed() > Duration::from_millis(millis)
        {
            open = JoinSet::new();
            listener = None;
            sleep(Duration::from_millis(millis)).await;
            since = tokio::time::Instant::now();
        }
        if listener.is_none() {
            listener = bind(at).ok();
        }
        let Some(one) = &listener else { return };
        match tokio::time::timeout(Duration::from_millis(20), one.accept()).await {
            Ok(Ok((stream, _))) => drop(open.spawn(enter(stream, shared.clone()))),
            Ok(Err(_)) => return,
            Err(_) => while open.try_join_next().is_some() {},
        }
    }
}

async fn enter(mut stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    match shared.manner {
        Manner::ResetAtOnce if shared.misbehaves() => return reset(stream),
        Manner::CloseAtOnce if shared.misbehaves() => return,
        Manner::Http | Manner::Ssh | Manner::Ftp | Manner::Smtp | Manner::Dicom | Manner::Status(_) => {
            return foreign(&mut stream, shared.manner).await;
        }
        Manner::TlsOld => return old(&mut stream).await,
        _ => {}
    }
    let Some(tls) = shared.tls.clone() else {
        if converse(&mut stream, &shared).await == Some(Ended::Reset) {
            reset(stream);
        }
        return;
    };
    if let Ok(mut stream) = tls.accept(stream).await {
        converse(&mut stream, &shared).await;
    }
}

/// How a conversation is to be ended, beyond closing.
#[derive(PartialEq, Eq)]
enum Ended {
    Reset,
}

/// Takes frames and answers them.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, shared: &Shared) -> Option<Ended> {
    let mut framer = Framer::new(mllp::Config::default());
    let mut own = 0;
    loop {
        if stream.read_buf(framer.buffer_mut()).await.ok()? == 0 {
            return None;
        }
        while let Ok(Some(frame)) = framer.next_frame() {
            own += 1;
            let bad = shared.misbehaves();
            shared.messages.fetch_add(1, Ordering::Relaxed);
            let payload = &frame.payload;
            match shared.manner {
                Manner::Nth(n) if bad && own >= n => return Some(Ended::Reset),
                Manner::CloseAfter if bad => return None,
                Manner::HalfClose if bad => {
                    stream.shutdown().await.ok()?;
                    continue;
                }
                Manner::Hang if bad => continue,
                Manner::LargeHang(limit) if payload.len() > limit => continue,
                Manner::Slow(millis) if bad => sleep(Duration::from_millis(millis)).await,
                _ => {}
            }
            let answer = if bad { answer(payload, shared.manner) } else { accept(payload) };
            let mut bytes = Vec::new();
            mllp::encode(&answer, &mut bytes).ok()?;
            stream.write_all(&bytes).await.ok()?;
        }
    }
}

fn accept(payload: &[u8]) -> Vec<u8> {
    acknowledgment(payload, Code::ApplicationAccept)
}

fn answer(payload: &[u8], manner: Manner) -> Vec<u8> {
    let is_marked = payload.windows(MARK.len()).any(|window| window == MARK);
    match manner {
        Manner::WrongId => says("AA", 0, "SOMEBODY-ELSES"),
        Manner::NoMsa => format!("{}\r", header()).into_bytes(),
        Manner::Says(code, reason) => says(code, reason, &control_id_of(payload)),
        Manner::SaysToMarked(code, reason) if is_marked => says(code, reason, &control_id_of(payload)),
        _ => accept(payload),
    }
}

fn header() -> String {
    format!("MSH|^~\\&|RIS|KH|KLINKE|KH|20260101120000||ACK|{}|P|2.5", control_id())
}

fn says(code: &str, reason: u16, id: &str) -> Vec<u8> {
    let error = match reason {
        0 => String::new(),
        number => format!("ERR||PV1^1^3|{number}^^HL70357|E\r"),
    };
    format!("{}\rMSA|{code}|{id}\r{error}", header()).into_bytes()
}

/// A service that is something else.
async fn foreign(stream: &mut TcpStream, manner: Manner) {
    let greeting: &[u8] = match manner {
        Manner::Ssh => b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
        Manner::Ftp => b"220 (vsFTPd 3.0.3)\r\n",
        Manner::Smtp => b"220 mail.hospital.example ESMTP Postfix\r\n",
        _ => b"",
    };
    if stream.write_all(greeting).await.is_err() {
        return;
    }
    let mut bytes = vec![0; 65_536];
    loop {
        let Ok(count @ 1..) = stream.read(&mut bytes).await else { return };
        let said = &bytes[..count];
        let (answer, goes_on): (Vec<u8>, bool) = match manner {
            Manner::Status(status) => {
                (format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n").into(), true)
            }
            Manner::Http if said.is_ascii() && said[0].is_ascii_uppercase() => {
                (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(), true)
            }
            Manner::Http => (b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n".to_vec(), false),
            Manner::Dicom if said.starts_with(&[1, 0]) => (association(), true),
            // A-ABORT, by the service, of what is no PDU that it knows.
            Manner::Dicom => (vec![7, 0, 0, 0, 0, 4, 0, 0, 2, 1], false),
            Manner::Ssh => (b"Invalid SSH identification string.\r\n".to_vec(), false),
            _ => (b"500 Unknown command.\r\n".to_vec(), true),
        };
        if stream.write_all(&answer).await.is_err() || !goes_on {
            return;
        }
    }
}

/// A-ASSOCIATE-AC with nothing but its fixed fields.
fn association() -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, 68, 0, 1, 0, 0];
    bytes.resize(74, b' ');
    bytes
}

/// A server from before TLS 1.2: it answers the greeting with the alert `protocol_version`.
async fn old(stream: &mut TcpStream) {
    let mut bytes = vec![0; 4_096];
    if stream.read(&mut bytes).await.is_ok_and(|count| count > 0) {
        let _ = stream.write_all(&[0x15, 3, 1, 0, 2, 2, 70]).await;
    }
}

/// Takes TLS connections with a certificate of the laboratory.
fn acceptor(folder: &Path, name: &str, wants_certificate: bool) -> Result<TlsAcceptor> {
    let provider = Arc::new(crypto::ring::default_provider());
    let read = |file: String| -> Result<Vec<CertificateDer<'static>>> {
        Ok(CertificateDer::pem_file_iter(folder.join(file))?.collect::<Result<_, _>>()?)
    };
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let builder = match wants_certificate {
        false => builder.with_no_client_auth(),
        true => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(read("ca.pem".to_owned())?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build()?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let key = PrivateKeyDer::from_pem_file(folder.join(format!("{name}.key")))?;
    let config = builder.with_single_cert(read(format!("{name}.pem"))?, key)?;
    Ok(Arc::new(config).into())
}
