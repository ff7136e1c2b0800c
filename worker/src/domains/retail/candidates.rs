//! How an agent names the candidates it offers to choose from: by id, with a few words beside it.

use proto::record::{PlannedCall, Value};

use super::state::{PaymentMethod, World};

/// Slots that an opening can keep back.
pub(super) const HIDEABLE: [(&str, &str); 17] = [
    ("cancel_pending_order", "order"),
    ("cancel_pending_order", "reason"),
    ("modify_pending_order_address", "order"),
    ("modify_pending_order_address", "address"),
    ("modify_pending_order_payment", "order"),
    ("modify_pending_order_payment", "payment"),
    ("modify_pending_order_items", "order"),
    ("modify_pending_order_items", "items"),
    ("modify_pending_order_items", "new_items"),
    ("return_delivered_order_items", "order"),
    ("return_delivered_order_items", "items"),
    ("return_delivered_order_items", "payment"),
    ("exchange_delivered_order_items", "order"),
    ("exchange_delivered_order_items", "items"),
    ("exchange_delivered_order_items", "new_items"),
    ("exchange_delivered_order_items", "payment"),
    ("modify_user_address", "address"),
];

/// A slot's value in a call, named by id and in words.
pub(super) fn candidate(world: &World, call: &PlannedCall, slot: &str) -> Option<String> {
    match slot {
        "order" => order(world, call.text("order_id")?),
        "items" => items(world, call.arguments.get("item_ids")?),
        "new_items" => items(world, call.arguments.get("new_item_ids")?),
        "payment" => payment(world, call),
        "reason" => call.text("reason").map(str::to_owned),
        "address" => Some(format!(
            "{}, {}",
            call.text("address1")?,
            call.text("city")?
        )),
        _ => None,
    }
}

fn order(world: &World, id: &str) -> Option<String> {
    let order = world.order(id)?;
    let names: Vec<&str> = order.items.iter().map(|item| &*item.name).collect();
    Some(format!("{id} ({})", names.join(", ")))
}

fn items(world: &World, ids: &Value) -> Option<String> {
    let name = |id: &Value| {
        let (product, variant) = world.variant(id.as_str()?)?;
        let options: Vec<&str> = variant.options.iter().map(|(_, value)| &**value).collect();
        Some(format!(
            "{} {} ({})",
            product.name,
            variant.item_id,
            options.join(", ")
        ))
    };
    let named: Option<Vec<String>> = ids.as_list()?.iter().map(name).collect();
    named.map(|named| named.join(" with "))
}

fn payment(world: &World, call: &PlannedCall) -> Option<String> {
    let id = call.text("payment_method_id")?;
    let owner = world.order(call.text("order_id")?)?.user_id.clone();
    let method = world
        .user(&owner)?
        .payment_methods
        .iter()
        .find(|method| &**method.id() == id)?;
    Some(match method {
        PaymentMethod::CreditCard { last_four, .. } => {
            format!("the credit card ending in {last_four} ({id})")
        }
        PaymentMethod::GiftCard { .. } => format!("the gift card ({id})"),
        PaymentMethod::Paypal { .. } => format!("the PayPal account ({id})"),
    })
}
