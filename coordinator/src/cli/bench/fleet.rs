//! `t2t bench fleet`: jobs without work through the whole path, beside the client library alone.
//!
//! The whole path is the product's own: dispatch with its ledger on disk, the executor, the queue over
//! RabbitMQ on four connections. Only `Canned` stands where a worker would compute: it answers each job
//! with what its stage once made of a real task, so that bodies are as long, and as dear to encode and
//! decode, as they are. Against it stands [`two_hops`] with bodies of the same lengths through queues of the
//! same kind. The two take turns, so that both see the machine in the same moods.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use clap::Args;
use proto::digest::Digest;
use proto::ids::{IntentId, RunId};
use proto::job::{Job, StageInput, candidate_seed, job_id};
use proto::outcome::{Outcome, StageResult};
use proto::queue::amqp::bare::{Load, two_hops};
use proto::queue::amqp::{AmqpQueue, AmqpSettings};
use proto::queue::{Queue, QueueError};
use proto::record::{Cast, WorldRef};
use proto::topology::{Instance, Lane};
use proto::wire::{self, Kind};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use worker::domains::Domain;
use worker::executor::{self, Attempt, Done, Perform, Settings, Stop};
use worker::metered;
use worker::process::metrics::label::Slot;
use worker::process::metrics::{Metrics, Part};
use worker::process::telemetry::spans::System;
use worker::process::tls;
use worker::services::Services;
use worker::stages;

use super::figures::{Bound, Figure};
use crate::archive::new_run;
use crate::cli::progress::say;
use crate::dispatch::{Course, Dispatch, Options, RunWorld, Watch};
use crate::fleet::prefetch;
use crate::ledger::Ledger;
use crate::plan::Plan;
use crate::plan::cells::Layout;
use crate::run::Progress;
use crate::world;

/// What is asked of the whole path, of what the client library does alone.
const FLOOR: f64 = 0.7;
/// How often is asked whether the worker listens.
const GLANCE: Duration = Duration::from_millis(10);

/// How the path of a job is measured.
#[derive(Debug, Args)]
#[command(next_help_heading = "Measuring a fleet")]
pub(super) struct Measure {
    /// Tasks a round, of seven jobs each: enough that its beginning and its end count for little
    #[arg(long, value_name = "N", default_value_t = 4000, value_parser = clap::value_parser!(u32).range(1..))]
    tasks: u32,
    /// Rounds of each of the two
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Jobs in flight
    #[arg(long, value_name = "N", default_value = "512")]
    window: NonZeroUsize,
    /// Jobs that are answered at once: a fleet of sixteen workers as they come
    #[arg(long, value_name = "N", default_value = "256")]
    slots: NonZeroUsize,
    /// Jobs of a lane that the broker hands over ahead
    #[arg(long, value_name = "N", default_value = "256")]
    prefetch: NonZeroUsize,
    /// Folder for ledgers, on the disk that is to be measured; they are removed again
    #[arg(long, value_name = "DIR", default_value = ".")]
    ledgers: PathBuf,
}

