use std::sync::Arc;

use proto::job::{Cell, Job, StageInput};
use proto::outcome::Outcome;
use serde_json::Value;

use super::*;
use crate::chat::Fault;
use crate::domains::tickets::Tickets;
use crate::proof::again;
use crate::roles::testing::{Sayer, desk, first, infeasible, job, plain, run};
use crate::stages;
use crate::synthesize::Draft;
use crate::workload::{self, Proposed};

/// A job to judge a draft that the proof admits.
struct Bench {
    domain: Tickets,
    job: Job,
}

impl Bench {
    fn new(cell: impl Fn(&dyn Domain) -> Cell) -> Self {
        let domain = desk();
        let cell = cell(&domain);
        let provable = (0..40).find_map(|candidate| {
            let proposed = workload::propose(&domain, run(), &cell, candidate)?;
            workload::prove(&domain, &proposed).map(|_| proposed)
        });
        let Proposed {
            draft: Draft { task, twin },
            seed,
        } = provable.expect("the desk gives such a task");
        let input = StageInput::Verify {
            task: Box::new(task),
            twin: twin.map(Box::new),
        };
        let mut job = job(&domain, cell, input, Role::Validity);
        job.seed = seed;
        job.cast.votes = 3;
        Self { domain, job }
    }

    async fn judged(&self, sayer: &Arc<Sayer>) -> StageResult {
        match first(sayer.clone(), &self.domain, &self.job).await {
            Done::Outcome(Outcome { result, .. }) => result,
            other => panic!("no outcome: {other:?}"),
        }
    }

    /// What the proof alone admits.
    fn proven(&self) -> (Task, Option<Task>) {
        let mut job = self.job.clone();
        job.cast = proto::record::Cast::default();
        match stages::perform(&self.domain, job).result {
            StageResult::Admitted { task, twin } => (*task, twin.map(|twin| *twin)),
            other => panic!("not admitted: {other:?}"),
        }
    }
}

fn says(verdict: &str) -> String {
    json!({"reason": format!("It is {verdict}."), "verdict": verdict}).to_string()
}

/// Votes one after the other, the last for all after it.
fn votes(verdicts: &'static [&str]) -> Arc<Sayer> {
    Sayer::new(move |place, _| Ok(says(verdicts[place.min(verdicts.len() - 1)])))
}

#[tokio::test(start_paused = true)]
async fn most_votes_count_and_each_is_in_the_proof() {
    let bench = Bench::new(plain);
    let sayer = votes(&["valid", "invalid", "valid"]);
    let StageResult::Admitted { task, .. } = bench.judged(&sayer).await else {
        panic!("not admitted");
    };
    let checks = &task.proof.as_ref().unwrap().checks;
    let held = checks.last().unwrap();
    assert_eq!(held.check, Check::Validity);
    let rewards: Vec<u8> = held.trials.iter().map(|vote| vote.reward).collect();
    assert_eq!(rewards, [1, 0, 1]);
    assert!(held.trials.iter().all(|vote| vote.agent == "model:echo"));
    assert_eq!(
        (task.parts[0].role, task.parts[0].replies),
        (Role::Validity, 3)
    );
    // What the proof found is what it finds without a judge.
    let (mut proven, _) = bench.proven();
    assert_eq!(
        checks[..checks.len() - 1],
        proven.proof.as_ref().unwrap().checks
    );
    proven.proof.clone_from(&task.proof);
    proven.parts.clone_from(&task.parts);
    assert_eq!(*task, proven);
}

