//! The bytes of a ledger file. Everything is little end first, and fixed but for a body and the list
//! of earlier epochs, so that a length is believed only after a checksum over it holds.
//!
//! ```text
//! header   magic 8 │ version 4 │ epoch 4 │ earlier epochs n 4 │ records before 8 │ check 16
//!          n × ( epoch 4 │ counted bytes 8 │ counted records 8 │ last check 16 )  │ check 16
//! record   sequence 8 │ body length 4 │ job 32 │ parameter 16 │ intent 16 │ slot 4 │ candidate 2 │
//!          reason 2 │ stage 1 │ code 1 │ annuls 1 │ 0 │ check before 16 │ body's check 16 │ check 16 ║ body
//! ```
//!
//! A record that annuls (1, else 0) takes back the record of its job, so that another may stand.
//!
//! A check is the first 16 bytes of BLAKE3 over what precedes it in its header or record. A record
//! names the check of the record (or header) before it, so one that is missing, swapped or taken from
//! elsewhere is found; a record by itself can be checked without its predecessors.

use proto::digest::Digest;
use proto::ids::JobId;

/// Version of the format.
pub const VERSION: u32 = 1;
/// Most bytes of a body, bytes.
pub const BODY_CAP: usize = 64 << 20;

const MAGIC: [u8; 8] = *b"t2tledgr";
const CHECK: usize = 16;
const PREAMBLE: usize = 28;
/// First part of a header, whose own check covers the length of the rest.
pub(super) const PREAMBLE_BYTES: usize = PREAMBLE + CHECK;
const EARLIER_BYTES: usize = 36;
/// Most earlier epochs with records; each is a restart.
const EARLIER_CAP: u32 = 1 << 20;
const FIELDS: usize = 88;
const COVERED: usize = FIELDS + 2 * CHECK;
/// A record without its body.
pub(super) const HEAD_BYTES: usize = COVERED + CHECK;

/// A checksum, and the link of the chain.
pub(super) type Check = [u8; CHECK];

/// What is known of an outcome without its body. The state machine of the run gives meaning to the
/// codes; the ledger keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Identity: the ledger accepts one record per job (by its first 16 bytes).
    pub job: JobId,
    /// Stage, or kind of event.
    pub stage: u8,
    /// Slot of the plan.
    pub slot: u32,
    /// Candidate of the slot.
    pub candidate: u16,
    /// What else the job is a function of: agent and trial, for a rollout.
    pub param: [u8; 16],
    /// How it ended.
    pub code: u8,
    /// Why, where the code alone does not say.
    pub reason: u16,
    /// Normalised intent; zeros where there is none.
    pub intent: [u8; 16],
}

/// How much of an epoch counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Its number, from 1.
    pub epoch: u32,
    /// Bytes of its file, from the start.
    pub bytes: u64,
    /// Records in them.
    pub records: u64,
    /// Check of the last of them.
    pub check: [u8; 16],
}

/// First part of a header, decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Preamble {
    pub(super) version: u32,
    pub(super) epoch: u32,
    pub(super) earlier: u32,
    pub(super) records_before: u64,
}

/// A record's head, decoded and checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) sequence: u64,
    pub(super) length: u32,
    pub(super) entry: Entry,
    /// Whether it takes back the record of its job.
    pub(super) annuls: bool,
    pub(super) previous: Check,
    pub(super) body_check: Check,
    pub(super) check: Check,
}

/// The check of some bytes.
pub(super) fn check_of(bytes: &[u8]) -> Check {
    take(blake3::hash(bytes).as_bytes(), 0)
}

/// `N` bytes from `at`; the callers' buffers have a fixed layout.
fn take<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&bytes[at..at + N]);
    part
}

/// Appends a record to `buffer`, as the next after the one with check `previous`; gives its check.
pub(super) fn put_record(
    buffer: &mut Vec<u8>,
    previous: &Check,
    sequence: u64,
    entry: &Entry,
    annuls: bool,
    body: &[u8],
) -> Check {
    let start = buffer.len();
    let length = u32::try_from(body.len()).expect("the caller holds bodies below the cap");
    buffer.reserve(HEAD_BYTES + body.len());
    buffer.extend_from_slice(&sequence.to_le_bytes());
    buffer.extend_from_slice(&length.to_le_bytes());
    buffer.extend_from_slice(&entry.job.0.0);
    buffer.extend_from_slice(&entry.param);
    buffer.extend_from_slice(&entry.intent);
    buffer.extend_from_slice(&entry.slot.to_le_bytes());
    buffer.extend_from_slice(&entry.candidate.to_le_bytes());
    buffer.extend_from_slice(&entry.reason.to_le_bytes());
    buffer.extend_from_slice(&[entry.stage, entry.code, u8::from(annuls), 0]);
    buffer.extend_from_slice(previous);
    buffer.extend_from_slice(&check_of(body));
    let check = check_of(&buffer[start..]);
    buffer.extend_from_slice(&check);
    buffer.extend_from_slice(body);
    check
}

