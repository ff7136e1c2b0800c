//! What makes an episode right: end states, required and forbidden calls, answers, resolutions, and
//! what must be asked.

use proto::ids::StateId;
use proto::outcome::{Reason, Rejection};
use proto::record::{
    Actor, Asked, Expected, ExpectedResolution, Forbidden, PlannedCall, Snapshot, Trigger, Wish,
};

use super::adapt::Adapted;
use super::golden::service;
use crate::domains::Domain;
use crate::environment::Environment;

/// What is right for an adapted intent from a start.
pub fn expect(
    domain: &dyn Domain,
    start: &Snapshot,
    adapted: &Adapted,
) -> Result<Expected, Rejection> {
    let world = domain
        .restore(&start.delta)
        .map_err(|error| Rejection::new(Reason::Entangled, error.to_string()))?;
    let writes = writes(adapted);
    let states = end_states(domain, &*world, &writes);
    if states.is_empty() {
        return Err(Rejection::new(
            Reason::Entangled,
            "the writes do not succeed one after the other",
        ));
    }
    steady_answers(&*world, adapted, &writes)?;
    let goals = || {
        adapted
            .intent
            .last
            .iter()
            .map(|&goal| &adapted.intent.goals[goal])
    };
    Ok(Expected {
        states,
        required: required(adapted),
        forbidden: forbidden(adapted),
        told: goals()
            .filter_map(|goal| match &goal.wish {
                Wish::Question(question) => Some(question.clone()),
                _ => None,
            })
            .collect(),
        resolutions: goals()
            .filter_map(|goal| match &goal.wish {
                Wish::Blocked(blocked) => Some(ExpectedResolution {
                    resolution: blocked.resolution,
                    rule: blocked.rule.clone(),
                    reason: domain.reason(&blocked.rule).to_owned(),
                    evidence: blocked.evidence.clone(),
                }),
                _ => None,
            })
            .collect(),
        asked: goals()
            .flat_map(|goal| {
                let tool = goal
                    .wish
                    .call()
                    .map_or_else(String::new, |call| call.name.clone());
                goal.slots
                    .iter()
                    .filter(|slot| slot.hidden())
                    .map(move |slot| Asked {
                        slot: slot.name.clone(),
                        tool: tool.clone(),
                    })
            })
            .collect(),
    })
}

/// The writes that are carried out, in order.
fn writes(adapted: &Adapted) -> Vec<PlannedCall> {
    let write = |(goal, carried_out): (usize, bool)| match &adapted.intent.goals[goal].wish {
        Wish::Write(call) if carried_out => Some(call.clone()),
        _ => None,
    };
    service(adapted).into_iter().filter_map(write).collect()
}

/// End states of every order of the writes in which all succeed and writes on the
/// same target keep their order. The given order comes first.
fn end_states(
    domain: &dyn Domain,
    world: &dyn Environment,
    writes: &[PlannedCall],
) -> Vec<StateId> {
    let mut states = Vec::new();
    let mut used = vec![false; writes.len()];
    descend(domain, world, writes, &mut used, &mut states);
    states
}

fn descend(
    domain: &dyn Domain,
    world: &dyn Environment,
    writes: &[PlannedCall],
    used: &mut [bool],
    states: &mut Vec<StateId>,
) {
    if used.iter().all(|&used| used) {
        let state = world.state_id();
        if !states.contains(&state) {
            states.push(state);
        }
        return;
    }
    for place in 0..writes.len() {
        let held_back = (0..place).any(|earlier| {
            !used[earlier] && domain.target(&writes[earlier]) == domain.target(&writes[place])
        });
        if used[place] || held_back {
            continue;
        }
        let mut branch = world.fork();
        let observation = branch.call(
            Actor::Assistant,
            &writes[place].name,
            &writes[place].arguments,
        );
        if !observation.error {
            used[place] = true;
            descend(domain, &*branch, writes, used, states);
            used[place] = false;
        }
    }
}

/// A question must have one answer throughout: its look-ups read the same before and after the writes.
fn steady_answers(
    world: &dyn Environment,
    adapted: &Adapted,
    writes: &[PlannedCall],
) -> Result<(), Rejection> {
    let questions = adapted
        .intent
        .goals
        .iter()
        .filter(|goal| matches!(goal.wish, Wish::Question(_)));
    let (mut before, mut after) = (world.fork(), world.fork());
    for call in writes {
        after.call(Actor::Assistant, &call.name, &call.arguments);
    }
    for read in questions.flat_map(|goal| &goal.reads) {
        let one = before.call(Actor::Assistant, &read.name, &read.arguments);
        if one != after.call(Actor::Assistant, &read.name, &read.arguments) {
            return Err(Rejection::new(
                Reason::Entangled,
                format!("a write changes what {} answers to a question", read.name),
            ));
        }
    }
    Ok(())
}

/// After a write: the first write itself.
fn required(adapted: &Adapted) -> Vec<PlannedCall> {
    match adapted.change {
        Some((_, Trigger::AfterWrite, at)) => adapted.intent.goals[at]
            .wish
            .call()
            .cloned()
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}

/// Calls of goals that were dropped, from the switch on; calls of blocked wishes, ever.
fn forbidden(adapted: &Adapted) -> Vec<Forbidden> {
    let intent = &adapted.intent;
    let kept: Vec<Option<&PlannedCall>> = intent
        .last
        .iter()
        .map(|&goal| intent.goals[goal].wish.call())
        .collect();
    let dropped = intent
        .first
        .iter()
        .filter(|goal| !intent.last.contains(goal));
    let dropped = dropped
        .filter_map(|&goal| intent.goals[goal].wish.call())
        .filter(|call| !kept.contains(&Some(call)));
    let blocked = intent
        .last
        .iter()
        .filter_map(|&goal| match &intent.goals[goal].wish {
            Wish::Blocked(blocked) => blocked.call.as_ref(),
            _ => None,
        });
    let after_change = dropped.map(|call| Forbidden {
        call: call.clone(),
        after_change: true,
    });
    after_change
        .chain(blocked.map(|call| Forbidden {
            call: call.clone(),
            after_change: false,
        }))
        .collect()
}

#[cfg(test)]
mod tests;
