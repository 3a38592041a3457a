//! The way in over HTTP.
//!
//! | what became of the body | status |
//! |---|---|
//! | kept, routed, filtered, or kept and not yet delivered | 202 |
//! | the partner has it (`ack = "delivered"`) | 200, with its answer |
//! | the partner refused it | 502 |
//! | kept, and a step failed; or the site does not allow it | 422 |
//! | no room, the store is down, the channel stops | 503 with `Retry-After` |
//! | no answer from the channel in time | 504 |
//! | too large; nothing in it; came too slowly | 413; 400; 408 |
//! | wrong path, method, log-in | 404, 405, 401 |

use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use klinke_engine::BoxFuture;
use klinke_engine::source::{Arrival, End, Intake, OpenSource, Receipt, Refusal, SourceError, Stop};
use tokio::time::Instant;

use super::config::SourceConfig;
use super::door::Door;
use crate::net::listen::{Accepted, Entrance};
use crate::net::{Budget, Statistics};

type Answer = Response<Full<Bytes>>;

/// How long a sender is asked to wait when there is no room.
const RETRY_AFTER_SECONDS: u32 = 10;
/// How often a source that was pushed back looks whether there is room again.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_millis(20);

/// A source over HTTP.
#[derive(Debug)]
pub struct Source {
    config: SourceConfig,
    door: Door,
    statistics: Arc<Statistics>,
}

struct Open {
    entrance: Entrance,
    desk: Arc<Desk>,
}

/// What the connections of a source share.
struct Desk {
    config: SourceConfig,
    door: Door,
    intake: Arc<dyn Intake>,
    budget: Arc<Budget>,
    statistics: Arc<Statistics>,
}

impl Source {
    /// By these settings; reads the secrets.
    pub fn new(config: SourceConfig) -> Result<Self, SourceError> {
        if !config.path.starts_with('/') {
            return Err(SourceError::new("http: a path begins with /"));
        }
        let door = Door::new(&config)?;
        Ok(Source { config, door, statistics: Arc::default() })
    }

    /// What it counts.
    pub fn statistics(&self) -> Arc<Statistics> {
        Arc::clone(&self.statistics)
    }
}

impl klinke_engine::source::Source for Source {
    fn open(
        self: Box<Self>,
        intake: Arc<dyn Intake>,
    ) -> BoxFuture<'static, Result<Box<dyn OpenSource>, SourceError>> {
        Box::pin(async move {
            let Source { config, door, statistics } = *self;
            let entrance = Entrance::open(config.entry(), Arc::clone(&statistics)).await?;
            let budget = Budget::new(config.limits.memory.0);
            let desk = Arc::new(Desk { config, door, intake, budget, statistics });
            Ok(Box::new(Open { entrance, desk }) as Box<dyn OpenSource>)
        })
    }
}

impl OpenSource for Open {
    fn address(&self) -> String {
        let scheme = if self.desk.config.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{}", self.entrance.address(), self.desk.config.path)
    }

    fn run(self: Box<Self>, stop: Stop) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let Open { entrance, desk } = *self;
            let channel = desk.intake.channel().to_owned();
            let serve = move |accepted, stop| serve(Arc::clone(&desk), accepted, stop);
            entrance.serve(&channel, stop, serve).await;
        })
    }
}

