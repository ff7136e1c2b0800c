//! Another goal in place of one, as a person changes their mind.

use proto::record::{Change, Goal, Slot, Trigger, Wish};
use proto::seed::Rng;

use super::choice::{form_name, slots_of};
use super::view::View;
use super::write::{Wanted, draft, eligible, sound};
use crate::domains::Cell;

/// How many times another goal is drawn before there counts as none.
const TRIES: usize = 8;

/// What can be wanted of an order instead, by the status it must have.
const PENDING: [&str; 4] = [
    "cancel_pending_order",
    "modify_pending_order_address",
    "modify_pending_order_payment",
    "modify_pending_order_items",
];
const DELIVERED: [&str; 2] = [
    "return_delivered_order_items",
    "exchange_delivered_order_items",
];

/// Another goal in place of `goal`: another value in one slot, another action on the same order, or
/// the same action on another order.
pub(super) fn vary(view: &View<'_>, goal: &Goal, change: Change, rng: &mut Rng) -> Option<Goal> {
    let Wish::Write(call) = &goal.wish else {
        return None;
    };
    let tool = form_name(&call.name)?;
    (0..TRIES).find_map(|_| {
        let next = match change {
            Change::Slot => another_value(view, tool, goal, rng),
            Change::Action => another_action(view, tool, goal, rng),
            Change::Target => another_target(view, tool, goal, rng),
            Change::Withdrawal | Change::Addition => None,
        }?;
        (next.wish != goal.wish && sound(view, &next)).then_some(next)
    })
}

fn slot<'g>(goal: &'g Goal, name: &str) -> Option<&'g Slot> {
    goal.slots.iter().find(|slot| slot.name == name)
}

/// Draws the goal of `tool` again, with these slots as they are.
fn redraw(
    view: &View<'_>,
    tool: &'static str,
    keep: &[Slot],
    orders: Option<&[&str]>,
    rng: &mut Rng,
) -> Option<Goal> {
    let mut wanted = Wanted {
        keep,
        ..Wanted::lawful(view, tool)
    };
    if let Some(ids) = orders {
        wanted
            .orders
            .retain(|order| ids.contains(&&*order.order_id));
    }
    draft(view, tool, &wanted, rng)?.goal(view, tool)
}

/// Changes one slot other than the order. New items go with their items.
fn another_value(view: &View<'_>, tool: &'static str, goal: &Goal, rng: &mut Rng) -> Option<Goal> {
    let open: Vec<&str> = slots_of(tool)
        .iter()
        .copied()
        .filter(|name| *name != "order" && !(*name == "items" && slot(goal, "new_items").is_some()))
        .collect();
    let changed = *rng.pick(&open)?;
    let keep: Vec<Slot> = goal
        .slots
        .iter()
        .filter(|slot| slot.name != changed)
        .cloned()
        .collect();
    let next = redraw(view, tool, &keep, None, rng)?;
    let differs = |old: &&Slot| slot(&next, &old.name).is_some_and(|new| new.value != old.value);
    (goal.slots.iter().filter(differs).count() == 1).then_some(next)
}

/// Another thing done to the same order; the same items where both take any.
fn another_action(view: &View<'_>, tool: &'static str, goal: &Goal, rng: &mut Rng) -> Option<Goal> {
    let order = slot(goal, "order")?;
    let group: &[&'static str] = if DELIVERED.contains(&tool) {
        &DELIVERED
    } else {
        &PENDING
    };
    let others: Vec<&'static str> = group
        .iter()
        .copied()
        .filter(|other| *other != tool)
        .collect();
    let other = *rng.pick(&others)?;
    let id = order.value.as_str()?;
    if eligible(view, other)
        .iter()
        .all(|found| *found.order_id != *id)
    {
        return None;
    }
    let mut keep = vec![order.clone()];
    if DELIVERED.contains(&other) {
        let few = |items: &&Slot| items.value.as_list().is_some_and(|list| list.len() < 3);
        let items = slot(goal, "items").filter(few);
        keep.extend(items.filter(|items| named_singly(items)).cloned());
    }
    redraw(view, other, &keep, None, rng)
}

/// Whether each item has a descriptor of its own, as an exchange needs.
fn named_singly(items: &Slot) -> bool {
    items
        .says
        .iter()
        .all(|said| said.predicate.starts_with("items.product"))
}

/// The same thing done to another order, and to another item where it is about items.
fn another_target(view: &View<'_>, tool: &'static str, goal: &Goal, rng: &mut Rng) -> Option<Goal> {
    let present = slot(goal, "order")?.value.as_str()?;
    let orders = eligible(view, tool);
    let others: Vec<&str> = orders
        .iter()
        .map(|order| &*order.order_id)
        .filter(|id| *id != present)
        .collect();
    let keep: Vec<Slot> = goal
        .slots
        .iter()
        .filter(|slot| slot.name == "reason" || slot.name == "address")
        .cloned()
        .collect();
    redraw(view, tool, &keep, Some(&others), rng)
}

/// What a change of mind comes to for a goal of `tool`.
///
/// | tools | | before proposal | at confirmation | after write |
/// |---|---|---|---|---|
/// | cancel, modify items, return, exchange | slot | possible | possible | mixture |
/// | | action | possible | possible | mixture |
/// | | target | possible | possible | mixture |
/// | | withdrawal | possible | possible | mixture |
/// | | addition | possible | possible | possible |
/// | modify payment | slot, target, withdrawal | possible | possible | mixture |
/// | | action, addition | possible | possible | possible |
/// | modify an order's address | slot | possible | possible | possible |
/// | | action | possible | possible | possible |
/// | | target | possible | possible | mixture |
/// | | withdrawal | possible | possible | mixture |
/// | | addition | possible | possible | possible |
/// | modify the default address | slot | possible | possible | possible |
/// | | action, target | impossible | impossible | impossible |
/// | | withdrawal | possible | possible | mixture |
/// | | addition | possible | possible | possible |
///
/// After the write, an address can be given again, and an order with a new address or payment method
/// is still pending for another action; whatever else was done can be neither undone nor repeated,
/// so the change is itself infeasible. There is one default address, and nothing else is done to it.
pub(crate) fn cell(tool: &str, change: Change, trigger: Trigger) -> Cell {
    let profile = tool == "modify_user_address";
    let again = profile || tool == "modify_pending_order_address";
    let open = again || tool == "modify_pending_order_payment";
    match (change, trigger) {
        (Change::Action | Change::Target, _) if profile => Cell::Impossible,
        (Change::Addition, _) | (_, Trigger::BeforeProposal | Trigger::AtConfirmation) => {
            Cell::Possible
        }
        (Change::Slot, _) if again => Cell::Possible,
        (Change::Action, _) if open => Cell::Possible,
        _ => Cell::Mixture,
    }
}
