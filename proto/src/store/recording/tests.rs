use std::fs;

use super::*;
use crate::store::conformance;

fn reply(text: &str) -> Arc<[u8]> {
    text.as_bytes().into()
}

fn key(number: u32) -> Digest {
    Digest::of(&number.to_le_bytes())
}

/// A file with three replies, and its bytes.
async fn recorded(path: &Path) -> Vec<u8> {
    let store = Recording::open(path, "run").unwrap();
    for number in 0..3 {
        let text = format!("reply {number} ").repeat(40);
        store.keep("run", &key(number), reply(&text)).await.unwrap();
    }
    drop(store);
    fs::read(path).unwrap()
}

#[tokio::test]
async fn conforms() {
    let folder = tempfile::tempdir().unwrap();
    let files = std::sync::atomic::AtomicU32::new(0);
    conformance::replies(async || {
        let number = files.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = folder.path().join(number.to_string());
        Arc::new(Recording::open(&path, "run").unwrap()) as Arc<dyn ReplyStore>
    })
    .await;
}

#[tokio::test]
async fn what_was_kept_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("replies");
    recorded(&path).await;
    let store = Recording::open(&path, "run").unwrap();
    assert_eq!(store.len(), 3);
    let late = store.keep("run", &key(1), reply("other")).await.unwrap();
    assert!(!late.first);
    assert_eq!(late.bytes, reply(&"reply 1 ".repeat(40)));
    assert!(
        store
            .keep("run", &key(3), reply("new"))
            .await
            .unwrap()
            .first
    );
}

#[tokio::test]
async fn every_cut_leaves_the_whole_records_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("replies");
    let whole = recorded(&path).await;
    let mut before = 0;
    for cut in 0..=whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let store = Recording::open(&path, "run").unwrap();
        let kept = store.len();
        assert!(kept >= before && kept <= before + 1, "cut at {cut}: {kept}");
        for number in 0..kept as u32 {
            let text = format!("reply {number} ").repeat(40);
            let read = store.get("run", &key(number)).await.unwrap();
            assert_eq!(read, Some(reply(&text)), "cut at {cut}");
        }
        drop(store);
        let left = fs::read(&path).unwrap();
        assert!(whole.starts_with(&left), "cut at {cut}: a prefix is left");
        before = kept;
    }
    assert_eq!(before, 3);
}

#[tokio::test]
async fn a_flip_before_a_sound_record_is_named_and_at_the_end_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("replies");
    let whole = recorded(&path).await;
    let start = frame::header("run").len();
    let last = whole.len() - (whole.len() - start) / 3;
    for at in start..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        fs::write(&path, &flipped).unwrap();
        let opened = Recording::open(&path, "run");
        if at < last {
            let error = opened.unwrap_err().to_string();
            assert!(error.contains("damaged at byte"), "flip at {at}: {error}");
        } else {
            assert_eq!(opened.unwrap().len(), 2, "flip at {at}");
        }
    }
}

#[tokio::test]
async fn what_is_not_this_run_s_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("replies");
    recorded(&path).await;
    let said = |error: StoreError| error.to_string();
    let other = said(Recording::open(&path, "another").unwrap_err());
    assert!(
        other.contains("`run`") && other.contains("`another`"),
        "{other}"
    );
    let held = Recording::open(&path, "run").unwrap();
    let locked = said(Recording::open(&path, "run").unwrap_err());
    assert!(locked.contains("another process"), "{locked}");
    let asked = said(held.get("another", &key(0)).await.unwrap_err());
    assert!(asked.contains("`another`"), "{asked}");
    drop(held);
    fs::write(&path, b"some other file, longer than a header would be").unwrap();
    let foreign = said(Recording::open(&path, "run").unwrap_err());
    assert!(foreign.contains("not a recording"), "{foreign}");
}

#[tokio::test]
async fn rot_after_opening_is_absence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("replies");
    let mut whole = recorded(&path).await;
    let store = Recording::open(&path, "run").unwrap();
    let last = whole.len() - 1;
    whole[last] ^= 1;
    fs::write(&path, &whole).unwrap();
    assert_eq!(store.get("run", &key(2)).await.unwrap(), None);
    assert!(store.get("run", &key(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn who_only_reads_names_every_flip_and_leaves_the_file_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("replies");
    let whole = recorded(&path).await;
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        fs::write(&path, &flipped).unwrap();
        let error = Recording::read_only(&path, "run").unwrap_err().to_string();
        assert!(error.contains("replies: "), "flip at {at}: {error}");
        if at >= frame::header("run").len() {
            assert!(error.contains("damaged at byte"), "flip at {at}: {error}");
        }
        assert_eq!(fs::read(&path).unwrap(), flipped, "flip at {at}");
    }
    for cut in 0..=whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let store = Recording::read_only(&path, "run").unwrap();
        assert!(store.len() <= 3);
        let kept = store.keep("run", &key(9), reply("new")).await;
        assert!(kept.unwrap_err().to_string().contains("read only"));
        assert_eq!(fs::read(&path).unwrap(), &whole[..cut], "cut at {cut}");
    }
    let store = Recording::read_only(&path, "run").unwrap();
    let read = store.get("run", &key(2)).await.unwrap();
    assert_eq!(read, Some(reply(&"reply 2 ".repeat(40))));
    let gone = Recording::read_only(&folder.path().join("none"), "run").unwrap_err();
    assert!(gone.to_string().contains("can't open"), "{gone}");
}
