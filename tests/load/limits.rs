//! Limits that a plan sets for a model, with four workers that would ask faster: how many requests any minute
//! holds, and how many at once.

use std::collections::VecDeque;
use std::thread::sleep;
use std::time::{Duration, Instant};

use harness::fleet::Programs;

use crate::stage::Stage;
use crate::{Asked, Figure};

const WORKERS: usize = 4;
const SLOTS: usize = 50;
const TASKS: usize = 50;
const TRIALS: usize = 4;
const LATENCY: Duration = Duration::from_millis(500);
const PER_MINUTE: u32 = 600;
const AT_ONCE: u32 = 8;
const MINUTE: Duration = Duration::from_secs(60);
/// For how long it is watched, and how often it is looked.
const WATCHED: Duration = Duration::from_secs(130);
const GLANCE: Duration = Duration::from_millis(50);

pub(crate) fn measure(programs: Programs) -> Option<Vec<Figure>> {
    let limits = format!("requests_per_minute = {PER_MINUTE}\nconcurrency = {AT_ONCE}\n");
    let mut stage = Stage::open(programs, TASKS, LATENCY, &limits)?;
    let _workers = stage.workers(WORKERS, SLOTS);
    let (mut run, began) = stage.evaluation(TRIALS, "out");
    let mut seen = VecDeque::new();
    let (mut most, mut last) = (0, 0);
    while began.elapsed() < WATCHED {
        let (now, requests) = (Instant::now(), stage.endpoint.stats().requests);
        seen.push_back((now, requests));
        while seen.front().is_some_and(|(then, _)| now - *then > MINUTE) {
            seen.pop_front();
        }
        last = requests - seen.front().map_or(0, |(_, requests)| *requests);
        most = most.max(last);
        sleep(GLANCE);
    }
    assert!(
        run.runs(),
        "the work was over before it was measured: {}",
        run.printed()
    );
    run.kill();
    let stats = stage.endpoint.stats();
    println!(
        "limits: {WORKERS} workers, {SLOTS} slots each; {PER_MINUTE} requests a minute and {AT_ONCE} at once are allowed"
    );
    let by_limit = |requests: u64| requests as f64 / f64::from(PER_MINUTE);
    Some(vec![
        Figure {
            name: "requests in the fullest minute, by the limit",
            value: by_limit(most),
            unit: "x",
            asked: Asked::Most(1.02),
        },
        Figure {
            name: "requests in the last minute, by the limit",
            value: by_limit(last),
            unit: "x",
            asked: Asked::Least(0.98),
        },
        Figure {
            name: "requests at once, by the limit",
            value: stats.most_in_flight as f64 / f64::from(AT_ONCE),
            unit: "x",
            asked: Asked::Most(1.0),
        },
    ])
}
