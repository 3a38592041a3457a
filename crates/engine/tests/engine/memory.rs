//! Memory has bounds: what does not fit is read from the store, in order.

use std::time::Duration;

use klinke_engine::document::Format;
use klinke_engine::spec::Budget;
use klinke_model::DeliveryState;

use super::support::bed::{settle, until};
use super::support::{Bed, Partner, Tap, Then, Toy, channel, destination};

#[tokio::test(start_paused = true)]
async fn an_inbox_that_overflows_is_read_from_the_store_in_order() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let mut spec = channel("a", &tap);
    spec.limits.inbox_max = 3;
    spec.limits.inbox_bytes_max = 20;
    spec.destinations.push(destination("x", partner.clone()));
    bed.run(spec).await;
    // Many arrive before the worker has a turn.
    let all: Vec<_> = (0..1_000).map(|n| tap.submit(&format!("n={n}"))).collect();
    for one in all {
        one.await.unwrap();
    }
    until(|| partner.count() == 1_000).await;
    assert!(partner.taken().iter().enumerate().all(|(n, text)| *text == format!("n={n}")));
    settle().await;
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn a_long_lane_is_read_from_the_store_in_order() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let partner = Partner::new(|_| Then::Unreachable);
    let mut spec = channel("a", &tap);
    let mut to = destination("x", partner.clone());
    to.budget = Budget { lanes_max: 10, items_max: 5, bytes_max: 12 };
    spec.destinations.push(to);
    bed.run(spec).await;
    for n in 0..1_000 {
        tap.pour(&format!("n={n}")).await;
    }
    partner.script(|_| Then::Accept);
    for n in 1_000..1_500 {
        tap.pour(&format!("n={n}")).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    until(|| bed.count(DeliveryState::Delivered) == 1_500).await;
    assert!(partner.taken().iter().enumerate().all(|(n, text)| *text == format!("n={n}")));
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn lanes_beyond_the_budget_are_delivered_too_each_in_order() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let partner = Partner::new(|_| Then::Unreachable);
    let mut spec = channel("a", &tap);
    let mut to = destination("x", partner.clone());
    to.lane = Some(Toy.path("key").unwrap());
    to.links_max = 3;
    to.budget = Budget { lanes_max: 8, items_max: 20, bytes_max: 200 };
    spec.destinations.push(to);
    bed.run(spec).await;
    for n in 0..2_000 {
        tap.pour(&format!("key={};n={n}", n % 100)).await;
        if n == 1_000 {
            partner.script(|_| Then::After(Duration::from_micros(300), Box::new(Then::Accept)));
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
    }
    until(|| bed.count(DeliveryState::Delivered) == 2_000).await;
    let seen = partner.seen();
    for lane in 0..100 {
        let lane = lane.to_string();
        let of_lane = seen.iter().filter(|one| one.taken && one.lane == lane);
        let order: Vec<u64> = of_lane.map(|one| one.envelope).collect();
        assert!(order.is_sorted() && order.len() == 20, "{lane}: {order:?}");
    }
    assert!(bed.engine.report().await[0].destinations[0].3.lanes <= 8);
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn large_payloads_that_do_not_fit_are_read_when_they_are_sent() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let partner = Partner::new(|_| Then::Unreachable);
    let mut spec = channel("a", &tap);
    let mut to = destination("x", partner.clone());
    to.budget.bytes_max = 1 << 20;
    spec.destinations.push(to);
    bed.run(spec).await;
    for n in 0..20 {
        tap.pour(&format!("n={n};x={}", "x".repeat(400 << 10))).await;
    }
    settle().await;
    partner.script(|_| Then::Accept);
    until(|| bed.count(DeliveryState::Delivered) == 20).await;
    assert!(partner.taken().iter().enumerate().all(|(n, text)| text.starts_with(&format!("n={n};"))));
}
