//! The only loop of the coordinator: publishes what the run asks for, and takes outcomes in.
//!
//! An outcome is appended to the ledger and made durable in a group commit, and only then
//! acknowledged. What the ledger already holds is never published: its summary answers at once, so
//! resuming a run is replaying its ledger through the same state machine.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use proto::ids::{JobId, RunId};
use proto::job::{Job, Rollout, Stage, StageInput, candidate_seed, job_id};
use proto::outcome::{Outcome, Reason, StageResult};
use proto::queue::{Consumer, Delivery, Message, Queue, QueueError};
use proto::record::Task;
use proto::topology::Lane;
use proto::wire::{self, Kind, WireError};
use tokio_util::sync::CancellationToken;

use crate::archive::{Archive, ArchiveError};
use crate::ledger::{Entry, Ledger, LedgerError, Summary};
use crate::plan::Plan;
use crate::plan::cells::Layout;
use crate::run::{Ask, Progress, Result as Came, Run};

/// Outcomes in one group commit, at most.
const GROUP: usize = 512;
/// How long outcomes are gathered for one group commit.
const GATHER: Duration = Duration::from_millis(40);

/// Codes of an outcome in the ledger.
mod code {
    pub(super) const MADE: u8 = 1;
    pub(super) const MADE_WITH_TWIN: u8 = 2;
    pub(super) const REJECTED: u8 = 3;
    pub(super) const FAILED: u8 = 4;
}

/// Why a run stops.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The ledger's.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The queue's.
    #[error("failed to reach the queue: {0}")]
    Queue(#[from] QueueError),
    /// An outcome or a job that does not encode or decode.
    #[error("failed to read or write job {job}: {source}")]
    Wire {
        /// The job.
        job: JobId,
        /// What is wrong with the bytes.
        source: WireError,
    },
    /// A record that is not what its job makes.
    #[error("the ledger's record of job {0} holds another stage's result")]
    Mixed(JobId),
    /// The run whose tasks are used can't be read.
    #[error("failed to read a task: {0}")]
    Tasks(#[from] ArchiveError),
}

/// Follows a run from outside.
pub trait Watch {
    /// Called now and then, and at the end.
    fn progress(&mut self, progress: Progress);
}

/// What a dispatch needs of its run.
#[derive(Debug, Clone)]
pub struct Course {
    /// The run.
    pub run: RunId,
    /// The plan.
    pub plan: Plan,
    /// What each slot asks for.
    pub layout: Layout,
}

impl Course {
    /// Id of the job that an ask stands for.
    pub fn job(&self, ask: &Ask) -> JobId {
        let rollout = ask.rollout.map(|(agent, trial, twin)| Rollout {
            agent: &self.plan.agents[usize::from(agent)],
            trial,
            twin,
        });
        job_id(self.run, ask.stage, ask.slot, ask.candidate, rollout)
    }
}

/// A run being carried out.
#[derive(Debug)]
pub struct Dispatch<'a> {
    course: &'a Course,
    run: Run,
    ledger: Ledger,
    queue: Arc<dyn Queue>,
    /// For an evaluation: the run that has done every stage before the rollout.
    tasks: Option<Arc<Archive>>,
    /// Jobs published and not yet answered.
    asked: HashMap<JobId, Ask>,
    /// Results that the next stage of their candidate works on.
    fresh: HashMap<(u32, u16), StageResult>,
    /// Duplicates of the run whose results are let go.
    forgotten: usize,
}

impl<'a> Dispatch<'a> {
    /// Takes a run up where its ledger left it.
    pub fn new(course: &'a Course, run: Run, ledger: Ledger, queue: Arc<dyn Queue>) -> Self {
        Self {
            course,
            run,
            ledger,
            queue,
            tasks: None,
            asked: HashMap::new(),
            fresh: HashMap::new(),
            forgotten: 0,
        }
    }

    /// Takes its tasks from another run, which has the same run id.
    #[must_use]
    pub fn over(mut self, tasks: Option<Arc<Archive>>) -> Self {
        self.tasks = tasks;
        self
    }

    /// Carries the run out, until it is finished or `stop` is called and nothing is in flight.
    pub async fn carry_out(
        mut self,
        watch: &mut dyn Watch,
        stop: CancellationToken,
    ) -> Result<(Run, Ledger), DispatchError> {
        let prefetch = NonZeroUsize::new(4 * GROUP).expect("not zero");
        let mut outcomes = self.queue.subscribe(Lane::Outcomes, prefetch).await?;
        loop {
            if stop.is_cancelled() {
                self.run.drain();
            }
            self.publish_all(watch).await?;
            if self.run.finished() || self.run.idle() && stop.is_cancelled() {
                break;
            }
            self.take_in(&mut *outcomes, &stop).await?;
            watch.progress(self.run.progress());
        }
        self.ledger.commit()?;
        watch.progress(self.run.progress());
        Ok((self.run, self.ledger))
    }

