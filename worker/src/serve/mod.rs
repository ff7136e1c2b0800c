//! The program `t2t-worker`: takes jobs of a fleet until it is told to stop.
//!
//! It keeps nothing between jobs but base worlds it can do without. Everything it is told stands in its
//! `Arguments` and in the variables that [`crate::services`] names.

mod cancelled;
mod heartbeat;
mod notes;

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use proto::store::{Builds, Shared};
use proto::topology::Lane;

use crate::chat::Client;
use crate::chat::models::Models;
use crate::executor::{self, Perform, Settings, Stop};
use crate::metered;
use crate::perform::InProcess;
use crate::process::health::{Health, Listen, Pulse, Readiness};
use crate::process::lifecycle::{Grace, Phase, Shutdown, exit, leave_signals_to_the_parent};
use crate::process::metrics::{Metrics, Part};
use crate::process::telemetry::spans::System;
use crate::process::telemetry::{LogFormat, Telemetry};
use crate::process::tls;
use crate::services::{Fleet, Services};
use crate::supervised::{self, Program, Supervised};
use crate::worlds::Worlds;
pub use cancelled::{CANCELLED, Cancelled, HEARD_WITHIN};
pub use heartbeat::{BEAT, LIFE, WORKERS, Worker, all_idle};
pub use notes::notes;

/// What `--help` says of exit codes.
const CODES: &str = "\
Exit codes:
  0    told to stop, and nothing is left in hand
  1    failed; the message says what, where and how to mend it
  2    wrong usage or settings
  130  ended by a second signal; what was in hand is delivered again

The first SIGTERM or SIGINT drains: no job is taken any more, what is in hand is finished within
--grace, and the rest is handed back. Credentials come from T2T_BROKER_USER, T2T_BROKER_PASSWORD
or T2T_BROKER_PASSWORD_FILE, and the same with CACHE and LASTING; T2T_LOG filters log lines and
OTEL_EXPORTER_OTLP_ENDPOINT says where traces go.";

/// Time to hand back once the grace is over.
const GIVE_BACK: Duration = Duration::from_secs(5);

/// What is on the command line.
#[derive(Debug, Parser)]
#[command(name = "t2t-worker", version, about = "Does the jobs of t2t runs, as one of a fleet", after_help = CODES)]
struct Arguments {
    #[command(flatten)]
    services: Services,
    /// Stages to do jobs of: explore, synthesize, verify, rollout; those to be preferred first
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = lane, default_value = "rollout,verify,synthesize,explore", env = "T2T_STAGES")]
    stages: Vec<Lane>,
    /// Jobs under way at once; conversations with a model cost little but waiting
    #[arg(long, value_name = "N", default_value = "16", env = "T2T_CONCURRENCY")]
    concurrency: NonZeroUsize,
    /// Jobs of a stage that the broker hands over ahead; by default as many as are under way at once
    #[arg(long, value_name = "N", env = "T2T_PREFETCH")]
    prefetch: Option<NonZeroUsize>,
    /// Jobs that compute at once; by default one a core
    #[arg(long, value_name = "N")]
    processors: Option<NonZeroUsize>,
    /// Base worlds kept decoded
    #[arg(long, value_name = "N", default_value = "4")]
    worlds: usize,
    /// Seconds to finish what is in hand when told to stop
    #[arg(long, value_name = "SECONDS", default_value = "60", env = "T2T_GRACE")]
    grace: u64,
    /// Seconds after its hand-over when a job is handed back unfinished; with the longest `total_seconds` of a model, below
    /// the broker's consumer timeout
    #[arg(long, value_name = "SECONDS", default_value = "900")]
    hold: u64,
    /// Where to answer /healthz, /readyz and /metrics: HOST:PORT, or off
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "off",
        env = "T2T_LISTEN"
    )]
    listen: Listen,
    /// Log lines: auto, text or json
    #[arg(long, value_name = "FORM", default_value = "auto")]
    log_format: LogFormat,
    /// Do one job for the worker that started this process
    #[arg(long = CHILD, hide = true)]
    child: bool,
}

