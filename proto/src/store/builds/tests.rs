use std::sync::atomic::{AtomicU32, Ordering};

use tokio::task::JoinSet;

use super::*;
use crate::store::{MemoryLeases, Shared};

const LIMIT: usize = 1 << 20;

/// A store that can't be reached.
#[derive(Debug)]
struct Absent;

#[async_trait]
impl SnapshotStore for Absent {
    async fn put(&self, _: Arc<[u8]>) -> Result<Digest, StoreError> {
        Err(StoreError::Unreachable("it is away".to_owned()))
    }

    async fn get(&self, _: &Digest) -> Result<Option<Arc<[u8]>>, StoreError> {
        Err(StoreError::Unreachable("it is away".to_owned()))
    }
}

fn process(fleet: &Shared, number: u32) -> Arc<CachedSnapshots> {
    Arc::new(CachedSnapshots::new(
        LIMIT,
        Arc::clone(&fleet.snapshots),
        Arc::clone(&fleet.leases),
        format!("process {number}"),
        Patience::default(),
    ))
}

fn world() -> Arc<[u8]> {
    b"a world that takes long to build".to_vec().into()
}

async fn built(cache: &CachedSnapshots, builds: &AtomicU32, takes: Duration) -> Arc<[u8]> {
    let build = async || {
        builds.fetch_add(1, Ordering::Relaxed);
        sleep(takes).await;
        Ok::<_, StoreError>(world())
    };
    cache
        .get_or_build(&Digest::of(&world()), build)
        .await
        .unwrap()
}

#[tokio::test]
async fn conforms() {
    crate::store::conformance::snapshots(async || {
        let fleet = Shared::in_memory(64 << 20);
        Box::new(CachedSnapshots::new(
            LIMIT,
            fleet.snapshots,
            fleet.leases,
            "one",
            Patience::default(),
        )) as _
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_fleet_builds_once() {
    let fleet = Shared::in_memory(LIMIT);
    let builds = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    for number in 0..40 {
        let cache = process(&fleet, number);
        for _ in 0..5 {
            let (cache, builds) = (Arc::clone(&cache), Arc::clone(&builds));
            tasks.spawn(async move { built(&cache, &builds, Duration::from_secs(5)).await });
        }
    }
    let all = tasks.join_all().await;
    assert!(all.iter().all(|bytes| *bytes == world()));
    assert_eq!(builds.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever() {
    let fleet = Shared::in_memory(LIMIT);
    let name = format!("build {}", Digest::of(&world()));
    let hour = Duration::from_secs(3600);
    let stuck = fleet.leases.take(&name, "stuck", hour).await.unwrap();
    let builds = AtomicU32::new(0);
    let start = Instant::now();
    built(&process(&fleet, 1), &builds, Duration::ZERO).await;
    let waited = start.elapsed();
    let patience = Patience::default();
    assert!(waited >= patience.bound && waited < patience.bound + 2 * patience.poll);
    assert_eq!(builds.load(Ordering::Relaxed), 1);
    let released = fleet.leases.release(&stuck.unwrap()).await.unwrap();
    assert!(released, "the stuck one's lease was left alone");
}

#[tokio::test(start_paused = true)]
async fn a_process_without_the_store_builds_once_and_at_once() {
    let cache = CachedSnapshots::new(
        LIMIT,
        Arc::new(Absent),
        Arc::new(MemoryLeases::default()),
        "alone",
        Patience::default(),
    );
    let (builds, start) = (AtomicU32::new(0), Instant::now());
    for _ in 0..3 {
        built(&cache, &builds, Duration::ZERO).await;
    }
    assert_eq!(builds.load(Ordering::Relaxed), 1);
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_failed_build_leaves_the_way_to_the_next() {
    let fleet = Shared::in_memory(LIMIT);
    let digest = Digest::of(&world());
    let failing = async || Err(StoreError::Full("no room to build".to_owned()));
    let failed = process(&fleet, 1).get_or_build(&digest, failing).await;
    assert!(matches!(failed, Err(StoreError::Full(_))), "{failed:?}");
    let other = async || Ok::<Arc<[u8]>, StoreError>(b"another world".to_vec().into());
    let wrong = process(&fleet, 2).get_or_build(&digest, other).await;
    let said = wrong.unwrap_err().to_string();
    assert!(
        said.contains("recipe") && said.contains(&digest.to_string()),
        "{said}"
    );
    let (builds, start) = (AtomicU32::new(0), Instant::now());
    built(&process(&fleet, 3), &builds, Duration::ZERO).await;
    assert_eq!(
        (builds.load(Ordering::Relaxed), start.elapsed()),
        (1, Duration::ZERO)
    );
}

#[tokio::test]
async fn what_was_read_once_is_read_here() {
    let fleet = Shared::in_memory(LIMIT);
    let digest = fleet.snapshots.put(world()).await.unwrap();
    let cache = process(&fleet, 1);
    assert_eq!(cache.get(&digest).await.unwrap(), Some(world()));
    assert_eq!(cache.local.len(), 1);
    assert_eq!(cache.local.get(&digest).await.unwrap(), Some(world()));
}
