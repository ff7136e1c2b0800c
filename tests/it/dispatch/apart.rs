//! Start states that jobs name instead of carrying: the run comes to the same, whether the store keeps them
//! or has forgotten every one.

use std::sync::Mutex;

use async_trait::async_trait;
use proto::digest::Digest;
use proto::store::{Builds, Shared, SnapshotStore, StoreError};

use super::*;

/// A store of snapshots that tells what became of it.
#[derive(Debug)]
struct Shelf {
    inner: Arc<dyn SnapshotStore>,
    forgets: bool,
    puts: Mutex<Vec<Digest>>,
    hits: Mutex<u32>,
}

#[async_trait]
impl SnapshotStore for Shelf {
    async fn put(&self, bytes: Arc<[u8]>) -> Result<Digest, StoreError> {
        let digest = self.inner.put(bytes).await?;
        self.puts.lock().unwrap().push(digest);
        Ok(digest)
    }

    async fn get(&self, digest: &Digest) -> Result<Option<Arc<[u8]>>, StoreError> {
        if self.forgets {
            return Ok(None);
        }
        *self.hits.lock().unwrap() += 1;
        self.inner.get(digest).await
    }
}

/// Carries a run out over a shelf; gives the shelf.
fn over(course: &Course, domain: &Arc<dyn Domain>, dir: &Path, forgets: bool) -> Arc<Shelf> {
    let shared = Shared::in_memory(1 << 24);
    let shelf = Arc::new(Shelf {
        inner: Arc::clone(&shared.snapshots),
        forgets,
        puts: Mutex::default(),
        hits: Mutex::default(),
    });
    let shared = Shared {
        snapshots: Arc::clone(&shelf) as _,
        ..shared
    };
    let worlds = Worlds::new(
        1,
        Builds::new(
            Arc::clone(&shared.snapshots),
            Arc::clone(&shared.leases),
            "one",
        ),
    );
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
        let terms = Terms {
            inline_delta: 0,
            ..TERMS
        };
        with_a_fleet(course, &**domain, dir, &services, terms).await;
        stop.drain.cancel();
        crew.await.unwrap().unwrap();
    });
    shelf
}

#[test]
fn start_states_that_lie_in_the_store_change_nothing() {
    let domain = world::domain(&plan()).unwrap();
    let course = course(&domain);
    let calm = TempDir::new().unwrap();
    run(&course, &domain, calm.path(), None);
    let calm = came_to(&course, &domain, calm.path());
    for forgets in [false, true] {
        let dir = TempDir::new().unwrap();
        let shelf = over(&course, &domain, dir.path(), forgets);
        assert_eq!(came_to(&course, &domain, dir.path()), calm);
        let puts = shelf.puts.lock().unwrap();
        let mut different = puts.clone();
        different.sort_unstable();
        different.dedup();
        assert!(different.len() > 2, "no start state but the base was put");
        if !forgets {
            assert_eq!(puts.len(), different.len(), "each was put once");
            assert!(*shelf.hits.lock().unwrap() as usize >= different.len());
        }
    }
}
