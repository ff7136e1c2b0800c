//! As many equal episodes as the fleet has slots, all begun at once: how long the slowest takes beside the
//! one in the middle, and what a call costs its worker.

use std::thread::sleep;
use std::time::{Duration, Instant};

use harness::fleet::{Member, Programs};

use crate::process::{memory, processor};
use crate::stage::Stage;
use crate::{Asked, Figure};

const WORKERS: usize = 4;
const SLOTS: usize = 250;
const TRIALS: usize = 4;
const LATENCY: Duration = Duration::from_secs(1);
/// How often it is looked how many episodes are over.
const GLANCE: Duration = Duration::from_millis(100);

pub(crate) fn measure(programs: Programs) -> Option<Vec<Figure>> {
    let episodes = WORKERS * SLOTS;
    let mut stage = Stage::open(programs, episodes / TRIALS, LATENCY, "")?;
    let workers = stage.workers(WORKERS, SLOTS);
    let before: Vec<f64> = workers.iter().map(processor).collect();
    let (mut run, began) = stage.evaluation(TRIALS, "out");
    let ends = ends(&mut run, began, episodes);
    let calls = stage.endpoint.stats().requests as f64;
    let used = |(worker, before): (&Member, &f64)| processor(worker) - before;
    let processor: f64 = workers.iter().zip(&before).map(used).sum();
    let memory = workers.iter().map(memory).fold(0.0, f64::max);
    println!(
        "fairness: {WORKERS} workers, {SLOTS} slots each, {episodes} episodes of {:.0} calls; median {:.1} s, slowest {:.1} s",
        calls / episodes as f64,
        ends[episodes / 2].as_secs_f64(),
        ends[episodes - 1].as_secs_f64()
    );
    let slowest = ends[episodes - 1].as_secs_f64() / ends[episodes / 2].as_secs_f64();
    Some(vec![
        Figure {
            name: "slowest episode by the one in the middle",
            value: slowest,
            unit: "x",
            asked: Asked::Most(2.0),
        },
        Figure {
            name: "most memory of a worker",
            value: memory,
            unit: "MB",
            asked: Asked::Most(300.0),
        },
        Figure {
            name: "processor time of a model call in the worker",
            value: processor / calls,
            unit: "ms",
            asked: Asked::Most(1.0),
        },
    ])
}

/// When each episode was over, from the begin of all, in order.
fn ends(run: &mut Member, began: Instant, episodes: usize) -> Vec<Duration> {
    let mut ends = Vec::with_capacity(episodes);
    while ends.len() < episodes {
        let over = match run.runs() {
            true => run
                .progress()
                .and_then(|progress| progress["rollouts"].as_u64()),
            false => Some(episodes as u64),
        };
        let over = over.map_or(ends.len(), |over| over as usize);
        ends.resize(over.max(ends.len()), began.elapsed());
        sleep(GLANCE);
    }
    ends
}
