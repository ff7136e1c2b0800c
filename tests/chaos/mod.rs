//! Chaos with real processes: a real RabbitMQ, a real Redis, a coordinator with its standby and four workers,
//! and whatever can befall them, in random order and overlap.
//!
//! What befalls them is a [schedule](drawn), a function of seed and length. A director carries it out and
//! does beside it what a cluster does: it starts again what has ended. One job of the plan is poison: it kills
//! every process that does it. In the end the run is held against the calm embedded run of the same plan
//! with only that job failed: the same records, each once, and the same bytes of the dataset.
//!
//! Reading order: `schedule` (what befalls), `site` (what there is), `proxy`, `disk`, `broker`, `copies`
//! (how it is hit), `poison`, `crew` (who works, and how they may end), `director`, `judge`, `compare`.

mod broker;
mod compare;
mod copies;
mod crew;
mod director;
mod disk;
mod judge;
mod poison;
mod proxy;
mod schedule;
mod site;

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use proto::ids::JobId;

use crate::fleet::Programs;
use director::Director;
pub use poison::Poisoned;
pub use schedule::{ALL_KINDS, Blow, Broker, Cache, Fault, Harm, Service, Way, Whom, drawn};
use site::Site;

/// Seconds between two signs of life that broker and members want of each other.
const HEARTBEAT: u64 = 2;

/// One time of chaos.
#[derive(Debug, Clone)]
pub struct Case {
    /// What the plan and the faults descend from.
    pub seed: u64,
    /// Jobs of the plan, about.
    pub jobs: u32,
    /// Faults.
    pub length: usize,
    /// Where the fleet's folder is kept when a promise was broken.
    pub keep: Option<PathBuf>,
}

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// Nothing goes on.
    #[error("nothing goes on: {0}")]
    Stalled(String),
    /// A process ended in a way it may not.
    #[error("{0}")]
    Fell(String),
    /// Something panicked, in a process or in the test itself.
    #[error("a panic: {0}")]
    Panicked(String),
    /// A message is in a dead lane.
    #[error("given up: {0}")]
    Buried(String),
    /// Nothing was broken, and too little was tried.
    #[error("spared: {0}")]
    Spared(String),
    /// The ledger does not read.
    #[error("the ledger does not read: {0}")]
    Unreadable(String),
    /// A job without a record.
    #[error("lost: {0}")]
    Lost(JobId),
    /// A job with two records.
    #[error("doubled: {0}")]
    Doubled(JobId),
    /// A record of no job.
    #[error("invented: {0}")]
    Invented(JobId),
    /// A healthy job that is said to have failed.
    #[error("condemned: {0}: {1}")]
    Condemned(JobId, String),
    /// A job that came to something else.
    #[error("another outcome: {0}")]
    Altered(JobId),
    /// The poison job came to something else than its failure.
    #[error("the poison job {0} was not given up as poison")]
    Acquitted(JobId),
    /// A file of the dataset.
    #[error("the dataset differs: {0}")]
    Differs(String),
}

/// What a fleet went through without breaking a promise.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Jobs with a record.
    pub jobs: u64,
    /// Faults dealt, by kind.
    pub dealt: BTreeMap<&'static str, u32>,
    /// Jobs that were published once more.
    pub copies: usize,
    /// Processes that died of the poison job.
    pub poisoned: u32,
    /// Coordinators that began to write the ledger.
    pub epochs: usize,
    /// Whether the disk could be filled.
    pub bounded: bool,
    /// How long the calm run took.
    pub calm: Duration,
    /// How long the run took, from the first process to the last.
    pub wall: Duration,
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            jobs,
            copies,
            poisoned,
            epochs,
            ..
        } = self;
        let (wall, calm) = (self.wall.as_secs_f64(), self.calm.as_secs_f64());
        write!(out, "{jobs} jobs in {wall:.1} s (calm {calm:.1} s): ")?;
        let count: u32 = self.dealt.values().sum();
        write!(out, "{count} faults")?;
        for (kind, times) in &self.dealt {
            write!(out, ", {kind} {times}")?;
        }
        if !self.bounded {
            write!(out, ", the disk never full: nothing can be mounted here")?;
        }
        write!(
            out,
            "; {copies} copies, {poisoned} deaths of poison, {epochs} epochs"
        )
    }
}

/// Carries a case out. Nothing where RabbitMQ or Redis is not installed.
pub fn run(case: &Case, programs: Programs) -> Option<Result<Report, Breach>> {
    let mut site = Site::open(case, programs)?;
    let ended = catch_unwind(AssertUnwindSafe(|| carry_out(case, &mut site)));
    let ended = ended.unwrap_or_else(|panic| Err(Breach::Panicked(words(&*panic))));
    if let (Err(_), Some(keep)) = (&ended, &case.keep) {
        site.keep(keep);
    }
    Some(ended)
}

fn carry_out(case: &Case, site: &mut Site) -> Result<Report, Breach> {
    let poison = judge::poison(&site.fleet.at(site::CALM), case.seed)?;
    site.fleet.set(poison::VARIABLE, &poison.to_string());
    let began = Instant::now();
    let report = Director::new(site, drawn(case.seed, case.length)).direct()?;
    let wall = began.elapsed();
    let held = judge::judge(site, poison)?;
    let report = Report {
        jobs: held.jobs,
        epochs: held.epochs,
        wall,
        ..report
    };
    tried(case, report)
}

/// A case that came to its end before its faults had come shows little. Of copies one is enough: where nothing
/// waits there is nothing to copy.
fn tried(case: &Case, report: Report) -> Result<Report, Breach> {
    let copy = |kind: &str| kind == "jobs copied";
    let kinds = drawn(case.seed, case.length).into_iter();
    let kinds: Vec<&str> = kinds.map(|blow| blow.fault.kind()).collect();
    let possible = |kind: &str| report.bounded || kind != "disk full";
    let wanted = kinds.iter().filter(|kind| !copy(kind) && possible(kind));
    let dealt = report.dealt.iter().filter(|(kind, _)| !copy(kind));
    let dealt: u32 = dealt.map(|(_, times)| times).sum();
    let copied = report.copies > 0 || !kinds.iter().any(|kind| copy(kind));
    let taken_over = report.epochs > 1 || !report.dealt.contains_key("coordinator killed");
    if (dealt as usize) < wanted.count() || !copied || !taken_over {
        return Err(Breach::Spared(format!(
            "of {} faults: {report}",
            kinds.len()
        )));
    }
    Ok(report)
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
    text.unwrap_or_else(|| "without words".to_owned())
}
