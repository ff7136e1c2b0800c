//! Who plays which role: that the model named is there, and that it is of a kind that can play it.

use std::collections::BTreeSet;

use proto::record::{CallForm, Protocol, Role, UserProtocol};

use super::refused;
use crate::plan::cast::{AGENDA, SYMBOLIC, TEMPLATE};
use crate::plan::models::{ModelPlan, model_in};
use crate::plan::settings::{Known, Resolved, SettingsError, table};

/// Roles that a plan names one player for: its setting, and who plays it offline.
const ROLES: [(Role, &str); 5] = [
    (Role::Explorer, SYMBOLIC),
    (Role::Writer, TEMPLATE),
    (Role::Validity, ""),
    (Role::User, AGENDA),
    (Role::Judge, ""),
];

/// Refuses players that can't play.
pub(super) fn roles(resolved: &Resolved, known: &Known<'_>) -> Result<(), SettingsError> {
    for (role, offline) in ROLES {
        player(resolved, role, offline)?;
    }
    agents(resolved, known)?;
    user_protocol(resolved)?;
    votes(resolved)?;
    budget(resolved)
}

/// The roles of an evaluation: those in a conversation.
pub(super) fn talk(resolved: &Resolved, known: &Known<'_>) -> Result<(), SettingsError> {
    player(resolved, Role::User, AGENDA)?;
    player(resolved, Role::Judge, "")?;
    user_protocol(resolved)?;
    votes(resolved)?;
    agents(resolved, known)?;
    budget(resolved)
}

fn player(resolved: &Resolved, role: Role, offline: &str) -> Result<(), SettingsError> {
    let (key, text) = (role.label(), resolved.plan.player(role));
    if text == offline {
        return Ok(());
    }
    let otherwise = if offline.is_empty() {
        "leave it empty".to_owned()
    } else {
        format!("write `{offline}`")
    };
    let refused = |problem: String, mend: String| {
        Err(refused(resolved, key, format!("`{text}`"), problem, mend))
    };
    let Some(name) = model_in(text) else {
        let mend = format!("{otherwise}, or `model:NAME` for a model of the plan");
        return refused("nobody is called so".to_owned(), mend);
    };
    match unfit(resolved, role, name) {
        Some((problem, mend)) => refused(problem, mend),
        None => Ok(()),
    }
}

fn agents(resolved: &Resolved, known: &Known<'_>) -> Result<(), SettingsError> {
    let agents = &resolved.plan.agents;
    let refused = |value: String, problem: String, mend: &str| {
        Err(refused(resolved, "agents", value, problem, mend))
    };
    if agents.is_empty() {
        let problem = "no agent would talk about the tasks".to_owned();
        return refused(
            "empty".to_owned(),
            problem,
            "name at least one, such as `gold`",
        );
    }
    let mut seen = BTreeSet::new();
    for agent in agents {
        let value = format!("`{}`", agents.join(","));
        if let Some(name) = model_in(agent) {
            if let Some((problem, mend)) = unfit(resolved, Role::Agent, name) {
                return refused(value, problem, &mend);
            }
        } else if let Err(problem) = (known.agent)(agent) {
            return refused(value, problem, "correct the name or take it out");
        }
        if !seen.insert(agent) {
            let mend = "name it once and raise `trials` for more conversations";
            return refused(value, format!("`{agent}` is there twice"), mend);
        }
    }
    Ok(())
}

/// Why a model can't play a role, and the mend.
fn unfit(resolved: &Resolved, role: Role, name: &str) -> Option<(String, String)> {
    let models = &resolved.plan.models;
    let Some(model) = models.get(name) else {
        return Some(absent(name, models.keys()));
    };
    let ModelPlan { protocol, form, .. } = model;
    let own = matches!(protocol, Protocol::Service | Protocol::Program);
    if own && role != Role::Agent {
        let problem = format!(
            "the protocol of `{name}` is {}, which is for agents alone",
            protocol.label()
        );
        let mend = "take a model whose `protocol` is openai or anthropic".to_owned();
        return Some((problem, mend));
    }
    let problem = match (*form, role) {
        (CallForm::Native, _) | (_, Role::Explorer) | (CallForm::React, Role::Agent) => None,
        (CallForm::Json, Role::Agent) => Some(format!(
            "`{name}` has the form json, in which nothing can be said to a customer"
        )),
        (form, _) => Some(format!(
            "`{name}` has the form {}, which says how tools are called, and the {} has none",
            form.label(),
            role.label()
        )),
    };
    if let Some(problem) = problem {
        let mend = "describe the model a second time with `form = \"native\"`".to_owned();
        return Some((problem, mend));
    }
    None
}

fn absent<'a>(name: &str, models: impl Iterator<Item = &'a String>) -> (String, String) {
    let problem = format!("the plan has no model `{name}`");
    let mend = match table::near(name, models.cloned()) {
        Some(near) => format!("did you mean `model:{near}`?"),
        None => format!(
            "describe it in a table [models.{name}], of the plan or of the file that `t2t eval --models` is given"
        ),
    };
    (problem, mend)
}

/// A protocol that nobody follows is a model that was forgotten.
fn user_protocol(resolved: &Resolved) -> Result<(), SettingsError> {
    let protocol = resolved.plan.user_protocol;
    if protocol == UserProtocol::Form || model_in(&resolved.plan.user).is_some() {
        return Ok(());
    }
    Err(refused(
        resolved,
        "user_protocol",
        format!("`{}`", protocol.label()),
        format!(
            "`{}` is no model, and speaks in its own way",
            resolved.plan.user
        ),
        "write `user = \"model:NAME\"` for a model of the plan, or leave it out",
    ))
}

fn votes(resolved: &Resolved) -> Result<(), SettingsError> {
    let votes = resolved.plan.votes;
    if votes % 2 == 1 {
        return Ok(());
    }
    let problem = "as many votes for it as against it decide nothing";
    Err(refused(
        resolved,
        "votes",
        votes,
        problem,
        "give an odd number",
    ))
}

/// What is not priced would never use a budget up.
fn budget(resolved: &Resolved) -> Result<(), SettingsError> {
    let Some(budget) = resolved.plan.budget_dollars else {
        return Ok(());
    };
    let unpriced = resolved.plan.models_in_use().into_iter().find(|name| {
        let model = resolved.plan.models.get(*name);
        model.is_some_and(|model| model.price_input.is_none() || model.price_output.is_none())
    });
    let Some(name) = unpriced else {
        return Ok(());
    };
    let problem = format!("what `model:{name}` costs is not known");
    let mend = format!(
        "give `price_input` and `price_output` in [models.{name}]; 0 for what costs nothing"
    );
    Err(refused(resolved, "budget_dollars", budget, problem, mend))
}
