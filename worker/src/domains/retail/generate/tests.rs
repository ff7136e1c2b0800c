//! Invariants of every world, one world frozen, and the distance of the default world from the
//! benchmark's.

mod benchmark;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;
use proto::digest::Digest;

use super::statistics::{Comparison, WorldStatistics, compare};
use super::*;
use crate::domains::retail::state::{PaymentMethod, Status, TransactionType, Variant};

fn distinct<'a>(ids: impl Iterator<Item = &'a str>, what: &str) {
    let mut seen = BTreeSet::new();
    for id in ids {
        assert!(seen.insert(id), "{what} {id} twice");
    }
}

fn digits(text: &str, prefix: &str, count: usize) {
    let rest = text
        .strip_prefix(prefix)
        .unwrap_or_else(|| panic!("{text} without {prefix}"));
    let plain = rest.bytes().all(|byte| byte.is_ascii_digit()) && !rest.starts_with('0');
    assert!(
        rest.len() == count && plain,
        "{text} is not {prefix} and {count} digits"
    );
}

fn check_ids(parts: &Parts) {
    distinct(parts.products.iter().map(|p| &*p.name), "product name");
    let variants = || parts.products.iter().flat_map(|p| &p.variants);
    distinct(parts.products.iter().map(|p| &*p.product_id), "product");
    distinct(variants().map(|v| &*v.item_id), "item");
    distinct(parts.users.iter().map(|u| &*u.user_id), "user");
    distinct(parts.users.iter().map(|u| &*u.email), "email");
    distinct(parts.orders.iter().map(|o| &*o.order_id), "order");
    let methods = || parts.users.iter().flat_map(|u| &u.payment_methods);
    distinct(methods().map(|m| &**m.id()), "payment method");
    let parcels = parts.orders.iter().flat_map(|o| &o.fulfillments);
    distinct(
        parcels.flat_map(|f| &f.tracking_id).map(|id| &**id),
        "parcel",
    );
    variants().for_each(|v| digits(&v.item_id, "", 10));
    parts
        .products
        .iter()
        .for_each(|p| digits(&p.product_id, "", 10));
    parts
        .orders
        .iter()
        .for_each(|o| digits(&o.order_id, "#W", 7));
    for method in methods() {
        let prefix = match method {
            PaymentMethod::CreditCard { .. } => "credit_card_",
            PaymentMethod::GiftCard { .. } => "gift_card_",
            PaymentMethod::Paypal { .. } => "paypal_",
        };
        digits(method.id(), prefix, 7);
    }
}

fn check_products(parts: &Parts) {
    for product in &parts.products {
        let variants = &product.variants;
        assert!(
            (5..=catalogue::MOST_VARIANTS).contains(&variants.len()),
            "{}",
            product.name
        );
        let options: BTreeSet<_> = variants.iter().map(|v| &v.options).collect();
        assert_eq!(
            options.len(),
            variants.len(),
            "{}: the same options twice",
            product.name
        );
        let prices: BTreeSet<i64> = variants.iter().map(|v| cents(v.price)).collect();
        assert_eq!(
            prices.len(),
            variants.len(),
            "{}: the same price twice",
            product.name
        );
        let mean = prices.iter().sum::<i64>() as f64 / prices.len() as f64;
        let (low, high) = (
            *prices.first().unwrap() as f64,
            *prices.last().unwrap() as f64,
        );
        assert!(
            low > 0.80 * mean && high < 1.20 * mean,
            "{}: {low} {mean} {high}",
            product.name
        );
        assert!(
            variants.iter().filter(|v| v.available).count() >= 2,
            "{}",
            product.name
        );
        let axes = |v: &Variant| {
            v.options
                .iter()
                .map(|(axis, _)| axis.clone())
                .collect::<Vec<_>>()
        };
        assert!(
            variants.iter().all(|v| axes(v) == axes(&variants[0])),
            "{}",
            product.name
        );
    }
}

