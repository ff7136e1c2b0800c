//! Tests of the ledger as a whole: crashes, flips, two writers, a full disk.

mod annul;
mod damage;
mod survival;

use std::fs;
use std::path::Path;

use proto::digest::Digest;
use proto::ids::JobId;
use tempfile::TempDir;

use super::frame::{HEAD_BYTES, header_bytes};
use super::scan::{epoch_path, epochs, folder};
use super::writer::claim;
use super::*;

fn entry(number: u32) -> Entry {
    Entry {
        job: JobId(Digest::of(&number.to_le_bytes())),
        stage: (number % 4) as u8,
        slot: number,
        candidate: (number % 3) as u16,
        param: [number as u8; 16],
        code: (number % 5) as u8,
        reason: (number % 700) as u16,
        intent: [(number >> 8) as u8; 16],
    }
}

fn body(number: u32, length: usize) -> Vec<u8> {
    (0..length)
        .map(|place| (number as usize + place) as u8)
        .collect()
}

fn append(ledger: &mut Ledger, number: u32, length: usize) -> Position {
    match ledger
        .append(&entry(number), &body(number, length))
        .unwrap()
    {
        Appended::New(position) => position,
        Appended::Duplicate(first) => panic!("{number} was at {first:?}"),
    }
}

/// Appends and commits the records `numbers`, 100 bytes each, as a new writer.
fn write(dir: &Path, numbers: std::ops::Range<u32>) -> Ledger {
    let mut ledger = Ledger::open(dir).unwrap();
    for number in numbers {
        append(&mut ledger, number, 100);
    }
    ledger.commit().unwrap();
    ledger
}

/// Slots of everything that counts, in order.
fn slots(dir: &Path) -> Vec<u32> {
    let (reader, index, report) = Reader::open(dir).unwrap();
    let records: Vec<Record> = reader.iter().map(Result::unwrap).collect();
    for (sequence, record) in records.iter().enumerate() {
        assert_eq!(record.sequence, sequence as u64);
        assert_eq!(record.entry, entry(record.entry.slot));
        assert_eq!(reader.read(record.position).unwrap(), *record);
        assert_eq!(index.get(&record.entry.job).unwrap().1, record.position);
    }
    assert_eq!(report.records, records.len() as u64);
    records.iter().map(|record| record.entry.slot).collect()
}

#[test]
fn what_is_committed_is_there_again() {
    let dir = TempDir::new().unwrap();
    let ledger = write(dir.path(), 0..10);
    assert_eq!(ledger.index().len(), 10);
    drop(ledger);
    let mut ledger = write(dir.path(), 10..12);
    assert_eq!((ledger.epoch(), ledger.index().len()), (2, 12));
    let (summary, position) = ledger.index().get(&entry(3).job).unwrap();
    assert_eq!((summary.slot, summary.reason, position.epoch), (3, 3, 1));
    assert_eq!(ledger.read(position).unwrap().body, body(3, 100));
    assert_eq!(
        ledger.append(&entry(3), b"other").unwrap(),
        Appended::Duplicate(position)
    );
    assert_eq!(slots(dir.path()), (0..12).collect::<Vec<_>>());
    assert_eq!(
        verify(dir.path(), Some(&ledger.extents())).unwrap().records,
        12
    );
}

#[test]
fn reads_see_memory_and_file() {
    let dir = TempDir::new().unwrap();
    let mut ledger = write(dir.path(), 0..3);
    let reader = ledger.reader();
    let young = append(&mut ledger, 7, 5000);
    assert_eq!(ledger.read(young).unwrap().body, body(7, 5000));
    assert!(matches!(
        reader.read(young),
        Err(LedgerError::NoRecord { epoch: 1, .. })
    ));
    ledger.commit().unwrap();
    assert_eq!(reader.read(young).unwrap(), ledger.read(young).unwrap());
    assert_eq!(reader.iter().count(), 4);
    let wrong = Position {
        offset: young.offset + 1,
        ..young
    };
    assert!(matches!(
        reader.read(wrong),
        Err(LedgerError::Corrupt { .. })
    ));
    assert!(matches!(
        reader.read(Position {
            epoch: 9,
            offset: 60
        }),
        Err(LedgerError::NoRecord { .. })
    ));
}

#[test]
fn large_batches_are_written_before_the_commit() {
    let dir = TempDir::new().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    for number in 0..40 {
        append(&mut ledger, number, 100_000);
    }
    let early = ledger.index().get(&entry(0).job).unwrap().1;
    assert_eq!(ledger.reader().read(early).unwrap().body, body(0, 100_000));
    ledger.commit().unwrap();
    assert_eq!(slots(dir.path()), (0..40).collect::<Vec<_>>());
}

