//! `cargo xtask crash`: kills a loaded site with SIGKILL at random moments, and holds its books against
//! what its partners themselves counted.
//!
//! Two channels take messages over MLLP from several connections each and deliver them over MLLP to a
//! sink of this task: `one` in a single lane, `many` in lanes by patient, with a de-duplication window.
//! Each message carries its sender's own number, and the channel's script adds the number under which
//! the store keeps it; so the sink can tell every envelope and every repetition apart.
//!
//! | held against | must be |
//! |---|---|
//! | acknowledged to a sender | delivered at least once, or filtered on purpose |
//! | first deliveries of a lane | in the order in which the store took them, none left out |
//! | a delivery that the sink saw again | one that it had refused to answer, or that lay before a kill |
//! | such repetitions at one destination after one kill | at most [`judge::WINDOW`] |
//! | an arrival taken twice | only where the sender had no answer, and never where it is de-duplicated |
//! | the books (`klinke status --json`) | balance, and agree with the sink's count |
//! | `klinke verify` | no fault |
//!
//! SIGKILL takes the process away, not the operating system: what a power cut does to the disk is the
//! business of the store's own tests of crash images.

mod judge;
mod node;
mod random;
mod senders;
mod sink;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::Outcome;
use node::{Node, Ports};
use random::Random;
use senders::{Acknowledged, Gate};
use sink::Sink;

/// Connections that send to each channel.
const SENDERS: usize = 3;

/// How long the lanes may take to run empty at the end.
const DRAIN_LIMIT: Duration = Duration::from_secs(300);

/// What is asked for on the command line.
struct Options {
    kills: u32,
    seed: u64,
    /// Longest time under load before a kill.
    load: Duration,
    binary: Option<PathBuf>,
}

impl Options {
    fn read(arguments: &[String]) -> anyhow::Result<Options> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
        let seed = u64::from(now.subsec_nanos()) ^ now.as_secs();
        let mut options = Options { kills: 20, seed, load: Duration::from_millis(800), binary: None };
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let value = rest.next().with_context(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--kills" => options.kills = value.parse().context("--kills N")?,
                "--seed" => options.seed = value.parse().context("--seed S")?,
                "--load" => options.load = Duration::from_millis(value.parse().context("--load MILLIS")?),
                "--binary" => options.binary = Some(value.into()),
                other => bail!("`{other}` is none of --kills, --seed, --load, --binary"),
            }
        }
        Ok(options)
    }
}

/// Runs the task.
pub fn run(arguments: &[String]) -> anyhow::Result<Outcome> {
    let options = Options::read(arguments)?;
    let binary = match &options.binary {
        Some(binary) => binary.clone(),
        None => node::build()?,
    };
    println!("crash: {} kills, seed {}", options.kills, options.seed);
    let folder = std::env::temp_dir().join(format!("klinke-crash-{}", std::process::id()));
    let judged = Hunt::start(&options, binary, &folder)?.run();
    if !matches!(&judged, Ok(faults) if faults.is_empty()) {
        println!("crash: the site and its log are left in {}", folder.display());
    }
    let faults = judged?;
    if !faults.is_empty() {
        bail!("{} faults with seed {}:\n  {}", faults.len(), options.seed, faults.join("\n  "));
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(Outcome::Done)
}

/// The partners and the site between them.
struct Hunt {
    kills: u32,
    load: Duration,
    random: Random,
    node: Node,
    sinks: Vec<Arc<Sink>>,
    gate: Arc<Gate>,
    senders: Vec<std::thread::JoinHandle<Vec<Acknowledged>>>,
}

impl Hunt {
    fn start(options: &Options, binary: PathBuf, folder: &Path) -> anyhow::Result<Hunt> {
        let mut random = Random::new(options.seed);
        let ports = Ports::free(&mut random)?;
        let node = Node::new(binary, folder, ports)?;
        let sinks: Vec<_> = node::CHANNELS
            .iter()
            .zip(ports.sinks)
            .map(|(channel, port)| Sink::open(channel, port, random.next()))
            .collect::<anyhow::Result<_>>()?;
        let gate = Arc::new(Gate::new(sinks.clone()));
        let mut senders = Vec::new();
        for number in 0..SENDERS * node::CHANNELS.len() {
            let channel = number % node::CHANNELS.len();
            let sender = senders::Sender::new(channel, number, ports.sources[channel], random.next());
            let gate = gate.clone();
            senders.push(std::thread::spawn(move || sender.run(&gate)));
        }
        Ok(Hunt { kills: options.kills, load: options.load, random, node, sinks, gate, senders })
    }

    /// Kills as often as asked for; gives what is wrong in the end.
    fn run(mut self) -> anyhow::Result<Vec<String>> {
        let began = Instant::now();
        for kill in 1..=self.kills {
            self.kill_once()?;
            if kill % self.kills.div_ceil(10).max(10) == 0 {
                let taken = self.gate.acknowledged.load(Ordering::Relaxed);
                println!("crash: {kill} kills, {taken} messages acknowledged, {:.0?}", began.elapsed());
            }
        }
        self.node.start()?;
        self.node.wait_until_ready()?;
        self.gate.close.store(true, Ordering::Relaxed);
        let mut acknowledged = Vec::new();
        for sender in self.senders.drain(..) {
            let Ok(of_one) = sender.join() else { bail!("a sender broke down") };
            acknowledged.extend(of_one);
        }
        let status = self.drain()?;
        let verified = self.node.verify()?;
        self.node.terminate()?;
        let (figures, mut faults) = judge::judge(&acknowledged, &self.sinks, &status);
        faults.extend(verified);
        println!("crash: {} kills in {:.0?}: {figures}", self.kills, began.elapsed());
        Ok(faults)
    }

    /// Starts the site, lets it work for a moment and takes it away; at times while it still starts.
    fn kill_once(&mut self) -> anyhow::Result<()> {
        self.node.start()?;
        if self.random.one_in(8) {
            std::thread::sleep(Duration::from_millis(self.random.below(60)));
        } else {
            self.node.wait_until_ready()?;
            let most = u64::try_from(self.load.as_millis())?.max(2);
            std::thread::sleep(Duration::from_millis(most / 8 + self.random.below(most)));
        }
        self.node.kill()?;
        // What the killed site had sent is taken before the next life is counted.
        self.sinks.iter().try_for_each(|sink| sink.wait_until_quiet())?;
        self.sinks.iter().for_each(|sink| sink.next_life());
        Ok(())
    }

    /// Waits until nothing waits any more; gives the last status.
    fn drain(&mut self) -> anyhow::Result<serde_json::Value> {
        let began = Instant::now();
        loop {
            let status = self.node.status()?;
            if judge::open(&status) == 0 {
                return Ok(status);
            }
            if began.elapsed() > DRAIN_LIMIT {
                bail!("{} deliveries still wait after {DRAIN_LIMIT:?}", judge::open(&status));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}
