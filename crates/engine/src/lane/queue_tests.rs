use std::collections::BTreeMap;

use super::*;

fn key(name: &str) -> Arc<str> {
    name.into()
}

fn item(envelope: u64) -> Item {
    Item {
        envelope: EnvelopeId(envelope),
        part: 0,
        attempts: 0,
        repeat: false,
        ticket: 0,
        queued: Timestamp(0),
        payload: Some(Payload::new(vec![b'x'; 10])),
    }
}

/// A queue that has looked into an empty store.
fn queue(budget: Budget) -> Queue {
    let mut queue = Queue::new(budget);
    assert!(matches!(queue.next(Timestamp(0)), Next::Discover));
    queue.discovered([], true);
    queue
}

fn deliver(queue: &mut Queue, now: i64) -> Option<(Arc<str>, u64)> {
    match queue.next(Timestamp(now)) {
        Next::Deliver(lane, item) => Some((lane, item.envelope.0)),
        _ => None,
    }
}

fn give_up(queue: &mut Queue, lane: &Arc<str>, envelope: u64) {
    assert!(queue.pause(lane, (EnvelopeId(envelope), 0)));
    queue.resume(lane, (EnvelopeId(envelope), 0), true);
}

#[test]
fn one_at_a_time_and_in_order_within_a_lane() {
    let mut queue = queue(Budget::default());
    let lane = key("a");
    (1..=3).for_each(|n| queue.push(&lane, item(n)));
    for n in 1..=3 {
        assert_eq!(deliver(&mut queue, 0), Some((lane.clone(), n)));
        assert_eq!(deliver(&mut queue, 0), None, "the lane is busy");
        queue.recording(&lane);
        queue.finish(&lane, Front::Gone, true, false);
    }
    assert_eq!(deliver(&mut queue, 0), None);
    (1..=3).for_each(|_| queue.recorded(&lane));
    assert_eq!(queue.lanes(), 0, "an empty lane is forgotten");
}

#[test]
fn a_lane_that_stands_never_delays_another_however_long_it_is() {
    let mut queue = queue(Budget { items_max: 200_000, ..Budget::default() });
    let stuck = key("stuck");
    (1..=100_000).for_each(|n| queue.push(&stuck, item(n)));
    assert_eq!(deliver(&mut queue, 0), Some((stuck.clone(), 1)));
    queue.recording(&stuck);
    queue.finish(&stuck, Front::Again(Timestamp(1_000)), true, false);
    for n in 100_001..=100_050u64 {
        let other = key(&format!("p{n}"));
        queue.push(&other, item(n));
        assert_eq!(deliver(&mut queue, 0), Some((other.clone(), n)));
        queue.finish(&other, Front::Gone, false, false);
    }
    assert_eq!(deliver(&mut queue, 999), None);
    assert_eq!(deliver(&mut queue, 1_000), Some((stuck, 1)));
}

#[test]
fn a_lane_beyond_the_budget_is_filled_from_the_store_once_all_is_recorded() {
    let mut queue = queue(Budget { items_max: 2, ..Budget::default() });
    let lane = key("");
    (1..=4).for_each(|n| queue.push(&lane, item(n)));
    for n in 1..=2 {
        assert_eq!(deliver(&mut queue, 0), Some((lane.clone(), n)));
        queue.recording(&lane);
        queue.finish(&lane, Front::Gone, true, false);
    }
    assert!(matches!(queue.next(Timestamp(0)), Next::Wait(None)), "not before the store has it");
    queue.recorded(&lane);
    queue.recorded(&lane);
    assert!(matches!(queue.next(Timestamp(0)), Next::Refill(..)));
    queue.push(&lane, item(5));
    queue.refilled(&lane, vec![item(3), item(4)], false);
    for n in 3..=4 {
        assert_eq!(deliver(&mut queue, 0), Some((lane.clone(), n)));
        queue.finish(&lane, Front::Gone, false, false);
    }
    assert!(matches!(queue.next(Timestamp(0)), Next::Refill(..)), "5 came while the store was read");
    queue.refilled(&lane, vec![item(5)], false);
    assert_eq!(deliver(&mut queue, 0), Some((lane.clone(), 5)));
    queue.finish(&lane, Front::Gone, false, false);
    assert_eq!(queue.lanes(), 0);
}

