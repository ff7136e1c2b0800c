//! What was sent to models in one delivery of a job, with when and how long: for the operations of a run.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use proto::operation::Sent;
use proto::record::{Money, Role, Usage};
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

/// How a request went.
#[derive(Debug, Clone, Copy)]
pub(super) struct Went {
    pub(super) attempt: u32,
    pub(super) waited: Duration,
    pub(super) sent: Instant,
    pub(super) came: &'static str,
    pub(super) usage: Usage,
    pub(super) cost: Money,
}

impl Journal {
    /// Notes a request that has just ended.
    pub(super) fn note(&self, model: &str, moment: Moment, went: Went) {
        self.extend([Sent {
            role: moment.role,
            model: model.to_owned(),
            turn: moment.turn,
            regeneration: moment.regeneration,
            attempt: went.attempt,
            after: millis(went.sent.saturating_duration_since(self.began)),
            waited: millis(went.waited),
            millis: millis(went.sent.elapsed()),
            came: went.came.to_owned(),
            usage: went.usage,
            cost: went.cost,
        }]);
    }

    /// Takes in what another process noted.
    pub fn extend(&self, others: impl IntoIterator<Item = Sent>) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MOST.saturating_sub(sent.len());
        sent.extend(others.into_iter().take(room));
    }

    /// How long ago the delivery began.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
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
