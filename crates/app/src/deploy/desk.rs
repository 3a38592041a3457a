//! Brings revisions of a site to life while it runs.
//!
//! One task does so, one wish after the other: a signal's, a tool's, or the ref's that has moved.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use klinke_console::audit::{Action, Entry, Who};
use klinke_console::house::deploy::{Pinned, Plan};
use klinke_console::house::trial::{Ask as Trial, FOLDER, Terms};
use klinke_console::house::view::Halted;
use klinke_engine::Applied;
use klinke_engine::source::Stop;
use klinke_model::Timestamp;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::task::block_in_place;

use super::revisions::{Revisions, digest};
use super::state::{CanaryFrom, State};
use crate::control::answer::Counter;
use crate::halt::may;
use crate::serve::Serving;
use crate::site::{ChannelFile, Site, console, fault};
use crate::wire::canary;
use crate::wire::version::Version;

/// What is wished for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// To look at the folder, or at the ref, again.
    Look,
    /// To go to a revision, or to the newest, and follow from there; `dry` says only what would change.
    Deploy {
        /// Which; the newest when absent.
        revision: Option<String>,
        /// Nothing is done.
        dry: bool,
    },
    /// To put a shadow in the place of the channel that is live.
    Take {
        /// The channel.
        channel: String,
    },
    /// To let a changed channel handle some of the messages, to take it over, to throw it away.
    Canary(Trial),
    /// To stop one that fares worse.
    StopCanary {
        /// The channel.
        channel: String,
        /// Why.
        why: String,
    },
    /// To stop a channel, or to let it run again.
    Halt {
        /// The channel.
        channel: String,
        /// Who stops it and why; absent lets it run.
        halted: Option<Halted>,
    },
    /// To go back and stay there.
    Rollback {
        /// Which; the one that ran before when absent.
        revision: Option<String>,
        /// Why.
        reason: String,
    },
}

/// What a tool calls to wish for something and wait for it.
pub type Deploying = Box<dyn Fn(Order) -> Result<Value> + Send + Sync>;

/// A wish, and whom to tell how it went; nobody where a signal wished.
pub type Wish = (Order, Option<oneshot::Sender<Result<Value>>>);

/// What a tool calls.
pub fn asker(wish: mpsc::Sender<Wish>) -> Deploying {
    Box::new(move |order| {
        let (sender, receiver) = oneshot::channel();
        wish.blocking_send((order, Some(sender))).ok().context("the site is stopping")?;
        receiver.blocking_recv().context("the site is stopping")?
    })
}

/// The task that brings revisions to life.
pub struct Desk {
    /// The running site.
    pub serving: Serving,
    /// What answers from its files.
    pub counter: Arc<Counter>,
    /// Where its files come from.
    pub revisions: Revisions,
    /// What runs.
    pub live: Arc<Site>,
    /// The commit of which the audit log says that it was followed to; said once, however often it is tried.
    pub followed: Option<String>,
}

impl Desk {
    /// Works until `stop` is said.
    pub async fn run(mut self, mut wishes: mpsc::Receiver<Wish>, mut stop: Stop) {
        self.tell();
        self.counter.shadows.beside(self.live.clone());
        self.counter.migrations.take_over(&self.live);
        block_in_place(|| self.counter.migrations.resume(&tokio::runtime::Handle::current()));
        if let Some(refused) = &self.revisions.state.refused {
            self.counter.alerts.reloaded(Some(refused.faults.join("; ")));
        }
        let every = self.revisions.follows().map(|deploy| deploy.every.0);
        if every.is_some() {
            self.look().await;
            self.tell();
        }
        loop {
            let next = async {
                match every {
                    Some(every) => tokio::time::sleep(every).await,
                    None => std::future::pending().await,
                }
            };
            let wish = tokio::select! {
                () = stop.said() => return,
                wish = wishes.recv() => match wish {
                    Some(wish) => Some(wish),
                    None => return,
                },
                () = next => None,
            };
            match wish {
                None => self.look().await,
                Some((Order::Look, None)) => {
                    self.entry(Action::Reload, "SIGHUP").await;
                    self.reload().await.map(drop).unwrap_or_else(|error| complain(&error));
                }
                Some((order, answer)) => {
                    let is_of_files =
                        matches!(order, Order::Look | Order::Deploy { .. } | Order::Rollback { .. });
                    let done = self.obey(order).await;
                    // What is wished of one channel is told to whoever wished it, and is no fault of the files.
                    if let (Err(error), true) = (&done, is_of_files || answer.is_none()) {
                        complain(error);
                    }
                    if let Some(answer) = answer {
                        let _ = answer.send(done);
                    }
                }
            }
            self.tell();
        }
    }

