//! A run read back: its ledger replayed through the run's own state machine, tasks and episodes in
//! slot order. Every projection (dataset, report, verification) reads through here.

use std::sync::Arc;

use proto::digest::{Digest, Hasher};
use proto::ids::JobId;
use proto::job::Stage;
use proto::outcome::{Outcome, StageResult};
use proto::record::{Episode, Task};
use proto::wire::{self, Kind, WireError};
use worker::domains::Domain;

use crate::dispatch::{Course, came};
use crate::ledger::{Index, Ledger, LedgerError, Position, Reader, Record, Summary};
use crate::run::{Ask, Filling, Result as Came, Run, Sizes, Slot, rollouts};

/// Why a run can't be read back.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The ledger's.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A record that does not decode.
    #[error("failed to read the record of {job}: {source}")]
    Wire {
        /// The job.
        job: JobId,
        /// What is wrong with the bytes.
        source: WireError,
    },
    /// A record that is not there.
    #[error(
        "the ledger has no record of job {0}; `t2t verify` says what else is wrong with its folder"
    )]
    Missing(JobId),
    /// A record that is not what its job makes.
    #[error("the ledger's record of job {0} holds another stage's result")]
    Mixed(JobId),
}

/// A run read back.
#[derive(Debug)]
pub struct Archive {
    /// What was planned.
    pub course: Course,
    /// The domain over the run's world.
    pub domain: Arc<dyn Domain>,
    /// Where the run stands.
    pub run: Run,
    held: Held,
    /// For an evaluation: the run whose tasks are used.
    tasks: Option<Arc<Archive>>,
}

/// A ledger to read from.
#[derive(Debug)]
pub struct Held {
    /// Contents.
    pub reader: Reader,
    /// What is known without them.
    pub index: Index,
}

impl From<Ledger> for Held {
    fn from(ledger: Ledger) -> Self {
        let (reader, index) = ledger.into_parts();
        Self { reader, index }
    }
}

/// A filled slot.
#[derive(Debug, Clone, PartialEq)]
pub struct Filled {
    /// The slot.
    pub slot: u32,
    /// The candidate that fills it.
    pub candidate: u16,
    /// The task.
    pub task: Task,
    /// Its feasible twin.
    pub twin: Option<Task>,
}

/// An episode with where it lies.
#[derive(Debug, Clone, PartialEq)]
pub struct Played {
    /// The episode.
    pub episode: Episode,
    /// Whether it is over the twin.
    pub over_twin: bool,
    /// Its record.
    pub position: Position,
}

impl Archive {
    /// Replays what a ledger holds.
    pub fn new(course: Course, domain: Arc<dyn Domain>, held: impl Into<Held>) -> Self {
        Self::assembled(course, domain, held.into(), None)
    }

    /// Replays the ledger of an evaluation: episodes are its own, tasks those of another run, which
    /// has the same run id.
    pub fn evaluation(course: Course, held: impl Into<Held>, tasks: Arc<Archive>) -> Self {
        let domain = Arc::clone(&tasks.domain);
        Self::assembled(course, domain, held.into(), Some(tasks))
    }

    fn assembled(
        course: Course,
        domain: Arc<dyn Domain>,
        held: Held,
        tasks: Option<Arc<Archive>>,
    ) -> Self {
        let run = replay(&course, &|ask| {
            summary(&course, &held, tasks.as_deref(), ask)
        });
        Self {
            course,
            domain,
            run,
            held,
            tasks,
        }
    }

    /// For an evaluation, the run whose tasks are used.
    pub fn tasks(&self) -> Option<&Self> {
        self.tasks.as_deref()
    }

    /// What is known of a job without its content.
    pub fn summary(&self, ask: &Ask) -> Option<Summary> {
        summary(&self.course, &self.held, self.tasks.as_deref(), ask)
    }

    /// What came of one stage of a candidate, without its content.
    pub fn came(&self, stage: Stage, slot: u32, candidate: u16) -> Option<Came> {
        let ask = Ask {
            stage,
            slot,
            candidate,
            rollout: None,
        };
        self.summary(&ask).map(|summary| came(&summary))
    }