/// Measures both.
pub(super) fn figures(measure: &Measure, services: &Services) -> anyhow::Result<Vec<Figure>> {
    tls::use_ring();
    let mut settings = services.broker_settings("t2t bench")?;
    // Apart from the fleet's own lanes, and from another measurement's.
    settings.prefix = format!("{}bench-{}.", settings.prefix, std::process::id());
    let bench = Bench::new(measure, settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(bench.rounds())
}

/// Answers a job with what its stage made of one real task.
#[derive(Debug, Clone)]
struct Canned {
    results: Vec<StageResult>,
    /// Bytes of each job of a task and of its outcome.
    sizes: Vec<(usize, usize)>,
}

impl Canned {
    /// What becomes of the first slot that is filled by its first candidate and has no twin.
    fn make(course: &Course, domain: &dyn Domain, world: &WorldRef) -> anyhow::Result<Self> {
        let filled =
            (0..64).find_map(|slot| Self::of_slot(course, domain, world, slot).transpose());
        filled.context("no slot is filled by its first candidate: there are no bodies to send")?
    }

    fn of_slot(
        course: &Course,
        domain: &dyn Domain,
        world: &WorldRef,
        slot: u32,
    ) -> anyhow::Result<Option<Self>> {
        let (mut results, mut sizes) = (Vec::new(), Vec::new());
        let mut input = StageInput::Explore;
        loop {
            let job = Job {
                id: job_id(course.run, input.stage(), slot, 0, None),
                run: course.run,
                world: world.clone(),
                cell: course.layout.cell(slot, 0),
                candidate: 0,
                seed: candidate_seed(course.run, slot, 0),
                input,
                cast: Cast::default(),
                apart: Vec::new(),
            };
            let sent = wire::encode(Kind::Job, &job)?.len();
            let outcome = stages::perform(domain, job);
            sizes.push((sent, wire::encode(Kind::Outcome, &outcome)?.len()));
            let next = match &outcome.result {
                StageResult::Explored(walk) => Some(StageInput::Synthesize(walk.clone())),
                StageResult::Drafted { task, twin: None } => Some(StageInput::Verify {
                    task: task.clone(),
                    twin: None,
                }),
                StageResult::Admitted { task, twin: None } => Some(StageInput::Rollout {
                    task: task.clone(),
                    agent: course.plan.agents[0].clone(),
                    trial: 0,
                }),
                StageResult::Played(_) => None,
                _ => return Ok(None),
            };
            results.push(outcome.result);
            match next {
                Some(next) => input = next,
                None => break,
            }
        }
        // The last of them once for each episode.
        let episodes = course.plan.agents.len() * course.plan.trials as usize;
        let episode = sizes[sizes.len() - 1];
        sizes.resize(sizes.len() + episodes - 1, episode);
        Ok(Some(Self { results, sizes }))
    }

    /// Bytes of a job and of an outcome, on average.
    fn mean(&self) -> (usize, usize) {
        let (jobs, outcomes) = self.sizes.iter().fold((0, 0), |(jobs, outcomes), sizes| {
            (jobs + sizes.0, outcomes + sizes.1)
        });
        (jobs / self.sizes.len(), outcomes / self.sizes.len())
    }
}

#[async_trait]
impl Perform for Canned {
    async fn perform(&self, job: Job, _: &Attempt) -> Done {
        let mut result = self.results[job.input.stage() as usize].clone();
        if let StageResult::Admitted { task, .. } = &mut result {
            // Else all but one would be duplicates.
            task.intent_id = IntentId(job.id.0);
        }
        let job = job.id;
        Done::Outcome(Outcome { job, result })
    }
}

/// What both are measured with.
struct Bench<'a> {
    measure: &'a Measure,
    settings: AmqpSettings,
    course: Course,
    world: RunWorld,
    canned: Arc<Canned>,
    load: Load,
    ledgers: Ledgers,
}

impl<'a> Bench<'a> {
    fn new(measure: &'a Measure, settings: AmqpSettings) -> anyhow::Result<Self> {
        let plan = Plan {
            tasks: measure.tasks,
            ..Plan::default()
        };
        let domain = world::domain(&plan)?;
        let run = RunId(Digest::of(b"t2t bench fleet"));
        let layout = Layout::new(&plan, &domain);
        let course = Course::new(run, plan, layout);
        let recipe = world::recipe(&course.plan.world, course.plan.seed);
        let world = RunWorld::encoded(&*domain, Some(recipe))?;
        let canned = Canned::make(&course, &*domain, &world.reference())?;
        let load = Load {
            jobs: measure.tasks as usize * canned.sizes.len(),
            sizes: canned.sizes.clone(),
            window: measure.window.get(),
            slots: measure.slots.get(),
            prefetch: (
                bounded(measure.prefetch),
                bounded(prefetch(measure.window.get())),
            ),
        };
        Ok(Self {
            measure,
            settings,
            course,
            world,
            canned: Arc::new(canned),
            load,
            ledgers: Ledgers::under(&measure.ledgers)?,
        })
    }

    async fn rounds(&self) -> anyhow::Result<Vec<Figure>> {
        // What is done once for a run, or by a broker once for a connection, is none of a job's.
        self.bare().await?;
        self.whole(0).await?;
        let (mut bare, mut whole) = (Vec::new(), Vec::new());
        for round in 1..=self.measure.rounds {
            // Neither is always the first.
            if round % 2 == 0 {
                whole.push(self.whole(round).await?);
                bare.push(self.bare().await?);
            } else {
                bare.push(self.bare().await?);
                whole.push(self.whole(round).await?);
            }
            let last = |rates: &[f64]| rates.last().copied().unwrap_or_default();
            say(&format!(
                "round {round}: {:.0} jobs/s alone, {:.0} jobs/s the whole path",
                last(&bare),
                last(&whole)
            ));
        }
        let ratios = whole.iter().zip(&bare).map(|(whole, bare)| whole / bare);
        let ratio = median(ratios.collect());
        let (job, outcome) = self.canned.mean();
        let how = format!(
            "{} jobs a round, {} rounds; {job} and {outcome} bytes on average; quorum queues, window {}, {} slots, prefetch {}",
            self.load.jobs,
            self.measure.rounds,
            self.load.window,
            self.load.slots,
            self.load.prefetch.0
        );
        let path = "publish, deliver, outcome, ledger with fsync, acks".to_owned();
        Ok(vec![
            Figure::new(
                "jobs, client library alone",
                median(bare),
                "/s",
                Bound::None,
                how,
            ),
            Figure::new(
                "jobs, the whole path",
                median(whole),
                "/s",
                Bound::None,
                path,
            ),
            Figure::new(
                "the whole path, by alone",
                ratio,
                "x",
                Bound::Least(FLOOR),
                "median of the rounds".to_owned(),
            ),
        ])
    }

