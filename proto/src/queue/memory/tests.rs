//! What only the twin can be asked: faults, limits, and cancellation at every point.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use tokio::runtime::Builder;
use tokio::time::timeout;

use super::super::UNDELIVERABLE;
use super::super::conformance::{self, Broker};
use super::*;
use crate::digest::Digest;

struct Calm(MemoryQueue);

#[async_trait]
impl Broker for Calm {
    async fn connect(&self) -> Arc<dyn Queue> {
        Arc::new(self.0.connect())
    }

    fn capacity(&self) -> usize {
        self.0.settings().capacity
    }
}

fn settings(capacity: usize) -> MemorySettings {
    MemorySettings {
        capacity,
        ..MemorySettings::default()
    }
}

fn message(number: u32) -> Message {
    Message::new(
        Digest::of(&number.to_le_bytes()),
        number.to_le_bytes().to_vec(),
    )
}

fn number(delivery: &Delivery) -> u32 {
    u32::from_le_bytes(delivery.body().try_into().unwrap())
}

fn hands(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

#[tokio::test]
async fn conforms() {
    for capacity in [8, 100] {
        conformance::suite(async || {
            Box::new(Calm(MemoryQueue::new(settings(capacity)))) as Box<dyn Broker>
        })
        .await;
    }
}

#[tokio::test]
async fn past_the_delivery_limit_a_message_is_dead() {
    let queue = MemoryQueue::new(MemorySettings {
        delivery_limit: 2,
        ..settings(8)
    });
    queue.publish(Lane::Verify, message(1)).await.unwrap();
    let mut consumer = queue.subscribe(Lane::Verify, hands(1)).await.unwrap();
    for redeliveries in 0..3 {
        let delivery = consumer.next().await.unwrap().unwrap();
        assert_eq!(delivery.redeliveries(), redeliveries);
    }
    let dead = queue.dead(Lane::Verify, 9, &|_| true).await.unwrap();
    assert_eq!((dead.len(), dead[0].reason.as_str()), (1, UNDELIVERABLE));
    assert_eq!(
        queue.counts(Lane::Verify),
        Counts {
            dead: 1,
            ..Counts::default()
        }
    );
}

#[tokio::test]
async fn a_full_dead_lane_gives_the_delivery_back() {
    let queue = MemoryQueue::new(MemorySettings {
        dead_capacity: 1,
        ..settings(8)
    });
    let mut consumer = queue.subscribe(Lane::Verify, hands(2)).await.unwrap();
    for number in 0..2 {
        queue.publish(Lane::Verify, message(number)).await.unwrap();
    }
    consumer
        .next()
        .await
        .unwrap()
        .unwrap()
        .reject("bad")
        .await
        .unwrap();
    let refused = consumer
        .next()
        .await
        .unwrap()
        .unwrap()
        .reject("bad")
        .await
        .unwrap_err();
    assert!(
        matches!(refused.error, QueueError::Full { capacity: 1, .. }),
        "{refused}"
    );
    refused.delivery.ack().await.unwrap();
    assert_eq!(
        queue.counts(Lane::Verify),
        Counts {
            dead: 1,
            ..Counts::default()
        }
    );
}

#[tokio::test]
async fn closing_wakes_who_waits() {
    let queue = MemoryQueue::new(settings(1));
    let mut consumer = queue.subscribe(Lane::Explore, hands(1)).await.unwrap();
    queue.publish(Lane::Verify, message(1)).await.unwrap();
    let (published, taken, ()) = tokio::join!(
        queue.publish(Lane::Verify, message(2)),
        consumer.next(),
        async { queue.close().await }
    );
    assert!(matches!(published, Err(QueueError::Closed(Lane::Verify))));
    assert!(taken.unwrap().is_none());
    assert_eq!(queue.counts(Lane::Verify).ready, 1);
}

#[tokio::test]
async fn a_consumer_keeps_its_connection() {
    let queue = MemoryQueue::new(settings(2));
    let other = queue.connect();
    let mut consumer = queue.subscribe(Lane::Explore, hands(1)).await.unwrap();
    drop(queue);
    let brief = Duration::from_millis(20);
    assert!(
        timeout(brief, consumer.next()).await.is_err(),
        "still waiting"
    );
    other.publish(Lane::Explore, message(1)).await.unwrap();
    consumer.next().await.unwrap().unwrap().ack().await.unwrap();
}

#[tokio::test]
async fn unsettled_and_delayed_take_room() {
    let queue = MemoryQueue::new(settings(2));
    let mut consumer = queue.subscribe(Lane::Explore, hands(2)).await.unwrap();
    for number in 0..2 {
        queue.publish(Lane::Explore, message(number)).await.unwrap();
    }
    let held = consumer.next().await.unwrap().unwrap();
    consumer
        .next()
        .await
        .unwrap()
        .unwrap()
        .retry(Duration::from_secs(60))
        .await
        .unwrap();
    let brief = Duration::from_millis(30);
    assert!(
        timeout(brief, queue.publish(Lane::Explore, message(9)))
            .await
            .is_err()
    );
    assert_eq!(
        queue.counts(Lane::Explore),
        Counts {
            delayed: 1,
            unsettled: 1,
            ..Counts::default()
        }
    );
    held.ack().await.unwrap();
    timeout(brief, queue.publish(Lane::Explore, message(9)))
        .await
        .unwrap()
        .unwrap();
}

/// What a holder of a delivery does with it.
#[derive(Debug, Clone, Copy)]
enum Act {
    Ack,
    Drop,
    Retry,
    /// Begins to wait for a delivery and gives up.
    Cancel,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => Just(Act::Ack),
        2 => Just(Act::Drop),
        1 => Just(Act::Retry),
        1 => Just(Act::Cancel),
    ];
    prop::collection::vec(act, 0..200)
}

