//! Results as the benchmark prints them: JSON of the typed records, fields in their own order, keys
//! of dictionaries in the world's order or sorted.

use std::sync::Arc;

use super::python::{push_json_float, push_json_text};
use super::state::{
    Address, Fulfillment, Options, Order, OrderItem, Payment, PaymentMethod, PriceDifference,
    Product, TransactionType, User, Variant,
};

/// Whether keys come in record order (results) or sorted (the benchmark's hash).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// As the records list them.
    Listed,
    /// In byte order.
    Sorted,
}

/// Appends an order in a result.
pub fn order(out: &mut String, order: &Order) {
    out.push_str("{\"order_id\": ");
    push_json_text(out, &order.order_id);
    out.push_str(", \"user_id\": ");
    push_json_text(out, &order.user_id);
    out.push_str(", \"address\": ");
    address(out, &order.address);
    out.push_str(", \"items\": ");
    list(out, &order.items, |out, item| {
        order_item(out, item, Keys::Listed)
    });
    out.push_str(", \"status\": \"");
    out.push_str(order.status.text());
    out.push_str("\", \"fulfillments\": ");
    list(out, &order.fulfillments, |out, parcel| {
        fulfillment(out, parcel, Keys::Listed)
    });
    out.push_str(", \"payment_history\": ");
    list(out, &order.payment_history, |out, paid| {
        payment(out, paid, Keys::Listed)
    });
    out.push_str(", \"cancel_reason\": ");
    optional_text(out, order.cancel_reason.as_ref());
    out.push_str(", \"exchange_items\": ");
    optional_texts(out, order.exchange_items.as_deref());
    out.push_str(", \"exchange_new_items\": ");
    optional_texts(out, order.exchange_new_items.as_deref());
    out.push_str(", \"exchange_payment_method_id\": ");
    optional_text(out, order.exchange_payment_method_id.as_ref());
    out.push_str(", \"exchange_price_difference\": ");
    difference(out, order.exchange_price_difference);
    out.push_str(", \"return_items\": ");
    optional_texts(out, order.return_items.as_deref());
    out.push_str(", \"return_payment_method_id\": ");
    optional_text(out, order.return_payment_method_id.as_ref());
    out.push('}');
}

/// Appends an order as the hash wants it.
pub fn order_sorted(out: &mut String, order: &Order) {
    out.push_str("{\"address\": ");
    address(out, &order.address);
    out.push_str(", \"cancel_reason\": ");
    optional_text(out, order.cancel_reason.as_ref());
    out.push_str(", \"exchange_items\": ");
    optional_texts(out, order.exchange_items.as_deref());
    out.push_str(", \"exchange_new_items\": ");
    optional_texts(out, order.exchange_new_items.as_deref());
    out.push_str(", \"exchange_payment_method_id\": ");
    optional_text(out, order.exchange_payment_method_id.as_ref());
    out.push_str(", \"exchange_price_difference\": ");
    difference(out, order.exchange_price_difference);
    out.push_str(", \"fulfillments\": ");
    list(out, &order.fulfillments, |out, parcel| {
        fulfillment(out, parcel, Keys::Sorted)
    });
    out.push_str(", \"items\": ");
    list(out, &order.items, |out, item| {
        order_item(out, item, Keys::Sorted)
    });
    out.push_str(", \"order_id\": ");
    push_json_text(out, &order.order_id);
    out.push_str(", \"payment_history\": ");
    list(out, &order.payment_history, |out, paid| {
        payment(out, paid, Keys::Sorted)
    });
    out.push_str(", \"return_items\": ");
    optional_texts(out, order.return_items.as_deref());
    out.push_str(", \"return_payment_method_id\": ");
    optional_text(out, order.return_payment_method_id.as_ref());
    out.push_str(", \"status\": \"");
    out.push_str(order.status.text());
    out.push_str("\", \"user_id\": ");
    push_json_text(out, &order.user_id);
    out.push('}');
}

/// Appends a user in a result.
pub fn user(out: &mut String, user: &User) {
    out.push_str("{\"user_id\": ");
    push_json_text(out, &user.user_id);
    out.push_str(", \"name\": ");
    person(out, user);
    out.push_str(", \"address\": ");
    address(out, &user.address);
    out.push_str(", \"email\": ");
    push_json_text(out, &user.email);
    out.push_str(", \"payment_methods\": ");
    dict(
        out,
        user.payment_methods.iter(),
        PaymentMethod::id,
        method_listed,
    );
    out.push_str(", \"orders\": ");
    texts(out, &user.orders);
    out.push('}');
}

