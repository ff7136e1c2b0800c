//! A process's way to a model: through the fleet's [`Throttle`], then through the run's [`Budgets`].
//!
//! In this order, so that whatever fails between loses nothing that lasts: a permit comes back by itself,
//! a reservation does not. Each is one round trip. Of one process, the calls of a run to a model wait in one line,
//! whose first goes on to the line of all calls to that model, and only the first of that asks the throttle. So the
//! calls of a run go in the order they came, runs take turns, and a fleet asks as often as it has processes,
//! however many calls wait. The first of a run's line keeps its place until its reservation is made, or until the
//! model's first call has shown what it charges, which so holds up no other run.
//!
//! Nothing here is ended on drop, which can't wait. A call that is given up while it waits leaves nothing behind
//! but, at worst, a permit until its time to live is over, and a reservation that stays.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::throttle::{POLL, RECHECK};
use super::{
    Admission, Ask, Balance, Budgets, Claim, Cost, End, Permit, Reservation, Shared, StoreError,
    Throttle,
};
use crate::record::{Money, Rates};

/// How long a model's first call of a run is waited for: its worker may have been killed.
const FIRST: Duration = Duration::from_secs(60);

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
    /// The most that the call can cost, as far as its request shows.
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
    /// Nor is it while another call is the first to show the run what the model charges: come again after this long.
    Behind(Duration),
    /// The budget has too little left. Calls under way may yet leave some, unless
    /// [`Balance::spent_for`] says no.
    Spent {
        /// How the run stands.
        balance: Balance,
        /// What the call wants of it.
        wanted: Money,
    },
    /// The store knows nothing of the run's budget; its coordinator has to restart it.
    Unknown,
}

/// The right to make one call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "tell the meter how the call ended"]
pub struct Pass {
    /// Its name among all calls of the fleet.
    call: String,
    model: String,
    run: String,
    /// The throttle's leave, if the model has limits.
    permit: Option<Permit>,
    /// What is reserved, if the run has a budget.
    reserved: Option<Money>,
}

impl Pass {
    /// What is reserved for the call, if the run has a budget: its amount and what the model is known to charge
    /// beyond.
    pub fn reserved(&self) -> Option<Money> {
        self.reserved
    }
}

/// Calls of this process to one model, or those of one run to it.
#[derive(Debug, Default)]
struct Line {
    /// Whoever holds it is first.
    first: tokio::sync::Mutex<()>,
    /// One of the calls has ended.
    ended: Notify,
}

/// Lines by name; those in which nobody stands are forgotten now and then.
#[derive(Debug, Default)]
struct Lines(Mutex<HashMap<String, Weak<Line>>>);

impl Lines {
    fn of(&self, name: &str) -> Arc<Line> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get(name).and_then(Weak::upgrade) {
            return line;
        }
        lines.retain(|_, line| line.strong_count() > 0);
        let line = Arc::default();
        lines.insert(name.to_owned(), Arc::downgrade(&line));
        line
    }

    /// Tells whoever is first that a call has ended.
    fn ended(&self, name: &str) {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get(name).and_then(Weak::upgrade) {
            line.ended.notify_waiters();
        }
    }
}

/// See the module documentation.
#[derive(Debug)]
pub struct Meter {
    throttle: Arc<dyn Throttle>,
    budgets: Arc<dyn Budgets>,
    /// Who this process is, in names of calls.
    holder: String,
    calls: AtomicU64,
    /// Of all calls to a model.
    models: Lines,
    /// Of those of one run.
    runs: Lines,
}

impl Meter {
    /// Over what a fleet shares; `holder` is this process and no other, before or after.
    pub fn new(shared: &Shared, holder: impl Into<String>) -> Self {
        Self {
            throttle: Arc::clone(&shared.throttle),
            budgets: Arc::clone(&shared.budgets),
            holder: holder.into(),
            calls: AtomicU64::new(0),
            models: Lines::default(),
            runs: Lines::default(),
        }
    }

