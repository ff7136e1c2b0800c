//! The shop's records as tools print them.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Options of a variant, such as `color` and `black`.
pub(super) type Options = BTreeMap<String, String>;

/// A customer.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Customer {
    pub(super) user_id: String,
    pub(super) address: Address,
    pub(super) payment_methods: BTreeMap<String, Method>,
    pub(super) orders: Vec<String>,
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(super) struct Address {
    pub(super) address1: String,
    pub(super) address2: String,
    pub(super) city: String,
    pub(super) state: String,
    pub(super) country: String,
    pub(super) zip: String,
}

/// A way to pay.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Method {
    pub(super) source: String,
    pub(super) id: String,
    #[serde(default)]
    pub(super) brand: String,
    #[serde(default)]
    pub(super) last_four: String,
    #[serde(default)]
    pub(super) balance: f64,
}

impl Method {
    /// Whether it is a gift card.
    pub(super) fn is_gift_card(&self) -> bool {
        self.source == "gift_card"
    }
}

/// An order.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Order {
    pub(super) order_id: String,
    pub(super) user_id: String,
    pub(super) address: Address,
    pub(super) items: Vec<Item>,
    pub(super) status: String,
    pub(super) payment_history: Vec<Payment>,
    #[serde(default)]
    pub(super) fulfillments: Vec<Parcel>,
}

/// A parcel of an order.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Parcel {
    #[serde(default)]
    pub(super) tracking_id: Vec<String>,
}

/// A payment or a refund.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Payment {
    pub(super) amount: f64,
    pub(super) payment_method_id: String,
}

impl Order {
    /// What its items cost, in dollars.
    pub(super) fn total(&self) -> f64 {
        self.items.iter().map(|item| item.price).sum()
    }

    /// The method in the first entry of its payment history.
    pub(super) fn paid_with(&self) -> Option<&str> {
        self.payment_history
            .first()
            .map(|payment| payment.payment_method_id.as_str())
    }

    /// Whether a text holds one of its tracking ids.
    pub(super) fn tracked_in(&self, text: &str) -> bool {
        let mut ids = self
            .fulfillments
            .iter()
            .flat_map(|parcel| &parcel.tracking_id);
        ids.any(|id| text.contains(id.as_str()))
    }

    /// What was paid by its first payment.
    pub(super) fn paid(&self) -> f64 {
        self.payment_history
            .first()
            .map_or_else(|| self.total(), |payment| payment.amount)
    }
}

/// An item of an order.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) product_id: String,
    pub(super) item_id: String,
    pub(super) price: f64,
    pub(super) options: Options,
}

/// A product.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Product {
    pub(super) name: String,
    pub(super) variants: BTreeMap<String, Variant>,
}

/// A variant of a product.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Variant {
    pub(super) item_id: String,
    pub(super) options: Options,
    pub(super) available: bool,
    pub(super) price: f64,
}

/// What has been looked up so far.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// The customer being served.
    pub(super) customer: Option<Customer>,
    /// Orders by id; none where there is no such order.
    pub(super) orders: BTreeMap<String, Option<Order>>,
    /// Products by id; none where there is no such product.
    pub(super) products: BTreeMap<String, Option<Product>>,
    /// Product ids by name, once listed.
    pub(super) catalogue: Option<BTreeMap<String, String>>,
}

impl Records {
    /// An order that was found.
    pub(super) fn order(&self, id: &str) -> Option<&Order> {
        self.orders.get(id)?.as_ref()
    }

    /// The customer's own orders, as the profile lists them.
    pub(super) fn own(&self) -> Vec<&Order> {
        let ids = self.customer.iter().flat_map(|customer| &customer.orders);
        ids.filter_map(|id| self.order(id)).collect()
    }

    /// A product that was found.
    pub(super) fn product(&self, id: &str) -> Option<&Product> {
        self.products.get(id)?.as_ref()
    }

    /// The customer's ways to pay.
    pub(super) fn methods(&self) -> Vec<&Method> {
        self.customer
            .iter()
            .flat_map(|customer| customer.payment_methods.values())
            .collect()
    }

    /// One of the customer's ways to pay.
    pub(super) fn method(&self, id: &str) -> Option<&Method> {
        self.customer.as_ref()?.payment_methods.get(id)
    }

    /// Takes in what a tool answered.
    pub(super) fn absorb(&mut self, tool: &str, subject: &str, text: &str, error: bool) {
        match tool {
            "get_product_details" => {
                self.products.insert(subject.to_owned(), parse(text, error));
            }
            "list_all_product_types" => self.catalogue = parse(text, error),
            "get_user_details" | "modify_user_address" => {
                if let Some(customer) = parse(text, error) {
                    self.customer = Some(customer);
                }
            }
            "get_order_details" => {
                self.orders.insert(subject.to_owned(), parse(text, error));
            }
            _ => {
                if let Some(order) = parse::<Order>(text, error) {
                    self.orders.insert(order.order_id.clone(), Some(order));
                }
            }
        }
    }
}

fn parse<T: serde::de::DeserializeOwned>(text: &str, error: bool) -> Option<T> {
    if error {
        None
    } else {
        serde_json::from_str(text).ok()
    }
}
