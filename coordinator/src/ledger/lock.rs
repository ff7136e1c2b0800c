//! One process per folder, where no shared queue decides who coordinates.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::LedgerError;

/// Name of the lock's file.
pub const LOCK: &str = "lock";

/// An advisory lock on `DIR/lock`, exclusive or shared, held until it is dropped or its process ends.
#[derive(Debug)]
pub struct DirLock {
    _file: File,
    path: PathBuf,
}

impl DirLock {
    /// Takes the lock at once; makes the folder if it is missing.
    ///
    /// # Errors
    /// [`LedgerError::Locked`] while another process, or another holder in this one, has or shares it.
    pub fn acquire(dir: &Path) -> Result<Self, LedgerError> {
        Self::lock(dir, File::try_lock)
    }

    /// Shares the lock with others that share it, and keeps those away that want it for themselves.
    ///
    /// # Errors
    /// [`LedgerError::Locked`] while somebody has it for themselves.
    pub fn share(dir: &Path) -> Result<Self, LedgerError> {
        Self::lock(dir, |file| match file.try_lock_shared() {
            // Where a network's file system has no locks, the ledger's epochs are left.
            Err(TryLockError::Error(_)) => Ok(()),
            shared => shared,
        })
    }

    fn lock(
        dir: &Path,
        take: impl FnOnce(&File) -> Result<(), TryLockError>,
    ) -> Result<Self, LedgerError> {
        std::fs::create_dir_all(dir).map_err(LedgerError::io("create", dir))?;
        let path = dir.join(LOCK);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path);
        let file = file.map_err(LedgerError::io("open", &path))?;
        match take(&file) {
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
