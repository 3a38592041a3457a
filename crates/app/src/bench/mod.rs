//! `klinke bench`: the whole way against the bare socket, in one run.
//!
//! `serve` runs as a program of its own, so that its processor time and memory are its own; the load and
//! the sink are here. Absolute times of a machine that others share are noise: what counts are ratios to
//! the floor measured in the same run.

mod browser;
mod child;
mod load;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

use crate::lang::Pick;
use crate::out::Out;
use browser::Browser;
use child::Child;
use load::Sink;

/// How to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Messages of the main measurement.
    pub messages: usize,
    /// Connections of the load.
    pub connections: usize,
    /// Connections of the floor.
    pub floor_connections: usize,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Bytes of one message.
    pub message_bytes: usize,
    /// Sender straight to sink, messages a second.
    pub floor: f64,
    /// Median of write and fdatasync on the store's disk, in microseconds.
    pub fdatasync_micros: f64,
    /// Lanes by patient, several connections out.
    pub lanes: Way,
    /// One lane, one connection out.
    pub single: Way,
    /// One message at a time: from sending to the partner's receipt, in microseconds.
    pub one_by_one: Latency,
    /// Lanes by patient while five people watch the console: the share of the rate without them, measured
    /// before and after.
    pub watched: f64,
    /// Replay of what is kept through a channel and a changed one: messages a second.
    pub replay: f64,
    /// Pages of the console with all messages of the measurements.
    pub pages: Vec<PageTime>,
    /// What `serve` holds in memory at the end, in bytes.
    pub resident_bytes: u64,
    /// Bytes on disk for each message of all measurements.
    pub disk_bytes: f64,
}

/// One measurement of the whole way.
#[derive(Debug, Serialize)]
pub struct Way {
    /// Messages a second, from the first sent to the last received.
    pub rate: f64,
    /// The rate as a share of the floor.
    pub of_floor: f64,
    /// Processor seconds of `serve` for 10,000 messages.
    pub cpu_seconds_per_10000: f64,
}

/// Times of single messages.
#[derive(Debug, Serialize)]
pub struct Latency {
    /// Median.
    pub p50: f64,
    /// 95 of 100 are below.
    pub p95: f64,
    /// What was aimed at: three times fdatasync and 150 µs.
    pub aim: f64,
}

/// How long a page takes, from asking to its last byte.
#[derive(Debug, Serialize)]
pub struct PageTime {
    /// Its path.
    pub path: String,
    /// Median, in milliseconds.
    pub p50: f64,
    /// Its size.
    pub bytes: usize,
}

/// Pages that are opened.
const PAGES: &[&str] = &[
    "/",
    "/systems",
    "/channels/adt-by-patient",
    "/messages",
    "/messages?patient=700123",
    "/messages/1000",
    "/trace?id=700123",
    "/queues",
    "/dead",
    "/site",
    "/audit",
];

/// How often each is opened.
const OPENED: usize = 9;

/// People who watch the console.
const WATCHERS: usize = 5;

