//! The queue over a real broker: the contract, and what only a broker does.
//!
//! Skipped where RabbitMQ is not installed, unless `T2T_REQUIRE_SERVICES` is set.

mod endings;
mod limit;
mod together;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use harness::services::rabbit::{self, Node, Vhost};
use proto::digest::Digest;
use proto::queue::conformance::{self, Broker};
use proto::queue::{
    AmqpQueue, AmqpSettings, Consumer, Delivery, Lane, Message, Queue, QueueError, UNDELIVERABLE,
};
use proto::topology::Instance;
use tokio::time::{sleep, timeout};

/// Longest wait for something that should happen, the boot of a node included.
const SOON: Duration = Duration::from_secs(180);

fn settings(vhost: &Vhost) -> AmqpSettings {
    AmqpSettings {
        capacity: 64,
        rungs: vec![Duration::from_millis(500), Duration::from_secs(3)],
        heartbeat: Duration::from_secs(5),
        ..AmqpSettings::new(vhost.url())
    }
}

async fn connect(settings: &AmqpSettings) -> AmqpQueue {
    AmqpQueue::connect(settings).await.unwrap()
}

fn message(number: u32) -> Message {
    let body = number.to_le_bytes();
    Message::new(Digest::of(&body), body.to_vec())
}

fn hands(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

async fn next(consumer: &mut dyn Consumer) -> Delivery {
    let next = timeout(SOON, consumer.next()).await;
    next.expect("a delivery in time").unwrap().unwrap()
}

/// Waits until the broker says what is expected.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(timeout(SOON, waiting).await.is_ok(), "never: {what}");
}

/// Publishes as any other client would.
fn publish_foreign(vhost: &Vhost, queue: &str, properties: &str) {
    let body = format!(
        r#"{{"properties":{properties},"routing_key":"{queue}","payload":"hello","payload_encoding":"string"}}"#
    );
    let path = "/amq.default/publish";
    let (status, answer) = vhost.manage("POST", "exchanges", path, &body);
    assert!(
        status == 200 && answer.contains("true"),
        "{status} {answer}"
    );
}

struct Lanes {
    settings: AmqpSettings,
    _vhost: Vhost,
}

#[async_trait]
impl Broker for Lanes {
    async fn connect(&self) -> Arc<dyn Queue> {
        Arc::new(connect(&self.settings).await)
    }

