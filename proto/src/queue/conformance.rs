//! The contract of [`Queue`] as a suite that any backend runs.

mod lanes;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;

use super::{Consumer, DeadLetter, Delivery, Lane, Message, Queue};
use crate::digest::Digest;
use crate::topology::Instance;

/// Longest wait for something that should happen.
const SOON: Duration = Duration::from_secs(20);
/// Wait for something that should not happen.
const WHILE: Duration = Duration::from_millis(150);

/// Lanes of their own for one case, with their bound.
#[async_trait]
pub trait Broker: Send + Sync {
    /// A new connection to these lanes.
    async fn connect(&self) -> Arc<dyn Queue>;

    /// Messages a lane takes before `publish` waits. A backend may overshoot, by less than as much
    /// again.
    fn capacity(&self) -> usize;

    /// How long to wait before something counts as not happening.
    fn patience(&self) -> Duration {
        WHILE
    }
}

/// Runs every case on lanes made by `fresh`; panics with the number of the clause that does not hold.
/// The lanes must be calm (no faults), with a capacity of at least 8.
pub async fn suite<F: AsyncFn() -> Box<dyn Broker>>(fresh: F) {
    q1_everything_arrives(&*fresh().await).await;
    q1_consumers_share(&*fresh().await).await;
    q2_headers_travel(&*fresh().await).await;
    q2_retry_waits(&*fresh().await).await;
    q2_prefetch_holds(&*fresh().await).await;
    q3_dropped_is_redelivered(&*fresh().await).await;
    q4_publish_waits_for_room(&*fresh().await).await;
    q5_rejected_is_listed(&*fresh().await).await;
    q5_the_wanted_are_found_behind_others(&*fresh().await).await;
    q6_closing_loses_nothing(&*fresh().await).await;
    lanes::q7_consumers_are_counted(&*fresh().await).await;
    lanes::q8_the_dead_come_back(&*fresh().await).await;
    lanes::q9_a_deleted_lane_is_empty(&*fresh().await).await;
    lanes::q10_what_waits_is_counted(&*fresh().await).await;
    lanes::q11_the_dead_are_removed(&*fresh().await).await;
    lanes_are_apart(&*fresh().await).await;
}

fn message(number: u64) -> Message {
    let text = format!("message {number}");
    Message::new(Digest::of(text.as_bytes()), text.into_bytes())
}

fn many(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).expect("cases ask for at least one")
}

async fn publish(queue: &dyn Queue, lane: Lane, number: u64) {
    let published = timeout(SOON, queue.publish(lane, message(number))).await;
    published
        .expect("publish answers in time")
        .expect("publish");
}

async fn next(consumer: &mut dyn Consumer) -> Delivery {
    let delivery = timeout(SOON, consumer.next()).await;
    delivery
        .expect("a delivery in time")
        .expect("next")
        .expect("an open connection")
}

async fn quiet(broker: &dyn Broker, consumer: &mut dyn Consumer) -> bool {
    timeout(broker.patience(), consumer.next()).await.is_err()
}

async fn subscribe(queue: &dyn Queue, lane: Lane, prefetch: usize) -> Box<dyn Consumer> {
    queue
        .subscribe(lane, many(prefetch))
        .await
        .expect("subscribe")
}

async fn ack(delivery: Delivery) {
    delivery.ack().await.expect("ack");
}

async fn q1_everything_arrives(broker: &dyn Broker) {
    let queue = broker.connect().await;
    let mut consumer = subscribe(&*queue, Lane::Explore, 4).await;
    let count = broker.capacity() as u64;
    for number in 0..count {
        publish(&*queue, Lane::Explore, number).await;
    }
    let mut seen = BTreeMap::<Digest, u32>::new();
    while seen.len() < count as usize {
        let delivery = next(&mut *consumer).await;
        assert_eq!(
            Digest::of(delivery.body()),
            delivery.message().id,
            "Q1: the body is the one published"
        );
        *seen.entry(delivery.message().id).or_default() += 1;
        ack(delivery).await;
    }
    assert!(
        seen.contains_key(&message(count - 1).id),
        "Q1: no other message arrives"
    );
}

async fn q1_consumers_share(broker: &dyn Broker) {
    let (one, two) = (broker.connect().await, broker.connect().await);
    let mut first = subscribe(&*one, Lane::Verify, 1).await;
    let mut second = subscribe(&*two, Lane::Verify, 1).await;
    publish(&*one, Lane::Verify, 1).await;
    publish(&*one, Lane::Verify, 2).await;
    let held = [next(&mut *first).await, next(&mut *second).await];
    assert_ne!(
        held[0].message().id,
        held[1].message().id,
        "Q1: a message in hand is not given to another"
    );
    for delivery in held {
        ack(delivery).await;
    }
    assert!(
        quiet(broker, &mut *first).await && quiet(broker, &mut *second).await,
        "Q2: an acked message is gone"
    );
}

