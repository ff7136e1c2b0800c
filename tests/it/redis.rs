//! The seams over a real Redis: their contracts, and that a server which dies, forgets, rots or is
//! misused costs time and never gives a wrong value.

mod limits;
mod many;
mod restore;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use harness::services::redis::Server;
use proto::digest::Digest;
use proto::store::redis::{Endpoint, RedisSettings};
use proto::store::{Board, Leases, RedisStore, ReplyStore, SnapshotStore, StoreError, conformance};
use proto::topology::Shelf;
use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue, cmd};
use tokio::task::JoinSet;

const LONG: Duration = Duration::from_secs(600);
/// Longest wait for something that should happen.
const SOON: Duration = Duration::from_secs(20);

fn settings(server: &Server) -> RedisSettings {
    RedisSettings {
        reconnect_pause: Duration::from_millis(100),
        ..RedisSettings::at(server.url())
    }
}

async fn connect(server: &Server) -> RedisStore {
    RedisStore::connect(settings(server)).await.unwrap()
}

/// A connection beside the store's, to look and to break.
async fn raw(server: &Server) -> MultiplexedConnection {
    let client = redis::Client::open(server.url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

async fn ask<T: FromRedisValue>(server: &Server, command: &[&[u8]]) -> T {
    let mut redis = redis::Cmd::new();
    for part in command {
        redis.arg(*part);
    }
    redis.query_async(&mut raw(server).await).await.unwrap()
}

async fn keys(server: &Server, pattern: &str) -> Vec<String> {
    let mut keys: Vec<String> = ask(server, &[b"KEYS", pattern.as_bytes()]).await;
    keys.sort();
    keys
}

fn bytes(text: &str) -> Arc<[u8]> {
    text.as_bytes().into()
}

async fn eventually(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    let yes = async {
        while !ask().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(SOON, yes).await;
    assert!(waited.is_ok(), "{what}");
}

#[tokio::test]
async fn every_seam_keeps_its_contract() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let stores = AtomicU32::new(0);
    let fresh = async || {
        let number = stores.fetch_add(1, Ordering::Relaxed);
        let settings = RedisSettings {
            prefix: format!("case{number}"),
            ..settings(&server)
        };
        RedisStore::connect(settings).await.unwrap()
    };
    conformance::snapshots(async || Box::new(fresh().await) as _).await;
    conformance::replies(async || Arc::new(fresh().await) as _).await;
    conformance::leases(async || Arc::new(fresh().await) as _).await;
    conformance::board(async || Arc::new(fresh().await) as _).await;
    conformance::throttle(async || Arc::new(fresh().await) as _).await;
    conformance::budgets(async || Arc::new(fresh().await) as _).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn racers_of_several_processes_keep_one_reply() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let key = Digest::of(b"question");
    let mut racers = JoinSet::new();
    for process in 0..5_u8 {
        let store = connect(&server).await;
        for task in 0..10_u8 {
            let store = store.clone();
            racers.spawn(async move {
                let own: Arc<[u8]> = vec![process * 10 + task; 500].into();
                store.keep("run", &key, own).await.unwrap()
            });
        }
    }
    let kept = racers.join_all().await;
    assert_eq!(kept.iter().filter(|kept| kept.first).count(), 1);
    assert!(kept.iter().all(|other| other.bytes == kept[0].bytes));
}

#[tokio::test]
async fn a_killed_server_fails_at_once_and_is_found_again() {
    let Some(mut server) = Server::start(&[]) else {
        return;
    };
    let store = connect(&server).await;
    let world = store.put(bytes("a world")).await.unwrap();
    let lease = store.take("work", "one", LONG).await.unwrap().unwrap();
    server.kill();
    eventually("the break is noticed", async || store.ping().await.is_err()).await;
    let error = SnapshotStore::get(&store, &world).await.unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, StoreError::Unreachable(_)), "{said}");
    assert!(said.contains(server.url().trim_end_matches('/')), "{said}");

    server.restart();
    eventually("the server is found again", async || {
        store.ping().await.is_ok()
    })
    .await;
    assert_eq!(
        SnapshotStore::get(&store, &world).await.unwrap(),
        None,
        "absent, not wrong"
    );
    assert!(
        !store.renew(&lease, LONG).await.unwrap(),
        "the lease is lost"
    );
    assert_eq!(store.put(bytes("a world")).await.unwrap(), world);
    assert_eq!(
        SnapshotStore::get(&store, &world).await.unwrap(),
        Some(bytes("a world"))
    );
    assert_eq!(store.figures().reconnects, 1);
}

