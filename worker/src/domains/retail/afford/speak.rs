//! How a user would say each part of a write: descriptors that pin it down, given the parts before.

use std::sync::Arc;

use proto::record::{Descriptor, Slot, Source, Value, Visibility};
use proto::seed::Rng;

use super::super::state::{Address, Order, OrderItem, PaymentMethod, Product, Variant};
use super::choice::{Choice, sole_payment, source};
use super::query::extreme;
use super::said::Said;
use super::view::View;

/// How often an order is named by its id where a description would do as well.
const ID_SHARE: f64 = 0.75;
/// How often a new item is chosen by price where that names one.
const PRICE_SHARE: f64 = 0.25;
/// How often a new address is one that no record holds.
const UNKNOWN_ADDRESS_SHARE: f64 = 0.5;

/// A part with where the agent can have it from and how the user says it.
#[derive(Debug, Clone)]
pub(super) struct Spoken<'a, T> {
    /// The part.
    pub(super) value: T,
    /// Where the agent can have it from.
    pub(super) source: Source,
    /// How the user says it.
    pub(super) says: Vec<Said<'a>>,
}

/// A look-up by this tool gives it.
pub(super) fn read(tool: &str) -> Source {
    Source::Read(tool.to_owned())
}

/// Descriptors of one visibility.
pub(super) fn describe(says: &[Said<'_>], visibility: Visibility) -> Vec<Descriptor> {
    says.iter().map(|said| said.describe(visibility)).collect()
}

/// A slot whose descriptors are all of one visibility.
pub(super) fn slot(
    name: &str,
    value: Value,
    source: Source,
    says: &[Said<'_>],
    visibility: Visibility,
) -> Slot {
    Slot {
        name: name.to_owned(),
        value,
        source,
        says: describe(says, visibility),
    }
}

/// How the user names an order: by id, or by what marks it among all of the person's orders.
pub(super) fn order<'a>(
    view: &View<'a>,
    order: &'a Arc<Order>,
    rng: &mut Rng,
) -> (Source, Vec<Said<'a>>) {
    if view.steady && view.orders.len() > 1 && !rng.chance(ID_SHARE) {
        let marks = marks(view, order);
        if let Some(&said) = rng.pick(&marks) {
            let tool = match said {
                Said::OrderLatest => "get_user_details",
                _ => "get_order_details",
            };
            return (read(tool), vec![said]);
        }
    }
    (Source::Known, vec![Said::OrderId(&order.order_id)])
}

/// Descriptions that fit this order and none of the person's others.
pub(super) fn marks<'a>(view: &View<'a>, order: &'a Arc<Order>) -> Vec<Said<'a>> {
    let others = || {
        view.orders
            .iter()
            .filter(|other| other.order_id != order.order_id)
    };
    let mut marks = Vec::new();
    for item in &order.items {
        let elsewhere = others().any(|other| other.items.iter().any(|i| i.name == item.name));
        let mark = Said::OrderHasProduct(&item.name);
        if !elsewhere && !marks.contains(&mark) {
            marks.push(mark);
        }
    }
    if others().all(|other| other.address.city != order.address.city) {
        marks.push(Said::OrderCity(&order.address.city));
    }
    if view
        .orders
        .last()
        .is_some_and(|last| last.order_id == order.order_id)
    {
        marks.push(Said::OrderLatest);
    }
    marks
}

/// How the user names items of an order, one descriptor each; nothing if one cannot be told from
/// another.
pub(super) fn items<'a>(order: &'a Order, places: &[usize]) -> Option<Vec<Said<'a>>> {
    places
        .iter()
        .map(|&at| item(order, &order.items[at]))
        .collect()
}

fn item<'a>(order: &'a Order, item: &'a OrderItem) -> Option<Said<'a>> {
    let alike = || {
        order
            .items
            .iter()
            .filter(|other| other.name == item.name && other.item_id != item.item_id)
    };
    if alike().next().is_none() {
        return Some(Said::ItemsProduct(&item.name));
    }
    item.options
        .iter()
        .find(|option| alike().all(|other| !other.options.contains(option)))
        .map(|(axis, value)| Said::ItemsProductWith(&item.name, axis, value))
}

/// Another variant in place of an item, and how the user asks for it.
pub(super) fn replacement<'a>(
    product: &'a Product,
    item: &OrderItem,
    index: usize,
    becomes: fn(&Variant) -> bool,
    rng: &mut Rng,
) -> Option<Spoken<'a, &'a Variant>> {
    if rng.chance(PRICE_SHARE) {
        let dear = rng.chance(0.3);
        if let Some(new) = by_price(product, item, index, dear)
            && becomes(new.value)
        {
            return Some(new);
        }
    }
    let free: Vec<&Variant> = product
        .variants
        .iter()
        .filter(|new| becomes(new) && new.item_id != item.item_id)
        .collect();
    let weights: Vec<u32> = free
        .iter()
        .map(|new| match changed(item, new).count() {
            0 => 0,
            1 => 6,
            2 => 3,
            _ => 1,
        })
        .collect();
    let new = free[rng.weighted(&weights)?];
    Some(by_options(item, new, index))
}

/// A variant asked for by the options in which it differs.
pub(super) fn by_options<'a>(
    item: &OrderItem,
    new: &'a Variant,
    index: usize,
) -> Spoken<'a, &'a Variant> {
    Spoken {
        value: new,
        source: read("get_product_details"),
        says: changed(item, new)
            .map(|(axis, value)| Said::NewOption(index, axis, value))
            .collect(),
    }
}

