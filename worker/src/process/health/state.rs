//! What a process knows of itself: that it moves, and whether it can serve.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// The heartbeat of an event loop. Clones beat the same heart.
#[derive(Debug, Clone)]
pub struct Pulse(Arc<Heart>);

#[derive(Debug)]
struct Heart {
    began: Instant,
    limit: Duration,
    /// Milliseconds from `began` to the last beat.
    last: AtomicU64,
}

impl Pulse {
    /// A heart that is taken for stopped after `limit` without a beat. The first is now.
    pub fn new(limit: Duration) -> Self {
        Self(Arc::new(Heart {
            began: Instant::now(),
            limit,
            last: AtomicU64::new(0),
        }))
    }

    /// Beats once.
    pub fn beat(&self) {
        let since = self.0.began.elapsed().as_millis();
        let since = u64::try_from(since).unwrap_or(u64::MAX);
        self.0.last.fetch_max(since, Ordering::Relaxed);
    }

    /// Beats as long as the runtime that it is spawned on gives it turns, several times in the limit.
    pub async fn keep(self) {
        loop {
            self.beat();
            tokio::time::sleep(self.0.limit / 4).await;
        }
    }

    /// Longest silence that is taken for life.
    pub fn limit(&self) -> Duration {
        self.0.limit
    }

    /// How long there was no beat, at `now`.
    pub fn silence(&self, now: Instant) -> Duration {
        let last = Duration::from_millis(self.0.last.load(Ordering::Relaxed));
        now.saturating_duration_since(self.0.began)
            .saturating_sub(last)
    }
}

impl Default for Pulse {
    /// The heart of a program: no event loop of ours is silent for so long while it moves.
    fn default() -> Self {
        Self::new(Duration::from_secs(40))
    }
}

/// Whether a process can do its work. Clones are the same answer.
#[derive(Clone)]
pub struct Readiness(Arc<State>);

struct State {
    /// Why it cannot, as it says itself.
    reason: RwLock<Option<String>>,
    needs: RwLock<Vec<Need>>,
}

/// What else must be there, by name, and whether it is.
type Need = (&'static str, Box<dyn Fn() -> bool + Send + Sync>);

impl Readiness {
    /// Not ready yet.
    pub fn new() -> Self {
        Self(Arc::new(State {
            reason: RwLock::new(Some("starting".to_owned())),
            needs: RwLock::default(),
        }))
    }

    /// From now on it is ready only while `what` is there, too, which is asked for whenever somebody wants to know.
    pub fn needs(&self, what: &'static str, is_there: impl Fn() -> bool + Send + Sync + 'static) {
        let mut needs = self.0.needs.write().unwrap_or_else(PoisonError::into_inner);
        needs.push((what, Box::new(is_there)));
    }

    /// It can.
    pub fn ready(&self) {
        self.say(None);
    }

    /// It cannot, because of `reason`, which whoever reaches the port can read.
    pub fn not_ready(&self, reason: impl Into<String>) {
        self.say(Some(reason.into()));
    }

    fn say(&self, reason: Option<String>) {
        *self
            .0
            .reason
            .write()
            .unwrap_or_else(PoisonError::into_inner) = reason;
    }

    /// Why it cannot.
    pub fn reason(&self) -> Option<String> {
        let said = self.0.reason.read().unwrap_or_else(PoisonError::into_inner);
        if said.is_some() {
            return said.clone();
        }
        let needs = self.0.needs.read().unwrap_or_else(PoisonError::into_inner);
        let away = needs.iter().find(|(_, is_there)| !is_there());
        away.map(|(what, _)| format!("no connection to the {what}"))
    }
}

impl Default for Readiness {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Readiness").field(&self.reason()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[test]
    fn silence_is_counted_from_the_last_beat() {
        let pulse = Pulse::new(Duration::from_secs(30));
        let later = pulse.0.began + Duration::from_secs(100);
        assert_eq!(pulse.silence(later), Duration::from_secs(100));
        pulse.0.last.store(90_000, Ordering::Relaxed);
        assert_eq!(pulse.clone().silence(later), Duration::from_secs(10));
        // A beat that is overtaken by a later one changes nothing.
        pulse.beat();
        assert_eq!(pulse.silence(later), Duration::from_secs(10));
    }

    #[test]
    fn ready_is_what_was_said_last() {
        let readiness = Readiness::new();
        assert_eq!(readiness.reason().as_deref(), Some("starting"));
        readiness.clone().ready();
        assert_eq!(readiness.reason(), None);
        readiness.not_ready("draining");
        assert_eq!(readiness.reason().as_deref(), Some("draining"));
    }

    #[test]
    fn ready_is_only_who_has_what_it_needs() {
        let (readiness, there) = (Readiness::new(), Arc::new(AtomicBool::new(false)));
        let look = Arc::clone(&there);
        readiness.needs("cellar", move || look.load(Ordering::Relaxed));
        assert_eq!(readiness.reason().as_deref(), Some("starting"));
        readiness.ready();
        let away = readiness.reason().unwrap();
        assert!(away.contains("cellar"), "{away}");
        there.store(true, Ordering::Relaxed);
        assert_eq!(readiness.reason(), None);
    }
}
