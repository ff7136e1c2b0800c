//! M1 to M9 over Redis. A budget is one hash: the two sums, each open reservation by its call, and what is known of
//! each model.

use async_trait::async_trait;
use redis::cmd;

use super::{RedisStore, millis, scripts};
use crate::record::Money;
use crate::store::budgets::{countable, countable_cost, countable_in};
use crate::store::{Balance, Budgets, Claim, Cost, Reservation, StoreError};
use crate::topology::Shelf;

const SHELF: Shelf = Shelf::Budgets;

/// What scripts say of a run they do not know.
const UNKNOWN: i64 = -1;
/// And of a call whose model's first is under way.
const BEHIND: i64 = -2;
/// And of one for which too little is left.
const SHORT: i64 = 0;

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
    async fn reserve(&self, claim: Claim<'_>) -> Result<Reservation, StoreError> {
        let (amount, limit) = countable_in(claim)?;
        let mut reserve = scripts::RESERVE.key(self.budget_key(claim.run));
        reserve.arg(claim.call).arg(amount.0).arg(limit.0);
        reserve.arg(self.budget_ttl());
        reserve.arg(claim.model).arg(millis(claim.ttl));
        let (said, wanted, spent, reserved): (i64, u64, u64, u64) =
            self.run(SHELF, &reserve).await?;
        Ok(match said {
            UNKNOWN => Reservation::Unknown,
            BEHIND => Reservation::Behind,
            SHORT => Reservation::Short {
                balance: balance((spent, reserved)),
                wanted: Money(wanted),
            },
            _ => Reservation::Granted(Money(wanted)),
        })
    }

    async fn settle(&self, run: &str, call: &str, cost: Cost) -> Result<bool, StoreError> {
        let Cost { paid, beyond } = countable_cost(cost)?;
        let mut settle = scripts::SETTLE.key(self.budget_key(run));
        settle.arg(call).arg(paid.0).arg(self.budget_ttl());
        settle.arg(beyond.map_or_else(String::new, |beyond| beyond.0.to_string()));
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
