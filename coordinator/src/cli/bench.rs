//! `t2t bench`: speed, beside the floors the project holds itself to.
//!
//! What is counted is the processor time of this one thread where the system tells it, so that a busy
//! machine does not blur the figures, and wall time elsewhere. `fleet` alone is about many threads and a
//! broker, so wall time is what it counts, beside the same work done in the same minutes without us.

mod figures;
mod fleet;
mod restore;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use clap::{Args, ValueEnum};
use proto::digest::Digest;
use proto::ids::RunId;
use proto::seed::Seed;
use worker::domains::Domain;
use worker::domains::retail::state::{Base, World};
use worker::domains::retail::{Retail, workload as calls};
use worker::environment::Environment as _;
use worker::services::Services;
use worker::workload::{self, Proposed, Proven};

use self::figures::{Bound, Figure, as_json, table};
use super::End;
use super::progress::{print, say};
use crate::plan::cells::Layout;
use crate::plan::{Plan, WorldPlan};
use crate::world;

/// Arguments of `t2t bench`.
#[derive(Debug, Args)]
#[command(after_help = "\
calls     tool calls, 60 % reads, 25 % writes, 15 % errors; every result text is made anew
state     copy of a decoded world, ten changes by tool calls, state id; at 1,000 and 1,000,000 orders
proofs    tasks proven in full, rejected drafts' time included
episodes  conversations of the gold agent with the agenda user, rules checked at every call
pipeline  from cell to proven task with its episodes by gold and noisy:0.2, two trials each
restore   a changed world from the cache, its base at hand; needs --cache
fleet     jobs without work through broker and ledger, beside the client library alone; needs --broker
all       all of them, the last two where their service is named")]
pub(super) struct Arguments {
    /// What to measure
    #[arg(value_enum, default_values_t = [What::All])]
    what: Vec<What>,
    /// Seconds per measurement
    #[arg(long, value_name = "S", default_value = "3", value_parser = span)]
    seconds: Duration,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    fleet: fleet::Measure,
    #[command(flatten)]
    services: Services,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    Calls,
    State,
    Proofs,
    Episodes,
    Pipeline,
    Restore,
    Fleet,
    All,
}

fn span(seconds: &str) -> Result<Duration, String> {
    let seconds = seconds.parse().ok();
    let within = seconds.filter(|seconds| *seconds > 0.0 && *seconds <= 3600.0);
    let within = within.ok_or("give more than 0 and at most 3600")?;
    Ok(Duration::from_secs_f64(within))
}

pub(super) fn bench(arguments: &Arguments) -> anyhow::Result<End> {
    let span = arguments.seconds;
    let wanted = |what| arguments.what.contains(&what) || arguments.what.contains(&What::All);
    let mut figures = Vec::new();
    if wanted(What::Calls) {
        say("calls: 500 episodes of 20 calls");
        figures.push(tool_calls(span)?);
    }
    if wanted(What::State) {
        figures.extend(states(span)?);
    }
    if wanted(What::Proofs) || wanted(What::Episodes) || wanted(What::Pipeline) {
        let shop = Shop::new()?;
        if wanted(What::Proofs) {
            figures.extend(shop.proofs(span));
        }
        if wanted(What::Episodes) {
            figures.push(shop.episodes(span)?);
        }
        if wanted(What::Pipeline) {
            figures.push(shop.pipeline(span)?);
        }
    }
    let all = arguments.what.contains(&What::All);
    let services = &arguments.services;
    if arguments.what.contains(&What::Restore) || all && services.cache.is_some() {
        say("restore: a changed world from the cache");
        figures.extend(restore::figures(span, services)?);
    }
    let mut over_a_broker = Vec::new();
    if arguments.what.contains(&What::Fleet) || all && services.broker.is_some() {
        say("fleet: jobs without work over the broker");
        over_a_broker = fleet::figures(&arguments.fleet, services)?;
    }
    if arguments.json {
        figures.extend(over_a_broker);
        print(&as_json(&figures));
        return Ok(End::Done);
    }
    for (clock, figures) in [
        (format!("one thread, {}", clock()), figures),
        ("all threads, wall time".to_owned(), over_a_broker),
    ] {
        if !figures.is_empty() {
            print(&table(&clock, &figures));
        }
    }
    Ok(End::Done)
}

