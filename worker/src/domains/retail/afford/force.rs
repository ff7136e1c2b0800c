//! The same set as [`super::query`] finds, by brute force: slot by slot every value of the person's
//! reach is put into the call's arguments, and each descriptor is checked on those arguments alone.
//! Slow, and written to share nothing with the query but the reading of descriptors.

use std::collections::BTreeMap;

use proto::record::{Goal, Map, PlannedCall, Value, Visibility};

use super::super::state::{Address, Order, OrderItem, PaymentMethod, Variant, World};
use super::choice::{argument, slots_of};
use super::said::Said;

/// Every call of the goal's tool in the reach of `person` that the opening's descriptors allow.
pub(super) fn bind(world: &World, person: &str, goal: &Goal) -> Vec<PlannedCall> {
    let Some(call) = goal.wish.call() else {
        return Vec::new();
    };
    let mut open = vec![Map::new()];
    for slot in slots_of(&call.name) {
        let descriptors = goal.slots.iter().filter(|own| own.name == *slot);
        let said: Vec<Said<'_>> = descriptors
            .flat_map(|own| &own.says)
            .filter(|said| said.visibility == Visibility::Opening)
            .filter_map(Said::read)
            .collect();
        open = open
            .iter()
            .flat_map(|map| extended(world, person, slot, map, &said))
            .filter(|arguments| {
                let judge = Judge {
                    world,
                    person,
                    tool: &call.name,
                    arguments,
                    said: &said,
                };
                said.iter().all(|one| judge.holds(one)) && judge.lawful(slot)
            })
            .collect();
    }
    let mut found = Vec::new();
    for mut arguments in open {
        if call.name == "modify_user_address" {
            arguments.insert("user_id".to_owned(), Value::from(person));
        }
        let candidate = PlannedCall {
            name: call.name.clone(),
            arguments,
        };
        if !found.contains(&candidate) {
            found.push(candidate);
        }
    }
    found
}

/// The arguments with every value that the slot could have.
fn extended(world: &World, person: &str, slot: &str, map: &Map, said: &[Said<'_>]) -> Vec<Map> {
    let put = |value: Value| {
        let mut next = map.clone();
        match value {
            Value::Map(parts) => next.extend(parts),
            value => {
                next.insert(argument(slot).to_owned(), value);
            }
        }
        next
    };
    let values = values(world, person, slot, map, said);
    values.into_iter().map(put).collect()
}

/// Every value that a slot could have, given the arguments before.
fn values(world: &World, person: &str, slot: &str, map: &Map, said: &[Said<'_>]) -> Vec<Value> {
    let user = world
        .user(person)
        .expect("asked about a person of the world");
    match slot {
        "order" => {
            let named = said.iter().filter_map(|said| match said {
                Said::OrderId(id) => Some(*id),
                _ => None,
            });
            let own = user.orders.iter().map(|id| &**id);
            let known = own.chain(named).filter(|id| world.order(id).is_some());
            known.map(Value::from).collect()
        }
        "items" => item_lists(order_of(world, map), said),
        "new_items" => variant_lists(world, order_of(world, map), &texts(map, "item_ids")),
        "payment" => user
            .payment_methods
            .iter()
            .map(|method| Value::from(&**method.id()))
            .collect(),
        "reason" => {
            let named = said.iter().filter_map(|said| match said {
                Said::ReasonIs(reason) => Some(*reason),
                _ => None,
            });
            let lawful = ["no longer needed", "ordered by mistake"];
            lawful.into_iter().chain(named).map(Value::from).collect()
        }
        _ => {
            let orders = user.orders.iter().filter_map(|id| world.order(id));
            let reach = orders.map(|order| as_map(&order.address));
            let spoken = said.iter().filter_map(|said| match said {
                Said::AddressFull(parts) => Some(spoken_map(parts)),
                _ => None,
            });
            let own = [as_map(&user.address)];
            own.into_iter()
                .chain(reach)
                .chain(spoken)
                .map(Value::Map)
                .collect()
        }
    }
}

fn order_of<'a>(world: &'a World, map: &Map) -> &'a Order {
    let id = map.get("order_id").and_then(Value::as_str);
    id.and_then(|id| world.order(id))
        .expect("candidates name orders of the world")
}

