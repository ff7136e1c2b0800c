//! The policy's sentences that a call can break, as checkers.
//!
//! [`blocking`] holds the rules that forbid a wish, `procedural` those on how to act.

mod blocking;
mod procedural;
#[cfg(test)]
mod tests;

use proto::record::{Effect, PlannedCall};

use super::specs;
use super::state::{Order, World};
use super::tools::Tool;
use crate::environment::Environment;
use crate::rules::{Rule, Situation, Sort};

/// Every rule of the policy: those that forbid a wish first.
pub fn all() -> Vec<Rule> {
    [blocking::rules(), procedural::rules()].concat()
}

/// Ids of the goal-blocking rules that the call would break for this person.
pub fn blocking(
    rules: &[Rule],
    world: &dyn Environment,
    person: &str,
    call: &PlannedCall,
) -> impl Iterator<Item = &'static str> {
    let situation = Situation {
        world,
        call,
        effect: effect_of(&call.name),
        person: Some(person),
        earlier: &[],
        calls_in_message: 1,
        text_beside: false,
        exchange: None,
    };
    rules
        .iter()
        .filter(|rule| rule.sort == Sort::GoalBlocking)
        .filter(move |rule| (rule.breaks)(&situation))
        .map(|rule| rule.id)
        .collect::<Vec<_>>()
        .into_iter()
}

/// What a tool does, by name; an unknown tool does nothing.
pub fn effect_of(tool: &str) -> Effect {
    Tool::named(tool).map_or(Effect::Generic, specs::effect)
}

/// The order a call names.
fn order_of<'a>(world: &'a World, call: &PlannedCall) -> Option<&'a Order> {
    world.order(call.text("order_id")?).map(|order| &**order)
}
