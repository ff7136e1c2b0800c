//! P8: what the scenario claims exists in the world. A query on the world says how many outcomes the
//! user's words fit; rules say what is forbidden.

use proto::ids::StateId;
use proto::record::{
    Actor, Blocked, Check, Effect, Goal, PlannedCall, Scenario, Step, Task, Trigger, Visibility,
    Wish,
};

use super::{Context, Finding, plain};
use crate::environment::Environment;
use crate::rules::{Situation, Sort};

pub(super) fn check(context: &Context<'_>) -> Finding {
    let task = context.task;
    let start = Moment::new(context, |_| false)?;
    let change = Moment::new(context, |step| before_change(context, step))?;
    for (place, goal) in task.intent.goals.iter().enumerate() {
        match &goal.wish {
            Wish::Write(call) => {
                let held_first = task.intent.first.contains(&place);
                let spoken = if held_first { &start } else { &change };
                pinned(context, &*spoken.world, goal, call)?;
            }
            Wish::Blocked(blocked) => {
                blocked_for_real(context, place, blocked)?;
                blocked_throughout(context, place, blocked)?;
            }
            Wish::Question(_) => {}
        }
    }
    match task.scenario {
        Scenario::General => {}
        Scenario::Ambiguous => ambiguous(context, &*start.world)?,
        Scenario::Changing => changing(task)?,
        Scenario::Infeasible => {
            if task.twin_of.is_none() && task.expected.resolutions.is_empty() {
                return Err("nothing is blocked".to_owned());
            }
        }
    }
    Ok(plain(Check::Real))
}

/// A point of the conversation: what has been done of golden by then, and the world that came of it.
struct Moment {
    world: Box<dyn Environment>,
    earlier: Vec<PlannedCall>,
}

impl Moment {
    /// From the start, those of golden's steps that are `done` by then, in golden's order.
    fn new(context: &Context<'_>, done: impl Fn(&Step) -> bool) -> Result<Self, String> {
        let golden = &context.task.golden;
        let mut world = context
            .domain
            .restore(&golden.start.delta)
            .map_err(|error| error.to_string())?;
        let mut earlier = Vec::new();
        for step in golden.steps.iter().filter(|step| done(step)) {
            let PlannedCall { name, arguments } = &step.call;
            if !world.call(Actor::Assistant, name, arguments).error {
                earlier.push(step.call.clone());
            }
        }
        Ok(Self { world, earlier })
    }
}

/// Whether a step of golden comes before the user speaks the change of mind.
fn before_change(context: &Context<'_>, step: &Step) -> bool {
    let Some(change) = &context.task.script.change else {
        return false;
    };
    let first = &context.task.intent.first;
    let turn = |goal: usize| first.iter().position(|&held| held == goal);
    let (Some(served), Some(awaited)) = (step.goal.and_then(turn), turn(change.at)) else {
        return false;
    };
    match change.trigger {
        Trigger::BeforeProposal => false,
        Trigger::AtConfirmation => served < awaited,
        Trigger::AfterWrite => served <= awaited,
    }
}

/// Everything the user would say binds to this one call, in the world as it is when the goal is first
/// spoken of.
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
    match outcomes(world, &bindings).as_slice() {
        [(only, _)] if only == call => Ok(()),
        [(only, _)] => Err(format!(
            "what the user says of {} fits another call: {only:?}",
            call.name
        )),
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

/// The wish breaks its rule before any write, and no other goal-blocking rule.
fn blocked_for_real(context: &Context<'_>, place: usize, blocked: &Blocked) -> Result<(), String> {
    let Some(call) = &blocked.call else {
        return Ok(());
    };
    let broken = broken_rules(context, &when_asked(context, place, &[])?, call);
    let wanted = context.domain.reason(&blocked.rule);
    match broken.as_slice() {
        [] => Err(format!("{} breaks no rule", call.name)),
        reasons if reasons.iter().all(|&reason| reason == wanted) => Ok(()),
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
fn blocked_throughout(
    context: &Context<'_>,
    place: usize,
    blocked: &Blocked,
) -> Result<(), String> {
    let Some(call) = &blocked.call else {
        return Ok(());
    };
    let steps = context.task.golden.steps.iter();
    let writes: Vec<&Step> = steps.filter(|step| is_write(context, step)).collect();
    for chosen in 1_u32..1 << writes.len().min(8) {
        let done: Vec<&Step> = writes
            .iter()
            .enumerate()
            .filter(|(place, _)| chosen >> place & 1 == 1)
            .map(|(_, write)| *write)
            .collect();
        if broken_rules(context, &when_asked(context, place, &done)?, call).is_empty() {
            return Err(format!(
                "{} is no longer blocked once other goals are done",
                call.name
            ));
        }
    }
    Ok(())
}

/// When a blocked wish is decided on, with these writes done before it: the look-ups for the wish, for
/// what golden takes up before it and for the writes are made, those for later goals are not.
fn when_asked(context: &Context<'_>, place: usize, writes: &[&Step]) -> Result<Moment, String> {
    let last = &context.task.intent.last;
    let turn = |goal: usize| last.iter().position(|&held| held == goal);
    let looked_up = |step: &Step| {
        let due = step.goal.is_none_or(|goal| turn(goal) <= turn(place));
        due || writes.iter().any(|write| write.goal == step.goal)
    };
    Moment::new(context, |step| {
        match context.domain.effect(&step.call.name) {
            Some(Effect::Write) => writes.contains(&step),
            Some(Effect::Read) => looked_up(step),
            // A hand-over is what becomes of a wish, not what precedes it.
            Some(Effect::Generic) | None => false,
        }
    })
}

fn is_write(context: &Context<'_>, step: &Step) -> bool {
    context.domain.effect(&step.call.name) == Some(Effect::Write)
}

/// Classes of reasons of the goal-blocking rules that a call would break at a moment.
fn broken_rules(context: &Context<'_>, moment: &Moment, call: &PlannedCall) -> Vec<&'static str> {
    let situation = Situation {
        world: &*moment.world,
        call,
        effect: Effect::Write,
        person: Some(&context.task.intent.person),
        earlier: &moment.earlier,
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