/// Decodes a head; none if its check does not hold.
pub(super) fn head(bytes: &[u8; HEAD_BYTES]) -> Option<Head> {
    let check = take(bytes, COVERED);
    if check_of(&bytes[..COVERED]) != check {
        return None;
    }
    Some(Head {
        sequence: u64::from_le_bytes(take(bytes, 0)),
        length: u32::from_le_bytes(take(bytes, 8)),
        entry: Entry {
            job: JobId(Digest(take(bytes, 12))),
            param: take(bytes, 44),
            intent: take(bytes, 60),
            slot: u32::from_le_bytes(take(bytes, 76)),
            candidate: u16::from_le_bytes(take(bytes, 80)),
            reason: u16::from_le_bytes(take(bytes, 82)),
            stage: bytes[84],
            code: bytes[85],
        },
        annuls: bytes[86] != 0,
        previous: take(bytes, FIELDS),
        body_check: take(bytes, FIELDS + CHECK),
        check,
    })
}

/// A whole header, and its check.
pub(super) fn put_header(epoch: u32, records_before: u64, earlier: &[Extent]) -> (Vec<u8>, Check) {
    let mut bytes = Vec::with_capacity(header_bytes(earlier.len()));
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&epoch.to_le_bytes());
    let count = u32::try_from(earlier.len()).expect("epochs are numbered in 32 bits");
    bytes.extend_from_slice(&count.to_le_bytes());
    bytes.extend_from_slice(&records_before.to_le_bytes());
    let check = check_of(&bytes);
    bytes.extend_from_slice(&check);
    for one in earlier {
        bytes.extend_from_slice(&one.epoch.to_le_bytes());
        bytes.extend_from_slice(&one.bytes.to_le_bytes());
        bytes.extend_from_slice(&one.records.to_le_bytes());
        bytes.extend_from_slice(&one.check);
    }
    let check = check_of(&bytes);
    bytes.extend_from_slice(&check);
    (bytes, check)
}

/// Length of a header that lists `earlier` epochs, bytes.
pub(super) const fn header_bytes(earlier: usize) -> usize {
    PREAMBLE_BYTES + earlier * EARLIER_BYTES + CHECK
}

/// Decodes the first part of a header, or says what is wrong with it. Its layout and check are the
/// same in every version of the format, so that a later version is told from a flipped bit.
pub(super) fn preamble(bytes: &[u8; PREAMBLE_BYTES]) -> Result<Preamble, &'static str> {
    if bytes[..MAGIC.len()] != MAGIC {
        return Err("it does not begin like an epoch of a ledger");
    }
    let found = Preamble {
        version: u32::from_le_bytes(take(bytes, 8)),
        epoch: u32::from_le_bytes(take(bytes, 12)),
        earlier: u32::from_le_bytes(take(bytes, 16)),
        records_before: u64::from_le_bytes(take(bytes, 20)),
    };
    if check_of(&bytes[..PREAMBLE]) != take(bytes, PREAMBLE) {
        return Err("the header's first checksum does not hold");
    }
    if found.version == VERSION && found.earlier > EARLIER_CAP {
        return Err("the header lists more epochs than there can be");
    }
    Ok(found)
}

/// Decodes the list of a whole header; none if its check does not hold.
pub(super) fn earlier(header: &[u8]) -> Option<(Vec<Extent>, Check)> {
    let end = header.len().checked_sub(CHECK)?;
    let check = take(header, end);
    if check_of(&header[..end]) != check {
        return None;
    }
    let list = header[PREAMBLE_BYTES..end].chunks_exact(EARLIER_BYTES);
    let list = list.map(|one| Extent {
        epoch: u32::from_le_bytes(take(one, 0)),
        bytes: u64::from_le_bytes(take(one, 4)),
        records: u64::from_le_bytes(take(one, 12)),
        check: take(one, 20),
    });
    Some((list.collect(), check))
}
