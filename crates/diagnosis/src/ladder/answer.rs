//! What attempts were answered, and what was refused.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{LATELY, Rung, Suspicion, is_proven, wire};
use crate::Layer;
use crate::cause::*;
use crate::clock::moment;
use crate::facts::{End, Facts, Outbound, Tried};
use crate::lang::{Text, span};

/// Attempts in a row that say more than chance.
const ROW: usize = 2;
/// From this share of its limit on an answer is slow.
const SLOW_SHARE: f64 = 0.5;

/// The attempts of the last hours, seen from the end.
struct View<'a> {
    lately: Vec<&'a Tried>,
    /// Those since the last acceptance.
    failing: Vec<&'a Tried>,
    accepted: usize,
}

impl<'a> View<'a> {
    fn new(facts: &Facts, out: &'a Outbound) -> Self {
        let lately: Vec<&Tried> =
            out.attempts.iter().filter(|one| facts.now.since(one.ended) < LATELY).collect();
        let from = lately.iter().rposition(|one| one.end == End::Accepted).map_or(0, |at| at + 1);
        let accepted = lately.iter().filter(|one| one.end == End::Accepted).count();
        View { failing: lately[from..].to_vec(), accepted, lately }
    }

    /// Attempts that the partner refused. What it took later needs nobody.
    fn refused(&self) -> Vec<&'a Tried> {
        let accepted = self.lately.iter().filter(|one| one.end == End::Accepted);
        let taken: BTreeSet<u64> = accepted.map(|one| one.envelope).collect();
        let refused =
            |one: &&&Tried| one.end == End::Refused && !is_ours(&one.code) && !taken.contains(&one.envelope);
        self.lately.iter().filter(refused).copied().collect()
    }
}

/// Codes that mean that we could not send, not that the partner would not take.
fn is_ours(code: &str) -> bool {
    matches!(code, "unreadable" | "too-large" | "fault")
}

/// What the attempts say.
pub(super) fn judge(facts: &Facts, out: &Outbound) -> Vec<Suspicion> {
    let view = View::new(facts, out);
    let mut found = Vec::new();
    if let Some(last) = view.failing.last() {
        let enough = view.failing.len() >= ROW || out.down || last.end == End::Refused;
        if enough && !is_proven(facts, out) {
            found.extend(failing(facts, out, &view, last));
        }
    }
    found.extend(refused(out, &view));
    found.extend(slow(out, &view));
    let since = view.failing.first().map(|one| one.ended);
    found
        .into_iter()
        .map(|one| {
            let since = one.since.or(since.filter(|_| !one.minor));
            with_attempts(one, &view).word("address", &out.address).since(since)
        })
        .collect()
}

fn with_attempts(one: Suspicion, view: &View<'_>) -> Suspicion {
    let bad = view.lately.iter().rev().filter(|one| one.end != End::Accepted).take(3);
    bad.fold(one, |one, tried| {
        let (at, took) = (moment(tried.ended), span(tried.took));
        one.proof(Text::new(
            format!("envelope {}, {at}: {} after {} {}", tried.envelope, tried.code, took.en, tried.text),
            format!("Sendung {}, {at}: {} nach {} {}", tried.envelope, tried.code, took.de, tried.text),
        ))
    })
}

/// Nothing has gone through since some time.
fn failing(facts: &Facts, out: &Outbound, view: &View<'_>, last: &Tried) -> Option<Suspicion> {
    let new = |cause, confidence| Some(Suspicion::new(cause, confidence));
    let wanted = out.speech.map_or("", crate::Speech::name);
    // Whether it is so now, a probe of the connection says; without one the last attempt's word counts.
    let probed = out.steps.iter().any(|step| step.layer <= Layer::Tcp);
    match (last.end, last.code.as_str()) {
        (End::Unreachable, "refused" | "unreachable" | "reset") => (!probed).then(|| unreachable(out, last)),
        (End::Unreachable, "tls") if !probed => new(&TLS_BREAKS, 0.6).map(|one| one.word("what", &last.text)),
        (End::Unreachable, "no-folder" | "permission" | "disk-full") if !out.steps.is_empty() => None,
        (End::Unreachable, "no-folder") => new(&FOLDER_MISSING, 0.8),
        (End::Unreachable, "permission") => new(&FOLDER_CLOSED, 0.8).map(|one| one.word("what", &last.code)),
        (End::Unreachable, "disk-full") => new(&FOLDER_FULL, 0.8),
        (End::Unreachable, code @ ("401" | "403" | "407")) => {
            new(&LOG_IN, 0.95).map(|one| one.word("code", code))
        }
        (End::Unreachable, code @ ("404" | "405")) => {
            new(&NO_SUCH_PATH, 0.9).map(|one| one.word("code", code))
        }
        (End::Unreachable, code @ ("502" | "503" | "504")) => {
            new(&SERVER_ERROR, 0.9).map(|one| one.word("code", code))
        }
        (End::Unclear, _) if spoke(facts, out, view).is_some() => spoke(facts, out, view),
        (End::Unclear, "timeout") => Some(silent(out, view)),
        (End::Unclear, "closed" | "reset") => new(&CLOSES, 0.8),
        (End::Unclear, "wrong-control-id") => new(&WRONG_ID, 0.95),
        (End::Unclear, "no-msa" | "unknown-code") => new(&NO_CODE, 0.95),
        (End::Unclear, "not-an-ack" | "unknown-answer") => {
            new(&NONSENSE, 0.6).map(|one| one.word("wanted", wanted))
        }
        _ => None,
    }
}