fn texts(map: &Map, key: &str) -> Vec<String> {
    let list = map.get(key).and_then(Value::as_list).unwrap_or_default();
    list.iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// Ordered selections of an order's items; in the order's own order unless items are named one by
/// one.
fn item_lists(order: &Order, said: &[Said<'_>]) -> Vec<Value> {
    let named = said.iter().filter(|said| aligned(said)).count();
    let mut lists: Vec<Vec<usize>> = vec![Vec::new()];
    let mut all = Vec::new();
    while let Some(list) = lists.pop() {
        if !list.is_empty() && (named == 0 || list.len() == named) {
            all.push(Value::texts(
                list.iter().map(|&at| &*order.items[at].item_id),
            ));
        }
        for at in 0..order.items.len() {
            let rises = list.last().is_none_or(|&last| at > last);
            if !list.contains(&at) && (rises || named > 0) && (named == 0 || list.len() < named) {
                lists.push([list.as_slice(), &[at]].concat());
            }
        }
    }
    all
}

fn aligned(said: &Said<'_>) -> bool {
    matches!(said, Said::ItemsProduct(_) | Said::ItemsProductWith(..))
}

fn speaks_of(said: &Said<'_>, index: usize) -> bool {
    match said {
        Said::NewOption(at, ..)
        | Said::NewCheapest(at)
        | Said::NewDearest(at)
        | Said::NewAny(at) => *at == index,
        _ => false,
    }
}

/// Every pairing of the items with other variants of their products.
fn variant_lists(world: &World, order: &Order, items: &[String]) -> Vec<Value> {
    let mut lists: Vec<Vec<String>> = vec![Vec::new()];
    for id in items {
        let item = item_of(order, id);
        let product = world.product(&item.product_id);
        let variants = product.map_or(&[][..], |product| &product.variants);
        let mut longer = Vec::new();
        for list in &lists {
            for new in variants.iter().filter(|new| new.item_id != item.item_id) {
                longer.push([list.as_slice(), &[new.item_id.to_string()]].concat());
            }
        }
        lists = longer;
    }
    lists.into_iter().map(Value::texts).collect()
}

fn item_of<'a>(order: &'a Order, id: &str) -> &'a OrderItem {
    let mut items = order.items.iter();
    items
        .find(|item| &*item.item_id == id)
        .expect("candidates name items of their order")
}

fn as_map(address: &Address) -> Map {
    spoken_map(&[
        &address.address1,
        &address.address2,
        &address.city,
        &address.state,
        &address.country,
        &address.zip,
    ])
}

fn spoken_map(parts: &[&str; 6]) -> Map {
    ["address1", "address2", "city", "state", "country", "zip"]
        .into_iter()
        .zip(parts)
        .map(|(name, part)| (name.to_owned(), Value::from(*part)))
        .collect()
}

/// One call under judgement.
struct Judge<'a> {
    world: &'a World,
    person: &'a str,
    tool: &'a str,
    arguments: &'a Map,
    said: &'a [Said<'a>],
}

