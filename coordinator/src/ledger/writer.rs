//! The one writer of a ledger.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use proto::ids::JobId;

use super::LedgerError;
use super::frame::{self, BODY_CAP, Check, Entry, Extent, HEAD_BYTES};
use super::index::{Index, Position};
use super::reader::{self, Reader, Record};
use super::scan;

/// Appended records are written out, without fsync, when they come to this many bytes.
const WRITE_BYTES: usize = 1 << 20;
/// How many writers may start at the same moment before one of them gives up.
const RACES: u32 = 64;

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is the job's first record; durable after the next commit.
    New(Position),
    /// The job has a record already, here. Nothing was appended.
    Duplicate(Position),
}

/// The writer of a ledger's newest epoch. Its calls block on the disk; [`commit`](Self::commit) takes
/// milliseconds, so an asynchronous caller runs it where blocking is allowed.
#[derive(Debug)]
pub struct Ledger {
    epoch: u32,
    path: PathBuf,
    /// The file that exists once someone else took over.
    fence: PathBuf,
    file: File,
    trust: Trust,
    earlier: Vec<Extent>,
    index: Index,
    reader: Reader,
    chain: Check,
    sequence: u64,
    /// Bytes of the file that hold whole records.
    written: u64,
    /// Of these, durable.
    synced: u64,
    /// Records not yet in the file; they begin at `written`.
    pending: Vec<u8>,
    /// Bytes the disk still takes, in tests of a full one.
    #[cfg(test)]
    pub(crate) room: Option<usize>,
    /// Whether fsync fails, in tests.
    #[cfg(test)]
    pub(super) fail_sync: bool,
}

/// Whether the writer may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    Sound,
    Fenced,
    Unsynced,
}

impl Ledger {
    /// Becomes the writer of the ledger in `dir` (the run's folder), fencing any other, and reads all
    /// that counts.
    ///
    /// # Errors
    /// [`LedgerError::Corrupt`] with file and offset when anything but the final record is not what
    /// was written.
    pub fn open(dir: &Path) -> Result<Self, LedgerError> {
        Self::take_over(dir, claim(dir)?)
    }

    /// Reads what counts and begins to write. Only with a claim: what an overtaken writer acknowledged,
    /// it wrote before the claimed file existed, so a reading that starts later sees it.
    pub(super) fn take_over(dir: &Path, claim: Claim) -> Result<Self, LedgerError> {
        let Claim { epoch, path, file } = claim;
        let mut numbers = scan::epochs(dir)?;
        numbers.retain(|&number| number < epoch);
        let mut index = Index::default();
        let report = reader::survey_into(dir, &numbers, &mut index)?;
        if let Some(last) = report.extents.last() {
            // What is counted must be durable before the count is. Earlier epochs were synced by the
            // writers whose headers counted them.
            let path = scan::epoch_path(dir, last.epoch);
            scan::open(&path)?
                .sync_all()
                .map_err(LedgerError::io("sync", &path))?;
        }
        let (header, check) = frame::put_header(epoch, report.records, &report.extents);
        file.write_all_at(&header, 0)
            .map_err(LedgerError::io("write", &path))?;
        file.sync_all().map_err(LedgerError::io("sync", &path))?;
        let written = header.len() as u64;
        let own = Extent {
            epoch,
            bytes: written,
            records: 0,
            check,
        };
        let extents: Vec<Extent> = report.extents.iter().copied().chain([own]).collect();
        Ok(Self {
            epoch,
            path,
            fence: scan::epoch_path(dir, epoch + 1),
            file,
            trust: Trust::Sound,
            reader: Reader::of(dir, &extents)?,
            earlier: report.extents,
            index,
            chain: check,
            sequence: report.records,
            written,
            synced: written,
            pending: Vec::new(),
            #[cfg(test)]
            room: None,
            #[cfg(test)]
            fail_sync: false,
        })
    }

