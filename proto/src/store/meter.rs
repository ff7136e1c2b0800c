//! A process's way to a model: through the fleet's [`Throttle`], then through the run's [`Budgets`].
//!
//! In this order, so that whatever fails between loses nothing that lasts: a permit comes back by itself,
//! a reservation does not. Each is one round trip. Calls of one process to one model wait in one line,
//! and only the first of them asks the store; so they go in the order they came, and a fleet asks as
//! often as it has processes, however many calls wait.
//!
//! Nothing here is ended on drop, which can't wait. A call that is given up while it waits leaves
//! nothing behind but, at worst, a permit until its time to live is over.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};

use super::throttle::POLL;
use super::{
    Admission, Ask, Balance, Budgets, End, Permit, Reservation, Shared, StoreError, Throttle,
};
use crate::record::{Money, Rates};

/// A call to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The model as the fleet knows it: what has limits of its own, such as endpoint and name. No secret.
    pub model: String,
    /// How fast it may be asked.
    pub rates: Rates,
    /// Most tokens that the call will use, as far as they are counted against the rate.
    pub tokens: u64,
    /// Longer than the call can take.
    pub ttl: Duration,
    /// The run that pays.
    pub run: String,
    /// The most that the call can cost.
    pub cost: Money,
    /// What the run may spend in all; without, it is not counted.
    pub budget: Option<Money>,
}

/// What came of wanting to make a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Make it, and tell the meter how it ended.
    Granted(Pass),
    /// Not within one's patience: come again after this long.
    Wait(Duration),
    /// The budget has too little left. Calls under way may yet leave some, unless
    /// [`Balance::spent_for`] says no.
    Spent(Balance),
    /// The store knows nothing of the run's budget; its coordinator has to restart it.
    Unknown,
}

/// The right to make one call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "tell the meter how the call ended"]
pub struct Pass {
    permit: Permit,
    run: String,
    /// What is reserved, if the run has a budget.
    reserved: Option<Money>,
}

/// Calls of this process to one model.
#[derive(Debug, Default)]
struct Line {
    /// Whoever holds it is first.
    first: tokio::sync::Mutex<()>,
    /// A call of this process has ended.
    ended: Notify,
}

/// See the module documentation.
#[derive(Debug)]
pub struct Meter {
    throttle: Arc<dyn Throttle>,
    budgets: Arc<dyn Budgets>,
    /// Who this process is, in names of calls.
    holder: String,
    calls: AtomicU64,
    lines: Mutex<HashMap<String, Arc<Line>>>,
}

impl Meter {
    /// Over what a fleet shares; `holder` is this process and no other, before or after.
    pub fn new(shared: &Shared, holder: impl Into<String>) -> Self {
        Self {
            throttle: Arc::clone(&shared.throttle),
            budgets: Arc::clone(&shared.budgets),
            holder: holder.into(),
            calls: AtomicU64::new(0),
            lines: Mutex::default(),
        }
    }

    /// Waits for leave to make a call, at most as long as `patience`.
    ///
    /// # Errors
    /// The store's. Without it no call is made: it would be one that nobody counts.
    pub async fn enter(&self, call: &Call, patience: Duration) -> Result<Entry, StoreError> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}.{number}", self.holder);
        let permit = match self.admitted(call, &name, patience).await? {
            Admission::Granted(permit) => permit,
            Admission::Wait(wait) => return Ok(Entry::Wait(wait)),
        };
        let reserved = match call.budget {
            None => Ok(Reservation::Granted),
            Some(limit) => {
                let (run, cost) = (&call.run, call.cost);
                self.budgets.reserve(run, &name, cost, limit).await
            }
        };
        let refused = match reserved {
            Ok(Reservation::Granted) => {
                return Ok(Entry::Granted(Pass {
                    permit,
                    run: call.run.clone(),
                    reserved: call.budget.map(|_| call.cost),
                }));
            }
            Ok(Reservation::Short(balance)) => Ok(Entry::Spent(balance)),
            Ok(Reservation::Unknown) => Ok(Entry::Unknown),
            // If it was reserved all the same, it stays so: too much counts, never too little.
            Err(error) => Err(error),
        };
        self.leave(&permit, End::Released).await?;
        refused
    }

    /// Waits in line, then for the throttle.
    async fn admitted(
        &self,
        call: &Call,
        name: &str,
        patience: Duration,
    ) -> Result<Admission, StoreError> {
        let until = Instant::now() + patience;
        let line = self.line(&call.model);
        let Ok(_first) = timeout_at(until, line.first.lock()).await else {
            return Ok(Admission::Wait(POLL));
        };
        loop {
            let ask = Ask {
                model: &call.model,
                name,
                rates: call.rates,
                tokens: call.tokens,
                ttl: call.ttl,
            };
            let ended = line.ended.notified();
            match self.throttle.admit(ask).await? {
                Admission::Wait(wait) if Instant::now() + wait <= until => {
                    tokio::select! {
                        () = sleep(wait) => {}
                        () = ended => {}
                    }
                }
                admission => return Ok(admission),
            }
        }
    }

    fn line(&self, model: &str) -> Arc<Line> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(lines.entry(model.to_owned()).or_default())
    }

    /// The call was answered and used so many tokens, for so much. Of one whose end is not known, say the
    /// most that it can have used.
    ///
    /// # Errors
    /// The store's; harmless to repeat.
    pub async fn settle(&self, pass: &Pass, tokens: u64, cost: Money) -> Result<(), StoreError> {
        self.end(pass, End::Settled { tokens }, cost).await
    }

    /// The server refused the call for asking too fast (429), and it cost nothing.
    ///
    /// # Errors
    /// The store's; harmless to repeat.
    pub async fn refused(
        &self,
        pass: &Pass,
        retry_after: Option<Duration>,
    ) -> Result<(), StoreError> {
        let end = End::Refused { retry_after };
        self.end(pass, end, Money::ZERO).await
    }

    /// The call never went out.
    ///
    /// # Errors
    /// The store's; harmless to repeat.
    pub async fn release(&self, pass: &Pass) -> Result<(), StoreError> {
        self.end(pass, End::Released, Money::ZERO).await
    }

    async fn end(&self, pass: &Pass, end: End, cost: Money) -> Result<(), StoreError> {
        let paid = async {
            if pass.reserved.is_some() {
                let name = &pass.permit.name;
                self.budgets.settle(&pass.run, name, cost).await?;
            }
            Ok(())
        };
        // Both in any case: what fails of one is no reason to leave the other undone.
        let (paid, left) = tokio::join!(paid, self.leave(&pass.permit, end));
        paid.and(left)
    }

    async fn leave(&self, permit: &Permit, end: End) -> Result<(), StoreError> {
        let left = self.throttle.end(permit, end).await;
        self.line(&permit.model).ended.notify_waiters();
        left.map(|_| ())
    }
}

#[cfg(test)]
mod tests;
