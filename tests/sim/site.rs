//! The fleet that is simulated: its processes are started, befallen, and started again, until the run
//! is finished and every coordinator has ended.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use coordinator::dispatch::{Course, DispatchError, Watch};
use coordinator::fleet::{FleetError, Services, Terms, Work, carry_out, turn};
use coordinator::home::Home;
use coordinator::ledger::LedgerError;
use coordinator::run::Progress;
use proto::ids::JobId;
use proto::queue::memory::Faults;
use proto::queue::{Lane, MemoryQueue, MemorySettings, QueueError};
use proto::seed::Seed;
use proto::store::{Builds, Shared};
use proto::topology::Instance;
use tempfile::TempDir;
use tokio::runtime::Builder;
use tokio::task::{JoinError, JoinSet, LocalSet};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use worker::executor::{self, Settings, Stop};
use worker::process::metrics::{Metrics, Part};
use worker::serve::Worker;
use worker::worlds::Worlds;

use super::case::{Act, Case, Flaw, Operation, Who};
use super::exchange::{Exchange, Hands};
use super::link::Link;
use super::made_up::{self, DOMAIN};
use super::performer::MadeUp;
use super::process::{Process, Standing, lifetime};
use super::shelf::Shelf;
use super::verdict::{Breach, check};

/// Until a process that ended is started again.
const RESTART: Duration = Duration::from_secs(2);
/// Until a coordinator publishes again what is not answered.
const PATIENCE: Duration = Duration::from_secs(120);
/// Within this time after the last operation a run must end.
const LIMIT: Duration = Duration::from_secs(3 * 60 * 60);
/// The name that the run has on the broker.
const INSTANCE: Instance = Instance([3; 8]);
/// Where folders cost no disk, if there is such a place.
const IN_MEMORY: &str = "/dev/shm";

/// One table of metrics for all: nobody reads it.
static METRICS: LazyLock<Metrics> = LazyLock::new(|| Metrics::new(Part::Embedded));

/// What a simulation saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Operations carried out.
    pub operations: u64,
    /// Records in the ledger.
    pub records: u64,
    /// Processes that died, or were killed by their job.
    pub deaths: u64,
    /// Workers that ended in order.
    pub drained: u64,
    /// Coordinators that began.
    pub coordinators: u64,
    /// Coordinators that found a successor and stopped.
    pub fenced: u64,
    /// Coordinators that were refused.
    pub refused: u64,
    /// Seams crossed.
    pub crossings: u64,
    /// Milliseconds that passed.
    pub millis: u64,
}

impl Tally {
    /// Adds another.
    pub fn add(&mut self, other: &Self) {
        self.operations += other.operations;
        self.records += other.records;
        self.deaths += other.deaths;
        self.drained += other.drained;
        self.coordinators += other.coordinators;
        self.fenced += other.fenced;
        self.refused += other.refused;
        self.crossings += other.crossings;
        self.millis += other.millis;
    }
}

/// Simulates a case.
///
/// # Errors
/// What was broken.
pub fn run(case: &Case) -> Result<Tally, Breach> {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without IO can be built");
    LocalSet::new().block_on(&runtime, async {
        let mut site = Site::new(case);
        site.begin().await;
        site.carry_on().await?;
        site.end().await
    })
}

/// How a member of the fleet ended.
#[derive(Debug)]
enum Ended {
    Worker {
        place: usize,
        /// Nothing when it died.
        how: Option<Result<(), QueueError>>,
    },
    Coordinator {
        number: u64,
        /// Whether it is started again.
        main: bool,
        /// Nothing when it died; whether the run is finished.
        how: Option<Result<bool, FleetError>>,
    },
}

struct Workshop {
    process: Arc<Process>,
    stop: Stop,
}

struct Site<'a> {
    case: &'a Case,
    course: Arc<Course>,
    poison: Option<JobId>,
    exchange: Arc<Exchange>,
    shelf: Arc<Shelf>,
    shared: Shared,
    folder: TempDir,
    workers: Vec<Workshop>,
    coordinators: Vec<Arc<Process>>,
    members: JoinSet<Ended>,
    started: u64,
    finished: bool,
    tally: Tally,
}

impl<'a> Site<'a> {
    fn new(case: &'a Case) -> Self {
        let setting = &case.setting;
        let course = made_up::course(case.seed, setting.tasks);
        let chance = |hundredths: u8| f64::from(hundredths) / 100.0;
        let queue = MemoryQueue::new(MemorySettings {
            capacity: usize::from(setting.capacity.max(1)),
            faults: Some(Faults {
                seed: Seed::root(case.seed).child("weather", 0),
                reorder: chance(setting.reorder),
                duplicate: chance(setting.duplicate),
                lose: chance(setting.lose),
            }),
            ..MemorySettings::default()
        });
        let shelf = Shelf::new();
        let shared = Shared {
            snapshots: Arc::clone(&shelf) as _,
            ..Shared::in_memory(1 << 20)
        };
        Self {
            case,
            poison: setting.poison.then(|| made_up::poison(&course)),
            course: Arc::new(course),
            exchange: Exchange::new(queue, setting.sole),
            shelf,
            shared,
            folder: folder(),
            workers: Vec::new(),
            coordinators: Vec::new(),
            members: JoinSet::new(),
            started: 0,
            finished: false,
            tally: Tally::default(),
        }
    }

