//! HTTP/1.1 as a client (RFC 9110, RFC 9112): one connection that is kept, a request at a time.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use klinke_diagnosis::Speech;
use klinke_engine::link::{Reply, ReplyKind};
use klinke_engine::source::SourceError;
use klinke_model::{Disposition, Payload};
use tokio::time::{Instant, timeout_at};

use super::dial::{Partner, Way};
use super::{ClientTls, Host, Statistics};
use crate::probe::Probe;
use crate::secret::{Basic, Secret, basic};

/// Whom requests go to.
pub(crate) struct Called<'a> {
    /// The adapter's name, for faults.
    pub adapter: &'static str,
    pub url: &'a str,
    pub tls: Option<&'a ClientTls>,
    pub bearer: Option<&'a Secret>,
    pub basic: Option<&'a Basic>,
    pub connect: Duration,
    pub keep_alive: Duration,
    /// Longest time for an answer.
    pub answer: Duration,
}

/// A server, and what every request to it has.
#[derive(Debug)]
pub(crate) struct Server {
    way: Way,
    /// The path of its URL, with the query.
    pub path: Uri,
    /// Host, User-Agent and Authorization.
    pub headers: HeaderMap,
    pub statistics: Arc<Statistics>,
    pub probe: Option<Arc<dyn Probe>>,
}

/// A connection to a server, opened when it is needed.
pub(crate) struct Connection {
    server: Arc<Server>,
    sender: Option<SendRequest<Pieces>>,
}

/// An answer, its body as far as it could be read.
pub(crate) struct Answered {
    pub status: StatusCode,
    pub body: Result<Bytes, &'static str>,
}

/// A body of pieces that lie in memory.
pub(crate) struct Pieces(VecDeque<Bytes>);

impl Pieces {
    pub fn of(pieces: impl IntoIterator<Item = Bytes>) -> Self {
        Pieces(pieces.into_iter().filter(|piece| !piece.is_empty()).collect())
    }

    fn len(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.len() as u64)
    }
}

impl Server {
    /// By these settings; reads the secrets.
    pub fn new(called: &Called<'_>) -> Result<Self, SourceError> {
        let wrong = |text: &str| SourceError::new(format!("{}: {text}", called.adapter));
        let uri: Uri = called.url.parse().map_err(|_| wrong("the url is none"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong("the url begins with http:// or https://"));
        };
        if authority.as_str().contains('@') {
            return Err(wrong("user and password don't go into the url: write basic = { … }"));
        }
        let is_tls = match scheme {
            "http" if called.tls.is_none() => false,
            "https" => true,
            "http" => return Err(wrong("tls needs an https url")),
            _ => return Err(wrong("the url begins with http:// or https://")),
        };
        let name = authority.host().trim_matches(['[', ']']).to_owned();
        let port = authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let partner = Partner {
            address: Some(Host { name, port }),
            tls: is_tls.then(|| called.tls.cloned().unwrap_or_default()),
            connect: called.connect,
            keep_alive: called.keep_alive,
            ..Partner::default()
        };
        let probe = crate::probe::of_partner(&partner, Some(Speech::Http), called.answer, None);
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).parse();
        let path = path.map_err(|_| wrong("the url's path is none"))?;
        let headers = headers(called, authority.as_str())?;
        Ok(Server { way: Way::new(partner)?, path, headers, statistics: Arc::default(), probe })
    }

    async fn connect(&self, deadline: Instant) -> Result<SendRequest<Pieces>, Reply> {
        let opened = self.way.open(deadline).await;
        let stream = opened.map_err(|error| Reply::unreachable(error.code, error.text))?;
        self.statistics.secured(&stream);
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| Reply::unreachable("reset", format!("the connection broke: {error}")))?;
        // It ends with its sender; what it reports, the sender reports too.
        tokio::spawn(async move { connection.await.ok() });
        Ok(sender)
    }
}

/// Sets a header; the error names it, not its value.
pub(crate) fn set_header(
    headers: &mut HeaderMap,
    adapter: &str,
    name: HeaderName,
    value: &str,
    sensitive: bool,
) -> Result<(), SourceError> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| SourceError::new(format!("{adapter}: the value of {name} is none")))?;
    value.set_sensitive(sensitive);
    headers.insert(name, value);
    Ok(())
}

