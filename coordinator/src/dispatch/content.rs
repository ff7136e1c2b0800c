//! The jobs that asks stand for, with the content that their stage works on.

use std::sync::Arc;

use proto::ids::JobId;
use proto::job::{Job, Stage, StageInput};
use proto::outcome::{Outcome, StageResult};
use proto::record::WorldRef;
use proto::wire::{self, Kind};

use super::fresh::Fresh;
use super::{Course, DispatchError, jobs};
use crate::archive::Archive;
use crate::ledger::{Ledger, Summary};
use crate::run::Ask;

/// Builds jobs of a course.
#[derive(Debug)]
pub(super) struct Content<'a> {
    pub(super) course: &'a Course,
    pub(super) ledger: Ledger,
    /// For an evaluation: the run that has done every stage before the rollout.
    pub(super) tasks: Option<Arc<Archive>>,
    pub(super) fresh: Fresh,
}

impl Content<'_> {
    /// What is known of a job already.
    pub(super) fn known(&self, ask: &Ask, id: &JobId) -> Option<Summary> {
        match &self.tasks {
            Some(tasks) if ask.stage != Stage::Rollout => tasks.summary(ask),
            _ => self.ledger.index().get(id).map(|(summary, _)| summary),
        }
    }

    /// The job of an ask.
    pub(super) fn job(
        &mut self,
        ask: &Ask,
        id: JobId,
        world: WorldRef,
    ) -> Result<Job, DispatchError> {
        let input = match ask.stage {
            Stage::Explore => Some(StageInput::Explore),
            Stage::Synthesize => jobs::worked_on(self.before(ask, Stage::Explore)?),
            Stage::Verify => jobs::worked_on(self.before(ask, Stage::Synthesize)?),
            Stage::Rollout => self.rollout(ask)?,
        };
        let input = input.ok_or(DispatchError::Mixed(id))?;
        Ok(jobs::job(self.course, ask, world, input))
    }

    /// The task goes back to what is at hand, for the other rollouts of its slot.
    fn rollout(&mut self, ask: &Ask) -> Result<Option<StageInput>, DispatchError> {
        let admitted = self.before(ask, Stage::Verify)?;
        let input = jobs::rolled_out(self.course, ask, &admitted);
        self.fresh.put((ask.slot, ask.candidate), admitted);
        Ok(input)
    }

    /// What an earlier stage made of the candidate: at hand, or in the ledger.
    fn before(&mut self, ask: &Ask, stage: Stage) -> Result<StageResult, DispatchError> {
        if let Some(fresh) = self.fresh.take((ask.slot, ask.candidate))
            && stage_of(&fresh) == Some(stage)
        {
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
        let index = self.ledger.index();
        let (_, position) = index.get(&id).ok_or(DispatchError::Mixed(id))?;
        let record = self.ledger.read(position)?;
        let outcome: Outcome = wire::decode(Kind::Outcome, &record.body)
            .map_err(|source| DispatchError::Wire { job: id, source })?;
        Ok(outcome.result)
    }
}

/// The stage that makes such a result.
fn stage_of(result: &StageResult) -> Option<Stage> {
    match result {
        StageResult::Explored(_) => Some(Stage::Explore),
        StageResult::Drafted { .. } => Some(Stage::Synthesize),
        StageResult::Admitted { .. } => Some(Stage::Verify),
        StageResult::Played(_) => Some(Stage::Rollout),
        StageResult::Rejected(_) | StageResult::Failed { .. } => None,
    }
}
