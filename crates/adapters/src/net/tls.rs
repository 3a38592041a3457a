//! TLS 1.2 and 1.3 for what listens and for what connects, with certificates on both sides.
//!
//! A partner's certificate is accepted because an authority that the site names has signed it, or because
//! the site names its fingerprint: many devices have only a certificate that they signed themselves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use tokio::net::TcpStream;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{ClientConfig, Error, RootCertStore, ServerConfig, crypto};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::Stream;
use super::pin::Pinned;

/// TLS of what listens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerTls {
    /// The file with our certificate and those that it stands on (PEM). Since 0.1.
    pub certificate: PathBuf,
    /// The file with our private key (PEM). Since 0.1.
    pub key: PathBuf,
    /// The file with the authorities whose clients may come (PEM). When it is given, who has no
    /// certificate of theirs is turned away. Since 0.1.
    pub clients: Option<PathBuf>,
    /// Which system a client's certificate stands for: its name in `systems.toml`, and the
    /// certificate's `sha256:` fingerprint or a name in it. When any are given, others are turned away;
    /// with fingerprints alone `clients` is not needed. Since 0.1.
    #[serde(default)]
    pub systems: BTreeMap<String, Identity>,
}

/// TLS of what connects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClientTls {
    /// The file with the authorities that vouch for the partner (PEM); those of the machine when left
    /// out. Since 0.1.
    pub authorities: Option<PathBuf>,
    /// The `sha256:` fingerprint of the partner's certificate, instead of authorities. Since 0.1.
    pub fingerprint: Option<Fingerprint>,
    /// The name in the partner's certificate, when it differs from the address. Since 0.1.
    pub name: Option<String>,
    /// The file with our certificate, when the partner asks for one (PEM). Since 0.1.
    pub certificate: Option<PathBuf>,
    /// The file with its private key (PEM). Since 0.1.
    pub key: Option<PathBuf>,
}

/// The SHA-256 digest of a certificate (its DER form): `sha256:` and 64 hexadecimal digits, with or
/// without colons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

/// What a certificate is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Its fingerprint.
    Fingerprint(Fingerprint),
    /// The common name of its subject, or a DNS name, mail address or IP address among its other names.
    Name(String),
}

/// Why TLS can't be used as the site says; names the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("tls: {text}")]
pub struct TlsError {
    text: String,
    /// A stable word for who counts what went wrong.
    pub(crate) kind: &'static str,
}

/// Receives TLS connections.
#[derive(Clone)]
pub struct Acceptor {
    acceptor: TlsAcceptor,
    systems: Arc<BTreeMap<String, Identity>>,
}

/// Makes TLS connections.
#[derive(Clone)]
pub struct Connector {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl ServerTls {
    /// Makes relative file names relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        let clients = self.clients.iter_mut();
        for path in [&mut self.certificate, &mut self.key].into_iter().chain(clients) {
            *path = folder.join(&*path);
        }
    }

    /// Reads the files.
    pub fn acceptor(&self) -> Result<Acceptor, TlsError> {
        let provider = Arc::new(crypto::ring::default_provider());
        let pins: Option<Vec<Fingerprint>> = self.systems.values().map(Identity::fingerprint).collect();
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::new(error.to_string()))?;
        let builder = match (&self.clients, pins) {
            (Some(file), _) => {
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(authorities(file)?.into(), provider);
                let verifier = verifier.build().map_err(|error| TlsError::at(file, error))?;
                builder.with_client_cert_verifier(verifier)
            }
            (None, Some(pins)) if !pins.is_empty() => {
                builder.with_client_cert_verifier(Arc::new(Pinned::new(pins, provider)))
            }
            (None, None) => {
                return Err(TlsError::new(
                    "systems by name need the clients' authorities (clients = …)".to_owned(),
                ));
            }
            (None, Some(_)) => builder.with_no_client_auth(),
        };
        let config = builder
            .with_single_cert(certificates(&self.certificate)?, key(&self.key)?)
            .map_err(|error| TlsError::at(&self.key, error))?;
        Ok(Acceptor { acceptor: Arc::new(config).into(), systems: Arc::new(self.systems.clone()) })
    }
}

