//! Snapshots that are built once for a whole fleet.
//!
//! A snapshot that is nowhere and that can be built again, as a world from its seed, is built by one
//! process under a lease. The others look now and then whether it is there, and build it themselves
//! after a bound, or at once while the store can't be reached: waiting for somebody who may be gone is
//! a cost, never a condition. Within a process, whoever keeps what is made of the snapshot sees to it
//! that one asks for all.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Lease, Leases, SnapshotStore, StoreError};
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

/// How a snapshot was had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Had<T> {
    /// The store had it.
    Found(Arc<[u8]>),
    /// It was built.
    Built(T),
}

/// What is built, and its encoded form for the store, if it has one that fits.
pub type Built<T> = (T, Option<Arc<[u8]>>);

/// See the module documentation.
#[derive(Debug)]
pub struct Builds {
    shared: Arc<dyn SnapshotStore>,
    leases: Arc<dyn Leases>,
    /// Who this process is, in leases.
    holder: String,
    patience: Patience,
}

impl Builds {
    /// Over what a fleet shares; `holder` is this process and no other.
    pub fn new(
        shared: Arc<dyn SnapshotStore>,
        leases: Arc<dyn Leases>,
        holder: impl Into<String>,
    ) -> Self {
        Self {
            shared,
            leases,
            holder: holder.into(),
            patience: Patience::default(),
        }
    }

    /// The snapshot of this digest, if the store has it.
    ///
    /// # Errors
    /// The store's.
    pub async fn get(&self, digest: &Digest) -> Result<Option<Arc<[u8]>>, StoreError> {
        self.shared.get(digest).await
    }

    /// The snapshot of this digest; built, and put into the store, if it is not there.
    ///
    /// # Errors
    /// What `build` gives. A store that fails is no error here.
    pub async fn get_or_build<T, E>(
        &self,
        digest: &Digest,
        build: impl AsyncFnOnce() -> Result<Built<T>, E>,
    ) -> Result<Had<T>, E> {
        let lease = match self.wait_or_lead(digest).await {
            Lead::Found(bytes) => return Ok(Had::Found(bytes)),
            Lead::Mine(lease) => Some(lease),
            Lead::Alone => None,
        };
        let built = build().await;
        if let Ok((_, Some(bytes))) = &built
            && let Err(error) = self.shared.put(Arc::clone(bytes)).await
        {
            // Keeps the others from finding it, and no more.
            tracing::warn!(%digest, %error, "the store does not take a snapshot");
        }
        if let Some(lease) = lease {
            // Otherwise it ends by itself.
            let _ = self.leases.release(&lease).await;
        }
        built.map(|(value, _)| Had::Built(value))
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
                Err(error) => {
                    tracing::warn!(%digest, %error, "the store gives no snapshot; it is built here");
                    return Lead::Alone;
                }
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

#[cfg(test)]
mod tests;
