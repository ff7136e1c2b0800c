//! What is seen of a fleet from outside, and what strangers put into its lanes.

use coordinator::status::{LaneDepth, Status, look};
use harness::fleet::{Member, wait};
use proto::digest::Digest;
use proto::ids::JobId;
use proto::queue::amqp::{AmqpQueue, AmqpSettings};
use proto::queue::{Message, Queue};
use proto::store::RedisStore;
use proto::store::redis::RedisSettings;
use proto::topology::{INSTANCE_HEADER, Instance, Lane};
use proto::wire;
use serde_json::Value as Json;
use tokio::runtime::Runtime;

use super::{PLAN, Site, slots};

/// Nothing while the broker is not ready for questions, as about a queue that is being made.
fn status(runtime: &Runtime, site: &Site) -> Option<Status> {
    runtime.block_on(async {
        let queue = AmqpQueue::connect(&AmqpSettings::new(site.vhost.url()))
            .await
            .unwrap();
        let store = RedisStore::connect(RedisSettings::at(site.cache.url()))
            .await
            .unwrap();
        let status = look(&queue, &*store.shared().board).await.ok();
        queue.close().await;
        status
    })
}

fn depth<'a>(status: &'a Status, lane: &str) -> &'a LaneDepth {
    let mut lanes = status.lanes.iter();
    lanes.find(|depth| depth.lane == lane).unwrap()
}

#[track_caller]
fn answers(member: &Member, path: &str, key: &str) {
    let page = member.page(path).unwrap();
    let body: Json = serde_json::from_str(&page.body).unwrap();
    assert_eq!(
        (page.status, &body[key]),
        (200, &Json::Bool(true)),
        "{path}"
    );
}

#[test]
fn everybody_tells_how_they_are() {
    let Some(mut site) = Site::open() else { return };
    let mut worker = site
        .fleet
        .ready_worker("--concurrency 3 --stages explore,synthesize");
    let run = site.fleet.coordinator(&format!("run {PLAN} --out out"));
    let runtime = Runtime::new().unwrap();
    let mut seen = None;
    // Nobody verifies, so the run stays where it is.
    wait("the board and a draft that waits", &[&run, &worker], || {
        seen = status(&runtime, &site).filter(|status| {
            !status.runs.is_empty()
                && !status.workers.is_empty()
                && depth(status, "verify").ready > 0
        });
        seen.is_some()
    });
    let seen = seen.unwrap();
    for member in [&worker, &run] {
        answers(member, "/healthz", "alive");
        answers(member, "/readyz", "ready");
        let page = member.page("/metrics").unwrap();
        assert!(page.kind.starts_with("text/plain"), "{}", page.kind);
        assert!(page.body.contains("# TYPE t2t_"), "{}", page.body);
    }
    let progress = run.progress().unwrap();
    assert_eq!(
        (
            &progress["domain"],
            &progress["tasks"],
            &progress["settled"]
        ),
        (&Json::from("tickets"), &Json::from(60), &Json::from(0))
    );
    assert_eq!((seen.runs.len(), seen.workers.len()), (1, 1));
    let note = &seen.runs[0].note;
    assert_eq!((note.domain.as_str(), note.tasks), ("tickets", 60));
    assert_eq!(progress["run"], Json::from(note.run.as_str()));
    assert_eq!(seen.workers[0].slots, 3);
    assert_eq!(seen.workers[0].stages, ["explore", "synthesize"]);
    assert_eq!(depth(&seen, "explore").consumers, 1);
    assert_eq!(depth(&seen, "verify").consumers, 0);
    worker.signal("TERM");
    assert_eq!(worker.ends(), 0, "{}", worker.printed());
}

#[test]
fn status_is_live_on_a_terminal() {
    let Some(mut site) = Site::open() else { return };
    let mut worker = site.fleet.ready_worker("--concurrency 3");
    let status = site.fleet.on_a_terminal("status --every 1");
    wait("a table with the worker", &[&status, &worker], || {
        status.printed().contains("0/3")
    });
    worker.signal("TERM");
    assert_eq!(worker.ends(), 0, "{}", worker.printed());
    let alone = "0 workers, 0 of 0 slots busy";
    wait("a table without", &[&status], || {
        status.printed().contains(alone)
    });
    let printed = status.printed();
    // Cleared once, then written over.
    assert_eq!(printed.matches("\x1b[2J").count(), 1);
    assert!(printed.matches("\x1b[H").count() > 1);
    assert!(printed.contains("rollout") && !printed.contains("{\"lane\""));
}

