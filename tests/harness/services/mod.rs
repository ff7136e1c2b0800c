//! Private services for tests: a RabbitMQ node, a Redis server and a small language model of our own, on
//! free ports.
//!
//! A test asks for a [`rabbit::shared`] node, which the processes of a test run share (it takes seconds
//! to boot), and makes itself a virtual host on it; a test that kills its node starts one of its own
//! with [`rabbit::Node::start`]. Nothing is left behind: a `supervisor` ends the service and removes
//! its folder, also when the test panics or is killed.
//!
//! Where the programs are not installed such tests are skipped, unless `T2T_REQUIRE_SERVICES` is set.

pub mod certificates;
mod http;
pub mod many;
pub mod model;
pub mod rabbit;
pub mod redis;
pub(crate) mod supervisor;

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest wait for a service to answer.
const BOOT: Duration = Duration::from_secs(120);

/// Whether a program is there; otherwise the test is skipped, or fails where it must not be.
fn installed(program: &str, package: &str) -> bool {
    let missing = format!("there is no {program}; install `{package}`");
    required(Path::new(program).is_file(), &missing)
}

/// Whether what a test needs is there; otherwise it is skipped, or fails where it must not be.
fn required(there: bool, missing: &str) -> bool {
    assert!(
        there || std::env::var_os("T2T_REQUIRE_SERVICES").is_none(),
        "T2T_REQUIRE_SERVICES is set, but {missing}"
    );
    if !there {
        eprintln!("skipped: {missing}");
    }
    there
}

/// Ports that nobody listens on.
fn free_ports<const N: usize>() -> [u16; N] {
    // All of them are held until the last is found, so they differ.
    let held = [(); N].map(|()| {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the loopback has a free port")
    });
    held.map(|listener| listener.local_addr().expect("it is bound").port())
}

/// Waits until a service answers.
fn until(what: &str, log: &Path, mut answers: impl FnMut() -> bool) {
    let start = Instant::now();
    while !answers() {
        assert!(
            start.elapsed() < BOOT,
            "{what} does not answer; its log says:\n{}",
            std::fs::read_to_string(log).unwrap_or_default()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}
