//! C1 to C4 of [`Checkpoints`].

use std::sync::Arc;

use crate::digest::Digest;
use crate::ids::JobId;
use crate::store::{Checkpoint, Checkpoints};

/// Runs every case; the store must hold a few megabytes.
pub async fn checkpoints<F: AsyncFn() -> Arc<dyn Checkpoints>>(fresh: F) {
    c1_the_last_is_loaded(&*fresh().await).await;
    c1_jobs_and_runs_are_apart(&*fresh().await).await;
    c2_never_back(&*fresh().await).await;
    c3_removed_is_gone(&*fresh().await).await;
}

fn job(name: &str) -> JobId {
    JobId(Digest::of(name.as_bytes()))
}

fn at(turn: u32, text: &str) -> Checkpoint {
    Checkpoint {
        turn,
        bytes: text.as_bytes().into(),
    }
}

async fn save(store: &dyn Checkpoints, run: &str, name: &str, checkpoint: Checkpoint) -> bool {
    let saved = store.save(run, &job(name), checkpoint).await;
    saved.expect("C1: save")
}

async fn load(store: &dyn Checkpoints, run: &str, name: &str) -> Option<Checkpoint> {
    store.load(run, &job(name)).await.expect("C1: load")
}

async fn c1_the_last_is_loaded(store: &dyn Checkpoints) {
    assert_eq!(load(store, "run", "a").await, None, "C1: nothing was saved");
    let long = "turns ".repeat(50_000);
    for (turn, text) in [(0, ""), (1, "one"), (2, long.as_str()), (u32::MAX, "last")] {
        assert!(save(store, "run", "a", at(turn, text)).await, "C1: {turn}");
        let loaded = load(store, "run", "a").await;
        assert_eq!(loaded, Some(at(turn, text)), "C1: turn {turn}");
    }
}

async fn c1_jobs_and_runs_are_apart(store: &dyn Checkpoints) {
    save(store, "run", "a", at(3, "of a")).await;
    save(store, "run", "b", at(1, "of b")).await;
    save(store, "other", "a", at(2, "elsewhere")).await;
    let loaded = [
        load(store, "run", "a").await,
        load(store, "run", "b").await,
        load(store, "other", "a").await,
    ];
    let saved = [at(3, "of a"), at(1, "of b"), at(2, "elsewhere")];
    assert_eq!(loaded, saved.map(Some), "C1: each has its own");
}

async fn c2_never_back(store: &dyn Checkpoints) {
    assert!(save(store, "run", "a", at(10, "ten")).await, "C2: first");
    assert!(!save(store, "run", "a", at(9, "nine")).await, "C2: earlier");
    let loaded = load(store, "run", "a").await;
    assert_eq!(loaded, Some(at(10, "ten")), "C2: nothing has changed");
    assert!(
        save(store, "run", "a", at(10, "ten again")).await,
        "C2: same"
    );
    let loaded = load(store, "run", "a").await;
    assert_eq!(
        loaded,
        Some(at(10, "ten again")),
        "C2: the same turn replaces"
    );
}

async fn c3_removed_is_gone(store: &dyn Checkpoints) {
    save(store, "run", "a", at(5, "five")).await;
    for _ in 0..2 {
        let removed = store.remove("run", &job("a")).await;
        removed.expect("C3: remove, and again");
    }
    assert_eq!(load(store, "run", "a").await, None, "C3: removed");
    assert!(
        save(store, "run", "a", at(1, "anew")).await,
        "C3: from anew"
    );
}
