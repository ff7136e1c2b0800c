//! Writes whose opening fits several outcomes: one slot is kept back until the agent asks.

use std::sync::Arc;

use proto::ids::StateId;
use proto::record::{Goal, PlannedCall, Slot, Visibility};
use proto::seed::Rng;

use crate::environment::Environment;

use super::super::state::Order;
use super::choice::{REASONS, form_name, slots_of};
use super::query::{bind, opening};
use super::said::Said;
use super::speak;
use super::view::View;
use super::write::{
    self, Draft, address, effect, eligible, payable, present_address, reason, replaceable, sound,
};

/// How many times a choice is drawn before a person counts as having none.
const TRIES: usize = 4;
/// At most so many outcomes: more is vagueness, not ambiguity.
const MOST_OUTCOMES: usize = 12;
/// At most so many calls are tried.
const MOST_TRIED: usize = 32;

/// A goal with this tool whose slot `hide` is kept back.
pub(super) fn afford(view: &View<'_>, tool: &str, hide: &str, rng: &mut Rng) -> Option<Goal> {
    let tool = form_name(tool)?;
    if !slots_of(tool).contains(&hide) {
        return None;
    }
    (0..TRIES).find_map(|_| {
        let draft = draft(view, tool, hide, rng)?;
        let goal = draft.goal(view, tool)?;
        (sound(view, &goal) && ambiguous(view, &goal)).then_some(goal)
    })
}

/// Whether what the opening says fits at least two calls that are accepted and end differently, and
/// not too many.
pub(super) fn ambiguous(view: &View<'_>, goal: &Goal) -> bool {
    let Some(call) = goal.wish.call() else {
        return false;
    };
    let calls = bind(view, &call.name, &goal.slots, opening);
    (2..=MOST_TRIED).contains(&calls.len())
        && (2..=MOST_OUTCOMES).contains(&outcomes(view, &calls).len())
}

/// The different states that calls end in; those refused or without effect count for nothing.
fn outcomes(view: &View<'_>, calls: &[PlannedCall]) -> Vec<StateId> {
    let mut ends = Vec::new();
    for after in calls.iter().filter_map(|call| effect(view.world, call)) {
        let end = after.state_id();
        if !ends.contains(&end) {
            ends.push(end);
        }
    }
    ends
}

fn draft<'a>(view: &View<'a>, tool: &'static str, hide: &str, rng: &mut Rng) -> Option<Draft<'a>> {
    let mut draft = Draft::new();
    let orders = eligible(view, tool);
    for slot in slots_of(tool) {
        let hidden = *slot == hide;
        match *slot {
            "order" => order(view, &orders, &mut draft, hidden, rng)?,
            "items" => match hide {
                "order" => shared_items(view, tool, &orders, &mut draft, rng)?,
                _ => items(view, tool, &mut draft, hidden, rng)?,
            },
            "new_items" => new_items(view, &mut draft, hide, rng)?,
            // With a single method there is nothing to ask.
            "payment" => {
                let least = if hidden { 2 } else { 1 };
                write::payment(view, tool, &mut draft, payable, least, rng)?;
            }
            "reason" => {
                reason(&mut draft, REASONS[rng.below(REASONS.len())])?;
            }
            _ => {
                let present = present_address(view, draft.choice.order);
                let known = speak::known_addresses(view, present);
                let to = match hidden {
                    true => rng.pick(&known)?.clone(),
                    false => speak::address(view, present, rng)?,
                };
                address(&mut draft, to)?;
            }
        }
        if hidden {
            keep_back(draft.slots.last_mut()?);
        }
    }
    Some(draft)
}

/// Makes everything said so far of a slot an answer to a question.
pub(super) fn keep_back(slot: &mut Slot) {
    for said in &mut slot.says {
        if !matches!(
            Said::read(said),
            Some(Said::ItemsCount(_) | Said::NewAny(_))
        ) {
            said.visibility = Visibility::OnRequest;
        }
    }
}

fn order<'a>(
    view: &View<'a>,
    among: &[&'a Arc<Order>],
    draft: &mut Draft<'a>,
    hidden: bool,
    rng: &mut Rng,
) -> Option<()> {
    if hidden && among.len() < 2 {
        return None;
    }
    let order = *rng.pick(among)?;
    draft.choice.order = Some(order);
    let (source, says) = speak::order(view, order, rng);
    draft.say("order", source, &says)
}

/// Items said in words that fit another order as well.
fn shared_items<'a>(
    view: &View<'a>,
    tool: &str,
    orders: &[&'a Arc<Order>],
    draft: &mut Draft<'a>,
    rng: &mut Rng,
) -> Option<()> {
    let order = draft.choice.order?;
    let elsewhere = |name: &str| {
        orders.iter().any(|other| {
            other.order_id != order.order_id && other.items.iter().any(|item| &*item.name == name)
        })
    };
    let shared: Vec<usize> = (0..order.items.len())
        .filter(|&at| elsewhere(&order.items[at].name))
        .filter(|&at| {
            tool == "return_delivered_order_items"
                || replaceable(view, order, at, |new| new.available)
        })
        .collect();
    let source = speak::read("get_order_details");
    if let Some(&at) = rng.pick(&shared) {
        let says = speak::items(order, &[at])?;
        draft.choice.places = vec![at];
        return draft.say("items", source, &says);
    }
    if tool == "modify_pending_order_items" && order.items.len() > 1 {
        return None;
    }
    draft.choice.places = (0..order.items.len()).collect();
    draft.say("items", source, &[Said::ItemsAll])
}

fn items<'a>(
    view: &View<'a>,
    tool: &str,
    draft: &mut Draft<'a>,
    hidden: bool,
    rng: &mut Rng,
) -> Option<()> {
    let order = draft.choice.order?;
    let mut places: Vec<usize> = (0..order.items.len())
        .filter(|&at| {
            tool == "return_delivered_order_items"
                || replaceable(view, order, at, |new| new.available)
        })
        .collect();
    let most = match tool {
        "return_delivered_order_items" if places.len() > 2 && rng.chance(0.3) => 2,
        _ => 1,
    };
    rng.shuffle(&mut places);
    places.truncate(most);
    places.sort_unstable();
    if places.is_empty() {
        return None;
    }
    let mut says = speak::items(order, &places)?;
    if hidden {
        says.insert(0, Said::ItemsCount(places.len()));
    }
    draft.choice.places = places;
    draft.say("items", speak::read("get_order_details"), &says)
}

fn new_items<'a>(view: &View<'a>, draft: &mut Draft<'a>, hide: &str, rng: &mut Rng) -> Option<()> {
    // One word for all of them: what is said must fit whatever is kept back.
    let dear = rng.chance(0.3);
    let by_price = match hide {
        "order" | "items" => draft.choice.places.len() > 1 || rng.chance(0.7),
        _ => false,
    };
    let vague = hide == "new_items";
    write::new_items(view, draft, vague, |product, item, index| match by_price {
        true => speak::by_price(product, item, index, dear),
        false => speak::replacement(product, item, index, |new| new.available, rng),
    })
}
