//! Verification of a run, offline and without a model: every byte against the seal, every proof
//! repeated, every stored episode replayed and scored again.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use proto::job::candidate_seed;
use proto::record::{AgentFault, Check, Ending, Episode, Judged, Message, Task};
use worker::dialogue::conversation::{AgentTurn, Attempted, Conversation, Limits, Next, UserTurn};
use worker::domains::Domain;
use worker::proof;
use worker::roles::judge::{Statement, statements};
use worker::stages::proof_seed;

use crate::archive::{Archive, ArchiveError, Filled};
use crate::plan::models::model_in;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    /// Proofs repeated, twins' included.
    pub proofs: u64,
    /// Episodes scored again.
    pub episodes: u64,
    /// What does not hold, each with its place; the first hundred.
    pub problems: Vec<String>,
}

/// Most problems that are kept.
const KEPT: usize = 100;

/// Repeats every proof and re-scores every episode, on `threads` threads; `watch` hears of each slot.
pub fn verify(
    archive: &Archive,
    threads: usize,
    watch: &(dyn Fn(u64) + Sync),
) -> Result<Findings, ArchiveError> {
    let slots: Vec<(u32, u16)> = archive.settled().collect();
    let next = AtomicUsize::new(0);
    let done = AtomicU64::new(0);
    let shared: Mutex<(Findings, Option<ArchiveError>)> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some(&(slot, candidate)) = slots.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let found = one(archive, slot, candidate);
                    let mut shared = shared
                        .lock()
                        .expect("a checker does not panic while it holds the findings");
                    match found {
                        Ok(found) => merge(&mut shared.0, found),
                        Err(error) => {
                            shared.1.get_or_insert(error);
                            return;
                        }
                    }
                    drop(shared);
                    watch(done.fetch_add(1, Ordering::Relaxed) + 1);
                }
            });
        }
    });
    let (mut findings, error) = shared.into_inner().expect("no checker panics");
    findings.problems.sort();
    findings.problems.truncate(KEPT);
    error.map_or(Ok(findings), Err)
}

fn merge(all: &mut Findings, found: Findings) {
    all.proofs += found.proofs;
    all.episodes += found.episodes;
    all.problems.extend(found.problems);
}

/// One filled slot.
fn one(archive: &Archive, slot: u32, candidate: u16) -> Result<Findings, ArchiveError> {
    let filled = archive.fill(slot, candidate)?;
    let mut findings = Findings::default();
    // An evaluation's tasks are proven where they were made.
    if archive.tasks().is_none() {
        prove_again(archive, &filled, &mut findings);
    }
    let plan = &archive.course.plan;
    let votes = model_in(&plan.judge).map_or(0, |_| plan.votes as usize);
    for played in archive.episodes(&filled)? {
        let task = match &filled.twin {
            Some(twin) if played.over_twin => twin,
            _ => &filled.task,
        };
        if !played.episode.ending.scored() {
            continue;
        }
        findings.episodes += 1;
        if let Some(found) = miscounted(&played.episode, votes) {
            findings.problems.push(format!(
                "slot {slot}, {}: carries {found} votes on a statement, and the plan asks for {votes}",
                played.episode.id
            ));
        }
        if let Err(why) = score_again(&*archive.domain, task, &played.episode) {
            findings
                .problems
                .push(format!("slot {slot}, {}: {why}", played.episode.id));
        }
    }
    Ok(findings)
}

/// How many votes a statement about an episode has, where that is not as many as a judge is asked for. One
/// that has earned nothing by itself may have none.
fn miscounted(episode: &Episode, votes: usize) -> Option<usize> {
    let judged = &episode.verdict.judged;
    let by_user = matches!(episode.ending, Ending::User(_));
    if judged.is_empty() && by_user && episode.verdict.earned() {
        return (votes > 0).then_some(0);
    }
    let mut counts = judged.iter().map(|judged| judged.votes.len());
    counts.find(|&count| count != votes)
}

