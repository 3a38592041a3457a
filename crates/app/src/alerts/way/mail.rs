//! E-mail by SMTP (RFC 5321), with STARTTLS (RFC 3207) unless the site says otherwise.

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::Parcel;
use crate::site::alerts::{Security, Smtp};

/// The authorities of the machine.
const MACHINE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Sends one mail.
pub async fn send(smtp: &Smtp, to: &str, parcel: &Parcel) -> Result<(), String> {
    let message = message(smtp, to, parcel)?;
    let transport = transport(smtp)?;
    transport.send(message).await.map(drop).map_err(|error| match error.status() {
        // A server's own words may repeat what it was given.
        Some(code) => format!("the mail server answers {code}"),
        None if error.is_timeout() => "the mail server does not answer".to_owned(),
        None if error.is_tls() => format!("TLS with the mail server: {error}"),
        None => format!("the mail server is not reached: {error}"),
    })
}

fn message(smtp: &Smtp, to: &str, parcel: &Parcel) -> Result<Message, String> {
    let from = smtp.from.parse().map_err(|_| "`from` is no mail address")?;
    let to = to.parse().map_err(|_| "`to` is no mail address")?;
    let host = smtp.from.rsplit('@').next().unwrap_or("klinke").trim_end_matches('>');
    let identity = format!("<klinke-{}-{}@{host}>", parcel.id, klinke_model::Timestamp::now().0);
    let built = Message::builder()
        .from(from)
        .to(to)
        .subject(parcel.title.clone())
        .message_id(Some(identity))
        .header(ContentType::TEXT_PLAIN)
        .body(parcel.text.clone());
    let mut message = built.map_err(|error| error.to_string())?;
    // No machine is to answer (RFC 3834).
    let name = HeaderName::new_from_ascii_str("Auto-Submitted");
    message.headers_mut().insert_raw(HeaderValue::new(name, "auto-generated".to_owned()));
    Ok(message)
}

fn transport(smtp: &Smtp) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    let host = smtp.address.name.as_str();
    let tls = match smtp.security.unwrap_or(Security::Starttls) {
        Security::None => Tls::None,
        Security::Starttls => Tls::Required(parameters(smtp)?),
        Security::Tls => Tls::Wrapper(parameters(smtp)?),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(smtp.address.port)
        .timeout(Some(super::super::send::LIMIT))
        .tls(tls);
    if let (Some(user), Some(password)) = (&smtp.user, &smtp.password) {
        builder = builder.credentials(Credentials::new(user.clone(), password.read()?.expose().clone()));
    }
    Ok(builder.build())
}

fn parameters(smtp: &Smtp) -> Result<TlsParameters, String> {
    let file = smtp.authorities.clone().unwrap_or_else(|| MACHINE.into());
    let pem = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let wrong = |error: lettre::transport::smtp::Error| format!("{}: {error}", file.display());
    let certificate = Certificate::from_pem(&pem).map_err(wrong)?;
    let builder = TlsParameters::builder(smtp.address.name.clone())
        .certificate_store(CertificateStore::None)
        .add_root_certificate(certificate);
    builder.build_rustls().map_err(wrong)
}
