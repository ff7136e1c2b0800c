//! Questions with derived answers, by topic: indirect ("can you tell me …") and direct.

use proto::record::{Goal, Question};
use proto::seed::Rng;

use super::parts::View;
use super::{items, parts};
use crate::language::surface::{list, lowered, plural, say};

/// The indirect and the direct form of a question.
pub(super) fn ask(goal: &Goal, question: &Question, rng: &mut Rng) -> (String, String) {
    match question.topic.as_str() {
        "count_orders" | "sum_orders" => orders(goal, &question.topic, rng),
        "count_variants" => variants(goal, rng),
        topic => items(goal, topic, rng),
    }
}

fn first(goal: &Goal, predicate: &str) -> Option<String> {
    let mut all = goal
        .slots
        .iter()
        .flat_map(|slot| parts::spoken(slot, View::Opening));
    all.find(|said| said.predicate == predicate)
        .map(|said| parts::argument(said, 0))
}

fn orders(goal: &Goal, topic: &str, rng: &mut Rng) -> (String, String) {
    let status = first(goal, "status.is").unwrap_or_default();
    let with = first(goal, "product.is").map_or_else(String::new, |name| {
        say(
            rng,
            &[
                "with {a|the} $p in them",
                "that include the $p",
                "containing the $p",
            ],
            &[("p", &lowered(&name))],
        )
    });
    let slots = [("s", status.as_str()), ("w", with.as_str())];
    let (indirect, direct): (&[&str], &[&str]) = match (topic, status.is_empty()) {
        ("count_orders", false) => (
            &[
                "how many of my orders $w are $s",
                "how many $s orders $w I have",
                "how many orders $w on my account are $s",
                "how many of the orders I placed $w are $s",
            ],
            &[
                "how many of my orders $w are $s",
                "how many $s orders $w do I have",
                "how many orders $w of mine are $s at the moment",
            ],
        ),
        ("count_orders", true) => (
            &[
                "how many orders $w I have placed",
                "how many orders $w there are on my account",
            ],
            &[
                "how many orders $w have I placed",
                "how many orders $w are on my account",
            ],
        ),
        (_, false) => (
            &[
                "what my $s orders $w {come|add up} to {altogether|in total}",
                "the total of all my $s orders $w",
                "how much money is in my orders $w that are $s",
                "the sum of the orders $w that are $s",
            ],
            &[
                "what do my $s orders $w {come|add up} to {altogether|in total}",
                "how much are my $s orders $w worth in total",
                "what's the sum of my orders $w that are $s",
            ],
        ),
        (_, true) => (
            &[
                "what all my orders $w {come|add up} to",
                "how much I've spent on my orders $w in total",
            ],
            &[
                "what do all my orders $w add up to",
                "how much have I spent on my orders $w in total",
            ],
        ),
    };
    (say(rng, indirect, &slots), say(rng, direct, &slots))
}

fn variants(goal: &Goal, rng: &mut Rng) -> (String, String) {
    let name = lowered(&first(goal, "product.is").unwrap_or_default());
    let all = goal
        .slots
        .iter()
        .flat_map(|slot| parts::spoken(slot, View::Opening));
    let options: Vec<String> = all
        .filter(|said| said.predicate == "option.is")
        .map(|said| parts::with_option(&parts::argument(said, 0), &parts::argument(said, 1), rng))
        .collect();
    let with = list(&options);
    let slots = [("p", name.as_str()), ("w", with.as_str())];
    (
        say(
            rng,
            &[
                "how many {versions|variants|kinds} of the $p $w {are in stock|are available|I could buy} right now",
                "how many different {options|versions} of the $p $w you {have|can ship} at the moment",
                "the number of available {versions|options} of the $p $w",
            ],
            &slots,
        ),
        say(
            rng,
            &[
                "how many {versions|variants|kinds} of the $p $w are {in stock|available} right now",
                "how many different {options|versions} of the $p $w do you have available at the moment",
            ],
            &slots,
        ),
    )
}

/// Ways to ask for the difference in price between items: as a thing to know, as a question.
const DIFFERENCE: [&[&str]; 2] = [
    &[
        "the difference in price between $t",
        "how far apart in price $t are",
        "how much more one costs than the other, out of $t",
        "the price difference between $t",
    ],
    &[
        "what's the price difference between $t",
        "what is the difference in price between $t",
        "how far apart in price are $t",
    ],
];

/// Ways to ask for what the cheapest version would save: as a thing to know, as a question.
const SAVING: [&[&str]; 2] = [
    &[
        "how much I'd save with the cheapest available version of $t",
        "how much cheaper the cheapest version in stock is, compared with $t",
        "what I would save by taking the least expensive available version of $t",
    ],
    &[
        "how much would I save with the cheapest available version of $t",
        "what would I save by going for the least expensive version in stock of $t",
    ],
];

/// Ways to ask for what items cost together: as a thing to know, as a question.
const TOTAL: [&[&str]; 2] = [
    &[
        "how much I paid for $t {altogether|in total|all told}",
        "what $t {came to|cost me} {in total|altogether}",
        "the total I paid for $t",
        "the combined price of $t",
    ],
    &[
        "how much did I pay for $t {altogether|in total}",
        "what did $t cost me {in total|altogether}",
        "what's the combined price of $t",
    ],
];

fn items(goal: &Goal, topic: &str, rng: &mut Rng) -> (String, String) {
    let things = items::from_order(goal, View::Opening, rng);
    let said = parts::items_said(goal, View::Opening);
    let product = first(goal, "product.is").map(|name| lowered(&name));
    let things = match product {
        Some(name) if said.is_empty() && parts::slot_of(goal, "items").is_none() => {
            if parts::slot_of(goal, "order").is_some() {
                format!("the {name} from {}", parts::order(goal, View::Opening, rng))
            } else {
                format!("the {name}")
            }
        }
        _ => things,
    };
    let many = said.len() > 1 || said.first().is_some_and(|one| plural(&one.name));
    let slots = [
        ("t", things.as_str()),
        ("cost", if many { "cost" } else { "costs" }),
        ("do", if many { "do" } else { "does" }),
    ];
    let [thing, question] = match topic {
        "difference_items" => DIFFERENCE,
        "saving" => SAVING,
        _ => TOTAL,
    };
    (say(rng, thing, &slots), say(rng, question, &slots))
}
