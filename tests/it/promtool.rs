//! What a scrape gets, in the eyes of Prometheus' own linter.
//!
//! Skipped where there is no promtool, unless `T2T_REQUIRE_PROMTOOL` is set.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use worker::process::metrics::label::{Code, Tokens};
use worker::process::metrics::{Metrics, Part};

/// Has promtool check an exposition; nothing where there is no promtool.
fn check(text: &str) -> Option<Output> {
    let started = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut promtool) = started else {
        assert!(
            std::env::var_os("T2T_REQUIRE_PROMTOOL").is_none(),
            "T2T_REQUIRE_PROMTOOL is set, but no promtool is on the path; install `prometheus`"
        );
        eprintln!("skipped: no promtool on the path");
        return None;
    };
    let mut stdin = promtool.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    Some(promtool.wait_with_output().unwrap())
}

/// Everything a process can expose, with a model so that its series are there.
fn everything() -> String {
    let metrics = Metrics::new(Part::Embedded);
    let work = &metrics.work;
    work.model_requests.of("m", (Code::Ok,)).inc();
    work.model_duration.of("m", ()).observe(1.5);
    work.model_tokens.of("m", (Tokens::Input,)).inc_by(10);
    metrics.text()
}

#[test]
fn promtool_finds_nothing_to_object_to() {
    let Some(output) = check(&everything()) else {
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[test]
fn promtool_finds_what_is_planted() {
    let planted = everything() + "# TYPE t2t_job_latency_ms counter\nt2t_job_latency_ms 1\n";
    let Some(output) = check(&planted) else {
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("t2t_job_latency_ms"), "{said}");
}
