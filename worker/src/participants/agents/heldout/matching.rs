//! Which order, items and ways to pay a customer means, held against the records.

use std::collections::BTreeSet;

use super::address;
use super::options::named;
use super::phrases::{
    NAMES_PAYMENT_PAYPAL, ORDERS_MOST_RECENT, ORIGINAL_PAYMENT_ORIGINAL_PAYMENT,
    WITHOUT_NAME_CHEAPEST_ITEM, WITHOUT_NAME_MOST_EXPENSIVE_ITEM,
};
use super::records::{Item, Method, Options, Order, Records};
use super::text::{Word, amounts, any, has, item_ids, number, order_ids, spans, words};

/// Product names mentioned, as (name, first word, past last word), none inside another.
pub(super) fn products<'a>(
    said: &[Word],
    names: impl IntoIterator<Item = &'a str>,
) -> Vec<(&'a str, usize, usize)> {
    let mut names: Vec<&str> = names
        .into_iter()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let mut taken = vec![false; said.len()];
    let mut found = Vec::new();
    let mut heads: Vec<(&str, String)> = Vec::new();
    for name in &names {
        for (from, to) in spans(said, name) {
            if !taken[from..to].contains(&true) {
                taken[from..to].fill(true);
                found.push((*name, from, to));
            }
        }
        if let Some(head) = words(name).pop() {
            heads.push((name, head.text));
        }
    }
    for (name, head) in &heads {
        let unique = heads.iter().filter(|(_, other)| other == head).count() == 1;
        if !unique || head.len() < 3 || found.iter().any(|(seen, _, _)| seen == name) {
            continue;
        }
        for (from, to) in spans(said, head) {
            if !taken[from] {
                taken[from] = true;
                found.push((name, from, to));
            }
        }
    }
    found.sort_by_key(|(_, from, _)| *from);
    found
}

/// Orders that fit what is said, of those given; and whether anything was said to tell them apart.
pub(super) fn orders<'a>(
    text: &str,
    among: &[&'a Order],
    records: &Records,
) -> (Vec<&'a Order>, bool) {
    let said = words(text);
    let ids = order_ids(&said);
    let by_id: Vec<&Order> = among
        .iter()
        .copied()
        .filter(|order| ids.contains(&order.order_id))
        .collect();
    if !by_id.is_empty() {
        return (by_id, true);
    }
    let mut left = among.to_vec();
    let mut told = false;
    let mut keep = |test: &dyn Fn(&Order) -> bool| {
        let fit: Vec<&Order> = left.iter().copied().filter(|order| test(order)).collect();
        if !fit.is_empty() {
            told |= fit.len() < left.len();
            left = fit;
        }
    };
    for status in ["pending", "processed", "delivered", "cancelled"] {
        if states(&said, status) {
            keep(&|order| order.status.starts_with(status));
        }
    }
    let mentioned = described(&said, among);
    if !mentioned.is_empty() {
        let holds = |order: &Order, name: &str| order.items.iter().any(|item| item.name == name);
        keep(&|order| mentioned.iter().all(|(name, _)| holds(order, name)));
        keep(&|order| mentioned.iter().any(|(name, _)| holds(order, name)));
        for (name, options) in &mentioned {
            let has = |item: &Item, (key, value): (&String, &String)| {
                item.options.get(key) == Some(value)
            };
            let fits =
                |item: &Item| item.name == *name && options.iter().all(|pair| has(item, pair));
            keep(&|order| order.items.iter().any(fits));
        }
    }
    let item_ids = item_ids(&said);
    keep(&|order| {
        order
            .items
            .iter()
            .any(|item| item_ids.contains(&item.item_id))
    });
    keep(&|order| address::mentioned(text, &order.address));
    let sums = amounts(text);
    keep(&|order| sums.iter().any(|sum| (order.total() - sum).abs() < 0.006));
    if let Some(count) = item_count(&said) {
        keep(&|order| order.items.len() == count);
    }
    if any(&said, &["paid", "charged"]) {
        let paid = payments(text, records);
        keep(&|order| {
            order
                .paid_with()
                .is_some_and(|id| paid.iter().any(|method| method.id == id))
        });
    }
    keep(&|order| order.tracked_in(text));
    if any(&said, ORDERS_MOST_RECENT) {
        // The profile lists orders in the sequence they were placed in; the customer confirms the choice.
        let last = records.own().last().map(|order| order.order_id.clone());
        keep(&|order| Some(&order.order_id) == last.as_ref());
    }
    if let Some(which) = order_extreme(&said) {
        told |= keep_extreme(&mut left, which);
    }
    (left, told)
}

