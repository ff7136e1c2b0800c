//! What `run`, `eval` and `serve` share: a course is carried out in its folder until the work is done or
//! a signal comes, with workers in this process or with those of a fleet.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use clap::Args;
use proto::queue::Consumer;
use proto::record::{Money, Recipe};
use proto::store::{Board as _, Recording, RedisStore, Spending};
use proto::topology::Instance;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use worker::domains::Domain;
use worker::metered;
use worker::process::health::{Health, Listen, Pulse, Readiness, Server};
use worker::process::metrics::{Metrics, Part};
use worker::process::telemetry::spans;
use worker::process::tls;
use worker::services::Services;

use super::fleet::wanted_again;
use super::progress::say;
use super::replies::{Asking, RepliesArguments, can_ask, fetch, kept_at};
use super::told::{Telling, Told, beat};
use super::{End, Misused, interrupt};
use crate::archive::Archive;
use crate::dispatch::{Carried, Course, Watch};
use crate::embedded::{self, Crew};
use crate::fleet::{self, Terms, Work};
use crate::home::{Home, HomeError, OPERATIONS, RunFile, SPENDING};
use crate::ledger::{DirLock, Ledger, LedgerError};
use crate::plan::Plan;
use crate::purse::Purse;
use crate::seal;
use crate::status::RUNS;
use crate::world;

/// How much a run asks of a fleet.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Fleet")]
pub(super) struct Share {
    /// Jobs in flight: this run's weight on a fleet that several use. One with three times the window gets
    /// about three times the work done
    #[arg(long, value_name = "N", default_value = "512", env = "T2T_WINDOW")]
    pub(super) window: usize,
    /// Seconds after which a job that nobody answered is published again; what an idle fleet has lost is
    /// noticed within a minute
    #[arg(long, value_name = "SECONDS", default_value = "3600")]
    pub(super) patience: u64,
    /// Bytes of a start state's changes that a job still carries; larger ones lie in the cache, once, and
    /// jobs name their digest
    #[arg(long, value_name = "BYTES", default_value = "16384")]
    pub(super) inline_delta: usize,
}

/// Where the workers are.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Fleet")]
pub(super) struct FleetArguments {
    #[command(flatten)]
    pub(super) services: Services,
    #[command(flatten)]
    pub(super) share: Share,
    /// Wait while another coordinator is at this run, and go on in its place when it ends
    #[arg(long)]
    pub(super) standby: bool,
    /// Where to answer /healthz, /readyz, /metrics and /progress: HOST:PORT, or off
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "off",
        env = "T2T_LISTEN"
    )]
    pub(super) listen: Listen,
    #[command(flatten)]
    pub(super) replies: RepliesArguments,
}

impl FleetArguments {
    /// Keeps other processes of this machine out of a folder. Coordinators of a fleet share it, since of
    /// them the lane of outcomes and the epochs of the ledger let one work at a time.
    pub(super) fn lock(&self, home: &Home) -> Result<DirLock, LedgerError> {
        if self.services.named() {
            DirLock::share(home.path())
        } else {
            DirLock::acquire(home.path())
        }
    }

    fn terms(&self) -> Terms {
        Terms {
            window: self.share.window.max(1),
            patience: Duration::from_secs(self.share.patience.max(1)),
            inline_delta: self.share.inline_delta,
            standby: self.standby,
        }
    }
}

/// What came of a course.
pub(super) enum Came {
    /// It was carried out, to its end or not.
    Worked(Box<Worked>),
    /// This coordinator stood by, and another one has carried it out to its end.
    Over,
    /// It was stopped while it stood by, or the run was cancelled.
    Stopped(Halt),
}

/// What ended a run before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Halt {
    /// A signal.
    Signal,
    /// `t2t cancel`.
    Cancelled,
    /// Its budget: models have cost so much.
    Spent(Money),
}

/// A course that was carried out. Whoever else wants to work in the folder waits until it is dropped.
pub(super) struct Worked {
    pub(super) work: Carried,
    pub(super) kept: Kept,
    /// Why it did not come to its end, if it did not.
    pub(super) halt: Halt,
}

impl Halt {
    fn of(spent: Option<Money>, told: &Told) -> Self {
        match spent {
            Some(spent) => Self::Spent(spent),
            None if told.cancelled() => Self::Cancelled,
            None => Self::Signal,
        }
    }

    /// Says what became of the run, and what to do about it.
    pub(super) fn unfinished(self, plan: &Plan) -> End {
        let (why, end) = self.why(plan);
        say(&match self {
            Self::Signal => format!("{why}; the same command goes on from here"),
            Self::Cancelled => format!(
                "{why}; what is done stays, and after `t2t clean` the same command goes on from here"
            ),
            Self::Spent(_) => format!(
                "{why}; what is done stays, and with a higher `budget_dollars` the same command goes on from here"
            ),
        });
        end
    }