    /// Does it. Where it breaks off before anything else runs, what pins and what was taken over is as before.
    async fn obey(&mut self, order: Order) -> Result<Value> {
        let (before, live) = (self.revisions.state.clone(), self.live.clone());
        let done = self.do_as_told(order).await;
        if done.is_err() && Arc::ptr_eq(&live, &self.live) {
            self.revisions.state = State { refused: self.revisions.state.refused.take(), ..before };
        }
        done
    }

    async fn do_as_told(&mut self, order: Order) -> Result<Value> {
        match order {
            Order::Look => self.reload().await,
            Order::Deploy { revision, dry } => {
                Ok(serde_json::to_value(self.deploy(revision.as_deref(), dry).await?)?)
            }
            Order::Canary(ask) => Ok(serde_json::to_value(self.canary(ask).await?)?),
            Order::StopCanary { channel, why } => self.stop_canary(&channel, why).await,
            Order::Take { channel } => Ok(serde_json::to_value(self.take(&channel).await?)?),
            Order::Halt { channel, halted } => self.halt(channel, halted).await,
            Order::Rollback { revision, reason } => {
                Ok(serde_json::to_value(self.rollback(revision.as_deref(), &reason).await?)?)
            }
        }
    }

    /// The ref may have moved.
    async fn look(&mut self) {
        if self.revisions.state.pinned.is_some() {
            return;
        }
        let newest = match block_in_place(|| self.revisions.newest()) {
            Ok(newest) => newest,
            Err(error) => return complain(&error),
        };
        let state = &self.revisions.state;
        let is_known = state.live.as_ref() == Some(&newest.hash)
            || state.refused.as_ref().is_some_and(|refused| refused.revision == newest.hash);
        if is_known {
            return;
        }
        if self.followed.as_ref() != Some(&newest.hash) {
            self.entry(Action::Deploy, &format!("followed to {}", newest.hash)).await;
            self.followed = Some(newest.hash.clone());
        }
        match self.go(&newest.hash).await {
            Ok(plan) if plan.live => tracing::info!(revision = %newest.hash, "a revision went live"),
            Ok(_) => {}
            Err(error) => {
                self.counter.alerts.reloaded(Some(format!("{error:#}")));
                complain(&error);
            }
        }
    }

    /// Reads the folder again, or looks at the ref.
    async fn reload(&mut self) -> Result<Value> {
        if self.revisions.follows().is_some() {
            self.look().await;
            return Ok(serde_json::to_value(self.counter.board.view())?);
        }
        let (plan, applied) = self.folder(false).await?;
        let Some(applied) = applied else { bail!("{}", plan.faults.join("\n")) };
        let failed: Vec<String> =
            applied.failed.iter().map(|(name, error)| format!("{name}: {error}")).collect();
        let said = json!({
            "started": applied.started,
            "changed": applied.changed,
            "kept": applied.kept,
            "stopped": applied.stopped,
            "failed": failed,
        });
        tracing::info!(applied = %said, "the site's files were read again");
        Ok(said)
    }

    async fn deploy(&mut self, revision: Option<&str>, dry: bool) -> Result<Plan> {
        if self.revisions.follows().is_none() && revision.is_none() {
            return Ok(self.folder(dry).await?.0);
        }
        let commit = block_in_place(|| match revision {
            Some(revision) => self.revisions.commit(revision),
            None => self.revisions.newest(),
        })?;
        let mut plan = match dry {
            true => block_in_place(|| {
                let plan = self.revisions.candidate(&commit.hash, Some(&self.live))?.1;
                self.revisions.tidy();
                anyhow::Ok(plan)
            })?,
            false => {
                let newest = block_in_place(|| self.revisions.newest())?;
                let other = (newest != commit).then(|| pin(&format!("{} was asked for", commit.hash)));
                let before = std::mem::replace(&mut self.revisions.state.pinned, other);
                let plan = self.go(&commit.hash).await?;
                if !plan.live {
                    self.revisions.state.pinned = before;
                    block_in_place(|| self.revisions.keep())?;
                }
                plan
            }
        };
        plan.subject = commit.subject;
        Ok(plan)
    }

