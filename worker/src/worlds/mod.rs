//! Base worlds of a worker: by base id, at hand while they are used, from the snapshot store or made
//! anew otherwise.
//!
//! A world is decoded once a process, however many jobs wait for it at once; the store is asked with
//! one round trip. Whatever a source gives must have the base id that was asked for, so neither an old
//! release nor a damaged store can make a job run over another world.

mod build;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use proto::digest::Digest;
use proto::ids::BaseId;
use proto::record::{Recipe, WorldRef, WorldSource};
use proto::store::SnapshotStore;
use tokio::sync::OnceCell;

use crate::blocking::in_place;
use crate::domains::Domain;
pub use build::{BuildError, DOMAINS, desk, generated, restored, shop, snapshot};

/// Why a job's world can't be had.
#[derive(Debug, thiserror::Error)]
pub enum WorldsError {
    /// Neither at hand nor in the store, and nothing to make it from.
    #[error("no store keeps the base world under {snapshot}, and it came from a file")]
    Missing {
        /// Digest of its encoded form.
        snapshot: Digest,
    },
    /// It was had, and is no world of this domain.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// It was had, and is another world.
    #[error(
        "the base world of this job is {wanted}, and its source gives {found}: coordinator and workers are of different releases"
    )]
    Other {
        /// The job's.
        wanted: BaseId,
        /// What the source gives.
        found: BaseId,
    },
}

type Entry = Arc<OnceCell<Arc<dyn Domain>>>;

/// Domains over the base worlds that jobs ask for.
pub struct Worlds {
    /// Most recently used last.
    known: Mutex<VecDeque<(BaseId, Entry)>>,
    capacity: usize,
    store: Option<Arc<dyn SnapshotStore>>,
}

impl fmt::Debug for Worlds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worlds")
            .field("capacity", &self.capacity)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl Worlds {
    /// Worlds from a store, of which `capacity` are kept decoded.
    pub fn new(capacity: usize, store: Arc<dyn SnapshotStore>) -> Self {
        Self {
            known: Mutex::default(),
            capacity: capacity.max(1),
            store: Some(store),
        }
    }

    /// The one world of an embedded run.
    pub fn only(domain: Arc<dyn Domain>) -> Self {
        let known = VecDeque::from([(domain.base(), Arc::new(OnceCell::new_with(Some(domain))))]);
        Self {
            known: Mutex::new(known),
            capacity: 1,
            store: None,
        }
    }

    /// The domain over a job's base world.
    ///
    /// # Errors
    /// [`WorldsError::Missing`] when the coordinator must help; the others when nothing will.
    pub async fn domain(&self, world: &WorldRef) -> Result<Arc<dyn Domain>, WorldsError> {
        let entry = self.entry(world.base);
        // Whoever comes first fetches, the others wait; after a failure the next one tries.
        let domain = entry.get_or_try_init(|| self.fetch(world)).await?;
        Ok(Arc::clone(domain))
    }

    fn entry(&self, base: BaseId) -> Entry {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let place = known.iter().position(|(id, _)| *id == base);
        let found = place.and_then(|place| known.remove(place));
        let (id, entry) = found.unwrap_or_else(|| (base, Entry::default()));
        known.push_back((id, Arc::clone(&entry)));
        while known.len() > self.capacity {
            known.pop_front();
        }
        entry
    }

    async fn fetch(&self, world: &WorldRef) -> Result<Arc<dyn Domain>, WorldsError> {
        let domain = match &world.source {
            WorldSource::Inline(bytes) => restored(&world.domain, bytes)?,
            WorldSource::Stored { snapshot, recipe } => {
                self.stored(&world.domain, *snapshot, *recipe).await?
            }
            // Evicted by another run's world: an embedded worker serves one run only.
            WorldSource::AtHand => return Err(BuildError::NotAtHand(world.base).into()),
        };
        let found = domain.base();
        if found == world.base {
            Ok(domain)
        } else {
            Err(WorldsError::Other {
                wanted: world.base,
                found,
            })
        }
    }

    async fn stored(
        &self,
        domain: &str,
        snapshot: Digest,
        recipe: Option<Recipe>,
    ) -> Result<Arc<dyn Domain>, WorldsError> {
        if let Some(bytes) = self.get(&snapshot).await {
            return Ok(in_place(|| restored(domain, &bytes))?);
        }
        let recipe = recipe.ok_or(WorldsError::Missing { snapshot })?;
        let made = in_place(|| generated(domain, recipe))?;
        self.put(&*made).await;
        Ok(made)
    }

    async fn get(&self, snapshot: &Digest) -> Option<Arc<[u8]>> {
        let got = self.store.as_ref()?.get(snapshot).await;
        got.inspect_err(
            |error| tracing::warn!(%error, "the store gives no world; it is made anew where it can be"),
        )
        .ok()
        .flatten()
    }

    /// Puts a world back that the store forgot; it costs the others time when that fails, no more.
    async fn put(&self, domain: &dyn Domain) {
        let Some(store) = &self.store else { return };
        match snapshot(domain) {
            Ok(bytes) => {
                if let Err(error) = store.put(bytes.into()).await {
                    tracing::warn!(%error, "the store does not take a world");
                }
            }
            Err(error) => tracing::warn!(%error, "a world is too large for the store"),
        }
    }
}

#[cfg(test)]
mod tests;
