//! `t2t bench restore`: what it costs a worker to go on with a world that another one changed.
//!
//! The base world is at hand and the changes lie in Redis, as when an episode is continued elsewhere.
//! Everything runs on one thread, the connection to Redis included, so its processor time is all there is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use proto::digest::Digest;
use proto::ids::StateId;
use proto::record::{WorldRef, WorldSource};
use proto::seed::Seed;
use proto::store::{RedisStore, SnapshotStore};
use proto::topology::Shelf;
use worker::domains::Domain;
use worker::domains::retail::state::World;
use worker::domains::retail::{Retail, workload as calls};
use worker::environment::Environment as _;
use worker::process::tls;
use worker::services::Services;
use worker::worlds::Worlds;

use super::Stopwatch;
use super::figures::{Bound, Figure};

/// Writes of an episode that is far on.
const WRITES: usize = 10;
/// Restores between two looks at the clock.
const BATCH: u32 = 100;
/// Most microseconds of processor time that a restore may take.
const MOST: f64 = 200.0;

/// Measures for about this long.
pub(super) fn figures(span: Duration, services: &Services) -> anyhow::Result<Vec<Figure>> {
    tls::use_ring();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let store = services.connect_store().await?;
        Changed::world(store).await?.restores(span).await
    })
}

/// A world at hand, and what was changed in it elsewhere.
struct Changed {
    store: RedisStore,
    worlds: Worlds,
    world: WorldRef,
    delta: Digest,
    bytes: usize,
    state: StateId,
}

impl Changed {
    async fn world(store: RedisStore) -> anyhow::Result<Self> {
        let base = super::shop_of(1000)?;
        let mut changed = World::new(Arc::clone(&base));
        calls::run(&mut changed, &calls::writes(&base, Seed::root(1), WRITES));
        let domain: Arc<dyn Domain> = Arc::new(Retail::new(base));
        let delta = changed.delta();
        Ok(Self {
            world: WorldRef {
                domain: domain.name().to_owned(),
                base: domain.base(),
                source: WorldSource::AtHand,
            },
            worlds: Worlds::only(domain),
            bytes: delta.len(),
            delta: store.put(delta.into()).await?,
            state: changed.state_id(),
            store,
        })
    }

    async fn restore(&self) -> anyhow::Result<StateId> {
        let domain = self.worlds.domain(&self.world).await?;
        let delta = SnapshotStore::get(&self.store, &self.delta).await?;
        let delta = delta.context("the cache has lost the changes: it must not evict meanwhile")?;
        Ok(domain.restore(&delta)?.state_id())
    }

    async fn restores(&self, span: Duration) -> anyhow::Result<Vec<Figure>> {
        ensure!(
            self.restore().await? == self.state,
            "another state came back"
        );
        let calls = || self.store.figures().of(Shelf::Snapshots).calls;
        let (called, wall, watch) = (calls(), Instant::now(), Stopwatch::start());
        let mut restores = 0;
        while wall.elapsed() < span {
            for _ in 0..BATCH {
                self.restore().await?;
            }
            restores += BATCH;
        }
        let each = |spent: Duration| spent.as_secs_f64() * 1e6 / f64::from(restores);
        let trips = (calls() - called) as f64 / f64::from(restores);
        let what = format!(
            "base world of 1,000 orders at hand, {WRITES} writes ({} bytes); {:.0} µs of wall time",
            self.bytes,
            each(wall.elapsed())
        );
        Ok(vec![
            Figure::new(
                "restore from the cache",
                each(watch.read()),
                "µs",
                Bound::Most(MOST),
                what,
            ),
            Figure::new(
                "round trips of a restore",
                trips,
                "",
                Bound::Most(1.0),
                String::new(),
            ),
        ])
    }
}
