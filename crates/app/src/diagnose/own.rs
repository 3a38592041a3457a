//! Facts of this machine and this program, from the store and from `/proc` (proc(5)).

use anyhow::Result;
use klinke_adapters::probe::How;
use klinke_diagnosis::Did;
use klinke_diagnosis::facts::Own;
use klinke_model::Timestamp;
use tokio::runtime::Handle;

use crate::control::answer::Counter;
use crate::wire::End;

/// What is known of ourselves.
pub(super) fn own(counter: &Counter, ends: &[End], runtime: &Handle) -> Result<Own> {
    let health = counter.store.health()?;
    let (channels, destinations) = counter.store.books()?;
    let failed = counter.failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    let mut own = Own {
        site: counter.files().site.clone(),
        now: Timestamp::now(),
        disk_free: health.free,
        disk_reserve: counter.watch.reserve(),
        store_refuses: health.refuses,
        memory: memory(),
        handles: handles(),
        clock_jump: counter.watch.clock_jump(),
        stopped: failed.into_iter().collect(),
        faults: counter.watch.faults(),
        unbalanced: !channels.iter().all(|one| one.balances())
            || !destinations.iter().all(|one| one.balances()),
        ..Own::default()
    };
    for end in ends.iter().filter(|end| end.destination.is_none()) {
        let Some(probe) = end.probe.as_ref().filter(|probe| probe.is_own()) else { continue };
        let stopped = own.stopped.iter().any(|(channel, _)| *channel == end.channel);
        own.steps.extend(runtime.block_on(probe.climb(How::default())).into_iter().filter(|step| {
            // Whose port is not to be open, its not being open says nothing.
            !(matches!(step.did, Did::LookedAtPort(_)) && (stopped || counter.engine.is_none()))
        }));
    }
    Ok(own)
}

/// `MemAvailable` and `MemTotal`, in bytes.
fn memory() -> Option<(u64, u64)> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let value = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1_024)
    };
    Some((value("MemAvailable:")?, value("MemTotal:")?))
}

/// File handles in use and allowed.
fn handles() -> Option<(u64, u64)> {
    let used = std::fs::read_dir("/proc/self/fd").ok()?.count() as u64;
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current?;
    Some((used, most))
}