/// What it said that was no answer, if that is its latest word.
fn spoke(facts: &Facts, out: &Outbound, view: &View<'_>) -> Option<Suspicion> {
    let (at, speech) = out.lives.spoke?;
    let accepted = view.lately.iter().rev().find(|one| one.end == End::Accepted);
    let is_news = accepted.is_none_or(|one| one.ended < at) && facts.now.since(at) < LATELY;
    let found = wire::of_speech(out, speech).filter(|_| is_news)?;
    Some(found.proof(Text::new(
        format!("what came back, {}: {}", moment(at), speech.name()),
        format!("was zurückkam, {}: {}", moment(at), speech.name()),
    )))
}

fn unreachable(out: &Outbound, last: &Tried) -> Suspicion {
    let text = last.text.as_str();
    let name = text.contains("lookup address") || text.contains("name resolution");
    match last.code.as_str() {
        "refused" if out.has_worked => Suspicion::new(&REFUSED, 0.85),
        "refused" => Suspicion::new(&WRONG_PORT, 0.65),
        "reset" => Suspicion::new(&TURNED_AWAY, 0.6),
        _ if text.contains("no partner has connected") => Suspicion::new(&NOT_COMING, 0.8),
        _ if name => Suspicion::new(&NAME_UNKNOWN, 0.8).word("host", &out.address),
        _ if text.contains("route to host") || text.contains("unreachable (os") => {
            Suspicion::new(&NO_ROUTE, 0.7)
        }
        _ => Suspicion::new(&CONNECT_TIMEOUT, 0.65),
    }
}

/// It takes messages and no answer comes: never, or too late.
fn silent(out: &Outbound, view: &View<'_>) -> Suspicion {
    let late = view.failing.iter().filter(|one| one.code == "timeout").count();
    let limit = out.answer_limit.or_else(|| view.failing.last().map(|one| one.took)).unwrap_or_default();
    let echoed = out.steps.iter().find(|step| matches!(step.saw, crate::Seen::Echoed(_)));
    if let Some(step) = echoed.filter(|step| step.took > limit) {
        return Suspicion::new(&LATE, 0.9)
            .time("span", limit)
            .word("count", late)
            .word("of", late)
            .proof(step.text());
    }
    // Slow answers before it fell silent do not make it late: some must have come in between.
    let last = view.lately.iter().rposition(|one| one.end == End::Accepted).unwrap_or(0);
    let between = view.lately[..last].iter().any(|one| one.code == "timeout");
    match median(view, limit).filter(|share| *share > SLOW_SHARE && between) {
        Some(_) => {
            Suspicion::new(&LATE, 0.8).time("span", limit).word("count", late).word("of", view.lately.len())
        }
        None => Suspicion::new(&NO_ANSWER, 0.8).time("span", limit),
    }
}

/// Accepted answers' time in the middle, as a share of the limit.
fn median(view: &View<'_>, limit: Duration) -> Option<f64> {
    let accepted = view.lately.iter().filter(|one| one.end == End::Accepted);
    let mut times: Vec<Duration> = accepted.map(|one| one.took).collect();
    times.sort_unstable();
    let middle = times.get(times.len() / 2)?;
    (times.len() >= 3 && !limit.is_zero()).then(|| middle.as_secs_f64() / limit.as_secs_f64())
}

