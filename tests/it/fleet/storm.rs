//! Whatever dies comes back, and nothing shows in the dataset.

use harness::fleet::{Fleet, Member, wait};
use harness::services::rabbit::Node;
use harness::services::redis::Server;
use proto::seed::Seed;

use super::{PLAN, Site};

/// A plan that outlasts the storm, of whose episodes there are more than [`EPISODES`].
const LONG: &str = "--domain tickets --tasks 120 --seed 3";

/// Where the draws of the storm begin.
const SEED: u64 = 1;
/// Episodes within which the blows fall: fewer than the plan has, so that the last finds it at work.
const EPISODES: usize = 160;

/// Queues of a fleet with one run: those of jobs and outcomes, each with its dead queue.
const QUEUES: usize = 10;

#[derive(Debug, Clone, Copy)]
enum Blow {
    Worker(usize),
    Cache,
    Coordinator,
}

/// Blows with the progress at which each falls, in order.
fn storm() -> Vec<(u64, Blow)> {
    let mut rng = Seed::root(SEED).child("storm", 0).rng();
    let mut blows = vec![
        Blow::Worker(0),
        Blow::Worker(1),
        Blow::Worker(0),
        Blow::Cache,
        Blow::Cache,
        Blow::Coordinator,
        Blow::Coordinator,
    ];
    rng.shuffle(&mut blows);
    let mut points: Vec<u64> = blows.iter().map(|_| rng.below(EPISODES) as u64).collect();
    points.sort_unstable();
    points.into_iter().zip(blows).collect()
}

fn worker(fleet: &mut Fleet) -> Member {
    fleet.worker("--concurrency 4")
}

#[test]
fn deaths_of_workers_and_coordinator_and_a_forgetful_cache_change_nothing() {
    let Some(mut site) = Site::open() else { return };
    let mut workers = [worker(&mut site.fleet), worker(&mut site.fleet)];
    let line = format!("run {LONG} --out out");
    let mut run = site.fleet.coordinator(&line);
    for (episodes, blow) in storm() {
        run.comes_to(episodes);
        assert!(
            run.runs(),
            "the run was over before {blow:?} at {episodes} episodes"
        );
        match blow {
            Blow::Worker(which) => {
                workers[which].kill();
                workers[which] = worker(&mut site.fleet);
            }
            Blow::Cache => site.cache.flush(),
            Blow::Coordinator => {
                run.kill();
                run = site.fleet.coordinator(&line);
            }
        }
    }
    assert_eq!(run.ends(), 0, "{}", run.printed());
    site.as_embedded("out", LONG);
}

#[test]
fn a_broker_that_dies_comes_back_with_the_jobs() {
    let Some(mut node) = Node::start() else {
        return;
    };
    let Some(cache) = Server::start(&[]) else {
        return;
    };
    let mut site = Site::over(node.vhost(), cache);
    // Nobody explores, so nothing goes on until the broker keeps every queue.
    let later = "--concurrency 4 --stages synthesize,verify,rollout";
    let first = site.fleet.ready_worker(later);
    let mut run = site.fleet.coordinator(&format!("run {PLAN} --out out"));
    wait("every queue", &[&run], || {
        let (_, queues) = site.vhost.manage("GET", "queues", "?columns=name", "");
        queues.matches("t2t.v1.").count() == QUEUES
    });
    node.sync_tables();
    let _second = worker(&mut site.fleet);
    run.comes_to(20);
    node.kill();
    assert!(run.runs(), "the run was over before the broker died");
    wait("both to miss it", &[&first, &run], || {
        misses(&first, "broker") && misses(&run, "broker")
    });
    node.restart();
    assert_eq!(run.ends(), 0, "{}", run.printed());
    wait("a ready worker", &[&first], || ready(&first));
    site.as_embedded("out", PLAN);
}

/// Whether somebody says that it is not ready for want of this.
fn misses(member: &Member, what: &str) -> bool {
    let page = member.page("/readyz");
    page.is_some_and(|page| page.status == 503 && page.body.contains(what))
}

fn ready(member: &Member) -> bool {
    member
        .page("/readyz")
        .is_some_and(|page| page.status == 200)
}

#[test]
fn who_has_no_cache_says_so_until_it_is_back() {
    let Some(mut site) = Site::open() else { return };
    let worker = site.fleet.ready_worker("--concurrency 1");
    assert!(ready(&worker));
    site.cache.kill();
    wait("it to be missed", &[&worker], || misses(&worker, "cache"));
    site.cache.restart();
    wait("a ready worker", &[&worker], || ready(&worker));
}

#[test]
fn jobs_that_a_broker_has_lost_are_published_again_without_waiting_for_patience() {
    let Some(mut site) = Site::open() else { return };
    let mut run = site.fleet.coordinator(&format!("run {PLAN} --out out"));
    let waiting = |site: &Site| {
        let (_, queue) = site
            .vhost
            .manage("GET", "queues", "/t2t.v1.explore?columns=messages", "");
        !queue.contains(r#""messages":0"#) && queue.contains(r#""messages":"#)
    };
    wait("jobs", &[&run], || waiting(&site));
    let (status, answer) = site.vhost.manage("DELETE", "queues", "/t2t.v1.explore", "");
    assert_eq!(status, 204, "{answer}");
    let _worker = worker(&mut site.fleet);
    assert_eq!(run.ends(), 0, "{}", run.printed());
    assert!(
        run.printed().contains("the fleet has lost them"),
        "{}",
        run.printed()
    );
    site.as_embedded("out", PLAN);
}
