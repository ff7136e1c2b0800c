//! Writes that a world affords a person: every part chosen so that policy and tool allow it.

use std::sync::Arc;

use proto::record::{Actor, Goal, PlannedCall, Slot, Source, Visibility, Wish};
use proto::seed::Rng;

use crate::environment::Environment;

use super::super::state::{
    Address, Order, OrderItem, PaymentMethod, Product, Status, Variant, World,
};
use super::choice::{Choice, REASONS, bears, form_name, original, slots_of, sole_payment};
use super::query::pinned;
use super::reads;
use super::said::Said;
use super::speak::{self, Spoken};
use super::view::View;

/// How many times a choice is drawn before a person counts as having none.
const TRIES: usize = 3;
/// At most so many items in one goal, unless it is all of them.
const MOST_ITEMS: usize = 2;
/// How often all items of an order are returned at once.
const ALL_SHARE: f64 = 0.3;

/// A goal with this tool, everything said at the opening.
pub(super) fn afford(view: &View<'_>, tool: &str, rng: &mut Rng) -> Option<Goal> {
    let tool = form_name(tool)?;
    let wanted = Wanted::lawful(view, tool);
    (0..TRIES).find_map(|_| {
        let draft = draft(view, tool, &wanted, rng)?;
        draft.goal(view, tool).filter(|goal| sound(view, goal))
    })
}

/// Whether a goal is what it must be: pinned down by what is said, accepted, and with an effect.
pub(super) fn sound(view: &View<'_>, goal: &Goal) -> bool {
    pinned(view, goal)
        && goal
            .wish
            .call()
            .is_some_and(|call| effect(view.world, call).is_some())
}

/// The world after a call that is accepted and changes it.
pub(super) fn effect(world: &World, call: &PlannedCall) -> Option<World> {
    let mut after = world.clone();
    let seen = after.call(Actor::Assistant, &call.name, &call.arguments);
    (!seen.error && after.state_id() != world.state_id()).then_some(after)
}

/// A choice and its slots.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    /// The parts.
    pub(super) choice: Choice<'a>,
    /// The parts as they are said.
    pub(super) slots: Vec<Slot>,
}

impl<'a> Draft<'a> {
    /// A draft with nothing in it.
    pub(super) fn new() -> Self {
        Self {
            choice: Choice::default(),
            slots: Vec::new(),
        }
    }

    /// Adds the slot `name`, whose part the choice already holds, said at the opening.
    pub(super) fn say(&mut self, name: &str, source: Source, says: &[Said<'_>]) -> Option<()> {
        let value = self.choice.value(name)?;
        let slot = speak::slot(name, value, source, says, Visibility::Opening);
        self.slots.push(slot);
        Some(())
    }

    /// The goal, once every slot is there.
    pub(super) fn goal(self, view: &View<'_>, tool: &str) -> Option<Goal> {
        let call = self.choice.call(view, tool)?;
        let reads = reads::of_write(view, &self.choice, &self.slots);
        Some(Goal {
            wish: Wish::Write(call),
            slots: self.slots,
            reads,
        })
    }
}

/// What a draft is drawn from.
#[derive(Debug)]
pub(super) struct Wanted<'a, 'k> {
    /// Orders it may be about.
    pub(super) orders: Vec<&'a Arc<Order>>,
    /// Whether a method of the person may be used.
    pub(super) pays: fn(&str, &Choice<'_>, &PaymentMethod) -> bool,
    /// Whether a variant may be asked for.
    pub(super) becomes: fn(&Variant) -> bool,
    /// Slots taken over as they are.
    pub(super) keep: &'k [Slot],
}

impl<'a> Wanted<'a, '_> {
    /// Whatever policy and tool allow.
    pub(super) fn lawful(view: &View<'a>, tool: &str) -> Self {
        Self {
            orders: eligible(view, tool),
            pays: payable,
            becomes: |new| new.available,
            keep: &[],
        }
    }
}

/// Draws every part that is not kept.
pub(super) fn draft<'a>(
    view: &View<'a>,
    tool: &'static str,
    wanted: &Wanted<'a, '_>,
    rng: &mut Rng,
) -> Option<Draft<'a>> {
    let mut draft = Draft::new();
    for &name in slots_of(tool) {
        if let Some(kept) = wanted.keep.iter().find(|slot| slot.name == name) {
            draft.choice.restore(view, kept)?;
            draft.slots.push(kept.clone());
            continue;
        }
        match name {
            "order" => {
                let order = *rng.pick(&wanted.orders)?;
                draft.choice.order = Some(order);
                let (source, says) = speak::order(view, order, rng);
                draft.say("order", source, &says)?;
            }
            "items" => items(view, tool, wanted, &mut draft, rng)?,
            "new_items" => new_items(view, &mut draft, false, |product, item, index| {
                speak::replacement(product, item, index, wanted.becomes, rng)
            })?,
            "payment" => payment(view, tool, &mut draft, wanted.pays, 1, rng)?,
            "reason" => reason(&mut draft, REASONS[rng.below(REASONS.len())])?,
            _ => {
                let present = present_address(view, draft.choice.order);
                let to = speak::address(view, present, rng)?;
                address(&mut draft, to)?;
            }
        }
    }
    Some(draft)
}

/// The address that a goal would replace.
pub(super) fn present_address<'a>(view: &View<'a>, order: Option<&'a Arc<Order>>) -> &'a Address {
    order.map_or(&view.user.address, |order| &order.address)
}

