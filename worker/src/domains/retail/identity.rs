//! The canonical encoding of records, and the state id made of those that differ from the base.
//!
//! Fields in their declared order; texts and lists with a 32-bit length, numbers little end first,
//! floats by their bits, options with a tag byte. Changing any of it changes ids: raise [`VERSION`].

use std::collections::BTreeMap;
use std::sync::Arc;

use proto::digest::Hasher;
use proto::ids::StateId;

use super::state::{
    Address, Options, Order, OrderItem, Payment, PaymentMethod, PriceDifference, Product, Status,
    TransactionType, User, Variant, World,
};

/// Version of the encoding, part of every id.
pub const VERSION: u32 = 1;

/// Digest of the base id and of the records that differ from the base.
pub fn state_id(world: &World) -> StateId {
    let mut hasher = Hasher::new("t2t/retail/state", VERSION);
    hasher.digest(&world.base.id.0);
    let mut bytes = Vec::with_capacity(1024);
    section(
        &mut hasher,
        &mut bytes,
        &world.products,
        &world.base.products,
        product,
    );
    section(
        &mut hasher,
        &mut bytes,
        &world.users,
        &world.base.users,
        user,
    );
    section(
        &mut hasher,
        &mut bytes,
        &world.orders,
        &world.base.orders,
        order,
    );
    StateId(hasher.finish())
}

/// The number of changed records, then place and encoding of each.
fn section<T: PartialEq>(
    hasher: &mut Hasher,
    bytes: &mut Vec<u8>,
    changed: &BTreeMap<u32, Arc<T>>,
    base: &[Arc<T>],
    encode: fn(&mut Vec<u8>, &T),
) {
    bytes.clear();
    let mut count = 0;
    for (&place, record) in different(changed, base, encode) {
        count += 1;
        bytes.extend_from_slice(&place.to_le_bytes());
        encode(bytes, record);
    }
    hasher.number(count);
    hasher.bytes(bytes);
}

/// The changed records that are not equal to their base, to the last bit.
pub fn different<'a, T: PartialEq>(
    changed: &'a BTreeMap<u32, Arc<T>>,
    base: &'a [Arc<T>],
    encode: fn(&mut Vec<u8>, &T),
) -> impl Iterator<Item = (&'a u32, &'a Arc<T>)> {
    changed
        .iter()
        .filter(move |(place, record)| !same(&base[**place as usize], record, encode))
}

/// `PartialEq` takes `0.0` and `-0.0` for equal; what prints differently is a different state.
fn same<T: PartialEq>(one: &Arc<T>, other: &Arc<T>, encode: fn(&mut Vec<u8>, &T)) -> bool {
    if Arc::ptr_eq(one, other) {
        return true;
    }
    if one != other {
        return false;
    }
    let (mut left, mut right) = (Vec::new(), Vec::new());
    encode(&mut left, one);
    encode(&mut right, other);
    left == right
}

/// Appends the encoding of a product.
pub fn product(out: &mut Vec<u8>, product: &Product) {
    text(out, &product.name);
    text(out, &product.product_id);
    list(out, &product.variants, variant);
}

fn variant(out: &mut Vec<u8>, variant: &Variant) {
    text(out, &variant.item_id);
    options(out, &variant.options);
    out.push(u8::from(variant.available));
    float(out, variant.price);
}

/// Appends the encoding of a user.
pub fn user(out: &mut Vec<u8>, user: &User) {
    text(out, &user.user_id);
    text(out, &user.first_name);
    text(out, &user.last_name);
    address(out, &user.address);
    text(out, &user.email);
    list(out, &user.payment_methods, method);
    texts(out, &user.orders);
}

fn method(out: &mut Vec<u8>, method: &PaymentMethod) {
    match method {
        PaymentMethod::CreditCard {
            id,
            brand,
            last_four,
        } => {
            out.push(0);
            text(out, id);
            text(out, brand);
            text(out, last_four);
        }
        PaymentMethod::GiftCard { id, balance } => {
            out.push(1);
            text(out, id);
            float(out, *balance);
        }
        PaymentMethod::Paypal { id } => {
            out.push(2);
            text(out, id);
        }
    }
}

