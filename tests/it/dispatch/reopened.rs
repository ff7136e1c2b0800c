//! Failed jobs of a run are listed, reopened and done after all, and the run comes to what it would have
//! come to without them.

use std::path::Path;
use std::process::Output;

use async_trait::async_trait;
use coordinator::home::{Home, RunFile};
use proto::job::{Job, Stage};
use proto::outcome::{Outcome, StageResult};
use proto::record::Ending;
use worker::executor::{Attempt, Done, Perform};

use super::*;
use crate::pipeline::program;

/// Fails jobs of one slot's first candidate: its proof, or its rollouts; or breaks these, as the service behind a
/// model may.
struct Faulty {
    inner: InProcess,
    slot: u32,
    stage: Stage,
    breaks: bool,
}

#[async_trait]
impl Perform for Faulty {
    async fn perform(&self, job: Job, attempt: &Attempt) -> Done {
        let stage = job.input.stage();
        if stage == self.stage && job.cell.slot == self.slot {
            if self.breaks {
                return broken(self.inner.perform(job, attempt).await);
            }
            return Done::Outcome(Outcome::failed(job.id, stage, "planted for the test"));
        }
        self.inner.perform(job, attempt).await
    }
}

/// The same conversation, as it would have ended with a service that is not there.
fn broken(done: Done) -> Done {
    let Done::Outcome(mut outcome) = done else {
        return done;
    };
    if let StageResult::Played(episode) = &mut outcome.result {
        episode.ending = Ending::Infrastructure("planted for the test".to_owned());
    }
    Done::Outcome(outcome)
}

/// A run's folder whose jobs of a slot and stage have failed.
fn with_failures(course: &Course, domain: &Arc<dyn Domain>, dir: &Path, slot: u32, stage: Stage) {
    with(course, domain, dir, |inner| Faulty {
        inner,
        slot,
        stage,
        breaks: false,
    });
}

fn with(
    course: &Course,
    domain: &Arc<dyn Domain>,
    dir: &Path,
    faulty: impl FnOnce(InProcess) -> Faulty,
) {
    let identity = Identity::of(&course.plan, domain.base());
    let (plan, tasks_of) = (course.plan.clone(), None);
    let file = RunFile {
        identity,
        plan,
        tasks_of,
    };
    Home(dir.to_owned()).settle(&file).unwrap();
    runtime().block_on(async {
        let queue = MemoryQueue::default();
        let inner = InProcess::new(Worlds::only(Arc::clone(domain)), 1);
        let stop = Stop::default();
        let crew = tokio::spawn(working(&queue, faulty(inner), NonZeroUsize::MIN, &stop));
        assert!(carry_out(course, &**domain, dir, &queue, usize::MAX).await);
        stop.drain.cancel();
        crew.await.unwrap().unwrap();
    });
}

fn does(line: &str, folder: &Path) -> Output {
    let mut command = program();
    command.args(line.split_whitespace());
    command.current_dir(folder).env("T2T_STRATA", "4");
    command.output().unwrap()
}

/// Standard output and error of a command that ends with `code`.
#[track_caller]
fn ends(code: i32, line: &str, folder: &Path) -> (String, String) {
    let output = does(line, folder);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{line}\n{out}\n{err}");
    (out, err)
}

/// The command line of [`plan`].
const RUN: &str = "run --domain tickets --seed 11 --tasks 40 --trials 1 --people 60";

fn manifest(folder: &Path, run: &str) -> String {
    std::fs::read_to_string(folder.join(run).join("dataset/manifest.json")).unwrap()
}

