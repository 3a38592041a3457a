//! Ports for programs that must be told where to listen.

use std::net::{Ipv4Addr, TcpStream};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ports that systems give to connections (from 32768 on in Linux, 49152 elsewhere), so that none
/// of those takes one before it is used.
const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;

/// A port of loopback at which nobody listens, another one with every call.
///
/// It is found by connecting, never by listening: a program that another thread starts meanwhile would
/// inherit the listener, and until it runs a peer could connect there and find nobody.
///
/// # Panics
///
/// If somebody listens at each of them.
pub fn free_port() -> u16 {
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| AtomicU16::new(start()));
    (0..COUNT)
        .map(|_| FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT)
        .find(|port| TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).is_err())
        .expect("a port at which nobody listens")
}

/// Another place in every process, so that tests that run side by side don't meet.
fn start() -> u16 {
    let nanos = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.subsec_nanos());
    let mixed = std::process::id().wrapping_mul(7_919).wrapping_add(nanos / 1_000);
    (mixed % u32::from(COUNT)) as u16
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::net::TcpListener;

    use super::free_port;

    #[test]
    fn every_port_comes_once_and_none_that_is_taken() {
        let held = TcpListener::bind(("127.0.0.1", free_port() + 50)).unwrap();
        let taken = held.local_addr().unwrap().port();
        let ports: HashSet<u16> = (0..100).map(|_| free_port()).collect();
        assert_eq!((ports.len(), ports.contains(&taken)), (100, false));
        assert!(ports.iter().all(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()));
    }
}
