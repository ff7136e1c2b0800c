//! A real language model on a real server plays every role of a run at once. It is far too small to do any
//! of them well, and that is the point: whatever it does wrong is a rejection or an ending with its reason,
//! every slot is accounted for, no job fails, and what it said need not be asked for again.
//!
//! Skipped where server and weights are not installed, unless `T2T_REQUIRE_SERVICES` is set.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use harness::outcomes;
use harness::services::model::Model;
use proto::outcome::{Reason, StageResult};
use proto::record::{Part, Role};

use crate::pipeline::program;

const TASKS: usize = 2;
const CANDIDATES: usize = 3;
/// Explorations that may come to nothing before the one that finds something.
const SEARCHES: usize = 16;
/// Tokens that an exploration may take.
const LONG: u32 = 4096;
/// Roles that the model has beside the agent's, in the run whose tasks are then played by gold and judged.
const ROLES: [Role; 3] = [Role::Writer, Role::Validity, Role::User];
/// Exit code of an evaluation with many episodes that have no score.
const UNRELIABLE: i32 = 6;
/// Gold on the tasks that were made, with the model as a judge.
const EVALUATION: [&str; 9] = [
    "eval",
    "--tasks",
    "out",
    "--agent",
    "gold",
    "--models",
    "judge.toml",
    "--out",
    "judged",
];

/// The model is in the plan twice: as the agent it stops at the end of its first sentence, since it seldom
/// does by itself, and what is cut off is no turn.
fn plan(folder: &Path, url: &str) {
    let roles = ROLES.map(|role| format!("{} = \"model:smol\"\n", role.label()));
    let roles = roles.concat();
    let served = format!("url = \"{url}\"\nmodel = \"smol\"\ntemperature = 0.0\nmax_tokens = 64\n");
    let plan = format!(
        "domain = \"tickets\"\ntasks = {TASKS}\nseed = 1\ntrials = 1\nmax_candidates = {CANDIDATES}\n\
         agents = [\"model:curt\"]\nwriter_attempts = 1\nvotes = 1\n{roles}\
         [models.smol]\n{served}[models.curt]\n{served}extra = {{ stop = [\"\\n\", \". \"] }}\n"
    );
    fs::write(folder.join("plan.toml"), plan).unwrap();
}

/// The model has every role, and explores: one call at a time, from a list of what may be called. It understands
/// little of what comes back, so what it finds it finds by trying.
fn exploring(folder: &Path, model: &Model) {
    let roles = ROLES.map(|role| format!("{} = \"model:smol\"\n", role.label()));
    let served = format!("url = \"{}\"\nmodel = \"smol\"\n", model.url());
    let cold = format!("{served}temperature = 0.0\nmax_tokens = 64\n");
    let plan = format!(
        "domain = \"tickets\"\ntasks = 1\nseed = 1\ntrials = 1\nmax_candidates = {SEARCHES}\n\
         agents = [\"model:curt\"]\nwriter_attempts = 1\nvotes = 1\nexplorer = \"model:finder\"\n{}\
         [models.finder]\n{served}temperature = 1.2\nmax_tokens = 96\nform = \"json\"\n\
         [models.smol]\n{cold}[models.curt]\n{cold}extra = {{ stop = [\"\\n\", \". \"] }}\n",
        roles.concat()
    );
    fs::write(folder.join("exploring.toml"), plan).unwrap();
}

fn t2t(folder: &Path, arguments: &[&str], codes: &[i32]) -> Output {
    let mut command: Command = program();
    command.current_dir(folder).args(arguments);
    let output = command.output().unwrap();
    let [out, err] = [&output.stdout, &output.stderr].map(|told| String::from_utf8_lossy(told));
    let code = output.status.code().unwrap();
    assert!(codes.contains(&code), "{arguments:?}: {code}: {out}{err}");
    output
}

/// What a run came to.
#[derive(Debug, Default)]
struct Tally {
    /// Slots that have one.
    tasks: usize,
    rejections: BTreeMap<String, usize>,
    endings: BTreeMap<String, usize>,
    /// Episodes with votes of a judge.
    votes: usize,
    parts: Vec<Part>,
}

impl Tally {
    fn of(run: &Path) -> Self {
        let mut tally = Self::default();
        for outcome in outcomes::of(run) {
            tally.take(outcome.result);
        }
        tally
    }

    fn take(&mut self, result: StageResult) {
        match result {
            StageResult::Admitted { task, twin } => {
                self.tasks += 1;
                let tasks = std::iter::once(task).chain(twin);
                self.parts.extend(tasks.flat_map(|task| task.parts));
            }
            StageResult::Rejected(rejection) => {
                assert!(!rejection.detail.is_empty(), "{rejection:?}");
                let reason = rejection.reason.label().to_owned();
                *self.rejections.entry(reason).or_default() += 1;
            }
            StageResult::Played(episode) => {
                *self.endings.entry(episode.ending.label()).or_default() += 1;
                self.votes += usize::from(!episode.verdict.judged.is_empty());
                self.parts.extend(episode.parts);
            }
            // Whose task is admitted comes again there.
            StageResult::Explored(_) | StageResult::Drafted { .. } => {}
            StageResult::Failed { .. } => unreachable!("none has failed"),
        }
    }