/// Processor time of this thread, or wall time.
struct Stopwatch {
    wall: Instant,
    processor: Option<u64>,
}

impl Stopwatch {
    fn start() -> Self {
        Self {
            wall: Instant::now(),
            processor: on_processor(),
        }
    }

    fn read(&self) -> Duration {
        match (self.processor, on_processor()) {
            (Some(began), Some(now)) => Duration::from_nanos(now - began),
            _ => self.wall.elapsed(),
        }
    }
}

/// Nanoseconds that this thread was on a processor, where Linux tells it.
fn on_processor() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// What [`Stopwatch`] counts.
fn clock() -> &'static str {
    if on_processor().is_some() {
        "processor time"
    } else {
        "wall time"
    }
}

/// Repeats `round`, which says how much it did, for about this long; how much a second.
fn rate(span: Duration, mut round: impl FnMut() -> u64) -> f64 {
    round();
    let watch = Stopwatch::start();
    let mut done = 0;
    loop {
        done += round();
        let spent = watch.read();
        if spent >= span {
            return done as f64 / spent.as_secs_f64();
        }
    }
}

fn shop_of(orders: u32) -> anyhow::Result<Arc<Base>> {
    let plan = WorldPlan {
        orders,
        people: orders / 2,
        ..WorldPlan::default()
    };
    Ok(Arc::new(world::shop(&plan, 7)?))
}

fn tool_calls(span: Duration) -> anyhow::Result<Figure> {
    let base = shop_of(1000)?;
    let episodes = calls::episodes(&base, Seed::root(7), 500);
    let start = World::new(base);
    let mut bytes = 0_u64;
    let rate = rate(span, || {
        bytes += episodes
            .iter()
            .map(|episode| calls::run(&mut start.clone(), episode) as u64)
            .sum::<u64>();
        episodes.iter().map(|episode| episode.len() as u64).sum()
    });
    ensure!(bytes > 0, "the tools answered nothing");
    Ok(Figure::new(
        "tool calls",
        rate,
        "/s",
        Bound::Least(150_000.0),
        "60 % reads, 25 % writes, 15 % errors".to_owned(),
    ))
}

fn states(span: Duration) -> anyhow::Result<Vec<Figure>> {
    let mut measured = Vec::new();
    for orders in [1_000, 1_000_000] {
        say(&format!("state: a world of {orders} orders"));
        let base = shop_of(orders)?;
        let mut changed = World::new(Arc::clone(&base));
        calls::run(&mut changed, &calls::writes(&base, Seed::root(1), 3));
        let decoded = World::restore(Arc::clone(&base), &changed.delta())?;
        // Many different tens, so that no cache holds the records of one.
        let tens: Vec<Vec<calls::Call>> = (0..64)
            .map(|ten| calls::writes(&base, Seed::root(100 + ten), 10))
            .collect();
        let mut last = decoded.state_id();
        let rate = rate(span, || {
            for ten in &tens {
                let mut copy = decoded.clone();
                calls::run(&mut copy, ten);
                last = copy.state_id();
            }
            tens.len() as u64
        });
        ensure!(last != decoded.state_id(), "ten changes changed nothing");
        measured.push(1e6 / rate);
    }
    let (small, large) = (measured[0], measured[1]);
    let what = "copy, ten changes, state id".to_owned();
    Ok(vec![
        Figure::new(
            "state at 1,000 orders",
            small,
            "µs",
            Bound::Most(50.0),
            what.clone(),
        ),
        Figure::new("state at 1,000,000 orders", large, "µs", Bound::None, what),
        Figure::new(
            "state, large by small",
            large / small,
            "x",
            Bound::Most(2.0),
            String::new(),
        ),
    ])
}

/// A domain with drafts in the default mix, and those that were proven.
struct Shop {
    domain: Arc<dyn Domain>,
    layout: Layout,
    run: RunId,
    drafts: Vec<Proposed>,
    proven: Vec<Proven>,
}