async fn q2_headers_travel(broker: &dyn Broker) {
    let queue = broker.connect().await;
    let mut consumer = subscribe(&*queue, Lane::Rollout, 1).await;
    let sent = message(1)
        .with("traceparent", "00-ab-cd-01")
        .with("attempt", "1");
    queue
        .publish(Lane::Rollout, sent.clone())
        .await
        .expect("publish");
    let mut delivery = next(&mut *consumer).await;
    assert_eq!(**delivery.message(), sent, "Q2: message as published");
    assert_eq!(delivery.lane(), Lane::Rollout);
    delivery
        .headers_mut()
        .insert("attempt".to_owned(), "2".to_owned());
    delivery.retry(Duration::ZERO).await.expect("retry");
    let delivery = next(&mut *consumer).await;
    assert_eq!(
        delivery.message().headers["attempt"],
        "2",
        "Q2: changed headers travel with a retry"
    );
    assert_eq!(delivery.message().headers["traceparent"], "00-ab-cd-01");
    ack(delivery).await;
}

async fn q2_retry_waits(broker: &dyn Broker) {
    let queue = broker.connect().await;
    let mut consumer = subscribe(&*queue, Lane::Explore, 2).await;
    publish(&*queue, Lane::Explore, 1).await;
    next(&mut *consumer)
        .await
        .retry(broker.patience() * 3)
        .await
        .expect("retry");
    publish(&*queue, Lane::Explore, 2).await;
    let other = next(&mut *consumer).await;
    assert_eq!(
        other.message().id,
        message(2).id,
        "Q2: a delayed message does not block its lane"
    );
    assert!(
        quiet(broker, &mut *consumer).await,
        "Q2: a retry comes no sooner than asked"
    );
    let again = next(&mut *consumer).await;
    assert_eq!(again.message().id, message(1).id, "Q2: a retry comes back");
    assert_eq!(again.redeliveries(), 0, "Q2: a retry is a new message");
    ack(again).await;
    ack(other).await;
}

async fn q2_prefetch_holds(broker: &dyn Broker) {
    let queue = broker.connect().await;
    let mut consumer = subscribe(&*queue, Lane::Explore, 2).await;
    for number in 0..3 {
        publish(&*queue, Lane::Explore, number).await;
    }
    let held = [next(&mut *consumer).await, next(&mut *consumer).await];
    assert!(
        quiet(broker, &mut *consumer).await,
        "no more than the prefetch is in hand"
    );
    for delivery in held {
        ack(delivery).await;
    }
    ack(next(&mut *consumer).await).await;
}

async fn q3_dropped_is_redelivered(broker: &dyn Broker) {
    let queue = broker.connect().await;
    let mut consumer = subscribe(&*queue, Lane::Synthesize, 1).await;
    publish(&*queue, Lane::Synthesize, 1).await;
    for redeliveries in 0..3 {
        let delivery = next(&mut *consumer).await;
        assert_eq!(
            delivery.message().id,
            message(1).id,
            "Q3: dropped unsettled is redelivered"
        );
        assert_eq!(
            delivery.redeliveries(),
            redeliveries,
            "Q3: redeliveries are counted"
        );
        drop(delivery);
    }
    let delivery = next(&mut *consumer).await;
    drop(consumer);
    assert_eq!(delivery.redeliveries(), 3);
    delivery
        .ack()
        .await
        .expect("Q3: a delivery outlives its consumer");
    let mut consumer = subscribe(&*queue, Lane::Synthesize, 1).await;
    assert!(
        quiet(broker, &mut *consumer).await,
        "Q2: an acked message is gone"
    );
}

async fn q4_publish_waits_for_room(broker: &dyn Broker) {
    let queue = broker.connect().await;
    let capacity = broker.capacity() as u64;
    let mut held = 0;
    while held < 2 * capacity {
        if timeout(
            broker.patience(),
            queue.publish(Lane::Explore, message(held)),
        )
        .await
        .is_err()
        {
            break;
        }
        held += 1;
    }
    assert!(
        (capacity..2 * capacity).contains(&held),
        "Q4: {held} messages went into room for {capacity}"
    );
    let mut consumer = subscribe(&*queue, Lane::Explore, 1).await;
    let drained = async {
        // More than the overshoot, so that there is room again; a repeat counts for nothing.
        for _ in 0..capacity {
            ack(next(&mut *consumer).await).await;
        }
    };
    let waiting = timeout(SOON, queue.publish(Lane::Explore, message(1_000_000)));
    let (published, ()) = tokio::join!(waiting, drained);
    published
        .expect("Q4: publish goes on when there is room")
        .expect("publish");
}

