//! Answers that come before they are asked for: a predecessor published their jobs.

use coordinator::dispatch::GROUP;
use proto::queue::{Consumer, Message};
use proto::store::Shared;
use tokio::time::{sleep, timeout};

use super::*;

/// Longer than any wait for a broker or a worker.
const LONG: Duration = Duration::from_secs(60 * 60);

/// An answer to a job that no coordinator here asks for.
fn stranger(number: u64) -> Message {
    Message::new(Digest::of(&number.to_le_bytes()), b"?".to_vec())
}

#[tokio::test(start_paused = true)]
async fn a_small_window_inherits_more_answers_than_it_can_hold() {
    let domain = world::domain(&plan()).unwrap();
    let course = course(&domain);
    let dir = TempDir::new().unwrap();
    let waiting = 2 * fleet::prefetch(1).get();
    assert!(waiting > 4 * GROUP);
    let queue = MemoryQueue::new(MemorySettings {
        capacity: 2 * waiting,
        ..MemorySettings::default()
    });
    let lane = Lane::Outcomes(Home(dir.path().to_owned()).instance().unwrap());
    for number in 0..waiting as u64 {
        queue.publish(lane, stranger(number)).await.unwrap();
    }
    let stop = Stop::default();
    let crew = tokio::spawn(working(
        &queue,
        InProcess::new(Worlds::only(Arc::clone(&domain)), 1),
        NonZeroUsize::MIN,
        &stop,
    ));
    let services = Services {
        queue: Arc::new(queue),
        shared: Shared::in_memory(1 << 20),
        metrics: Metrics::new(Part::Coordinator),
    };
    let terms = Terms { window: 1, ..TERMS };
    let carried = with_a_fleet(&course, &*domain, dir.path(), &services, terms);
    timeout(LONG, carried).await.expect("it does not hang");
    stop.drain.cancel();
    crew.await.unwrap().unwrap();
}

/// Takes the only message of a lane; how often it was lost before.
async fn lost(outcomes: &mut dyn Consumer) -> u32 {
    let delivery = outcomes.next().await.unwrap().unwrap();
    let redeliveries = delivery.redeliveries();
    delivery.ack().await.unwrap();
    redeliveries
}

#[tokio::test(start_paused = true)]
async fn an_early_answer_is_not_held_until_the_broker_loses_its_patience() {
    let domain = world::domain(&plan()).unwrap();
    let course = course(&domain);
    let dir = TempDir::new().unwrap();
    let queue = MemoryQueue::new(MemorySettings::default());
    let options = Options {
        finish_in_flight: false,
        ..Options::embedded(&*domain, WINDOW, Metrics::new(Part::Coordinator))
    };
    let lane = Lane::Outcomes(options.instance);
    queue.publish(lane, stranger(1)).await.unwrap();
    let mut outcomes = queue.subscribe(lane, NonZeroUsize::MIN).await.unwrap();
    let ledger = Ledger::open(dir.path()).unwrap();
    let (run, connection) = (new_run(&course, WINDOW), Arc::new(queue.connect()));
    let dispatch = Dispatch::new(&course, run, ledger, None, connection, options);
    let stop = CancellationToken::new();
    let stopping = async {
        sleep(Duration::from_secs(25 * 60)).await;
        stop.cancel();
    };
    let mut watch = Nobody;
    let carrying = dispatch.carry_out(&mut *outcomes, &mut watch, stop.clone());
    let (carried, ()) = tokio::join!(carrying, stopping);
    drop(carried.unwrap());
    // Twice it was let go of, and once at the end.
    assert_eq!(lost(&mut *outcomes).await, 3);
}
