//! What is next for a wish: look something up, ask, decline, or propose.

use proto::record::{PlannedCall, Value};

use super::acts::Act;
use super::address::line;
use super::choose::{choose_address, choose_payment};
use super::matching;
use super::phrases::CANCEL_ONLY_THE;
use super::records::{Address, Item, Order, Records};
use super::speech::{Describe, list, money};
use super::swap::swap;
use super::text::{any, order_ids, words};
use super::wish::{Reason, Wish};

/// What an open question is about.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Slot {
    /// Which order, of these.
    Order(Vec<String>),
    /// Which items, of these places; all of the order's if empty.
    Items(Vec<usize>),
    /// Which variant for the n-th item, of these item ids.
    Variant(usize, Vec<String>),
    /// Which payment method, of these.
    Payment(Vec<String>),
    /// Why an order is cancelled.
    Reason,
    /// Which address.
    Address,
    /// Anything else about it.
    Free,
}

/// What is next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// Look something up.
    Call(PlannedCall),
    /// Ask.
    Ask(Slot, String),
    /// Decline, with the reason.
    Refuse(String),
    /// Propose a call in these words.
    Propose(PlannedCall, String),
}

/// What is found, or what is next instead.
pub(super) type Next<T> = Result<T, Step>;

/// Takes a wish as far as it goes.
pub(super) fn step(wish: &mut Wish, records: &Records) -> Step {
    let done = match wish.act {
        Act::Cancel => cancel(wish, records),
        Act::Payment => payment(wish, records),
        Act::Address => address(wish, records),
        Act::Profile => profile(wish, records),
        Act::Return => give_back(wish, records),
        Act::Exchange | Act::Modify => swap(wish, records),
        Act::Question | Act::Human => Err(Step::Refuse(
            "the address, the payment method and the items are all that can be changed about a pending order".to_owned(),
        )),
    };
    done.map_or_else(|step| step, |(call, text)| Step::Propose(call, text))
}

pub(super) fn refuse<T>(text: impl Into<String>) -> Next<T> {
    Err(Step::Refuse(text.into()))
}

/// Status that an act needs.
fn needs(act: Act) -> &'static str {
    if matches!(act, Act::Return | Act::Exchange) {
        "delivered"
    } else {
        "pending"
    }
}

pub(super) fn find_order<'a>(wish: &mut Wish, records: &'a Records) -> Next<&'a Order> {
    if wish.order.is_none() {
        wish.order = Some(choose_order(wish, records)?);
    }
    let id = wish.order.clone().unwrap_or_default();
    match records.orders.get(&id) {
        None => Err(Step::Call(PlannedCall::new(
            "get_order_details",
            [("order_id", id.as_str())],
        ))),
        Some(None) => {
            wish.order = None;
            wish.order_texts.clear();
            Err(Step::Ask(
                Slot::Order(Vec::new()),
                format!("I can't find an order {id}. Could you check the order id for me?"),
            ))
        }
        Some(Some(order)) => Ok(order),
    }
}

fn choose_order(wish: &Wish, records: &Records) -> Next<String> {
    let text = wish.order_texts.join(" . ");
    if let Some(id) = order_ids(&words(&text)).pop_if_single() {
        return Ok(id);
    }
    let own = records.own();
    let (fit, told) = matching::orders(&text, &own, records);
    let right: Vec<&Order> = fit
        .iter()
        .copied()
        .filter(|order| {
            order.status == needs(wish.act)
                || wish.act == Act::Modify && order.status == "delivered"
        })
        .collect();
    match (fit.as_slice(), right.as_slice()) {
        ([], _) => refuse("there are no orders in your profile"),
        ([one], _) | (_, [one]) => Ok(one.order_id.clone()),
        _ => {
            let offered = if right.is_empty() || (told && right.len() < 2) {
                fit
            } else {
                right
            };
            let lines: Vec<String> = offered.iter().map(|order| order.describe()).collect();
            let ids = offered.iter().map(|order| order.order_id.clone()).collect();
            Err(Step::Ask(
                Slot::Order(ids),
                format!("Which order do you mean: {}?", list(&lines, "or")),
            ))
        }
    }
}

