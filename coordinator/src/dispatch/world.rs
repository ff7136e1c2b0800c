//! The base world that jobs are over, and how workers are helped to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use proto::digest::Digest;
use proto::error::ErrorKind;
use proto::ids::JobId;
use proto::record::{Recipe, WorldRef, WorldSource};
use proto::store::{SnapshotStore, StoreError};
use tokio::task::JoinSet;
use tokio::time::Instant;
use worker::domains::Domain;
use worker::worlds;

use super::DispatchError;

/// Least time between two offers of a world: workers that miss it say so all at once.
const AGAIN: Duration = Duration::from_secs(10);

/// How long jobs wait for a store that does not take the world, as one that is full.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// How often a job waits at most: a store that has no room forgets the world as soon as it took it.
const WAITS: u32 = 20;

/// The base world of a run, as its jobs name it.
#[derive(Clone)]
pub struct RunWorld {
    reference: WorldRef,
    /// Encoded, for workers that can't come by it; empty where every worker has it at hand.
    bytes: Arc<[u8]>,
}

impl fmt::Debug for RunWorld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RunWorld")
            .field(&self.reference.base)
            .finish()
    }
}

impl RunWorld {
    /// A world that every worker has.
    pub fn at_hand(domain: &dyn Domain) -> Self {
        Self {
            reference: reference(domain, WorldSource::AtHand),
            bytes: Arc::default(),
        }
    }

    /// A world for workers elsewhere, with the recipe of a generated one.
    ///
    /// # Errors
    /// When the world is over the cap of a snapshot.
    pub fn encoded(domain: &dyn Domain, recipe: Option<Recipe>) -> Result<Self, DispatchError> {
        let bytes: Arc<[u8]> = worlds::snapshot(domain)
            .map_err(DispatchError::World)?
            .into();
        let snapshot = Digest::of(&bytes);
        Ok(Self {
            reference: reference(domain, WorldSource::Stored { snapshot, recipe }),
            bytes,
        })
    }

    /// Puts it where workers look first; gives why that failed. A store that is down costs them time, no more.
    pub async fn offer(&self, store: &dyn SnapshotStore) -> Option<StoreError> {
        let put = store.put(Arc::clone(&self.bytes)).await;
        put.err().inspect(|error| {
            tracing::warn!(%error, "the store does not take the base world; workers make it anew, are sent it, or wait for it");
        })
    }

    /// As jobs name it.
    pub fn reference(&self) -> WorldRef {
        self.reference.clone()
    }

    /// Whether this is the digest of its encoded form.
    pub(super) fn is(&self, digest: &Digest) -> bool {
        matches!(&self.reference.source, WorldSource::Stored { snapshot, .. } if snapshot == digest)
    }

    /// As a job names it whose worker had no other way to it.
    pub(super) fn inline(&self) -> WorldRef {
        WorldRef {
            source: WorldSource::Inline(self.bytes.to_vec()),
            ..self.reference.clone()
        }
    }
}

/// Offers a world once more to a store that has forgotten it, or workers would be sent it with every job. A world
/// that no job can carry comes to them in no other way, and their jobs wait here until the store has it.
#[derive(Debug)]
pub(super) struct Offering {
    /// None where no worker looks into one.
    store: Option<Arc<dyn SnapshotStore>>,
    last: Option<Instant>,
    under_way: JoinSet<Option<StoreError>>,
    /// What came of the last offer; nothing while it is under way.
    taken: Option<Result<(), StoreError>>,
    waiting: BTreeSet<JobId>,
    /// When the first of those began to wait.
    since: Option<Instant>,
    /// How often each job has waited.
    waits: BTreeMap<JobId, u32>,
}

impl Offering {
    pub(super) fn to(store: Option<Arc<dyn SnapshotStore>>) -> Self {
        Self {
            store,
            last: None,
            under_way: JoinSet::new(),
            taken: None,
            waiting: BTreeSet::new(),
            since: None,
            waits: BTreeMap::new(),
        }
    }

    /// Begins to offer it, unless that was done a moment ago or is under way.
    pub(super) fn again(&mut self, world: &RunWorld) {
        let recently = self.last.is_some_and(|last| last.elapsed() < AGAIN);
        let Some(store) = self.store.clone() else {
            return;
        };
        if recently || !self.under_way.is_empty() {
            return;
        }
        (self.last, self.taken) = (Some(Instant::now()), None);
        let world = world.clone();
        self.under_way
            .spawn(async move { world.offer(&*store).await });
    }

    /// Has a job wait until the store has the world; false where there is none to wait for.
    pub(super) fn wait(&mut self, job: JobId) -> bool {
        if self.store.is_some() && self.waiting.insert(job) {
            *self.waits.entry(job).or_default() += 1;
            self.since.get_or_insert_with(Instant::now);
        }
        self.store.is_some()
    }

    /// Jobs that have waited for what the store has now. What it did not take it is offered again.
    ///
    /// # Errors
    /// When jobs wait for what the store will never take, does not take for long, or forgets at once, again and again.
    pub(super) fn arrived(&mut self, world: &RunWorld) -> Result<BTreeSet<JobId>, StoreError> {
        while let Some(offered) = self.under_way.try_join_next() {
            let refused = offered.ok().flatten();
            self.taken = Some(refused.map_or(Ok(()), Err));
        }
        let Some(since) = self.since else {
            return Ok(BTreeSet::new());
        };
        let forgets = self.waiting.iter().any(|job| self.waits[job] > WAITS);
        match self.taken.take() {
            Some(Ok(())) if forgets => Err(StoreError::Full(format!(
                "it took the world and had forgotten it when a worker asked, {WAITS} times"
            ))),
            Some(Ok(())) => {
                (self.taken, self.since) = (Some(Ok(())), None);
                Ok(std::mem::take(&mut self.waiting))
            }
            Some(Err(error))
                if error.kind() == ErrorKind::Permanent || since.elapsed() >= PATIENCE =>
            {
                Err(error)
            }
            refused => {
                self.taken = refused;
                self.again(world);
                Ok(BTreeSet::new())
            }
        }
    }
}

fn reference(domain: &dyn Domain, source: WorldSource) -> WorldRef {
    WorldRef {
        domain: domain.name().to_owned(),
        base: domain.base(),
        source,
    }
}
