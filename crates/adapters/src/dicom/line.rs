//! One association over a socket: drives a [`Session`], which knows the protocol and no socket.
//!
//! Everything is done by whoever waits for the next event or for room to send: no task of its own, no channel between.
//! Waiting can be given up at any time ([`Line::next`] in a `select!`): nothing is lost or sent twice.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use klinke_dimse::association::{Answers, Ending, Negotiated, Settings};
use klinke_dimse::data::{self, DataSet};
use klinke_dimse::message::{Command, Status};
use klinke_dimse::pdu::{AssociateReject, AssociateRequest, EncodeError};
use klinke_dimse::session::{Event, Output, SendError, Session};
use klinke_dimse::syntax::TransferSyntax;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use crate::net::Stream;

/// Above this many bytes that wait to be sent, whoever sends waits.
const WAITING_BYTES_MAX: usize = 512 << 10;
/// Above this many bytes that nobody has looked at, nothing more is read.
const BUFFERED_BYTES_MAX: usize = 1 << 20;
/// How much is read at a time at most.
const READ_SIZE_BYTES: usize = 256 << 10;
/// How many pieces one write takes.
const SLICES: usize = 32;

/// An association and its socket.
pub struct Line {
    stream: Stream,
    session: Session,
    began: Instant,
    /// What the session wants sent, taken from it to be written.
    out: VecDeque<Bytes>,
    /// The other side has closed, or the socket broke.
    is_closed: bool,
    /// The end, to be told once more.
    ending: Option<Ending>,
}

/// Why an operation came to no end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The association ended.
    #[error("the association ended: {0}")]
    Ended(Ending),
    /// It could not be sent.
    #[error(transparent)]
    Send(#[from] SendError),
}

impl Line {
    /// A connection over which a peer will ask for an association.
    pub fn accept(stream: Stream, settings: Settings) -> Self {
        Line::over(stream, Session::acceptor(settings))
    }

    /// Asks for an association; returns when the peer has accepted it.
    pub async fn request(
        stream: Stream,
        settings: Settings,
        request: AssociateRequest,
    ) -> Result<Self, RequestError> {
        let mut line = Line::over(stream, Session::requestor(settings, request)?);
        loop {
            match line.next().await {
                Event::Accepted => return Ok(line),
                Event::Ended(ending) => {
                    line.close().await;
                    return Err(RequestError::Ended(ending));
                }
                _ => {}
            }
        }
    }

    fn over(stream: Stream, mut session: Session) -> Self {
        session.handle_connected(Duration::ZERO);
        Line { stream, session, began: Instant::now(), out: VecDeque::new(), is_closed: false, ending: None }
    }

    /// What was agreed to; nothing before.
    pub fn negotiated(&self) -> Option<&Negotiated> {
        self.session.negotiated()
    }

    /// The session, for what needs no socket.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// The time, as the session counts it.
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// The next event; what waits is sent meanwhile. After [`Event::Ended`] there is none: then [`Line::close`] is due.
    pub async fn next(&mut self) -> Event {
        loop {
            if let Some(ending) = self.ending.take() {
                return Event::Ended(ending);
            }
            let now = self.now();
            if let Some(event) = self.session.poll_event(now) {
                return event;
            }
            self.move_bytes(true).await;
        }
    }

    /// Begins a command whose data set follows with [`Line::send_data`].
    pub fn begin(&mut self, context: u8, command: &Command) -> Result<(), Broken> {
        Ok(self.session.send(context, command, self.began.elapsed())?)
    }

    /// The data set of the command that came last, up to so many bytes; a longer one is given empty, read to its end.
    pub async fn data(&mut self, size_max: u64) -> Result<Bytes, Broken> {
        let (mut all, mut is_short) = (Vec::new(), true);
        loop {
            match self.next().await {
                Event::Data { bytes, last, .. } => {
                    is_short &= (all.len() + bytes.len()) as u64 <= size_max;
                    if is_short {
                        all.extend_from_slice(&bytes);
                    }
                    if last {
                        return Ok(if is_short { Bytes::from(all) } else { Bytes::new() });
                    }
                }
                Event::Ended(ending) => return Err(self.ended(ending)),
                _ => {}
            }
        }
    }

