//! Orders: what was bought, where it goes, and how it was paid.

use std::sync::Arc;

use proto::seed::{Rng, Seed};

use super::permutation::Permutation;
use super::places::Places;
use super::settings::SEVEN_DIGITS;
use super::{cents, dollars};
use crate::domains::retail::state::{
    Fulfillment, Order, OrderItem, Payment, Product, Status, TransactionType, User,
};

/// Statuses of a world that no tool has touched, with how many of a thousand orders have them.
const STATUSES: [(u32, Status); 4] = [
    (422, Status::Pending),
    (374, Status::Delivered),
    (102, Status::Processed),
    (102, Status::Cancelled),
];

/// Orders of 1, 2… items, of a thousand.
const ITEM_COUNTS: [u32; 5] = [202, 212, 193, 187, 206];

/// Share of orders that go to their user's own address.
const TO_DEFAULT_ADDRESS: f64 = 0.8;

/// Twelve digits, the first not a zero.
const TWELVE_DIGITS: u64 = 900_000_000_000;

/// The ids of all orders, `#W` and seven digits.
pub(super) fn ids(count: usize, seed: Seed) -> Vec<Arc<str>> {
    let ids = Permutation::new(&seed, "order ids", SEVEN_DIGITS);
    (0..count as u64)
        .map(|i| format!("#W{}", ids.at(i) + SEVEN_DIGITS / 9).into())
        .collect()
}

/// The orders with these ids and owners.
pub(super) fn generate(
    ids: Vec<Arc<str>>,
    owners: &[u32],
    users: &[User],
    products: &[Product],
    places: &Places,
    seed: Seed,
) -> Vec<Order> {
    let desk = Desk {
        wares: wares(products),
        places,
        tracking: Permutation::new(&seed, "tracking ids", TWELVE_DIGITS),
    };
    ids.into_iter()
        .zip(owners)
        .enumerate()
        .map(|(place, (id, &owner))| {
            let mut rng = seed.child("order", place as u64).rng();
            desk.order(place as u64, id, &users[owner as usize], &mut rng)
        })
        .collect()
}

/// What all orders are drawn from.
struct Desk<'a> {
    wares: Vec<(OrderItem, i64)>,
    places: &'a Places,
    tracking: Permutation,
}

/// Every variant as an item of an order, with its price in cents. Unavailable ones are among them:
/// they may have been bought while there were any.
fn wares(products: &[Product]) -> Vec<(OrderItem, i64)> {
    let items = products.iter().flat_map(|product| {
        product.variants.iter().map(|variant| {
            let item = OrderItem {
                name: product.name.clone(),
                product_id: product.product_id.clone(),
                item_id: variant.item_id.clone(),
                price: variant.price,
                options: variant.options.clone(),
            };
            (item, cents(variant.price))
        })
    });
    items.collect()
}

impl Desk<'_> {
    fn order(&self, place: u64, order_id: Arc<str>, user: &User, rng: &mut Rng) -> Order {
        let status = STATUSES[weighted(rng, &STATUSES.map(|(weight, _)| weight))].1;
        let count = 1 + weighted(rng, &ITEM_COUNTS);
        let mut items = Vec::with_capacity(count);
        let mut total = 0;
        for _ in 0..count {
            let (item, cents) = &self.wares[rng.below(self.wares.len())];
            items.push(item.clone());
            total += cents;
        }
        let address = if rng.chance(TO_DEFAULT_ADDRESS) {
            user.address.clone()
        } else {
            self.places.draw(rng)
        };
        let method = &user.payment_methods[rng.below(user.payment_methods.len())];
        let movement = |transaction_type| Payment {
            transaction_type,
            amount: dollars(total),
            payment_method_id: method.id().clone(),
        };
        let mut payment_history = vec![movement(TransactionType::Payment)];
        if status == Status::Cancelled {
            payment_history.push(movement(TransactionType::Refund));
        }
        Order {
            order_id,
            user_id: user.user_id.clone(),
            address,
            fulfillments: self.fulfillments(place, status, &items),
            items,
            status,
            payment_history,
            cancel_reason: None,
            exchange_items: None,
            exchange_new_items: None,
            exchange_payment_method_id: None,
            exchange_price_difference: None,
            return_items: None,
            return_payment_method_id: None,
        }
    }

    /// One parcel with everything, unless the order is pending. Cancelled orders have one too, as
    /// in the benchmark: they were called off after the warehouse had packed them.
    fn fulfillments(&self, place: u64, status: Status, items: &[OrderItem]) -> Vec<Fulfillment> {
        if status == Status::Pending {
            return Vec::new();
        }
        let tracking = self.tracking.at(place) + TWELVE_DIGITS / 9;
        vec![Fulfillment {
            tracking_id: vec![tracking.to_string().into()],
            item_ids: items.iter().map(|item| item.item_id.clone()).collect(),
        }]
    }
}

fn weighted(rng: &mut Rng, weights: &[u32]) -> usize {
    rng.weighted(weights).expect("the weights are not all zero")
}
