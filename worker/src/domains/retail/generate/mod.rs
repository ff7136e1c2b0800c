//! The world generator: a shop of any size with its customers and their orders, from a seed.
//!
//! Names, places and the catalogue are our own; how often things occur is measured on the
//! benchmark's retail database and compared with it by [`statistics`]. Every entity is drawn from a
//! seed of its own, ids are places of seeded permutations, and texts that repeat are shared, so a
//! million orders take seconds and no register of what was drawn before.
//!
//! Reading order: [`catalogue`] (what can be sold), `products`, `people`, `orders`, [`statistics`].

pub mod catalogue;
mod comparison;
mod names;
mod orders;
mod people;
mod permutation;
mod places;
mod products;
mod settings;
pub mod statistics;

use proto::seed::Seed;

pub use self::settings::{SettingsError, WorldSettings};
use super::state::{Order, Product, User};

/// The entities of a world, each list in the world's own order.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// Types of product with their variants.
    pub products: Vec<Product>,
    /// Customers, with their orders.
    pub users: Vec<User>,
    /// Orders, oldest first.
    pub orders: Vec<Order>,
}

/// Makes a world. The same settings and seed make the same world everywhere.
pub fn generate(settings: &WorldSettings, seed: Seed) -> Parts {
    let places = places::Places::new();
    let products = products::generate(settings.products(), seed);
    let order_ids = orders::ids(settings.orders(), seed);
    let owners = people::owners(settings.people(), settings.orders(), seed);
    let mut users = people::generate(settings.people(), &places, seed);
    people::assign(&mut users, &owners, &order_ids);
    let orders = orders::generate(order_ids, &owners, &users, &products, &places, seed);
    Parts {
        products,
        users,
        orders,
    }
}

/// An amount of whole cents as the benchmark holds it, in dollars.
fn dollars(cents: i64) -> f64 {
    cents as f64 / 100.0
}

/// The cents of an amount made by [`dollars`].
fn cents(dollars: f64) -> i64 {
    (dollars * 100.0).round() as i64
}

#[cfg(test)]
mod tests;
