//! Noun phrases: the order, the items, what they become, the payment, the address.

use proto::record::{Descriptor, Goal, Slot, Value, Visibility};
use proto::seed::Rng;

use crate::language::surface::{list, lowered, plural, say};

/// Which descriptors are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// What is said unasked.
    Opening,
    /// All that is known.
    Known,
}

/// Descriptors that stand in for something kept back, and say nothing beside it.
const STAND_INS: [&str; 2] = ["items.count", "new.any"];

/// The descriptors of a slot that are spoken.
pub(super) fn spoken(slot: &Slot, view: View) -> Vec<&Descriptor> {
    let seen = |said: &&Descriptor| match view {
        View::Opening => said.visibility == Visibility::Opening,
        View::Known => said.visibility != Visibility::Never,
    };
    let all: Vec<&Descriptor> = slot.says.iter().filter(seen).collect();
    let telling = |said: &&&Descriptor| !STAND_INS.contains(&said.predicate.as_str());
    if view == View::Known && all.iter().any(|said| telling(&said)) {
        return all.into_iter().filter(|said| telling(&said)).collect();
    }
    all
}

/// The spoken descriptors of a goal's slot; none if it has no such slot.
pub(super) fn of<'g>(goal: &'g Goal, slot: &str, view: View) -> Vec<&'g Descriptor> {
    slot_of(goal, slot).map_or_else(Vec::new, |slot| spoken(slot, view))
}

/// A slot of a goal.
pub(super) fn slot_of<'g>(goal: &'g Goal, name: &str) -> Option<&'g Slot> {
    goal.slots.iter().find(|slot| slot.name == name)
}

