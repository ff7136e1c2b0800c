//! P8: what the scenario claims exists in the world. A query on the world says how many outcomes the
//! user's words fit; rules say what is forbidden.

use proto::ids::StateId;
use proto::record::{
    Actor, Blocked, Check, Effect, Goal, PlannedCall, Scenario, Task, Visibility, Wish,
};

use super::{Context, Finding, plain};
use crate::environment::Environment;
use crate::rules::{Situation, Sort};

pub(super) fn check(context: &Context<'_>) -> Finding {
    let task = context.task;
    let world = context
        .domain
        .restore(&task.golden.start.delta)
        .map_err(|error| error.to_string())?;
    for goal in &task.intent.goals {
        match &goal.wish {
            Wish::Write(call) => pinned(context, &*world, goal, call)?,
            Wish::Blocked(blocked) => {
                blocked_for_real(context, &*world, blocked)?;
                blocked_throughout(context, blocked)?;
            }
            Wish::Question(_) => {}
        }
    }
    match task.scenario {
        Scenario::General => {}
        Scenario::Ambiguous => ambiguous(context, &*world)?,
        Scenario::Changing => changing(task)?,
        Scenario::Infeasible => {
            if task.twin_of.is_none() && task.expected.resolutions.is_empty() {
                return Err("nothing is blocked".to_owned());
            }
        }
    }
    Ok(plain(Check::Real))
}

/// Everything the user would say binds to this one call. A goal of a later state (after a first write)
/// is asked of the world as it is then, so only goals open from the start are queried here.
fn pinned(
    context: &Context<'_>,
    world: &dyn Environment,
    goal: &Goal,
    call: &PlannedCall,
) -> Result<(), String> {
    let mut told = goal.clone();
    for said in told.slots.iter_mut().flat_map(|slot| &mut slot.says) {
        if said.visibility == Visibility::OnRequest {
            said.visibility = Visibility::Opening;
        }
    }
    let bindings = context
        .domain
        .bindings(world, &context.task.intent.person, &told);
    let outcomes = outcomes(world, &bindings);
    match outcomes.as_slice() {
        [(only, _)] if only == call => Ok(()),
        // A twin's or a later wish may rest on a fact that the start does not hold.
        [] if context.task.script.change.is_some() => Ok(()),
        found => Err(format!(
            "what the user says of {} fits {} outcomes, not one",
            call.name,
            found.len()
        )),
    }
}

/// Calls that succeed, one for each distinct end state.
fn outcomes(world: &dyn Environment, bindings: &[PlannedCall]) -> Vec<(PlannedCall, StateId)> {
    let mut found: Vec<(PlannedCall, StateId)> = Vec::new();
    for call in bindings {
        let mut branch = world.fork();
        let observation = branch.call(Actor::Assistant, &call.name, &call.arguments);
        let state = branch.state_id();
        if !observation.error && found.iter().all(|(_, known)| *known != state) {
            found.push((call.clone(), state));
        }
    }
    found
}

/// The opening of a hidden goal fits at least two outcomes, the right one among them.
fn ambiguous(context: &Context<'_>, world: &dyn Environment) -> Result<(), String> {
    let goals = &context.task.intent.goals;
    let hidden: Vec<&Goal> = goals
        .iter()
        .filter(|goal| goal.slots.iter().any(proto::record::Slot::hidden))
        .collect();
    if hidden.is_empty() {
        return Err("nothing is hidden".to_owned());
    }
    for goal in hidden {
        let bindings = context
            .domain
            .bindings(world, &context.task.intent.person, goal);
        let outcomes = outcomes(world, &bindings);
        if outcomes.len() < 2 {
            return Err(format!(
                "the opening fits {} outcomes, which is not ambiguous",
                outcomes.len()
            ));
        }
        if !bindings.iter().any(|call| Some(call) == goal.wish.call()) {
            return Err("the opening does not fit the right outcome".to_owned());
        }
    }
    Ok(())
}

/// Something is held at the end that was not held first, or the other way round.
fn changing(task: &Task) -> Result<(), String> {
    if task.intent.first == task.intent.last {
        return Err("the intent at the end is the intent at the start".to_owned());
    }
    if task.script.change.is_none() {
        return Err("the script has no change".to_owned());
    }
    Ok(())
}

/// The wish breaks its rule in this world, and no other goal-blocking rule.
fn blocked_for_real(
    context: &Context<'_>,
    world: &dyn Environment,
    blocked: &Blocked,
) -> Result<(), String> {
    let Some(call) = &blocked.call else {
        return Ok(());
    };
    let broken = broken_rules(context, world, call);
    let wanted = context
        .domain
        .rules()
        .iter()
        .find(|rule| rule.id == blocked.rule)
        .map(|rule| rule.reason);
    match broken.as_slice() {
        [] => Err(format!("{} breaks no rule", call.name)),
        reasons if reasons.iter().all(|&reason| Some(reason) == wanted) => Ok(()),
        reasons => Err(format!(
            "{} is blocked for {}, not for {} alone",
            call.name,
            reasons.join(" and "),
            blocked.rule
        )),
    }
}

/// The wish stays blocked whatever of the feasible goals is done before it: after every set of golden's
/// writes that succeeds in golden's order.
fn blocked_throughout(context: &Context<'_>, blocked: &Blocked) -> Result<(), String> {
    let Some(call) = &blocked.call else {
        return Ok(());
    };
    let golden = &context.task.golden;
    let writes: Vec<&PlannedCall> = golden
        .steps
        .iter()
        .filter(|step| {
            context
                .domain
                .tools()
                .iter()
                .any(|tool| tool.name == step.call.name && tool.effect == Effect::Write)
        })
        .map(|step| &step.call)
        .collect();
    for chosen in 1_u32..1 << writes.len().min(8) {
        let mut world = context
            .domain
            .restore(&golden.start.delta)
            .map_err(|error| error.to_string())?;
        for (place, write) in writes.iter().enumerate() {
            if chosen >> place & 1 == 1 {
                world.call(Actor::Assistant, &write.name, &write.arguments);
            }
        }
        if broken_rules(context, &*world, call).is_empty() {
            return Err(format!(
                "{} is no longer blocked once other goals are done",
                call.name
            ));
        }
    }
    Ok(())
}

/// Classes of reasons of the goal-blocking rules that a call would break.
fn broken_rules(
    context: &Context<'_>,
    world: &dyn Environment,
    call: &PlannedCall,
) -> Vec<&'static str> {
    let earlier: Vec<PlannedCall> = context
        .task
        .golden
        .steps
        .iter()
        .map(|step| step.call.clone())
        .collect();
    let situation = Situation {
        world,
        call,
        effect: Effect::Write,
        person: Some(&context.task.intent.person),
        earlier: &earlier,
        calls_in_message: 1,
        text_beside: false,
        exchange: None,
    };
    let blocking = context
        .domain
        .rules()
        .iter()
        .filter(|rule| rule.sort == Sort::GoalBlocking);
    blocking
        .filter(|rule| (rule.breaks)(&situation))
        .map(|rule| rule.reason)
        .collect()
}
