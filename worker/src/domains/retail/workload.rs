//! Seeded calls for measuring: twenty to an episode, in the mix 60 % reads, 25 % writes, 15 % errors.
//!
//! Every read and write is one that succeeds and every error one that fails, tried out on the world
//! while the workload is made. Episodes start from the base, each in a copy of its own.

use std::sync::Arc;

use proto::record::{Actor, Map, Value};
use proto::seed::{Rng, Seed};

use super::state::{Base, Order, User, World};
use crate::environment::Environment;

/// Calls in an episode.
pub const EPISODE: usize = 20;

/// What a call of an episode is for, in turn: twelve reads, five writes, three errors.
const MIX: [Sort; EPISODE] = {
    let mut mix = [Sort::Read; EPISODE];
    mix[3] = Sort::Write;
    mix[7] = Sort::Write;
    mix[11] = Sort::Write;
    mix[15] = Sort::Write;
    mix[19] = Sort::Write;
    mix[5] = Sort::Error;
    mix[10] = Sort::Error;
    mix[17] = Sort::Error;
    mix
};

/// Draws of one call before the workload does with what it has.
const ATTEMPTS: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Read,
    Write,
    Error,
}

/// One call of the assistant.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Name of the tool.
    pub name: &'static str,
    /// Its arguments.
    pub arguments: Map,
}

/// `count` episodes over a base. A base without users or orders gives episodes of errors.
pub fn episodes(base: &Arc<Base>, seed: Seed, count: usize) -> Vec<Vec<Call>> {
    (0..count)
        .map(|index| {
            let mut rng = seed.child("episode", index as u64).rng();
            let mut world = World::new(base.clone());
            MIX.iter()
                .filter_map(|sort| draw(&mut world, &mut rng, *sort))
                .collect()
        })
        .collect()
}

/// `count` writes, each of which succeeds after those before it.
pub fn writes(base: &Arc<Base>, seed: Seed, count: usize) -> Vec<Call> {
    let mut rng = seed.child("writes", 0).rng();
    let mut world = World::new(base.clone());
    (0..count)
        .filter_map(|_| draw(&mut world, &mut rng, Sort::Write))
        .collect()
}

/// Makes the calls of an episode in `world`; the bytes of all results.
pub fn run(world: &mut World, calls: &[Call]) -> usize {
    calls
        .iter()
        .map(|call| {
            world
                .call(Actor::Assistant, call.name, &call.arguments)
                .text
                .len()
        })
        .sum()
}

fn draw(world: &mut World, rng: &mut Rng, sort: Sort) -> Option<Call> {
    for _ in 0..ATTEMPTS {
        let call = match sort {
            Sort::Read => read(world, rng),
            Sort::Write => write(world, rng),
            Sort::Error => error(world, rng),
        };
        let Some(call) = call else { continue };
        let mut trial = world.clone();
        let seen = trial.call(Actor::Assistant, call.name, &call.arguments);
        if seen.error == (sort == Sort::Error) {
            *world = trial;
            return Some(call);
        }
    }
    None
}

fn call<const N: usize>(name: &'static str, arguments: [(&str, Value); N]) -> Call {
    Call {
        name,
        arguments: arguments
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    }
}

fn id(id: &str) -> Value {
    id.into()
}

fn any_order<'w>(world: &'w World, rng: &mut Rng) -> Option<&'w Order> {
    let count = world.base.orders.len();
    (count > 0).then(|| &**world.order_at(rng.below(count) as u32))
}

fn any_user<'w>(world: &'w World, rng: &mut Rng) -> Option<&'w User> {
    let count = world.base.users.len();
    (count > 0).then(|| &**world.user_at(rng.below(count) as u32))
}

