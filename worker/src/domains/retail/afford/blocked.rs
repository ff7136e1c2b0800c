//! Wishes that a goal-blocking rule forbids, each with the world in which it is allowed.

use std::sync::Arc;

use proto::record::{Blocked, Goal, PlannedCall, Resolution, Slot, Source, Visibility, Wish};
use proto::seed::Rng;

use super::super::rules;
use super::super::state::{Order, PaymentMethod, Status, Variant, World};
use super::choice::{Choice, bears, form_name, original, sole_payment};
use super::query::{bind, everything};
use super::said::Said;
use super::view::{View, distinct};
use super::write::{Draft, Wanted, draft, effect, payable};
use super::{edit, reads, speak};
use crate::domains::Afforded;
use crate::rules::Rule;

/// How many times a wish is drawn before a person counts as having none.
const TRIES: usize = 6;

/// Reasons for a cancellation that the policy does not accept.
pub(super) const BAD_REASONS: [&str; 8] = [
    "found it cheaper elsewhere",
    "want to use a coupon on a new order",
    "the delivery takes too long",
    "changed my mind about the color",
    "want to pay in installments instead",
    "want it delivered to a shop instead",
    "saw a bad review of it",
    "need the money for something else",
];

/// Wishes that no tool serves: key, and the status of the order it is about, if it is about one.
pub(super) const REQUESTS: [(&str, Option<Status>); 11] = [
    ("apply_coupon", Some(Status::Pending)),
    ("expedite_shipping", Some(Status::Pending)),
    ("gift_wrap", Some(Status::Pending)),
    ("price_match", Some(Status::Delivered)),
    ("invoice", Some(Status::Delivered)),
    ("warranty", Some(Status::Delivered)),
    ("change_email", None),
    ("change_phone", None),
    ("change_name", None),
    ("change_password", None),
    ("delete_account", None),
];

/// A wish that this rule forbids, on what the person has.
pub(super) fn afford(
    view: &View<'_>,
    rules: &[Rule],
    rule: &str,
    rng: &mut Rng,
) -> Option<Afforded> {
    (0..TRIES).find_map(|_| {
        let wish = match rule {
            "cancel-pending-only"
            | "modify-pending-only"
            | "return-delivered-only"
            | "exchange-delivered-only" => wrong_status(view, rule, rng),
            "items-changed-once" => modified(view, rng),
            "own-orders-only" => foreign(view, rng),
            "refund-to-original-or-gift-card" => refund(view, rng),
            "payment-must-differ" => same_payment(view, rng),
            "gift-card-must-cover" => overdrawn(view, rng),
            "new-item-available" => unavailable(view, rng),
            "cancel-reasons" => bad_reason(view, rng),
            "out-of-scope" => return out_of_scope(view, rng),
            _ => return None,
        }?;
        wish.proven(view, rules, rule)
    })
}

/// A forbidden wish before it is checked.
struct Forbidden<'a> {
    tool: &'static str,
    draft: Draft<'a>,
    evidence: Vec<Vec<PlannedCall>>,
    start: Option<World>,
    twin: Option<World>,
}

impl Forbidden<'_> {
    /// The wish, if in its world this rule and no other forbids it, and in the twin nothing does.
    fn proven(self, view: &View<'_>, rules: &[Rule], rule: &str) -> Option<Afforded> {
        let person = &*view.user.user_id;
        let start = self.start.as_ref().unwrap_or(view.world);
        let Goal {
            wish: Wish::Write(call),
            slots,
            reads,
        } = self.draft.goal(view, self.tool)?
        else {
            return None;
        };
        let means = |world: &World| {
            View::new(world, person).is_some_and(|view| {
                bind(&view, self.tool, &slots, everything).as_slice() == [call.clone()]
            })
        };
        let broken: Vec<_> = rules::blocking(rules, start, person, &call).collect();
        if broken != [rule] || !means(start) {
            return None;
        }
        if let Some(twin) = &self.twin {
            let allowed = rules::blocking(rules, twin, person, &call).next().is_none();
            if !allowed || !means(twin) || effect(twin, &call).is_none() {
                return None;
            }
        }
        let blocked = Blocked {
            call: Some(call),
            rule: rule.to_owned(),
            resolution: Resolution::Refuse,
            evidence: self.evidence,
        };
        Some(Afforded {
            goal: Goal {
                wish: Wish::Blocked(blocked),
                slots,
                reads,
            },
            start: self.start.map(|world| Box::new(world) as _),
            twin: self.twin.map(|world| Box::new(world) as _),
        })
    }
}

/// The record of the order that a draft is about, as evidence.
fn order_record(draft: &Draft<'_>) -> Option<Vec<PlannedCall>> {
    Some(vec![reads::order(&draft.choice.order?.order_id)])
}