#[tokio::test]
async fn a_flush_is_absence() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let store = connect(&server).await;
    let world = store.put(bytes("a world")).await.unwrap();
    let key = Digest::of(b"question");
    store.keep("run", &key, bytes("first")).await.unwrap();
    store.post("runs", "run", b"10 %", LONG).await.unwrap();
    // Scripts go, too.
    ask::<()>(&server, &[b"FLUSHALL"]).await;
    ask::<()>(&server, &[b"SCRIPT", b"FLUSH"]).await;
    assert_eq!(SnapshotStore::get(&store, &world).await.unwrap(), None);
    assert_eq!(ReplyStore::get(&store, "run", &key).await.unwrap(), None);
    assert_eq!(store.list("runs").await.unwrap(), []);
    let kept = store.keep("run", &key, bytes("second")).await.unwrap();
    assert!(kept.first, "after a flush the next is the first");
}

/// One value of each kind that is verified, with its key.
async fn stored(store: &RedisStore, server: &Server) -> [String; 2] {
    let text = "a value worth compressing ".repeat(100);
    store.put(bytes(&text)).await.unwrap();
    store
        .keep("run", &Digest::of(b"q"), bytes(&text))
        .await
        .unwrap();
    let all = keys(server, "t2t:*").await;
    all.try_into().expect("two keys")
}

/// Whether the values that [`stored`] left are found.
async fn found(store: &RedisStore) -> [bool; 2] {
    let text = "a value worth compressing ".repeat(100);
    let world = SnapshotStore::get(store, &Digest::of(text.as_bytes()))
        .await
        .unwrap();
    let reply = ReplyStore::get(store, "run", &Digest::of(b"q"))
        .await
        .unwrap();
    // In the order of the keys: reply, snap.
    [reply, world].map(|bytes| {
        let right = |bytes: &Arc<[u8]>| **bytes == *text.as_bytes();
        assert!(bytes.iter().all(right), "found, but wrong");
        bytes.is_some()
    })
}

#[tokio::test]
async fn a_flipped_byte_is_absence_and_is_removed() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let store = connect(&server).await;
    for which in 0..2 {
        let all = stored(&store, &server).await;
        assert_eq!(found(&store).await, [true; 2]);
        let key = all[which].as_bytes();
        let whole: Vec<u8> = ask(&server, &[b"GET", key]).await;
        for at in (0..whole.len()).step_by(7).chain([whole.len() - 1]) {
            let mut flipped = whole.clone();
            flipped[at] ^= 0x04;
            ask::<()>(&server, &[b"SET", key, &flipped]).await;
            let mut wanted = [true; 2];
            wanted[which] = false;
            assert_eq!(found(&store).await, wanted, "{}: byte {at}", all[which]);
            let left: u64 = ask(&server, &[b"EXISTS", key]).await;
            assert_eq!(left, 0, "{}: byte {at}: removed", all[which]);
        }
    }
    let figures = store.figures();
    for shelf in [Shelf::Replies, Shelf::Snapshots] {
        let of = figures.of(shelf);
        assert!(
            of.corrupt > 10 && of.corrupt == of.misses,
            "{shelf:?}: {of:?}"
        );
    }
}

#[tokio::test]
async fn a_value_under_another_key_is_absence() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let store = connect(&server).await;
    let (one, other) = (Digest::of(b"1"), Digest::of(b"2"));
    store.keep("run", &one, bytes("of one")).await.unwrap();
    let from = Shelf::Replies.key("t2t", &["run", &one.to_string()]);
    let to = Shelf::Replies.key("t2t", &["run", &other.to_string()]);
    ask::<()>(&server, &[b"RENAME", from.as_bytes(), to.as_bytes()]).await;
    assert_eq!(ReplyStore::get(&store, "run", &other).await.unwrap(), None);
    assert_eq!(store.figures().of(Shelf::Replies).corrupt, 1);
}