    /// All records, by job.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Number of this writer's epoch.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// A reader for other threads. It sees a record once it reached the file: at the latest after the
    /// next commit.
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// Appends the outcome of a job, unless the job has one. Durable, and fit to be acknowledged,
    /// only after the next [`commit`](Self::commit); that holds for a duplicate too, whose first
    /// record may be as young.
    ///
    /// # Errors
    /// The record was not appended.
    pub fn append(&mut self, entry: &Entry, body: &[u8]) -> Result<Appended, LedgerError> {
        self.check_trust()?;
        if body.len() > BODY_CAP {
            return Err(LedgerError::TooLarge {
                bytes: body.len(),
                cap: BODY_CAP,
            });
        }
        self.make_room()?;
        let position = Position {
            epoch: self.epoch,
            offset: self.written + self.pending.len() as u64,
        };
        if let Some(first) = self.index.insert(entry, position)? {
            return Ok(Appended::Duplicate(first));
        }
        self.put(entry, false, body);
        Ok(Appended::New(position))
    }

    /// Takes back the record of a job, so that the next one appended for it stands; whether there was
    /// one. Durable only after the next [`commit`](Self::commit).
    ///
    /// # Errors
    /// Nothing was taken back.
    pub fn annul(&mut self, job: &JobId) -> Result<bool, LedgerError> {
        self.check_trust()?;
        let Some((_, position)) = self.index.get(job) else {
            return Ok(false);
        };
        let entry = self.read(position)?.entry;
        self.make_room()?;
        self.index.annul(job);
        self.put(&entry, true, &[]);
        Ok(true)
    }

    /// Before a record, not after it: so that an error of the disk never leaves it open whether it is in.
    fn make_room(&mut self) -> Result<(), LedgerError> {
        if self.pending.len() >= WRITE_BYTES {
            self.write_out()?;
        }
        Ok(())
    }

    fn put(&mut self, entry: &Entry, annuls: bool, body: &[u8]) {
        let (pending, sequence) = (&mut self.pending, self.sequence);
        self.chain = frame::put_record(pending, &self.chain, sequence, entry, annuls, body);
        self.sequence += 1;
    }

    /// The file whose being there says that somebody took over.
    pub fn fence(&self) -> &Path {
        &self.fence
    }

    /// Makes everything appended durable, and makes sure that nobody took over. After `Ok`, all that
    /// `append` said before may be acknowledged.
    ///
    /// # Errors
    /// Acknowledge nothing. After [`LedgerError::Io`] on writing (a full disk), call it again when
    /// there is room: nothing was lost. After [`LedgerError::Fenced`] or [`LedgerError::Unsynced`]
    /// this writer is finished.
    pub fn commit(&mut self) -> Result<(), LedgerError> {
        self.check_trust()?;
        self.write_out()?;
        if self.synced < self.written {
            if let Err(error) = self.sync() {
                // The system may have dropped the pages it could not write; a second fsync would
                // succeed and mean nothing.
                self.trust = Trust::Unsynced;
                return Err(LedgerError::io("sync", &self.path)(error));
            }
            self.synced = self.written;
        }
        let unfenced = unfenced(&self.fence);
        if matches!(unfenced, Err(LedgerError::Fenced { .. })) {
            self.trust = Trust::Fenced;
        }
        unfenced
    }

