//! The retail tools against what τ²-bench's own code answered.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value as Json, json};
use worker::domains::retail::{load, replay};

/// Where τ²-bench's data are, if they are anywhere.
fn data() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/tau2");
    let place = std::env::var_os("T2T_TAU2_DATA").map_or_else(beside, PathBuf::from);
    if place.join("golden/golden_retail.jsonl").is_file() && place.join("retail/db.json").is_file()
    {
        return Some(place);
    }
    eprintln!(
        "skipped: {} holds no golden/golden_retail.jsonl with retail/db.json; set T2T_TAU2_DATA to τ²-bench's data",
        place.display()
    );
    assert!(
        std::env::var_os("T2T_REQUIRE_TAU2").is_none(),
        "T2T_REQUIRE_TAU2 is set and the data are not there"
    );
    None
}

/// What differs between an answer and what was recorded. Texts of Python's own errors are free.
fn mistakes(task: &Json, answer: &Json) -> Vec<String> {
    let id = &task["task_id"];
    let mut found = Vec::new();
    for (index, action) in task["actions"]
        .as_array()
        .expect("`actions` is a list")
        .iter()
        .enumerate()
    {
        let result = &answer["results"][index];
        let free = action["exc"]
            .as_str()
            .is_some_and(|kind| kind != "ValueError");
        if result["error"] != action["error"] || (!free && result["result"] != action["result"]) {
            found.push(format!(
                "task {id}, call {index}: {result} instead of {}",
                action["result"]
            ));
        }
    }
    for field in ["db_diff", "db_hash"] {
        if answer[field] != task[field] {
            found.push(format!(
                "task {id}: {field} is {} instead of {}",
                answer[field], task[field]
            ));
        }
    }
    found
}

#[test]
fn every_golden_call_answers_as_recorded() {
    let Some(data) = data() else { return };
    let base = Arc::new(
        load::text_of_world(&std::fs::read_to_string(data.join("retail/db.json")).unwrap())
            .unwrap(),
    );
    let golden = std::fs::read_to_string(data.join("golden/golden_retail.jsonl")).unwrap();
    let tasks: Vec<Json> = golden
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(!tasks.is_empty());
    let lines = tasks
        .iter()
        .map(|task| json!({"seq": task["task_id"], "steps": task["actions"]}).to_string() + "\n");
    let mut output = Vec::new();
    replay::replay(base, lines.collect::<String>().as_bytes(), &mut output).unwrap();
    let answers = String::from_utf8(output).unwrap();
    let mut wrong = Vec::new();
    let mut calls = 0;
    for (task, answer) in tasks.iter().zip(answers.lines()) {
        calls += task["actions"].as_array().unwrap().len();
        wrong.extend(mistakes(task, &serde_json::from_str(answer).unwrap()));
    }
    assert_eq!(answers.lines().count(), tasks.len());
    assert!(
        wrong.is_empty(),
        "{} of {calls} calls or states differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_benchmark_world_has_the_benchmark_hash() {
    let Some(data) = data() else { return };
    let base = Arc::new(
        load::text_of_world(&std::fs::read_to_string(data.join("retail/db.json")).unwrap())
            .unwrap(),
    );
    let mut output = Vec::new();
    replay::replay(base, &b"{\"seq\":0,\"steps\":[]}\n"[..], &mut output).unwrap();
    let answer: Json = serde_json::from_slice(&output).unwrap();
    assert_eq!(
        answer["db_hash"],
        "b25c9cb211f5efcaee5dd646054a73c4a9f43f4f5acc32c10713cd9f9ac20e9c"
    );
}
