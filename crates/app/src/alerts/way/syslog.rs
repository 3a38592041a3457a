//! Syslog lines (RFC 5424) over UDP (RFC 5426), TCP with counted octets (RFC 6587, section 3.4.1), or TLS (RFC 5425).

use klinke_adapters::net::Stream;
use klinke_diagnosis::alert::{Rank, Reason};
use klinke_model::Timestamp;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UdpSocket};

use super::Parcel;
use crate::site::alerts::{Syslog, Transport};

/// Facility local0.
const FACILITY: u8 = 16;
/// What a datagram surely carries.
const UDP_MAX: usize = 2_000;

/// Sends one line.
pub async fn send(receiver: &Syslog, parcel: &Parcel) -> Result<(), String> {
    let line = line(parcel, &host(), Timestamp::now());
    let place = (receiver.address.name.as_str(), receiver.address.port);
    let told = |error: std::io::Error| format!("{}: {error}", receiver.address);
    match receiver.transport.unwrap_or(Transport::Udp) {
        Transport::Udp => {
            let target = tokio::net::lookup_host(place).await.map_err(told)?.next();
            let target = target.ok_or_else(|| format!("{}: it has no address", receiver.address))?;
            let own = if target.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
            let socket = UdpSocket::bind(own).await.map_err(told)?;
            let end = (0..=line.len().min(UDP_MAX)).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
            socket.send_to(&line.as_bytes()[..end], target).await.map(drop).map_err(told)
        }
        transport => {
            let stream = TcpStream::connect(place).await.map_err(told)?;
            let mut stream = match transport {
                Transport::Tls => {
                    let connector =
                        receiver.tls.connector(&receiver.address.name).map_err(|error| error.to_string())?;
                    connector
                        .connect(stream)
                        .await
                        .map_err(|error| format!("{}: {error}", receiver.address))?
                }
                _ => Stream::Plain(stream),
            };
            let framed = format!("{} {line}", line.len());
            stream.write_all(framed.as_bytes()).await.map_err(told)?;
            stream.shutdown().await.map_err(told)
        }
    }
}

fn line(parcel: &Parcel, host: &str, now: Timestamp) -> String {
    let severity = match (parcel.reason, parcel.rank) {
        (Reason::Closed, _) => 6,
        (_, Rank::Urgent) => 2,
        (_, Rank::Warning) => 4,
        (_, Rank::Notice) => 5,
    };
    let value = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace(']', "\\]");
    let word =
        |reason: Reason| serde_json::to_value(reason).ok().and_then(|one| one.as_str().map(str::to_owned));
    let text: Vec<&str> = parcel.text.lines().take(2).collect();
    format!(
        "<{}>1 {now} {host} klinke - alert [alert@32473 id=\"{}\" kind=\"{}\" rank=\"{}\" reason=\"{}\" site=\"{}\" systems=\"{}\"] \u{feff}{} - {}",
        FACILITY * 8 + severity,
        parcel.id,
        value(&parcel.kind),
        parcel.rank.word(),
        word(parcel.reason).unwrap_or_default(),
        value(&parcel.site),
        value(&parcel.systems.join(",")),
        parcel.title,
        text.join(" "),
    )
}

/// This machine's name, as far as a head may hold it.
fn host() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy().into_owned();
    let clean: String = name.chars().filter(|c| c.is_ascii_graphic()).take(255).collect();
    if clean.is_empty() { "-".to_owned() } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_a_line_whatever_a_system_is_called() {
        let parcel = Parcel {
            id: 7,
            kind: "silence".to_owned(),
            rank: Rank::Urgent,
            reason: Reason::Opened,
            site: "Haus \"B\"] <0>1".to_owned(),
            systems: vec!["ris".to_owned()],
            since: String::new(),
            title: "Nothing comes from RIS".to_owned(),
            text: "a\nb\nc".to_owned(),
            link: None,
        };
        let line = line(&parcel, "host", Timestamp(0));
        assert!(
            line.starts_with("<130>1 1970-01-01T00:00:00.000Z host klinke - alert [alert@32473 id=\"7\""),
            "{line}"
        );
        assert!(
            line.contains("site=\"Haus \\\"B\\\"\\] <0>1\"") && !line.contains('\n') && line.ends_with("a b")
        );
    }
}
