//! The way out over HTTP.
//!
//! | status | what it is | customary |
//! |---|---|---|
//! | 2xx | accepted | |
//! | 401, 403, 404, 405, 407 | a matter of the set-up, for every envelope alike | retry |
//! | 502, 503, 504 | the partner does not work, for every envelope alike | retry |
//! | 408, 425, 429, other 5xx | refused | retry |
//! | 3xx (not followed), other 4xx | refused | dead |

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use klinke_diagnosis::Speech;
use klinke_engine::BoxFuture;
use klinke_engine::link::{Link, Parcel, Reply, ReplyKind};
use klinke_engine::source::SourceError;
use klinke_model::{Disposition, Payload};
use tokio::time::{Instant, timeout_at};

use super::config::{DestinationConfig, Method};
use super::door::basic;
use crate::net::dial::{Partner, Way};
use crate::net::{Host, Statistics};
use crate::probe::Probe;

/// A destination over HTTP.
#[derive(Debug)]
pub struct Destination {
    setting: Arc<Setting>,
    probe: Option<Arc<dyn Probe>>,
}

#[derive(Debug)]
struct Setting {
    config: DestinationConfig,
    way: Way,
    path: Uri,
    headers: HeaderMap,
    /// What makes the key of a delivery unlike those of other sites' channels.
    channel: String,
    statistics: Arc<Statistics>,
}

struct HttpLink {
    setting: Arc<Setting>,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Destination {
    /// By these settings, for a channel of this name; reads the secrets.
    pub fn new(config: DestinationConfig, channel: &str) -> Result<Self, SourceError> {
        let wrong = |text: &str| SourceError::new(format!("http: {text}"));
        let uri: Uri = config.url.parse().map_err(|_| wrong("the url is none"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong("the url begins with http:// or https://"));
        };
        if authority.as_str().contains('@') {
            return Err(wrong("user and password don't go into the url: write basic = { … }"));
        }
        let is_tls = match scheme {
            "http" if config.tls.is_none() => false,
            "https" => true,
            "http" => return Err(wrong("tls needs an https url")),
            _ => return Err(wrong("the url begins with http:// or https://")),
        };
        let name = authority.host().trim_matches(['[', ']']).to_owned();
        let port = authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let partner = Partner {
            address: Some(Host { name, port }),
            tls: is_tls.then(|| config.tls.clone().unwrap_or_default()),
            connect: config.connect_timeout.0,
            keep_alive: config.keep_alive.0,
            ..Partner::default()
        };
        let answer = config.answer_timeout.0;
        let probe = crate::probe::of_partner(&partner, Some(Speech::Http), answer, None);
        let way = Way::new(partner)?;
        let headers = headers(&config, authority.as_str())?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).parse();
        let path = path.map_err(|_| wrong("the url's path is none"))?;
        let (channel, statistics) = (channel.to_owned(), Arc::default());
        let setting = Setting { config, way, path, headers, channel, statistics };
        Ok(Destination { setting: Arc::new(setting), probe })
    }

    /// What can be asked of it.
    pub fn probe(&self) -> Option<Arc<dyn Probe>> {
        self.probe.clone()
    }

    /// What it counts.
    pub fn statistics(&self) -> Arc<Statistics> {
        Arc::clone(&self.setting.statistics)
    }
}

