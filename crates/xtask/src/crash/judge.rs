//! Holds what the senders, the sinks and the store's books say against each other.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::node::{CHANNELS, LINKS};
use super::senders::Acknowledged;
use super::sink::{Answered, Arrival, Sink};

/// Deliveries of one destination whose outcome may be unrecorded when the site is killed: 256 that are
/// given to the store, and one on each link.
pub const WINDOW: u64 = 256 + LINKS;

/// Faults of one kind that are named.
const NAMED_MAX: usize = 10;

/// What was counted.
#[derive(Debug, Default)]
pub struct Figures {
    acknowledged: u64,
    delivered: u64,
    filtered: u64,
    /// Sent again because the sink had not answered.
    silent: u64,
    /// Sent again after a kill.
    repeated: u64,
    /// The most of these at one destination after one kill.
    repeated_most: u64,
    /// Taken twice because the sender had no answer.
    taken_twice: u64,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} messages acknowledged, {} envelopes delivered, {} filtered; sent again after a kill {} \
             (at most {} at one destination after one kill), sent again for want of an answer {}; \
             taken twice for want of an answer to the sender {}",
            self.acknowledged,
            self.delivered,
            self.filtered,
            self.repeated,
            self.repeated_most,
            self.silent,
            self.taken_twice
        )
    }
}

/// Envelopes and deliveries that are still under way, by the books.
pub fn open(status: &Value) -> u64 {
    let channels = status["channels"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of_channel = |channel: &Value| {
        let destinations = channel["destinations"].as_array().map(Vec::as_slice).unwrap_or_default();
        let waiting: u64 = destinations.iter().filter_map(|one| one["waiting"].as_u64()).sum();
        waiting + channel["unrouted"].as_u64().unwrap_or(0)
    };
    channels.iter().map(of_channel).sum()
}

/// Gives the figures and all that is wrong.
pub fn judge(acknowledged: &[Acknowledged], sinks: &[Arc<Sink>], status: &Value) -> (Figures, Vec<String>) {
    let mut figures = Figures::default();
    let mut faults = Vec::new();
    for (number, sink) in sinks.iter().enumerate() {
        let own: Vec<_> = acknowledged.iter().filter(|one| one.channel == number).collect();
        let arrivals = sink.arrivals();
        let mut judge = Judge {
            channel: sink.channel,
            by_patient: sink.channel == CHANNELS[1],
            figures: &mut figures,
            faults: Vec::new(),
        };
        judge.lost(&own, &arrivals);
        judge.order(&arrivals);
        judge.repetitions(&arrivals);
        judge.taken_twice(&own, &arrivals);
        judge.books(&own, &arrivals, status);
        let more = judge.faults.len().saturating_sub(NAMED_MAX);
        faults.extend(judge.faults.into_iter().take(NAMED_MAX));
        if more > 0 {
            faults.push(format!("{}: and {more} more", sink.channel));
        }
    }
    (figures, faults)
}

/// One channel's judgement.
struct Judge<'a> {
    channel: &'static str,
    by_patient: bool,
    figures: &'a mut Figures,
    faults: Vec<String>,
}

/// Arrivals that the sink took, whether or not it answered.
fn taken(arrivals: &[Arrival]) -> impl Iterator<Item = &Arrival> {
    arrivals.iter().filter(|arrival| arrival.answered != Answered::Refused)
}

