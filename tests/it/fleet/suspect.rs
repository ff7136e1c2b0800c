//! Jobs that several workers ended over: each is done in a process of its own, and only the one that kills
//! its process is given up.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use harness::fleet::{Member, of_spans, wait};
use proto::digest::Digest;
use proto::ids::{JobId, RunId};
use proto::job::{Cell, Job, StageInput, Wanted};
use proto::outcome::{Notice, Outcome, StageResult};
use proto::queue::amqp::{AmqpQueue, AmqpSettings};
use proto::queue::{Consumer, Message, Queue};
use proto::record::{Cast, Kind, Recipe, Scenario, WorldRef, WorldSource};
use proto::seed::Seed;
use proto::topology::{INSTANCE_HEADER, Instance, Lane, NOTICE_HEADER};
use proto::wire;
use serde_json::Value as Json;
use tokio::runtime::Runtime;
use tokio::time::timeout;
use worker::domains::Domain;
use worker::{stages, worlds};

use super::{PLAN, Site, slots};

const ASKS: Instance = Instance([5; 8]);
/// Longest wait for an answer.
const SOON: Duration = Duration::from_secs(120);
/// Redeliveries from which on a job is suspect.
const SUSPECT: u32 = 3;
/// What a worker says when a child has its job.
const APART: &str = "in a process of its own";
/// A world that takes seconds to make, so that whoever makes it can be found at it.
const LARGE: Recipe = Recipe {
    seed: 5,
    products: 200,
    people: 100_000,
    orders: 200_000,
};
/// One that takes no time.
pub(super) const SMALL: Recipe = Recipe {
    seed: 5,
    products: 12,
    people: 40,
    orders: 90,
};

/// A job over a world that no store keeps.
pub(super) fn job(number: u8, domain: &dyn Domain, recipe: Recipe) -> Job {
    Job {
        id: JobId(Digest::of(&[number])),
        run: RunId(Digest::of(b"run")),
        world: WorldRef {
            domain: domain.name().to_owned(),
            base: domain.base(),
            source: WorldSource::Stored {
                snapshot: Digest::of(&worlds::snapshot(domain).unwrap()),
                recipe: Some(recipe),
            },
        },
        cell: Cell {
            slot: u32::from(number),
            stratum: 0,
            strata: 1,
            scenario: Scenario::General,
            kind: Kind::Plain,
            wants: vec![Wanted::AnyWrite],
        },
        candidate: 0,
        seed: Seed::root(u64::from(number)),
        input: StageInput::Explore,
        cast: Cast::default(),
        apart: Vec::new(),
    }
}

/// The end of the queue that asks, with what it hears.
struct Asker {
    runtime: Runtime,
    queue: AmqpQueue,
    answers: Box<dyn Consumer>,
}

/// What came of a job: how often it crashed so far, or its outcome.
#[derive(Debug)]
enum Heard {
    Crashed(u32),
    Outcome(Box<Outcome>),
}

impl Asker {
    fn new(site: &Site) -> Self {
        let runtime = Runtime::new().unwrap();
        let (queue, answers) = runtime.block_on(async {
            let settings = AmqpSettings::new(site.vhost.url());
            let queue = AmqpQueue::connect(&settings).await.unwrap();
            let lane = Lane::Outcomes(ASKS);
            let answers = queue.subscribe(lane, slots(16)).await.unwrap();
            (queue, answers)
        });
        Self {
            runtime,
            queue,
            answers,
        }
    }

    fn ask(&self, job: &Job) {
        let body = wire::encode(wire::Kind::Job, job).unwrap();
        let message = Message::new(job.id.0, body).with(INSTANCE_HEADER, ASKS.to_string());
        let publishing = self.queue.publish(Lane::Explore, message);
        self.runtime.block_on(publishing).unwrap();
    }

    fn spoil(&self, lane: Lane, jobs: usize) {
        self.runtime.block_on(spoil(&self.queue, lane, jobs));
    }

