//! What is seen of a run from outside.

use proto::record::Money;

use crate::run::Progress;

/// Whose turn it is, where several coordinators are at a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Another's: this one stands by.
    Others,
    /// This one's, after it stood by.
    Ours,
}

/// Follows a run from outside.
pub trait Watch {
    /// Called now and then, and at the end; first when the run begins or goes on.
    fn progress(&mut self, progress: Progress);

    /// Called once what the ledger held has been taken in: what comes from now on is new.
    fn caught_up(&mut self, _progress: Progress) {}

    /// Called now and then with what models have cost, as far as it is known.
    fn paid(&mut self, _cost: Option<Money>) {}

    /// Called by a coordinator that stands by; never by one that need not.
    fn turn(&mut self, _turn: Turn) {}
}
