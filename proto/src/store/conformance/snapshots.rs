//! The contract of [`SnapshotStore`] as a suite that any backend runs.

use std::sync::Arc;

use crate::digest::Digest;
use crate::store::SnapshotStore;

/// Runs every case on a store made by `fresh`; panics with the number of the clause that does not
/// hold. The store must hold a few megabytes.
pub async fn snapshots<F: AsyncFn() -> Box<dyn SnapshotStore>>(fresh: F) {
    s1_names_are_content(&*fresh().await).await;
    s2_absence_is_not_an_error(&*fresh().await).await;
    s3_what_comes_back_is_what_went_in(&*fresh().await).await;
}

async fn s1_names_are_content(store: &dyn SnapshotStore) {
    let bytes: Arc<[u8]> = b"a world".to_vec().into();
    let first = store.put(Arc::clone(&bytes)).await.expect("S1: put");
    let again = store.put(bytes).await.expect("S1: put again");
    assert_eq!(
        first,
        Digest::of(b"a world"),
        "S1: the name is the digest of the content"
    );
    assert_eq!(first, again, "S1: putting twice is putting once");
}

async fn s2_absence_is_not_an_error(store: &dyn SnapshotStore) {
    let absent = store
        .get(&Digest::of(b"never stored"))
        .await
        .expect("S2: get");
    assert_eq!(absent, None, "S2: nothing was stored under this digest");
}

async fn s3_what_comes_back_is_what_went_in(store: &dyn SnapshotStore) {
    for size in [0, 1, 1000, 1 << 20] {
        let bytes: Arc<[u8]> = (0..size).map(|place| (place % 251) as u8).collect();
        let digest = store.put(Arc::clone(&bytes)).await.expect("S3: put");
        let back = store.get(&digest).await.expect("S3: get");
        assert_eq!(back, Some(bytes), "S3: {size} bytes");
    }
}