    /// Why the run did not come to its end.
    pub(super) fn why(self, plan: &Plan) -> (String, End) {
        match self {
            Self::Signal => ("stopped".to_owned(), End::Stopped),
            Self::Cancelled => ("cancelled".to_owned(), End::Cancelled),
            Self::Spent(spent) => {
                let budget = plan.budget_dollars.map(|budget| format!(" of ${budget}"));
                let of = budget.unwrap_or_default();
                let why = format!(
                    "stopped by its budget: models have cost {spent}{of}, and what is left does not cover the next request"
                );
                (why, End::Spent)
            }
        }
    }

    /// Says that it was not this coordinator's turn before.
    pub(super) fn standing_by(self) -> End {
        let (why, end) = match self {
            Self::Cancelled => ("cancelled", End::Cancelled),
            _ => ("stopped", End::Stopped),
        };
        say(&format!("{why} before it was this coordinator's turn"));
        end
    }
}

/// Where a course is carried out, and what the folder is to say of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) home: &'a Home,
    pub(super) file: &'a RunFile,
}

impl Place<'_> {
    /// Whether this very run has come to its end here.
    fn over(self) -> Result<bool, HomeError> {
        let sealed = self.home.at(seal::NAME).exists();
        Ok(sealed && self.home.read()?.as_ref() == Some(self.file))
    }
}

/// What keeps others away.
#[expect(dead_code, reason = "held for what their dropping does, in this order")]
pub(super) struct Kept {
    lane: Option<Box<dyn Consumer>>,
    server: Option<Server>,
    /// None over a fleet, where it lasts as long as the process.
    runtime: Option<Runtime>,
}

/// Carries out a course in its folder; with `tasks`, rollouts only.
pub(super) fn carry_out(
    course: &Course,
    domain: &Arc<dyn Domain>,
    place: Place<'_>,
    fleet: &FleetArguments,
    tasks: Option<Arc<Archive>>,
    watch: &mut dyn Watch,
) -> anyhow::Result<Came> {
    let stop = interrupt::listen()?;
    if fleet.services.named() {
        ensure!(
            fleet.replies.replay.is_none(),
            Misused(
                "--replay asks no model, so it needs no fleet and works in this process: leave --broker and --cache out"
            )
        );
        with_a_fleet(course, domain, place, fleet, tasks, watch, stop)
    } else {
        here(course, domain, place, fleet, tasks, watch, stop)
            .map(|worked| Came::Worked(Box::new(worked)))
    }
}

fn here(
    course: &Course,
    domain: &Arc<dyn Domain>,
    place: Place<'_>,
    fleet: &FleetArguments,
    tasks: Option<Arc<Archive>>,
    watch: &mut dyn Watch,
    stop: CancellationToken,
) -> anyhow::Result<Worked> {
    let Place { home, file } = place;
    if !home.at(seal::NAME).exists() {
        // Of a run that has ended nothing is asked, unless it grows.
        can_ask(&course.plan, &fleet.replies)?;
    }
    home.move_in(file)?;
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let workers = match course.plan.workers {
        0 => processors,
        workers => workers as usize,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers + 1)
        .enable_all()
        .build()?;
    let metrics = Metrics::new(Part::Embedded);
    let told = Told::new(course);
    let readiness = Readiness::new();
    let server = serve_health(&runtime, &fleet.listen, &metrics, &readiness, &told)?;
    readiness.ready();
    let ledger = Ledger::open(home.path())?;
    let asking = runtime.block_on(Asking::open(&fleet.replies, course, home, &metrics))?;
    let crew = Crew {
        domain: Arc::clone(domain),
        workers,
        metrics,
        models: asking.as_ref().map(|asking| Arc::clone(&asking.models)),
        operations: home.at(OPERATIONS),
    };
    let mut watch = Telling::new(told.clone(), watch);
    let work = embedded::carry_out(course, crew, ledger, tasks, &mut watch, stop);
    let work = runtime.block_on(async {
        tokio::select! {
            biased;
            carried = work.instrument(spans::run(course.run)) => carried.map_err(anyhow::Error::from),
            missed = Asking::missed(asking.as_ref(), home) => Err(missed),
        }
    })?;
    let halt = Halt::of(work.spent, &told);
    let kept = Kept {
        lane: None,
        server,
        runtime: Some(runtime),
    };
    Ok(Worked { work, kept, halt })
}

