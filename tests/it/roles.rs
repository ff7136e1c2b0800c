//! Models as explorer, writer, judge of tasks and of conversations, agent and user, through the command line:
//! what they made is in the run, a finished run asks nobody, and verification needs no model.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use harness::endpoint::{Brain, Endpoint, MANNER, NEEDLESS, REWORDED, Settings};
use harness::outcomes;
use proto::outcome::StageResult;
use proto::record::{
    Check, Ending, Episode, Exploration, Message, Protocol, Role, Scenario, Task, Wish,
};

use crate::pipeline::{program, same_dataset};

const TASKS: usize = 16;
const VOTES: usize = 3;

fn plan(folder: &Path, endpoint: &Endpoint, more: &str) {
    let url = endpoint.base_url();
    let plan = format!(
        "{more}domain = \"retail\"\ntasks = {TASKS}\nseed = 5\ntrials = 1\n\
         agents = [\"gold\", \"model:small\"]\nwriter = \"model:small\"\nwriter_fallback = false\n\
         validity = \"model:small\"\njudge = \"model:small\"\nvotes = {VOTES}\n\
         [models.small]\nurl = \"{url}\"\nmodel = \"m\"\n"
    );
    fs::write(folder.join("plan.toml"), plan).unwrap();
}

fn t2t(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = program();
    command.current_dir(folder).args(arguments);
    command.output().unwrap()
}

fn told(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|told| String::from_utf8_lossy(told));
    format!("{out}{err}")
}

/// Tasks, twins among them, and episodes of a run.
fn made(run: &Path) -> (Vec<Task>, Vec<Episode>) {
    let (mut tasks, mut episodes) = (Vec::new(), Vec::new());
    for outcome in outcomes::of(run) {
        match outcome.result {
            StageResult::Admitted { task, twin } => {
                tasks.push(*task);
                tasks.extend(twin.map(|twin| *twin));
            }
            StageResult::Played(episode) => episodes.push(*episode),
            _ => {}
        }
    }
    (tasks, episodes)
}

#[test]
fn models_word_judge_and_play_and_verification_needs_none() {
    let endpoint = replies_by_role();
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    plan(folder, &endpoint, "");
    let run = ["run", "plan.toml", "--out", "out"];
    let output = t2t(folder, &run);
    assert!(output.status.success(), "{}", told(&output));
    let out = folder.join("out");
    assert!(out.join("dataset/manifest.json").exists());

    let (tasks, episodes) = made(&out);
    assert!(tasks.len() >= TASKS, "{} tasks", tasks.len());
    for task in &tasks {
        assert_eq!(task.writer, "model:small");
        assert!(task.script.opening.starts_with(REWORDED));
        assert_eq!(task.script.persona.manner, MANNER);
        let roles: Vec<Role> = task.parts.iter().map(|part| part.role).collect();
        assert_eq!(roles, [Role::Writer, Role::Validity]);
        let checks = &task.proof.as_ref().unwrap().checks;
        let checked: Vec<Check> = checks.iter().map(|held| held.check).collect();
        assert_eq!(checked, Check::ALL);
        assert_eq!(checks.last().unwrap().trials.len(), VOTES);
    }
    let by_model = episodes
        .iter()
        .filter(|episode| episode.agent == "model:small");
    let earned: f64 = by_model.clone().map(|episode| episode.verdict.reward).sum();
    assert_eq!(by_model.clone().count(), tasks.len());
    assert!(earned > 0.0, "an agent that serves well serves somebody");
    for episode in &episodes {
        let by_user = matches!(episode.ending, Ending::User(_));
        assert_eq!(by_user, !episode.verdict.judged.is_empty(), "{episode:#?}");
        let mut votes = episode.verdict.judged.iter();
        assert!(votes.all(|judged| judged.votes.len() == VOTES));
    }
    let report = fs::read_to_string(out.join("report.md")).unwrap();
    assert!(report.contains("## Judged by a model"), "{report}");
    let shown = told(&t2t(folder, &["inspect", "out", "slot:0"]));
    assert!(shown.contains(&format!("manner: {MANNER}")), "{shown}");
    assert!(
        by_model
            .clone()
            .all(|episode| episode.parts[0].role == Role::Agent)
    );

    let asked = endpoint.stats();
    assert_eq!(asked.asked_again, 0, "{asked:?}");
    drop(endpoint);
    let again = t2t(folder, &run);
    assert!(again.status.success(), "{}", told(&again));
    let verified = t2t(folder, &["verify", "out"]);
    assert!(verified.status.success(), "{}", told(&verified));
}

