//! Which models have asked to slow down of late.
//!
//! A model without limits in the plan is asked without a word to the fleet, which costs nothing. Once its
//! server has said 429, its calls stand in line like those of a limited one for a while, so that what the
//! fleet knows of it (halved rates, `Retry-After`) holds for them, too.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long it is remembered: by then rates that were halved have grown back.
const REMEMBERED: Duration = Duration::from_secs(5 * 60);

/// By model, when it last asked.
#[derive(Debug, Default)]
pub(super) struct Slowed(Mutex<HashMap<String, Instant>>);

impl Slowed {
    /// The model has asked to slow down.
    pub(super) fn asked(&self, model: &str) {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        asked.insert(model.to_owned(), Instant::now());
    }

    /// Whether the model has asked to slow down of late.
    pub(super) fn is(&self, model: impl FnOnce() -> String) -> bool {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.is_empty() {
            return false;
        }
        asked.retain(|_, when| when.elapsed() < REMEMBERED);
        asked.contains_key(&model())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_is_remembered_for_a_while() {
        let slowed = Slowed::default();
        let is = |name: &str| slowed.is(|| name.to_owned());
        slowed.asked("one");
        assert!(is("one") && !is("other"));
        tokio::time::advance(REMEMBERED).await;
        assert!(!is("one"));
    }
}
