//! Tells systemd how the service is (sd_notify(3)): a datagram to the socket that `NOTIFY_SOCKET` names.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use klinke_engine::source::Stop;

/// The service is up.
pub fn ready() {
    tell("READY=1");
}

/// The service is about to stop.
pub fn stopping() {
    tell("STOPPING=1");
}

/// Tells the watchdog that the service lives, at half of the time that it allows.
pub async fn watchdog(mut stop: Stop) {
    let allowed = std::env::var("WATCHDOG_USEC").ok().and_then(|text| text.parse::<u64>().ok());
    let Some(allowed) = allowed.filter(|micros| *micros > 0) else { return };
    let mut beat = tokio::time::interval(Duration::from_micros(allowed / 2));
    loop {
        tokio::select! {
            () = stop.said() => return,
            _ = beat.tick() => tell("WATCHDOG=1"),
        }
    }
}

fn tell(state: &str) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let sent = UnixDatagram::unbound().and_then(|socket| send(&socket, &path, state));
    if let Err(error) = sent {
        tracing::warn!(%error, "systemd could not be told");
    }
}

fn send(socket: &UnixDatagram, path: &std::ffi::OsStr, state: &str) -> std::io::Result<usize> {
    #[cfg(target_os = "linux")]
    if let Some(name) = path.as_encoded_bytes().strip_prefix(b"@") {
        use std::os::linux::net::SocketAddrExt;
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
        return socket.send_to_addr(state.as_bytes(), &address);
    }
    socket.send_to(state.as_bytes(), path)
}
