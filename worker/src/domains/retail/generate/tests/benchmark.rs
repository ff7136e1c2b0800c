//! A light reader of the benchmark's retail database, for its statistics alone.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::domains::retail::state::{Address, Fulfillment, OrderItem, Payment};

/// The benchmark's world, where its data are at hand.
pub(super) fn load() -> Option<Parts> {
    let data = std::env::var_os("T2T_TAU2_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/tau2")),
        PathBuf::from,
    );
    let path = data.join("retail/db.json");
    let Ok(bytes) = std::fs::read(&path) else {
        let required = std::env::var_os("T2T_REQUIRE_TAU2").is_some();
        let hint = "set T2T_TAU2_DATA to the folder with retail/db.json";
        assert!(!required, "no {}: {hint}", path.display());
        println!("not compared: no {}; {hint}", path.display());
        return None;
    };
    let database: Value = serde_json::from_slice(&bytes).unwrap();
    Some(Parts {
        products: values(&database["products"]).map(product).collect(),
        users: values(&database["users"]).map(user).collect(),
        orders: values(&database["orders"]).map(order).collect(),
    })
}

fn values(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_object().unwrap().values()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

fn text(value: &Value) -> Arc<str> {
    value.as_str().unwrap().into()
}

fn options(value: &Value) -> Vec<(Arc<str>, Arc<str>)> {
    let options = value.as_object().unwrap().iter();
    options
        .map(|(axis, value)| (axis.as_str().into(), text(value)))
        .collect()
}

fn product(value: &Value) -> Product {
    let variant = |value: &Value| Variant {
        item_id: text(&value["item_id"]),
        options: options(&value["options"]),
        available: value["available"].as_bool().unwrap(),
        price: value["price"].as_f64().unwrap(),
    };
    Product {
        name: text(&value["name"]),
        product_id: text(&value["product_id"]),
        variants: values(&value["variants"]).map(variant).collect(),
    }
}

fn address(value: &Value) -> Address {
    Address {
        address1: text(&value["address1"]),
        address2: text(&value["address2"]),
        city: text(&value["city"]),
        country: text(&value["country"]),
        state: text(&value["state"]),
        zip: text(&value["zip"]),
    }
}

fn user(value: &Value) -> User {
    let method = |value: &Value| {
        let id = text(&value["id"]);
        match value["source"].as_str().unwrap() {
            "credit_card" => PaymentMethod::CreditCard {
                id,
                brand: text(&value["brand"]),
                last_four: text(&value["last_four"]),
            },
            "gift_card" => PaymentMethod::GiftCard {
                id,
                balance: value["balance"].as_f64().unwrap(),
            },
            _ => PaymentMethod::Paypal { id },
        }
    };
    User {
        user_id: text(&value["user_id"]),
        first_name: text(&value["name"]["first_name"]),
        last_name: text(&value["name"]["last_name"]),
        address: address(&value["address"]),
        email: text(&value["email"]),
        payment_methods: values(&value["payment_methods"]).map(method).collect(),
        orders: list(&value["orders"]).map(text).collect(),
    }
}

fn order(value: &Value) -> Order {
    let item = |value: &Value| OrderItem {
        name: text(&value["name"]),
        product_id: text(&value["product_id"]),
        item_id: text(&value["item_id"]),
        price: value["price"].as_f64().unwrap(),
        options: options(&value["options"]),
    };
    let parcel = |value: &Value| Fulfillment {
        tracking_id: list(&value["tracking_id"]).map(text).collect(),
        item_ids: list(&value["item_ids"]).map(text).collect(),
    };
    let payment = |value: &Value| Payment {
        transaction_type: match value["transaction_type"].as_str().unwrap() {
            "payment" => TransactionType::Payment,
            _ => TransactionType::Refund,
        },
        amount: value["amount"].as_f64().unwrap(),
        payment_method_id: text(&value["payment_method_id"]),
    };
    let statuses = [
        Status::Pending,
        Status::Delivered,
        Status::Processed,
        Status::Cancelled,
    ];
    let status = statuses
        .into_iter()
        .find(|status| status.text() == &*text(&value["status"]));
    Order {
        order_id: text(&value["order_id"]),
        user_id: text(&value["user_id"]),
        address: address(&value["address"]),
        items: list(&value["items"]).map(item).collect(),
        status: status.unwrap(),
        fulfillments: list(&value["fulfillments"]).map(parcel).collect(),
        payment_history: list(&value["payment_history"]).map(payment).collect(),
        cancel_reason: None,
        exchange_items: None,
        exchange_new_items: None,
        exchange_payment_method_id: None,
        exchange_price_difference: None,
        return_items: None,
        return_payment_method_id: None,
    }
}
