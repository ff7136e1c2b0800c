//! Why a task may be admitted: nine checks, each its own small module, and a tenth where a plan has a
//! model judge tasks. A task that fails one is rejected with the check and what was found.
//!
//! | check | module | shows |
//! |---|---|---|
//! | P1 | [`replay`] | golden replays without error into an expected state |
//! | P2 | [`grounded`] | every golden argument is known to the user or was observed before |
//! | P3 | [`lawful`] | golden breaks no rule |
//! | P4 | [`solvable`] | the gold agent earns 1 on several user seeds |
//! | P5 | [`null`] | agents that do nothing useful earn 0 |
//! | P6 | [`sharp`] | golden with a write dropped, added or tampered with earns 0 |
//! | P7 | [`scenario`] | agents that miss the scenario earn 0 |
//! | P8 | [`real`] | the ambiguity, change or infeasibility exists in the world |
//! | P9 | [`text`] | the texts say what the intent says |
//! | P10 | [`roles::validity`](crate::roles::validity) | most votes of a model are for the task |
//!
//! A proof keeps per scripted run its seed, verdict and conversation digest; [`again`] repeats a
//! stored proof and compares; of P10 it repeats nothing but the count.

pub mod grounded;
pub mod lawful;
pub mod null;
pub mod real;
pub mod replay;
pub mod scenario;
pub mod sharp;
pub mod solvable;
pub mod text;

use proto::digest::{Digest, Hasher};
use proto::outcome::{Reason, Rejection};
use proto::record::{Check, Message, Passed, Proof, Task, Trial};
use proto::seed::Seed;

use crate::dialogue::hearing::Hearing;
use crate::domains::Domain;
use crate::participants::agents::controls::{Control, Family};
use crate::participants::{Agent, Finished, rehearse_with};

/// What a check looks at.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The domain.
    pub domain: &'a dyn Domain,
    /// The task, unproven.
    pub task: &'a Task,
    /// Whether a feasible twin stands beside it, which the bureaucrat must fail.
    pub paired: bool,
    /// Root of the seeds of scripted runs.
    pub seed: Seed,
    /// What was read of the texts of this proof.
    pub hearing: &'a Hearing,
}

/// What a check finds: that it holds, or why not.
pub type Finding = Result<Passed, String>;

/// How a check is run.
type Run = fn(&Context<'_>) -> Finding;

impl Context<'_> {
    /// Runs an agent against the agenda user with the user's seed number `seed`.
    fn run(&self, agent: &mut dyn Agent, seed: u32, thorough: bool) -> Result<Finished, String> {
        let user = self.seed.child("user", u64::from(seed));
        rehearse_with(self.domain, self.task, agent, user, thorough, self.hearing)
            .map_err(|error| error.to_string())
    }

    /// Runs every member of a family of controls: each must earn 0.
    fn all_fail(&self, family: Family, passed: &mut Passed) -> Result<(), String> {
        let members = family.members(self.domain, self.task, self.seed.child(family.name(), 0));
        if members.is_empty() {
            passed.not_applicable.push(family.name().to_owned());
        }
        for control in members {
            let trial = self.trial(control)?;
            if trial.reward != 0 {
                return Err(format!("{} earns 1", trial.agent));
            }
            passed.trials.push(trial);
        }
        Ok(())
    }

    fn trial(&self, control: Control<'_>) -> Result<Trial, String> {
        let Control { name, mut agent } = control;
        let finished = self.run(&mut agent, 0, false)?;
        Ok(trial(name, 0, &finished))
    }
}

/// A finished run as it is kept in a proof.
fn trial(agent: String, seed: u32, finished: &Finished) -> Trial {
    let reward = u8::from(finished.verdict.reward > 0.5);
    Trial {
        agent,
        seed,
        reward,
        conversation: conversation_digest(&finished.messages),
    }
}