#[test]
fn what_a_read_has_shown_is_not_queued_twice() {
    let mut queue = Queue::new(Budget::default());
    let lane = key("");
    assert!(matches!(queue.next(Timestamp(0)), Next::Discover));
    queue.discovered([(lane.clone(), (EnvelopeId(1), 0))], true);
    assert!(matches!(queue.next(Timestamp(0)), Next::Refill(..)));
    queue.refilled(&lane, vec![item(1), item(2)], false);
    queue.push(&lane, item(2));
    assert_eq!(deliver(&mut queue, 0), Some((lane.clone(), 1)));
    queue.finish(&lane, Front::Gone, false, false);
    assert_eq!(deliver(&mut queue, 0), Some((lane.clone(), 2)));
    queue.finish(&lane, Front::Gone, false, false);
    assert_eq!(queue.lanes(), 0);
    queue.push(&lane, item(2));
    assert!(matches!(queue.next(Timestamp(0)), Next::Refill(..)), "the store is asked, not trusted");
    queue.refilled(&lane, vec![], false);
    assert_eq!(queue.lanes(), 0);
}

#[test]
fn a_push_before_the_first_look_into_the_store_waits_for_what_lies_there() {
    let mut queue = Queue::new(Budget::default());
    let lane = key("");
    queue.push(&lane, item(9));
    assert!(matches!(queue.next(Timestamp(0)), Next::Discover));
    assert!(matches!(queue.next(Timestamp(0)), Next::Refill(..)), "another link goes on meanwhile");
    queue.refilled(&lane, vec![item(4), item(9)], false);
    assert_eq!(deliver(&mut queue, 0), Some((lane.clone(), 4)));
}

#[test]
fn lanes_beyond_the_budget_are_found_again() {
    let mut queue = queue(Budget { lanes_max: 4, ..Budget::default() });
    (1..=6).for_each(|n| queue.push(&key(&format!("l{n}")), item(n)));
    for _ in 1..=2 {
        let (lane, _) = deliver(&mut queue, 0).expect("ready");
        queue.finish(&lane, Front::Gone, false, false);
    }
    assert!(matches!(queue.next(Timestamp(0)), Next::Discover), "though two lanes are ready");
    for _ in 3..=4 {
        let (lane, _) = deliver(&mut queue, 0).expect("ready");
        queue.finish(&lane, Front::Gone, false, false);
    }
    queue.discovered([5, 6].map(|n| (key(&format!("l{n}")), (EnvelopeId(n), 0))), true);
    assert!(matches!(queue.next(Timestamp(0)), Next::Refill(lane, _) if &*lane == "l5"));
}

#[test]
fn held_lanes_stand_until_released_and_dead_ones_are_removed() {
    let mut queue = queue(Budget::default());
    let lane = key("a");
    (1..=3).for_each(|n| queue.push(&lane, item(n)));
    assert_eq!(deliver(&mut queue, 0), Some((lane.clone(), 1)));
    assert!(!queue.pause(&lane, (EnvelopeId(1), 0)), "it is under way");
    queue.finish(&lane, Front::Held, true, false);
    assert_eq!(deliver(&mut queue, i64::MAX), None);
    give_up(&mut queue, &lane, 1);
    assert_eq!(deliver(&mut queue, i64::MAX), None, "still held");
    queue.release(&lane);
    assert_eq!(deliver(&mut queue, 0), Some((lane.clone(), 2)));
    queue.hold(&lane);
    queue.finish(&lane, Front::Gone, false, false);
    assert_eq!(deliver(&mut queue, 0), None);
    queue.release(&lane);
    assert_eq!(deliver(&mut queue, 0), Some((lane.clone(), 3)));
}

#[test]
fn what_changes_in_the_store_while_it_is_read_is_read_again() {
    let mut queue = queue(Budget { items_max: 1, ..Budget::default() });
    let lane = key("");
    (1..=3).for_each(|n| queue.push(&lane, item(n)));
    assert_eq!(deliver(&mut queue, 0), Some((lane.clone(), 1)));
    queue.finish(&lane, Front::Gone, false, false);
    assert!(matches!(queue.next(Timestamp(0)), Next::Refill(..)));
    // A person revives 0 and gives 2 up while the read that shows 2 and 3 is under way.
    queue.reread(&lane);
    give_up(&mut queue, &lane, 2);
    queue.refilled(&lane, vec![item(2), item(3)], false);
    assert!(matches!(queue.next(Timestamp(0)), Next::Refill(..)), "that read counts for nothing");
    queue.refilled(&lane, vec![item(0), item(3)], false);
    for n in [0, 3] {
        assert_eq!(deliver(&mut queue, 0), Some((lane.clone(), n)));
        queue.finish(&lane, Front::Gone, false, false);
    }
    assert_eq!(queue.lanes(), 0);
}

