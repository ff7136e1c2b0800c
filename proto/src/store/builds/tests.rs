use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
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

fn process(fleet: &Shared, number: u32) -> Builds {
    Builds::new(
        Arc::clone(&fleet.snapshots),
        Arc::clone(&fleet.leases),
        format!("process {number}"),
    )
}

fn world() -> Arc<[u8]> {
    b"a world that takes long to build".to_vec().into()
}

/// The world, however it was had.
async fn had(builds: &Builds, count: &AtomicU32, takes: Duration) -> Arc<[u8]> {
    let build = async || {
        count.fetch_add(1, Ordering::Relaxed);
        sleep(takes).await;
        Ok::<_, StoreError>((world(), Some(world())))
    };
    match builds.get_or_build(&Digest::of(&world()), build).await {
        Ok(Had::Found(bytes) | Had::Built(bytes)) => bytes,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_fleet_builds_once() {
    let fleet = Shared::in_memory(LIMIT);
    let count = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    for number in 0..40 {
        let (builds, count) = (process(&fleet, number), Arc::clone(&count));
        tasks.spawn(async move { had(&builds, &count, Duration::from_secs(5)).await });
    }
    let all = tasks.join_all().await;
    assert!(all.iter().all(|bytes| *bytes == world()));
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever() {
    let fleet = Shared::in_memory(LIMIT);
    let name = format!("build {}", Digest::of(&world()));
    let hour = Duration::from_secs(3600);
    let stuck = fleet.leases.take(&name, "stuck", hour).await.unwrap();
    let count = AtomicU32::new(0);
    let start = Instant::now();
    had(&process(&fleet, 1), &count, Duration::ZERO).await;
    let waited = start.elapsed();
    let patience = Patience::default();
    assert!(waited >= patience.bound && waited < patience.bound + 2 * patience.poll);
    assert_eq!(count.load(Ordering::Relaxed), 1);
    let released = fleet.leases.release(&stuck.unwrap()).await.unwrap();
    assert!(released, "the stuck one's lease was left alone");
}

#[tokio::test(start_paused = true)]
async fn a_process_without_the_store_builds_at_once() {
    let builds = Builds::new(Arc::new(Absent), Arc::new(MemoryLeases::default()), "alone");
    let (count, start) = (AtomicU32::new(0), Instant::now());
    had(&builds, &count, Duration::ZERO).await;
    assert_eq!(count.load(Ordering::Relaxed), 1);
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_failed_build_leaves_the_way_to_the_next() {
    let fleet = Shared::in_memory(LIMIT);
    let digest = Digest::of(&world());
    let failing = async || Err::<Built<()>, _>("no room to build");
    let failed = process(&fleet, 1).get_or_build(&digest, failing).await;
    assert_eq!(failed, Err("no room to build"));
    let (count, start) = (AtomicU32::new(0), Instant::now());
    had(&process(&fleet, 2), &count, Duration::ZERO).await;
    assert_eq!(
        (count.load(Ordering::Relaxed), start.elapsed()),
        (1, Duration::ZERO)
    );
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_the_store_is_built_by_each() {
    let fleet = Shared::in_memory(LIMIT);
    let digest = Digest::of(&world());
    for number in 0..2 {
        let build = async || Ok::<_, StoreError>((number, None));
        let had = process(&fleet, number).get_or_build(&digest, build).await;
        assert_eq!(had.unwrap(), Had::Built(number));
    }
}
