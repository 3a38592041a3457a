//! What partners do, and what becomes of it: retries, answers, the circuit, rates and hours.

use std::sync::Arc;
use std::time::Duration;

use klinke_engine::answers::AnswerTable;
use klinke_engine::document::Format;
use klinke_engine::retry::Retry;
use klinke_engine::schedule::Schedule;
use klinke_engine::throttle::Rate;
use klinke_model::{AttemptResult, DeliveryState, Disposition, EnvelopeId};

use super::support::bed::{settle, until};

use super::support::{Bed, Partner, Tap, Then, Toy, channel, destination};

#[tokio::test(start_paused = true)]
async fn retries_back_off_with_jitter_and_keep_the_lane_in_order() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let mut left = 6;
    let partner = Partner::new(move |_| {
        left -= 1;
        if left >= 0 { Then::Refuse("AE") } else { Then::Accept }
    });
    let mut spec = channel("a", &tap);
    let mut to = destination("x", partner.clone());
    to.retry = Retry { first: Duration::from_millis(200), most: Duration::from_secs(2), ..to.retry };
    spec.destinations.push(to);
    bed.run(spec).await;
    tap.pour("n=1").await;
    tap.pour("n=2").await;
    until(|| partner.count() == 8).await;
    let seen = partner.seen();
    let gaps: Vec<u128> = seen.windows(2).map(|two| (two[1].at - two[0].at).as_millis()).collect();
    for (gap, whole) in gaps.iter().zip([200, 400, 800, 1_600, 2_000, 2_000]) {
        assert!(*gap >= whole * 3 / 4 && *gap <= whole + 2, "{gaps:?}");
    }
    assert_eq!(seen.iter().map(|one| one.attempt).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 1]);
    assert!(seen.iter().all(|one| !one.repeat), "the partner refused: nothing is unclear");
    settle().await;
    let attempts = &bed.record(EnvelopeId(1)).deliveries[0].1;
    assert_eq!(attempts.len(), 7);
    assert!(matches!(attempts[0].result, AttemptResult::Retry(_)));
    assert_eq!((attempts[6].number, attempts[6].result), (7, AttemptResult::Delivered));
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn the_answer_table_decides() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let partner = Partner::new(|parcel| match &*parcel.payload {
        b"n=dead" => Then::Refuse("AR"),
        b"n=drop" => Then::Refuse("XX"),
        b"n=accept" => Then::Refuse("CE"),
        b"n=hold" => Then::Refuse("HH"),
        _ => Then::Accept,
    });
    let mut spec = channel("a", &tap);
    let mut to = destination("x", partner.clone());
    let on = [("AR", Disposition::Dead), ("X?", Disposition::Drop), ("C*", Disposition::Accept)];
    let on = on.into_iter().chain([("HH", Disposition::Hold)]);
    to.answers = AnswerTable::new(on.map(|(code, disposition)| (code.to_owned(), disposition)));
    spec.destinations.push(to);
    bed.run(spec).await;
    for text in ["n=dead", "n=drop", "n=accept", "n=1", "n=hold", "n=2"] {
        tap.pour(text).await;
    }
    until(|| partner.count() == 5).await;
    settle().await;
    let state = |id| bed.delivery(EnvelopeId(id)).state;
    assert_eq!(state(1), DeliveryState::Dead);
    assert_eq!(state(2), DeliveryState::Dropped);
    assert_eq!(state(3), DeliveryState::Delivered);
    assert_eq!(state(4), DeliveryState::Delivered);
    assert_eq!(state(5), DeliveryState::Waiting, "its lane stands");
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert_eq!(partner.count(), 5, "nothing passes what is held");
    assert_eq!(bed.store_holds(), 1);
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn attempts_are_spent_into_dead_and_the_lane_goes_on() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let partner = Partner::new(|parcel| match parcel.key.envelope.0 {
        1 => Then::Refuse("AE"),
        _ => Then::Accept,
    });
    let mut spec = channel("a", &tap);
    let mut to = destination("x", partner.clone());
    to.retry.attempts_max = Some(3);
    spec.destinations.push(to);
    bed.run(spec).await;
    tap.pour("n=1").await;
    tap.pour("n=2").await;
    until(|| partner.taken() == ["n=2"]).await;
    settle().await;
    assert_eq!(bed.delivery(EnvelopeId(1)).state, DeliveryState::Dead);
    assert_eq!(bed.delivery(EnvelopeId(1)).attempts, 3);
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_do_not_each_wait_for_a_partner_that_is_down() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let slow = |then| Then::After(Duration::from_secs(2), Box::new(then));
    let partner = Partner::new(move |_| slow(Then::Unreachable));
    let mut spec = channel("a", &tap);
    let mut to = destination("x", partner.clone());
    to.lane = Some(Toy.path("n").unwrap());
    to.links_max = 8;
    spec.destinations.push(to);
    bed.run(spec).await;
    for n in 0..10_000 {
        tap.pour(&format!("n={n}")).await;
    }
    tokio::time::sleep(Duration::from_secs(1_800)).await;
    // The first eight were under way together; from then on one tries at a time, at most once a minute.
    assert!(partner.count() < 60, "{}", partner.count());
    let later = &partner.seen()[8..];
    assert!(later.windows(2).all(|two| two[1].at - two[0].at >= Duration::from_secs(2)));
    let report = &bed.engine.report().await[0].destinations[0].3;
    assert!(report.down);
    // It is up again: the next probe lets all go at once.
    partner.script(|_| Then::Accept);
    let (tried, before) = (partner.count(), tokio::time::Instant::now());
    until(|| partner.count() > tried).await;
    assert!(before.elapsed() <= Duration::from_secs(63));
    let probed = tokio::time::Instant::now();
    until(|| bed.count(DeliveryState::Delivered) == 10_000).await;
    assert!(probed.elapsed() < Duration::from_secs(1), "{:?}", probed.elapsed());
    assert!(!bed.engine.report().await[0].destinations[0].3.down);
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn only_one_probe_is_under_way_while_the_partner_is_down() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let partner = Partner::new(|_| Then::Unreachable);
    let mut spec = channel("a", &tap);
    let mut to = destination("x", partner.clone());
    to.lane = Some(Toy.path("n").unwrap());
    to.links_max = 8;
    spec.destinations.push(to);
    bed.run(spec).await;
    tap.pour("n=first").await;
    until(|| partner.count() == 1).await;
    // From here on each attempt takes half a minute: more than the waits between the probes.
    partner.script(|_| Then::After(Duration::from_secs(30), Box::new(Then::Unreachable)));
    let before = partner.busy_max();
    for n in 0..50 {
        tap.pour(&format!("n={n}")).await;
    }
    tokio::time::sleep(Duration::from_secs(1_800)).await;
    assert_eq!(before, 1);
    assert_eq!(partner.busy_max(), 1, "one at a time");
    assert!(partner.count() > 15);
}