impl ClientTls {
    /// Makes relative file names relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        for path in [&mut self.authorities, &mut self.certificate, &mut self.key].into_iter().flatten() {
            *path = folder.join(&*path);
        }
    }

    /// Reads the files. `host` is the name that the certificate must have, unless the site says another.
    pub fn connector(&self, host: &str) -> Result<Connector, TlsError> {
        self.connector_with(host, &|verifier| verifier)
    }

    /// As [`ClientTls::connector`], with something laid around what judges certificates.
    pub(crate) fn connector_with(
        &self,
        host: &str,
        wrap: &dyn Fn(Arc<dyn ServerCertVerifier>) -> Arc<dyn ServerCertVerifier>,
    ) -> Result<Connector, TlsError> {
        let config = self.config_with(wrap)?;
        let name = self.name(host).to_owned();
        let name = ServerName::try_from(name).map_err(|error| TlsError::new(error.to_string()))?;
        Ok(Connector { connector: Arc::new(config).into(), name })
    }

    /// Reads the files, for libraries that make their connections themselves.
    pub fn config(&self) -> Result<Arc<ClientConfig>, TlsError> {
        Ok(Arc::new(self.config_with(&|verifier| verifier)?))
    }

    fn config_with(
        &self,
        wrap: &dyn Fn(Arc<dyn ServerCertVerifier>) -> Arc<dyn ServerCertVerifier>,
    ) -> Result<ClientConfig, TlsError> {
        let provider = Arc::new(crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::new(error.to_string()))?;
        let builder =
            builder.dangerous().with_custom_certificate_verifier(wrap(self.verifier(Arc::clone(&provider))?));
        match (&self.certificate, &self.key) {
            (Some(certificate), Some(file)) => builder
                .with_client_auth_cert(certificates(certificate)?, key(file)?)
                .map_err(|error| TlsError::at(file, error)),
            (None, None) => Ok(builder.with_no_client_auth()),
            _ => Err(TlsError::new("give both certificate and key, or neither".to_owned())),
        }
    }

    /// The name that the partner's certificate must have.
    pub(crate) fn name<'a>(&'a self, host: &'a str) -> &'a str {
        self.name.as_deref().unwrap_or(host)
    }

    fn verifier(
        &self,
        provider: Arc<crypto::CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
        if let Some(pin) = self.fingerprint {
            return Ok(Arc::new(Pinned::new(vec![pin], provider)));
        }
        let machine = Path::new("/etc/ssl/certs/ca-certificates.crt");
        let file = self.authorities.as_deref().unwrap_or(machine);
        let verifier =
            WebPkiServerVerifier::builder_with_provider(authorities(file)?.into(), provider).build();
        Ok(verifier.map_err(|error| TlsError::at(file, error))?)
    }
}

impl Acceptor {
    /// The acceptor alone, for who looks at no system behind a certificate.
    pub fn plain(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }

    /// The handshake, and which system the client has shown to be. Neither text holds anything that the
    /// client said.
    pub async fn accept(&self, stream: TcpStream) -> Result<(Stream, Option<Arc<str>>), TlsError> {
        let stream = self.acceptor.accept(stream).await.map_err(|error| TlsError::of_handshake(&error))?;
        let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let known = certificate.and_then(|certificate| {
            self.systems.iter().find(|(_, identity)| identity.is_of(certificate)).map(|(name, _)| name)
        });
        if known.is_none() && !self.systems.is_empty() {
            let text = "the certificate stands for no system of the site".to_owned();
            return Err(TlsError { text, kind: "tls-stranger" });
        }
        let system = known.map(|name| Arc::from(name.as_str()));
        Ok((Stream::Tls(Box::new(stream.into())), system))
    }
}

impl Connector {
    /// The handshake.
    pub async fn connect(&self, stream: TcpStream) -> Result<Stream, TlsError> {
        let stream = self.connector.connect(self.name.clone(), stream).await;
        let stream = stream.map_err(|error| TlsError::new(error.to_string()))?;
        Ok(Stream::Tls(Box::new(stream.into())))
    }

    /// The handshake, with the error as the TLS library says it.
    pub(crate) async fn try_connect(
        &self,
        stream: TcpStream,
    ) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
        self.connector.connect(self.name.clone(), stream).await
    }
}

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acceptor")
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connector")
    }
}

/// The TLS library's own word in an error of the system's kind.
pub(crate) fn word_of(error: &std::io::Error) -> Option<&Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref::<Error>())
}

impl TlsError {
    fn new(text: String) -> Self {
        TlsError { text, kind: "tls" }
    }

    /// Why a client did not come through the handshake.
    fn of_handshake(error: &std::io::Error) -> Self {
        use tokio_rustls::rustls::AlertDescription as Alert;
        let kind = match word_of(error) {
            Some(Error::InvalidMessage(_)) => "tls-plain",
            Some(Error::NoCertificatesPresented) => "tls-no-certificate",
            Some(Error::InvalidCertificate(_)) => "tls-certificate",
            Some(Error::PeerIncompatible(_)) => "tls-version",
            Some(Error::AlertReceived(
                Alert::UnknownCA
                | Alert::BadCertificate
                | Alert::CertificateUnknown
                | Alert::CertificateExpired,
            )) => "tls-refused",
            _ => "tls",
        };
        TlsError { text: error.to_string(), kind }
    }