/// Keeps the orders of the greatest or least total; whether there was any.
fn keep_extreme(left: &mut Vec<&Order>, which: std::cmp::Ordering) -> bool {
    let better = |one: f64, other: f64| {
        if other.total_cmp(&one) == which {
            other
        } else {
            one
        }
    };
    let best = left.iter().map(|order| order.total()).reduce(better);
    left.retain(|order| best.is_some_and(|best| order.total().total_cmp(&best).is_eq()));
    best.is_some()
}

/// Items mentioned, with the options named beside each.
fn described<'a>(said: &[Word], among: &[&'a Order]) -> Vec<(&'a str, Options)> {
    let items = || among.iter().flat_map(|order| &order.items);
    let mentioned = products(said, items().map(|item| item.name.as_str()));
    let beside = |(name, from, to): (&'a str, usize, usize)| {
        let near = &said[from.saturating_sub(6)..(to + 8).min(said.len())];
        let known = items()
            .filter(|item| item.name == name)
            .map(|item| &item.options);
        (name, named(near, known))
    };
    mentioned.into_iter().map(beside).collect()
}

/// Whether a status is said of an order, rather than wished for.
fn states(said: &[Word], status: &str) -> bool {
    spans(said, status).iter().any(|(from, to)| {
        let next = said.get(*to).map_or("", |word| word.stem.as_str());
        let before = from.checked_sub(1).map_or("", |at| said[at].text.as_str());
        let is = matches!(
            before,
            "is" | "was" | "are" | "that's" | "still" | "already" | "were"
        );
        matches!(next, "order" | "one") || is && status != "cancelled"
    })
}

/// Words without those that only describe the order ("from the order with the lamp", "my lamp order").
pub(super) fn without_order(text: &str, names: &[&str]) -> String {
    let said = words(text);
    let mentioned = products(&said, names.iter().copied());
    let mut cuts: Vec<(usize, usize)> = Vec::new();
    let mut inside = false;
    for (turn, (_, from, to)) in mentioned.iter().enumerate() {
        let gap_from = turn.checked_sub(1).map_or(0, |before| mentioned[before].2);
        let lead = &said[gap_from.max(from.saturating_sub(7))..*from];
        let describes = lead
            .iter()
            .rposition(|word| {
                word.stem == "order" || order_ids(std::slice::from_ref(word)).len() == 1
            })
            .is_some_and(|at| {
                at + 1 < lead.len()
                    && lead[at + 1..].iter().any(|word| {
                        word.text == "for"
                            && lead.iter().any(|word| {
                                matches!(word.text.as_str(), "placed" | "made" | "have")
                            })
                            || matches!(
                                word.text.as_str(),
                                "with"
                                    | "has"
                                    | "containing"
                                    | "contains"
                                    | "included"
                                    | "includes"
                                    | "including"
                                    | "where"
                                    | "had"
                                    | "of"
                                    | "holding"
                            )
                    })
                    && !lead[at + 1..].iter().any(|word| {
                        matches!(
                            word.text.as_str(),
                            "exchange" | "return" | "swap" | "change" | "replace" | "want" | "like"
                        )
                    })
            });
        let listed = inside
            && lead
                .iter()
                .all(|word| matches!(word.text.as_str(), "and" | "the" | "a" | "an" | "my"));
        let trailing = said.get(*to).is_some_and(|word| word.stem == "order");
        inside = describes || listed;
        if inside || trailing {
            cuts.push((said[*from].at, said[*to - 1].end));
        }
    }
    let mut text = text.to_owned();
    for (from, to) in cuts.into_iter().rev() {
        text.replace_range(from..to, "(that)");
    }
    text
}