    /// Waits for leave to make a call, at most as long as `patience`.
    ///
    /// # Errors
    /// The store's. Without it no call is made: it would be one that nobody counts.
    pub async fn enter(&self, call: &Call, patience: Duration) -> Result<Entry, StoreError> {
        let until = Instant::now() + patience;
        let line = self.runs.of(&of_run(&call.run, &call.model));
        let Ok(_first) = timeout_at(until, line.first.lock()).await else {
            return Ok(Entry::Wait(RECHECK));
        };
        loop {
            let ended = line.ended.notified();
            if let Some(entry) = self.ask(call, until).await? {
                return Ok(entry);
            }
            // Of another process's call nobody tells.
            let again = Instant::now() + RECHECK;
            if again > until {
                return Ok(Entry::Behind(RECHECK));
            }
            tokio::select! {
                () = sleep_until(again) => {}
                () = ended => {}
            }
        }
    }

    /// Waits for the throttle and reserves what the call can cost; nothing if the model's first call is under way.
    async fn ask(&self, call: &Call, until: Instant) -> Result<Option<Entry>, StoreError> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}.{number}", self.holder);
        let permit = match self.admitted(call, &name, until).await? {
            None => None,
            Some(Admission::Granted(permit)) => Some(permit),
            Some(Admission::Wait(wait)) => return Ok(Some(Entry::Wait(wait))),
        };
        let mut pass = Pass {
            call: name,
            model: call.model.clone(),
            run: call.run.clone(),
            permit,
            reserved: None,
        };
        let Some(limit) = call.budget else {
            return Ok(Some(Entry::Granted(pass)));
        };
        let claim = Claim {
            run: &pass.run,
            call: &pass.call,
            model: &pass.model,
            amount: call.cost,
            limit,
            ttl: call.ttl.min(FIRST),
        };
        let refused = match self.budgets.reserve(claim).await {
            Ok(Reservation::Granted(reserved)) => {
                pass.reserved = Some(reserved);
                return Ok(Some(Entry::Granted(pass)));
            }
            Ok(Reservation::Short { balance, wanted }) => {
                Ok(Some(Entry::Spent { balance, wanted }))
            }
            Ok(Reservation::Behind) => Ok(None),
            Ok(Reservation::Unknown) => Ok(Some(Entry::Unknown)),
            Err(error) => {
                // It may be reserved all the same, and the call never goes out. Where that can't be told either, it
                // stays so: too much counts, never too little.
                let freed = self.budgets.settle(&pass.run, &pass.call, Cost::NOTHING);
                let _ = freed.await;
                Err(error)
            }
        };
        self.leave(&pass, End::Released).await?;
        refused
    }

    /// Waits in line, then for the throttle; without a word of either where nothing limits the model.
    async fn admitted(
        &self,
        call: &Call,
        name: &str,
        until: Instant,
    ) -> Result<Option<Admission>, StoreError> {
        if call.rates == Rates::default() {
            return Ok(None);
        }
        let line = self.models.of(&call.model);
        let Ok(_first) = timeout_at(until, line.first.lock()).await else {
            return Ok(Some(Admission::Wait(POLL)));
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
                admission => return Ok(Some(admission)),
            }
        }
    }

    /// The call was answered and used so many tokens, for so much. Of one whose end is not known, say the
    /// most that it can have used.
    ///
    /// # Errors
    /// The store's; harmless to repeat.
    pub async fn settle(&self, pass: &Pass, tokens: u64, cost: Cost) -> Result<(), StoreError> {
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
        self.end(pass, end, Cost::NOTHING).await
    }

    /// The call never went out.
    ///
    /// # Errors
    /// The store's; harmless to repeat.
    pub async fn release(&self, pass: &Pass) -> Result<(), StoreError> {
        self.end(pass, End::Released, Cost::NOTHING).await
    }

    async fn end(&self, pass: &Pass, end: End, cost: Cost) -> Result<(), StoreError> {
        let paid = async {
            if pass.reserved.is_some() {
                self.budgets.settle(&pass.run, &pass.call, cost).await?;
            }
            Ok(())
        };
        // Both in any case: what fails of one is no reason to leave the other undone.
        let (paid, left) = tokio::join!(paid, self.leave(pass, end));
        if pass.reserved.is_some() {
            self.runs.ended(&of_run(&pass.run, &pass.model));
        }
        paid.and(left)
    }

    async fn leave(&self, pass: &Pass, end: End) -> Result<(), StoreError> {
        let Some(permit) = &pass.permit else {
            return Ok(());
        };
        let left = self.throttle.end(permit, end).await;
        self.models.ended(&pass.model);
        left.map(|_| ())
    }
}

/// The name of the line of a run's calls to a model.
fn of_run(run: &str, model: &str) -> String {
    format!("{run} {model}")
}

#[cfg(test)]
mod tests;