async fn q5_rejected_is_listed(broker: &dyn Broker) {
    let queue = broker.connect().await;
    let mut consumer = subscribe(&*queue, Lane::Verify, 4).await;
    assert!(
        queue
            .dead(Lane::Verify, 10, &|_| true)
            .await
            .expect("dead")
            .is_empty()
    );
    for number in 0..3 {
        publish(&*queue, Lane::Verify, number).await;
        next(&mut *consumer)
            .await
            .reject(format!("reason {number}"))
            .await
            .expect("reject");
    }
    for _ in 0..2 {
        let dead = queue.dead(Lane::Verify, 10, &|_| true).await.expect("dead");
        let mut reasons = Vec::new();
        for letter in &dead {
            reasons.push((letter.message.id, letter.reason.as_str()));
        }
        let expected = [
            (message(0).id, "reason 0"),
            (message(1).id, "reason 1"),
            (message(2).id, "reason 2"),
        ];
        assert_eq!(
            reasons, expected,
            "Q5: rejected messages are listed with their reasons, and stay"
        );
    }
    assert_eq!(
        queue
            .dead(Lane::Verify, 2, &|_| true)
            .await
            .expect("dead")
            .len(),
        2,
        "Q5: no more than asked for"
    );
    assert!(
        queue
            .dead(Lane::Explore, 2, &|_| true)
            .await
            .expect("dead")
            .is_empty(),
        "Q5: each lane has its own"
    );
    assert!(
        quiet(broker, &mut *consumer).await,
        "Q5: a rejected message is not delivered again"
    );
}

async fn q5_the_wanted_are_found_behind_others(broker: &dyn Broker) {
    const OTHERS: u64 = 50;
    let (queue, lane) = (broker.connect().await, Lane::Explore);
    let mut consumer = subscribe(&*queue, lane, 1).await;
    for number in 0..=OTHERS {
        publish(&*queue, lane, number).await;
        let rejected = next(&mut *consumer).await.reject("bad").await;
        rejected.expect("reject");
    }
    let ids = |letters: Vec<DeadLetter>| -> Vec<Digest> {
        letters.iter().map(|letter| letter.message.id).collect()
    };
    let ours = message(OTHERS).id;
    for _ in 0..2 {
        let wanted = |letter: &DeadLetter| letter.message.id == ours;
        let found = queue.dead(lane, 10, &wanted).await.expect("dead");
        assert_eq!(
            ids(found),
            [ours],
            "Q5: a wanted message is found, however many others lie before it"
        );
    }
    let first = message(0).id;
    let wanted = |letter: &DeadLetter| letter.message.id != first;
    let found = queue.dead(lane, 2, &wanted).await.expect("dead");
    assert_eq!(
        ids(found),
        [message(1).id, message(2).id],
        "Q5: the oldest that are wanted, up to the limit"
    );
    let all = queue.dead(lane, 99, &|_| true).await.expect("dead");
    let all: BTreeSet<Digest> = ids(all).into_iter().collect();
    let expected = (0..=OTHERS).map(|number| message(number).id).collect();
    assert_eq!(all, expected, "Q5: and all of them stay");
}

async fn q6_closing_loses_nothing(broker: &dyn Broker) {
    let (leaving, staying) = (broker.connect().await, broker.connect().await);
    let mut consumer = subscribe(&*leaving, Lane::Rollout, 2).await;
    for number in 0..4 {
        publish(&*leaving, Lane::Rollout, number).await;
    }
    let (settled, dropped) = (next(&mut *consumer).await, next(&mut *consumer).await);
    leaving.close().await;
    leaving.close().await;
    let end = timeout(SOON, consumer.next())
        .await
        .expect("Q6: a closed consumer ends");
    assert!(end.expect("next").is_none(), "Q6: closing stops deliveries");
    assert!(
        leaving.publish(Lane::Rollout, message(9)).await.is_err(),
        "Q6: closing stops publishing"
    );
    let gone = settled.message().id;
    settled
        .ack()
        .await
        .expect("Q6: a delivery in hand can be settled after closing");
    drop(dropped);
    let mut other = subscribe(&*staying, Lane::Rollout, 4).await;
    let mut seen = BTreeMap::new();
    while seen.len() < 3 {
        let delivery = next(&mut *other).await;
        assert_ne!(
            delivery.message().id,
            gone,
            "Q6: what was acked is not delivered again"
        );
        seen.insert(delivery.message().id, ());
        ack(delivery).await;
    }
    assert!(
        quiet(broker, &mut *other).await,
        "Q6: the others get each of them once"
    );
}

async fn lanes_are_apart(broker: &dyn Broker) {
    let queue = broker.connect().await;
    let instances = [1, 2].map(|byte| Lane::Outcomes(Instance([byte; 8])));
    let lanes: Vec<Lane> = Lane::JOBS.into_iter().chain(instances).collect();
    for (number, &lane) in lanes.iter().enumerate() {
        publish(&*queue, lane, number as u64).await;
    }
    for (number, &lane) in lanes.iter().enumerate() {
        assert_eq!(queue.ready(lane).await.expect("ready"), 1, "{lane}");
        let mut consumer = subscribe(&*queue, lane, 4).await;
        let delivery = next(&mut *consumer).await;
        assert_eq!(delivery.message().id, message(number as u64).id, "{lane}");
        ack(delivery).await;
        assert!(quiet(broker, &mut *consumer).await, "{lane}");
    }
}
