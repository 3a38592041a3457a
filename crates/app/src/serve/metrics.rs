//! Metrics in the text form of Prometheus, and health, over HTTP. Off unless the site names a port.
//!
//! | path | what |
//! |---|---|
//! | `/metrics` | books and lanes, by channel and destination |
//! | `/health`, `/health/live` | 200 as long as the program answers |
//! | `/health/ready` | 200 when the store writes and no channel refuses, else 503 |
//!
//! Labels are names of the site's files alone; no patient data is in a metric.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::{TokioIo, TokioTimer};
use klinke_engine::source::Stop;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::control::answer::Counter;
use crate::control::status::{refusals, status};
use crate::site::node::Metrics;
use klinke_console::house::view::Status;

/// Connections at a time.
const CONNECTIONS_MAX: usize = 16;
/// How long a request may take to arrive.
const HEADER_LIMIT: Duration = Duration::from_secs(5);
/// How long a connection may last.
const CONNECTION_LIMIT: Duration = Duration::from_secs(60);

/// Begins to listen.
pub async fn bind(metrics: &Metrics) -> Result<TcpListener> {
    let address = (metrics.listen.name.as_str(), metrics.listen.port);
    TcpListener::bind(address).await.with_context(|| format!("metrics: {}", metrics.listen))
}

/// Serves until `stop` is said.
pub async fn run(listener: TcpListener, counter: Arc<Counter>, mut stop: Stop) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            () = stop.said() => return,
            accepted = listener.accept() => accepted,
        };
        let (Ok((stream, _)), Ok(permit)) = (accepted, room.clone().try_acquire_owned()) else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let counter = counter.clone();
        tokio::spawn(async move {
            let answer = service_fn(move |request| answer(request, counter.clone()));
            let served = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_LIMIT)
                .serve_connection(TokioIo::new(stream), answer);
            let _ = tokio::time::timeout(CONNECTION_LIMIT, served).await;
            drop(permit);
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    counter: Arc<Counter>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.method() != Method::GET {
        return Ok(text(StatusCode::METHOD_NOT_ALLOWED, "only GET\n".to_owned()));
    }
    Ok(match request.uri().path() {
        "/health" | "/health/live" => text(StatusCode::OK, "ok\n".to_owned()),
        "/health/ready" => match blocking(counter, refusals).await {
            Ok(refusals) => ready(&refusals),
            Err(error) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{error:#}\n")),
        },
        "/metrics" => match blocking(counter, status).await {
            Ok(status) => text(StatusCode::OK, render(&status)),
            Err(error) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{error:#}\n")),
        },
        _ => text(StatusCode::NOT_FOUND, "there are /metrics, /health/live and /health/ready\n".to_owned()),
    })
}

/// Asks where blocking is allowed.
async fn blocking<T: Send + 'static>(
    counter: Arc<Counter>,
    ask: impl FnOnce(&Counter, &tokio::runtime::Handle) -> Result<T> + Send + 'static,
) -> Result<T> {
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || ask(&counter, &runtime)).await?
}

fn ready(refusals: &[String]) -> Response<Full<Bytes>> {
    match refusals.is_empty() {
        true => text(StatusCode::OK, "ready\n".to_owned()),
        false => text(StatusCode::SERVICE_UNAVAILABLE, refusals.join("\n") + "\n"),
    }
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let plain = header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}

