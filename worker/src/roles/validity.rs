//! A language model as the judge of tasks (P10): whether one is natural and consistent, as a reader sees it.
//!
//! It is asked only about tasks that the proof admits, and can only turn them down. It votes an odd number
//! of times, each vote drawn by itself; most votes count. A vote that can't be read is none for the task; where
//! such votes decide, the task is turned down as not judged, so that a judge that can't keep to the form shows.
//! The proof keeps who voted how, and a digest of what was said with it, so that a proof is repeated
//! without the model.

use std::borrow::Cow;

use proto::digest::Hasher;
use proto::outcome::{Reason, Rejection, StageResult};
use proto::record::{
    Check, Endpoint, Intent, Part, Passed, PlannedCall, Proof, Resolution, Role, Slot, Task, Trial,
    Visibility, Wish,
};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::ballot::Ballot;
use super::prompts::{PromptError, Prompts, VALIDITY};
use super::structured::{self, brief};
use super::work::Work;
use crate::chat::session::{Session, Stop, Subject};
use crate::domains::Domain;
use crate::executor::Done;
use crate::proof::admit;
use crate::stages::proof_seed;

/// Proves a draft and its twin, and has the model judge both.
pub async fn perform(
    work: &Work<'_>,
    (task, twin): (&Task, Option<&Task>),
    endpoint: &Endpoint,
) -> Done {
    let prompts = match Prompts::new(&work.job.cast.prompts) {
        Ok(prompts) => prompts,
        Err(error) => return work.failed(error),
    };
    let seed = proof_seed(work.job.seed);
    let admitted = work.computing(|| admit(work.domain, task.clone(), twin.cloned(), seed));
    let (mut task, mut twin) = match admitted.await {
        Ok(admitted) => admitted,
        Err(rejection) => return work.came_to(StageResult::Rejected(rejection)),
    };
    let mut parts = Vec::new();
    for judged in std::iter::once(&mut task).chain(&mut twin) {
        let ballot = match ballot(work.domain, judged, &prompts) {
            Ok(ballot) => ballot,
            Err(error) => return work.failed(error),
        };
        let (votes, part) = match vote(work, endpoint, &ballot, judged.twin_of.is_some()).await {
            Ok(voted) => voted,
            Err(stop) => return work.stopped(stop).await,
        };
        parts.push(part.clone());
        if let Err(rejection) = count(judged, &votes, part) {
            return work.came_to(StageResult::Rejected(rejection.after(parts)));
        }
    }
    work.came_to(StageResult::Admitted {
        task: Box::new(task),
        twin: twin.map(Box::new),
    })
}

/// What most votes say of a task, written into its proof if it is for it.
fn count(task: &mut Task, votes: &[Vote], part: Part) -> Result<(), Rejection> {
    let against: Vec<Cow<'_, str>> = votes
        .iter()
        .filter(|vote| vote.verdict != Some(Verdict::Valid))
        .map(|vote| brief(&vote.reason))
        .collect();
    if against.len() * 2 > votes.len() {
        let invalid = |vote: &&Vote| vote.verdict == Some(Verdict::Invalid);
        let reason = if votes.iter().filter(invalid).count() * 2 > votes.len() {
            Reason::Unproven(Check::Validity)
        } else {
            Reason::Unjudged
        };
        let detail = format!(
            "{}{} of {} votes of model:{} are not for it: {}",
            if task.twin_of.is_some() {
                "the feasible twin: "
            } else {
                ""
            },
            against.len(),
            votes.len(),
            part.name,
            against.join(" | ")
        );
        return Err(Rejection::new(reason, detail));
    }
    let trial = |(number, vote): (usize, &Vote)| Trial {
        agent: format!("model:{}", part.name),
        seed: number as u32,
        reward: u8::from(vote.verdict == Some(Verdict::Valid)),
        conversation: Hasher::new("t2t.vote", 1).text(&vote.reason).finish(),
    };
    let passed = Passed {
        check: Check::Validity,
        trials: votes.iter().enumerate().map(trial).collect(),
        not_applicable: Vec::new(),
    };
    let proof = task.proof.get_or_insert(Proof { checks: Vec::new() });
    proof.checks.push(passed);
    task.parts.push(part);
    Ok(())
}

