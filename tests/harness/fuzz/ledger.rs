//! The ledger's files: two epochs, damaged as they are, and damaged with every check put right again.
//!
//! An input is the length of the first epoch in four bytes, and both epochs one after the other.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use coordinator::ledger::{Entry, Ledger, LedgerError, Reader, verify};
use proto::digest::Digest;
use proto::ids::JobId;

use super::Target;

const CHECK: usize = 16;
/// First part of a header without its check, as `ledger/frame.rs` draws it.
const PREAMBLE: usize = 28;
/// An earlier epoch in a header's list.
const EARLIER: usize = 36;
/// Where a record names the check before it.
const BEFORE: usize = 88;
/// Where it names its body's.
const BODY: usize = BEFORE + CHECK;
/// Where it names its own.
const OWN: usize = BODY + CHECK;
/// A record without its body.
const HEAD: usize = OWN + CHECK;

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "ledger",
        about: "damaged epochs are an error or a shorter ledger, which reads, verifies and goes on",
        run: |bytes| ledger(bytes, false),
        seeds,
        words: &["t2tledgr"],
        cases: 250,
    },
    Target {
        name: "ledger-mended",
        about: "the same behind right checks: lengths, sequences, extents that lie",
        run: |bytes| ledger(bytes, true),
        seeds,
        words: &[],
        cases: 250,
    },
];

/// Whole histories of two writers, of a few records each.
fn seeds() -> Vec<Vec<u8>> {
    [(1, 0), (2, 3), (5, 1), (0, 2), (0, 0)]
        .map(|(first, second)| {
            let dir = tempfile::tempdir().expect("a folder for a ledger");
            write(dir.path(), 0..first);
            write(dir.path(), first..first + second);
            let [one, two] =
                [1, 2].map(|epoch| fs::read(path(dir.path(), epoch)).expect("it was written"));
            let length = u32::try_from(one.len())
                .expect("a few records")
                .to_le_bytes();
            [&length[..], &one, &two].concat()
        })
        .to_vec()
}

fn write(dir: &Path, numbers: std::ops::Range<u32>) {
    let mut ledger = Ledger::open(dir).expect("a sound ledger opens");
    for number in numbers.clone() {
        append(&mut ledger, number);
    }
    // The last is taken back, and made again.
    if let Some(last) = numbers.last() {
        let job = JobId(Digest::of(&last.to_le_bytes()));
        ledger.annul(&job).expect("it is there to be read");
        append(&mut ledger, last);
    }
    ledger.commit().expect("nobody else writes");
}

fn append(ledger: &mut Ledger, number: u32) {
    let job = JobId(Digest::of(&number.to_le_bytes()));
    let entry = Entry {
        job,
        stage: 1,
        slot: number,
        candidate: 0,
        param: [0; 16],
        code: 1,
        reason: 0,
        intent: [7; 16],
    };
    ledger
        .append(&entry, &vec![number as u8; 20 + number as usize])
        .expect("a small record");
}

fn path(dir: &Path, epoch: u32) -> PathBuf {
    dir.join("ledger").join(format!("epoch-{epoch:06}.log"))
}

fn ledger(bytes: &[u8], mended: bool) {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else {
        return;
    };
    let cut = (u32::from_le_bytes(*length) as usize).min(rest.len());
    let dir = tempfile::tempdir().expect("a folder for a ledger");
    fs::create_dir(dir.path().join("ledger")).expect("the folder is empty");
    for (epoch, part) in [(1, &rest[..cut]), (2, &rest[cut..])] {
        let mut part = part.to_vec();
        if mended {
            mend(&mut part);
        }
        fs::write(path(dir.path(), epoch), part).expect("the folder is there");
    }
    read(dir.path());
}

/// What opens is whole in itself, and can be gone on with.
fn read(dir: &Path) {
    let (reader, index, report) = match Reader::open(dir) {
        Ok(opened) => opened,
        Err(error) => return refused(dir, &error),
    };
    let mut records = 0;
    // By what the index knows of a job's id.
    let mut standing = BTreeMap::new();
    for record in reader.iter() {
        let record = record.expect("what was surveyed reads");
        assert_eq!(record.sequence, records);
        assert_eq!(
            reader
                .read(record.position)
                .expect("what was iterated reads"),
            record
        );
        let job = record.entry.job;
        if record.annuls {
            standing.remove(&job.0.short());
        } else {
            let place = (job, record.position);
            standing.entry(job.0.short()).or_insert(place);
        }
        records += 1;
    }
    assert_eq!(index.iter().count(), standing.len());
    for (job, position) in standing.values() {
        let found = index.get(job).map(|(_, position)| position);
        assert_eq!(found, Some(*position));
    }
    assert_eq!(records, report.records);
    let again = verify(dir, Some(&report.extents));
    assert!(
        again.is_ok() || again.is_err_and(|error| matches!(error, LedgerError::Corrupt { .. }))
    );
    let mut ledger = Ledger::open(dir).expect("what can be read can be gone on with");
    let before = ledger.index().len();
    assert_eq!(before, index.len());
    append(&mut ledger, 1_000_000);
    ledger.commit().expect("nobody else writes");
    drop(ledger);
    let (_, index, _) = Reader::open(dir).expect("what was committed opens");
    assert_eq!(index.len(), before + 1);
}

/// A refusal says what and where, and a writer refuses as a reader does.
fn refused(dir: &Path, error: &LedgerError) {
    let said = error.to_string();
    assert!(said.contains("epoch-"), "{said}");
    assert!(
        Ledger::open(dir).is_err(),
        "a writer takes what a reader refuses: {said}"
    );
}

/// Puts every check of an epoch right, as far as its lengths lead.
fn mend(bytes: &mut [u8]) {
    if bytes.len() < PREAMBLE + CHECK {
        return;
    }
    check(bytes, 0, PREAMBLE);
    let listed = u32::from_le_bytes([bytes[16], bytes[17], bytes[18], bytes[19]]) as usize;
    let Some(end) = listed
        .checked_mul(EARLIER)
        .map(|list| PREAMBLE + CHECK + list)
    else {
        return;
    };
    if bytes.len() < end + CHECK {
        return;
    }
    let mut before = check(bytes, 0, end);
    let mut at = end + CHECK;
    while bytes.len() >= at + HEAD {
        let length = [bytes[at + 8], bytes[at + 9], bytes[at + 10], bytes[at + 11]];
        let length = (u32::from_le_bytes(length) as usize).min(bytes.len() - at - HEAD);
        bytes[at + BEFORE..at + BODY].copy_from_slice(&before);
        let body = sum(&bytes[at + HEAD..at + HEAD + length]);
        bytes[at + BODY..at + OWN].copy_from_slice(&body);
        before = check(bytes, at, at + OWN);
        at += HEAD + length;
    }
}

/// Writes the check over `start..end` behind it.
fn check(bytes: &mut [u8], start: usize, end: usize) -> [u8; CHECK] {
    let check = sum(&bytes[start..end]);
    bytes[end..end + CHECK].copy_from_slice(&check);
    check
}

fn sum(bytes: &[u8]) -> [u8; CHECK] {
    Digest::of(bytes).short()
}
