//! A fault that is played: the site served in this process, its partners, the network between.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};
use klinke_console::house::request::Request;
use klinke_diagnosis::Lang;
use klinke_diagnosis::finding::Diagnosis;
use klinke_engine::source::{Stop, Stopper};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::faults::{Act, Setup};
use super::network::{self, Network};
use super::partner::{self, Manner};
use super::site::{self, Places};
use super::{certificates, sender};
use crate::control::answer::Counter;
use crate::serve::Serving;
use crate::site::{fault, load};

/// Counts the stages of this process.
static COUNTER: AtomicU32 = AtomicU32::new(0);

/// All that is played.
pub struct Stage {
    serving: Serving,
    counter: Arc<Counter>,
    stopper: Stopper,
    partners: Vec<JoinSet<()>>,
    others: JoinSet<()>,
    _taken: Option<std::net::TcpListener>,
}

/// An address of loopback that no other stage has, in this process or another one.
fn host() -> [u8; 4] {
    let (process, number) = (std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
    let byte = |value: u32| u8::try_from(value % 254 + 1).unwrap_or(1);
    [127, 64 + u8::try_from(process / 254 % 128).unwrap_or(0), byte(process), byte(number)]
}

impl Stage {
    /// Writes the site into a new folder and plays it.
    pub async fn open(setup: &Setup, folder: &Path) -> Result<Stage> {
        let at = host();
        let here = |port: u16| SocketAddr::from((at, port));
        let (direct, between) = (here(2_575), here(2_576));
        let ris = if setup.network == Network::Direct { direct } else { between };
        let places = Places { ris, lis: here(2_577), source: here(6_661) };
        site::write(folder, setup, places)?;
        let certs = folder.join("certs");
        if needs_certificates(setup) {
            certificates::make(&certs)?;
        }
        let partners = vec![
            partner::play(direct, setup.partner, setup.good_first, &certs).await?,
            partner::play(places.lis, Manner::Good, 0, &certs).await?,
        ];
        let mut others = JoinSet::new();
        if setup.network != Network::Direct {
            let listener = network::listen(between, setup.network)?;
            others.spawn(network::carry(listener, direct, setup.network));
        }
        let take = setup.act == Act::TakePort;
        let taken = take.then(|| std::net::TcpListener::bind(places.source)).transpose()?;
        let loaded = load::load(folder, None).map_err(|faults| fault::as_error(&faults))?;
        let (serving, _) = Serving::start(&loaded, Default::default(), Default::default()).await?;
        let counter = serving.counter(&loaded, None)?;
        let (stopper, stop) = Stop::new();
        others.spawn(crate::diagnose::run(counter.clone(), stop));
        others.spawn(sender::send(setup.sender, places.source, certs));
        let stage = Stage { serving, counter, stopper, partners, others, _taken: taken };
        if setup.act == Act::Hold {
            let (place, reason) = ("adt/ris".to_owned(), Some("the RIS is updated".to_owned()));
            stage.ask(Request::Hold { place, lane: None, reason }).await?;
        }
        Ok(stage)
    }

    /// Asks as a tool would.
    async fn ask(&self, request: Request) -> Result<serde_json::Value> {
        let (counter, runtime) = (self.counter.clone(), Handle::current());
        let answer = move || counter.answer(request, &runtime, &mut |_, _| {});
        tokio::task::spawn_blocking(answer).await?
    }

    /// What is wrong.
    pub async fn diagnose(&self, system: Option<&str>, lang: Lang) -> Result<Diagnosis> {
        let found = self.ask(Request::Diagnose { system: system.map(str::to_owned), lang }).await?;
        serde_json::from_value(found).context("a diagnosis")
    }

    /// What the site has found by itself.
    #[cfg(test)]
    pub fn watched(&self) -> Vec<klinke_console::house::view::Brief> {
        self.counter.watch.briefs(&|at| self.counter.world.zone.clock(at))
    }

    /// Ends all.
    pub async fn close(mut self) {
        self.stopper.say();
        self.others.abort_all();
        self.partners.clear();
        self.serving.engine.stop(std::time::Duration::from_secs(1)).await;
    }
}

fn needs_certificates(setup: &Setup) -> bool {
    let partner = matches!(setup.partner, Manner::Tls(_) | Manner::TlsForKnown);
    partner
        || setup.endpoint.contains("certs/")
        || setup.source.contains("certs/")
        || setup.sender == sender::Sender::Tls
}
