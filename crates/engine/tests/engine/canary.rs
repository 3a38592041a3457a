//! A changed version handles some of a channel's envelopes.

use std::collections::BTreeMap;
use std::sync::Arc;

use klinke_engine::document::Format;
use klinke_engine::spec::{Canary, ChannelSpec, Choice};
use klinke_model::EnvelopeId;
use klinke_store::Store;

use super::support::bed::{settle, until};
use super::support::toy::{Toy, only, set};
use super::support::{Bed, Partner, Tap, channel, destination};

/// A channel in lanes by `k`, with or without a canary.
fn spec(tap: &Tap, partner: &Partner, choice: Option<Choice>) -> ChannelSpec {
    let mut spec = channel("a", tap);
    spec.text = "live".to_owned();
    spec.steps.push(set("by", "live"));
    let mut to = destination("x", partner.clone());
    let lane = Toy.path("k").unwrap();
    to.lane = Some(lane.clone());
    spec.destinations.push(to);
    spec.canary = choice.map(|choice| Canary {
        text: "changed".to_owned(),
        terms: "some".to_owned(),
        charset: None,
        steps: vec![set("by", "changed")],
        exits: vec![("x".to_owned(), Vec::new(), Some(lane))],
        choice,
    });
    spec
}

fn share(of_ten_thousand: u32) -> Option<Choice> {
    Some(Choice::Share { of_ten_thousand, key: Some(Toy.path("k").unwrap()) })
}

fn field<'a>(text: &'a str, key: &str) -> &'a str {
    text.split(';').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('=')).unwrap_or_default()
}

/// Which side handled each key; no key is handled by both, and each lane is in order.
fn sides(taken: &[String]) -> BTreeMap<String, String> {
    let mut sides: BTreeMap<String, String> = BTreeMap::new();
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    for text in taken {
        let (key, by) = (field(text, "k").to_owned(), field(text, "by").to_owned());
        assert_eq!(*sides.entry(key.clone()).or_insert_with(|| by.clone()), by, "{text}");
        let number: u64 = field(text, "n").parse().unwrap();
        let before = last.insert(key, number);
        assert!(before.is_none_or(|before| before < number), "{text}");
    }
    sides
}

fn version_text(bed: &Bed, id: EnvelopeId) -> String {
    let record = bed.record(id);
    let known = bed.store.versions(record.envelope.channel).unwrap();
    known.into_iter().find(|one| one.id == record.version()).unwrap().text
}

#[tokio::test(start_paused = true)]
async fn a_key_is_always_handled_by_the_same_side_and_lanes_keep_their_order() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    bed.run(spec(&tap, &partner, share(3_000))).await;
    for n in 0..600 {
        tap.pour(&format!("k=p{};n={n}", n % 60)).await;
    }
    until(|| partner.count() == 600).await;
    let sides = sides(&partner.taken());
    let changed = sides.values().filter(|by| *by == "changed").count();
    assert!((5..=35).contains(&changed), "{changed} of {}", sides.len());
    for n in 0..600 {
        let text = version_text(&bed, EnvelopeId(n + 1));
        assert_eq!(text, sides[&format!("p{}", n % 60)], "the envelope names the version that handled it");
    }
    settle().await;
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn it_comes_and_goes_by_a_reload_that_cuts_nothing_and_passes_nothing_over() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    bed.run(spec(&tap, &partner, None)).await;
    tap.pour("k=a;n=1").await;
    until(|| partner.count() == 1).await;
    let applied = bed.apply(vec![spec(&tap, &partner, share(10_000))]).await;
    assert_eq!(applied.changed, ["a"]);
    tap.pour("k=a;n=2").await;
    until(|| partner.count() == 2).await;
    assert_eq!(bed.apply(vec![spec(&tap, &partner, share(10_000))]).await.kept, ["a"]);
    assert_eq!(bed.apply(vec![spec(&tap, &partner, None)]).await.changed, ["a"]);
    tap.pour("k=a;n=3").await;
    until(|| partner.count() == 3).await;
    assert_eq!(partner.taken(), ["k=a;n=1;by=live", "k=a;n=2;by=changed", "k=a;n=3;by=live"]);
    assert_eq!((tap.opened(), partner.links()), (1, 1));
    assert_eq!(bed.engine.report().await[0].canary, None);
}

#[tokio::test(start_paused = true)]
async fn a_condition_chooses_and_what_can_not_be_opened_stays_with_the_live_version() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let choice = Choice::Passing(vec![only("w", "CH1")]);
    bed.run(spec(&tap, &partner, Some(choice))).await;
    for text in ["k=a;w=CH1;n=1", "k=a;w=CH2;n=2", "!", "k=b;w=CH1;n=3"] {
        tap.pour(text).await;
    }
    until(|| partner.count() == 3).await;
    settle().await;
    let by: Vec<String> = (1..=4).map(|id| version_text(&bed, EnvelopeId(id))).collect();
    assert_eq!(by, ["changed", "live", "live", "changed"]);
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_the_same_side_handles_what_was_left() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    bed.run(spec(&tap, &partner, share(5_000))).await;
    for n in 0..100 {
        tap.pour(&format!("k=p{};n={n}", n % 20)).await;
    }
    until(|| partner.count() == 100).await;
    settle().await;
    bed.store.set_manual(true);
    let all: Vec<_> = (100..300).map(|n| tap.submit(&format!("k=p{};n={n}", n % 20))).collect();
    settle().await;
    bed.store.crash(200);
    drop(all);
    let again = Bed::over(Arc::new(bed.store.inner().reopen())).await;
    again.run(spec(&tap, &partner, share(5_000))).await;
    until(|| partner.count() >= 300).await;
    settle().await;
    let sides = sides(&partner.taken());
    assert_eq!(sides.len(), 20);
    assert!(sides.values().any(|by| by == "changed") && sides.values().any(|by| by == "live"));
    again.check_books().await;
}
