//! Look-ups by which an honest agent grounds a write without guessing.

use proto::record::{PlannedCall, Slot};

use super::super::state::PaymentMethod;
use super::choice::Choice;
use super::said::Said;
use super::view::View;

/// `get_user_details` of the person.
pub(super) fn user(view: &View<'_>) -> PlannedCall {
    PlannedCall::new("get_user_details", [("user_id", &*view.user.user_id)])
}

/// `get_order_details`.
pub(super) fn order(id: &str) -> PlannedCall {
    PlannedCall::new("get_order_details", [("order_id", id)])
}

/// `get_product_details`.
pub(super) fn product(id: &str) -> PlannedCall {
    PlannedCall::new("get_product_details", [("product_id", id)])
}

/// What grounds a write of these slots: the profile first, then orders, then products.
///
/// An order given by a description takes the profile and every order of the person, since any of
/// them could fit; one given by id takes its own record, for its state and its owner. Methods of
/// payment and balances are in the profile.
pub(super) fn of_write(view: &View<'_>, choice: &Choice<'_>, slots: &[Slot]) -> Vec<PlannedCall> {
    let (mut profile, mut every) = (false, false);
    let said = slots.iter().flat_map(|slot| &slot.says);
    for said in said.filter_map(Said::read) {
        match said {
            Said::OrderHasProduct(_) | Said::OrderCity(_) | Said::AddressOfOrder(_) => {
                (profile, every) = (true, true);
            }
            Said::OrderLatest
            | Said::PaymentSource(_)
            | Said::PaymentLastFour(_)
            | Said::AddressDefault => profile = true,
            _ => {}
        }
    }
    let gift = matches!(choice.payment, Some(PaymentMethod::GiftCard { .. }));
    profile |= gift && !choice.new.is_empty();
    let mut reads = Vec::new();
    if profile {
        reads.push(user(view));
    }
    if every {
        reads.extend(view.orders.iter().map(|found| order(&found.order_id)));
    }
    if let Some(found) = choice.order.filter(|found| !every || !view.owns(found)) {
        reads.push(order(&found.order_id));
    }
    reads.extend(products(choice));
    reads
}

/// Details of each product whose variants are chosen from.
fn products(choice: &Choice<'_>) -> Vec<PlannedCall> {
    let mut reads: Vec<PlannedCall> = Vec::new();
    let Some(found) = choice.order.filter(|_| !choice.new.is_empty()) else {
        return reads;
    };
    for &at in &choice.places {
        let read = product(&found.items[at].product_id);
        if !reads.contains(&read) {
            reads.push(read);
        }
    }
    reads
}
