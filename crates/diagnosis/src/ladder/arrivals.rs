//! What comes from a system, and how.

use std::collections::BTreeMap;
use std::time::Duration;

use klinke_model::Timestamp;

use super::{LATELY, Rung, Suspicion};
use crate::cause::*;
use crate::clock::moment;
use crate::facts::{Arrived, Charset, Facts, How, Inbound};
use crate::lang::{Text, counted, listed, span};
use crate::{Layer, Speech};

/// From this many seconds on a clock is off.
const CLOCK_SECONDS: i64 = 120;
/// How many arrivals say something of a clock.
const CLOCK_ROW: usize = 5;
/// How often the same message must come in a row.
const RESENT: usize = 5;
/// How long ago something may be that is told.
const NEWS: Duration = Duration::from_secs(900);

/// What the arrivals of one channel say.
pub(super) fn judge(facts: &Facts, one: &Inbound) -> Vec<Suspicion> {
    let all = [
        turned_away(facts, one),
        speaks(facts, one),
        frames(facts, one),
        no_message(facts, one),
        idle_reset(one),
        resends(facts, one),
        clock(one),
        charset(one),
        two_senders(one),
        steps(one),
        flood(one),
    ];
    all.into_iter().flatten().map(|found| named(found, facts, one)).collect()
}

fn named(found: Suspicion, facts: &Facts, one: &Inbound) -> Suspicion {
    let system = facts.title.as_ref().unwrap_or(&facts.system);
    found.word("system", system).word("channel", &one.name).word("address", &one.address)
}

/// True when this is newer than the last frame that was good.
fn is_news(facts: &Facts, one: &Inbound, at: Timestamp) -> bool {
    facts.now.since(at) < NEWS && one.last_frame.is_none_or(|last| last < at)
}

/// Connections that did not come in.
fn turned_away(facts: &Facts, one: &Inbound) -> Option<Suspicion> {
    let (why, count, at) = one.turned_away.iter().max_by_key(|(_, _, at)| *at)?;
    let proof = Text::new(
        format!("turned away at {address}: {count} times, last {}", moment(*at), address = one.address),
        format!("an {address} abgewiesen: {count}-mal, zuletzt {}", moment(*at), address = one.address),
    );
    if *why == "room" && facts.now.since(*at) < NEWS {
        return Some(Suspicion::new(&TOO_MANY, 0.85).word("count", one.open).proof(proof));
    }
    // Others may knock too: while the sender's own connection stands, they are not the sender.
    if one.open > 0 || !is_news(facts, one, *at) {
        return None;
    }
    if *why == "list" {
        return Some(Suspicion::new(&NOT_ON_LIST, 0.85).proof(proof));
    }
    tls_words(why).map(|what| Suspicion::new(&TLS_TURNED_AWAY, 0.9).text("what", what).proof(proof))
}

fn tls_words(why: &str) -> Option<Text> {
    Some(match why {
        "tls-plain" => Text::new("it sends in the clear", "er sendet im Klartext"),
        "tls-no-certificate" => Text::new("it shows no certificate", "er zeigt kein Zertifikat"),
        "tls-certificate" => {
            Text::new("its certificate is not accepted here", "sein Zertifikat wird hier nicht angenommen")
        }
        "tls-refused" => {
            Text::new("it does not accept our certificate", "er nimmt unser Zertifikat nicht an")
        }
        "tls-version" => Text::new("its TLS is older than 1.2", "sein TLS ist älter als 1.2"),
        "tls-stranger" => Text::new(
            "its certificate stands for no system of the site",
            "sein Zertifikat steht für kein System des Standorts",
        ),
        "tls" => Text::new("the handshake breaks", "der Handschlag bricht ab"),
        _ => return None,
    })
}

/// Another protocol at our port.
fn speaks(facts: &Facts, one: &Inbound) -> Option<Suspicion> {
    let (at, speech) = one.lives.spoke?;
    let wanted = one.speech?;
    if speech == wanted || !is_news(facts, one, at) {
        return None;
    }
    let proof = Text::new(
        format!("its first bytes, {}, are {}", moment(at), speech.name()),
        format!("seine ersten Bytes, {}, sind {}", moment(at), speech.name()),
    );
    let found = match speech {
        Speech::Tls => Suspicion::new(&SPEAKS_TLS, 0.95),
        Speech::Other => return None,
        other => {
            Suspicion::new(&SPEAKS_OTHER, 0.9).word("speech", other.name()).word("wanted", wanted.name())
        }
    };
    Some(found.proof(proof))
}