#[tokio::test(start_paused = true)]
async fn every_vote_is_drawn_by_itself() {
    let bench = Bench::new(plain);
    let sayer = votes(&["valid"]);
    bench.judged(&sayer).await;
    let asked = sayer.asked();
    let mut seeds: Vec<u64> = asked
        .iter()
        .filter_map(|asked| asked["seed"].as_u64())
        .collect();
    assert_eq!(seeds.len(), 3);
    seeds.dedup();
    assert_eq!(seeds.len(), 3, "{seeds:?}");
    let others = |asked: &Value| {
        let mut asked = asked.clone();
        asked["seed"].take();
        asked
    };
    assert_eq!(
        others(&asked[0]),
        others(&asked[2]),
        "they are asked the same"
    );
    let system = asked[0]["messages"][0]["content"].as_str().unwrap();
    let (task, _) = bench.proven();
    assert!(system.contains(bench.domain.policy()));
    assert!(system.contains(&task.script.opening));
    for step in &task.golden.steps {
        assert!(system.contains(&called(&step.call)), "{system}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_majority_against_it_turns_a_task_down_with_its_reasons() {
    let bench = Bench::new(plain);
    let against = Reason::Unproven(Check::Validity);
    for (sayer, reason) in [
        (votes(&["invalid", "valid", "invalid"]), against),
        // What can't be read is no vote for a task, and none against it.
        (
            Sayer::new(|_, _| Ok("Looks fine to me!".to_owned())),
            Reason::Unjudged,
        ),
    ] {
        let StageResult::Rejected(rejection) = bench.judged(&sayer).await else {
            panic!("not rejected");
        };
        assert_eq!(rejection.reason, reason);
        let told = ["It is invalid. | It is invalid.", "no vote in 3 replies"];
        assert!(
            told.iter().any(|told| rejection.detail.contains(told)),
            "{rejection}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_unfit_reply_is_asked_for_again() {
    let bench = Bench::new(plain);
    let sayer = Sayer::new(|place, _| {
        let unfit = place % 2 == 0;
        Ok(if unfit {
            "Hm.".to_owned()
        } else {
            says("valid")
        })
    });
    let judged = bench.judged(&sayer).await;
    assert!(matches!(judged, StageResult::Admitted { .. }), "{judged:?}");
    assert_eq!(sayer.asked().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_twin_has_votes_of_its_own() {
    let bench = Bench::new(infeasible);
    let for_task = votes(&["valid", "valid", "valid", "invalid"]);
    let StageResult::Rejected(rejection) = bench.judged(&for_task).await else {
        panic!("not rejected");
    };
    assert!(
        rejection.detail.starts_with("the feasible twin: "),
        "{rejection}"
    );
    let StageResult::Admitted { twin, .. } = bench.judged(&votes(&["valid"])).await else {
        panic!("not admitted");
    };
    assert_eq!(twin.unwrap().parts[0].replies, 3);
}

#[tokio::test(start_paused = true)]
async fn a_proof_is_repeated_without_the_model() {
    let bench = Bench::new(plain);
    let StageResult::Admitted { task, .. } = bench.judged(&votes(&["valid"])).await else {
        panic!("not admitted");
    };
    let seed = proof_seed(bench.job.seed);
    assert_eq!(again(&bench.domain, &task, false, seed), Ok(()));
    let mut turned = task.clone();
    let checks = &mut turned.proof.as_mut().unwrap().checks;
    checks
        .last_mut()
        .unwrap()
        .trials
        .iter_mut()
        .for_each(|vote| vote.reward = 0);
    let why = again(&bench.domain, &turned, false, seed).unwrap_err();
    assert!(why.contains("0 of 3 votes"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_the_proof_rejects_is_not_asked_about() {
    let mut bench = Bench::new(plain);
    let StageInput::Verify { task, .. } = &mut bench.job.input else {
        unreachable!("it is a job to verify")
    };
    task.golden.steps.pop();
    let sayer = votes(&["valid"]);
    let judged = bench.judged(&sayer).await;
    assert!(matches!(judged, StageResult::Rejected(_)), "{judged:?}");
    assert!(sayer.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_a_reply_there_is_no_verdict() {
    let bench = Bench::new(plain);
    let gone = Sayer::new(|_, _| Err(Fault::TooLarge(7)));
    let judged = bench.judged(&gone).await;
    assert!(matches!(judged, StageResult::Failed { .. }), "{judged:?}");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_outgrows_the_judge_is_rejected() {
    let bench = Bench::new(plain);
    let small = Sayer::new(|_, _| Err(Fault::Overflow("8192 tokens at most".to_owned())));
    let StageResult::Rejected(rejection) = bench.judged(&small).await else {
        panic!("not rejected");
    };
    assert_eq!(rejection.reason, Reason::Unjudged);
    assert!(
        rejection.detail.contains("8192 tokens at most"),
        "{rejection:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_this_worker_lacks_another_may_have() {
    let bench = Bench::new(plain);
    let keyless = Sayer::new(|_, _| Err(Fault::Unready("no key".to_owned())));
    let done = first(keyless, &bench.domain, &bench.job).await;
    assert!(matches!(done, Done::Again { .. }), "{done:?}");
}
