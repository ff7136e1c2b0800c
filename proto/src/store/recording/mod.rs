//! Replies in a file of the run, for a run in one process. It is the run's recording, too.
//!
//! The file only grows. A reply is used after it is on the disk; those that come while the disk is
//! busy go to it together. One process at a time has the file open, held by a lock.
//!
//! On opening, a torn end is cut off: it was never used. A damaged record with a sound one behind it is
//! refused with its place, since what is behind it was used. Who only reads it, as a replay does, changes
//! nothing, and is refused wherever a byte was changed.

mod frame;
mod writer;

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::BufReader;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use super::{Kept, ReplyStore, StoreError};
use crate::digest::Digest;
use crate::wire::{self, Kind};
use frame::{Place, Tail};
use writer::{Request, Writer};

/// Replies that wait for the disk before `keep` waits for room.
const WAITING: usize = 1024;

/// Where each reply lies that is on the disk.
type Index = Arc<RwLock<HashMap<Digest, Place>>>;

/// See the module documentation.
#[derive(Debug)]
pub struct Recording {
    path: PathBuf,
    run: String,
    file: Arc<File>,
    index: Index,
    requests: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

impl Recording {
    /// Opens the file of this run, or makes it. Reads all of it: do this where it may block.
    ///
    /// # Errors
    /// [`StoreError::Refused`] with file and place for a file of another run or format, one that another
    /// process has open, or one with a damaged record.
    pub fn open(path: &Path, run: &str) -> Result<Self, StoreError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|error| refused(path, &format!("can't open: {error}")))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(refused(
                    path,
                    "another process has it open: stop that first",
                ));
            }
            Err(TryLockError::Error(error)) => {
                return Err(refused(path, &format!("can't lock: {error}")));
            }
        }
        let scanned = frame::scan(BufReader::with_capacity(1 << 20, &file), run)
            .map_err(|fault| refused(path, &fault))?;
        let file = Arc::new(file);
        let index = Arc::new(RwLock::new(scanned.index));
        let mut writer = Writer::new(Arc::clone(&file), Arc::clone(&index), scanned.end);
        writer
            .prepare(run, scanned.length)
            .map_err(|error| refused(path, &format!("can't write: {error}")))?;
        sync_folder(path).map_err(|error| refused(path, &format!("can't sync: {error}")))?;
        let (requests, waiting) = mpsc::channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("recording".to_owned())
            .spawn(move || writer.serve(waiting))
            .map_err(|error| refused(path, &format!("can't start its thread: {error}")))?;
        Ok(Self {
            path: path.to_owned(),
            run: run.to_owned(),
            file,
            index,
            requests: Some(requests),
            thread: Some(thread),
        })
    }

    /// Opens a file of this run to read it only: it is left as it is, keeps nothing more, and may be
    /// written by another process meanwhile. An end that was cut short holds the replies before it.
    ///
    /// # Errors
    /// [`StoreError::Refused`] with file and place for a file that is not there, one of another run or
    /// format, or one with a changed byte.
    pub fn read_only(path: &Path, run: &str) -> Result<Self, StoreError> {
        let file =
            File::open(path).map_err(|error| refused(path, &format!("can't open: {error}")))?;
        let scanned = frame::scan(BufReader::with_capacity(1 << 20, &file), run)
            .map_err(|fault| refused(path, &fault))?;
        if scanned.tail == Tail::Damaged {
            let fault = format!(
                "damaged at byte {}, and nothing sound behind it: restore the file",
                scanned.end
            );
            return Err(refused(path, &fault));
        }
        Ok(Self {
            path: path.to_owned(),
            run: run.to_owned(),
            file: Arc::new(file),
            index: Arc::new(RwLock::new(scanned.index)),
            requests: None,
            thread: None,
        })
    }

    /// Replies kept.
    pub fn len(&self) -> usize {
        self.index
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn of_this_run(&self, run: &str) -> Result<(), StoreError> {
        if run == self.run {
            return Ok(());
        }
        let fault = format!("it is of run `{}`, not `{run}`", self.run);
        Err(refused(&self.path, &fault))
    }

    fn place(&self, key: &Digest) -> Option<Place> {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        index.get(key).copied()
    }

    /// The bytes at a place; none if they rotted since they were found sound.
    async fn read(&self, place: Place) -> Result<Option<Arc<[u8]>>, StoreError> {
        let file = Arc::clone(&self.file);
        let read = tokio::task::spawn_blocking(move || {
            let mut envelope = vec![0; place.length as usize];
            file.read_exact_at(&mut envelope, place.offset)?;
            let sound = frame::check(&envelope) == place.check;
            let bytes = wire::decode_bytes(Kind::Reply, &envelope).ok();
            Ok(bytes.filter(|_| sound).map(Arc::from))
        });
        match read.await {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err::<_, std::io::Error>(error)) => {
                Err(refused(&self.path, &format!("can't read: {error}")))
            }
            Err(error) => Err(StoreError::Unknown(error.to_string())),
        }
    }

    /// Hands a reply to the writer; tells whether it was the first, once it is on the disk.
    async fn write(&self, key: &Digest, envelope: Vec<u8>) -> Result<bool, StoreError> {
        let gone = || refused(&self.path, "its writer has ended: see the log for why");
        let only_read = || refused(&self.path, "it was opened to be read only");
        let (answer, answered) = oneshot::channel();
        let request = Request {
            key: *key,
            envelope,
            answer,
        };
        let requests = self.requests.as_ref().ok_or_else(only_read)?;
        requests.send(request).await.map_err(|_| gone())?;
        let written = answered.await.map_err(|_| gone())?;
        written.map_err(|fault| match fault {
            writer::Fault::Full(why) => StoreError::Full(format!("{}: {why}", self.path.display())),
            writer::Fault::Broken(why) => refused(&self.path, &why),
        })
    }
}

#[async_trait]
impl ReplyStore for Recording {
    async fn get(&self, run: &str, key: &Digest) -> Result<Option<Arc<[u8]>>, StoreError> {
        self.of_this_run(run)?;
        match self.place(key) {
            Some(place) => self.read(place).await,
            None => Ok(None),
        }
    }

    async fn keep(&self, run: &str, key: &Digest, bytes: Arc<[u8]>) -> Result<Kept, StoreError> {
        self.of_this_run(run)?;
        let envelope = wire::encode_bytes(Kind::Reply, &bytes).map_err(|_| {
            let limit = Kind::Reply.cap();
            StoreError::TooLarge {
                bytes: bytes.len(),
                limit,
            }
        })?;
        if self.write(key, envelope).await? {
            return Ok(Kept { bytes, first: true });
        }
        let stored = match self.place(key) {
            Some(place) => self.read(place).await?,
            None => None,
        };
        let rotten = || {
            refused(
                &self.path,
                &format!("the reply {key} has rotted on the disk"),
            )
        };
        let bytes = stored.ok_or_else(rotten)?;
        Ok(Kept {
            bytes,
            first: false,
        })
    }
}

impl Drop for Recording {
    /// Waits for what was handed over, so that the file can be opened again at once.
    fn drop(&mut self) {
        self.requests.take();
        if let Some(thread) = self.thread.take() {
            // A panic of the writer was reported where it happened.
            let _ = thread.join();
        }
    }
}

fn refused(path: &Path, fault: &str) -> StoreError {
    StoreError::Refused(format!("recording {}: {fault}", path.display()))
}

/// Makes a new file's name durable.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests;