/// The records that show a variant, either of which will do.
fn variant_records(view: &View<'_>, new: &Variant) -> Option<Vec<PlannedCall>> {
    let (product, _) = view.world.variant(&new.item_id)?;
    Some(vec![
        reads::product(&product.product_id),
        PlannedCall::new("get_item_details", [("item_id", &*new.item_id)]),
    ])
}

/// Orders of the person in one of these states, paid for once.
fn orders_in<'a>(view: &View<'a>, states: &[Status]) -> Vec<&'a Arc<Order>> {
    let mut orders: Vec<_> = states
        .iter()
        .flat_map(|status| view.in_status(*status))
        .collect();
    orders.retain(|order| sole_payment(order).is_some());
    orders
}

fn wrong_status<'a>(view: &View<'a>, rule: &str, rng: &mut Rng) -> Option<Forbidden<'a>> {
    let modifying = [
        "modify_pending_order_address",
        "modify_pending_order_payment",
        "modify_pending_order_items",
    ];
    let (tool, states, right) = match rule {
        "cancel-pending-only" => (
            "cancel_pending_order",
            [Status::Processed, Status::Delivered],
            Status::Pending,
        ),
        "modify-pending-only" => (
            *rng.pick(&modifying)?,
            [Status::Processed, Status::Delivered],
            Status::Pending,
        ),
        "return-delivered-only" => (
            "return_delivered_order_items",
            [Status::Pending, Status::Processed],
            Status::Delivered,
        ),
        _ => (
            "exchange_delivered_order_items",
            [Status::Pending, Status::Processed],
            Status::Delivered,
        ),
    };
    let wanted = Wanted {
        orders: orders_in(view, &states),
        ..Wanted::lawful(view, tool)
    };
    let draft = draft(view, tool, &wanted, rng)?;
    let id = &draft.choice.order?.order_id;
    Some(Forbidden {
        tool,
        evidence: vec![order_record(&draft)?],
        start: None,
        twin: edit::status(view.world, id, right, rng.bits()),
        draft,
    })
}

fn modified<'a>(view: &View<'a>, rng: &mut Rng) -> Option<Forbidden<'a>> {
    let tools = [
        "cancel_pending_order",
        "modify_pending_order_items",
        "modify_pending_order_address",
        "modify_pending_order_payment",
    ];
    let tool = *rng.pick(&tools)?;
    let draft = draft(view, tool, &Wanted::lawful(view, tool), rng)?;
    let id = &draft.choice.order?.order_id;
    let start = edit::status(view.world, id, Status::PendingItemModified, 0);
    Some(Forbidden {
        tool,
        evidence: vec![order_record(&draft)?],
        start: Some(start?),
        twin: Some(view.world.clone()),
        draft,
    })
}

/// A wish on another person's order, by id. Only writes that name no method of payment: the tools
/// look one up among the owner's, so with one of this person's they would refuse.
fn foreign<'a>(view: &View<'a>, rng: &mut Rng) -> Option<Forbidden<'a>> {
    let base = &view.world.base;
    if base.orders.is_empty() {
        return None;
    }
    let order = (0..12).find_map(|_| {
        let order = view.world.order_at(rng.below(base.orders.len()) as u32);
        let fits = order.status == Status::Pending
            && !view.owns(order)
            && sole_payment(order).is_some()
            && distinct(order);
        fits.then_some(order)
    })?;
    let tools = ["cancel_pending_order", "modify_pending_order_address"];
    let tool = *rng.pick(&tools)?;
    let named = speak::slot(
        "order",
        (&*order.order_id).into(),
        Source::Known,
        &[Said::OrderId(&order.order_id)],
        Visibility::Opening,
    );
    let wanted = Wanted {
        keep: &[named],
        ..Wanted::lawful(view, tool)
    };
    let draft = draft(view, tool, &wanted, rng)?;
    Some(Forbidden {
        tool,
        evidence: vec![order_record(&draft)?],
        start: None,
        twin: Some(edit::owned(
            view.world,
            &order.order_id,
            &view.user.user_id,
        )?),
        draft,
    })
}

fn refund<'a>(view: &View<'a>, rng: &mut Rng) -> Option<Forbidden<'a>> {
    let tool = form_name("return_delivered_order_items")?;
    let wanted = Wanted {
        pays: |tool, choice, method| !payable(tool, choice, method),
        ..Wanted::lawful(view, tool)
    };
    let draft = draft(view, tool, &wanted, rng)?;
    let (order, method) = (draft.choice.order?, draft.choice.payment?);
    Some(Forbidden {
        tool,
        evidence: vec![order_record(&draft)?],
        start: None,
        twin: Some(edit::paid_by(view.world, &order.order_id, method.id())?),
        draft,
    })
}

fn is_original(choice: &Choice<'_>, method: &PaymentMethod) -> bool {
    choice.order.and_then(|order| original(order)) == Some(method.id())
}