#[tokio::test]
async fn another_type_under_a_key_is_absence_or_a_clear_error() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let store = connect(&server).await;
    let all = stored(&store, &server).await;
    for key in &all {
        ask::<()>(&server, &[b"DEL", key.as_bytes()]).await;
        ask::<()>(&server, &[b"RPUSH", key.as_bytes(), b"x"]).await;
    }
    assert_eq!(found(&store).await, [false; 2]);
    assert_eq!(
        stored(&store, &server).await,
        all,
        "and can be stored again"
    );
    assert_eq!(found(&store).await, [true; 2]);

    let reply = Shelf::Replies.key("t2t", &["run", &Digest::of(b"r").to_string()]);
    ask::<()>(&server, &[b"RPUSH", reply.as_bytes(), b"x"]).await;
    let kept = store.keep("run", &Digest::of(b"r"), bytes("mine")).await;
    assert!(kept.unwrap().first, "keep repairs by itself");

    let board = Shelf::Board.key("t2t", &["runs"]);
    ask::<()>(&server, &[b"SET", board.as_bytes(), b"x"]).await;
    let error = store.list("runs").await.unwrap_err().to_string();
    assert!(error.contains("WRONGTYPE"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn racers_over_an_unsound_reply_still_keep_one() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let store = connect(&server).await;
    let key = Digest::of(b"question");
    let name = Shelf::Replies.key("t2t", &["run", &key.to_string()]);
    ask::<()>(&server, &[b"SET", name.as_bytes(), b"rot"]).await;
    let mut racers = JoinSet::new();
    for racer in 0..50_u8 {
        let store = store.clone();
        racers.spawn(async move {
            // Some read before they keep, and so remove what is unsound.
            if racer % 3 == 0 {
                ReplyStore::get(&store, "run", &key).await.unwrap();
            }
            let own: Arc<[u8]> = vec![racer; 100].into();
            store.keep("run", &key, own).await.unwrap()
        });
    }
    let kept = racers.join_all().await;
    assert_eq!(kept.iter().filter(|kept| kept.first).count(), 1);
    assert!(kept.iter().all(|other| other.bytes == kept[0].bytes));
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_another_s_limit_is_not_ours() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let wide = connect(&server).await;
    let narrow = RedisStore::connect(RedisSettings {
        value_limit: 1000,
        ..settings(&server)
    });
    let narrow = narrow.await.unwrap();
    let text: Arc<[u8]> = vec![b'a'; 1001].into();
    let error = narrow.put(Arc::clone(&text)).await.unwrap_err().to_string();
    assert!(error.contains("1001") && error.contains("1000"), "{error}");
    let key = Digest::of(b"question");
    wide.keep("run", &key, Arc::clone(&text)).await.unwrap();
    let kept = narrow.keep("run", &key, bytes("short")).await.unwrap();
    assert_eq!((kept.first, kept.bytes), (false, text), "the winner's");
}

#[tokio::test]
async fn a_full_server_says_so_and_changes_nothing() {
    let arguments = ["--maxmemory", "4mb", "--maxmemory-policy", "noeviction"];
    let Some(server) = Server::start(&arguments) else {
        return;
    };
    let store = connect(&server).await;
    let mut noise = 1_u64;
    let mut random = || {
        noise ^= noise << 13;
        noise ^= noise >> 7;
        noise ^= noise << 17;
        noise as u8
    };
    let first = Digest::of(b"0");
    store.keep("run", &first, bytes("kept")).await.unwrap();
    for number in 1..100_u64 {
        let value: Arc<[u8]> = (0..200_000).map(|_| random()).collect();
        let key = Digest::of(&number.to_le_bytes());
        match store.keep("run", &key, value).await {
            Ok(_) => {}
            Err(StoreError::Full(said)) => {
                assert!(said.contains("maxmemory"), "{said}");
                let read = ReplyStore::get(&store, "run", &first).await.unwrap();
                assert_eq!(read, Some(bytes("kept")));
                return;
            }
            Err(other) => panic!("{other}"),
        }
    }
    panic!("20 MB went into 4 MB");
}

#[tokio::test]
async fn a_run_s_keys_are_removed_and_no_others() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let store = connect(&server).await;
    for run in ["a", "a*", "ab", "[ab]"] {
        for number in 0..1500_u32 {
            let key = Digest::of(&number.to_le_bytes());
            store.keep(run, &key, bytes(run)).await.unwrap();
        }
    }
    let mut kept: Vec<Digest> = (0..1500_u32)
        .map(|number| Digest::of(&number.to_le_bytes()))
        .collect();
    kept.sort();
    assert_eq!(store.reply_keys("a*").await.unwrap(), kept);
    assert_eq!(store.clean("a*").await.unwrap(), 1500);
    assert_eq!(store.reply_keys("a*").await.unwrap(), []);
    assert_eq!(store.clean("a*").await.unwrap(), 0);
    assert_eq!(store.clean("[ab]").await.unwrap(), 1500);
    assert_eq!(keys(&server, "t2t:*").await.len(), 2 * 1500);
    assert_eq!(store.clean("a").await.unwrap(), 1500);
    let left = keys(&server, "t2t:*").await;
    assert!(left.len() == 1500 && left.iter().all(|key| key.contains(":ab:")));
}

#[tokio::test]
async fn values_expire_and_no_key_is_for_ever() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let store = connect(&server).await;
    stored(&store, &server).await;
    let _lease = store.take("work", "one", LONG).await.unwrap().unwrap();
    store.post("runs", "run", b"10 %", LONG).await.unwrap();
    let all = keys(&server, "*").await;
    assert_eq!(all.len(), 4, "{all:?}");
    for key in all {
        let left: i64 = ask(&server, &[b"TTL", key.as_bytes()]).await;
        assert!(left > 0, "{key} never ends");
    }
}

