//! The way out over STOW-RS: an instance counts as delivered when the partner has stored it.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::{Request, header};
use klinke_engine::BoxFuture;
use klinke_engine::link::{Link, Parcel, Reply};
use klinke_engine::source::SourceError;
use klinke_model::{Disposition, Payload};
use tokio::time::Instant;

use super::DestinationConfig;
use super::response::meaning;
use crate::net::Statistics;
use crate::net::request::{Called, Connection, Pieces, Server, set_header};
use crate::probe::Probe;

/// More of an answer about one instance is not read.
const ANSWER_SIZE_BYTES_MAX: usize = 1 << 20;

/// An archive that takes instances over DICOMweb.
#[derive(Debug)]
pub struct Destination {
    config: DestinationConfig,
    server: Arc<Server>,
}

struct StowLink {
    server: Arc<Server>,
    connection: Connection,
    limit: Duration,
}

impl Destination {
    /// By these settings; reads the secrets.
    pub fn new(config: DestinationConfig) -> Result<Self, SourceError> {
        let mut server = Server::new(&Called {
            adapter: "stow",
            url: &config.url,
            tls: config.tls.as_ref(),
            bearer: config.bearer.as_ref(),
            basic: config.basic.as_ref(),
            connect: config.connect_timeout.0,
            keep_alive: config.keep_alive.0,
            answer: config.answer_timeout.0,
        })?;
        set_header(&mut server.headers, "stow", header::ACCEPT, "application/dicom+json", false)?;
        Ok(Destination { config, server: Arc::new(server) })
    }

    /// What can be asked of it.
    pub fn probe(&self) -> Option<Arc<dyn Probe>> {
        self.server.probe.clone()
    }

    /// What it counts.
    pub fn statistics(&self) -> Arc<Statistics> {
        Arc::clone(&self.server.statistics)
    }
}

impl klinke_engine::link::Destination for Destination {
    fn link(&self) -> Box<dyn Link> {
        let connection = Connection::new(self.server.clone());
        Box::new(StowLink { server: self.server.clone(), connection, limit: self.config.answer_timeout.0 })
    }

    fn address(&self) -> String {
        self.config.url.split('?').next().unwrap_or_default().to_owned()
    }
}

/// A boundary that does not stand in the payload: its digest is in it.
fn boundary(payload: &Payload) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, payload);
    digest.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

impl StowLink {
    async fn attempt(&mut self, parcel: &Parcel, limit: Duration) -> Result<Reply, Reply> {
        if parcel.payload.get(128..132) != Some(b"DICM") {
            let text = "the payload is no file of Part 10";
            return Err(Reply::refused("not-dicom", text, None, Disposition::Dead));
        }
        let deadline = Instant::now() + limit.min(self.limit);
        let request = self.request(&parcel.payload);
        let answered = self.connection.exchange(request, ANSWER_SIZE_BYTES_MAX, deadline).await?;
        let body = answered.body.as_deref().unwrap_or_default();
        Ok(meaning(answered.status, body))
    }

    fn request(&self, payload: &Payload) -> Request<Pieces> {
        let boundary = boundary(payload);
        let before = format!("--{boundary}\r\nContent-Type: application/dicom\r\n\r\n");
        let behind = format!("\r\n--{boundary}--\r\n");
        let pieces = [before.into(), Bytes::from_owner(payload.clone()), behind.into()];
        let mut request = Request::new(Pieces::of(pieces));
        *request.method_mut() = hyper::Method::POST;
        *request.uri_mut() = self.server.path.clone();
        *request.headers_mut() = self.server.headers.clone();
        let kind = format!("multipart/related; type=\"application/dicom\"; boundary={boundary}");
        if let Ok(kind) = kind.parse() {
            request.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        request
    }
}

impl Link for StowLink {
    fn deliver<'a>(&'a mut self, parcel: &'a Parcel, limit: Duration) -> BoxFuture<'a, Reply> {
        Box::pin(async move { self.attempt(parcel, limit).await.unwrap_or_else(|reply| reply) })
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        self.connection.close();
        Box::pin(std::future::ready(()))
    }
}