    async fn begin(&mut self) {
        self.tell_of_workers().await;
        self.coordinate(true, false, Duration::ZERO);
        for place in 0..usize::from(self.case.setting.workers.max(1)) {
            let workshop = self.work(place, Duration::ZERO);
            self.workers.push(workshop);
        }
    }

    /// Has the board tell that no worker has work in hand, so that coordinators take a slow fleet for one that lost
    /// everything, too; with the flaw of a coordinator that never asks again, that one is always busy.
    async fn tell_of_workers(&self) {
        let worker = Worker {
            busy: u64::from(self.case.flaw == Some(Flaw::Impatient)),
            ..Worker::named("all")
        };
        let posted = worker.post(&*self.shared.board, 100 * LIMIT);
        posted.await.expect("the board is in memory");
    }

    /// Lets everything happen that is to happen, until the run is finished and nobody coordinates.
    async fn carry_on(&mut self) -> Result<(), Breach> {
        let began = Instant::now();
        let at = |operation: &Operation| began + Duration::from_millis(operation.at);
        let mut operations = self.case.operations.iter().peekable();
        let limit = self.case.operations.last().map_or(began, at) + LIMIT;
        while !(self.finished && self.coordinators.is_empty()) {
            let next = operations
                .peek()
                .filter(|_| !self.finished)
                .map(|next| at(next));
            tokio::select! {
                biased;
                Some(ended) = self.members.join_next() => self.ended(ended)?,
                () = sleep_until(next.unwrap_or(limit)), if next.is_some() => {
                    let operation = operations.next().expect("it was looked at");
                    self.tally.operations += 1;
                    self.befall(&operation.act).await;
                }
                () = sleep_until(limit) => return Err(Breach::Endless),
            }
        }
        self.tally.millis = began.elapsed().as_millis() as u64;
        Ok(())
    }

    /// Ends the workers, and looks at what the run came to.
    async fn end(mut self) -> Result<Tally, Breach> {
        for workshop in &self.workers {
            self.tally.crossings += workshop.process.crossings();
        }
        self.members.shutdown().await;
        let lanes = Lane::JOBS.into_iter().chain([Lane::Outcomes(INSTANCE)]);
        for lane in lanes {
            let dead = self.exchange.queue.counts(lane).dead;
            if dead > 0 {
                return Err(Breach::Buried(format!("{dead} messages of {lane}")));
            }
        }
        self.tally.records = check(self.case, &self.course, self.poison, self.folder.path())?;
        Ok(self.tally)
    }

    fn process(&mut self) -> Arc<Process> {
        self.started += 1;
        Process::new(self.started, Hands::new(self.started, &self.exchange))
    }

    /// Starts a worker after a while.
    fn work(&mut self, place: usize, after: Duration) -> Workshop {
        let process = self.process();
        let snapshots = Arc::clone(&self.shared.snapshots);
        let leases = Arc::clone(&self.shared.leases);
        let name = format!("worker {}", self.started);
        let recipe_only = Worlds::new(1, Builds::new(snapshots, leases, name));
        let performer = MadeUp {
            process: Arc::clone(&process),
            worlds: recipe_only,
            poison: self.poison,
            flaw: self.case.flaw,
        };
        let slots = NonZeroUsize::new(usize::from(self.case.setting.slots));
        let stop = Stop::default();
        let working = executor::work(
            Arc::new(Link::new(&process, &self.exchange)),
            Arc::new(performer),
            Settings::all_stages(slots.unwrap_or(NonZeroUsize::MIN)),
            METRICS.clone(),
            stop.clone(),
        );
        let living = Arc::clone(&process);
        self.members.spawn_local(async move {
            sleep(after).await;
            let how = lifetime(&living, working).await;
            Ended::Worker { place, how }
        });
        Workshop { process, stop }
    }

    /// Starts a coordinator after a while.
    fn coordinate(&mut self, main: bool, standby: bool, after: Duration) {
        let process = self.process();
        let services = Services {
            queue: Arc::new(Link::new(&process, &self.exchange)),
            shared: self.shared.clone(),
            metrics: METRICS.clone(),
        };
        let terms = Terms {
            window: usize::from(self.case.setting.window.max(1)),
            patience: if self.case.flaw == Some(Flaw::Impatient) {
                100 * LIMIT
            } else {
                PATIENCE
            },
            inline_delta: 0,
            standby,
        };
        let recipe = self.case.setting.recipe.then(made_up::recipe);
        let course = Arc::clone(&self.course);
        let home = Home(self.folder.path().to_owned());
        self.coordinators.push(Arc::clone(&process));
        self.members.spawn_local(async move {
            sleep(after).await;
            let work = Work {
                course: &course,
                domain: &**DOMAIN,
                recipe,
                tasks: None,
            };
            let mut watch = Silent;
            let stop = CancellationToken::new();
            let carrying = async {
                let lane = turn(&home, &services, terms, &mut watch, &stop).await?;
                let Some(lane) = lane else { return Ok(None) };
                let carrying = carry_out(
                    work,
                    lane,
                    &home,
                    &services,
                    terms,
                    &mut watch,
                    stop.clone(),
                );
                carrying.await.map(Some)
            };
            let how = lifetime(&process, carrying).await.map(|done| {
                done.map(|carried| carried.is_some_and(|carried| carried.work.run.finished()))
            });
            Ended::Coordinator {
                number: process.number,
                main,
                how,
            }
        });
        self.tally.coordinators += 1;
    }

