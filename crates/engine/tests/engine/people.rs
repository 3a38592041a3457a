//! What people decide, also while something is under way.

use std::time::Duration;

use klinke_engine::AgainError;
use klinke_engine::document::Format;
use klinke_engine::source::{End, Refusal};
use klinke_model::{DeliveryKey, DeliveryState, EnvelopeId, Origin, Payload};
use klinke_store::Action;

use super::support::bed::{settle, until};
use super::support::partner::START;
use super::support::toy::only;
use super::support::{Bed, Partner, Tap, Then, Toy, channel, destination};

async fn bed(script: fn() -> Then) -> (Bed, Tap, Partner) {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::new(move |_| script()));
    let mut spec = channel("a", &tap);
    let mut to = destination("x", partner.clone());
    to.lane = Some(Toy.path("key").unwrap());
    to.links_max = 2;
    spec.destinations.push(to);
    bed.run(spec).await;
    (bed, tap, partner)
}

fn key(bed: &Bed, id: u64) -> DeliveryKey {
    bed.delivery(EnvelopeId(id)).key
}

fn kill(bed: &Bed, id: u64) -> Action {
    Action::Kill { key: key(bed, id), reason: "by hand".to_owned(), at: START }
}

fn skip(bed: &Bed, id: u64) -> Action {
    Action::Skip { key: key(bed, id), reason: "by hand".to_owned(), at: START }
}

fn revive(bed: &Bed, id: u64) -> Action {
    Action::Revive { key: key(bed, id), at: START }
}

fn hold(bed: &Bed, lane: Option<&str>) -> Action {
    let (destination, lane) = (bed.destination("x"), lane.map(Into::into));
    Action::Hold { destination, lane, reason: "by hand".to_owned(), at: START }
}

fn release(bed: &Bed, lane: Option<&str>) -> Action {
    Action::Release { destination: bed.destination("x"), lane: lane.map(Into::into) }
}