/// Digest of everything said and done.
pub fn conversation_digest(messages: &[Message]) -> Digest {
    let mut hasher = Hasher::new("t2t.conversation", 1);
    for message in messages {
        match message {
            Message::User { text } => {
                hasher.number(0).text(text);
            }
            Message::Assistant { text, calls, .. } => {
                hasher.number(1).text(text).number(calls.len() as u64);
                for call in calls {
                    let arguments =
                        serde_json::to_string(&call.arguments).expect("records are plain data");
                    hasher.text(&call.name).text(&arguments);
                }
            }
            Message::Tool { text, error, .. } => {
                hasher.number(2).text(text).number(u64::from(*error));
            }
        }
    }
    hasher.finish()
}

/// A check that holds without running anybody.
fn plain(check: Check) -> Passed {
    Passed {
        check,
        trials: Vec::new(),
        not_applicable: Vec::new(),
    }
}

/// Proves one task. Cheap checks come first; the proof lists them in order.
pub fn prove(context: &Context<'_>) -> Result<Proof, Rejection> {
    let checks: [(Check, Run); 9] = [
        (Check::Replay, replay::check),
        (Check::Grounded, grounded::check),
        (Check::Lawful, lawful::check),
        (Check::Real, real::check),
        (Check::Text, text::check),
        (Check::Solvable, solvable::check),
        (Check::Scenario, scenario::check),
        (Check::Sharp, sharp::check),
        (Check::Null, null::check),
    ];
    let mut passed = Vec::with_capacity(checks.len());
    for (check, run) in checks {
        let found =
            run(context).map_err(|detail| Rejection::new(Reason::Unproven(check), detail))?;
        passed.push(found);
    }
    passed.sort_by_key(|passed| passed.check);
    Ok(Proof { checks: passed })
}

/// Proves a draft and its twin; both hold or neither is admitted.
pub fn admit(
    domain: &dyn Domain,
    mut task: Task,
    twin: Option<Task>,
    seed: Seed,
) -> Result<(Task, Option<Task>), Rejection> {
    let paired = twin.is_some();
    let hearing = &Hearing::default();
    let proof = prove(&Context {
        domain,
        task: &task,
        paired,
        seed: seed.child("proof", 0),
        hearing,
    })?;
    let twin = match twin {
        None => None,
        Some(mut twin) => {
            let context = Context {
                domain,
                task: &twin,
                paired: false,
                seed: seed.child("proof", 1),
                hearing,
            };
            let proof = prove(&context).map_err(|rejection| {
                Rejection::new(
                    rejection.reason,
                    format!("the feasible twin: {}", rejection.detail),
                )
            })?;
            twin.proof = Some(proof);
            Some(twin)
        }
    };
    task.proof = Some(proof);
    Ok((task, twin))
}

/// Repeats the proof that a task carries; the difference, if there is one.
pub fn again(domain: &dyn Domain, task: &Task, paired: bool, seed: Seed) -> Result<(), String> {
    let branch = u64::from(task.twin_of.is_some());
    let mut bare = task.clone();
    let Some(mut kept) = bare.proof.take() else {
        return Err("carries no proof".to_owned());
    };
    counted_again(&mut kept)?;
    let context = Context {
        domain,
        task: &bare,
        paired,
        seed: seed.child("proof", branch),
        hearing: &Hearing::default(),
    };
    let proof = prove(&context).map_err(|rejection| rejection.to_string())?;
    if proof == kept {
        return Ok(());
    }
    let differs = proof
        .checks
        .iter()
        .zip(&kept.checks)
        .find(|(new, old)| new != old);
    let label = differs.map_or("the number of checks", |(new, _)| new.check.label());
    Err(format!(
        "{label} comes out differently than the stored proof says"
    ))
}

/// Takes the votes of a model out of a proof, once they are for the task.
fn counted_again(kept: &mut Proof) -> Result<(), String> {
    let mut checks = kept.checks.iter();
    let Some(place) = checks.position(|held| held.check == Check::Validity) else {
        return Ok(());
    };
    let votes = kept.checks.remove(place).trials;
    let for_it = votes.iter().filter(|vote| vote.reward > 0).count();
    if for_it * 2 > votes.len() {
        return Ok(());
    }
    let (label, all) = (Check::Validity.label(), votes.len());
    Err(format!("{label} has {for_it} of {all} votes for the task"))
}

#[cfg(test)]
mod tests;
