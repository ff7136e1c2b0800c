//! A fleet whose agent is a model behind an endpoint: what was answered is not asked for again.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use coordinator::operations::{Line, each};
use harness::collector::{Collector, Seen};
use harness::endpoint::{Brain, Endpoint, Settings};
use harness::fleet::{Member, wait};
use proto::seed::Seed;
use serde_json::Value as Json;

use super::Site;

/// The plan, which names its model by the endpoint's URL.
const PLAN: &str = "models.toml --tasks 48 --seed 3";
/// Jobs of a worker under way at once: as many calls may be lost with it.
const SLOTS: usize = 4;
/// Workers that are killed.
const KILLS: usize = 6;
/// Episodes within which they are; the plan has more.
const EPISODES: usize = 40;
/// Dollars for a million tokens of input.
const PRICE: u64 = 10;
/// Dollars: enough for some of the episodes.
const BUDGET: u64 = 10;
/// Exit code of a run that its budget stopped.
const SPENT: i32 = 7;
/// Seconds that a worker has when it is told to stop: less than its episodes take.
const GRACE: u64 = 10;
/// So long that no episode ends within the grace, and so short that a call does within what comes after it.
const LONG: Duration = Duration::from_secs(3);
/// Where the draws of the storm begin.
const SEED: u64 = 2;

/// An endpoint that takes its time.
pub(super) fn endpoint(latency: Duration) -> Endpoint {
    Endpoint::start(Settings {
        brain: Brain::HeldOut,
        latency,
        ..Settings::default()
    })
    .expect("an endpoint starts")
}