    fn capacity(&self) -> usize {
        self.settings.capacity
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(1)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract_holds_over_rabbitmq() {
    if !rabbit::available() {
        return;
    }
    conformance::suite(async || {
        let vhost = rabbit::shared().expect("it is installed");
        let settings = AmqpSettings {
            capacity: 8,
            ..settings(&vhost)
        };
        Box::new(Lanes {
            settings,
            _vhost: vhost,
        }) as Box<dyn Broker>
    })
    .await;
}

#[tokio::test]
async fn other_settings_are_told_with_queue_and_values() {
    let Some(vhost) = rabbit::shared() else {
        return;
    };
    let first = connect(&settings(&vhost)).await;
    first.publish(Lane::Verify, message(1)).await.unwrap();
    let other = AmqpSettings {
        capacity: 65,
        ..settings(&vhost)
    };
    let second = connect(&other).await;
    let errors = [
        second.publish(Lane::Verify, message(2)).await.unwrap_err(),
        second
            .subscribe(Lane::Verify, hands(1))
            .await
            .err()
            .expect("refused"),
    ];
    for error in errors {
        assert!(
            matches!(&error, QueueError::Differs { queue, argument, wanted, found }
                if queue == "t2t.v1.verify" && argument == "x-max-length"
                    && wanted == "65" && found == "64"),
            "{error}"
        );
    }
    first.publish(Lane::Verify, message(3)).await.unwrap();
}

#[tokio::test]
async fn a_queue_that_someone_else_made_is_told_by_what_differs() {
    let Some(vhost) = rabbit::shared() else {
        return;
    };
    // The broker names the first argument that differs, by an order of its own.
    let letters = |lane: &str| {
        format!(r#""x-dead-letter-exchange":"","x-dead-letter-routing-key":"t2t.v1.{lane}.dead""#)
    };
    let (quorum, classic) = (r#""x-queue-type":"quorum""#, r#""x-queue-type":"classic""#);
    let bounded = r#""x-max-length":64,"x-overflow":"reject-publish""#;
    let dead = r#""x-queue-type":"quorum","x-max-length":7"#;
    for (lane, name, body, differs) in [
        (
            Lane::Explore,
            "t2t.v1.explore",
            format!(
                r#"{{"durable":true,"arguments":{{{classic},{bounded},{}}}}}"#,
                letters("explore")
            ),
            ("x-queue-type", "quorum", "classic"),
        ),
        (
            Lane::Synthesize,
            "t2t.v1.synthesize",
            r#"{"durable":false,"arguments":{}}"#.to_owned(),
            ("durable", "true", "false"),
        ),
        (
            Lane::Verify,
            "t2t.v1.verify",
            format!(
                r#"{{"durable":true,"arguments":{{{quorum},{},"x-dead-letter-strategy":"at-least-once"}}}}"#,
                letters("verify")
            ),
            ("x-max-length", "64", "none"),
        ),
        (
            Lane::Rollout,
            "t2t.v1.rollout.dead",
            format!(r#"{{"durable":true,"arguments":{{{dead}}}}}"#),
            ("x-max-length", "100000", "7"),
        ),
    ] {
        let (status, answer) = vhost.manage("PUT", "queues", &format!("/{name}"), &body);
        assert_eq!(status, 201, "{answer}");
        let queue = connect(&settings(&vhost)).await;
        let error = queue.publish(lane, message(1)).await.unwrap_err();
        let QueueError::Differs {
            queue,
            argument,
            wanted,
            found,
        } = &error
        else {
            panic!("{name}: {error:?}");
        };
        let told = (argument.as_str(), wanted.as_str(), found.as_str());
        assert_eq!((queue.as_str(), told), (name, differs));
        let said = error.to_string();
        assert!(said.contains("delete_queue"), "{said}");
    }
}

#[tokio::test]
async fn what_the_broker_refuses_is_told_at_once() {
    let Some(vhost) = rabbit::shared() else {
        return;
    };
    let wrong_password = AmqpSettings {
        password: Some("s3cret".to_owned()),
        ..settings(&vhost)
    };
    let no_vhost = AmqpSettings::new(format!("{}-not", vhost.url()));
    for (settings, part) in [(wrong_password, "password"), (no_vhost, "vhost")] {
        let error = AmqpQueue::connect(&settings).await.unwrap_err();
        assert!(matches!(error, QueueError::Refused(_)), "{error:?}");
        let error = error.to_string();
        assert!(error.contains(part) && !error.contains("s3cret"), "{error}");
        assert!(!error.contains("guest:guest"), "{error}");
    }
    let nobody = AmqpSettings::new("amqp://guest:guest@127.0.0.1:1/v");
    let error = AmqpQueue::connect(&nobody).await.unwrap_err();
    assert!(matches!(error, QueueError::Unreachable(_)), "{error:?}");
    assert!(error.to_string().contains("127.0.0.1:1/v"), "{error}");
}

#[tokio::test]
async fn a_queue_that_someone_deleted_is_made_again() {
    let Some(vhost) = rabbit::shared() else {
        return;
    };
    let queue = connect(&settings(&vhost)).await;
    queue.publish(Lane::Explore, message(0)).await.unwrap();
    let mut consumer = queue.subscribe(Lane::Explore, hands(1)).await.unwrap();
    next(&mut *consumer).await.ack().await.unwrap();
    drop(consumer);
    let (status, _) = vhost.manage("DELETE", "queues", "/t2t.v1.explore", "");
    assert_eq!(status, 204);
    // Many at once, so that confirms of returned and stored messages come together.
    let publishing = (1..=40).map(|number| {
        let lane = if number % 2 == 0 {
            Lane::Explore
        } else {
            Lane::Verify
        };
        queue.publish(lane, message(number))
    });
    for published in futures_util::future::join_all(publishing).await {
        published.unwrap();
    }
    assert!(queue.counts().returned > 0, "{queue:?}");
    let mut seen = BTreeSet::new();
    for lane in [Lane::Explore, Lane::Verify] {
        let mut consumer = queue.subscribe(lane, hands(8)).await.unwrap();
        for _ in 0..20 {
            let delivery = next(&mut *consumer).await;
            seen.insert(delivery.body().to_vec());
            delivery.ack().await.unwrap();
        }
    }
    assert_eq!(seen.len(), 40, "none that came back counted as stored");
}

#[tokio::test]
async fn a_message_too_large_is_not_sent() {
    let Some(vhost) = rabbit::shared() else {
        return;
    };
    let small = AmqpSettings {
        max_body: 8,
        ..settings(&vhost)
    };
    let queue = connect(&small).await;
    let nine = Message::new(Digest::of(b"9"), *b"123456789");
    let error = queue
        .publish(Lane::Rollout, nine.clone())
        .await
        .unwrap_err();
    let expected = matches!(
        error,
        QueueError::TooLarge {
            bytes: 9,
            limit: 8,
            ..
        }
    );
    assert!(expected, "{error}");
    let wordy = message(1).with("note", "n".repeat(20_000));
    let error = queue.publish(Lane::Rollout, wordy).await.unwrap_err();
    assert!(matches!(error, QueueError::TooLarge { .. }), "{error}");
    // Another program of the fleet may allow more; it is not taken in either.
    let generous = connect(&settings(&vhost)).await;
    generous.publish(Lane::Rollout, nine.clone()).await.unwrap();
    let _consumer = queue.subscribe(Lane::Rollout, hands(1)).await.unwrap();
    until("it is in the dead lane", async || {
        !queue
            .dead(Lane::Rollout, 9, &|_| true)
            .await
            .unwrap()
            .is_empty()
    })
    .await;
    let dead = queue.dead(Lane::Rollout, 9, &|_| true).await.unwrap();
    assert_eq!(*dead[0].message, nine);
    assert!(dead[0].reason.contains("9 bytes"), "{}", dead[0].reason);
}

#[tokio::test]
async fn foreign_messages_go_to_the_dead_lane_and_the_consumer_goes_on() {
    let Some(vhost) = rabbit::shared() else {
        return;
    };
    let queue = connect(&settings(&vhost)).await;
    let mut consumer = queue.subscribe(Lane::Rollout, hands(2)).await.unwrap();
    let id = Digest::of(b"x");
    let long = "l".repeat(40_000);
    let odd = [
        "{}".to_owned(),
        r#"{"message_id":"seven"}"#.to_owned(),
        format!(r#"{{"message_id":"{id}","headers":{{"flag":true}}}}"#),
        format!(r#"{{"headers":{{"long":"{long}"}}}}"#),
    ];
    for properties in &odd {
        publish_foreign(&vhost, "t2t.v1.rollout", properties);
    }
    queue.publish(Lane::Rollout, message(1)).await.unwrap();
    let delivery = next(&mut *consumer).await;
    assert_eq!(delivery.message().id, message(1).id);
    delivery.ack().await.unwrap();
    until("all are dead", async || {
        queue.dead(Lane::Rollout, 9, &|_| true).await.unwrap().len() == odd.len()
    })
    .await;
    let dead = queue.dead(Lane::Rollout, 9, &|_| true).await.unwrap();
    for part in ["no message_id", "`seven`", "`flag`", "too long to keep"] {
        let told = dead.iter().any(|letter| letter.reason.contains(part));
        assert!(told, "no `{part}` in {dead:?}");
    }
    for letter in &dead {
        assert_eq!(&*letter.message.body, b"hello");
    }
    assert_eq!(queue.counts().foreign, odd.len() as u64);
    until("the lane is empty", async || {
        queue.ready(Lane::Rollout).await.unwrap() == 0
    })
    .await;
}

#[tokio::test]
async fn a_delay_beyond_the_last_rung_takes_several() {
    let Some(vhost) = rabbit::shared() else {
        return;
    };
    let short = AmqpSettings {
        rungs: vec![Duration::from_millis(200), Duration::from_millis(400)],
        ..settings(&vhost)
    };
    let queue = connect(&short).await;
    let mut consumer = queue.subscribe(Lane::Verify, hands(1)).await.unwrap();
    queue.publish(Lane::Verify, message(1)).await.unwrap();
    let delay = Duration::from_millis(1300);
    let start = std::time::Instant::now();
    next(&mut *consumer).await.retry(delay).await.unwrap();
    let again = next(&mut *consumer).await;
    assert!(start.elapsed() >= delay, "{:?}", start.elapsed());
    assert_eq!(again.message().as_ref(), &message(1));
    again.ack().await.unwrap();
}

#[tokio::test]
async fn one_of_two_coordinators_gets_the_outcomes() {
    let Some(vhost) = rabbit::shared() else {
        return;
    };
    let lane = Lane::Outcomes(Instance([1; 8]));
    let queue = connect(&settings(&vhost)).await;
    let mut first = queue.subscribe(lane, hands(1)).await.unwrap();
    let mut second = queue.subscribe(lane, hands(1)).await.unwrap();
    for number in 0..4 {
        queue.publish(lane, message(number)).await.unwrap();
        next(&mut *first).await.ack().await.unwrap();
    }
    drop(first);
    queue.publish(lane, message(9)).await.unwrap();
    let delivery = next(&mut *second).await;
    assert_eq!(delivery.message().id, message(9).id);
    delivery.ack().await.unwrap();
}

#[tokio::test]
async fn a_broken_connection_loses_deliveries_in_hand_and_nothing_else() {
    let Some(vhost) = rabbit::shared() else {
        return;
    };
    let queue = connect(&settings(&vhost)).await;
    let mut consumer = queue.subscribe(Lane::Rollout, hands(1)).await.unwrap();
    queue.publish(Lane::Rollout, message(1)).await.unwrap();
    let held = next(&mut *consumer).await;
    until("the broker has ended both connections", async || {
        vhost.end_connections() >= 2
    })
    .await;
    let again = next(&mut *consumer).await;
    assert_eq!(again.message().id, message(1).id);
    let error = held.ack().await.unwrap_err().error;
    assert!(matches!(error, QueueError::Lost(Lane::Rollout)), "{error}");
    again.ack().await.unwrap();
    queue.publish(Lane::Rollout, message(2)).await.unwrap();
    next(&mut *consumer).await.ack().await.unwrap();
    let counts = queue.counts();
    assert_eq!(counts.lost, 1);
    assert!(counts.reconnects >= 1, "{counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_broker_loses_nothing_under_load() {
    let Some(mut node) = Node::start() else {
        return;
    };
    let vhost = node.vhost();
    let roomy = AmqpSettings {
        capacity: 100_000,
        ..settings(&vhost)
    };
    let queue = Arc::new(connect(&roomy).await);
    // The queues are there and on disk before anything is killed.
    queue.publish(Lane::Rollout, message(0)).await.unwrap();
    node.sync_tables();
    let count = 4000_u32;
    let publisher = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move {
            use futures_util::StreamExt;
            futures_util::stream::iter(0..count)
                .map(|number| queue.publish(Lane::Rollout, message(number)))
                .buffer_unordered(200)
                .for_each(async |published| published.unwrap())
                .await;
        }
    });
    let (told, mut progress) = tokio::sync::watch::channel(0_usize);
    let taker = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move {
            let mut consumer = queue.subscribe(Lane::Rollout, hands(100)).await.unwrap();
            let mut acked = BTreeSet::new();
            while acked.len() < count as usize {
                let delivery = next(&mut *consumer).await;
                let body: [u8; 4] = delivery.body().try_into().unwrap();
                if delivery.ack().await.is_ok() {
                    acked.insert(u32::from_le_bytes(body));
                }
                told.send_replace(acked.len());
            }
        }
    });
    for share in [4, 2] {
        let enough = count as usize / share;
        progress.wait_for(|acked| *acked >= enough).await.unwrap();
        node = tokio::task::spawn_blocking(move || {
            node.kill();
            node.restart();
            node
        })
        .await
        .unwrap();
    }
    publisher.await.unwrap();
    taker.await.unwrap();
    assert!(queue.counts().reconnects >= 2, "{queue:?}");
    queue.close().await;
    drop(vhost);
}

/// A broker writes down within minutes which queues it has. One that is killed before that, and has no
/// peer that knows, comes back with queues that nobody leads. Evidence of that is gathered for a shorter while
/// here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_nobody_leads_is_made_again() {
    let Some(mut node) = Node::start() else {
        return;
    };
    let vhost = node.vhost();
    let hasty = AmqpSettings {
        unled_after: Duration::from_secs(2),
        ..settings(&vhost)
    };
    let queue = connect(&hasty).await;
    let mut consumer = queue.subscribe(Lane::Explore, hands(4)).await.unwrap();
    queue.publish(Lane::Explore, message(1)).await.unwrap();
    next(&mut *consumer).await.ack().await.unwrap();
    node.kill();
    node.restart();
    let (published, again) = tokio::join!(
        queue.publish(Lane::Explore, message(2)),
        next(&mut *consumer)
    );
    published.unwrap();
    assert_eq!(again.message().id, message(2).id);
    again.ack().await.unwrap();
    drop(vhost);
}
