//! Steps that run before the envelope is kept: one entry of the store, and nothing else is different.

use std::sync::Arc;

use klinke_engine::document::Document;
use klinke_engine::source::Refusal;
use klinke_engine::spec::ChannelSpec;
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_model::{DeliveryState, EnvelopeId};
use klinke_store::Error;

use super::support::bed::{settle, until};
use super::support::toy::only;
use super::support::{Bed, Partner, Tap, channel, destination};

/// Ends every envelope whose number is odd.
#[derive(Debug)]
struct Even;

impl Step for Even {
    fn kind(&self) -> &'static str {
        "even"
    }

    fn apply(&self, context: &mut Context<'_>, document: Box<dyn Document>) -> Result<Yield, StepError> {
        match context.number().0 % 2 {
            0 => Ok(Yield::One(document)),
            _ => Ok(Yield::End("it is odd".to_owned())),
        }
    }
}

fn spec(tap: &Tap, partner: &Partner) -> ChannelSpec {
    let mut spec = channel("a", tap);
    spec.destinations.push(destination("x", partner.clone()));
    spec
}

#[tokio::test(start_paused = true)]
async fn one_commit_answers_the_sender_and_lets_the_delivery_go() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    bed.run(spec(&tap, &partner)).await;
    bed.store.set_manual(true);
    let sent = tokio::spawn(tap.submit("n=1"));
    settle().await;
    assert_eq!((bed.store.pending(), partner.count()), (1, 0), "nothing leaves before it is kept");
    assert!(bed.store.step());
    assert_eq!(sent.await.unwrap().unwrap().id, EnvelopeId(1));
    until(|| partner.count() == 1).await;
    settle().await;
    assert_eq!(bed.store.pending(), 1, "the attempt alone is yet to be written");
    bed.store.set_manual(false);
    assert_eq!(bed.count(DeliveryState::Delivered), 1);
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_kept_is_neither_answered_nor_sent() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    bed.run(spec(&tap, &partner)).await;
    bed.store.refuse(Some(Error::Full("no space".to_owned())));
    assert!(matches!(tap.submit("n=1").await, Err(Refusal::Full(_))));
    bed.store.refuse(None);
    bed.store.set_manual(true);
    let lost = tokio::spawn(tap.submit("n=2"));
    settle().await;
    bed.store.crash(0);
    drop(lost);
    assert_eq!(partner.count(), 0);
    let bed = Bed::over(Arc::new(bed.store.inner().reopen())).await;
    bed.run(spec(&tap, &partner)).await;
    tap.pour("n=3").await;
    until(|| partner.count() == 1).await;
    assert_eq!(partner.taken(), ["n=3"]);
}

#[tokio::test(start_paused = true)]
async fn steps_that_ask_for_the_number_are_told_the_right_one() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let mut spec = spec(&tap, &partner);
    spec.steps.push(Box::new(Even));
    bed.run(spec).await;
    for n in 1..=6 {
        tap.pour(&format!("n={n}")).await;
    }
    until(|| partner.count() == 3).await;
    assert_eq!(partner.taken(), ["n=2", "n=4", "n=6"]);
    settle().await;
    let ended = bed.record(EnvelopeId(5)).route.unwrap().ended.unwrap();
    assert_eq!((ended.failed, ended.reason.as_str()), (false, "it is odd"));
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn large_and_small_ones_keep_their_order() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let mut spec = spec(&tap, &partner);
    spec.limits.early_bytes_max = 10;
    bed.run(spec).await;
    bed.store.set_manual(true);
    let text = |n: usize| if n % 7 == 3 { format!("n={n};and=more") } else { format!("n={n}") };
    let all: Vec<_> = (0..60).map(|n| tokio::spawn(tap.submit(&text(n)))).collect();
    // Commits of every size, with what the steps make of earlier ones in between.
    for size in (1..6).cycle().take(60) {
        settle().await;
        for _ in 0..size {
            bed.store.step();
        }
    }
    bed.store.set_manual(false);
    for one in all {
        one.await.unwrap().unwrap();
    }
    until(|| partner.count() == 60).await;
    assert!(partner.taken().iter().enumerate().all(|(n, taken)| *taken == text(n)), "{:?}", partner.taken());
    settle().await;
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn what_fails_or_is_filtered_says_so_as_ever() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let mut spec = spec(&tap, &partner);
    spec.steps.push(only("kind", "good"));
    bed.run(spec).await;
    for text in ["kind=bad", "!", "kind=good"] {
        tap.pour(text).await;
    }
    until(|| partner.count() == 1).await;
    settle().await;
    let ended = |id| bed.record(EnvelopeId(id)).route.unwrap().ended.map(|ended| (ended.failed, ended.step));
    assert_eq!(ended(1), Some((false, "step 1: closure".to_owned())));
    assert_eq!(ended(2), Some((true, "open".to_owned())));
    assert_eq!(ended(3), None);
    bed.check_books().await;
}
