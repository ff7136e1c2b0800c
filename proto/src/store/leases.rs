//! The seam that says who is at a piece of work just now. Advisory: it saves doing a thing twice, and
//! nothing may depend on its not being done twice.
//!
//! - **L1** While a lease runs, [`Leases::take`] of its name gives nothing, to its own holder too.
//! - **L2** A lease ends by itself after its time to live.
//! - **L3** [`Leases::renew`] prolongs a lease that still runs; for one that has ended it says so and
//!   changes nothing.
//! - **L4** [`Leases::release`] ends a lease at once; a stale one ends nobody else's.
//! - **L5** Tokens of one name ascend while the store keeps its data and its clock.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;

/// A lease that was taken. Not released on drop, which can't wait: it ends by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a lease that is not released blocks the others until it ends"]
pub struct Lease {
    /// What it is for.
    pub name: String,
    /// Who has it.
    pub holder: String,
    /// Tells this lease from earlier ones of the same name.
    pub token: u64,
}

/// Leases by name; see the module documentation.
#[async_trait]
pub trait Leases: Send + Sync + fmt::Debug {
    /// Takes the lease `name` for `ttl`, if nobody has it.
    async fn take(
        &self,
        name: &str,
        holder: &str,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError>;

    /// Lets it run for `ttl` from now; false if it has ended.
    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<bool, StoreError>;

    /// Ends it; false if it had ended already.
    async fn release(&self, lease: &Lease) -> Result<bool, StoreError>;
}
