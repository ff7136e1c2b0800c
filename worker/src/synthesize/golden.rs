//! The golden trajectory: what has to be done, in order, and nothing that does not.
//!
//! The raw course is authentication, then per goal its look-ups and its write, as the conversation
//! brings them up. Steps that fail, and look-ups already made, are pruned: after that, removing any
//! step would change the end, leave an argument ungrounded, break a rule, or leave unseen what is meant:
//! the orders that are not the one described, the ways to pay that there are.

use proto::outcome::{Reason, Rejection};
use proto::record::{
    Actor, Blocked, Introduction, PlannedCall, Resolution, Snapshot, Step, Trajectory, Trigger,
    Wish,
};

use super::adapt::Adapted;
use crate::domains::Domain;

/// What a hand-over says to the human who takes it.
const SUMMARY: &str =
    "The customer's request is outside of what can be done here; the rest has been handled.";

/// The golden trajectory of an adapted intent from a start.
pub fn golden(
    domain: &dyn Domain,
    start: &Snapshot,
    introduction: &Introduction,
    adapted: &Adapted,
) -> Result<Trajectory, Rejection> {
    let mut world = domain
        .restore(&start.delta)
        .map_err(|error| entangled(&error.to_string()))?;
    let mut steps: Vec<Step> = Vec::new();
    for (call, goal) in course(domain, introduction, adapted) {
        let writes = goal.is_some_and(|goal| adapted.intent.goals[goal].wish.call() == Some(&call));
        if !writes && steps.iter().any(|step| step.call == call) {
            continue;
        }
        let observation = world.call(Actor::Assistant, &call.name, &call.arguments);
        if observation.error {
            return Err(entangled(&format!(
                "{} after {} steps: {}",
                call.name,
                steps.len(),
                observation.text
            )));
        }
        steps.push(Step {
            call,
            observation,
            state: world.state_id(),
            goal,
        });
    }
    Ok(Trajectory {
        start: start.clone(),
        steps,
    })
}

/// Every call in the order in which a conversation brings it up, with its goal.
fn course(
    domain: &dyn Domain,
    introduction: &Introduction,
    adapted: &Adapted,
) -> Vec<(PlannedCall, Option<usize>)> {
    let mut calls = vec![(introduction.call.clone(), None)];
    for (goal, carried_out) in service(adapted) {
        let wanted = &adapted.intent.goals[goal];
        calls.extend(wanted.reads.iter().map(|read| (read.clone(), Some(goal))));
        let last = match &wanted.wish {
            Wish::Write(call) if carried_out => Some(call.clone()),
            Wish::Blocked(Blocked {
                resolution: Resolution::Transfer,
                ..
            }) => domain.transfer(SUMMARY),
            _ => None,
        };
        calls.extend(last.map(|call| (call, Some(goal))));
    }
    calls
}

/// Goals in the order they are taken up, and whether each is carried out or only proposed.
pub fn service(adapted: &Adapted) -> Vec<(usize, bool)> {
    let intent = &adapted.intent;
    let Some((_, trigger, at)) = adapted.change else {
        return intent.first.iter().map(|&goal| (goal, true)).collect();
    };
    let before = intent.first.iter().copied().take_while(|&goal| goal != at);
    let mut service: Vec<(usize, bool)> = match trigger {
        Trigger::BeforeProposal => Vec::new(),
        Trigger::AtConfirmation => before
            .map(|goal| (goal, true))
            .chain([(at, false)])
            .collect(),
        Trigger::AfterWrite => before.chain([at]).map(|goal| (goal, true)).collect(),
    };
    for &goal in &intent.last {
        if !service.contains(&(goal, true)) {
            service.push((goal, true));
        }
    }
    service
}

fn entangled(detail: &str) -> Rejection {
    Rejection::new(Reason::Entangled, detail)
}
