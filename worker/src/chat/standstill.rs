//! How long a run's budget has stood still with too little left.
//!
//! Calls under way leave something of what they reserved, so whoever is short of money waits for them. What
//! a killed worker had reserved comes back by no call: a balance that has stood still for longer than the
//! call that is short can take is taken for one that will not move any more. (A model of the plan with more
//! patience may be at work still; then the run ends softly too early, and its command goes on.) It is
//! remembered for all jobs of a process, else each would wait that long by itself.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use proto::store::Balance;
use tokio::time::Instant;

/// By run, the balance that was too small and when it was first seen so.
#[derive(Debug, Default)]
pub(super) struct Standstills(Mutex<HashMap<String, (Balance, Instant)>>);

impl Standstills {
    /// The run had enough for a call: whatever was seen before is over.
    pub(super) fn moved(&self, run: &str) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.remove(run);
    }

    /// For how long the run has had this balance, as far as this process saw it.
    pub(super) fn stood(&self, run: &str, balance: Balance) -> Duration {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.get(run) {
            Some((same, since)) if *same == balance => since.elapsed(),
            _ => {
                seen.insert(run.to_owned(), (balance, Instant::now()));
                Duration::ZERO
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proto::record::Money;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_balance_stands_still_until_it_moves() {
        let standstills = Standstills::default();
        let second = Duration::from_secs(1);
        let reserved = |cents| Balance {
            spent: Money::ZERO,
            reserved: Money(cents),
        };
        assert_eq!(standstills.stood("one", reserved(2)), Duration::ZERO);
        tokio::time::advance(second).await;
        assert_eq!(standstills.stood("one", reserved(2)), second);
        assert_eq!(standstills.stood("other", reserved(2)), Duration::ZERO);
        assert_eq!(standstills.stood("one", reserved(1)), Duration::ZERO);
        tokio::time::advance(second).await;
        assert_eq!(standstills.stood("one", reserved(1)), second);
        standstills.moved("one");
        assert_eq!(standstills.stood("one", reserved(1)), Duration::ZERO);
    }
}
