//! The way in: when a sender is answered, what is told apart, what is refused.

use std::time::Duration;

use klinke_engine::source::{End, Refusal};
use klinke_engine::spec::{AckWhen, Dedup};
use klinke_model::{DeliveryState, EnvelopeId};

use super::support::bed::{settle, until};
use super::support::toy::only;
use super::support::{Bed, Partner, Tap, Then, channel, destination, unhurried};

fn end_code(end: End) -> (bool, String) {
    match end {
        End::Answered { accepted, code, .. } => (accepted, code),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn ack_stored_answers_though_the_partner_is_down() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let mut spec = channel("a", &tap);
    spec.destinations.push(destination("x", Partner::new(|_| Then::Unreachable)));
    bed.run(spec).await;
    let receipt = tap.submit("n=1").await.unwrap();
    assert_eq!((receipt.id, receipt.duplicate, receipt.end), (EnvelopeId(1), false, End::Stored));
}

#[tokio::test(start_paused = true)]
async fn ack_routed_tells_what_the_steps_made_of_it() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let mut spec = channel("a", &tap);
    spec.ack = AckWhen::Routed;
    spec.steps.push(only("kind", "good"));
    spec.destinations.push(destination("x", Partner::new(|_| Then::Unreachable)));
    bed.run(spec).await;
    assert_eq!(tap.submit("kind=good").await.unwrap().end, End::Routed);
    assert_eq!(tap.submit("kind=bad").await.unwrap().end, End::Filtered);
    assert!(matches!(tap.submit("!").await.unwrap().end, End::Failed(_)));
}

#[tokio::test(start_paused = true)]
async fn ack_delivered_waits_for_the_partner_and_not_for_ever() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let mut refuse = 2;
    let partner = Partner::new(move |parcel| match &*parcel.payload {
        b"kind=good;n=retried" if refuse > 0 => {
            refuse -= 1;
            Then::Refuse("AE")
        }
        b"kind=good;n=hangs" => Then::Hang,
        b"kind=good;n=dead" => Then::Refuse("AR"),
        _ => Then::After(Duration::from_secs(1), Box::new(Then::Accept)),
    });
    let mut spec = channel("a", &tap);
    spec.ack = AckWhen::Delivered;
    spec.ack_limit = Duration::from_secs(20);
    spec.steps.push(only("kind", "good"));
    let mut to = destination("x", partner);
    to.answers =
        klinke_engine::answers::AnswerTable::new([("AR".to_owned(), klinke_model::Disposition::Dead)]);
    spec.destinations.push(to);
    bed.run(spec).await;
    let before = tokio::time::Instant::now();
    assert_eq!(end_code(tap.submit("kind=good").await.unwrap().end), (true, "AA".to_owned()));
    assert!(before.elapsed() >= Duration::from_secs(1));
    assert_eq!(end_code(tap.submit("kind=good;n=retried").await.unwrap().end), (true, "AA".to_owned()));
    assert_eq!(end_code(tap.submit("kind=good;n=dead").await.unwrap().end), (false, "AR".to_owned()));
    assert_eq!(tap.submit("kind=bad").await.unwrap().end, End::Filtered);
    assert!(matches!(tap.submit("!").await.unwrap().end, End::Failed(_)));
    assert_eq!(tap.submit("kind=good;n=hangs").await.unwrap().end, End::Pending);
}

#[tokio::test(start_paused = true)]
async fn what_came_before_is_told_by_its_content_also_when_both_come_at_once() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let mut spec = channel("a", &tap);
    let window = Duration::from_secs(600);
    spec.dedup = Some(Dedup { by_content: true, window, remember_max: 1_000 });
    spec.destinations.push(destination("x", partner.clone()));
    bed.run(spec).await;
    bed.store.set_manual(true);
    let (one, two) = (tap.submit("id=1;n=1"), tap.submit("id=1;n=1"));
    let two = tokio::spawn(two);
    settle().await;
    assert!(!two.is_finished(), "the second waits until the first is kept");
    bed.store.set_manual(false);
    let (one, two) = (one.await.unwrap(), two.await.unwrap().unwrap());
    assert_eq!((one.duplicate, two.duplicate), (false, true));
    assert_eq!(one.id, two.id);
    assert!(!tap.submit("id=1;n=2").await.unwrap().duplicate, "other content");
    tokio::time::sleep(Duration::from_secs(601)).await;
    assert!(!tap.submit("id=1;n=1").await.unwrap().duplicate, "the window is over");
    until(|| partner.count() == 3).await;
}

