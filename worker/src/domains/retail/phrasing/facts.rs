//! How what descriptors say is found again in a text.

use std::collections::HashSet;

use proto::record::{Actor, Descriptor, Value};

use super::parts::{argument, bare};
use super::{requests, stories};
use crate::domains::Domain;
use crate::environment::Environment;
use crate::language::phrasing::{Fact, Part};

fn one(part: Part) -> Fact {
    Fact { parts: vec![part] }
}

fn told(text: String) -> Part {
    Part::telling([text])
}

fn hint(words: &[&str]) -> Part {
    Part::faint(words.iter().map(|&word| word.to_owned()))
}

/// A value of an axis; one that means nothing alone comes with its axis.
fn option(axis: String, value: String) -> Vec<Part> {
    if bare(&value) && !value.chars().all(|c| c.is_ascii_digit()) {
        vec![Part::faint([axis]), Part::faint([value])]
    } else if bare(&value) {
        vec![Part::faint([value])]
    } else {
        vec![told(value)]
    }
}

/// How a descriptor is recognised; nothing for those that stand in for what is kept back.
pub(super) fn fact(said: &Descriptor) -> Option<Fact> {
    let at = |place| argument(said, place);
    Some(match said.predicate.as_str() {
        "items.count" | "new.any" => return None,
        "order.latest" => one(hint(&[
            "latest",
            "most recent",
            "last",
            "newest",
            "most recently",
        ])),
        "items.all" => one(hint(&[
            "everything",
            "all of",
            "all the things",
            "every item",
            "whole",
            "entire",
        ])),
        "items.product_with" => {
            let mut parts = vec![told(at(0))];
            parts.extend(option(at(1), at(2)));
            Fact { parts }
        }
        "new.option" => Fact {
            parts: option(at(1), at(2)),
        },
        "option.is" => Fact {
            parts: option(at(0), at(1)),
        },
        "new.cheapest" => cheapest(),
        "new.dearest" => one(Part::telling(
            ["most expensive", "costs the most", "priciest"].map(String::from),
        )),
        "payment.source" => one(source(&at(0))),
        "payment.last_four" => Fact {
            parts: vec![
                told(at(0)),
                Part::faint(["credit card".to_owned(), "credit one".to_owned()]),
            ],
        },
        "payment.original" => one(Part::telling(
            [
                "original payment method",
                "originally used",
                "same payment method",
                "original form of payment",
                "original way I paid",
            ]
            .map(String::from),
        )),
        "reason.is" => one(reason(&at(0))),
        "address.full" => full(said),
        "address.default" => one(hint(&["default address", "my profile", "my account"])),
        "request.is" => one(Part::faint(requests::words(&at(0)))),
        "status.is" => one(Part::faint([at(0)])),
        _ => Fact {
            parts: (0..said.arguments.len())
                .map(at)
                .filter(|text| !text.is_empty())
                .map(told)
                .collect(),
        },
    })
}

pub(super) fn cheapest() -> Fact {
    one(Part::telling(
        ["cheapest", "least expensive"].map(String::from),
    ))
}

/// A way to pay in every spelling that agents understand, the writer's first.
fn source(source: &str) -> Part {
    let spellings: &[&str] = match source {
        "paypal" => &["paypal", "pay pal"],
        "gift_card" => &["gift card", "giftcard", "gift-card"],
        other => return told(other.replace('_', " ")),
    };
    Part::telling(spellings.iter().map(|&word| word.to_owned()))
}

fn reason(text: &str) -> Part {
    match text {
        "no longer needed" => Part::telling(stories::UNNEEDED.map(String::from)),
        "ordered by mistake" => Part::telling(stories::MISTAKE.map(String::from)),
        other => told(other.to_owned()),
    }
}

/// Street, further line, city, state, country, zip.
fn full(said: &Descriptor) -> Fact {
    let at = |place| argument(said, place);
    let mut parts: Vec<Part> = [0, 1, 2, 5]
        .map(at)
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(told)
        .collect();
    parts.extend([Part::faint([at(3)]), Part::faint([at(4)])]);
    Fact { parts }
}

/// What a diligent look through the person's reach would show: the world's entities.
pub(super) fn reach(domain: &dyn Domain, world: &dyn Environment, person: &str) -> Vec<Fact> {
    let kinds = ["paypal", "gift_card", "credit_card"];
    let mut facts: Vec<Fact> = kinds.map(|kind| one(source(kind))).into();
    // A reach holds some hundred values, most of them many times.
    let mut known: HashSet<String> = kinds.map(|kind| kind.replace('_', " ")).into();
    let mut seen = |text: &str| {
        if !text.is_empty() && !known.contains(text) {
            known.insert(text.to_owned());
            facts.push(one(told(text.to_owned())));
        }
    };
    for result in results(domain, world, person, |_| true) {
        let text = |map: &Value, key: &str| {
            field(map, key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        if let Some(address) = field(&result, "address") {
            seen(&text(address, "city"));
            seen(&text(address, "address1"));
        }
        seen(&text(&result, "order_id"));
        for item in field(&result, "items")
            .and_then(Value::as_list)
            .unwrap_or_default()
        {
            seen(&text(item, "name"));
        }
        if field(&result, "product_id").is_some() {
            seen(&text(&result, "name"));
        }
        let variants = field(&result, "variants")
            .and_then(Value::as_map)
            .into_iter()
            .flatten();
        for (_, variant) in variants {
            let options = field(variant, "options")
                .and_then(Value::as_map)
                .into_iter()
                .flatten();
            for value in options
                .filter_map(|(_, value)| value.as_str())
                .filter(|value| !bare(value))
            {
                seen(value);
            }
        }
        let methods = field(&result, "payment_methods")
            .and_then(Value::as_map)
            .into_iter()
            .flatten();
        for (id, method) in methods {
            seen(id);
            seen(&text(method, "last_four"));
        }
    }
    facts
}

/// Names, email and zip of the person's profile.
pub(super) fn identity(domain: &dyn Domain, world: &dyn Environment, person: &str) -> Vec<Fact> {
    let mut facts = Vec::new();
    // Of all that the reach shows, the profile alone has an email; the rest need not be parsed.
    for result in results(domain, world, person, |shown| shown.contains("\"email\"")) {
        let Some(name) = field(&result, "name").filter(|name| name.as_map().is_some()) else {
            continue;
        };
        let zip = field(&result, "address").and_then(|address| field(address, "zip"));
        let texts = [
            field(name, "first_name"),
            field(name, "last_name"),
            zip,
            field(&result, "email"),
        ];
        facts.extend(
            texts
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(|text| one(told(text.to_owned()))),
        );
    }
    facts
}

fn field<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    value.as_map().and_then(|map| map.get(key))
}

/// What the reads of a person's reach show, as far as it is JSON and `wanted`.
fn results(
    domain: &dyn Domain,
    world: &dyn Environment,
    person: &str,
    wanted: impl Fn(&str) -> bool,
) -> Vec<Value> {
    let mut world = world.fork();
    let calls = domain.reach(&*world, person);
    let shown = calls
        .iter()
        .map(|call| world.call(Actor::Assistant, &call.name, &call.arguments));
    shown
        .filter(|shown| wanted(&shown.text))
        .filter_map(|shown| Value::parse(&shown.text).ok())
        .collect()
}
