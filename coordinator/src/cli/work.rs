//! What `run`, `eval` and `serve` share: a course is carried out in its folder until the work is done or
//! a signal comes, with workers in this process or with those of a fleet.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use proto::queue::Consumer;
use proto::store::Board;
use proto::topology::Instance;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use worker::domains::Domain;
use worker::process::health::{Health, Listen, Pulse, Readiness, Server};
use worker::process::metrics::{Metrics, Part};
use worker::process::tls;
use worker::serve::CANCELLED;
use worker::services::Services;

use super::interrupt;
use super::progress::say;
use crate::archive::Archive;
use crate::dispatch::{Course, Turn, Watch};
use crate::fleet::{self, Terms, Work};
use crate::home::Home;
use crate::ledger::{DirLock, Ledger, LedgerError};
use crate::run::{Progress, Run};
use crate::status::{RUNS, RunNote};
use crate::{embedded, world};

/// Longest silence of the event loop that is still a life.
const PULSE: Duration = Duration::from_secs(40);
/// How often a run is heard of.
const BEAT: Duration = Duration::from_secs(5);
/// How long a run that is not heard of counts as going on.
const LIFE: Duration = Duration::from_secs(20);

/// Where the workers are.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Fleet")]
pub(super) struct FleetArguments {
    #[command(flatten)]
    pub(super) services: Services,
    /// Jobs in flight: this run's share of a fleet that several use
    #[arg(long, value_name = "N", default_value = "512")]
    pub(super) window: usize,
    /// Seconds after which a job that nobody answered is published again
    #[arg(long, value_name = "SECONDS", default_value = "3600")]
    pub(super) patience: u64,
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
}

impl FleetArguments {
    /// Keeps every other process of this machine out of a folder, where nothing else would: over a fleet
    /// the lane of outcomes and the epochs of the ledger do, and a standby shares the folder.
    pub(super) fn lock(&self, home: &Home) -> Result<Option<DirLock>, LedgerError> {
        let alone = !self.services.named();
        alone.then(|| DirLock::acquire(home.path())).transpose()
    }

    fn terms(&self) -> Terms {
        Terms {
            window: self.window.max(1),
            patience: Duration::from_secs(self.patience.max(1)),
            standby: self.standby,
        }
    }
}

/// A course that was carried out. Whoever else wants to work in the folder waits until it is dropped.
pub(super) struct Worked {
    pub(super) run: Run,
    pub(super) ledger: Ledger,
    pub(super) kept: Kept,
}

/// What keeps others away.
#[expect(dead_code, reason = "held for what their dropping does, in this order")]
pub(super) struct Kept {
    lane: Option<Box<dyn Consumer>>,
    server: Option<Server>,
    runtime: Runtime,
}

/// Carries out a course in its folder; with `tasks`, rollouts only. Nothing when it was stopped while it
/// stood by.
pub(super) fn carry_out(
    course: &Course,
    domain: &Arc<dyn Domain>,
    home: &Home,
    fleet: &FleetArguments,
    tasks: Option<Arc<Archive>>,
    watch: &mut dyn Watch,
) -> anyhow::Result<Option<Worked>> {
    let stop = interrupt::listen()?;
    if fleet.services.named() {
        with_a_fleet(course, domain, home, fleet, tasks, watch, stop)
    } else {
        here(course, domain, home, tasks, watch, stop).map(Some)
    }
}

fn here(
    course: &Course,
    domain: &Arc<dyn Domain>,
    home: &Home,
    tasks: Option<Arc<Archive>>,
    watch: &mut dyn Watch,
    stop: CancellationToken,
) -> anyhow::Result<Worked> {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let workers = match course.plan.workers {
        0 => processors,
        workers => workers as usize,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers + 1)
        .enable_all()
        .build()?;
    let ledger = Ledger::open(home.path())?;
    let domain = Arc::clone(domain);
    let work = embedded::carry_out(course, domain, ledger, workers, tasks, watch, stop);
    let (run, ledger) = runtime.block_on(work)?;
    let kept = Kept {
        lane: None,
        server: None,
        runtime,
    };
    Ok(Worked { run, ledger, kept })
}

