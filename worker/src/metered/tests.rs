use async_trait::async_trait;
use proto::digest::Digest;
use proto::queue::conformance::{self, Broker};
use proto::queue::{
    Delivery, MemoryQueue, MemorySettings, Message, QueueError, Settle, Settlement,
};
use std::num::NonZeroUsize;

use super::*;
use crate::process::metrics::Part;

const CAPACITY: usize = 8;

struct Calm(MemoryQueue);

#[async_trait]
impl Broker for Calm {
    async fn connect(&self) -> Arc<dyn Queue> {
        queue(Arc::new(self.0.connect()), &Metrics::new(Part::Embedded))
    }

    fn capacity(&self) -> usize {
        CAPACITY
    }
}

fn memory() -> MemoryQueue {
    MemoryQueue::new(MemorySettings {
        capacity: CAPACITY,
        ..MemorySettings::default()
    })
}

#[tokio::test(start_paused = true)]
async fn it_does_as_the_queue_within() {
    conformance::suite(async || Box::new(Calm(memory())) as Box<dyn Broker>).await;
}

fn message() -> Message {
    Message::new(Digest::of(b"job"), *b"body")
}

#[tokio::test(start_paused = true)]
async fn each_message_is_counted_on_its_lane() {
    let metrics = Metrics::new(Part::Embedded);
    let queue = queue(Arc::new(memory()), &metrics);
    let lane = Lane::Verify;
    queue.publish(lane, message()).await.expect("room");
    let mut taking = queue
        .subscribe(lane, NonZeroUsize::MIN)
        .await
        .expect("open");
    let mut next = async || taking.next().await.expect("calm").expect("open");
    drop(next().await);
    next().await.reject("enough").await.expect("ours");
    queue.close().await;
    let closed = queue.publish(lane, message()).await;
    assert!(matches!(closed, Err(QueueError::Closed(_))));
    let of = &metrics.transport;
    assert_eq!(of.deliveries.of((lane,)).get(), 2);
    assert_eq!(of.redeliveries.of((lane,)).get(), 1);
    assert_eq!(of.dead.of((lane,)).get(), 1);
    let failures = &of.publish_failures;
    let label = crate::process::metrics::label::Failure::Permanent;
    assert_eq!(failures.of((lane, label)).get(), 1);
    let text = metrics.text();
    let published = r#"t2t_publish_seconds_count{lane="verify"} 1"#;
    assert!(text.contains(published), "{text}");
}

/// A delivery that somebody else has by now.
struct Gone;

#[async_trait]
impl Settle for Gone {
    async fn settle(&mut self, _: &Arc<Message>, _: Settlement) -> Result<(), QueueError> {
        Err(QueueError::Lost(Lane::Rollout))
    }
}

#[tokio::test]
async fn a_settlement_too_late_is_counted() {
    let metrics = Metrics::new(Part::Worker);
    let lane = Lane::Rollout;
    let gone = Delivery::new(Arc::new(message()), lane, 0, Box::new(Gone));
    let delivery = wrapped::wrap(gone, Arc::new(metrics.transport.clone()));
    assert!(delivery.ack().await.is_err());
    assert_eq!(metrics.transport.acks_lost.of((lane,)).get(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_counted_delivery_is_as_old_as_its_hand_over() {
    let lane = Lane::Rollout;
    let old = Delivery::new(Arc::new(message()), lane, 0, Box::new(Gone));
    tokio::time::advance(std::time::Duration::from_secs(60)).await;
    let transport = Arc::new(Metrics::new(Part::Worker).transport.clone());
    let delivery = wrapped::wrap(old, transport);
    assert_eq!(delivery.held(), std::time::Duration::from_secs(60));
}

#[test]
fn a_counter_follows_a_count_and_never_goes_back() {
    let metrics = Metrics::new(Part::Worker);
    let counter = metrics.transport.reconnects.of((Peer::Store,));
    for (count, shown) in [(3, 3), (3, 3), (5, 5), (1, 5)] {
        catch_up(counter, count);
        assert_eq!(counter.get(), shown);
    }
}