fn count(one: &Inbound, facts: &Facts, kinds: &[&str]) -> u64 {
    let of_kind = |(kind, count, at): &(&'static str, u64, Timestamp)| {
        (kinds.contains(kind) && facts.now.since(*at) < NEWS).then_some(*count)
    };
    one.violations.iter().filter_map(of_kind).sum()
}

/// Messages that break off.
fn frames(facts: &Facts, one: &Inbound) -> Option<Suspicion> {
    let broken = count(one, facts, &["truncated", "silence-in-frame"]);
    (broken >= 3 && broken * 4 >= one.frames).then(|| {
        Suspicion::new(&BROKEN_FRAMES, 0.75).word("count", broken).proof(Text::new(
            format!("{broken} broken frames beside {} whole ones", one.frames),
            format!("{broken} gebrochene Rahmen neben {} ganzen", one.frames),
        ))
    })
}

/// Frames that hold no message.
fn no_message(facts: &Facts, one: &Inbound) -> Option<Suspicion> {
    let odd = count(one, facts, &["no-message"]);
    (odd >= 3 && odd * 2 >= one.frames).then(|| {
        Suspicion::new(&NO_MESSAGE, 0.85).word("count", odd).proof(Text::new(
            format!("{odd} of {} frames hold no message", one.frames),
            format!("{odd} von {} Rahmen enthalten keine Nachricht", one.frames),
        ))
    })
}

/// Connections that a firewall resets after the same silence each time.
fn idle_reset(one: &Inbound) -> Option<Suspicion> {
    let reset = one.lives.ended.iter().filter(|one| one.how == How::Reset && !one.in_work);
    let idle: Vec<Duration> = reset.map(|one| one.idle).collect();
    let mean = idle.iter().sum::<Duration>().checked_div(u32::try_from(idle.len()).ok()?)?;
    let alike = idle.iter().all(|one| one.abs_diff(mean) < mean / 6);
    (idle.len() >= 3 && alike && mean > Duration::from_millis(100)).then(|| {
        let all = listed(idle.iter().map(|one| span(*one)));
        Suspicion::new(&IDLE_RESET, 0.8).time("span", mean).minor().proof(Text::new(
            format!("reset after {} of silence", all.en),
            format!("zurückgesetzt nach {} Stille", all.de),
        ))
    })
}

/// The same message again and again.
fn resends(facts: &Facts, one: &Inbound) -> Option<Suspicion> {
    let last = one.arrivals.last()?;
    let same = |other: &&Arrived| other.control == last.control && other.content == last.content;
    let row = one.arrivals.iter().rev().take_while(same).count();
    (row >= RESENT && last.control != 0 && facts.now.since(last.at) < NEWS).then(|| {
        Suspicion::new(&RESENDS, 0.85).proof(Text::new(
            format!("the latest {row} arrivals are one and the same message"),
            format!("die letzten {row} Eingänge sind ein und dieselbe Nachricht"),
        ))
    })
}

/// By how many seconds the sender's clock is ahead of ours, as its latest messages say; nothing when they
/// do not say it clearly.
pub(super) fn ahead(one: &Inbound) -> Option<i64> {
    let latest = one.arrivals.iter().rev().take(40);
    let mut times: Vec<(i64, Timestamp)> = latest
        .filter_map(|arrived| {
            let (seconds, zoned) = arrived.ahead?;
            Some((if zoned { seconds } else { seconds - one.zone_seconds }, arrived.at))
        })
        .collect();
    let (newest, oldest) = (times.first()?.1, times.last()?.1);
    times.sort_unstable();
    let middle = times.get(times.len() / 2)?.0;
    let (least, most) = (times.first()?.0, times.last()?.0);
    if times.len() < CLOCK_ROW || most - least > 60 {
        return None;
    }
    // What was sent late looks like a clock that is behind: only a full half hour, or the same distance
    // over a long time, is no backlog.
    let off_hour = middle.rem_euclid(1_800).min(1_800 - middle.rem_euclid(1_800));
    let long = newest.since(oldest) > Duration::from_secs(600) && times.len() >= 20;
    let is_clock = middle > 0 || off_hour < 30 || long;
    is_clock.then_some(middle)
}

