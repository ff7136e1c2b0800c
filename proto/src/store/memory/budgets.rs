//! Budgets within one process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::record::Money;
use crate::store::budgets::countable;
use crate::store::{Balance, Budgets, Reservation, StoreError};

/// See the module documentation.
#[derive(Debug, Default)]
pub struct MemoryBudgets(Mutex<HashMap<String, Account>>);

#[derive(Debug, Default)]
struct Account {
    balance: Balance,
    /// Open reservations by call.
    calls: HashMap<String, Money>,
}

impl MemoryBudgets {
    fn accounts(&self) -> MutexGuard<'_, HashMap<String, Account>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Budgets for MemoryBudgets {
    async fn reserve(
        &self,
        run: &str,
        call: &str,
        amount: Money,
        limit: Money,
    ) -> Result<Reservation, StoreError> {
        let (amount, limit) = (countable(amount)?, countable(limit)?);
        let mut accounts = self.accounts();
        let Some(account) = accounts.get_mut(run) else {
            return Ok(Reservation::Unknown);
        };
        if account.calls.contains_key(call) {
            return Ok(Reservation::Granted);
        }
        let Balance { spent, reserved } = account.balance;
        if spent + reserved + amount > limit {
            return Ok(Reservation::Short(account.balance));
        }
        account.calls.insert(call.to_owned(), amount);
        account.balance.reserved += amount;
        Ok(Reservation::Granted)
    }

    async fn settle(&self, run: &str, call: &str, cost: Money) -> Result<bool, StoreError> {
        let cost = countable(cost)?;
        let mut accounts = self.accounts();
        let Some(account) = accounts.get_mut(run) else {
            return Ok(false);
        };
        let Some(amount) = account.calls.remove(call) else {
            return Ok(false);
        };
        account.balance.reserved = account.balance.reserved.less(amount);
        account.balance.spent += cost;
        Ok(true)
    }

    async fn restart(&self, run: &str, floor: Money) -> Result<Balance, StoreError> {
        let floor = countable(floor)?;
        let mut accounts = self.accounts();
        let balance = &mut accounts.entry(run.to_owned()).or_default().balance;
        balance.spent = balance.spent.max(floor);
        Ok(*balance)
    }

    async fn balance(&self, run: &str) -> Result<Option<Balance>, StoreError> {
        Ok(self.accounts().get(run).map(|account| account.balance))
    }
}

#[cfg(test)]
mod tests;
