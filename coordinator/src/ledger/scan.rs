//! Reading epochs from end to end, and the rule of what counts.
//!
//! The highest epoch with a whole header decides: what its list names counts to the stated byte, its
//! own records count to the last whole one, and nothing else counts. An epoch without a whole header
//! never acknowledged anything, whether its writer crashed or was overtaken.

use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::LedgerError;
use super::frame::{self, BODY_CAP, Check, Extent, HEAD_BYTES, Head, PREAMBLE_BYTES};
use super::index::Position;

const READ_AHEAD: usize = 1 << 20;

/// A final record that is not whole: left by a crash, never acknowledged, and ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The file.
    pub path: PathBuf,
    /// Where the record begins.
    pub offset: u64,
    /// Bytes of it that are there.
    pub bytes: u64,
}

/// What a full check of a ledger found right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What counts, by epoch; those without records are left out.
    pub extents: Vec<Extent>,
    /// Records that count.
    pub records: u64,
    /// The tail of the last epoch, where it is torn.
    pub torn: Option<Torn>,
}

/// A whole header.
pub(super) struct Header {
    pub(super) earlier: Vec<Extent>,
    pub(super) check: Check,
    pub(super) bytes: u64,
    pub(super) records_before: u64,
}

/// The folder of the epochs of the run in `dir`.
pub(super) fn folder(dir: &Path) -> PathBuf {
    dir.join("ledger")
}

/// The file of an epoch.
pub(super) fn epoch_path(dir: &Path, epoch: u32) -> PathBuf {
    folder(dir).join(format!("epoch-{epoch:06}.log"))
}

