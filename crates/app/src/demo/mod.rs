//! `klinke demo`: a small hospital in one process, over real sockets on loopback.
//!
//! The KIS sends patient data, orders and merges; the laboratory answers with results, some with a PDF;
//! radiology goes down for a while and answers AE once; a frame breaks in its middle. Between them runs
//! a site that is left in a folder. At the end the store's books are held against what the partners
//! themselves counted.

mod books;
pub mod hospital;
mod partners;
mod pictures;
pub mod site;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use klinke_adapters::dicom::Peers;
use klinke_adapters::registry::ArchiveSlot;
use klinke_engine::source::Stop;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::lang::Pick;
use crate::out::{Out, Tone};
use crate::serve::{Door, Opened, Serving, Visitors, attend};
use crate::site::{fault, load};
use partners::Ledger;
use site::Ports;

/// How long the lanes may take to run empty at the end.
const DRAIN_LIMIT: Duration = Duration::from_secs(30);

/// How the demo is played.
pub struct Play {
    /// For how long; until Ctrl-C when absent.
    pub time: Option<Duration>,
    /// Where the site is left.
    pub folder: Option<PathBuf>,
    /// Time between two messages of patient data.
    pub pace: Duration,
}

/// Plays the demo; true when the books balance.
pub async fn play(play: Play, out: Out) -> Result<bool> {
    let folder = play.folder.clone().unwrap_or_else(site::new_folder);
    let ports = Ports::free()?;
    site::write(&folder, ports)?;
    let loaded = load::load(&folder, None).map_err(|faults| fault::as_error(&faults))?;
    let peers = Peers::default();
    let slot = ArchiveSlot::default();
    let table = loaded.node.archive.as_ref();
    let archived = Opened::open(table, &loaded.home, peers.clone(), &slot).await?;
    let filled = slot.clone();
    tokio::task::spawn_blocking(move || filled.get().map_or(Ok(()), pictures::hang)).await??;
    let (serving, applied) = Serving::start(&loaded, peers, slot).await?;
    if let Some((name, error)) = applied.failed.first() {
        anyhow::bail!("channel {name}: {error}");
    }
    let door = Door::open(&loaded.node, Visitors::Anybody).await?;
    tell(&folder, ports, door.as_ref(), out)?;
    let (stopper, stop) = Stop::new();
    let counter = serving.counter(&loaded, None)?;
    let mut attending = attend(&counter, door, &stop)?;
    if let Some(archived) = archived {
        attending.extend(archived.serve(&counter, loaded.node.console.as_ref(), &stop).await?);
    }
    drop(counter);
    let mut stage = Stage::open(ports, play.pace).await?;
    let began = Instant::now();
    let ended = stage.act(&play, began, &serving, out).await;
    stage.end().await;
    let drained = drain(&serving, out).await?;
    let store = serving.store.clone();
    stopper.say();
    for task in attending {
        let _ = tokio::time::timeout(DRAIN_LIMIT, task).await;
    }
    let orderly = serving.engine.stop(loaded.node.stop.limit.0).await;
    let balanced = books::close(store.as_ref(), &stage.ledger, &folder, out)?;
    ended?;
    farewell(&folder, out);
    Ok(balanced && drained && orderly)
}

fn tell(folder: &std::path::Path, ports: Ports, door: Option<&Door>, out: Out) -> Result<()> {
    out.line(
        out.tone(Tone::Bold, out.lang.pick("A small hospital talks.", "Ein kleines Krankenhaus spricht.")),
    );
    out.line(out.lang.pick(
        format!(
            "The KIS sends patient data to port {}, orders to {}; the laboratory sends results to {}.",
            ports.adt, ports.orders, ports.results
        ),
        format!(
            "Das KIS schickt Patientendaten an Port {}, Aufträge an {}; das Labor schickt Befunde an {}.",
            ports.adt, ports.orders, ports.results
        ),
    ));
    out.line(out.lang.pick(
        format!("The site lies in {}.", folder.display()),
        format!("Der Standort liegt in {}.", folder.display()),
    ));
    if let Some(door) = door {
        let address = door.address()?;
        out.line(out.lang.pick(
            format!("Look at it in a browser: {address}"),
            format!("Im Browser zu sehen unter {address}"),
        ));
    }
    out.line("");
    Ok(())
}

/// The partners' tasks.
struct Stage {
    ledger: Arc<Ledger>,
    ports: Ports,
    breaks: Arc<AtomicBool>,
    stopper: klinke_engine::source::Stopper,
    senders: Vec<tokio::task::JoinHandle<()>>,
    listeners: Vec<tokio::task::JoinHandle<()>>,
    ris: tokio::task::JoinHandle<()>,
}

impl Stage {
    async fn open(ports: Ports, pace: Duration) -> Result<Stage> {
        let ledger = Arc::new(Ledger::default());
        let (stopper, stop) = Stop::new();
        let (order, orders) = mpsc::unbounded_channel();
        let breaks = Arc::new(AtomicBool::new(false));
        let listeners = vec![
            tokio::spawn(partners::kis(bind(ports.kis).await?, ledger.clone())),
            tokio::spawn(partners::lis(bind(ports.lis).await?, ledger.clone(), order)),
            tokio::spawn(partners::lis_results(ports, ledger.clone(), orders)),
        ];
        let ris = tokio::spawn(partners::ris(bind(ports.ris).await?, ledger.clone()));
        let senders = vec![
            tokio::spawn(partners::kis_news(ports, ledger.clone(), pace, breaks.clone(), stop.clone())),
            tokio::spawn(partners::kis_orders(ports, ledger.clone(), pace * 4, stop)),
        ];
        Ok(Stage { ledger, ports, breaks, stopper, senders, listeners, ris })
    }

