//! The engine in a world where everything fails: partners, store, power, and people in between.
//!
//! A seed decides all of it, so what fails once fails again: `SEED=n cargo test --test simulation` runs that
//! one alone, `SEEDS=10000` runs the first so many instead of 200.
//!
//! Each seed is a few *lives* of an engine over one store. Each life ends with a crash (what the store has
//! not written is lost, some of what it has written nobody has heard of) or with an orderly stop. The last life
//! heals everything; then `check` looks whether the promises were kept.

#![allow(clippy::unwrap_used, reason = "a test that can't go on breaks off")]

#[path = "../support/mod.rs"]
mod support;

mod check;
mod partner;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use world::World;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs a seed; gives what happened, for a digest, or what is wrong.
fn run(seed: u64) -> Result<world::Tally, String> {
    let run = AssertUnwindSafe(|| {
        let mut world = World::new(seed);
        world.live();
        check::check(&world).map(|()| world.tally())
    });
    catch_unwind(run).unwrap_or_else(|_| Err("it broke off".to_owned()))
}

#[test]
fn promises_hold_for_every_seed() {
    let seeds = number("SEED").map_or(0..number("SEEDS").unwrap_or(200), |seed| seed..seed + 1);
    let (next, last) = (Arc::new(AtomicU64::new(seeds.start)), seeds.end);
    let total = Arc::new(Mutex::new(world::Tally::default()));
    let failed = Arc::new(Mutex::new(Vec::new()));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= last {
                return;
            }
            match run(seed) {
                Ok(tally) => total.lock().unwrap().add(&tally),
                Err(error) => {
                    println!("SEED={seed}: {error}");
                    failed.lock().unwrap().push(seed);
                }
            }
        }
    };
    std::thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(work))));
    println!("{} seeds: {:?}", seeds.end - seeds.start, total.lock().unwrap());
    let failed = failed.lock().unwrap();
    assert!(failed.is_empty(), "{} seeds failed: {:?}", failed.len(), &failed[..failed.len().min(20)]);
}

#[test]
fn a_seed_runs_the_same_way_every_time() {
    for seed in [3, 14, 15] {
        let (one, two) = (run(seed).unwrap(), run(seed).unwrap());
        assert_eq!(one, two, "seed {seed}");
    }
}