    /// Filled slots in order.
    pub fn filled(&self) -> impl Iterator<Item = Result<Filled, ArchiveError>> + '_ {
        self.settled()
            .map(|(slot, candidate)| self.fill(slot, candidate))
    }

    /// Filled slots and the candidates that fill them, in order.
    pub fn settled(&self) -> impl Iterator<Item = (u32, u16)> + '_ {
        self.run
            .slots()
            .iter()
            .enumerate()
            .filter_map(|(slot, standing)| match *standing {
                Slot::Settled(candidate, _) => Some((slot as u32, candidate)),
                _ => None,
            })
    }

    /// What fills a slot.
    pub fn fill(&self, slot: u32, candidate: u16) -> Result<Filled, ArchiveError> {
        let id = self.course.job(&Ask {
            stage: Stage::Verify,
            slot,
            candidate,
            rollout: None,
        });
        match self.maker().result(id)? {
            Some((StageResult::Admitted { task, twin }, _)) => Ok(Filled {
                slot,
                candidate,
                task: *task,
                twin: twin.map(|twin| *twin),
            }),
            Some(_) => Err(ArchiveError::Mixed(id)),
            None => Err(ArchiveError::Missing(id)),
        }
    }

    /// Episodes over a filled slot's task and twin, by agent, trial and twin; missing ones are left out.
    pub fn episodes(&self, filled: &Filled) -> Result<Vec<Played>, ArchiveError> {
        let mut played = Vec::new();
        let filling = Filling {
            slot: filled.slot,
            candidate: filled.candidate,
            twin: filled.twin.is_some(),
        };
        for ask in self.rollouts(filling) {
            let id = self.course.job(&ask);
            let over_twin = matches!(ask.rollout, Some((_, _, true)));
            match self.result(id)? {
                Some((StageResult::Played(episode), position)) => played.push(Played {
                    episode: *episode,
                    over_twin,
                    position,
                }),
                Some((StageResult::Failed { .. }, _)) | None => {}
                Some(_) => return Err(ArchiveError::Mixed(id)),
            }
        }
        Ok(played)
    }

    fn rollouts(&self, filling: Filling) -> Vec<Ask> {
        let plan = &self.course.plan;
        rollouts(filling, plan.agents.len() as u16, plan.trials)
    }

    /// How many candidates of a slot were begun.
    pub fn tried(&self, slot: u32) -> u16 {
        match self.run.slots()[slot as usize] {
            Slot::Waiting => 0,
            Slot::Trying(candidate) | Slot::Settled(candidate, _) | Slot::Failed(candidate) => {
                candidate + 1
            }
            Slot::Exhausted => self.course.plan.max_candidates,
        }
    }

    /// Everything that may have been asked for a slot, candidate by candidate, rollouts last.
    pub fn asks(&self, slot: u32) -> Vec<Ask> {
        let stages = [Stage::Explore, Stage::Synthesize, Stage::Verify];
        let candidates = 0..self.tried(slot);
        let mut asks: Vec<Ask> = candidates
            .flat_map(|candidate| {
                stages.map(|stage| Ask {
                    stage,
                    slot,
                    candidate,
                    rollout: None,
                })
            })
            .collect();
        if let Slot::Settled(candidate, twin) = self.run.slots()[slot as usize] {
            asks.extend(self.rollouts(Filling {
                slot,
                candidate,
                twin,
            }));
        }
        asks
    }

    /// The result of a job, if the ledger has it.
    pub fn result(&self, id: JobId) -> Result<Option<(StageResult, Position)>, ArchiveError> {
        let Some((_, position)) = self.held.index.get(&id) else {
            return Ok(None);
        };
        let record = self.held.reader.read(position)?;
        let outcome: Outcome = wire::decode(Kind::Outcome, &record.body)
            .map_err(|source| ArchiveError::Wire { job: id, source })?;
        Ok(Some((outcome.result, position)))
    }

    /// What came of an ask, if it is known.
    pub fn content(&self, ask: &Ask) -> Result<Option<StageResult>, ArchiveError> {
        let keeper = if ask.stage == Stage::Rollout {
            self
        } else {
            self.maker()
        };
        Ok(keeper
            .result(self.course.job(ask))?
            .map(|(result, _)| result))
    }

    /// The records that stand, in the order of the ledger: what was annulled and what annulled it are
    /// passed over.
    pub fn records(&self) -> impl Iterator<Item = Result<Record, LedgerError>> + '_ {
        let Held { reader, index } = &self.held;
        reader.iter().filter(|found| match found {
            Ok(record) => {
                let standing = index.get(&record.entry.job);
                standing.is_some_and(|(_, position)| position == record.position)
            }
            Err(_) => true,
        })
    }

    /// The run that made the tasks: for an evaluation, another one.
    fn maker(&self) -> &Self {
        self.tasks().unwrap_or(self)
    }

    /// Digest of what fills the first `slots` slots: places, candidates and the stored bytes of the
    /// tasks. An evaluation has the tasks, and so the digest, of the run that made them.
    pub fn tasks_digest(&self, slots: u32) -> Result<Digest, ArchiveError> {
        let mut hasher = Hasher::new("t2t.tasks", 1);
        for (slot, candidate) in self.settled().take_while(|&(slot, _)| slot < slots) {
            let id = self.course.job(&Ask {
                stage: Stage::Verify,
                slot,
                candidate,
                rollout: None,
            });
            let held = &self.maker().held;
            let (_, position) = held.index.get(&id).ok_or(ArchiveError::Missing(id))?;
            let body = held.reader.read(position)?.body;
            hasher
                .number(u64::from(slot))
                .number(u64::from(candidate))
                .bytes(&body);
        }
        Ok(hasher.finish())
    }
}

