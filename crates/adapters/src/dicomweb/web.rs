//! The service: sockets, requests, and which part answers them.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, OnceLock};

use hyper::body::Incoming;
use hyper::header::{self, HeaderMap};
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use klinke_archive::Archive;
use klinke_engine::source::{SourceError, Stop};
use tokio::sync::Semaphore;
use tracing::{debug, info};

use super::answer::{self, Answer, with};
use super::base::base;
use super::config::WebConfig;
use super::fault::{Fault, Result};
use super::gate::{Deed, Gate, Opened, Verdict, Wish};
use super::media::Accept;
use super::pages::{Pages, is_page};
use super::query::Parameters;
use super::route::{Route, route, wish};
use super::steady::Steady;
use super::workitems::channel::{self, Pending};
use super::workitems::{self, Channels};
use super::{capabilities, cors, delete, retrieve, search, store};
use crate::net::Statistics;
use crate::net::listen::{Accepted, Entrance, Entry};

/// The least that hyper lets a header be.
const HEADER_SIZE_BYTES_MIN: usize = 8 << 10;

/// The methods that something is done by.
pub(super) const METHODS: &str = "GET, HEAD, POST, PUT, DELETE, OPTIONS";

/// More lines are in no header.
const HEADERS_MAX: usize = 200;

/// The archive over HTTP.
pub struct Web {
    /// How it listens.
    pub config: WebConfig,
    /// The archive that it serves.
    pub archive: Archive,
    gate: Arc<dyn Gate>,
    pages: Option<Pages>,
    pub(super) decoders: Arc<Semaphore>,
    pub(super) channels: Arc<Channels>,
    /// The port on which it listens, as soon as it does.
    port: AtomicU16,
}

/// A socket that listens for requests.
#[derive(Debug)]
pub struct OpenWeb {
    entrance: Entrance,
    web: Arc<Web>,
}

/// A request without its body, and who asks.
#[derive(Clone)]
pub(super) struct Asked {
    pub method: Method,
    pub headers: HeaderMap,
    pub parameters: Parameters,
    pub accept: Accept,
    pub base: String,
    pub who: Arc<str>,
    pub from: Arc<str>,
}

impl std::fmt::Debug for Web {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Web").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Web {
    /// The service of an archive.
    pub fn new(config: WebConfig, archive: Archive, gate: Arc<dyn Gate>) -> Arc<Self> {
        let decoders = Arc::new(Semaphore::new(config.limits.decoders));
        let port = AtomicU16::new(config.listen.port);
        let pages = config.ohif.clone().map(|folder| Pages::new(folder, &config.path));
        let channels = Arc::default();
        Arc::new(Web { config, archive, gate, pages, decoders, channels, port })
    }

    /// Begins to listen.
    pub async fn open(self: &Arc<Self>) -> Result<OpenWeb, SourceError> {
        if !self.config.path.starts_with('/') {
            return Err(SourceError::new("dicomweb: a path begins with /"));
        }
        let entry = Entry {
            listen: Some(self.config.listen.clone()),
            allow: self.config.allow.clone(),
            tls: self.config.tls.clone(),
            limits: self.config.limits.of_sockets(),
            ..Entry::default()
        };
        let archive = self.archive.clone();
        let told = tokio::task::spawn_blocking(move || archive.report_restart()).await;
        if let Ok(Err(error)) = told {
            return Err(SourceError::new(format!("dicomweb: {error}")));
        }
        let entrance = Entrance::open(entry, Arc::new(Statistics::default())).await?;
        if let Ok(address) = entrance.address().parse::<SocketAddr>() {
            self.port.store(address.port(), Ordering::Relaxed);
        }
        Ok(OpenWeb { entrance, web: self.clone() })
    }

