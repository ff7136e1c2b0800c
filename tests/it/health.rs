//! The port of a process: it tells whether the process lives and serves, what it counts, and what else the
//! process shows; it is there when it should be and gone when it should be.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use harness::http::get;
use proto::job::Stage;
use serde_json::{Value, json};
use worker::process::health::{Health, Listen, ListenError, Pulse, Readiness, Server};
use worker::process::metrics::{Metrics, Part};

const LONG: Duration = Duration::from_secs(3600);

fn any_port() -> Listen {
    "127.0.0.1:0".parse().unwrap()
}

fn served(health: Health) -> Server {
    health.serve(&any_port()).unwrap().unwrap()
}

fn health(limit: Duration) -> (Health, Readiness) {
    let readiness = Readiness::new();
    let metrics = Metrics::new(Part::Worker);
    (
        Health::new(metrics, Pulse::new(limit), readiness.clone()),
        readiness,
    )
}

/// Status and body of a JSON page.
fn page(server: &Server, path: &str) -> (u16, Value) {
    let answer = get(server.address(), path).unwrap();
    assert_eq!(answer.kind, "application/json", "{answer:?}");
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

#[test]
fn a_process_serves_when_it_says_so() {
    let (health, readiness) = health(LONG);
    let server = served(health);
    let ready = || page(&server, "/readyz");
    assert_eq!(
        ready(),
        (503, json!({ "ready": false, "reason": "starting" }))
    );
    readiness.ready();
    assert_eq!(ready(), (200, json!({ "ready": true, "reason": null })));
    readiness.not_ready("draining");
    assert_eq!(
        ready(),
        (503, json!({ "ready": false, "reason": "draining" }))
    );
}

#[test]
fn a_process_lives_while_its_heart_beats_whatever_it_lacks() {
    let (alive, readiness) = health(LONG);
    readiness.not_ready("no broker");
    let (status, body) = page(&served(alive), "/healthz");
    assert_eq!((status, &body["alive"]), (200, &json!(true)));
    let (stuck, _) = health(Duration::ZERO);
    let (status, body) = page(&served(stuck), "/healthz");
    assert_eq!((status, &body["alive"]), (503, &json!(false)));
}

#[test]
fn a_runtime_that_is_stuck_is_found_out_and_one_that_moves_is_not() {
    let limit = Duration::from_millis(200);
    let pulse = Pulse::new(limit);
    let health = Health::new(Metrics::new(Part::Worker), pulse.clone(), Readiness::new());
    let server = served(health);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        tokio::spawn(pulse.keep());
        tokio::task::yield_now().await;
        // The only thread of the runtime asks until the answer comes, so nothing beats meanwhile.
        while page(&server, "/healthz").0 != 503 {}
        // Now it waits, and the heart goes on.
        let address = server.address();
        let lives = || tokio::task::spawn_blocking(move || get(address, "/healthz").unwrap());
        while lives().await.unwrap().status != 200 {}
    });
}

#[test]
fn a_scrape_gets_what_was_counted() {
    let metrics = Metrics::new(Part::Worker);
    let health = Health::new(metrics.clone(), Pulse::new(LONG), Readiness::new());
    let server = served(health);
    metrics.work.started.of((Stage::Verify,)).inc_by(3);
    let answer = get(server.address(), "/metrics").unwrap();
    assert_eq!(
        (answer.status, answer.kind.as_str()),
        (200, "text/plain; version=0.0.4; charset=utf-8")
    );
    let line = r#"t2t_jobs_started_total{stage="verify"} 3"#;
    assert!(
        answer.body.lines().any(|found| found == line),
        "{}",
        answer.body
    );
}

#[test]
fn a_process_adds_pages_which_are_made_when_asked_for() {
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let (health, _) = health(LONG);
    let health = health.with_page(
        "/progress",
        move || json!({ "asked": count.fetch_add(1, Ordering::Relaxed) + 1 }),
    );
    let server = served(health);
    assert_eq!(page(&server, "/progress"), (200, json!({ "asked": 1 })));
    assert_eq!(page(&server, "/progress"), (200, json!({ "asked": 2 })));
    assert_eq!(get(server.address(), "/nothing").unwrap().status, 404);
}

#[test]
fn a_port_is_held_by_one_and_free_when_that_one_stops() {
    let server = served(health(LONG).0);
    let address = server.address();
    let same: Listen = address.to_string().parse().unwrap();
    let refused = health(LONG).0.serve(&same).unwrap_err();
    assert!(matches!(refused, ListenError::Taken(_)), "{refused}");
    let said = refused.to_string();
    assert!(
        said.contains(&address.to_string()) && said.contains("--listen"),
        "{said}"
    );
    server.stop();
    assert!(get(address, "/healthz").is_err(), "it still answers");
    let next = health(LONG).0.serve(&same).unwrap().unwrap();
    assert_eq!(next.address(), address);
    assert!(health(LONG).0.serve(&Listen::Off).unwrap().is_none());
}