    fn ended(&mut self, ended: Result<Ended, JoinError>) -> Result<(), Breach> {
        match ended.map_err(|panic| Breach::Panicked(panic.to_string()))? {
            Ended::Worker { place, how } => {
                match how {
                    None => self.tally.deaths += 1,
                    Some(Ok(())) => self.tally.drained += 1,
                    Some(Err(error)) => return Err(Breach::Fell(format!("a worker: {error}"))),
                }
                self.tally.crossings += self.workers[place].process.crossings();
                self.workers[place] = self.work(place, RESTART);
            }
            Ended::Coordinator { number, main, how } => {
                self.left(number);
                match how {
                    None => self.tally.deaths += 1,
                    Some(Ok(finished)) => self.finished |= finished,
                    Some(Err(error)) => self.refused(error)?,
                }
                if main && !self.finished {
                    self.coordinate(true, true, RESTART);
                }
            }
        }
        Ok(())
    }

    fn left(&mut self, number: u64) {
        let place = self
            .coordinators
            .iter()
            .position(|process| process.number == number);
        let process = self.coordinators.remove(place.expect("it was started"));
        self.tally.crossings += process.crossings();
    }

    /// A coordinator may find that another one is at the run, and nothing else.
    fn refused(&mut self, error: FleetError) -> Result<(), Breach> {
        match error {
            FleetError::Busy(_) => self.tally.refused += 1,
            FleetError::Ledger(LedgerError::Fenced { .. })
            | FleetError::Dispatch(DispatchError::Ledger(LedgerError::Fenced { .. })) => {
                self.tally.fenced += 1;
            }
            other => return Err(Breach::Fell(format!("a coordinator: {other}"))),
        }
        Ok(())
    }

    async fn befall(&mut self, act: &Act) {
        match *act {
            Act::Crash { who, crossings } => self.on(who, |process| process.crash_after(crossings)),
            Act::Freeze {
                who,
                crossings,
                millis,
            } => self.on(who, |process| {
                process.freeze_after(crossings, Duration::from_millis(millis));
            }),
            Act::Sever { who } => self.on(who, |process| process.hands.sever()),
            Act::Drain { worker } => {
                let place = usize::from(worker) % self.workers.len();
                let stop = &self.workers[place].stop;
                stop.drain.cancel();
                stop.hand_back.cancel();
            }
            Act::Publish { who, fate } => self.on(who, |process| process.foretell_publish(fate)),
            Act::Settle { who, fate } => self.on(who, |process| process.foretell_settle(fate)),
            Act::End { worker, ending } => self.on(Who::Worker(worker), |process| {
                process.foretell_ending(ending);
            }),
            Act::Copy { lane, back } => {
                self.exchange.copy(lane_of(lane), usize::from(back)).await;
            }
            Act::Wipe { lane } => {
                let wiped = proto::queue::Queue::delete(&self.exchange.queue, lane_of(lane));
                wiped.await.expect("the exchange is open");
            }
            Act::Second { standby } => self.coordinate(false, standby, Duration::ZERO),
            Act::Flush => self.shelf.flush(),
            Act::Unreachable { calls } => self.shelf.fail(calls),
            Act::Miss { calls } => self.shelf.miss(calls),
        }
    }

    /// Does something to a process, if there is such a one.
    fn on(&self, who: Who, act: impl FnOnce(&Process)) {
        let process = match who {
            Who::Worker(place) => {
                let place = usize::from(place) % self.workers.len();
                Some(&self.workers[place].process)
            }
            Who::Coordinator(place) => {
                let place = usize::from(place) % self.coordinators.len().max(1);
                self.coordinators.get(place)
            }
        };
        if let Some(process) = process.filter(|process| process.standing() != Standing::Dead) {
            act(process);
        }
    }
}

/// Follows nothing.
struct Silent;

impl Watch for Silent {
    fn progress(&mut self, _: Progress) {}
}

fn lane_of(number: u8) -> Lane {
    let jobs = Lane::JOBS;
    jobs.get(usize::from(number))
        .copied()
        .unwrap_or(Lane::Outcomes(INSTANCE))
}

/// A folder for a run, in memory where that is possible: its ledger is synced at every commit.
fn folder() -> TempDir {
    let parent = Some(Path::new(IN_MEMORY)).filter(|place| place.is_dir());
    let parent = parent.map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = TempDir::with_prefix_in("t2t-sim-", parent).expect("a folder can be made");
    let name = INSTANCE.to_string();
    std::fs::write(folder.path().join("instance"), name).expect("a file can be written");
    folder
}
