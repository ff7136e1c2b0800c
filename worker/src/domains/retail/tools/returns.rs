//! Sending delivered items back, for others or for the money.

use std::sync::Arc;

use super::super::object::Object;
use super::super::refusal::Refusal;
use super::super::state::{PriceDifference, Status, World};
use super::items::{Agreed, Terms, agree, named};
use super::{money, order_place, show_order};

const EXCHANGE: Terms = Terms {
    status: Status::Delivered,
    barred: "Non-delivered order cannot be exchanged",
    unknown: |id| {
        let mut text = "Number of ".to_owned();
        id.push_text(&mut text);
        text.push_str(" not found.");
        text.into()
    },
    uneven: "The number of items to be exchanged should match.",
    may_stay: true,
    in_cents: true,
    poor: "Insufficient gift card balance to pay for the price difference",
};

pub(super) fn exchange(world: &mut World, given: [&Object<'_>; 4]) -> Result<String, Refusal> {
    let Agreed {
        place,
        swap,
        difference,
        method,
    } = agree(world, &EXCHANGE, given)?;
    let method_id = world.method_at(method).id().clone();
    let nothing = swap.pairs.is_empty();
    let (old, new): (Vec<Arc<str>>, Vec<Arc<str>>) = swap.pairs.into_iter().unzip();
    let order = world.order_mut(place);
    order.status = Status::ExchangeRequested;
    order.exchange_items = Some(sorted(old));
    order.exchange_new_items = Some(sorted(new));
    order.exchange_payment_method_id = Some(method_id);
    order.exchange_price_difference = Some(if nothing {
        PriceDifference::Nothing
    } else {
        PriceDifference::Dollars(difference)
    });
    Ok(show_order(order))
}

pub(super) fn give_back(
    world: &mut World,
    id: &Object<'_>,
    item_ids: &Object<'_>,
    method_id: &Object<'_>,
) -> Result<String, Refusal> {
    let place = order_place(world, id)?;
    let order = world.order_at(place);
    if order.status != Status::Delivered {
        return Err("Non-delivered order cannot be returned".into());
    }
    let method = money::method(world, &order.user_id, method_id)?;
    let method_id = world.method_at(method).id().clone();
    if money::balance(world, method).is_none() {
        let paid = order
            .payment_history
            .first()
            .ok_or_else(|| Refusal::python("list index out of range"))?;
        if paid.payment_method_id != method_id {
            return Err("Payment method should be the original payment method".into());
        }
    }
    let given = named(order, item_ids, |_| "Some item not found".into())?;
    let back = given
        .iter()
        .filter_map(|id| match id {
            Object::Str(id) => Some(Arc::from(*id)),
            _ => None,
        })
        .collect();
    let order = world.order_mut(place);
    order.status = Status::ReturnRequested;
    order.return_items = Some(sorted(back));
    order.return_payment_method_id = Some(method_id);
    Ok(show_order(order))
}

fn sorted(mut ids: Vec<Arc<str>>) -> Vec<Arc<str>> {
    ids.sort_unstable();
    ids
}