#[tokio::test(start_paused = true)]
async fn a_partner_that_hangs_is_tried_by_one_at_a_time_and_fed_at_once_when_it_is_back() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let partner = Partner::new(|_| Then::Lose);
    let mut spec = channel("a", &tap);
    let mut to = destination("x", partner.clone());
    to.lane = Some(Toy.path("n").unwrap());
    to.links_max = 8;
    spec.destinations.push(to);
    bed.run(spec).await;
    for n in 0..1_000 {
        tap.pour(&format!("n={n}")).await;
    }
    tokio::time::sleep(Duration::from_secs(1_800)).await;
    assert!(partner.count() < 60, "{}", partner.count());
    let tried = partner.count();
    partner.script(|_| Then::Accept);
    until(|| partner.count() > tried + 1).await;
    let back = tokio::time::Instant::now();
    until(|| bed.count(DeliveryState::Delivered) == 1_000).await;
    assert!(back.elapsed() < Duration::from_secs(1), "{:?}", back.elapsed());
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn after_an_unclear_end_the_link_is_closed_and_the_repeat_says_so() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let mut first = true;
    let partner = Partner::new(move |_| if std::mem::take(&mut first) { Then::Lose } else { Then::Accept });
    let mut spec = channel("a", &tap);
    spec.destinations.push(destination("x", partner.clone()));
    bed.run(spec).await;
    tap.pour("n=1").await;
    tap.pour("n=2").await;
    until(|| partner.count() == 3).await;
    let seen = partner.seen();
    assert_eq!(seen.iter().map(|one| one.repeat).collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(seen.iter().map(|one| &*one.text).collect::<Vec<_>>(), ["n=1", "n=1", "n=2"]);
    assert!(partner.closes().contains(&(1, 1)), "closed between: {:?}", partner.closes());
    settle().await;
    assert!(bed.record(EnvelopeId(1)).deliveries[0].1[1].repeat);
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn a_link_that_hangs_or_panics_is_broken_off_and_tried_again() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let mut turns = [Then::Hang, Then::Panic].into_iter();
    let partner = Partner::new(move |_| turns.next().unwrap_or(Then::Accept));
    let mut spec = channel("a", &tap);
    spec.destinations.push(destination("x", partner.clone()));
    bed.run(spec).await;
    tap.pour("n=1").await;
    until(|| partner.taken() == ["n=1"]).await;
    let seen = partner.seen();
    assert_eq!(seen.iter().map(|one| one.repeat).collect::<Vec<_>>(), [false, true, true]);
    assert_eq!(seen[2].link, 2, "a new link after the panic");
    settle().await;
    bed.check_books().await;
}