    /// Publishes what the run asks for; what the ledger holds is answered from it.
    async fn publish_all(&mut self, watch: &mut dyn Watch) -> Result<(), DispatchError> {
        let mut answered = 0_u32;
        while let Some(ask) = self.run.ask() {
            let id = self.course.job(&ask);
            if let Some(summary) = self.known(&ask, &id) {
                self.run.outcome(ask, came(&summary));
                answered += 1;
                if answered.is_multiple_of(4096) {
                    watch.progress(self.run.progress());
                }
                continue;
            }
            let job = self.build(&ask, id)?;
            let bytes = wire::encode(Kind::Job, &job)
                .map_err(|source| DispatchError::Wire { job: id, source })?;
            self.asked.insert(id, ask);
            self.queue
                .publish(lane(ask.stage), Message::new(id.0, bytes))
                .await?;
        }
        Ok(())
    }

    /// What is known of a job already.
    fn known(&self, ask: &Ask, id: &JobId) -> Option<Summary> {
        match &self.tasks {
            Some(tasks) if ask.stage != Stage::Rollout => tasks.summary(ask),
            _ => self.ledger.index().get(id).map(|(summary, _)| summary),
        }
    }

    /// The job of an ask, with the content that its stage works on.
    fn build(&mut self, ask: &Ask, id: JobId) -> Result<Job, DispatchError> {
        let input = match ask.stage {
            Stage::Explore => StageInput::Explore,
            Stage::Synthesize => match self.content(ask, Stage::Explore)? {
                StageResult::Explored(walk) => StageInput::Synthesize(walk),
                _ => return Err(DispatchError::Mixed(id)),
            },
            Stage::Verify => match self.content(ask, Stage::Synthesize)? {
                StageResult::Drafted { task, twin } => StageInput::Verify { task, twin },
                _ => return Err(DispatchError::Mixed(id)),
            },
            Stage::Rollout => self.rollout(ask, id)?,
        };
        Ok(Job {
            id,
            run: self.course.run,
            cell: self.course.layout.cell(ask.slot, ask.candidate),
            candidate: ask.candidate,
            seed: candidate_seed(self.course.run, ask.slot, ask.candidate),
            input,
        })
    }

    /// The task stays at hand until the last rollout of its slot is built.
    fn rollout(&mut self, ask: &Ask, id: JobId) -> Result<StageInput, DispatchError> {
        let Some((agent, trial, over_twin)) = ask.rollout else {
            return Err(DispatchError::Mixed(id));
        };
        let admitted = self.content(ask, Stage::Verify)?;
        let StageResult::Admitted { task, twin } = &admitted else {
            return Err(DispatchError::Mixed(id));
        };
        let chosen = if over_twin { twin.as_ref() } else { Some(task) };
        let chosen: Box<Task> = chosen.cloned().ok_or(DispatchError::Mixed(id))?;
        let last = usize::from(agent) + 1 == self.course.plan.agents.len()
            && trial + 1 == self.course.plan.trials
            && (over_twin || twin.is_none());
        if !last {
            self.fresh.insert((ask.slot, ask.candidate), admitted);
        }
        let agent = self.course.plan.agents[usize::from(agent)].clone();
        Ok(StageInput::Rollout {
            task: chosen,
            agent,
            trial,
        })
    }

    /// What an earlier stage made of the candidate: at hand, or in the ledger.
    fn content(&mut self, ask: &Ask, stage: Stage) -> Result<StageResult, DispatchError> {
        if let Some(fresh) = self.fresh.remove(&(ask.slot, ask.candidate)) {
            return Ok(fresh);
        }
        let id = self.course.job(&Ask {
            stage,
            rollout: None,
            ..*ask
        });
        if let Some(tasks) = &self.tasks {
            let (result, _) = tasks.result(id)?.ok_or(DispatchError::Mixed(id))?;
            return Ok(result);
        }
        let (_, position) = self
            .ledger
            .index()
            .get(&id)
            .ok_or(DispatchError::Mixed(id))?;
        let record = self.ledger.read(position)?;
        let outcome: Outcome = wire::decode(Kind::Outcome, &record.body)
            .map_err(|source| DispatchError::Wire { job: id, source })?;
        Ok(outcome.result)
    }

