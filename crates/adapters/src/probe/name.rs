//! The addresses of a name, from the system's resolver.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use klinke_diagnosis::{Did, Layer, Seen, Step};
use tokio::time::Instant;

use crate::net::Host;

/// Asks for the addresses; none when there are none.
pub(super) async fn resolve(host: &Host, limit: Duration) -> (Step, Vec<SocketAddr>) {
    let began = Instant::now();
    let step =
        |saw| Step { layer: Layer::Name, did: Did::Resolved(host.name.clone()), saw, took: began.elapsed() };
    if let Ok(address) = host.name.parse::<IpAddr>() {
        return (step(Seen::Literal), vec![SocketAddr::new(address, host.port)]);
    }
    let asked = tokio::net::lookup_host((host.name.clone(), host.port));
    match tokio::time::timeout(limit, asked).await {
        Ok(Ok(found)) => {
            let found: Vec<SocketAddr> = found.take(16).collect();
            let shown = found.iter().map(|address| address.ip().to_string()).collect();
            let saw = if found.is_empty() { Seen::NoName } else { Seen::Addresses(shown) };
            (step(saw), found)
        }
        Ok(Err(error)) => (step(of_error(&error)), Vec::new()),
        Err(_) => (step(Seen::NameTimedOut), Vec::new()),
    }
}

/// The resolver's errors have no kinds of their own (`EAI_AGAIN` is "Temporary failure").
fn of_error(error: &io::Error) -> Seen {
    match error.to_string().contains("emporary failure") {
        true => Seen::NameTimedOut,
        false => Seen::NoName,
    }
}
