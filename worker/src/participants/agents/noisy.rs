//! Gold that errs: at each decision, with a given probability, it does what careless agents do. Some
//! errors are mended in time, some break only a procedure, some fail the task.

use proto::record::{Answer, Effect, PlannedCall, Question, Task};
use proto::seed::{Rng, Seed};

use super::golden_course;
use super::plan::{Bend, Move, Speech};
use super::scripted::{Scripted, substitute};
use crate::domains::Domain;

/// Gold that errs at each decision with probability `p`.
pub fn noisy<'a>(domain: &'a dyn Domain, task: &'a Task, p: f64, seed: Seed) -> Scripted<'a> {
    let mut rng = seed.child("noise", 0).rng();
    let bend = Bend {
        hasty: rng.chance(p),
        stale: rng.chance(p),
        reckless: rng.chance(p),
    };
    let mut course = golden_course(domain, task, bend);
    if bend.hasty {
        guess(domain, task, &mut course, &mut rng);
    }
    let course = course
        .into_iter()
        .flat_map(|step| err(domain, task, step, p, &mut rng))
        .collect();
    let agent = Scripted::new(domain, task, course, seed.child("words", 0));
    if bend.stale || bend.reckless {
        agent.impatient()
    } else {
        agent
    }
}

/// Takes some grounding of the hidden slots without asking.
fn guess(domain: &dyn Domain, task: &Task, course: &mut [Move], rng: &mut Rng) {
    let Ok(world) = domain.restore(&task.golden.start.delta) else {
        return;
    };
    let hidden = task
        .intent
        .goals
        .iter()
        .filter(|goal| goal.slots.iter().any(proto::record::Slot::hidden));
    for goal in hidden {
        let bindings = domain.bindings(&*world, &task.intent.person, goal);
        if let (Some(call), Some(guess)) = (goal.wish.call(), rng.pick(&bindings)) {
            substitute(course, call, guess);
        }
    }
}

/// A step as it comes out: itself, bent, doubled or left out.
fn err(domain: &dyn Domain, task: &Task, step: Move, p: f64, rng: &mut Rng) -> Vec<Move> {
    if !rng.chance(p) {
        return vec![step];
    }
    match step {
        Move::Call(call) => misuse(domain, task, call, rng),
        Move::Say(said) => misspeak(domain, said, rng)
            .map(Move::Say)
            .into_iter()
            .collect(),
    }
}

fn misuse(domain: &dyn Domain, task: &Task, call: PlannedCall, rng: &mut Rng) -> Vec<Move> {
    if domain.effect(&call.name) != Some(Effect::Write) {
        // A look-up with a garbled argument, then the right one.
        return vec![Move::Call(garbled(&call)), Move::Call(call)];
    }
    let others = domain
        .restore(&task.golden.start.delta)
        .map(|world| domain.tampered(&*world, &task.intent.person, &call))
        .unwrap_or_default();
    match rng.pick(&others) {
        Some(other) if rng.chance(0.5) => vec![Move::Call(other.clone())],
        _ if rng.chance(0.3) => Vec::new(),
        _ => vec![Move::Call(garbled(&call)), Move::Call(call)],
    }
}

/// The same call with the first text argument spoiled.
fn garbled(call: &PlannedCall) -> PlannedCall {
    let mut spoiled = call.clone();
    let first = spoiled
        .arguments
        .values_mut()
        .find(|value| value.as_str().is_some());
    if let Some(value) = first {
        let text = value.as_str().unwrap_or_default().trim_start_matches('#');
        *value = format!("{text}0").into();
    }
    spoiled
}

fn misspeak(domain: &dyn Domain, mut said: Vec<Speech>, rng: &mut Rng) -> Option<Vec<Speech>> {
    match said.last_mut() {
        // Writes without having asked: a breach of procedure, not always a failure.
        Some(Speech::Propose(_)) => return None,
        Some(Speech::Refuse { reason, .. }) => {
            let reasons: Vec<&str> = domain
                .rules()
                .iter()
                .map(|rule| rule.reason)
                .filter(|other| !other.is_empty() && other != reason)
                .collect();
            if let Some(&other) = rng.pick(&reasons) {
                other.clone_into(reason);
            }
        }
        Some(Speech::Tell(question)) => *question = off(question, rng),
        _ => {}
    }
    Some(said)
}

/// A wrong answer of the same kind.
fn off(question: &Question, rng: &mut Rng) -> Question {
    let answer = match question.answer {
        Answer::Money(cents) => Answer::Money(cents + 100 * rng.between(1, 40)),
        Answer::Count(count) => Answer::Count(count + 1 + rng.below(3) as u32),
    };
    Question {
        answer,
        ..question.clone()
    }
}
