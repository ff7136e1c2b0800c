//! Who hears what happens on a connection, for metrics.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::super::Lane;

/// Hears what can't be read from [`AmqpCounts`](super::AmqpCounts) afterwards. It must not block.
pub trait Observer: Send + Sync {
    /// The broker answered for a message so long after it was sent.
    fn confirmed(&self, lane: Lane, took: Duration);
    /// A message of others went to the dead lane.
    fn buried(&self, lane: Lane);
}

/// At most one observer.
#[derive(Default)]
pub(super) struct Observed(OnceLock<Arc<dyn Observer>>);

impl Observed {
    /// Whoever comes first hears from now on.
    pub(super) fn by(&self, observer: Arc<dyn Observer>) {
        drop(self.0.set(observer));
    }

    pub(super) fn confirmed(&self, lane: Lane, took: Duration) {
        if let Some(observer) = self.0.get() {
            observer.confirmed(lane, took);
        }
    }

    pub(super) fn buried(&self, lane: Lane) {
        if let Some(observer) = self.0.get() {
            observer.buried(lane);
        }
    }
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let there = self.0.get().is_some();
        f.debug_tuple("Observed").field(&there).finish()
    }
}
