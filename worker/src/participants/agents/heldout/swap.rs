//! Items for other items: of a delivered order by exchange, of a pending one by change.

use proto::record::{PlannedCall, Value};

use super::acts::Act;
use super::choose::choose_payment;
use super::options::{Wanted, extreme, fitting, wanted};
use super::records::{Item, Method, Order, Product, Records, Variant};
use super::speech::{Describe, list, money, variant_line};
use super::steps::{Next, Slot, Step, call, find_items, find_order, lawful_order, refuse};
use super::wish::Wish;

pub(super) fn swap(wish: &mut Wish, records: &Records) -> Next<(PlannedCall, String)> {
    if wish.act == Act::Modify && find_order(wish, records)?.status == "delivered" {
        wish.act = Act::Exchange;
    }
    let exchange = wish.act == Act::Exchange;
    let verb = if exchange {
        "exchange items of an order"
    } else {
        "modify the items of an order"
    };
    let order = lawful_order(wish, records, verb)?;
    let id = &order.order_id;
    find_items(wish, order)?;
    let mut lines = Vec::new();
    let mut difference = 0.0;
    let (mut old_ids, mut new_ids) = (Vec::new(), Vec::new());
    for turn in 0..wish.items.len() {
        let variant = choose_variant(wish, turn, order, records)?;
        let old = &order.items[wish.items[turn].place];
        difference += variant.price - old.price;
        lines.push(format!(
            "the {} by {}",
            old.describe(),
            variant_line(variant)
        ));
        old_ids.push(old.item_id.as_str());
        new_ids.push(variant.item_id.as_str());
    }
    let method = choose_payment(
        wish,
        order,
        records,
        "Which payment method should be used for the price difference",
    )?;
    if method.is_gift_card() && method.balance + 0.005 < difference {
        return refuse(format!(
            "the balance of {} does not cover the price difference of {}",
            method.describe(),
            money(difference)
        ));
    }
    let owed = owed(difference, method);
    let (tool, does) = if exchange {
        ("exchange_delivered_order_items", "exchange")
    } else {
        ("modify_pending_order_items", "replace")
    };
    let text = format!(
        "In order {id}, I will {does} {}. {owed}",
        list(&lines, "and")
    );
    let arguments = [
        ("order_id", id.as_str().into()),
        ("item_ids", Value::texts(old_ids)),
        ("new_item_ids", Value::texts(new_ids)),
        ("payment_method_id", method.id.as_str().into()),
    ];
    Ok((call(tool, arguments), text))
}

/// Who pays what is left of a swap.
fn owed(difference: f64, method: &Method) -> String {
    if difference > 0.005 {
        format!(
            "The price difference of {} will be charged to {}.",
            money(difference),
            method.describe()
        )
    } else if difference < -0.005 {
        format!(
            "The price difference of {} will be refunded to {}.",
            money(-difference),
            method.describe()
        )
    } else {
        format!(
            "There is no price difference; the payment method is {}.",
            method.describe()
        )
    }
}

fn choose_variant<'a>(
    wish: &mut Wish,
    turn: usize,
    order: &Order,
    records: &'a Records,
) -> Next<&'a Variant> {
    let old = &order.items[wish.items[turn].place];
    let Some(product) = records.products.get(&old.product_id) else {
        return Err(Step::Call(PlannedCall::new(
            "get_product_details",
            [("product_id", old.product_id.as_str())],
        )));
    };
    let Some(product) = product else {
        return refuse(format!("the {} is no longer in our catalogue", old.name));
    };
    if let Some(variant) = wish.items[turn]
        .new
        .as_ref()
        .and_then(|id| product.variants.get(id))
    {
        return Ok(variant);
    }
    let want = wanted(&wish.items[turn].wants, product, old);
    let fit = fitting(&want, product, old);
    let mut free: Vec<&Variant> = fit
        .iter()
        .copied()
        .filter(|variant| variant.available && variant.item_id != old.item_id)
        .collect();
    if let Some(which) = want.extreme {
        free = extreme(free, which);
    }
    if !want.options.is_empty() && want.extreme.is_none() {
        let others: Vec<&Variant> = fit
            .iter()
            .copied()
            .filter(|variant| variant.item_id != old.item_id)
            .collect();
        match otherwise_same(&want, &others, old) {
            Some(one) if one.available => return Ok(one),
            Some(_) => {
                return refuse(format!(
                    "the {} you would like instead is not available at the moment",
                    old.name
                ));
            }
            None => {}
        }
    }
    if let ([one], false) = (free.as_slice(), want.is_empty()) {
        return Ok(one);
    }
    if free.is_empty() && !want.is_empty() {
        if fit.iter().any(|variant| variant.item_id != old.item_id) {
            return refuse(format!(
                "the {} you would like instead is not available at the moment",
                old.name
            ));
        }
        if !fit.is_empty() {
            return refuse(format!(
                "the new {} must be different from the one it replaces, and that is the very same item",
                old.name
            ));
        }
    }
    Err(ask_variant(turn, old, product, free))
}

/// Offers the variants that fit, or all where none does.
fn ask_variant<'a>(
    turn: usize,
    old: &Item,
    product: &'a Product,
    mut free: Vec<&'a Variant>,
) -> Step {
    let lead = if free.is_empty() {
        "We do not have exactly that. "
    } else {
        ""
    };
    if free.is_empty() {
        free = product
            .variants
            .values()
            .filter(|variant| variant.available && variant.item_id != old.item_id)
            .collect();
    }
    if free.is_empty() {
        return Step::Refuse(format!(
            "no other variant of the {} is available at the moment",
            old.name
        ));
    }
    let lines: Vec<String> = free.iter().map(|variant| variant_line(variant)).collect();
    let ids = free.iter().map(|variant| variant.item_id.clone()).collect();
    Step::Ask(
        Slot::Variant(turn, ids),
        format!(
            "{lead}Which {} would you like instead: {}?",
            old.name,
            list(&lines, "or")
        ),
    )
}

/// The one variant that differs from the old only in what was asked for; the customer confirms it.
fn otherwise_same<'a>(want: &Wanted, free: &[&'a Variant], old: &Item) -> Option<&'a Variant> {
    let same = |variant: &&&'a Variant| {
        variant.options.iter().all(|(key, value)| {
            want.options.contains_key(key) || old.options.get(key) == Some(value)
        })
    };
    let mut found = free.iter().filter(same);
    found.next().filter(|_| found.next().is_none()).copied()
}