fn read(world: &World, rng: &mut Rng) -> Option<Call> {
    let products = &world.base.products;
    let user = any_user(world, rng)?;
    Some(match rng.below(16) {
        0..=5 => call(
            "get_order_details",
            [("order_id", id(&any_order(world, rng)?.order_id))],
        ),
        6..=8 => call("get_user_details", [("user_id", id(&user.user_id))]),
        9..=10 => call(
            "get_product_details",
            [("product_id", id(&rng.pick(products)?.product_id))],
        ),
        11 => {
            let product = rng.pick(products)?;
            let item = &rng.pick(&product.variants)?.item_id;
            call("get_item_details", [("item_id", id(item))])
        }
        12 => call("find_user_id_by_email", [("email", id(&user.email))]),
        13 => call(
            "find_user_id_by_name_zip",
            [
                ("first_name", id(&user.first_name)),
                ("last_name", id(&user.last_name)),
                ("zip", id(&user.address.zip)),
            ],
        ),
        14 => call("list_all_product_types", []),
        _ => {
            let (one, other) = (rng.between(100, 99_999), rng.between(100, 99_999));
            let sum = format!(
                "{}.{:02} - ({}.{:02} * 2)",
                one / 100,
                one % 100,
                other / 100,
                other % 100
            );
            call("calculate", [("expression", sum.into())])
        }
    })
}

fn write(world: &World, rng: &mut Rng) -> Option<Call> {
    let order = any_order(world, rng)?;
    let owner = world.user(&order.user_id)?;
    let order_id = ("order_id", id(&order.order_id));
    let method = (
        "payment_method_id",
        id(rng.pick(&owner.payment_methods)?.id()),
    );
    let item = rng.pick(&order.items)?;
    let variants = &world.product(&item.product_id)?.variants;
    let items = ("item_ids", Value::texts([&*item.item_id]));
    let new_items = (
        "new_item_ids",
        Value::texts([&*rng.pick(variants)?.item_id]),
    );
    let home = &any_user(world, rng)?.address;
    let address = |first: (&'static str, Value)| {
        [
            first,
            ("address1", id(&home.address1)),
            ("address2", id(&home.address2)),
            ("city", id(&home.city)),
            ("state", id(&home.state)),
            ("country", id(&home.country)),
            ("zip", id(&home.zip)),
        ]
    };
    Some(match rng.below(7) {
        0 => call(
            "cancel_pending_order",
            [order_id, ("reason", "no longer needed".into())],
        ),
        1 => call("modify_pending_order_address", address(order_id)),
        2 => call(
            "modify_user_address",
            address(("user_id", id(&owner.user_id))),
        ),
        3 => call("modify_pending_order_payment", [order_id, method]),
        4 => call(
            "modify_pending_order_items",
            [order_id, items, new_items, method],
        ),
        5 => call(
            "exchange_delivered_order_items",
            [order_id, items, new_items, method],
        ),
        _ => call("return_delivered_order_items", [order_id, items, method]),
    })
}

fn error(world: &World, rng: &mut Rng) -> Option<Call> {
    let order_id = any_order(world, rng).map_or_else(|| id("#W0"), |order| id(&order.order_id));
    let unknown = format!("#W{}", rng.between(0, 99_999));
    Some(match rng.below(7) {
        0 => call("get_order_details", [("order_id", unknown.into())]),
        1 => call(
            "cancel_pending_order",
            [("order_id", order_id), ("reason", "changed my mind".into())],
        ),
        2 => call(
            "find_user_id_by_email",
            [("email", format!("{unknown}@example.com").into())],
        ),
        3 => call("get_user_details", []),
        4 => call(
            "return_delivered_order_items",
            [
                ("order_id", order_id),
                ("item_ids", Value::texts(["0"])),
                ("payment_method_id", "paypal_0".into()),
            ],
        ),
        5 => call("get_product_details", [("product_id", 5.into())]),
        _ => call("track_order", [("order_id", order_id)]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::retail::sample;

    #[test]
    fn the_mix_is_as_said() {
        let count = |sort| MIX.iter().filter(|it| **it == sort).count();
        assert_eq!(
            [count(Sort::Read), count(Sort::Write), count(Sort::Error)],
            [12, 5, 3]
        );
    }

    #[test]
    fn calls_do_what_they_are_for() {
        let base = Arc::new(sample::base());
        let all = episodes(&base, Seed::root(1), 20);
        assert_eq!(all, episodes(&base, Seed::root(1), 20));
        for calls in &all {
            let mut world = World::new(base.clone());
            let errors = calls
                .iter()
                .filter(|it| world.call(Actor::Assistant, it.name, &it.arguments).error)
                .count();
            assert_eq!((calls.len(), errors), (EPISODE, 3));
        }
    }
}
