//! A job that the queue itself gives up is a failed job of its run, and can be done after all.

use std::time::Duration;

use async_trait::async_trait;
use coordinator::failed::{self, Which};
use coordinator::run::Slot;
use proto::job::Job;
use proto::queue::{Message, UNDELIVERABLE};
use proto::topology::INSTANCE_HEADER;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use worker::executor::{Attempt, Done, Perform};

use super::*;

const LIMIT: u32 = 3;
/// Letters of others in a dead lane: more than anybody should keep to find one of ours.
const OTHERS: u32 = 5000;

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

fn limited() -> MemoryQueue {
    MemoryQueue::new(MemorySettings {
        delivery_limit: LIMIT,
        ..MemorySettings::default()
    })
}

/// Whoever takes a job is gone before it answers, each time.
async fn dying(queue: &MemoryQueue) -> JoinHandle<()> {
    let doomed = queue.subscribe(Lane::Explore, NonZeroUsize::MIN).await;
    let mut doomed = doomed.unwrap();
    tokio::spawn(async move {
        while let Some(delivery) = doomed.next().await.unwrap() {
            drop(delivery);
        }
    })
}

#[tokio::test(start_paused = true)]
async fn what_the_queue_gives_up_is_found_behind_the_letters_of_others() {
    let domain = world::domain(&plan()).unwrap();
    let course = one_slot(&domain);
    let dir = TempDir::new().unwrap();
    let (queue, lane) = (limited(), Lane::Explore);
    let mut taken = queue.subscribe(lane, NonZeroUsize::MIN).await.unwrap();
    for number in 0..OTHERS {
        let id = Digest::of(&number.to_le_bytes());
        let job = Message::new(id, b"?".to_vec()).with(INSTANCE_HEADER, "00000000000000aa");
        queue.publish(lane, job).await.unwrap();
        let delivery = taken.next().await.unwrap().unwrap();
        delivery.reject("for the test").await.unwrap();
    }
    drop(taken);
    let dying = dying(&queue).await;
    assert_eq!(
        slot(&course, &domain, dir.path(), &queue).await,
        Slot::Failed(0)
    );
    dying.abort();
    let left = queue.counts(lane).dead;
    assert_eq!(left, OTHERS as usize + 1, "all of them stay");
}

#[tokio::test(start_paused = true)]
async fn what_the_queue_gives_up_has_failed_and_can_be_reopened() {
    let domain = world::domain(&plan()).unwrap();
    let course = one_slot(&domain);
    let dir = TempDir::new().unwrap();
    let queue = limited();
    let dying = dying(&queue).await;
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
    let dead = queue.dead(Lane::Explore, 9, &|_| true).await.unwrap();
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
