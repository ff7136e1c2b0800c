//! Answers to questions, worked out from the records.

use proto::record::PlannedCall;

use super::matching::{self, products};
use super::options::named;
use super::phrases::{
    ABOUT_ORDERS_HOW_MANY_ORDER, ANSWER_VARIANT, FOLD_CHEAPEST, FOLD_DIFFERENCE,
    FOLD_MOST_EXPENSIVE, FOLD_TOTAL, TELL_PRODUCT_AVAILABLE, TELL_PRODUCT_IN_TOTAL,
    TELL_PRODUCT_UNAVAILABLE,
};
use super::records::{Item, Order, Product, Records, Variant};
use super::speech::{Describe, list, money, variant_line};
use super::text::{Word, any, has, words};

/// What comes of a question.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// Something must be looked up first.
    Call(PlannedCall),
    /// The answer.
    Tell(String),
    /// It is not understood.
    Unclear,
}

/// How values are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fold {
    Count,
    Sum,
    Difference,
    Least,
    Most,
    Mean,
    Show,
}

fn fold(said: &[Word]) -> Fold {
    if any(said, FOLD_DIFFERENCE) {
        Fold::Difference
    } else if any(said, &["how many", "number of", "count"]) {
        Fold::Count
    } else if any(said, &["average", "on average"]) {
        Fold::Mean
    } else if any(said, FOLD_CHEAPEST) {
        Fold::Least
    } else if any(said, FOLD_MOST_EXPENSIVE) {
        Fold::Most
    } else if any(said, FOLD_TOTAL) {
        Fold::Sum
    } else {
        Fold::Show
    }
}

/// Answers a question.
pub(super) fn answer(text: &str, records: &Records) -> Answer {
    let said = words(text);
    let about_shop = any(&said, ANSWER_VARIANT);
    if has(&said, "order") && !about_shop && !any(&said, &["item"]) {
        return about_orders(text, &said, records);
    }
    if about_shop {
        return about_product(text, &said, records);
    }
    if any(&said, &["balance"]) {
        return about_balance(&said, records);
    }
    if any(&said, &["payment method"]) && fold(&said) == Fold::Count {
        return Answer::Tell(format!(
            "You have {} payment methods in your profile.",
            records.methods().len()
        ));
    }
    about_orders(text, &said, records)
}

fn about_balance(said: &[Word], records: &Records) -> Answer {
    let cards: Vec<_> = records
        .methods()
        .into_iter()
        .filter(|method| method.is_gift_card())
        .collect();
    let sum: f64 = cards.iter().map(|card| card.balance).sum();
    match (cards.as_slice(), fold(said)) {
        ([], _) => Answer::Tell("There is no gift card in your profile.".to_owned()),
        ([_], _) | (_, Fold::Sum) => {
            Answer::Tell(format!("Your gift card balance is {}.", money(sum)))
        }
        _ => Answer::Tell(format!(
            "You have {}.",
            list(
                &cards.iter().map(|card| card.describe()).collect::<Vec<_>>(),
                "and"
            )
        )),
    }
}

fn about_product(text: &str, said: &[Word], records: &Records) -> Answer {
    let own: Vec<(&str, &str)> = records
        .own()
        .into_iter()
        .flat_map(|order| &order.items)
        .map(|item| (item.name.as_str(), item.product_id.as_str()))
        .collect();
    let in_own = products(said, own.iter().map(|(name, _)| *name));
    let found: Option<(&str, &str)> = match (in_own.first(), &records.catalogue) {
        (_, Some(all)) => products(said, all.keys().map(String::as_str))
            .first()
            .and_then(|(name, _, _)| all.get_key_value(*name))
            .map(|(name, id)| (name.as_str(), id.as_str())),
        (Some((name, _, _)), None) => own.iter().find(|(own, _)| own == name).copied(),
        (None, None) => {
            return Answer::Call(PlannedCall::new::<String>("list_all_product_types", []));
        }
    };
    let Some((_, id)) = found else {
        let kinds = records
            .catalogue
            .as_ref()
            .map_or(0, std::collections::BTreeMap::len);
        let all = fold(said) == Fold::Count && any(said, &["product", "type"]);
        return if all {
            Answer::Tell(format!("We sell {kinds} different products."))
        } else {
            about_orders(text, said, records)
        };
    };
    match records.products.get(id) {
        None => Answer::Call(PlannedCall::new(
            "get_product_details",
            [("product_id", id)],
        )),
        Some(None) => Answer::Unclear,
        Some(Some(product)) => {
            let own = records.own();
            let (fit, _) = matching::orders(&without_extremes(text), &own, records);
            let old = fit
                .iter()
                .flat_map(|order| &order.items)
                .find(|item| item.name == product.name);
            tell_product(said, product, old.map(|item| item.price))
        }
    }
}

