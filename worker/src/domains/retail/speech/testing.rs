//! A small world and a domain that can only talk, for tests of speech.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use proto::digest::Hasher;
use proto::ids::{BaseId, StateId};
use proto::record::{Actor, Change, Goal, Map, Observation, PlannedCall, ToolSpec, Trigger, Value};
use proto::seed::{Rng, Seed};

use crate::dialogue::lexicon::Lexicon;
use crate::domains::retail::state::{
    Address, Base, Order, OrderItem, Payment, PaymentMethod, Product, Status, TransactionType,
    User, Variant, World,
};
use crate::domains::{
    Afforded, Agreement, Cell, Domain, FieldChange, Introduction, Mentions, RestoreError, Want,
};
use crate::environment::Environment;
use crate::language::phrasing::Phrasing;
use crate::rules::Rule;

/// Retail's speech behind the domain's interface; everything else is out of reach.
#[derive(Debug)]
pub(crate) struct Talk;

/// A world to talk about.
#[derive(Debug)]
pub(crate) struct Held(pub(crate) World);

impl Environment for Held {
    fn call(&mut self, _: Actor, _: &str, _: &Map) -> Observation {
        unreachable!("speech calls no tool")
    }
    fn state_id(&self) -> StateId {
        unreachable!("speech asks for no state")
    }
    fn fork(&self) -> Box<dyn Environment> {
        Box::new(Self(self.0.clone()))
    }
    fn delta(&self) -> Vec<u8> {
        Vec::new()
    }
    fn as_any(&self) -> &dyn std::any::Any {
        &self.0
    }
}

impl Domain for Talk {
    fn name(&self) -> &'static str {
        "retail"
    }
    fn base(&self) -> BaseId {
        unreachable!("speech asks for no base")
    }
    fn encode_base(&self) -> Result<Vec<u8>, proto::wire::WireError> {
        unreachable!("speech asks for no base")
    }
    fn policy(&self) -> &str {
        ""
    }
    fn tools(&self) -> &[ToolSpec] {
        &[]
    }
    fn rules(&self) -> &[Rule] {
        &[]
    }
    fn lexicon(&self) -> &Lexicon {
        super::lexicon()
    }
    fn phrasing(&self) -> &dyn Phrasing {
        &crate::domains::retail::phrasing::RetailPhrasing
    }
    fn hideable(&self) -> &[(&'static str, &'static str)] {
        &[]
    }
    fn wish_only(&self, _: &str) -> bool {
        false
    }
    fn target<'c>(&self, _: &'c PlannedCall) -> Option<&'c str> {
        None
    }
    fn changes(&self, _: &dyn Environment, _: &dyn Environment) -> Vec<FieldChange> {
        Vec::new()
    }
    fn candidate(&self, _: &dyn Environment, _: &PlannedCall, _: &str) -> Option<String> {
        None
    }
    fn start(&self) -> Box<dyn Environment> {
        Box::new(Held(world()))
    }
    fn restore(&self, _: &[u8]) -> Result<Box<dyn Environment>, RestoreError> {
        Ok(self.start())
    }
    fn people(&self) -> usize {
        1
    }
    fn person(&self, _: usize) -> String {
        String::new()
    }
    fn reach(&self, _: &dyn Environment, _: &str) -> Vec<PlannedCall> {
        Vec::new()
    }
    fn introduce(&self, _: &dyn Environment, _: &str, _: &mut Rng) -> Introduction {
        unreachable!("speech introduces nobody")
    }
    fn afford(&self, _: &dyn Environment, _: &str, _: &Want<'_>, _: &mut Rng) -> Option<Afforded> {
        None
    }
    fn vary(&self, _: &dyn Environment, _: &str, _: &Goal, _: Change, _: &mut Rng) -> Option<Goal> {
        None
    }
    fn change_cell(&self, _: &str, _: Change, _: Trigger) -> Cell {
        Cell::Impossible
    }
    fn bindings(&self, _: &dyn Environment, _: &str, _: &Goal) -> Vec<PlannedCall> {
        Vec::new()
    }
    fn bindings_by_force(&self, _: &dyn Environment, _: &str, _: &Goal) -> Vec<PlannedCall> {
        Vec::new()
    }
    fn tampered(&self, _: &dyn Environment, _: &str, _: &PlannedCall) -> Vec<PlannedCall> {
        Vec::new()
    }
    fn extra(&self, _: &dyn Environment, _: &str, _: &mut Rng) -> Option<PlannedCall> {
        None
    }
    fn explain(&self, world: &dyn Environment, call: &PlannedCall) -> String {
        let world = world.as_any().downcast_ref::<World>();
        super::explain(world.expect("a retail world"), call)
    }
    fn mentions(&self, text: &str) -> Mentions {
        super::mentions(text)
    }
    fn agrees(&self, mentions: &Mentions, call: &PlannedCall) -> Agreement {
        super::agrees(mentions, call)
    }
}

