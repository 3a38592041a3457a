//! From the source through the steps into the lanes.

use std::time::Duration;

use klinke_engine::document::Format;
use klinke_engine::step::{StepError, Yield};
use klinke_model::{DeliveryState, EnvelopeId};

use super::support::bed::{settle, until};

use super::support::toy::{self, only, set};
use super::support::{Bed, Partner, Tap, Then, Toy, channel, destination, step};

fn numbers(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|n| format!("n={n}")).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_accepted_is_delivered_in_order() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let mut spec = channel("a", &tap);
    spec.destinations.push(destination("x", partner.clone()));
    bed.run(spec).await;
    for n in 0..500 {
        tap.pour(&format!("n={n}")).await;
    }
    until(|| partner.count() == 500).await;
    assert_eq!(partner.taken(), numbers(0..500));
    assert!(partner.seen().iter().all(|one| !one.repeat && one.attempt == 1));
    settle().await;
    assert_eq!(bed.count(DeliveryState::Delivered), 500);
    bed.check_books().await;
    let record = bed.record(EnvelopeId(1));
    assert_eq!((&*record.envelope.system, &*record.envelope.peer), ("sender", "test"));
}

#[tokio::test(start_paused = true)]
async fn fans_out_and_each_destination_has_its_own_steps() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let (all, some, changed) = (Partner::good(), Partner::good(), Partner::good());
    let mut spec = channel("a", &tap);
    spec.destinations.push(destination("all", all.clone()));
    let mut to = destination("some", some.clone());
    to.steps.push(only("to", "some"));
    spec.destinations.push(to);
    let mut to = destination("changed", changed.clone());
    to.steps.push(set("by", "step"));
    spec.destinations.push(to);
    bed.run(spec).await;
    tap.pour("to=some").await;
    tap.pour("to=other").await;
    until(|| changed.count() == 2 && all.count() == 2).await;
    settle().await;
    assert_eq!(all.taken(), ["to=some", "to=other"]);
    assert_eq!(some.taken(), ["to=some"]);
    assert_eq!(changed.taken(), ["to=some;by=step", "to=other;by=step"]);
    let record = bed.record(EnvelopeId(1));
    assert_eq!(record.parts.len(), 2, "equal bytes are one part");
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn filtered_and_failed_envelopes_are_kept_with_the_step_and_the_reason() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let mut spec = channel("a", &tap);
    spec.steps.push(only("kind", "good"));
    spec.steps.push(step(|document| {
        let bad = document.value(&Toy.path("n")?)?.text() == "13";
        if bad { Err(StepError::at("n", "an unlucky number")) } else { Ok(Yield::One(document)) }
    }));
    spec.destinations.push(destination("x", partner.clone()));
    bed.run(spec).await;
    for text in ["kind=good;n=1", "kind=bad", "kind=good;n=13", "!", "kind=good;n=2"] {
        tap.pour(text).await;
    }
    until(|| partner.count() == 2).await;
    let ended = |id| bed.record(EnvelopeId(id)).route.unwrap().ended;
    let filtered = ended(2).unwrap();
    assert_eq!((filtered.failed, &*filtered.step), (false, "step 1: closure"));
    let failed = ended(3).unwrap();
    assert_eq!((failed.failed, &*failed.step), (true, "step 2: closure"));
    assert_eq!(failed.reason, "n: an unlucky number");
    assert_eq!(ended(4).unwrap().step, "open");
    assert_eq!(ended(5), None);
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn a_channel_without_destinations_keeps_what_comes_as_filtered() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    bed.run(channel("a", &tap)).await;
    let id = tap.pour("n=1").await;
    settle().await;
    assert!(!bed.record(id).route.unwrap().ended.unwrap().failed);
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_step_fails_that_envelope_alone() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let mut spec = channel("a", &tap);
    spec.steps.push(step(|document| {
        assert_ne!(document.value(&Toy.path("n")?)?.text(), "2", "breaks");
        Ok(Yield::One(document))
    }));
    spec.destinations.push(destination("x", partner.clone()));
    bed.run(spec).await;
    for text in numbers(1..4) {
        tap.pour(&text).await;
    }
    until(|| partner.count() == 2).await;
    assert_eq!(partner.taken(), ["n=1", "n=3"]);
    settle().await;
    assert!(bed.record(EnvelopeId(2)).route.unwrap().ended.unwrap().failed);
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn a_step_that_makes_two_alike_sends_two() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let (x, y) = (Partner::good(), Partner::good());
    let mut spec = channel("a", &tap);
    spec.steps.push(step(|document| Ok(Yield::Many(vec![document.fork(), document]))));
    spec.destinations.push(destination("x", x.clone()));
    spec.destinations.push(destination("y", y.clone()));
    bed.run(spec).await;
    let id = tap.pour("n=1").await;
    until(|| x.count() == 2 && y.count() == 2).await;
    assert_eq!(x.taken(), ["n=1", "n=1"]);
    settle().await;
    assert_eq!(bed.record(id).parts.len(), 2);
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn a_stuck_key_never_delays_another_whatever_waits_for_it() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let partner = Partner::new(|parcel| match &*parcel.key.lane {
        "stuck" => Then::Refuse("AE"),
        _ => Then::Accept,
    });
    let mut spec = channel("a", &tap);
    let mut to = destination("x", partner.clone());
    to.lane = Some(Toy.path("key").unwrap());
    to.links_max = 4;
    spec.destinations.push(to);
    bed.run(spec).await;
    for n in 0..100_000 {
        tap.pour(&format!("key=stuck;n={n}")).await;
    }
    for n in 0..100 {
        let before = tokio::time::Instant::now();
        tap.pour(&format!("key=k{n};n={n}")).await;
        until(|| partner.taken().last().is_some_and(|text| *text == format!("key=k{n};n={n}"))).await;
        assert!(before.elapsed() < Duration::from_millis(100), "{n}: {:?}", before.elapsed());
    }
    assert_eq!(partner.taken().len(), 100);
    assert!(partner.seen().iter().filter(|one| one.lane == "stuck").all(|one| one.envelope == 1));
    // The partner mends: all of it goes, in order.
    partner.script(|_| Then::Accept);
    until(|| bed.count(DeliveryState::Delivered) == 100_100).await;
    let seen = partner.seen();
    let order: Vec<u64> =
        seen.iter().filter(|one| one.taken && one.lane == "stuck").map(|one| one.envelope).collect();
    assert!(order.is_sorted() && order.len() == 100_000);
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn lanes_go_side_by_side_and_each_in_order() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let partner = Partner::new(|parcel| {
        let slow = Duration::from_millis(10 + parcel.key.envelope.0 * 7 % 50);
        Then::After(slow, Box::new(Then::Accept))
    });
    let mut spec = channel("a", &tap);
    let mut to = destination("x", partner.clone());
    to.lane = Some(Toy.path("key").unwrap());
    to.links_max = 4;
    spec.destinations.push(to);
    bed.run(spec).await;
    for n in 0..400 {
        tap.pour(&format!("key={};n={n}", n % 7)).await;
    }
    until(|| partner.count() == 400).await;
    assert_eq!(partner.busy_max(), 4);
    for lane in 0..7 {
        let lane = lane.to_string();
        let seen = partner.seen();
        let order: Vec<u64> = seen.iter().filter(|one| one.lane == lane).map(|one| one.envelope).collect();
        assert!(order.is_sorted(), "{lane}: {order:?}");
    }
    settle().await;
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn long_lane_keys_are_cut() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let mut spec = channel("a", &tap);
    let mut to = destination("x", partner.clone());
    to.lane = Some(toy::Toy.path("key").unwrap());
    spec.destinations.push(to);
    bed.run(spec).await;
    tap.pour(&format!("key={}", "ä".repeat(5_000))).await;
    until(|| partner.count() == 1).await;
    assert_eq!(partner.seen()[0].lane, "ä".repeat(100));
}

#[tokio::test]
async fn works_on_a_real_runtime_over_a_store_with_a_thread() {
    use klinke_engine::Engine;
    use klinke_engine::clock::Clock;
    let store = std::sync::Arc::new(klinke_store::memory::MemoryStore::default());
    let engine = Engine::start(store, Clock::system()).await.unwrap();
    let (tap, partner) = (Tap::default(), Partner::good());
    let mut spec = channel("a", &tap);
    spec.destinations.push(destination("x", partner.clone()));
    engine.apply(vec![spec], Duration::from_secs(5)).await;
    let all = (0..200).map(|n| tokio::spawn(tap.submit(&format!("n={n}"))));
    for one in all.collect::<Vec<_>>() {
        one.await.unwrap().unwrap();
    }
    until(|| partner.count() == 200).await;
    assert_eq!(partner.taken(), numbers(0..200));
    assert!(engine.stop(Duration::from_secs(5)).await);
}
