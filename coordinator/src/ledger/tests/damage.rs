//! Flipped, cut, removed, swapped and foreign bytes.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::super::frame::{HEAD_BYTES, header_bytes};
use super::super::scan::epoch_path;
use super::super::*;
use super::write;

/// Three epochs: records in the first and the third, a restart between.
fn three_epochs(dir: &Path) -> Vec<Extent> {
    drop(write(dir, 0..3));
    drop(Ledger::open(dir).unwrap());
    write(dir, 3..5).extents()
}

#[test]
fn every_flip_is_found_with_file_and_offset() {
    let dir = TempDir::new().unwrap();
    three_epochs(dir.path());
    for epoch in 1..=3 {
        let path = epoch_path(dir.path(), epoch);
        let bytes = fs::read(&path).unwrap();
        for place in 0..bytes.len() {
            for mask in [1, 0x80, 0xff] {
                let mut bad = bytes.clone();
                bad[place] ^= mask;
                fs::write(&path, bad).unwrap();
                match verify(dir.path(), None) {
                    Err(LedgerError::Corrupt {
                        path: found,
                        offset,
                        ..
                    }) => {
                        assert_eq!(found, path);
                        assert!(offset <= place as u64, "flip at {place}, said {offset}");
                    }
                    other => panic!("flip of {mask:#x} at {place} of epoch {epoch}: {other:?}"),
                }
            }
        }
        fs::write(&path, bytes).unwrap();
    }
    verify(dir.path(), None).unwrap();
}

#[test]
fn every_cut_is_found_or_was_never_committed() {
    let dir = TempDir::new().unwrap();
    let sealed = three_epochs(dir.path());
    for epoch in [1, 3] {
        let path = epoch_path(dir.path(), epoch);
        let bytes = fs::read(&path).unwrap();
        for length in 0..bytes.len() {
            fs::write(&path, &bytes[..length]).unwrap();
            let error = verify(dir.path(), Some(&sealed)).unwrap_err();
            assert!(
                matches!(error, LedgerError::Corrupt { .. }),
                "cut of {epoch} to {length}: {error}"
            );
            let open = Reader::open(dir.path());
            assert_eq!(open.is_err(), epoch == 1, "cut of {epoch} to {length}");
        }
        fs::write(&path, bytes).unwrap();
    }
    verify(dir.path(), Some(&sealed)).unwrap();
}

#[test]
fn removed_swapped_and_foreign_records_are_found() {
    let whole = HEAD_BYTES + 100;
    let change = |change: &dyn Fn(&mut Vec<u8>)| {
        let dir = TempDir::new().unwrap();
        drop(write(dir.path(), 0..4));
        let path = epoch_path(dir.path(), 1);
        let mut bytes = fs::read(&path).unwrap();
        change(&mut bytes);
        fs::write(&path, bytes).unwrap();
        verify(dir.path(), None).unwrap_err().to_string()
    };
    let start = header_bytes(0);
    let second = format!("at byte {}", start + whole);
    let removed = change(&|bytes| drop(bytes.drain(start + whole..start + 2 * whole)));
    assert!(
        removed.contains(&second) && removed.contains("record 2 stands where record 1"),
        "{removed}"
    );
    let swapped = change(&|bytes| bytes[start + whole..].rotate_left(whole));
    assert!(swapped.contains(&second), "{swapped}");
    let foreign = change(&|bytes| {
        let other = TempDir::new().unwrap();
        drop(write(other.path(), 10..14));
        let other = fs::read(epoch_path(other.path(), 1)).unwrap();
        bytes[start + whole..].copy_from_slice(&other[start + whole..]);
    });
    assert!(foreign.contains(&second), "{foreign}");
}
