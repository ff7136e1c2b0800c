//! One process per folder, where no shared queue decides who coordinates.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::LedgerError;

/// Name of the lock's file.
pub const LOCK: &str = "lock";

/// An exclusive advisory lock on `DIR/lock`, held until it is dropped or its process ends.
#[derive(Debug)]
pub struct DirLock {
    _file: File,
    path: PathBuf,
}

impl DirLock {
    /// Takes the lock at once; makes the folder if it is missing.
    ///
    /// # Errors
    /// [`LedgerError::Locked`] while another process, or another holder in this one, has it.
    pub fn acquire(dir: &Path) -> Result<Self, LedgerError> {
        std::fs::create_dir_all(dir).map_err(LedgerError::io("create", dir))?;
        let path = dir.join(LOCK);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let file = file.map_err(LedgerError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file, path }),
            Err(TryLockError::WouldBlock) => Err(LedgerError::Locked {
                dir: dir.to_owned(),
                path,
            }),
            Err(TryLockError::Error(source)) => Err(LedgerError::io("lock", &path)(source)),
        }
    }

    /// The lock file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