const PRODUCTS: [(&str, [&[&str]; 3]); 8] = [
    (
        "Desk Lamp",
        [
            &["black", "white"],
            &["AC adapter", "USB", "battery"],
            &["high", "low"],
        ],
    ),
    (
        "Running Shoes",
        [
            &["8", "10", "12"],
            &["mesh", "leather"],
            &["red", "for trails"],
        ],
    ),
    (
        "Laptop",
        [
            &["13-inch", "17-inch"],
            &["256GB SSD", "1TB SSD"],
            &["i5", "i7"],
        ],
    ),
    (
        "Tea Kettle",
        [
            &["1 liter", "2 liters"],
            &["glass", "steel"],
            &["gas", "induction"],
        ],
    ),
    (
        "Jigsaw Puzzle",
        [
            &["500", "1000", "2000"],
            &["animals", "art"],
            &["beginner", "expert"],
        ],
    ),
    (
        "Luggage Set",
        [
            &["2-piece", "4-piece"],
            &["hardshell", "softshell"],
            &["blue", "no lock"],
        ],
    ),
    (
        "E-Reader",
        [
            &["7-inch", "8-inch"],
            &["Wi-Fi", "Wi-Fi + Cellular"],
            &["32GB", "8GB"],
        ],
    ),
    (
        "LED Light Bulb",
        [
            &["60W equivalent", "100W equivalent"],
            &["daylight", "warm white"],
            &["none", "Apple HomeKit"],
        ],
    ),
];

/// One person with four methods and six orders over eight products of twelve variants.
pub(crate) fn world() -> World {
    let mut rng = Seed::root(11).rng();
    let mut number = |low: i64, high: i64| rng.between(low, high);
    let mut products = Vec::new();
    for (place, (name, axes)) in PRODUCTS.iter().enumerate() {
        let variants = (0..12)
            .map(|way| Variant {
                item_id: format!(
                    "{}",
                    1_000_000_007 + place as i64 * 700_000_001 + way * 1_234_567
                )
                .into(),
                options: ["first", "second", "third"]
                    .iter()
                    .zip(axes)
                    .map(|(axis, values)| {
                        let value = values[number(0, values.len() as i64 - 1) as usize];
                        ((*axis).into(), value.into())
                    })
                    .collect(),
                available: true,
                price: number(500, 250_000) as f64 / 100.0,
            })
            .collect();
        products.push(Arc::new(Product {
            name: (*name).into(),
            product_id: format!("{}", 9_100_000_000_u64 + place as u64).into(),
            variants,
        }));
    }
    let address = Address {
        address1: "841 Elm Avenue".into(),
        address2: "Suite 12".into(),
        city: "San Diego".into(),
        country: "USA".into(),
        state: "CA".into(),
        zip: "92101".into(),
    };
    let orders: Vec<Arc<Order>> = (0..6)
        .map(|place| Arc::new(order(place, &products, &address)))
        .collect();
    let user = User {
        user_id: "mia_de_lopez_4321".into(),
        first_name: "Mia".into(),
        last_name: "Lopez".into(),
        address,
        email: "mia.lopez@example.com".into(),
        payment_methods: vec![
            PaymentMethod::CreditCard {
                id: "credit_card_1112223".into(),
                brand: "visa".into(),
                last_four: "4417".into(),
            },
            PaymentMethod::GiftCard {
                id: "gift_card_4445556".into(),
                balance: 80.0,
            },
            PaymentMethod::Paypal {
                id: "paypal_7778889".into(),
            },
            PaymentMethod::CreditCard {
                id: "credit_card_9990001".into(),
                brand: "mastercard".into(),
                last_four: "0208".into(),
            },
        ],
        orders: orders.iter().map(|order| order.order_id.clone()).collect(),
    };
    World::new(Arc::new(base(products, vec![Arc::new(user)], orders)))
}

