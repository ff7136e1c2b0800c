//! Rules that forbid a wish, whatever the way.

use proto::record::{PlannedCall, Value};

use super::super::afford::world_of;
use super::super::state::{Order, PaymentMethod, Status, Variant, World};
use super::order_of;
use crate::rules::{Enforced, Rule, Situation};

/// Reasons that a cancellation may have.
const REASONS: [&str; 2] = ["no longer needed", "ordered by mistake"];

pub(super) fn rules() -> Vec<Rule> {
    [orders(), money(), wishes()].concat()
}

fn orders() -> Vec<Rule> {
    vec![
        Rule::blocking(
            "cancel-pending-only",
            "not_pending",
            Enforced::Tool,
            "Cancel an order only while its status is \"pending\".",
            |now| now.call.name == "cancel_pending_order" && past_pending(now),
        ),
        Rule::blocking(
            "modify-pending-only",
            "not_pending",
            Enforced::Tool,
            "Change the address, the payment method or the items of an order only while its \
             status is \"pending\".",
            |now| now.call.name.starts_with("modify_pending_order") && past_pending(now),
        ),
        Rule::blocking(
            "return-delivered-only",
            "not_delivered",
            Enforced::Tool,
            "Return items of an order only while its status is \"delivered\".",
            |now| now.call.name == "return_delivered_order_items" && undelivered(now),
        ),
        Rule::blocking(
            "exchange-delivered-only",
            "not_delivered",
            Enforced::Tool,
            "Exchange items of an order only while its status is \"delivered\".",
            |now| now.call.name == "exchange_delivered_order_items" && undelivered(now),
        ),
        Rule::blocking(
            "items-changed-once",
            "already_modified",
            Enforced::PolicyOnly,
            "Once its items have been modified, an order can be neither cancelled nor modified \
             again in any way.",
            modified_again,
        ),
        Rule::blocking(
            "own-orders-only",
            "not_owner",
            Enforced::PolicyOnly,
            "Act only on orders that belong to the customer you are serving; if an order is \
             somebody else's, decline.",
            foreign,
        ),
    ]
}

fn money() -> Vec<Rule> {
    vec![
        Rule::blocking(
            "refund-to-original-or-gift-card",
            "refund_method",
            Enforced::Tool,
            "A refund goes to the order's original payment method or to a gift card of the \
             customer, to nothing else.",
            refunded_elsewhere,
        ),
        Rule::blocking(
            "payment-must-differ",
            "same_payment",
            Enforced::Tool,
            "The new payment method must differ from the order's original one.",
            same_payment,
        ),
        Rule::blocking(
            "gift-card-must-cover",
            "balance",
            Enforced::Tool,
            "A gift card can take on a payment only if its balance covers it: the order's total \
             when the payment method is changed, the price difference when items are.",
            overdrawn,
        ),
        Rule::blocking(
            "new-item-available",
            "unavailable",
            Enforced::Tool,
            "A new item must be an available variant of the same product, and not the one it \
             replaces.",
            unavailable,
        ),
    ]
}

fn wishes() -> Vec<Rule> {
    vec![
        Rule::blocking(
            "cancel-reasons",
            "bad_reason",
            Enforced::Tool,
            "Only two reasons for cancelling are accepted: \"no longer needed\" and \"ordered by \
             mistake\".",
            |now| {
                now.call.name == "cancel_pending_order"
                    && now
                        .call
                        .text("reason")
                        .is_some_and(|reason| !REASONS.contains(&reason))
            },
        ),
        // No call can break it: there is none for such a wish.
        Rule::blocking(
            "out-of-scope",
            "out_of_scope",
            Enforced::PolicyOnly,
            "When a wish is outside everything your tools can do (such as a coupon, a new email \
             address, faster shipping or an invoice), hand the customer over: call the transfer \
             tool with a short summary, then tell them that a human agent is taking over.",
            |_| false,
        ),
    ]
}

fn order<'a>(now: &Situation<'a>) -> Option<&'a Order> {
    order_of(world_of(now.world), now.call)
}

fn past_pending(now: &Situation<'_>) -> bool {
    order(now)
        .is_some_and(|order| !matches!(order.status, Status::Pending | Status::PendingItemModified))
}

