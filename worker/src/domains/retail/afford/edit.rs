//! One fact of a world changed, consistently: what makes a blocked wish allowed, or the reverse.

use std::sync::Arc;

use super::super::state::{
    Fulfillment, Order, Payment, PaymentMethod, Product, Status, User, World,
};

fn order(world: &mut World, id: &str, change: impl FnOnce(&mut Order)) -> Option<()> {
    let place = *world.base.order_at.get(id)?;
    let mut changed = Order::clone(world.order_at(place));
    change(&mut changed);
    world.orders.insert(place, Arc::new(changed));
    Some(())
}

fn user(world: &mut World, id: &str, change: impl FnOnce(&mut User)) -> Option<()> {
    let place = *world.base.user_at.get(id)?;
    let mut changed = User::clone(world.user_at(place));
    change(&mut changed);
    world.users.insert(place, Arc::new(changed));
    Some(())
}

/// The order in another status. What was not sent yet has no parcel, what was has one; `tracking` is
/// the number of a parcel that must be made up.
pub(super) fn status(world: &World, id: &str, status: Status, tracking: u64) -> Option<World> {
    let mut next = world.clone();
    order(&mut next, id, |order| {
        order.status = status;
        if matches!(status, Status::Pending | Status::PendingItemModified) {
            order.fulfillments.clear();
        } else if order.fulfillments.is_empty() {
            order.fulfillments.push(Fulfillment {
                tracking_id: vec![format!("{:012}", tracking % 1_000_000_000_000).into()],
                item_ids: order
                    .items
                    .iter()
                    .map(|item| item.item_id.clone())
                    .collect(),
            });
        }
    })?;
    Some(next)
}

/// The order paid for by another method of its owner.
pub(super) fn paid_by(world: &World, id: &str, method: &Arc<str>) -> Option<World> {
    let mut next = world.clone();
    order(&mut next, id, |order| {
        for paid in &mut order.payment_history {
            paid.payment_method_id = Arc::clone(method);
        }
    })?;
    Some(next)
}

/// The gift card with this balance, in dollars.
pub(super) fn balance(world: &World, person: &str, card: &str, dollars: f64) -> Option<World> {
    let mut next = world.clone();
    user(&mut next, person, |user| {
        for method in &mut user.payment_methods {
            if let PaymentMethod::GiftCard { id, balance } = method
                && **id == *card
            {
                *balance = dollars;
            }
        }
    })?;
    Some(next)
}

/// The variant to be had.
pub(super) fn available(world: &World, item_id: &str) -> Option<World> {
    let &(place, variant) = world.base.variant_at.get(item_id)?;
    let mut next = world.clone();
    let mut product = Product::clone(next.product_at(place));
    product.variants[variant as usize].available = true;
    next.products.insert(place, Arc::new(product));
    Some(next)
}

/// The order as `person`'s own, paid by their first method and last in their list.
pub(super) fn owned(world: &World, id: &str, person: &str) -> Option<World> {
    let before = world.order(id)?.user_id.clone();
    let owner = world.user(person)?;
    let (owner_id, method) = (
        owner.user_id.clone(),
        owner.payment_methods.first()?.id().clone(),
    );
    let mut next = world.clone();
    user(&mut next, &before, |user| {
        user.orders.retain(|own| **own != *id)
    })?;
    let moved = world.order(id)?.order_id.clone();
    user(&mut next, person, |user| user.orders.push(moved))?;
    order(&mut next, id, |order| {
        order.user_id = owner_id;
        let pay = |paid: &mut Payment| paid.payment_method_id = method.clone();
        order.payment_history.iter_mut().for_each(pay);
    })?;
    Some(next)
}
