//! Reading what counts: one record by its position, or all in order.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::LedgerError;
use super::frame::{self, BODY_CAP, Entry, Extent, HEAD_BYTES, Head};
use super::index::{Index, Position};
use super::scan::{self, Report, Scan, Step};

/// Files kept open; those of further epochs are opened for each read.
const KEPT_OPEN: usize = 256;

/// A record, read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its place in the whole ledger, from 0.
    pub sequence: u64,
    /// Where it begins.
    pub position: Position,
    /// What is known without the body.
    pub entry: Entry,
    /// Whether it takes back the record of its job, and is none itself.
    pub annuls: bool,
    /// The outcome, as the caller encoded it.
    pub body: Vec<u8>,
}

/// Reads records of a ledger, also while a writer of this process appends. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reader {
    epochs: Arc<Vec<EpochFile>>,
}

#[derive(Debug)]
struct EpochFile {
    epoch: u32,
    path: PathBuf,
    file: Option<File>,
    /// Bytes that may be read; grows in the writer's own epoch.
    bytes: AtomicU64,
}

impl Reader {
    /// Reads and checks a ledger without becoming its writer.
    ///
    /// # Errors
    /// [`LedgerError::Corrupt`] with file and offset, as [`Ledger::open`](super::Ledger::open).
    pub fn open(dir: &Path) -> Result<(Self, Index, Report), LedgerError> {
        let mut index = Index::default();
        let report = survey_into(dir, &scan::epochs(dir)?, &mut index)?;
        Ok((Self::of(dir, &report.extents)?, index, report))
    }

    /// Reads these extents, in order of their epochs.
    pub(super) fn of(dir: &Path, extents: &[Extent]) -> Result<Self, LedgerError> {
        let mut epochs = Vec::with_capacity(extents.len());
        for extent in extents {
            let path = scan::epoch_path(dir, extent.epoch);
            // The latest are kept: a run mostly reads what it wrote last.
            let keep = epochs.len() + KEPT_OPEN >= extents.len();
            let file = if keep { Some(scan::open(&path)?) } else { None };
            epochs.push(EpochFile {
                epoch: extent.epoch,
                path,
                file,
                bytes: AtomicU64::new(extent.bytes),
            });
        }
        Ok(Self {
            epochs: Arc::new(epochs),
        })
    }

    /// Lets the last epoch be read up to `bytes`.
    pub(super) fn extend(&self, bytes: u64) {
        if let Some(last) = self.epochs.last() {
            last.bytes.store(bytes, Ordering::Release);
        }
    }

    /// The record at a position that the index or an iteration gave.
    ///
    /// # Errors
    /// [`LedgerError::NoRecord`] for a position beyond what was written, [`LedgerError::Corrupt`] for
    /// bytes that changed since they were checked.
    pub fn read(&self, position: Position) -> Result<Record, LedgerError> {
        let Position { epoch, offset } = position;
        let missing = LedgerError::NoRecord { epoch, offset };
        let Ok(place) = self.epochs.binary_search_by_key(&epoch, |one| one.epoch) else {
            return Err(missing);
        };
        let one = &self.epochs[place];
        let bytes = one.bytes.load(Ordering::Acquire);
        if offset.saturating_add(HEAD_BYTES as u64) > bytes {
            return Err(missing);
        }
        let opened;
        let file = match &one.file {
            Some(file) => file,
            None => {
                opened = scan::open(&one.path)?;
                &opened
            }
        };
        let mut head = [0; HEAD_BYTES];
        file.read_exact_at(&mut head, offset)
            .map_err(LedgerError::io("read", &one.path))?;
        let corrupt = |what| LedgerError::corrupt(&one.path, offset, what);
        let head = frame::head(&head)
            .ok_or_else(|| corrupt("the checksum of the record does not hold"))?;
        let body_at = offset + HEAD_BYTES as u64;
        if head.length as usize > BODY_CAP || body_at + u64::from(head.length) > bytes {
            return Err(corrupt("the body reaches beyond what was written"));
        }
        let mut body = vec![0; head.length as usize];
        file.read_exact_at(&mut body, body_at)
            .map_err(LedgerError::io("read", &one.path))?;
        record(&head, position, body)
            .ok_or_else(|| corrupt("the checksum of the body does not hold"))
    }

    /// All records that count, in the order they were appended; in the writer's own epoch those that
    /// had reached the file when the iteration came to it.
    pub fn iter(&self) -> Records<'_> {
        Records {
            reader: self,
            next: 0,
            scan: None,
        }
    }

    fn scan(&self, one: &EpochFile) -> Result<Scan, LedgerError> {
        let file = scan::open(&one.path)?;
        let Some(header) = scan::header(&one.path, &file, one.epoch)? else {
            return Err(LedgerError::corrupt(
                &one.path,
                0,
                "it ends within its header, but records of it were counted",
            ));
        };
        Scan::new(
            &one.path,
            file,
            one.epoch,
            &header,
            Some(one.bytes.load(Ordering::Acquire)),
        )
    }
}

/// The record of a head and a body, if they belong together.
pub(super) fn record(head: &Head, position: Position, body: Vec<u8>) -> Option<Record> {
    let right = frame::check_of(&body) == head.body_check;
    right.then_some(Record {
        sequence: head.sequence,
        position,
        entry: head.entry,
        annuls: head.annuls,
        body,
    })
}

/// Surveys, and enters every record into an index.
pub(super) fn survey_into(
    dir: &Path,
    numbers: &[u32],
    index: &mut Index,
) -> Result<Report, LedgerError> {
    scan::survey(dir, numbers, &mut |head, position, _| {
        if head.annuls {
            index.annul(&head.entry.job);
            return Ok(());
        }
        // A repeat is harmless, the first one stays; a writer never makes one.
        index.insert(&head.entry, position).map(|_| ())
    })
}

/// See [`Reader::iter`]. Ends after the first error.
#[derive(Debug)]
pub struct Records<'a> {
    reader: &'a Reader,
    next: usize,
    scan: Option<Scan>,
}

impl Records<'_> {
    fn advance(&mut self) -> Result<Option<Record>, LedgerError> {
        loop {
            let scan = match &mut self.scan {
                Some(scan) => scan,
                None => {
                    let Some(one) = self.reader.epochs.get(self.next) else {
                        return Ok(None);
                    };
                    self.next += 1;
                    self.scan.insert(self.reader.scan(one)?)
                }
            };
            match scan.step()? {
                Step::Record(head, position) => {
                    let body = scan.body().to_vec();
                    return Ok(Some(Record {
                        sequence: head.sequence,
                        position,
                        entry: head.entry,
                        annuls: head.annuls,
                        body,
                    }));
                }
                Step::End | Step::Torn(_) => self.scan = None,
            }
        }
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.advance().transpose();
        if matches!(item, Some(Err(_))) {
            self.next = self.reader.epochs.len();
            self.scan = None;
        }
        item
    }
}