/// Publishes 40 messages into little room and takes them under faults; gives the order of first
/// arrivals.
async fn wild_run(faults: Faults, acts: Vec<Act>) -> Vec<u32> {
    let queue = MemoryQueue::new(MemorySettings {
        faults: Some(faults),
        delivery_limit: u32::MAX,
        ..settings(8)
    });
    let publisher = async {
        for number in 0..40 {
            queue.publish(Lane::Rollout, message(number)).await.unwrap();
        }
    };
    let taker = async {
        let mut consumer = queue.subscribe(Lane::Rollout, hands(3)).await.unwrap();
        let (mut acts, mut order, mut acked) = (acts.into_iter(), Vec::new(), BTreeSet::new());
        while acked.len() < 40 {
            let act = acts.next().unwrap_or(Act::Ack);
            if matches!(act, Act::Cancel) {
                let _ = timeout(Duration::ZERO, consumer.next()).await;
                continue;
            }
            let delivery = consumer.next().await.unwrap().unwrap();
            let number = number(&delivery);
            if !order.contains(&number) {
                order.push(number);
            }
            match act {
                Act::Ack => {
                    if delivery.ack().await.is_ok() {
                        acked.insert(number);
                    }
                }
                Act::Retry => drop(delivery.retry(Duration::ZERO).await),
                Act::Drop | Act::Cancel => drop(delivery),
            }
        }
        order
    };
    let ((), order) = tokio::join!(publisher, taker);
    order
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn under_faults_nothing_is_lost_and_the_seed_decides(
        seed: u64, reorder in 0.0..1.0, duplicate in 0.0..0.9, lose in 0.0..0.5, acts in acts(),
    ) {
        let faults = Faults { seed: Seed::root(seed), reorder, duplicate, lose };
        let run = |acts| {
            let runtime = Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(async { timeout(Duration::from_secs(30), wild_run(faults, acts)).await })
        };
        let order = run(acts.clone()).expect("everything arrives");
        prop_assert_eq!(order.iter().copied().collect::<BTreeSet<_>>().len(), 40);
        if !acts.iter().any(|act| matches!(act, Act::Retry | Act::Cancel)) {
            // Retries and cancellations look at the clock, which is not seeded here.
            prop_assert_eq!(order, run(acts).unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_hands_get_everything_once_when_calm() {
    let queue = Arc::new(MemoryQueue::new(settings(64)));
    let (workers, count) = (8, 4000_u32);
    let mut takers = tokio::task::JoinSet::new();
    for _ in 0..workers {
        let mut consumer = queue.subscribe(Lane::Explore, hands(2)).await.unwrap();
        takers.spawn(async move {
            let mut seen = Vec::new();
            while let Some(delivery) = consumer.next().await.unwrap() {
                seen.push(number(&delivery));
                delivery.ack().await.unwrap();
            }
            seen
        });
    }
    for number in 0..count {
        queue.publish(Lane::Explore, message(number)).await.unwrap();
    }
    while queue.counts(Lane::Explore) != Counts::default() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    queue.close().await;
    let mut seen: Vec<u32> = takers.join_all().await.concat();
    seen.sort_unstable();
    assert_eq!(seen, (0..count).collect::<Vec<_>>());
}

/// Prints deliveries per second: `cargo test -p proto --release queue_speed -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn queue_speed() {
    let queue = Arc::new(MemoryQueue::default());
    let body: Arc<[u8]> = vec![7; 2048].into();
    let (workers, count) = (64, 400_000_u32);
    let mut takers = tokio::task::JoinSet::new();
    let start = std::time::Instant::now();
    for _ in 0..workers {
        let mut consumer = queue.subscribe(Lane::Explore, hands(2)).await.unwrap();
        takers.spawn(async move {
            while let Some(delivery) = consumer.next().await.unwrap() {
                delivery.ack().await.unwrap();
            }
        });
    }
    for number in 0..count {
        let id = Digest([number as u8; 32]);
        queue
            .publish(Lane::Explore, Message::new(id, Arc::clone(&body)))
            .await
            .unwrap();
    }
    while queue.counts(Lane::Explore) != Counts::default() {
        tokio::task::yield_now().await;
    }
    let each = start.elapsed() / count;
    queue.close().await;
    takers.join_all().await;
    println!("publish, deliver, ack to {workers} consumers: {each:?} a message");
}