    /// The record at a position, whether it is in the file or still in memory.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn read(&self, position: Position) -> Result<Record, LedgerError> {
        if position.epoch != self.epoch || position.offset < self.written {
            return self.reader.read(position);
        }
        let missing = || LedgerError::NoRecord {
            epoch: position.epoch,
            offset: position.offset,
        };
        let at = usize::try_from(position.offset - self.written).map_err(|_| missing())?;
        let rest = self.pending.get(at..).ok_or_else(missing)?;
        let (head, rest) = rest.split_first_chunk::<HEAD_BYTES>().ok_or_else(missing)?;
        let head = frame::head(head).ok_or_else(missing)?;
        let body = rest.get(..head.length as usize).ok_or_else(missing)?;
        reader::record(&head, position, body.to_vec()).ok_or_else(missing)
    }

    /// Stops writing and gives what is needed to read on.
    pub fn into_parts(self) -> (Reader, Index) {
        (self.reader, self.index)
    }

    /// What counts, by epoch, as of the last append: to be sealed in the manifest after the last
    /// commit, for [`verify`](super::verify).
    pub fn extents(&self) -> Vec<Extent> {
        let mut extents = self.earlier.clone();
        let before: u64 = extents.iter().map(|extent| extent.records).sum();
        let (bytes, records) = (
            self.written + self.pending.len() as u64,
            self.sequence - before,
        );
        if records > 0 {
            extents.push(Extent {
                epoch: self.epoch,
                bytes,
                records,
                check: self.chain,
            });
        }
        extents
    }

    fn check_trust(&self) -> Result<(), LedgerError> {
        match self.trust {
            Trust::Sound => Ok(()),
            Trust::Fenced => Err(LedgerError::Fenced {
                path: self.fence.clone(),
            }),
            Trust::Unsynced => Err(LedgerError::Unsynced {
                path: self.path.clone(),
            }),
        }
    }

    /// Writes the pending records at their place. After a failure part of them may be in the file; the
    /// next try writes the same bytes to the same place, and after a crash they are a torn tail.
    fn write_out(&mut self) -> Result<(), LedgerError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.put_pending()
            .map_err(LedgerError::io("write", &self.path))?;
        self.written += self.pending.len() as u64;
        self.pending.clear();
        self.pending.shrink_to(2 * WRITE_BYTES);
        self.reader.extend(self.written);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        #[cfg(test)]
        if self.fail_sync {
            return Err(io::Error::other("the test says so"));
        }
        self.file.sync_data()
    }

    fn put_pending(&mut self) -> io::Result<()> {
        #[cfg(test)]
        if let Some(room) = &mut self.room {
            let taken = self.pending.len().min(*room);
            self.file
                .write_all_at(&self.pending[..taken], self.written)?;
            if taken < self.pending.len() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            *room -= taken;
        }
        self.file.write_all_at(&self.pending, self.written)
    }
}

/// Whether nobody took over: whether there is no such [fence](Ledger::fence).
///
/// # Errors
/// [`LedgerError::Fenced`] where there is. An error of looking leaves it open whether someone took over, so it is no
/// `Ok` either.
pub fn unfenced(fence: &Path) -> Result<(), LedgerError> {
    match fence.try_exists() {
        Ok(false) => Ok(()),
        Ok(true) => Err(LedgerError::Fenced {
            path: fence.to_owned(),
        }),
        Err(error) => Err(LedgerError::io("look for", fence)(error)),
    }
}

/// An epoch that exists, is empty, and is ours. From here on nobody before it acknowledges anything.
#[derive(Debug)]
pub(super) struct Claim {
    epoch: u32,
    path: PathBuf,
    file: File,
}

/// Creates the next epoch, which nobody else can. It is never removed again, not even when the
/// takeover fails: a free number below another epoch would leave a predecessor unfenced.
pub(super) fn claim(dir: &Path) -> Result<Claim, LedgerError> {
    let folder = scan::folder(dir);
    std::fs::create_dir_all(&folder).map_err(LedgerError::io("create", &folder))?;
    let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
    let mut path = PathBuf::new();
    for _ in 0..RACES {
        // Always the one after the highest, so that no number below it is ever free.
        let epoch = scan::epochs(dir)?.last().copied().unwrap_or(0) + 1;
        path = scan::epoch_path(dir, epoch);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => {
                sync_folder(dir)?;
                sync_folder(&folder)?;
                return Ok(Claim { epoch, path, file });
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(LedgerError::io("create", &path)(error)),
        }
    }
    Err(LedgerError::io("create", &path)(last))
}

/// Makes the names in a folder durable.
fn sync_folder(folder: &Path) -> Result<(), LedgerError> {
    let opened = scan::open(folder)?;
    opened.sync_all().map_err(LedgerError::io("sync", folder))
}