fn tell_product(said: &[Word], product: &Product, old_price: Option<f64>) -> Answer {
    let options = named(
        said,
        product.variants.values().map(|variant| &variant.options),
    );
    let gone = any(said, TELL_PRODUCT_UNAVAILABLE);
    let free = !gone && any(said, TELL_PRODUCT_AVAILABLE) && !any(said, TELL_PRODUCT_IN_TOTAL);
    let fits = |variant: &&Variant| {
        options
            .iter()
            .all(|(key, value)| variant.options.get(key) == Some(value))
            && (!free || variant.available)
            && (!gone || !variant.available)
    };
    let fit: Vec<&Variant> = product.variants.values().filter(fits).collect();
    let mut which: Vec<String> = options.values().cloned().collect();
    if free {
        which.insert(0, "available".to_owned());
    }
    if gone {
        which.insert(0, "unavailable".to_owned());
    }
    let what = format!(
        "{}{}{}",
        which.join(" "),
        if which.is_empty() { "" } else { " " },
        product.name
    );
    let prices: Vec<f64> = fit.iter().map(|variant| variant.price).collect();
    if any(said, &["save", "cheaper"])
        && let (Some(old), Some(low)) = (old_price, least(&prices))
    {
        return Answer::Tell(format!("You would save {}.", money(old - low)));
    }
    let (Some(low), Some(high)) = (least(&prices), most(&prices)) else {
        let none = if fold(said) == Fold::Count {
            "There are 0"
        } else {
            "There is no"
        };
        return Answer::Tell(format!("{none} {what} variants."));
    };
    Answer::Tell(match fold(said) {
        Fold::Count => format!(
            "Of the {} variants you describe, the number is {}.",
            product.name,
            fit.len()
        ),
        Fold::Difference => format!(
            "The price difference between the cheapest and the most expensive {what} is {}.",
            money(high - low)
        ),
        Fold::Least => format!("The cheapest {what} is {}.", best(&fit, low)),
        Fold::Most => format!("The most expensive {what} is {}.", best(&fit, high)),
        Fold::Mean => format!(
            "The average price of the {what} is {}.",
            money(prices.iter().sum::<f64>() / prices.len() as f64)
        ),
        Fold::Sum | Fold::Show => {
            let lines: Vec<String> = fit.iter().map(|variant| variant_line(variant)).collect();
            format!("Of the {what} we have {}.", list(&lines, "and"))
        }
    })
}

fn best(among: &[&Variant], price: f64) -> String {
    among
        .iter()
        .find(|variant| variant.price.total_cmp(&price).is_eq())
        .map_or_else(String::new, |variant| variant_line(variant))
}

fn least(prices: &[f64]) -> Option<f64> {
    prices.iter().copied().reduce(f64::min)
}

fn most(prices: &[f64]) -> Option<f64> {
    prices.iter().copied().reduce(f64::max)
}

fn about_orders(text: &str, said: &[Word], records: &Records) -> Answer {
    let own = records.own();
    if own.is_empty() {
        return Answer::Tell("There are no orders in your profile.".to_owned());
    }
    let (mut fit, _) = matching::orders(&without_extremes(text), &own, records);
    if any(
        said,
        &["not cancelled", "not been cancelled", "haven't cancelled"],
    ) {
        fit = own
            .iter()
            .copied()
            .filter(|order| order.status != "cancelled")
            .collect();
    }
    let statuses = ["pending", "processed", "delivered", "cancelled"];
    if let Some(status) = statuses.iter().find(|status| {
        has(said, status) && !own.iter().any(|order| order.status.starts_with(**status))
    }) {
        return Answer::Tell(format!("You have 0 {status} orders."));
    }
    let names: Vec<&str> = own
        .iter()
        .flat_map(|order| &order.items)
        .map(|item| item.name.as_str())
        .collect();
    let mentioned = products(said, names);
    let items: Vec<&Item> = fit
        .iter()
        .flat_map(|order| &order.items)
        .filter(|item| {
            mentioned.is_empty() || mentioned.iter().any(|(name, _, _)| item.name == *name)
        })
        .collect();
    let of_items =
        any(said, &["item", "product", "thing", "article", "piece"]) || !mentioned.is_empty();
    let orders_counted =
        any(said, ABOUT_ORDERS_HOW_MANY_ORDER) || (has(said, "how many") && !of_items);
    let wanted = fold(said);
    if has(said, "status")
        || (wanted == Fold::Show && any(said, &["where is", "arrive", "shipped"]))
    {
        let lines: Vec<String> = fit
            .iter()
            .map(|order| format!("order {} is {}", order.order_id, order.status))
            .collect();
        return Answer::Tell(format!("Here is what I see: {}.", list(&lines, "and")));
    }
    if of_items && !orders_counted {
        return tell_items(wanted, &items, &mentioned);
    }
    tell_orders(wanted, &fit)
}

