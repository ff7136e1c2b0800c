//! A store that has forgotten the run's world is given it once more, and not each job.

use std::sync::Mutex;

use async_trait::async_trait;
use proto::store::{Builds, Shared, SnapshotStore, StoreError};
use proto::wire;
use worker::worlds;

use super::*;

/// A store that was emptied after the first thing that was put into it.
#[derive(Debug)]
struct Emptied {
    inner: Arc<dyn SnapshotStore>,
    puts: Mutex<Vec<Digest>>,
}

#[async_trait]
impl SnapshotStore for Emptied {
    async fn put(&self, bytes: Arc<[u8]>) -> Result<Digest, StoreError> {
        let digest = Digest::of(&bytes);
        let first = {
            let mut puts = self.puts.lock().unwrap();
            puts.push(digest);
            puts.len() == 1
        };
        match first {
            true => Ok(digest),
            false => self.inner.put(bytes).await,
        }
    }

    async fn get(&self, digest: &Digest) -> Result<Option<Arc<[u8]>>, StoreError> {
        self.inner.get(digest).await
    }
}

#[test]
fn a_world_that_the_store_forgot_is_offered_again_while_jobs_are_sent_it() {
    forgotten(plan());
}

#[test]
fn jobs_wait_for_a_world_that_the_store_forgot_and_no_job_can_carry() {
    let mut plan = Plan { tasks: 6, ..plan() };
    plan.world.people = 60_000;
    let domain = world::domain(&plan).unwrap();
    let snapshot = worlds::snapshot(&*domain).unwrap();
    assert!(snapshot.len() > wire::Kind::Job.cap(), "{}", snapshot.len());
    forgotten(plan);
}

fn forgotten(plan: Plan) {
    let domain = world::domain(&plan).unwrap();
    let course = course_of(plan, &domain);
    let dir = TempDir::new().unwrap();
    let shared = Shared::in_memory(1 << 26);
    let store = Arc::new(Emptied {
        inner: Arc::clone(&shared.snapshots),
        puts: Mutex::default(),
    });
    let shared = Shared {
        snapshots: Arc::clone(&store) as _,
        ..shared
    };
    let (snapshots, leases) = (Arc::clone(&shared.snapshots), Arc::clone(&shared.leases));
    let worlds = Worlds::new(1, Builds::new(snapshots, leases, "one"));
    runtime().block_on(async {
        let queue = MemoryQueue::new(MemorySettings::default());
        let stop = Stop::default();
        let crew = tokio::spawn(working(
            &queue,
            InProcess::new(worlds, 2),
            NonZeroUsize::new(4).unwrap(),
            &stop,
        ));
        let services = Services {
            queue: Arc::new(queue),
            shared,
            metrics: Metrics::new(Part::Coordinator),
        };
        with_a_fleet(&course, &*domain, dir.path(), &services, TERMS).await;
        stop.drain.cancel();
        crew.await.unwrap().unwrap();
        let puts = store.puts.lock().unwrap().clone();
        let [first, again] = puts[..] else {
            panic!(
                "offered {} times, though the workers missed it at once",
                puts.len()
            );
        };
        assert_eq!(first, again);
        let kept = store.get(&first).await.unwrap();
        assert!(kept.is_some(), "a worker that comes now finds it");
    });
}