/// Slots whose drafts are measured.
const SLOTS: u32 = 200;
/// Candidates tried for a draft of a slot.
const CANDIDATES: u16 = 10;

impl Shop {
    fn new() -> anyhow::Result<Self> {
        say(&format!("drafts of {SLOTS} slots in the default mix"));
        let plan = Plan::default();
        let domain: Arc<dyn Domain> = Arc::new(Retail::new(shop_of(1000)?));
        let layout = Layout::new(&plan, &domain);
        let run = RunId(Digest::of(b"t2t bench"));
        let drafts = workload::drafts(
            &*domain,
            run,
            (0..SLOTS).map(|slot| layout.cell(slot, 0)),
            CANDIDATES,
        );
        let proven: Vec<Proven> = drafts
            .iter()
            .filter_map(|draft| workload::prove(&*domain, draft))
            .collect();
        ensure!(!proven.is_empty(), "no draft was proven");
        Ok(Self {
            domain,
            layout,
            run,
            drafts,
            proven,
        })
    }

    fn proofs(&self, span: Duration) -> Vec<Figure> {
        let rate = rate(span, || {
            self.drafts
                .iter()
                .filter_map(|draft| workload::prove(&*self.domain, draft))
                .count() as u64
        });
        let (tasks, conversations) = (
            self.proven.len() as f64,
            self.proven
                .iter()
                .map(|proven| proven.conversations)
                .sum::<u64>() as f64,
        );
        let twins = self
            .proven
            .iter()
            .filter(|proven| proven.twin.is_some())
            .count();
        let note = format!(
            "{} of {} drafts admitted, {twins} with a proven twin",
            self.proven.len(),
            self.drafts.len()
        );
        let each = format!("{conversations} over {tasks} tasks, twins' included");
        vec![
            Figure::new("fully proven tasks", rate, "/s", Bound::Least(200.0), note),
            Figure::new(
                "conversations a proof ran",
                conversations / tasks,
                "",
                Bound::None,
                each,
            ),
            Figure::new(
                "conversations within proofs",
                rate * conversations / tasks,
                "/s",
                Bound::None,
                "of admitted tasks".to_owned(),
            ),
        ]
    }

    fn episodes(&self, span: Duration) -> anyhow::Result<Figure> {
        let mut trial = 0;
        let mut messages = 0;
        let rate = rate(span, || {
            trial += 1;
            messages = self
                .proven
                .iter()
                .map(|proven| workload::episode(&*self.domain, &proven.task, "gold", trial))
                .sum();
            self.proven.len() as u64
        });
        let note = format!(
            "gold with the agenda user, {:.1} messages each",
            messages as f64 / self.proven.len() as f64
        );
        Ok(Figure::new(
            "scripted episodes",
            rate,
            "/s",
            Bound::Least(5_000.0),
            note,
        ))
    }

    /// Every candidate of a slot until one is admitted, and its episodes.
    fn pipeline(&self, span: Duration) -> anyhow::Result<Figure> {
        let plan = Plan::default();
        let mut slot = 0;
        let rate = rate(span, || {
            let cell = self.layout.cell(slot, 0);
            slot += 1;
            let admit = |candidate| {
                workload::propose(&*self.domain, self.run, &cell, candidate)
                    .and_then(|draft| workload::prove(&*self.domain, &draft))
            };
            let Some(proven) = (0..plan.max_candidates).find_map(admit) else {
                return 0;
            };
            for task in std::iter::once(&proven.task).chain(&proven.twin) {
                for agent in &plan.agents {
                    for trial in 0..plan.trials {
                        workload::episode(&*self.domain, task, agent, trial);
                    }
                }
            }
            1
        });
        let note = format!(
            "{} slots tried; explore, synthesize, verify, roll out by {} × {}",
            slot,
            plan.agents.join(", "),
            plan.trials
        );
        Ok(Figure::new(
            "tasks through the pipeline",
            rate,
            "/s",
            Bound::None,
            note,
        ))
    }
}
