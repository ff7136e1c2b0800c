//! P3: golden breaks no rule of the policy, goal-blocking or procedural.

use proto::record::{Actor, Check, Effect, PlannedCall};

use super::{Context, Finding, plain};
use crate::rules::Situation;

pub(super) fn check(context: &Context<'_>) -> Finding {
    let domain = context.domain;
    let golden = &context.task.golden;
    let mut world = domain
        .restore(&golden.start.delta)
        .map_err(|error| error.to_string())?;
    let mut earlier: Vec<PlannedCall> = Vec::new();
    let mut person: Option<String> = None;
    for step in &golden.steps {
        let effect = domain.effect(&step.call.name).unwrap_or(Effect::Generic);
        let situation = Situation {
            world: &*world,
            call: &step.call,
            effect,
            person: person.as_deref(),
            earlier: &earlier,
            calls_in_message: 1,
            text_beside: false,
            exchange: None,
        };
        if let Some(rule) = domain.rules().iter().find(|rule| (rule.breaks)(&situation)) {
            return Err(format!(
                "{} breaks rule {}: {}",
                step.call.name, rule.id, rule.sentence
            ));
        }
        let observation = world.call(Actor::Assistant, &step.call.name, &step.call.arguments);
        person = domain.identified(&step.call, &observation.text).or(person);
        earlier.push(step.call.clone());
    }
    Ok(plain(Check::Lawful))
}
