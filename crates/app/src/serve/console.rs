//! The console's way into a running site: its listener, and the house that answers it.

use std::future::Future;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use klinke_console::house::request::Request;
use klinke_console::house::{Asker, House, Refused};
use klinke_console::server;
use klinke_console::web::{self, Console};
use klinke_engine::source::Stop;
use tokio::net::TcpListener;
use tokio::runtime::Handle;

use crate::control::answer::Counter;
use crate::control::status::status;
use crate::site::node;

/// A listener that is bound and not yet served.
pub struct Door {
    listener: TcpListener,
    acceptor: Option<klinke_adapters::net::Acceptor>,
}

impl Door {
    /// Begins to listen. Without TLS only on loopback: pages hold patients, and passwords go in.
    pub async fn open(table: &node::Console) -> Result<Door> {
        let address = (table.listen.name.as_str(), table.listen.port);
        let listener =
            TcpListener::bind(address).await.with_context(|| format!("console: {}", table.listen))?;
        if table.tls.is_none() && !listener.local_addr()?.ip().is_loopback() {
            bail!("console: {} is not on loopback; it needs `tls = {{ certificate, key }}`", table.listen);
        }
        let acceptor = table.tls.as_ref().map(klinke_adapters::net::ServerTls::acceptor).transpose();
        Ok(Door { listener, acceptor: acceptor.context("console: tls")? })
    }

    /// Where a browser finds it.
    pub fn address(&self) -> Result<String> {
        let scheme = if self.acceptor.is_some() { "https" } else { "http" };
        Ok(format!("{scheme}://{}/", self.listener.local_addr()?))
    }

    /// Serves until `stop` is said.
    pub fn serve(self, counter: Arc<Counter>, mut stop: Stop) -> impl Future<Output = ()> {
        let site = counter.files().site;
        let house = Arc::new(Answering { counter, runtime: Handle::current() });
        let routes = web::routes(Console::new(house, &site));
        let tls = self.acceptor.map(|acceptor| acceptor.plain());
        async move { server::run(self.listener, tls, routes, stop.said()).await }
    }
}

/// Answers the console from the running site.
struct Answering {
    counter: Arc<Counter>,
    runtime: Handle,
}

impl House for Answering {
    fn ask(&self, _who: &Asker, request: Request) -> Result<serde_json::Value, Refused> {
        let answered = self.counter.answer(request, &self.runtime, &mut |_, _| {});
        answered.map_err(|error| Refused(format!("{error:#}")))
    }

    fn ready(&self) -> bool {
        let Ok(status) = status(&self.counter, &self.runtime) else { return false };
        status.store.refuses.is_none() && status.channels.iter().all(|channel| channel.refuses.is_none())
    }
}