fn check_users(parts: &Parts) {
    let mut made: HashMap<&str, Vec<&str>> = HashMap::new();
    for order in &parts.orders {
        made.entry(&order.user_id)
            .or_default()
            .push(&order.order_id);
    }
    for user in &parts.users {
        let orders: Vec<&str> = user.orders.iter().map(|id| &**id).collect();
        assert_eq!(orders, made.remove(&*user.user_id).unwrap_or_default());
        let (first, last) = (
            user.first_name.to_lowercase(),
            user.last_name.to_lowercase(),
        );
        digits(&user.user_id, &format!("{first}_{last}_"), 4);
        let mail = user.email.strip_suffix("@example.com").unwrap();
        digits(mail, &format!("{first}.{last}"), 4);
        assert!((1..=4).contains(&user.payment_methods.len()));
    }
    assert!(made.is_empty(), "orders of nobody: {made:?}");
}

fn check_orders(parts: &Parts) {
    let variants: HashMap<&str, (&Product, &Variant)> = parts
        .products
        .iter()
        .flat_map(|p| p.variants.iter().map(move |v| (&*v.item_id, (p, v))))
        .collect();
    let users: HashMap<&str, &User> = parts.users.iter().map(|u| (&*u.user_id, u)).collect();
    for order in &parts.orders {
        let user = users[&*order.user_id];
        assert!((1..=5).contains(&order.items.len()));
        for item in &order.items {
            let (product, variant) = variants[&*item.item_id];
            assert_eq!(
                (&item.name, &item.product_id),
                (&product.name, &product.product_id)
            );
            assert_eq!(item.options, variant.options);
            assert_eq!(item.price.to_bits(), variant.price.to_bits());
        }
        let total: i64 = order.items.iter().map(|item| cents(item.price)).sum();
        let kinds: Vec<_> = order
            .payment_history
            .iter()
            .map(|p| p.transaction_type)
            .collect();
        let wanted: &[TransactionType] = match order.status {
            Status::Cancelled => &[TransactionType::Payment, TransactionType::Refund],
            _ => &[TransactionType::Payment],
        };
        assert_eq!(kinds, wanted);
        for payment in &order.payment_history {
            assert_eq!(payment.amount.to_bits(), dollars(total).to_bits());
            let id = &order.payment_history[0].payment_method_id;
            assert_eq!(&payment.payment_method_id, id);
            assert!(user.payment_methods.iter().any(|method| method.id() == id));
        }
        let parcels = usize::from(order.status != Status::Pending);
        assert_eq!(order.fulfillments.len(), parcels);
        for parcel in &order.fulfillments {
            digits(&parcel.tracking_id[0], "", 12);
            assert!(
                parcel
                    .item_ids
                    .iter()
                    .eq(order.items.iter().map(|item| &item.item_id))
            );
        }
    }
}

fn check(parts: &Parts) {
    check_ids(parts);
    check_products(parts);
    check_users(parts);
    check_orders(parts);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_world_is_consistent(
        products in 1..200_usize,
        people in 1..80_usize,
        mean in 0..7_usize,
        more in 0..40_usize,
        seed: u64,
    ) {
        let orders = people * mean + more.min(people);
        let settings = WorldSettings::new(products, people, orders).unwrap();
        let parts = generate(&settings, Seed::root(seed));
        prop_assert_eq!(parts.products.len(), products);
        prop_assert_eq!(parts.users.len(), people);
        prop_assert_eq!(parts.orders.len(), orders);
        check(&parts);
    }
}

#[test]
fn a_world_of_every_product_is_consistent() {
    let most = catalogue::most_products();
    let parts = generate(&WorldSettings::new(most, 100, 1000).unwrap(), Seed::root(1));
    assert_eq!(parts.products.len(), most);
    check(&parts);
}

#[test]
fn a_seed_makes_one_world() {
    let settings = WorldSettings::default();
    let parts = generate(&settings, Seed::root(11));
    assert_eq!(parts, generate(&settings, Seed::root(11)));
    assert_ne!(parts.orders, generate(&settings, Seed::root(12)).orders);
}

