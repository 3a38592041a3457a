//! How connections lived: what no single look shows and a row of them does. A pattern is surer than what one
//! look says on the same rung.

use std::time::Duration;

use klinke_model::Timestamp;

use super::{LATELY, Suspicion};
use crate::cause::*;
use crate::clock::moment;
use crate::facts::{End, Ended, Facts, How, Outage, Outbound};
use crate::lang::{Text, listed, span};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY_MICROS: i64 = 86_400_000_000;
/// How many of a kind make a pattern.
const ROW: usize = 3;
/// How many breaks without a pattern within an hour are too many.
const BREAKS_MAX: usize = 4;
/// Messages up to this size pass any network that passes anything.
const SMALL_BYTES: u64 = 1_000;

/// The patterns of one way to a system.
pub(super) fn judge(facts: &Facts, out: &Outbound) -> Vec<Suspicion> {
    let sizes = sizes(facts, out);
    let lost = if sizes.is_none() { unacknowledged(facts, out) } else { None };
    let all = [idle_drop(out), sizes, lost, outages(facts, out), breaks(facts, out)];
    all.into_iter().flatten().map(|one| one.word("address", &out.address)).collect()
}

/// Kept connections that were silent longer than some time carry no more, all others do.
fn idle_drop(out: &Outbound) -> Option<Suspicion> {
    let bad: Vec<Duration> =
        out.lives.reused.iter().filter(|(_, good)| !good).map(|(idle, _)| *idle).collect();
    let shortest = bad.iter().min().copied()?;
    let longest_good = out.lives.reused.iter().filter(|(_, good)| *good).map(|(idle, _)| *idle).max();
    let is_split = longest_good.is_none_or(|good| good < shortest);
    if bad.len() < ROW || !is_split || !out.has_worked {
        return None;
    }
    let good = longest_good.map_or_else(|| Text::same("0 s"), span);
    Some(Suspicion::new(&IDLE_DROP, 0.91).time("span", shortest).proof(Text::new(
        format!(
            "{} connections were dead after at least {} of silence, none after up to {}",
            bad.len(),
            span(shortest).en,
            good.en
        ),
        format!(
            "{} Verbindungen waren nach mindestens {} Stille tot, keine nach bis zu {}",
            bad.len(),
            span(shortest).de,
            good.de
        ),
    )))
}

/// Small messages pass, and large ones get no answer.
fn sizes(facts: &Facts, out: &Outbound) -> Option<Suspicion> {
    let lately = || out.attempts.iter().filter(|one| facts.now.since(one.ended) < LATELY);
    let stuck: Vec<_> = lately()
        .filter(|one| one.end == End::Unclear && matches!(one.code.as_str(), "timeout" | "reset"))
        .collect();
    let passed: Vec<u64> = lately().filter(|one| one.end == End::Accepted).map(|one| one.bytes).collect();
    let smallest = stuck.iter().map(|one| one.bytes).min()?;
    let largest = passed.iter().copied().max()?;
    if stuck.len() < 2 || passed.len() < 2 || smallest <= largest.max(SMALL_BYTES) || smallest < largest * 2 {
        return None;
    }
    let ended = out.lives.ended.iter().rev().filter(|one| one.how == How::TimedOut && one.in_work);
    let unacknowledged: Vec<u64> = ended.take(stuck.len()).filter_map(|one| one.unacknowledged).collect();
    let again = out.lives.ended.iter().any(|one| one.retransmits.is_some_and(|count| count > 0));
    let is_line = unacknowledged.iter().any(|bytes| *bytes > 0);
    let cause = if is_line { &BLACK_HOLE } else { &LARGE_HANG };
    // Without repetitions it may be that nobody reads at the other end.
    let confidence = if is_line && again { 0.92 } else { 0.85 };
    let mut one = Suspicion::new(cause, confidence).word("size", smallest).proof(Text::new(
        format!("{} messages of up to {largest} bytes were accepted, {} of {smallest} bytes or more were not answered", passed.len(), stuck.len()),
        format!("{} Nachrichten bis {largest} Bytes wurden genommen, {} ab {smallest} Bytes nicht beantwortet", passed.len(), stuck.len()),
    ));
    if let Some(bytes) = unacknowledged.iter().max() {
        one = one.proof(Text::new(
            format!("bytes that the other machine had not even acknowledged: {bytes}"),
            format!("Bytes, die der andere Rechner nicht einmal bestätigt hatte: {bytes}"),
        ));
    }
    Some(one.since(stuck.first().map(|one| one.ended)))
}

/// What was sent last was sent again and again by our system, and never acknowledged by the other one's.
fn unacknowledged(facts: &Facts, out: &Outbound) -> Option<Suspicion> {
    let lately = |one: &&Ended| one.how == How::TimedOut && facts.now.since(one.at) < HOUR;
    let row: Vec<&Ended> = out.lives.ended.iter().rev().filter(lately).take(2).collect();
    let lost = |one: &&Ended| one.unacknowledged.unwrap_or(0) > 0 && one.retransmits.unwrap_or(0) > 1;
    let fails = out.attempts.last().is_some_and(|last| last.end != End::Accepted);
    let newest = row.first().filter(|_| fails && row.len() == 2 && row.iter().all(lost))?;
    let count = newest.retransmits.unwrap_or(0);
    Some(Suspicion::new(&UNACKNOWLEDGED, 0.85).word("count", count).proof(Text::new(
        format!("{} bytes not acknowledged, {}", newest.unacknowledged.unwrap_or(0), moment(newest.at)),
        format!("{} Bytes nicht bestätigt, {}", newest.unacknowledged.unwrap_or(0), moment(newest.at)),
    )))
}