#[test]
fn what_is_no_job_lands_in_the_dead_lane() {
    let Some(mut site) = Site::open() else { return };
    let mut worker = site.fleet.ready_worker("--concurrency 2");
    let runtime = Runtime::new().unwrap();
    let strangers = Instance([9; 8]);
    let (dead, told) = runtime.block_on(async {
        let queue = AmqpQueue::connect(&AmqpSettings::new(site.vhost.url()))
            .await
            .unwrap();
        let mut outcomes = queue
            .subscribe(Lane::Outcomes(strangers), slots(4))
            .await
            .unwrap();
        let anonymous = Message::new(Digest::of(b"anonymous"), b"garbage".to_vec());
        let garbled = Message::new(Digest::of(b"garbled"), b"garbage".to_vec())
            .with(INSTANCE_HEADER, strangers.to_string());
        queue.publish(Lane::Verify, anonymous).await.unwrap();
        queue.publish(Lane::Verify, garbled).await.unwrap();
        let told = outcomes.next().await.unwrap().unwrap();
        let id = told.message().id;
        told.ack().await.unwrap();
        let mut dead = Vec::new();
        while dead.len() < 2 {
            dead = queue.dead(Lane::Verify, 10, &|_| true).await.unwrap();
        }
        queue.close().await;
        (dead, id)
    });
    assert_eq!(told, Digest::of(b"garbled"), "its coordinator hears of it");
    let mut reasons: Vec<&str> = dead.iter().map(|letter| letter.reason.as_str()).collect();
    reasons.sort_unstable();
    assert!(reasons[0].contains("not published by t2t"), "{reasons:?}");
    assert!(reasons[1].contains("not a job"), "{reasons:?}");
    // As foreign as can be: no id either.
    let body =
        r#"{"properties":{},"routing_key":"QUEUE","payload":"hello","payload_encoding":"string"}"#;
    let body = body.replace("QUEUE", &Lane::Verify.queue());
    let (code, routed) = site
        .vhost
        .manage("POST", "exchanges", "/amq.default/publish", &body);
    assert!(code == 200 && routed.contains("true"), "{code} {routed}");
    wait("the third dead letter", &[&worker], || {
        status(&runtime, &site).is_some_and(|status| depth(&status, "verify").dead == 3)
    });
    // The worker goes on as if nothing had been.
    let mut run = site
        .fleet
        .coordinator("run --domain tickets --tasks 4 --seed 3 --out out");
    assert_eq!(run.ends(), 0, "{}", run.printed());
    assert!(worker.runs());
}

#[test]
fn an_answer_of_another_release_is_listed_shown_and_given_back() {
    let Some(mut site) = Site::open() else { return };
    let runtime = Runtime::new().unwrap();
    let mut run = site
        .fleet
        .coordinator("run --domain tickets --tasks 4 --seed 3 --out out");
    let id = runtime.block_on(async {
        let queue = AmqpQueue::connect(&AmqpSettings::new(site.vhost.url()))
            .await
            .unwrap();
        let mut jobs = queue.subscribe(Lane::Explore, slots(1)).await.unwrap();
        let job = jobs.next().await.unwrap().unwrap();
        let (id, asks) = (job.message().id, &job.message().headers[INSTANCE_HEADER]);
        let asks: Instance = asks.parse().unwrap();
        let mut answer = wire::encode(wire::Kind::Outcome, &"of tomorrow").unwrap();
        answer[4..6].copy_from_slice(&(wire::VERSION + 1).to_le_bytes());
        let lane = Lane::Outcomes(asks);
        queue.publish(lane, Message::new(id, answer)).await.unwrap();
        drop((job, jobs));
        queue.close().await;
        JobId(id)
    });
    let _worker = site.fleet.ready_worker("--concurrency 2");
    assert_eq!(run.ends(), 0, "{}", run.printed());
    let over = format!("--run out {}", site.over_these());
    let listed = site.fleet.alone(&format!("dead list {over}"));
    assert!(listed.starts_with(&id.to_string()), "{listed}");
    assert!(
        listed.contains("outcomes") && listed.contains("wire version 2"),
        "{listed}"
    );
    let shown = site.fleet.alone(&format!("dead show {id} {over}"));
    assert!(shown.contains("not readable here"), "{shown}");
    site.fleet.alone(&format!("dead requeue {id} {over}"));
    assert_eq!(site.fleet.alone(&format!("dead list {over}")), "");
}
