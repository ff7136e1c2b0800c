//! What was sent to models in one delivery of a job, with when and how long: for the operations of a run.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use proto::operation::Sent;
use proto::record::Role;
use tokio::time::Instant;

/// Requests noted of one delivery, at most.
const MOST: usize = 4096;

/// See the module documentation. Clones write into the same.
#[derive(Debug, Clone)]
pub struct Journal {
    began: Instant,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            sent: Arc::default(),
        }
    }
}

/// For what a model is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) role: Role,
    pub(super) turn: u32,
    pub(super) regeneration: u32,
}

impl Journal {
    /// When something was, in milliseconds since the delivery began.
    pub fn after(&self, moment: Instant) -> u64 {
        millis(moment.saturating_duration_since(self.began))
    }

    /// Takes in requests that have ended, in this process or another.
    pub fn note(&self, ended: impl IntoIterator<Item = Sent>) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MOST.saturating_sub(sent.len());
        sent.extend(ended.into_iter().take(room));
    }

    /// Shows what was noted.
    pub fn each(&self, look: impl FnMut(&Sent)) {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.iter().for_each(look);
    }

    /// What was noted; it is empty afterwards.
    pub fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whole milliseconds.
pub fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
