//! Where the files of a running site come from: its folder, or the revisions that a ref of git has brought.
//!
//! `[store]` and `[deploy]` are read from `klinke.toml` in the site's own folder; all else is of the revision
//! that runs. Data, secrets, keys and drop folders stay beside the site's own `klinke.toml`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail, ensure};
use klinke_console::house::deploy::{Plan, Refused};
use klinke_console::house::trial;
use klinke_model::Timestamp;

use super::state::{self, CanaryFrom, State, TakenFrom};
use super::{plan, signed, tree};
use crate::site::node::Deploy;
use crate::site::{Fault, Node, Site, fault, load, revision};
use crate::wire::World;
use crate::wire::version::Version;

/// How the folders of shadows begin.
const SHADOW: &str = "shadow-";

/// Where a site's files come from.
#[derive(Clone, Debug)]
pub struct Revisions {
    home: PathBuf,
    environment: Option<String>,
    node: Node,
    /// What a restart must know.
    pub state: State,
}

impl Revisions {
    /// Of the site in a folder.
    pub fn open(home: &Path, environment: Option<&str>) -> Result<Revisions> {
        let node = load::node(home, environment).map_err(|faults| fault::as_error(&faults))?;
        let state = State::read(&home.join(&node.store.path))?;
        Ok(Revisions { home: home.to_owned(), environment: environment.map(str::to_owned), node, state })
    }

    /// What is followed, when it is no folder.
    pub fn follows(&self) -> Option<&Deploy> {
        self.node.deploy.as_ref()
    }

    /// The store's folder.
    pub fn store(&self) -> PathBuf {
        self.home.join(&self.node.store.path)
    }

    /// The site as it starts: the last revision that was good, whatever the ref says today; the one of the
    /// ref at the very first start; or the folder.
    pub fn start(&mut self) -> Result<Site> {
        let Some(deploy) = self.node.deploy.clone() else {
            let site = load::load(&self.home, self.environment.as_deref());
            return site.map(|site| self.with_taken(site)).map_err(|faults| fault::as_error(&faults));
        };
        if let Some(live) = self.state.live.clone() {
            return self.of_commit(&live).with_context(|| format!("the revision {live}, which ran last"));
        }
        let commit = tree::resolve(&self.home, &deploy.follow)?;
        let (site, plan) = self.candidate(&commit.hash, None)?;
        let site = site.filter(|_| plan.faults.is_empty());
        let site =
            site.ok_or_else(|| anyhow!("{} does not go live:\n{}", deploy.follow, plan.faults.join("\n")))?;
        self.lives(&commit.hash)?;
        Ok(site)
    }

    /// The site as the files that would count now have it, for tools that look while nothing serves.
    pub fn standing(&self) -> Result<Site, Vec<Fault>> {
        match self.state.live.as_ref().filter(|_| self.node.deploy.is_some()) {
            Some(live) => self.load(live).map(|site| self.dressed(site, live)),
            None => load::load(&self.home, self.environment.as_deref()).map(|site| self.with_taken(site)),
        }
    }

    /// The commit that the followed ref names now.
    pub fn newest(&self) -> Result<tree::Commit> {
        let deploy = self.node.deploy.as_ref().context("this site follows its folder, and no ref of git")?;
        tree::resolve(&self.home, &deploy.follow)
    }

    /// The commit of a revision.
    pub fn commit(&self, revision: &str) -> Result<tree::Commit> {
        if self.node.deploy.is_none() {
            bail!(
                "this site follows its folder: write [deploy] follow = \"main\" into klinke.toml to have revisions go live"
            );
        }
        tree::resolve(&self.home, revision)
    }

    /// The site of a commit, if it can be read, and what would change against the one that runs. The faults
    /// say why it may not go live.
    pub fn candidate(&self, hash: &str, live: Option<&Site>) -> Result<(Option<Site>, Plan)> {
        let refused = |faults: Vec<String>| {
            let plan = Plan { revision: hash.to_owned(), faults: plan::cut(faults), ..Plan::default() };
            Ok((None, plan))
        };
        if let Err(error) = self.may_live(hash).and_then(|()| self.lay(hash)) {
            return refused(vec![format!("{error:#}")]);
        }
        let site = match self.load(hash) {
            Ok(site) => self.dressed(site, hash),
            Err(faults) => return refused(faults.iter().map(ToString::to_string).collect()),
        };
        let plan = self.judged(&site, live)?;
        Ok((Some(site), plan))
    }