impl Judge<'_> {
    fn fault(&mut self, text: String) {
        self.faults.push(format!("{}: {text}", self.channel));
    }

    /// All that was acknowledged has come, and nothing that is filtered.
    fn lost(&mut self, own: &[&Acknowledged], arrivals: &[Arrival]) {
        let came: HashSet<&str> = taken(arrivals).map(|arrival| arrival.control.as_str()).collect();
        for message in own {
            self.figures.acknowledged += 1;
            match (message.filtered, came.contains(message.control.as_str())) {
                (false, false) => self.fault(format!("{} was acknowledged and is lost", message.control)),
                (true, true) => self.fault(format!("{} was to be filtered and came", message.control)),
                _ => {}
            }
        }
    }

    /// First deliveries of a lane come in the store's order.
    fn order(&mut self, arrivals: &[Arrival]) {
        let mut seen = HashSet::new();
        let mut last: HashMap<&str, u64> = HashMap::new();
        for arrival in taken(arrivals) {
            if !seen.insert(arrival.envelope) {
                continue;
            }
            let lane = if self.by_patient { arrival.patient.as_str() } else { "" };
            let before = last.insert(lane, arrival.envelope).unwrap_or(0);
            if before > arrival.envelope {
                self.fault(format!("lane `{lane}`: {} came after {before}", arrival.envelope));
            }
        }
    }

    /// What came again had a reason to.
    fn repetitions(&mut self, arrivals: &[Arrival]) {
        let mut before: HashMap<u64, &Arrival> = HashMap::new();
        let mut after_kill: BTreeMap<u32, u64> = BTreeMap::new();
        for arrival in taken(arrivals) {
            let Some(first) = before.insert(arrival.envelope, arrival) else { continue };
            if first.answered == Answered::Silent {
                self.figures.silent += 1;
            } else if first.life < arrival.life {
                self.figures.repeated += 1;
                *after_kill.entry(arrival.life).or_default() += 1;
            } else {
                self.fault(format!("{} came again although it had been answered", arrival.envelope));
            }
        }
        let most = after_kill.values().copied().max().unwrap_or(0);
        self.figures.repeated_most = self.figures.repeated_most.max(most);
        if most > WINDOW {
            self.fault(format!("{most} deliveries came again after one kill, at most {WINDOW} may"));
        }
    }

    /// One message became two envelopes only where its sender had sent it twice.
    fn taken_twice(&mut self, own: &[&Acknowledged], arrivals: &[Arrival]) {
        let mut envelopes: HashMap<&str, HashSet<u64>> = HashMap::new();
        for arrival in taken(arrivals) {
            envelopes.entry(&arrival.control).or_default().insert(arrival.envelope);
        }
        for message in own {
            let many = envelopes.get(message.control.as_str()).map_or(0, HashSet::len) as u32;
            if many > message.tries {
                self.fault(format!(
                    "{} was sent {} times and taken {many} times",
                    message.control, message.tries
                ));
            }
            if many > 1 {
                self.figures.taken_twice += u64::from(many - 1);
                if self.by_patient {
                    self.fault(format!("{} was taken {many} times in spite of `dedup`", message.control));
                }
            }
        }
    }

    /// The books balance, and agree with what the sink took.
    fn books(&mut self, own: &[&Acknowledged], arrivals: &[Arrival], status: &Value) {
        let channels = status["channels"].as_array().map(Vec::as_slice).unwrap_or_default();
        let Some(books) = channels.iter().find(|one| one["name"] == self.channel) else {
            return self.fault("status does not know the channel".to_owned());
        };
        let destination = books["destinations"][0].clone();
        let figure = |value: &Value, name: &str| value[name].as_u64().unwrap_or(u64::MAX);
        let (received, filtered) = (figure(books, "received"), figure(books, "filtered"));
        let delivered = figure(&destination, "delivered");
        let came = taken(arrivals).map(|arrival| arrival.envelope).collect::<HashSet<_>>().len() as u64;
        self.figures.delivered += came;
        self.figures.filtered += filtered;
        if books["balances"] != true || received != filtered.saturating_add(delivered) {
            self.fault(format!("{received} received are not {filtered} filtered and {delivered} delivered"));
        }
        if delivered != came {
            self.fault(format!("{delivered} delivered by the books, {came} by the sink's count"));
        }
        if received < own.len() as u64 {
            self.fault(format!("{received} received by the books, {} acknowledged", own.len()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(envelope: u64, patient: &str, life: u32, answered: Answered) -> Arrival {
        let control = format!("C{envelope}");
        Arrival { envelope, control, patient: patient.to_owned(), life, answered }
    }

    fn acknowledged(envelope: u64, tries: u32) -> Acknowledged {
        Acknowledged { channel: 0, control: format!("C{envelope}"), filtered: false, tries }
    }

    fn faults(by_patient: bool, act: impl FnOnce(&mut Judge<'_>)) -> Vec<String> {
        let mut figures = Figures::default();
        let mut judge = Judge { channel: "one", by_patient, figures: &mut figures, faults: Vec::new() };
        act(&mut judge);
        judge.faults
    }

    #[test]
    fn a_lost_message_is_found() {
        let arrivals = [arrival(1, "a", 0, Answered::Accepted), arrival(2, "a", 0, Answered::Refused)];
        let (first, second) = (acknowledged(1, 1), acknowledged(2, 1));
        let found = faults(false, |judge| judge.lost(&[&first, &second], &arrivals));
        assert_eq!(found, ["one: C2 was acknowledged and is lost"]);
    }

    #[test]
    fn order_counts_within_a_lane() {
        let arrivals = [arrival(2, "a", 0, Answered::Accepted), arrival(1, "b", 0, Answered::Accepted)];
        assert_eq!(faults(true, |judge| judge.order(&arrivals)).len(), 0);
        assert_eq!(faults(false, |judge| judge.order(&arrivals)), ["one: lane ``: 1 came after 2"]);
    }

    #[test]
    fn a_repetition_needs_a_reason() {
        let after = |answered, life| {
            let arrivals = [arrival(1, "a", 0, answered), arrival(1, "a", life, Answered::Accepted)];
            faults(false, |judge| judge.repetitions(&arrivals)).len()
        };
        assert_eq!(after(Answered::Accepted, 0), 1, "it had been answered");
        assert_eq!(after(Answered::Accepted, 1), 0, "a kill lies between");
        assert_eq!(after(Answered::Silent, 0), 0, "there was no answer");
        assert_eq!(after(Answered::Refused, 0), 0, "it had been refused");
    }

    #[test]
    fn a_window_of_repetitions_after_a_kill_and_no_more() {
        let many = |count: u64| {
            let lives = [0, 1];
            let arrivals: Vec<_> = lives
                .iter()
                .flat_map(|life| (1..=count).map(|one| arrival(one, "a", *life, Answered::Accepted)))
                .collect();
            faults(false, |judge| judge.repetitions(&arrivals)).len()
        };
        assert_eq!((many(WINDOW), many(WINDOW + 1)), (0, 1));
    }

    #[test]
    fn one_message_becomes_two_only_where_it_was_sent_twice() {
        let twice = |tries, by_patient| {
            let mut second = arrival(2, "a", 0, Answered::Accepted);
            second.control = "C1".to_owned();
            let arrivals = [arrival(1, "a", 0, Answered::Accepted), second];
            let sent = acknowledged(1, tries);
            faults(by_patient, |judge| judge.taken_twice(&[&sent], &arrivals)).len()
        };
        assert_eq!((twice(1, false), twice(2, false), twice(2, true)), (1, 0, 1));
    }

    #[test]
    fn books_are_held_against_the_sink() {
        let status = |delivered: u64| {
            let destination = serde_json::json!({ "delivered": delivered, "waiting": 0 });
            serde_json::json!({ "channels": [{
                "name": "one", "balances": true, "received": 2, "filtered": 0, "unrouted": 0,
                "destinations": [destination],
            }] })
        };
        let arrivals = [arrival(1, "a", 0, Answered::Accepted), arrival(2, "a", 0, Answered::Accepted)];
        let held = |arrivals: &[Arrival], delivered| {
            faults(false, |judge| judge.books(&[], arrivals, &status(delivered))).len()
        };
        assert_eq!((held(&arrivals, 2), held(&arrivals, 1), held(&arrivals[..1], 2)), (0, 2, 1));
        assert_eq!(open(&status(2)), 0);
    }
}
