//! Why a request has no reply, and whose fault that is.
//!
//! Everything here is the infrastructure's but [`Fault::Overflow`], which is the agent's: whoever fills
//! a context has to live with its end.

use std::time::Duration;

/// Why a request has no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Nobody could be connected to.
    #[error("failed to connect: {0}")]
    Connect(String),
    /// Nothing, or not all, came in time.
    #[error("no {what} within {} ms", waited.as_millis())]
    Timeout {
        /// What was waited for: `connection`, `first byte`, `whole answer`.
        what: &'static str,
        /// How long.
        waited: Duration,
    },
    /// The connection ended before the answer did.
    #[error("the connection was cut: {0}")]
    Cut(String),
    /// A status of 400 or more.
    #[error("status {status}: {text}")]
    Status {
        /// The status.
        status: u16,
        /// The beginning of what came with it.
        text: String,
        /// How long the server asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// 200, and no reply in it: a page, an error, nothing.
    #[error("status {status} without a reply: {text}")]
    NoReply {
        /// The status.
        status: u16,
        /// What is there instead.
        text: String,
    },
    /// More bytes than any reply has.
    #[error("an answer of more than {0} bytes")]
    TooLarge(usize),
    /// The conversation outgrew the model's context.
    #[error("the conversation outgrew the model's context: {0}")]
    Overflow(String),
    /// This worker can't ask: the key is not there, or the URL is none.
    #[error("{0}")]
    Unready(String),
}

impl Fault {
    /// Whether the same request may have a reply a little later: what is worth a retry at once.
    pub fn passing(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Timeout { .. } | Self::Cut(_) | Self::NoReply { .. } => true,
            Self::Status { status, .. } => matches!(status, 408 | 409 | 425 | 429 | 500..=599),
            Self::TooLarge(_) | Self::Overflow(_) | Self::Unready(_) => false,
        }
    }

    /// Whether another worker may have a reply to the same request, or whoever pays for it mends that: a key is
    /// not there, not known, or has nothing left.
    pub fn this_workers_own(&self) -> bool {
        match self {
            Self::Unready(_) => true,
            Self::Status { status, .. } => matches!(status, 401..=403),
            _ => false,
        }
    }

    /// With the wait that came beside it.
    #[must_use]
    pub(super) fn after(mut self, wait: Option<Duration>) -> Self {
        if let Self::Status { retry_after, .. } = &mut self {
            *retry_after = wait;
        }
        self
    }

    /// How long the server asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
