//! How large a world is.

use serde::{Deserialize, Serialize};

use super::{catalogue, people};

/// Ids of orders and payment methods have seven digits, the first not a zero.
pub(super) const SEVEN_DIGITS: u64 = 9_000_000;

/// How many orders one person may have on average.
const MOST_ORDERS_PER_PERSON: usize = 50;

/// How much of everything a world holds; only possible sizes can be made.
///
/// As data it is a table with the optional keys `products`, `people` and `orders`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Sizes", into = "Sizes")]
pub struct WorldSettings(Sizes);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Sizes {
    products: usize,
    people: usize,
    orders: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            products: 50,
            people: 500,
            orders: 1000,
        }
    }
}

/// Sizes that no world can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A count outside its range.
    #[error("world setting `{name}` is {value}, but must be {least} to {most}: {reason}")]
    OutOfRange {
        /// Key of the setting.
        name: &'static str,
        /// What was asked for.
        value: usize,
        /// Smallest possible value.
        least: usize,
        /// Largest possible value.
        most: usize,
        /// Why.
        reason: &'static str,
    },
    /// More orders than people would plausibly have made.
    #[error(
        "world setting `orders` is {orders}, more than {per_person} for each of {people} people: \
         lower it to {most} or raise `people` to {enough}"
    )]
    TooManyOrders {
        /// What was asked for.
        orders: usize,
        /// People in the world.
        people: usize,
        /// Bound on the mean.
        per_person: usize,
        /// Largest `orders` for these people.
        most: usize,
        /// Smallest `people` for these orders.
        enough: usize,
    },
}

impl WorldSettings {
    /// A world of `products` products, `people` people and `orders` orders.
    ///
    /// # Errors
    /// When a count is out of its range, or there are too many orders for the people.
    pub fn new(products: usize, people: usize, orders: usize) -> Result<Self, SettingsError> {
        let most = catalogue::most_products();
        let by_catalogue = "the catalogue names no more products";
        check("products", products, 1, most, by_catalogue)?;
        let by_payment_ids = "payment method ids have seven digits";
        check("people", people, 1, people::MOST, by_payment_ids)?;
        let by_order_ids = "order ids have seven digits";
        check("orders", orders, 0, SEVEN_DIGITS as usize, by_order_ids)?;
        if orders > people * MOST_ORDERS_PER_PERSON {
            return Err(SettingsError::TooManyOrders {
                orders,
                people,
                per_person: MOST_ORDERS_PER_PERSON,
                most: people * MOST_ORDERS_PER_PERSON,
                enough: orders.div_ceil(MOST_ORDERS_PER_PERSON),
            });
        }
        Ok(Self(Sizes {
            products,
            people,
            orders,
        }))
    }

    /// Number of products.
    pub fn products(&self) -> usize {
        self.0.products
    }

    /// Number of people.
    pub fn people(&self) -> usize {
        self.0.people
    }

    /// Number of orders.
    pub fn orders(&self) -> usize {
        self.0.orders
    }
}

fn check(
    name: &'static str,
    value: usize,
    least: usize,
    most: usize,
    reason: &'static str,
) -> Result<(), SettingsError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(SettingsError::OutOfRange {
        name,
        value,
        least,
        most,
        reason,
    })
}

impl Default for WorldSettings {
    /// The benchmark's size: 50 products, 500 people, 1,000 orders.
    fn default() -> Self {
        Self(Sizes::default())
    }
}

impl TryFrom<Sizes> for WorldSettings {
    type Error = SettingsError;

    fn try_from(sizes: Sizes) -> Result<Self, SettingsError> {
        Self::new(sizes.products, sizes.people, sizes.orders)
    }
}

impl From<WorldSettings> for Sizes {
    fn from(settings: WorldSettings) -> Self {
        settings.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_read_as_data_are_checked() {
        let read = |text: &str| serde_json::from_str::<WorldSettings>(text);
        assert_eq!(read("{}").unwrap(), WorldSettings::default());
        let some = read(r#"{"people": 7, "orders": 0}"#).unwrap();
        assert_eq!(some, WorldSettings::new(50, 7, 0).unwrap());
        assert_eq!(read(&serde_json::to_string(&some).unwrap()).unwrap(), some);
        for (text, wanted) in [
            (r#"{"persons": 7}"#, "unknown field `persons`"),
            (r#"{"products": 0}"#, "`products` is 0, but must be 1 to"),
            (
                r#"{"people": 0, "orders": 0}"#,
                "`people` is 0, but must be 1 to",
            ),
            (
                r#"{"people": 1000000, "orders": 9000001}"#,
                "must be 0 to 9000000",
            ),
            (
                r#"{"people": 10, "orders": 501}"#,
                "lower it to 500 or raise `people` to 11",
            ),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }

    #[test]
    fn the_largest_catalogue_is_allowed_and_one_more_is_not() {
        let most = catalogue::most_products();
        assert!(WorldSettings::new(most, 1, 0).is_ok());
        assert!(WorldSettings::new(most + 1, 1, 0).is_err());
    }
}