#[tokio::test(start_paused = true)]
async fn what_came_before_is_told_by_its_identity_also_after_a_restart() {
    let tap = Tap::default();
    let partner = Partner::good();
    let spec = || {
        let mut spec = channel("a", &tap);
        let window = Duration::from_secs(600);
        spec.dedup = Some(Dedup { by_content: false, window, remember_max: 1_000 });
        spec.destinations.push(destination("x", partner.clone()));
        spec
    };
    let bed = Bed::new().await;
    bed.run(spec()).await;
    let first = tap.submit("id=7;n=1").await.unwrap();
    assert!(tap.submit("id=7;n=2").await.unwrap().duplicate);
    assert!(!tap.submit("n=without").await.unwrap().duplicate);
    assert!(!tap.submit("n=without").await.unwrap().duplicate, "without identity all are new");
    let bed = bed.restart().await;
    bed.run(spec()).await;
    let again = tap.submit("id=7;n=3").await.unwrap();
    assert_eq!((again.id, again.duplicate), (first.id, true));
    until(|| partner.count() == 3).await;
    settle().await;
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_store_refused_is_new_when_it_comes_again() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let mut spec = channel("a", &tap);
    spec.dedup = Some(Dedup { by_content: true, window: Duration::from_secs(600), remember_max: 10 });
    spec.destinations.push(destination("x", partner.clone()));
    bed.run(spec).await;
    bed.store.refuse(Some(klinke_store::Error::Full("no space".to_owned())));
    assert!(matches!(tap.submit("n=1").await, Err(Refusal::Full(_))));
    bed.store.refuse(None);
    assert!(!tap.submit("n=1").await.unwrap().duplicate);
    until(|| partner.count() == 1).await;
}

#[tokio::test(start_paused = true)]
async fn too_much_waiting_and_too_large_payloads_are_refused() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let partner = Partner::new(|_| Then::Unreachable);
    let mut spec = channel("a", &tap);
    spec.limits.waiting_max = 5;
    spec.limits.payload_bytes_max = 100;
    spec.destinations.push(destination("x", partner.clone()));
    bed.run(spec).await;
    assert!(matches!(tap.submit(&"x".repeat(101)).await, Err(Refusal::Forbidden(_))));
    for n in 0..5 {
        tap.pour(&format!("n={n}")).await;
        settle().await;
    }
    assert!(matches!(tap.intake().pressure(), Some(Refusal::Full(_))));
    assert!(matches!(tap.submit("n=5").await, Err(Refusal::Full(_))));
    assert!(bed.engine.report().await[0].refuses.is_some());
    partner.script(|_| Then::Accept);
    until(|| bed.count(DeliveryState::Delivered) == 5).await;
    assert_eq!(tap.intake().pressure(), None);
    tap.pour("n=5").await;
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn envelopes_whose_steps_have_not_run_count_for_the_limit_too() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let mut spec = unhurried("a", &tap);
    spec.limits.waiting_max = 5;
    spec.destinations.push(destination("x", partner.clone()));
    bed.run(spec).await;
    bed.store.set_manual(true);
    let all: Vec<_> = (0..5).map(|n| tokio::spawn(tap.submit(&format!("n={n}")))).collect();
    settle().await;
    (0..5).for_each(|_| assert!(bed.store.step()));
    for one in all {
        one.await.unwrap().unwrap();
    }
    assert!(matches!(tap.submit("n=5").await, Err(Refusal::Full(_))), "five are not routed");
    bed.store.set_manual(false);
    until(|| partner.count() == 5).await;
    tap.pour("n=5").await;
}