    /// Tells the gate what was opened.
    pub(super) fn tell(&self, asked: &Asked, deed: Deed, study: &str, instances: Vec<String>, count: usize) {
        self.gate.opened(Opened {
            who: asked.who.clone(),
            from: asked.from.clone(),
            deed,
            study: study.to_owned(),
            instances,
            count: count as u64,
        });
    }

    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        from: Arc<str>,
        pending: &OnceLock<Pending>,
    ) -> Answer {
        let origin = cors::origin(&self.config.cors, request.headers()).map(str::to_owned);
        if cors::is_preflight(request.method(), request.headers()) {
            return cors::preflight(origin.as_deref());
        }
        let has_cors = !self.config.cors.is_empty();
        let answer = match self.decide(request, from, pending).await {
            Ok(answer) => answer,
            Err(refusal) => *refusal,
        };
        let answer = with(answer, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        if has_cors { cors::allowed(answer, origin.as_deref()) } else { answer }
    }

    async fn decide(
        self: Arc<Self>,
        mut request: Request<Incoming>,
        from: Arc<str>,
        pending: &OnceLock<Pending>,
    ) -> Result<Answer, Box<Answer>> {
        let refused = |fault: Fault| Box::new(channel::spoken(answer::refused(&fault)));
        self.check_header(&request).map_err(refused)?;
        let path = match (self.path(request.uri().path()), &self.pages) {
            (Ok(path), _) => path.to_owned(),
            (Err(_), Some(pages)) => return self.page(pages, &request, &from).await,
            (Err(fault), None) => return Err(refused(fault)),
        };
        let Some(wish) = wish(request.method(), &path) else {
            let fault = Fault::new(StatusCode::METHOD_NOT_ALLOWED, "this method is not served");
            return Err(Box::new(with(*refused(fault), header::ALLOW, METHODS)));
        };
        let who = self.admit(request.headers(), &from, wish).await?;
        let upgrade = request.extensions_mut().remove::<OnUpgrade>();
        let (head, body) = request.into_parts();
        let parameters = Parameters::read(head.uri.query()).map_err(refused)?;
        let asked = Asked {
            accept: Accept::of(&head.headers, &parameters).map_err(refused)?,
            base: base(&self.config, self.port.load(Ordering::Relaxed), &head.headers),
            method: head.method,
            headers: head.headers,
            parameters,
            who,
            from,
        };
        if let Ok(Route::Channel(title)) = route(&path)
            && asked.method == Method::GET
        {
            let (answer, channel) = channel::open(&self, &asked, &title, upgrade).map_err(refused)?;
            // A connection becomes a channel once: there is no request behind it.
            let _ = pending.set(channel);
            return Ok(answer);
        }
        self.serve(&path, asked, body).await.map_err(refused)
    }

    /// A file of the viewer, for whoever may read; a person who may not yet is led to the log-in.
    async fn page(
        &self,
        pages: &Pages,
        request: &Request<Incoming>,
        from: &str,
    ) -> Result<Answer, Box<Answer>> {
        if let Err(refusal) = self.admit(request.headers(), from, Wish::Read).await {
            let log_in = self.gate.log_in().filter(|_| is_page(request.headers()));
            return Err(match log_in {
                Some(place) if refusal.status() == StatusCode::UNAUTHORIZED => {
                    Box::new(with(answer::empty(StatusCode::SEE_OTHER), header::LOCATION, &place))
                }
                _ => refusal,
            });
        }
        let answered = pages.answer(request.method(), request.uri(), request.headers()).await;
        answered.map_err(|fault| Box::new(answer::refused(&fault)))
    }

    /// What came in one go may be longer than what hyper reads at a time.
    fn check_header(&self, request: &Request<Incoming>) -> Result<()> {
        let lines = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
        let query = request.uri().query().map_or(0, str::len);
        let size = lines.sum::<usize>() + request.uri().path().len() + query;
        let limit = self.config.limits.header.0.max(HEADER_SIZE_BYTES_MIN);
        match size <= limit {
            true => Ok(()),
            false => Err(Fault::new(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "the header is longer than what is read",
            )),
        }
    }

    /// The path below the service's own. WADO-URI is often asked for beside it.
    fn path<'a>(&self, path: &'a str) -> Result<&'a str> {
        if path == "/wado" {
            return Ok(path);
        }
        let below = path.strip_prefix(self.config.path.trim_end_matches('/'));
        below
            .filter(|rest| rest.is_empty() || rest.starts_with('/'))
            .ok_or_else(|| Fault::absent("this resource"))
    }

    /// Who asks, if they may.
    async fn admit(&self, headers: &HeaderMap, from: &str, wish: Wish) -> Result<Arc<str>, Box<Answer>> {
        match self.gate.ask(headers, from, wish).await {
            Verdict::Allowed(who) => Ok(who),
            Verdict::Unknown(challenge) => {
                let fault = Fault::new(StatusCode::UNAUTHORIZED, "who asks must log in");
                Err(Box::new(with(answer::refused(&fault), header::WWW_AUTHENTICATE, &challenge)))
            }
            Verdict::Forbidden => {
                Err(Box::new(answer::refused(&Fault::new(StatusCode::FORBIDDEN, "who asks may not do this"))))
            }
        }
    }

    async fn serve(self: Arc<Self>, path: &str, asked: Asked, body: Incoming) -> Result<Answer> {
        let route = route(path)?;
        match (&asked.method, route) {
            (&Method::OPTIONS, _) => capabilities::answer(&asked),
            (&Method::POST, Route::Search(place, super::route::What::Studies)) => {
                store::answer(self, asked, place.study, body).await
            }
            (&Method::POST, Route::Of(place, super::route::View::Instances)) if place.series.is_none() => {
                store::answer(self, asked, place.study, body).await
            }
            (&Method::DELETE, Route::Of(place, super::route::View::Instances)) => {
                delete::answer(self, asked, place).await
            }
            (&Method::GET | &Method::HEAD, Route::Root) if asked.parameters.get("requestType").is_some() => {
                retrieve::uri(self, asked).await
            }
            (&Method::GET | &Method::HEAD, Route::Root) => capabilities::answer(&asked),
            (&Method::GET | &Method::HEAD, Route::Uri) => retrieve::uri(self, asked).await,
            (&Method::GET | &Method::HEAD, Route::Search(place, what)) => {
                search::answer(self, asked, place, what).await
            }
            (&Method::GET | &Method::HEAD, Route::Of(place, view)) => {
                retrieve::answer(self, asked, place, view).await
            }
            (_, Route::Workitems(work)) => workitems::answer(self, asked, work, body).await,
            _ => Err(Fault::new(StatusCode::METHOD_NOT_ALLOWED, "this method does nothing here")),
        }
    }
}