#[test]
fn a_lane_pauses_while_a_delivery_is_given_up_and_goes_on_in_order_when_that_fails() {
    for gone in [true, false] {
        let mut queue = queue(Budget::default());
        let lane = key("a");
        (1..=3).for_each(|n| queue.push(&lane, item(n)));
        assert!(queue.pause(&lane, (EnvelopeId(1), 0)));
        assert_eq!(deliver(&mut queue, 0), None, "should it fail, 1 comes before 2");
        queue.push(&key("b"), item(4));
        assert_eq!(deliver(&mut queue, 0), Some((key("b"), 4)), "other lanes go");
        queue.resume(&lane, (EnvelopeId(1), 0), gone);
        assert_eq!(deliver(&mut queue, 0), Some((lane.clone(), if gone { 2 } else { 1 })));
    }
}

#[test]
fn one_long_lane_leaves_room_in_memory_for_the_others() {
    let mut queue = queue(Budget { items_max: 1_000, ..Budget::default() });
    let (stuck, other) = (key("stuck"), key("other"));
    (1..=5_000).for_each(|n| queue.push(&stuck, item(n)));
    assert_eq!(deliver(&mut queue, 0), Some((stuck, 1)));
    queue.push(&other, item(5_001));
    assert_eq!(deliver(&mut queue, 0), Some((other, 5_001)), "without asking the store");
}

#[test]
fn a_lane_emptied_by_hand_while_it_was_ready_is_forgotten() {
    let mut queue = queue(Budget::default());
    queue.push(&key("a"), item(1));
    give_up(&mut queue, &key("a"), 1);
    assert_eq!(deliver(&mut queue, 0), None);
    assert_eq!(queue.lanes(), 0);
}

/// Random operations against a plain model: order per lane, nothing lost, nothing twice.
#[test]
fn random_histories_lose_nothing_and_keep_order() {
    for seed in 0..300u64 {
        let mut random = seed;
        let mut roll = move |below: u64| {
            random = crate::retry::scatter(random);
            random % below
        };
        let budget =
            Budget { lanes_max: 1 + roll(4) as usize, items_max: 1 + roll(6) as usize, bytes_max: 25 };
        let mut queue = Queue::new(budget);
        let mut store: BTreeMap<(Arc<str>, u64), ()> = BTreeMap::new();
        let mut sent: BTreeMap<Arc<str>, Vec<u64>> = BTreeMap::new();
        let (mut next, mut now) = (1, 0);
        let mut pending: VecDeque<(Arc<str>, u64)> = VecDeque::new();
        let mut unrecorded: VecDeque<(Arc<str>, u64)> = VecDeque::new();
        for round in 0..2_000 {
            if next <= 120 && roll(3) == 0 {
                let lane = key(&format!("l{}", roll(6)));
                store.insert((lane.clone(), next), ());
                pending.push_back((lane, next));
                next += 1;
            }
            if roll(2) == 0
                && let Some((lane, n)) = pending.pop_front()
            {
                queue.push(&lane, item(n));
            }
            if roll(2) == 0
                && let Some((lane, n)) = unrecorded.pop_front()
            {
                store.remove(&(lane.clone(), n));
                queue.recorded(&lane);
            }
            now += roll(20) as i64;
            match queue.next(Timestamp(now)) {
                Next::Deliver(lane, item) if roll(4) == 0 => {
                    assert!(item.attempts < 1_000);
                    queue.finish(&lane, Front::Again(Timestamp(now + 5)), false, false);
                }
                Next::Deliver(lane, item) => {
                    sent.entry(lane.clone()).or_default().push(item.envelope.0);
                    unrecorded.push_back((lane.clone(), item.envelope.0));
                    queue.recording(&lane);
                    queue.finish(&lane, Front::Gone, true, false);
                }
                Next::Refill(lane, _) => {
                    let all: Vec<u64> =
                        store.keys().filter(|(key, _)| *key == lane).map(|(_, n)| *n).collect();
                    let some = all.iter().take(3).map(|n| item(*n)).collect();
                    queue.refilled(&lane, some, all.len() > 3);
                }
                Next::Discover => {
                    let mut lanes: BTreeMap<Arc<str>, Place> = BTreeMap::new();
                    for (lane, n) in store.keys() {
                        lanes.entry(lane.clone()).or_insert((EnvelopeId(*n), 0));
                    }
                    queue.discovered(lanes, true);
                }
                Next::Wait(_) if round > 1_900 => now += 1_000,
                Next::Wait(_) => {}
            }
        }
        let mut all: Vec<u64> = sent.values().flatten().copied().collect();
        for (lane, order) in &sent {
            assert!(order.is_sorted(), "seed {seed} lane {lane}: {order:?}");
        }
        all.sort_unstable();
        assert_eq!(all, (1..next).collect::<Vec<_>>(), "seed {seed}");
    }
}
