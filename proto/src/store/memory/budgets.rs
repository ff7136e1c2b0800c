//! Budgets within one process.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::time::Instant;

use crate::record::Money;
use crate::store::budgets::{countable, countable_cost, countable_in};
use crate::store::{Balance, Budgets, Claim, Cost, Reservation, StoreError};

/// See the module documentation.
#[derive(Debug, Default)]
pub struct MemoryBudgets(Mutex<HashMap<String, Account>>);

#[derive(Debug, Default)]
struct Account {
    balance: Balance,
    /// Open reservations by call.
    calls: HashMap<String, Open>,
    models: HashMap<String, Model>,
}

/// An open reservation.
#[derive(Debug)]
struct Open {
    reserved: Money,
    /// Not known of one that is read from a file.
    model: Option<String>,
}

/// What calls of a model have shown.
#[derive(Debug)]
enum Model {
    /// Nothing yet: this call is the first, and waited for until then.
    First { call: String, until: Instant },
    /// The most that one cost beyond what its request showed.
    Shown { surcharge: Money },
}

/// A reservation that has ended.
#[derive(Debug)]
pub(in crate::store) struct Ended {
    /// The model and its surcharge, if this call has shown that it is as much.
    pub(in crate::store) shown: Option<(String, Money)>,
}

impl Account {
    fn open(&mut self, call: &str, open: Open) {
        self.balance.reserved += open.reserved;
        self.calls.insert(call.to_owned(), open);
    }

    fn close(&mut self, call: &str, cost: Cost) -> Option<Ended> {
        let open = self.calls.remove(call)?;
        self.balance.reserved = self.balance.reserved.less(open.reserved);
        self.balance.spent += cost.paid;
        let mut shown = None;
        if let Some(model) = open.model {
            match cost.beyond {
                Some(beyond) => shown = self.show(&model, beyond).then_some((model, beyond)),
                None => self.let_go(&model, call),
            }
        }
        Some(Ended { shown })
    }

    /// A call cost so much beyond its request; tells whether that was not known before.
    fn show(&mut self, model: &str, beyond: Money) -> bool {
        if let Some(Model::Shown { surcharge }) = self.models.get(model)
            && *surcharge >= beyond
        {
            return false;
        }
        let shown = Model::Shown { surcharge: beyond };
        self.models.insert(model.to_owned(), shown);
        true
    }

    /// A call has shown nothing: if it was the first, another may be.
    fn let_go(&mut self, model: &str, ended: &str) {
        if matches!(self.models.get(model), Some(Model::First { call, .. }) if call == ended) {
            self.models.remove(model);
        }
    }
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
        if !account.calls.contains_key(call) {
            let open = Open {
                reserved: amount,
                model: None,
            };
            account.open(call, open);
        }
    }

    /// Ends a reservation with what the call cost, if there was one.
    pub(in crate::store) fn end(&self, run: &str, call: &str, cost: Cost) -> Option<Ended> {
        self.accounts().get_mut(run)?.close(call, cost)
    }

    /// A model's calls have cost so much beyond what their requests showed.
    pub(in crate::store) fn show(&self, run: &str, model: &str, beyond: Money) {
        let mut accounts = self.accounts();
        accounts
            .entry(run.to_owned())
            .or_default()
            .show(model, beyond);
    }

    /// What every run has been shown of its models, in the order of their names.
    pub(in crate::store) fn surcharges(&self) -> BTreeMap<(String, String), Money> {
        let accounts = self.accounts();
        let shown = accounts.iter().flat_map(|(run, account)| {
            let models = account.models.iter();
            models.filter_map(move |(model, known)| match known {
                Model::Shown { surcharge } => Some(((run.clone(), model.clone()), *surcharge)),
                Model::First { .. } => None,
            })
        });
        shown.collect()
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
    async fn reserve(&self, claim: Claim<'_>) -> Result<Reservation, StoreError> {
        let (amount, limit) = countable_in(claim)?;
        let mut accounts = self.accounts();
        let Some(account) = accounts.get_mut(claim.run) else {
            return Ok(Reservation::Unknown);
        };
        if let Some(open) = account.calls.get(claim.call) {
            return Ok(Reservation::Granted(open.reserved));
        }
        let now = Instant::now();
        let known = match account.models.get(claim.model) {
            Some(Model::First { until, .. }) if now < *until => return Ok(Reservation::Behind),
            Some(Model::Shown { surcharge }) => Some(*surcharge),
            _ => None,
        };
        let wanted = amount + known.unwrap_or_default();
        let balance = account.balance;
        if balance.spent + balance.reserved + wanted > limit {
            return Ok(Reservation::Short { balance, wanted });
        }
        if known.is_none() {
            let first = Model::First {
                call: claim.call.to_owned(),
                until: now + claim.ttl,
            };
            account.models.insert(claim.model.to_owned(), first);
        }
        let open = Open {
            reserved: wanted,
            model: Some(claim.model.to_owned()),
        };
        account.open(claim.call, open);
        Ok(Reservation::Granted(wanted))
    }

    async fn settle(&self, run: &str, call: &str, cost: Cost) -> Result<bool, StoreError> {
        Ok(self.end(run, call, countable_cost(cost)?).is_some())
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
