//! Answers: a status, a header, and a body that is there or comes in pieces.

use std::io;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use tokio::sync::mpsc;

use super::fault::Fault;

pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;
pub(super) type Answer = Response<Body>;

/// How many pieces of a body may wait for the socket.
const PIECES_MAX: usize = 4;

/// A body that is there.
pub(super) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// An answer with a body of this type.
pub(super) fn of(status: StatusCode, media: &str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(whole(body));
    *answer.status_mut() = status;
    with(answer, header::CONTENT_TYPE, media)
}

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(whole(Bytes::new()));
    *answer.status_mut() = status;
    answer
}

/// A sentence for whoever reads it.
pub(super) fn refused(fault: &Fault) -> Answer {
    let answer =
        of(fault.status, "text/plain; charset=utf-8", Bytes::from(format!("{}\n", fault.text).into_bytes()));
    let answer = match fault.warning {
        Some(text) => with_warning(answer, text),
        None => answer,
    };
    match fault.status {
        StatusCode::SERVICE_UNAVAILABLE => with(answer, header::RETRY_AFTER, "10"),
        _ => answer,
    }
}

/// The same with one more line in its header. A value that can't stand there is left out.
pub(super) fn with(mut answer: Answer, name: HeaderName, value: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().append(name, value);
    }
    answer
}

/// The same with a warning (PS3.18, section 8.1.3; RFC 7234, section 5.5).
pub(super) fn with_warning(answer: Answer, text: &str) -> Answer {
    with(answer, header::WARNING, &format!("299 klinke \"{}\"", text.replace(['"', '\\'], "'")))
}

/// Where a body's pieces are put.
#[derive(Debug)]
pub(super) struct Pieces(mpsc::Sender<io::Result<Bytes>>);

/// The body ends here: nobody wants the rest, or there is none.
#[derive(Debug)]
pub(super) struct Gone;

impl Pieces {
    /// Puts the next piece; waits, on a thread that may wait, until there is room. What a partner takes too slowly, its
    /// connection ends.
    pub fn put(&self, piece: impl Into<Bytes>) -> Result<(), Gone> {
        self.0.blocking_send(Ok(piece.into())).map_err(|_| Gone)
    }

    /// Breaks the body off: the connection is closed, so that nobody takes what came for the whole.
    pub fn break_off(&self, why: &str) -> Gone {
        tracing::warn!("an answer was broken off: {why}");
        // When the connection is gone already, there is nobody to tell.
        let _ = self.0.blocking_send(Err(io::Error::other("broken off")));
        Gone
    }
}

/// A body whose pieces `fill` makes, on a thread that may wait for the disk.
pub(super) fn streamed(fill: impl FnOnce(&Pieces) -> Result<(), Gone> + Send + 'static) -> Body {
    let (sender, receiver) = mpsc::channel(PIECES_MAX);
    tokio::task::spawn_blocking(move || {
        // When nobody wants the rest there is nobody to tell.
        let _ = fill(&Pieces(sender));
    });
    let stream = futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    StreamBody::new(stream.map(|piece| piece.map(Frame::data))).boxed_unsync()
}
