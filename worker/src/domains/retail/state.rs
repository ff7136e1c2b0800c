//! The typed state of the retail domain, and worlds that share a base.
//!
//! Field names and their order are the benchmark's: results are printed in this order. Amounts are
//! binary floats because the benchmark's results and hashes depend on its float arithmetic.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use proto::ids::BaseId;
use serde::{Deserialize, Serialize};

/// Option names and values of a variant, in the order of its product's axes.
pub type Options = Vec<(Arc<str>, Arc<str>)>;

/// One sellable form of a product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// Ten digits.
    pub item_id: Arc<str>,
    /// Chosen value per axis.
    pub options: Options,
    /// Whether it can be bought now.
    pub available: bool,
    /// In dollars.
    pub price: f64,
}

/// A type of product with its variants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// As a person would call it: "Desk Lamp".
    pub name: Arc<str>,
    /// Ten digits, unrelated to item ids.
    pub product_id: Arc<str>,
    /// In the world's own order, which results keep.
    pub variants: Vec<Variant>,
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address {
    /// Street and number.
    pub address1: Arc<str>,
    /// Suite or apartment; may be empty.
    pub address2: Arc<str>,
    /// City.
    pub city: Arc<str>,
    /// Country, "USA".
    pub country: Arc<str>,
    /// Two letters.
    pub state: Arc<str>,
    /// Five digits.
    pub zip: Arc<str>,
}

/// A way to pay. The id's prefix repeats the source: `credit_card_1234567`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PaymentMethod {
    /// A credit card.
    CreditCard {
        /// Key among the user's methods.
        id: Arc<str>,
        /// "visa" or "mastercard".
        brand: Arc<str>,
        /// Four digits.
        last_four: Arc<str>,
    },
    /// A gift card.
    GiftCard {
        /// Key among the user's methods.
        id: Arc<str>,
        /// In dollars.
        balance: f64,
    },
    /// A `PayPal` account.
    Paypal {
        /// Key among the user's methods.
        id: Arc<str>,
    },
}

impl PaymentMethod {
    /// Key among the user's methods.
    pub fn id(&self) -> &Arc<str> {
        match self {
            Self::CreditCard { id, .. } | Self::GiftCard { id, .. } | Self::Paypal { id } => id,
        }
    }
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// `first_last_1234`.
    pub user_id: Arc<str>,
    /// First name.
    pub first_name: Arc<str>,
    /// Last name.
    pub last_name: Arc<str>,
    /// Default address.
    pub address: Address,
    /// Electronic mail.
    pub email: Arc<str>,
    /// In the world's own order.
    pub payment_methods: Vec<PaymentMethod>,
    /// Order ids, oldest first.
    pub orders: Vec<Arc<str>>,
}

/// An item as it was ordered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderItem {
    /// Name of its product.
    pub name: Arc<str>,
    /// Its product.
    pub product_id: Arc<str>,
    /// Its variant.
    pub item_id: Arc<str>,
    /// Price paid, in dollars.
    pub price: f64,
    /// Options of its variant.
    pub options: Options,
}

/// A parcel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fulfillment {
    /// Tracking numbers of the carrier.
    pub tracking_id: Vec<Arc<str>>,
    /// Items in it.
    pub item_ids: Vec<Arc<str>>,
}

/// Which way money went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TransactionType {
    /// From the customer.
    Payment,
    /// To the customer.
    Refund,
}

/// One movement of money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    /// Which way.
    pub transaction_type: TransactionType,
    /// In dollars, not negative.
    pub amount: f64,
    /// A method of the order's user.
    pub payment_method_id: Arc<str>,
}

/// State of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Status {
    /// Handed to the warehouse.
    Processed,
    /// Not yet handed on: can be changed.
    Pending,
    /// Pending, items once modified.
    PendingItemModified,
    /// With the customer.
    Delivered,
    /// Called off.
    Cancelled,
    /// Delivered, exchange under way.
    ExchangeRequested,
    /// Delivered, return under way.
    ReturnRequested,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Processed,
        Self::Pending,
        Self::PendingItemModified,
        Self::Delivered,
        Self::Cancelled,
        Self::ExchangeRequested,
        Self::ReturnRequested,
    ];

    /// As the benchmark writes it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Processed => "processed",
            Self::Pending => "pending",
            Self::PendingItemModified => "pending (item modified)",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::ExchangeRequested => "exchange requested",
            Self::ReturnRequested => "return requested",
        }
    }
}

/// What an exchange costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum PriceDifference {
    /// No item was named. The benchmark then keeps the integer `0`, which prints and hashes
    /// differently from `0.0`.
    Nothing,
    /// In dollars, negative for a refund.
    Dollars(f64),
}

