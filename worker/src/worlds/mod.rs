//! Base worlds of a worker: by base id, at hand while they are used, from the snapshot store or made
//! anew otherwise; and the start states that jobs name instead of carrying them.
//!
//! A world is decoded once a process, however many jobs wait for it at once; the store is asked with
//! one round trip, and what it does not have is made by one process of the fleet for all. Whatever a source gives must have the base id that was asked for, so neither an old
//! release nor a damaged store can make a job run over another world.

mod build;
mod deltas;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::IntCounter;
use proto::digest::Digest;
use proto::ids::BaseId;
use proto::job::Job;
use proto::record::{Recipe, WorldRef, WorldSource};
use proto::store::{Builds, Had};
use tokio::sync::OnceCell;

use crate::blocking::in_place;
use crate::domains::Domain;
use crate::process::metrics::family::Family;
use crate::process::metrics::label::{Found, Layer};
use deltas::Deltas;

pub use build::{BuildError, DOMAINS, desk, generated, restored, shop, snapshot};

/// Why a job's world can't be had.
#[derive(Debug, thiserror::Error)]
pub enum WorldsError {
    /// Neither at hand nor in the store, and nothing to make it from.
    #[error("no store keeps the world under {snapshot}, and it can't be made anew")]
    Missing {
        /// Digest of its encoded form.
        snapshot: Digest,
    },
    /// A job that names a start state which it does not have.
    #[error("the job names changes of start state {place}, and has {starts} start states")]
    NoSuchStart {
        /// Place of the start state.
        place: u8,
        /// How many it has.
        starts: usize,
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

impl WorldsError {
    /// Whether a worker of another release may fare better, as while a fleet is upgraded.
    pub fn of_this_release(&self) -> bool {
        match self {
            Self::Missing { .. }
            | Self::NoSuchStart { .. }
            | Self::Build(BuildError::NotAtHand(_)) => false,
            Self::Build(_) | Self::Other { .. } => true,
        }
    }
}

type Entry = Arc<OnceCell<Arc<dyn Domain>>>;

/// Domains over the base worlds that jobs ask for.
pub struct Worlds {
    /// Most recently used last.
    known: Mutex<VecDeque<(BaseId, Entry)>>,
    capacity: usize,
    deltas: Deltas,
    builds: Option<Builds>,
    looked_up: Option<LookUps>,
}

/// Counts look-ups by layer and result.
type LookUps = Family<(Layer, Found), IntCounter>;

impl fmt::Debug for Worlds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worlds")
            .field("capacity", &self.capacity)
            .field("builds", &self.builds)
            .finish_non_exhaustive()
    }
}

impl Worlds {
    /// Worlds that a fleet shares, of which `capacity` are kept decoded.
    pub fn new(capacity: usize, builds: Builds) -> Self {
        Self {
            known: Mutex::default(),
            capacity: capacity.max(1),
            deltas: Deltas::default(),
            builds: Some(builds),
            looked_up: None,
        }
    }

    /// Counts what is at hand and what is made anew; the store counts what it has.
    #[must_use]
    pub fn counting(mut self, looked_up: LookUps) -> Self {
        self.looked_up = Some(looked_up);
        self
    }

    /// The one world of an embedded run.
    pub fn only(domain: Arc<dyn Domain>) -> Self {
        let known = VecDeque::from([(domain.base(), Arc::new(OnceCell::new_with(Some(domain))))]);
        Self {
            known: Mutex::new(known),
            capacity: 1,
            deltas: Deltas::default(),
            builds: None,
            looked_up: None,
        }
    }

    /// The domain over a job's base world.
    ///
    /// # Errors
    /// [`WorldsError::Missing`] when the coordinator must help; the others when nothing does here.
    pub async fn domain(&self, world: &WorldRef) -> Result<Arc<dyn Domain>, WorldsError> {
        let entry = self.entry(world.base);
        self.count(Layer::Process, entry.initialized());
        // Whoever comes first fetches, the others wait; after a failure the next one tries.
        let domain = entry.get_or_try_init(|| self.fetch(world)).await?;
        Ok(Arc::clone(domain))
    }

    /// Puts into a job what it only names.
    ///
    /// # Errors
    /// [`WorldsError::Missing`] when the coordinator must help.
    pub async fn complete(&self, job: &mut Job) -> Result<(), WorldsError> {
        for (place, digest) in std::mem::take(&mut job.apart) {
            let bytes = self.delta(digest).await?;
            let mut starts = job.input.starts();
            let count = starts.len();
            let start = starts.get_mut(usize::from(place));
            let start = start.ok_or(WorldsError::NoSuchStart {
                place,
                starts: count,
            })?;
            start.delta = bytes.to_vec();
        }
        Ok(())
    }

    async fn delta(&self, digest: Digest) -> Result<Arc<[u8]>, WorldsError> {
        if let Some(bytes) = self.deltas.get(&digest) {
            return Ok(bytes);
        }
        let bytes = self.kept(&digest).await?;
        self.deltas.put(digest, Arc::clone(&bytes));
        Ok(bytes)
    }

    /// What the store keeps under a digest.
    async fn kept(&self, digest: &Digest) -> Result<Arc<[u8]>, WorldsError> {
        let missing = WorldsError::Missing { snapshot: *digest };
        // Without a store there is nothing that a job could mean by this.
        let Some(builds) = &self.builds else {
            return Err(missing);
        };
        let found = builds.get(digest).await;
        let found = found.inspect_err(|error| {
            tracing::warn!(%error, "the store gives no world, and it can't be made anew");
        });
        found.ok().flatten().ok_or(missing)
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
        match world.source {
            _ if found == world.base => Ok(domain),
            // This release makes another world of the recipe: the job may come with it.
            WorldSource::Stored {
                snapshot,
                recipe: Some(_),
            } => Err(WorldsError::Missing { snapshot }),
            _ => Err(WorldsError::Other {
                wanted: world.base,
                found,
            }),
        }
    }

    async fn stored(
        &self,
        domain: &str,
        snapshot: Digest,
        recipe: Option<Recipe>,
    ) -> Result<Arc<dyn Domain>, WorldsError> {
        let Some(recipe) = recipe else {
            let bytes = self.kept(&snapshot).await?;
            return Ok(in_place(|| restored(domain, &bytes))?);
        };
        let builds = self.builds.as_ref();
        let builds = builds.ok_or(WorldsError::Missing { snapshot })?;
        let make = async || {
            let made = in_place(|| generated(domain, recipe));
            self.count(Layer::Build, made.is_ok());
            let made = made?;
            let bytes = self::snapshot(&*made);
            let bytes = bytes
                .inspect_err(|error| tracing::warn!(%error, "a world is too large for the store"));
            Ok::<_, WorldsError>((made, bytes.ok().map(Arc::from)))
        };
        Ok(match builds.get_or_build(&snapshot, make).await? {
            Had::Found(bytes) => in_place(|| restored(domain, &bytes))?,
            Had::Built(made) => made,
        })
    }

    fn count(&self, layer: Layer, hit: bool) {
        let found = if hit { Found::Hit } else { Found::Miss };
        if let Some(looked_up) = &self.looked_up {
            looked_up.of((layer, found)).inc();
        }
    }
}

#[cfg(test)]
mod tests;
