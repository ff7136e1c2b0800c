//! What can go wrong while a dataset is written.

use std::path::{Path, PathBuf};

/// Why a dataset was not written.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A row that no format may hold.
    #[error("row `{id}` {reason}; nothing was written for it")]
    Row {
        /// The row.
        id: String,
        /// Where in it and what is wrong.
        reason: String,
    },
    /// The operating system refused.
    #[error("cannot {what} {}: {source}; check that the folder exists, is writable and has space", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The Parquet encoder refused.
    #[error("cannot encode {}: {source}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the encoder said.
        source: parquet::errors::ParquetError,
    },
    /// The folder holds something that is not a dataset, which would be lost.
    #[error("{} is not empty and holds no dataset; name another folder or empty it", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// Somebody else has taken the run over, and writes its dataset.
    #[error("a later writer took over this run: {} exists; its dataset is left to that one", path.display())]
    Fenced {
        /// What tells so.
        path: PathBuf,
    },
    /// The card's template could not be filled.
    #[error("cannot render the card: {0}")]
    Card(#[from] minijinja::Error),
}

impl DatasetError {
    /// Wraps an I/O error with what was tried and where; for `map_err`.
    pub(super) fn io<'a>(
        what: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(std::io::Error) -> Self + 'a {
        move |source| Self::Io {
            what,
            path: path.to_owned(),
            source,
        }
    }
}
