//! A connected stream, whatever carries it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::Secured;

/// A connected stream.
#[derive(Debug)]
pub enum Stream {
    /// As it is on the wire.
    Plain(TcpStream),
    /// Under TLS.
    Tls(Box<tokio_rustls::TlsStream<TcpStream>>),
}

/// What a look at an idle stream shows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Open and silent.
    Quiet,
    /// This many bytes came that nobody asked for; they are in the buffer.
    Spoke(usize),
    /// The partner has closed it; `true` when it is broken.
    Gone(bool),
}

impl Stream {
    /// The connection below, whatever is laid over it.
    pub(crate) fn tcp(&self) -> &TcpStream {
        match self {
            Stream::Plain(stream) => stream,
            Stream::Tls(stream) => stream.get_ref().0,
        }
    }

    /// What the handshake showed, where there was one.
    pub(crate) fn secured(&self) -> Option<Secured> {
        let Stream::Tls(stream) = self else { return None };
        let session = stream.get_ref().1;
        let chain = session.peer_certificates().unwrap_or_default();
        let until = chain.first().and_then(super::tls::valid_until);
        Some(Secured {
            version: session.protocol_version().map(|version| format!("{version:?}")).unwrap_or_default(),
            cipher: session
                .negotiated_cipher_suite()
                .map(|suite| format!("{:?}", suite.suite()))
                .unwrap_or_default(),
            chain: chain.len(),
            until,
        })
    }

    /// Looks whether the partner has closed the stream or sent something, without waiting.
    pub(crate) async fn look(&mut self, buffer: &mut [u8]) -> Look {
        let mut buffer = ReadBuf::new(buffer);
        let look = std::future::poll_fn(|cx| {
            Poll::Ready(match Pin::new(&mut *self).poll_read(cx, &mut buffer) {
                Poll::Pending => None,
                Poll::Ready(done) => Some(done),
            })
        });
        match look.await {
            None => Look::Quiet,
            Some(Ok(())) if !buffer.filled().is_empty() => Look::Spoke(buffer.filled().len()),
            Some(done) => Look::Gone(done.is_err()),
        }
    }
}

/// Sends small writes at once, and lets the system find dead partners.
pub(crate) fn tune(stream: &TcpStream, keep_alive: Duration) {
    // Both are niceties: a stream that refuses them still works.
    let _ = stream.set_nodelay(true);
    let probe = socket2::TcpKeepalive::new().with_time(keep_alive).with_interval(Duration::from_secs(10));
    let _ = socket2::SockRef::from(stream).set_tcp_keepalive(&probe);
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Tls(stream) => match Pin::new(stream).poll_read(cx, buf) {
                // The partner closed without saying so first, as many do: framings notice what is missing.
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    Poll::Ready(Ok(()))
                }
                other => other,
            },
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
