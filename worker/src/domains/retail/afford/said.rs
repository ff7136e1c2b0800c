//! Descriptors: the predicates by which a user speaks of a slot, and their reading.

use proto::record::{Descriptor, Value, Visibility};

use super::super::state::Address;

/// A predicate with its arguments. The names are a fixed vocabulary shared with the user's texts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Said<'a> {
    /// `order.id(id)`
    OrderId(&'a str),
    /// `order.has_product(name)`
    OrderHasProduct(&'a str),
    /// `order.city(city)`
    OrderCity(&'a str),
    /// `order.latest()`: last in the person's list.
    OrderLatest,
    /// `items.all()`
    ItemsAll,
    /// `items.product(name)`, one for each item, in the list's order.
    ItemsProduct(&'a str),
    /// `items.product_with(name, axis, value)`, likewise.
    ItemsProductWith(&'a str, &'a str, &'a str),
    /// `items.count(n)`
    ItemsCount(usize),
    /// `new.option(index, axis, value)`; axes not named stay as they are.
    NewOption(usize, &'a str, &'a str),
    /// `new.cheapest(index)` among the available variants other than the present one.
    NewCheapest(usize),
    /// `new.dearest(index)`, likewise.
    NewDearest(usize),
    /// `new.any(index)`: some available variant other than the present one.
    NewAny(usize),
    /// `payment.source(paypal|gift_card|credit_card)`
    PaymentSource(&'a str),
    /// `payment.last_four(digits)`
    PaymentLastFour(&'a str),
    /// `payment.original()`: how the order was paid for.
    PaymentOriginal,
    /// `reason.is(text)`
    ReasonIs(&'a str),
    /// `address.full(address1, address2, city, state, country, zip)`
    AddressFull([&'a str; 6]),
    /// `address.default()`: the profile's.
    AddressDefault,
    /// `address.of_order(product name)`: where the order with that product goes.
    AddressOfOrder(&'a str),
    /// `address.city(city)`
    AddressCity(&'a str),
}

impl<'a> Said<'a> {
    /// The predicate a descriptor names, if it is one of a write's slots.
    pub(super) fn read(descriptor: &'a Descriptor) -> Option<Self> {
        let text = |at: usize| descriptor.arguments.get(at).and_then(Value::as_str);
        let number = |at: usize| match descriptor.arguments.get(at) {
            Some(Value::Int(number)) => usize::try_from(*number).ok(),
            _ => None,
        };
        Some(match descriptor.predicate.as_str() {
            "order.id" => Self::OrderId(text(0)?),
            "order.has_product" => Self::OrderHasProduct(text(0)?),
            "order.city" => Self::OrderCity(text(0)?),
            "order.latest" => Self::OrderLatest,
            "items.all" => Self::ItemsAll,
            "items.product" => Self::ItemsProduct(text(0)?),
            "items.product_with" => Self::ItemsProductWith(text(0)?, text(1)?, text(2)?),
            "items.count" => Self::ItemsCount(number(0)?),
            "new.option" => Self::NewOption(number(0)?, text(1)?, text(2)?),
            "new.cheapest" => Self::NewCheapest(number(0)?),
            "new.dearest" => Self::NewDearest(number(0)?),
            "new.any" => Self::NewAny(number(0)?),
            "payment.source" => Self::PaymentSource(text(0)?),
            "payment.last_four" => Self::PaymentLastFour(text(0)?),
            "payment.original" => Self::PaymentOriginal,
            "reason.is" => Self::ReasonIs(text(0)?),
            "address.full" => {
                Self::AddressFull([text(0)?, text(1)?, text(2)?, text(3)?, text(4)?, text(5)?])
            }
            "address.default" => Self::AddressDefault,
            "address.of_order" => Self::AddressOfOrder(text(0)?),
            "address.city" => Self::AddressCity(text(0)?),
            _ => return None,
        })
    }

    /// The descriptor that says it.
    pub(super) fn describe(self, visibility: Visibility) -> Descriptor {
        let text = |text: &str| Value::from(text);
        let number = |number: usize| Value::Int(number as i64);
        let (predicate, arguments) = match self {
            Self::OrderId(id) => ("order.id", vec![text(id)]),
            Self::OrderHasProduct(name) => ("order.has_product", vec![text(name)]),
            Self::OrderCity(city) => ("order.city", vec![text(city)]),
            Self::OrderLatest => ("order.latest", vec![]),
            Self::ItemsAll => ("items.all", vec![]),
            Self::ItemsProduct(name) => ("items.product", vec![text(name)]),
            Self::ItemsProductWith(name, axis, value) => (
                "items.product_with",
                vec![text(name), text(axis), text(value)],
            ),
            Self::ItemsCount(count) => ("items.count", vec![number(count)]),
            Self::NewOption(at, axis, value) => {
                ("new.option", vec![number(at), text(axis), text(value)])
            }
            Self::NewCheapest(at) => ("new.cheapest", vec![number(at)]),
            Self::NewDearest(at) => ("new.dearest", vec![number(at)]),
            Self::NewAny(at) => ("new.any", vec![number(at)]),
            Self::PaymentSource(source) => ("payment.source", vec![text(source)]),
            Self::PaymentLastFour(digits) => ("payment.last_four", vec![text(digits)]),
            Self::PaymentOriginal => ("payment.original", vec![]),
            Self::ReasonIs(reason) => ("reason.is", vec![text(reason)]),
            Self::AddressFull(parts) => {
                ("address.full", parts.into_iter().map(Value::from).collect())
            }
            Self::AddressDefault => ("address.default", vec![]),
            Self::AddressOfOrder(name) => ("address.of_order", vec![text(name)]),
            Self::AddressCity(city) => ("address.city", vec![text(city)]),
        };
        Descriptor {
            predicate: predicate.to_owned(),
            arguments,
            visibility,
        }
    }

    /// `address.full` of an address.
    pub(super) fn full(address: &'a Address) -> Self {
        Self::AddressFull([
            &address.address1,
            &address.address2,
            &address.city,
            &address.state,
            &address.country,
            &address.zip,
        ])
    }
}
