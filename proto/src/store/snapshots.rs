//! The seam that keeps immutable bytes under their digest: worlds and deltas.
//!
//! - **S1** [`SnapshotStore::put`] returns the content digest, so putting twice is putting once.
//! - **S2** [`SnapshotStore::get`] gives the bytes, or `None` for what is not there (any more).
//! - **S3** Bytes are verified on read: what `get` gives has the digest it was asked for.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::StoreError;
use crate::digest::Digest;

/// Immutable bytes under their digest; see the module documentation.
#[async_trait]
pub trait SnapshotStore: Send + Sync + fmt::Debug {
    /// Keeps bytes, and names them by [`Digest::of`].
    async fn put(&self, bytes: Arc<[u8]>) -> Result<Digest, StoreError>;

    /// The bytes of this digest, if they are still there.
    async fn get(&self, digest: &Digest) -> Result<Option<Arc<[u8]>>, StoreError>;
}
