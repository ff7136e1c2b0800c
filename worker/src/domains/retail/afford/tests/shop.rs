//! A seeded shop for tests: small, with every status, kinds of payment and shared products.

use std::sync::Arc;

use proto::seed::{Rng, Seed};

use crate::domains::retail::state::{
    Address, Base, Fulfillment, Order, OrderItem, Payment, PaymentMethod, Product, Status,
    TransactionType, User, Variant, World,
};

const AXES: [(&str, &[&str]); 4] = [
    ("color", &["black", "blue", "red", "green"]),
    ("size", &["S", "M", "L"]),
    ("material", &["steel", "glass", "oak"]),
    ("count", &["2", "4", "6"]),
];
const NAMES: [&str; 12] = [
    "Desk Lamp",
    "Wool Scarf",
    "Kettle",
    "Tent",
    "Skateboard",
    "Notebook",
    "Puzzle",
    "Bookshelf",
    "Backpack",
    "Wall Clock",
    "Yoga Mat",
    "Headphones",
];
const TOWNS: [(&str, &str, &str); 6] = [
    ("Denver", "CO", "802"),
    ("Austin", "TX", "787"),
    ("Boston", "MA", "021"),
    ("Seattle", "WA", "981"),
    ("Chicago", "IL", "606"),
    ("Phoenix", "AZ", "850"),
];

/// A shop of `people` people.
pub(in crate::domains::retail) fn base(people: usize, seed: u64) -> Arc<Base> {
    let mut rng = Seed::root(seed).child("test.shop", 0).rng();
    let products: Vec<Product> = (0..NAMES.len()).map(|at| product(at, &mut rng)).collect();
    let mut users = Vec::new();
    let mut orders = Vec::new();
    for at in 0..people {
        let (user, mut theirs) = person(at, orders.len(), &products, &mut rng);
        users.push(user);
        orders.append(&mut theirs);
    }
    Arc::new(Base::build(products, users, orders).unwrap())
}

/// The world of [`base`].
pub(super) fn world(people: usize, seed: u64) -> World {
    World::new(base(people, seed))
}

fn product(at: usize, rng: &mut Rng) -> Product {
    let (first, second) = (AXES[at % 4], AXES[(at + 1) % 4]);
    let mut variants = Vec::new();
    for one in first.1 {
        for two in second.1 {
            let number = 1_000_000_000 + at * 100 + variants.len();
            variants.push(Variant {
                item_id: number.to_string().into(),
                options: vec![
                    (first.0.into(), (*one).into()),
                    (second.0.into(), (*two).into()),
                ],
                available: rng.chance(0.7),
                price: rng.between(1000, 40_000) as f64 / 100.0,
            });
        }
    }
    Product {
        name: NAMES[at].into(),
        product_id: (2_000_000_000 + at).to_string().into(),
        variants,
    }
}

fn address(rng: &mut Rng) -> Address {
    let (city, state, zip) = TOWNS[rng.below(TOWNS.len())];
    Address {
        address1: format!("{} Elm Street", rng.between(100, 999)).into(),
        address2: format!("Suite {}", rng.between(100, 999)).into(),
        city: city.into(),
        country: "USA".into(),
        state: state.into(),
        zip: format!("{zip}{:02}", rng.below(100)).into(),
    }
}

fn methods(rng: &mut Rng) -> Vec<PaymentMethod> {
    let mut methods = Vec::new();
    for at in 0..rng.between(1, 4) {
        let number = 1_000_000 + rng.below(8_999_999);
        methods.push(match rng.below(4) {
            0 if at > 0 => PaymentMethod::Paypal {
                id: format!("paypal_{number}").into(),
            },
            1 => PaymentMethod::GiftCard {
                id: format!("gift_card_{number}").into(),
                balance: rng.between(0, 30_000) as f64 / 100.0,
            },
            _ => PaymentMethod::CreditCard {
                id: format!("credit_card_{number}").into(),
                brand: "visa".into(),
                last_four: format!("{:04}", rng.below(10_000)).into(),
            },
        });
    }
    methods
}

fn person(at: usize, first: usize, products: &[Product], rng: &mut Rng) -> (User, Vec<Order>) {
    let home = address(rng);
    let user_id: Arc<str> = format!("ann_{at}_smith_{}", rng.below(9999)).into();
    let methods = methods(rng);
    let count = [0, 1, 2, 2, 3, 3, 4, 5][rng.below(8)];
    let orders: Vec<Order> = (0..count)
        .map(|n| order(first + n, &user_id, &home, &methods, products, rng))
        .collect();
    let user = User {
        first_name: format!("Ann{at}").into(),
        last_name: "Smith".into(),
        email: format!("{user_id}@example.com").into(),
        orders: orders.iter().map(|order| order.order_id.clone()).collect(),
        address: home,
        payment_methods: methods,
        user_id,
    };
    (user, orders)
}

fn order(
    number: usize,
    user_id: &Arc<str>,
    home: &Address,
    methods: &[PaymentMethod],
    products: &[Product],
    rng: &mut Rng,
) -> Order {
    let mut items: Vec<OrderItem> = Vec::new();
    for _ in 0..rng.between(1, 4) {
        let product = &products[rng.below(products.len())];
        let variant = &product.variants[rng.below(product.variants.len())];
        if items.iter().all(|item| item.item_id != variant.item_id) || rng.chance(0.1) {
            items.push(OrderItem {
                name: product.name.clone(),
                product_id: product.product_id.clone(),
                item_id: variant.item_id.clone(),
                price: variant.price,
                options: variant.options.clone(),
            });
        }
    }
    let statuses = [
        Status::Pending,
        Status::Pending,
        Status::Delivered,
        Status::Delivered,
        Status::Processed,
        Status::Cancelled,
    ];
    let status = statuses[rng.below(statuses.len())];
    let cents: i64 = items.iter().map(|i| (i.price * 100.0).round() as i64).sum();
    let paid = Payment {
        transaction_type: TransactionType::Payment,
        amount: cents as f64 / 100.0,
        payment_method_id: methods[rng.below(methods.len())].id().clone(),
    };
    let mut payment_history = vec![paid.clone()];
    if status == Status::Cancelled {
        payment_history.push(Payment {
            transaction_type: TransactionType::Refund,
            ..paid
        });
    }
    let parcel = Fulfillment {
        tracking_id: vec![format!("{:012}", rng.below(999_999_999_999)).into()],
        item_ids: items.iter().map(|item| item.item_id.clone()).collect(),
    };
    Order {
        order_id: format!("#W{:07}", 1_000_000 + number).into(),
        user_id: user_id.clone(),
        address: if rng.chance(0.4) {
            address(rng)
        } else {
            home.clone()
        },
        items,
        status,
        fulfillments: if status == Status::Pending {
            vec![]
        } else {
            vec![parcel]
        },
        payment_history,
        cancel_reason: (status == Status::Cancelled).then(|| "no longer needed".into()),
        exchange_items: None,
        exchange_new_items: None,
        exchange_payment_method_id: None,
        exchange_price_difference: None,
        return_items: None,
        return_payment_method_id: None,
    }
}
