//! R1 to R4 of [`ReplyStore`].

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::digest::Digest;
use crate::store::ReplyStore;

/// Runs every case; the store must hold a few megabytes.
pub async fn replies<F: AsyncFn() -> Arc<dyn ReplyStore>>(fresh: F) {
    r1_the_first_is_kept(&*fresh().await).await;
    r1_racers_see_one_value(fresh().await).await;
    r2_absence_is_not_an_error(&*fresh().await).await;
    r2_what_comes_back_is_what_was_kept(&*fresh().await).await;
    r3_runs_are_apart(&*fresh().await).await;
}

async fn r1_the_first_is_kept(store: &dyn ReplyStore) {
    let key = Digest::of(b"question");
    let first: Arc<[u8]> = b"yes".to_vec().into();
    let kept = store.keep("run", &key, Arc::clone(&first)).await;
    let kept = kept.expect("R1: keep");
    assert!(kept.first, "R1: nothing was there before");
    assert_eq!(kept.bytes, first, "R1: the value that is stored");
    let late = store.keep("run", &key, b"no".to_vec().into()).await;
    let late = late.expect("R1: keep again");
    assert!(!late.first, "R1: a value was there");
    assert_eq!(late.bytes, first, "R1: the loser gets the winner's value");
    let read = store.get("run", &key).await.expect("R2: get");
    assert_eq!(read, Some(first), "R2: a kept value never changes");
}

async fn r1_racers_see_one_value(store: Arc<dyn ReplyStore>) {
    let key = Digest::of(b"race");
    let mut racers = JoinSet::new();
    for racer in 0..50_u8 {
        let store = Arc::clone(&store);
        racers.spawn(async move {
            let own: Arc<[u8]> = vec![racer; 300].into();
            let kept = store.keep("run", &key, own).await.expect("R1: keep");
            let read = store.get("run", &key).await.expect("R2: get");
            assert_eq!(read.as_ref(), Some(&kept.bytes), "R2: read after keep");
            kept
        });
    }
    let kept = racers.join_all().await;
    let winners = kept.iter().filter(|kept| kept.first).count();
    assert_eq!(winners, 1, "R1: one of the racers was first");
    let same = kept.iter().all(|other| other.bytes == kept[0].bytes);
    assert!(same, "R1: all racers get one value");
}

async fn r2_absence_is_not_an_error(store: &dyn ReplyStore) {
    let absent = store.get("run", &Digest::of(b"never kept")).await;
    assert_eq!(absent.expect("R2: get"), None, "R2: nothing was kept");
}

async fn r2_what_comes_back_is_what_was_kept(store: &dyn ReplyStore) {
    for size in [0_usize, 1, 1000, 1 << 18] {
        let key = Digest::of(&size.to_le_bytes());
        let bytes: Arc<[u8]> = (0..size).map(|place| (place % 251) as u8).collect();
        let kept = store.keep("run", &key, Arc::clone(&bytes)).await;
        assert_eq!(kept.expect("R2: keep").bytes, bytes, "R2: {size} bytes");
        let read = store.get("run", &key).await.expect("R2: get");
        assert_eq!(read, Some(bytes), "R2: {size} bytes");
    }
}

async fn r3_runs_are_apart(store: &dyn ReplyStore) {
    let key = Digest::of(b"same question");
    let here = store.keep("run", &key, b"1".to_vec().into()).await;
    assert!(here.expect("R3: keep").first, "R3: first");
    // A store of one run may refuse another, but may not mix them.
    if let Ok(there) = store.get("other run", &key).await {
        assert_eq!(there, None, "R3: nothing was kept there");
        let there = store.keep("other run", &key, b"2".to_vec().into()).await;
        assert!(there.expect("R3: keep").first, "R3: first there");
    }
    let read = store.get("run", &key).await.expect("R3: get");
    assert_eq!(read.as_deref(), Some(&b"1"[..]), "R3: unchanged");
}
