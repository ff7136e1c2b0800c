//! Building a base world: indexes over its records, and its content id.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use proto::digest::Hasher;
use proto::ids::BaseId;

use super::identity;
use super::state::{Base, Order, PaymentMethod, PriceDifference, Product, User};

/// Records that make no world.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum WorldError {
    /// Two records of one kind with one id.
    #[error("two {kind} of the world have the id `{id}`: give each its own")]
    Duplicate {
        /// Which records.
        kind: &'static str,
        /// Their id.
        id: String,
    },
    /// An amount of money that is no number.
    #[error("{place} is not a finite number: write it in dollars")]
    NotFinite {
        /// Which amount.
        place: String,
    },
    /// More records than places can count.
    #[error("{count} {kind} are too many for one world: at most 4,294,967,295")]
    TooMany {
        /// Which records.
        kind: &'static str,
        /// How many.
        count: usize,
    },
}

impl Base {
    /// Indexes the records. Orders may refer to users, products and payment methods that are not
    /// there, as the benchmark allows; ids must be unique and amounts finite.
    pub fn build(
        products: Vec<Product>,
        users: Vec<User>,
        orders: Vec<Order>,
    ) -> Result<Self, WorldError> {
        products.iter().try_for_each(check_product)?;
        users.iter().try_for_each(check_user)?;
        orders.iter().try_for_each(check_order)?;
        let product_at = places(
            "products",
            products.iter().map(|product| &product.product_id),
        )?;
        let user_at = places("users", users.iter().map(|user| &user.user_id))?;
        let order_at = places("orders", orders.iter().map(|order| &order.order_id))?;
        let mut first_names = HashSet::new();
        let mut users_by_name: HashMap<Box<str>, Vec<u32>> = HashMap::with_capacity(users.len());
        let mut user_by_email = HashMap::with_capacity(users.len());
        for (place, user) in (0..).zip(&users) {
            let first = user.first_name.to_lowercase();
            let key = name_key(&first, &user.last_name.to_lowercase());
            users_by_name
                .entry(key.into_boxed_str())
                .or_default()
                .push(place);
            first_names.insert(first.into_boxed_str());
            user_by_email
                .entry(user.email.to_lowercase().into_boxed_str())
                .or_insert(place);
        }
        Ok(Self {
            id: content_id(&products, &users, &orders),
            products_by_name: by_name(&products),
            variant_at: variants(&products),
            products: products.into_iter().map(Arc::new).collect(),
            users: users.into_iter().map(Arc::new).collect(),
            orders: orders.into_iter().map(Arc::new).collect(),
            product_at,
            user_at,
            order_at,
            user_by_email,
            users_by_name,
            first_names,
        })
    }
}

/// Key of `Base::users_by_name`: both names in lower case, unambiguous whatever they hold.
pub fn name_key(first: &str, last: &str) -> String {
    format!("{}:{first}{last}", first.len())
}

fn places<'a>(
    kind: &'static str,
    ids: impl ExactSizeIterator<Item = &'a Arc<str>>,
) -> Result<HashMap<Arc<str>, u32>, WorldError> {
    let count = ids.len();
    if u32::try_from(count).is_err() {
        return Err(WorldError::TooMany { kind, count });
    }
    let mut places = HashMap::with_capacity(count);
    for (place, id) in (0..).zip(ids) {
        if places.insert(id.clone(), place).is_some() {
            return Err(WorldError::Duplicate {
                kind,
                id: id.to_string(),
            });
        }
    }
    Ok(places)
}

/// An item id that several products have belongs to the first.
fn variants(products: &[Product]) -> HashMap<Arc<str>, (u32, u32)> {
    let mut places =
        HashMap::with_capacity(products.iter().map(|product| product.variants.len()).sum());
    for (place, product) in (0..).zip(products) {
        for (index, variant) in (0..).zip(&product.variants) {
            places
                .entry(variant.item_id.clone())
                .or_insert((place, index));
        }
    }
    places
}

fn by_name(products: &[Product]) -> Vec<u32> {
    let last: HashMap<&str, u32> = (0..)
        .zip(products)
        .map(|(place, product)| (&*product.name, place))
        .collect();
    let mut named: Vec<(&str, u32)> = last.into_iter().collect();
    named.sort_unstable();
    named.into_iter().map(|(_, place)| place).collect()
}

