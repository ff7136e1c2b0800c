//! What models were asked is told as it was sent, and no key with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use harness::endpoint::Fault;
use serde_json::Value as Json;

use crate::recording::{Desk, KEY, command};

const AGENTS: &str = "agents = [\"model:small\", \"model:claude\", \"model:plain\"]\n";
const MODELS: &str = "[models.claude]\nURL\nmodel = \"c\"\nprotocol = \"anthropic\"\n\
                      [models.plain]\nURL\nmodel = \"p\"\nform = \"react\"\n";

/// How often each of these texts is there.
fn counted(texts: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for text in texts {
        *counts.entry(text).or_default() += 1;
    }
    counts
}

fn rows(desk: &Desk, what: &str) -> Vec<Json> {
    let told = desk.prints(&format!("inspect out {what} --requests --json"));
    serde_json::from_str(&told).unwrap()
}

/// Every file below a folder holds no key.
fn no_key_in(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            no_key_in(&path);
        } else {
            let bytes = fs::read(&path).unwrap();
            let mut windows = bytes.windows(KEY.len());
            let found = windows.any(|window| window == KEY.as_bytes());
            assert!(!found, "{} holds the key", path.display());
        }
    }
}

#[test]
fn every_request_is_told_as_the_endpoint_received_it() {
    // Some replies are empty, so that some requests are made again.
    let faults: Vec<Fault> = vec!["empty-reply:requests=0.1".parse().unwrap()];
    let desk = Desk::with(4, faults, AGENTS, MODELS);
    desk.prints("run plan.toml --out out");
    let rows_of_all = rows(&desk, "");
    let told = counted(rows_of_all.iter().map(|row| row["request"].to_string()));
    let received = desk.endpoint.log();
    assert_eq!(received.len() as u64, desk.endpoint.stats().requests);
    let received = counted(received.into_iter().map(|entry| entry.body));
    assert!(
        told == received,
        "{} told, {} received",
        told.len(),
        received.len()
    );

    let texts = |key: &str| counted(rows_of_all.iter().map(|row| row[key].to_string()));
    for (key, wanted) in [
        ("role", &["\"agent\"", "\"validity\"", "\"writer\""][..]),
        ("model", &["\"claude\"", "\"plain\"", "\"small\""]),
        ("stage", &["\"rollout\"", "\"synthesize\"", "\"verify\""]),
        ("protocol", &["\"anthropic\"", "\"openai\""]),
    ] {
        assert!(texts(key).keys().eq(wanted), "{key}: {:?}", texts(key));
    }
    // The endpoint takes no call without the thought that it signed.
    for signed in ["thought_signature", "\"signature\""] {
        let with = rows_of_all.iter().map(|row| row["request"].to_string());
        assert!(
            with.filter(|sent| sent.contains(signed)).count() > 1,
            "{signed}"
        );
    }
    assert!(
        texts("regeneration").contains_key("1"),
        "some were made again"
    );
    for row in &rows_of_all {
        assert_eq!(row["status"], 200);
        assert!(row["usage"]["input"].as_u64().unwrap() > 0, "{row}");
        assert!(row["reply"].is_object(), "{row}");
    }

    parts(&desk, &rows_of_all);

    let everything = desk.prints("inspect out --requests");
    assert!(!everything.contains(KEY));
    no_key_in(desk.folder.path());
    // Elsewhere, too.
    fs::rename(desk.at("out/replies"), desk.at("kept")).unwrap();
    let elsewhere = desk.prints("inspect out --requests --replay kept");
    assert!(elsewhere == everything);
}

