//! The truth of a run: an append-only, checksummed log of outcomes with one writer at a time.
//!
//! `DIR/ledger/epoch-000001.log`, `epoch-000002.log`, …: one file for each time a writer started.
//! [`Ledger::open`] first creates the next epoch exclusively, and only then reads the earlier ones up
//! to their last whole record; its header states how much of each it counts, and what lies beyond
//! counts for nobody. [`Ledger::commit`] makes appended records durable and then looks for a later
//! epoch; if there is one, it fails with [`LedgerError::Fenced`] and nothing may be acknowledged. So
//! a paused predecessor never acknowledges what its successor did not see.
//!
//! A job has one record, the first; [`Ledger::annul`] takes it back with a record of its own, so that
//! another may follow.
//!
//! Rule for callers: whatever [`Ledger::append`] said of an outcome, acknowledge it only after a
//! commit that came later returned `Ok`.
//!
//! Reading order: `frame` (bytes of a record and a header), `scan` (reading an epoch, and what
//! counts), `index` (what stays in memory), `writer`, `reader`, `lock` (one process per folder).

mod error;
mod frame;
mod index;
mod lock;
mod reader;
mod scan;
mod writer;

#[cfg(test)]
mod tests;

pub use error::LedgerError;
pub use frame::{BODY_CAP, Entry, Extent, VERSION};
pub use index::{Index, Position, Summary};
pub use lock::{DirLock, LOCK};
pub use reader::{Reader, Record, Records};
pub use scan::{Report, Torn, verify};
pub use writer::{Appended, Ledger, unfenced};
