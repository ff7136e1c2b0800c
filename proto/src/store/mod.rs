//! The seam that keeps immutable bytes under their digest: worlds, deltas, checkpoints. A cache: it
//! may forget, and never lies.
//!
//! - **S1** [`SnapshotStore::put`] returns the content digest, so putting twice is putting once.
//! - **S2** [`SnapshotStore::get`] gives the bytes, or `None` for what is not there (any more).
//! - **S3** Bytes are verified on read: what `get` gives has the digest it was asked for.
//!
//! [`memory`] is the executable specification, [`conformance`] runs on every backend.

pub mod conformance;
pub mod memory;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::digest::Digest;
use crate::error::ErrorKind;

pub use memory::MemoryStore;

/// Why a store did not do as asked. Absence is not an error.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// More bytes than the store takes for one value.
    #[error("a snapshot of {bytes} bytes is over the store's limit of {limit}: raise the limit")]
    TooLarge {
        /// Length of the value.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The backend can't be reached, and nothing was done.
    #[error("the store can't be reached: {0}")]
    Unreachable(String),
    /// The connection broke before the answer came. Harmless to repeat (S1).
    #[error("no answer from the store, the request may have been carried out: {0}")]
    Unknown(String),
}

impl StoreError {
    /// What the caller should do.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::TooLarge { .. } => ErrorKind::Permanent,
            Self::Unreachable(_) => ErrorKind::Transient,
            Self::Unknown(_) => ErrorKind::Indeterminate,
        }
    }
}

/// Immutable bytes under their digest; see the module documentation.
#[async_trait]
pub trait SnapshotStore: Send + Sync + fmt::Debug {
    /// Keeps bytes, and names them by [`Digest::of`].
    async fn put(&self, bytes: Arc<[u8]>) -> Result<Digest, StoreError>;

    /// The bytes of this digest, if they are still there.
    async fn get(&self, digest: &Digest) -> Result<Option<Arc<[u8]>>, StoreError>;
}