fn content_id(products: &[Product], users: &[User], orders: &[Order]) -> BaseId {
    let mut hasher = Hasher::new("t2t/retail/base", identity::VERSION);
    let mut bytes = Vec::new();
    let mut add = |hasher: &mut Hasher, encode: &dyn Fn(&mut Vec<u8>)| {
        bytes.clear();
        encode(&mut bytes);
        hasher.bytes(&bytes);
    };
    hasher.number(products.len() as u64);
    products
        .iter()
        .for_each(|product| add(&mut hasher, &|out| identity::product(out, product)));
    hasher.number(users.len() as u64);
    users
        .iter()
        .for_each(|user| add(&mut hasher, &|out| identity::user(out, user)));
    hasher.number(orders.len() as u64);
    orders
        .iter()
        .for_each(|order| add(&mut hasher, &|out| identity::order(out, order)));
    BaseId(hasher.finish())
}

fn unique<'a>(
    kind: &'static str,
    ids: impl Iterator<Item = &'a Arc<str>>,
) -> Result<(), WorldError> {
    let mut seen = HashSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(WorldError::Duplicate {
                kind,
                id: id.to_string(),
            });
        }
    }
    Ok(())
}

fn finite(number: f64, place: impl FnOnce() -> String) -> Result<(), WorldError> {
    if number.is_finite() {
        Ok(())
    } else {
        Err(WorldError::NotFinite { place: place() })
    }
}

/// Refuses what no record of a world holds.
pub(super) fn check_product(product: &Product) -> Result<(), WorldError> {
    unique(
        "variants of one product",
        product.variants.iter().map(|variant| &variant.item_id),
    )?;
    product.variants.iter().try_for_each(|variant| {
        finite(variant.price, || {
            format!("the price of item `{}`", variant.item_id)
        })
    })
}

/// Refuses what no record of a world holds.
pub(super) fn check_user(user: &User) -> Result<(), WorldError> {
    unique(
        "payment methods of one user",
        user.payment_methods.iter().map(PaymentMethod::id),
    )?;
    user.payment_methods
        .iter()
        .try_for_each(|method| match method {
            PaymentMethod::GiftCard { id, balance } => finite(*balance, || {
                format!("the balance of `{id}` of user `{}`", user.user_id)
            }),
            PaymentMethod::CreditCard { .. } | PaymentMethod::Paypal { .. } => Ok(()),
        })
}

/// Refuses what no record of a world holds.
pub(super) fn check_order(order: &Order) -> Result<(), WorldError> {
    let of = |what: &str| format!("{what} of order `{}`", order.order_id);
    order
        .items
        .iter()
        .try_for_each(|item| finite(item.price, || of("an item's price")))?;
    order
        .payment_history
        .iter()
        .try_for_each(|payment| finite(payment.amount, || of("a payment")))?;
    match order.exchange_price_difference {
        Some(PriceDifference::Dollars(dollars)) => finite(dollars, || of("the price difference")),
        Some(PriceDifference::Nothing) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::retail::sample;

    #[test]
    fn finds_everything_by_its_id() {
        let base = sample::base();
        for (place, order) in base.orders.iter().enumerate() {
            assert_eq!(base.order_at[&order.order_id] as usize, place);
        }
        for product in &base.products {
            for variant in &product.variants {
                let (at, index) = base.variant_at[&variant.item_id];
                assert_eq!(
                    base.products[at as usize].variants[index as usize],
                    *variant
                );
            }
        }
    }

    #[test]
    fn refuses_what_cannot_be_told_apart() {
        let (products, users, mut orders) = sample::records();
        let twin = orders[0].clone();
        let id = twin.order_id.to_string();
        orders.push(twin);
        let error = Base::build(products, users, orders).unwrap_err();
        assert_eq!(error, WorldError::Duplicate { kind: "orders", id });
    }

    #[test]
    fn refuses_amounts_that_are_no_numbers() {
        let (mut products, users, orders) = sample::records();
        products[0].variants[0].price = f64::NAN;
        let error = Base::build(products, users, orders)
            .unwrap_err()
            .to_string();
        assert!(error.contains("the price of item `1000000001`"), "{error}");
    }

    #[test]
    fn id_depends_on_order_and_content() {
        let (products, mut users, orders) = sample::records();
        let id = sample::base().id;
        assert_eq!(
            Base::build(products.clone(), users.clone(), orders.clone())
                .unwrap()
                .id,
            id
        );
        users.reverse();
        assert_ne!(Base::build(products, users, orders).unwrap().id, id);
    }
}