/// What is known of a job: of an evaluation's stages before the rollout, by the run that made its tasks.
fn summary(course: &Course, held: &Held, tasks: Option<&Archive>, ask: &Ask) -> Option<Summary> {
    match tasks {
        Some(tasks) if ask.stage != Stage::Rollout => tasks.summary(ask),
        _ => held.index.get(&course.job(ask)).map(|(summary, _)| summary),
    }
}

/// The state machine after everything that is known.
fn replay(course: &Course, known: &dyn Fn(&Ask) -> Option<Summary>) -> Run {
    let mut run = new_run(course, usize::MAX);
    while let Some(ask) = run.ask() {
        if let Some(summary) = known(&ask) {
            run.outcome(ask, came(&summary));
        }
    }
    run
}

/// A fresh state machine for a course.
pub fn new_run(course: &Course, window: usize) -> Run {
    let plan = &course.plan;
    let sizes = Sizes {
        slots: plan.tasks,
        agents: plan.agents.len() as u16,
        trials: plan.trials,
        candidates: plan.max_candidates,
        window,
    };
    let run = Run::new(sizes, plan.strata, crate::plan::cells::stratum).only(plan.partition);
    match &course.sample {
        Some(sample) => run.sampling(Arc::clone(sample)),
        None => run,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ledger::Entry;
    use crate::plan::Plan;
    use crate::plan::cells::Layout;
    use crate::plan::identity::Identity;
    use crate::world;

    const SLOTS: u32 = 3;

    fn course() -> (Course, Arc<dyn Domain>) {
        let mut plan = Plan {
            domain: "tickets".to_owned(),
            tasks: SLOTS,
            ..Plan::default()
        };
        plan.world.people = 40;
        let domain = world::domain(&plan).unwrap();
        let run = Identity::of(&plan, domain.base()).run();
        let layout = Layout::new(&plan, &domain);
        let course = Course::new(run, plan, layout);
        (course, domain)
    }

    /// A ledger in which the first candidate of every slot is admitted; `body` stands for its task.
    fn ledger(dir: &Path, course: &Course, body: &[u8]) -> Ledger {
        let mut ledger = Ledger::open(dir).unwrap();
        for slot in 0..SLOTS {
            for stage in [Stage::Explore, Stage::Synthesize, Stage::Verify] {
                let ask = Ask {
                    stage,
                    slot,
                    candidate: 0,
                    rollout: None,
                };
                let entry = Entry {
                    job: course.job(&ask),
                    stage: stage as u8,
                    slot,
                    candidate: 0,
                    param: [0; 16],
                    code: 1,
                    reason: 0,
                    intent: [slot as u8 + 1; 16],
                };
                ledger.append(&entry, body).unwrap();
            }
        }
        ledger.commit().unwrap();
        ledger
    }

    #[test]
    fn an_evaluation_has_the_tasks_digest_of_its_run() {
        let dirs = [(); 3].map(|()| tempfile::tempdir().unwrap());
        let (course, domain) = course();
        let made = |dir: &Path, body: &[u8]| {
            let held = ledger(dir, &course, body);
            Archive::new(course.clone(), Arc::clone(&domain), held)
        };
        let run = Arc::new(made(dirs[0].path(), b"a task"));
        assert_eq!(run.settled().count(), SLOTS as usize);
        let other = made(dirs[1].path(), b"another");
        let held = Ledger::open(dirs[2].path()).unwrap();
        let evaluation = Archive::evaluation(course.clone(), held, Arc::clone(&run));
        for slots in 1..=SLOTS {
            let digest = run.tasks_digest(slots).unwrap();
            assert_eq!(evaluation.tasks_digest(slots).unwrap(), digest);
            assert_ne!(other.tasks_digest(slots).unwrap(), digest);
            assert_ne!(run.tasks_digest(slots - 1).unwrap(), digest);
        }
    }

    #[test]
    fn a_record_that_is_not_there_is_said_to_be_missing() {
        let dir = tempfile::tempdir().unwrap();
        let (course, domain) = course();
        let archive = Archive::new(course, domain, Ledger::open(dir.path()).unwrap());
        let why = archive.fill(1, 0).unwrap_err();
        assert!(matches!(why, ArchiveError::Missing(_)), "{why}");
    }
}
