//! Traces across processes: the headers of a message carry them, and a collector sees one trace.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use harness::collector::{Collector, Seen};
use proto::digest::Digest;
use proto::queue::{Delivery, MemoryQueue, MemorySettings, Message, Queue};
use proto::topology::Lane;
use tracing::instrument::WithSubscriber as _;
use tracing::{Dispatch, Instrument as _};
use worker::process::telemetry::spans::{Settling, System};
use worker::process::telemetry::{Export, FLUSH, Settings, Telemetry, spans};

const LANE: Lane = Lane::Rollout;
/// More than a flush ever takes when the other side answers.
const LONG: Duration = Duration::from_secs(60);

fn process(service: &'static str, endpoint: &str, ratio: f64) -> Telemetry {
    let mut settings = Settings::new(service, "off");
    settings.export = Some(Export {
        endpoint: endpoint.parse().unwrap(),
        ratio,
    });
    Telemetry::to(&settings, std::io::sink).unwrap()
}

/// Publishes a message as a coordinator does.
async fn publish(queue: &dyn Queue) {
    let mut message = Message::new(Digest::of(b"job"), *b"body");
    let span = spans::publish(System::Memory, LANE, &mut message);
    queue.publish(LANE, message).instrument(span).await.unwrap();
}

/// Takes a message and works on it as a worker does: asks a model, and fails or settles.
async fn work(queue: &dyn Queue, fail: bool) {
    let delivery = next(queue).await;
    let span = spans::process(System::Memory, &delivery);
    async {
        let chat = spans::chat("openai", "m-1");
        spans::used(&chat, "m-1-0425", 7, 2);
        drop(chat);
        if fail {
            spans::failed(&tracing::Span::current(), "the model is gone");
            drop(delivery);
            return;
        }
        let settle = spans::settle(System::Memory, &delivery, Settling::Ack);
        delivery.ack().instrument(settle).await.unwrap();
    }
    .instrument(span)
    .await;
}

async fn next(queue: &dyn Queue) -> Delivery {
    let mut consumer = queue.subscribe(LANE, NonZeroUsize::MIN).await.unwrap();
    consumer.next().await.unwrap().unwrap()
}

/// Runs something as the process whose telemetry it is.
async fn as_process<T>(dispatch: &Dispatch, work: impl Future<Output = T>) -> T {
    work.with_subscriber(dispatch.clone()).await
}

fn queue() -> Arc<dyn Queue> {
    Arc::new(MemoryQueue::new(MemorySettings::default()))
}

fn run(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    runtime.block_on(work);
}

fn named<'s>(spans: &'s [Seen], name: &str) -> Vec<&'s Seen> {
    spans.iter().filter(|span| span.name == name).collect()
}

#[test]
fn one_trace_spans_two_processes() {
    let collector = Collector::start();
    let coordinator = process("t2t", collector.endpoint(), 1.0);
    let worker = process("t2t-worker", collector.endpoint(), 1.0);
    let queue = queue();
    run(async {
        as_process(coordinator.dispatch(), publish(&*queue)).await;
        as_process(worker.dispatch(), work(&*queue, false)).await;
    });
    assert!(coordinator.finish(LONG) && worker.finish(LONG));
    let spans = collector.spans();
    let [publish] = named(&spans, "publish rollout")[..] else {
        panic!("{spans:#?}")
    };
    let [process] = named(&spans, "process rollout")[..] else {
        panic!("{spans:#?}")
    };
    let [chat] = named(&spans, "chat m-1")[..] else {
        panic!("{spans:#?}")
    };
    let [ack] = named(&spans, "ack rollout")[..] else {
        panic!("{spans:#?}")
    };
    assert_eq!(spans.len(), 4, "{spans:#?}");
    assert!(
        spans.iter().all(|span| span.trace == publish.trace),
        "{spans:#?}"
    );
    let family = [publish, process, chat, ack]
        .map(|span| (span.service.as_str(), span.kind, span.parent.as_str()));
    assert_eq!(
        family,
        [
            ("t2t", 4, ""),
            ("t2t-worker", 5, publish.id.as_str()),
            ("t2t-worker", 3, process.id.as_str()),
            ("t2t-worker", 3, process.id.as_str()),
        ]
    );
    for (span, key, value) in [
        (publish, "messaging.system", "memory"),
        (publish, "messaging.operation.type", "send"),
        (process, "messaging.destination.name", "t2t.v1.rollout"),
        (process, "messaging.message.body.size", "4"),
        (ack, "messaging.operation.name", "ack"),
        (chat, "gen_ai.response.model", "m-1-0425"),
        (chat, "gen_ai.usage.input_tokens", "7"),
    ] {
        let found = span.attributes.get(key).map(String::as_str);
        assert_eq!(found, Some(value), "{key} of {span:#?}");
    }
    let id = Digest::of(b"job").to_string();
    assert_eq!(process.attributes["messaging.message.id"], id);
}

#[test]
fn a_redelivery_begins_a_trace_linked_to_the_first() {
    let collector = Collector::start();
    let telemetry = process("t2t", collector.endpoint(), 1.0);
    let queue = queue();
    run(as_process(telemetry.dispatch(), async {
        publish(&*queue).await;
        work(&*queue, true).await;
        work(&*queue, false).await;
    }));
    assert!(telemetry.finish(LONG));
    let spans = collector.spans();
    let [publish] = named(&spans, "publish rollout")[..] else {
        panic!("{spans:#?}")
    };
    let [first, second] = named(&spans, "process rollout")[..] else {
        panic!("{spans:#?}")
    };
    assert_eq!((&first.trace, &first.parent), (&publish.trace, &publish.id));
    assert_eq!(first.error.as_deref(), Some("the model is gone"));
    assert!(first.links.is_empty(), "{first:#?}");
    assert_ne!(second.trace, publish.trace);
    assert_eq!((second.parent.as_str(), &second.error), ("", &None));
    assert_eq!(second.links, [(publish.trace.clone(), publish.id.clone())]);
    assert_eq!(second.attributes["t2t.redeliveries"], "1");
}

#[test]
fn a_trace_that_was_not_kept_where_it_began_is_kept_nowhere() {
    let collector = Collector::start();
    let coordinator = process("t2t", collector.endpoint(), 0.0);
    let worker = process("t2t-worker", collector.endpoint(), 1.0);
    let queue = queue();
    run(async {
        as_process(coordinator.dispatch(), publish(&*queue)).await;
        as_process(worker.dispatch(), work(&*queue, false)).await;
    });
    assert!(coordinator.finish(LONG) && worker.finish(LONG));
    assert_eq!(collector.spans(), []);
}

#[test]
fn a_collector_that_never_answers_does_not_hold_a_process_up() {
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", deaf.local_addr().unwrap());
    let telemetry = process("t2t", &endpoint, 1.0);
    let queue = queue();
    run(as_process(telemetry.dispatch(), publish(&*queue)));
    let began = std::time::Instant::now();
    assert!(
        !telemetry.finish(Duration::from_millis(50)),
        "nobody took the span"
    );
    assert!(began.elapsed() < FLUSH, "{:?}", began.elapsed());
}
