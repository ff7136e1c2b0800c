//! A run over a queue that reorders, duplicates and loses acknowledgements, whose coordinator falls
//! again and again at drawn moments, comes to the same ledger and the same dataset as a calm one.

mod apart;
mod early;
mod forgotten;
mod inquiries;
mod lost;
mod reopened;
mod shares;
mod undeliverable;
mod unreadable;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use coordinator::archive::{Archive, Held, new_run};
use coordinator::dataset::Settings as DatasetSettings;
use coordinator::dispatch::{Course, Dispatch, Options, Watch};
use coordinator::fleet::{self, Services, Terms, Work};
use coordinator::home::Home;
use coordinator::ledger::{Ledger, Reader};
use coordinator::plan::cells::Layout;
use coordinator::plan::identity::Identity;
use coordinator::plan::{Plan, WorldPlan};
use coordinator::run::Progress;
use coordinator::{project, world};
use proto::digest::Digest;
use proto::queue::memory::Faults;
use proto::queue::{MemoryQueue, MemorySettings, Queue as _, QueueError};
use proto::seed::Seed;
use proto::topology::Lane;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use worker::domains::Domain;
use worker::executor::{self, Perform, Settings, Stop};
use worker::perform::InProcess;
use worker::process::metrics::{Metrics, Part};
use worker::worlds::Worlds;

/// Jobs in flight: few, so that a crash finds a run in many states.
const WINDOW: usize = 12;
/// A coordinator over a fleet, with a patience that no test waits for.
const TERMS: Terms = Terms {
    window: WINDOW,
    patience: Duration::from_secs(24 * 60 * 60),
    inline_delta: usize::MAX,
    standby: false,
};
/// Times that a coordinator falls before it is left alone.
const FALLS: u64 = 6;

fn plan() -> Plan {
    Plan {
        domain: "tickets".to_owned(),
        seed: 11,
        tasks: 40,
        strata: 4,
        trials: 1,
        world: WorldPlan {
            people: 60,
            ..WorldPlan::default()
        },
        ..Plan::default()
    }
}

fn course(domain: &Arc<dyn Domain>) -> Course {
    course_of(plan(), domain)
}

fn course_of(plan: Plan, domain: &Arc<dyn Domain>) -> Course {
    let run = Identity::of(&plan, domain.base()).run();
    let layout = Layout::new(&plan, domain);
    Course::new(run, plan, layout)
}

/// Does not look.
struct Nobody;

impl Watch for Nobody {
    fn progress(&mut self, _: Progress) {}
}

/// Carries a run out to its end, with whoever takes its jobs.
async fn with_a_fleet(
    course: &Course,
    domain: &dyn Domain,
    dir: &Path,
    services: &Services,
    terms: Terms,
) {
    let work = Work {
        course,
        domain,
        recipe: None,
        tasks: None,
    };
    let (home, going) = (Home(dir.to_owned()), CancellationToken::new());
    let lane = fleet::turn(&home, services, terms, &mut Nobody, &going).await;
    let lane = lane.unwrap().expect("it was not stopped");
    let carried = fleet::carry_out(work, lane, &home, services, terms, &mut Nobody, going).await;
    assert!(carried.unwrap().work.run.finished());
}

/// Gives the word to fall at the n-th progress.
struct Falling {
    left: usize,
    word: Option<oneshot::Sender<()>>,
}

impl Watch for Falling {
    fn progress(&mut self, _: Progress) {
        self.left = self.left.saturating_sub(1);
        if self.left == 0
            && let Some(word) = self.word.take()
        {
            // Nobody listens once the dispatch is done.
            let _ = word.send(());
        }
    }
}

/// Carries the run out until it ends, or until `progress` has been made so often; then everything the
/// coordinator holds is dropped where it stands. Whether it ended.
async fn carry_out(
    course: &Course,
    domain: &dyn Domain,
    dir: &Path,
    queue: &MemoryQueue,
    progress: usize,
) -> bool {
    let ledger = Ledger::open(dir).unwrap();
    let options = Options::embedded(domain, WINDOW, Metrics::new(Part::Coordinator));
    let connection = queue.connect();
    let prefetch = NonZeroUsize::new(64).unwrap();
    let mut outcomes = connection
        .subscribe(Lane::Outcomes(options.instance), prefetch)
        .await
        .unwrap();
    let run = new_run(course, WINDOW);
    let dispatch = Dispatch::new(course, run, ledger, None, Arc::new(connection), options);
    let (word, fall) = oneshot::channel();
    let mut watch = Falling {
        left: progress,
        word: Some(word),
    };
    tokio::select! {
        biased;
        Ok(()) = fall => false,
        done = dispatch.carry_out(&mut *outcomes, &mut watch, CancellationToken::new()) => {
            done.unwrap();
            true
        }
    }
}

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap()
}

