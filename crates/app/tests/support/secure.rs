//! Servers behind TLS, with certificates that are made for the test.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned, crypto};

use super::receivers::{Kept, converse, read_request};

/// Who vouches for certificates.
pub type Authority = CertifiedIssuer<'static, KeyPair>;

/// A new authority.
pub fn authority(name: &str) -> Authority {
    let mut parameters = CertificateParams::new(Vec::new()).expect("parameters");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().expect("a key")).expect("an authority")
}

/// What a server of this name says of itself.
pub fn server(authority: &Authority, name: &str) -> Arc<ServerConfig> {
    let key = KeyPair::generate().expect("a key");
    let parameters = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
    let certificate = parameters.signed_by(&key, authority).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key);
    Arc::new(config.expect("a server"))
}

type Secured = StreamOwned<ServerConnection, TcpStream>;

/// A listener that does something with each connection; gives its port.
fn listen(work: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = stream.set_read_timeout(Some(super::LIMIT));
            work(stream);
        }
    });
    port
}

fn secured(stream: TcpStream, config: &Arc<ServerConfig>) -> Secured {
    StreamOwned::new(ServerConnection::new(config.clone()).expect("a connection"), stream)
}

/// A mail server that speaks TLS from the first byte.
pub fn mail(config: Arc<ServerConfig>) -> (u16, Kept) {
    let kept = Kept::default();
    let all = kept.clone();
    (listen(move |stream| drop(converse(secured(stream, &config), true, &["8BITMIME"], &all))), kept)
}

/// A mail server that offers STARTTLS; what comes before it is kept apart.
pub fn mail_from_within(config: Arc<ServerConfig>) -> (u16, Kept, Kept) {
    let (plain, kept) = (Kept::default(), Kept::default());
    let (before, after) = (plain.clone(), kept.clone());
    let port = listen(move |stream| {
        if let Ok(Some(stream)) = converse(stream, true, &["STARTTLS", "8BITMIME"], &before) {
            let _ = converse(secured(stream, &config), false, &["8BITMIME"], &after);
        }
    });
    (port, plain, kept)
}

/// A web server.
pub fn web(config: Arc<ServerConfig>) -> (u16, Kept) {
    let kept = Kept::default();
    let all = kept.clone();
    let port = listen(move |stream| {
        let mut stream = secured(stream, &config);
        if let Some(request) = read_request(&mut stream) {
            all.keep(request);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    (port, kept)
}

/// A syslog receiver: all of one connection.
pub fn syslog(config: Arc<ServerConfig>) -> (u16, Kept) {
    let kept = Kept::default();
    let all = kept.clone();
    let port = listen(move |stream| {
        let mut stream = secured(stream, &config);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        if !bytes.is_empty() {
            all.keep(String::from_utf8_lossy(&bytes).into_owned());
        }
    });
    (port, kept)
}