fn order(place: usize, products: &[Arc<Product>], address: &Address) -> Order {
    let items: Vec<OrderItem> = (0..=place % 4)
        .map(|k| {
            let product = &products[(place * 3 + k) % products.len()];
            let variant = &product.variants[(place + 5 * k) % 12];
            OrderItem {
                name: product.name.clone(),
                product_id: product.product_id.clone(),
                item_id: variant.item_id.clone(),
                price: variant.price,
                options: variant.options.clone(),
            }
        })
        .collect();
    let amount = items.iter().map(|item| item.price).sum();
    Order {
        order_id: format!("#W{}", 2_000_017 + place * 1_171_819).into(),
        user_id: "mia_de_lopez_4321".into(),
        address: address.clone(),
        items,
        status: if place.is_multiple_of(2) {
            Status::Pending
        } else {
            Status::Delivered
        },
        fulfillments: Vec::new(),
        payment_history: vec![Payment {
            transaction_type: TransactionType::Payment,
            amount,
            payment_method_id: "paypal_7778889".into(),
        }],
        cancel_reason: None,
        exchange_items: None,
        exchange_new_items: None,
        exchange_payment_method_id: None,
        exchange_price_difference: None,
        return_items: None,
        return_payment_method_id: None,
    }
}

fn base(products: Vec<Arc<Product>>, users: Vec<Arc<User>>, orders: Vec<Arc<Order>>) -> Base {
    let at = |place: usize| place as u32;
    let mut variant_at = HashMap::new();
    for (p, product) in products.iter().enumerate() {
        for (v, variant) in product.variants.iter().enumerate() {
            variant_at.insert(variant.item_id.clone(), (at(p), at(v)));
        }
    }
    Base {
        id: BaseId(Hasher::new("t2t.test", 1).finish()),
        product_at: products
            .iter()
            .enumerate()
            .map(|(k, p)| (p.product_id.clone(), at(k)))
            .collect(),
        user_at: users
            .iter()
            .enumerate()
            .map(|(k, u)| (u.user_id.clone(), at(k)))
            .collect(),
        order_at: orders
            .iter()
            .enumerate()
            .map(|(k, o)| (o.order_id.clone(), at(k)))
            .collect(),
        variant_at,
        user_by_email: HashMap::new(),
        users_by_name: HashMap::new(),
        first_names: HashSet::new(),
        products_by_name: Vec::new(),
        products,
        users,
        orders,
    }
}

/// A write of any tool over the world's things, drawn from `rng`; lawful or not.
pub(crate) fn call(world: &World, rng: &mut Rng) -> PlannedCall {
    const TOOLS: [&str; 7] = [
        "cancel_pending_order",
        "modify_pending_order_address",
        "modify_pending_order_payment",
        "modify_pending_order_items",
        "modify_user_address",
        "return_delivered_order_items",
        "exchange_delivered_order_items",
    ];
    let order = rng.pick(&world.base.orders).unwrap().clone();
    let user = world.user(&order.user_id).unwrap();
    let method: String = (**rng.pick(&user.payment_methods).unwrap().id()).into();
    let tool = *rng.pick(&TOOLS).unwrap();
    let mut arguments = Map::new();
    let mut put = |key: &str, value: Value| arguments.insert(key.to_owned(), value);
    if tool == "modify_user_address" {
        put("user_id", Value::from(&*user.user_id));
    } else {
        put("order_id", Value::from(&*order.order_id));
    }
    if tool == "cancel_pending_order" {
        let reason = ["no longer needed", "ordered by mistake"][rng.below(2)];
        put("reason", Value::from(reason));
    }
    if tool.contains("address") {
        for (key, value) in address(rng) {
            put(key, Value::from(value));
        }
    }
    if tool.contains("items") {
        let count = rng.between(1, order.items.len() as i64) as usize;
        put(
            "item_ids",
            Value::texts(order.items[..count].iter().map(|item| &*item.item_id)),
        );
        if !tool.starts_with("return") {
            let new = order.items[..count].iter().map(|item| {
                let product = world.product(&item.product_id).unwrap();
                let other = |v: &&Variant| v.item_id != item.item_id;
                let others: Vec<&Variant> = product.variants.iter().filter(other).collect();
                &*rng.pick(&others).unwrap().item_id
            });
            let new: Vec<&str> = new.collect();
            put("new_item_ids", Value::texts(new));
        }
    }
    if tool.contains("items") || tool.contains("payment") {
        put("payment_method_id", Value::from(method));
    }
    PlannedCall {
        name: tool.to_owned(),
        arguments,
    }
}