    fn at(file: &Path, error: impl std::fmt::Display) -> Self {
        TlsError::new(format!("{}: {error}", file.display()))
    }
}

pub(crate) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let list = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let list = list.map_err(|error| TlsError::at(file, error))?;
    if list.is_empty() { Err(TlsError::at(file, "has no certificate")) } else { Ok(list) }
}

fn key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(file).map_err(|error| TlsError::at(file, error))
}

fn authorities(file: &Path) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    let (added, _) = store.add_parsable_certificates(certificates(file)?);
    if added == 0 { Err(TlsError::at(file, "has no usable certificate")) } else { Ok(store) }
}

impl Fingerprint {
    /// Of a certificate.
    pub fn of(certificate: &CertificateDer<'_>) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.as_ref());
        Fingerprint(bytes)
    }
}

impl FromStr for Fingerprint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a fingerprint is sha256: and 64 hexadecimal digits".to_owned();
        let digits: Vec<u32> = text
            .strip_prefix("sha256:")
            .ok_or_else(wrong)?
            .chars()
            .filter(|&c| c != ':')
            .map(|c| c.to_digit(16))
            .collect::<Option<_>>()
            .ok_or_else(wrong)?;
        let bytes: Vec<u8> =
            digits.chunks(2).map(|pair| pair.iter().fold(0, |sum, d| sum << 4 | *d as u8)).collect();
        if digits.len() != 64 {
            return Err(wrong());
        }
        bytes.try_into().map(Fingerprint).map_err(|_| wrong())
    }
}

impl Identity {
    fn fingerprint(&self) -> Option<Fingerprint> {
        match self {
            Identity::Fingerprint(fingerprint) => Some(*fingerprint),
            Identity::Name(_) => None,
        }
    }

    /// True when this certificate, which was verified already, is known by it.
    fn is_of(&self, certificate: &CertificateDer<'_>) -> bool {
        match self {
            Identity::Fingerprint(fingerprint) => *fingerprint == Fingerprint::of(certificate),
            Identity::Name(name) => has_name(certificate, name),
        }
    }
}

/// Until when a certificate is valid.
pub(crate) fn valid_until(certificate: &CertificateDer<'_>) -> Option<klinke_model::Timestamp> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let seconds = parsed.validity().not_after.timestamp();
    Some(klinke_model::Timestamp(seconds.saturating_mul(1_000_000)))
}

fn has_name(certificate: &CertificateDer<'_>, name: &str) -> bool {
    use x509_parser::extensions::GeneralName;
    let Ok((_, parsed)) = x509_parser::parse_x509_certificate(certificate) else { return false };
    let common = parsed.subject().iter_common_name().any(|common| common.as_str() == Ok(name));
    let address: Option<std::net::IpAddr> = name.parse().ok();
    let other = parsed.subject_alternative_name().ok().flatten().is_some_and(|names| {
        names.value.general_names.iter().any(|other| match other {
            GeneralName::DNSName(dns) => dns.eq_ignore_ascii_case(name),
            GeneralName::RFC822Name(mail) => *mail == name,
            GeneralName::IPAddress(bytes) => match address {
                Some(std::net::IpAddr::V4(v4)) => v4.octets() == **bytes,
                Some(std::net::IpAddr::V6(v6)) => v6.octets() == **bytes,
                None => false,
            },
            _ => false,
        })
    });
    common || other
}

impl FromStr for Identity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("sha256:") {
            text.parse().map(Identity::Fingerprint)
        } else if text.is_empty() {
            Err("a certificate is known by its sha256: fingerprint or by a name".to_owned())
        } else {
            Ok(Identity::Name(text.to_owned()))
        }
    }
}

macro_rules! from_text {
    ($($name:ident),*) => { $(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string" })
            }
        }
    )* };
}

from_text!(Fingerprint, Identity);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_with_and_without_colons() {
        let plain = format!("sha256:{}", "0aFF".repeat(16));
        let colons = format!("sha256:{}0a:ff", "0a:FF:".repeat(15));
        assert_eq!(plain.parse::<Fingerprint>(), colons.parse());
        assert_eq!(plain.parse::<Fingerprint>().map(|f| f.0[1]), Ok(0xff));
        for text in ["sha256:", "sha256:00", &plain[7..], &format!("{plain}0"), "sha256:xx"] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        }
        assert_eq!("kis.example".parse(), Ok(Identity::Name("kis.example".to_owned())));
        assert!("sha256:kis".parse::<Identity>().is_err());
    }
}