    /// The end came in the middle of something: it is told to whoever waits for it once more, by [`Line::next`].
    pub fn ended(&mut self, ending: Ending) -> Broken {
        self.ending = Some(ending.clone());
        Broken::Ended(ending)
    }

    /// The transfer syntax of a context.
    pub fn syntax(&self, context: u8) -> String {
        let negotiated = self.negotiated().and_then(|all| all.context(context));
        negotiated.map(|one| one.transfer_syntax.clone()).unwrap_or_default()
    }

    /// Sends a command without a data set.
    pub async fn send(&mut self, context: u8, command: &Command) -> Result<(), Broken> {
        self.session.send(context, command, self.began.elapsed())?;
        self.make_room().await;
        Ok(())
    }

    /// Sends a command with a data set that is there as a whole.
    pub async fn send_with(&mut self, context: u8, command: &Command, data: Bytes) -> Result<(), Broken> {
        let now = self.now();
        self.session.send(context, command, now)?;
        self.session.send_data(data, true, now)?;
        self.make_room().await;
        Ok(())
    }

    /// Sends a command with a data set in the transfer syntax of its context. The set is one of ours: it has no fragments and
    /// is short.
    pub async fn send_set(&mut self, context: u8, command: &Command, set: &DataSet) -> Result<(), Broken> {
        let syntax = TransferSyntax::by_uid(&self.syntax(context));
        let bytes = data::write(set, &syntax).unwrap_or_default();
        self.send_with(context, command, bytes.into()).await
    }

    /// Answers a request with a status and, unless it is empty, a comment without patient data.
    pub async fn answer(
        &mut self,
        context: u8,
        command: &Command,
        status: Status,
        comment: &str,
    ) -> Result<(), Broken> {
        let Some(mut response) = command.response(status) else { return Ok(()) };
        if !comment.is_empty() {
            response = response.with_comment(comment);
        }
        self.send(context, &response).await
    }

    /// Sends the next bytes of the data set of the command that was sent last.
    pub async fn send_data(&mut self, bytes: Bytes, last: bool) -> Result<(), Broken> {
        self.session.send_data(bytes, last, self.began.elapsed())?;
        self.make_room().await;
        Ok(())
    }

    /// Waits until little enough waits to be sent. Events that come meanwhile stay for [`Line::next`].
    async fn make_room(&mut self) {
        // What is there is written at once where the socket takes it: the peer waits for it.
        self.write_now();
        while self.waiting_bytes() > WAITING_BYTES_MAX && !self.is_closed {
            self.move_bytes(false).await;
            self.session.handle_time(self.began.elapsed());
        }
    }

    fn waiting_bytes(&self) -> usize {
        self.session.waiting_bytes() + self.out.iter().map(Bytes::len).sum::<usize>()
    }

    /// What a peer that has connected asks for; how it ended where it went without asking.
    pub async fn requested(&mut self) -> Result<Box<AssociateRequest>, Ending> {
        loop {
            match self.next().await {
                Event::Requested(request) => return Ok(request),
                Event::Ended(ending) => return Err(ending),
                _ => {}
            }
        }
    }

    /// Answers what it asked for; true where there is an association now. The peer may have gone meanwhile.
    pub fn admit(&mut self, answer: Result<Answers, AssociateReject>) -> bool {
        let now = self.now();
        match answer {
            Ok(answers) => self.session.accept(answers, now).is_ok(),
            Err(reject) => {
                let _ = self.session.reject(reject, now);
                false
            }
        }
    }

    /// Agrees to the release that the peer asks for.
    pub fn agree_to_release(&mut self) {
        // It fails only where the association has ended: that comes next.
        let _ = self.session.release(self.began.elapsed());
    }

    /// Ends the association: in good order where everything is over, else at once.
    pub async fn end(self, is_over: bool) {
        if is_over {
            self.release().await;
        } else {
            self.abort().await;
        }
    }

    /// Asks for release and waits until the association has ended.
    pub async fn release(mut self) -> Ending {
        // Asking and agreeing are one to the session.
        self.agree_to_release();
        let ending = loop {
            match self.next().await {
                Event::Ended(ending) => break ending,
                Event::ReleaseRequested => self.agree_to_release(),
                _ => {}
            }
        };
        self.close().await;
        ending
    }

    /// Aborts.
    pub async fn abort(mut self) {
        let now = self.now();
        self.session.abort(now);
        self.close().await;
    }