/// Numbers of the epochs that exist, ascending; none without a folder.
pub(super) fn epochs(dir: &Path) -> Result<Vec<u32>, LedgerError> {
    let folder = folder(dir);
    let listing = match std::fs::read_dir(&folder) {
        Ok(listing) => listing,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(LedgerError::io("list", &folder)(error)),
    };
    let mut numbers = Vec::new();
    for file in listing {
        let name = file.map_err(LedgerError::io("list", &folder))?.file_name();
        let name = name
            .to_str()
            .and_then(|name| name.strip_prefix("epoch-")?.strip_suffix(".log"));
        numbers.extend(name.and_then(|digits| digits.parse::<u32>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Reads the header of an epoch; none if the file ends within it.
pub(super) fn header(path: &Path, file: &File, epoch: u32) -> Result<Option<Header>, LedgerError> {
    let length = file
        .metadata()
        .map_err(LedgerError::io("read", path))?
        .len();
    if length < PREAMBLE_BYTES as u64 {
        return Ok(None);
    }
    let mut bytes = [0; PREAMBLE_BYTES];
    let mut reader = file;
    reader.rewind().map_err(LedgerError::io("read", path))?;
    reader
        .read_exact(&mut bytes)
        .map_err(LedgerError::io("read", path))?;
    let preamble = frame::preamble(&bytes).map_err(|what| LedgerError::corrupt(path, 0, what))?;
    if preamble.version != frame::VERSION {
        return Err(LedgerError::UnknownVersion {
            path: path.to_owned(),
            version: preamble.version,
        });
    }
    if preamble.epoch != epoch {
        let what = format!("it is epoch {}, its name says {epoch}", preamble.epoch);
        return Err(LedgerError::corrupt(path, 0, what));
    }
    let whole = frame::header_bytes(preamble.earlier as usize);
    if length < whole as u64 {
        return Ok(None);
    }
    let mut all = vec![0; whole];
    all[..PREAMBLE_BYTES].copy_from_slice(&bytes);
    reader
        .read_exact(&mut all[PREAMBLE_BYTES..])
        .map_err(LedgerError::io("read", path))?;
    let Some((earlier, check)) = frame::earlier(&all) else {
        return Err(LedgerError::corrupt(
            path,
            0,
            "the header's checksum does not hold",
        ));
    };
    let listed = earlier
        .iter()
        .try_fold(0_u64, |sum, extent| sum.checked_add(extent.records));
    let ordered = earlier.is_sorted_by(|one, next| one.epoch < next.epoch);
    if listed != Some(preamble.records_before)
        || !ordered
        || earlier.last().is_some_and(|last| last.epoch >= epoch)
    {
        return Err(LedgerError::corrupt(
            path,
            0,
            "the header's list of epochs makes no sense",
        ));
    }
    Ok(Some(Header {
        earlier,
        check,
        bytes: whole as u64,
        records_before: preamble.records_before,
    }))
}

/// Opens an epoch for reading.
pub(super) fn open(path: &Path) -> Result<File, LedgerError> {
    File::open(path).map_err(LedgerError::io("open", path))
}

/// One pass over the records of an epoch.
#[derive(Debug)]
pub(super) struct Scan {
    path: PathBuf,
    epoch: u32,
    reader: BufReader<File>,
    offset: u64,
    end: u64,
    /// Whether a later header or a writer vouches for `end`.
    counted: bool,
    chain: Check,
    sequence: u64,
    records: u64,
    body: Vec<u8>,
}

/// What a step of a [`Scan`] found.
pub(super) enum Step {
    /// A record; its body is in the scan.
    Record(Head, Position),
    /// No more.
    End,
    /// Less than a record, at the end of what nobody vouches for.
    Torn(Torn),
}

impl Scan {
    /// A pass over an epoch up to the byte `counted`, or to its last whole record.
    pub(super) fn new(
        path: &Path,
        mut file: File,
        epoch: u32,
        header: &Header,
        counted: Option<u64>,
    ) -> Result<Self, LedgerError> {
        let length = file
            .metadata()
            .map_err(LedgerError::io("read", path))?
            .len();
        let end = counted.unwrap_or(length);
        if length < end || end < header.bytes {
            return Err(LedgerError::corrupt(
                path,
                length,
                format!("it ends here, but {end} bytes of it were counted"),
            ));
        }
        file.seek(SeekFrom::Start(header.bytes))
            .map_err(LedgerError::io("read", path))?;
        let ahead =
            usize::try_from(end - header.bytes).map_or(READ_AHEAD, |left| left.min(READ_AHEAD));
        Ok(Self {
            path: path.to_owned(),
            epoch,
            reader: BufReader::with_capacity(ahead, file),
            offset: header.bytes,
            end,
            counted: counted.is_some(),
            chain: header.check,
            sequence: header.records_before,
            records: 0,
            body: Vec::new(),
        })
    }

    /// The next record.
    pub(super) fn step(&mut self) -> Result<Step, LedgerError> {
        let left = self.end - self.offset;
        if left == 0 {
            return Ok(Step::End);
        }
        let mut bytes = [0; HEAD_BYTES];
        if left < HEAD_BYTES as u64 {
            return self.short(left);
        }
        self.reader
            .read_exact(&mut bytes)
            .map_err(LedgerError::io("read", &self.path))?;
        let Some(head) = frame::head(&bytes) else {
            return Err(self.corrupt("the checksum of the record does not hold"));
        };
        if head.previous != self.chain || head.sequence != self.sequence {
            let what = format!(
                "record {} stands where record {} belongs",
                head.sequence, self.sequence
            );
            return Err(self.corrupt(what));
        }
        if head.length as usize > BODY_CAP {
            return Err(self.corrupt("the body is over the cap"));
        }
        let whole = HEAD_BYTES as u64 + u64::from(head.length);
        if left < whole {
            return self.short(left);
        }
        self.body.resize(head.length as usize, 0);
        self.reader
            .read_exact(&mut self.body)
            .map_err(LedgerError::io("read", &self.path))?;
        if frame::check_of(&self.body) != head.body_check {
            return Err(self.corrupt("the checksum of the body does not hold"));
        }
        let position = Position {
            epoch: self.epoch,
            offset: self.offset,
        };
        self.offset += whole;
        self.chain = head.check;
        self.sequence += 1;
        self.records += 1;
        Ok(Step::Record(head, position))
    }

    /// Body of the record that the last step found.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// What was passed so far.
    pub(super) fn extent(&self) -> Extent {
        Extent {
            epoch: self.epoch,
            bytes: self.offset,
            records: self.records,
            check: self.chain,
        }
    }

    fn short(&self, left: u64) -> Result<Step, LedgerError> {
        if self.counted {
            return Err(self.corrupt(format!(
                "{left} bytes are less than a record, but were counted"
            )));
        }
        Ok(Step::Torn(Torn {
            path: self.path.clone(),
            offset: self.offset,
            bytes: left,
        }))
    }

    fn corrupt(&self, what: impl Into<String>) -> LedgerError {
        LedgerError::corrupt(&self.path, self.offset, what)
    }
}

/// Called for every record that counts: head, place, body.
pub(super) type Visit<'a> = &'a mut dyn FnMut(&Head, Position, &[u8]) -> Result<(), LedgerError>;

/// Reads and checks everything that counts among the epochs `numbers` (ascending).
pub(super) fn survey(dir: &Path, numbers: &[u32], visit: Visit<'_>) -> Result<Report, LedgerError> {
    let mut report = Report {
        extents: Vec::new(),
        records: 0,
        torn: None,
    };
    let Some((epoch, last)) = deciding(dir, numbers)? else {
        return Ok(report);
    };
    for extent in &last.earlier {
        let path = epoch_path(dir, extent.epoch);
        let file = open(&path)?;
        let Some(header) = header(&path, &file, extent.epoch)? else {
            return Err(LedgerError::corrupt(
                &path,
                0,
                "it ends within its header, but records of it were counted",
            ));
        };
        let mut scan = Scan::new(&path, file, extent.epoch, &header, Some(extent.bytes))?;
        if header.records_before != report.records {
            return Err(LedgerError::corrupt(
                &path,
                0,
                "it does not follow the epochs before it",
            ));
        }
        pass(&mut scan, visit)?;
        if scan.extent() != *extent {
            return Err(scan.corrupt("a later epoch counted other records"));
        }
        report.add(*extent);
    }
    let path = epoch_path(dir, epoch);
    let mut scan = Scan::new(&path, open(&path)?, epoch, &last, None)?;
    report.torn = pass(&mut scan, visit)?;
    report.add(scan.extent());
    Ok(report)
}

/// The highest epoch that has a whole header.
fn deciding(dir: &Path, numbers: &[u32]) -> Result<Option<(u32, Header)>, LedgerError> {
    for &epoch in numbers.iter().rev() {
        let path = epoch_path(dir, epoch);
        if let Some(header) = header(&path, &open(&path)?, epoch)? {
            return Ok(Some((epoch, header)));
        }
    }
    Ok(None)
}

fn pass(scan: &mut Scan, visit: Visit<'_>) -> Result<Option<Torn>, LedgerError> {
    loop {
        match scan.step()? {
            Step::Record(head, position) => visit(&head, position, &scan.body)?,
            Step::End => return Ok(None),
            Step::Torn(torn) => return Ok(Some(torn)),
        }
    }
}

impl Report {
    fn add(&mut self, extent: Extent) {
        if extent.records > 0 {
            self.records += extent.records;
            self.extents.push(extent);
        }
    }
}

/// Checks every byte that counts, and every header, of the ledger in `dir`, without changing
/// anything. Meant for when no writer runs; beside one it sees the records written so far.
///
/// `sealed` is what the finished run kept elsewhere: with it, records that are missing at the end are
/// found as well, which no log can tell by itself.
///
/// # Errors
/// [`LedgerError::Corrupt`] with file and offset of the first thing wrong.
pub fn verify(dir: &Path, sealed: Option<&[Extent]>) -> Result<Report, LedgerError> {
    let numbers = epochs(dir)?;
    let report = survey(dir, &numbers, &mut |_, _, _| Ok(()))?;
    for &epoch in &numbers {
        // Those that count nothing hold nothing but a header, which is still held to its checksum.
        if !report.extents.iter().any(|extent| extent.epoch == epoch) {
            let path = epoch_path(dir, epoch);
            header(&path, &open(&path)?, epoch)?;
        }
    }
    let Some(sealed) = sealed else {
        return Ok(report);
    };
    for place in 0..sealed.len().max(report.extents.len()) {
        let (expected, found) = (sealed.get(place), report.extents.get(place));
        if expected != found {
            let epoch = expected.or(found).map_or(0, |extent| extent.epoch);
            let offset = found.map_or(0, |extent| extent.bytes);
            let what = format!("sealed with {expected:?}, found {found:?}");
            return Err(LedgerError::corrupt(&epoch_path(dir, epoch), offset, what));
        }
    }
    Ok(report)
}
