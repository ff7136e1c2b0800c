//! Why a store did not do as asked.

use crate::error::ErrorKind;

/// See the module documentation. Absence is not an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// More bytes than the store takes for one value.
    #[error("a value of {bytes} bytes is over the store's limit of {limit}: raise the limit")]
    TooLarge {
        /// Length of the value.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// There is no room, and the store does not forget to make some.
    #[error("the store is full: {0}")]
    Full(String),
    /// The backend can't be reached, and nothing was done.
    #[error("the store can't be reached: {0}")]
    Unreachable(String),
    /// The connection broke before the answer came. Every call of every seam is harmless to repeat.
    #[error("no answer from the store, the request may have been carried out: {0}")]
    Unknown(String),
    /// The store will not do it, however often it is asked.
    #[error("the store refused: {0}")]
    Refused(String),
}

impl StoreError {
    /// What the caller should do.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::TooLarge { .. } | Self::Refused(_) => ErrorKind::Permanent,
            Self::Full(_) | Self::Unreachable(_) => ErrorKind::Transient,
            Self::Unknown(_) => ErrorKind::Indeterminate,
        }
    }
}
