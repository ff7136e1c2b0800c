//! Reading the benchmark's `db.json`, keeping the order of its records.
//!
//! As the benchmark does, unknown fields of records are ignored, unknown top-level keys refused, and
//! numbers may stand where their texts would do. Unlike it, a record whose key differs from the id
//! inside it is refused: nothing here could tell the two apart later.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use proto::excerpt::excerpt;
use serde_json::{Map, Value as Json};

use super::base::WorldError;
use super::state::{
    Address, Base, Fulfillment, Options, Order, OrderItem, Payment, PaymentMethod, PriceDifference,
    Product, Status, TransactionType, User, Variant,
};

/// A file that is no world.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Not JSON.
    #[error("the world file is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A value of another kind than wanted.
    #[error("`{place}` of the world file is `{found}`: write {wanted}")]
    Value {
        /// Keys and indexes, joined with dots.
        place: String,
        /// The value, shortened.
        found: String,
        /// What belongs there.
        wanted: String,
    },
    /// Something that has to be there is not.
    #[error("`{place}` of the world file lacks `{field}`: add it")]
    Missing {
        /// Where it is looked for.
        place: String,
        /// What is missing.
        field: String,
    },
    /// A top-level key that is not known.
    #[error(
        "the world file has an unknown key `{key}`: it takes `products`, `users` and `orders` only"
    )]
    Unknown {
        /// The key.
        key: String,
    },
    /// The records do not make a world.
    #[error(transparent)]
    World(#[from] WorldError),
}

/// Reads a world from JSON text.
pub fn text_of_world(text: &str) -> Result<Base, LoadError> {
    let json: Json = serde_json::from_str(text)?;
    let pool = RefCell::new(Pool::default());
    let top = At {
        place: String::new(),
        json: &json,
        pool: &pool,
    };
    if let Some(key) = top
        .object()?
        .keys()
        .find(|key| !matches!(key.as_str(), "products" | "users" | "orders"))
    {
        return Err(LoadError::Unknown { key: key.clone() });
    }
    let products = top.field("products")?.records("product_id", product)?;
    let users = top.field("users")?.records("user_id", user)?;
    let orders = top.field("orders")?.records("order_id", order)?;
    Ok(Base::build(products, users, orders)?)
}

/// Texts seen before: names, options and cities repeat.
#[derive(Default)]
struct Pool(HashSet<Arc<str>>);

impl Pool {
    fn keep(&mut self, text: &str) -> Arc<str> {
        if let Some(kept) = self.0.get(text) {
            return kept.clone();
        }
        let text: Arc<str> = text.into();
        self.0.insert(text.clone());
        text
    }
}

/// A value and where it stands.
struct At<'j> {
    place: String,
    json: &'j Json,
    pool: &'j RefCell<Pool>,
}

impl<'j> At<'j> {
    fn wrong<T>(&self, wanted: &str) -> Result<T, LoadError> {
        let found = excerpt(&self.json.to_string(), 60).into_owned();
        let place = if self.place.is_empty() {
            "."
        } else {
            &self.place
        };
        Err(LoadError::Value {
            place: place.to_owned(),
            found,
            wanted: wanted.to_owned(),
        })
    }

    fn inner(&self, step: &dyn std::fmt::Display, json: &'j Json) -> At<'j> {
        let dot = if self.place.is_empty() { "" } else { "." };
        At {
            place: format!("{}{dot}{step}", self.place),
            json,
            pool: self.pool,
        }
    }

    fn object(&self) -> Result<&'j Map<String, Json>, LoadError> {
        self.json
            .as_object()
            .map_or_else(|| self.wrong("an object"), Ok)
    }