    async fn rollback(&mut self, revision: Option<&str>, reason: &str) -> Result<Plan> {
        let commit = block_in_place(|| {
            let before = self.revisions.state.before.first().cloned();
            match revision.map(str::to_owned).or(before) {
                Some(revision) => self.revisions.commit(&revision),
                None => bail!("no other revision has run yet: name one to go back to"),
            }
        })?;
        let before = self.revisions.state.clone();
        self.revisions.state.taken.clear();
        self.revisions.state.canaries.clear();
        self.revisions.state.pinned = Some(pin(reason));
        let left = self.revisions.state.live.clone();
        let mut plan = self.go(&commit.hash).await?;
        if plan.live {
            // The next step back goes further, and not forth again.
            self.revisions.state.before.retain(|one| Some(one) != left.as_ref());
        } else {
            self.revisions.state = State { refused: self.revisions.state.refused.take(), ..before };
        }
        block_in_place(|| self.revisions.keep())?;
        plan.subject = commit.subject;
        Ok(plan)
    }

    /// Puts a shadow in the place of the channel that is live, by the reload that keeps connections.
    async fn take(&mut self, channel: &str) -> Result<Plan> {
        let shadow = self.counter.shadows.kept(channel);
        let shadow = shadow.with_context(|| format!("no shadow runs along with `{channel}`"))?;
        let before = self.revisions.state.clone();
        block_in_place(|| self.revisions.takes(&self.live, channel, &shadow.folder, &shadow.revision))?;
        let mut plan = self.rearrange(before).await?;
        plan.revision = shadow.revision;
        if plan.live {
            block_in_place(|| self.counter.shadows.end(channel))?;
        }
        Ok(plan)
    }

    /// A changed channel handles some of the messages, or all, or none any more.
    async fn canary(&mut self, ask: Trial) -> Result<Plan> {
        let counter = self.counter.clone();
        let _laying = counter.shadows.laying.lock().await;
        let before = self.revisions.state.clone();
        let revision = match ask {
            Trial::Start { channel, against, terms, .. } => {
                let terms = terms.context("say which messages the canary handles")?;
                let began = block_in_place(|| self.begins(&channel, &against, terms))?;
                let revision = began.revision.clone();
                self.revisions.state.canaries.insert(channel, began);
                revision
            }
            Trial::Take { channel, .. } | Trial::Drop { channel, .. } | Trial::Change { channel, .. }
                if !before.canaries.contains_key(&channel) =>
            {
                bail!("no canary of `{channel}` is there")
            }
            Trial::Change { channel, terms, .. } => {
                block_in_place(|| self.changes(&channel, terms))?;
                before.canaries[&channel].revision.clone()
            }
            Trial::Take { channel, .. } => {
                let from = &before.canaries[&channel];
                block_in_place(|| self.revisions.takes(&self.live, &channel, &from.folder, &from.revision))?;
                self.revisions.state.canaries.remove(&channel);
                from.revision.clone()
            }
            Trial::Drop { channel, .. } => {
                self.revisions.state.canaries.remove(&channel);
                self.counter.board.view().revision
            }
            Trial::Status { .. } | Trial::Look { .. } => bail!("this is asked of the counter"),
        };
        let mut plan = self.rearrange(before).await?;
        plan.revision = revision;
        block_in_place(|| self.revisions.sweep(&self.counter.shadows.folders()));
        Ok(plan)
    }