/// One metric: its name, kind and meaning, and its values with their labels.
struct Family(&'static str, &'static str, &'static str, Vec<(String, f64)>);

/// The metrics as text.
pub fn render(status: &Status) -> String {
    let mut out = String::new();
    for Family(name, kind, help, values) in families(status) {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in values {
            let _ = writeln!(out, "{name}{labels} {value}");
        }
    }
    out
}

fn families(status: &Status) -> Vec<Family> {
    let channels = |value: fn(&klinke_console::house::view::ChannelView) -> u64| -> Vec<(String, f64)> {
        let labelled = |channel: &klinke_console::house::view::ChannelView| {
            (format!("{{channel=\"{}\"}}", escape(&channel.name)), value(channel) as f64)
        };
        status.channels.iter().map(labelled).collect()
    };
    let destinations =
        |value: fn(&klinke_console::house::view::DestinationView) -> f64| -> Vec<(String, f64)> {
            let of_channel = |channel: &klinke_console::house::view::ChannelView| {
                let name = escape(&channel.name);
                let labelled = |one: &klinke_console::house::view::DestinationView| {
                    let labels = format!("{{channel=\"{name}\",destination=\"{}\"}}", escape(&one.name));
                    (labels, value(one))
                };
                channel.destinations.iter().map(labelled).collect::<Vec<_>>()
            };
            status.channels.iter().flat_map(of_channel).collect()
        };
    let store = &status.store;
    let plain = |value: f64| vec![(String::new(), value)];
    vec![
        Family("klinke_received_total", "counter", "Envelopes accepted.", channels(|one| one.received)),
        Family(
            "klinke_filtered_total",
            "counter",
            "Envelopes ended by a step.",
            channels(|one| one.filtered),
        ),
        Family("klinke_failed_total", "counter", "Envelopes a step failed on.", channels(|one| one.failed)),
        Family(
            "klinke_unrouted",
            "gauge",
            "Envelopes whose steps have not run.",
            channels(|one| one.unrouted),
        ),
        Family("klinke_running", "gauge", "1 while the channel runs.", channels(|one| u64::from(one.runs))),
        Family(
            "klinke_stopped",
            "gauge",
            "1 while a person has stopped the channel.",
            channels(|one| u64::from(one.halted.is_some())),
        ),
        Family("klinke_queued_total", "counter", "Deliveries made.", destinations(|one| one.queued as f64)),
        Family(
            "klinke_delivered_total",
            "counter",
            "Deliveries accepted.",
            destinations(|one| one.delivered as f64),
        ),
        Family(
            "klinke_dead_total",
            "gauge",
            "Deliveries given up and kept.",
            destinations(|one| one.dead as f64),
        ),
        Family(
            "klinke_dropped_total",
            "counter",
            "Deliveries given up on purpose.",
            destinations(|one| one.dropped as f64),
        ),
        Family(
            "klinke_waiting",
            "gauge",
            "Deliveries in their lanes.",
            destinations(|one| one.waiting as f64),
        ),
        Family(
            "klinke_partner_down",
            "gauge",
            "1 while the partner does not answer.",
            destinations(|one| f64::from(u8::from(one.down))),
        ),
        Family(
            "klinke_answer_seconds",
            "gauge",
            "Mean time of an answer since the start.",
            destinations(|one| one.answer_millis.unwrap_or(0.0) / 1_000.0),
        ),
        Family("klinke_store_bytes", "gauge", "Bytes of the store's files.", plain(store.bytes as f64)),
        Family(
            "klinke_store_free_bytes",
            "gauge",
            "Bytes free on the store's disk.",
            plain(store.free.unwrap_or(0) as f64),
        ),
        Family("klinke_store_envelopes", "gauge", "Envelopes kept.", plain(store.envelopes as f64)),
        Family(
            "klinke_store_refuses",
            "gauge",
            "1 while the store does not write.",
            plain(f64::from(u8::from(store.refuses.is_some()))),
        ),
        Family(
            "klinke_index_lag",
            "gauge",
            "Envelopes the search index is behind.",
            plain(store.index_lag as f64),
        ),
    ]
}

/// A label's value: backslash, quote and line feed are escaped.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use klinke_console::house::view::StoreView;

    #[test]
    fn renders_each_family_with_its_labels() {
        let status: Status = serde_json::from_value(serde_json::json!({
            "site": "S", "serving": true,
            "store": StoreView { bytes: 10, free: Some(5), envelopes: 1, index_lag: 0, refuses: None },
            "channels": [{
                "name": "a\"b", "runs": true, "address": null, "refuses": null, "received": 7,
                "filtered": 1, "failed": 0, "routed": 6, "unrouted": 0, "last": null, "balances": true,
                "destinations": [{
                    "name": "ris", "address": null, "queued": 6, "delivered": 5, "dead": 0, "dropped": 0,
                    "waiting": 1, "down": true, "held": false, "trouble": null, "answer_millis": 2.0
                }]
            }]
        }))
        .expect("a status");
        let text = render(&status);
        assert!(text.contains("klinke_received_total{channel=\"a\\\"b\"} 7\n"), "{text}");
        assert!(text.contains("klinke_partner_down{channel=\"a\\\"b\",destination=\"ris\"} 1\n"));
        assert!(text.contains("klinke_answer_seconds{channel=\"a\\\"b\",destination=\"ris\"} 0.002\n"));
        assert!(text.contains("# TYPE klinke_store_bytes gauge\nklinke_store_bytes 10\n"));
        assert_eq!(ready(&[]).status(), StatusCode::OK);
        assert_eq!(ready(&["adt refuses".to_owned()]).status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