fn same_payment<'a>(view: &View<'a>, rng: &mut Rng) -> Option<Forbidden<'a>> {
    let tool = form_name("modify_pending_order_payment")?;
    let wanted = Wanted {
        orders: orders_in(view, &[Status::Pending]),
        pays: |_, choice, method| is_original(choice, method),
        ..Wanted::lawful(view, tool)
    };
    let draft = draft(view, tool, &wanted, rng)?;
    let (order, method) = (draft.choice.order?, draft.choice.payment?);
    let others: Vec<_> = view
        .user
        .payment_methods
        .iter()
        .filter(|other| other.id() != method.id())
        .collect();
    let other = rng.pick(&others)?;
    Some(Forbidden {
        tool,
        evidence: vec![order_record(&draft)?],
        start: None,
        twin: Some(edit::paid_by(view.world, &order.order_id, other.id())?),
        draft,
    })
}

fn overdrawn<'a>(view: &View<'a>, rng: &mut Rng) -> Option<Forbidden<'a>> {
    let tools = [
        "modify_pending_order_payment",
        "modify_pending_order_items",
        "exchange_delivered_order_items",
    ];
    let tool = *rng.pick(&tools)?;
    let status = match tool {
        "exchange_delivered_order_items" => Status::Delivered,
        _ => Status::Pending,
    };
    let wanted = Wanted {
        orders: orders_in(view, &[status]),
        pays: |tool, choice, method| !bears(method, due(tool, choice)),
        ..Wanted::lawful(view, tool)
    };
    let draft = draft(view, tool, &wanted, rng)?;
    let enough = due(tool, &draft.choice).ceil() + rng.between(5, 150) as f64;
    let card = draft.choice.payment?.id();
    let mut evidence = vec![vec![reads::user(view)], order_record(&draft)?];
    for new in &draft.choice.new {
        evidence.push(variant_records(view, new)?);
    }
    Some(Forbidden {
        tool,
        evidence,
        start: None,
        twin: Some(edit::balance(view.world, &view.user.user_id, card, enough)?),
        draft,
    })
}

/// What a method would have to bear, in dollars.
fn due(tool: &str, choice: &Choice<'_>) -> f64 {
    if tool != "modify_pending_order_payment" {
        return choice.difference();
    }
    let first = choice.order.and_then(|order| order.payment_history.first());
    first.map_or(0.0, |paid| paid.amount)
}

fn unavailable<'a>(view: &View<'a>, rng: &mut Rng) -> Option<Forbidden<'a>> {
    let tools = [
        "modify_pending_order_items",
        "exchange_delivered_order_items",
    ];
    let tool = *rng.pick(&tools)?;
    let wanted = Wanted {
        becomes: |new| !new.available,
        ..Wanted::lawful(view, tool)
    };
    let draft = draft(view, tool, &wanted, rng)?;
    let [new] = draft.choice.new.as_slice() else {
        return None;
    };
    Some(Forbidden {
        tool,
        evidence: vec![variant_records(view, new)?],
        start: None,
        twin: Some(edit::available(view.world, &new.item_id)?),
        draft,
    })
}

fn bad_reason<'a>(view: &View<'a>, rng: &mut Rng) -> Option<Forbidden<'a>> {
    let tool = form_name("cancel_pending_order")?;
    let reason = *rng.pick(&BAD_REASONS)?;
    let given = speak::slot(
        "reason",
        reason.into(),
        Source::Known,
        &[Said::ReasonIs(reason)],
        Visibility::Opening,
    );
    let wanted = Wanted {
        keep: &[given],
        ..Wanted::lawful(view, tool)
    };
    Some(Forbidden {
        tool,
        evidence: Vec::new(),
        start: None,
        twin: None,
        draft: draft(view, tool, &wanted, rng)?,
    })
}

fn out_of_scope(view: &View<'_>, rng: &mut Rng) -> Option<Afforded> {
    let (key, about) = *rng.pick(&REQUESTS)?;
    let mut slots: Vec<Slot> = Vec::new();
    if let Some(status) = about {
        let orders = view.in_status(status);
        let order = rng.pick(&orders)?;
        slots.push(speak::slot(
            "order",
            (&*order.order_id).into(),
            Source::Known,
            &[Said::OrderId(&order.order_id)],
            Visibility::Opening,
        ));
    }
    slots.push(speak::plain("request", key, "request.is", &[key]));
    let blocked = Blocked {
        call: None,
        rule: "out-of-scope".to_owned(),
        resolution: Resolution::Transfer,
        evidence: Vec::new(),
    };
    Some(Afforded {
        goal: Goal {
            wish: Wish::Blocked(blocked),
            slots,
            reads: Vec::new(),
        },
        start: None,
        twin: None,
    })
}
