//! A job that the queue itself gives up is a failed job of its run, and can be done after all.

use std::time::Duration;

use async_trait::async_trait;
use coordinator::failed::{self, Which};
use coordinator::run::Slot;
use proto::job::Job;
use proto::queue::UNDELIVERABLE;
use tokio::time::Instant;
use worker::executor::{Attempt, Done, Perform};

use super::*;

const LIMIT: u32 = 3;

/// Takes so long for a job that dead lanes are looked at meanwhile.
struct Slow(InProcess);

#[async_trait]
impl Perform for Slow {
    async fn perform(&self, job: Job, attempt: &Attempt) -> Done {
        tokio::time::sleep(Duration::from_secs(200)).await;
        self.0.perform(job, attempt).await
    }
}

fn one_slot(domain: &Arc<dyn Domain>) -> Course {
    let mut course = course(domain);
    course.plan.tasks = 1;
    course
}

/// Where the slot stands after the run has been carried out over `queue`.
async fn slot(course: &Course, domain: &Arc<dyn Domain>, dir: &Path, queue: &MemoryQueue) -> Slot {
    assert!(carry_out(course, &**domain, dir, queue, usize::MAX).await);
    let (reader, index, _) = Reader::open(dir).unwrap();
    let held = Held { reader, index };
    Archive::new(course.clone(), Arc::clone(domain), held)
        .run
        .slots()[0]
}

#[tokio::test(start_paused = true)]
async fn what_the_queue_gives_up_has_failed_and_can_be_reopened() {
    let domain = world::domain(&plan()).unwrap();
    let course = one_slot(&domain);
    let dir = TempDir::new().unwrap();
    let queue = MemoryQueue::new(MemorySettings {
        delivery_limit: LIMIT,
        ..MemorySettings::default()
    });

    // Whoever takes the job is gone before it answers, each time.
    let prefetch = NonZeroUsize::new(1).unwrap();
    let mut doomed = queue.subscribe(Lane::Explore, prefetch).await.unwrap();
    let dying = tokio::spawn(async move {
        while let Some(delivery) = doomed.next().await.unwrap() {
            drop(delivery);
        }
    });
    let began = Instant::now();
    assert_eq!(
        slot(&course, &domain, dir.path(), &queue).await,
        Slot::Failed(0)
    );
    assert!(
        began.elapsed() < Duration::from_secs(180),
        "{:?}",
        began.elapsed()
    );
    dying.abort();
    let (reader, index, _) = Reader::open(dir.path()).unwrap();
    let listed: Vec<_> = failed::list(&reader, &index, Which::Failed)
        .map(Result::unwrap)
        .collect();
    assert_eq!(listed.len(), 1);
    assert!(listed[0].error.starts_with(UNDELIVERABLE), "{}", listed[0]);

    // Reopened, it is asked for anew. The old letter is still there, and says nothing about that.
    let mut ledger = Ledger::open(dir.path()).unwrap();
    assert_eq!(failed::reopen(&mut ledger, &[listed[0].job]).unwrap(), 1);
    drop(ledger);
    let dead = queue.dead(Lane::Explore, 9).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].message.id, listed[0].job.0);
    let stop = Stop::default();
    let crew = tokio::spawn(working(
        &queue,
        Slow(InProcess::new(Worlds::only(Arc::clone(&domain)), 1)),
        NonZeroUsize::MIN,
        &stop,
    ));
    assert!(matches!(
        slot(&course, &domain, dir.path(), &queue).await,
        Slot::Settled(..)
    ));
    stop.drain.cancel();
    crew.await.unwrap().unwrap();
}
