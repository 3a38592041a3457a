//! The listener: connections with limits, TLS where the site has a certificate.
//!
//! Nothing of a request is read but its head before the [`crate::web`] routes decide who asks. A head
//! that does not come in `HEAD_LIMIT` ends its connection, so that slow senders hold no place for long.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

/// Connections at a time.
const CONNECTIONS_MAX: usize = 256;
/// How long a request's head, or the next one on a kept connection, may take.
const HEAD_LIMIT: Duration = Duration::from_secs(15);
/// How long a TLS handshake may take.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);
/// How long a connection may last, watchers included: they come again by themselves.
const CONNECTION_LIMIT: Duration = Duration::from_secs(3_600);
/// The longest head.
const HEAD_BYTES_MAX: usize = 32 << 10;

/// Serves until `end` is over.
pub async fn run(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    routes: Router,
    end: impl Future<Output = ()>,
) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    tokio::pin!(end);
    loop {
        let accepted = tokio::select! {
            () = &mut end => return,
            accepted = listener.accept() => accepted,
        };
        let (Ok((stream, peer)), Ok(place)) = (accepted, room.clone().try_acquire_owned()) else {
            // One too many, or no file handle left: a moment later there may be.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (tls, routes) = (tls.clone(), routes.clone());
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            let connection = async {
                match tls {
                    None => answer(stream, peer, routes).await,
                    Some(tls) => {
                        if let Ok(Ok(stream)) =
                            tokio::time::timeout(HANDSHAKE_LIMIT, tls.accept(stream)).await
                        {
                            answer(stream, peer, routes).await;
                        }
                    }
                }
            };
            let _ = tokio::time::timeout(CONNECTION_LIMIT, connection).await;
            drop(place);
        });
    }
}

async fn answer(stream: impl AsyncRead + AsyncWrite + Unpin + 'static, peer: SocketAddr, routes: Router) {
    let routes = routes.layer(axum::Extension(ConnectInfo(peer)));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    // What ends a connection is its peer's business.
    let _ = served.await;
}
