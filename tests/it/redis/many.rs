//! Redis as several servers: a cluster, and a master that sentinels watch over.

use std::sync::Arc;
use std::time::Duration;

use harness::services::many::{Cluster, Watched};
use proto::digest::Digest;
use proto::store::conformance;
use proto::store::redis::RedisSettings;
use proto::store::{Board as _, Leases as _, RedisStore, ReplyStore, SnapshotStore};
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(1000);
const SOON: Duration = Duration::from_secs(60);

fn settings(url: &str, prefix: usize) -> RedisSettings {
    RedisSettings {
        prefix: format!("t2t-{prefix}"),
        reconnect_pause: Duration::from_millis(100),
        ..RedisSettings::at(url)
    }
}

fn bytes(text: &str) -> Arc<[u8]> {
    text.as_bytes().into()
}

#[tokio::test]
async fn the_contracts_hold_over_a_cluster() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let prefix = std::sync::atomic::AtomicUsize::new(0);
    let store = async || {
        let number = prefix.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        RedisStore::connect(settings(&cluster.url(), number))
            .await
            .unwrap()
    };
    conformance::snapshots(async || Box::new(store().await) as _).await;
    conformance::replies(async || Arc::new(store().await) as _).await;
    conformance::leases(async || Arc::new(store().await) as _).await;
    conformance::board(async || Arc::new(store().await) as _).await;
    conformance::throttle(async || Arc::new(store().await) as _).await;
    conformance::budgets(async || Arc::new(store().await) as _).await;
}

#[tokio::test]
async fn a_run_is_cleaned_from_every_server_of_a_cluster() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let store = RedisStore::connect(settings(&cluster.url(), 0))
        .await
        .unwrap();
    for number in 0..300_u32 {
        let key = Digest::of(&number.to_le_bytes());
        store.keep("run", &key, bytes("mine")).await.unwrap();
        store.keep("other", &key, bytes("theirs")).await.unwrap();
    }
    let before = cluster.keys();
    assert!(before.iter().all(|keys| *keys > 50), "{before:?}");
    let listed = store.reply_keys("run").await.unwrap();
    assert_eq!(listed.len(), 300, "from every server, each once");
    assert_eq!(store.clean("run").await.unwrap(), 300);
    assert_eq!(cluster.keys().iter().sum::<usize>(), 300);
    assert_eq!(store.clean("run").await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_master_is_found_by_the_sentinels() {
    let Some(mut servers) = Watched::start() else {
        return;
    };
    let store = RedisStore::connect(settings(&servers.url(), 0))
        .await
        .unwrap();
    let digest = store.put(bytes("a world")).await.unwrap();
    let found = SnapshotStore::get(&store, &digest).await.unwrap();
    assert_eq!(found, Some(bytes("a world")));
    let lease = store.take("work", "one", LONG).await.unwrap();
    assert!(lease.is_some());
    tokio::task::block_in_place(|| servers.fail_over());
    // Fails while there is no connection, and at once.
    let written = async {
        while store.post("runs", "run", b"10 %", LONG).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, written).await.expect("a new master in time");
    let read = store.read("runs", "run").await.unwrap();
    assert_eq!(read.as_deref(), Some(&b"10 %"[..]));
    assert!(store.figures().reconnects >= 1, "{:?}", store.figures());
    assert!(store.connected());
}

#[tokio::test]
async fn a_master_that_no_sentinel_knows_is_named() {
    let Some(servers) = Watched::start() else {
        return;
    };
    let url = servers.url().replace("/main", "/elsewhere");
    let error = RedisStore::connect(settings(&url, 0)).await.unwrap_err();
    let said = error.to_string();
    assert!(said.contains("elsewhere"), "{said}");
}
