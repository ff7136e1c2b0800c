//! Who plays which role: what is taken, and what is refused with a mend.

use std::path::Path;

use proto::job::Stage;
use proto::record::{Cast, Role};

use super::{KNOWN, file, from_file};
use crate::plan::Plan;
use crate::plan::identity::Identity;
use crate::plan::settings::{Flags, Known, resolve};

/// Models that can be asked, one of each protocol that matters here.
const MODELS: &str = "
[models.small]
url = \"http://127.0.0.1:8000/v1\"
model = \"s\"
price_input = 1
price_output = 2
[models.text]
url = \"http://127.0.0.1:8000/v1\"
model = \"t\"
form = \"react\"
[models.own]
protocol = \"program\"
command = [\"agent\"]
";

fn plan(text: &str) -> Plan {
    from_file(&format!("{text}\n{MODELS}")).unwrap().plan
}

fn roles(cast: &Cast) -> Vec<(Role, &str)> {
    let models = cast.models.iter();
    models
        .map(|(role, model)| (*role, model.name.as_str()))
        .collect()
}

#[test]
fn each_stage_has_the_models_of_its_roles() {
    let plan = plan(
        "explorer = \"model:text\"\nwriter = \"model:small\"\nvalidity = \"model:small\"\n\
         user = \"model:small\"\njudge = \"model:small\"\nagents = [\"gold\", \"model:own\", \"model:text\"]\n",
    );
    for (stage, agent, wanted) in [
        (Stage::Explore, "", &[(Role::Explorer, "text")][..]),
        (Stage::Synthesize, "", &[(Role::Writer, "small")]),
        (Stage::Verify, "", &[(Role::Validity, "small")]),
        (
            Stage::Rollout,
            "gold",
            &[(Role::User, "small"), (Role::Judge, "small")],
        ),
        (
            Stage::Rollout,
            "model:own",
            &[
                (Role::Agent, "own"),
                (Role::User, "small"),
                (Role::Judge, "small"),
            ],
        ),
    ] {
        assert_eq!(roles(&plan.cast(stage, agent)), wanted);
    }
    let offline = Plan::default();
    for stage in Stage::ALL {
        assert_eq!(offline.cast(stage, "gold"), Cast::default());
    }
}

#[test]
fn what_cannot_play_is_refused_with_a_mend() {
    for (text, wanted) in [
        (
            "user = \"model:smal\"",
            "`user` in some/plan.toml is `model:smal`: the plan has no model `smal`; did you mean `model:small`?",
        ),
        (
            "writer = \"model:nobody\"",
            "describe it in a table [models.nobody]",
        ),
        (
            "agents = [\"model:smal\"]",
            "`agents` in some/plan.toml is `model:smal`: the plan has no model `smal`; did you mean `model:small`?",
        ),
        (
            "agents = [\"model:small\", \"model:small\"]",
            "`model:small` is there twice",
        ),
        (
            "user = \"model:text\"",
            "`text` has the form react, which says how tools are called, and the user has none; describe the model a second time",
        ),
        (
            "agents = [\"model:listed\"]\n[models.listed]\nurl = \"http://h\"\nmodel = \"l\"\nform = \"json\"",
            "`listed` has the form json, in which nothing can be said to a customer; describe the model a second time",
        ),
        (
            "judge = \"model:own\"",
            "the protocol of `own` is program, which is for agents alone",
        ),
        (
            "explorer = \"small\"",
            "`explorer` in some/plan.toml is `small`: nobody is called so; write `symbolic`, or `model:NAME`",
        ),
        (
            "validity = \"small\"",
            "nobody is called so; leave it empty, or `model:NAME`",
        ),
        (
            "user_protocol = \"tau2\"",
            "`user_protocol` in some/plan.toml is `tau2`: `agenda` is no model, and speaks in its own way; write `user",
        ),
        (
            "votes = 4",
            "`votes` in some/plan.toml is 4: as many votes for it as against it decide nothing; give an odd number",
        ),
        (
            "budget_dollars = 5\nagents = [\"model:own\"]",
            "`budget_dollars` in some/plan.toml is 5: what `model:own` costs is not known; give `price_input`",
        ),
        (
            "budget_dollars = \"0.0000000001\"",
            "but must be dollars as a decimal number with at most 9 places",
        ),
        (
            "prompts = \"no/such/folder\"",
            "`prompts` in some/plan.toml is `no/such/folder`: it cannot be read (No such file",
        ),
    ] {
        let error = from_file(&format!("{text}\n{MODELS}"))
            .unwrap_err()
            .to_string();
        assert!(error.contains(wanted), "{text}\n{error}");
    }
    let priced = plan("budget_dollars = 5.25\nagents = [\"model:small\"]");
    assert_eq!(priced.budget_dollars.unwrap().0, 5_250_000_000);
}

#[test]
fn a_model_may_have_any_role() {
    for role in Role::ALL {
        let text = match role {
            Role::Agent => "agents = [\"model:small\"]".to_owned(),
            other => format!("{} = \"model:small\"", other.label()),
        };
        let text = format!("{text}\n{MODELS}");
        let resolved = resolve(
            Some(&file(&text)),
            [],
            &Flags::default(),
            &Known::built_in(),
        );
        assert!(resolved.is_ok(), "{text}\n{resolved:?}");
    }
}

fn with_prompts(folder: &Path, more: &str) -> Result<Plan, String> {
    let text = format!("prompts = {:?}\n{more}\n{MODELS}", folder.to_str().unwrap());
    let resolved = resolve(Some(&file(&text)), [], &Flags::default(), &KNOWN);
    resolved
        .map(|resolved| resolved.plan)
        .map_err(|error| error.to_string())
}

#[test]
fn prompts_are_read_and_travel_with_models_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("agent.md.j2"), "Be kind.").unwrap();
    std::fs::write(folder.path().join(".hidden"), [0xff]).unwrap();
    let plan = with_prompts(folder.path(), "agents = [\"gold\", \"model:small\"]").unwrap();
    let prompts = [("agent.md.j2".to_owned(), "Be kind.".to_owned())];
    assert_eq!(plan.cast(Stage::Rollout, "model:small").prompts, prompts);
    assert_eq!(plan.cast(Stage::Rollout, "gold"), Cast::default());
    assert_eq!(plan.agent_identity(0), "gold");
    assert!(plan.agent_identity(1).contains(" prompts@"));
    std::fs::write(folder.path().join("usr.md.j2"), "x").unwrap();
    let error = with_prompts(folder.path(), "").unwrap_err();
    let wanted = "there is no built-in prompt `usr.md.j2`; did you mean `user.md.j2`?";
    assert!(error.contains(wanted), "{error}");
    std::fs::remove_file(folder.path().join("usr.md.j2")).unwrap();
    std::fs::write(folder.path().join("user.md.j2"), [0xff]).unwrap();
    let error = with_prompts(folder.path(), "").unwrap_err();
    assert!(
        error.contains("`user.md.j2` in it cannot be read"),
        "{error}"
    );
    std::fs::write(folder.path().join("user.md.j2"), "{{ gaols }}").unwrap();
    let error = with_prompts(folder.path(), "").unwrap_err();
    let wanted = "prompt `user.md.j2` names `gaols`; it is given ";
    assert!(error.contains(wanted), "{error}");
}

#[test]
fn the_run_id_is_of_every_model_and_of_how_it_is_used() {
    let base = proto::ids::BaseId(proto::digest::Digest::of(b"base"));
    let run = |text: &str| Identity::of(&plan(text), base).run();
    let offline = run("");
    assert_eq!(
        run("agents = [\"model:small\"]\nvotes = 5\nwriter_attempts = 9"),
        offline
    );
    let writer = "writer = \"model:small\"\n";
    let others = [
        run("user = \"model:small\""),
        run("judge = \"model:small\""),
        run("validity = \"model:small\""),
        run("validity = \"model:small\"\nvotes = 5"),
        run("explorer = \"model:small\""),
        run("explorer = \"model:text\""),
        run(writer),
        run(&format!("{writer}writer_attempts = 9")),
        run(&format!("{writer}writer_fallback = false")),
        offline,
    ];
    for (place, one) in others.iter().enumerate() {
        assert!(!others[..place].contains(one), "{place}");
    }
}