fn with_a_fleet(
    course: &Course,
    domain: &Arc<dyn Domain>,
    home: &Home,
    fleet: &FleetArguments,
    tasks: Option<Arc<Archive>>,
    watch: &mut dyn Watch,
    stop: CancellationToken,
) -> anyhow::Result<Option<Worked>> {
    tls::use_ring();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let metrics = Metrics::new(Part::Coordinator);
    let told = Told::new(course);
    let readiness = Readiness::new();
    readiness.not_ready("connecting");
    let server = serve_health(&runtime, &fleet.listen, &metrics, &readiness, &told)?;
    let instance = home.instance()?;
    let name = format!("t2t {instance}");
    let connected = runtime.block_on(fleet.services.connect(&name))?;
    readiness.ready();
    let shared = connected.store.shared();
    let services = fleet::Services {
        queue: Arc::new(connected.queue),
        shared: shared.clone(),
        metrics,
    };
    let beating = runtime.spawn(beat(told.clone(), instance, shared.board, stop.clone()));
    let plan = &course.plan;
    let recipe = plan
        .world
        .file
        .is_empty()
        .then(|| world::recipe(&plan.world, plan.seed));
    let mut watch = Telling { told, watch };
    let work = Work {
        course,
        domain: &**domain,
        recipe,
        tasks,
    };
    let carrying = fleet::carry_out(work, home, &services, fleet.terms(), &mut watch, stop);
    let carried = runtime.block_on(carrying)?;
    beating.abort();
    Ok(carried.map(|carried| Worked {
        run: carried.run,
        ledger: carried.ledger,
        kept: Kept {
            lane: Some(carried.lane),
            server,
            runtime,
        },
    }))
}

fn serve_health(
    runtime: &Runtime,
    listen: &Listen,
    metrics: &Metrics,
    readiness: &Readiness,
    told: &Told,
) -> anyhow::Result<Option<Server>> {
    let pulse = Pulse::new(PULSE);
    runtime.spawn(pulse.clone().keep());
    let page = told.clone();
    let server = Health::new(metrics.clone(), pulse, readiness.clone())
        .with_page("/progress", move || json!(page.note()))
        .serve(listen)?;
    if let Some(server) = &server {
        say(&format!("listening on http://{}", server.address()));
    }
    Ok(server)
}

/// The progress of the run, as others see it.
#[derive(Clone)]
struct Told {
    about: RunNote,
    /// None before this coordinator's turn.
    progress: Arc<Mutex<Option<Progress>>>,
}

impl Told {
    fn new(course: &Course) -> Self {
        Self {
            about: RunNote::new(course),
            progress: Arc::default(),
        }
    }

    fn begun(&self) -> Option<RunNote> {
        let progress = *self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.map(|progress| self.about.clone().at(progress))
    }

    fn note(&self) -> RunNote {
        self.begun().unwrap_or_else(|| self.about.clone())
    }
}

/// Passes on what is told, and tells others.
struct Telling<'a> {
    told: Told,
    watch: &'a mut dyn Watch,
}

impl Watch for Telling<'_> {
    fn progress(&mut self, progress: Progress) {
        let told = &self.told.progress;
        *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress);
        self.watch.progress(progress);
    }

    fn turn(&mut self, turn: Turn) {
        self.watch.turn(turn);
    }
}

/// Posts the run again and again, and stops it when the board says that it is cancelled. One that stands
/// by posts nothing: the board shows the run as its coordinator sees it.
async fn beat(told: Told, instance: Instance, board: Arc<dyn Board>, stop: CancellationToken) {
    let mut beat = tokio::time::interval(BEAT);
    let name = instance.to_string();
    loop {
        beat.tick().await;
        if let Some(note) = told.begun() {
            let note = serde_json::to_vec(&note).expect("a note is plain data");
            if let Err(error) = board.post(RUNS, &name, &note, LIFE).await {
                tracing::debug!(%error, "the board does not take the run's progress");
            }
        }
        if matches!(board.read(CANCELLED, &name).await, Ok(Some(_))) {
            tracing::warn!("the run is cancelled");
            stop.cancel();
        }
    }
}