fn order_extreme(said: &[Word]) -> Option<std::cmp::Ordering> {
    let near = |phrase: &str| {
        spans(said, phrase)
            .iter()
            .any(|(_, to)| said.get(*to).is_some_and(|word| word.stem == "order"))
    };
    if ["most expensive", "biggest", "largest", "priciest"]
        .into_iter()
        .any(near)
    {
        return Some(std::cmp::Ordering::Greater);
    }
    ["cheapest", "least expensive", "smallest"]
        .into_iter()
        .any(near)
        .then_some(std::cmp::Ordering::Less)
}

/// "The order with three items".
fn item_count(said: &[Word]) -> Option<usize> {
    let at = said
        .iter()
        .position(|word| word.stem == "item" || word.stem == "thing" || word.stem == "product")?;
    if !has(said, "order") {
        return None;
    }
    if at > 0 && matches!(said[at - 1].text.as_str(), "single" | "only") {
        return Some(1);
    }
    let with = at >= 2
        && matches!(
            said[at - 2].text.as_str(),
            "with" | "has" | "had" | "only" | "of" | "containing"
        );
    number(&said[at.checked_sub(1)?].text).filter(|count| with && *count > 0)
}

/// One of the offered, by its place: "the second one".
pub(super) fn ordinal(said: &[Word], offered: usize) -> Option<usize> {
    const NAMES: [&str; 6] = ["first", "second", "third", "fourth", "fifth", "sixth"];
    let by_name = NAMES.iter().position(|name| has(said, name));
    by_name
        .or_else(|| {
            (has(said, "last one") || has(said, "the last")).then(|| offered.wrapping_sub(1))
        })
        .filter(|at| *at < offered)
}

/// Items of an order that are meant.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Meant {
    /// Places of items, none twice.
    pub(super) items: Vec<usize>,
    /// Places among which one or more are meant, but which is open.
    pub(super) open: Vec<Vec<usize>>,
}

/// Reads which items of an order a text means.
pub(super) fn items(text: &str, order: &Order) -> Meant {
    let said = words(text);
    let mut meant = Meant::default();
    let ids = item_ids(&said);
    for (place, item) in order.items.iter().enumerate() {
        if ids.contains(&item.item_id) {
            meant.items.push(place);
        }
    }
    if !meant.items.is_empty() {
        return meant;
    }
    let mentioned = products(&said, order.items.iter().map(|item| item.name.as_str()));
    for (turn, (name, from, to)) in mentioned.iter().enumerate() {
        let start = turn
            .checked_sub(1)
            .map_or(from.saturating_sub(8), |before| {
                mentioned[before].2.max(from.saturating_sub(8))
            });
        let end = mentioned
            .get(turn + 1)
            .map_or(said.len().min(to + 12), |next| next.1.min(to + 12));
        one_product(&said, (start, end), (*from, *to), name, order, &mut meant);
    }
    if mentioned.is_empty() {
        without_name(&said, order, &mut meant);
    }
    let known = meant.items.clone();
    meant
        .open
        .retain(|open| !open.iter().any(|place| known.contains(place)));
    meant
}

fn one_product(
    said: &[Word],
    scope: (usize, usize),
    at: (usize, usize),
    name: &str,
    order: &Order,
    meant: &mut Meant,
) {
    let of_name: Vec<usize> = (0..order.items.len())
        .filter(|place| order.items[*place].name == name)
        .collect();
    let options = named(
        &said[scope.0..scope.1],
        of_name.iter().map(|place| &order.items[*place].options),
    );
    let fits = |place: &usize| {
        options
            .iter()
            .all(|(key, value)| order.items[*place].options.get(key) == Some(value))
    };
    let mut fit: Vec<usize> = of_name.iter().copied().filter(fits).collect();
    if fit.is_empty() {
        fit.clone_from(&of_name);
    }
    let near = &said[at.0.saturating_sub(4)..at.1];
    let count = near
        .iter()
        .filter_map(|word| number(&word.text))
        .find(|count| *count > 1);
    let every = any(near, &["both", "all", "every", "each"]) || count == Some(fit.len());
    let alike = fit
        .iter()
        .all(|place| order.items[*place].item_id == order.items[fit[0]].item_id);
    if fit.len() == 1 || every {
        meant.items.extend(
            fit.into_iter()
                .filter(|place| !meant.items.contains(place))
                .collect::<Vec<_>>(),
        );
    } else if alike {
        let next = fit
            .iter()
            .copied()
            .find(|place| !meant.items.contains(place));
        meant.items.extend(next);
    } else if !meant.open.contains(&fit) {
        meant.open.push(fit);
    }
}