/// Measures everything in a new folder.
pub async fn measure(folder: &Path, plan: Plan, out: Out) -> Result<Report> {
    let sink = Sink::open().await?;
    let messages = load::messages(plan.messages);
    let tell = |en: &str, de: &str| {
        if !out.json {
            out.line(out.lang.pick(en, de));
        }
    };
    tell("sender straight to sink …", "Sender unmittelbar zum Empfänger …");
    let floor = load::run(&[sink.address()], &messages, plan.floor_connections, &sink).await?;
    let fdatasync_micros = fdatasync(folder)?;
    let mut child = Child::start(folder, &sink).await?;
    // The first messages train dictionaries and fill caches.
    load::run(&child.lanes(), &messages[..messages.len() / 5], plan.connections, &sink).await?;
    tell("the whole way, lanes by patient …", "der ganze Weg, Spuren nach Patient …");
    let lanes = way(&child, &child.lanes(), &messages, plan, &sink, floor).await?;
    tell("the whole way, one lane …", "der ganze Weg, eine Spur …");
    let single = way(&child, &child.single(), &messages, plan, &sink, floor).await?;
    tell("one message at a time …", "eine Nachricht nach der anderen …");
    let times = load::one_by_one(&child.single()[0], &messages[..messages.len().min(500)], &sink).await?;
    tell("five people at the console …", "fünf Leute an der Konsole …");
    let browser = child.browser().await?;
    let watched = watched(&child, &browser, &messages, plan, &sink).await?;
    tell("replay, and pages …", "Wiederholung und Seiten …");
    let (replayed, took) = child.replay(messages.len()).await?;
    let pages = pages(browser).await?;
    let sent = messages.len() / 5 + 5 * messages.len() + times.len();
    let resident_bytes = child.resident_bytes();
    child.stop().await?;
    Ok(Report {
        message_bytes: messages.first().map_or(0, Vec::len),
        floor,
        fdatasync_micros,
        lanes,
        single,
        one_by_one: latency(times, fdatasync_micros),
        watched,
        replay: replayed as f64 / took.as_secs_f64(),
        pages,
        resident_bytes,
        disk_bytes: child::size(&folder.join("data")) as f64 / sent as f64,
    })
}

async fn way(
    child: &Child,
    addresses: &[String],
    messages: &[Vec<u8>],
    plan: Plan,
    sink: &Sink,
    floor: f64,
) -> Result<Way> {
    let before = child.cpu_seconds();
    let rate = load::run(addresses, messages, plan.connections, sink).await?;
    let cpu = child.cpu_seconds() - before;
    Ok(Way { rate, of_floor: rate / floor, cpu_seconds_per_10000: cpu * 10_000.0 / messages.len() as f64 })
}

/// The rate with watchers, as a share of that without: the mean of one run before and one after.
async fn watched(
    child: &Child,
    browser: &Browser,
    messages: &[Vec<u8>],
    plan: Plan,
    sink: &Sink,
) -> Result<f64> {
    let addresses = child.lanes();
    let rate = || load::run(&addresses, messages, plan.connections, sink);
    let before = rate().await?;
    let watchers: Vec<_> = (0..WATCHERS).map(|_| tokio::spawn(browser.clone().watch("/"))).collect();
    let with = rate().await;
    let gone = watchers.iter().filter(|watcher| watcher.is_finished()).count();
    watchers.iter().for_each(|watcher| watcher.abort());
    let (with, after) = (with?, rate().await?);
    anyhow::ensure!(gone == 0, "{gone} watchers were sent away");
    Ok(with / ((before + after) / 2.0))
}

/// The times of pages.
async fn pages(mut browser: Browser) -> Result<Vec<PageTime>> {
    let mut told = Vec::new();
    for path in PAGES {
        let (mut times, mut bytes) = (Vec::new(), 0);
        for _ in 0..OPENED {
            let (took, size) = browser.open(path).await?;
            times.push(took);
            bytes = size;
        }
        times.sort_unstable();
        let p50 = times[times.len() / 2].as_secs_f64() * 1e3;
        told.push(PageTime { path: (*path).to_owned(), p50, bytes });
    }
    Ok(told)
}

fn latency(mut times: Vec<Duration>, fdatasync_micros: f64) -> Latency {
    times.sort_unstable();
    let at = |share: f64| {
        let index = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
        times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1e6)
    };
    Latency { p50: at(0.5), p95: at(0.95), aim: 3.0 * fdatasync_micros + 150.0 }
}

/// The median of appending a page to a file and making it durable.
fn fdatasync(folder: &Path) -> Result<f64> {
    use std::io::Write;
    let path = folder.join("fdatasync");
    let mut file = std::fs::File::create(&path)?;
    let page = [7u8; 4096];
    let mut times = Vec::new();
    for _ in 0..200 {
        let started = Instant::now();
        file.write_all(&page)?;
        file.sync_data()?;
        times.push(started.elapsed());
    }
    std::fs::remove_file(&path)?;
    times.sort_unstable();
    Ok(times[times.len() / 2].as_secs_f64() * 1e6)
}