/// A list's only element, or its first where the text repeats it.
trait Single {
    fn pop_if_single(self) -> Option<String>;
}

impl Single for Vec<String> {
    fn pop_if_single(mut self) -> Option<String> {
        if self.is_empty() {
            None
        } else {
            Some(self.swap_remove(0))
        }
    }
}

/// The wish's order, if it is the customer's and its status lets the wish through.
pub(super) fn lawful_order<'a>(
    wish: &mut Wish,
    records: &'a Records,
    verb: &str,
) -> Next<&'a Order> {
    let order = find_order(wish, records)?;
    let id = &order.order_id;
    if records
        .customer
        .as_ref()
        .is_none_or(|customer| customer.user_id != order.user_id)
    {
        return refuse(format!(
            "order {id} does not belong to your account, and I can only act on your own orders"
        ));
    }
    let needed = needs(wish.act);
    if order.status == needed {
        return Ok(order);
    }
    if order.status == "pending (item modified)" && needed == "pending" {
        return refuse(format!(
            "the items of order {id} have already been modified, and after that an order can be neither cancelled nor modified again"
        ));
    }
    refuse(format!(
        "order {id} is {}, not {needed}, so I cannot {verb} like this one",
        order.status
    ))
}

pub(super) fn call<const N: usize>(
    name: &str,
    arguments: [(&'static str, Value); N],
) -> PlannedCall {
    PlannedCall::new(name, arguments)
}

fn cancel(wish: &mut Wish, records: &Records) -> Next<(PlannedCall, String)> {
    let order = lawful_order(wish, records, "cancel an order")?;
    let id = &order.order_id;
    let text = wish.texts.join(" . ");
    let said = words(&text);
    let some = any(&said, CANCEL_ONLY_THE);
    if some
        && matching::items(&text, order).items.len() < order.items.len()
        && !matching::items(&text, order).items.is_empty()
    {
        return refuse(format!(
            "an order can only be cancelled as a whole, so single items of order {id} cannot be cancelled"
        ));
    }
    let reason = match wish.reason {
        None => {
            return Err(Step::Ask(
                Slot::Reason,
                format!(
                    "Why would you like to cancel order {id}: is it no longer needed, or was it ordered by mistake?"
                ),
            ));
        }
        Some(Reason::Other) => {
            return refuse(format!(
                "your reason for cancelling order {id} is not one that is accepted"
            ));
        }
        Some(Reason::NotNeeded) => "no longer needed",
        Some(Reason::Mistake) => "ordered by mistake",
    };
    let back = order
        .paid_with()
        .and_then(|id| records.method(id))
        .map_or_else(
            || "the original payment method".to_owned(),
            Describe::describe,
        );
    let text = format!(
        "I will cancel order {id} ({}) with the reason \"{reason}\". The refund goes back to {back}.",
        order.contents()
    );
    Ok((
        call(
            "cancel_pending_order",
            [("order_id", id.as_str().into()), ("reason", reason.into())],
        ),
        text,
    ))
}

fn payment(wish: &mut Wish, records: &Records) -> Next<(PlannedCall, String)> {
    let order = lawful_order(wish, records, "change the payment of an order")?;
    let id = &order.order_id;
    let method = choose_payment(
        wish,
        order,
        records,
        "Which payment method should take over the order",
    )?;
    if order.paid_with() == Some(&method.id) {
        return refuse(format!(
            "order {id} is already paid with {}, and the new payment method must differ from the original one",
            method.describe()
        ));
    }
    let total = order.paid();
    if method.is_gift_card() && method.balance + 0.005 < total {
        return refuse(format!(
            "the balance of {} does not cover the total of order {id}, which is {}",
            method.describe(),
            money(total)
        ));
    }
    let old = order
        .paid_with()
        .and_then(|id| records.method(id))
        .map_or_else(|| "the old method".to_owned(), Describe::describe);
    let text = format!(
        "I will change the payment method of order {id} ({}) to {}; {old} will be refunded.",
        order.contents(),
        method.describe()
    );
    Ok((
        call(
            "modify_pending_order_payment",
            [
                ("order_id", id.as_str().into()),
                ("payment_method_id", method.id.as_str().into()),
            ],
        ),
        text,
    ))
}

fn address(wish: &mut Wish, records: &Records) -> Next<(PlannedCall, String)> {
    let order = lawful_order(wish, records, "change the shipping address of an order")?;
    let id = order.order_id.clone();
    let new = choose_address(
        wish,
        &order.address,
        records,
        &format!("What is the complete new shipping address for order {id}"),
    )?;
    let text = format!(
        "I will change the shipping address of order {id} ({}) to {}.",
        order.contents(),
        line(&new)
    );
    Ok((
        PlannedCall::new(
            "modify_pending_order_address",
            address_arguments("order_id", &id, &new),
        ),
        text,
    ))
}

fn profile(wish: &mut Wish, records: &Records) -> Next<(PlannedCall, String)> {
    let Some(customer) = &records.customer else {
        return refuse("I could not find your profile");
    };
    let new = choose_address(
        wish,
        &customer.address,
        records,
        "What is your complete new default address",
    )?;
    let text = format!(
        "I will change your default address to {}. Orders already placed keep their address.",
        line(&new)
    );
    Ok((
        PlannedCall::new(
            "modify_user_address",
            address_arguments("user_id", &customer.user_id, &new),
        ),
        text,
    ))
}

fn address_arguments(key: &'static str, id: &str, new: &Address) -> [(&'static str, String); 7] {
    [
        (key, id.to_owned()),
        ("address1", new.address1.clone()),
        ("address2", new.address2.clone()),
        ("city", new.city.clone()),
        ("state", new.state.clone()),
        ("country", new.country.clone()),
        ("zip", new.zip.clone()),
    ]
}

pub(super) fn find_items(wish: &mut Wish, order: &Order) -> Next<()> {
    wish.read_items(order);
    if let Some((open, _)) = wish.open.first() {
        let lines: Vec<String> = open
            .iter()
            .map(|place| order.items[*place].describe())
            .collect();
        return Err(Step::Ask(
            Slot::Items(open.clone()),
            format!("Which item do you mean: {}?", list(&lines, "or")),
        ));
    }
    if wish.items.is_empty() {
        let twice = |item: &Item| {
            order
                .items
                .iter()
                .filter(|other| other.name == item.name)
                .count()
                > 1
        };
        let line = |item: &Item| {
            if twice(item) {
                item.describe()
            } else {
                item.name.clone()
            }
        };
        let lines: Vec<String> = order.items.iter().map(line).collect();
        return Err(Step::Ask(
            Slot::Items(Vec::new()),
            format!("Which item do you mean: {}?", list(&lines, "or")),
        ));
    }
    Ok(())
}

fn give_back(wish: &mut Wish, records: &Records) -> Next<(PlannedCall, String)> {
    let order = lawful_order(wish, records, "take items back")?;
    let id = &order.order_id;
    find_items(wish, order)?;
    let method = choose_payment(wish, order, records, "Where should the refund go")?;
    if !method.is_gift_card() && order.paid_with() != Some(&method.id) {
        return refuse(format!(
            "a refund can only go to the original payment method of order {id} or to a gift card, and {} is neither",
            method.describe()
        ));
    }
    let items: Vec<&str> = wish
        .items
        .iter()
        .map(|swap| order.items[swap.place].item_id.as_str())
        .collect();
    let lines: Vec<String> = wish
        .items
        .iter()
        .map(|swap| order.items[swap.place].describe())
        .collect();
    let text = format!(
        "I will request the return of {} from order {id}, with the refund to {}.",
        list(&lines, "and"),
        method.describe()
    );
    let arguments = [
        ("order_id", id.as_str().into()),
        ("item_ids", Value::texts(items)),
        ("payment_method_id", method.id.as_str().into()),
    ];
    Ok((call("return_delivered_order_items", arguments), text))
}