#[tokio::test]
async fn a_password_is_asked_for_and_never_shown() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    ask::<()>(&server, &[b"CONFIG", b"SET", b"requirepass", b"hush-hush"]).await;
    let mut endpoint = Endpoint::at(server.url());
    let without = RedisStore::connect(settings(&server)).await.unwrap_err();
    assert!(without.to_string().contains("NOAUTH"), "{without}");
    endpoint.password = Some("wrong-word".to_owned());
    let wrong = RedisSettings {
        worlds: endpoint.clone(),
        ..settings(&server)
    };
    let said = RedisStore::connect(wrong).await.unwrap_err().to_string();
    assert!(!said.contains("wrong-word"), "{said}");
    endpoint.password = Some("hush-hush".to_owned());
    let right = RedisSettings {
        worlds: endpoint,
        ..settings(&server)
    };
    let store = RedisStore::connect(right).await.unwrap();
    store.put(bytes("a world")).await.unwrap();
    let shown = format!("{store:?}");
    assert!(!shown.contains("hush-hush"), "{shown}");
}

#[tokio::test]
async fn what_must_last_goes_to_its_own_server() {
    let (Some(worlds), Some(lasting)) = (Server::start(&[]), Server::start(&[])) else {
        return;
    };
    let settings = RedisSettings {
        lasting: Some(Endpoint::at(lasting.url())),
        ..settings(&worlds)
    };
    let store = RedisStore::connect(settings).await.unwrap();
    store.put(bytes("a world")).await.unwrap();
    store
        .keep("run", &Digest::of(b"q"), bytes("a reply"))
        .await
        .unwrap();
    let _lease = store.take("work", "one", LONG).await.unwrap().unwrap();
    assert_eq!(keys(&worlds, "*").await.len(), 1);
    assert_eq!(keys(&lasting, "*").await.len(), 2);
}

/// Commands that the server has carried out, by its own count, without those that ask for it.
async fn calls(connection: &mut MultiplexedConnection) -> u64 {
    let info: String = cmd("INFO")
        .arg("stats")
        .query_async(connection)
        .await
        .unwrap();
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("total_commands_processed:"));
    line.unwrap().trim().parse().unwrap()
}

#[tokio::test]
async fn a_call_is_one_round_trip() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let store = connect(&server).await;
    let mut beside = raw(&server).await;
    let world = store.put(bytes("a world")).await.unwrap();
    let key = Digest::of(b"question");
    let before = calls(&mut beside).await;
    SnapshotStore::get(&store, &world).await.unwrap().unwrap();
    store.keep("run", &key, bytes("mine")).await.unwrap();
    store.keep("run", &key, bytes("late")).await.unwrap();
    ReplyStore::get(&store, "run", &key).await.unwrap().unwrap();
    let after = calls(&mut beside).await;
    assert_eq!(after - before - 1, 4, "four calls, and the question itself");
}

/// Time that the threads of this process have had, from the kernel's account of each.
fn cpu() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let of = |task: std::fs::DirEntry| {
        let account = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        account.split(' ').next()?.parse::<u64>().ok()
    };
    Duration::from_nanos(tasks.flatten().filter_map(of).sum())
}

/// Prints time and CPU time of this process per call, one call at a time:
/// `cargo test --release -p tests --test it redis::speed -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "a measurement"]
async fn speed() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let store = connect(&server).await;
    let key = Digest::of(b"question");
    let text = "{\"role\": \"assistant\", \"content\": \"a reply\"} ";
    for size in [1 << 10, 20 << 10, 1 << 20] {
        let value: Arc<[u8]> = text.bytes().cycle().take(size).collect();
        let world = store.put(Arc::clone(&value)).await.unwrap();
        let run = size.to_string();
        store.keep(&run, &key, value).await.unwrap();
        let rounds = if size > 100_000 { 200 } else { 3000 };
        let (start, busy) = (std::time::Instant::now(), cpu());
        for _ in 0..rounds {
            SnapshotStore::get(&store, &world).await.unwrap().unwrap();
        }
        let (snapshot, of_snapshot) = (start.elapsed() / rounds, (cpu() - busy) / rounds);
        let (start, busy) = (std::time::Instant::now(), cpu());
        for _ in 0..rounds {
            ReplyStore::get(&store, &run, &key).await.unwrap().unwrap();
        }
        let (reply, of_reply) = (start.elapsed() / rounds, (cpu() - busy) / rounds);
        println!(
            "{size} bytes: snapshot {snapshot:?} (CPU {of_snapshot:?}), reply {reply:?} (CPU {of_reply:?})"
        );
    }
}