    /// The site as it lies in its folder, and what would change.
    pub fn folder(&self, live: &Site) -> Result<(Option<Site>, Plan)> {
        match load::load(&self.home, self.environment.as_deref()) {
            Ok(site) => {
                let site = self.with_taken(site);
                let plan = self.judged(&site, Some(live))?;
                Ok((Some(site), plan))
            }
            Err(faults) => {
                let faults = plan::cut(faults.iter().map(ToString::to_string).collect());
                Ok((None, Plan { faults, ..Plan::default() }))
            }
        }
    }

    fn judged(&self, site: &Site, live: Option<&Site>) -> Result<Plan> {
        let mut plan = live.map(|live| plan::plan(live, site)).unwrap_or_default();
        plan.revision = site.revision.clone().unwrap_or_default();
        let world = World::new(&site.node.zone)?;
        (plan.examples, plan.faults) = plan::faults(site, &world);
        Ok(plan)
    }

    /// A commit runs.
    pub fn lives(&mut self, hash: &str) -> Result<()> {
        self.state.goes_live(hash);
        self.state.refused = None;
        self.state.write(&self.store())?;
        self.tidy();
        Ok(())
    }

    /// A commit does not go live.
    pub fn refuses(&mut self, plan: &Plan) -> Result<()> {
        let (revision, faults) = (plan.revision.clone(), plan.faults.clone());
        self.state.refused = Some(Refused { revision, at: Timestamp::now().to_string(), faults });
        self.state.write(&self.store())?;
        self.tidy();
        Ok(())
    }

    /// Writes what a restart must know.
    pub fn keep(&self) -> Result<()> {
        self.state.write(&self.store())
    }

    /// The site of a commit that ran before.
    pub fn of_commit(&self, hash: &str) -> Result<Site> {
        self.lay(hash)?;
        let site = self.load(hash).map_err(|faults| fault::as_error(&faults))?;
        Ok(self.dressed(site, hash))
    }

    /// Says why a commit may not go live, whatever is in it: who has signed it.
    fn may_live(&self, hash: &str) -> Result<()> {
        let verify = self.node.deploy.as_ref().and_then(|deploy| deploy.verify.as_ref());
        verify.map_or(Ok(()), |verify| signed::check(&self.home, verify, hash))
    }

    fn lay(&self, hash: &str) -> Result<()> {
        let folder = self.place(hash);
        if folder.exists() { Ok(()) } else { tree::lay(&self.home, hash, &folder) }
    }

    fn load(&self, hash: &str) -> Result<Site, Vec<Fault>> {
        load::load_beside(&self.place(hash), &self.home, self.environment.as_deref())
    }

    fn dressed(&self, mut site: Site, hash: &str) -> Site {
        site.revision = Some(hash.to_owned());
        site.node.store = self.node.store.clone();
        site.node.deploy.clone_from(&self.node.deploy);
        self.with_taken(site)
    }

    /// The site with the channels that shadows have brought to life, as long as its own files say of them
    /// what they said then.
    fn with_taken(&self, mut site: Site) -> Site {
        for (channel, from) in &self.state.taken {
            if digest(&site, channel).as_ref() != Some(&from.instead_of) {
                continue;
            }
            match self.in_place(&from.folder, &from.revision) {
                Ok(taken) => site.take(channel, taken),
                Err(error) => {
                    tracing::error!(channel = %channel, error = %format!("{error:#}"), "the changed channel can't be read")
                }
            }
        }
        for (channel, from) in self.state.canaries.iter().filter(|(_, from)| from.stopped.is_none()) {
            if digest(&site, channel).as_ref() != Some(&from.beside) {
                continue;
            }
            match self.in_place(&from.folder, &from.revision) {
                Ok(changed) => {
                    site.canaries.insert(channel.clone(), (Arc::new(changed), from.terms.clone()));
                }
                Err(error) => {
                    tracing::error!(channel = %channel, error = %format!("{error:#}"), "the canary can't be read")
                }
            }
        }
        site
    }