fn undelivered(now: &Situation<'_>) -> bool {
    order(now).is_some_and(|order| order.status != Status::Delivered)
}

fn modified_again(now: &Situation<'_>) -> bool {
    let changes = now.call.name == "cancel_pending_order"
        || now.call.name.starts_with("modify_pending_order");
    changes && order(now).is_some_and(|order| order.status == Status::PendingItemModified)
}

fn foreign(now: &Situation<'_>) -> bool {
    let (Some(person), Some(order)) = (now.person, order(now)) else {
        return false;
    };
    now.effect == proto::record::Effect::Write && &*order.user_id != person
}

/// The original method of an order.
fn original(order: &Order) -> Option<&str> {
    order
        .payment_history
        .first()
        .map(|paid| &*paid.payment_method_id)
}

/// The method a call names, of the order's owner, as the tools look it up.
fn method<'a>(world: &'a World, order: &Order, call: &PlannedCall) -> Option<&'a PaymentMethod> {
    let id = call.text("payment_method_id")?;
    let user = world.user(&order.user_id)?;
    user.payment_methods
        .iter()
        .find(|method| &**method.id() == id)
}

fn refunded_elsewhere(now: &Situation<'_>) -> bool {
    if now.call.name != "return_delivered_order_items" {
        return false;
    }
    let world = world_of(now.world);
    let Some(order) = order_of(world, now.call) else {
        return false;
    };
    method(world, order, now.call).is_some_and(|method| {
        !matches!(method, PaymentMethod::GiftCard { .. }) && original(order) != Some(method.id())
    })
}

fn same_payment(now: &Situation<'_>) -> bool {
    now.call.name == "modify_pending_order_payment"
        && order(now).is_some_and(|order| {
            original(order).is_some() && original(order) == now.call.text("payment_method_id")
        })
}

fn overdrawn(now: &Situation<'_>) -> bool {
    let world = world_of(now.world);
    let Some(order) = order_of(world, now.call) else {
        return false;
    };
    let due = match now.call.name.as_str() {
        // A method that pays already owes nothing more: that wish breaks another rule.
        "modify_pending_order_payment" if !same_payment(now) => {
            order.payment_history.first().map(|paid| paid.amount)
        }
        "modify_pending_order_items" | "exchange_delivered_order_items" => {
            difference(world, order, now.call)
        }
        _ => None,
    };
    matches!(
        (method(world, order, now.call), due),
        (Some(PaymentMethod::GiftCard { balance, .. }), Some(due)) if *balance < due
    )
}

/// Items of a call with what each becomes; nothing for one that names no item of the order.
fn pairs<'a>(
    world: &'a World,
    order: &'a Order,
    call: &PlannedCall,
) -> Vec<Option<(&'a super::super::state::OrderItem, &'a Variant)>> {
    let list = |key: &str| -> Vec<String> {
        let list = call.arguments.get(key).and_then(Value::as_list);
        let texts = list.unwrap_or_default().iter().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    };
    let find = |(old, new): (String, String)| {
        let item = order.items.iter().find(|item| *item.item_id == *old)?;
        let product = world.product(&item.product_id)?;
        let new = product.variants.iter().find(|v| *v.item_id == *new)?;
        Some((item, new))
    };
    let (old, new) = (list("item_ids"), list("new_item_ids"));
    old.into_iter().zip(new).map(find).collect()
}

fn difference(world: &World, order: &Order, call: &PlannedCall) -> Option<f64> {
    let pairs: Option<Vec<_>> = pairs(world, order, call).into_iter().collect();
    Some(
        pairs?
            .into_iter()
            .map(|(item, new)| new.price - item.price)
            .sum(),
    )
}

fn unavailable(now: &Situation<'_>) -> bool {
    let replaces = matches!(
        now.call.name.as_str(),
        "modify_pending_order_items" | "exchange_delivered_order_items"
    );
    let world = world_of(now.world);
    replaces
        && order_of(world, now.call).is_some_and(|order| {
            pairs(world, order, now.call).into_iter().any(|pair| {
                pair.is_none_or(|(item, new)| !new.available || new.item_id == item.item_id)
            })
        })
}
