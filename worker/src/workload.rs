//! Work for measuring, the same whoever measures it: drafts to be proven, tasks to be played.

use proto::ids::RunId;
use proto::job::{Cell, Stage, candidate_seed};
use proto::record::{Proof, Task};

use crate::domains::Domain;
use crate::explore::explore;
use crate::proof::admit;
use crate::stages::{play, proof_seed};
use crate::synthesize::{Draft, synthesize};

/// A draft and the seed of its proof.
#[derive(Debug, Clone)]
pub struct Proposed {
    /// What the candidate came to.
    pub draft: Draft,
    /// Root of the seeds of its candidate.
    pub seed: proto::seed::Seed,
}

/// What proving a draft came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Proven {
    /// The task.
    pub task: Task,
    /// Its twin, if it has one.
    pub twin: Option<Task>,
    /// Conversations that its proofs ran, the twin's included.
    pub conversations: u64,
}

/// The first candidate of each cell that comes to a draft, as far as `candidates` go.
pub fn drafts(
    domain: &dyn Domain,
    run: RunId,
    cells: impl IntoIterator<Item = Cell>,
    candidates: u16,
) -> Vec<Proposed> {
    let draft =
        |cell: Cell| (0..candidates).find_map(|candidate| propose(domain, run, &cell, candidate));
    cells.into_iter().filter_map(draft).collect()
}

/// Explores and synthesizes one candidate, with the seeds that the stages use.
pub fn propose(domain: &dyn Domain, run: RunId, cell: &Cell, candidate: u16) -> Option<Proposed> {
    let seed = candidate_seed(run, cell.slot, candidate);
    let walk = explore(domain, cell, seed.child(Stage::Explore.label(), 0)).ok()?;
    let draft = synthesize(
        domain,
        run,
        cell,
        candidate,
        &walk,
        seed.child(Stage::Synthesize.label(), 0),
    )
    .ok()?;
    Some(Proposed { draft, seed })
}

/// Proves a draft in full; nothing if it is rejected.
pub fn prove(domain: &dyn Domain, proposed: &Proposed) -> Option<Proven> {
    let Draft { task, twin } = proposed.draft.clone();
    let (task, twin) = admit(domain, task, twin, proof_seed(proposed.seed)).ok()?;
    let proofs = [&task]
        .into_iter()
        .chain(&twin)
        .filter_map(|task| task.proof.as_ref());
    let conversations = proofs.map(conversations).sum();
    Some(Proven {
        task,
        twin,
        conversations,
    })
}

fn conversations(proof: &Proof) -> u64 {
    proof
        .checks
        .iter()
        .map(|check| check.trials.len() as u64)
        .sum()
}

/// Plays one episode; its messages.
///
/// # Panics
/// When the agent is unknown or the task is not of this domain.
pub fn episode(domain: &dyn Domain, task: &Task, agent: &str, trial: u32) -> usize {
    play(domain, task, agent, trial)
        .expect("the agent is known and the task of this domain")
        .messages
        .len()
}
