//! A write spelled out for a person: every argument in words and by id.

use std::fmt::Write as _;

use proto::record::{PlannedCall, Value};

use crate::domains::retail::state::{
    Order, OrderItem, PaymentMethod, TransactionType, Variant, World,
};

/// What the call would do, as in "cancel order #W1234567 because it is no longer needed", with what
/// it costs or where money goes where the world tells. Reads for itself what the ids stand for; an id
/// that the world does not hold is given bare. The same call in the same world reads the same.
pub fn explain(world: &World, call: &PlannedCall) -> String {
    let mut out = String::with_capacity(160);
    match call.name.as_str() {
        "cancel_pending_order" => cancel(world, call, &mut out),
        "modify_pending_order_address" => {
            let _ = write!(
                out,
                "change the shipping address of order {} to ",
                order_id(call)
            );
            address(call, &mut out);
        }
        "modify_user_address" => {
            let user = call.text("user_id").unwrap_or("");
            let _ = write!(out, "update the default address of account {user} to ");
            address(call, &mut out);
        }
        "modify_pending_order_payment" => payment(world, call, &mut out),
        "modify_pending_order_items" => items(world, call, "change", "to", &mut out),
        "exchange_delivered_order_items" => items(world, call, "exchange", "for", &mut out),
        "return_delivered_order_items" => give_back(world, call, &mut out),
        other => {
            let _ = write!(out, "use {}", other.replace('_', " "));
        }
    }
    out
}

fn order_id(call: &PlannedCall) -> &str {
    call.text("order_id").unwrap_or("")
}

fn order<'a>(world: &'a World, call: &PlannedCall) -> Option<&'a Order> {
    world.order(order_id(call)).map(AsRef::as_ref)
}

/// A number drawn from the call, so that explanations vary and yet are the same for the same call.
fn draw(call: &PlannedCall, ways: usize) -> usize {
    let bytes = order_id(call).bytes().chain(call.name.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash >> 33) as usize % ways
}

fn cancel(world: &World, call: &PlannedCall, out: &mut String) {
    let reason = call.text("reason").unwrap_or("");
    let because = match (reason, draw(call, 3)) {
        ("no longer needed", 0) => "because it is no longer needed".to_owned(),
        ("ordered by mistake", 0) => "because it was ordered by mistake".to_owned(),
        (reason, 1) => format!("with the reason \"{reason}\""),
        (reason, _) => format!("(reason: {reason})"),
    };
    let _ = write!(out, "cancel order {} {because}", order_id(call));
    let Some(order) = order(world, call) else {
        return;
    };
    let paid = order
        .payment_history
        .iter()
        .filter(|payment| payment.transaction_type == TransactionType::Payment);
    let total: f64 = paid.map(|payment| payment.amount).sum();
    let _ = write!(
        out,
        ", with {} going back the way it was paid",
        money(total)
    );
}

fn payment(world: &World, call: &PlannedCall, out: &mut String) {
    let _ = write!(
        out,
        "change the payment method of order {} to ",
        order_id(call)
    );
    method(world, call, out);
}

fn give_back(world: &World, call: &PlannedCall, out: &mut String) {
    let order = order(world, call);
    out.push_str("return ");
    let ids = texts(call, "item_ids");
    for (place, id) in ids.iter().enumerate() {
        between(place, ids.len(), out);
        ordered(order, id, out);
    }
    let _ = write!(out, " from order {}", order_id(call));
    let each = |id: &&str| {
        order
            .and_then(|order| find(order, id))
            .map(|item| item.price)
    };
    let sum: Option<f64> = ids.iter().map(each).sum();
    match sum {
        Some(sum) => {
            let _ = write!(out, " and refund {} to ", money(sum));
        }
        None => out.push_str(" and refund them to "),
    }
    method(world, call, out);
}

fn items(world: &World, call: &PlannedCall, verb: &str, to: &str, out: &mut String) {
    let order = order(world, call);
    let status = if verb == "change" {
        "pending order"
    } else {
        "delivered order"
    };
    let _ = write!(out, "{verb} ");
    let (old, new) = (texts(call, "item_ids"), texts(call, "new_item_ids"));
    for place in 0..old.len().max(new.len()) {
        between(place, old.len().max(new.len()), out);
        if let Some(id) = old.get(place) {
            ordered(order, id, out);
        }
        if let Some(id) = new.get(place) {
            let _ = write!(out, " {to} ");
            offered(world, id, out);
        }
    }
    let _ = write!(out, " in {status} {}", order_id(call));
    settle(world, order, call, &old, &new, out);
}

