//! What the system knows of a connection, read from `/proc/net/tcp` and `/proc/net/tcp6` (proc(5)).
//!
//! The same numbers are in the socket option `TCP_INFO`, for which no safe interface is to be had. On other
//! systems than Linux nothing is known.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// One line of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Our side.
    pub local: SocketAddr,
    /// The partner's side.
    pub peer: SocketAddr,
    /// The state: 1 established, 8 closed by the partner, 10 listening.
    pub state: u8,
    /// Bytes that were sent and not yet acknowledged by the other side's system.
    pub unacknowledged: u64,
    /// How often the bytes in flight were sent again.
    pub retransmits: u64,
}

/// The state of a socket that listens.
const LISTEN: u8 = 10;

/// All connections of this machine that the tables name; nothing where there are no tables.
pub fn sockets() -> Option<Vec<Socket>> {
    let read = |name: &str| std::fs::read_to_string(name).ok();
    let all: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"].into_iter().filter_map(read).collect();
    (!all.is_empty()).then(|| all.iter().flat_map(|text| text.lines().skip(1).filter_map(parse)).collect())
}

/// The connection between these two.
pub fn between(local: SocketAddr, peer: SocketAddr) -> Option<Socket> {
    let same = |one: SocketAddr, other: SocketAddr| {
        one.port() == other.port() && one.ip().to_canonical() == other.ip().to_canonical()
    };
    sockets()?.into_iter().find(|one| same(one.local, local) && same(one.peer, peer))
}

/// Whether something listens on a port of this machine; nothing where it can't be told.
pub fn is_listening(port: u16) -> Option<bool> {
    Some(sockets()?.iter().any(|one| one.state == LISTEN && one.local.port() == port))
}

/// `sl local remote st tx:rx tr:when retransmits …`, all in hexadecimal.
fn parse(line: &str) -> Option<Socket> {
    let mut fields = line.split_ascii_whitespace().skip(1);
    let (local, peer) = (address(fields.next()?)?, address(fields.next()?)?);
    let state = u8::from_str_radix(fields.next()?, 16).ok()?;
    let (unacknowledged, _) = fields.next()?.split_once(':')?;
    let retransmits = fields.nth(1)?;
    Some(Socket {
        local,
        peer,
        state,
        unacknowledged: u64::from_str_radix(unacknowledged, 16).ok()?,
        retransmits: u64::from_str_radix(retransmits, 16).ok()?,
    })
}

/// An address in the order of the machine's own bytes, four at a time.
fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| Some(u32::from_str_radix(host.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    let ip: IpAddr = match host.len() {
        8 => Ipv4Addr::from(word(0)?).into(),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?].concat();
            Ipv6Addr::from(<[u8; 16]>::try_from(words).ok()?).into()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read() {
        let line =
            "   3: 0100007F:1A0A 0200007F:C350 01 0000002A:00000000 01:00000014 00000003     0        0 99 1";
        let read = parse(line).expect("a socket");
        assert_eq!(read.peer.port(), 50_000);
        assert_eq!((read.state, read.unacknowledged, read.retransmits), (1, 42, 3));
        if cfg!(target_endian = "little") {
            assert_eq!(read.local, "127.0.0.1:6666".parse().expect("an address"));
        }
        assert_eq!(parse("sl local_address"), None);
    }

    #[test]
    fn own_ports_are_found() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = socket.local_addr().expect("an address").port();
        assert_ne!(is_listening(port), Some(false));
        drop(socket);
        assert_ne!(is_listening(port), Some(true));
    }
}