    fn print(&self) {
        let replies: u32 = self.parts.iter().map(|part| part.replies).sum();
        let tokens = |of: fn(&Part) -> u64| self.parts.iter().map(of).sum::<u64>();
        println!(
            "{} tasks, rejections {:?}, endings {:?}; {replies} replies used, {} tokens read ({} from the \
             server's cache), {} written",
            self.tasks,
            self.rejections,
            self.endings,
            tokens(|part| part.usage.input),
            tokens(|part| part.usage.cached),
            tokens(|part| part.usage.output),
        );
    }
}

#[test]
fn whatever_a_small_model_does_wrong_is_an_outcome_with_its_reason() {
    let Some(model) = Model::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    plan(folder, &model.url());
    let run = ["run", "plan.toml", "--out", "out"];
    t2t(folder, &run, &[0]);
    let tally = Tally::of(&folder.join("out"));
    tally.print();
    // A task has an episode, and so has its twin; a slot without a task had all its candidates rejected.
    let rejected: usize = tally.rejections.values().sum();
    let given_up = TASKS - tally.tasks;
    assert!(rejected >= given_up * CANDIDATES, "{tally:?}");
    let episodes: usize = tally.endings.values().sum();
    assert!(episodes >= tally.tasks, "{tally:?}");
    for role in ROLES.iter().chain(&[Role::Agent]) {
        let mut parts = tally.parts.iter();
        let asked = parts.any(|part| part.role == *role && part.usage.input > 0);
        assert!(asked, "nobody asked for the {}: {tally:?}", role.label());
    }

    if std::env::var_os("T2T_BLESS").is_some() {
        fs::copy(folder.join("out/replies"), recording()).unwrap();
    }
    let judged = judged(folder, &model);
    judged.print();

    // Nothing of it has to be asked for again.
    drop(model);
    t2t(folder, &run, &[0]);
    t2t(folder, &EVALUATION, &[0, UNRELIABLE]);
    for out in ["out", "judged"] {
        t2t(folder, &["verify", out], &[0]);
    }
}

/// The model judges how gold serves the tasks: what it says is votes, or its own fault.
fn judged(folder: &Path, model: &Model) -> Tally {
    let url = model.url();
    let plan = format!(
        "user = \"agenda\"\njudge = \"model:reader\"\nvotes = 1\n[models.reader]\nurl = \"{url}\"\n\
         model = \"smol\"\ntemperature = 0.0\nmax_tokens = 200\n"
    );
    fs::write(folder.join("judge.toml"), plan).unwrap();
    t2t(folder, &EVALUATION, &[0, UNRELIABLE]);
    let tally = Tally::of(&folder.join("judged"));
    let mut parts = tally.parts.iter();
    assert!(
        parts.all(|part| part.role == Role::Judge && part.usage.input > 0),
        "{tally:?}"
    );
    let fault = tally
        .endings
        .get("judge_fault")
        .copied()
        .unwrap_or_default();
    let episodes: usize = tally.endings.values().sum();
    assert_eq!(
        (tally.parts.len(), tally.votes),
        (episodes, episodes - fault),
        "{tally:?}"
    );
    tally
}

#[test]
fn what_a_small_model_explores_goes_all_the_way_to_the_dataset() {
    let Some(model) = Model::with_room(LONG) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    exploring(folder, &model);
    let run = ["run", "exploring.toml", "--out", "out"];
    t2t(folder, &run, &[0]);
    let (mut explored, mut rejected) = (0, Vec::new());
    let mut tally = Tally::default();
    for outcome in outcomes::of(&folder.join("out")) {
        match &outcome.result {
            StageResult::Explored(walk) => {
                assert_eq!(walk.parts[0].role, Role::Explorer);
                explored += 1;
            }
            StageResult::Rejected(rejection) if rejection.reason == Reason::Unexplored => {
                rejected.push(rejection.detail.clone());
            }
            _ => {}
        }
        tally.take(outcome.result);
    }
    println!("{explored} explored; rejected: {rejected:#?}");
    tally.print();
    let told = |detail: &String| detail.starts_with("model:finder found ");
    assert!(rejected.iter().all(told), "{rejected:?}");
    assert_eq!(tally.tasks, 1, "{tally:?}");
    // In the one task and its episode, all of it is a model's.
    for role in [Role::Explorer, Role::Agent].iter().chain(&ROLES) {
        let mut parts = tally.parts.iter();
        assert!(parts.any(|part| part.role == *role), "{tally:?}");
    }
    assert!(folder.join("out/dataset/manifest.json").is_file());

    drop(model);
    t2t(folder, &run, &[0]);
    t2t(folder, &["verify", "out"], &[0]);
}

/// What the model answered in the run above, once and for all: `T2T_BLESS=1 cargo nextest run -p tests
/// small_model` has it answer anew, which a change of prompts or requests calls for.
fn recording() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/recorded/smollm2-135m-instruct.replies")
}

#[test]
fn what_a_real_model_once_answered_is_heard_again_where_there_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    plan(folder, "http://127.0.0.1:1/v1");
    let recording = recording();
    let replay = recording.to_str().unwrap();
    t2t(
        folder,
        &["run", "plan.toml", "--replay", replay, "--out", "out"],
        &[0],
    );
    let tally = Tally::of(&folder.join("out"));
    for role in ROLES.iter().chain(&[Role::Agent]) {
        assert!(
            tally.parts.iter().any(|part| part.role == *role),
            "{tally:?}"
        );
    }
    let named = |part: &Part| part.models == ["smollm2-135m-instruct"];
    assert!(tally.parts.iter().all(named), "{tally:?}");
    t2t(folder, &["verify", "out"], &[0]);
}