/// The flag of a child, which its parent adds to its own command line.
const CHILD: &str = "child";

fn lane(name: &str) -> Result<Lane, String> {
    Lane::JOBS
        .into_iter()
        .find(|lane| lane.name() == name)
        .ok_or_else(|| {
            let names = Lane::JOBS.map(Lane::name).join(", ");
            format!("no stage is called `{name}`; there are {names}")
        })
}

/// Runs the program.
pub fn main() -> ExitCode {
    main_with(|here| here)
}

/// Runs the program with what does its jobs wrapped in something more, in its children too.
pub fn main_with<P: Perform + 'static>(wrapped: impl Fn(InProcess) -> P) -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments, wrapped) {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(Failure { code, message }) => {
            // Nobody is left to tell when standard error is gone.
            drop(writeln!(std::io::stderr().lock(), "error: {message}"));
            ExitCode::from(code)
        }
    }
}

/// Why the program ends, and its exit code.
struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    fn usage(error: impl std::fmt::Display) -> Self {
        Self {
            code: exit::USAGE,
            message: error.to_string(),
        }
    }

    fn failed(error: impl std::fmt::Display) -> Self {
        Self {
            code: exit::FAILED,
            message: error.to_string(),
        }
    }
}

fn run<P: Perform + 'static>(
    arguments: &Arguments,
    wrapped: impl Fn(InProcess) -> P,
) -> Result<(), Failure> {
    let name = heartbeat::name();
    let _telemetry = telemetry(arguments, &name).map_err(Failure::usage)?;
    tls::use_ring();
    if arguments.child {
        return attend(arguments, &name, wrapped);
    }
    let shutdown = Shutdown::new(Some(Grace {
        finish: Duration::from_secs(arguments.grace),
        give_back: GIVE_BACK,
    }));
    shutdown
        .listen(|phase| match phase {
            Phase::Draining => tracing::info!("draining: no more jobs are taken"),
            other => tracing::info!(phase = ?other, "stopping"),
        })
        .map_err(Failure::failed)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::failed)?;
    let served = runtime.block_on(serve(arguments, &name, wrapped, shutdown));
    // It lasts until the process ends: the broker's client has a thread of its own that connects by it, and
    // panics where it is gone.
    std::mem::forget(runtime);
    served
}

fn telemetry(
    arguments: &Arguments,
    name: &str,
) -> Result<Telemetry, crate::process::telemetry::TelemetryError> {
    let settings = crate::process::telemetry::Settings::new("t2t-worker", "info");
    let mut settings = settings.with_environment(|name| std::env::var(name).ok())?;
    settings.format = arguments.log_format;
    name.clone_into(&mut settings.instance);
    Telemetry::start(&settings)
}