    /// The site in a folder below that of the revisions.
    pub fn in_place(&self, folder: &str, revision: &str) -> Result<Site> {
        let place = self.place(folder);
        let site = load::load_beside(&place, &self.home, self.environment.as_deref());
        let mut site = site.map_err(|faults| fault::as_error(&faults))?;
        site.revision = Some(revision.to_owned());
        Ok(site)
    }

    /// Lays the files to hold against into a folder of their own: those of a revision, or of another folder.
    /// Gives its name and the revision that they are.
    pub fn bring_along(&self, against: &str) -> Result<(String, String)> {
        let own = (against == trial::FOLDER).then(|| self.home.canonicalize()).transpose()?;
        let folder = own.as_deref().unwrap_or(Path::new(against));
        if folder.is_absolute() && folder.is_dir() {
            let verifies = self.node.deploy.as_ref().is_some_and(|deploy| deploy.verify.is_some());
            ensure!(
                !verifies,
                "a folder is signed by nobody: [deploy] verify lets signed revisions run alone"
            );
            let revision = revision::of_folder(folder);
            let name = format!("{SHADOW}{}", revision::digest(folder));
            let place = self.place(&name);
            if !place.exists() {
                tree::copy(folder, &revision::files(folder), &place)?;
            }
            return Ok((name, revision));
        }
        let commit = tree::resolve(&self.home, against)
            .with_context(|| format!("`{against}` is neither a folder nor a revision"))?;
        self.may_live(&commit.hash)?;
        let name = format!("{SHADOW}{}", commit.hash);
        let place = self.place(&name);
        if !place.exists() {
            tree::lay(&self.home, &commit.hash, &place)?;
        }
        Ok((name, commit.hash))
    }

    /// A channel of the changed files takes the place of the site's own, while those say what they say now.
    pub fn takes(
        &mut self,
        live: &Site,
        channel: &str,
        folder: &str,
        revision: &str,
    ) -> Result<Option<TakenFrom>> {
        let own = match self.node.deploy {
            Some(_) => load::load_beside(&live.folder, &self.home, self.environment.as_deref()),
            None => load::load(&self.home, self.environment.as_deref()),
        };
        let own = own.map_err(|faults| fault::as_error(&faults))?;
        let instead_of =
            digest(&own, channel).with_context(|| format!("the site has no channel `{channel}`"))?;
        let from = TakenFrom { folder: folder.to_owned(), revision: revision.to_owned(), instead_of };
        Ok(self.state.taken.insert(channel.to_owned(), from))
    }

    /// Forgets channels that a site which is live now has files of its own for again.
    pub fn settles(&mut self, live: &Site) -> Result<()> {
        let before = self.state.clone();
        self.state.taken.retain(|channel, _| live.taken.contains_key(channel));
        let stays = |channel: &String, from: &mut CanaryFrom| {
            from.stopped.is_some() || live.canaries.contains_key(channel)
        };
        self.state.canaries.retain(stays);
        if before == self.state { Ok(()) } else { self.keep() }
    }

    fn place(&self, hash: &str) -> PathBuf {
        state::folder(&self.store()).join(hash)
    }

    /// Removes the folders of shadows that nothing leads to any more; `still` are those that run along.
    pub fn sweep(&self, still: &BTreeSet<String>) {
        let folder = state::folder(&self.store());
        let Ok(entries) = std::fs::read_dir(&folder) else { return };
        let taken = |name: &str| {
            self.state.taken.values().any(|from| from.folder == name)
                || self.state.canaries.values().any(|from| from.folder == name)
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(SHADOW) && !still.contains(&name) && !taken(&name) {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }

    /// Removes the folders of revisions that nothing leads to any more.
    pub fn tidy(&self) {
        let folder = state::folder(&self.store());
        let Ok(entries) = std::fs::read_dir(&folder) else { return };
        let is_needed = |name: &str| {
            let state = &self.state;
            state.live.iter().chain(&state.before).any(|one| one == name)
                || state.taken.values().any(|from| from.folder == name)
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            // Only what was laid here: named by a commit, or left by a crash while it was laid.
            let is_revision = name.len() >= 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
            if (is_revision && !is_needed(&name)) || name.starts_with(".new-") {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// What a site's files say of a channel, as a digest.
pub fn digest(site: &Site, channel: &str) -> Option<String> {
    let file = site.channels.get(channel)?;
    Some(blake3::hash(Version::of(site.of(channel), file).text().as_bytes()).to_hex().to_string())
}