fn prove_again(archive: &Archive, filled: &Filled, findings: &mut Findings) {
    let seed = proof_seed(candidate_seed(
        archive.course.run,
        filled.slot,
        filled.candidate,
    ));
    let judged = model_in(&archive.course.plan.validity).is_some();
    let paired = filled.twin.is_some();
    let tasks =
        std::iter::once((&filled.task, paired)).chain(filled.twin.iter().map(|twin| (twin, false)));
    for (task, paired) in tasks {
        findings.proofs += 1;
        let checks = task.proof.iter().flat_map(|proof| &proof.checks);
        if judged
            && checks
                .map(|held| held.check)
                .all(|check| check != Check::Validity)
        {
            findings.problems.push(format!(
                "slot {}, {}: carries no votes, and the plan has a model judge tasks",
                filled.slot, task.id
            ));
        }
        if let Err(why) = proof::again(&*archive.domain, task, paired, seed) {
            findings
                .problems
                .push(format!("slot {}, {}: {why}", filled.slot, task.id));
        }
    }
}

/// Replays an episode and compares every observation, the end state and the verdict. One that is not
/// scored has nothing to compare.
pub fn score_again(domain: &dyn Domain, task: &Task, episode: &Episode) -> Result<(), String> {
    if !episode.ending.scored() {
        return Ok(());
    }
    let mut conversation = Conversation::new(domain, task, Limits::default(), true)
        .map_err(|error| error.to_string())?;
    replay(&mut conversation, &episode.messages)?;
    if conversation.messages() != episode.messages {
        let place = conversation
            .messages()
            .iter()
            .zip(&episode.messages)
            .position(|(new, old)| new != old);
        return Err(format!(
            "message {} comes out differently",
            place.unwrap_or(episode.messages.len())
        ));
    }
    take_leave(&mut conversation, &episode.ending);
    if *conversation.next() != Next::Over(episode.ending.clone()) {
        return Err(format!("does not end as {}", episode.ending.label()));
    }
    let (_, _, state, verdict) = conversation.finish();
    if state != episode.state {
        return Err("ends in another state".to_owned());
    }
    let verdict = match episode.verdict.judged.as_slice() {
        [] => verdict,
        judged => {
            about_the_task(domain, task, judged)?;
            verdict.judged(judged.to_vec())
        }
    };
    if verdict != episode.verdict {
        return Err(format!(
            "scores {} where {} is stored",
            verdict.reward, episode.verdict.reward
        ));
    }
    Ok(())
}

/// Refuses votes on other statements than a judge is asked about.
fn about_the_task(domain: &dyn Domain, task: &Task, judged: &[Judged]) -> Result<(), String> {
    let asked = statements(domain, task);
    let same = |(asked, judged): (&Statement, &Judged)| {
        asked.text == judged.statement && asked.beside == judged.beside
    };
    if asked.len() == judged.len() && asked.iter().zip(judged).all(same) {
        return Ok(());
    }
    Err("carries votes on statements that are not about its task".to_owned())
}

/// Has user and agent say again what was said; the tools answer anew.
fn replay(conversation: &mut Conversation<'_>, messages: &[Message]) -> Result<(), String> {
    for message in messages {
        match (message, conversation.next().clone()) {
            (Message::User { text }, Next::User) => conversation.user(UserTurn::Say(text.clone())),
            (
                Message::Assistant {
                    reasoning,
                    signed,
                    text,
                    calls,
                },
                Next::Agent,
            ) => conversation.agent(AgentTurn {
                reasoning: reasoning.clone(),
                signed: signed.clone(),
                text: text.clone(),
                calls: calls.iter().map(Attempted::from).collect(),
            }),
            (Message::Tool { .. }, _) => {}
            (_, next) => return Err(format!("a message comes where {next:?} is awaited")),
        }
    }
    Ok(())
}

/// Ends a conversation as its episode ended, where the end left no message: who took leave, or was at
/// fault, must be the one awaited.
fn take_leave(conversation: &mut Conversation<'_>, ending: &Ending) {
    match (ending, conversation.next()) {
        (Ending::User(outcome), Next::User) => conversation.user(UserTurn::End(*outcome)),
        // The conversation itself finds these.
        (
            Ending::Agent(
                AgentFault::TurnLimit
                | AgentFault::ToolErrorLimit
                | AgentFault::MalformedArguments
                | AgentFault::UnknownTool,
            ),
            _,
        ) => {}
        (Ending::Agent(AgentFault::EmptyReply), Next::Agent) => {
            conversation.agent(AgentTurn::default());
        }
        // What the model sent was no turn at all.
        (Ending::Agent(_), Next::Agent) => conversation.end(ending.clone()),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