/// The text at a place of a descriptor's arguments; numbers are written out.
pub(super) fn argument(said: &Descriptor, at: usize) -> String {
    match said.arguments.get(at) {
        Some(Value::Str(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

/// The tool a goal is about; empty for questions and wishes no tool serves.
pub(super) fn tool(goal: &Goal) -> &str {
    goal.wish.call().map_or("", |call| call.name.as_str())
}

/// The order, as "order #W1", "my latest order", "the order that went to Denver".
pub(super) fn order(goal: &Goal, view: View, rng: &mut Rng) -> String {
    order_from(&of(goal, "order", view), rng)
}

/// What is said of an order beside which it is: its products and its city.
fn order_details(said: &[&Descriptor], rng: &mut Rng) -> Vec<String> {
    let mut with = Vec::new();
    for d in said {
        let name = lowered(&argument(d, 0));
        match d.predicate.as_str() {
            "order.has_product" => with.push(say(
                rng,
                &[
                    "with the $p[ in it]",
                    "containing the $p",
                    "that has the $p in it",
                    "with the $p",
                ],
                &[("p", &name)],
            )),
            "order.city" => with.push(say(
                rng,
                &[
                    "{addressed|shipping} to $c",
                    "with the $c address",
                    "that has a $c address on it",
                    "for my $c address",
                    "to $c",
                ],
                &[("c", &argument(d, 0))],
            )),
            _ => {}
        }
    }
    with
}

fn order_from(said: &[&Descriptor], rng: &mut Rng) -> String {
    let find = |name: &str| said.iter().find(|d| d.predicate == name);
    let with = order_details(said, rng);
    let head = if let Some(id) = find("order.id") {
        let id = argument(id, 0);
        say(
            rng,
            &[
                "order $id",
                "my order $id",
                "order number $id",
                "the order $id",
                "order $id",
            ],
            &[("id", &id)],
        )
    } else if find("order.latest").is_some() {
        say(
            rng,
            &[
                "my {latest|most recent|last|newest} order",
                "the {latest|last|most recent} order I placed",
                "the order I placed most recently",
            ],
            &[],
        )
    } else if with.is_empty() {
        say(
            rng,
            &[
                "one of my orders",
                "an order of mine",
                "an order I placed",
                "one of the orders on my account",
                "an order",
            ],
            &[],
        )
    } else if let [only] = said
        && only.predicate == "order.has_product"
    {
        let name = lowered(&argument(only, 0));
        return say(
            rng,
            &[
                "my $p order",
                "the order with the $p[ in it]",
                "the order that {has|includes} the $p",
                "my order with the $p",
                "the order I placed for the $p",
                "the order containing the $p",
            ],
            &[("p", &name)],
        );
    } else {
        say(rng, &["the order", "my order", "the order I have"], &[])
    };
    if with.is_empty() {
        head
    } else {
        format!("{head} {}", with.join(" and "))
    }
}

/// One wanted item: its product and what is said of its options.
pub(super) struct Item {
    /// Name of the product.
    pub name: String,
    /// Axis and value, as many as are said.
    pub options: Vec<(String, String)>,
}

/// The items said one by one. Descriptors come one per item; where there are more than items, those
/// that follow each other with one name are one item's.
pub(super) fn items_said(goal: &Goal, view: View) -> Vec<Item> {
    let Some(slot) = slot_of(goal, "items") else {
        return Vec::new();
    };
    let named =
        |d: &&Descriptor| matches!(d.predicate.as_str(), "items.product" | "items.product_with");
    let all = slot.says.iter().filter(named).count();
    let aligned = slot.value.as_list().is_none_or(|list| list.len() >= all);
    let mut items: Vec<Item> = Vec::new();
    for said in spoken(slot, view).into_iter().filter(named) {
        let name = argument(said, 0);
        let option = (said.predicate == "items.product_with")
            .then(|| (argument(said, 1), argument(said, 2)));
        match items.last_mut() {
            Some(last) if !aligned && last.name == name => last.options.extend(option),
            _ => items.push(Item {
                name,
                options: option.into_iter().collect(),
            }),
        }
    }
    items
}

/// Values that mean nothing without their axis.
pub(super) fn bare(value: &str) -> bool {
    matches!(value.to_lowercase().as_str(), "yes" | "no" | "none")
        || value.chars().all(|c| c.is_ascii_digit())
}

/// Whether value and axis share a word ("glass lids" of "lids"), so that the value says the axis.
fn overlaps(axis: &str, value: &str) -> bool {
    let stem = |word: &str| word.trim_end_matches('s').to_lowercase();
    axis.split(' ')
        .any(|a| value.split(' ').any(|v| stem(a) == stem(v)))
}

/// Whether a value can stand before the thing: "the bamboo one".
fn adjectival(axis: &str, value: &str) -> bool {
    let kinds = [
        "color",
        "finish",
        "material",
        "fabric",
        "upholstery",
        "covering",
        "style",
        "shape",
        "theme",
        "pattern",
    ];
    !bare(value)
        && kinds.iter().any(|kind| axis.contains(kind))
        && value.split(' ').count() <= 2
        && !value.ends_with('s')
        && value
            .chars()
            .all(|c| c.is_ascii_lowercase() || c == ' ' || c == '-')
}

/// An option after the thing: "in black", "in size M", "with 2 speeds", "with the 1080p resolution".
pub(super) fn with_option(axis: &str, value: &str, rng: &mut Rng) -> String {
    let slots = [("a", axis), ("v", value)];
    let tables: &[&str] = if bare(value) {
        &["with $a: $v", "where $a is $v", "($a: $v)"]
    } else if axis == "size" && overlaps(axis, value) {
        &["in $v"]
    } else if axis == "size" {
        &[
            "in size $v",
            "in size $v",
            "in {the|a} $v size",
            "with the size $v",
        ]
    } else if axis.ends_with('s') || (overlaps(axis, value) && value.ends_with('s')) {
        &["with $v"]
    } else if overlaps(axis, value) {
        &["with {the|a} $v"]
    } else if axis == "color" || axis == "finish" {
        &["in $v", "in $v", "in the color $v", "in the $v color"]
    } else {
        &[
            "with the $v $a",
            "with $v as the $a",
            "with $v for the $a",
            "whose $a is $v",
        ]
    };
    say(rng, tables, &slots)
}

/// The thing with its options: "the black desk lamp", "the desk lamp in black".
pub(super) fn item(item: &Item, rng: &mut Rng) -> String {
    let name = lowered(&item.name);
    let mut front = Vec::new();
    let mut after = Vec::new();
    for (axis, value) in &item.options {
        if adjectival(axis, value) && front.is_empty() && rng.chance(0.6) {
            front.push(value.clone());
        } else {
            after.push(with_option(axis, value, rng));
        }
    }
    let front = front.join(" ");
    let after = list(&after);
    say(
        rng,
        &["the $f $n $a"],
        &[("f", &front), ("n", &name), ("a", &after)],
    )
}

/// Every item in one phrase; a second one of a kind is "the other".
pub(super) fn items(said: &[Item], rng: &mut Rng) -> Vec<String> {
    let mut phrases: Vec<String> = Vec::new();
    for (at, one) in said.iter().enumerate() {
        let seen = said[..at]
            .iter()
            .any(|e| e.name == one.name && e.options == one.options);
        phrases.push(if seen {
            format!("the other {}", lowered(&one.name))
        } else {
            item(one, rng)
        });
    }
    phrases
}

/// Ways to say the cheapest version.
const CHEAPEST: [&str; 4] = [
    "the cheapest {version|one} {you have|you sell|available|in stock|of it there is}",
    "whichever version is {cheapest|the cheapest}",
    "the {cheapest|least expensive} {option|version|one}",
    "the least expensive {version|one} {available|you carry}",
];

/// Ways to say the dearest version.
const DEAREST: [&str; 3] = [
    "the most expensive {version|one} {you have|available|you sell|in stock}",
    "whichever version costs the most",
    "the {priciest|most expensive} {option|version|one}",
];

/// The cheapest or the dearest version, where that is said.
fn extreme(said: &[&Descriptor], rng: &mut Rng) -> Option<String> {
    let tables: &[&str] = said.iter().find_map(|d| match d.predicate.as_str() {
        "new.cheapest" => Some(&CHEAPEST[..]),
        "new.dearest" => Some(&DEAREST[..]),
        _ => None,
    })?;
    Some(say(rng, tables, &[]))
}

/// What an item is to become: "the same thing in black", "the cheapest version".
pub(super) fn target(said: &[&Descriptor], rng: &mut Rng) -> String {
    if let Some(extreme) = extreme(said, rng) {
        return extreme;
    }
    let options: Vec<(String, String)> = said
        .iter()
        .filter(|d| d.predicate == "new.option")
        .map(|d| (argument(d, 1), argument(d, 2)))
        .collect();
    if options.is_empty() {
        return say(
            rng,
            &[
                "a different version",
                "another version",
                "a different {option|variant|kind}",
                "something a bit different of the same kind",
            ],
            &[],
        );
    }
    if let [(axis, value)] = options.as_slice()
        && adjectival(axis, value)
        && rng.chance(0.35)
    {
        return say(
            rng,
            &[
                "the $v {version|one|option}",
                "a $v {one|version}",
                "the $v {version|one}[ of the same thing]",
            ],
            &[("v", value)],
        );
    }
    let with: Vec<String> = options
        .iter()
        .map(|(a, v)| with_option(a, v, rng))
        .collect();
    say(
        rng,
        &[
            "the same {thing|one|model|product} $w",
            "one $w",
            "{a|the} version $w",
            "one $w, everything else the same",
            "the same {thing|model}, only $w",
            "the one $w",
        ],
        &[("w", &list(&with))],
    )
}

/// Descriptors of `new_items` by index.
pub(super) fn targets(goal: &Goal, view: View) -> Vec<(usize, Vec<&Descriptor>)> {
    let mut by: Vec<(usize, Vec<&Descriptor>)> = Vec::new();
    for said in of(goal, "new_items", view) {
        let index = match said.arguments.first() {
            Some(Value::Int(index)) => usize::try_from(*index).unwrap_or(0),
            _ => 0,
        };
        match by.iter_mut().find(|(at, _)| *at == index) {
            Some((_, all)) => all.push(said),
            None => by.push((index, vec![said])),
        }
    }
    by.sort_by_key(|(index, _)| *index);
    by
}

/// The way to pay; nothing when it is not said.
pub(super) fn payment(goal: &Goal, view: View, rng: &mut Rng) -> Option<String> {
    let said = of(goal, "payment", view);
    let four = said.iter().find(|d| d.predicate == "payment.last_four");
    if let Some(four) = four {
        let digits = argument(four, 0);
        return Some(say(
            rng,
            &[
                "{my|the} credit card ending in $d",
                "the credit card that ends in $d",
                "my credit card ending with $d",
                "the credit card with $d at the end",
                "my card, the credit one ending in $d",
            ],
            &[("d", &digits)],
        ));
    }
    let first = said.first()?;
    let source = argument(first, 0);
    let tables: &[&str] = match (first.predicate.as_str(), source.as_str()) {
        ("payment.original", _) => &[
            "the original payment method",
            "the payment method I originally used",
            "the same payment method I paid with",
            "the original {form of payment|way I paid}",
        ],
        (_, "paypal") => &[
            "my PayPal",
            "PayPal",
            "my PayPal account",
            "the PayPal account on file",
            "the PayPal I have with you",
        ],
        (_, "gift_card") => &[
            "my gift card",
            "the gift card on my account",
            "a gift card I have with you",
            "my store gift card",
            "the gift card",
        ],
        (_, "credit_card") => &[
            "my credit card",
            "the credit card on {file|my account}",
            "the credit card you have for me",
            "my saved credit card",
        ],
        _ => return None,
    };
    Some(say(rng, tables, &[]))
}

/// Where to; nothing when it is not said.
pub(super) fn address(goal: &Goal, view: View, rng: &mut Rng) -> Option<String> {
    let said = of(goal, "address", view);
    let first = said.first()?;
    let at = |place| argument(first, place);
    Some(match first.predicate.as_str() {
        "address.full" => {
            let mut parts: Vec<String> = [at(0), at(1), at(2)]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect();
            parts.push(format!("{} {}", at(3), at(5)));
            parts.push(at(4));
            parts.join(", ")
        }
        "address.default" => say(
            rng,
            &[
                "my default address",
                "the {default address|address} {on|in} my profile",
                "the address saved {on|in} my account",
                "my home address, the default one in my profile",
            ],
            &[],
        ),
        "address.of_order" => say(
            rng,
            &[
                "the same address as my $p order",
                "the address the $p {is|was} shipped to",
                "the address on the order with the $p",
                "the address I used for the $p",
                "wherever the order with the $p {goes|was going}",
            ],
            &[("p", &lowered(&at(0)))],
        ),
        "address.city" => say(
            rng,
            &[
                "my $c address",
                "my address in $c",
                "my place in $c",
                "the $c address",
            ],
            &[("c", &at(0))],
        ),
        _ => return None,
    })
}

/// Pronouns of what a goal is about, for stories.
pub(super) fn pronouns(said: &[Item]) -> [(&'static str, &'static str); 7] {
    match said {
        [one] if !plural(&one.name) => [
            ("it", "it"),
            ("they", "it"),
            ("is", "is"),
            ("was", "was"),
            ("does", "does"),
            ("has", "has"),
            ("one", "one"),
        ],
        _ => [
            ("it", "them"),
            ("they", "they"),
            ("is", "are"),
            ("was", "were"),
            ("does", "do"),
            ("has", "have"),
            ("one", "ones"),
        ],
    }
}
