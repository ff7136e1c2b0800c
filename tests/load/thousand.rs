//! A thousand conversations in one worker: whether they are held at once, over how many connections, what each
//! holds of its memory, and what a call costs it.

use std::time::Duration;

use harness::fleet::{Programs, wait};

use crate::process::{memory, processor};
use crate::stage::Stage;
use crate::{Asked, Figure};

const SLOTS: usize = 1000;
const TRIALS: usize = 4;
const LATENCY: Duration = Duration::from_secs(2);

pub(crate) fn measure(programs: Programs) -> Option<Vec<Figure>> {
    let mut stage = Stage::open(programs, SLOTS / TRIALS, LATENCY, "")?;
    let workers = stage.workers(1, SLOTS);
    let worker = &workers[0];
    let (idle, before) = (memory(worker), processor(worker));
    let (mut run, _) = stage.evaluation(TRIALS, "out");
    wait("the episodes to be over", &[], || !run.runs());
    let stats = stage.endpoint.stats();
    let calls = stats.requests as f64;
    println!(
        "thousand: one worker, {SLOTS} slots; {} calls in flight at most, {calls:.0} in all; {idle:.0} MB before, {:.0} MB at most",
        stats.most_in_flight,
        memory(worker)
    );
    Some(vec![
        Figure {
            name: "calls in flight at most, by the slots",
            value: stats.most_in_flight as f64 / SLOTS as f64,
            unit: "x",
            asked: Asked::Least(0.95),
        },
        Figure {
            name: "connections of the worker to its broker",
            value: stage.connections() as f64,
            unit: "",
            asked: Asked::Most(2.0),
        },
        Figure {
            name: "memory of a conversation",
            value: (memory(worker) - idle) * 1024.0 / SLOTS as f64,
            unit: "KB",
            asked: Asked::Most(250.0),
        },
        Figure {
            name: "processor time of a model call in the worker",
            value: (processor(worker) - before) / calls,
            unit: "ms",
            asked: Asked::Most(1.0),
        },
    ])
}
