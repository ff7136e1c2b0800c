//! A ledger on a disk that is full.

use std::num::NonZeroUsize;
use std::pin::pin;

use proto::digest::Digest;
use proto::outcome::Outcome;
use proto::queue::MemoryQueue;
use tokio::time::timeout;
use worker::process::metrics::Part;

use super::*;
use crate::archive::new_run;
use crate::plan::identity::Identity;
use crate::run::Progress;
use crate::world;

/// Jobs in flight, and answers of one group.
const WINDOW: usize = 40;
/// Longer than a coordinator needs for all that it can do.
const WHILE: Duration = Duration::from_secs(60);

/// Does not look.
struct Nobody;

impl Watch for Nobody {
    fn progress(&mut self, _: Progress) {}
}

fn course() -> (Course, Arc<dyn Domain>) {
    let plan = Plan {
        domain: "tickets".to_owned(),
        tasks: WINDOW as u32,
        ..Plan::default()
    };
    let domain = world::domain(&plan).unwrap();
    let run = Identity::of(&plan, domain.base()).run();
    let layout = Layout::new(&plan, &domain);
    (Course::new(run, plan, layout), domain)
}

/// The answer to a job, which hardly compresses: a group of them is more than the ledger keeps back.
fn answer(job: JobId, stage: proto::job::Stage) -> Message {
    let digest = |number: u32| Digest::of(&[&job.0.0[..], &number.to_le_bytes()].concat());
    let words: String = (0..2_000)
        .map(|number| digest(number).to_string())
        .collect();
    let outcome = Outcome::failed(job, stage, words);
    Message::new(job.0, wire::encode(Kind::Outcome, &outcome).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_fills_within_a_group_is_waited_for_until_the_run_is_to_stop() {
    let (course, domain) = course();
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    ledger.room = Some(0);
    let options = Options {
        persistent: true,
        finish_in_flight: false,
        ..Options::embedded(&*domain, WINDOW, Metrics::new(Part::Coordinator))
    };
    let queue = MemoryQueue::default();
    let lane = Lane::Outcomes(options.instance);
    let mut asking = new_run(&course, WINDOW);
    let mut bytes = 0;
    while let Some(ask) = asking.ask() {
        let answer = answer(course.job(&ask), ask.stage);
        bytes += answer.body.len();
        queue.publish(lane, answer).await.unwrap();
    }
    assert!(
        bytes > 2 << 20,
        "{bytes} bytes are kept back until the commit"
    );
    let answers = queue.counts(lane).ready;
    let prefetch = NonZeroUsize::new(2 * WINDOW).unwrap();
    let mut outcomes = queue.subscribe(lane, prefetch).await.unwrap();
    let stop = CancellationToken::new();
    let connection = Arc::new(queue.connect());
    let run = new_run(&course, WINDOW);
    let dispatch = Dispatch::new(&course, run, ledger, None, connection, options);
    let mut watch = Nobody;
    {
        let carrying = dispatch.carry_out(&mut *outcomes, &mut watch, stop.clone());
        let mut carrying = pin!(carrying);
        let waits = timeout(WHILE, &mut carrying).await;
        assert!(waits.is_err(), "it did not wait for room: {waits:?}");
        stop.cancel();
        let ended = timeout(WHILE, carrying).await.expect("it ends");
        let error = ended.map(drop).unwrap_err();
        let full = matches!(error, DispatchError::Ledger(LedgerError::Io { .. }));
        assert!(full, "{error}");
    }
    let left = queue.counts(lane);
    assert_eq!(
        left.ready, answers,
        "what was not kept comes again: {left:?}"
    );
}