/// The headers of every request.
fn headers(config: &DestinationConfig, host: &str) -> Result<HeaderMap, SourceError> {
    let failed = |text: String| SourceError::new(format!("http: {text}"));
    let mut headers = HeaderMap::new();
    for (name, value) in &config.headers {
        let name: HeaderName = name.parse().map_err(|_| failed(format!("{name:?} is no header")))?;
        let value =
            HeaderValue::from_str(value).map_err(|_| failed(format!("the value of {name} is none")))?;
        headers.insert(name, value);
    }
    let mut set = |name: HeaderName, value: &str, sensitive: bool| {
        let value = HeaderValue::from_str(value);
        let mut value = value.map_err(|_| failed(format!("the value of {name} is none")))?;
        value.set_sensitive(sensitive);
        headers.insert(name, value);
        Ok(())
    };
    set(header::HOST, host, false)?;
    set(header::CONTENT_TYPE, &config.content_type, false)?;
    set(header::USER_AGENT, concat!("klinke/", env!("CARGO_PKG_VERSION")), false)?;
    match (&config.bearer, &config.basic) {
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

impl klinke_engine::link::Destination for Destination {
    fn link(&self) -> Box<dyn Link> {
        Box::new(HttpLink { setting: Arc::clone(&self.setting), sender: None })
    }

    fn address(&self) -> String {
        // A query may hold a key.
        self.setting.config.url.split('?').next().unwrap_or_default().to_owned()
    }
}

impl HttpLink {
    async fn attempt(&mut self, parcel: &Parcel, limit: Duration) -> Result<Reply, Reply> {
        let deadline = Instant::now() + limit.min(self.setting.config.answer_timeout.0);
        let response = self.send(parcel, deadline).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), self.setting.config.answer_max.0).collect();
        let body = match timeout_at(deadline, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) => {
                self.sender = None;
                // The status says what became of it, whatever is wrong with the words behind it.
                let too_large = error.downcast_ref::<LengthLimitError>().is_some();
                let text = if too_large { "its answer is too large" } else { "its answer is broken off" };
                return Ok(Reply { text: text.to_owned(), ..reply(status, None) });
            }
            Err(_) => {
                self.sender = None;
                return Ok(Reply { text: "its answer came too slowly".to_owned(), ..reply(status, None) });
            }
        };
        self.setting.statistics.received(body.len());
        self.setting.statistics.frame();
        Ok(reply(status, (!body.is_empty()).then(|| Payload::new(body.to_vec()))))
    }

    /// Sends over the kept connection if it is still good, else over a new one.
    async fn send(
        &mut self,
        parcel: &Parcel,
        deadline: Instant,
    ) -> Result<Response<hyper::body::Incoming>, Reply> {
        let mut request = self.setting.request(parcel);
        loop {
            let kept = self.sender.take().filter(|sender| !sender.is_closed());
            let was_kept = kept.is_some();
            let mut sender = match kept {
                Some(sender) => sender,
                None => self.setting.connect(deadline).await?,
            };
            if timeout_at(deadline, sender.ready()).await.is_ok_and(|ready| ready.is_err()) {
                if was_kept {
                    continue;
                }
                return Err(Reply::unreachable("reset", "the connection broke"));
            }
            match timeout_at(deadline, sender.try_send_request(request)).await {
                Ok(Ok(response)) => {
                    self.setting.statistics.answered(1);
                    self.setting.statistics.sent(parcel.payload.len());
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
                    self.setting.statistics.timed_out();
                    return Err(Reply::unclear("timeout", "no answer came in time", None));
                }
            }
        }
    }
}

impl Setting {
    fn request(&self, parcel: &Parcel) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(Bytes::copy_from_slice(&parcel.payload)));
        *request.method_mut() = match self.config.method {
            Method::Post => hyper::Method::POST,
            Method::Put => hyper::Method::PUT,
        };
        *request.uri_mut() = self.path.clone();
        *request.headers_mut() = self.headers.clone();
        // The same at every attempt, so that the partner can tell a repetition.
        let key = format!("\"{}-{}-{}\"", self.channel, parcel.key.envelope, parcel.key.part);
        if let Ok(key) = HeaderValue::from_str(&key) {
            request.headers_mut().insert(HeaderName::from_static("idempotency-key"), key);
        }
        request
    }

    async fn connect(&self, deadline: Instant) -> Result<SendRequest<Full<Bytes>>, Reply> {
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

/// What a status means.
fn reply(status: StatusCode, answer: Option<Payload>) -> Reply {
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

impl Link for HttpLink {
    fn deliver<'a>(&'a mut self, parcel: &'a Parcel, limit: Duration) -> BoxFuture<'a, Reply> {
        Box::pin(async move { self.attempt(parcel, limit).await.unwrap_or_else(|reply| reply) })
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        self.sender = None;
        Box::pin(std::future::ready(()))
    }
}