fn clock(one: &Inbound) -> Option<Suspicion> {
    let seconds = ahead(one).filter(|seconds| seconds.abs() >= CLOCK_SECONDS)?;
    let time = Duration::from_secs(seconds.unsigned_abs());
    let direction =
        if seconds > 0 { Text::new("ahead of ours", "vor") } else { Text::new("behind ours", "nach") };
    Some(Suspicion::new(&CLOCK, 0.9).time("span", time).text("direction", direction.clone()).minor().proof(
        Text::new(
            format!("the time in its messages is {} {}", span(time).en, direction.en),
            format!("die Zeit in seinen Nachrichten geht {} {}", span(time).de, direction.de),
        ),
    ))
}

/// Characters that are not what the message says.
fn charset(one: &Inbound) -> Option<Suspicion> {
    let telling: Vec<Charset> =
        one.arrivals.iter().map(|one| one.charset).filter(|charset| *charset != Charset::Plain).collect();
    let wrong = |charset: &&Charset| {
        **charset == Charset::IsUtf8 || **charset == Charset::IsUtf8Unsaid && !one.is_utf8
    };
    let (utf8, other) = (
        telling.iter().filter(wrong).count(),
        telling.iter().filter(|one| **one == Charset::IsNotUtf8).count(),
    );
    let (cause, count) = if utf8 >= other { (&CHARSET, utf8) } else { (&CHARSET_NOT_UTF8, other) };
    (count >= 3 && count * 2 > telling.len()).then(|| {
        Suspicion::new(cause, 0.9).minor().proof(Text::new(
            format!("{count} of the latest {} messages with special characters", telling.len()),
            format!("{count} der letzten {} Nachrichten mit Sonderzeichen", telling.len()),
        ))
    })
}

/// One identity, one identifier, two machines, two contents.
fn two_senders(one: &Inbound) -> Option<Suspicion> {
    let mut first: BTreeMap<(u64, u64), &Arrived> = BTreeMap::new();
    let mut clashes = 0;
    for arrived in one.arrivals.iter().filter(|one| one.control != 0) {
        let known = first.entry((arrived.identity, arrived.control)).or_insert(arrived);
        clashes += usize::from(known.peer != arrived.peer && known.content != arrived.content);
    }
    (clashes >= 2).then(|| {
        Suspicion::new(&TWO_SENDERS, 0.9).minor().proof(Text::new(
            format!("{clashes} identifiers came from two addresses with different content"),
            format!("{clashes} Kennungen kamen von zwei Adressen mit verschiedenem Inhalt"),
        ))
    })
}

/// Steps that fail.
fn steps(one: &Inbound) -> Option<Suspicion> {
    let (envelope, step, reason) = one.failed.first()?;
    let same = one.failed.iter().filter(|(_, other, _)| other == step).count();
    let told = |found: Suspicion| {
        let proof = format!("envelope {envelope}: {step}: {reason}");
        let german = format!("Sendung {envelope}: {step}: {reason}");
        found.word("step", step).word("envelope", envelope).proof(Text::new(proof, german))
    };
    if same >= 3 {
        let found =
            Suspicion::new(&STEPS_FAIL, 0.85).word("count", same).word("of", one.seen.max(same as u64));
        return Some(told(found));
    }
    Some(told(Suspicion::new(&STEP_FAILS, 0.8)).minor())
}

/// More than can go on.
fn flood(one: &Inbound) -> Option<Suspicion> {
    let refuses = one.refuses.as_ref().filter(|_| !one.blocked)?;
    Some(Suspicion::new(&FLOOD, 0.8).proof(Text::new(
        format!("the source refuses: {refuses}"),
        format!("die Quelle nimmt nichts an: {refuses}"),
    )))
}

/// The arrivals as a rung.
pub(super) fn rung(facts: &Facts, one: &Inbound) -> Option<Rung> {
    let last = one.last_frame?;
    let ago = span(facts.now.since(last));
    let open = counted(one.open, ("connection", "Verbindung"), ("connections", "Verbindungen"));
    Some(Rung {
        layer: Layer::Content,
        at: one.name.clone(),
        did: Text::new("looked at what arrives", "angesehen, was ankommt"),
        saw: Text::new(
            format!("{} since the start, the last {} ago, {}", one.frames, ago.en, open.en),
            format!("{} seit dem Start, zuletzt vor {}, {}", one.frames, ago.de, open.de),
        ),
        took: None,
        well: (facts.now.since(last) < LATELY).then_some(true),
    })
}