/// Appends the encoding of an order.
pub fn order(out: &mut Vec<u8>, order: &Order) {
    text(out, &order.order_id);
    text(out, &order.user_id);
    address(out, &order.address);
    list(out, &order.items, item);
    out.push(status(order.status));
    list(out, &order.fulfillments, |out, parcel| {
        texts(out, &parcel.tracking_id);
        texts(out, &parcel.item_ids);
    });
    list(out, &order.payment_history, payment);
    optional(out, order.cancel_reason.as_ref(), |out, reason| {
        text(out, reason)
    });
    optional(out, order.exchange_items.as_ref(), |out, items| {
        texts(out, items)
    });
    optional(out, order.exchange_new_items.as_ref(), |out, items| {
        texts(out, items)
    });
    optional(out, order.exchange_payment_method_id.as_ref(), |out, id| {
        text(out, id)
    });
    optional(
        out,
        order.exchange_price_difference.as_ref(),
        |out, difference| match difference {
            PriceDifference::Nothing => out.push(0),
            PriceDifference::Dollars(dollars) => {
                out.push(1);
                float(out, *dollars);
            }
        },
    );
    optional(out, order.return_items.as_ref(), |out, items| {
        texts(out, items)
    });
    optional(out, order.return_payment_method_id.as_ref(), |out, id| {
        text(out, id)
    });
}

fn item(out: &mut Vec<u8>, item: &OrderItem) {
    text(out, &item.name);
    text(out, &item.product_id);
    text(out, &item.item_id);
    float(out, item.price);
    options(out, &item.options);
}

fn payment(out: &mut Vec<u8>, payment: &Payment) {
    out.push(match payment.transaction_type {
        TransactionType::Payment => 0,
        TransactionType::Refund => 1,
    });
    float(out, payment.amount);
    text(out, &payment.payment_method_id);
}

fn status(status: Status) -> u8 {
    match status {
        Status::Processed => 0,
        Status::Pending => 1,
        Status::PendingItemModified => 2,
        Status::Delivered => 3,
        Status::Cancelled => 4,
        Status::ExchangeRequested => 5,
        Status::ReturnRequested => 6,
    }
}

fn address(out: &mut Vec<u8>, address: &Address) {
    for line in [
        &address.address1,
        &address.address2,
        &address.city,
        &address.country,
        &address.state,
        &address.zip,
    ] {
        text(out, line);
    }
}

fn options(out: &mut Vec<u8>, options: &Options) {
    list(out, options, |out, (name, value)| {
        text(out, name);
        text(out, value);
    });
}

fn texts(out: &mut Vec<u8>, items: &[Arc<str>]) {
    list(out, items, |out, item| text(out, item));
}

fn list<T>(out: &mut Vec<u8>, items: &[T], encode: impl Fn(&mut Vec<u8>, &T)) {
    length(out, items.len());
    items.iter().for_each(|item| encode(out, item));
}

