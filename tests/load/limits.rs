//! Limits that a plan sets for a model, with four workers that would ask faster: how many requests, and how
//! many tokens, any minute holds, and how many requests there are at once.

use std::collections::VecDeque;
use std::thread::sleep;
use std::time::{Duration, Instant};

use harness::endpoint::Stats;
use harness::fleet::Programs;

use crate::stage::Stage;
use crate::{Asked, Figure};

const WORKERS: usize = 4;
const SLOTS: usize = 50;
const TASKS: usize = 50;
const TRIALS: usize = 4;
/// What requests take where they are limited, and where tokens are.
const LATENCY: [Duration; 2] = [Duration::from_millis(500), Duration::from_millis(100)];
const REQUESTS: u32 = 600;
const AT_ONCE: u32 = 8;
const TOKENS: u32 = 1_500_000;
const MINUTE: Duration = Duration::from_secs(60);
/// For how long it is watched, and how often it is looked.
const WATCHED: Duration = Duration::from_secs(130);
const GLANCE: Duration = Duration::from_millis(50);

pub(crate) fn measure(programs: Programs) -> Option<Vec<Figure>> {
    let mut figures = requests(programs)?;
    figures.extend(tokens(programs)?);
    Some(figures)
}

fn requests(programs: Programs) -> Option<Vec<Figure>> {
    let limits = format!("requests_per_minute = {REQUESTS}\nconcurrency = {AT_ONCE}\n");
    let mut stage = Stage::open(programs, TASKS, LATENCY[0], &limits)?;
    let minutes = watched(&mut stage, |stats| stats.requests);
    println!(
        "limits: {WORKERS} workers, {SLOTS} slots each; {REQUESTS} requests a minute and {AT_ONCE} at once are allowed"
    );
    let [fullest, last] = minutes.by(REQUESTS);
    let most = stage.endpoint.stats().most_in_flight;
    Some(vec![
        at_most(
            "requests in the fullest minute, by the limit",
            fullest,
            1.02,
        ),
        at_least("requests in the last minute, by the limit", last, 0.98),
        at_most(
            "requests at once, by the limit",
            most as f64 / f64::from(AT_ONCE),
            1.0,
        ),
    ])
}

fn tokens(programs: Programs) -> Option<Vec<Figure>> {
    let limits = format!("tokens_per_minute = {TOKENS}\n");
    let mut stage = Stage::open(programs, TASKS, LATENCY[1], &limits)?;
    let minutes = watched(&mut stage, |stats| stats.input_tokens + stats.output_tokens);
    println!(
        "limits: {WORKERS} workers, {SLOTS} slots each; {TOKENS} tokens a minute are allowed, {} a request were used",
        minutes.all / stage.endpoint.stats().answered.max(1)
    );
    let [fullest, last] = minutes.by(TOKENS);
    Some(vec![
        at_most("tokens in the fullest minute, by the limit", fullest, 1.02),
        at_least("tokens in the last minute, by the limit", last, 0.98),
    ])
}

/// How much of something a minute held.
struct Minutes {
    fullest: u64,
    last: u64,
    all: u64,
}

impl Minutes {
    /// The fullest and the last one, by a limit.
    fn by(&self, limit: u32) -> [f64; 2] {
        [self.fullest, self.last].map(|count| count as f64 / f64::from(limit))
    }
}

/// Watches an evaluation for a while, and ends it.
fn watched(stage: &mut Stage, count: impl Fn(&Stats) -> u64) -> Minutes {
    let _workers = stage.workers(WORKERS, SLOTS);
    let (mut run, began) = stage.evaluation(TRIALS, "out");
    let mut seen = VecDeque::new();
    let mut minutes = Minutes {
        fullest: 0,
        last: 0,
        all: 0,
    };
    while began.elapsed() < WATCHED {
        let now = Instant::now();
        minutes.all = count(&stage.endpoint.stats());
        seen.push_back((now, minutes.all));
        while seen.front().is_some_and(|(then, _)| now - *then > MINUTE) {
            seen.pop_front();
        }
        minutes.last = minutes.all - seen.front().map_or(0, |(_, before)| *before);
        minutes.fullest = minutes.fullest.max(minutes.last);
        sleep(GLANCE);
    }
    assert!(
        run.runs(),
        "the work was over before it was measured: {}",
        run.printed()
    );
    run.kill();
    minutes
}

fn at_most(name: &'static str, value: f64, most: f64) -> Figure {
    figure(name, value, Asked::Most(most))
}

fn at_least(name: &'static str, value: f64, least: f64) -> Figure {
    figure(name, value, Asked::Least(least))
}

fn figure(name: &'static str, value: f64, asked: Asked) -> Figure {
    Figure {
        name,
        value,
        unit: "x",
        asked,
    }
}
