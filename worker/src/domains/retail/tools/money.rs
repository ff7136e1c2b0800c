//! Payment methods; cancelling an order; paying for it in another way.

use std::sync::Arc;

use super::super::object::Object;
use super::super::python::round_cents;
use super::super::refusal::Refusal;
use super::super::state::{Payment, PaymentMethod, Status, TransactionType, World};
use super::{order_place, show_order};

/// A payment method by the place of its user and its index there.
pub(super) type MethodPlace = (u32, usize);

const NO_METHOD: &str = "Payment method not found";

/// The method of this user with this id.
pub(super) fn method(
    world: &World,
    user_id: &str,
    id: &Object<'_>,
) -> Result<MethodPlace, Refusal> {
    let &place = world.base.user_at.get(user_id).ok_or("User not found")?;
    let Some(id) = id.key()? else {
        return Err(NO_METHOD.into());
    };
    let index = world
        .user_at(place)
        .payment_methods
        .iter()
        .position(|method| &**method.id() == id);
    Ok((place, index.ok_or(NO_METHOD)?))
}

/// What is left on it, if it is a gift card.
pub(super) fn balance(world: &World, place: MethodPlace) -> Option<f64> {
    match world.method_at(place) {
        PaymentMethod::GiftCard { balance, .. } => Some(*balance),
        PaymentMethod::CreditCard { .. } | PaymentMethod::Paypal { .. } => None,
    }
}

/// Adds to a gift card and rounds to cents; other methods hold no money here.
pub(super) fn add(world: &mut World, place: MethodPlace, amount: f64) {
    if balance(world, place).is_none() {
        return;
    }
    if let PaymentMethod::GiftCard { balance, .. } =
        &mut world.user_mut(place.0).payment_methods[place.1]
    {
        *balance = round_cents(*balance + amount);
    }
}

pub(super) fn cancel(
    world: &mut World,
    id: &Object<'_>,
    reason: &Object<'_>,
) -> Result<String, Refusal> {
    let place = order_place(world, id)?;
    let order = world.order_at(place).clone();
    if order.status != Status::Pending {
        return Err("Non-pending order cannot be cancelled".into());
    }
    let reason: Arc<str> = match reason.key()? {
        Some(reason @ ("no longer needed" | "ordered by mistake")) => reason.into(),
        _ => return Err("Invalid reason".into()),
    };
    // Money goes back payment by payment: a method that is not there stops the cancellation, and
    // what was returned before it stays returned.
    let mut refunds = Vec::with_capacity(order.payment_history.len());
    for payment in &order.payment_history {
        let method = method(
            world,
            &order.user_id,
            &Object::Str(&payment.payment_method_id),
        )?;
        add(world, method, payment.amount);
        refunds.push(Payment {
            transaction_type: TransactionType::Refund,
            ..payment.clone()
        });
    }
    drop(order);
    let order = world.order_mut(place);
    order.status = Status::Cancelled;
    order.cancel_reason = Some(reason);
    order.payment_history.extend(refunds);
    Ok(show_order(order))
}

pub(super) fn change_payment(
    world: &mut World,
    id: &Object<'_>,
    method_id: &Object<'_>,
) -> Result<String, Refusal> {
    let place = order_place(world, id)?;
    let order = world.order_at(place);
    if !matches!(order.status, Status::Pending | Status::PendingItemModified) {
        return Err("Non-pending order cannot be modified".into());
    }
    let user_id = order.user_id.clone();
    let chosen = method(world, &user_id, method_id)?;
    let [
        Payment {
            transaction_type: TransactionType::Payment,
            amount,
            payment_method_id: old_id,
        },
    ] = order.payment_history.as_slice()
    else {
        return Err("There should be exactly one payment for a pending order".into());
    };
    let (amount, old_id, new_id) = (
        *amount,
        old_id.clone(),
        world.method_at(chosen).id().clone(),
    );
    if old_id == new_id {
        return Err("The new payment method should be different from the current one".into());
    }
    if balance(world, chosen).is_some_and(|balance| balance < amount) {
        return Err("Insufficient gift card balance to pay for the order".into());
    }
    world.order_mut(place).payment_history.extend([
        Payment {
            transaction_type: TransactionType::Payment,
            amount,
            payment_method_id: new_id,
        },
        Payment {
            transaction_type: TransactionType::Refund,
            amount,
            payment_method_id: old_id.clone(),
        },
    ]);
    add(world, chosen, -amount);
    // The old method may be unknown to the user; what was booked above stays booked.
    let old = method(world, &user_id, &Object::Str(&old_id))?;
    add(world, old, amount);
    Ok(show_order(world.order_at(place)))
}
