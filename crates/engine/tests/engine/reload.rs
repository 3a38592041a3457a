//! Reloads, stops and restarts.

use std::sync::Arc;
use std::time::Duration;

use klinke_engine::source::Refusal;
use klinke_engine::spec::ChannelSpec;
use klinke_model::{DeliveryState, EnvelopeId};

use super::support::bed::{STOP, settle, until};
use super::support::toy::set;
use super::support::{Bed, Partner, Tap, Then, channel, destination};

fn spec(name: &str, tap: &Tap, partner: &Partner, steps: &'static str, frame: &str) -> ChannelSpec {
    let mut spec = channel(name, tap);
    spec.text = format!("{steps} {frame}");
    spec.frame_text = frame.to_owned();
    spec.steps.push(set("by", steps));
    spec.destinations.push(destination("x", partner.clone()));
    spec
}

#[tokio::test(start_paused = true)]
async fn a_reload_touches_what_has_changed_alone() {
    let (bed, tap_a, tap_b) = (Bed::new().await, Tap::default(), Tap::default());
    let (a, b) = (Partner::good(), Partner::good());
    bed.apply(vec![spec("a", &tap_a, &a, "1", "f"), spec("b", &tap_b, &b, "1", "f")]).await;
    tap_a.pour("n=1").await;
    settle().await;
    let intake = tap_a.intake();
    let applied = bed.apply(vec![spec("a", &tap_a, &a, "1", "f"), spec("b", &tap_b, &b, "1", "g")]).await;
    assert_eq!((applied.kept, applied.started), (vec!["a".to_owned()], vec!["b".to_owned()]));
    settle().await;
    assert!(Arc::ptr_eq(&intake, &tap_a.intake()), "its source was not opened again");
    assert_eq!((tap_a.opened(), tap_b.opened(), a.links(), b.links()), (1, 2, 1, 2));
    let applied = bed.apply(vec![spec("b", &tap_b, &b, "1", "g")]).await;
    assert_eq!((applied.stopped, applied.kept), (vec!["a".to_owned()], vec!["b".to_owned()]));
    assert!(matches!(tap_a.submit("n=2").await, Err(Refusal::Stopping)));
    tap_b.pour("n=3").await;
    until(|| b.count() == 1).await;
}

#[tokio::test(start_paused = true)]
async fn other_steps_count_from_the_next_envelope_on_and_nothing_is_reconnected() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    bed.run(spec("a", &tap, &partner, "one", "f")).await;
    // The store has not confirmed this one when the reload comes.
    bed.store.set_manual(true);
    let before = tokio::spawn(tap.submit("n=1"));
    settle().await;
    let applied = bed.apply(vec![spec("a", &tap, &partner, "two", "f")]).await;
    assert_eq!(applied.changed, ["a"]);
    let after = tokio::spawn(tap.submit("n=2"));
    bed.store.set_manual(false);
    let (before, after) = (before.await.unwrap().unwrap(), after.await.unwrap().unwrap());
    until(|| partner.count() == 2).await;
    assert_eq!(partner.taken(), ["n=1;by=one", "n=2;by=two"]);
    let version = |id: EnvelopeId| bed.record(id).envelope.version;
    assert_ne!(version(before.id), version(after.id));
    let texts = bed.store.inner().clone();
    let known = klinke_store::Store::versions(texts.as_ref(), bed.record(after.id).envelope.channel).unwrap();
    let text = |id| known.iter().find(|one| one.id == version(id)).unwrap().text.clone();
    assert_eq!((text(before.id), text(after.id)), ("one f".to_owned(), "two f".to_owned()));
    assert_eq!((tap.opened(), partner.links()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_orderly_stop_ends_what_is_under_way_and_a_restart_goes_on() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let partner = Partner::new(|_| Then::After(Duration::from_secs(2), Box::new(Then::Accept)));
    bed.run(spec("a", &tap, &partner, "1", "f")).await;
    for n in 0..10 {
        tap.pour(&format!("n={n}")).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = tokio::time::Instant::now();
    let bed = bed.restart().await;
    assert!(before.elapsed() <= STOP);
    assert_eq!(partner.count(), 2, "the second was under way");
    bed.run(spec("a", &tap, &partner, "1", "f")).await;
    until(|| partner.count() == 10).await;
    settle().await;
    assert!(partner.seen().iter().all(|one| !one.repeat), "nothing was unclear");
    assert!(partner.taken().iter().enumerate().all(|(n, text)| *text == format!("n={n};by=1")));
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_is_broken_off_is_said_and_what_was_under_way_is_a_repeat() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let partner = Partner::new(|_| Then::Hang);
    bed.run(spec("a", &tap, &partner, "1", "f")).await;
    tap.pour("n=1").await;
    settle().await;
    let before = tokio::time::Instant::now();
    assert!(!bed.engine.stop(STOP).await);
    assert!(before.elapsed() <= STOP + Duration::from_millis(10));
    partner.script(|_| Then::Unreachable);
    // One more run in between, that ends in good order without having delivered it.
    for _ in 0..2 {
        let bed = Bed::over(Arc::new(bed.store.inner().reopen())).await;
        bed.run(spec("a", &tap, &partner, "1", "f")).await;
        assert!(bed.engine.stop(STOP).await);
    }
    partner.script(|_| Then::Accept);
    let bed = Bed::over(Arc::new(bed.store.inner().reopen())).await;
    bed.run(spec("a", &tap, &partner, "1", "f")).await;
    tap.pour("n=2").await;
    until(|| partner.taken().len() == 2).await;
    let taken: Vec<bool> = partner.seen().iter().filter(|one| one.taken).map(|one| one.repeat).collect();
    assert_eq!(taken, [true, false]);
}

#[tokio::test(start_paused = true)]
async fn a_channel_broken_off_by_a_reload_sends_again_as_a_repeat() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::new(|_| Then::Hang));
    bed.run(spec("a", &tap, &partner, "1", "f")).await;
    tap.pour("n=1").await;
    settle().await;
    partner.script(|_| Then::Accept);
    bed.run(spec("a", &tap, &partner, "1", "g")).await;
    tap.pour("n=2").await;
    until(|| partner.taken().len() == 2).await;
    let taken: Vec<bool> = partner.seen().iter().filter(|one| one.taken).map(|one| one.repeat).collect();
    assert_eq!(taken, [true, false]);
    settle().await;
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_runs_the_steps_on_all_that_an_earlier_run_left() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let mut unhurried = spec("a", &tap, &partner, "1", "f");
    unhurried.limits.early_bytes_max = 0;
    bed.run(unhurried).await;
    bed.store.set_manual(true);
    let all: Vec<_> = (0..500).map(|n| tap.submit(&format!("n={n}"))).collect();
    // The power fails once all are accepted and before any is routed.
    settle().await;
    bed.store.crash(500);
    drop(all);
    let again = Bed::over(Arc::new(bed.store.inner().reopen())).await;
    again.run(spec("a", &tap, &partner, "1", "f")).await;
    until(|| partner.count() == 500).await;
    tap.pour("n=500").await;
    until(|| partner.count() == 501).await;
    assert!(partner.taken().iter().enumerate().all(|(n, text)| *text == format!("n={n};by=1")));
    settle().await;
    again.check_books().await;
    assert_eq!(again.count(DeliveryState::Delivered), 501);
}