#[test]
fn a_user_in_the_benchmarks_protocol_stops_with_its_words_and_is_named_everywhere() {
    const USER: &str = "model:small/tau2";
    let endpoint = Endpoint::start(Settings {
        brain: Brain::Roles,
        ..Settings::default()
    })
    .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let url = endpoint.base_url();
    let plan = format!(
        "domain = \"tickets\"\ntasks = 8\nseed = 5\ntrials = 1\nagents = [\"gold\"]\n\
         user = \"model:small\"\nuser_protocol = \"tau2\"\nmix = {{general = 1, ambiguous = 1, \
         changing = 0, infeasible = 0}}\n[models.small]\nurl = \"{url}\"\nmodel = \"m\"\n"
    );
    fs::write(folder.join("plan.toml"), plan).unwrap();
    let run = ["run", "plan.toml", "--out", "out"];
    let output = t2t(folder, &run);
    assert!(output.status.success(), "{}", told(&output));

    let (tasks, episodes) = made(&folder.join("out"));
    assert_eq!(episodes.len(), tasks.len());
    for episode in &episodes {
        assert_eq!(episode.user, USER);
        assert_eq!(episode.parts[0].role, Role::User);
        assert!(matches!(episode.ending, Ending::User(_)), "{episode:#?}");
        assert_eq!(episode.verdict.reward, 1.0, "{episode:#?}");
    }
    for file in ["out/dataset/README.md", "out/report.md"] {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        assert!(text.contains(USER), "{file} does not name the user");
    }
    drop(endpoint);
    let again = t2t(folder, &run);
    assert!(again.status.success(), "{}", told(&again));
    let verified = t2t(folder, &["verify", "out"]);
    assert!(verified.status.success(), "{}", told(&verified));
}

fn replies_by_role() -> Endpoint {
    Endpoint::start(Settings {
        brain: Brain::Roles,
        ..Settings::default()
    })
    .unwrap()
}

/// What was found by whom explored, in a run.
fn explored(run: &Path) -> Vec<Exploration> {
    let outcomes = outcomes::of(run).into_iter();
    let found = outcomes.filter_map(|outcome| match outcome.result {
        StageResult::Explored(walk) => Some(*walk),
        _ => None,
    });
    found.collect()
}

#[test]
fn a_model_explores_and_what_it_finds_becomes_proven_tasks_whoever_works_and_without_it_again() {
    let endpoint = replies_by_role();
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    plan(folder, &endpoint, "explorer = \"model:small\"\n");
    for (out, workers) in [("one", "1"), ("many", "3")] {
        let output = t2t(
            folder,
            &["run", "plan.toml", "--out", out, "--workers", workers],
        );
        assert!(output.status.success(), "{}", told(&output));
    }
    let one = folder.join("one");
    same_dataset(&one, &folder.join("many"));

    let walks = explored(&one);
    let by_model: Vec<&Exploration> = walks.iter().filter(|walk| !walk.parts.is_empty()).collect();
    assert!(
        by_model.len() * 2 > walks.len(),
        "{} of {}",
        by_model.len(),
        walks.len()
    );
    for walk in &by_model {
        assert!(
            walk.parts
                .iter()
                .all(|part| part.role == Role::Explorer && part.replies > 4)
        );
        // It looked up more than was needed, and was refused something; nothing of that is left.
        let calls: Vec<&str> = walk
            .walk
            .steps
            .iter()
            .map(|step| step.call.name.as_str())
            .collect();
        assert!(!calls.contains(&NEEDLESS), "{calls:?}");
        assert!(walk.walk.steps.iter().all(|step| !step.observation.error));
        let writes = walk
            .goals
            .iter()
            .filter(|goal| matches!(goal.wish, Wish::Write(_)));
        assert!(writes.count() > 0);
    }
    let (tasks, _) = made(&one);
    let found: Vec<&Task> = tasks
        .iter()
        .filter(|task| task.parts[0].role == Role::Explorer)
        .collect();
    for scenario in [Scenario::General, Scenario::Ambiguous, Scenario::Changing] {
        assert!(
            found.iter().any(|task| task.scenario == scenario),
            "{scenario:?}"
        );
    }
    for task in &found {
        let roles: Vec<Role> = task.parts.iter().map(|part| part.role).collect();
        assert_eq!(roles, [Role::Explorer, Role::Writer, Role::Validity]);
    }

    let card = fs::read_to_string(one.join("dataset/README.md")).unwrap();
    assert!(card.contains("| explorer | `model:small` |"), "{card}");
    let verified = t2t(folder, &["verify", "one"]);
    assert!(verified.status.success(), "{}", told(&verified));

    // With what was answered, the run is made again where nobody answers.
    let again = folder.join("again");
    fs::create_dir(&again).unwrap();
    for kept in ["run.json", "replies"] {
        fs::copy(one.join(kept), again.join(kept)).unwrap();
    }
    drop(endpoint);
    let output = t2t(folder, &["run", "plan.toml", "--out", "again"]);
    assert!(output.status.success(), "{}", told(&output));
    same_dataset(&one, &again);
}