/// All votes on a task, one turn each.
async fn vote(
    work: &Work<'_>,
    endpoint: &Endpoint,
    ballot: &Ballot,
    twin: bool,
) -> Result<(Vec<Vote>, Part), Stop> {
    let subject = Subject {
        slot: work.job.cell.slot,
        candidate: work.job.candidate,
        agent: String::new(),
        trial: 0,
        twin,
    };
    let (models, place, role) = (work.models, work.place, Role::Validity);
    let mut session = Session::new(models, place, &subject, role, endpoint, ballot.prompt);
    let unread = |reason| Vote {
        reason,
        verdict: None,
    };
    let mut votes = Vec::new();
    for number in 0..work.job.cast.votes.max(1) {
        let vote = ballot.vote(&mut session, number, structured::object::<Filled>);
        let vote = vote.await?.map_or_else(unread, Vote::from);
        votes.push(vote);
        session.next_turn();
    }
    Ok((votes, session.into_part()))
}

/// One vote.
struct Vote {
    /// Why it is so, or why it can't be read.
    reason: String,
    /// Nothing where it can't be read.
    verdict: Option<Verdict>,
}

/// A vote's form, as the model fills it in.
#[derive(Debug, Deserialize)]
struct Filled {
    reason: String,
    verdict: Verdict,
}

impl From<Filled> for Vote {
    fn from(Filled { reason, verdict }: Filled) -> Self {
        Self {
            reason,
            verdict: Some(verdict),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Valid,
    Invalid,
}

/// What the votes on a task are asked with.
fn ballot(domain: &dyn Domain, task: &Task, prompts: &Prompts) -> Result<Ballot, PromptError> {
    let calls = task.golden.steps.iter().map(|step| called(&step.call));
    let goals = 0..task.intent.goals.len();
    let goals = goals.map(|place| goal(domain, &task.intent, place));
    let context = json!({
        "scenario": task.scenario.label(),
        "policy": domain.policy(),
        "goals": goals.collect::<Vec<_>>(),
        "script": task.script,
        "calls": calls.collect::<Vec<_>>(),
    });
    let form = json!({
        "type": "object",
        "properties": {
            "reason": {"type": "string"},
            "verdict": {"type": "string", "enum": ["valid", "invalid"]},
        },
        "required": ["reason", "verdict"],
        "additionalProperties": false,
    });
    Ballot::new((prompts, VALIDITY), &context, None, form)
}

fn called(call: &PlannedCall) -> String {
    let arguments = serde_json::to_string(&call.arguments).expect("arguments are plain data");
    format!("{} {arguments}", call.name)
}

/// A goal in words.
fn goal(domain: &dyn Domain, intent: &Intent, place: usize) -> Json {
    let goal = &intent.goals[place];
    let held = match (intent.first.contains(&place), intent.last.contains(&place)) {
        (true, false) => "until the change of mind",
        (false, _) => "from the change of mind on",
        (true, true) => "from beginning to end",
    };
    let slots = goal.slots.iter();
    let slots = slots.map(
        |slot| json!({"name": slot.name, "value": slot.value.to_string(), "told": told(slot)}),
    );
    json!({
        "wish": wish(domain, &goal.wish),
        "held": held,
        "slots": slots.collect::<Vec<_>>(),
    })
}

fn wish(domain: &dyn Domain, wish: &Wish) -> String {
    match wish {
        Wish::Write(call) => format!("To be carried out: {}", called(call)),
        Wish::Question(question) => {
            let answer = question.answer;
            let topic = question.topic.replace(['_', '.'], " ");
            format!("To be answered: {topic}; the answer is {answer}")
        }
        Wish::Blocked(blocked) => {
            let wanted = blocked
                .call
                .as_ref()
                .map_or_else(|| "something that no tool can do".to_owned(), called);
            let rule = domain.rules().iter().find(|rule| rule.id == blocked.rule);
            let right = match blocked.resolution {
                Resolution::Refuse => "say no, with the reason",
                Resolution::Transfer => "hand over to a human",
            };
            let sentence = rule.map_or("", |rule| rule.sentence);
            format!("Wanted, but forbidden: {wanted}. The rule: {sentence} Right is to {right}")
        }
    }
}

/// When the customer tells of a slot.
fn told(slot: &Slot) -> &'static str {
    let never = |said: &proto::record::Descriptor| said.visibility == Visibility::Never;
    if slot.hidden() {
        "kept back until asked for"
    } else if slot.says.iter().all(never) {
        "not known to the customer"
    } else {
        "said with the wish"
    }
}

#[cfg(test)]
mod tests;
