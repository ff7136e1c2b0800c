//! What can go wrong with a ledger.

use std::io;
use std::path::{Path, PathBuf};

/// Why a ledger did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file system refused. While writing, nothing is lost: what was appended stays in memory,
    /// and the next commit tries again.
    #[error("can't {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as in "can't … FILE".
        action: &'static str,
        /// File or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Bytes that were counted are not what was written.
    #[error("{} is corrupt at byte {offset}: {what}; restore the file from a copy, or start a new run", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where the header or record that is wrong begins.
        offset: u64,
        /// What does not hold.
        what: String,
    },
    /// Written by another release.
    #[error("{} has ledger version {version}, this program reads version {}: use the release that wrote it", path.display(), super::frame::VERSION)]
    UnknownVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// A later writer took over; acknowledge nothing and stop.
    #[error("a later writer took over this ledger: {} exists; stop this coordinator", path.display())]
    Fenced {
        /// The epoch that fences.
        path: PathBuf,
    },
    /// An fsync failed earlier, so what the file holds is unknown until it is read again.
    #[error("{} can't be trusted since an fsync failed: open the ledger again", path.display())]
    Unsynced {
        /// The file.
        path: PathBuf,
    },
    /// A body over the cap.
    #[error("a body of {bytes} bytes is over the ledger's cap of {cap}: make it a failed outcome")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The cap.
        cap: usize,
    },
    /// More records or bytes than the format can name.
    #[error("the ledger is full: {0}; split the plan by strata")]
    Full(&'static str),
    /// A position that no record begins at.
    #[error("no record begins at byte {offset} of epoch {epoch}")]
    NoRecord {
        /// Epoch of the position.
        epoch: u32,
        /// Byte of the position.
        offset: u64,
    },
    /// Another process works in this folder.
    #[error("{} is in use by another process (it holds {}): wait for it, stop it, or choose another --out", dir.display(), path.display())]
    Locked {
        /// The folder of the run.
        dir: PathBuf,
        /// The lock file.
        path: PathBuf,
    },
}

impl LedgerError {
    /// Wraps an error of the system.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// Something wrong in the file at `path`, in what begins at `offset`.
    pub(super) fn corrupt(path: &Path, offset: u64, what: impl Into<String>) -> Self {
        Self::Corrupt {
            path: path.to_owned(),
            offset,
            what: what.into(),
        }
    }
}