/// Appends a user as the hash wants it.
pub fn user_sorted(out: &mut String, user: &User) {
    out.push_str("{\"address\": ");
    address(out, &user.address);
    out.push_str(", \"email\": ");
    push_json_text(out, &user.email);
    out.push_str(", \"name\": ");
    person(out, user);
    out.push_str(", \"orders\": ");
    texts(out, &user.orders);
    out.push_str(", \"payment_methods\": ");
    let mut methods: Vec<&PaymentMethod> = user.payment_methods.iter().collect();
    methods.sort_by(|a, b| a.id().cmp(b.id()));
    dict(out, methods.into_iter(), PaymentMethod::id, method_sorted);
    out.push_str(", \"user_id\": ");
    push_json_text(out, &user.user_id);
    out.push('}');
}

/// Appends a product in a result.
pub fn product(out: &mut String, product: &Product) {
    out.push_str("{\"name\": ");
    push_json_text(out, &product.name);
    out.push_str(", \"product_id\": ");
    push_json_text(out, &product.product_id);
    out.push_str(", \"variants\": ");
    dict(out, product.variants.iter(), |it| &it.item_id, variant);
    out.push('}');
}

/// Appends a product as the hash wants it.
pub fn product_sorted(out: &mut String, product: &Product) {
    out.push_str("{\"name\": ");
    push_json_text(out, &product.name);
    out.push_str(", \"product_id\": ");
    push_json_text(out, &product.product_id);
    out.push_str(", \"variants\": ");
    let mut variants: Vec<&Variant> = product.variants.iter().collect();
    variants.sort_by(|a, b| a.item_id.cmp(&b.item_id));
    dict(out, variants.into_iter(), |it| &it.item_id, variant_sorted);
    out.push('}');
}

/// Appends a variant in a result.
pub fn variant(out: &mut String, variant: &Variant) {
    out.push_str("{\"item_id\": ");
    push_json_text(out, &variant.item_id);
    out.push_str(", \"options\": ");
    options(out, &variant.options, Keys::Listed);
    out.push_str(if variant.available {
        ", \"available\": true, \"price\": "
    } else {
        ", \"available\": false, \"price\": "
    });
    push_json_float(out, variant.price);
    out.push('}');
}

fn variant_sorted(out: &mut String, variant: &Variant) {
    out.push_str(if variant.available {
        "{\"available\": true, \"item_id\": "
    } else {
        "{\"available\": false, \"item_id\": "
    });
    push_json_text(out, &variant.item_id);
    out.push_str(", \"options\": ");
    options(out, &variant.options, Keys::Sorted);
    out.push_str(", \"price\": ");
    push_json_float(out, variant.price);
    out.push('}');
}

/// The fields of an address are listed in byte order already.
fn address(out: &mut String, address: &Address) {
    out.push_str("{\"address1\": ");
    push_json_text(out, &address.address1);
    out.push_str(", \"address2\": ");
    push_json_text(out, &address.address2);
    out.push_str(", \"city\": ");
    push_json_text(out, &address.city);
    out.push_str(", \"country\": ");
    push_json_text(out, &address.country);
    out.push_str(", \"state\": ");
    push_json_text(out, &address.state);
    out.push_str(", \"zip\": ");
    push_json_text(out, &address.zip);
    out.push('}');
}

fn person(out: &mut String, user: &User) {
    out.push_str("{\"first_name\": ");
    push_json_text(out, &user.first_name);
    out.push_str(", \"last_name\": ");
    push_json_text(out, &user.last_name);
    out.push('}');
}

fn order_item(out: &mut String, item: &OrderItem, keys: Keys) {
    let (first, second) = match keys {
        Keys::Listed => (
            ("{\"name\": ", &item.name),
            (", \"item_id\": ", &item.item_id),
        ),
        Keys::Sorted => (
            ("{\"item_id\": ", &item.item_id),
            (", \"name\": ", &item.name),
        ),
    };
    out.push_str(first.0);
    push_json_text(out, first.1);
    if keys == Keys::Listed {
        out.push_str(", \"product_id\": ");
        push_json_text(out, &item.product_id);
    }
    out.push_str(second.0);
    push_json_text(out, second.1);
    if keys == Keys::Sorted {
        out.push_str(", \"options\": ");
        options(out, &item.options, keys);
    }
    out.push_str(", \"price\": ");
    push_json_float(out, item.price);
    if keys == Keys::Sorted {
        out.push_str(", \"product_id\": ");
        push_json_text(out, &item.product_id);
    } else {
        out.push_str(", \"options\": ");
        options(out, &item.options, keys);
    }
    out.push('}');
}

fn fulfillment(out: &mut String, parcel: &Fulfillment, keys: Keys) {
    let tracking = ("\"tracking_id\": ", &parcel.tracking_id);
    let items = ("\"item_ids\": ", &parcel.item_ids);
    let (first, second) = if keys == Keys::Listed {
        (tracking, items)
    } else {
        (items, tracking)
    };
    out.push('{');
    out.push_str(first.0);
    texts(out, first.1);
    out.push_str(", ");
    out.push_str(second.0);
    texts(out, second.1);
    out.push('}');
}

