//! The console's way into a running site: its listener, and the house that answers it.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use klinke_console::house::alerts::{LinkAct, Redeemed};
use klinke_console::house::request::Request;
use klinke_console::house::{Asker, House, Refused};
use klinke_console::server;
use klinke_console::web::{self, Console};
use klinke_engine::source::Stop;
use tokio::net::TcpListener;
use tokio::runtime::Handle;

use crate::control::answer::Counter;
use crate::control::behind::Behind;
use crate::control::status::{refusals, status};
use crate::site::Node;

/// How long an answer to "are you ready?" holds.
const READY_FOR: Duration = Duration::from_secs(1);

/// Who may see the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visitors {
    /// Those who have an account.
    Accounts,
    /// Whoever reaches the port: for the demo, where everything is made up.
    Anybody,
}

/// A listener that is bound and not yet served.
pub struct Door {
    visitors: Visitors,
    listener: TcpListener,
    acceptor: Option<klinke_adapters::net::Acceptor>,
    zone: String,
}

impl Door {
    /// Begins to listen, where the site has a console. Without TLS only on loopback: pages hold patients,
    /// and passwords go in.
    pub async fn open(node: &Node, visitors: Visitors) -> Result<Option<Door>> {
        let Some(table) = &node.console else { return Ok(None) };
        let address = (table.listen.name.as_str(), table.listen.port);
        let listener =
            TcpListener::bind(address).await.with_context(|| format!("console: {}", table.listen))?;
        if table.tls.is_none() && !listener.local_addr()?.ip().is_loopback() {
            bail!("console: {} is not on loopback; it needs `tls = {{ certificate, key }}`", table.listen);
        }
        let acceptor = table.tls.as_ref().map(klinke_adapters::net::ServerTls::acceptor).transpose();
        Ok(Some(Door {
            visitors,
            listener,
            acceptor: acceptor.context("console: tls")?,
            zone: node.zone.clone(),
        }))
    }

    /// Where a browser finds it.
    pub fn address(&self) -> Result<String> {
        let scheme = if self.acceptor.is_some() { "https" } else { "http" };
        Ok(format!("{scheme}://{}/", self.listener.local_addr()?))
    }

    /// Serves until `stop` is said.
    pub fn serve(self, counter: Arc<Counter>, mut stop: Stop) -> impl Future<Output = ()> {
        let site = counter.files().site.clone();
        let people = counter.door.people().clone();
        let console = Console::new(
            Arc::new(Answering { counter, runtime: Handle::current(), ready: Mutex::default() }),
            &site,
        )
        .with_zone(&self.zone);
        let routes = web::routes(match self.visitors {
            Visitors::Accounts => console.with_people(people, self.acceptor.is_some()),
            Visitors::Anybody => console,
        });
        let tls = self.acceptor.map(|acceptor| acceptor.plain());
        async move { server::run(self.listener, tls, routes, stop.said()).await }
    }
}

/// Answers the console from the running site.
struct Answering {
    counter: Arc<Counter>,
    runtime: Handle,
    /// What was answered last to whoever asked whether the site is ready, and when.
    ready: Mutex<Option<(Instant, bool)>>,
}

impl House for Answering {
    fn ask(&self, who: &Asker, request: Request) -> Result<serde_json::Value, Refused> {
        let mut nothing = |_, _| {};
        let behind = Behind::new(&self.counter, &self.runtime, &mut nothing);
        self.counter.door.ask(&behind, &who.actor, who.purpose.as_deref(), request)
    }

    fn has_archive(&self) -> bool {
        self.counter.world.archive.get().is_some()
    }

    fn has_migrations(&self) -> bool {
        self.counter.migrations.is_used()
    }

    fn redeem(&self, token: &str, act: Option<LinkAct>) -> Option<Redeemed> {
        crate::alerts::answer::redeem(&self.counter, token, act)
    }

    fn ready(&self) -> bool {
        // Anybody may ask, as often as they like: the store is looked at once a second.
        let mut last = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, ready)) = *last
            && at.elapsed() < READY_FOR
        {
            return ready;
        }
        let ready = refusals(&self.counter, &self.runtime).is_ok_and(|refusals| refusals.is_empty());
        *last = Some((Instant::now(), ready));
        ready
    }

    fn metrics(&self) -> Result<String, Refused> {
        let status = status(&self.counter, &self.runtime);
        status
            .map(|status| super::metrics::render(&status))
            .map_err(|error| Refused::Failed(format!("{error:#}")))
    }
}
