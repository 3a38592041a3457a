//! What is too long to be sent at once: fragments are kept, the whole goes on, nothing is lost.

use std::time::Duration;

use klinke_engine::source::{End, Refusal};
use klinke_engine::spec::{AckWhen, ChannelSpec, Joining};
use klinke_model::{EnvelopeId, Origin};

use super::support::bed::{settle, until};
use super::support::{Bed, Partner, Tap, channel, destination};

fn joining(tap: &Tap, partner: &Partner) -> ChannelSpec {
    let mut spec = channel("a", tap);
    spec.joining = Some(Joining { open_max: 2, bytes_max: 200, wait: Duration::from_secs(60) });
    spec.destinations.push(destination("x", partner.clone()));
    spec
}

async fn open(bed: &Bed) -> (usize, u64) {
    let report = bed.engine.report().await[0].fragments;
    (report.open, report.strays)
}

#[tokio::test(start_paused = true)]
async fn fragments_are_kept_and_the_whole_goes_on_in_its_place() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let mut spec = joining(&tap, &partner);
    spec.ack = AckWhen::Routed;
    bed.run(spec).await;
    let first = tap.submit("n=1;more=P1").await.unwrap();
    assert_eq!((first.id, first.end), (EnvelopeId(1), End::Stored));
    let second = tap.submit("after=P1;n=2;more=P2").await.unwrap();
    assert_eq!(open(&bed).await, (1, 0));
    tap.pour("n=between").await;
    // What is sent right behind the last fragment stays behind the whole.
    let (last, behind) = (tap.submit("after=P2;n=3"), tap.submit("n=behind"));
    let last = last.await.unwrap();
    behind.await.unwrap();
    assert_eq!(last.end, End::Routed);
    until(|| partner.count() == 3).await;
    assert_eq!(partner.taken(), ["n=between", "n=1;n=2;n=3", "n=behind"]);
    settle().await;
    let (whole, record) = (bed.record(last.id), bed.record(first.id));
    assert_eq!(whole.envelope.origin, Origin::Joined(Some(first.id)));
    let fragments = [second.id, EnvelopeId(last.id.0 - 1)];
    assert_eq!(record.children, [fragments[0], fragments[1], last.id]);
    assert_eq!(&*bed.record(fragments[1]).envelope.payload, b"after=P2;n=3");
    for id in [first.id, fragments[0], fragments[1]] {
        let ended = bed.record(id).route.unwrap().ended.unwrap();
        assert!(!ended.failed && ended.reason.contains("fragment"), "{ended:?}");
    }
    assert_eq!(open(&bed).await, (0, 0));
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_between_fragments_loses_nothing() {
    let (tap, partner) = (Tap::default(), Partner::good());
    let mut bed = Bed::new().await;
    for text in ["n=1;more=P1", "after=P1;n=2;more=P2", "after=P2;n=3"] {
        bed.run(joining(&tap, &partner)).await;
        tap.pour(text).await;
        settle().await;
        bed = bed.restart().await;
    }
    bed.run(joining(&tap, &partner)).await;
    until(|| partner.count() == 1).await;
    assert_eq!(partner.taken(), ["n=1;n=2;n=3"]);
    // Its answer was lost: the last one comes again after the restart, and is known.
    let again = tap.submit("after=P2;n=3").await.unwrap();
    assert!(again.duplicate);
    assert_eq!(bed.record(again.id).envelope.origin, Origin::Joined(Some(EnvelopeId(1))));
    settle().await;
    assert_eq!(partner.count(), 1);
    assert_eq!(open(&bed).await, (0, 0));
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_again_takes_the_place_of_its_first_copy() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    bed.run(joining(&tap, &partner)).await;
    for text in ["n=old;more=P1", "n=1;more=P1", "after=P1;n=2;more=P2", "after=P1;n=2;more=P2"] {
        tap.pour(text).await;
    }
    assert_eq!(open(&bed).await, (1, 0));
    let whole = tap.pour("after=P2;n=3").await;
    let again = tap.submit("after=P2;n=3").await.unwrap();
    assert_eq!((again.id, again.duplicate), (whole, true));
    until(|| partner.count() == 1).await;
    assert_eq!(partner.taken(), ["n=1;n=2;n=3"]);
    settle().await;
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn what_continues_nothing_passes_and_is_counted() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    bed.run(joining(&tap, &partner)).await;
    tap.pour("after=P9;n=1").await;
    until(|| partner.count() == 1).await;
    assert_eq!(partner.taken(), ["after=P9;n=1"]);
    assert_eq!(open(&bed).await, (0, 1));
}

