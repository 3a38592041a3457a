//! The PROXY protocol, versions 1 and 2 (HAProxy's `proxy-protocol.txt`): a balancer says at the
//! beginning of a connection whom it speaks for.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt};

/// The first bytes of version 2, section 2.2.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// The longest line of version 1, section 2.1.
const LINE_BYTES_MAX: usize = 107;

/// Reads the header and nothing after it; gives the address that the balancer speaks for, or `None`
/// when it speaks for itself.
pub(super) async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<SocketAddr>> {
    let mut start = [0; 12];
    stream.read_exact(&mut start).await?;
    if start == SIGNATURE {
        binary(stream).await
    } else if start.starts_with(b"PROXY ") {
        line(stream, start.to_vec()).await
    } else {
        Err(wrong())
    }
}

fn wrong() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "no PROXY header")
}

async fn line<S: AsyncRead + Unpin>(stream: &mut S, mut line: Vec<u8>) -> io::Result<Option<SocketAddr>> {
    while !line.ends_with(b"\r\n") {
        if line.len() == LINE_BYTES_MAX {
            return Err(wrong());
        }
        line.push(stream.read_u8().await?);
    }
    let text = std::str::from_utf8(&line).map_err(|_| wrong())?.trim_end();
    let words: Vec<&str> = text.split(' ').collect();
    match words[..] {
        ["PROXY", "UNKNOWN", ..] => Ok(None),
        ["PROXY", "TCP4" | "TCP6", source, _, port, _] => {
            let ip: IpAddr = source.parse().map_err(|_| wrong())?;
            Ok(Some(SocketAddr::new(ip, port.parse().map_err(|_| wrong())?)))
        }
        _ => Err(wrong()),
    }
}

/// Version and command, family and protocol, a length of two bytes, then addresses and ports.
async fn binary<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<SocketAddr>> {
    let command = stream.read_u8().await?;
    let family = stream.read_u8().await?;
    let length = stream.read_u16().await?;
    // Addresses take 216 bytes at most; extensions after them may be longer, but not endless.
    if length > 4096 {
        return Err(wrong());
    }
    let mut rest = vec![0; usize::from(length)];
    stream.read_exact(&mut rest).await?;
    let port = |at: usize| u16::from_be_bytes([rest[at], rest[at + 1]]);
    match (command, family) {
        (0x20, _) => Ok(None),
        (0x21, 0x11) if rest.len() >= 12 => {
            let ip = Ipv4Addr::new(rest[0], rest[1], rest[2], rest[3]);
            Ok(Some(SocketAddr::new(ip.into(), port(8))))
        }
        (0x21, 0x21) if rest.len() >= 36 => {
            let mut ip = [0; 16];
            ip.copy_from_slice(&rest[..16]);
            Ok(Some(SocketAddr::new(Ipv6Addr::from(ip).into(), port(32))))
        }
        (0x21, 0x00) => Ok(None),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn of(bytes: &[u8]) -> Result<Option<String>, io::ErrorKind> {
        let mut rest = bytes;
        let read = read(&mut rest).await;
        if read.is_ok() {
            assert_eq!(rest, b"MSH", "what follows is left alone");
        }
        read.map(|address| address.map(|address| address.to_string())).map_err(|error| error.kind())
    }

    #[tokio::test]
    async fn lines_of_version_1() {
        let known = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(of(b"PROXY TCP4 10.1.2.3 10.0.0.1 5000 6661\r\nMSH").await, known("10.1.2.3:5000"));
        assert_eq!(of(b"PROXY TCP6 fd00::1 fd00::2 5000 6661\r\nMSH").await, known("[fd00::1]:5000"));
        assert_eq!(of(b"PROXY UNKNOWN\r\nMSH").await, Ok(None));
        for bytes in
            [&b"MSH|^~\\&|KIS|HAUS"[..], b"PROXY TCP4 ten 1 2 3\r\n", b"PROXY TCP5 1.1.1.1 1 2 3\r\n"]
        {
            assert_eq!(of(bytes).await, Err(io::ErrorKind::InvalidData));
        }
        let long = [&b"PROXY TCP4 "[..], &[b'1'; 200]].concat();
        assert_eq!(of(&long).await, Err(io::ErrorKind::InvalidData));
        assert_eq!(of(b"PROXY TCP4 ").await, Err(io::ErrorKind::UnexpectedEof));
    }

    #[tokio::test]
    async fn headers_of_version_2() {
        let header = |command: u8, family: u8, rest: &[u8]| {
            let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
            [&SIGNATURE[..], &[command, family], &length, rest, b"MSH"].concat()
        };
        let v4 = [10, 1, 2, 3, 10, 0, 0, 1, 0x13, 0x88, 0x1a, 0x05];
        assert_eq!(of(&header(0x21, 0x11, &v4)).await, Ok(Some("10.1.2.3:5000".to_owned())));
        let extended = [&v4[..], &[4, 0, 1, 0]].concat();
        assert_eq!(of(&header(0x21, 0x11, &extended)).await, Ok(Some("10.1.2.3:5000".to_owned())));
        assert_eq!(of(&header(0x20, 0, b"")).await, Ok(None));
        let mut v6 = [0; 36];
        (v6[0], v6[15], v6[33]) = (0xfd, 1, 7);
        assert_eq!(of(&header(0x21, 0x21, &v6)).await, Ok(Some("[fd00::1]:7".to_owned())));
        for bytes in [header(0x21, 0x11, &v4[..4]), header(0x31, 0x11, &v4), header(0x21, 0x31, &v4)] {
            assert_eq!(of(&bytes).await, Err(io::ErrorKind::InvalidData));
        }
    }
}
