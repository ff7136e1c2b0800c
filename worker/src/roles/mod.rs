//! Language models in the roles of a job, and the jobs in which they have one.
//!
//! A participant here takes its turn as those of [`participants`](crate::participants) do, but has to be
//! waited for, and may come back without a turn: then the job stops, and what it heard is kept. Who is a
//! model and who is not is mixed freely.
//!
//! Reading order: [`prompts`] (the words models are asked in), [`work`] (a job with models), [`explorer`] with [`listed`],
//! [`writer`] (of scripts), `ballot` (how a judge's vote is had), [`validity`] (the judge of tasks), [`agent`] and
//! [`react`] (the agent under test), [`user`] (the simulated one), [`judge`] (of conversations), [`rollout`] (the
//! conversation), [`alone`] (one worker a job).

pub mod agent;
pub mod alone;
mod ballot;
pub mod explorer;
pub mod judge;
pub mod listed;
pub mod prompts;
pub mod react;
pub mod rollout;
pub mod structured;
#[cfg(test)]
mod testing;
pub mod user;
pub mod validity;
pub mod work;
pub mod writer;

use proto::job::StageInput;
use proto::record::Role;

use crate::executor::Done;
use work::Work;

/// Does a job in which a model plays a part.
pub async fn perform(work: &Work<'_>) -> Done {
    let cast = &work.job.cast;
    let absent = |role: Role| {
        work.failed(format!(
            "the job has models, but none as the {}",
            role.label()
        ))
    };
    match &work.job.input {
        StageInput::Explore => match cast.model(Role::Explorer) {
            Some(endpoint) => explorer::perform(work, endpoint).await,
            None => absent(Role::Explorer),
        },
        StageInput::Synthesize(walk) => match cast.model(Role::Writer) {
            Some(endpoint) => writer::perform(work, walk, endpoint).await,
            None => absent(Role::Writer),
        },
        StageInput::Verify { task, twin } => match cast.model(Role::Validity) {
            Some(endpoint) => validity::perform(work, (task, twin.as_deref()), endpoint).await,
            None => absent(Role::Validity),
        },
        StageInput::Rollout { task, agent, trial } => {
            rollout::perform(work, task, agent, *trial).await
        }
    }
}
