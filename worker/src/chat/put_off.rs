//! How long servers have put a job off since one last answered it.
//!
//! A server that is busy may say when to come again, and its word is taken: the job waits in the queue, and that
//! uses no attempt. One that says so for ever, while it answers others, would keep its job for ever, since no breaker
//! opens. So what it asked for adds up, over deliveries and workers, and once it would be longer than the plan's
//! patience with an endpoint that is down, the job gives that endpoint up, as one that is down. A reply begins the
//! count anew.
//!
//! A server that is slow to say nothing does the same unasked: where its silence outlasts the time for which a worker
//! holds a job, no delivery comes to the end of its tries. So what such tries took counts, too.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::journal::millis;

/// See the module documentation. Clones are the same count.
#[derive(Debug, Clone, Default)]
pub struct PutOff(Arc<AtomicU64>);

impl PutOff {
    /// What had added up before this delivery.
    pub fn after(before: Duration) -> Self {
        let count = Self::default();
        count.set(before);
        count
    }

    /// What has added up.
    pub fn so_far(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }

    /// Takes what another process counted.
    pub fn set(&self, counted: Duration) {
        self.0.store(millis(counted), Ordering::Relaxed);
    }

    /// A server asks for a wait.
    pub(super) fn add(&self, wait: Duration) {
        self.set(self.so_far().saturating_add(wait));
    }

    /// A server answered.
    pub(super) fn answered(&self) {
        self.set(Duration::ZERO);
    }
}
