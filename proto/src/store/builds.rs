//! Snapshots read through a local layer, and built once where they are missing.
//!
//! A look-up asks this process first, then the shared store. A snapshot that is nowhere and that can be
//! built again, as a world from its seed, is built by one: within the process by a lock for each
//! digest, across the fleet by a lease. The others wait for it, and build it themselves after a bound,
//! or at once while the shared store can't be reached: waiting for somebody who may be gone is a cost,
//! never a condition.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, sleep};

use super::{Lease, Leases, MemorySnapshots, SnapshotStore, StoreError};
use crate::digest::Digest;
use crate::seed::Seed;

/// How long one waits for another that builds the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// A lease for building lasts this long: more than any snapshot takes.
    pub lease: Duration,
    /// Mean pause between two looks.
    pub poll: Duration,
    /// Longest wait before one builds oneself.
    pub bound: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(30),
            poll: Duration::from_millis(100),
            bound: Duration::from_secs(20),
        }
    }
}

/// Locks by digest, kept while somebody has one.
#[derive(Debug, Default)]
struct Flights(Mutex<HashMap<Digest, Weak<tokio::sync::Mutex<()>>>>);

impl Flights {
    fn of(&self, digest: &Digest) -> Arc<tokio::sync::Mutex<()>> {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(digest).and_then(Weak::upgrade) {
            return flight;
        }
        flights.retain(|_, flight| flight.strong_count() > 0);
        let flight = Arc::default();
        flights.insert(*digest, Arc::downgrade(&flight));
        flight
    }
}

/// See the module documentation.
#[derive(Debug)]
pub struct CachedSnapshots {
    local: MemorySnapshots,
    shared: Arc<dyn SnapshotStore>,
    leases: Arc<dyn Leases>,
    /// Who this process is, in leases.
    holder: String,
    patience: Patience,
    flights: Flights,
}

impl CachedSnapshots {
    /// Holds at most `limit` bytes in this process, over what the fleet shares.
    pub fn new(
        limit: usize,
        shared: Arc<dyn SnapshotStore>,
        leases: Arc<dyn Leases>,
        holder: impl Into<String>,
        patience: Patience,
    ) -> Self {
        Self {
            local: MemorySnapshots::new(limit),
            shared,
            leases,
            holder: holder.into(),
            patience,
            flights: Flights::default(),
        }
    }

    /// The snapshot of this digest; built if it is nowhere.
    ///
    /// # Errors
    /// What `build` gives, and [`StoreError::Refused`] if what it built has another digest. A shared
    /// store that fails is no error here.
    pub async fn get_or_build<E: From<StoreError>>(
        &self,
        digest: &Digest,
        build: impl AsyncFnOnce() -> Result<Arc<[u8]>, E>,
    ) -> Result<Arc<[u8]>, E> {
        if let Some(bytes) = self.local.get(digest).await? {
            return Ok(bytes);
        }
        let flight = self.flights.of(digest);
        let _turn = flight.lock().await;
        if let Some(bytes) = self.local.get(digest).await? {
            return Ok(bytes);
        }
        let lease = match self.wait_or_lead(digest).await {
            Lead::Found(bytes) => {
                self.remember(&bytes).await;
                return Ok(bytes);
            }
            Lead::Mine(lease) => Some(lease),
            Lead::Alone => None,
        };
        let built = build().await;
        if let Ok(bytes) = &built
            && Digest::of(bytes) == *digest
        {
            self.remember(bytes).await;
            // A store that fails keeps the others from finding it, and no more.
            let _ = self.shared.put(Arc::clone(bytes)).await;
        }
        if let Some(lease) = lease {
            // Otherwise it ends by itself.
            let _ = self.leases.release(&lease).await;
        }
        let bytes = built?;
        let found = Digest::of(&bytes);
        if found != *digest {
            let fault = format!("snapshot {digest} was built as {found}: its recipe has changed");
            return Err(StoreError::Refused(fault).into());
        }
        Ok(bytes)
    }

    /// Finds the snapshot, or whether to build it.
    async fn wait_or_lead(&self, digest: &Digest) -> Lead {
        let name = format!("build {digest}");
        let end = Instant::now() + self.patience.bound;
        let mut jitter = Seed(Digest::of(self.holder.as_bytes()))
            .child(&name, 0)
            .rng();
        loop {
            match self.shared.get(digest).await {
                Ok(Some(bytes)) => return Lead::Found(bytes),
                Ok(None) => {}
                Err(_) => return Lead::Alone,
            }
            let lease = self.leases.take(&name, &self.holder, self.patience.lease);
            match lease.await {
                Ok(Some(lease)) => return self.look_again(digest, lease).await,
                Ok(None) if Instant::now() < end => {}
                Ok(None) | Err(_) => return Lead::Alone,
            }
            sleep(self.patience.poll.mul_f64(0.5 + jitter.unit())).await;
        }
    }

    /// Who led before may have put it there between our look and our lease.
    async fn look_again(&self, digest: &Digest, lease: Lease) -> Lead {
        match self.shared.get(digest).await {
            Ok(Some(bytes)) => {
                let _ = self.leases.release(&lease).await;
                Lead::Found(bytes)
            }
            Ok(None) | Err(_) => Lead::Mine(lease),
        }
    }

    /// Keeps it in this process, unless it is larger than all there is.
    async fn remember(&self, bytes: &Arc<[u8]>) {
        let _ = self.local.put(Arc::clone(bytes)).await;
    }
}

/// Who builds.
enum Lead {
    /// Nobody: it is there.
    Found(Arc<[u8]>),
    /// We do, and the others wait.
    Mine(Lease),
    /// We do, whatever the others do.
    Alone,
}

#[async_trait]
impl SnapshotStore for CachedSnapshots {
    async fn put(&self, bytes: Arc<[u8]>) -> Result<Digest, StoreError> {
        self.remember(&bytes).await;
        self.shared.put(bytes).await
    }

    async fn get(&self, digest: &Digest) -> Result<Option<Arc<[u8]>>, StoreError> {
        if let Some(bytes) = self.local.get(digest).await? {
            return Ok(Some(bytes));
        }
        let flight = self.flights.of(digest);
        let _turn = flight.lock().await;
        if let Some(bytes) = self.local.get(digest).await? {
            return Ok(Some(bytes));
        }
        let found = self.shared.get(digest).await?;
        if let Some(bytes) = &found {
            self.remember(bytes).await;
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
