//! Notes on the board that programs of a fleet leave each other, as JSON.

use proto::store::{Board, StoreError};
use serde::de::DeserializeOwned;

/// The notes of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notes<T> {
    /// Those that read, by name.
    pub read: Vec<(String, T)>,
    /// How many do not: those of another release.
    pub unread: usize,
}

/// Reads a section of the board.
///
/// # Errors
/// The board's.
pub async fn notes<T: DeserializeOwned>(
    board: &dyn Board,
    section: &str,
) -> Result<Notes<T>, StoreError> {
    let (mut read, mut unread) = (Vec::new(), 0);
    for note in board.list(section).await? {
        match serde_json::from_slice(&note.bytes) {
            Ok(value) => read.push((note.name, value)),
            Err(error) => {
                tracing::debug!(section, name = note.name, %error, "a note does not read");
                unread += 1;
            }
        }
    }
    Ok(Notes { read, unread })
}