/// Serves one connection to its end.
async fn serve(desk: Arc<Desk>, accepted: Accepted, mut stop: Stop) {
    let statistics = Arc::clone(&desk.statistics);
    let _open = statistics.connected();
    let (peer, system) = (accepted.peer, accepted.system);
    let head_timeout = desk.config.limits.in_frame.0;
    let service = service_fn(move |request| {
        let (desk, peer, system) = (Arc::clone(&desk), Arc::clone(&peer), system.clone());
        async move { Ok::<_, Infallible>(desk.answer(request, peer, system).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .serve_connection(TokioIo::new(accepted.stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.said() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Its text names what broke in the protocol, and quotes nothing of it.
        tracing::debug!(%error, "a connection ended");
    }
}

impl Desk {
    async fn answer(&self, request: Request<Incoming>, peer: Arc<str>, system: Option<Arc<str>>) -> Answer {
        let authorization = request.headers().get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
        let known = match self.door.admit(authorization) {
            Ok(known) => known,
            Err(challenge) => {
                self.statistics.turned_away("log-in");
                let answer = text(StatusCode::UNAUTHORIZED, "who sends must log in");
                return with(answer, header::WWW_AUTHENTICATE, challenge);
            }
        };
        if request.uri().path() != self.config.path {
            return text(StatusCode::NOT_FOUND, "nothing is taken at this path");
        }
        if ![Method::POST, Method::PUT].contains(request.method()) {
            let answer = text(StatusCode::METHOD_NOT_ALLOWED, "POST or PUT what is to be taken");
            return with(answer, header::ALLOW, "POST, PUT");
        }
        if let Some(refusal) = self.intake.pressure() {
            return refused(&refusal);
        }
        let mut share = self.budget.share();
        let body = match self.read(request.into_body(), &mut share).await {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        self.statistics.frame();
        let received = self.intake.now();
        let arrival = Arrival { payload: body.into(), received, peer, system: known.or(system) };
        let taken = tokio::time::timeout(self.config.limits.answer.0, self.intake.submit(arrival)).await;
        self.statistics.answered(1);
        match taken {
            Ok(taken) => self.told(taken),
            Err(_) => {
                self.statistics.timed_out();
                text(StatusCode::GATEWAY_TIMEOUT, "it is not known in time what became of it")
            }
        }
    }

    /// The whole body, within the limits.
    async fn read(
        &self,
        mut body: Incoming,
        share: &mut crate::net::budget::Share,
    ) -> Result<Vec<u8>, Answer> {
        let limit = self.config.limits.frame.0;
        let too_large = || {
            text(StatusCode::PAYLOAD_TOO_LARGE, &format!("at most {} are taken", self.config.limits.frame))
        };
        if hyper::body::Body::size_hint(&body).lower() > limit as u64 {
            return Err(too_large());
        }
        let (mut bytes, mut left) = (Vec::new(), self.config.limits.whole_frame.0);
        loop {
            while !share.may_read(!bytes.is_empty()) {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            let asked = Instant::now();
            let frame = tokio::time::timeout(self.config.limits.in_frame.0.min(left), body.frame()).await;
            left = left.saturating_sub(asked.elapsed());
            let data = match frame {
                Err(_) => {
                    self.statistics.timed_out();
                    return Err(text(StatusCode::REQUEST_TIMEOUT, "the body came too slowly"));
                }
                Ok(None) => break,
                Ok(Some(Err(_))) => return Err(text(StatusCode::BAD_REQUEST, "the body is broken off")),
                Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
            };
            if bytes.len() + data.len() > limit {
                return Err(too_large());
            }
            self.statistics.received(data.len());
            bytes.extend_from_slice(&data);
            share.hold(bytes.len(), true);
        }
        if bytes.is_empty() {
            return Err(text(StatusCode::BAD_REQUEST, "the body is empty"));
        }
        Ok(bytes)
    }

    fn told(&self, taken: Result<Receipt, Refusal>) -> Answer {
        let receipt = match taken {
            Ok(receipt) => receipt,
            Err(refusal) => return refused(&refusal),
        };
        let (id, duplicate) = (receipt.id, receipt.duplicate);
        let answer = match receipt.end {
            End::Stored | End::Routed | End::Filtered | End::Pending => {
                let body = format!("{{\"envelope\":{id},\"duplicate\":{duplicate}}}\n");
                with(text(StatusCode::ACCEPTED, &body), header::CONTENT_TYPE, "application/json")
            }
            End::Failed(why) => text(StatusCode::UNPROCESSABLE_ENTITY, &why),
            End::Answered { accepted, code, text: why, answer } => {
                let status = if accepted { StatusCode::OK } else { StatusCode::BAD_GATEWAY };
                match answer.filter(|_| self.config.relay_answer) {
                    Some(answer) => {
                        let mut whole = text(status, "");
                        *whole.body_mut() = Full::new(Bytes::copy_from_slice(&answer));
                        with(whole, header::CONTENT_TYPE, "application/octet-stream")
                    }
                    None => text(status, format!("{code} {why}").trim_end()),
                }
            }
        };
        with(answer, header::HeaderName::from_static("klinke-envelope"), &id.to_string())
    }
}

/// The sender must keep what it has.
fn refused(refusal: &Refusal) -> Answer {
    match refusal {
        Refusal::Forbidden(why) => text(StatusCode::UNPROCESSABLE_ENTITY, why),
        Refusal::Full(_) | Refusal::Down(_) => {
            let answer = text(StatusCode::SERVICE_UNAVAILABLE, &refusal.to_string());
            with(answer, header::RETRY_AFTER, &RETRY_AFTER_SECONDS.to_string())
        }
        Refusal::Stopping => {
            let answer = text(StatusCode::SERVICE_UNAVAILABLE, &refusal.to_string());
            with(with(answer, header::RETRY_AFTER, "1"), header::CONNECTION, "close")
        }
    }
}

fn text(status: StatusCode, text: &str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::copy_from_slice(text.as_bytes())));
    *answer.status_mut() = status;
    with(answer, header::CONTENT_TYPE, "text/plain; charset=utf-8")
}

fn with(mut answer: Answer, name: header::HeaderName, value: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
    answer
}
