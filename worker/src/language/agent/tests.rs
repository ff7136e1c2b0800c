//! Whatever a scripted agent means, the parser finds: over every act, many seeds and goals.

use std::collections::BTreeSet;

use proto::record::{Answer, Value, Wish};
use proto::seed::Seed;

use super::*;
use crate::dialogue::facts::{AgentFacts, read_agent, told};
use crate::domains::Agreement;
use crate::domains::retail::speech::testing::{Held, Talk, call, world};

const SEEDS: usize = 4000;

fn goal(call: PlannedCall) -> Goal {
    Goal {
        wish: Wish::Write(call),
        slots: Vec::new(),
        reads: Vec::new(),
    }
}

#[test]
fn every_template_parses() {
    for (name, phrases) in every_table() {
        assert!(phrases.variants() >= 4, "{name}: {}", phrases.variants());
    }
    let wording = &Talk.lexicon().wording;
    for table in [
        &wording.wishes,
        &wording.asks,
        &wording.refusals,
        &wording.answers,
    ] {
        assert!(!table.is_empty());
    }
}

#[test]
fn simple_acts_are_read_as_meant() {
    let held = Held(world());
    let mut rng = Seed::root(1).rng();
    let nothing = AgentFacts::default();
    let acts = [
        (
            Act::AskIdentity,
            AgentFacts {
                asks: vec!["identity".into()],
                ..nothing.clone()
            },
        ),
        (
            Act::Transfer,
            AgentFacts {
                transfer: true,
                ..nothing.clone()
            },
        ),
        (Act::Acknowledge, nothing.clone()),
        (Act::AnythingElse, nothing.clone()),
        (Act::LookUp, nothing.clone()),
        (Act::Greet, nothing.clone()),
        (Act::Farewell, nothing.clone()),
    ];
    for (act, expected) in &acts {
        for _ in 0..SEEDS {
            let text = speak(&Talk, &held, act, &mut rng);
            assert_eq!(read_agent(&Talk, &text), *expected, "{act:?}: {text}");
        }
    }
}

#[test]
fn proposals_and_reports_are_read_as_meant() {
    let held = Held(world());
    let mut rng = Seed::root(2).rng();
    for _ in 0..SEEDS {
        let call = call(&held.0, &mut rng);
        let text = speak(&Talk, &held, &Act::Propose(&call), &mut rng);
        let facts = read_agent(&Talk, &text);
        let proposal = facts
            .proposal
            .as_ref()
            .unwrap_or_else(|| panic!("no proposal: {text}"));
        assert_eq!(
            Talk.agrees(proposal, &call),
            Agreement::Same,
            "{proposal:?}: {text}"
        );
        let rest = AgentFacts {
            proposal: facts.proposal.clone(),
            ..AgentFacts::default()
        };
        assert_eq!(facts, rest, "{text}");
        let text = speak(&Talk, &held, &Act::Report(&call), &mut rng);
        let done = AgentFacts {
            report: true,
            ..AgentFacts::default()
        };
        assert_eq!(read_agent(&Talk, &text), done, "{text}");
    }
}

#[test]
fn questions_for_slots_are_read_as_meant() {
    const SLOTS: [&str; 6] = [
        "order",
        "items",
        "new_items",
        "payment",
        "reason",
        "address",
    ];
    let held = Held(world());
    let mut rng = Seed::root(3).rng();
    for turn in 0..SEEDS * 2 {
        let call = call(&held.0, &mut rng);
        let first = SLOTS[turn % 6];
        let mut slots = vec![first];
        if rng.chance(0.3) {
            let second = SLOTS[rng.below(6)];
            if second != first {
                slots.push(second);
            }
        }
        let offers: Vec<(String, Vec<String>)> = slots
            .iter()
            .filter(|_| turn % 2 == 0)
            .map(|slot| ((*slot).to_owned(), candidates(&held.0, slot)))
            .collect();
        let goal = goal(call);
        let act = Act::Ask {
            goal: &goal,
            slots: &slots,
            offers: &offers,
        };
        let text = speak(&Talk, &held, &act, &mut rng);
        let facts = read_agent(&Talk, &text);
        let found: BTreeSet<&str> = facts.asks.iter().map(String::as_str).collect();
        assert_eq!(found, slots.iter().copied().collect(), "{text}");
        assert_eq!(
            facts,
            AgentFacts {
                asks: facts.asks.clone(),
                ..AgentFacts::default()
            },
            "{text}"
        );
    }
}