fn address(rng: &mut Rng) -> [(&'static str, &'static str); 6] {
    let places = [
        ("New York", "NY", "10083"),
        ("San Antonio", "TX", "78201"),
        ("Fort Worth", "TX", "76102"),
        ("Denver", "CO", "80279"),
        ("Winston-Salem", "NC", "27101"),
        ("St. Louis", "MO", "63101"),
    ];
    let streets = [
        "215 River Road",
        "7 Oak Street",
        "986 Sunset Drive",
        "1200 Main St.",
        "44 N 5th Avenue",
    ];
    let units = ["", "Suite 259", "Apt 3B", "Unit 4"];
    let (city, state, zip) = places[rng.below(places.len())];
    [
        ("address1", streets[rng.below(streets.len())]),
        ("address2", units[rng.below(units.len())]),
        ("city", city),
        ("state", state),
        ("zip", zip),
        ("country", "USA"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slots of a call as `mentions` should give them.
    fn expected(call: &PlannedCall) -> Vec<(&'static str, Vec<Value>)> {
        let one = |key: &str| call.arguments.get(key).cloned();
        let list = |key: &str| {
            call.arguments
                .get(key)
                .and_then(Value::as_list)
                .map(<[Value]>::to_vec)
        };
        let mut out = Vec::new();
        out.extend(one("order_id").map(|v| ("order", vec![v])));
        out.extend(list("item_ids").map(|v| ("items", v)));
        out.extend(list("new_item_ids").map(|v| ("new_items", v)));
        out.extend(one("payment_method_id").map(|v| ("payment", vec![v])));
        out.extend(one("reason").map(|v| ("reason", vec![v])));
        if call.text("address1").is_some() {
            let mut parts = call.arguments.clone();
            parts.remove("order_id");
            parts.remove("user_id");
            out.push(("address", vec![Value::Map(parts)]));
        }
        out.extend(one("user_id").map(|v| ("user", vec![v])));
        out
    }

    #[test]
    fn an_explanation_names_exactly_the_arguments() {
        let world = world();
        let mut rng = Seed::root(5).rng();
        for _ in 0..3000 {
            let call = call(&world, &mut rng);
            let text = super::super::explain(&world, &call);
            let found = super::super::mentions(&text);
            assert_eq!(found.tool.as_deref(), Some(call.name.as_str()), "{text}");
            for (slot, values) in expected(&call) {
                assert_eq!(found.of(slot), values, "{slot}: {text}");
            }
            assert_eq!(
                found.slots.len(),
                expected(&call).len(),
                "{text}: {found:?}"
            );
            assert_eq!(
                super::super::agrees(&found, &call),
                Agreement::Same,
                "{text}"
            );
        }
    }

    #[test]
    fn another_argument_differs() {
        let world = world();
        let mut rng = Seed::root(6).rng();
        let mut seen = 0;
        for _ in 0..20_000 {
            let (a, b) = (call(&world, &mut rng), call(&world, &mut rng));
            let found = super::super::mentions(&super::super::explain(&world, &a));
            let expected = match (a.name == b.name, a == b) {
                (false, _) => Agreement::Unrelated,
                (true, true) => Agreement::Same,
                (true, false) => Agreement::Differs,
            };
            seen += usize::from(expected == Agreement::Differs);
            assert_eq!(super::super::agrees(&found, &b), expected, "{a:?} {b:?}");
        }
        assert!(seen > 1000);
    }
}
