//! The parser against turns phrased as language models would phrase them, labelled by hand.
//!
//! Turns marked `tuned` were looked at while the phrases were written; those marked `held` were
//! written afterwards, and nothing was changed for them. Those marked `model` were written by language
//! models, and nothing was changed for them either. All error rates are printed.

use std::collections::{BTreeMap, BTreeSet};

use proto::record::{Answer, Question, Value};

use super::facts::{read_agent, told};
use crate::domains::Mentions;
use crate::domains::retail::speech::testing::Talk;

const TURNS: &str = include_str!("../../../tests/fixtures/dialogue/agent_turns.jsonl");

const BY_MODELS: &str = include_str!("../../../tests/fixtures/dialogue/model_turns.jsonl");

/// Facts that a turn is checked for: name, as expected, as found.
fn facts(turn: &Value) -> Vec<(&'static str, String, String)> {
    let field = |key: &str| turn.as_map().and_then(|map| map.get(key));
    let text = field("text")
        .and_then(Value::as_str)
        .expect("a turn has a text");
    let found = read_agent(&Talk, text);
    let truth = |key: &str| matches!(field(key), Some(Value::Bool(true)));
    let mut out = vec![
        (
            "transfer",
            truth("transfer").to_string(),
            found.transfer.to_string(),
        ),
        (
            "report",
            truth("report").to_string(),
            found.report.to_string(),
        ),
        ("asks", set(field("asks")), names(&found.asks)),
        (
            "refusal",
            field("refusal").map_or("none".to_owned(), |reasons| set(Some(reasons))),
            found
                .refusal
                .as_ref()
                .map_or("none".to_owned(), |reasons| names(reasons)),
        ),
        (
            "proposal",
            field("proposal").map_or("none".to_owned(), |expected| {
                wanted(expected, found.proposal.as_ref())
            }),
            found.proposal.as_ref().map_or("none".to_owned(), spelled),
        ),
    ];
    for case in field("told").and_then(Value::as_list).unwrap_or(&[]) {
        let [topic, answer, expected] = case.as_list().expect("topic, answer, truth") else {
            panic!("three parts: {case}");
        };
        let answer = match answer {
            Value::Int(count) => Answer::Count(u32::try_from(*count).expect("a small count")),
            money => {
                let digits: String = money
                    .to_string()
                    .chars()
                    .filter(char::is_ascii_digit)
                    .collect();
                Answer::Money(digits.parse().expect("cents"))
            }
        };
        let topic = topic.as_str().expect("a topic").to_owned();
        let holds = told(&Talk, text, &Question { topic, answer });
        out.push(("told", expected.to_string(), holds.to_string()));
    }
    out
}

fn set(list: Option<&Value>) -> String {
    let items = list.and_then(Value::as_list).unwrap_or(&[]);
    let names: Vec<String> = items
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    self::names(&names)
}

fn names(names: &[String]) -> String {
    let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    names.into_iter().collect::<Vec<_>>().join(" ")
}

/// The proposal found, cut to the slots that the label speaks of, if it is otherwise as expected.
fn wanted(expected: &Value, found: Option<&Mentions>) -> String {
    let map = expected.as_map().expect("a proposal is an object");
    let fits = found.is_some_and(|found| {
        map.iter().all(|(slot, value)| match slot.as_str() {
            "tool" => found.tool.as_deref() == value.as_str(),
            slot => {
                let list = value.as_list().expect("values");
                found.of(slot).len() == list.len()
                    && list.iter().all(|v| found.of(slot).contains(v))
            }
        })
    });
    match found {
        Some(found) if fits => spelled(found),
        _ => expected.to_string(),
    }
}

fn spelled(mentions: &Mentions) -> String {
    format!("{mentions:?}")
}

#[test]
fn error_on_labelled_turns() {
    let mut table: BTreeMap<(String, &str), (usize, usize)> = BTreeMap::new();
    let mut turns: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for line in TURNS.lines().chain(BY_MODELS.lines()) {
        let turn = Value::parse(line).expect("each line is JSON");
        let group = turn
            .as_map()
            .and_then(|map| map.get("set"))
            .and_then(Value::as_str);
        let group = group.expect("a turn is of a set").to_owned();
        let mut wrong = false;
        for (fact, expected, found) in facts(&turn) {
            let (all, bad) = table.entry((group.clone(), fact)).or_default();
            *all += 1;
            if expected != found {
                *bad += 1;
                wrong = true;
                println!("{group} {fact}: expected {expected}, found {found}\n  {line}");
            }
        }
        let (all, bad) = turns.entry(group).or_default();
        *all += 1;
        *bad += usize::from(wrong);
    }
    for ((group, fact), (all, bad)) in &table {
        println!("{group:6} {fact:9} {bad:3} of {all:3} wrong");
    }
    for (group, (all, bad)) in &turns {
        println!("{group:6} turns     {bad:3} of {all:3} with an error");
        let most = if group == "tuned" { 5 } else { 20 };
        assert!(bad * 100 <= all * most, "{group}: more errors than stated");
    }
}

/// What an agent pastes that copies every observation into its message.
fn dump(bytes: usize) -> String {
    let line = r##"{"order_id": "#W1234567", "user_id": "mia_lopez_4321", "items": [{"name": "Desk Lamp", "item_id": "1234567890", "price": 120.5, "options": {"color": "black"}}], "status": "delivered", "payment_history": [{"transaction_type": "payment", "amount": 120.5, "payment_method_id": "paypal_1234567"}], "note": "cannot be cancelled. Which one? total 120.50"}"##;
    let lines = bytes / line.len() + 1;
    vec![line; lines].join("\n")
}

#[test]
fn pasted_data_does_nothing() {
    let topic = |topic: &str| Question {
        topic: topic.to_owned(),
        answer: Answer::Money(12_050),
    };
    let pretty = dump(4_000).replace(", ", ",\n    ");
    let flat = dump(100_000).replace('\n', " ");
    let bare: String = "4417 Desk Lamp black #W1234567 1234567890 paypal_1234567 ".repeat(2000);
    for text in [dump(100_000), flat, bare, pretty] {
        assert_eq!(
            read_agent(&Talk, &text),
            super::facts::AgentFacts::default()
        );
        assert!(!told(&Talk, &text, &topic("sum_items")));
        assert!(!told(&Talk, &text, &topic("saving")));
    }
}
