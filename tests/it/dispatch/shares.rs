//! Runs that share a fleet get as much of it as their windows say.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use coordinator::plan::Mix;
use proto::job::Job;
use proto::topology::Instance;
use worker::executor::{Attempt, Done, Perform};

use super::*;

/// Jobs that the runs come to together before they are stopped: enough that the beginning, where both
/// fill their windows, weighs little.
const JOBS: u64 = 800;
/// Slots of the fleet; less than the smaller window, or its run would not want its share.
const SLOTS: usize = 3;

/// Takes a second for each job, whatever it is.
struct Steady(InProcess);

#[async_trait]
impl Perform for Steady {
    async fn perform(&self, job: Job, attempt: &Attempt) -> Done {
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.0.perform(job, attempt).await
    }
}

/// Counts what a run has come to, and stops all when that is enough.
struct Counting<'a> {
    place: usize,
    jobs: &'a Mutex<[u64; 2]>,
    enough: CancellationToken,
}

impl Watch for Counting<'_> {
    fn progress(&mut self, progress: Progress) {
        let mut jobs = self.jobs.lock().unwrap();
        if !self.enough.is_cancelled() {
            jobs[self.place] = progress.jobs;
        }
        if jobs.iter().sum::<u64>() >= JOBS {
            self.enough.cancel();
        }
    }
}

/// A plan that does not run out of different wishes.
fn large(general: u32) -> Plan {
    let mix = Mix {
        general,
        ..Mix::default()
    };
    let world = WorldPlan {
        people: 4000,
        ..WorldPlan::default()
    };
    let (tasks, strata) = (2000, 16);
    Plan {
        mix,
        tasks,
        strata,
        world,
        ..plan()
    }
}

/// A run of its own over the domain.
fn course_of(plan: Plan, domain: &Arc<dyn Domain>) -> Course {
    let run = Identity::of(&plan, domain.base()).run();
    let layout = Layout::new(&plan, domain);
    Course::new(run, plan, layout)
}

/// Carries both runs out with these windows at the same time; gives the jobs that each came to.
async fn share(domain: &Arc<dyn Domain>, windows: [usize; 2]) -> [u64; 2] {
    let queue = MemoryQueue::default();
    let stop = Stop::default();
    let crew = tokio::spawn(working(
        &queue,
        Steady(InProcess::new(Worlds::only(Arc::clone(domain)), SLOTS)),
        NonZeroUsize::new(SLOTS).unwrap(),
        &stop,
    ));
    let jobs = Mutex::new([0; 2]);
    let enough = CancellationToken::new();
    let run = |place: usize| {
        let (queue, jobs, enough) = (queue.connect(), &jobs, enough.clone());
        async move {
            let dir = TempDir::new().unwrap();
            let course = course_of(large(place as u32 + 1), domain);
            let window = windows[place];
            let options = Options {
                instance: Instance([place as u8 + 1; 8]),
                finish_in_flight: false,
                ..Options::embedded(&**domain, window, Metrics::new(Part::Coordinator))
            };
            let lane = Lane::Outcomes(options.instance);
            let prefetch = NonZeroUsize::new(64).unwrap();
            let mut outcomes = queue.subscribe(lane, prefetch).await.unwrap();
            let ledger = Ledger::open(dir.path()).unwrap();
            let run = new_run(&course, window);
            let dispatch = Dispatch::new(&course, run, ledger, None, Arc::new(queue), options);
            let mut watch = Counting {
                place,
                jobs,
                enough: enough.clone(),
            };
            let done = dispatch.carry_out(&mut *outcomes, &mut watch, enough).await;
            assert!(
                !done.unwrap().run.finished(),
                "it was over before its share could be seen"
            );
        }
    };
    tokio::join!(run(0), run(1));
    stop.drain.cancel();
    stop.abandon.cancel();
    crew.await.unwrap().unwrap();
    let jobs = jobs.lock().unwrap();
    *jobs
}

#[tokio::test(start_paused = true)]
async fn windows_are_shares() {
    let domain = world::domain(&large(1)).unwrap();
    for (windows, wanted) in [([6, 18], 3.0), ([18, 6], 1.0 / 3.0)] {
        let [one, other] = share(&domain, windows).await;
        let ratio = other as f64 / one as f64;
        let off = ratio / wanted;
        assert!(
            (0.8..1.25).contains(&off),
            "windows {windows:?}: {one} and {other} jobs, {ratio:.2} where {wanted:.2} is wanted"
        );
    }
}