fn with_a_fleet(
    course: &Course,
    domain: &Arc<dyn Domain>,
    place: Place<'_>,
    fleet: &FleetArguments,
    tasks: Option<Arc<Archive>>,
    watch: &mut dyn Watch,
    stop: CancellationToken,
) -> anyhow::Result<Came> {
    let home = place.home;
    tls::use_ring();
    let runtime = lasting()?;
    let metrics = Metrics::new(Part::Coordinator);
    let told = Told::new(course);
    let readiness = Readiness::new();
    readiness.not_ready("connecting");
    let server = serve_health(runtime, &fleet.listen, &metrics, &readiness, &told)?;
    let known = home.named()?.map(|instance| instance.to_string());
    let name = format!("t2t {}", known.unwrap_or_else(|| course.run.to_string()));
    let connected = runtime.block_on(fleet.services.connect(&name))?;
    // Not before: a folder whose run has ended stays as it was where there is no fleet.
    let instance = home.instance()?;
    connected.needed_for(&readiness);
    readiness.ready();
    let shared = connected.store.shared();
    metered::store(&connected.store, &metrics);
    let store = connected.store.clone();
    let services = fleet::Services {
        queue: metered::broker(connected.queue, &metrics),
        shared: shared.clone(),
        metrics,
    };
    runtime.block_on(wanted_again(home, &store, instance))?;
    let beating = beat(told.clone(), instance, shared.board, stop.clone());
    let mut watchers = vec![runtime.spawn(beating)];
    let mut watch = Telling::new(told.clone(), watch);
    let ended = place.over()?;
    let terms = fleet.terms();
    let turn = fleet::turn(home, &services, terms, &mut watch, &stop);
    let turn = runtime.block_on(turn.instrument(spans::run(course.run)))?;
    let lane = match turn {
        Some(lane) if ended || !place.over()? => lane,
        turn => {
            watchers.into_iter().for_each(|watcher| watcher.abort());
            let stopped = Came::Stopped(Halt::of(None, &told));
            return Ok(turn.map_or(stopped, |_| Came::Over));
        }
    };
    let record = moved_in(place, fleet.replies.record.as_deref())?;
    let plan = &course.plan;
    if plan.budget().is_some() {
        let spending = Spending::open(&home.at(SPENDING))?;
        let (run, instance) = (course.run.to_string(), instance.to_string());
        let purse = Purse::new(shared.budgets, spending, run, instance);
        runtime.block_on(purse.begin())?;
        watchers.push(runtime.spawn(looking(purse, told.clone())));
    }
    let work = Work {
        course,
        domain: &**domain,
        recipe: recipe(plan),
        tasks,
    };
    let carrying = fleet::carry_out(work, lane, home, &services, terms, &mut watch, stop);
    let carried = runtime.block_on(carrying.instrument(spans::run(course.run)))?;
    watchers.into_iter().for_each(|watcher| watcher.abort());
    runtime.block_on(withdrawn(&store, instance));
    if let Some(place) = record {
        runtime.block_on(copied(course, &store, instance, &place))?;
    }
    Ok(Came::Worked(Box::new(Worked {
        halt: Halt::of(carried.work.spent, &told),
        work: carried.work,
        kept: Kept {
            lane: Some(carried.lane),
            server,
            runtime: None,
        },
    })))
}

/// A runtime until the process ends: the broker's client has a thread of its own that connects by it, and panics
/// where it is gone, as when the broker is away while a coordinator ends.
fn lasting() -> std::io::Result<&'static Runtime> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    Ok(Box::leak(Box::new(runtime.enable_all().build()?)))
}

/// How the world of a plan is generated, if it is.
fn recipe(plan: &Plan) -> Option<Recipe> {
    let generated = plan.world.file.is_empty();
    generated.then(|| world::recipe(&plan.world, plan.seed))
}

/// Writes into the folder, whose turn it is: nobody does before. Gives where replies are copied to in the end.
fn moved_in(place: Place<'_>, record: Option<&Path>) -> anyhow::Result<Option<PathBuf>> {
    place.home.move_in(place.file)?;
    let record = record.map(|record| kept_at(place.home, Some(record)));
    record.transpose()
}

/// Takes the run's note back, else `t2t status` would show it as at work until the note is forgotten.
async fn withdrawn(store: &RedisStore, instance: Instance) {
    if let Err(error) = store.withdraw(RUNS, &instance.to_string()).await {
        tracing::debug!(%error, "the run's note is left to be forgotten");
    }
}

/// Copies what a fleet was answered to a file.
async fn copied(
    course: &Course,
    store: &RedisStore,
    instance: Instance,
    place: &Path,
) -> anyhow::Result<()> {
    let run = course.run.to_string();
    let recording = Recording::open(place, &run)?;
    let copied = fetch(store, instance, &recording, &run).await?;
    say(&format!(
        "{copied} replies of models are in {}",
        place.display()
    ));
    Ok(())
}

/// Looks at what the run spends, for as long as it is polled, and tells of it.
async fn looking(purse: Purse, told: Told) {
    match purse.keep(move |balance| told.spent(balance.spent)).await {}
}

fn serve_health(
    runtime: &Runtime,
    listen: &Listen,
    metrics: &Metrics,
    readiness: &Readiness,
    told: &Told,
) -> anyhow::Result<Option<Server>> {
    let pulse = Pulse::default();
    runtime.spawn(pulse.clone().keep());
    let page = told.clone();
    let server = Health::new(metrics.clone(), pulse, readiness.clone())
        .with_page("/progress", move || page.page())
        .serve(listen)?;
    if let Some(server) = &server {
        say(&format!("listening on http://{}", server.address()));
    }
    Ok(server)
}