/// It comes and goes; or it goes at the same hour each day.
fn outages(facts: &Facts, out: &Outbound) -> Option<Suspicion> {
    let gone = |one: &&Outage| matches!(one.code.as_str(), "refused" | "reset" | "closed" | "unreachable");
    let all: Vec<&Outage> = out.outages.iter().filter(gone).collect();
    if let Some(found) = nightly(facts, &all) {
        return Some(found);
    }
    let recent: Vec<&&Outage> = all.iter().filter(|one| facts.now.since(one.from) < HOUR).collect();
    let (first, last) = (recent.first()?, recent.last()?);
    let over = recent.iter().filter(|one| one.until.is_some()).count();
    if over < ROW || !out.has_worked {
        return None;
    }
    let time = last.until.unwrap_or(facts.now).since(first.from);
    let times: Vec<String> = recent.iter().rev().take(5).map(|one| moment(one.from)).collect();
    Some(
        Suspicion::new(&RESTARTS, 0.93)
            .word("count", recent.len())
            .time("span", time)
            .since(Some(first.from))
            .proof(Text::new(
                format!("away at {}", times.join(", ")),
                format!("weg um {}", times.join(", ")),
            )),
    )
}

/// Away now, and at this hour on the days before.
fn nightly(facts: &Facts, all: &[&Outage]) -> Option<Suspicion> {
    let now = all.last().filter(|one| one.until.is_none())?;
    let of_day = |time: Timestamp| time.0.rem_euclid(DAY_MICROS);
    let near = |one: &&&Outage| {
        let apart = (of_day(one.from) - of_day(now.from)).abs();
        let apart = apart.min(DAY_MICROS - apart);
        let short = one.until.is_some_and(|until| until.since(one.from) < HOUR);
        apart < 20 * 60_000_000 && short && now.from.since(one.from) > Duration::from_secs(12 * 3_600)
    };
    let before: Vec<&&Outage> = all.iter().filter(near).collect();
    let longest = before.iter().filter_map(|one| Some(one.until?.since(one.from))).max()?;
    // When it takes longer than ever, it is more than the nightly restart.
    if before.len() < 2 || facts.now.since(now.from) > longest * 2 + Duration::from_secs(300) {
        return None;
    }
    Some(
        Suspicion::new(&NIGHTLY, 0.92)
            .word("since", moment(now.from))
            .word("count", before.len())
            .time("span", longest)
            .since(Some(now.from))
            .proof(Text::new(
                format!("away from {}, and on {} days before", moment(now.from), before.len()),
                format!("weg seit {}, und an {} Tagen davor", moment(now.from), before.len()),
            )),
    )
}

/// Connections that broke in the middle of work: at the same message each time, at the same age, or
/// whenever.
fn breaks(facts: &Facts, out: &Outbound) -> Option<Suspicion> {
    let broke = |one: &&Ended| {
        let of_itself = matches!(one.how, How::ByPartner | How::Reset);
        of_itself && one.in_work && facts.now.since(one.at) < HOUR
    };
    let all: Vec<&Ended> = out.lives.ended.iter().filter(broke).collect();
    let carried: Vec<&&Ended> = all.iter().filter(|one| one.frames > 0).collect();
    if !out.has_worked || carried.len() < ROW || carried.len() * 2 < all.len() {
        return None;
    }
    let row = &carried[carried.len().saturating_sub(6)..];
    let (first, count) = (row.first()?, carried.len());
    if row.iter().all(|one| one.frames == first.frames) {
        let counts = row.iter().map(|one| (one.frames + 1).to_string()).collect::<Vec<_>>().join(", ");
        return Some(Suspicion::new(&EVERY_NTH, 0.92).word("count", first.frames + 1).proof(Text::new(
            format!("connections broke at message {counts}"),
            format!("Verbindungen brachen bei Nachricht {counts} ab"),
        )));
    }
    let ages = listed(row.iter().map(|one| span(one.lived)));
    let proof =
        Text::new(format!("they had stood for {}", ages.en), format!("sie hatten {} gestanden", ages.de));
    let mean = row.iter().map(|one| one.lived).sum::<Duration>() / u32::try_from(row.len()).unwrap_or(1);
    let alike = row.iter().all(|one| one.lived.abs_diff(mean) < mean / 8);
    if alike && mean > Duration::from_secs(1) {
        return Some(Suspicion::new(&FIXED_AGE, 0.75).time("span", mean).proof(proof));
    }
    (count >= BREAKS_MAX).then(|| {
        let time = facts.now.since(all.first().map_or(facts.now, |one| one.at));
        Suspicion::new(&BREAKS, 0.7).word("count", count).time("span", time).proof(proof)
    })
}
