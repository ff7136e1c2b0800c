//! P7: agents that miss what the scenario is about earn 0: *hasty* where something is to be asked,
//! *stale* where something changes, *reckless* where something is forbidden.

use proto::record::{Check, Scenario};

use super::{Context, Finding, plain};
use crate::participants::agents::controls::Family;

pub(super) fn check(context: &Context<'_>) -> Finding {
    let mut passed = plain(Check::Scenario);
    for family in [Family::Hasty, Family::Stale, Family::Reckless] {
        context.all_fail(family, &mut passed)?;
    }
    let wanted = match context.task.scenario {
        Scenario::General => None,
        Scenario::Ambiguous => Some("hasty"),
        Scenario::Changing => Some("stale"),
        Scenario::Infeasible => Some("reckless"),
    };
    // A rule that no tool could break has no reckless agent; then the feasible part is at stake.
    let callable = context
        .task
        .expected
        .forbidden
        .iter()
        .any(|forbidden| !forbidden.after_change);
    match wanted {
        Some("reckless") if !callable => Ok(passed),
        Some(control) if passed.not_applicable.iter().any(|name| name == control) => Err(format!(
            "{control} does not apply to a task of its own scenario"
        )),
        _ => Ok(passed),
    }
}
