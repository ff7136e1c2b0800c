//! A real language model on a real server plays every role of a run at once. It is far too small to do any
//! of them well, and that is the point: whatever it does wrong is a rejection or an ending with its reason,
//! every slot is accounted for, no job fails, and what it said need not be asked for again.
//!
//! Skipped where server and weights are not installed, unless `T2T_REQUIRE_SERVICES` is set.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use coordinator::ledger::Reader;
use harness::services::model::Model;
use proto::outcome::{Outcome, StageResult};
use proto::record::{Part, Role};
use proto::wire::{self, Kind};

use crate::pipeline::program;

const TASKS: usize = 2;
const CANDIDATES: usize = 3;
/// Roles that the model has beside the agent's.
const ROLES: [Role; 3] = [Role::Writer, Role::Validity, Role::User];

/// The model is in the plan twice: as the agent it stops at the end of its first sentence, since it seldom
/// does by itself, and what is cut off is no turn.
fn plan(folder: &Path, model: &Model) {
    let roles = ROLES.map(|role| format!("{} = \"model:smol\"\n", role.label()));
    let (roles, url) = (roles.concat(), model.url());
    let served = format!("url = \"{url}\"\nmodel = \"smol\"\ntemperature = 0.0\nmax_tokens = 64\n");
    let plan = format!(
        "domain = \"tickets\"\ntasks = {TASKS}\nseed = 1\ntrials = 1\nmax_candidates = {CANDIDATES}\n\
         agents = [\"model:curt\"]\nwriter_attempts = 1\nvotes = 1\n{roles}\
         [models.smol]\n{served}[models.curt]\n{served}extra = {{ stop = [\"\\n\", \". \"] }}\n"
    );
    fs::write(folder.join("plan.toml"), plan).unwrap();
}

fn t2t(folder: &Path, arguments: &[&str]) -> Output {
    let mut command: Command = program();
    command.current_dir(folder).args(arguments);
    let output = command.output().unwrap();
    let [out, err] = [&output.stdout, &output.stderr].map(|told| String::from_utf8_lossy(told));
    assert!(output.status.success(), "{arguments:?}: {out}{err}");
    output
}

/// What a run came to.
#[derive(Debug, Default)]
struct Tally {
    /// Slots that have one.
    tasks: usize,
    rejections: BTreeMap<String, usize>,
    endings: BTreeMap<String, usize>,
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
    plan(folder, &model);
    let run = ["run", "plan.toml", "--out", "out"];
    t2t(folder, &run);
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

    // Nothing of it has to be asked for again.
    drop(model);
    t2t(folder, &run);
    t2t(folder, &["verify", "out"]);
}
