//! Nothing keeps a worker that is told to leave: neither a broker that is away, nor a lane that is full.

use proto::queue::{DeadLetter, Wanted};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_job_that_can_not_be_settled_does_not_keep_its_worker_from_leaving() {
    let shop = Shop::with_room(Scripted::new([]), 1);
    let full = Message::new(Digest::of(b"full"), Vec::new());
    shop.queue.publish(ANSWERS, full).await.expect("room");
    let id = shop.ask(1).await;
    while shop.queue.ready(Lane::Explore).await.expect("calm") > 0 {
        tokio::task::yield_now().await;
    }
    shop.stop.abandon.cancel();
    let leaving = timeout(LAST_WORDS * 2, shop.close());
    let queue = leaving.await.expect("it leaves");
    comes_back(&queue, id).await;
}

/// Nothing that was handed over keeps the worker, though nobody can be told of it.
async fn leaves_without_telling(message: Message) {
    let shop = Shop::with_room(Scripted::new([]), 1);
    let full = Message::new(Digest::of(b"full"), Vec::new());
    shop.queue.publish(ANSWERS, full).await.expect("room");
    let id = JobId(message.id);
    let published = shop.queue.publish(Lane::Explore, message).await;
    published.expect("room");
    while shop.queue.ready(Lane::Explore).await.expect("calm") > 0 {
        tokio::task::yield_now().await;
    }
    shop.stop.abandon.cancel();
    let leaving = timeout(LAST_WORDS * 2, shop.close());
    let queue = leaving.await.expect("it leaves");
    comes_back(&queue, id).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_no_job_does_not_keep_its_worker_from_leaving() {
    let garbage = Message::new(Digest::of(b"garbage"), b"no envelope at all".to_vec());
    leaves_without_telling(garbage.with(INSTANCE_HEADER, Instance([7; 8]).to_string())).await;
}

/// A connection that waits for its broker: no answer ever comes.
#[derive(Debug)]
struct Away;

#[async_trait]
impl Queue for Away {
    async fn publish(&self, _: Lane, _: Message) -> Result<(), QueueError> {
        std::future::pending().await
    }

    async fn subscribe(&self, _: Lane, _: NonZeroUsize) -> Result<Box<dyn Consumer>, QueueError> {
        std::future::pending().await
    }

    async fn ready(&self, _: Lane) -> Result<u64, QueueError> {
        std::future::pending().await
    }

    async fn delayed(&self, _: Lane) -> Result<u64, QueueError> {
        std::future::pending().await
    }

    async fn buried(&self, _: Lane) -> Result<u64, QueueError> {
        std::future::pending().await
    }

    async fn dead(&self, _: Lane, _: usize, _: &Wanted<'_>) -> Result<Vec<DeadLetter>, QueueError> {
        std::future::pending().await
    }

    async fn revive(
        &self,
        _: Lane,
        _: usize,
        _: &Wanted<'_>,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        std::future::pending().await
    }

    async fn discard(
        &self,
        _: Lane,
        _: usize,
        _: &Wanted<'_>,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        std::future::pending().await
    }

    async fn consumers(&self, _: Lane) -> Result<u32, QueueError> {
        std::future::pending().await
    }

    async fn delete(&self, _: Lane) -> Result<(), QueueError> {
        std::future::pending().await
    }

    async fn close(&self) {}
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_can_not_subscribe_leaves_when_it_is_told_to() {
    let stop = Stop::default();
    let working = tokio::spawn(work_from(
        Arc::new(Away),
        Scripted::new([]),
        Settings::all_stages(NonZeroUsize::MIN),
        Metrics::new(Part::Worker),
        stop.clone(),
        || panic!("it listens on nothing"),
    ));
    tokio::task::yield_now().await;
    assert!(!working.is_finished(), "the broker may come back");
    stop.drain.cancel();
    let left = timeout(LONG, working).await.expect("it leaves");
    left.expect("no panic").expect("calm");
}

#[tokio::test(start_paused = true)]
async fn a_worker_tells_when_it_listens_on_its_lanes() {
    let queue = MemoryQueue::new(MemorySettings::default());
    let (told, heard) = tokio::sync::oneshot::channel();
    let stop = Stop::default();
    let working = tokio::spawn(work_from(
        Arc::new(queue.connect()),
        Scripted::new([]),
        Settings::all_stages(NonZeroUsize::MIN),
        Metrics::new(Part::Worker),
        stop.clone(),
        || told.send(()).expect("somebody waits"),
    ));
    heard.await.expect("it tells");
    for lane in Lane::JOBS {
        assert_eq!(queue.consumers(lane).await.expect("calm"), 1, "{lane}");
    }
    stop.drain.cancel();
    working.await.expect("no panic").expect("calm");
}
