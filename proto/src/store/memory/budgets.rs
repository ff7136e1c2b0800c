//! Budgets within one process.

use std::collections::{BTreeMap, HashMap};
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

    /// Makes the run known, with at least so much spent.
    pub(in crate::store) fn raise(&self, run: &str, floor: Money) -> Balance {
        let mut accounts = self.accounts();
        let balance = &mut accounts.entry(run.to_owned()).or_default().balance;
        balance.spent = balance.spent.max(floor);
        *balance
    }

    /// A reservation that was granted, whatever the limit was.
    pub(in crate::store) fn note(&self, run: &str, call: &str, amount: Money) {
        let mut accounts = self.accounts();
        let account = accounts.entry(run.to_owned()).or_default();
        if account.calls.insert(call.to_owned(), amount).is_none() {
            account.balance.reserved += amount;
        }
    }

    /// Ends a reservation with what the call cost; false if there was none.
    pub(in crate::store) fn end(&self, run: &str, call: &str, cost: Money) -> bool {
        let mut accounts = self.accounts();
        let Some(account) = accounts.get_mut(run) else {
            return false;
        };
        let Some(amount) = account.calls.remove(call) else {
            return false;
        };
        account.balance.reserved = account.balance.reserved.less(amount);
        account.balance.spent += cost;
        true
    }

    /// Takes everything that is reserved for spent: whoever reserved it is gone.
    pub(in crate::store) fn close_all(&self) {
        for account in self.accounts().values_mut() {
            account.calls.clear();
            account.balance.spent += std::mem::take(&mut account.balance.reserved);
        }
    }

    /// How every run stands, in the order of their names.
    pub(in crate::store) fn balances(&self) -> BTreeMap<String, Balance> {
        let accounts = self.accounts();
        let balances = accounts.iter();
        balances
            .map(|(run, account)| (run.clone(), account.balance))
            .collect()
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
        Ok(self.end(run, call, countable(cost)?))
    }

    async fn restart(&self, run: &str, floor: Money) -> Result<Balance, StoreError> {
        Ok(self.raise(run, countable(floor)?))
    }

    async fn balance(&self, run: &str) -> Result<Option<Balance>, StoreError> {
        Ok(self.accounts().get(run).map(|account| account.balance))
    }
}

#[cfg(test)]
mod tests;
