//! Requests to a partner, over connections that are kept while they last.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use klinke_archive::migrate::Trouble;
use tokio::time::{Instant, timeout};

use super::super::store::body::Body;
use super::config::ClientConfig;
use crate::net::Host;
use crate::net::dial::{Partner, Way};
use crate::secret::basic;

/// Idle connections above this number are closed.
const IDLE_MAX: usize = 4;
const CONNECT: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(30);

type Sender = SendRequest<Empty<Bytes>>;

/// How a partner is asked.
pub(super) struct Connections {
    way: Way,
    /// Path of its services, without a slash at the end.
    base: String,
    headers: HeaderMap,
    answer: Duration,
    silence: Duration,
    pub(super) page: usize,
    idle: Mutex<Vec<Sender>>,
}

/// An answer, and the connection over which it comes.
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Body,
    sender: Sender,
}

impl Connections {
    pub fn new(config: &ClientConfig) -> Result<Self, String> {
        let uri: Uri = config.url.parse().map_err(|_| "the url is none".to_owned())?;
        let (scheme, authority) = match (uri.scheme_str(), uri.authority()) {
            (Some(scheme @ ("http" | "https")), Some(authority)) => (scheme, authority),
            _ => return Err("the url begins with http:// or https://".to_owned()),
        };
        if authority.as_str().contains('@') {
            return Err("user and password don't go into the url: write basic = { … }".to_owned());
        }
        if uri.query().is_some() {
            return Err("the url ends with the path of the services: it has no `?`".to_owned());
        }
        let is_tls = scheme == "https";
        if !is_tls && config.tls.is_some() {
            return Err("tls needs an https url".to_owned());
        }
        let name = authority.host().trim_matches(['[', ']']).to_owned();
        let port = authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let partner = Partner {
            address: Some(Host { name, port }),
            tls: is_tls.then(|| config.tls.clone().unwrap_or_default()),
            connect: CONNECT,
            keep_alive: KEEP_ALIVE,
            ..Partner::default()
        };
        Ok(Connections {
            way: Way::new(partner).map_err(|error| error.to_string())?,
            base: uri.path().trim_end_matches('/').to_owned(),
            headers: headers(config, authority.as_str())?,
            answer: config.answer.0,
            silence: config.silence.0,
            page: config.page,
            idle: Mutex::default(),
        })
    }

    /// Asks for a path below the services, with its query.
    pub async fn get(&self, path: &str, accept: &'static str) -> Result<Answer, Trouble> {
        let request = || -> Result<Request<Empty<Bytes>>, Trouble> {
            let mut request = Request::new(Empty::new());
            let uri = format!("{}{path}", self.base).parse();
            *request.uri_mut() = uri.map_err(|_| Trouble::refused("a UID that goes into no URL"))?;
            *request.headers_mut() = self.headers.clone();
            request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static(accept));
            Ok(request)
        };
        // A kept connection may have been closed at this very moment: nothing was asked then.
        while let Some(mut sender) = self.kept() {
            if timeout(self.answer, sender.ready()).await.is_ok_and(|ready| ready.is_ok())
                && let Ok(answer) = self.ask(sender, request()?).await
            {
                return Ok(answer);
            }
        }
        let stream = self.way.open(Instant::now() + CONNECT).await.map_err(Trouble::absent)?;
        let shaken = handshake(TokioIo::new(stream)).await;
        let (sender, connection) =
            shaken.map_err(|error| Trouble::suffers(format!("the connection broke: {error}")))?;
        // It ends with its sender; what it reports, the sender reports too.
        tokio::spawn(async move { connection.await.ok() });
        self.ask(sender, request()?).await
    }

    async fn ask(&self, mut sender: Sender, request: Request<Empty<Bytes>>) -> Result<Answer, Trouble> {
        let response: Response<Incoming> = match timeout(self.answer, sender.send_request(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(Trouble::suffers(format!("no answer: {error}"))),
            Err(_) => return Err(Trouble::suffers("no answer came in time")),
        };
        let (parts, body) = response.into_parts();
        let body = Body::new(body, self.silence);
        Ok(Answer { status: parts.status, headers: parts.headers, body, sender })
    }

    fn kept(&self) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(sender) = idle.pop() {
            if !sender.is_closed() {
                return Some(sender);
            }
        }
        None
    }

    /// The body was read to its end: its connection may serve again.
    pub fn keep(&self, sender: Sender) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX && !sender.is_closed() {
            idle.push(sender);
        }
    }
}

impl Answer {
    /// The whole body of an answer that is one, up to a limit; the connection is kept.
    pub async fn whole(self, connections: &Connections, limit: usize) -> Result<Bytes, Trouble> {
        let bytes = self.body.whole(limit).await.map_err(|fault| Trouble::suffers(fault.text))?;
        connections.keep(self.sender);
        Ok(bytes)
    }

    /// The body, and the connection that is kept after it.
    pub fn into_body(self) -> (Body, Sender) {
        (self.body, self.sender)
    }

    /// A trouble where the status is none of success. The partner's own words may name a patient.
    pub fn check(&self) -> Result<(), Trouble> {
        if self.status.is_success() {
            return Ok(());
        }
        let reason = self.status.canonical_reason().unwrap_or_default();
        let text = format!("HTTP {} {reason}", self.status.as_str());
        match self.status.as_u16() {
            408 | 425 | 429 | 500.. => Err(Trouble::suffers(text)),
            _ => Err(Trouble::refused(text)),
        }
    }
}

fn headers(config: &ClientConfig, host: &str) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &config.headers {
        let name: HeaderName = name.parse().map_err(|_| format!("{name:?} is no header"))?;
        let value = HeaderValue::from_str(value).map_err(|_| format!("the value of {name} is none"))?;
        headers.insert(name, value);
    }
    let mut set = |name: HeaderName, value: &str| {
        let value = HeaderValue::from_str(value).map_err(|_| format!("the value of {name} is none"))?;
        headers.insert(name, value);
        Ok::<(), String>(())
    };
    set(header::HOST, host)?;
    set(header::USER_AGENT, concat!("klinke/", env!("CARGO_PKG_VERSION")))?;
    let authorization = match (&config.bearer, &config.basic) {
        (Some(_), Some(_)) => return Err("give either bearer or basic".to_owned()),
        (Some(token), None) => format!("Bearer {}", token.read()?.expose()),
        (None, Some(user)) => basic(&user.user, user.password.read()?.expose()),
        (None, None) => return Ok(headers),
    };
    let mut value =
        HeaderValue::from_str(&authorization).map_err(|_| "the value of authorization is none".to_owned())?;
    value.set_sensitive(true);
    headers.insert(header::AUTHORIZATION, value);
    Ok(headers)
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connections").field("way", &self.way.address()).finish_non_exhaustive()
    }
}