impl OpenWeb {
    /// Where it listens, with the real port.
    pub fn address(&self) -> String {
        self.entrance.address()
    }

    /// Serves until it is told to stop; requests that are under way are then finished.
    pub async fn run(self, stop: Stop) {
        let web = self.web;
        info!(address = self.entrance.address(), path = web.config.path, "the archive listens for DICOMweb");
        self.entrance
            .serve("dicomweb", stop, move |accepted, stop| connection(web.clone(), accepted, stop))
            .await;
    }
}

/// Serves one connection to its end.
async fn connection(web: Arc<Web>, accepted: Accepted, mut stop: Stop) {
    let limits = web.config.limits.clone();
    let host = accepted.peer.parse::<SocketAddr>().map(|address| address.ip().to_string());
    let from: Arc<str> = host.map_or_else(|_| accepted.peer.clone(), Arc::from);
    let pending = Arc::<OnceLock<Pending>>::default();
    let (served, upgraded) = (web.clone(), pending.clone());
    let service = service_fn(move |request| {
        let (web, from, pending) = (served.clone(), from.clone(), upgraded.clone());
        async move { Ok::<_, Infallible>(web.answer(request, from, &pending).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time.0)
        .max_headers(HEADERS_MAX)
        .max_buf_size(limits.header.0.max(HEADER_SIZE_BYTES_MIN))
        .serve_connection(TokioIo::new(Steady::new(accepted.stream, limits.write.0)), service)
        .with_upgrades();
    let mut connection = Box::pin(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.said() => {
            connection.as_mut().graceful_shutdown();
            connection.as_mut().await
        }
    };
    if let Err(error) = ended {
        // Its text names what broke in the protocol, and quotes nothing of it.
        debug!(%error, "a connection ended");
    }
    // It holds the other end of what becomes of it.
    drop(connection);
    if let Some(pending) = Arc::into_inner(pending).and_then(OnceLock::into_inner) {
        workitems::run(web, pending, stop).await;
    }
}
