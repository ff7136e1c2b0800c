//! Answers recomputed from what the look-ups print, and held by none of it.

use std::collections::BTreeMap;

use proto::record::{Actor, Answer, Goal, Value, Wish};
use proto::seed::Seed;
use serde_json::Value as Json;

use super::shop;
use crate::domains::retail::afford::question::{TOPICS, on};
use crate::domains::retail::afford::view::View;
use crate::domains::retail::state::World;
use crate::environment::Environment;

fn observed(world: &World, goal: &Goal) -> Vec<Json> {
    let mut world = world.clone();
    goal.reads
        .iter()
        .map(|read| {
            let seen = world.call(Actor::Assistant, &read.name, &read.arguments);
            assert!(!seen.error, "{read:?}: {}", seen.text);
            serde_json::from_str(&seen.text).unwrap()
        })
        .collect()
}

/// Whether a scalar of the record is the answer.
fn held(record: &Json, answer: Answer) -> bool {
    match record {
        Json::Array(items) => items.iter().any(|item| held(item, answer)),
        Json::Object(map) => map.values().any(|item| held(item, answer)),
        Json::Number(number) => same(number.as_f64().unwrap(), answer),
        Json::String(text) => text.parse().is_ok_and(|number| same(number, answer)),
        _ => false,
    }
}

fn same(number: f64, answer: Answer) -> bool {
    match answer {
        Answer::Money(cents) => (number * 100.0).round() as i64 == cents,
        Answer::Count(count) => number == f64::from(count),
    }
}

fn cents(json: &Json) -> i64 {
    (json.as_f64().unwrap() * 100.0).round() as i64
}

fn said(goal: &Goal, predicate: &str) -> Vec<String> {
    let all = goal.slots.iter().flat_map(|slot| &slot.says);
    let said = all.filter(|said| said.predicate == predicate);
    said.flat_map(|said| &said.arguments)
        .map(|argument| argument.as_str().unwrap().to_owned())
        .collect()
}

fn slot<'g>(goal: &'g Goal, name: &str) -> &'g Value {
    &goal
        .slots
        .iter()
        .find(|slot| slot.name == name)
        .unwrap()
        .value
}

/// The answer once more, from the printed records alone.
fn recomputed(goal: &Goal, topic: &str, records: &[Json]) -> Answer {
    let orders = || {
        records
            .iter()
            .filter(|record| record.get("items").is_some())
    };
    let product = || {
        records
            .iter()
            .find(|r| r.get("variants").is_some())
            .unwrap()
    };
    let named = || {
        let id = slot(goal, "order").as_str().unwrap();
        let order = orders().find(|order| order["order_id"] == id).unwrap();
        let ids = slot(goal, "items").as_list().unwrap();
        ids.iter()
            .map(|id| {
                let mut items = order["items"].as_array().unwrap().iter();
                let item = items.find(|item| item["item_id"] == id.as_str().unwrap());
                cents(&item.unwrap()["price"])
            })
            .collect::<Vec<i64>>()
    };
    let in_status = || {
        let status = said(goal, "status.is").remove(0);
        orders().filter(move |order| order["status"] == status)
    };
    match topic {
        "sum_items" => Answer::Money(named().iter().sum()),
        "difference_items" => Answer::Money((named()[0] - named()[1]).abs()),
        "count_orders" => Answer::Count(in_status().count() as u32),
        "sum_orders" => Answer::Money(
            in_status()
                .flat_map(|order| order["items"].as_array().unwrap())
                .map(|item| cents(&item["price"]))
                .sum(),
        ),
        "count_variants" => {
            let option = said(goal, "option.is");
            let variants = product()["variants"].as_object().unwrap().values();
            let fits = variants
                .filter(|v| v["available"] == true && v["options"][&option[0]] == option[1]);
            Answer::Count(fits.count() as u32)
        }
        _ => {
            let variants = product()["variants"].as_object().unwrap().values();
            let free = variants.filter(|v| v["available"] == true);
            let least = free.map(|v| cents(&v["price"])).min().unwrap();
            Answer::Money(named()[0] - least)
        }
    }
}

#[test]
fn answers_are_derived_and_right() {
    let world = shop::world(150, 13);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for topic in TOPICS {
        for (at, user) in world.base.users.iter().enumerate() {
            let view = View::new(&world, &user.user_id).unwrap();
            let mut rng = Seed::root(at as u64).child(topic, 0).rng();
            let Some(goal) = on(&view, topic, &mut rng) else {
                continue;
            };
            *counts.entry(topic).or_default() += 1;
            let Wish::Question(question) = &goal.wish else {
                panic!("{goal:?}")
            };
            let records = observed(&world, &goal);
            assert_eq!(
                question.answer,
                recomputed(&goal, topic, &records),
                "{goal:#?}"
            );
            assert_ne!(question.answer, Answer::Money(0));
            assert_ne!(question.answer, Answer::Count(0));
            for record in &records {
                assert!(!held(record, question.answer), "{goal:#?} {record}");
            }
        }
    }
    for topic in TOPICS {
        assert!(
            counts.get(topic).is_some_and(|&count| count > 10),
            "{counts:?}"
        );
    }
}