/// Orders of the person on which policy and tool allow this write.
///
/// Beyond the policy, orders whose money has moved more than once are left out where the
/// benchmark's arithmetic then refunds refunds.
pub(super) fn eligible<'a>(view: &View<'a>, tool: &str) -> Vec<&'a Arc<Order>> {
    let status = match tool {
        "return_delivered_order_items" | "exchange_delivered_order_items" => Status::Delivered,
        _ => Status::Pending,
    };
    let mut orders = view.in_status(status);
    orders.retain(|order| match tool {
        "cancel_pending_order" | "return_delivered_order_items" => sole_payment(order).is_some(),
        "modify_pending_order_payment" => {
            sole_payment(order).is_some()
                && view
                    .user
                    .payment_methods
                    .iter()
                    .any(|method| payable(tool, &Choice::of(order), method))
        }
        _ => true,
    });
    orders
}

/// Whether policy and tool let this method be used for the write.
pub(super) fn payable(tool: &str, choice: &Choice<'_>, method: &PaymentMethod) -> bool {
    let Some(order) = choice.order else {
        return false;
    };
    let first = original(order) == Some(method.id());
    match tool {
        "modify_pending_order_payment" => {
            let amount = order
                .payment_history
                .first()
                .map_or(0.0, |paid| paid.amount);
            !first && bears(method, amount)
        }
        "return_delivered_order_items" => first || matches!(method, PaymentMethod::GiftCard { .. }),
        _ => bears(method, choice.difference()),
    }
}

fn items<'a>(
    view: &View<'a>,
    tool: &str,
    wanted: &Wanted<'a, '_>,
    draft: &mut Draft<'a>,
    rng: &mut Rng,
) -> Option<()> {
    let order = draft.choice.order?;
    let count = order.items.len();
    if tool == "return_delivered_order_items" && count > 1 && rng.chance(ALL_SHARE) {
        draft.choice.places = (0..count).collect();
        return draft.say("items", speak::read("get_order_details"), &[Said::ItemsAll]);
    }
    let mut places: Vec<usize> = match tool {
        "return_delivered_order_items" => (0..count).collect(),
        _ => (0..count)
            .filter(|&at| replaceable(view, order, at, wanted.becomes))
            .collect(),
    };
    if places.is_empty() {
        return None;
    }
    let most = match tool {
        "modify_pending_order_items" => 1,
        _ => MOST_ITEMS.min(places.len()),
    };
    let wanted = if most > 1 && rng.chance(0.35) {
        most
    } else {
        1
    };
    rng.shuffle(&mut places);
    places.truncate(wanted);
    places.sort_unstable();
    let says = speak::items(order, &places)?;
    draft.choice.places = places;
    draft.say("items", speak::read("get_order_details"), &says)
}

/// Whether the item's product has another variant of this kind.
pub(super) fn replaceable(
    view: &View<'_>,
    order: &Order,
    at: usize,
    becomes: fn(&Variant) -> bool,
) -> bool {
    let item = &order.items[at];
    view.world.product(&item.product_id).is_some_and(|product| {
        let mut others = product.variants.iter();
        others.any(|new| becomes(new) && new.item_id != item.item_id)
    })
}

/// Gives each chosen item one to become, which `choose` finds by product, item and place. If `vague`,
/// what is said of it begins with only that another one is wanted.
pub(super) fn new_items<'a>(
    view: &View<'a>,
    draft: &mut Draft<'a>,
    vague: bool,
    mut choose: impl FnMut(&'a Product, &OrderItem, usize) -> Option<Spoken<'a, &'a Variant>>,
) -> Option<()> {
    let order = draft.choice.order?;
    let places = draft.choice.places.clone();
    let mut source = speak::read("get_product_details");
    let mut says = Vec::new();
    for (index, at) in places.into_iter().enumerate() {
        let item = &order.items[at];
        let product = view.world.product(&item.product_id)?;
        let new = choose(product, item, index)?;
        if matches!(new.source, Source::Pick(_)) {
            source = new.source;
        }
        draft.choice.new.push(new.value);
        if vague {
            says.push(Said::NewAny(index));
        }
        says.extend(new.says);
    }
    draft.say("new_items", source, &says)
}

/// Sets a payment method, one of at least `least` that may be used.
pub(super) fn payment<'a>(
    view: &View<'a>,
    tool: &str,
    draft: &mut Draft<'a>,
    pays: fn(&str, &Choice<'_>, &PaymentMethod) -> bool,
    least: usize,
    rng: &mut Rng,
) -> Option<()> {
    let among: Vec<&PaymentMethod> = view
        .user
        .payment_methods
        .iter()
        .filter(|method| pays(tool, &draft.choice, method))
        .collect();
    if among.len() < least {
        return None;
    }
    let method = *rng.pick(&among)?;
    draft.choice.payment = Some(method);
    let (source, says) = speak::payment(view, tool, &draft.choice, method, rng)?;
    draft.say("payment", source, &says)
}

/// Sets the reason of a cancellation.
pub(super) fn reason(draft: &mut Draft<'_>, reason: &str) -> Option<()> {
    draft.choice.reason = Some(reason.to_owned());
    draft.say("reason", Source::Known, &[Said::ReasonIs(reason)])
}

/// Sets the new address.
pub(super) fn address(draft: &mut Draft<'_>, to: Spoken<'_, Address>) -> Option<()> {
    draft.choice.address = Some(to.value.clone());
    let full = [Said::full(&to.value)];
    let says = if to.says.is_empty() {
        &full[..]
    } else {
        &to.says
    };
    draft.say("address", to.source, says)
}
