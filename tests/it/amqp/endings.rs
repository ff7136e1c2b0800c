//! Connections that end, again and again, while deliveries are acknowledged over them: every acknowledgement
//! comes to an end, too.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio::task::JoinSet;

use super::*;

/// Times that every connection ends.
const ENDS: u32 = 40;
/// Deliveries acknowledged between two of them, at least.
const BETWEEN: u32 = 300;
/// Deliveries taken before they are acknowledged one after the other, at most.
const BATCH: usize = 200;

async fn publish(queue: Arc<AmqpQueue>) {
    for number in 0.. {
        queue.publish(Lane::Verify, message(number)).await.unwrap();
    }
}

async fn acknowledge(queue: AmqpQueue, acknowledged: Arc<AtomicU32>) {
    let mut consumer = queue.subscribe(Lane::Verify, hands(BATCH)).await.unwrap();
    loop {
        let mut batch = vec![next(&mut *consumer).await];
        while batch.len() < BATCH {
            let gathering = Duration::from_millis(20);
            let Ok(delivery) = timeout(gathering, consumer.next()).await else {
                break;
            };
            batch.push(delivery.unwrap().unwrap());
        }
        for delivery in batch {
            // One way or the other.
            let acknowledging = timeout(SOON, delivery.ack()).await;
            drop(acknowledging.expect("an end in time"));
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledgement_ends_with_its_connection() {
    let Some(vhost) = rabbit::shared() else {
        return;
    };
    let settings = AmqpSettings {
        capacity: 2000,
        ..settings(&vhost)
    };
    let acknowledged = Arc::new(AtomicU32::new(0));
    let publisher = Arc::new(connect(&settings).await);
    let mut crew = JoinSet::new();
    for _ in 0..8 {
        crew.spawn(publish(Arc::clone(&publisher)));
    }
    for _ in 0..3 {
        let queue = connect(&settings).await;
        crew.spawn(acknowledge(queue, Arc::clone(&acknowledged)));
    }
    for end in 0..ENDS {
        let enough = acknowledged.load(Ordering::Relaxed) + BETWEEN;
        until(
            &format!("{enough} acknowledgements, end {end}"),
            async || {
                if let Some(ended) = crew.try_join_next() {
                    ended.unwrap();
                }
                acknowledged.load(Ordering::Relaxed) >= enough
            },
        )
        .await;
        tokio::task::block_in_place(|| vhost.end_connections());
    }
}
