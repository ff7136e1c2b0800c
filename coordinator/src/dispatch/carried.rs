//! What carrying a run out came to.

use proto::record::Money;

use crate::ledger::Ledger;
use crate::run::Run;

/// A run that was carried out, as far as it came.
#[derive(Debug)]
pub struct Carried {
    /// Where the run stands.
    pub run: Run,
    /// Its ledger.
    pub ledger: Ledger,
    /// What it has spent, if it ended because its budget covers no more.
    pub spent: Option<Money>,
}
