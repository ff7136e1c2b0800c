//! A real language model on a real server plays every role of a run at once. It is far too small to do any
//! of them well, and that is the point: whatever it does wrong is a rejection or an ending with its reason,
//! every slot is accounted for, no job fails, and what it said need not be asked for again.
//!
//! Skipped where server and weights are not installed, unless `T2T_REQUIRE_SERVICES` is set.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use coordinator::ledger::Reader;
use harness::services::model::Model;
use proto::outcome::{Outcome, Reason, StageResult};
use proto::record::{Part, Role};
use proto::wire::{self, Kind};

use crate::pipeline::program;

const TASKS: usize = 2;
const CANDIDATES: usize = 3;
/// Roles that the model has beside the agent's, in the run whose tasks are then played by gold and judged.
const ROLES: [Role; 3] = [Role::Writer, Role::Validity, Role::User];
/// Exit codes of a run with slots that no candidate fills, and of an evaluation with many episodes that have
/// no score.
const UNFILLED: i32 = 5;
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

/// The model explores, one call at a time from the list of what may be called.
fn exploring(folder: &Path, model: &Model) {
    let url = model.url();
    let plan = format!(
        "domain = \"tickets\"\ntasks = 1\nseed = 1\nmax_candidates = 2\nagents = [\"gold\"]\n\
         explorer = \"model:finder\"\n[models.finder]\nurl = \"{url}\"\nmodel = \"smol\"\n\
         temperature = 1.0\nmax_tokens = 64\nform = \"json\"\n"
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
        let (reader, _, _) = Reader::open(run).unwrap();
        let mut tally = Self::default();
        for record in reader.iter() {
            let outcome: Outcome = wire::decode(Kind::Outcome, &record.unwrap().body).unwrap();
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
            StageResult::Failed { stage, error } => panic!("{}: {error}", stage.label()),
            // Whose task is admitted comes again there.
            StageResult::Explored(_) | StageResult::Drafted { .. } => {}
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
fn a_small_model_that_explores_finds_what_is_sought_or_its_candidate_is_rejected_with_an_account() {
    let Some(model) = Model::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    exploring(folder, &model);
    let run = ["run", "exploring.toml", "--out", "out"];
    t2t(folder, &run, &[0, UNFILLED]);
    let (reader, _, _) = Reader::open(&folder.join("out")).unwrap();
    let (mut explored, mut rejected) = (0, Vec::new());
    for record in reader.iter() {
        let outcome: Outcome = wire::decode(Kind::Outcome, &record.unwrap().body).unwrap();
        match outcome.result {
            StageResult::Explored(walk) => {
                assert_eq!(walk.parts[0].role, Role::Explorer);
                explored += 1;
            }
            StageResult::Rejected(rejection) if rejection.reason == Reason::Unexplored => {
                rejected.push(rejection.detail);
            }
            StageResult::Failed { stage, error } => panic!("{}: {error}", stage.label()),
            _ => {}
        }
    }
    println!("{explored} explored; rejected: {rejected:#?}");
    assert!(explored + rejected.len() > 0, "the model was asked");
    let told = |detail: &String| detail.starts_with("model:finder found ");
    assert!(rejected.iter().all(told), "{rejected:?}");

    drop(model);
    t2t(folder, &run, &[0, UNFILLED]);
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
