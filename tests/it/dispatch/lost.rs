//! A fleet that has nothing left of what a run waits for is noticed within a minute, however long the
//! coordinator's patience is; one that is only slow is left alone.

use std::time::Duration;

use async_trait::async_trait;
use coordinator::dispatch::CALM;
use proto::job::{Job, Stage};
use proto::store::Shared;
use tokio::time::{Instant, sleep, timeout};
use worker::executor::{Attempt, Done, Perform};
use worker::serve;

use super::*;

/// Within which a fleet that lost everything is noticed.
const SOON: Duration = Duration::from_secs(60);

/// A run over a queue in memory, and a fleet as its test wants it.
struct Scene {
    domain: Arc<dyn Domain>,
    course: Course,
    queue: MemoryQueue,
    services: Services,
    dir: TempDir,
    stop: Stop,
}

impl Scene {
    fn new() -> Self {
        let domain = world::domain(&plan()).unwrap();
        let queue = MemoryQueue::new(MemorySettings::default());
        Self {
            course: course(&domain),
            services: Services {
                queue: Arc::new(queue.connect()),
                shared: Shared::in_memory(1 << 20),
                metrics: Metrics::new(Part::Coordinator),
            },
            domain,
            queue,
            dir: TempDir::new().unwrap(),
            stop: Stop::default(),
        }
    }

    async fn carry_out(&self) {
        let dir = self.dir.path();
        with_a_fleet(&self.course, &*self.domain, dir, &self.services, TERMS).await;
    }

    /// A worker that takes so long over each job.
    fn work(&self, long: Duration) -> tokio::task::JoinHandle<()> {
        let performer = Slow {
            inner: InProcess::new(Worlds::only(Arc::clone(&self.domain)), 1),
            long,
        };
        let working = working(
            &self.queue,
            performer,
            NonZeroUsize::new(WINDOW).unwrap(),
            &self.stop,
        );
        tokio::spawn(async move { working.await.unwrap() })
    }

    /// Jobs of a stage that were published.
    fn published(&self, stage: Stage) -> u64 {
        self.services.metrics.course.published.of((stage,)).get()
    }

    async fn post(&self, busy: u64) {
        let worker = serve::Worker {
            busy,
            ..serve::Worker::named("one")
        };
        let board = &*self.services.shared.board;
        worker.post(board, TERMS.patience).await.unwrap();
    }
}

struct Slow {
    inner: InProcess,
    long: Duration,
}

#[async_trait]
impl Perform for Slow {
    async fn perform(&self, mut job: Job, attempt: &Attempt) -> Done {
        sleep(self.long).await;
        // Every worker of this process has it.
        job.world.source = proto::record::WorldSource::AtHand;
        self.inner.perform(job, attempt).await
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_broker_lost_is_published_again_within_a_minute() {
    let scene = Scene::new();
    scene.post(0).await;
    let losing = async {
        while scene.queue.ready(Lane::Explore).await.unwrap() < WINDOW as u64 {
            sleep(Duration::from_millis(10)).await;
        }
        scene.queue.delete(Lane::Explore).await.unwrap();
        let _working = scene.work(Duration::ZERO);
        Instant::now()
    };
    let carrying = async { tokio::join!(scene.carry_out(), losing) };
    let carried = timeout(TERMS.patience, carrying).await;
    let ((), lost) = carried.expect("patience was not needed");
    let took = lost.elapsed();
    assert!(took > CALM && took < SOON, "{took:?}");
    scene.stop.abandon.cancel();
}

#[tokio::test(start_paused = true)]
async fn a_fleet_that_is_only_slow_is_left_alone() {
    let scene = Scene::new();
    // Longer than the looks that would find an empty fleet: the board alone tells that it is at work.
    scene.post(1).await;
    let _working = scene.work(10 * CALM);
    scene.carry_out().await;
    let (_, index, _) = Reader::open(scene.dir.path()).unwrap();
    let published: u64 = Stage::ALL.map(|stage| scene.published(stage)).iter().sum();
    assert_eq!(published, index.len() as u64, "each job was published once");
    scene.stop.abandon.cancel();
}

#[tokio::test(start_paused = true)]
async fn a_job_that_waits_for_its_time_is_not_lost() {
    let scene = Scene::new();
    scene.post(0).await;
    let delaying = async {
        let one = NonZeroUsize::MIN;
        let taker = scene.queue.connect();
        let mut jobs = taker.subscribe(Lane::Explore, one).await.unwrap();
        for _ in 0..WINDOW {
            let job = jobs.next().await.unwrap().unwrap();
            job.retry(20 * CALM).await.unwrap();
        }
        drop(jobs);
        sleep(10 * CALM).await;
        assert_eq!(scene.published(Stage::Explore), WINDOW as u64);
        let _working = scene.work(Duration::ZERO);
    };
    tokio::join!(scene.carry_out(), delaying);
    scene.stop.abandon.cancel();
}

#[tokio::test(start_paused = true)]
async fn what_no_worker_could_read_is_left_where_somebody_may_look() {
    let scene = Scene::new();
    scene.post(0).await;
    let misreading = async {
        let one = NonZeroUsize::MIN;
        let taker = scene.queue.connect();
        let mut jobs = taker.subscribe(Lane::Explore, one).await.unwrap();
        for _ in 0..WINDOW {
            let job = jobs.next().await.unwrap().unwrap();
            job.reject("not a job this worker can read").await.unwrap();
        }
        drop(jobs);
        sleep(10 * CALM).await;
        assert_eq!(scene.published(Stage::Explore), WINDOW as u64);
        let all = |_: &proto::queue::DeadLetter| true;
        let revived = scene.queue.revive(Lane::Explore, WINDOW, &all).await;
        assert_eq!(revived.unwrap().len(), WINDOW);
        let _working = scene.work(Duration::ZERO);
    };
    tokio::join!(scene.carry_out(), misreading);
    scene.stop.abandon.cancel();
}