    /// Sends what is left and closes the socket, when the association has ended.
    pub async fn close(mut self) {
        loop {
            let now = self.now();
            while self.session.poll_event(now).is_some() {}
            self.gather(now);
            if self.out.is_empty() {
                match self.session.poll(now) {
                    Output::Close => break,
                    Output::Transmit(bytes) => self.out.push_back(bytes),
                    Output::Event(_) => continue,
                    Output::Wait(None) => break,
                    Output::Wait(Some(_)) => {}
                }
            }
            if self.is_closed {
                break;
            }
            self.move_bytes(true).await;
        }
        // Whoever has gone hears nothing any more.
        let _ = tokio::time::timeout(Duration::from_secs(1), self.stream.shutdown()).await;
    }

    /// Takes from the session what is to be written, so much that a write has enough.
    fn gather(&mut self, now: Duration) {
        while self.out.len() < SLICES {
            match self.session.poll_transmit(now) {
                Some(bytes) => self.out.push_back(bytes),
                None => break,
            }
        }
    }

    /// Writes what the socket takes without waiting.
    fn write_now(&mut self) {
        let waker = std::task::Waker::noop();
        let mut cx = Context::from_waker(waker);
        loop {
            self.gather(self.began.elapsed());
            if self.out.is_empty() {
                // TLS may hold back what it was given.
                let _ = Pin::new(&mut self.stream).poll_flush(&mut cx);
                return;
            }
            match self.poll_write(&mut cx) {
                Poll::Ready(Ok(())) => {}
                // An error shows again when somebody waits.
                Poll::Ready(Err(_)) | Poll::Pending => return,
            }
        }
    }

    /// Writes or reads once, or until the session has something to do with the time.
    async fn move_bytes(&mut self, is_wanted: bool) {
        let now = self.now();
        self.gather(now);
        if self.is_closed && self.out.is_empty() {
            // Only time passes: the session has been told.
            let due = self.session.next_time();
            match due {
                Some(due) => tokio::time::sleep_until(self.began + due).await,
                None => tokio::task::yield_now().await,
            }
            return;
        }
        let may_read = !self.is_closed && (is_wanted || self.session.buffered_bytes() < BUFFERED_BYTES_MAX);
        let due = self.session.next_time().map(|due| self.began + due);
        let moving = poll_fn(|cx| self.poll_move(cx, may_read));
        let moved = match due {
            Some(due) => timeout_at(due, moving).await.unwrap_or(Ok(())),
            None => moving.await,
        };
        let now = self.began.elapsed();
        match moved {
            Ok(()) => self.session.handle_time(now),
            Err(_) if !self.is_closed => {
                self.is_closed = true;
                self.out.clear();
                self.session.handle_closed();
            }
            Err(_) => self.out.clear(),
        }
    }

    fn poll_move(&mut self, cx: &mut Context<'_>, may_read: bool) -> Poll<io::Result<()>> {
        let wrote = if self.out.is_empty() {
            let _ = Pin::new(&mut self.stream).poll_flush(cx);
            Poll::Pending
        } else {
            self.poll_write(cx)
        };
        if wrote.is_ready() || !may_read {
            return wrote;
        }
        self.poll_read(cx)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let mut count = 0;
        for (slice, bytes) in slices.iter_mut().zip(&self.out) {
            *slice = IoSlice::new(bytes);
            count += 1;
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, &slices[..count]);
        let mut written = match written {
            Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Poll::Ready(Ok(written)) => written,
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => return Poll::Pending,
        };
        while written > 0 {
            let Some(first) = self.out.front_mut() else { break };
            let taken = written.min(first.len());
            first.advance(taken);
            written -= taken;
            if first.is_empty() {
                self.out.pop_front();
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let buffer = self.session.receive_buffer();
        buffer.reserve(READ_SIZE_BYTES);
        // A read that is given up before it is ready has taken nothing.
        let reading = pin!(self.stream.read_buf(buffer));
        match reading.poll(cx) {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            Poll::Ready(Ok(_)) => {
                self.session.handle_received(self.began.elapsed());
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("state", &self.session.state()).finish_non_exhaustive()
    }
}

/// Why there is no association.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The request can't be written.
    #[error(transparent)]
    Request(#[from] EncodeError),
    /// It ended before it began.
    #[error("no association: {0}")]
    Ended(Ending),
}
