//! What several verbs share: the site, and whom to ask about it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use anyhow::{Result, bail};
use klinke_store::Store;
use serde::de::DeserializeOwned;

use crate::control::answer::{Counter, Files, Progress};
use crate::control::{socket, who};
use crate::deploy::{Board, Revisions};
use crate::diagnose::Watch;
use crate::shadow::Shadows;
use crate::site::{Node, fault, load};
use crate::wire::World;
use klinke_console::house::archive::Ask;
use klinke_console::house::door::Door;
use klinke_console::house::request::{Request, Wish};
use klinke_console::people::session::Lengths;
use klinke_console::people::{Actor, People};

/// Which site.
#[derive(clap::Args, Debug, Clone)]
pub struct SiteArg {
    /// The site's folder
    #[arg(value_name = "SITE", default_value = ".")]
    pub folder: PathBuf,
    /// The environment, whose file is laid over `klinke.toml`.
    #[arg(long, value_name = "ENV", env = "KLINKE_ENV", help = "Lay klinke.<ENV>.toml over klinke.toml")]
    pub env: Option<String>,
    /// What it is asked for, for the audit log.
    #[arg(skip)]
    pub purpose: Option<String>,
}

/// Which site, where more follows on the command line.
#[derive(clap::Args, Debug, Clone)]
pub struct SiteFirst {
    /// The site's folder
    #[arg(value_name = "SITE")]
    folder: PathBuf,
    /// The environment, whose file is laid over `klinke.toml`.
    #[arg(long, value_name = "ENV", env = "KLINKE_ENV", help = "Lay klinke.<ENV>.toml over klinke.toml")]
    env: Option<String>,
}

impl SiteFirst {
    /// The same site.
    pub fn site(&self) -> SiteArg {
        SiteArg { folder: self.folder.clone(), env: self.env.clone(), purpose: None }
    }
}

impl SiteArg {
    /// The same site, asked for a purpose.
    pub fn with(&self, purpose: &Option<String>) -> SiteArg {
        SiteArg { purpose: purpose.clone(), ..self.clone() }
    }

    /// `klinke.toml` and the store's folder.
    pub fn node(&self) -> Result<(Node, PathBuf)> {
        let node =
            load::node(&self.folder, self.env.as_deref()).map_err(|faults| fault::as_error(&faults))?;
        let store = self.folder.join(&node.store.path);
        Ok((node, store))
    }

    /// Asks the running `serve`, or the store itself when nothing serves.
    pub fn ask<T: DeserializeOwned>(&self, request: Request) -> Result<T> {
        self.ask_long(request, &mut |_, _| {})
    }

    /// As [`SiteArg::ask`], for long work.
    pub fn ask_long<T: DeserializeOwned>(&self, request: Request, progress: Progress<'_>) -> Result<T> {
        let (node, folder) = self.node()?;
        if let Some(client) = socket::connect(&folder) {
            return Ok(serde_json::from_value(socket::ask(
                &client,
                request,
                self.purpose.clone(),
                progress,
            )?)?);
        }
        // Files may be taken in before the site runs for the first time.
        let begins = matches!(request, Request::Archive(Ask::Import(_)));
        if !folder.exists() && !begins {
            bail!("{} does not exist: the site has not run yet", folder.display());
        }
        let world = World::new(&node.zone)?;
        if let (Request::Archive(_), Some(table)) = (&request, &node.archive) {
            let archive =
                klinke_archive::Archive::open(&self.folder.join(&table.path), table.options(&self.folder))?;
            // The slot is new: nobody else puts anything into it.
            world.archive.put(archive);
        }
        let store: Arc<dyn Store> = crate::serve::open_store(&node, &folder)?;
        let revisions = Revisions::open(&self.folder, self.env.as_deref())?;
        let site = revisions.standing();
        let board = Board::default();
        board.follows(revisions.follows().map(|deploy| deploy.follow.clone()), &revisions.state);
        let watch = Arc::new(Watch::of_files(&site, &world));
        let site = site.ok();
        let files = site.as_ref().map(Files::of);
        let files = files.unwrap_or_else(|| Files { site: node.name.clone(), ..Files::default() });
        let people = People::open(store.clone(), Lengths::default())?;
        if let Some(site) = &site {
            people.set_roles(site.node.roles());
        }
        let alerts = Arc::new(crate::alerts::Bureau::open(store.clone(), site.as_ref())?);
        let halts = Arc::new(crate::halt::Halts::open(store.clone())?);
        let counter = Counter {
            files: RwLock::new(Arc::new(files)),
            door: Door::new(Arc::new(people)),
            shadows: Arc::new(Shadows::open(store.clone())?),
            store,
            engine: None,
            world,
            counts: Default::default(),
            failed: Default::default(),
            rhythm: Default::default(),
            course: Default::default(),
            watch,
            alerts,
            board: Arc::new(board),
            canaries: Arc::default(),
            halts,
            peers: Default::default(),
            migrations: Arc::default(),
            deploying: None,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        // Nobody serves: whoever opens the store themselves leaves the same entries.
        let actor = Actor::local(who::of_process());
        let wish = Wish { request, purpose: self.purpose.clone() };
        Ok(serde_json::from_value(counter.ask(&actor, wish, runtime.handle(), progress)?)?)
    }
}

/// A file's bytes; `-` is standard input.
pub fn read_input(file: &Path) -> Result<Vec<u8>> {
    use anyhow::Context;
    use std::io::Read;
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes)?;
    } else {
        bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
    }
    Ok(bytes)
}
