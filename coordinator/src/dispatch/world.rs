//! The base world that jobs are over, and how workers are helped to it.

use std::collections::BTreeSet;
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
            tracing::warn!(%error, "the store does not take the base world; workers make it anew or are sent it");
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
    /// Whether the store took it the last time.
    taken: bool,
    waiting: BTreeSet<JobId>,
}

impl Offering {
    pub(super) fn to(store: Option<Arc<dyn SnapshotStore>>) -> Self {
        Self {
            store,
            last: None,
            under_way: JoinSet::new(),
            taken: false,
            waiting: BTreeSet::new(),
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
        (self.last, self.taken) = (Some(Instant::now()), false);
        let world = world.clone();
        self.under_way
            .spawn(async move { world.offer(&*store).await });
    }

    /// Has a job wait until the store has the world; false where there is none to wait for.
    pub(super) fn wait(&mut self, job: JobId) -> bool {
        if self.store.is_some() {
            self.waiting.insert(job);
        }
        self.store.is_some()
    }

    /// Jobs that have waited for what the store has now. What it did not take it is offered again.
    ///
    /// # Errors
    /// When jobs wait for what the store will never take.
    pub(super) fn arrived(&mut self, world: &RunWorld) -> Result<BTreeSet<JobId>, StoreError> {
        while let Some(offered) = self.under_way.try_join_next() {
            match offered {
                Ok(None) => self.taken = true,
                Ok(Some(error))
                    if error.kind() == ErrorKind::Permanent && !self.waiting.is_empty() =>
                {
                    return Err(error);
                }
                _ => {}
            }
        }
        if self.waiting.is_empty() || self.taken {
            return Ok(std::mem::take(&mut self.waiting));
        }
        self.again(world);
        Ok(BTreeSet::new())
    }
}

fn reference(domain: &dyn Domain, source: WorldSource) -> WorldRef {
    WorldRef {
        domain: domain.name().to_owned(),
        base: domain.base(),
        source,
    }
}