/// An order. The optional fields are set by the tools.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// `#W` and seven digits.
    pub order_id: Arc<str>,
    /// Who ordered.
    pub user_id: Arc<str>,
    /// Where it goes.
    pub address: Address,
    /// What was ordered.
    pub items: Vec<OrderItem>,
    /// State.
    pub status: Status,
    /// Parcels.
    pub fulfillments: Vec<Fulfillment>,
    /// Money, oldest first.
    pub payment_history: Vec<Payment>,
    /// Set by a cancellation.
    pub cancel_reason: Option<Arc<str>>,
    /// Set by an exchange, sorted.
    pub exchange_items: Option<Vec<Arc<str>>>,
    /// Set by an exchange, sorted.
    pub exchange_new_items: Option<Vec<Arc<str>>>,
    /// Set by an exchange.
    pub exchange_payment_method_id: Option<Arc<str>>,
    /// Set by an exchange.
    pub exchange_price_difference: Option<PriceDifference>,
    /// Set by a return, sorted.
    pub return_items: Option<Vec<Arc<str>>>,
    /// Set by a return.
    pub return_payment_method_id: Option<Arc<str>>,
}

/// A whole shop, never changed once built; every world over it shares it.
#[derive(Debug)]
pub struct Base {
    /// Content digest.
    pub id: BaseId,
    /// In the world's own order.
    pub products: Vec<Arc<Product>>,
    /// In the world's own order.
    pub users: Vec<Arc<User>>,
    /// In the world's own order.
    pub orders: Vec<Arc<Order>>,
    /// Place of a product by its id.
    pub product_at: HashMap<Arc<str>, u32>,
    /// Place of a user by its id.
    pub user_at: HashMap<Arc<str>, u32>,
    /// Place of an order by its id.
    pub order_at: HashMap<Arc<str>, u32>,
    /// Product and variant of an item id.
    pub variant_at: HashMap<Arc<str>, (u32, u32)>,
    /// First user with this lower-case email.
    pub user_by_email: HashMap<Box<str>, u32>,
    /// Users by lower-case name (see `base::name_key`), in order; their zips may change.
    pub users_by_name: HashMap<Box<str>, Vec<u32>>,
    /// Lower-case first names of all users.
    pub first_names: HashSet<Box<str>>,
    /// Places of products by name; of several with one name only the last.
    pub products_by_name: Vec<u32>,
}

/// A base and the entities changed since. Cloning costs O(changed).
#[derive(Debug, Clone)]
pub struct World {
    /// What everything unchanged is read from.
    pub base: Arc<Base>,
    /// Changed products by place in the base.
    pub products: BTreeMap<u32, Arc<Product>>,
    /// Changed users by place in the base.
    pub users: BTreeMap<u32, Arc<User>>,
    /// Changed orders by place in the base.
    pub orders: BTreeMap<u32, Arc<Order>>,
}

impl World {
    /// The base as it is.
    pub fn new(base: Arc<Base>) -> Self {
        Self {
            base,
            products: BTreeMap::new(),
            users: BTreeMap::new(),
            orders: BTreeMap::new(),
        }
    }

    /// The product at a place of the base.
    pub fn product_at(&self, place: u32) -> &Arc<Product> {
        self.products
            .get(&place)
            .unwrap_or_else(|| &self.base.products[place as usize])
    }

    /// The user at a place of the base.
    pub fn user_at(&self, place: u32) -> &Arc<User> {
        self.users
            .get(&place)
            .unwrap_or_else(|| &self.base.users[place as usize])
    }

    /// The order at a place of the base.
    pub fn order_at(&self, place: u32) -> &Arc<Order> {
        self.orders
            .get(&place)
            .unwrap_or_else(|| &self.base.orders[place as usize])
    }

    /// The product with this id.
    pub fn product(&self, id: &str) -> Option<&Arc<Product>> {
        self.base
            .product_at
            .get(id)
            .map(|&place| self.product_at(place))
    }

    /// The user with this id.
    pub fn user(&self, id: &str) -> Option<&Arc<User>> {
        self.base.user_at.get(id).map(|&place| self.user_at(place))
    }

    /// The order with this id.
    pub fn order(&self, id: &str) -> Option<&Arc<Order>> {
        self.base
            .order_at
            .get(id)
            .map(|&place| self.order_at(place))
    }

    /// The product and variant of an item.
    pub fn variant(&self, item_id: &str) -> Option<(&Arc<Product>, &Variant)> {
        let &(product, variant) = self.base.variant_at.get(item_id)?;
        let product = self.product_at(product);
        Some((product, &product.variants[variant as usize]))
    }
}