/// The headers of every request.
fn headers(called: &Called<'_>, host: &str) -> Result<HeaderMap, SourceError> {
    let failed = |text: String| SourceError::new(format!("{}: {text}", called.adapter));
    let mut headers = HeaderMap::new();
    let mut set =
        |name, value: &str, sensitive| set_header(&mut headers, called.adapter, name, value, sensitive);
    set(header::HOST, host, false)?;
    set(header::USER_AGENT, concat!("klinke/", env!("CARGO_PKG_VERSION")), false)?;
    match (called.bearer, called.basic) {
        (Some(_), Some(_)) => return Err(failed("give either bearer or basic".to_owned())),
        (Some(token), None) => {
            let token = token.read().map_err(failed)?;
            set(header::AUTHORIZATION, &format!("Bearer {}", token.expose()), true)?;
        }
        (None, Some(user)) => {
            let password = user.password.read().map_err(failed)?;
            set(header::AUTHORIZATION, &basic(&user.user, password.expose()), true)?;
        }
        (None, None) => {}
    }
    Ok(headers)
}

impl Connection {
    /// One to this server, not open yet.
    pub fn new(server: Arc<Server>) -> Self {
        Connection { server, sender: None }
    }

    /// Closes it; it is opened again when it is needed.
    pub fn close(&mut self) {
        self.sender = None;
    }

    /// Sends a request and reads its answer, of whose body so many bytes are taken. A link's reply is what keeps it from being
    /// answered.
    pub async fn exchange(
        &mut self,
        request: Request<Pieces>,
        answer_max: usize,
        deadline: Instant,
    ) -> Result<Answered, Reply> {
        let response = self.send(request, deadline).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), answer_max).collect();
        let body = match timeout_at(deadline, body).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            // The status says what became of it, whatever is wrong with the words behind it.
            Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => {
                Err("its answer is too large")
            }
            Ok(Err(_)) => Err("its answer is broken off"),
            Err(_) => Err("its answer came too slowly"),
        };
        match &body {
            Ok(bytes) => {
                self.server.statistics.received(bytes.len());
                self.server.statistics.frame();
            }
            Err(_) => self.sender = None,
        }
        Ok(Answered { status, body })
    }

    /// Sends over the kept connection if it is still good, else over a new one.
    async fn send(
        &mut self,
        mut request: Request<Pieces>,
        deadline: Instant,
    ) -> Result<Response<Incoming>, Reply> {
        let size = request.body().len();
        loop {
            let kept = self.sender.take().filter(|sender| !sender.is_closed());
            let was_kept = kept.is_some();
            let mut sender = match kept {
                Some(sender) => sender,
                None => self.server.connect(deadline).await?,
            };
            if timeout_at(deadline, sender.ready()).await.is_ok_and(|ready| ready.is_err()) {
                if was_kept {
                    continue;
                }
                return Err(Reply::unreachable("reset", "the connection broke"));
            }
            match timeout_at(deadline, sender.try_send_request(request)).await {
                Ok(Ok(response)) => {
                    self.server.statistics.answered(1);
                    self.server.statistics.sent(size);
                    self.sender = Some(sender);
                    return Ok(response);
                }
                Ok(Err(mut failed)) => match failed.take_message() {
                    // The partner closed the kept connection at this very moment: nothing left.
                    Some(unsent) if was_kept => request = unsent,
                    Some(_) => return Err(Reply::unreachable("reset", "the connection broke")),
                    None => {
                        let error = failed.into_error();
                        let code = if error.is_incomplete_message() { "closed" } else { "reset" };
                        return Err(Reply::unclear(code, format!("no answer: {error}"), None));
                    }
                },
                Err(_) => {
                    self.server.statistics.timed_out();
                    return Err(Reply::unclear("timeout", "no answer came in time", None));
                }
            }
        }
    }
}

/// What a status means to a link.
pub(crate) fn reply(status: StatusCode, answer: Option<Payload>) -> Reply {
    let code = status.as_str();
    let text = status.canonical_reason().unwrap_or_default();
    let refused = |custom| Reply::refused(code, text, answer.clone(), custom);
    match status.as_u16() {
        200..=299 => Reply::accepted(code, answer),
        300..=399 => {
            let text = "the partner sends elsewhere, and redirects are not followed";
            Reply::refused(code, text, answer, Disposition::Dead)
        }
        401 | 403 | 404 | 405 | 407 | 502..=504 => {
            Reply { kind: ReplyKind::Unreachable, ..refused(Disposition::Retry) }
        }
        408 | 425 | 429 | 500..=599 => refused(Disposition::Retry),
        _ => refused(Disposition::Dead),
    }
}