#[tokio::test(start_paused = true)]
async fn without_joining_fragments_pass_as_they_come() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let mut spec = joining(&tap, &partner);
    spec.joining = None;
    bed.run(spec).await;
    tap.pour("n=1;more=P1").await;
    tap.pour("after=P1;n=2").await;
    until(|| partner.count() == 2).await;
    assert_eq!(partner.taken(), ["n=1;more=P1", "after=P1;n=2"]);
}

#[tokio::test(start_paused = true)]
async fn too_many_and_too_much_are_refused_and_the_rest_goes_on() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    bed.run(joining(&tap, &partner)).await;
    tap.pour("n=1;more=A1").await;
    tap.pour("n=2;more=B1").await;
    assert!(matches!(tap.submit("n=3;more=C1").await, Err(Refusal::Full(_))));
    let long = format!("after=A1;n={};more=A2", "x".repeat(200));
    assert!(matches!(tap.submit(&long).await, Err(Refusal::Forbidden(_))));
    tap.pour("after=A1;n=1b").await;
    tap.pour("n=3;more=C1").await;
    until(|| partner.count() == 1).await;
    assert_eq!(partner.taken(), ["n=1;n=1b"]);
    assert_eq!(open(&bed).await, (2, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_finished_in_time_is_kept_as_damaged() {
    let (tap, partner) = (Tap::default(), Partner::good());
    let bed = Bed::new().await;
    bed.run(joining(&tap, &partner)).await;
    tap.pour("n=1;more=P1").await;
    tokio::time::sleep(Duration::from_secs(50)).await;
    tap.pour("after=P1;n=2;more=P2").await;
    tokio::time::sleep(Duration::from_secs(50)).await;
    assert_eq!(open(&bed).await, (1, 0), "each fragment begins the time anew");
    // Also when a restart lies between.
    let bed = bed.restart().await;
    bed.run(joining(&tap, &partner)).await;
    bed.store.refuse(Some(klinke_store::Error::Full("no space".to_owned())));
    // The bed's clock begins anew with it.
    tokio::time::sleep(Duration::from_secs(111)).await;
    assert_eq!(open(&bed).await, (1, 0), "it could not be kept");
    bed.store.refuse(None);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(open(&bed).await, (0, 0));
    let record = bed.record(EnvelopeId(3));
    assert_eq!(&*record.envelope.payload, b"n=1;n=2");
    assert_eq!(record.envelope.origin, Origin::Joined(Some(EnvelopeId(1))));
    let ended = record.route.unwrap().ended.unwrap();
    assert!(ended.failed && ended.reason.contains("did not come"), "{ended:?}");
    assert_eq!(partner.count(), 0);
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_store_refuses_may_come_again() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    bed.run(joining(&tap, &partner)).await;
    let fragments = ["n=1;more=P1", "after=P1;n=2;more=P2", "after=P2;n=3"];
    for text in fragments {
        bed.store.refuse(Some(klinke_store::Error::Full("no space".to_owned())));
        assert!(matches!(tap.submit(text).await, Err(Refusal::Full(_))));
        bed.store.refuse(None);
        tap.pour(text).await;
    }
    until(|| partner.count() == 1).await;
    assert_eq!(partner.taken(), ["n=1;n=2;n=3"]);
    settle().await;
    bed.check_books().await;
}
