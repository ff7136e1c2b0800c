//! A coordinator's eye on what its fleet spends.
//!
//! The store that all workers count in may forget. So the coordinator looks again and again and writes down
//! what it saw, in the run's folder; and a store that knows nothing of the run is told at once. What was
//! reserved at the last look counts as spent then, since nobody will settle it any more. So what a flush can
//! hide is what was begun since that look; and until the coordinator has told, nobody spends. A store that came
//! back with less than was seen (from an old copy) is told as well.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use proto::error::ErrorKind;
use proto::record::Money;
use proto::store::{Balance, Budgets, Spending, StoreError};
use tokio::time::MissedTickBehavior;

/// How often it looks.
const GLANCE: Duration = Duration::from_millis(500);

/// See the module documentation.
#[derive(Debug)]
pub struct Purse {
    shared: Arc<dyn Budgets>,
    kept: Spending,
    run: String,
    instance: String,
    /// The most that was seen spent: a store that shows less has come back old.
    most: Mutex<Money>,
}

impl Purse {
    /// For this run, and the name that its folder has among what the fleet shares. What it has spent it is held
    /// to under any name.
    pub fn new(shared: Arc<dyn Budgets>, kept: Spending, run: String, instance: String) -> Self {
        Self {
            shared,
            kept,
            run,
            instance,
            most: Mutex::default(),
        }
    }

    /// Looks for the first time. A store that is away is no reason to stop: nobody spends until it knows the
    /// run, and it is looked at again and again.
    ///
    /// # Errors
    /// Either store's, where looking again mends nothing.
    pub async fn begin(&self) -> Result<(), StoreError> {
        match self.look().await {
            Err(error) if error.kind() != ErrorKind::Permanent => {
                tracing::warn!(%error, "nobody knows just now what the run has spent");
                Ok(())
            }
            looked => looked.map(drop),
        }
    }

    /// Looks once, and sees to it that the store knows the run.
    ///
    /// # Errors
    /// Either store's; looking again mends it.
    pub async fn look(&self) -> Result<Balance, StoreError> {
        let (run, instance) = (self.run.as_str(), self.instance.as_str());
        if let Some(balance) = self.shared.balance(instance).await? {
            let most = self.seen(balance.spent);
            let balance = if balance.spent < most {
                tracing::warn!(spent = %balance.spent, known = %most, "the store has forgotten what was spent; it is told");
                self.shared.restart(instance, most).await?
            } else {
                balance
            };
            let Balance { spent, reserved } = balance;
            self.kept.restart(run, spent + reserved).await?;
            return Ok(balance);
        }
        let known = self.kept.balance(run).await?.unwrap_or_default();
        let balance = self.shared.restart(instance, known.spent).await?;
        self.kept.restart(run, balance.spent).await?;
        Ok(balance)
    }

    /// The most that was spent, as far as this purse has seen.
    fn seen(&self, spent: Money) -> Money {
        let mut most = self.most.lock().unwrap_or_else(PoisonError::into_inner);
        *most = spent.max(*most);
        *most
    }

    /// Looks for as long as it is polled, and tells what it sees.
    pub async fn keep(self, mut tell: impl FnMut(Balance)) -> std::convert::Infallible {
        let mut glance = tokio::time::interval(GLANCE);
        glance.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            glance.tick().await;
            match self.look().await {
                Ok(balance) => tell(balance),
                Err(error) => {
                    tracing::warn!(%error, "nobody knows just now what the run has spent")
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proto::store::{Claim, Cost, MemoryBudgets, Reservation};

    use super::*;

    const RUN: &str = "instance";
    const LIMIT: Money = Money(1_000);

    /// Reserves for a call of a model of its own.
    async fn reserve(shared: &MemoryBudgets, call: &str, amount: u64) -> Reservation {
        let claim = Claim {
            run: RUN,
            call,
            model: call,
            amount: Money(amount),
            limit: LIMIT,
            ttl: Duration::from_secs(60),
        };
        shared.reserve(claim).await.unwrap()
    }

    #[tokio::test]
    async fn a_store_that_forgets_is_told_what_was_seen() {
        let folder = tempfile::tempdir().unwrap();
        let spending = || Spending::open(&folder.path().join("spending")).unwrap();
        let shared = Arc::new(MemoryBudgets::default());
        let purse = Purse::new(
            shared.clone(),
            spending(),
            "run_1".to_owned(),
            RUN.to_owned(),
        );
        assert_eq!(purse.look().await.unwrap(), Balance::default());
        for (call, amount) in [("a", 300), ("b", 200)] {
            let reserved = reserve(&shared, call, amount).await;
            assert_eq!(reserved, Reservation::Granted(Money(amount)));
        }
        let cost = Cost::foreseen(Money(70));
        shared.settle(RUN, "a", cost).await.unwrap();
        purse.look().await.unwrap();
        drop(purse);

        let flushed = Arc::new(MemoryBudgets::default());
        let nobody = reserve(&flushed, "c", 1).await;
        assert_eq!(nobody, Reservation::Unknown);
        let purse = Purse::new(
            flushed.clone(),
            spending(),
            "run_1".to_owned(),
            RUN.to_owned(),
        );
        let balance = Balance {
            spent: Money(270),
            reserved: Money::ZERO,
        };
        assert_eq!(purse.look().await.unwrap(), balance);
        let too_much = reserve(&flushed, "c", 731).await;
        let wanted = Money(731);
        assert_eq!(too_much, Reservation::Short { balance, wanted });
        let rest = reserve(&flushed, "c", 730).await;
        assert_eq!(rest, Reservation::Granted(Money(730)));
    }

    #[tokio::test]
    async fn a_store_that_comes_back_old_is_told_what_it_had_counted() {
        let folder = tempfile::tempdir().unwrap();
        let spending = Spending::open(&folder.path().join("spending")).unwrap();
        let shared = Arc::new(MemoryBudgets::default());
        let purse = Purse::new(shared.clone(), spending, "run_1".to_owned(), RUN.to_owned());
        purse.look().await.unwrap();
        let spend = async |call, cost| {
            let reserved = reserve(&shared, call, cost).await;
            assert_eq!(reserved, Reservation::Granted(Money(cost)));
            let cost = Cost::foreseen(Money(cost));
            shared.settle(RUN, call, cost).await.unwrap();
        };
        spend("a", 400).await;
        assert_eq!(purse.look().await.unwrap().spent, Money(400));
        let old = Arc::new(MemoryBudgets::default());
        old.restart(RUN, Money(100)).await.unwrap();
        let purse = Purse {
            shared: old.clone(),
            ..purse
        };
        assert_eq!(purse.look().await.unwrap().spent, Money(400));
        let balance = old.balance(RUN).await.unwrap().unwrap();
        assert_eq!(balance.spent, Money(400));
    }
}
