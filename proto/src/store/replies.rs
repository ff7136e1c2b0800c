//! The seam that keeps what a model answered, so that no kept reply is asked for again.
//!
//! - **R1** [`ReplyStore::keep`] stores a value only where there is none, and gives the value that is
//!   stored then: of racers, all get the same one.
//! - **R2** [`ReplyStore::get`] gives the kept value, or `None`. A kept value never changes.
//! - **R3** Runs are apart: the same key in two runs is two values.
//! - **R4** Bytes are verified on read, and belong to the run and key they were kept under. What does
//!   not hold is absent, and `keep` may replace it.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::StoreError;
use crate::digest::Digest;

/// What [`ReplyStore::keep`] found or left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The value that is stored, to be used instead of one's own.
    pub bytes: Arc<[u8]>,
    /// Whether this call stored it.
    pub first: bool,
}

/// Replies under the digest of what was asked; see the module documentation. `run` is the name that a
/// run's own things go by, normally its instance.
#[async_trait]
pub trait ReplyStore: Send + Sync + fmt::Debug {
    /// The reply kept under this key.
    async fn get(&self, run: &str, key: &Digest) -> Result<Option<Arc<[u8]>>, StoreError>;

    /// Keeps a reply if there is none, and gives the one that is kept. Harmless to repeat.
    async fn keep(&self, run: &str, key: &Digest, bytes: Arc<[u8]>) -> Result<Kept, StoreError>;
}
