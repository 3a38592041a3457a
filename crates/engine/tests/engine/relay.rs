//! One channel feeds another, in process.

use std::sync::Arc;
use std::time::Duration;

use klinke_engine::HOPS_MAX;
use klinke_engine::spec::{ChannelSpec, DestinationSpec};
use klinke_model::{DeliveryState, EnvelopeId, Origin};

use super::support::bed::{settle, until};
use super::support::toy::set;
use super::support::{Bed, Partner, Tap, channel, destination, step};

/// A channel fed by others alone.
fn inner(name: &str) -> ChannelSpec {
    ChannelSpec { source: None, ..channel(name, &Tap::default()) }
}

fn to(bed: &Bed, name: &str) -> DestinationSpec {
    DestinationSpec { partner: bed.engine.relay(name), ..destination(name, Partner::good()) }
}

#[tokio::test(start_paused = true)]
async fn hands_on_in_order_and_keeps_where_it_came_from() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let mut a = channel("a", &tap);
    a.steps.push(set("by", "a"));
    a.destinations.push(to(&bed, "b"));
    let mut b = inner("b");
    b.steps.push(set("then", "b"));
    b.destinations.push(destination("x", partner.clone()));
    bed.apply(vec![a, b]).await;
    for n in 0..50 {
        tap.pour(&format!("n={n}")).await;
    }
    until(|| partner.count() == 50).await;
    assert!(partner.taken().iter().enumerate().all(|(n, text)| *text == format!("n={n};by=a;then=b")));
    settle().await;
    let first = EnvelopeId(partner.seen()[0].envelope);
    assert_eq!(bed.record(first).envelope.origin, Origin::Channel(EnvelopeId(1)));
    assert_eq!(bed.record(EnvelopeId(1)).children, [first]);
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn waits_for_a_channel_that_does_not_run() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let spec = |bed: &Bed| {
        let mut a = channel("a", &tap);
        a.destinations.push(to(bed, "b"));
        a
    };
    bed.run(spec(&bed)).await;
    tap.pour("n=1").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(bed.engine.report().await[0].destinations[0].3.down);
    let mut b = inner("b");
    b.destinations.push(destination("x", partner.clone()));
    bed.apply(vec![spec(&bed), b]).await;
    until(|| partner.count() == 1).await;
    settle().await;
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn a_circle_ends() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let mut a = channel("a", &tap);
    a.destinations.push(to(&bed, "b"));
    let mut b = inner("b");
    b.destinations.push(to(&bed, "a"));
    bed.apply(vec![a, b]).await;
    tap.pour("n=1").await;
    until(|| bed.count(DeliveryState::Dead) == 1).await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(bed.count(DeliveryState::Delivered), u64::from(HOPS_MAX));
    assert_eq!(bed.count(DeliveryState::Waiting), 0);
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn hands_nothing_on_twice_after_a_crash() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let specs = |bed: &Bed| {
        let mut a = channel("a", &tap);
        a.steps.push(step(|document| Ok(klinke_engine::step::Yield::Many(vec![document.fork(), document]))));
        a.destinations.push(to(bed, "b"));
        let mut b = inner("b");
        b.destinations.push(destination("x", partner.clone()));
        vec![a, b]
    };
    bed.apply(specs(&bed)).await;
    bed.store.set_manual(true);
    let one = tokio::spawn(tap.submit("n=1"));
    for _ in 0..3 {
        // Accepted, routed, the first of two handed on.
        settle().await;
        assert!(bed.store.step());
    }
    one.await.unwrap().unwrap();
    settle().await;
    bed.store.crash(0);
    let again = Bed::over(Arc::new(bed.store.inner().reopen())).await;
    partner.script(|_| super::support::Then::Accept);
    let before = partner.count();
    again.apply(specs(&again)).await;
    until(|| again.count(DeliveryState::Waiting) == 0).await;
    settle().await;
    let handed_on = again.record(EnvelopeId(1)).children;
    assert_eq!(handed_on.len(), 2, "each once: {handed_on:?}");
    assert!(partner.count() > before);
    again.check_books().await;
}