#[tokio::test(start_paused = true)]
async fn a_held_lane_stands_and_the_others_go() {
    let (bed, tap, partner) = bed(|| Then::Accept).await;
    bed.engine.act(hold(&bed, Some("a"))).await.unwrap();
    for text in ["key=a;n=1", "key=b;n=2", "key=a;n=3"] {
        tap.pour(text).await;
    }
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(partner.taken(), ["key=b;n=2"]);
    assert_eq!(bed.engine.act(release(&bed, Some("a"))).await.unwrap(), 2);
    settle().await;
    assert_eq!(partner.taken(), ["key=b;n=2", "key=a;n=1", "key=a;n=3"]);
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn a_held_destination_stands_until_released_also_over_a_restart() {
    let (bed, tap, partner) = bed(|| Then::Accept).await;
    bed.engine.act(hold(&bed, None)).await.unwrap();
    tap.pour("key=a;n=1").await;
    let bed = bed.restart().await;
    let mut spec = channel("a", &tap);
    let mut to = destination("x", partner.clone());
    to.lane = Some(Toy.path("key").unwrap());
    spec.destinations.push(to);
    bed.run(spec).await;
    tap.pour("key=b;n=2").await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(partner.count(), 0);
    assert!(bed.engine.report().await[0].destinations[0].3.held);
    bed.engine.act(release(&bed, None)).await.unwrap();
    until(|| partner.count() == 2).await;
    settle().await;
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn killed_and_skipped_deliveries_leave_their_lane_and_revived_ones_come_back_in_place() {
    let (bed, tap, partner) = bed(|| Then::Refuse("AE")).await;
    for n in 1..=5 {
        tap.pour(&format!("key=a;n={n}")).await;
    }
    until(|| partner.count() == 1).await;
    settle().await;
    assert_eq!(bed.engine.act(kill(&bed, 1)).await.unwrap(), 1, "the front, while it waits");
    assert_eq!(bed.engine.act(skip(&bed, 3)).await.unwrap(), 1);
    assert_eq!(bed.engine.act(kill(&bed, 3)).await.unwrap(), 0, "it waits no longer");
    assert_eq!(bed.engine.act(kill(&bed, 4)).await.unwrap(), 1);
    assert_eq!(bed.delivery(EnvelopeId(1)).state, DeliveryState::Dead);
    assert_eq!(bed.delivery(EnvelopeId(3)).state, DeliveryState::Dropped);
    bed.check_books().await;
    assert_eq!(bed.engine.act(revive(&bed, 4)).await.unwrap(), 1);
    assert_eq!(bed.engine.act(revive(&bed, 3)).await.unwrap(), 0, "dropped is not dead");
    bed.check_books().await;
    partner.script(|_| Then::Accept);
    until(|| bed.count(DeliveryState::Waiting) == 0).await;
    assert_eq!(partner.taken(), ["key=a;n=2", "key=a;n=4", "key=a;n=5"]);
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_can_not_be_given_up() {
    let (bed, tap, partner) = bed(|| Then::After(Duration::from_secs(5), Box::new(Then::Accept))).await;
    tap.pour("key=a;n=1").await;
    tap.pour("key=a;n=2").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bed.engine.act(kill(&bed, 1)).await.unwrap(), 0);
    assert_eq!(bed.engine.act(kill(&bed, 2)).await.unwrap(), 1);
    bed.engine.act(hold(&bed, Some("a"))).await.unwrap();
    until(|| partner.count() == 1).await;
    settle().await;
    assert_eq!(bed.delivery(EnvelopeId(1)).state, DeliveryState::Delivered);
    bed.engine.act(revive(&bed, 2)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(partner.count(), 1, "revived into a lane that is held");
    bed.engine.act(release(&bed, Some("a"))).await.unwrap();
    until(|| partner.count() == 2).await;
    settle().await;
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_but_not_yet_recorded_can_not_be_given_up() {
    let (bed, tap, partner) = bed(|| Then::Accept).await;
    bed.engine.act(hold(&bed, None)).await.unwrap();
    tap.pour("key=a;n=1").await;
    settle().await;
    bed.engine.act(release(&bed, None)).await.unwrap();
    bed.store.refuse(Some(klinke_store::Error::Full("no space".to_owned())));
    until(|| partner.count() == 1).await;
    assert_eq!(bed.engine.act(kill(&bed, 1)).await.unwrap(), 0);
    bed.store.refuse(None);
    until(|| bed.count(DeliveryState::Delivered) == 1).await;
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_the_store_refuses_changes_nothing() {
    let (bed, tap, partner) = bed(|| Then::Refuse("AE")).await;
    tap.pour("key=a;n=1").await;
    until(|| partner.count() == 1).await;
    settle().await;
    bed.store.refuse(Some(klinke_store::Error::Unwritable("read-only".to_owned())));
    assert!(bed.engine.act(kill(&bed, 1)).await.is_err());
    assert!(bed.engine.act(hold(&bed, Some("a"))).await.is_err());
    bed.store.refuse(None);
    partner.script(|_| Then::Accept);
    until(|| bed.count(DeliveryState::Delivered) == 1).await;
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn an_envelope_is_sent_again_as_a_new_one() {
    let (bed, tap, partner) = bed(|| Then::Accept).await;
    let id = tap.pour("key=a;n=1").await;
    let receipt = bed.engine.resend(id, None).await.unwrap();
    assert_eq!((receipt.id, receipt.end), (EnvelopeId(2), End::Stored));
    let edited = bed.engine.edit(id, Payload::new(b"key=a;n=one".to_vec()), Some("a")).await.unwrap();
    until(|| partner.count() == 3).await;
    assert_eq!(partner.taken(), ["key=a;n=1", "key=a;n=1", "key=a;n=one"]);
    assert_eq!(bed.record(receipt.id).envelope.origin, Origin::Resent(id));
    assert_eq!(bed.record(edited.id).envelope.origin, Origin::Edited(id));
    assert_eq!(bed.record(id).children, [receipt.id, edited.id]);
    let lost = bed.engine.resend(EnvelopeId(99), None).await;
    assert!(matches!(lost, Err(AgainError::Missing(EnvelopeId(99)))));
    let down = bed.engine.resend(id, Some("other")).await;
    assert!(matches!(down, Err(AgainError::Refused(Refusal::Down(_)))));
}

#[tokio::test(start_paused = true)]
async fn a_failed_envelope_is_run_again_once_the_steps_are_mended() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let mut spec = channel("a", &tap);
    spec.steps.push(super::support::step(|_| Err(klinke_engine::step::StepError::new("not yet"))));
    spec.destinations.push(destination("x", partner.clone()));
    bed.run(spec).await;
    let id = tap.pour("n=1").await;
    settle().await;
    assert!(bed.record(id).route.unwrap().ended.unwrap().failed);
    let mut spec = channel("a", &tap);
    spec.text = "2".to_owned();
    spec.steps.push(only("n", "1"));
    spec.destinations.push(destination("x", partner.clone()));
    bed.run(spec).await;
    bed.engine.resend(id, None).await.unwrap();
    until(|| partner.count() == 1).await;
    settle().await;
    bed.check_books().await;
}
