//! Records that take another back.

use std::fs;

use proto::digest::Digest;
use tempfile::TempDir;

use super::super::scan::epoch_path;
use super::super::*;
use super::{append, body, entry, write};

/// Bodies that stand for a job, as a later reader sees it.
fn standing(dir: &TempDir, number: u32) -> Option<Vec<u8>> {
    let (reader, index, _) = Reader::open(dir.path()).unwrap();
    let (_, position) = index.get(&entry(number).job)?;
    Some(reader.read(position).unwrap().body)
}

#[test]
fn what_is_annulled_makes_room_and_stays_annulled() {
    let dir = TempDir::new().unwrap();
    drop(write(dir.path(), 0..4));
    let mut ledger = Ledger::open(dir.path()).unwrap();
    assert!(ledger.annul(&entry(2).job).unwrap());
    assert!(!ledger.annul(&entry(2).job).unwrap(), "it is gone");
    assert!(!ledger.annul(&entry(9).job).unwrap(), "it never was");
    assert_eq!(ledger.index().get(&entry(2).job), None);
    ledger.commit().unwrap();
    assert_eq!(standing(&dir, 2), None);
    append(&mut ledger, 2, 30);
    // Within one batch, too, before anything is in the file.
    append(&mut ledger, 5, 40);
    assert!(ledger.annul(&entry(5).job).unwrap());
    append(&mut ledger, 5, 50);
    ledger.commit().unwrap();
    let sealed = ledger.extents();
    drop(ledger);
    assert_eq!(standing(&dir, 2), Some(body(2, 30)));
    assert_eq!(standing(&dir, 5), Some(body(5, 50)));
    assert_eq!(standing(&dir, 1), Some(body(1, 100)));
    let report = verify(dir.path(), Some(&sealed)).unwrap();
    assert_eq!(report.records, 9);
    let ledger = Ledger::open(dir.path()).unwrap();
    assert_eq!(ledger.index().iter().count(), 5);
    let reader = ledger.reader();
    let annulling = reader
        .iter()
        .filter(|record| record.as_ref().unwrap().annuls);
    assert_eq!(annulling.count(), 2);
}

#[test]
fn what_was_not_committed_is_not_taken_back() {
    let dir = TempDir::new().unwrap();
    drop(write(dir.path(), 0..2));
    let mut overtaken = Ledger::open(dir.path()).unwrap();
    assert!(overtaken.annul(&entry(1).job).unwrap());
    let newcomer = Ledger::open(dir.path()).unwrap();
    assert!(matches!(
        overtaken.commit(),
        Err(LedgerError::Fenced { .. })
    ));
    assert!(newcomer.index().get(&entry(1).job).is_some());
    assert_eq!(standing(&dir, 1), Some(body(1, 100)));
}

#[test]
fn its_form_is_frozen() {
    let dir = TempDir::new().unwrap();
    let mut ledger = write(dir.path(), 0..1);
    ledger.annul(&entry(0).job).unwrap();
    append(&mut ledger, 0, 3);
    ledger.commit().unwrap();
    let bytes = fs::read(epoch_path(dir.path(), 1)).unwrap();
    assert_eq!(
        Digest::of(&bytes).to_string()[..16],
        *"d296d29ebe783a77",
        "a change of these bytes needs a new ledger version"
    );
}
