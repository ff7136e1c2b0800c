//! How often models were asked and how long they took is written down beside the dataset, request by request,
//! those that failed included; nothing of it reaches a row.

use coordinator::operations::{Line, each};
use harness::endpoint::Fault;
use proto::job::Stage;
use serde_json::Value as Json;

use crate::recording::Desk;

const AGENTS: &str = "agents = [\"model:small\"]\n";

#[test]
fn every_request_is_written_down_with_what_it_took() {
    let faults: Vec<Fault> = ["http-503-seconds:requests=0.1", "empty-reply:requests=0.2"]
        .map(|fault| fault.parse().unwrap())
        .to_vec();
    let desk = Desk::with(4, faults, AGENTS, "");
    desk.prints("run plan.toml --out out");
    let mut lines = Vec::new();
    let unread = each(&desk.at("out/operations.jsonl"), |line| {
        lines.push(line);
        Ok(())
    });
    assert_eq!(unread.unwrap(), 0);
    let sent = || lines.iter().flat_map(|line| &line.operation.requests);
    assert_eq!(sent().count() as u64, desk.endpoint.stats().requests);
    let failed = sent().filter(|sent| sent.came == "server_error").count();
    assert!(failed > 0, "nothing failed");
    let again = sent().filter(|sent| sent.attempt > 1).count();
    assert!(again > 0, "nothing was sent again");
    assert!(
        sent().any(|sent| sent.regeneration > 0),
        "nothing was regenerated"
    );
    for line in &lines {
        holds(line);
    }

    let told = desk.prints("inspect out --operations");
    for part in ["deliveries of", "p95 ms", "small", "agent", "writer"] {
        assert!(told.contains(part), "no `{part}` in\n{told}");
    }
    let rollout = lines
        .iter()
        .find(|line| line.operation.stage == Stage::Rollout)
        .unwrap();
    let what = &rollout.job;
    let of_job = desk.prints(&format!("inspect out {what} --operations"));
    let agent = format!("{what}: rollout of model:small, trial 0");
    assert!(
        of_job.contains(&agent) && of_job.contains("answered after"),
        "{of_job}"
    );
    let json = desk.prints(&format!("inspect out {what} --operations --json"));
    let json: Vec<Json> = serde_json::from_str(&json).unwrap();
    assert!(!json.is_empty() && json.iter().all(|line| line["job"] == *what));

    let rows = desk.prints("export out --format openai --out rows");
    assert!(!rows.contains("server_error"));
    assert_eq!(desk.prints("verify out").matches("operations").count(), 0);
}

/// What is so of every delivery in one process.
fn holds(Line { operation, .. }: &Line) {
    assert_eq!(
        (&*operation.worker, operation.redeliveries),
        ("embedded", 0)
    );
    assert!(operation.began > 0);
    let mut ends = operation
        .requests
        .iter()
        .map(|sent| sent.after + sent.millis);
    assert!(ends.all(|end| end <= operation.millis + 1), "{operation:?}");
}