/// A worker in this process, until it is told to stop.
fn working<P: Perform + 'static>(
    queue: &MemoryQueue,
    performer: P,
    slots: NonZeroUsize,
    stop: &Stop,
) -> impl Future<Output = Result<(), QueueError>> + use<P> {
    executor::work(
        Arc::new(queue.connect()),
        Arc::new(performer),
        Settings::all_stages(slots),
        Metrics::new(Part::Worker),
        stop.clone(),
    )
}

/// Runs to the end with two workers; gives how often the coordinator fell.
fn run(course: &Course, domain: &Arc<dyn Domain>, dir: &Path, faults: Option<Faults>) -> u64 {
    runtime().block_on(async {
        let queue = MemoryQueue::new(MemorySettings {
            faults,
            ..MemorySettings::default()
        });
        let stop = Stop::default();
        let mut crew = JoinSet::new();
        for _ in 0..2 {
            let performer = InProcess::new(Worlds::only(Arc::clone(domain)), 1);
            crew.spawn(working(&queue, performer, NonZeroUsize::MIN, &stop));
        }
        let mut falls = 0;
        loop {
            let moment = match faults {
                Some(faults) if falls < FALLS => {
                    1 + faults.seed.child("fall", falls).rng().below(2)
                }
                _ => usize::MAX,
            };
            if carry_out(course, &**domain, dir, &queue, moment).await {
                break;
            }
            falls += 1;
        }
        stop.drain.cancel();
        while let Some(worker) = crew.join_next().await {
            worker.unwrap().unwrap();
        }
        falls
    })
}

/// What a run came to: every record by its job, and the digest of the dataset made of them.
fn came_to(
    course: &Course,
    domain: &Arc<dyn Domain>,
    dir: &Path,
) -> (BTreeMap<String, (String, Digest)>, Digest) {
    let (reader, index, _) = Reader::open(dir).unwrap();
    let record = |record: coordinator::ledger::Record| {
        let entry = format!("{:?}", record.entry);
        (
            record.entry.job.to_string(),
            (entry, Digest::of(&record.body)),
        )
    };
    let records = reader.iter().map(|found| record(found.unwrap())).collect();
    let archive = Archive::new(course.clone(), Arc::clone(domain), Held { reader, index });
    let settings = DatasetSettings::dataset(course.run.to_string());
    let written = project::dataset(&archive, &dir.join("dataset"), settings).unwrap();
    assert!(written.manifest.rows > 0);
    (records, written.manifest.digest)
}

#[test]
fn whatever_befalls_a_run_it_comes_to_the_same() {
    let domain = world::domain(&plan()).unwrap();
    let course = course(&domain);
    let finished = |faults: Option<Faults>| {
        let dir = TempDir::new().unwrap();
        let falls = run(&course, &domain, dir.path(), faults);
        (falls, came_to(&course, &domain, dir.path()))
    };
    let (_, calm) = finished(None);
    assert!(calm.0.len() > 30, "{} records", calm.0.len());
    for round in 0..3 {
        let faults = Faults {
            seed: Seed::root(round).child("faults", 0),
            reorder: 0.4,
            duplicate: 0.25,
            lose: 0.2,
        };
        let (falls, harsh) = finished(Some(faults));
        assert!(falls > 1, "it fell {falls} times");
        let missing: Vec<&String> = calm
            .0
            .keys()
            .filter(|job| !harsh.0.contains_key(*job))
            .collect();
        let added: Vec<&String> = harsh
            .0
            .keys()
            .filter(|job| !calm.0.contains_key(*job))
            .collect();
        assert!(
            missing.is_empty() && added.is_empty(),
            "round {round}: {missing:?} are missing, {added:?} too many"
        );
        assert_eq!(harsh, calm, "round {round}");
    }
}
