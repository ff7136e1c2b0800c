//! Snapshots within one process: bounded by bytes, the least recently used value goes first.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::digest::Digest;
use crate::store::{SnapshotStore, StoreError};

/// Counted for every value beside its bytes: keys, maps and the counter of the `Arc`.
const ENTRY_BYTES: usize = 160;

/// See the module documentation.
#[derive(Debug)]
pub struct MemorySnapshots {
    limit: usize,
    shelf: Mutex<Shelf>,
}

#[derive(Debug, Default)]
struct Shelf {
    values: HashMap<Digest, (Arc<[u8]>, u64)>,
    /// Last use to digest, oldest first.
    uses: BTreeMap<u64, Digest>,
    clock: u64,
    bytes: usize,
}

impl MemorySnapshots {
    /// An empty store that holds at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            shelf: Mutex::default(),
        }
    }

    /// Bytes held, with 160 a value for the book-keeping.
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Values held.
    pub fn len(&self) -> usize {
        self.lock().values.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SnapshotStore for MemorySnapshots {
    async fn put(&self, bytes: Arc<[u8]>) -> Result<Digest, StoreError> {
        let size = bytes.len() + ENTRY_BYTES;
        if size > self.limit {
            return Err(StoreError::TooLarge {
                bytes: bytes.len(),
                limit: self.limit.saturating_sub(ENTRY_BYTES),
            });
        }
        let digest = Digest::of(&bytes);
        let mut shelf = self.lock();
        if shelf.touch(&digest).is_none() {
            shelf.make_room(self.limit - size);
            shelf.insert(digest, bytes);
        }
        Ok(digest)
    }

    async fn get(&self, digest: &Digest) -> Result<Option<Arc<[u8]>>, StoreError> {
        let found = self.lock().touch(digest);
        // Hashed outside the lock. Memory does not rot like a disk, but callers may count on S3.
        Ok(found.filter(|bytes| Digest::of(bytes) == *digest))
    }
}

impl Shelf {
    fn touch(&mut self, digest: &Digest) -> Option<Arc<[u8]>> {
        let (bytes, used) = self.values.get_mut(digest)?;
        self.uses.remove(used);
        self.clock += 1;
        *used = self.clock;
        self.uses.insert(self.clock, *digest);
        Some(Arc::clone(bytes))
    }

    fn insert(&mut self, digest: Digest, bytes: Arc<[u8]>) {
        self.clock += 1;
        self.bytes += bytes.len() + ENTRY_BYTES;
        self.uses.insert(self.clock, digest);
        self.values.insert(digest, (bytes, self.clock));
    }

    /// Forgets the least recently used until at most `target` bytes are held.
    fn make_room(&mut self, target: usize) {
        while self.bytes > target
            && let Some((_, digest)) = self.uses.pop_first()
        {
            if let Some((bytes, _)) = self.values.remove(&digest) {
                self.bytes -= bytes.len() + ENTRY_BYTES;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn conforms() {
        crate::store::conformance::snapshots(async || {
            Box::new(MemorySnapshots::new(64 << 20)) as Box<dyn SnapshotStore>
        })
        .await;
    }

    #[tokio::test]
    async fn the_least_recently_used_goes_first() {
        let store = MemorySnapshots::new(3 * (100 + ENTRY_BYTES));
        let mut digests = Vec::new();
        for fill in 0..3_u8 {
            digests.push(store.put(vec![fill; 100].into()).await.unwrap());
        }
        store.get(&digests[0]).await.unwrap().unwrap();
        store.put(vec![3; 100].into()).await.unwrap();
        assert_eq!(store.get(&digests[1]).await.unwrap(), None);
        assert!(store.get(&digests[0]).await.unwrap().is_some());
        assert_eq!((store.len(), store.bytes()), (3, 3 * (100 + ENTRY_BYTES)));
    }

    #[tokio::test]
    async fn one_value_over_the_limit_is_refused() {
        let store = MemorySnapshots::new(1000);
        let error = store
            .put(vec![0; 1000].into())
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("1000 bytes") && error.contains("840"),
            "{error}"
        );
        assert!(store.is_empty());
    }

    #[tokio::test]
    async fn rot_is_absence() {
        let store = MemorySnapshots::new(1000);
        let digest = store.put(b"right".to_vec().into()).await.unwrap();
        store.lock().values.get_mut(&digest).unwrap().0 = b"wrong".to_vec().into();
        assert_eq!(store.get(&digest).await.unwrap(), None);
    }
}
