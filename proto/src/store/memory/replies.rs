//! Replies within one process. Never forgets one: refuses when full.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::digest::Digest;
use crate::store::{Kept, ReplyStore, StoreError};

/// Counted for every value beside its bytes.
const ENTRY_BYTES: usize = 128;

/// See the module documentation.
#[derive(Debug)]
pub struct MemoryReplies {
    limit: usize,
    kept: Mutex<Replies>,
}

#[derive(Debug, Default)]
struct Replies {
    runs: HashMap<String, HashMap<Digest, Arc<[u8]>>>,
    bytes: usize,
}

impl MemoryReplies {
    /// Holds at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            kept: Mutex::default(),
        }
    }
}

#[async_trait]
impl ReplyStore for MemoryReplies {
    async fn get(&self, run: &str, key: &Digest) -> Result<Option<Arc<[u8]>>, StoreError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(kept.runs.get(run).and_then(|run| run.get(key)).cloned())
    }

    async fn keep(&self, run: &str, key: &Digest, bytes: Arc<[u8]>) -> Result<Kept, StoreError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = kept.runs.get(run).and_then(|run| run.get(key)) {
            return Ok(Kept {
                bytes: Arc::clone(bytes),
                first: false,
            });
        }
        let size = bytes.len() + ENTRY_BYTES;
        if kept.bytes + size > self.limit {
            return Err(StoreError::Full(format!(
                "{} of {} bytes are taken, {size} more were asked for",
                kept.bytes, self.limit
            )));
        }
        kept.bytes += size;
        let of_run = kept.runs.entry(run.to_owned()).or_default();
        of_run.insert(*key, Arc::clone(&bytes));
        Ok(Kept { bytes, first: true })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn conforms() {
        crate::store::conformance::replies(async || Arc::new(MemoryReplies::new(64 << 20)) as _)
            .await;
    }

    #[tokio::test]
    async fn full_is_said_and_what_is_kept_stays() {
        let store = MemoryReplies::new(2 * ENTRY_BYTES);
        let kept: Arc<[u8]> = b"first".to_vec().into();
        let key = Digest::of(b"1");
        store.keep("run", &key, Arc::clone(&kept)).await.unwrap();
        let full = store
            .keep("run", &Digest::of(b"2"), vec![0; ENTRY_BYTES].into())
            .await;
        assert!(matches!(full, Err(StoreError::Full(_))), "{full:?}");
        assert_eq!(store.get("run", &key).await.unwrap(), Some(kept));
    }
}