fn candidates(world: &crate::domains::retail::state::World, slot: &str) -> Vec<String> {
    let order = &world.base.orders[3];
    match slot {
        "order" => world
            .base
            .orders
            .iter()
            .map(|order| order.order_id.to_string())
            .collect(),
        "items" | "new_items" => order
            .items
            .iter()
            .map(|item| format!("the {} (item {})", item.name, item.item_id))
            .collect(),
        "payment" => vec![
            "your gift card (gift_card_4445556)".into(),
            "PayPal (paypal_7778889)".into(),
        ],
        "reason" => vec!["no longer needed".into(), "ordered by mistake".into()],
        _ => Vec::new(),
    }
}

#[test]
fn refusals_are_read_as_meant() {
    let held = Held(world());
    let mut rng = Seed::root(4).rng();
    for (reason, _) in &Talk.lexicon().reasons {
        for turn in 0..SEEDS {
            let call = call(&held.0, &mut rng);
            let act = Act::Refuse {
                reason,
                insist: turn % 2 == 0,
                subject: (turn % 3 > 0).then_some(&call),
            };
            let text = speak(&Talk, &held, &act, &mut rng);
            let expected = AgentFacts {
                refusal: Some(vec![(*reason).to_owned()]),
                ..AgentFacts::default()
            };
            assert_eq!(read_agent(&Talk, &text), expected, "{text}");
        }
    }
}

#[test]
fn answers_are_told_and_nothing_else_is() {
    let held = Held(world());
    let mut rng = Seed::root(5).rng();
    for (topic, _) in &Talk.lexicon().topics {
        for _ in 0..SEEDS {
            let right = if topic.starts_with("count") {
                Answer::Count(rng.between(0, 40) as u32)
            } else {
                Answer::Money(rng.between(1, 900_000))
            };
            let wrong = match right {
                Answer::Count(count) => Answer::Count(count + 1),
                Answer::Money(cents) => Answer::Money(cents + 1),
            };
            let ask = |answer| Question {
                topic: (*topic).to_owned(),
                answer,
            };
            let text = speak(&Talk, &held, &Act::Tell(&ask(right)), &mut rng);
            assert!(told(&Talk, &text, &ask(right)), "{topic} {right:?}: {text}");
            assert!(
                !told(&Talk, &text, &ask(wrong)),
                "{topic} {wrong:?}: {text}"
            );
            assert_eq!(read_agent(&Talk, &text), AgentFacts::default(), "{text}");
        }
    }
}

#[test]
fn speech_varies() {
    let held = Held(world());
    let mut rng = Seed::root(6).rng();
    let fixed = call(&held.0, &mut rng);
    let goal = goal(fixed.clone());
    let acts = [
        (Act::AskIdentity, 60),
        (Act::Propose(&fixed), 150),
        (Act::Report(&fixed), 60),
        (
            Act::Ask {
                goal: &goal,
                slots: &["order"],
                offers: &[],
            },
            150,
        ),
        (
            Act::Refuse {
                reason: "balance",
                insist: false,
                subject: Some(&fixed),
            },
            300,
        ),
    ];
    for (act, least) in &acts {
        let texts: BTreeSet<String> = (0..1000)
            .map(|_| speak(&Talk, &held, act, &mut rng))
            .collect();
        assert!(texts.len() >= *least, "{act:?}: {}", texts.len());
    }
    let _ = Value::Null;
}