    fn begins(&self, channel: &str, against: &str, terms: Terms) -> Result<CanaryFrom> {
        let own = self.live.channels.get(channel);
        let own = own.with_context(|| format!("no channel `{channel}` runs; `klinke status` lists them"))?;
        if against == FOLDER && self.revisions.follows().is_none() {
            bail!("the site follows this folder: a canary of it would bring it to life; name a revision");
        }
        let (folder, revision) = self.revisions.bring_along(against)?;
        let site = self.revisions.in_place(&folder, &revision).with_context(|| against.to_owned())?;
        let file = site.channels.get(channel);
        let file = file.with_context(|| format!("there is no channel `{channel}` in {against}"))?;
        let (was, is) = (Version::of(self.live.of(channel), own), Version::of(&site, file));
        if was.frame(own) != is.frame(file) {
            bail!("source or destinations of `{channel}` differ: a canary can have other steps alone");
        }
        if was == is {
            bail!("{against} says of `{channel}` what runs already");
        }
        self.meets(&terms, &site, file)?;
        let known = self.serving.store.channels()?.into_iter().find(|one| one.name == channel);
        Ok(CanaryFrom {
            folder,
            revision,
            beside: digest(&self.live, channel).unwrap_or_default(),
            terms,
            began: Timestamp::now().to_string(),
            after: known.and_then(|one| one.last).unwrap_or_default().0,
            stopped: None,
        })
    }

    /// A canary handles other messages from now on. One that was stopped begins anew with them: both sides are
    /// counted from here.
    fn changes(&mut self, channel: &str, terms: Terms) -> Result<()> {
        let known = self.serving.store.channels()?.into_iter().find(|one| one.name == channel);
        let from = self.revisions.state.canaries.get(channel).context("there is no such canary")?;
        let site = self.revisions.in_place(&from.folder, &from.revision)?;
        let file = site.channels.get(channel).context("its files have no such channel any more")?;
        self.meets(&terms, &site, file)?;
        if let Some(from) = self.revisions.state.canaries.get_mut(channel) {
            from.terms = terms;
            from.stopped = None;
            from.began = Timestamp::now().to_string();
            from.after = known.and_then(|one| one.last).unwrap_or_default().0;
        }
        Ok(())
    }

    /// Whether these are terms that can be met.
    fn meets(&self, terms: &Terms, site: &Site, file: &ChannelFile) -> Result<()> {
        if let Terms::Key(condition) = terms {
            canary::condition_steps(condition, site, file, &self.serving.world)
                .map_err(|faults| fault::as_error(&faults))?;
        }
        Ok(())
    }

    /// A canary fares worse than the live side.
    async fn stop_canary(&mut self, channel: &str, why: String) -> Result<Value> {
        let before = self.revisions.state.clone();
        let Some(one) = self.revisions.state.canaries.get_mut(channel) else { return Ok(Value::Null) };
        if one.stopped.is_some() {
            return Ok(Value::Null);
        }
        tracing::error!(channel, why, "a canary was stopped");
        one.stopped = Some(why.clone());
        self.entry(Action::Rollback, &format!("the canary of {channel} was stopped: {why}")).await;
        Ok(serde_json::to_value(self.rearrange(before).await?)?)
    }

    /// Stops a channel, or lets it run again. One that runs not although nobody has stopped it is tried anew.
    async fn halt(&mut self, channel: String, halted: Option<Halted>) -> Result<Value> {
        let (stops, before) = (halted.is_some(), self.serving.halts.of(&channel));
        let is_known = self.live.channels.contains_key(&channel);
        may(&channel, is_known, stops, before.as_ref())?;
        if !stops && before.is_none() && !self.failed().contains_key(&channel) {
            bail!("`{channel}` runs already");
        }
        let halts = self.serving.halts.clone();
        block_in_place(|| halts.set(&channel, halted))?;
        if let Err(error) = self.serving.apply(&self.live).await {
            block_in_place(|| halts.set(&channel, before))?;
            return Err(error);
        }
        if let Some(why) = self.failed().get(&channel).filter(|_| !stops) {
            bail!("`{channel}` does not start: {why}");
        }
        tracing::info!(channel, stops, "a channel was stopped or started by hand");
        Ok(json!({ "channel": channel, "runs": !stops && is_known }))
    }

    /// Makes the same files run in another arrangement of what was taken over and of canaries.
    async fn rearrange(&mut self, before: State) -> Result<Plan> {
        let live = self.live.clone();
        let arranged = block_in_place(|| match self.revisions.state.live.clone() {
            Some(commit) if self.revisions.follows().is_some() => {
                self.revisions.candidate(&commit, Some(&live))
            }
            _ => self.revisions.folder(&live),
        });
        let arranged = match arranged {
            Ok(arranged) => arranged,
            Err(error) => {
                self.revisions.state = before;
                return Err(error);
            }
        };
        let (site, mut plan) = arranged;
        plan.from = self.counter.board.view().revision;
        if let Some(site) = site.filter(|_| plan.faults.is_empty()) {
            self.bring(site, &mut plan).await?;
        }
        match plan.live {
            true => block_in_place(|| self.revisions.keep())?,
            false => self.revisions.state = before,
        }
        Ok(plan)
    }