    /// Jobs a second of the client library alone.
    async fn bare(&self) -> anyhow::Result<f64> {
        let took = two_hops(&self.settings, &self.load).await?;
        Ok(self.load.jobs as f64 / took.as_secs_f64())
    }

    /// Jobs a second of the whole path.
    async fn whole(&self, round: u32) -> anyhow::Result<f64> {
        let metrics = Metrics::new(Part::Coordinator);
        let queue = self.connect(&metrics).await?;
        let crew = Crew::start(self).await?;
        let instance = Instance::EMBEDDED;
        let options = Options {
            instance,
            world: self.world.clone(),
            aside: None,
            window: self.measure.window.get(),
            patience: Some(Duration::from_secs(3600)),
            board: None,
            persistent: true,
            finish_in_flight: false,
            operations: None,
            system: System::RabbitMq,
            metrics,
        };
        let lane = Lane::Outcomes(instance);
        let mut outcomes = queue.subscribe(lane, prefetch(options.window)).await?;
        let run = new_run(&self.course, options.window);
        let ledger = Ledger::open(&self.ledgers.of(round))?;
        let dispatch = Dispatch::new(&self.course, run, ledger, None, Arc::clone(&queue), options);
        let began = Instant::now();
        let carried = dispatch
            .carry_out(&mut *outcomes, &mut Unwatched, CancellationToken::new())
            .await?;
        let took = began.elapsed();
        crew.stop().await?;
        queue.close().await;
        // Without consumers, none of which would like to see its queue go.
        let lanes = AmqpQueue::connect(&self.settings).await?;
        for lane in Lane::JOBS.into_iter().chain([lane]) {
            lanes.delete(lane).await?;
        }
        let jobs = carried.run.progress().jobs;
        ensure!(
            jobs == self.load.jobs as u64,
            "{jobs} jobs were done where {} were meant",
            self.load.jobs
        );
        Ok(jobs as f64 / took.as_secs_f64())
    }

    async fn connect(&self, metrics: &Metrics) -> anyhow::Result<Arc<dyn Queue>> {
        let queue = AmqpQueue::connect(&self.settings).await?;
        Ok(metered::broker(Arc::new(queue), metrics))
    }
}

/// A worker with its own connections.
struct Crew {
    queue: Arc<dyn Queue>,
    stop: Stop,
    working: JoinHandle<Result<(), QueueError>>,
}

impl Crew {
    /// Comes back when it listens.
    async fn start(bench: &Bench<'_>) -> anyhow::Result<Self> {
        let metrics = Metrics::new(Part::Worker);
        let free = metrics.work.slots.clone();
        let queue = bench.connect(&metrics).await?;
        let stop = Stop::default();
        let settings = Settings {
            prefetch: bench.measure.prefetch,
            system: System::RabbitMq,
            ..Settings::all_stages(bench.measure.slots)
        };
        let performer: Arc<dyn Perform> = Arc::clone(&bench.canned) as _;
        let working = executor::work(
            Arc::clone(&queue),
            performer,
            settings,
            metrics,
            stop.clone(),
        );
        let working = tokio::spawn(working);
        // It says so once it has subscribed.
        while free.of((Slot::Free,)).get() == 0 && !working.is_finished() {
            tokio::time::sleep(GLANCE).await;
        }
        Ok(Self {
            queue,
            stop,
            working,
        })
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.stop.drain.cancel();
        self.working.await??;
        self.queue.close().await;
        Ok(())
    }
}

/// A run that nobody follows.
struct Unwatched;

impl Watch for Unwatched {
    fn progress(&mut self, _: Progress) {}
}

/// A folder of ledgers that is removed at the end.
struct Ledgers(PathBuf);

impl Ledgers {
    fn under(folder: &Path) -> anyhow::Result<Self> {
        let own = folder.join(format!("t2t-bench-{}", std::process::id()));
        fs::create_dir(&own).with_context(|| {
            format!(
                "failed to create {}: give --ledgers a folder that can be written to",
                own.display()
            )
        })?;
        Ok(Self(own))
    }

    fn of(&self, round: u32) -> PathBuf {
        self.0.join(round.to_string())
    }
}

impl Drop for Ledgers {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn bounded(prefetch: NonZeroUsize) -> u16 {
    u16::try_from(prefetch.get()).unwrap_or(u16::MAX)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    if values.len() % 2 == 1 {
        values[half]
    } else {
        f64::midpoint(values[half - 1], values[half])
    }
}
