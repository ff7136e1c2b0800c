//! What a world is like in numbers, and how far two worlds are apart.
//!
//! Works on any world, generated or loaded: the generator's shares are held against the
//! benchmark's with it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub use super::comparison::{Comparison, Row, compare};
use crate::domains::retail::state::{
    Address, Base, Order, PaymentMethod, Product, TransactionType, User,
};

/// How often each of some cells occurs, in the order of their ranks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Distribution {
    counts: BTreeMap<(usize, Cow<'static, str>), u64>,
}

impl Distribution {
    fn add(&mut self, rank: usize, label: impl Into<Cow<'static, str>>) {
        *self.counts.entry((rank, label.into())).or_default() += 1;
    }

    /// Counts a number: its own rank and label.
    fn add_number(&mut self, number: usize) {
        self.add(number, number.to_string());
    }

    /// Counts an amount in the band that starts at the last of `starts` not above it.
    fn add_band(&mut self, amount: f64, starts: &[u32]) {
        let rank = starts
            .iter()
            .take_while(|&&start| f64::from(start) <= amount)
            .count()
            .max(1);
        let label = match starts.get(rank) {
            Some(end) => format!("{} to {end}", starts[rank - 1]),
            None => format!("{} and more", starts[rank - 1]),
        };
        self.add(rank, label);
    }

    /// The number of things counted.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Every cell with its share of all, in order.
    pub fn shares(&self) -> impl Iterator<Item = (usize, &str, f64)> {
        let total = self.total() as f64;
        self.counts
            .iter()
            .map(move |((rank, label), &count)| (*rank, &**label, count as f64 / total))
    }
}

/// The distributions and figures of one world, in the order they are shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WorldStatistics {
    /// Name and cells of everything that is counted by kind.
    pub distributions: Vec<(&'static str, Distribution)>,
    /// Name and value of everything that is one number.
    pub scalars: Vec<(&'static str, f64)>,
}

impl WorldStatistics {
    /// Statistics of these entities, of which no order belongs to a person who is not there.
    pub fn of<'a>(
        products: impl Iterator<Item = &'a Product>,
        users: impl Iterator<Item = &'a User>,
        orders: impl Iterator<Item = &'a Order>,
    ) -> Self {
        let mut count = Counting::default();
        products.for_each(|product| count.product(product));
        let mut homes = HashMap::new();
        for user in users {
            count.user(user);
            homes.insert(&*user.user_id, &user.address);
        }
        orders.for_each(|order| count.order(order, homes.get(&*order.user_id).copied()));
        count.finish()
    }

    /// Statistics of a base world.
    pub fn of_base(base: &Base) -> Self {
        let products = base.products.iter().map(AsRef::as_ref);
        let users = base.users.iter().map(AsRef::as_ref);
        Self::of(products, users, base.orders.iter().map(AsRef::as_ref))
    }
}

/// A mean in the making.
#[derive(Default)]
struct Mean {
    sum: f64,
    count: usize,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn value(&self) -> f64 {
        if self.count == 0 {
            0.0
        } else {
            self.sum / self.count as f64
        }
    }
}

#[derive(Default)]
struct Counting {
    variants: Distribution,
    available: Distribution,
    axes: Distribution,
    values: Distribution,
    prices_listed: Mean,
    price_spread: Mean,
    orders_each: Distribution,
    methods_each: Distribution,
    kinds_held: Distribution,
    brands: Distribution,
    balances: Distribution,
    balance: Mean,
    statuses: Distribution,
    items: Distribution,
    repeats: Distribution,
    addresses: Distribution,
    kinds_used: Distribution,
    parcels: Distribution,
    movements: Distribution,
    item_prices: Distribution,
    item_price: Mean,
    total: Mean,
    people: Mean,
    orders: Mean,
}

