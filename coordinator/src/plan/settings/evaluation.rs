//! The plan of an evaluation: that of the run whose tasks are used, with other agents, and with the
//! models, the user, the judge, its votes, the prompts and the budget that are given for it. Whatever else a plan file says
//! counts for nothing.

use super::{Known, PlanFile, Resolved, SettingsError, Source, check, layers, merged};
use crate::plan::Plan;

/// Lays what is given over the plan of the tasks' run, and checks who talks.
///
/// # Errors
/// As [`resolve`](super::resolve).
pub fn evaluation(
    tasks_of: &Plan,
    file: Option<&PlanFile>,
    environment: impl IntoIterator<Item = (String, String)>,
    agents: Vec<String>,
    known: &Known<'_>,
) -> Result<Resolved, SettingsError> {
    let layers = [
        layers::of_file(file)?,
        layers::environment(environment)?,
        layers::agents(agents)?,
    ];
    let Resolved {
        plan: given,
        sources,
    } = merged(layers)?;
    let mut resolved = Resolved {
        plan: tasks_of.clone(),
        sources,
    };
    let given_here = |key| resolved.source(key) != Source::Default;
    let [user, protocol, judge, votes, prompts] =
        ["user", "user_protocol", "judge", "votes", "prompts"].map(given_here);
    let plan = &mut resolved.plan;
    plan.agents = given.agents;
    // That of the tasks' run was for making them.
    plan.budget_dollars = given.budget_dollars;
    plan.models.extend(given.models);
    if user {
        plan.user = given.user;
    }
    if protocol {
        plan.user_protocol = given.user_protocol;
    }
    if judge {
        plan.judge = given.judge;
    }
    if votes {
        plan.votes = given.votes;
    }
    if prompts {
        plan.prompts = given.prompts;
        resolved.plan.prompt_texts = check::prompts::read(&resolved, known)?;
    }
    check::evaluation(&resolved, known)?;
    Ok(resolved)
}
