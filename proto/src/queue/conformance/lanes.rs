//! Q7 to Q11: what is asked of a lane as a whole.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use tokio::time::timeout;

use super::super::{Lane, Queue};
use super::{Broker, SOON, ack, message, next, publish, quiet, subscribe};
use crate::topology::Instance;

/// Waits until what a lane is asked is as it should be; a broker may take a moment.
async fn comes_to<T: fmt::Debug>(
    what: &str,
    expected: impl Fn(&T) -> bool,
    ask: impl AsyncFn() -> T,
) {
    let mut last = None;
    let settled = async {
        while !last.as_ref().is_some_and(&expected) {
            last = Some(ask().await);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let settled = timeout(SOON, settled).await;
    assert!(settled.is_ok(), "{what}: {last:?}");
}

/// Waits until a lane has so many consumers.
async fn has_consumers(queue: &dyn Queue, lane: Lane, expected: RangeInclusive<u32>) {
    let what = format!("Q7: consumers on {lane}, not {expected:?}");
    comes_to(
        &what,
        |count| expected.contains(count),
        async || queue.consumers(lane).await.expect("consumers"),
    )
    .await;
}

pub(super) async fn q7_consumers_are_counted(broker: &dyn Broker) {
    let (one, two) = (broker.connect().await, broker.connect().await);
    // Of those who wait for outcomes one is served at a time, and a broker counts no other.
    let outcomes = Lane::Outcomes(Instance([7; 8]));
    for (lane, both) in [(Lane::Verify, 2..=2), (outcomes, 1..=2)] {
        has_consumers(&*one, lane, 0..=0).await;
        let first = subscribe(&*one, lane, 1).await;
        let second = subscribe(&*two, lane, 1).await;
        for queue in [&one, &two] {
            has_consumers(&**queue, lane, both.clone()).await;
        }
        drop(first);
        has_consumers(&*one, lane, 1..=1).await;
        drop(second);
        has_consumers(&*one, lane, 0..=0).await;
    }
    has_consumers(&*one, Lane::Outcomes(Instance([8; 8])), 0..=0).await;
    let left = subscribe(&*two, outcomes, 1).await;
    has_consumers(&*one, outcomes, 1..=1).await;
    two.close().await;
    has_consumers(&*one, outcomes, 0..=0).await;
    drop(left);
}

pub(super) async fn q8_the_dead_come_back(broker: &dyn Broker) {
    let queue = broker.connect().await;
    let mut consumer = subscribe(&*queue, Lane::Rollout, 1).await;
    for number in 0..4 {
        let sent = message(number).with("attempt", "3");
        queue.publish(Lane::Rollout, sent).await.expect("publish");
        let delivery = next(&mut *consumer).await;
        delivery
            .reject(format!("reason {number}"))
            .await
            .expect("reject");
    }
    let unwanted = message(1).id;
    let revived = queue
        .revive(Lane::Rollout, 2, &|letter| letter.message.id != unwanted)
        .await
        .expect("revive");
    let mut ids = Vec::new();
    for letter in &revived {
        ids.push((letter.message.id, letter.reason.as_str()));
    }
    assert_eq!(
        ids,
        [(message(0).id, "reason 0"), (message(2).id, "reason 2")],
        "Q8: the oldest that are wanted, up to the limit"
    );
    let mut seen = BTreeMap::new();
    for _ in 0..2 {
        let delivery = next(&mut *consumer).await;
        assert_eq!(delivery.redeliveries(), 0, "Q8: as a new message");
        seen.insert(delivery.message().id, (**delivery.message()).clone());
        ack(delivery).await;
    }
    for number in [0, 2] {
        let sent = message(number).with("attempt", "3");
        assert_eq!(
            seen.get(&sent.id),
            Some(&sent),
            "Q8: a message comes back as it was"
        );
    }
    assert!(
        quiet(broker, &mut *consumer).await,
        "Q8: and comes back once"
    );
    let mut left = Vec::new();
    for letter in queue.dead(Lane::Rollout, 9, &|_| true).await.expect("dead") {
        left.push((letter.message.id, letter.reason));
    }
    left.sort_unstable();
    let mut expected = vec![
        (message(1).id, "reason 1".to_owned()),
        (message(3).id, "reason 3".to_owned()),
    ];
    expected.sort_unstable();
    assert_eq!(left, expected, "Q8: the others stay dead");
}

pub(super) async fn q9_a_deleted_lane_is_empty(broker: &dyn Broker) {
    let queue = broker.connect().await;
    let (lane, other) = (
        Lane::Outcomes(Instance([9; 8])),
        Lane::Outcomes(Instance([10; 8])),
    );
    queue.delete(lane).await.expect("Q9: one that never was");
    let mut consumer = subscribe(&*queue, lane, 1).await;
    publish(&*queue, lane, 1).await;
    next(&mut *consumer)
        .await
        .reject("bad")
        .await
        .expect("reject");
    drop(consumer);
    has_consumers(&*queue, lane, 0..=0).await;
    for number in 0..broker.capacity() as u64 {
        publish(&*queue, lane, number).await;
    }
    publish(&*queue, other, 2).await;
    queue.delete(lane).await.expect("delete");
    assert_eq!(
        queue.ready(lane).await.expect("ready"),
        0,
        "Q9: nothing waits"
    );
    assert!(
        queue
            .dead(lane, 9, &|_| true)
            .await
            .expect("dead")
            .is_empty(),
        "Q9: the dead lane goes with it"
    );
    // As many again: its room came back.
    for number in 0..broker.capacity() as u64 {
        publish(&*queue, lane, number).await;
    }
    let mut consumer = subscribe(&*queue, lane, 1).await;
    for _ in 0..broker.capacity() {
        ack(next(&mut *consumer).await).await;
    }
    assert!(
        quiet(broker, &mut *consumer).await,
        "Q9: what was deleted is gone"
    );
    assert_eq!(
        queue.ready(other).await.expect("ready"),
        1,
        "Q9: other lanes are left alone"
    );
}

/// Waits until so many messages wait on a lane: for a consumer, for their time, and in its dead lane.
async fn has_waiting(queue: &dyn Queue, lane: Lane, expected: [u64; 3]) {
    let what = format!("Q10: what waits on {lane}, not {expected:?}");
    comes_to(
        &what,
        |waiting| *waiting == expected,
        async || {
            [
                queue.ready(lane).await.expect("ready"),
                queue.delayed(lane).await.expect("delayed"),
                queue.buried(lane).await.expect("buried"),
            ]
        },
    )
    .await;
}

pub(super) async fn q10_what_waits_is_counted(broker: &dyn Broker) {
    let (one, two) = (broker.connect().await, broker.connect().await);
    let lane = Lane::Rollout;
    for number in 0..3 {
        publish(&*one, lane, number).await;
    }
    has_waiting(&*two, lane, [3, 0, 0]).await;
    let mut consumer = subscribe(&*one, lane, 1).await;
    let first = next(&mut *consumer).await;
    has_waiting(&*two, lane, [2, 0, 0]).await;
    first.reject("for good").await.expect("reject");
    let second = next(&mut *consumer).await;
    has_waiting(&*two, lane, [1, 0, 1]).await;
    second.retry(SOON).await.expect("retry");
    let third = next(&mut *consumer).await;
    has_waiting(&*two, lane, [0, 1, 1]).await;
    drop(third);
}

pub(super) async fn q11_the_dead_are_removed(broker: &dyn Broker) {
    let queue = broker.connect().await;
    let lane = Lane::Synthesize;
    let none = queue.discard(lane, 9, &|_| true).await;
    assert_eq!(none.expect("discard"), [], "Q11: of a lane without dead");
    let mut consumer = subscribe(&*queue, lane, 1).await;
    for number in 0..5 {
        publish(&*queue, lane, number).await;
        let rejected = next(&mut *consumer).await.reject("bad").await;
        rejected.expect("reject");
    }
    has_waiting(&*queue, lane, [0, 0, 5]).await;
    let kept = message(1).id;
    let removed = queue
        .discard(lane, 3, &|letter| letter.message.id != kept)
        .await
        .expect("discard");
    let ids: Vec<_> = removed.iter().map(|letter| letter.message.id).collect();
    let expected = [0, 2, 3].map(|number| message(number).id);
    assert_eq!(
        ids, expected,
        "Q11: the oldest that are wanted, up to the limit"
    );
    has_waiting(&*queue, lane, [0, 0, 2]).await;
    let left = queue.dead(lane, 9, &|_| true).await.expect("dead");
    let mut left: Vec<_> = left.iter().map(|letter| letter.message.id).collect();
    left.sort_unstable();
    let mut others = [kept, message(4).id];
    others.sort_unstable();
    assert_eq!(left, others, "Q11: the others stay dead");
    assert!(
        quiet(broker, &mut *consumer).await,
        "Q11: and none comes back"
    );
}
