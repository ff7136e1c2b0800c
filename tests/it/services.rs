//! The services of the harness leave nothing behind.

use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use harness::services::{rabbit, redis};

/// Waits until nobody listens any more: what is killed closes its ports a moment later.
fn closes(port: u16) -> bool {
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_ok() {
        if start.elapsed() > Duration::from_secs(30) {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}

#[test]
fn a_redis_server_ends_with_a_panicking_test() {
    let Some(mut server) = redis::Server::start(&["--maxmemory", "10mb"]) else {
        return;
    };
    let (port, folder) = (server.port(), server.folder().to_owned());
    server.kill();
    assert!(!redis::Server::answers(port));
    server.restart();
    assert!(redis::Server::answers(port));
    let panicked = catch_unwind(AssertUnwindSafe(move || {
        let _held = server;
        panic!("a test that fails");
    }));
    assert!(panicked.is_err());
    assert!(closes(port), "the server is gone");
    assert!(!folder.exists(), "and its folder");
}

#[test]
fn a_node_ends_with_its_port_mapper_and_its_folder() {
    let Some(node) = rabbit::Node::start() else {
        return;
    };
    let (ports, folder) = (node.ports(), node.folder().to_owned());
    let vhost = node.vhost();
    node.stop_app();
    node.start_app();
    let (status, _) = vhost.manage("GET", "vhosts", "", "");
    assert_eq!(status, 200);
    drop((vhost, node));
    assert_eq!(ports.map(closes), [true; 4]);
    assert!(!folder.exists());
}