impl Counting {
    fn product(&mut self, product: &Product) {
        let variants = &product.variants;
        self.variants.add_number(variants.len());
        let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let (mut low, mut high, mut mean) = (f64::INFINITY, 0.0_f64, Mean::default());
        for variant in variants {
            let (rank, label) = if variant.available {
                (0, "available")
            } else {
                (1, "sold out")
            };
            self.available.add(rank, label);
            for (axis, value) in &variant.options {
                values.entry(axis).or_default().insert(value);
            }
            (low, high) = (low.min(variant.price), high.max(variant.price));
            mean.add(variant.price);
            self.prices_listed.add(variant.price);
        }
        self.axes.add_number(values.len());
        values
            .values()
            .for_each(|values| self.values.add_number(values.len()));
        if !variants.is_empty() {
            self.price_spread.add((high - low) / 2.0 / mean.value());
        }
    }

    fn user(&mut self, user: &User) {
        self.people.add(user.orders.len() as f64);
        self.orders_each.add_number(user.orders.len());
        self.methods_each.add_number(user.payment_methods.len());
        for method in &user.payment_methods {
            self.kinds_held.add(0, kind(method.id()).to_owned());
            match method {
                PaymentMethod::CreditCard { brand, .. } => self.brands.add(0, brand.to_string()),
                PaymentMethod::GiftCard { balance, .. } => {
                    self.balances.add_band(*balance, &[0, 20, 40, 60, 80]);
                    self.balance.add(*balance);
                }
                PaymentMethod::Paypal { .. } => {}
            }
        }
    }

    fn order(&mut self, order: &Order, home: Option<&Address>) {
        let status = order.status.text();
        self.statuses.add(0, status);
        self.orders.add(order.items.len() as f64);
        self.items.add_number(order.items.len());
        let products: BTreeSet<_> = order.items.iter().map(|item| &item.product_id).collect();
        let repeated = products.len() < order.items.len();
        self.repeats.add(
            0,
            if repeated {
                "a product twice"
            } else {
                "all different"
            },
        );
        let own = home == Some(&order.address);
        self.addresses
            .add(0, if own { "the person's own" } else { "another" });
        for item in &order.items {
            self.item_prices
                .add_band(item.price, &[0, 100, 200, 400, 800, 1600]);
            self.item_price.add(item.price);
        }
        let parcels = order.fulfillments.len();
        self.parcels.add(parcels, format!("{status}, {parcels}"));
        let movements: Vec<&str> = order
            .payment_history
            .iter()
            .map(|payment| match payment.transaction_type {
                TransactionType::Payment => "payment",
                TransactionType::Refund => "refund",
            })
            .collect();
        self.movements
            .add(0, format!("{status}: {}", movements.join(", ")));
        if let Some(first) = order.payment_history.first() {
            self.kinds_used
                .add(0, kind(&first.payment_method_id).to_owned());
            self.total.add(first.amount);
        }
    }

    fn finish(self) -> WorldStatistics {
        let scalars = vec![
            ("products", self.axes.total() as f64),
            ("variants", self.prices_listed.count as f64),
            ("people", self.people.count as f64),
            ("orders", self.orders.count as f64),
            ("mean orders per person", self.people.value()),
            ("mean items per order", self.orders.value()),
            ("mean price of a variant", self.prices_listed.value()),
            ("mean price of an ordered item", self.item_price.value()),
            ("mean amount paid for an order", self.total.value()),
            ("mean balance of a gift card", self.balance.value()),
            (
                "mean half range of a product's prices, of their mean",
                self.price_spread.value(),
            ),
        ];
        let distributions = vec![
            ("status of an order", self.statuses),
            ("items per order", self.items),
            ("products of an order", self.repeats),
            ("price of an ordered item", self.item_prices),
            ("address of an order", self.addresses),
            ("parcels of an order", self.parcels),
            ("money movements of an order", self.movements),
            ("payment kind used", self.kinds_used),
            ("payment kind held", self.kinds_held),
            ("payment methods per person", self.methods_each),
            ("brand of a credit card", self.brands),
            ("balance of a gift card", self.balances),
            ("orders per person", self.orders_each),
            ("variants per product", self.variants),
            ("availability of a variant", self.available),
            ("option axes per product", self.axes),
            ("values per option axis", self.values),
        ];
        WorldStatistics {
            distributions,
            scalars,
        }
    }
}

/// The kind of a payment method, which its id starts with.
fn kind(method_id: &str) -> &str {
    method_id
        .rsplit_once('_')
        .map_or(method_id, |(kind, _)| kind)
}
