//! Jobs that the queue itself gave up: redelivered past its limit, they lie in a dead lane, and no worker
//! will ever answer for them.
//!
//! The dead lanes are looked at now and then, while a job has been unanswered for a while. A letter counts
//! only if it was published in this epoch: one of an earlier life, or from before its job was reopened,
//! says nothing about the copy that is under way now. The lanes are shared by all runs, so letters of others
//! may lie before ours, very many of them: all are walked past, and none is kept.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use proto::ids::JobId;
use proto::job::Stage;
use proto::queue::{DeadLetter, Queue, QueueError, UNDELIVERABLE};
use proto::topology::{EPOCH_HEADER, INSTANCE_HEADER, Instance, Lane};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How long a job is unanswered before its dead lane is looked at, and how often that is done.
const LOOK: Duration = Duration::from_secs(60);

/// Who published a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Publisher {
    pub(super) instance: Instance,
    pub(super) epoch: u32,
}

/// Looks into dead lanes.
#[derive(Debug)]
pub(super) struct Undeliverable {
    queue: Arc<dyn Queue>,
    us: Publisher,
    last: Instant,
    under_way: JoinSet<Vec<JobId>>,
}

impl Undeliverable {
    pub(super) fn new(queue: Arc<dyn Queue>, us: Publisher) -> Self {
        Self {
            queue,
            us,
            last: Instant::now(),
            under_way: JoinSet::new(),
        }
    }

    /// Begins to look, if it is time: into the lanes of those jobs that have been open for long.
    pub(super) fn look(&mut self, now: Instant, open: impl Iterator<Item = (Stage, Instant)>) {
        if now.duration_since(self.last) < LOOK || !self.under_way.is_empty() {
            return;
        }
        self.last = now;
        let long = |since: Instant| now.duration_since(since) >= LOOK;
        let mut lanes: Vec<Lane> = open
            .filter(|&(_, since)| long(since))
            .map(|(stage, _)| Lane::of(stage))
            .collect();
        lanes.sort_unstable();
        lanes.dedup();
        for lane in lanes {
            let (queue, us) = (Arc::clone(&self.queue), self.us);
            self.under_way
                .spawn(async move { Dead::of(&*queue, lane, us).await.given_up });
        }
    }

    /// Jobs of one lane that were given up. Dropping the future loses none.
    pub(super) async fn next(&mut self) -> Vec<JobId> {
        while let Some(ended) = self.under_way.join_next().await {
            // From its end on, since a lane of many letters is not looked through in a moment.
            self.last = Instant::now();
            match ended {
                Ok(jobs) if jobs.is_empty() => {}
                Ok(jobs) => return jobs,
                Err(failed) => std::panic::resume_unwind(failed.into_panic()),
            }
        }
        std::future::pending().await
    }
}

/// Jobs of ours that lie in dead lanes, open or not.
#[derive(Debug, Default)]
pub(super) struct Dead {
    /// Handed over too often: nobody will answer.
    pub(super) given_up: Vec<JobId>,
    /// Not read by a worker, who put them aside: they lie where somebody may look.
    pub(super) put_aside: Vec<JobId>,
}

impl Dead {
    /// Those of one lane.
    pub(super) async fn of(queue: &dyn Queue, lane: Lane, us: Publisher) -> Self {
        let dead = Mutex::new(Self::default());
        if let Err(error) = walk(queue, lane, us, &dead).await {
            tracing::debug!(%error, %lane, "the dead lane can't be looked at just now");
        }
        dead.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&mut self, letter: &DeadLetter) {
        let jobs = match letter.reason.as_str() {
            UNDELIVERABLE => &mut self.given_up,
            _ => &mut self.put_aside,
        };
        jobs.push(JobId(letter.message.id));
    }
}

/// Notes what is ours of a whole dead lane.
async fn walk(
    queue: &dyn Queue,
    lane: Lane,
    us: Publisher,
    dead: &Mutex<Dead>,
) -> Result<(), QueueError> {
    // Most lanes hold none, and to see one letter is to fetch it.
    if queue.buried(lane).await? == 0 {
        return Ok(());
    }
    // Of ours, too, only the ids are kept, so none is asked for.
    let passing = |letter: &DeadLetter| {
        if is_ours(letter, us) {
            let mut dead = dead.lock().unwrap_or_else(PoisonError::into_inner);
            dead.note(letter);
        }
        false
    };
    queue.dead(lane, usize::MAX, &passing).await?;
    Ok(())
}

fn is_ours(letter: &DeadLetter, us: Publisher) -> bool {
    let says = |header: &str, value: String| letter.message.headers.get(header) == Some(&value);
    says(INSTANCE_HEADER, us.instance.to_string()) && says(EPOCH_HEADER, us.epoch.to_string())
}
