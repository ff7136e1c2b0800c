//! The seam that keeps what a run has spent, so that the whole fleet stays within its budget.
//!
//! - **M1** A call is granted its reservation only while what is spent, what is reserved and what it wants
//!   itself together are within the limit. So as long as no call costs more than it reserved, a budget
//!   is never overrun while the store keeps its data, in whatever order its calls begin and end.
//! - **M2** [`Budgets::settle`] takes a reservation away and adds what the call cost, in one step. Once: a
//!   reservation that is not there (any more) changes nothing and says so.
//! - **M3** A reservation never ends by itself. That of a killed worker stays, since its call may have
//!   been paid for.
//! - **M4** To reserve again under the name of an open reservation is granted and counts once.
//! - **M5** Nothing is granted to a run that the store does not know. [`Budgets::restart`] makes it known
//!   and sees to it that at least the given sum counts as spent; it never lowers it and is harmless to
//!   repeat. So after a flush nobody spends until the run's coordinator has said how much was.
//! - **M6** Runs are apart. Each asker brings the limit, which may be raised at any time.
//! - **M7** Sums over [`MOST`] are refused.
//! - **M8** A call wants its amount and its model's surcharge: the most that a call of that model in this run has
//!   cost beyond what its request showed. So what servers charge that nobody can foresee, as for what they add to a
//!   prompt, is reserved for by all calls that begin after one has shown it.
//! - **M9** Of a model whose surcharge no call has shown the run, one call is under way at a time, so that no two
//!   rely on what nobody knows yet. It is waited for until it ends, for its time to live at most: its worker may
//!   have been killed. One that ends without anybody knowing what it cost has shown nothing.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;
use crate::record::Money;

/// The most that a store counts, nine million dollars: up to here all backends count exactly.
pub const MOST: Money = Money(9_000_000_000_000_000);

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// What calls that ended have cost.
    pub spent: Money,
    /// What calls under way, and those of killed workers, may cost.
    pub reserved: Money,
}

impl Balance {
    /// Whether an amount can never be granted, however the calls under way end.
    pub fn spent_for(&self, amount: Money, limit: Money) -> bool {
        self.spent + amount > limit
    }
}

/// What a call came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// What it cost; where nobody knows, the most that it can have cost.
    pub paid: Money,
    /// How much of that its request did not show; none where nobody knows.
    pub beyond: Option<Money>,
}

impl Cost {
    /// Of a call that came to nothing, and has shown nothing.
    pub const NOTHING: Self = Self {
        paid: Money::ZERO,
        beyond: None,
    };

    /// All of it could be foreseen.
    pub fn foreseen(paid: Money) -> Self {
        let beyond = Some(Money::ZERO);
        Self { paid, beyond }
    }
}

/// A call that wants a part of a run's budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim<'a> {
    /// The run that pays, by the name that its own things go by, normally its instance.
    pub run: &'a str,
    /// Names the call among all of the fleet; another attempt is another call.
    pub call: &'a str,
    /// The model as the fleet knows it.
    pub model: &'a str,
    /// The most that the call can cost, as far as its request shows.
    pub amount: Money,
    /// What the run may spend in all.
    pub limit: Money,
    /// For how long others wait for it where it is its model's first: see M9.
    pub ttl: Duration,
}

/// What came of reserving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// So much is reserved.
    Granted(Money),
    /// There is too little left; nothing is reserved. Calls under way may yet leave some.
    Short {
        /// How the run stands.
        balance: Balance,
        /// What the call wants, with its model's surcharge.
        wanted: Money,
    },
    /// The model's first call is under way, and nothing is reserved: see M9.
    Behind,
    /// The store knows nothing of this run: see M5.
    Unknown,
}

/// One budget per run; see the module documentation.
#[async_trait]
pub trait Budgets: Send + Sync + fmt::Debug {
    /// Reserves the most that a call can cost.
    async fn reserve(&self, claim: Claim<'_>) -> Result<Reservation, StoreError>;

    /// Ends a reservation with what the call cost; false if there was none.
    async fn settle(&self, run: &str, call: &str, cost: Cost) -> Result<bool, StoreError>;

    /// Makes the run known, with at least so much spent; gives how it stands.
    async fn restart(&self, run: &str, floor: Money) -> Result<Balance, StoreError>;

    /// How the run stands; none if the store knows nothing of it.
    async fn balance(&self, run: &str) -> Result<Option<Balance>, StoreError>;
}

/// M7, of a claim: its amount and its limit.
pub(super) fn countable_in(claim: Claim<'_>) -> Result<(Money, Money), StoreError> {
    Ok((countable(claim.amount)?, countable(claim.limit)?))
}

/// M7, of what a call came to.
pub(super) fn countable_cost(cost: Cost) -> Result<Cost, StoreError> {
    countable(cost.paid)?;
    cost.beyond.map(countable).transpose()?;
    Ok(cost)
}

/// M7.
pub(super) fn countable(money: Money) -> Result<Money, StoreError> {
    if money <= MOST {
        return Ok(money);
    }
    Err(StoreError::Refused(format!(
        "{money} is more than the {MOST} that a budget counts up to: lower the budget"
    )))
}
