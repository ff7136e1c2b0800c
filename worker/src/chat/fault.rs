//! Why a request has no reply, and whose fault that is.
//!
//! Everything here is the infrastructure's but [`Fault::Overflow`], which is the agent's: whoever fills
//! a context has to live with its end.

use std::time::Duration;

/// Attempts of a job whose request is refused.
const REFUSED: u32 = 3;

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

    /// Whether it is this worker's key that is refused, has nothing left or may not use the model: whatever it asks,
    /// it asks in vain.
    pub(super) fn of_the_key(&self) -> bool {
        matches!(
            self,
            Self::Status {
                status: 401..=403,
                ..
            }
        )
    }

    /// In how many attempts of a job it is worth asking, of those that a job has. Where it may pass, in all, and where
    /// another worker may have the key that this one lacks, too. What a server refuses it refuses again, unless
    /// something before it was just being changed, and that shows in half a minute.
    /// More than a reply can be was paid for.
    pub fn attempts(&self, all: u32) -> u32 {
        match self {
            Self::Unready(_) => all,
            _ if self.passing() || self.of_the_key() => all,
            Self::Status { .. } => REFUSED.min(all),
            _ => 1,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_has_more_attempts_at_what_somebody_may_mend() {
        let status = |status| Fault::Status {
            status,
            text: String::new(),
            retry_after: None,
        };
        for passing in [408, 409, 425, 429, 500, 502, 503, 529] {
            assert!(status(passing).passing() && status(passing).attempts(5) == 5);
        }
        for refused in [401, 402, 403] {
            assert!(!status(refused).passing() && status(refused).attempts(5) == 5);
        }
        for refused in [400, 404, 405, 413, 415, 422] {
            assert!(!status(refused).passing() && status(refused).attempts(5) == REFUSED);
        }
        assert_eq!(Fault::Unready("no key".to_owned()).attempts(5), 5);
        assert_eq!(Fault::TooLarge(9).attempts(5), 1);
        assert_eq!(status(404).attempts(2), 2, "no more than a job has");
    }
}
