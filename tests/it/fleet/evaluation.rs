//! An evaluation over a fleet: the tasks of a run that is over, played by agents that were not in it.

use std::fs;
use std::time::Duration;

use super::models::{endpoint, plan};
use super::{PLAN, Site};

/// Agents and trials of the evaluation: two that are code, and a model behind an endpoint.
const EVALUATION: &str =
    "eval --tasks made --agent gold noisy:0.3 model:small --models models.toml --trials 2";
/// Episodes after which a worker is killed.
const KILLED_AT: u64 = 60;
/// Jobs that it may have under way by then.
const SLOTS: usize = 4;

#[test]
fn an_evaluation_of_a_fleet_scores_as_one_in_a_process_though_a_worker_is_killed() {
    let Some(mut site) = Site::open() else { return };
    let endpoint = endpoint(Duration::from_millis(5));
    plan(&site, &endpoint);
    site.fleet.alone(&format!("run {PLAN} --out made"));
    let mut workers = [(); 2].map(|()| {
        let line = format!("--stages rollout --concurrency {SLOTS}");
        site.fleet.ready_worker(&line)
    });
    let mut evaluation = site.fleet.coordinator(&format!("{EVALUATION} --out eval"));
    evaluation.comes_to(KILLED_AT);
    assert!(
        evaluation.runs(),
        "it was over before its worker was killed"
    );
    workers[0].kill();
    assert_eq!(evaluation.ends(), 0, "{}", evaluation.printed());
    let stormy = endpoint.stats();
    assert!(stormy.asked_again <= SLOTS as u64, "{stormy:?}");

    let table = site.fleet.alone("verify eval");
    assert!(table.contains("everything holds"), "{table}");
    let calm = site
        .fleet
        .alone(&format!("{EVALUATION} --workers 2 --out calm"));
    for agent in ["gold", "noisy:0.3", "model:small"] {
        assert!(calm.contains(agent), "{calm}");
    }
    let results = |out: &str| fs::read(site.fleet.at(out).join("results.json")).unwrap();
    assert!(results("eval") == results("calm"), "the scores differ");
}
