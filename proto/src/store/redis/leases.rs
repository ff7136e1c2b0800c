//! L1 to L5 over Redis. A lease is a key with token and holder; the token is the server's time.

use std::time::Duration;

use async_trait::async_trait;

use super::{RedisStore, millis, scripts};
use crate::store::{Lease, Leases, StoreError};
use crate::topology::Shelf;

const SHELF: Shelf = Shelf::Leases;

/// What lies under the key while the lease runs.
fn mark(lease: &Lease) -> String {
    format!("{} {}", lease.token, lease.holder)
}

#[async_trait]
impl Leases for RedisStore {
    async fn take(
        &self,
        name: &str,
        holder: &str,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let mut take = scripts::TAKE.key(self.key(SHELF, &[name]));
        take.arg(holder).arg(millis(ttl));
        let token: Option<u64> = self.run(SHELF, &take).await?;
        Ok(token.map(|token| Lease {
            name: name.to_owned(),
            holder: holder.to_owned(),
            token,
        }))
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<bool, StoreError> {
        let mut renew = scripts::RENEW.key(self.key(SHELF, &[&lease.name]));
        renew.arg(mark(lease)).arg(millis(ttl));
        Ok(self.run(SHELF, &renew).await?)
    }

    async fn release(&self, lease: &Lease) -> Result<bool, StoreError> {
        let mut release = scripts::RELEASE.key(self.key(SHELF, &[&lease.name]));
        release.arg(mark(lease));
        Ok(self.run(SHELF, &release).await?)
    }
}
