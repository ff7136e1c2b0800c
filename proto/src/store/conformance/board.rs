//! B1 to B4 of [`Board`].

use std::sync::Arc;
use std::time::Duration;

use super::{LONG, SHORT, eventually};
use crate::store::{Board, Note};

/// Runs every case.
pub async fn board<F: AsyncFn() -> Arc<dyn Board>>(fresh: F) {
    b1_until_its_time_is_over(&*fresh().await).await;
    b2_the_last_counts(&*fresh().await).await;
    b3_by_section_in_order(&*fresh().await).await;
    b4_withdrawn_is_gone(&*fresh().await).await;
}

async fn post(store: &dyn Board, section: &str, name: &str, text: &str, ttl: Duration) {
    let posted = store.post(section, name, text.as_bytes(), ttl).await;
    posted.expect("B1: post");
}

async fn list(store: &dyn Board, section: &str) -> Vec<(String, String)> {
    let plain = |note: Note| {
        let text = String::from_utf8(note.bytes.to_vec());
        (note.name, text.expect("B1: the bytes that were posted"))
    };
    let notes = store.list(section).await.expect("B1: list");
    notes.into_iter().map(plain).collect()
}

fn note(name: &str, text: &str) -> (String, String) {
    (name.to_owned(), text.to_owned())
}

async fn b1_until_its_time_is_over(store: &dyn Board) {
    assert_eq!(list(store, "workers").await, [], "B1: nothing was posted");
    post(store, "workers", "stays", "up", LONG).await;
    post(store, "workers", "goes", "up", SHORT).await;
    eventually("B1: a note goes when its time is over", async || {
        list(store, "workers").await == [note("stays", "up")]
    })
    .await;
    let gone = store.read("workers", "goes").await.expect("B1: read");
    assert_eq!(gone, None, "B1: gone from both");
    let there = store.read("workers", "stays").await.expect("B1: read");
    assert_eq!(there.as_deref(), Some(&b"up"[..]), "B1: the other stays");
}

async fn b2_the_last_counts(store: &dyn Board) {
    post(store, "runs", "one", "10 %", SHORT).await;
    post(store, "runs", "one", "20 %", LONG).await;
    post(store, "runs", "two", "0 %", SHORT).await;
    eventually("B1: the other goes", async || {
        list(store, "runs").await.len() == 1
    })
    .await;
    let listed = list(store, "runs").await;
    assert_eq!(
        listed,
        [note("one", "20 %")],
        "B2: bytes and time are the last"
    );
    post(store, "runs", "one", "", SHORT).await;
    eventually("B2: a shorter time counts, too", async || {
        list(store, "runs").await.is_empty()
    })
    .await;
}

async fn b3_by_section_in_order(store: &dyn Board) {
    for name in ["b", "c:d", "a*", "ä"] {
        post(store, "one", name, name, LONG).await;
    }
    post(store, "two", "b", "other", LONG).await;
    let ordered = ["a*", "b", "c:d", "ä"].map(|name| note(name, name));
    assert_eq!(list(store, "one").await, ordered, "B3: in order");
    assert_eq!(list(store, "two").await, [note("b", "other")], "B3: apart");
}

async fn b4_withdrawn_is_gone(store: &dyn Board) {
    post(store, "one", "a", "up", LONG).await;
    post(store, "one", "b", "up", LONG).await;
    for _ in 0..2 {
        store.withdraw("one", "a").await.expect("B4: withdraw");
    }
    assert_eq!(list(store, "one").await, [note("b", "up")], "B4: withdrawn");
    let gone = store.read("one", "a").await.expect("B4: read");
    assert_eq!(gone, None, "B4: withdrawn");
}
