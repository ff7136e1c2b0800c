//! A fleet whose agent is a model behind an endpoint: what was answered is not asked for again.

use std::fs;
use std::time::Duration;

use harness::endpoint::{Brain, Endpoint, Settings};
use harness::fleet::Member;
use proto::seed::Seed;

use super::Site;

/// The plan, which names its model by the endpoint's URL.
const PLAN: &str = "models.toml --tasks 48 --seed 3";
/// Jobs of a worker under way at once: as many calls may be lost with it.
const SLOTS: usize = 4;
/// Workers that are killed.
const KILLS: usize = 6;
/// Episodes within which they are; the plan has more.
const EPISODES: usize = 40;
/// Where the draws of the storm begin.
const SEED: u64 = 2;

/// An endpoint that takes its time, so that calls are under way when a worker is killed.
fn endpoint() -> Endpoint {
    Endpoint::start(Settings {
        brain: Brain::HeldOut,
        latency: Duration::from_millis(40),
        ..Settings::default()
    })
    .expect("an endpoint starts")
}

fn plan(site: &Site, endpoint: &Endpoint) {
    let url = endpoint.base_url();
    let plan = format!(
        "agents = [\"model:small\"]\ntrials = 1\n[models.small]\nurl = \"{url}\"\nmodel = \"heldout\"\n"
    );
    fs::write(site.fleet.at("models.toml"), plan).expect("the plan is written");
}

fn worker(site: &mut Site) -> Member {
    site.fleet.worker(&format!("--concurrency {SLOTS}"))
}

#[test]
fn no_kept_reply_is_asked_for_again_however_many_workers_are_killed() {
    let Some(mut site) = Site::open() else { return };
    let endpoint = endpoint();
    plan(&site, &endpoint);
    let mut workers = [worker(&mut site), worker(&mut site)];
    let mut run = site.fleet.coordinator(&format!("run {PLAN} --out out"));
    let mut rng = Seed::root(SEED).child("storm", 0).rng();
    let mut points: Vec<u64> = (0..KILLS).map(|_| rng.below(EPISODES) as u64).collect();
    points.sort_unstable();
    for episodes in points {
        run.comes_to(episodes);
        assert!(run.runs(), "the run was over before its storm");
        let which = rng.below(workers.len());
        workers[which].kill();
        workers[which] = worker(&mut site);
    }
    assert_eq!(run.ends(), 0, "{}", run.printed());
    let stormy = endpoint.stats();
    // What was under way when a worker died was not kept by anybody.
    let lost = (KILLS * SLOTS) as u64;
    assert!(stormy.asked_again <= lost, "{stormy:?}");
    assert!(stormy.distinct > 10 * lost, "{stormy:?}");
    site.as_embedded("out", PLAN);
    let calm = endpoint.stats();
    assert_eq!(calm.distinct, stormy.distinct, "both asked the same");
}