    /// The next thing that a worker says, and of which job.
    fn hear(&mut self) -> (JobId, Heard) {
        let answers = &mut self.answers;
        self.runtime.block_on(async {
            let answer = timeout(SOON, answers.next()).await.expect("in time");
            let answer = answer.unwrap().unwrap();
            let heard = if answer.message().headers.contains_key(NOTICE_HEADER) {
                match wire::decode(wire::Kind::Notice, answer.body()).unwrap() {
                    Notice::Crashed { times, .. } => Heard::Crashed(times),
                    notice @ (Notice::Missing { .. } | Notice::Spent { .. } | Notice::Took(_)) => {
                        panic!("{notice:?}")
                    }
                }
            } else {
                Heard::Outcome(wire::decode(wire::Kind::Outcome, answer.body()).unwrap())
            };
            let id = JobId(answer.message().id);
            answer.ack().await.unwrap();
            (id, heard)
        })
    }
}

/// Takes so many jobs of a lane and drops them, until all of them are suspect.
async fn spoil(queue: &dyn Queue, lane: Lane, jobs: usize) {
    let mut taker = queue.subscribe(lane, slots(jobs)).await.unwrap();
    let mut spoilt = 0;
    while spoilt < jobs {
        let delivery = timeout(SOON, taker.next()).await.expect("in time");
        let delivery = delivery.unwrap().unwrap();
        spoilt += usize::from(delivery.redeliveries() + 1 == SUSPECT);
        drop(delivery);
    }
}

/// The children that had this job so far, in their order.
fn children(worker: &Member, job: JobId) -> Vec<u32> {
    let lines = worker.logged(APART);
    lines
        .iter()
        .filter(|line| line["job"] == job.to_string())
        .map(|line| u32::try_from(line["process"].as_u64().unwrap()).unwrap())
        .collect()
}

/// Waits for the child that is given this job as the n-th, from 1.
fn child(worker: &Member, job: JobId, nth: usize) -> u32 {
    let mut found = Vec::new();
    wait(&format!("child {nth} of {job}"), &[worker], || {
        found = children(worker, job);
        found.len() >= nth
    });
    found[nth - 1]
}

fn kill(process: u32) {
    let killed = Command::new("kill")
        .args(["-9", &process.to_string()])
        .status();
    assert!(killed.unwrap().success(), "there was no process {process}");
}

fn lives(process: u32) -> bool {
    // One that is dead and not yet waited for has no command line.
    let line = std::fs::read(format!("/proc/{process}/cmdline"));
    line.is_ok_and(|line| !line.is_empty())
}

#[test]
fn the_job_that_kills_its_process_is_given_up_and_its_neighbours_are_not() {
    let Some(mut site) = Site::open() else { return };
    let mut asker = Asker::new(&site);
    let small = worlds::generated("tickets", SMALL).unwrap();
    let shop = worlds::generated("retail", LARGE).unwrap();
    let poison = job(1, &*shop, LARGE);
    let neighbours: Vec<Job> = (2..8).map(|number| job(number, &*small, SMALL)).collect();
    asker.ask(&poison);
    for neighbour in &neighbours[..3] {
        asker.ask(neighbour);
    }
    asker.spoil(Lane::Explore, 4);
    for neighbour in &neighbours[3..] {
        asker.ask(neighbour);
    }
    let worker = site.fleet.ready_worker("--concurrency 4");
    let mut outcomes = Vec::new();
    for nth in 1..=3 {
        kill(child(&worker, poison.id, nth));
        loop {
            match asker.hear() {
                (id, Heard::Crashed(times)) => {
                    assert_eq!((id, times), (poison.id, u32::try_from(nth).unwrap()));
                    break;
                }
                (_, Heard::Outcome(outcome)) => outcomes.push(*outcome),
            }
        }
    }
    while outcomes.len() < 1 + neighbours.len() {
        match asker.hear() {
            (_, Heard::Outcome(outcome)) => outcomes.push(*outcome),
            (id, crashed) => panic!("{id}: {crashed:?}"),
        }
    }
    for neighbour in &neighbours {
        // The suspects of them in a process of their own, the others not, and all as ever.
        let apart = children(&worker, neighbour.id).len();
        assert_eq!(
            apart,
            usize::from(neighbour.cell.slot < 5),
            "{}",
            neighbour.cell.slot
        );
        let expected = stages::perform(&*small, neighbour.clone());
        assert!(outcomes.contains(&expected), "{}", neighbour.cell.slot);
    }
    let given_up = outcomes.iter().find(|outcome| outcome.job == poison.id);
    assert!(
        matches!(&given_up.unwrap().result, StageResult::Failed { error, .. }
            if error.contains("poison") && error.contains("3 times") && error.contains("signal: 9")),
        "{given_up:?}"
    );
}