    /// Goes through the evening: what happens when, as shares of the whole.
    async fn act(&mut self, play: &Play, began: Instant, serving: &Serving, out: Out) -> Result<()> {
        let whole = play.time.unwrap_or(Duration::from_secs(40));
        let scenes = [(0.15, Scene::Break), (0.3, Scene::Down), (0.55, Scene::Up), (0.75, Scene::Error)];
        let mut scenes =
            scenes.into_iter().map(|(share, scene)| (began + whole.mul_f64(share), scene)).peekable();
        let mut beat = tokio::time::interval(Duration::from_secs(2));
        beat.tick().await;
        loop {
            let next = scenes.peek().map_or(began + Duration::from_secs(86_400 * 365), |(at, _)| *at);
            tokio::select! {
                _ = tokio::signal::ctrl_c() => return Ok(()),
                () = tokio::time::sleep_until(began + whole), if play.time.is_some() => return Ok(()),
                _ = beat.tick() => books::tell(&self.ledger, serving, began.elapsed(), out).await,
                () = tokio::time::sleep_until(next) => {
                    if let Some((_, scene)) = scenes.next() {
                        self.play(scene, began.elapsed(), out).await?;
                    }
                }
            }
        }
    }

    async fn play(&mut self, scene: Scene, at: Duration, out: Out) -> Result<()> {
        let text = match scene {
            Scene::Break => {
                self.breaks.store(true, Ordering::Relaxed);
                out.lang.pick(
                    "the KIS is interrupted in the middle of a message and begins it anew",
                    "das KIS wird mitten in einer Nachricht unterbrochen und beginnt sie neu",
                )
            }
            Scene::Down => {
                self.ris.abort();
                out.lang.pick("radiology is switched off", "die Radiologie wird abgeschaltet")
            }
            Scene::Up => {
                let socket = bind(self.ports.ris).await?;
                self.ris = tokio::spawn(partners::ris(socket, self.ledger.clone()));
                out.lang.pick("radiology is back", "die Radiologie ist wieder da")
            }
            Scene::Error => {
                self.ledger.ris_errs.store(true, Ordering::Relaxed);
                out.lang.pick(
                    "radiology answers AE to one message; it is tried again",
                    "die Radiologie beantwortet eine Nachricht mit AE; sie wird wieder versucht",
                )
            }
        };
        out.line(out.tone(Tone::Warn, format!("{}  {text}", clock(at))));
        Ok(())
    }

    /// The senders finish what they have begun; the listeners stay.
    async fn end(&mut self) {
        self.stopper.say();
        for sender in &mut self.senders {
            let _ = tokio::time::timeout(DRAIN_LIMIT, sender).await;
        }
        if self.ris.is_finished()
            && let Ok(socket) = bind(self.ports.ris).await
        {
            self.ris = tokio::spawn(partners::ris(socket, self.ledger.clone()));
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.listeners.iter().for_each(|listener| listener.abort());
        self.ris.abort();
    }
}

/// What happens in the evening.
#[derive(Clone, Copy)]
enum Scene {
    Break,
    Down,
    Up,
    Error,
}

async fn bind(port: u16) -> Result<TcpListener> {
    // A partner that was just switched off may still hold its port for a moment.
    for _ in 0..50 {
        if let Ok(socket) = TcpListener::bind(("127.0.0.1", port)).await {
            return Ok(socket);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    TcpListener::bind(("127.0.0.1", port)).await.with_context(|| format!("port {port}"))
}

/// Minutes and seconds.
fn clock(time: Duration) -> String {
    format!("{:02}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

/// Waits until nothing is under way any more, and no new result has come for a moment.
async fn drain(serving: &Serving, out: Out) -> Result<bool> {
    out.line(out.lang.pick(
        "The senders have stopped; the lanes run empty.",
        "Die Sender haben aufgehört; die Spuren laufen leer.",
    ));
    let deadline = Instant::now() + DRAIN_LIMIT;
    let mut quiet = 0;
    let mut before = 0;
    while Instant::now() < deadline {
        let (channels, destinations) = serving.store.books()?;
        let open: u64 = channels.iter().map(|one| one.unrouted).sum::<u64>()
            + destinations.iter().map(|one| one.waiting).sum::<u64>();
        let received: u64 = channels.iter().map(|one| one.received).sum();
        quiet = if open == 0 && received == before { quiet + 1 } else { 0 };
        before = received;
        if quiet >= 5 {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    out.line(
        out.tone(Tone::Bad, out.lang.pick("the lanes did not run empty", "die Spuren wurden nicht leer")),
    );
    Ok(false)
}

fn farewell(folder: &std::path::Path, out: Out) {
    let folder = folder.display();
    out.line("");
    out.line(out.lang.pick(
        format!("The site lies in {folder}. Try next:"),
        format!("Der Standort liegt in {folder}. Als Nächstes:"),
    ));
    for line in [
        format!("klinke status {folder}"),
        format!("klinke messages {folder} search --patient 700012"),
        format!("klinke messages {folder} show 1"),
        format!("klinke trace {folder} 700012"),
        format!("klinke serve {folder}"),
    ] {
        out.line(format!("  {line}"));
    }
}
