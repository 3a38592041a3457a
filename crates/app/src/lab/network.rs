//! What lies between the site and its partner: a proxy that does what networks do.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// What a network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Nothing: the site reaches its partner directly.
    Direct,
    /// It is slow by so many milliseconds in each direction.
    #[cfg_attr(not(test), expect(dead_code, reason = "healthy sites are played by tests alone"))]
    Latency(u64),
    /// It forgets connections that were silent for so many milliseconds, and tells nobody.
    IdleDrop(u64),
    /// What is larger than so many bytes vanishes.
    BlackHole(usize),
    /// It breaks connections after these counts of answers, one after the other.
    Breaks(&'static [u32]),
}

/// Bytes that the proxy's system takes before it lets the sender wait: as little as it allows.
const RECEIVE_BYTES: u32 = 2_304;

/// Listens at `at` and carries to `to`, until it is dropped.
pub fn listen(at: SocketAddr, network: Network) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    if matches!(network, Network::BlackHole(_)) {
        socket.set_recv_buffer_size(RECEIVE_BYTES)?;
    }
    socket.bind(at)?;
    socket.listen(64)
}

/// Carries connections until it is dropped.
pub async fn carry(listener: TcpListener, to: SocketAddr, network: Network) {
    let mut open = JoinSet::new();
    let mut number = 0;
    while let Ok((near, _)) = listener.accept().await {
        let Ok(far) = TcpStream::connect(to).await else { continue };
        open.spawn(one(near, far, network, number));
        number += 1;
    }
}

async fn one(near: TcpStream, far: TcpStream, network: Network, number: usize) {
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    match network {
        Network::BlackHole(limit) => black_hole(near, far, limit).await,
        Network::Breaks(counts) => breaks(near, far, counts[number % counts.len()]).await,
        Network::IdleDrop(millis) => idle_drop(near, far, Duration::from_millis(millis)).await,
        Network::Latency(millis) => latency(near, far, Duration::from_millis(millis)).await,
        Network::Direct => latency(near, far, Duration::ZERO).await,
    }
}

async fn latency(mut near: TcpStream, mut far: TcpStream, late: Duration) {
    let (mut one, mut other) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        let done = tokio::select! {
            read = near.read(&mut one) => pass(read, &one, &mut far, late).await,
            read = far.read(&mut other) => pass(read, &other, &mut near, late).await,
        };
        if done.is_none() {
            return;
        }
    }
}

async fn pass(read: std::io::Result<usize>, bytes: &[u8], to: &mut TcpStream, late: Duration) -> Option<()> {
    let count = read.ok().filter(|count| *count > 0)?;
    sleep(late).await;
    to.write_all(&bytes[..count]).await.ok()
}

/// Carries as long as it is busy; after a silence nothing passes any more, and nobody is told.
async fn idle_drop(mut near: TcpStream, mut far: TcpStream, idle: Duration) {
    let (mut one, mut other) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        let look = async {
            tokio::select! {
                read = near.read(&mut one) => pass(read, &one, &mut far, Duration::ZERO).await,
                read = far.read(&mut other) => pass(read, &other, &mut near, Duration::ZERO).await,
            }
        };
        match timeout(idle, look).await {
            Ok(Some(())) => {}
            Ok(None) => return,
            Err(_) => break,
        }
    }
    // What comes now is swallowed. Its sender gives up at some time, and closes.
    while near.read(&mut one).await.is_ok_and(|count| count > 0) {}
}

/// Lets small messages pass. Of a large one nothing is taken: its sender's system is never told that it
/// arrived.
async fn black_hole(mut near: TcpStream, mut far: TcpStream, limit: usize) {
    let (mut one, mut other) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            ready = near.readable() => {
                if ready.is_err() {
                    return;
                }
                // What belongs together arrives together.
                sleep(Duration::from_millis(10)).await;
                match near.peek(&mut one).await {
                    Ok(0) | Err(_) => return,
                    Ok(count) if count > limit => break,
                    Ok(_) => {
                        let read = near.read(&mut one).await;
                        if pass(read, &one, &mut far, Duration::ZERO).await.is_none() {
                            return;
                        }
                    }
                }
            }
            read = far.read(&mut other) => {
                if pass(read, &other, &mut near, Duration::ZERO).await.is_none() {
                    return;
                }
            }
        }
    }
    let end = Instant::now() + Duration::from_secs(60);
    tokio::time::sleep_until(end).await;
}

/// Breaks the connection instead of carrying the n-th answer.
async fn breaks(mut near: TcpStream, mut far: TcpStream, count: u32) {
    let (mut one, mut other) = (vec![0; 65_536], vec![0; 65_536]);
    let mut answers = 0;
    loop {
        tokio::select! {
            read = near.read(&mut one) => {
                if pass(read, &one, &mut far, Duration::ZERO).await.is_none() {
                    return;
                }
            }
            read = far.read(&mut other) => {
                answers += 1;
                if answers >= count {
                    reset(near);
                    return;
                }
                if pass(read, &other, &mut near, Duration::ZERO).await.is_none() {
                    return;
                }
            }
        }
    }
}

/// Ends a connection by a reset.
pub fn reset(stream: TcpStream) {
    // Where the system does not allow it, it is closed as others are.
    let _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    drop(stream);
}
