//! The stages: each is a function of a job and a domain. They know no queue.

use proto::digest::Hasher;
use proto::ids::{EpisodeId, TaskId};
use proto::job::{Job, StageInput};
use proto::outcome::{Outcome, Rejection, StageResult};
use proto::record::{Episode, Task};
use proto::seed::Seed;

use crate::domains::Domain;
use crate::explore::explore;
use crate::participants::agents::PlannedAgent;
use crate::participants::rehearse;
use crate::proof::admit;
use crate::synthesize::{Draft, synthesize};

/// Name of the offline user in rows.
pub const AGENDA: &str = "agenda";

/// Does a job.
pub fn perform(domain: &dyn Domain, job: Job) -> Outcome {
    let stage = job.input.stage();
    if let Some((role, model)) = job.cast.models.first() {
        let error = format!(
            "the {} is the model `{}`, and this worker can't ask models; give the job to one that can",
            role.label(),
            model.name
        );
        return Outcome::failed(job.id, stage, error);
    }
    let seed = job.seed;
    let result = match job.input {
        StageInput::Explore => explore(domain, &job.cell, seed.child("explore", 0))
            .map(|walk| StageResult::Explored(Box::new(walk))),
        StageInput::Synthesize(walk) => {
            let draft = synthesize(
                domain,
                job.run,
                &job.cell,
                job.candidate,
                &walk,
                seed.child("synthesize", 0),
            );
            draft.map(|Draft { task, twin }| StageResult::Drafted {
                task: Box::new(task),
                twin: twin.map(Box::new),
            })
        }
        StageInput::Verify { task, twin } => {
            let admitted = admit(domain, *task, twin.map(|twin| *twin), proof_seed(seed));
            admitted.map(|(task, twin)| StageResult::Admitted {
                task: Box::new(task),
                twin: twin.map(Box::new),
            })
        }
        StageInput::Rollout { task, agent, trial } => {
            Ok(match play(domain, &task, &agent, trial) {
                Ok(episode) => StageResult::Played(Box::new(episode)),
                Err(error) => StageResult::Failed { stage, error },
            })
        }
    };
    Outcome {
        job: job.id,
        result: result.unwrap_or_else(|rejection: Rejection| StageResult::Rejected(rejection)),
    }
}

/// Root of the seeds of a candidate's proof.
pub fn proof_seed(candidate: Seed) -> Seed {
    candidate.child("verify", 0)
}

/// Id of an episode; the agent is named by its identity, as in the id of the job.
pub fn episode_id(task: TaskId, agent: &str, trial: u32) -> EpisodeId {
    let mut hasher = Hasher::new("t2t.episode", 1);
    EpisodeId(
        hasher
            .digest(&task.0)
            .text(agent)
            .number(u64::from(trial))
            .finish(),
    )
}

/// Plays one episode of a scripted agent with the agenda user. Its seed comes from its id, so that an
/// episode is the same in whatever run it is asked for.
pub fn play(domain: &dyn Domain, task: &Task, agent: &str, trial: u32) -> Result<Episode, String> {
    let id = episode_id(task.id, agent, trial);
    let seed = Seed(id.0);
    let planned = PlannedAgent::parse(agent).map_err(|error| error.to_string())?;
    let mut participant = planned.build(domain, task, seed.child("agent", 0));
    let finished = rehearse(domain, task, &mut *participant, seed.child("user", 0), true)
        .map_err(|error| error.to_string())?;
    Ok(Episode {
        id,
        task: task.id,
        agent: agent.to_owned(),
        user: AGENDA.to_owned(),
        trial,
        messages: finished.messages,
        ending: finished.ending,
        state: finished.state,
        verdict: finished.verdict,
        parts: Vec::new(),
    })
}