#[test]
fn an_agent_of_ones_own_is_a_program_that_is_given_conversation_and_tools() {
    let agent = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../deploy/agents/echo_agent.py"
    );
    let model = format!("protocol = \"program\"\ncommand = [\"python3\", {agent:?}]\n");
    for episode in played_by_ones_own(&model) {
        assert_eq!(episode.parts[0].protocol, Protocol::Program);
    }
}

#[test]
fn an_agent_of_ones_own_may_be_a_service() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/serve_agent.py");
    let mut service = Command::new("python3");
    let service = service
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut service = service.spawn().expect("there is a python3");
    let mut url = String::new();
    let said = service.stdout.take().expect("its output is piped");
    BufReader::new(said).read_line(&mut url).unwrap();
    let model = format!("protocol = \"service\"\nurl = {:?}\n", url.trim());
    for episode in played_by_ones_own(&model) {
        let part = &episode.parts[0];
        assert_eq!(part.protocol, Protocol::Service);
        assert!(part.models[0].starts_with("echo of "), "{:?}", part.models);
        // What it asked on its way is its own affair, and its count is taken.
        assert_eq!(part.usage.input, 40_000 * u64::from(part.replies));
    }
    drop(service.stdin.take());
    assert!(service.wait().unwrap().success());
}

#[test]
fn programs_that_are_nowhere_are_named_before_anything_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let plan = "agents = [\"model:one\", \"model:other\"]\n\
                [models.one]\nprotocol = \"program\"\ncommand = [\"no-such-program\"]\n\
                [models.other]\nprotocol = \"program\"\ncommand = [\"./not-here\"]\n";
    fs::write(folder.join("plan.toml"), plan).unwrap();
    let output = t2t(folder, &["run", "plan.toml", "--out", "out"]);
    assert!(!output.status.success());
    let told = told(&output);
    for lacks in [
        "no-such-program, and no folder of PATH",
        "./not-here, and there is no such file",
    ] {
        assert!(told.contains(lacks), "{told}");
    }
}

/// What an agent of one's own played, which says what it hears: a run with it ends well and verifies.
fn played_by_ones_own(model: &str) -> Vec<Episode> {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let plan = format!(
        "domain = \"tickets\"\ntasks = 4\nseed = 5\ntrials = 1\nagents = [\"gold\", \"model:mine\"]\n\
         [models.mine]\n{model}"
    );
    fs::write(folder.join("plan.toml"), plan).unwrap();
    let output = t2t(folder, &["run", "plan.toml", "--out", "out"]);
    assert!(output.status.success(), "{}", told(&output));
    let (tasks, mut episodes) = made(&folder.join("out"));
    episodes.retain(|episode| episode.agent == "model:mine");
    assert_eq!(episodes.len(), tasks.len());
    for episode in &episodes {
        assert!(episode.ending.scored(), "{:?}", episode.ending);
        let opening = episode.messages.iter().find_map(|message| match message {
            Message::User { text } => Some(text),
            _ => None,
        });
        let heard = format!("You said: {}", opening.unwrap());
        let says = |message: &Message| matches!(message, Message::Assistant { text, .. } if *text == heard);
        assert!(episode.messages.iter().any(says), "{episode:#?}");
    }
    let verified = t2t(folder, &["verify", "out"]);
    assert!(verified.status.success(), "{}", told(&verified));
    episodes
}