#[test]
fn a_failed_job_is_reopened_and_done_after_all() {
    let domain = world::domain(&plan()).unwrap();
    let course = course(&domain);
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    ends(0, &format!("{RUN} --out calm"), folder);
    // A low slot, whose stratum has gone on without it; and episodes, which leave holes.
    for (stage, failures, code) in [(Stage::Verify, 1, 5), (Stage::Rollout, 2, 0)] {
        let run = stage.label();
        with_failures(&course, &domain, &folder.join(run), 3, stage);
        ends(code, &format!("{RUN} --out {run}"), folder);
        ends(0, &format!("verify {run}"), folder);
        assert_ne!(manifest(folder, run), manifest(folder, "calm"));

        let (listed, _) = ends(0, &format!("dead list --run {run}"), folder);
        assert!(listed.lines().count() >= failures, "{listed}");
        for line in listed.lines() {
            let told = format!("{run:<11}slot 3, candidate 0");
            assert!(
                line.contains(&told) && line.ends_with(": planted for the test"),
                "{line}"
            );
        }
        let first = listed.split_whitespace().next().unwrap();
        let (shown, _) = ends(0, &format!("dead show {first} --run {run}"), folder);
        assert!(listed.contains(&shown), "{shown}");

        let (_, said) = ends(0, &format!("dead requeue job_00 --run {run}"), folder);
        assert!(said.contains("none of those"), "{said}");
        ends(0, &format!("verify {run}"), folder);
        let (_, said) = ends(0, &format!("dead requeue {first} --run {run}"), folder);
        assert!(said.contains("1 failed jobs"), "{said}");
        ends(4, &format!("verify {run}"), folder);
        ends(0, &format!("dead requeue --run {run}"), folder);
        assert_eq!(ends(0, &format!("dead list --run {run}"), folder).0, "");

        ends(0, &format!("{RUN} --out {run}"), folder);
        assert_eq!(manifest(folder, run), manifest(folder, "calm"));
        ends(0, &format!("verify {run}"), folder);
    }
}

#[test]
fn conversations_that_a_service_broke_are_played_after_all() {
    let domain = world::domain(&plan()).unwrap();
    let course = course(&domain);
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    ends(0, &format!("{RUN} --out calm"), folder);
    with(&course, &domain, &folder.join("run"), |inner| Faulty {
        inner,
        slot: 3,
        stage: Stage::Rollout,
        breaks: true,
    });
    ends(0, &format!("{RUN} --out run"), folder);
    assert_ne!(manifest(folder, "run"), manifest(folder, "calm"));
    assert_eq!(ends(0, "dead list --run run", folder).0, "");
    let (_, said) = ends(0, "dead requeue --run run", folder);
    assert!(said.contains("none of those"), "{said}");
    let (listed, _) = ends(0, "dead list --run run --quarantined", folder);
    assert!(listed.lines().count() >= 2, "{listed}");
    for line in listed.lines() {
        let told = line.contains("slot 3") && line.ends_with(": quarantined: planted for the test");
        assert!(told, "{line}");
    }
    ends(0, "dead requeue --run run --quarantined", folder);
    ends(0, &format!("{RUN} --out run"), folder);
    assert_eq!(manifest(folder, "run"), manifest(folder, "calm"));
    ends(0, "verify run", folder);
}

#[test]
fn a_part_that_was_reopened_gives_its_failure_up_when_merged() {
    let domain = world::domain(&plan()).unwrap();
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    ends(0, &format!("{RUN} --out calm"), folder);
    let mut part = course(&domain);
    part.plan.partition = "1/2".parse().unwrap();
    let own = |slot: &u32| {
        part.plan
            .partition
            .has(coordinator::plan::cells::stratum(*slot, 4))
    };
    let slot = (0..40).find(own).unwrap();
    with_failures(&part, &domain, &folder.join("one"), slot, Stage::Verify);
    ends(5, &format!("{RUN} --partition 1/2 --out one"), folder);
    ends(0, &format!("{RUN} --partition 2/2 --out two"), folder);
    ends(5, "merge one two --out merged", folder);
    ends(0, "dead requeue --run one", folder);
    let (_, said) = ends(1, "merge one two --out merged", folder);
    assert!(said.contains("one (1/2) is not finished"), "{said}");
    ends(0, &format!("{RUN} --partition 1/2 --out one"), folder);
    ends(0, "merge one two --out merged", folder);
    assert_eq!(manifest(folder, "merged"), manifest(folder, "calm"));
    ends(0, "verify merged", folder);
}