#[test]
fn a_second_writer_fences_the_first() {
    let dir = TempDir::new().unwrap();
    let mut first = write(dir.path(), 0..5);
    append(&mut first, 5, 100);
    let mut second = Ledger::open(dir.path()).unwrap();
    assert_eq!(second.index().len(), 5, "what was not written is not seen");
    let error = first.commit().unwrap_err();
    assert!(
        matches!(&error, LedgerError::Fenced { path } if *path == epoch_path(dir.path(), 2)),
        "{error}"
    );
    assert!(matches!(
        first.append(&entry(6), b""),
        Err(LedgerError::Fenced { .. })
    ));
    assert!(matches!(first.commit(), Err(LedgerError::Fenced { .. })));
    // The first's record 5 reached its file after all, but beyond what counts.
    append(&mut second, 5, 50);
    second.commit().unwrap();
    drop((first, second));
    let third = Ledger::open(dir.path()).unwrap();
    let (_, position) = third.index().get(&entry(5).job).unwrap();
    assert_eq!(
        (position.epoch, third.read(position).unwrap().body.len()),
        (2, 50)
    );
    verify(dir.path(), None).unwrap();
}

#[test]
fn a_newcomer_claims_before_it_reads() {
    let dir = TempDir::new().unwrap();
    let mut first = write(dir.path(), 0..2);
    let claim = claim(dir.path()).unwrap();
    // Too late to be acknowledged; the newcomer finds it all the same, as it has not read yet.
    append(&mut first, 2, 100);
    assert!(matches!(first.commit(), Err(LedgerError::Fenced { .. })));
    let second = Ledger::take_over(dir.path(), claim).unwrap();
    assert_eq!(second.index().len(), 3);
    drop(second);
    assert_eq!(slots(dir.path()), [0, 1, 2]);
}

#[test]
fn an_overtaken_newcomer_counts_for_nothing() {
    let dir = TempDir::new().unwrap();
    drop(write(dir.path(), 0..3));
    // A newcomer stops between its claim and its header; another takes over and works.
    fs::write(epoch_path(dir.path(), 2), b"").unwrap();
    let mut third = write(dir.path(), 3..6);
    assert_eq!(third.epoch(), 3);
    // Then the newcomer wakes up and writes a header which counts nothing of what happened since.
    let (late, _) = super::frame::put_header(2, 0, &[]);
    fs::write(epoch_path(dir.path(), 2), late).unwrap();
    third.commit().unwrap();
    drop(third);
    assert_eq!(slots(dir.path()), (0..6).collect::<Vec<_>>());
    assert_eq!(write(dir.path(), 6..7).index().len(), 7);
    verify(dir.path(), None).unwrap();
}

#[test]
fn restarts_without_records_leave_no_trace_in_headers() {
    let dir = TempDir::new().unwrap();
    drop(write(dir.path(), 0..2));
    for _ in 0..30 {
        drop(Ledger::open(dir.path()).unwrap());
    }
    let ledger = write(dir.path(), 2..3);
    assert_eq!(ledger.epoch(), 32);
    let length = |epoch| fs::metadata(epoch_path(dir.path(), epoch)).unwrap().len();
    assert_eq!(
        (length(31), length(32)),
        (
            header_bytes(1) as u64,
            (header_bytes(1) + HEAD_BYTES + 100) as u64
        )
    );
    assert_eq!(slots(dir.path()), [0, 1, 2]);
}

#[test]
fn a_full_disk_loses_nothing_and_is_survived() {
    for room in [
        0,
        1,
        HEAD_BYTES,
        HEAD_BYTES + 100,
        HEAD_BYTES + 150,
        3 * HEAD_BYTES,
    ] {
        let dir = TempDir::new().unwrap();
        let mut ledger = write(dir.path(), 0..2);
        for number in 2..6 {
            append(&mut ledger, number, 100);
        }
        ledger.room = Some(room);
        for _ in 0..2 {
            let error = ledger.commit().unwrap_err();
            assert!(
                matches!(
                    error,
                    LedgerError::Io {
                        action: "write",
                        ..
                    }
                ),
                "{error}"
            );
        }
        // A crash now would keep what was committed, and cut the torn tail.
        let (_, index, report) = Reader::open(dir.path()).unwrap();
        assert!(index.len() >= 2 && index.len() < 6, "{report:?}");
        append(&mut ledger, 6, 100);
        ledger.room = None;
        ledger.commit().unwrap();
        assert_eq!(slots(dir.path()), (0..7).collect::<Vec<_>>());
    }
}

