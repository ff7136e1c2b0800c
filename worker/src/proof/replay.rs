//! P1: golden calls all succeed from the start snapshot, answer as recorded, and end in an expected
//! state; the end is not the start unless there is something else to show for it.

use proto::record::{Actor, Check};

use super::{Context, Finding, plain};

pub(super) fn check(context: &Context<'_>) -> Finding {
    let task = context.task;
    let golden = &task.golden;
    let mut world = context
        .domain
        .restore(&golden.start.delta)
        .map_err(|error| error.to_string())?;
    if world.state_id() != golden.start.state {
        return Err("the start snapshot restores to another state".to_owned());
    }
    for (place, step) in golden.steps.iter().enumerate() {
        let observation = world.call(Actor::Assistant, &step.call.name, &step.call.arguments);
        if observation.error {
            return Err(format!(
                "step {place}, {}, fails: {}",
                step.call.name, observation.text
            ));
        }
        if observation != step.observation || world.state_id() != step.state {
            return Err(format!(
                "step {place}, {}, comes out differently than recorded",
                step.call.name
            ));
        }
    }
    if !task.expected.states.contains(&golden.end()) {
        return Err("golden does not end in an expected state".to_owned());
    }
    let evidence = task
        .expected
        .resolutions
        .iter()
        .any(|resolution| !resolution.evidence.is_empty());
    if golden.end() == golden.start.state && task.expected.told.is_empty() && !evidence {
        return Err("nothing to show: no write, no derived answer, no evidence".to_owned());
    }
    Ok(plain(Check::Replay))
}