    /// Goes to a commit if it may, and says what has changed.
    async fn go(&mut self, hash: &str) -> Result<Plan> {
        let live = self.live.clone();
        let (site, mut plan) = block_in_place(|| self.revisions.candidate(hash, Some(&live)))?;
        plan.from = live.revision.clone().unwrap_or_default();
        if let Some(site) = site.filter(|_| plan.faults.is_empty()) {
            self.bring(site, &mut plan).await?;
        }
        match plan.live {
            true => block_in_place(|| self.revisions.lives(hash))?,
            false => {
                tracing::error!(revision = hash, faults = %plan.faults.join("; "), "a revision does not go live");
                block_in_place(|| self.revisions.refuses(&plan))?;
            }
        }
        self.alert(&plan);
        Ok(plan)
    }

    /// Takes over the folder if it may.
    async fn folder(&mut self, dry: bool) -> Result<(Plan, Option<Applied>)> {
        let live = self.live.clone();
        let (site, mut plan) = block_in_place(|| self.revisions.folder(&live))?;
        plan.from = self.counter.board.view().revision;
        let site = site.filter(|_| plan.faults.is_empty() && !dry);
        let Some(site) = site else {
            if !dry {
                self.alert(&plan);
            }
            return Ok((plan, None));
        };
        let applied = self.bring(site, &mut plan).await?;
        plan.revision = self.counter.board.view().revision;
        self.alert(&plan);
        Ok((plan, Some(applied)))
    }

    /// Makes a site the running one. A channel that ran and does not start under it brings the old one back.
    async fn bring(&mut self, site: Site, plan: &mut Plan) -> Result<Applied> {
        let failed_before = self.failed();
        let applied = self.serving.apply(&site).await?;
        let failed = self.failed();
        let fell: Vec<_> = failed
            .iter()
            .filter(|(name, _)| self.live.channels.contains_key(*name) && !failed_before.contains_key(*name))
            .collect();
        if !fell.is_empty() && self.revisions.follows().is_some() {
            plan.faults = fell.iter().map(|(name, why)| format!("{name} does not start: {why}")).collect();
            return self.serving.apply(&self.live).await;
        }
        self.counter.take_over(&site);
        self.counter.alerts.take_over(&site);
        let people = self.counter.door.people();
        people.set_roles(site.node.roles());
        console::open_ways(people, site.node.console.as_ref());
        // The site runs: what could not be noted of it must not look as if it did not.
        if let Err(error) = block_in_place(|| self.revisions.settles(&site)) {
            tracing::error!(error = %format!("{error:#}"), "which revision runs could not be kept");
        }
        self.live = Arc::new(site);
        self.counter.shadows.beside(self.live.clone());
        self.counter.migrations.take_over(&self.live);
        plan.live = true;
        Ok(applied)
    }

    fn failed(&self) -> std::collections::BTreeMap<String, String> {
        self.serving.failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// An entry of what no tool has wished for: a tool's has come through the door.
    async fn entry(&self, action: Action, note: &str) {
        let log = self.counter.door.log().clone();
        let entry = Entry::new(Who::program(), "", action).noted(note);
        let written = tokio::task::spawn_blocking(move || log.write(&entry)).await;
        if !matches!(written, Ok(Ok(_))) {
            tracing::error!("the audit log does not say that other files of the site count");
        }
    }

    /// People are told when what was to go live does not.
    fn alert(&self, plan: &Plan) {
        self.counter.alerts.reloaded((!plan.live).then(|| plan.faults.join("; ")));
    }

    fn tell(&self) {
        let follow = self.revisions.follows().map(|deploy| deploy.follow.clone());
        self.counter.board.follows(follow, &self.revisions.state);
        self.counter.canaries.follow(&self.revisions.state.canaries);
    }
}

fn pin(reason: &str) -> Pinned {
    Pinned { at: Timestamp::now().to_string(), reason: reason.to_owned() }
}

fn complain(error: &anyhow::Error) {
    tracing::error!(error = %format!("{error:#}"), "the site's files have faults; all runs as before");
}
