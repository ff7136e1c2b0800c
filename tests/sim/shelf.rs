//! The snapshot store of a simulated fleet: it forgets, misses and fails as told.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use proto::digest::Digest;
use proto::store::{MemorySnapshots, SnapshotStore, StoreError};

/// Most bytes kept.
const LIMIT: usize = 1 << 20;

/// See the module documentation.
#[derive(Debug)]
pub(super) struct Shelf {
    kept: Mutex<Arc<MemorySnapshots>>,
    unreachable: AtomicU8,
    misses: AtomicU8,
}

impl Shelf {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            kept: Mutex::new(Arc::new(MemorySnapshots::new(LIMIT))),
            unreachable: AtomicU8::new(0),
            misses: AtomicU8::new(0),
        })
    }

    pub(super) fn flush(&self) {
        let empty = Arc::new(MemorySnapshots::new(LIMIT));
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = empty;
    }

    pub(super) fn fail(&self, calls: u8) {
        self.unreachable.store(calls, Ordering::Relaxed);
    }

    pub(super) fn miss(&self, calls: u8) {
        self.misses.store(calls, Ordering::Relaxed);
    }

    fn kept(&self) -> Arc<MemorySnapshots> {
        Arc::clone(&self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn reach(&self) -> Result<Arc<MemorySnapshots>, StoreError> {
        if one_of(&self.unreachable) {
            return Err(StoreError::Unreachable("the simulation says so".to_owned()));
        }
        Ok(self.kept())
    }
}

fn one_of(left: &AtomicU8) -> bool {
    let less = |left: u8| left.checked_sub(1);
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
        .is_ok()
}

#[async_trait]
impl SnapshotStore for Shelf {
    async fn put(&self, bytes: Arc<[u8]>) -> Result<Digest, StoreError> {
        self.reach()?.put(bytes).await
    }

    async fn get(&self, digest: &Digest) -> Result<Option<Arc<[u8]>>, StoreError> {
        let kept = self.reach()?;
        if one_of(&self.misses) {
            return Ok(None);
        }
        kept.get(digest).await
    }
}
