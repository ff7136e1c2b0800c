//! Broker and cache over TLS: whom they are trusted by, and where the credentials come from.
//!
//! Skipped where a service or openssl is not installed, unless `T2T_REQUIRE_SERVICES` is set.

use std::fs;

use harness::fleet::{Fleet, Programs};
use harness::services::certificates::Certificates;
use harness::services::rabbit::Node;
use harness::services::redis::Server;
use proto::digest::Digest;
use proto::queue::{AmqpQueue, AmqpSettings, Lane, Message, Queue, QueueError};
use proto::store::redis::{Endpoint, RedisSettings};
use proto::store::{RedisStore, SnapshotStore, StoreError};

fn broker(url: &str, authority: &Certificates) -> AmqpSettings {
    AmqpSettings {
        user: Some("guest".to_owned()),
        password: Some("guest".to_owned()),
        ca_file: Some(authority.authority()),
        ..AmqpSettings::new(url)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_is_trusted_by_its_authority_alone() {
    let (Some(ours), Some(theirs)) = (Certificates::make(), Certificates::make()) else {
        return;
    };
    let Some((node, port)) = Node::start_with_tls(&ours) else {
        return;
    };
    let vhost = node.vhost();
    let url = vhost.tls_url(port);
    let queue = AmqpQueue::connect(&broker(&url, &ours)).await.unwrap();
    let message = Message::new(Digest::of(b"a"), *b"a");
    queue.publish(Lane::Explore, message).await.unwrap();
    assert_eq!(queue.ready(Lane::Explore).await.unwrap(), 1);
    let nobody = AmqpSettings {
        ca_file: None,
        ..broker(&url, &ours)
    };
    for settings in [broker(&url, &theirs), nobody] {
        let error = AmqpQueue::connect(&settings).await.unwrap_err();
        assert!(matches!(error, QueueError::Refused(_)), "{error:?}");
        let said = error.to_string();
        for part in ["127.0.0.1", "certificate", "--ca-file"] {
            assert!(said.contains(part), "no `{part}` in: {said}");
        }
    }
    // Whoever speaks TLS to a port without it is not left waiting.
    let plain = vhost.url().replace("amqp://guest:guest@", "amqps://");
    let error = AmqpQueue::connect(&broker(&plain, &ours))
        .await
        .unwrap_err();
    assert!(matches!(error, QueueError::Unreachable(_)), "{error:?}");
}

fn cache(url: &str, authority: Option<&Certificates>) -> RedisSettings {
    let roots = authority.map(|authority| fs::read(authority.authority()).unwrap());
    RedisSettings {
        worlds: Endpoint {
            roots,
            ..Endpoint::at(url)
        },
        ..RedisSettings::at(url)
    }
}

#[tokio::test]
async fn a_cache_is_trusted_by_its_authority_alone() {
    let (Some(ours), Some(theirs)) = (Certificates::make(), Certificates::make()) else {
        return;
    };
    let Some((_server, url)) = Server::start_with_tls(&ours) else {
        return;
    };
    let store = RedisStore::connect(cache(&url, Some(&ours))).await.unwrap();
    let digest = store.put(b"a world".to_vec().into()).await.unwrap();
    let found = SnapshotStore::get(&store, &digest).await.unwrap();
    assert_eq!(found.as_deref(), Some(&b"a world"[..]));
    for authority in [Some(&theirs), None] {
        let error = RedisStore::connect(cache(&url, authority))
            .await
            .unwrap_err();
        assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
        let said = error.to_string();
        for part in ["127.0.0.1", "certificate", "--ca-file"] {
            assert!(said.contains(part), "no `{part}` in: {said}");
        }
    }
}

const PROGRAMS: Programs = Programs {
    t2t: env!("CARGO_BIN_EXE_t2t-under-test"),
    worker: env!("CARGO_BIN_EXE_t2t-worker-under-test"),
};

#[test]
fn a_worker_takes_its_passwords_from_files() {
    let Some(certificates) = Certificates::make() else {
        return;
    };
    let Some((node, port)) = Node::start_with_tls(&certificates) else {
        return;
    };
    let Some((server, cache)) = Server::start_with_tls(&certificates) else {
        return;
    };
    server.set("requirepass", "hush-hush");
    let vhost = node.vhost();
    let mut fleet = Fleet::new(PROGRAMS, vhost.tls_url(port), cache);
    for (name, password) in [("broker", "guest\n"), ("cache", "hush-hush")] {
        fs::write(fleet.at(name), password).unwrap();
    }
    fleet.set("T2T_BROKER_USER", "guest");
    fleet.set("T2T_BROKER_PASSWORD_FILE", "broker");
    fleet.set("T2T_CACHE_PASSWORD_FILE", "cache");
    let line = format!("--ca-file {}", certificates.authority().display());
    let mut worker = fleet.ready_worker(&line);
    let printed = worker.printed();
    assert!(!printed.contains("hush-hush"), "{printed}");
    worker.signal("TERM");
    assert_eq!(worker.ends(), 0, "{}", worker.printed());
    fleet.set("T2T_CACHE_PASSWORD_FILE", "broker");
    let mut refused = fleet.worker(&line);
    assert_eq!(refused.ends(), 2);
    let printed = refused.printed();
    assert!(
        printed.contains("Password authentication failed") && !printed.contains("hush"),
        "{printed}"
    );
    fleet.set("T2T_CACHE_PASSWORD_FILE", "nowhere");
    let mut lost = fleet.worker(&line);
    assert_eq!(lost.ends(), 2);
    let printed = lost.printed();
    assert!(printed.contains("a password from nowhere"), "{printed}");
}