#[test]
fn an_append_that_can_not_be_written_was_not_appended() {
    let dir = TempDir::new().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    ledger.room = Some(0);
    let refused = (0..)
        .find(|&number| {
            ledger
                .append(&entry(number), &body(number, 100_000))
                .is_err()
        })
        .unwrap();
    assert!(ledger.append(&entry(refused), b"").is_err());
    assert_eq!(ledger.index().get(&entry(refused).job), None);
    ledger.room = None;
    append(&mut ledger, refused, 10);
    ledger.commit().unwrap();
    assert_eq!(slots(dir.path()), (0..=refused).collect::<Vec<_>>());
}

#[test]
fn a_failed_fsync_ends_the_writer() {
    let dir = TempDir::new().unwrap();
    let mut ledger = write(dir.path(), 0..1);
    assert!(matches!(
        ledger.append(&entry(1), &vec![0; BODY_CAP + 1]),
        Err(LedgerError::TooLarge { .. })
    ));
    append(&mut ledger, 1, 10);
    ledger.fail_sync = true;
    assert!(matches!(
        ledger.commit(),
        Err(LedgerError::Io { action: "sync", .. })
    ));
    ledger.fail_sync = false;
    assert!(matches!(ledger.commit(), Err(LedgerError::Unsynced { .. })));
    assert!(matches!(
        ledger.append(&entry(2), b""),
        Err(LedgerError::Unsynced { .. })
    ));
    assert_eq!(Ledger::open(dir.path()).unwrap().index().len(), 2);
}

#[test]
fn the_folder_has_one_process() {
    let dir = TempDir::new().unwrap();
    let lock = DirLock::acquire(&dir.path().join("run")).unwrap();
    let error = DirLock::acquire(&dir.path().join("run")).unwrap_err();
    assert!(
        error.to_string().contains("in use by another process"),
        "{error}"
    );
    drop(lock);
    DirLock::acquire(&dir.path().join("run")).unwrap();
}

#[test]
fn a_shared_lock_keeps_those_away_that_want_it_for_themselves() {
    let dir = TempDir::new().unwrap();
    let (one, other) = (DirLock::share(dir.path()), DirLock::share(dir.path()));
    assert!(one.is_ok() && other.is_ok());
    let refused =
        |lock: Result<DirLock, LedgerError>| matches!(lock, Err(LedgerError::Locked { .. }));
    assert!(refused(DirLock::acquire(dir.path())));
    drop((one, other));
    let alone = DirLock::acquire(dir.path()).unwrap();
    assert!(refused(DirLock::share(dir.path())));
    drop(alone);
}

#[test]
fn nothing_is_an_empty_ledger_and_strangers_are_left_alone() {
    let dir = TempDir::new().unwrap();
    assert_eq!(slots(dir.path()), [0_u32; 0]);
    assert!(!folder(dir.path()).exists(), "reading makes nothing");
    drop(write(dir.path(), 0..1));
    fs::write(folder(dir.path()).join("epoch-000009.log.copy"), b"x").unwrap();
    assert_eq!(epochs(dir.path()).unwrap(), [1]);
    assert_eq!(slots(dir.path()), [0]);
}

#[test]
fn the_format_is_frozen() {
    let dir = TempDir::new().unwrap();
    drop(write(dir.path(), 0..2));
    drop(write(dir.path(), 2..3));
    let digest = |epoch| Digest::of(&fs::read(epoch_path(dir.path(), epoch)).unwrap()).to_string();
    let found = [digest(1), digest(2)].map(|text| text[..16].to_owned());
    assert_eq!(
        found,
        ["5c0915456a2ca27b", "e95f5a1e2db48c5d"],
        "a change of these bytes needs a new ledger version"
    );
}

#[test]
fn a_later_version_is_named() {
    let dir = TempDir::new().unwrap();
    drop(write(dir.path(), 0..1));
    let path = epoch_path(dir.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 2;
    let check = super::frame::check_of(&bytes[..28]);
    bytes[28..44].copy_from_slice(&check);
    fs::write(&path, bytes).unwrap();
    assert!(matches!(
        Reader::open(dir.path()),
        Err(LedgerError::UnknownVersion { version: 2, .. })
    ));
}