/// It answers, and takes most of the time that it has.
fn slow(out: &Outbound, view: &View<'_>) -> Option<Suspicion> {
    let limit = out.answer_limit?;
    let share = median(view, limit)?;
    let late = view.lately.iter().filter(|one| one.code == "timeout").count();
    if share < SLOW_SHARE || !view.failing.is_empty() {
        return None;
    }
    let time = limit.mul_f64(share);
    if late >= ROW {
        let one = Suspicion::new(&LATE, 0.8).time("span", limit).word("count", late);
        return Some(one.word("of", view.lately.len()));
    }
    Some(Suspicion::new(&SLOW, 0.7).time("span", time).word("waiting", out.waiting).proof(Text::new(
        format!("half of the answers took more than {}, and {} are allowed", span(time).en, span(limit).en),
        format!(
            "die Hälfte der Antworten brauchte mehr als {}, erlaubt sind {}",
            span(time).de,
            span(limit).de
        ),
    )))
}

/// Messages that the partner will not have.
fn refused(out: &Outbound, view: &View<'_>) -> Option<Suspicion> {
    let refused = view.refused();
    let last = *refused.last()?;
    let which: BTreeSet<u64> = refused.iter().map(|one| one.envelope).collect();
    let first = refused.first()?.ended;
    let others = view.lately.iter().filter(|one| one.end == End::Accepted && !which.contains(&one.envelope));
    let after = others.clone().filter(|one| one.ended > first).count();
    let told = |one: Suspicion| one.word("code", &last.code).word("envelope", last.envelope);
    // A lane that stands over it is told as that.
    if out.held_lanes.iter().any(|lane| lane.envelope == last.envelope) {
        return None;
    }
    let whole = view.accepted == 0 || after == 0;
    if let Some(one) = by_reason(last) {
        return Some(told(one));
    }
    // One code of HTTP or of a raw protocol is as good as an AE.
    let rejects = matches!(last.code.as_str(), "AR" | "CR");
    if which.len() == 1 && (after > 0 || view.accepted > 0) {
        return Some(told(Suspicion::new(&ONE_MESSAGE, if after > 0 { 0.9 } else { 0.6 })));
    }
    if whole && refused.len() >= ROW {
        let server = last.code.starts_with('5') && last.code.len() == 3;
        let cause = if server {
            &SERVER_ERROR
        } else if rejects {
            &REJECTS
        } else {
            &ERRORS
        };
        return Some(told(Suspicion::new(cause, if which.len() > 1 { 0.85 } else { 0.65 })));
    }
    if which.len() >= 2 && after > 0 {
        let one = Suspicion::new(&SOME_REFUSED, 0.7).word("count", which.len());
        return Some(told(one.word("of", view.lately.len())));
    }
    // A single refusal of a partner that was never seen to accept: a matter of that message, as far as known.
    (out.dead > 0).then(|| told(Suspicion::new(&ONE_MESSAGE, 0.5)))
}

/// What the error segment says (HL7 table 0357), as the attempt's text carries it.
fn by_reason(last: &Tried) -> Option<Suspicion> {
    let numbers = last.text.split("; ").skip(1);
    let reason = numbers.filter_map(|text| Some((text.get(..3)?.parse::<u16>().ok()?, text))).next()?;
    let cause = match reason.0 {
        200..=203 => &VERSION,
        100 | 101 => &REQUIRED,
        102 | 103 => &TABLE,
        204 | 205 => &KEY,
        206 | 207 => return None,
        _ => return None,
    };
    Some(Suspicion::new(cause, 0.9).word("reason", reason.1))
}

/// The attempts as a rung.
pub(super) fn rung(facts: &Facts, out: &Outbound) -> Option<Rung> {
    let view = View::new(facts, out);
    let total = view.lately.len();
    let last = view.lately.last()?;
    let mut codes: Vec<(&str, usize)> = Vec::new();
    for one in &view.lately {
        match codes.iter_mut().find(|(code, _)| *code == one.code) {
            Some((_, count)) => *count += 1,
            None => codes.push((&one.code, 1)),
        }
    }
    codes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let codes: Vec<String> = codes.iter().take(6).map(|(code, count)| format!("{code} × {count}")).collect();
    Some(Rung {
        layer: Layer::Answer,
        at: out.name.clone(),
        did: Text::new(
            format!("looked at the latest {total} attempts"),
            format!("die letzten {total} Versuche angesehen"),
        ),
        saw: Text::new(
            format!("{}; latest {}", codes.join(", "), moment(last.ended)),
            format!("{}; zuletzt {}", codes.join(", "), moment(last.ended)),
        ),
        took: None,
        well: Some(view.failing.is_empty()),
    })
}