#[test]
fn the_death_of_a_worker_is_no_crash_of_its_jobs_and_takes_their_processes_along() {
    let Some(mut site) = Site::open() else { return };
    let mut asker = Asker::new(&site);
    let shop = worlds::generated("retail", LARGE).unwrap();
    let job = job(1, &*shop, LARGE);
    asker.ask(&job);
    asker.spoil(Lane::Explore, 1);
    // More of them than the crashes that are one too many.
    for _ in 0..4 {
        let mut worker = site.fleet.ready_worker("--concurrency 1");
        let child = child(&worker, job.id, 1);
        worker.kill();
        wait("the end of the child", &[&worker], || !lives(child));
    }
    let worker = site.fleet.ready_worker("--concurrency 1");
    match asker.hear() {
        (_, Heard::Outcome(outcome)) => assert_eq!(*outcome, stages::perform(&*shop, job.clone())),
        (_, crashed) => panic!("{crashed:?}"),
    }
    assert_eq!(children(&worker, job.id).len(), 1);
}

#[test]
fn a_worker_that_is_told_to_stop_hands_back_what_its_children_do() {
    let Some(mut site) = Site::open() else { return };
    let mut asker = Asker::new(&site);
    let shop = worlds::generated("retail", LARGE).unwrap();
    let job = job(1, &*shop, LARGE);
    asker.ask(&job);
    asker.spoil(Lane::Explore, 1);
    let mut worker = site.fleet.ready_worker("--concurrency 1 --grace 0");
    child(&worker, job.id, 1);
    // The whole group hears of it, as it does from a service manager.
    worker.signal("TERM");
    assert_eq!(worker.ends(), 0, "{}", worker.printed());
    let _other = site.fleet.ready_worker("--concurrency 1");
    match asker.hear() {
        (_, Heard::Outcome(outcome)) => assert_eq!(*outcome, stages::perform(&*shop, job.clone())),
        (_, crashed) => panic!("{crashed:?}"),
    }
}

#[test]
fn a_run_whose_jobs_are_suspect_comes_to_the_same_bytes() {
    let Some(mut site) = Site::open() else { return };
    let runtime = Runtime::new().unwrap();
    let queue: Arc<dyn Queue> = Arc::new(
        runtime
            .block_on(AmqpQueue::connect(&AmqpSettings::new(site.vhost.url())))
            .unwrap(),
    );
    let mut run = site.fleet.coordinator(&format!("run {PLAN} --out out"));
    let id = run.progress().unwrap()["run"].clone();
    let waiting = |lane: Lane| runtime.block_on(queue.ready(lane)).unwrap_or_default();
    wait("60 jobs to explore", &[&run], || {
        waiting(Lane::Explore) >= 60
    });
    runtime.block_on(spoil(&*queue, Lane::Explore, 60));
    let early = site
        .fleet
        .ready_worker("--concurrency 4 --stages explore,synthesize,verify");
    wait("jobs to roll out", &[&run, &early], || {
        waiting(Lane::Rollout) >= 20
    });
    runtime.block_on(spoil(&*queue, Lane::Rollout, 20));
    let late = site.fleet.ready_worker("--concurrency 4 --stages rollout");
    assert_eq!(run.ends(), 0, "{}", run.printed());
    for (worker, least) in [(&early, 60), (&late, 20)] {
        let apart = worker.logged(APART);
        let count = apart.len();
        assert!(count >= least, "{count} of {least}\n{}", worker.printed());
        for line in &apart {
            let said = ["t2t.run", "t2t.job", "t2t.attempt"];
            let said = said.map(|key| of_spans(line, key).unwrap_or(&Json::Null));
            assert_eq!(said, [&id, &line["job"], &Json::from("1")], "{line}");
        }
    }
    site.as_embedded("out", PLAN);
}
