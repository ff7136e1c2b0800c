//! The same work for one, two and four workers: how many calls are in flight at the endpoint, on average.

use std::thread::sleep;
use std::time::Duration;

use harness::fleet::Programs;

use crate::stage::Stage;
use crate::{Asked, Figure};

const SLOTS: usize = 10;
const LATENCY: Duration = Duration::from_millis(200);
const TASKS: usize = 40;
const TRIALS: usize = 4;
/// Until all slots have begun.
const BEFORE: Duration = Duration::from_secs(1);
/// Looks at the calls in flight, and how often.
const GLANCES: u32 = 200;
const GLANCE: Duration = Duration::from_millis(15);

pub(crate) fn measure(programs: Programs) -> Option<Vec<Figure>> {
    let mut stage = Stage::open(programs, TASKS, LATENCY, "")?;
    let [one, two, four] = [1, 2, 4].map(|workers| in_flight(&mut stage, workers));
    println!("growth: {SLOTS} slots a worker; calls in flight {one:.1}, {two:.1}, {four:.1}");
    let growth = |name, value, least| Figure {
        name,
        value,
        unit: "x",
        asked: Asked::Least(least),
    };
    Some(vec![
        growth("calls in flight, two workers by one", two / one, 1.9),
        growth("calls in flight, four workers by one", four / one, 3.6),
    ])
}

/// Calls in flight on average while so many workers have work.
fn in_flight(stage: &mut Stage, count: usize) -> f64 {
    let _workers = stage.workers(count, SLOTS);
    let (mut run, _) = stage.evaluation(TRIALS, &format!("out-{count}"));
    sleep(BEFORE);
    let glance = |_| {
        sleep(GLANCE);
        stage.endpoint.stats().in_flight
    };
    let seen: u64 = (0..GLANCES).map(glance).sum();
    assert!(
        run.runs(),
        "the work was over before it was measured: {}",
        run.printed()
    );
    run.kill();
    seen as f64 / f64::from(GLANCES)
}