fn payment(out: &mut String, payment: &Payment, keys: Keys) {
    let sort = match payment.transaction_type {
        TransactionType::Payment => "\"transaction_type\": \"payment\"",
        TransactionType::Refund => "\"transaction_type\": \"refund\"",
    };
    out.push('{');
    if keys == Keys::Listed {
        out.push_str(sort);
        out.push_str(", ");
    }
    out.push_str("\"amount\": ");
    push_json_float(out, payment.amount);
    out.push_str(", \"payment_method_id\": ");
    push_json_text(out, &payment.payment_method_id);
    if keys == Keys::Sorted {
        out.push_str(", ");
        out.push_str(sort);
    }
    out.push('}');
}

fn method_listed(out: &mut String, method: &PaymentMethod) {
    match method {
        PaymentMethod::CreditCard {
            id,
            brand,
            last_four,
        } => {
            out.push_str("{\"source\": \"credit_card\", \"id\": ");
            push_json_text(out, id);
            out.push_str(", \"brand\": ");
            push_json_text(out, brand);
            out.push_str(", \"last_four\": ");
            push_json_text(out, last_four);
        }
        PaymentMethod::GiftCard { id, balance } => {
            out.push_str("{\"source\": \"gift_card\", \"id\": ");
            push_json_text(out, id);
            out.push_str(", \"balance\": ");
            push_json_float(out, *balance);
        }
        PaymentMethod::Paypal { id } => {
            out.push_str("{\"source\": \"paypal\", \"id\": ");
            push_json_text(out, id);
        }
    }
    out.push('}');
}

fn method_sorted(out: &mut String, method: &PaymentMethod) {
    match method {
        PaymentMethod::CreditCard {
            id,
            brand,
            last_four,
        } => {
            out.push_str("{\"brand\": ");
            push_json_text(out, brand);
            out.push_str(", \"id\": ");
            push_json_text(out, id);
            out.push_str(", \"last_four\": ");
            push_json_text(out, last_four);
            out.push_str(", \"source\": \"credit_card\"}");
        }
        PaymentMethod::GiftCard { id, balance } => {
            out.push_str("{\"balance\": ");
            push_json_float(out, *balance);
            out.push_str(", \"id\": ");
            push_json_text(out, id);
            out.push_str(", \"source\": \"gift_card\"}");
        }
        PaymentMethod::Paypal { id } => {
            out.push_str("{\"id\": ");
            push_json_text(out, id);
            out.push_str(", \"source\": \"paypal\"}");
        }
    }
}

fn options(out: &mut String, options: &Options, keys: Keys) {
    let pair = |out: &mut String, (name, value): &(Arc<str>, Arc<str>)| {
        push_json_text(out, name);
        out.push_str(": ");
        push_json_text(out, value);
    };
    out.push('{');
    if keys == Keys::Listed {
        separated(out, options.iter(), pair);
    } else {
        let mut sorted: Vec<_> = options.iter().collect();
        sorted.sort();
        separated(out, sorted.into_iter(), pair);
    }
    out.push('}');
}

fn difference(out: &mut String, difference: Option<PriceDifference>) {
    match difference {
        None => out.push_str("null"),
        Some(PriceDifference::Nothing) => out.push('0'),
        Some(PriceDifference::Dollars(dollars)) => push_json_float(out, dollars),
    }
}

fn optional_text(out: &mut String, text: Option<&Arc<str>>) {
    match text {
        Some(text) => push_json_text(out, text),
        None => out.push_str("null"),
    }
}

fn optional_texts(out: &mut String, items: Option<&[Arc<str>]>) {
    match items {
        Some(items) => texts(out, items),
        None => out.push_str("null"),
    }
}

fn texts(out: &mut String, items: &[Arc<str>]) {
    list(out, items, |out, item| push_json_text(out, item));
}

fn list<T>(out: &mut String, items: &[T], print: impl Fn(&mut String, &T)) {
    out.push('[');
    separated(out, items.iter(), print);
    out.push(']');
}

fn dict<'a, T: 'a>(
    out: &mut String,
    items: impl Iterator<Item = &'a T>,
    key: impl Fn(&'a T) -> &'a Arc<str>,
    print: impl Fn(&mut String, &'a T),
) {
    out.push('{');
    separated(out, items, |out, item| {
        push_json_text(out, key(item));
        out.push_str(": ");
        print(out, item);
    });
    out.push('}');
}

fn separated<'a, T: 'a>(
    out: &mut String,
    items: impl Iterator<Item = &'a T>,
    print: impl Fn(&mut String, &'a T),
) {
    for (place, item) in items.enumerate() {
        if place > 0 {
            out.push_str(", ");
        }
        print(out, item);
    }
}
