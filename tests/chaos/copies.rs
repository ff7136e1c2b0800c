//! Deliveries that come twice: jobs that wait are published once more.

use std::num::NonZeroUsize;
use std::time::Duration;

use proto::queue::amqp::{AmqpQueue, AmqpSettings};
use proto::queue::{Message, Queue, QueueError};
use proto::topology::Lane;
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// How long jobs of a lane are waited for, and how long all of it may take: the broker may go away meanwhile.
const WAIT: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(5);

/// Publishes up to so many jobs of a stage once more, or of the next stage where nothing waits in this one; gives
/// how many.
pub(super) fn make(url: &str, stage: usize, jobs: usize) -> usize {
    let runtime = Runtime::new().expect("a runtime");
    let mut made = 0;
    let making = async {
        let queue = AmqpQueue::connect(&AmqpSettings::new(url)).await?;
        for more in 0..Lane::JOBS.len() {
            let lane = Lane::JOBS[(stage + more) % Lane::JOBS.len()];
            copy(&queue, lane, jobs, &mut made).await?;
            if made > 0 {
                break;
            }
        }
        queue.close().await;
        Ok::<(), QueueError>(())
    };
    // A broker that goes away leaves fewer copies, and nothing to mend.
    drop(runtime.block_on(async { timeout(PATIENCE, making).await }));
    runtime.shutdown_background();
    made
}

async fn copy(
    queue: &AmqpQueue,
    lane: Lane,
    jobs: usize,
    made: &mut usize,
) -> Result<(), QueueError> {
    let prefetch = NonZeroUsize::new(jobs).expect("some jobs");
    let mut waiting = queue.subscribe(lane, prefetch).await?;
    while *made < jobs {
        let Ok(delivery) = timeout(WAIT, waiting.next()).await else {
            return Ok(());
        };
        let Some(delivery) = delivery? else {
            return Ok(());
        };
        let copy = Message::clone(delivery.message());
        queue.publish(lane, copy).await?;
        *made += 1;
        // The other one goes back.
        drop(delivery);
    }
    Ok(())
}
