//! The plan of an evaluation: what it has of the run with the tasks, and what is given for it.

use super::{KNOWN, file, from_file, variables};
use crate::plan::Plan;
use crate::plan::settings::{SettingsError, evaluation};

const MODELS: &str = "
[models.small]
url = \"http://127.0.0.1:8000/v1\"
model = \"s\"
";

/// The run with the tasks has a model as its user.
fn tasks_of() -> Plan {
    let text = "tasks = 7\nuser = \"model:talker\"\n[models.talker]\nurl = \"http://host/v1\"\nmodel = \"t\"\n";
    from_file(text).unwrap().plan
}

fn evaluated(
    text: &str,
    environment: &[(&str, &str)],
    agents: &[&str],
) -> Result<Plan, SettingsError> {
    let agents = agents.iter().map(|&agent| agent.to_owned()).collect();
    let (file, environment) = (file(text), variables(environment));
    evaluation(&tasks_of(), Some(&file), environment, agents, &KNOWN).map(|resolved| resolved.plan)
}

#[test]
fn agents_and_models_are_added_to_the_plan_of_the_tasks() {
    let agents = ["gold", "model:small"];
    let plan = evaluated(&format!("tasks = 9\nseed = 4\n{MODELS}"), &[], &agents).unwrap();
    let small = from_file(MODELS).unwrap().plan.models["small"].clone();
    let mut wanted = tasks_of();
    wanted.agents = agents.map(str::to_owned).to_vec();
    wanted.models.insert("small".to_owned(), small);
    assert_eq!(plan, wanted);
    assert!(plan.agent_identity(0).starts_with("gold user:talker@"));
}

#[test]
fn a_user_a_judge_and_models_may_be_given() {
    let text = format!("user = \"agenda\"\njudge = \"model:small\"\n{MODELS}");
    let environment = [("T2T_MODELS__SMALL__TEMPERATURE", "0.5")];
    let plan = evaluated(&text, &environment, &["gold"]).unwrap();
    assert_eq!(
        (plan.user.as_str(), plan.judge.as_str()),
        ("agenda", "model:small")
    );
    assert_eq!(plan.models["small"].temperature, Some(0.5));
    assert!(plan.agent_identity(0).starts_with("gold judge:small/3@"));
}

#[test]
fn what_cannot_talk_is_refused() {
    for (text, agent, wanted) in [
        (
            MODELS,
            "model:smal",
            "the plan has no model `smal`; did you mean `model:small`?",
        ),
        (
            MODELS,
            "silver",
            "`agents` on the command line (--agent) is `silver`: no agent is called",
        ),
        (
            "user = \"model:nobody\"",
            "gold",
            "`user` in some/plan.toml is `model:nobody`",
        ),
        (
            "[models.small]\nmodel = \"s\"",
            "gold",
            "the model has no place to be asked at",
        ),
        (
            "prompts = \"no/such\"",
            "gold",
            "`prompts` in some/plan.toml is `no/such`",
        ),
        (
            "judge = \"model:small\"\nvotes = 2\n[models.small]\nurl = \"http://here\"\nmodel = \"s\"",
            "gold",
            "`votes` in some/plan.toml is 2: ",
        ),
        ("colour = 1", "gold", "unknown setting `colour`"),
    ] {
        let error = evaluated(text, &[], &[agent]).unwrap_err().to_string();
        assert!(error.contains(wanted), "{text}\n{error}");
    }
}
