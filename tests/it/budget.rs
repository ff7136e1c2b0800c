//! Budgets: a run never costs more than it may, stops softly when nothing more can be paid for, and goes on
//! from there when it may cost more. Prices here are for input alone, whose tokens the endpoint counts too.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use harness::endpoint::{Brain, Endpoint, Settings};
use serde_json::Value;

use crate::pipeline::program;

/// Dollars for a million tokens of input.
const PRICE: f64 = 10.0;
/// Exit code of a run that its budget stopped.
const SPENT: i32 = 7;

fn endpoint() -> Endpoint {
    Endpoint::start(Settings {
        brain: Brain::HeldOut,
        ..Settings::default()
    })
    .expect("an endpoint starts")
}

/// What an endpoint's answers have cost, in dollars.
fn paid(endpoint: &Endpoint) -> f64 {
    endpoint.stats().input_tokens as f64 * PRICE / 1e6
}

/// Writes a plan with this budget, or without.
fn plan(folder: &Path, endpoint: &Endpoint, budget: Option<f64>) {
    let budget = budget.map_or(String::new(), |dollars| {
        format!("budget_dollars = \"{dollars:.6}\"\n")
    });
    let plan = format!(
        "domain = \"retail\"\ntasks = 24\nseed = 5\ntrials = 1\nagents = [\"model:small\"]\n{budget}\
         [models.small]\nurl = \"{}\"\nmodel = \"m\"\nprice_input = {PRICE}\nprice_output = 0\nmax_tokens = 512\n",
        endpoint.base_url()
    );
    fs::write(folder.join("plan.toml"), plan).expect("the plan is written");
}

fn run(folder: &Path, out: &str) -> Output {
    let mut command = program();
    command.current_dir(folder);
    command.args(["run", "plan.toml", "--out", out]);
    command.output().expect("t2t starts")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn manifest(out: &Path) -> Value {
    let text = fs::read_to_string(out.join("dataset/manifest.json")).expect("there is a manifest");
    serde_json::from_str(&text).expect("a manifest is JSON")
}

#[test]
fn a_run_stops_within_its_budget_and_goes_on_with_a_higher_one() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, calm) = (dir.path(), endpoint());
    plan(folder, &calm, None);
    let output = run(folder, "calm");
    assert!(output.status.success(), "{}", said(&output));
    let whole = paid(&calm);

    let short = endpoint();
    let budget = whole / 2.0;
    plan(folder, &short, Some(budget));
    let output = run(folder, "out");
    assert_eq!(output.status.code(), Some(SPENT), "{}", said(&output));
    assert!(
        said(&output).contains("budget_dollars"),
        "{}",
        said(&output)
    );
    let out = folder.join("out");
    let (spent, part) = (paid(&short), manifest(&out));
    assert!(spent <= budget, "{spent} of {budget}");
    assert!(spent >= budget / 2.0, "{spent} of {budget}");
    assert_eq!(part["complete"], false);
    let rows = part["rows"].as_u64().unwrap();
    assert!(rows > 0 && rows < manifest(&folder.join("calm"))["rows"].as_u64().unwrap());
    assert!(!out.join("seal.json").exists());

    // Nothing is left, so nothing is asked.
    let asked = short.stats().requests;
    assert_eq!(run(folder, "out").status.code(), Some(SPENT));
    assert_eq!(short.stats().requests, asked);

    plan(folder, &short, Some(whole * 2.0));
    let output = run(folder, "out");
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(short.stats().asked_again, 0, "no token is paid twice");
    let bytes = |out: &str| fs::read(folder.join(out).join("dataset/manifest.json")).unwrap();
    assert_eq!(bytes("out"), bytes("calm"));
}

#[test]
fn a_budget_holds_though_a_server_charges_for_more_than_a_request_shows() {
    const THOUGHTS: u64 = 4_000;
    const DOLLARS: f64 = 0.5;
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let deep = Endpoint::start(Settings {
        brain: Brain::HeldOut,
        latency: Duration::from_millis(20),
        unseen: THOUGHTS,
        ..Settings::default()
    });
    let deep = deep.expect("an endpoint starts");
    let plan = format!(
        "domain = \"retail\"\ntasks = 24\nseed = 5\ntrials = 1\nagents = [\"model:deep\"]\nbudget_dollars = {DOLLARS}\n\
         [models.deep]\nurl = \"{}\"\nmodel = \"m\"\nprice_input = 0\nprice_output = {PRICE}\nmax_tokens = 100\n",
        deep.base_url()
    );
    fs::write(folder.join("plan.toml"), plan).expect("the plan is written");
    let output = run(folder, "out");
    assert_eq!(output.status.code(), Some(SPENT), "{}", said(&output));
    let stats = deep.stats();
    let spent = stats.output_tokens as f64 * PRICE / 1e6;
    assert!(
        stats.output_tokens >= stats.answered * THOUGHTS,
        "{stats:?}"
    );
    assert!(spent <= DOLLARS, "{spent} of {DOLLARS}");
    assert!(spent >= DOLLARS / 2.0, "{spent} of {DOLLARS}");
    // Another process knows what the model charges, too.
    assert_eq!(run(folder, "out").status.code(), Some(SPENT));
    assert_eq!(deep.stats().requests, stats.requests);
}

#[test]
fn what_was_paid_for_candidates_that_fill_no_slot_is_in_the_report() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    let blunt = Endpoint::start(Settings {
        brain: Brain::Fixed("Looks fine to me.".to_owned()),
        ..Settings::default()
    });
    let blunt = blunt.expect("an endpoint starts");
    let plan = format!(
        "domain = \"retail\"\ntasks = 2\nmax_candidates = 3\nseed = 5\nvalidity = \"model:blunt\"\nvotes = 1\n\
         [models.blunt]\nurl = \"{}\"\nmodel = \"m\"\nprice_input = {PRICE}\nprice_output = 0\n",
        blunt.base_url()
    );
    fs::write(folder.join("plan.toml"), plan).expect("the plan is written");
    let output = run(folder, "out");
    assert!(said(&output).contains("2 exhausted"), "{}", said(&output));
    assert!(blunt.stats().requests >= 6, "{:?}", blunt.stats());
    let report = fs::read_to_string(folder.join("out/report.md")).expect("there is a report");
    let row = |begins: &str| {
        let row = report.lines().find(|line| line.starts_with(begins));
        row.unwrap_or_else(|| panic!("no {begins} in {report}"))
    };
    row("| validity, in no task | blunt |");
    let all = row("| all |").split('$').nth(1).expect("dollars");
    let all: f64 = all.trim_matches([' ', '|']).parse().expect("a number");
    assert!(
        (all - paid(&blunt)).abs() < 1e-9,
        "{all} of {}",
        paid(&blunt)
    );
}