/// One job, one episode, one slot.
fn parts(desk: &Desk, rows_of_all: &[Json]) {
    let rollout = rows_of_all
        .iter()
        .find(|row| row["model"] == "claude")
        .unwrap();
    let of_job = rows(desk, rollout["job"].as_str().unwrap());
    assert!(of_job.len() > 1 && of_job.iter().all(|row| row["job"] == rollout["job"]));
    let turns: Vec<u64> = of_job
        .iter()
        .map(|row| row["turn"].as_u64().unwrap())
        .collect();
    assert!(turns.is_sorted() && turns[0] == 0, "{turns:?}");
    let slot = format!("slot:{}", rollout["slot"]);
    let of_slot = rows(desk, &slot);
    assert!(of_slot.iter().all(|row| row["slot"] == rollout["slot"]));
    assert!(of_slot.len() > of_job.len());
    let shown: Json =
        serde_json::from_str(&desk.prints(&format!("inspect out {slot} --json"))).unwrap();
    let episode = shown["episodes"][0]["id"].as_str().unwrap();
    let text = desk.prints(&format!(
        "inspect out episode_{} --requests",
        &episode[..16]
    ));
    for part in [
        "rollout of slot ",
        "── agent model:",
        "turn 0, regeneration 0",
        &desk.endpoint.base_url(),
        "\"messages\"",
        "\"role\": \"user\"",
        "reply, status 200",
        "usage  input ",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}

#[test]
fn a_request_that_got_no_answer_is_told_too() {
    let faults: Vec<Fault> = vec!["http-422:conversations=0.3".parse().unwrap()];
    let desk = Desk::with(4, faults, AGENTS, MODELS);
    let run = command(desk.folder.path(), "run plan.toml --out out", Some(KEY));
    // Without those of its tasks that could not be checked, a run is whole or has slots left.
    assert!([Some(0), Some(5)].contains(&run.status.code()), "{run:?}");
    let rows = rows(&desk, "");
    let (unanswered, answered): (Vec<&Json>, Vec<&Json>) =
        rows.iter().partition(|row| row["reply"].is_null());
    assert!(unanswered.len() > 1 && answered.len() > unanswered.len());
    for row in &unanswered {
        assert!(row["request"]["messages"].is_array(), "{row}");
        assert!(row["usage"].is_null() && row["status"].is_null(), "{row}");
    }
    let told: BTreeSet<String> = rows.iter().map(|row| row["request"].to_string()).collect();
    let received = desk.endpoint.log().into_iter();
    let received: BTreeSet<String> = received.map(|entry| entry.body).collect();
    assert!(
        told == received,
        "{} told, {} received",
        told.len(),
        received.len()
    );
    let text = desk.prints("inspect out --requests");
    let none = text.matches("\nno reply is kept").count();
    assert_eq!(none, unanswered.len());
}

#[test]
fn what_a_turn_sends_begins_with_what_the_turn_before_sent() {
    let agents = "user = \"model:small\"\nuser_protocol = \"tau2\"\nagents = [\"model:small\", \"model:claude\", \"model:plain\"]\n";
    let desk = Desk::with(3, Vec::new(), agents, MODELS);
    desk.prints("run plan.toml --out out");
    let mut turns: BTreeMap<String, Vec<(u64, String)>> = BTreeMap::new();
    for row in rows(&desk, "") {
        // What is asked again within a turn adds a complaint that the next turn does not have.
        if row["regeneration"] == 0 && (row["role"] == "agent" || row["role"] == "user") {
            let conversation = format!("{} {} {}", row["job"], row["role"], row["model"]);
            let turn = row["turn"].as_u64().unwrap();
            let request = row["request"].to_string();
            turns.entry(conversation).or_default().push((turn, request));
        }
    }
    let mut compared = BTreeMap::<bool, usize>::new();
    for (conversation, mut requests) in turns {
        requests.sort();
        for pair in requests.windows(2) {
            let [(_, before), (_, after)] = pair else {
                unreachable!("windows of two")
            };
            let shared = before
                .bytes()
                .zip(after.bytes())
                .take_while(|(one, other)| one == other);
            // All but the brackets that close the messages and what holds them.
            let end = before.trim_end_matches(['}', ']']).len();
            let shared = shared.count();
            assert!(shared >= end, "{conversation}: {}", &before[shared..]);
            *compared.entry(conversation.contains("agent")).or_default() += 1;
        }
    }
    assert!(
        compared.values().all(|count| *count > 5) && compared.len() == 2,
        "{compared:?}"
    );
}