fn without_name(said: &[Word], order: &Order, meant: &mut Meant) {
    let count = order.items.len();
    let all = [
        "the whole",
        "everything",
        "all items",
        "all of",
        "all the item",
        "whole order",
        "entire order",
        "every item",
        "all three",
        "all four",
        "all five",
        "them all",
        "all my item",
        "whole lot",
        "complete order",
        "full order",
        "every one",
        "all",
    ];
    let idle = any(
        said,
        &["that's all", "that is all", "after all", "at all", "is all"],
    );
    if (!idle && any(said, &all)) || (count == 2 && has(said, "both")) || count == 1 {
        meant.items = (0..count).collect();
        return;
    }
    let extreme = if any(said, WITHOUT_NAME_MOST_EXPENSIVE_ITEM) {
        Some(std::cmp::Ordering::Greater)
    } else if any(said, WITHOUT_NAME_CHEAPEST_ITEM) {
        Some(std::cmp::Ordering::Less)
    } else {
        None
    };
    if let Some(which) = extreme {
        meant.items = (0..count)
            .reduce(|one, other| {
                if order.items[other].price.total_cmp(&order.items[one].price) == which {
                    other
                } else {
                    one
                }
            })
            .into_iter()
            .collect();
        return;
    }
    let options = named(said, order.items.iter().map(|item| &item.options));
    if options.is_empty() {
        return;
    }
    let score = |item: &Item| {
        options
            .iter()
            .filter(|(key, value)| item.options.get(*key) == Some(value))
            .count()
    };
    let best = order.items.iter().map(score).max().unwrap_or(0);
    let fit: Vec<usize> = (0..count)
        .filter(|place| best > 0 && score(&order.items[*place]) == best)
        .collect();
    match fit.len() {
        0 => {}
        1 => meant.items = fit,
        _ => meant.open.push(fit),
    }
}

/// Ways to pay of the customer that a text means.
pub(super) fn payments<'a>(text: &str, records: &'a Records) -> Vec<&'a Method> {
    let said = words(text);
    let methods = records.methods();
    let by_id: Vec<&Method> = methods
        .iter()
        .copied()
        .filter(|method| has(&said, &method.id))
        .collect();
    if !by_id.is_empty() {
        return by_id;
    }
    let ending = |method: &&Method| {
        !method.last_four.is_empty() && said.iter().any(|word| word.text == method.last_four)
    };
    let by_digits: Vec<&Method> = methods.iter().copied().filter(ending).collect();
    if !by_digits.is_empty() {
        return by_digits;
    }
    let named = |method: &&Method| {
        let brand = !method.brand.is_empty() && has(&said, &method.brand);
        let other_brand = ["visa", "mastercard", "amex", "discover"]
            .iter()
            .any(|brand| has(&said, brand));
        match method.source.as_str() {
            "paypal" => any(&said, &["paypal", "pay pal"]),
            "gift_card" => any(&said, &["gift card", "giftcard", "gift"]),
            _ => {
                brand
                    || !other_brand && any(&said, &["credit card", "credit", "debit card"])
                    || !other_brand && bare_card(&said)
            }
        }
    };
    methods.into_iter().filter(named).collect()
}

fn bare_card(said: &[Word]) -> bool {
    spans(said, "card").iter().any(|(at, _)| {
        *at == 0
            || !matches!(
                said[at - 1].stem.as_str(),
                "gift" | "graphic" | "sd" | "memory"
            )
    })
}

/// Whether a text asks for the way an order was paid.
pub(super) fn original_payment(said: &[Word]) -> bool {
    any(said, ORIGINAL_PAYMENT_ORIGINAL_PAYMENT)
}

/// Whether a text names a kind of payment at all, the customer's or not.
pub(super) fn names_payment(said: &[Word]) -> bool {
    any(said, NAMES_PAYMENT_PAYPAL)
}
