//! What probes saw, from the name up to what answers.

use super::{Suspicion, is_proven};
use crate::cause::*;
use crate::clock::moment;
use crate::facts::{Facts, Outbound};
use crate::lang::Text;
use crate::{Did, Layer, Rejection, Seen, Speech, Step, TlsFault};

/// Days before a certificate's end from which it is told.
const SOON_DAYS: i64 = 21;

/// The first rung that breaks, and what will break soon.
pub(super) fn judge(facts: &Facts, out: &Outbound) -> Vec<Suspicion> {
    let mut found: Vec<Suspicion> = out.steps.iter().filter_map(|step| soon(out, step)).collect();
    if !is_proven(facts, out) {
        found.extend(broken(out).map(|suspicion| suspicion.since(begin(out))));
    }
    found
}

/// Since when nothing went through.
fn begin(out: &Outbound) -> Option<klinke_model::Timestamp> {
    let failing = out.attempts.iter().rev().take_while(|one| one.end != crate::facts::End::Accepted);
    failing.last().map(|one| one.ended)
}

fn soon(out: &Outbound, step: &Step) -> Option<Suspicion> {
    let Seen::Secured { days: Some(days), .. } = step.saw else { return None };
    (days <= SOON_DAYS).then(|| {
        Suspicion::new(&TLS_SOON, 1.0)
            .word("address", &out.address)
            .word("days", days)
            .proof(step.text())
            .minor()
    })
}

fn broken(out: &Outbound) -> Option<Suspicion> {
    let mut way = None;
    for step in &out.steps {
        if step.layer == Layer::Route {
            way = Some(step);
        }
        let found = of_step(out, step, way);
        if let Some(suspicion) = found {
            return Some(told(out, suspicion.proof(step.text())));
        }
    }
    None
}

/// Names and attempts that go with it.
fn told(out: &Outbound, suspicion: Suspicion) -> Suspicion {
    let suspicion = suspicion.word("address", &out.address);
    match out.attempts.last().filter(|last| last.end != crate::facts::End::Accepted) {
        Some(last) => suspicion.proof(Text::new(
            format!("latest attempt, {}: {} {}", moment(last.ended), last.code, last.text),
            format!("letzter Versuch, {}: {} {}", moment(last.ended), last.code, last.text),
        )),
        None => suspicion,
    }
}

fn of_step(out: &Outbound, step: &Step, way: Option<&Step>) -> Option<Suspicion> {
    let is_silent = |way: Option<&Step>| {
        way.is_some_and(|way| matches!(way.saw, Seen::Way { neighbour: Some(false), .. }))
    };
    let new = |cause, confidence| Some(Suspicion::new(cause, confidence));
    match &step.saw {
        Seen::NoName => named(new(&NAME_UNKNOWN, 0.95), step),
        Seen::NameTimedOut => named(new(&NAME_SERVICE, 0.8), step),
        Seen::InterfaceDown(interface) => {
            new(&INTERFACE_DOWN, 0.95).map(|one| one.word("interface", interface))
        }
        Seen::NoWay | Seen::Unreachable(_) => new(&NO_ROUTE, 0.8),
        Seen::Refused if out.has_worked => new(&REFUSED, 0.9),
        Seen::Refused => new(&WRONG_PORT, 0.7),
        Seen::TimedOut if is_silent(way) => new(&NEIGHBOUR, 0.85),
        Seen::TimedOut => new(&CONNECT_TIMEOUT, 0.75),
        Seen::Failed(_) if step.layer == Layer::Tcp => new(&CONNECT_TIMEOUT, 0.5),
        Seen::Reset | Seen::ClosedAtOnce => new(&TURNED_AWAY, 0.75),
        Seen::TlsFailed(fault) => Some(of_tls(fault)),
        Seen::Spoke(speech) => of_speech(out, *speech),
        Seen::Rejected(why) => Some(of_rejection(why, step)),
        Seen::FolderMissing | Seen::NoFolder => new(&FOLDER_MISSING, 0.95),
        Seen::FolderClosed(why) => new(&FOLDER_CLOSED, 0.95).map(|one| one.word("what", why)),
        Seen::FolderFull(_) => new(&FOLDER_FULL, 0.9),
        Seen::FolderHangs => new(&FOLDER_HANGS, 0.8),
        Seen::NotEchoed => new(&NO_ANSWER, 0.9).map(|one| one.time("span", step.took)),
        _ => None,
    }
}

fn named(suspicion: Option<Suspicion>, step: &Step) -> Option<Suspicion> {
    let Did::Resolved(host) = &step.did else { return suspicion };
    suspicion.map(|one| one.word("host", host))
}

fn of_rejection(why: &Rejection, step: &Step) -> Suspicion {
    let suspicion = match why {
        Rejection::Called => Suspicion::new(&AE_CALLED, 0.95),
        Rejection::Calling => Suspicion::new(&AE_CALLING, 0.95),
        Rejection::Busy(what) => Suspicion::new(&AE_BUSY, 0.8).word("what", what),
        Rejection::Other(what) => Suspicion::new(&AE_REJECTED, 0.7).word("what", what),
    };
    match &step.did {
        Did::Associated { called, calling, .. } => suspicion.word("called", called).word("calling", calling),
        _ => suspicion,
    }
}

fn of_tls(fault: &TlsFault) -> Suspicion {
    let new = |cause, confidence| Suspicion::new(cause, confidence);
    match fault {
        TlsFault::NotTls => new(&NO_TLS_THERE, 0.95),
        TlsFault::Expired(days) => new(&TLS_EXPIRED, 0.95).word("days", days),
        TlsFault::NotYet(days) => new(&TLS_NOT_YET, 0.95).word("days", days),
        TlsFault::WrongName(wanted, has) => {
            new(&TLS_NAME, 0.95).word("wanted", wanted).word("has", has.join(", "))
        }
        TlsFault::UnknownAuthority => new(&TLS_AUTHORITY, 0.95),
        TlsFault::OtherFingerprint => new(&TLS_FINGERPRINT, 0.95),
        TlsFault::TooOld => new(&TLS_OLD, 0.95),
        TlsFault::WantsCertificate => new(&TLS_CLIENT, 0.9),
        TlsFault::Closed | TlsFault::TimedOut | TlsFault::Other(_) => {
            new(&TLS_BREAKS, 0.6).text("what", fault.text())
        }
    }
}

/// What answers there is not what should.
pub(super) fn of_speech(out: &Outbound, speech: Speech) -> Option<Suspicion> {
    let wanted = out.speech?;
    if speech == wanted {
        return None;
    }
    Some(match speech {
        Speech::Tls => Suspicion::new(&TLS_THERE, 0.95),
        Speech::Other => Suspicion::new(&NONSENSE, 0.6).word("wanted", wanted.name()),
        other => {
            Suspicion::new(&OTHER_PROTOCOL, 0.95).word("speech", other.name()).word("wanted", wanted.name())
        }
    })
}
