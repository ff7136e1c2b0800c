//! A job as a function of its ask and of what the stage before it made.

use proto::job::{Job, Stage, StageInput, candidate_seed};
use proto::outcome::StageResult;
use proto::record::WorldRef;

use super::Course;
use crate::run::Ask;

/// The job of an ask, which works on `input`.
pub(crate) fn job(course: &Course, ask: &Ask, world: WorldRef, input: StageInput) -> Job {
    let agent = ask.rollout.map(|(agent, ..)| agent);
    Job {
        id: course.job(ask),
        run: course.run,
        world,
        cell: course.layout.cell(ask.slot, ask.candidate),
        candidate: ask.candidate,
        seed: candidate_seed(course.run, ask.slot, ask.candidate),
        input,
        cast: course.casts.cast(ask.stage, agent).clone(),
        apart: Vec::new(),
    }
}

/// The stage whose result the stage of an ask works on.
pub(crate) fn before(stage: Stage) -> Option<Stage> {
    match stage {
        Stage::Explore => None,
        Stage::Synthesize => Some(Stage::Explore),
        Stage::Verify => Some(Stage::Synthesize),
        Stage::Rollout => Some(Stage::Verify),
    }
}

/// What the stage after this result works on, up to the rollout; nothing where none comes after.
pub(crate) fn worked_on(before: StageResult) -> Option<StageInput> {
    match before {
        StageResult::Explored(walk) => Some(StageInput::Synthesize(walk)),
        StageResult::Drafted { task, twin } => Some(StageInput::Verify { task, twin }),
        _ => None,
    }
}

/// What a rollout works on, of the task that was admitted or its twin.
pub(crate) fn rolled_out(course: &Course, ask: &Ask, admitted: &StageResult) -> Option<StageInput> {
    let (agent, trial, over_twin) = ask.rollout?;
    let StageResult::Admitted { task, twin } = admitted else {
        return None;
    };
    let task = if over_twin { twin.as_ref() } else { Some(task) };
    Some(StageInput::Rollout {
        task: task?.clone(),
        agent: course.plan.agents[usize::from(agent)].clone(),
        trial,
    })
}
