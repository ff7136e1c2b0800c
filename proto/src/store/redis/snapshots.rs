//! S1 to S3 over Redis. A read renews the time to live, a write repairs whatever was there.

use std::sync::Arc;

use async_trait::async_trait;
use redis::cmd;

use super::link::Failure;
use super::sealed::aside;
use super::{RedisStore, spread};
use crate::digest::Digest;
use crate::store::{SnapshotStore, StoreError};
use crate::topology::Shelf;
use crate::wire::Kind;

const SHELF: Shelf = Shelf::Snapshots;

async fn digest_of(bytes: &Arc<[u8]>) -> Digest {
    let bytes = Arc::clone(bytes);
    aside(bytes.len(), move || Digest::of(&bytes)).await
}

#[async_trait]
impl SnapshotStore for RedisStore {
    async fn put(&self, bytes: Arc<[u8]>) -> Result<Digest, StoreError> {
        let digest = digest_of(&bytes).await;
        let key = self.key(SHELF, &[&digest.to_string()]);
        let packed = self.pack(Kind::Snapshot, &key, bytes).await?;
        let ttl = spread(self.0.settings.snapshot_ttl, &key);
        let mut set = cmd("SET");
        set.arg(&key).arg(packed).arg("PX").arg(ttl);
        self.ask::<()>(SHELF, &set).await?;
        Ok(digest)
    }

    async fn get(&self, digest: &Digest) -> Result<Option<Arc<[u8]>>, StoreError> {
        let key = self.key(SHELF, &[&digest.to_string()]);
        let ttl = spread(self.0.settings.snapshot_ttl, &key);
        let mut get = cmd("GETEX");
        get.arg(&key).arg("PX").arg(ttl);
        let found = match self.ask::<Option<Vec<u8>>>(SHELF, &get).await {
            Ok(found) => found.map(Arc::<[u8]>::from),
            Err(Failure::WrongType) => Some(Arc::default()),
            Err(Failure::Store(error)) => return Err(error),
        };
        let mut sound = None;
        if let Some(found) = &found {
            sound = self.unpack(Kind::Snapshot, &key, found).await;
            if let Some(bytes) = &sound
                && digest_of(bytes).await != *digest
            {
                sound = None;
            }
            if sound.is_none() {
                self.discard(SHELF, &key, found).await?;
            }
        }
        self.0.tally.looked_up(SHELF, sound.is_some());
        Ok(sound)
    }
}
