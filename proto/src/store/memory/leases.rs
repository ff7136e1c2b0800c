//! Leases within one process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::store::{Lease, Leases, StoreError};

/// See the module documentation.
#[derive(Debug, Default)]
pub struct MemoryLeases(Mutex<Running>);

#[derive(Debug, Default)]
struct Running {
    /// Name to token and end.
    leases: HashMap<String, (u64, Instant)>,
    tokens: u64,
}

impl MemoryLeases {
    /// The leases that still run.
    fn running(&self) -> MutexGuard<'_, Running> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        running.leases.retain(|_, (_, end)| *end > now);
        running
    }
}

#[async_trait]
impl Leases for MemoryLeases {
    async fn take(
        &self,
        name: &str,
        holder: &str,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let mut running = self.running();
        if running.leases.contains_key(name) {
            return Ok(None);
        }
        running.tokens += 1;
        let token = running.tokens;
        let end = Instant::now() + ttl;
        running.leases.insert(name.to_owned(), (token, end));
        Ok(Some(Lease {
            name: name.to_owned(),
            holder: holder.to_owned(),
            token,
        }))
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<bool, StoreError> {
        let mut running = self.running();
        let Some((token, end)) = running.leases.get_mut(&lease.name) else {
            return Ok(false);
        };
        let own = *token == lease.token;
        if own {
            *end = Instant::now() + ttl;
        }
        Ok(own)
    }

    async fn release(&self, lease: &Lease) -> Result<bool, StoreError> {
        let mut running = self.running();
        let own = running
            .leases
            .get(&lease.name)
            .is_some_and(|(token, _)| *token == lease.token);
        if own {
            running.leases.remove(&lease.name);
        }
        Ok(own)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn conforms() {
        crate::store::conformance::leases(async || Arc::<MemoryLeases>::default() as _).await;
    }
}