/// The price difference and the method it goes through.
fn settle(
    world: &World,
    order: Option<&Order>,
    call: &PlannedCall,
    old: &[&str],
    new: &[&str],
    out: &mut String,
) {
    let was: Option<f64> = old
        .iter()
        .map(|id| {
            order
                .and_then(|order| find(order, id))
                .map(|item| item.price)
        })
        .sum();
    let will: Option<f64> = new
        .iter()
        .map(|id| world.variant(id).map(|(_, variant)| variant.price))
        .sum();
    match was
        .zip(will)
        .map(|(was, will)| ((will - was) * 100.0).round() as i64)
    {
        None => out.push_str(", settling any price difference with "),
        Some(0) => out.push_str(", at no price difference, on record with "),
        Some(cents) if cents > 0 => {
            let _ = write!(
                out,
                ", with the price difference of {} charged to ",
                cents_text(cents)
            );
        }
        Some(cents) => {
            let _ = write!(
                out,
                ", with the price difference of {} refunded to ",
                cents_text(-cents)
            );
        }
    }
    method(world, call, out);
}

/// An ordered item: "the Desk Lamp (item 1234567890: black, AC adapter)".
fn ordered(order: Option<&Order>, id: &str, out: &mut String) {
    match order.and_then(|order| find(order, id)) {
        Some(item) => {
            let _ = write!(out, "the {} (item {id}", item.name);
            options(item.options.iter().map(|(_, value)| &**value), out);
        }
        None => {
            let _ = write!(out, "item {id}");
        }
    }
}

/// A variant on sale: "item 1234567890 (white, battery)".
fn offered(world: &World, id: &str, out: &mut String) {
    match world.variant(id) {
        Some((
            _,
            Variant {
                options: values, ..
            },
        )) => {
            let _ = write!(out, "the one (item {id}");
            options(values.iter().map(|(_, value)| &**value), out);
        }
        None => {
            let _ = write!(out, "item {id}");
        }
    }
}

fn options<'a>(values: impl Iterator<Item = &'a str>, out: &mut String) {
    for (place, value) in values.enumerate() {
        out.push_str(if place == 0 { ": " } else { ", " });
        out.push_str(value);
    }
    out.push(')');
}

fn find<'a>(order: &'a Order, id: &str) -> Option<&'a OrderItem> {
    order.items.iter().find(|item| &*item.item_id == id)
}

/// The method by words and id: "your PayPal account (paypal_1234567)".
fn method(world: &World, call: &PlannedCall, out: &mut String) {
    let id = call.text("payment_method_id").unwrap_or("");
    let owner = order(world, call).and_then(|order| world.user(&order.user_id));
    let known = owner.and_then(|user| user.payment_methods.iter().find(|m| &**m.id() == id));
    let _ = match known {
        Some(PaymentMethod::CreditCard {
            brand, last_four, ..
        }) => {
            write!(out, "your {brand} ending in {last_four} ({id})")
        }
        Some(PaymentMethod::GiftCard { .. }) => write!(out, "your gift card ({id})"),
        Some(PaymentMethod::Paypal { .. }) => write!(out, "your PayPal account ({id})"),
        None => write!(out, "{id}"),
    };
}

/// "12 Oak Street, Suite 3, Denver, CO 80279, USA".
fn address(call: &PlannedCall, out: &mut String) {
    let part = |key| call.text(key).unwrap_or("");
    out.push_str(part("address1"));
    if !part("address2").is_empty() {
        let _ = write!(out, ", {}", part("address2"));
    }
    let _ = write!(
        out,
        ", {}, {} {}, {}",
        part("city"),
        part("state"),
        part("zip"),
        part("country")
    );
}

fn texts<'a>(call: &'a PlannedCall, key: &str) -> Vec<&'a str> {
    let list = call.arguments.get(key).and_then(Value::as_list);
    list.map_or_else(Vec::new, |items| {
        items.iter().filter_map(Value::as_str).collect()
    })
}

fn between(place: usize, count: usize, out: &mut String) {
    if place > 0 {
        out.push_str(if place + 1 == count { " and " } else { ", " });
    }
}

fn money(amount: f64) -> String {
    cents_text((amount * 100.0).round() as i64)
}

/// "$1,234.50".
fn cents_text(cents: i64) -> String {
    let whole = (cents / 100).to_string();
    let mut out = String::from("$");
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    let _ = write!(out, ".{:02}", cents % 100);
    out
}
