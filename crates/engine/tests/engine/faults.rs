//! A store that refuses and recovers: nothing is lost, order is kept.

use std::time::Duration;

use klinke_engine::source::Refusal;
use klinke_model::{DeliveryState, EnvelopeId};
use klinke_store::Error;
use klinke_store::faulty::Faults;

use super::support::bed::{settle, until};
use super::support::{Bed, Partner, Tap, channel, destination, unhurried};

async fn bed() -> (Bed, Tap, Partner) {
    let (tap, partner) = (Tap::default(), Partner::good());
    (bed_over(&tap, &partner).await, tap, partner)
}

async fn bed_over(tap: &Tap, partner: &Partner) -> Bed {
    let bed = Bed::new().await;
    let mut spec = unhurried("a", tap);
    spec.destinations.push(destination("x", partner.clone()));
    bed.run(spec).await;
    bed
}

fn errors() -> [(Error, bool); 2] {
    [(Error::Full("no space".to_owned()), true), (Error::Unwritable("read-only".to_owned()), false)]
}

#[tokio::test(start_paused = true)]
async fn what_can_not_be_kept_is_refused() {
    for (error, is_full) in errors() {
        let (bed, tap, partner) = bed().await;
        bed.store.refuse(Some(error));
        match tap.submit("n=0").await {
            Err(Refusal::Full(_)) if is_full => {}
            Err(Refusal::Down(_)) if !is_full => {}
            other => panic!("{other:?}"),
        }
        bed.store.refuse(None);
        tap.pour("n=1").await;
        until(|| partner.count() == 1).await;
        settle().await;
        bed.check_books().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_can_not_be_routed_is_routed_later_in_order() {
    for (error, _) in errors() {
        let (bed, tap, partner) = bed().await;
        bed.store.set_manual(true);
        let all: Vec<_> = (0..20).map(|n| tokio::spawn(tap.submit(&format!("n={n}")))).collect();
        settle().await;
        // All are accepted; then nothing can be written any more.
        (0..20).for_each(|_| assert!(bed.store.step()));
        for one in all {
            one.await.unwrap().unwrap();
        }
        bed.store.refuse(Some(error));
        bed.store.set_manual(false);
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(partner.count(), 0);
        bed.store.refuse(None);
        tap.pour("n=20").await;
        until(|| partner.count() == 21).await;
        assert!(partner.taken().iter().enumerate().all(|(n, text)| *text == format!("n={n}")));
        settle().await;
        bed.check_books().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_and_can_not_be_recorded_is_recorded_later_and_not_sent_again() {
    for (error, _) in errors() {
        let (bed, tap, partner) = bed().await;
        bed.store.set_manual(true);
        let all: Vec<_> = (0..20).map(|n| tokio::spawn(tap.submit(&format!("n={n}")))).collect();
        settle().await;
        (0..20).for_each(|_| assert!(bed.store.step()));
        settle().await;
        (0..20).for_each(|_| assert!(bed.store.step(), "routed"));
        for one in all {
            one.await.unwrap().unwrap();
        }
        bed.store.refuse(Some(error));
        bed.store.set_manual(false);
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(partner.count() >= 1 && partner.count() < 20, "the lane stands: {}", partner.count());
        bed.store.refuse(None);
        until(|| bed.count(DeliveryState::Delivered) == 20).await;
        assert!(partner.taken().iter().enumerate().all(|(n, text)| *text == format!("n={n}")));
        assert_eq!(partner.count(), 20, "none twice");
        bed.check_books().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_orderly_stop_still_records_what_the_store_refused_a_moment_ago() {
    let (bed, tap, partner) = bed().await;
    bed.store.set_manual(true);
    let one = tokio::spawn(tap.submit("n=1"));
    settle().await;
    assert!(bed.store.step());
    settle().await;
    assert!(bed.store.step());
    one.await.unwrap().unwrap();
    until(|| partner.count() == 1).await;
    bed.store.refuse(Some(Error::Full("no space".to_owned())));
    bed.store.set_manual(false);
    settle().await;
    let store = bed.store.clone();
    let mend = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        store.refuse(None);
    });
    assert!(bed.engine.stop(Duration::from_secs(5)).await);
    mend.await.unwrap();
    assert_eq!(bed.count(DeliveryState::Delivered), 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_now_and_then_loses_nothing() {
    let (bed, tap, partner) = bed().await;
    bed.store.set_faults(Faults { full: 100, unwritable: 100 });
    let mut taken = Vec::new();
    for n in 0..300 {
        let text = format!("n={n}");
        if tap.submit(&text).await.is_ok() {
            taken.push(text);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bed.store.set_faults(Faults::default());
    until(|| bed.count(DeliveryState::Delivered) == taken.len() as u64).await;
    assert_eq!(partner.taken(), taken);
    bed.check_books().await;
}

/// What was accepted, not yet handled, and is damaged when it is read again.
#[tokio::test(start_paused = true)]
async fn a_damaged_envelope_is_passed_over_and_says_so() {
    for spoilt in 1..=3u64 {
        let (tap, partner) = (Tap::default(), Partner::good());
        let mut bed = bed_over(&tap, &partner).await;
        bed.store.set_manual(true);
        let all: Vec<_> = (1..=3).map(|n| tokio::spawn(tap.submit(&format!("n={n}")))).collect();
        settle().await;
        (0..3).for_each(|_| assert!(bed.store.step(), "accepted"));
        settle().await;
        bed.store.crash(0);
        drop(all);
        bed = Bed::over(std::sync::Arc::new(bed.store.inner().reopen())).await;
        bed.store.spoil(EnvelopeId(spoilt));
        let mut spec = channel("a", &tap);
        spec.destinations.push(destination("x", partner.clone()));
        bed.run(spec).await;
        tap.pour("n=4").await;
        until(|| partner.count() == 3).await;
        let others: Vec<String> = (1..=4).filter(|n| *n != spoilt).map(|n| format!("n={n}")).collect();
        assert_eq!(partner.taken(), others);
        settle().await;
        let ended = bed.record(EnvelopeId(spoilt)).route.unwrap().ended.unwrap();
        assert!(ended.failed && ended.step == "store" && ended.reason.contains("spoilt"), "{ended:?}");
        bed.check_books().await;
    }
}