    fn field(&self, name: &str) -> Result<At<'j>, LoadError> {
        match self.object()?.get(name) {
            Some(json) => Ok(self.inner(&name, json)),
            None => Err(LoadError::Missing {
                place: self.place.clone(),
                field: name.to_owned(),
            }),
        }
    }

    /// A field that may be absent or null.
    fn optional<T>(
        &self,
        name: &str,
        read: impl FnOnce(&At<'j>) -> Result<T, LoadError>,
    ) -> Result<Option<T>, LoadError> {
        match self.object()?.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(json) => read(&self.inner(&name, json)).map(Some),
        }
    }

    fn text(&self) -> Result<Arc<str>, LoadError> {
        match self.json.as_str() {
            Some(text) => Ok(self.pool.borrow_mut().keep(text)),
            None => self.wrong("a text"),
        }
    }

    fn text_at(&self, name: &str) -> Result<Arc<str>, LoadError> {
        self.field(name)?.text()
    }

    fn money(&self) -> Result<f64, LoadError> {
        let number = match self.json {
            Json::Number(number) => number.as_f64(),
            Json::Bool(truth) => Some(f64::from(u8::from(*truth))),
            Json::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.map_or_else(|| self.wrong("an amount in dollars"), Ok)
    }

    fn truth(&self) -> Result<bool, LoadError> {
        let lower = self.json.as_str().map(str::to_lowercase);
        match (self.json, lower.as_deref()) {
            (Json::Bool(truth), _) => Ok(*truth),
            (_, Some("true" | "1" | "on" | "t" | "yes" | "y")) => Ok(true),
            (_, Some("false" | "0" | "off" | "f" | "no" | "n")) => Ok(false),
            (Json::Number(number), _) if number.as_f64() == Some(1.0) => Ok(true),
            (Json::Number(number), _) if number.as_f64() == Some(0.0) => Ok(false),
            _ => self.wrong("true or false"),
        }
    }

    fn list<T>(&self, read: impl Fn(&At<'j>) -> Result<T, LoadError>) -> Result<Vec<T>, LoadError> {
        let Some(items) = self.json.as_array() else {
            return self.wrong("a list");
        };
        items
            .iter()
            .enumerate()
            .map(|(index, item)| read(&self.inner(&index, item)))
            .collect()
    }

    fn texts(&self) -> Result<Vec<Arc<str>>, LoadError> {
        self.list(At::text)
    }

    /// The records of an object whose keys repeat their `id` field.
    fn records<T>(
        &self,
        id: &str,
        read: impl Fn(&At<'j>) -> Result<T, LoadError>,
    ) -> Result<Vec<T>, LoadError> {
        let read_one = |(key, json): (&String, &'j Json)| {
            let record = self.inner(key, json);
            let named = record.field(id)?;
            if *named.text()? != **key {
                return named.wrong(&format!("`{key}`, the key of this record"));
            }
            read(&record)
        };
        self.object()?.iter().map(read_one).collect()
    }
}

fn product(at: &At<'_>) -> Result<Product, LoadError> {
    Ok(Product {
        name: at.text_at("name")?,
        product_id: at.text_at("product_id")?,
        variants: at.field("variants")?.records("item_id", variant)?,
    })
}

fn variant(at: &At<'_>) -> Result<Variant, LoadError> {
    Ok(Variant {
        item_id: at.text_at("item_id")?,
        options: options(&at.field("options")?)?,
        available: at.field("available")?.truth()?,
        price: at.field("price")?.money()?,
    })
}

fn options(at: &At<'_>) -> Result<Options, LoadError> {
    at.object()?
        .iter()
        .map(|(name, value)| {
            let value = at.inner(name, value).text()?;
            Ok((at.pool.borrow_mut().keep(name), value))
        })
        .collect()
}

fn address(at: &At<'_>) -> Result<Address, LoadError> {
    Ok(Address {
        address1: at.text_at("address1")?,
        address2: at.text_at("address2")?,
        city: at.text_at("city")?,
        country: at.text_at("country")?,
        state: at.text_at("state")?,
        zip: at.text_at("zip")?,
    })
}

fn user(at: &At<'_>) -> Result<User, LoadError> {
    Ok(User {
        user_id: at.text_at("user_id")?,
        first_name: at.field("name")?.text_at("first_name")?,
        last_name: at.field("name")?.text_at("last_name")?,
        address: address(&at.field("address")?)?,
        email: at.text_at("email")?,
        payment_methods: at.field("payment_methods")?.records("id", method)?,
        orders: at.field("orders")?.texts()?,
    })
}

fn method(at: &At<'_>) -> Result<PaymentMethod, LoadError> {
    let id = at.text_at("id")?;
    let source = at.field("source")?;
    Ok(match &*source.text()? {
        "credit_card" => PaymentMethod::CreditCard {
            id,
            brand: at.text_at("brand")?,
            last_four: at.text_at("last_four")?,
        },
        "gift_card" => PaymentMethod::GiftCard {
            id,
            balance: at.field("balance")?.money()?,
        },
        "paypal" => PaymentMethod::Paypal { id },
        _ => return source.wrong("`credit_card`, `gift_card` or `paypal`"),
    })
}

fn order(at: &At<'_>) -> Result<Order, LoadError> {
    Ok(Order {
        order_id: at.text_at("order_id")?,
        user_id: at.text_at("user_id")?,
        address: address(&at.field("address")?)?,
        items: at.field("items")?.list(item)?,
        status: status(&at.field("status")?)?,
        fulfillments: at.field("fulfillments")?.list(|parcel| {
            Ok(Fulfillment {
                tracking_id: parcel.field("tracking_id")?.texts()?,
                item_ids: parcel.field("item_ids")?.texts()?,
            })
        })?,
        payment_history: at.field("payment_history")?.list(payment)?,
        cancel_reason: at.optional("cancel_reason", |reason| match &*reason.text()? {
            "no longer needed" | "ordered by mistake" => reason.text(),
            _ => reason.wrong("`no longer needed` or `ordered by mistake`"),
        })?,
        exchange_items: at.optional("exchange_items", At::texts)?,
        exchange_new_items: at.optional("exchange_new_items", At::texts)?,
        exchange_payment_method_id: at.optional("exchange_payment_method_id", At::text)?,
        exchange_price_difference: at
            .optional("exchange_price_difference", At::money)?
            .map(PriceDifference::Dollars),
        return_items: at.optional("return_items", At::texts)?,
        return_payment_method_id: at.optional("return_payment_method_id", At::text)?,
    })
}

fn item(at: &At<'_>) -> Result<OrderItem, LoadError> {
    Ok(OrderItem {
        name: at.text_at("name")?,
        product_id: at.text_at("product_id")?,
        item_id: at.text_at("item_id")?,
        price: at.field("price")?.money()?,
        options: options(&at.field("options")?)?,
    })
}

fn payment(at: &At<'_>) -> Result<Payment, LoadError> {
    let sort = at.field("transaction_type")?;
    Ok(Payment {
        transaction_type: match &*sort.text()? {
            "payment" => TransactionType::Payment,
            "refund" => TransactionType::Refund,
            _ => return sort.wrong("`payment` or `refund`"),
        },
        amount: at.field("amount")?.money()?,
        payment_method_id: at.text_at("payment_method_id")?,
    })
}

fn status(at: &At<'_>) -> Result<Status, LoadError> {
    let text = at.text()?;
    let found = Status::ALL
        .into_iter()
        .find(|status| status.text() == &*text);
    found.map_or_else(|| at.wrong("a status such as `pending` or `delivered`"), Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::retail::benchmark::Benchmark;
    use crate::domains::retail::sample;
    use crate::domains::retail::state::World;

    fn sample_json() -> Json {
        let base = Arc::new(sample::base());
        serde_json::from_str(Benchmark::new(base).text()).unwrap()
    }

    fn error(change: impl FnOnce(&mut Json)) -> String {
        let mut json = sample_json();
        change(&mut json);
        text_of_world(&json.to_string()).unwrap_err().to_string()
    }

    #[test]
    fn reads_what_the_benchmark_writes() {
        let base = Arc::new(text_of_world(&sample_json().to_string()).unwrap());
        let sample = Arc::new(sample::base());
        let hash =
            |base: &Arc<Base>| Benchmark::new(base.clone()).db_hash(&World::new(base.clone()));
        assert_eq!(hash(&base), hash(&sample));
    }

    #[test]
    fn says_where_and_what() {
        let cases = [
            (
                error(|json| json["orders"]["#W1"]["items"][1]["price"] = Json::Null),
                "`orders.#W1.items.1.price` of the world file is `null`: write an amount in dollars",
            ),
            (
                error(|json| json["users"]["ann_lee_1"]["user_id"] = "bob".into()),
                "`users.ann_lee_1.user_id` of the world file is `\"bob\"`: write `ann_lee_1`, the key of this record",
            ),
            (
                error(|json| json["extra"] = Json::Null),
                "the world file has an unknown key `extra`: it takes `products`, `users` and `orders` only",
            ),
            (
                error(|json| {
                    json["orders"]["#W1"]
                        .as_object_mut()
                        .unwrap()
                        .remove("status");
                }),
                "`orders.#W1` of the world file lacks `status`: add it",
            ),
            (
                error(|json| json["orders"]["#W1"]["status"] = "lost".into()),
                "`orders.#W1.status` of the world file is `\"lost\"`: write a status such as `pending` or `delivered`",
            ),
        ];
        for (found, wanted) in cases {
            assert_eq!(found, wanted);
        }
    }

    #[test]
    fn ignores_unknown_fields_of_records_and_takes_whole_numbers() {
        let mut json = sample_json();
        json["orders"]["#W1"]["colour"] = "red".into();
        json["orders"]["#W1"]["items"][0]["price"] = 10.into();
        let base = text_of_world(&json.to_string()).unwrap();
        assert_eq!(
            base.orders[base.order_at["#W1"] as usize].items[0].price,
            10.0
        );
    }
}
