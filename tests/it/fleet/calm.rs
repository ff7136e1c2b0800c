//! Nothing goes wrong, or only what every day brings: a worker is stopped, a world is nowhere.

use std::fs;
use std::sync::Arc;

use harness::fleet::{of_spans, wait};
use proto::record::Recipe;
use serde_json::Value as Json;
use worker::domains::retail::benchmark::Benchmark;
use worker::worlds;

use super::{CANCELLED_RUN, PLAN, Site};

#[test]
fn a_fleet_makes_what_one_process_makes() {
    let Some(mut site) = Site::open() else { return };
    let _workers = [(); 2].map(|()| site.fleet.ready_worker("--concurrency 4"));
    let mut run = site.fleet.coordinator(&format!("run {PLAN} --out out"));
    assert_eq!(run.ends(), 0, "{}", run.printed());
    let instance = fs::read_to_string(site.fleet.at("out/instance")).unwrap();
    let status = site.fleet.alone(&format!("status {}", site.over_these()));
    assert!(!status.contains(instance.trim()), "it is over: {status}");
    site.as_embedded("out", PLAN);
}

#[test]
fn fleets_of_other_names_share_broker_and_cache() {
    let Some(mut site) = Site::open() else { return };
    let plan = "--domain tickets --tasks 12 --seed 3";
    let stranger = site.fleet.ready_worker("--concurrency 2 --prefix two.");
    let _worker = site
        .fleet
        .ready_worker("--concurrency 2 --prefetch 5 --prefix one.");
    let mut run = site
        .fleet
        .coordinator(&format!("run {plan} --prefix one. --out out"));
    assert_eq!(run.ends(), 0, "{}", run.printed());
    let metrics = stranger.page("/metrics").unwrap().body;
    let begun = metrics
        .lines()
        .filter(|line| line.starts_with("t2t_jobs_started_total{"));
    let begun: Vec<&str> = begun.filter(|line| !line.ends_with(" 0")).collect();
    assert!(begun.is_empty(), "{begun:?}");
    let names = site.queues();
    for name in &names {
        assert!(
            name.starts_with("one.") || name.starts_with("two."),
            "{name}"
        );
    }
    assert!(names.iter().any(|name| name.starts_with("one.")));
    site.as_embedded("out", plan);
}

#[test]
fn a_worker_that_is_told_to_stop_loses_nothing() {
    let Some(mut site) = Site::open() else { return };
    let mut first = site.fleet.ready_worker("--concurrency 4");
    let mut run = site.fleet.coordinator(&format!("run {PLAN} --out out"));
    run.comes_to(20);
    first.signal("TERM");
    assert_eq!(first.ends(), 0, "{}", first.printed());
    assert!(run.runs(), "the run was over before its worker was stopped");
    let _second = site.fleet.ready_worker("--concurrency 4");
    assert_eq!(run.ends(), 0, "{}", run.printed());
    site.as_embedded("out", PLAN);
}

#[test]
fn a_run_that_is_cancelled_stops_and_what_it_left_is_cleaned_away() {
    let Some(mut site) = Site::open() else { return };
    let over = site.over_these();
    let mut run = site
        .fleet
        .coordinator("run --domain tickets --tasks 5000 --seed 3 --out out");
    let worker = site.fleet.ready_worker("--concurrency 1");
    run.comes_to(3);
    // A run that somebody is at is not cleaned away under them.
    site.fleet.alone_to(&[1], &format!("clean out {over}"));
    site.fleet.alone(&format!("cancel out {over}"));
    assert_eq!(run.ends(), CANCELLED_RUN, "{}", run.printed());
    let instance = fs::read_to_string(site.fleet.at("out/instance")).unwrap();
    // What is left of it: jobs that nobody has taken yet, and the lane of their outcomes.
    let left = site.fleet.files("out");
    assert!(
        site.queues()
            .iter()
            .any(|queue| queue.contains(instance.trim()))
    );
    site.fleet.alone(&format!("clean out {over}"));
    let kept = left
        .iter()
        .filter(|(name, _)| name.to_str() != Some("instance"));
    assert!(
        site.fleet.files("out").iter().eq(kept),
        "the folder forgets its name only"
    );
    wait("the jobs to be dropped", &[&worker], || {
        let status = site.fleet.alone(&format!("status --json {over}"));
        let status: Json = serde_json::from_str(&status).unwrap();
        let lanes = status["lanes"].as_array().unwrap();
        lanes.iter().all(|lane| lane["ready"] == 0)
    });
    let queues = site.queues();
    let lane = queues.iter().find(|queue| queue.contains(instance.trim()));
    assert_eq!(lane, None, "no outcome has it made anew");
    // Under another name it goes on.
    let run = site
        .fleet
        .coordinator("run --domain tickets --tasks 5000 --seed 3 --out out");
    run.comes_to(6);
    assert_ne!(
        fs::read_to_string(site.fleet.at("out/instance")).unwrap(),
        instance
    );
    drop((run, worker));
}

#[test]
fn a_world_from_a_file_that_no_store_keeps_comes_with_the_job() {
    let Some(mut site) = Site::open() else { return };
    let recipe = Recipe {
        seed: 5,
        products: 12,
        people: 40,
        orders: 90,
    };
    let world = Benchmark::new(Arc::new(worlds::shop(recipe).unwrap()));
    fs::write(site.fleet.at("world.json"), world.text()).unwrap();
    let plan = "--domain retail --tasks 12 --seed 3 --world-file world.json";
    let mut run = site.fleet.coordinator(&format!("run {plan} --out out"));
    // The world is offered to the store before the first job is asked for.
    harness::fleet::wait("the first job", &[&run], || {
        let page = run.page("/metrics");
        page.is_some_and(|page| {
            let mut lines = page.body.lines();
            lines.any(|line| line.starts_with("t2t_jobs_in_flight ") && !line.ends_with(" 0"))
        })
    });
    let id = run.progress().unwrap()["run"].clone();
    site.cache.flush();
    let worker = site.fleet.ready_worker("--concurrency 4");
    assert_eq!(run.ends(), 0, "{}", run.printed());
    let told = run.logged("misses what its job names");
    assert!(!told.is_empty(), "{}", run.printed());
    for line in &told {
        let said = ["t2t.run", "t2t.job"];
        let said = said.map(|key| of_spans(line, key).unwrap_or(&Json::Null));
        assert_eq!(said, [&id, &line["job"]], "{line}");
    }
    site.as_embedded("out", plan);
    drop(worker);
}