#[test]
fn the_generator_is_frozen() {
    let settings = WorldSettings::new(10, 20, 40).unwrap();
    let parts = generate(&settings, Seed::root(7));
    let text = serde_json::to_string(&(&parts.products, &parts.users, &parts.orders)).unwrap();
    assert_eq!(
        Digest::of(text.as_bytes()).to_string(),
        "6d496606ac4f9df0e9a9d064675b3f52bd2368d919c47dcc886ac85a024fd7d5"
    );
}

#[test]
fn a_better_grade_costs_more() {
    let kinds: BTreeMap<_, _> = catalogue::types()
        .into_iter()
        .map(|kind| (kind.name, kind))
        .collect();
    let settings = WorldSettings::new(kinds.len(), 1, 0).unwrap();
    let (mut rising, mut falling) = (0, 0);
    for product in generate(&settings, Seed::root(2)).products {
        for (place, axis) in kinds[&*product.name].axes.iter().enumerate() {
            let mean = |value: &str| {
                let with = product
                    .variants
                    .iter()
                    .filter(|v| &*v.options[place].1 == value);
                let prices: Vec<f64> = with.map(|v| v.price).collect();
                (!prices.is_empty()).then(|| prices.iter().sum::<f64>() / prices.len() as f64)
            };
            let (Some(low), Some(high)) = (
                mean(axis.values[0]),
                mean(axis.values[axis.values.len() - 1]),
            ) else {
                continue;
            };
            if axis.graded {
                *(if low < high {
                    &mut rising
                } else {
                    &mut falling
                }) += 1;
            }
        }
    }
    assert!(rising > 8 * falling, "{rising} axes rise, {falling} fall");
}

fn statistics_of(parts: &Parts) -> WorldStatistics {
    WorldStatistics::of(
        parts.products.iter(),
        parts.users.iter(),
        parts.orders.iter(),
    )
}

fn assert_near(comparison: &Comparison, name: &str, most: f64) {
    let distance = comparison.distance(name).unwrap();
    assert!(distance <= most, "{name}: {distance}\n{comparison}");
}

#[test]
fn worlds_are_like_the_benchmarks() {
    let Some(theirs) = benchmark::load() else {
        return;
    };
    let theirs = statistics_of(&theirs);
    for seed in 1..=5 {
        let parts = generate(&WorldSettings::default(), Seed::root(seed));
        let comparison = compare(&statistics_of(&parts), &theirs);
        if seed == 1 {
            println!("{comparison}");
        }
        for row in [
            "status of an order",
            "items per order",
            "products of an order",
            "address of an order",
            "parcels of an order",
            "money movements of an order",
            "payment kind used",
            "payment kind held",
            "payment methods per person",
            "orders per person",
            "variants per product",
            "availability of a variant",
            "option axes per product",
        ] {
            assert_near(&comparison, row, 0.1);
        }
        assert_near(&comparison, "price of an ordered item", 0.15);
        let spread = comparison.ratio("mean amount paid for an order").unwrap();
        assert!((0.7..1.4).contains(&spread), "{comparison}");
    }
}

#[test]
fn a_large_world_is_like_a_small_one() {
    let large = generate(
        &WorldSettings::new(50, 20_000, 40_000).unwrap(),
        Seed::root(3),
    );
    let small = generate(&WorldSettings::default(), Seed::root(4));
    let comparison = compare(&statistics_of(&large), &statistics_of(&small));
    for row in [
        "status of an order",
        "orders per person",
        "items per order",
        "payment kind used",
    ] {
        assert_near(&comparison, row, 0.1);
    }
}

/// Run by itself, in release, under a tool that shows the peak of memory.
#[test]
#[ignore = "takes seconds; T2T_ORDERS sets the size"]
fn size_and_speed() {
    let orders = std::env::var("T2T_ORDERS").map_or(1_000_000, |text| text.parse().unwrap());
    let settings = WorldSettings::new(50, orders / 2, orders).unwrap();
    let start = std::time::Instant::now();
    let parts = generate(&settings, Seed::root(1));
    println!(
        "{} orders in {:.3} s",
        parts.orders.len(),
        start.elapsed().as_secs_f64()
    );
    let ids: BTreeSet<_> = parts.orders.iter().map(|order| &order.order_id).collect();
    assert_eq!(ids.len(), orders);
}
