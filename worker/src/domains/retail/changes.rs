//! Fields in which two worlds differ, for people to read.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::print;
use super::state::World;
use crate::domains::FieldChange;

/// Every differing field, by entity.
pub(super) fn changes(before: &World, after: &World) -> Vec<FieldChange> {
    let mut found = Vec::new();
    for place in touched(before.orders.keys(), after.orders.keys()) {
        let (one, other) = (before.order_at(place), after.order_at(place));
        let entity = format!("orders/{}", one.order_id);
        compare(
            &mut found,
            &entity,
            &json(|text| print::order(text, one)),
            &json(|text| print::order(text, other)),
        );
    }
    for place in touched(before.users.keys(), after.users.keys()) {
        let (one, other) = (before.user_at(place), after.user_at(place));
        let entity = format!("users/{}", one.user_id);
        compare(
            &mut found,
            &entity,
            &json(|text| print::user(text, one)),
            &json(|text| print::user(text, other)),
        );
    }
    for place in touched(before.products.keys(), after.products.keys()) {
        let (one, other) = (before.product_at(place), after.product_at(place));
        let entity = format!("products/{}", one.product_id);
        compare(
            &mut found,
            &entity,
            &json(|text| print::product(text, one)),
            &json(|text| print::product(text, other)),
        );
    }
    found
}

fn touched<'a>(
    before: impl Iterator<Item = &'a u32>,
    after: impl Iterator<Item = &'a u32>,
) -> BTreeSet<u32> {
    before.chain(after).copied().collect()
}

fn json(print: impl FnOnce(&mut String)) -> Json {
    let mut text = String::new();
    print(&mut text);
    serde_json::from_str(&text).expect("records print as JSON: their numbers are finite")
}

fn compare(found: &mut Vec<FieldChange>, entity: &str, before: &Json, after: &Json) {
    descend(found, entity, "", Some(before), Some(after));
}

/// Objects field by field, lists item by item as long as neither end is missing.
fn descend(
    found: &mut Vec<FieldChange>,
    entity: &str,
    path: &str,
    before: Option<&Json>,
    after: Option<&Json>,
) {
    let below = |key: &str| {
        if path.is_empty() {
            key.to_owned()
        } else {
            format!("{path}.{key}")
        }
    };
    match (before, after) {
        (one, other) if one == other => {}
        (Some(Json::Object(one)), Some(Json::Object(other))) => {
            let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for key in keys {
                descend(found, entity, &below(key), one.get(key), other.get(key));
            }
        }
        (Some(Json::Array(one)), Some(Json::Array(other))) => {
            for place in 0..one.len().max(other.len()) {
                descend(
                    found,
                    entity,
                    &below(&place.to_string()),
                    one.get(place),
                    other.get(place),
                );
            }
        }
        (one, other) => found.push(FieldChange {
            entity: entity.to_owned(),
            field: path.to_owned(),
            before: one.map(Json::to_string),
            after: other.map(Json::to_string),
        }),
    }
}