#[tokio::test(start_paused = true)]
async fn a_sleeping_lane_wakes_though_the_link_that_put_it_to_sleep_is_busy() {
    let (bed, tap) = (Bed::new().await, Tap::default());
    let mut refused = false;
    let partner = Partner::new(move |parcel| match &*parcel.key.lane {
        "refused" if !std::mem::replace(&mut refused, true) => Then::Refuse("AE"),
        "slow" => Then::After(Duration::from_secs(9), Box::new(Then::Accept)),
        _ => Then::Accept,
    });
    let mut spec = channel("a", &tap);
    let mut to = destination("x", partner.clone());
    to.lane = Some(Toy.path("key").unwrap());
    to.links_max = 2;
    spec.destinations.push(to);
    bed.run(spec).await;
    tap.pour("key=refused").await;
    settle().await;
    tap.pour("key=slow").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(partner.taken(), ["key=refused"], "within its own second, not the other's nine");
}

#[tokio::test(start_paused = true)]
async fn a_throttle_spreads_deliveries() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let mut spec = channel("a", &tap);
    let mut to = destination("x", partner.clone());
    to.rate = Some(Rate { count: 10, span: Duration::from_secs(1) });
    spec.destinations.push(to);
    bed.run(spec).await;
    for n in 0..100 {
        tap.pour(&format!("n={n}")).await;
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let count = partner.count();
    assert!((50..=56).contains(&count), "{count}");
    until(|| partner.count() == 100).await;
    assert!(partner.taken().iter().enumerate().all(|(n, text)| *text == format!("n={n}")));
}

#[tokio::test(start_paused = true)]
async fn a_partner_is_fed_in_its_opening_hours_alone() {
    let (bed, tap, partner) = (Bed::new().await, Tap::default(), Partner::good());
    let mut spec = channel("a", &tap);
    let mut to = destination("x", partner.clone());
    // The bed's time begins on a Sunday at 08:00.
    to.schedule = Some(Schedule::parse(&["Sun 10:00-11:00"], Arc::new(|_| 0)).unwrap());
    spec.destinations.push(to);
    bed.run(spec).await;
    tap.pour("n=1").await;
    tokio::time::sleep(Duration::from_secs(7_190)).await;
    assert_eq!(partner.count(), 0);
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(partner.count(), 1);
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    tap.pour("n=2").await;
    tokio::time::sleep(Duration::from_secs(86_400)).await;
    assert_eq!(partner.count(), 1, "closed until next week");
}
