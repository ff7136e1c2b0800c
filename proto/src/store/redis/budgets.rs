//! M1 to M7 over Redis. A budget is one hash: the two sums, and each open reservation by its call.

use async_trait::async_trait;
use redis::cmd;

use super::{RedisStore, millis, scripts};
use crate::record::Money;
use crate::store::budgets::countable;
use crate::store::{Balance, Budgets, Reservation, StoreError};
use crate::topology::Shelf;

const SHELF: Shelf = Shelf::Budgets;

/// What scripts say of a run they do not know.
const UNKNOWN: i64 = -1;

impl RedisStore {
    pub(super) fn budget_key(&self, run: &str) -> String {
        self.key(SHELF, &[run])
    }

    fn budget_ttl(&self) -> u64 {
        millis(self.0.settings.budget_ttl)
    }
}

fn balance((spent, reserved): (u64, u64)) -> Balance {
    Balance {
        spent: Money(spent),
        reserved: Money(reserved),
    }
}

#[async_trait]
impl Budgets for RedisStore {
    async fn reserve(
        &self,
        run: &str,
        call: &str,
        amount: Money,
        limit: Money,
    ) -> Result<Reservation, StoreError> {
        let (amount, limit) = (countable(amount)?, countable(limit)?);
        let mut reserve = scripts::RESERVE.key(self.budget_key(run));
        reserve.arg(call).arg(amount.0).arg(limit.0);
        reserve.arg(self.budget_ttl());
        let (said, spent, reserved): (i64, u64, u64) = self.run(SHELF, &reserve).await?;
        Ok(match said {
            UNKNOWN => Reservation::Unknown,
            0 => Reservation::Short(balance((spent, reserved))),
            _ => Reservation::Granted,
        })
    }

    async fn settle(&self, run: &str, call: &str, cost: Money) -> Result<bool, StoreError> {
        let cost = countable(cost)?;
        let mut settle = scripts::SETTLE.key(self.budget_key(run));
        settle.arg(call).arg(cost.0).arg(self.budget_ttl());
        Ok(self.run(SHELF, &settle).await?)
    }

    async fn restart(&self, run: &str, floor: Money) -> Result<Balance, StoreError> {
        let floor = countable(floor)?;
        let mut restart = scripts::RESTART.key(self.budget_key(run));
        restart.arg(floor.0).arg(self.budget_ttl());
        Ok(balance(self.run(SHELF, &restart).await?))
    }

    async fn balance(&self, run: &str) -> Result<Option<Balance>, StoreError> {
        let mut get = cmd("HMGET");
        get.arg(self.budget_key(run)).arg("spent").arg("reserved");
        let (spent, reserved): (Option<u64>, Option<u64>) = self.ask(SHELF, &get).await?;
        Ok(spent.map(|spent| balance((spent, reserved.unwrap_or(0)))))
    }
}