/// A text without its superlatives of orders, which are the question itself.
fn without_extremes(text: &str) -> String {
    let mut text = text.to_lowercase();
    for word in [
        "most expensive",
        "biggest",
        "largest",
        "cheapest",
        "smallest",
        "least expensive",
        "priciest",
    ] {
        text = text.replace(word, "");
    }
    text
}

fn tell_items(wanted: Fold, items: &[&Item], mentioned: &[(&str, usize, usize)]) -> Answer {
    let prices: Vec<f64> = items.iter().map(|item| item.price).collect();
    let (Some(low), Some(high)) = (least(&prices), most(&prices)) else {
        return Answer::Unclear;
    };
    let by = |price: f64| {
        items
            .iter()
            .find(|item| item.price.total_cmp(&price).is_eq())
            .map_or_else(String::new, |item| item.describe())
    };
    Answer::Tell(match wanted {
        Fold::Count => format!("The number of items is {}.", items.len()),
        Fold::Difference if mentioned.len() == 2 || items.len() > 1 => {
            format!("The price difference is {}.", money(high - low))
        }
        Fold::Least => format!("The cheapest item is the {}.", by(low)),
        Fold::Most => format!("The most expensive item is the {}.", by(high)),
        Fold::Mean => format!(
            "The average price is {}.",
            money(prices.iter().sum::<f64>() / prices.len() as f64)
        ),
        _ => format!("The total is {}.", money(prices.iter().sum())),
    })
}

fn tell_orders(wanted: Fold, orders: &[&Order]) -> Answer {
    let sums: Vec<f64> = orders.iter().map(|order| order.total()).collect();
    let (Some(low), Some(high)) = (least(&sums), most(&sums)) else {
        return Answer::Unclear;
    };
    let by = |sum: f64| {
        orders
            .iter()
            .find(|order| order.total().total_cmp(&sum).is_eq())
            .map_or("", |order| order.order_id.as_str())
    };
    Answer::Tell(match wanted {
        Fold::Count => format!("The number of orders is {}.", orders.len()),
        Fold::Difference => format!(
            "The difference between the totals is {}.",
            money(high - low)
        ),
        Fold::Least => format!(
            "The order with the lowest total is {}, at {}.",
            by(low),
            money(low)
        ),
        Fold::Most => format!(
            "The order with the highest total is {}, at {}.",
            by(high),
            money(high)
        ),
        Fold::Mean => format!(
            "The average total is {}.",
            money(sums.iter().sum::<f64>() / sums.len() as f64)
        ),
        Fold::Sum => format!("The total is {}.", money(sums.iter().sum())),
        Fold::Show if orders.len() > 2 => return Answer::Unclear,
        Fold::Show => {
            let lines: Vec<String> = orders
                .iter()
                .map(|order| {
                    format!(
                        "{}, which is {} and comes to {}",
                        order.describe(),
                        order.status,
                        money(order.total())
                    )
                })
                .collect();
            format!("Here is what I see: {}.", list(&lines, "and"))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_recognised() {
        for (text, fits) in [
            ("How many lamps do you have in stock?", Fold::Count),
            (
                "What is the price difference between the two?",
                Fold::Difference,
            ),
            ("Which is the cheapest lamp?", Fold::Least),
            ("How much did I pay altogether?", Fold::Sum),
            ("Where is my order?", Fold::Show),
        ] {
            assert_eq!(fold(&words(text)), fits, "{text}");
        }
    }
}
