//! A run that has ended: what of it is cancelled, and what it left that is cleaned away.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use coordinator::seal;
use harness::fleet::wait;
use proto::digest::Digest;
use proto::queue::amqp::{AmqpQueue, AmqpSettings};
use proto::queue::{Message, Queue as _};
use proto::store::redis::RedisSettings;
use proto::store::{Board as _, RedisStore};
use proto::topology::{INSTANCE_HEADER, Lane};
use proto::wire;
use tokio::runtime::Runtime;
use worker::serve::CANCELLED;
use worker::worlds;

use super::suspect::{SMALL, job};
use super::{CANCELLED_RUN, Site, slots};

/// Puts a letter of each instance into a dead lane.
async fn bury(queue: &AmqpQueue, lane: Lane, instances: &[&str]) {
    let mut jobs = queue.subscribe(lane, slots(1)).await.unwrap();
    for instance in instances {
        let id = Digest::of(instance.as_bytes());
        let message = Message::new(id, b"?".to_vec()).with(INSTANCE_HEADER, *instance);
        queue.publish(lane, message).await.unwrap();
        let delivery = jobs.next().await.unwrap().unwrap();
        delivery.reject("for the test").await.unwrap();
    }
}

/// Whose letters lie in a dead lane.
async fn lying(queue: &AmqpQueue, lane: Lane) -> BTreeSet<String> {
    let letters = queue.dead(lane, 9, &|_| true).await.unwrap().into_iter();
    letters
        .map(|letter| letter.message.headers[INSTANCE_HEADER].clone())
        .collect()
}

#[test]
fn a_run_that_was_cancelled_as_it_ended_grows_after_it_is_cleaned_away() {
    let Some(mut site) = Site::open() else { return };
    let over = site.over_these();
    let mut worker = site.fleet.ready_worker("--concurrency 4");
    let line = |tasks: u32| format!("run --domain tickets --tasks {tasks} --seed 3 --out out");
    let mut run = site.fleet.coordinator(&line(12));
    assert_eq!(run.ends(), 0, "{}", run.printed());
    // Or it would take what is to be rejected here.
    worker.signal("TERM");
    assert_eq!(worker.ends(), 0, "{}", worker.printed());
    let instance = fs::read_to_string(site.fleet.at("out/instance")).unwrap();
    let instance = instance.trim();
    let runtime = Runtime::new().unwrap();
    let (store, queue) = runtime.block_on(async {
        let store = RedisStore::connect(RedisSettings::at(site.cache.url()));
        let settings = AmqpSettings::new(site.vhost.url());
        let queue = AmqpQueue::connect(&settings).await.unwrap();
        (store.await.unwrap(), queue)
    });
    let cancelled = || runtime.block_on(store.read(CANCELLED, instance)).unwrap();
    // Of a run that has ended nothing is told to the fleet.
    site.fleet.alone(&format!("cancel out {over}"));
    assert_eq!(cancelled(), None);
    // As one that came just before the end.
    let day = Duration::from_secs(24 * 60 * 60);
    let posted = store.post(CANCELLED, instance, b"cancelled", day);
    runtime.block_on(posted).unwrap();
    let (lane, strangers) = (Lane::Verify, "00000000000000aa");
    runtime.block_on(async {
        bury(&queue, lane, &[instance, strangers]).await;
        while lying(&queue, lane).await.len() < 2 {}
    });
    // A copy of a job, of those that are published more than once.
    let shop = worlds::generated("retail", SMALL).unwrap();
    let job = job(7, &*shop, SMALL);
    let body = wire::encode(wire::Kind::Job, &job).unwrap();
    let copy = Message::new(job.id.0, body).with(INSTANCE_HEADER, instance);
    runtime
        .block_on(queue.publish(Lane::Explore, copy))
        .unwrap();
    site.fleet.alone(&format!("clean out {over}"));
    assert!(cancelled().is_some());
    let left = runtime.block_on(lying(&queue, lane));
    assert_eq!(left, BTreeSet::from([strangers.to_owned()]));
    site.fleet.alone("verify out");
    // As when a failed job of it is reopened: it has not ended any more.
    fs::remove_file(site.fleet.at("out").join(seal::NAME)).unwrap();
    let worker = site.fleet.ready_worker("--concurrency 4");
    wait("the copy's end", &[&worker], || {
        let page = worker.page("/metrics").unwrap().body;
        page.contains("t2t_jobs_finished_total{outcome=\"answered\",stage=\"explore\"} 1")
    });
    let outcomes = site.queues();
    let outcomes = outcomes.iter().filter(|name| name.contains(instance));
    assert_eq!(outcomes.count(), 0, "nobody answers a job that is dropped");
    let mut run = site.fleet.coordinator(&line(20));
    assert_eq!(run.ends(), 0, "{}", run.printed());
    assert_eq!(cancelled(), None);
    site.as_embedded("out", "--domain tickets --tasks 20 --seed 3");
    // Cancelled as it ended and never cleaned away, it grows; cancelled before, it does not.
    for (ended, tasks, code) in [(true, 24, 0), (false, 5_000, CANCELLED_RUN)] {
        if !ended {
            fs::remove_file(site.fleet.at("out").join(seal::NAME)).unwrap();
        }
        let posted = store.post(CANCELLED, instance, b"cancelled", day);
        runtime.block_on(posted).unwrap();
        let mut run = site.fleet.coordinator(&line(tasks));
        assert_eq!(run.ends(), code, "{}", run.printed());
        assert_eq!(cancelled().is_some(), !ended);
    }
    runtime.block_on(queue.close());
}