async fn serve<P: Perform + 'static>(
    arguments: &Arguments,
    name: &str,
    wrapped: impl Fn(InProcess) -> P,
    shutdown: Shutdown,
) -> Result<(), Failure> {
    let metrics = Metrics::new(Part::Worker);
    let (pulse, readiness) = (Pulse::default(), Readiness::new());
    readiness.not_ready("connecting");
    let server = Health::new(metrics.clone(), pulse.clone(), readiness.clone())
        .serve(&arguments.listen)
        .map_err(Failure::usage)?;
    if let Some(server) = &server {
        tracing::info!(address = %server.address(), "listening");
    }
    tokio::spawn(pulse.keep());
    let connected = tokio::select! {
        connected = arguments.services.connect(name) => connected.map_err(|error| match error.of_usage() {
            true => Failure::usage(error),
            false => Failure::failed(error),
        })?,
        () = shutdown.draining().cancelled() => return Ok(()),
    };
    connected.needed_for(&readiness);
    let Fleet { queue, store } = connected;
    let shared = store.shared();
    let child = Program::again(&format!("--{CHILD}")).map_err(Failure::failed)?;
    let here = wrapped(in_process(arguments, name, &shared, &metrics));
    let performer = Supervised::new(here, child, metrics.clone());
    let settings = settings(arguments, name);
    let about = Worker::new(name, &settings);
    let board = shared.board;
    let beating = tokio::spawn(heartbeat::keep(
        about,
        metrics.clone(),
        Arc::clone(&board),
        shutdown.draining().clone(),
    ));
    let queue = metered::broker(queue, &metrics);
    metered::store(&store, &metrics);
    let stop = Stop {
        drain: shutdown.draining().clone(),
        hand_back: shutdown.handing_back().clone(),
        abandon: shutdown.at_once().clone(),
    };
    let working = executor::work_from(
        Arc::clone(&queue),
        Arc::new(performer),
        settings,
        metrics,
        stop,
        || {
            readiness.ready();
            tracing::info!(name, concurrency = arguments.concurrency, "ready");
        },
    );
    let mut working = std::pin::pin!(working);
    let worked = tokio::select! {
        worked = &mut working => worked,
        () = shutdown.draining().cancelled() => {
            // From now on it takes no more jobs.
            readiness.not_ready("draining");
            working.await
        }
    };
    readiness.not_ready("stopping");
    beating.abort();
    heartbeat::leave(name, &*board).await;
    queue.close().await;
    worked.map_err(Failure::failed)
}

/// What does jobs in this process, be it a worker or the child of one.
fn in_process(arguments: &Arguments, name: &str, shared: &Shared, metrics: &Metrics) -> InProcess {
    let processors = arguments.processors.map_or_else(
        || std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
        NonZeroUsize::get,
    );
    let (snapshots, leases) = (Arc::clone(&shared.snapshots), Arc::clone(&shared.leases));
    let builds = Builds::new(snapshots, leases, name);
    let worlds = Worlds::new(arguments.worlds, builds).counting(metrics.work.snapshots.clone());
    let client = Arc::new(Client::default());
    let models = Models::new(client, shared, name, metrics.clone());
    InProcess::new(worlds, processors)
        .heeding(Cancelled::new(Arc::clone(&shared.board)))
        .asking(Arc::new(models))
}

/// Does one job for the worker that started this process.
fn attend<P: Perform>(
    arguments: &Arguments,
    name: &str,
    wrapped: impl Fn(InProcess) -> P,
) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Failure::failed)?;
    runtime.block_on(async {
        leave_signals_to_the_parent().map_err(Failure::failed)?;
        let store = arguments.services.connect_store().await;
        let shared = store.map_err(Failure::failed)?.shared();
        // Nobody asks a child for its metrics: its parent counts the job.
        let metrics = Metrics::new(Part::Worker);
        let performer = wrapped(in_process(arguments, name, &shared, &metrics));
        supervised::attend(&performer)
            .await
            .map_err(Failure::failed)
    })
}

fn settings(arguments: &Arguments, name: &str) -> Settings {
    Settings {
        lanes: arguments.stages.clone(),
        slots: arguments.concurrency,
        prefetch: arguments.prefetch.unwrap_or(arguments.concurrency),
        hold: Duration::from_secs(arguments.hold),
        system: System::RabbitMq,
        name: name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_fit_together() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn stages_are_named_or_refused_with_the_names_there_are() {
        let given = Arguments::try_parse_from(["t2t-worker", "--stages", "verify,explore"]);
        assert_eq!(
            given.expect("two stages").stages,
            [Lane::Verify, Lane::Explore]
        );
        let refused = Arguments::try_parse_from(["t2t-worker", "--stages", "verfy"]);
        let message = refused.expect_err("no such stage").to_string();
        assert!(
            message.contains("explore, synthesize, verify, rollout"),
            "{message}"
        );
    }
}
