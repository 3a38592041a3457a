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

use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use klinke_engine::BoxFuture;
use klinke_engine::link::{Link, Parcel, Reply};
use klinke_engine::source::SourceError;
use klinke_model::Payload;
use tokio::time::Instant;

use super::config::{DestinationConfig, Method};
use crate::net::Statistics;
use crate::net::request::{Called, Connection, Pieces, Server, reply, set_header};
use crate::probe::Probe;

/// A destination over HTTP.
#[derive(Debug)]
pub struct Destination {
    setting: Arc<Setting>,
}

#[derive(Debug)]
struct Setting {
    config: DestinationConfig,
    server: Arc<Server>,
    /// What makes the key of a delivery unlike those of other sites' channels.
    channel: String,
}

struct HttpLink {
    setting: Arc<Setting>,
    connection: Connection,
}

impl Destination {
    /// By these settings, for a channel of this name; reads the secrets.
    pub fn new(config: DestinationConfig, channel: &str) -> Result<Self, SourceError> {
        let mut server = Server::new(&Called {
            adapter: "http",
            url: &config.url,
            tls: config.tls.as_ref(),
            bearer: config.bearer.as_ref(),
            basic: config.basic.as_ref(),
            connect: config.connect_timeout.0,
            keep_alive: config.keep_alive.0,
            answer: config.answer_timeout.0,
        })?;
        // What the site says gives way to what the server has of its own: who comes is said in one place.
        let own = std::mem::take(&mut server.headers);
        for (name, value) in &config.headers {
            let name: HeaderName =
                name.parse().map_err(|_| SourceError::new(format!("http: {name:?} is no header")))?;
            set_header(&mut server.headers, "http", name, value, false)?;
        }
        server.headers.extend(own);
        set_header(&mut server.headers, "http", header::CONTENT_TYPE, &config.content_type, false)?;
        let setting = Setting { config, server: Arc::new(server), channel: channel.to_owned() };
        Ok(Destination { setting: Arc::new(setting) })
    }

    /// What can be asked of it.
    pub fn probe(&self) -> Option<Arc<dyn Probe>> {
        self.setting.server.probe.clone()
    }

    /// What it counts.
    pub fn statistics(&self) -> Arc<Statistics> {
        Arc::clone(&self.setting.server.statistics)
    }
}

impl klinke_engine::link::Destination for Destination {
    fn link(&self) -> Box<dyn Link> {
        let connection = Connection::new(self.setting.server.clone());
        Box::new(HttpLink { setting: Arc::clone(&self.setting), connection })
    }

    fn address(&self) -> String {
        // A query may hold a key.
        self.setting.config.url.split('?').next().unwrap_or_default().to_owned()
    }
}

impl HttpLink {
    async fn attempt(&mut self, parcel: &Parcel, limit: Duration) -> Result<Reply, Reply> {
        let config = &self.setting.config;
        let deadline = Instant::now() + limit.min(config.answer_timeout.0);
        let request = self.setting.request(parcel);
        let answered = self.connection.exchange(request, config.answer_max.0, deadline).await?;
        Ok(match answered.body {
            Ok(body) => reply(answered.status, (!body.is_empty()).then(|| Payload::new(body.to_vec()))),
            Err(text) => Reply { text: text.to_owned(), ..reply(answered.status, None) },
        })
    }
}

impl Setting {
    fn request(&self, parcel: &Parcel) -> Request<Pieces> {
        let body = Pieces::of([Bytes::from_owner(parcel.payload.clone())]);
        let mut request = Request::new(body);
        *request.method_mut() = match self.config.method {
            Method::Post => hyper::Method::POST,
            Method::Put => hyper::Method::PUT,
        };
        *request.uri_mut() = self.server.path.clone();
        *request.headers_mut() = self.server.headers.clone();
        // The same at every attempt, so that the partner can tell a repetition.
        let key = format!("\"{}-{}-{}\"", self.channel, parcel.key.envelope, parcel.key.part);
        if let Ok(key) = HeaderValue::from_str(&key) {
            request.headers_mut().insert(HeaderName::from_static("idempotency-key"), key);
        }
        request
    }
}

impl Link for HttpLink {
    fn deliver<'a>(&'a mut self, parcel: &'a Parcel, limit: Duration) -> BoxFuture<'a, Reply> {
        Box::pin(async move { self.attempt(parcel, limit).await.unwrap_or_else(|reply| reply) })
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        self.connection.close();
        Box::pin(std::future::ready(()))
    }
}
