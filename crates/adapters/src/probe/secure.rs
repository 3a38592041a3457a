//! A TLS handshake with what the destination is set up with, told apart by what is wrong with it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use klinke_diagnosis::{Seen, TlsFault};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    AlertDescription as Alert, CertificateError as Bad, DigitallySignedStruct, Error, SignatureScheme,
};

use crate::net::tls::{valid_until, word_of};
use crate::net::{ClientTls, Stream};

/// How long after the handshake a partner may take to say that it wants a certificate (TLS 1.3 says so
/// only then).
const AFTER: Duration = Duration::from_millis(250);

/// The certificates that came, whatever was thought of them.
type Came = Arc<Mutex<Vec<CertificateDer<'static>>>>;

/// Makes the handshake; the stream when it stands.
pub(super) async fn shake(
    tls: &ClientTls,
    host: &str,
    stream: TcpStream,
    limit: Duration,
) -> (Seen, Option<Stream>) {
    let came = Came::default();
    let wrap = |inner| Arc::new(Watched { inner, came: Arc::clone(&came) }) as Arc<dyn ServerCertVerifier>;
    let connector = match tls.connector_with(host, &wrap) {
        Ok(connector) => connector,
        Err(error) => return (Seen::TlsFailed(TlsFault::Other(error.to_string())), None),
    };
    let wanted = tls.name(host);
    let fault = |error: &io::Error| Seen::TlsFailed(of_error(error, tls, wanted, &came));
    let mut stream = match tokio::time::timeout(limit, connector.try_connect(stream)).await {
        Err(_) => return (Seen::TlsFailed(TlsFault::TimedOut), None),
        Ok(Err(error)) => return (fault(&error), None),
        Ok(Ok(stream)) => stream,
    };
    let mut byte = [0; 1];
    match tokio::time::timeout(AFTER.min(limit), stream.read(&mut byte)).await {
        Ok(Err(error)) if word_of(&error).is_some() => return (fault(&error), None),
        // A byte or an end belongs to the protocol above; the look at it is made there, anew.
        _ => {}
    }
    let stream = Stream::Tls(Box::new(stream.into()));
    let saw = match stream.secured() {
        Some(shown) => Seen::Secured {
            version: shown.version,
            cipher: shown.cipher,
            chain: shown.chain,
            days: shown.until.map(days_until),
        },
        None => Seen::Unknown,
    };
    (saw, Some(stream))
}

/// Whole days until a certificate expires; below zero it has.
pub(super) fn days_left(certificate: &CertificateDer<'_>) -> Option<i64> {
    valid_until(certificate).map(days_until)
}

fn days_until(until: klinke_model::Timestamp) -> i64 {
    (until.0.div_euclid(1_000_000) - now()).div_euclid(86_400)
}

fn now() -> i64 {
    klinke_model::Timestamp::now().0.div_euclid(1_000_000)
}

fn of_error(error: &io::Error, tls: &ClientTls, wanted: &str, came: &Came) -> TlsFault {
    let came = came.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(word) = word_of(error) else {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                TlsFault::Closed
            }
            _ => TlsFault::Other(error.to_string()),
        };
    };
    match word {
        Error::InvalidCertificate(bad) => of_certificate(bad, wanted, came.first()),
        Error::InvalidMessage(_) => TlsFault::NotTls,
        Error::PeerIncompatible(_)
        | Error::AlertReceived(Alert::ProtocolVersion | Alert::InsufficientSecurity) => TlsFault::TooOld,
        Error::AlertReceived(
            Alert::CertificateRequired | Alert::UnknownCA | Alert::BadCertificate | Alert::CertificateUnknown,
        ) => TlsFault::WantsCertificate,
        // TLS 1.2 has no alert of its own for it: it has shown its certificate, and then breaks off.
        Error::AlertReceived(Alert::HandshakeFailure) if !came.is_empty() && tls.certificate.is_none() => {
            TlsFault::WantsCertificate
        }
        other => TlsFault::Other(other.to_string()),
    }
}

fn of_certificate(bad: &Bad, wanted: &str, certificate: Option<&CertificateDer<'_>>) -> TlsFault {
    let parsed = certificate.and_then(|one| x509_parser::parse_x509_certificate(one).ok());
    let validity = parsed.as_ref().map(|(_, parsed)| parsed.validity());
    let days = |seconds: i64| seconds.div_euclid(86_400).max(0);
    match bad {
        Bad::Expired | Bad::ExpiredContext { .. } => {
            TlsFault::Expired(validity.map_or(0, |dates| days(now() - dates.not_after.timestamp())))
        }
        Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
            TlsFault::NotYet(validity.map_or(0, |dates| days(dates.not_before.timestamp() - now()) + 1))
        }
        Bad::NotValidForName | Bad::NotValidForNameContext { .. } => TlsFault::WrongName(
            wanted.to_owned(),
            parsed.map(|(_, parsed)| names(&parsed)).unwrap_or_default(),
        ),
        Bad::ApplicationVerificationFailure => TlsFault::OtherFingerprint,
        Bad::UnknownIssuer | Bad::BadSignature => TlsFault::UnknownAuthority,
        // One that signed itself, as an authority.
        Bad::Other(_) => TlsFault::UnknownAuthority,
        other => TlsFault::Other(format!("{other:?}")),
    }
}

/// The names of a certificate, a few of them.
fn names(parsed: &x509_parser::certificate::X509Certificate<'_>) -> Vec<String> {
    use x509_parser::extensions::GeneralName;
    let other = parsed.subject_alternative_name().ok().flatten();
    let other = other.iter().flat_map(|names| &names.value.general_names).filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress([a, b, c, d]) => Some(format!("{a}.{b}.{c}.{d}")),
        _ => None,
    });
    let mut names: Vec<String> = other.take(4).collect();
    if names.is_empty() {
        let common = parsed.subject().iter_common_name().filter_map(|name| name.as_str().ok());
        names.extend(common.map(str::to_owned).take(1));
    }
    names
}

/// Judges as the destination would, and keeps what came.
#[derive(Debug)]
struct Watched {
    inner: Arc<dyn ServerCertVerifier>,
    came: Came,
}

impl ServerCertVerifier for Watched {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let all = std::iter::once(certificate).chain(others).map(|one| one.clone().into_owned());
        *self.came.lock().unwrap_or_else(PoisonError::into_inner) = all.take(8).collect();
        self.inner.verify_server_cert(certificate, others, name, response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