#[tokio::test(start_paused = true)]
async fn what_a_restart_runs_under_other_steps_names_the_version_that_ran() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let mut one = spec("a", &tap, &partner, "one", "f");
    one.limits.early_bytes_max = 0;
    bed.run(one).await;
    bed.store.set_manual(true);
    let accepted = tap.submit("n=1");
    settle().await;
    bed.store.crash(1);
    drop(accepted);
    let again = Bed::over(Arc::new(bed.store.inner().reopen())).await;
    again.run(spec("a", &tap, &partner, "two", "f")).await;
    until(|| partner.count() == 1).await;
    settle().await;
    let record = again.record(EnvelopeId(1));
    let known = klinke_store::Store::versions(again.store.inner().as_ref(), record.envelope.channel).unwrap();
    let text = |id| known.iter().find(|one| one.id == id).unwrap().text.clone();
    assert_eq!(text(record.envelope.version), "one f", "accepted under it");
    assert_eq!(text(record.version()), "two f", "handled by it");
    assert_eq!(partner.taken(), ["n=1;by=two"]);
}

#[tokio::test(start_paused = true)]
async fn two_channels_of_one_name_do_not_both_start() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let applied =
        bed.apply(vec![spec("a", &tap, &partner, "1", "f"), spec("a", &tap, &partner, "2", "f")]).await;
    assert_eq!((applied.started.len(), applied.failed.len(), tap.opened()), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_dropped_ends_its_tasks() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    bed.run(spec("a", &tap, &partner, "1", "f")).await;
    tap.pour("n=1").await;
    drop(bed.engine);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_being_accepted_while_a_channel_starts_anew_is_not_passed_over() {
    for wait in [Duration::from_secs(1), Duration::from_secs(60)] {
        let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
        bed.run(spec("a", &tap, &partner, "1", "f")).await;
        bed.store.set_manual(true);
        let one = tokio::spawn(tap.submit("n=1"));
        settle().await;
        let store = bed.store.clone();
        let later = tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            store.set_manual(false);
        });
        let applied = bed.apply(vec![spec("a", &tap, &partner, "1", "g")]).await;
        later.await.unwrap();
        if wait > 2 * STOP {
            assert_eq!(applied.failed.len(), 1, "it does not start before the store has answered");
            bed.run(spec("a", &tap, &partner, "1", "g")).await;
        }
        one.await.unwrap().unwrap();
        tap.pour("n=2").await;
        until(|| partner.count() == 2).await;
        assert_eq!(partner.taken(), ["n=1;by=1", "n=2;by=1"]);
        settle().await;
        bed.check_books().await;
    }
}

#[tokio::test]
async fn a_reload_can_be_made_from_a_task_of_its_own() {
    let bed = Bed::new().await;
    let applied = tokio::spawn(async move { bed.engine.apply(Vec::new(), STOP).await.started }).await;
    assert!(applied.unwrap().is_empty());
}