impl Judge<'_> {
    fn text(&self, key: &str) -> &str {
        let value = self.arguments.get(key);
        value.and_then(Value::as_str).unwrap_or_default()
    }

    fn order(&self) -> &Order {
        order_of(self.world, self.arguments)
    }

    fn orders(&self) -> Vec<&Order> {
        let user = self.world.user(self.person).expect("a person of the world");
        let orders = user.orders.iter().filter_map(|id| self.world.order(id));
        orders.map(|order| &**order).collect()
    }

    fn method(&self) -> &PaymentMethod {
        let user = self.world.user(self.person).expect("a person of the world");
        let mut methods = user.payment_methods.iter();
        methods
            .find(|method| &**method.id() == self.text("payment_method_id"))
            .expect("candidates name methods of the person")
    }

    /// Whether a slot's value is one that counts at all: an address other than the one in force,
    /// of a pending order a single item, and new items each of which something is said of, if anything is.
    fn lawful(&self, slot: &str) -> bool {
        match (slot, self.tool) {
            ("items", "modify_pending_order_items") => texts(self.arguments, "item_ids").len() == 1,
            ("new_items", _) => {
                let count = texts(self.arguments, "new_item_ids").len();
                let spoken = |index: usize| self.said.iter().any(|said| speaks_of(said, index));
                self.said.is_empty() || (0..count).all(spoken)
            }
            ("address", "modify_user_address") => {
                !self.goes_to(&self.world.user(self.person).expect("a person").address)
            }
            ("address", _) => !self.goes_to(&self.order().address),
            _ => true,
        }
    }

    fn goes_to(&self, address: &Address) -> bool {
        as_map(address)
            .iter()
            .all(|(key, part)| self.arguments.get(key) == Some(part))
    }

    fn holds(&self, one: &Said<'_>) -> bool {
        match one {
            Said::OrderId(id) => self.text("order_id") == *id,
            Said::OrderHasProduct(name) => self.order().items.iter().any(|i| &*i.name == *name),
            Said::OrderCity(city) => &*self.order().address.city == *city,
            Said::OrderLatest => {
                self.orders().last().map(|o| &*o.order_id) == Some(self.text("order_id"))
            }
            Said::ItemsAll => texts(self.arguments, "item_ids").len() == self.order().items.len(),
            Said::ItemsCount(count) => texts(self.arguments, "item_ids").len() == *count,
            Said::ItemsProduct(_) | Said::ItemsProductWith(..) => self.items_hold(),
            Said::NewOption(at, ..)
            | Said::NewCheapest(at)
            | Said::NewDearest(at)
            | Said::NewAny(at) => self.new_holds(one, *at),
            Said::PaymentSource(kind) => match self.method() {
                PaymentMethod::CreditCard { .. } => *kind == "credit_card",
                PaymentMethod::GiftCard { .. } => *kind == "gift_card",
                PaymentMethod::Paypal { .. } => *kind == "paypal",
            },
            Said::PaymentLastFour(digits) => match self.method() {
                PaymentMethod::CreditCard { last_four, .. } => &**last_four == *digits,
                _ => false,
            },
            Said::PaymentOriginal => {
                let first = self.order().payment_history.first();
                first.is_some_and(|paid| &*paid.payment_method_id == self.text("payment_method_id"))
            }
            Said::ReasonIs(reason) => self.text("reason") == *reason,
            Said::AddressFull(parts) => spoken_map(parts)
                .iter()
                .all(|(key, part)| self.arguments.get(key) == Some(part)),
            Said::AddressDefault => {
                self.goes_to(&self.world.user(self.person).expect("a person").address)
            }
            Said::AddressOfOrder(name) => self
                .orders()
                .iter()
                .any(|o| self.goes_to(&o.address) && o.items.iter().any(|i| &*i.name == *name)),
            Said::AddressCity(city) => self.text("city") == *city,
        }
    }

    /// Whether the k-th item is what the k-th naming says.
    fn items_hold(&self) -> bool {
        let ids = texts(self.arguments, "item_ids");
        let named: Vec<_> = self.said.iter().filter(|said| aligned(said)).collect();
        named.len() == ids.len()
            && named.iter().zip(&ids).all(|(said, id)| {
                let item = item_of(self.order(), id);
                match said {
                    Said::ItemsProduct(name) => &*item.name == *name,
                    Said::ItemsProductWith(name, axis, value) => {
                        let options: BTreeMap<_, _> = pairs(&item.options).collect();
                        &*item.name == *name && options.get(axis) == Some(value)
                    }
                    _ => true,
                }
            })
    }

    fn new_holds(&self, one: &Said<'_>, index: usize) -> bool {
        let (old, new) = (
            texts(self.arguments, "item_ids"),
            texts(self.arguments, "new_item_ids"),
        );
        let (Some(old), Some(new)) = (old.get(index), new.get(index)) else {
            return false;
        };
        let item = item_of(self.order(), old);
        let Some(product) = self.world.product(&item.product_id) else {
            return false;
        };
        let find = |id: &str| product.variants.iter().find(|v| &*v.item_id == id);
        let Some(new) = find(new) else { return false };
        let rivals: Vec<&Variant> = product
            .variants
            .iter()
            .filter(|v| v.available && v.item_id != item.item_id && v.item_id != new.item_id)
            .collect();
        match one {
            Said::NewOption(..) => self.wears(item, new, index),
            Said::NewCheapest(_) => new.available && rivals.iter().all(|v| new.price < v.price),
            Said::NewDearest(_) => new.available && rivals.iter().all(|v| new.price > v.price),
            _ => new.available,
        }
    }

    /// Whether `new` is the item with the axes said of it changed, and no other.
    fn wears(&self, item: &OrderItem, new: &Variant, index: usize) -> bool {
        let mut wanted: BTreeMap<&str, &str> = pairs(&item.options).collect();
        for said in self.said {
            if let Said::NewOption(at, axis, value) = said
                && *at == index
            {
                wanted.insert(axis, value);
            }
        }
        wanted == pairs(&new.options).collect()
    }
}

fn pairs(options: &super::super::state::Options) -> impl Iterator<Item = (&str, &str)> {
    options.iter().map(|(axis, value)| (&**axis, &**value))
}
