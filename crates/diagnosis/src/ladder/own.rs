//! This machine and this program.

use std::time::Duration;

use super::{Judgement, Rung, Suspicion, order};
use crate::cause::*;
use crate::facts::{Facts, Inbound, Own};
use crate::lang::Text;
use crate::{Did, Layer, Seen, Step};

/// Days before our own certificate's end from which it is told.
const SOON_DAYS: i64 = 21;

/// Judges this machine and this program.
pub fn judge_own(own: &Own) -> Judgement {
    let mut suspicions = Vec::new();
    suspicions.extend(store(own));
    suspicions.extend(memory(own));
    suspicions.extend(handles(own));
    suspicions.extend(clock(own));
    suspicions.extend(own.stopped.iter().map(|(channel, why)| {
        Suspicion::new(&CHANNEL_STOPPED, 0.95)
            .word("channel", channel)
            .word("what", why)
            .proof(Text::same(why))
    }));
    if let Some(first) = own.faults.first() {
        let one = Suspicion::new(&FILES, 0.95).word("what", first);
        suspicions.push(own.faults.iter().take(5).fold(one, |one, fault| one.proof(Text::same(fault))));
    }
    suspicions.extend(own.steps.iter().filter_map(certificate));
    if own.unbalanced {
        suspicions.push(Suspicion::new(&BOOKS, 0.9));
    }
    order(&mut suspicions);
    Judgement {
        system: "klinke".to_owned(),
        title: Some("Klinke".to_owned()),
        site: own.site.clone(),
        at: own.now,
        suspicions,
        rungs: rungs(own),
        ..Judgement::default()
    }
}

fn store(own: &Own) -> Option<Suspicion> {
    if let Some(what) = &own.store_refuses {
        return Some(Suspicion::new(&STORE, 0.95).word("what", what).proof(Text::same(what)));
    }
    let free = own.disk_free?;
    // Twice the reserve: there is time to make room before sources refuse.
    (free < own.disk_reserve.saturating_mul(2)).then(|| {
        Suspicion::new(&DISK, 0.95)
            .word("free", free / 1_000_000)
            .word("reserve", own.disk_reserve / 1_000_000)
            .minor()
    })
}

fn memory(own: &Own) -> Option<Suspicion> {
    let (free, all) = own.memory?;
    (free < all / 33 && free < 512_000_000).then(|| {
        Suspicion::new(&MEMORY, 0.9).word("free", free / 1_000_000).word("all", all / 1_000_000).minor()
    })
}

fn handles(own: &Own) -> Option<Suspicion> {
    let (used, all) = own.handles?;
    (used > all / 10 * 9).then(|| Suspicion::new(&HANDLES, 0.9).word("used", used).word("all", all).minor())
}

fn clock(own: &Own) -> Vec<Suspicion> {
    let mut found = Vec::new();
    if let Some(jump) = own.clock_jump {
        found.push(Suspicion::new(&CLOCK_JUMP, 0.9).time("span", jump).minor());
    }
    if let Some((off, of, seconds)) = own.clocks.filter(|(off, of, _)| *off >= 2 && off == of) {
        let time = Duration::from_secs(seconds.unsigned_abs());
        found.push(
            Suspicion::new(&OWN_CLOCK, 0.85).word("count", off).word("of", of).time("span", time).minor(),
        );
    }
    found
}

fn certificate(step: &Step) -> Option<Suspicion> {
    let Did::ReadCertificate(file) = &step.did else {
        let Did::LookedAtPort(address) = &step.did else { return None };
        let closed = step.saw == Seen::NotOpen;
        return closed.then(|| Suspicion::new(&PORT_CLOSED, 0.8).word("address", address).proof(step.text()));
    };
    let bad = match step.saw {
        Seen::Days(days) => days <= SOON_DAYS,
        Seen::Unreadable(_) => true,
        _ => false,
    };
    let one = Suspicion::new(&OWN_CERTIFICATE, 0.95).word("file", file).text("what", step.saw.text());
    let one = one.proof(step.text());
    bad.then(|| if matches!(step.saw, Seen::Days(days) if days > 0) { one.minor() } else { one })
}

fn rungs(own: &Own) -> Vec<Rung> {
    let mut rungs = Vec::new();
    let mut add = |en: &str, de: &str, saw: Text, well: bool| {
        rungs.push(Rung {
            layer: Layer::Own,
            at: "klinke".to_owned(),
            did: Text::new(en, de),
            saw,
            took: None,
            well: Some(well),
        });
    };
    if let Some(free) = own.disk_free {
        let saw = Text::new(format!("{} MB free", free / 1_000_000), format!("{} MB frei", free / 1_000_000));
        add(
            "looked at the store's disk",
            "die Platte des Speichers angesehen",
            saw,
            free >= own.disk_reserve,
        );
    }
    if let Some((free, all)) = own.memory {
        let (free, all) = (free / 1_000_000, all / 1_000_000);
        let saw = Text::new(format!("{free} of {all} MB free"), format!("{free} von {all} MB frei"));
        add("looked at the memory", "den Arbeitsspeicher angesehen", saw, free > all / 33);
    }
    if let Some((used, all)) = own.handles {
        let saw = Text::new(format!("{used} of {all} in use"), format!("{used} von {all} belegt"));
        add("counted file handles", "Dateikennungen gezählt", saw, used <= all / 10 * 9);
    }
    rungs.extend(own.steps.iter().map(|step| super::rung("klinke", step)));
    rungs
}

impl Own {
    /// Takes over what the arrivals of all systems say of clocks.
    pub fn compare_clocks(&mut self, all: &[Facts]) {
        let of = |facts: &Facts| facts.from.iter().filter_map(super::arrivals::ahead).next();
        let ahead: Vec<i64> = all.iter().filter_map(of).collect();
        let off: Vec<i64> = ahead.iter().copied().filter(|seconds| seconds.abs() >= 120).collect();
        let Some(first) = off.first() else { return };
        let alike = off.iter().all(|seconds| (seconds - first).abs() < 90);
        self.clocks = alike.then_some((off.len(), ahead.len(), *first));
    }
}

impl Inbound {
    /// True when nothing has come over it.
    pub fn is_quiet(&self) -> bool {
        self.frames == 0 && self.open == 0
    }
}
