//! Nothing goes wrong, or only what every day brings: a worker is stopped, a world is nowhere.

use std::fs;
use std::sync::Arc;

use proto::record::Recipe;
use worker::domains::retail::benchmark::Benchmark;
use worker::worlds;

use super::{PLAN, Site};

/// Exit code of a run that was stopped.
const STOPPED: i32 = 3;

#[test]
fn a_fleet_makes_what_one_process_makes() {
    let Some(mut site) = Site::open() else { return };
    let _workers = [(); 2].map(|()| site.fleet.ready_worker("--concurrency 4"));
    let mut run = site.fleet.coordinator(&format!("run {PLAN} --out out"));
    assert_eq!(run.ends(), 0, "{}", run.printed());
    let instance = fs::read_to_string(site.fleet.at("out/instance")).unwrap();
    let status = site.fleet.alone(&format!("status {}", over(&site)));
    assert!(!status.contains(instance.trim()), "it is over: {status}");
    site.as_embedded("out", PLAN);
}

fn over(site: &Site) -> String {
    format!("--broker {} --cache {}", site.vhost.url(), site.cache.url())
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
    let over = over(&site);
    let mut run = site
        .fleet
        .coordinator("run --domain tickets --tasks 5000 --seed 3 --out out");
    let worker = site.fleet.ready_worker("--concurrency 1");
    run.comes_to(3);
    // A run that somebody is at is not cleaned away under them.
    site.fleet.alone_to(&[1], &format!("clean out {over}"));
    site.fleet.alone(&format!("cancel out {over}"));
    assert_eq!(run.ends(), STOPPED, "{}", run.printed());
    let instance = fs::read_to_string(site.fleet.at("out/instance")).unwrap();
    let before = site.fleet.files("out");
    site.fleet.alone(&format!("clean out {over}"));
    assert_eq!(site.fleet.files("out"), before, "the folder is as it was");
    let lanes = site.fleet.alone(&format!("status {over}"));
    assert!(!lanes.contains(instance.trim()), "{lanes}");
    drop(worker);
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
    site.cache.flush();
    let worker = site.fleet.ready_worker("--concurrency 4");
    let code = run.ends();
    assert_eq!(code, 0, "{}", run.printed());
    let told = run.printed();
    assert!(told.contains("misses a world"), "{told}");
    site.as_embedded("out", plan);
    drop(worker);
}
