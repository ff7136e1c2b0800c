//! One person's reach in a world: profile, orders, and the addresses known from them.

use std::sync::Arc;

use crate::environment::Environment;

use super::super::state::{Address, Order, Status, User, World};

/// The retail world behind the trait.
///
/// # Panics
/// If the environment is another domain's: a domain is only ever asked about its own worlds.
pub(crate) fn world_of(world: &dyn Environment) -> &World {
    world
        .as_any()
        .downcast_ref::<World>()
        .expect("the retail domain is asked about retail worlds only")
}

/// What can be seen from one person.
#[derive(Debug, Clone)]
pub(super) struct View<'a> {
    /// The world.
    pub(super) world: &'a World,
    /// The person.
    pub(super) user: &'a Arc<User>,
    /// The person's orders, oldest first.
    pub(super) orders: Vec<&'a Arc<Order>>,
    /// Whether what orders hold and where things go is as in the base world. Where it is not (an
    /// earlier goal changed it), descriptions would mean one thing at the opening and another now,
    /// so only ids are said.
    pub(super) steady: bool,
}

impl<'a> View<'a> {
    /// The view of `person`, if there is such a person.
    pub(super) fn new(world: &'a World, person: &str) -> Option<Self> {
        let place = *world.base.user_at.get(person)?;
        let user = world.user_at(place);
        let orders: Vec<_> = user
            .orders
            .iter()
            .filter_map(|id| world.order(id))
            .collect();
        let before = &world.base.users[place as usize];
        let steady = user.address == before.address
            && user.orders == before.orders
            && orders.iter().all(|order| unmoved(world, order));
        Some(Self {
            world,
            user,
            orders,
            steady,
        })
    }

    /// Every address in the reach, none twice: the profile's first.
    pub(super) fn addresses(&self) -> Vec<&'a Address> {
        let mut known = vec![&self.user.address];
        for order in &self.orders {
            if !known.contains(&&order.address) {
                known.push(&order.address);
            }
        }
        known
    }

    /// Orders that a goal may touch: in this state, with items that can be told apart by id.
    pub(super) fn in_status(&self, status: Status) -> Vec<&'a Arc<Order>> {
        self.orders
            .iter()
            .copied()
            .filter(|order| order.status == status && self.owns(order) && distinct(order))
            .collect()
    }

    /// Whether the order is this person's.
    pub(super) fn owns(&self, order: &Order) -> bool {
        order.user_id == self.user.user_id
    }
}

/// Whether an order's items and address are the base's.
fn unmoved(world: &World, order: &Arc<Order>) -> bool {
    world
        .base
        .order_at
        .get(&order.order_id)
        .is_some_and(|&place| {
            let before = &world.base.orders[place as usize];
            Arc::ptr_eq(before, order)
                || (before.items == order.items && before.address == order.address)
        })
}

/// Whether no item is in the order twice.
pub(super) fn distinct(order: &Order) -> bool {
    let items = &order.items;
    (1..items.len()).all(|at| {
        items[..at]
            .iter()
            .all(|item| item.item_id != items[at].item_id)
    })
}
