//! Shops for tests: a tiny one, two products, two people, an order in every interesting state; and a
//! generated one.

use std::sync::Arc;

use super::Retail;
use super::generate::{Parts, WorldSettings, generate};
use super::state::{
    Address, Base, Fulfillment, Order, OrderItem, Payment, PaymentMethod, Product, Status,
    TransactionType, User, Variant, World,
};
use crate::environment::Environment;
use proto::record::{Actor, Value};
use proto::seed::Seed;

fn variant(item_id: &str, colour: &str, available: bool, price: f64) -> Variant {
    Variant {
        item_id: item_id.into(),
        options: vec![("color".into(), colour.into())],
        available,
        price,
    }
}

fn address(zip: &str) -> Address {
    Address {
        address1: "1 Elm Street".into(),
        address2: String::new().into(),
        city: "Denver".into(),
        country: "USA".into(),
        state: "CO".into(),
        zip: zip.into(),
    }
}

fn user(first: &str, last: &str, orders: &[&str]) -> User {
    let user_id = format!("{first}_{last}_1").to_lowercase();
    User {
        email: format!("{user_id}@example.com").into(),
        user_id: user_id.into(),
        first_name: first.into(),
        last_name: last.into(),
        address: address("80201"),
        payment_methods: vec![
            PaymentMethod::CreditCard {
                id: "credit_card_1".into(),
                brand: "visa".into(),
                last_four: "1234".into(),
            },
            PaymentMethod::GiftCard {
                id: "gift_card_1".into(),
                balance: 50.0,
            },
            PaymentMethod::Paypal {
                id: "paypal_1".into(),
            },
        ],
        orders: orders.iter().map(|id| (*id).into()).collect(),
    }
}

fn order(
    order_id: &str,
    user_id: &str,
    status: Status,
    items: &[&Variant],
    paid_with: &str,
) -> Order {
    let items: Vec<OrderItem> = items
        .iter()
        .map(|variant| OrderItem {
            name: "Lamp".into(),
            product_id: "2000000001".into(),
            item_id: variant.item_id.clone(),
            price: variant.price,
            options: variant.options.clone(),
        })
        .collect();
    Order {
        order_id: order_id.into(),
        user_id: user_id.into(),
        address: address("80201"),
        status,
        fulfillments: vec![Fulfillment {
            tracking_id: vec!["123".into()],
            item_ids: items.iter().map(|item| item.item_id.clone()).collect(),
        }],
        payment_history: vec![Payment {
            transaction_type: TransactionType::Payment,
            amount: items.iter().map(|item| item.price).sum(),
            payment_method_id: paid_with.into(),
        }],
        items,
        cancel_reason: None,
        exchange_items: None,
        exchange_new_items: None,
        exchange_payment_method_id: None,
        exchange_price_difference: None,
        return_items: None,
        return_payment_method_id: None,
    }
}

/// The records of the shop.
pub(crate) fn records() -> (Vec<Product>, Vec<User>, Vec<Order>) {
    let lamps = vec![
        variant("1000000001", "red", true, 10.1),
        variant("1000000002", "blue", true, 12.35),
        variant("1000000003", "green", false, 9.0),
        variant("1000000004", "white", true, 99.99),
    ];
    let (red, blue) = (lamps[0].clone(), lamps[1].clone());
    let products = vec![
        Product {
            name: "Lamp".into(),
            product_id: "2000000001".into(),
            variants: lamps,
        },
        Product {
            name: "Desk".into(),
            product_id: "2000000002".into(),
            variants: vec![variant("1000000005", "oak", true, 200.0)],
        },
    ];
    let users = vec![
        user("Ann", "Lee", &["#W1", "#W2", "#W5"]),
        user("Bob", "Ray", &["#W3", "#W4"]),
    ];
    let orders = vec![
        order(
            "#W1",
            "ann_lee_1",
            Status::Pending,
            &[&red, &red, &blue],
            "gift_card_1",
        ),
        order(
            "#W2",
            "ann_lee_1",
            Status::Delivered,
            &[&red, &blue],
            "credit_card_1",
        ),
        order("#W3", "bob_ray_1", Status::Pending, &[&blue], "paypal_1"),
        order("#W4", "nobody", Status::Delivered, &[&blue], "paypal_1"),
        order("#W5", "ann_lee_1", Status::Pending, &[&red], "paypal_9"),
    ];
    (products, users, orders)
}

/// The shop.
pub(crate) fn base() -> Base {
    let (products, users, orders) = records();
    Base::build(products, users, orders).expect("the sample is a world")
}

/// Uses a tool with arguments in JSON: text and whether it is an error.
pub(crate) fn call(world: &mut World, name: &str, arguments: &str) -> (String, bool) {
    let Value::Map(arguments) = Value::parse(arguments).expect("arguments are JSON") else {
        panic!("arguments are an object")
    };
    let seen = world.call(Actor::Assistant, name, &arguments);
    (seen.text, seen.error)
}

/// One write of every kind, all of which succeed.
pub(crate) fn writes(world: &mut World) {
    let home = r#""address1":"2 Oak Road","address2":"","city":"Reno","state":"NV","country":"USA","zip":"89501""#;
    let calls = [
        ("modify_user_address", format!(r#"{{"user_id":"ann_lee_1",{home}}}"#)),
        ("modify_pending_order_address", format!(r##"{{"order_id":"#W3",{home}}}"##)),
        ("modify_pending_order_payment", r##"{"order_id":"#W3","payment_method_id":"gift_card_1"}"##.to_owned()),
        ("cancel_pending_order", r##"{"order_id":"#W1","reason":"no longer needed"}"##.to_owned()),
        (
            "exchange_delivered_order_items",
            r##"{"order_id":"#W2","item_ids":["1000000001"],"new_item_ids":["1000000002"],"payment_method_id":"paypal_1"}"##
                .to_owned(),
        ),
    ];
    for (name, arguments) in calls {
        let (text, error) = call(world, name, &arguments);
        assert!(!error, "{name}: {text}");
    }
}

/// The domain over a generated shop that has every kind of wish.
pub(crate) fn shop() -> Retail {
    let settings = WorldSettings::new(30, 150, 400).unwrap();
    let Parts {
        products,
        users,
        orders,
    } = generate(&settings, Seed::root(5).child("world", 0));
    Retail::new(Arc::new(Base::build(products, users, orders).unwrap()))
}
