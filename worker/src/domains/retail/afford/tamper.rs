//! Calls near a given one, for the proofs: one argument replaced, or one more write.

use proto::record::{PlannedCall, Value};
use proto::seed::Rng;

use super::super::state::{Order, World};
use super::choice::{FORMS, REASONS, address_map};
use super::view::View;
use super::write::{self, effect};

/// See [`crate::domains::Domain::tampered`].
pub(crate) fn tampered(world: &World, person: &str, call: &PlannedCall) -> Vec<PlannedCall> {
    let Some(view) = View::new(world, person) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (key, value) in &call.arguments {
        for other in others(&view, call, key, value) {
            let mut changed = call.clone();
            changed.arguments.insert(key.clone(), other);
            if changed != *call && !found.contains(&changed) && accepted(world, &changed) {
                found.push(changed);
            }
        }
    }
    found
}

fn accepted(world: &World, call: &PlannedCall) -> bool {
    effect(world, call).is_some()
}

/// Other values of the person's reach for an argument.
fn others(view: &View<'_>, call: &PlannedCall, key: &str, value: &Value) -> Vec<Value> {
    let order = call.text("order_id").and_then(|id| view.world.order(id));
    match key {
        "order_id" => {
            let ids = view.user.orders.iter();
            ids.map(|id| Value::from(&**id)).collect()
        }
        "reason" => REASONS.into_iter().map(Value::from).collect(),
        "payment_method_id" => {
            let methods = view.user.payment_methods.iter();
            methods.map(|method| Value::from(&**method.id())).collect()
        }
        "item_ids" => order.map_or_else(Vec::new, |order| other_items(order, value)),
        "new_item_ids" => other_variants(view, value),
        "user_id" => Vec::new(),
        part => {
            let parts = view.addresses().into_iter().map(address_map);
            parts.filter_map(|mut map| map.remove(part)).collect()
        }
    }
}

/// The list with one id replaced by another of the order, one dropped, or one added.
fn other_items(order: &Order, value: &Value) -> Vec<Value> {
    let list = value.as_list().unwrap_or_default();
    let ids = || order.items.iter().map(|item| Value::from(&*item.item_id));
    let mut lists = replaced(list, |_| ids().filter(|id| !list.contains(id)).collect());
    if list.len() > 1 {
        lists.extend((0..list.len()).map(|at| {
            let mut fewer = list.to_vec();
            fewer.remove(at);
            Value::List(fewer)
        }));
    }
    lists.extend(
        ids()
            .filter(|id| !list.contains(id))
            .map(|id| Value::List([list, &[id]].concat())),
    );
    lists
}

/// The list with one variant replaced by another of its product.
fn other_variants(view: &View<'_>, value: &Value) -> Vec<Value> {
    let list = value.as_list().unwrap_or_default();
    replaced(list, |id| {
        let product = id.as_str().and_then(|id| view.world.variant(id));
        let variants = product.map_or(&[][..], |(product, _)| &product.variants);
        let ids = variants.iter().map(|new| Value::from(&*new.item_id));
        ids.filter(|other| other != id).collect()
    })
}

fn replaced(list: &[Value], by: impl Fn(&Value) -> Vec<Value>) -> Vec<Value> {
    let mut lists = Vec::new();
    for (at, old) in list.iter().enumerate() {
        for new in by(old) {
            let mut changed = list.to_vec();
            changed[at] = new;
            lists.push(Value::List(changed));
        }
    }
    lists
}

/// See [`crate::domains::Domain::extra`].
pub(crate) fn extra(world: &World, person: &str, rng: &mut Rng) -> Option<PlannedCall> {
    let view = View::new(world, person)?;
    let mut tools: Vec<&str> = FORMS.iter().map(|(tool, _)| *tool).collect();
    rng.shuffle(&mut tools);
    tools
        .into_iter()
        .find_map(|tool| write::afford(&view, tool, rng)?.wish.call().cloned())
}