fn optional<T>(out: &mut Vec<u8>, value: Option<&T>, encode: impl Fn(&mut Vec<u8>, &T)) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        encode(out, value);
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    length(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

fn float(out: &mut Vec<u8>, number: f64) {
    out.extend_from_slice(&number.to_bits().to_le_bytes());
}

fn length(out: &mut Vec<u8>, length: usize) {
    let length = u32::try_from(length).expect("no text or list of a record reaches 4 GiB");
    out.extend_from_slice(&length.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::retail::benchmark::Benchmark;
    use crate::domains::retail::workload::{self, Call};
    use crate::domains::retail::{sample, state::Base};
    use crate::environment::Environment;
    use proptest::prelude::*;
    use proto::record::Actor;
    use proto::seed::Seed;

    /// Frozen: a change here changes the id of every state ever stored. Raise `VERSION` with it.
    #[test]
    fn ids_are_frozen() {
        let base = Arc::new(sample::base());
        let mut world = World::new(base.clone());
        let start = world.state_id();
        sample::writes(&mut world);
        let ids = [base.id.0, start.0, world.state_id().0].map(|id| id.to_string());
        assert_eq!(
            ids,
            [
                "476bf97c186c4464ab61407d0cfc35b0a327c6190f33151563ab2c0305fc64a5",
                "d7a9f211aaf30b4c9f039d0c878306ff2bc6f4390ebf587d5ad4af47e0fabb39",
                "84613d043630d6a09e46b2ac1e51e6c83042d371eb67b685e9b8699d0a6fa47e"
            ]
        );
    }

    #[test]
    fn what_is_changed_back_is_unchanged() {
        let base = Arc::new(sample::base());
        let mut world = World::new(base.clone());
        let start = world.state_id();
        let address = world.user_at(0).address.clone();
        world.user_mut(0).address.zip = "1".into();
        assert_ne!(world.state_id(), start);
        world.user_mut(0).address = address;
        assert_eq!(world.state_id(), start);
        assert_eq!(world.delta(), World::new(base).delta());
    }

    #[test]
    fn states_that_print_differently_have_different_ids() {
        let (products, users, mut orders) = sample::records();
        orders[0].exchange_price_difference = Some(PriceDifference::Dollars(0.0));
        let base = Arc::new(Base::build(products, users, orders).unwrap());
        let id = |difference: PriceDifference| {
            let mut world = World::new(base.clone());
            world.order_mut(0).exchange_price_difference = Some(difference);
            (world.state_id(), world.delta())
        };
        let start = World::new(base.clone());
        assert_eq!(
            id(PriceDifference::Dollars(0.0)),
            (start.state_id(), start.delta())
        );
        let ids = [
            PriceDifference::Dollars(0.0),
            PriceDifference::Dollars(-0.0),
            PriceDifference::Nothing,
        ]
        .map(id);
        assert!(ids[0].0 != ids[1].0 && ids[1].0 != ids[2].0 && ids[0].0 != ids[2].0);
        assert!(ids[0].1 != ids[1].1 && ids[1].1 != ids[2].1 && ids[0].1 != ids[2].1);
    }

    fn play(world: &mut World, calls: &[Call], picked: &[prop::sample::Index]) {
        for index in picked {
            let call = index.get(calls);
            world.call(Actor::Assistant, call.name, &call.arguments);
        }
    }

    proptest! {
        #[test]
        fn equal_ids_are_equal_states(
            one in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
            other in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        ) {
            let base = Arc::new(sample::base());
            let benchmark = Benchmark::new(base.clone());
            let calls: Vec<Call> = (0..8).flat_map(|seed| workload::writes(&base, Seed::root(seed), 2)).collect();
            let mut worlds = [World::new(base.clone()), World::new(base.clone())];
            play(&mut worlds[0], &calls, &one);
            play(&mut worlds[1], &calls, &other);
            let same = benchmark.db_hash(&worlds[0]) == benchmark.db_hash(&worlds[1]);
            prop_assert_eq!(worlds[0].state_id() == worlds[1].state_id(), same);
            prop_assert_eq!(worlds[0].delta() == worlds[1].delta(), same);

            let back = World::restore(base, &worlds[0].delta()).unwrap();
            prop_assert_eq!(back.state_id(), worlds[0].state_id());
            prop_assert_eq!(benchmark.db_hash(&back), benchmark.db_hash(&worlds[0]));

            let before = worlds[0].state_id();
            let mut fork = worlds[0].fork();
            for index in &other {
                let call = index.get(&calls);
                fork.call(Actor::Assistant, call.name, &call.arguments);
            }
            prop_assert_eq!(worlds[0].state_id(), before);
            play(&mut worlds[0], &calls, &other);
            prop_assert_eq!(worlds[0].state_id(), fork.state_id());
        }
    }
}