    /// Waits for an outcome, gathers what comes with it, commits, and acknowledges.
    async fn take_in(
        &mut self,
        outcomes: &mut dyn Consumer,
        stop: &CancellationToken,
    ) -> Result<(), DispatchError> {
        let first = tokio::select! {
            delivery = outcomes.next() => delivery?,
            () = stop.cancelled(), if !stop.is_cancelled() => return Ok(()),
        };
        if first.is_none() {
            // Whoever closed the queue wants no more of it; waiting on would be turning in a circle.
            return Err(QueueError::Closed(Lane::Outcomes).into());
        }
        let mut group: Vec<Delivery> = Vec::new();
        let deadline = tokio::time::Instant::now() + GATHER;
        let mut next = first;
        while let Some(delivery) = next {
            self.append(&delivery)?;
            group.push(delivery);
            // Asking while gathering keeps the workers busy.
            self.publish_some().await?;
            if group.len() >= GROUP {
                break;
            }
            next = match tokio::time::timeout_at(deadline, outcomes.next()).await {
                Ok(delivery) => delivery?,
                Err(_) => break,
            };
        }
        tokio::task::block_in_place(|| self.ledger.commit())?;
        for delivery in group {
            // A lost ack brings the outcome again, and the ledger knows it by then.
            drop(delivery.ack().await);
        }
        Ok(())
    }

    async fn publish_some(&mut self) -> Result<(), DispatchError> {
        struct Quiet;
        impl Watch for Quiet {
            fn progress(&mut self, _: Progress) {}
        }
        self.publish_all(&mut Quiet).await
    }

    /// Appends an outcome and tells the run; a repeat is nobody's news.
    fn append(&mut self, delivery: &Delivery) -> Result<(), DispatchError> {
        let id = JobId(delivery.message().id);
        let Some(ask) = self.asked.remove(&id) else {
            return Ok(());
        };
        let outcome: Outcome = wire::decode(Kind::Outcome, delivery.body())
            .map_err(|source| DispatchError::Wire { job: id, source })?;
        let entry = entry(&ask, id, &outcome.result);
        self.ledger.append(&entry, delivery.body())?;
        let came = came_of(&entry);
        if matches!(came, Came::Made { .. }) && ask.stage != Stage::Rollout {
            self.fresh.insert((ask.slot, ask.candidate), outcome.result);
        }
        self.run.outcome(ask, came);
        // Nothing comes after a candidate that settling turned down.
        let duplicates = self.run.duplicates();
        for candidate in &duplicates[self.forgotten..] {
            self.fresh.remove(candidate);
        }
        self.forgotten = duplicates.len();
        Ok(())
    }
}

fn lane(stage: Stage) -> Lane {
    match stage {
        Stage::Explore => Lane::Explore,
        Stage::Synthesize => Lane::Synthesize,
        Stage::Verify => Lane::Verify,
        Stage::Rollout => Lane::Rollout,
    }
}

/// What the ledger keeps of an outcome beside its content.
fn entry(ask: &Ask, job: JobId, result: &StageResult) -> Entry {
    let (code, reason, intent) = match result {
        StageResult::Explored(_) | StageResult::Played(_) => (code::MADE, 0, [0; 16]),
        StageResult::Drafted { twin, .. } => (made(twin.is_some()), 0, [0; 16]),
        StageResult::Admitted { task, twin } => (made(twin.is_some()), 0, task.intent_id.0.short()),
        StageResult::Rejected(rejection) => (code::REJECTED, rejection.reason.code(), [0; 16]),
        StageResult::Failed { .. } => (code::FAILED, 0, [0; 16]),
    };
    Entry {
        job,
        stage: ask.stage as u8,
        slot: ask.slot,
        candidate: ask.candidate,
        param: param(ask),
        code,
        reason,
        intent,
    }
}

fn made(twin: bool) -> u8 {
    if twin {
        code::MADE_WITH_TWIN
    } else {
        code::MADE
    }
}

/// Agent, trial and twin of a rollout, for readers of the raw ledger.
fn param(ask: &Ask) -> [u8; 16] {
    let mut param = [0; 16];
    if let Some((agent, trial, twin)) = ask.rollout {
        param[..2].copy_from_slice(&agent.to_le_bytes());
        param[2..6].copy_from_slice(&trial.to_le_bytes());
        param[6] = u8::from(twin);
    }
    param
}

fn came_of(entry: &Entry) -> Came {
    result(entry.code, entry.reason, entry.intent)
}

/// What the ledger says of a job.
pub fn came(summary: &Summary) -> Came {
    result(summary.code, summary.reason, summary.intent)
}

fn result(code: u8, reason: u16, intent: [u8; 16]) -> Came {
    match (code, Reason::from_code(reason)) {
        (code::MADE, _) => Came::Made {
            intent,
            twin: false,
        },
        (code::MADE_WITH_TWIN, _) => Came::Made { intent, twin: true },
        (code::REJECTED, Some(reason)) => Came::Rejected(reason),
        _ => Came::Failed,
    }
}