/// Writes a plan whose agent is that endpoint's model.
pub(super) fn plan(site: &Site, endpoint: &Endpoint) {
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
    let endpoint = endpoint(Duration::from_millis(40));
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

/// Everything that was asked for is told from what the fleet's store keeps.
fn requests_are_told(site: &Site, endpoint: &Endpoint) {
    let cache = site.cache.url();
    let line = format!("inspect out --requests --json --cache {cache}");
    let rows: Vec<Json> = serde_json::from_str(&site.fleet.alone(&line)).unwrap();
    assert!(rows.iter().all(|row| row["status"] == 200));
    let told: BTreeSet<String> = rows.iter().map(|row| row["request"].to_string()).collect();
    let received = endpoint.log().into_iter();
    let received: BTreeSet<String> = received.map(|entry| entry.body).collect();
    assert!(told == received, "{} of {}", told.len(), received.len());
}

#[test]
fn a_worker_that_is_stopped_in_mid_episode_ends_within_its_grace_and_loses_no_reply() {
    let Some(mut site) = Site::open() else { return };
    let endpoint = endpoint(Duration::from_millis(400));
    plan(&site, &endpoint);
    let mut first = site
        .fleet
        .ready_worker(&format!("--concurrency {SLOTS} --grace {GRACE}"));
    let mut run = site
        .fleet
        .coordinator("run models.toml --tasks 8 --seed 3 --out out");
    wait("calls of several episodes", &[&run, &first], || {
        endpoint.stats().answered > 8 && endpoint.stats().in_flight > 1
    });
    // No episode comes to an end while it drains, so that there is time to look.
    endpoint.set_latency(LONG);
    let told = Instant::now();
    first.signal("TERM");
    draining(&site, &first);
    let code = first.ends();
    let took = told.elapsed();
    assert_eq!(code, 0, "{}", first.printed());
    assert!(took < Duration::from_secs(GRACE + 5), "it took {took:?}");
    assert!(run.runs(), "the run was over before its worker was stopped");
    stopped(&site, &run);
    endpoint.set_latency(Duration::ZERO);
    let answered = endpoint.stats().answered;
    let _second = worker(&mut site);
    assert_eq!(run.ends(), 0, "{}", run.printed());
    let stats = endpoint.stats();
    assert!(
        stats.answered > answered,
        "the episodes were not over: {stats:?}"
    );
    assert_eq!(stats.asked_again, 0, "{stats:?}");
    handed_over(&site);
    requests_are_told(&site, &endpoint);
    site.as_embedded("out", "models.toml --tasks 8 --seed 3");
}

fn status(site: &Site) -> Json {
    let over = site.over_these();
    serde_json::from_str(&site.fleet.alone(&format!("status --once --json {over}"))).unwrap()
}

/// A worker that drains says so to whoever asks.
fn draining(site: &Site, worker: &Member) {
    wait("a worker that drains", &[worker], || {
        worker
            .page("/readyz")
            .is_some_and(|page| page.status == 503)
    });
    let page = |path: &str| worker.page(path).unwrap();
    assert!(page("/readyz").body.contains("draining"));
    assert_eq!(page("/healthz").status, 200);
    let metrics = page("/metrics").body;
    assert!(
        !metrics.contains("\nt2t_slots{state=\"busy\"} 0"),
        "{metrics}"
    );
    let seen = status(site);
    let workers = seen["workers"].as_array().unwrap();
    assert_eq!(workers.len(), 1, "{seen}");
    assert_eq!(workers[0]["draining"], true, "{seen}");
}

/// Once it has ended nobody is there, its jobs wait for somebody else, and none is dead.
fn stopped(site: &Site, run: &Member) {
    let seen = status(site);
    assert_eq!(seen["workers"].as_array().map(Vec::len), Some(0), "{seen}");
    let lanes = seen["lanes"].as_array().unwrap();
    let of = |count: &str| -> u64 {
        let counts = lanes.iter().filter_map(|lane| lane[count].as_u64());
        counts.sum()
    };
    assert!(of("ready") > 0 && of("dead") == 0, "{seen}");
    let metrics = run.page("/metrics").unwrap().body;
    assert!(!metrics.contains("\nt2t_jobs_in_flight 0"), "{metrics}");
    let over = site.over_these();
    assert_eq!(site.fleet.alone(&format!("dead list {over}")), "");
}

/// Two workers had to do with the run, and an episode of the first was handed back.
fn handed_over(site: &Site) {
    let mut lines = Vec::new();
    let unread = each(&site.fleet.at("out/operations.jsonl"), |line| {
        lines.push(line);
        Ok(())
    });
    assert_eq!(unread.unwrap(), 0);
    let names: BTreeSet<&str> = lines
        .iter()
        .map(|line| line.operation.worker.as_str())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let back = |line: &&Line| line.operation.ended == "handed back";
    let back: Vec<&Line> = lines.iter().filter(back).collect();
    assert!(!back.is_empty(), "{lines:?}");
    for line in back {
        let answered = |other: &Line| other.job == line.job && other.operation.ended == "answered";
        assert!(lines.iter().any(answered), "{line:?}");
    }
}

#[test]
fn a_fleet_stays_within_its_budget_though_a_worker_is_killed() {
    let Some(mut site) = Site::open() else { return };
    let endpoint = endpoint(Duration::from_millis(40));
    let file = site.fleet.at("models.toml");
    let priced = |dollars: u64| {
        let url = endpoint.base_url();
        let plan = format!(
            "agents = [\"model:small\"]\ntrials = 1\nbudget_dollars = {dollars}\n[models.small]\nurl = \"{url}\"\n\
             model = \"heldout\"\nprice_input = {PRICE}\nprice_output = 0\ntotal_seconds = 5\nfirst_byte_seconds = 5\n"
        );
        fs::write(&file, plan).expect("the plan is written");
    };
    priced(BUDGET);
    let mut workers = [worker(&mut site), worker(&mut site)];
    let mut run = site.fleet.coordinator(&format!("run {PLAN} --out out"));
    run.comes_to(2);
    workers[0].kill();
    assert_eq!(run.ends(), SPENT, "{}", run.printed());
    let paid = endpoint.stats().input_tokens * PRICE;
    assert!(paid <= BUDGET * 1_000_000, "{paid} of {BUDGET} million");
    assert!(paid >= BUDGET * 500_000, "{paid} of {BUDGET} million");
    priced(1_000 * BUDGET);
    let mut run = site.fleet.coordinator(&format!("run {PLAN} --out out"));
    assert_eq!(run.ends(), 0, "{}", run.printed());
    site.as_embedded("out", PLAN);
}

#[test]
fn one_trace_goes_from_the_coordinator_to_the_model_and_back() {
    let Some(mut site) = Site::open() else { return };
    let collector = Collector::start();
    site.fleet
        .set("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint());
    let endpoint = endpoint(Duration::ZERO);
    plan(&site, &endpoint);
    let mut worker = site.fleet.ready_worker("--concurrency 4");
    let mut run = site
        .fleet
        .coordinator("run models.toml --tasks 2 --out out");
    assert_eq!(run.ends(), 0, "{}", run.printed());
    worker.signal("TERM");
    assert_eq!(worker.ends(), 0, "{}", worker.printed());
    let spans = collector.spans();
    let chat = spans.iter().find(|span| span.name == "chat heldout");
    let chat = chat.expect("a model was asked");
    // From the call up to the job, from there down to the outcome.
    let parent = |span: &Seen| spans.iter().find(|other| other.id == span.parent).cloned();
    let child = |span: &Seen, name: &str| {
        let mut children = spans.iter().filter(|other| other.parent == span.id);
        children.find(|other| other.name == name).cloned()
    };
    let process = parent(chat).expect("the job's work");
    let publish = parent(&process).expect("the job's publication");
    let outcome = child(&process, "publish outcomes").expect("the outcome's publication");
    let heard = child(&outcome, "process outcomes").expect("the outcome is heard");
    let way = [&publish, &process, chat, &outcome, &heard];
    let told = way.map(|span| (span.service.as_str(), span.name.as_str()));
    let (t2t, worker) = ("t2t", "t2t-worker");
    let wanted = [
        (t2t, "publish rollout"),
        (worker, "process rollout"),
        (worker, "chat heldout"),
        (worker, "publish outcomes"),
        (t2t, "process outcomes"),
    ];
    assert_eq!(told, wanted);
    assert!(
        way.iter().all(|span| span.trace == publish.trace),
        "{way:#?}"
    );
}

#[test]
fn what_a_fleet_was_answered_is_recorded_and_replays_in_one_process() {
    let Some(mut site) = Site::open() else { return };
    let endpoint = endpoint(Duration::ZERO);
    plan(&site, &endpoint);
    let _worker = worker(&mut site);
    let plan = "models.toml --tasks 12 --seed 3";
    let mut run = site
        .fleet
        .coordinator(&format!("run {plan} --record kept --out out"));
    assert_eq!(run.ends(), 0, "{}", run.printed());
    let asked = endpoint.stats().distinct;
    let told = format!("{asked} replies of models are in");
    assert!(run.printed().contains(&told), "{}", run.printed());
    // Nobody is left to ask.
    drop(endpoint);
    site.as_embedded("out", &format!("{plan} --replay kept"));
}
