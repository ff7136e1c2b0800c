//! The seam for short-lived facts that anyone may read: workers' heartbeats, the progress of runs, runs
//! that are cancelled.
//!
//! - **B1** A note can be read and listed, by its section, until its time to live is over; then it is
//!   gone from both.
//! - **B2** Posting under a name again replaces the note and its time to live.
//! - **B3** Sections are apart; a list is in the order of names.
//! - **B4** [`Board::withdraw`] removes a note at once, and is harmless to repeat.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;

/// A fact on the board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its name within the section.
    pub name: String,
    /// What it says.
    pub bytes: Arc<[u8]>,
}

/// Notes by section and name; see the module documentation.
#[async_trait]
pub trait Board: Send + Sync + fmt::Debug {
    /// Puts up a note for `ttl`.
    async fn post(
        &self,
        section: &str,
        name: &str,
        bytes: &[u8],
        ttl: Duration,
    ) -> Result<(), StoreError>;

    /// One note.
    async fn read(&self, section: &str, name: &str) -> Result<Option<Arc<[u8]>>, StoreError>;

    /// All notes of a section.
    async fn list(&self, section: &str) -> Result<Vec<Note>, StoreError>;

    /// Takes a note down.
    async fn withdraw(&self, section: &str, name: &str) -> Result<(), StoreError>;
}