/// The cheapest or the dearest other variant, where that names one.
pub(super) fn by_price<'a>(
    product: &'a Product,
    item: &OrderItem,
    index: usize,
    dear: bool,
) -> Option<Spoken<'a, &'a Variant>> {
    let beyond = if dear { f64::gt } else { f64::lt };
    extreme(product, item, beyond).map(|value| Spoken {
        value,
        source: Source::Pick(if dear { "dearest" } else { "cheapest" }.to_owned()),
        says: vec![if dear {
            Said::NewDearest(index)
        } else {
            Said::NewCheapest(index)
        }],
    })
}

/// Options of `new` that the item does not have.
pub(super) fn changed<'a>(
    item: &OrderItem,
    new: &'a Variant,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    new.options
        .iter()
        .filter(|option| !item.options.contains(option))
        .map(|(axis, value)| (&**axis, &**value))
}

/// How the user names a method of payment; nothing if it cannot be told from another.
///
/// Who asks for another method than the present one does not call it the original.
pub(super) fn payment<'a>(
    view: &View<'a>,
    tool: &str,
    choice: &Choice<'a>,
    method: &'a PaymentMethod,
    rng: &mut Rng,
) -> Option<(Source, Vec<Said<'a>>)> {
    let mut ways = payment_ways(view, choice, method);
    if tool == "modify_pending_order_payment" {
        ways.retain(|way| *way != Said::PaymentOriginal);
    }
    // The first way is the original method where it is that: the most natural to say.
    let first = usize::from(!rng.chance(0.5)) * ways.len();
    let said = *ways.get(first).or(rng.pick(&ways))?;
    let tool = match said {
        Said::PaymentOriginal => "get_order_details",
        _ => "get_user_details",
    };
    Some((read(tool), vec![said]))
}

/// Every way to name a method that fits no other.
pub(super) fn payment_ways<'a>(
    view: &View<'a>,
    choice: &Choice<'a>,
    method: &'a PaymentMethod,
) -> Vec<Said<'a>> {
    let others = || {
        view.user
            .payment_methods
            .iter()
            .filter(|other| other.id() != method.id())
    };
    let mut ways = Vec::new();
    if choice.order.and_then(|order| sole_payment(order)) == Some(method.id()) {
        ways.push(Said::PaymentOriginal);
    }
    if others().all(|other| source(other) != source(method)) {
        ways.push(Said::PaymentSource(source(method)));
    }
    if let PaymentMethod::CreditCard { last_four, .. } = method {
        let same = |other: &PaymentMethod| matches!(other, PaymentMethod::CreditCard { last_four: digits, .. } if digits == last_four);
        if !others().any(same) {
            ways.push(Said::PaymentLastFour(last_four));
        }
    }
    ways
}

/// A new address for something that now goes to `present`.
pub(super) fn address<'a>(
    view: &View<'a>,
    present: &Address,
    rng: &mut Rng,
) -> Option<Spoken<'a, Address>> {
    let known = known_addresses(view, present);
    if known.is_empty() || rng.chance(UNKNOWN_ADDRESS_SHARE) {
        return unknown_address(view, present, rng);
    }
    rng.pick(&known).cloned()
}

/// Addresses of the reach other than `present`, each with a way to name it and no other.
pub(super) fn known_addresses<'a>(view: &View<'a>, present: &Address) -> Vec<Spoken<'a, Address>> {
    if !view.steady {
        return Vec::new();
    }
    let mut known = Vec::new();
    for address in view.addresses() {
        if address == present {
            continue;
        }
        let (source, said) = if *address == view.user.address {
            (read("get_user_details"), Some(Said::AddressDefault))
        } else {
            (read("get_order_details"), of_order(view, address))
        };
        known.extend(said.map(|said| Spoken {
            value: address.clone(),
            source,
            says: vec![said],
        }));
    }
    known
}

/// A product that went to this address and nowhere else.
fn of_order<'a>(view: &View<'a>, address: &Address) -> Option<Said<'a>> {
    let holds = |order: &Order, name: &str| order.items.iter().any(|item| &*item.name == name);
    let here = || view.orders.iter().filter(|o| o.address == *address);
    here()
        .flat_map(|order| &order.items)
        .map(|item| &*item.name)
        .find(|name| {
            let mut elsewhere = view.orders.iter().filter(|o| o.address != *address);
            !elsewhere.any(|order| holds(order, name))
        })
        .map(Said::AddressOfOrder)
}

/// An address that no record of the person holds, made of streets and cities of the base world.
fn unknown_address<'a>(
    view: &View<'_>,
    present: &Address,
    rng: &mut Rng,
) -> Option<Spoken<'a, Address>> {
    let users = &view.world.base.users;
    let town = &rng.pick(users)?.address;
    let road = &rng.pick(users)?.address.address1;
    let road = road.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
    let address1 = format!("{} {road}", rng.between(101, 998));
    let address2 = match rng.below(3) {
        0 => String::new(),
        1 => format!("Apt {}", rng.between(1, 40)),
        _ => format!("Suite {}", rng.between(100, 998)),
    };
    let address = Address {
        address1: address1.into(),
        address2: address2.into(),
        ..town.clone()
    };
    (address != *present && !view.addresses().contains(&&address)).then(|| Spoken {
        value: address,
        source: Source::Known,
        says: Vec::new(),
    })
}

/// A slot that is known and said outright, by a predicate of its own.
pub(super) fn plain(name: &str, value: &str, predicate: &str, arguments: &[&str]) -> Slot {
    Slot {
        name: name.to_owned(),
        value: Value::from(value),
        source: Source::Known,
        says: vec![Descriptor {
            predicate: predicate.to_owned(),
            arguments: arguments.iter().map(|text| Value::from(*text)).collect(),
            visibility: Visibility::Opening,
        }],
    }
}
