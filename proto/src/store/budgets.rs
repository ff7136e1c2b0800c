//! The seam that keeps what a run has spent, so that the whole fleet stays within its budget.
//!
//! - **M1** A call is granted its reservation only while what is spent, what is reserved and its own
//!   amount together are within the limit. So as long as no call costs more than it reserved, a budget
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

use std::fmt;

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

/// What came of reserving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// It is reserved.
    Granted,
    /// There is too little left; nothing is reserved. Calls under way may yet leave some.
    Short(Balance),
    /// The store knows nothing of this run: see M5.
    Unknown,
}

/// One budget per run; see the module documentation. `run` is the name that a run's own things go by,
/// normally its instance.
#[async_trait]
pub trait Budgets: Send + Sync + fmt::Debug {
    /// Reserves the most that a call can cost. `call` names it among all of the fleet; another attempt is
    /// another call.
    async fn reserve(
        &self,
        run: &str,
        call: &str,
        amount: Money,
        limit: Money,
    ) -> Result<Reservation, StoreError>;

    /// Ends a reservation with what the call cost; false if there was none.
    async fn settle(&self, run: &str, call: &str, cost: Money) -> Result<bool, StoreError>;

    /// Makes the run known, with at least so much spent; gives how it stands.
    async fn restart(&self, run: &str, floor: Money) -> Result<Balance, StoreError>;

    /// How the run stands; none if the store knows nothing of it.
    async fn balance(&self, run: &str) -> Result<Option<Balance>, StoreError>;
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
