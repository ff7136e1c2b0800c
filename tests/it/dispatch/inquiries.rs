//! A broker that goes away while a coordinator begins is asked again, and the coordinator does not end over
//! it.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use proto::queue::{Consumer, DeadLetter, Message, Queue, QueueError, Wanted};
use proto::store::Shared;

use super::*;

/// Questions in a row that go unanswered.
const UNANSWERED: u32 = 3;

/// A connection that breaks over the first questions of each sort.
#[derive(Debug)]
struct Breaking {
    inner: MemoryQueue,
    consumers: AtomicU32,
    ready: AtomicU32,
}

fn broken(asked: &AtomicU32) -> Result<(), QueueError> {
    if asked.fetch_add(1, Ordering::Relaxed) < UNANSWERED {
        return Err(QueueError::Unknown("the connection broke".to_owned()));
    }
    Ok(())
}

#[async_trait]
impl Queue for Breaking {
    async fn publish(&self, lane: Lane, message: Message) -> Result<(), QueueError> {
        self.inner.publish(lane, message).await
    }

    async fn subscribe(
        &self,
        lane: Lane,
        prefetch: NonZeroUsize,
    ) -> Result<Box<dyn Consumer>, QueueError> {
        self.inner.subscribe(lane, prefetch).await
    }

    async fn ready(&self, lane: Lane) -> Result<u64, QueueError> {
        broken(&self.ready)?;
        self.inner.ready(lane).await
    }

    async fn delayed(&self, lane: Lane) -> Result<u64, QueueError> {
        self.inner.delayed(lane).await
    }

    async fn buried(&self, lane: Lane) -> Result<u64, QueueError> {
        self.inner.buried(lane).await
    }

    async fn dead(
        &self,
        lane: Lane,
        limit: usize,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        self.inner.dead(lane, limit, wanted).await
    }

    async fn revive(
        &self,
        lane: Lane,
        limit: usize,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        self.inner.revive(lane, limit, wanted).await
    }

    async fn discard(
        &self,
        lane: Lane,
        limit: usize,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        self.inner.discard(lane, limit, wanted).await
    }

    async fn consumers(&self, lane: Lane) -> Result<u32, QueueError> {
        broken(&self.consumers)?;
        self.inner.consumers(lane).await
    }

    async fn delete(&self, lane: Lane) -> Result<(), QueueError> {
        self.inner.delete(lane).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_coordinator_asks_again_what_a_broker_did_not_answer() {
    let domain = world::domain(&plan()).unwrap();
    let course = course(&domain);
    let dir = TempDir::new().unwrap();
    let inner = MemoryQueue::new(MemorySettings::default());
    let stop = Stop::default();
    let crew = tokio::spawn(working(
        &inner,
        InProcess::new(Worlds::only(Arc::clone(&domain)), 1),
        NonZeroUsize::MIN,
        &stop,
    ));
    let queue = Arc::new(Breaking {
        inner,
        consumers: AtomicU32::new(0),
        ready: AtomicU32::new(0),
    });
    let services = Services {
        queue: Arc::clone(&queue) as _,
        shared: Shared::in_memory(1 << 20),
        metrics: Metrics::new(Part::Coordinator),
    };
    let terms = Terms {
        standby: true,
        ..TERMS
    };
    with_a_fleet(&course, &*domain, dir.path(), &services, terms).await;
    for asked in [&queue.consumers, &queue.ready] {
        assert!(asked.load(Ordering::Relaxed) > UNANSWERED);
    }
    stop.drain.cancel();
    crew.await.unwrap().unwrap();
}
