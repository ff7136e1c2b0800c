//! Lists of item ids, their replacements, and changing the items of a pending order.

use std::borrow::Cow;
use std::sync::Arc;

use super::super::object::Object;
use super::super::python::round_cents;
use super::super::refusal::Refusal;
use super::super::state::{Order, OrderItem, Payment, Status, TransactionType, Variant, World};
use super::money::{self, MethodPlace};
use super::{order_place, show_order};

/// The named items, all in the order and none more often than there; otherwise `refuse` of the
/// first that is not.
///
/// A text counts as the list of its letters, an empty dict as an empty list.
pub(super) fn named<'g, 'a>(
    order: &Order,
    item_ids: &'g Object<'a>,
    refuse: impl Fn(&Object<'_>) -> Refusal,
) -> Result<Cow<'g, [Object<'a>]>, Refusal> {
    let ids = item_ids.elements()?;
    if matches!(item_ids, Object::Dict(_)) && !ids.is_empty() {
        return Err(Refusal::python("'dict' object has no attribute 'count'"));
    }
    for id in ids.iter() {
        // What is not a text is in no order.
        let Object::Str(text) = id else {
            return Err(refuse(id));
        };
        let wanted = ids
            .iter()
            .filter(|other| matches!(other, Object::Str(other) if other == text))
            .count();
        if wanted
            > order
                .items
                .iter()
                .filter(|item| *item.item_id == **text)
                .count()
        {
            return Err(refuse(id));
        }
    }
    Ok(ids)
}

/// The item of the order with this id, the first if there are several.
fn position(order: &Order, id: &Object<'_>) -> Result<usize, Refusal> {
    let found = match id {
        Object::Str(text) => order.items.iter().position(|item| *item.item_id == **text),
        _ => None,
    };
    found.ok_or_else(|| {
        let mut text = "Item ".to_owned();
        id.push_text(&mut text);
        text.push_str(" not found");
        text.into()
    })
}

/// Replacements of named items, and what they cost together.
pub(super) struct Swap {
    /// Ids as the world holds them: old, new.
    pub pairs: Vec<(Arc<str>, Arc<str>)>,
    /// The last replacement.
    pub last: Option<Variant>,
    /// Sum of new prices less old ones, unrounded.
    pub difference: f64,
}

/// Checks each pair: the new item belongs to the old one's product and can be bought.
fn swap(
    world: &World,
    order: &Order,
    old: &[Object<'_>],
    new: &[Object<'_>],
    may_stay: bool,
) -> Result<Swap, Refusal> {
    let mut swap = Swap {
        pairs: Vec::with_capacity(old.len()),
        last: None,
        difference: 0.0,
    };
    for (index, (old_id, new_id)) in old.iter().zip(new).enumerate() {
        if !may_stay && old_id == new_id {
            return Err("The new item id should be different from the old item id".into());
        }
        let item = &order.items[position(order, old_id)?];
        let variant = variant(world, item, new_id)?;
        if !variant.available {
            return Err(format!("New item {} not found or available", variant.item_id).into());
        }
        swap.difference += variant.price - item.price;
        swap.pairs
            .push((item.item_id.clone(), variant.item_id.clone()));
        if index + 1 == old.len() {
            swap.last = Some(variant.clone());
        }
    }
    Ok(swap)
}

fn variant<'w>(
    world: &'w World,
    item: &OrderItem,
    id: &Object<'_>,
) -> Result<&'w Variant, Refusal> {
    let product = world.product(&item.product_id).ok_or("Product not found")?;
    let id = id.key()?.ok_or("Variant not found")?;
    product
        .variants
        .iter()
        .find(|variant| &*variant.item_id == id)
        .ok_or_else(|| "Variant not found".into())
}

/// What tells one tool that swaps items from another: the status it needs, and how it refuses.
pub(super) struct Terms {
    /// The status the order must have.
    pub status: Status,
    /// Said where it has another.
    pub barred: &'static str,
    /// Said of an item that is not in the order.
    pub unknown: fn(&Object<'_>) -> Refusal,
    /// Said where there are more or fewer new items than old ones.
    pub uneven: &'static str,
    /// Whether an item may be swapped for itself.
    pub may_stay: bool,
    /// Whether the price difference counts in whole cents.
    pub in_cents: bool,
    /// Said where a gift card does not hold the price difference.
    pub poor: &'static str,
}

/// A swap that may be made.
pub(super) struct Agreed {
    /// Place of the order.
    pub place: u32,
    /// What is swapped.
    pub swap: Swap,
    /// Sum of new prices less old ones, as the terms count it.
    pub difference: f64,
    /// What pays for it, or is paid.
    pub method: MethodPlace,
}

/// Everything that a tool checks before it swaps items, in the benchmark's order.
pub(super) fn agree(
    world: &World,
    terms: &Terms,
    [id, item_ids, new_item_ids, method_id]: [&Object<'_>; 4],
) -> Result<Agreed, Refusal> {
    let place = order_place(world, id)?;
    let order = world.order_at(place);
    if order.status != terms.status {
        return Err(terms.barred.into());
    }
    let old = named(order, item_ids, terms.unknown)?;
    let new = new_item_ids.sized_elements()?;
    if old.len() != new.len() {
        return Err(terms.uneven.into());
    }
    let swap = swap(world, order, &old, &new, terms.may_stay)?;
    let difference = if terms.in_cents {
        round_cents(swap.difference)
    } else {
        swap.difference
    };
    let method = money::method(world, &order.user_id, method_id)?;
    if money::balance(world, method).is_some_and(|balance| balance < difference) {
        return Err(terms.poor.into());
    }
    Ok(Agreed {
        place,
        swap,
        difference,
        method,
    })
}

const MODIFY: Terms = Terms {
    status: Status::Pending,
    barred: "Non-pending order cannot be modified",
    unknown: |id| {
        let mut text = String::new();
        id.push_text(&mut text);
        text.push_str(" not found");
        text.into()
    },
    uneven: "The number of items to be exchanged should match",
    may_stay: false,
    in_cents: false,
    poor: "Insufficient gift card balance to pay for the new item",
};

pub(super) fn modify(world: &mut World, given: [&Object<'_>; 4]) -> Result<String, Refusal> {
    let Agreed {
        place,
        swap,
        difference,
        method,
    } = agree(world, &MODIFY, given)?;
    let payment = Payment {
        transaction_type: if difference > 0.0 {
            TransactionType::Payment
        } else {
            TransactionType::Refund
        },
        amount: difference.abs(),
        payment_method_id: world.method_at(method).id().clone(),
    };
    money::add(world, method, -difference);
    let order = world.order_mut(place);
    order.payment_history.push(payment);
    replace(order, &swap)?;
    order.status = Status::PendingItemModified;
    Ok(show_order(order))
}

/// Puts the new items in. Every one of them gets price and options of the *last*: the benchmark
/// does so, and its results depend on it.
fn replace(order: &mut Order, swap: &Swap) -> Result<(), Refusal> {
    let Some(last) = &swap.last else {
        return Ok(());
    };
    for (old_id, new_id) in &swap.pairs {
        let at = position(order, &Object::Str(old_id))?;
        let item = &mut order.items[at];
        item.item_id = new_id.clone();
        item.price = last.price;
        item.options.clone_from(&last.options);
    }
    Ok(())
}
