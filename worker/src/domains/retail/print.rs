//! Results as the benchmark prints them: JSON of the typed records, fields in their own order or
//! sorted, keys of dictionaries in the world's order or sorted.

mod fields;

use std::sync::Arc;

use super::python::{push_json_float, push_json_text};
use super::state::{
    Address, Fulfillment, Order, OrderItem, Payment, PaymentMethod, PriceDifference, Product,
    TransactionType, User, Variant,
};
pub use fields::Keys;
use fields::{dict, list, record};

/// Appends an order in a result.
pub fn order(out: &mut String, order: &Order) {
    whole_order(out, order, Keys::Listed);
}

/// Appends an order as the hash wants it.
pub fn order_sorted(out: &mut String, order: &Order) {
    whole_order(out, order, Keys::Sorted);
}

/// Appends a user in a result.
pub fn user(out: &mut String, user: &User) {
    whole_user(out, user, Keys::Listed);
}

/// Appends a user as the hash wants it.
pub fn user_sorted(out: &mut String, user: &User) {
    whole_user(out, user, Keys::Sorted);
}

/// Appends a product in a result.
pub fn product(out: &mut String, product: &Product) {
    whole_product(out, product, Keys::Listed);
}

/// Appends a product as the hash wants it.
pub fn product_sorted(out: &mut String, product: &Product) {
    whole_product(out, product, Keys::Sorted);
}

/// Appends a variant in a result.
pub fn variant(out: &mut String, variant: &Variant) {
    whole_variant(out, variant, Keys::Listed);
}

record! {
    fn whole_order(out, order: &Order, keys) {
        order_id => push_json_text(out, &order.order_id),
        user_id => push_json_text(out, &order.user_id),
        address => address(out, &order.address, keys),
        items => list(out, &order.items, |out, one| item(out, one, keys)),
        status => quoted(out, order.status.text()),
        fulfillments => list(out, &order.fulfillments, |out, one| parcel(out, one, keys)),
        payment_history => list(out, &order.payment_history, |out, one| payment(out, one, keys)),
        cancel_reason => optional_text(out, order.cancel_reason.as_ref()),
        exchange_items => optional_texts(out, order.exchange_items.as_deref()),
        exchange_new_items => optional_texts(out, order.exchange_new_items.as_deref()),
        exchange_payment_method_id => optional_text(out, order.exchange_payment_method_id.as_ref()),
        exchange_price_difference => difference(out, order.exchange_price_difference),
        return_items => optional_texts(out, order.return_items.as_deref()),
        return_payment_method_id => optional_text(out, order.return_payment_method_id.as_ref()),
    }
}

record! {
    fn item(out, item: &OrderItem, keys) {
        name => push_json_text(out, &item.name),
        product_id => push_json_text(out, &item.product_id),
        item_id => push_json_text(out, &item.item_id),
        price => push_json_float(out, item.price),
        options => options(out, &item.options, keys),
    }
}

record! {
    fn parcel(out, parcel: &Fulfillment, keys) {
        tracking_id => texts(out, &parcel.tracking_id),
        item_ids => texts(out, &parcel.item_ids),
    }
}

record! {
    fn payment(out, paid: &Payment, keys) {
        transaction_type => out.push_str(match paid.transaction_type {
            TransactionType::Payment => "\"payment\"",
            TransactionType::Refund => "\"refund\"",
        }),
        amount => push_json_float(out, paid.amount),
        payment_method_id => push_json_text(out, &paid.payment_method_id),
    }
}

record! {
    fn whole_user(out, user: &User, keys) {
        user_id => push_json_text(out, &user.user_id),
        name => person(out, user, keys),
        address => address(out, &user.address, keys),
        email => push_json_text(out, &user.email),
        payment_methods => dict(out, &user.payment_methods, keys, PaymentMethod::id, |out, one| {
            method(out, one, keys);
        }),
        orders => texts(out, &user.orders),
    }
}

record! {
    fn person(out, user: &User, keys) {
        first_name => push_json_text(out, &user.first_name),
        last_name => push_json_text(out, &user.last_name),
    }
}

record! {
    fn address(out, address: &Address, keys) {
        address1 => push_json_text(out, &address.address1),
        address2 => push_json_text(out, &address.address2),
        city => push_json_text(out, &address.city),
        country => push_json_text(out, &address.country),
        state => push_json_text(out, &address.state),
        zip => push_json_text(out, &address.zip),
    }
}

record! {
    fn whole_product(out, product: &Product, keys) {
        name => push_json_text(out, &product.name),
        product_id => push_json_text(out, &product.product_id),
        variants => dict(out, &product.variants, keys, |one| &one.item_id, |out, one| {
            whole_variant(out, one, keys);
        }),
    }
}

record! {
    fn whole_variant(out, variant: &Variant, keys) {
        item_id => push_json_text(out, &variant.item_id),
        options => options(out, &variant.options, keys),
        available => out.push_str(if variant.available { "true" } else { "false" }),
        price => push_json_float(out, variant.price),
    }
}

fn method(out: &mut String, method: &PaymentMethod, keys: Keys) {
    match method {
        PaymentMethod::CreditCard {
            id,
            brand,
            last_four,
        } => credit_card(out, &[id, brand, last_four], keys),
        PaymentMethod::GiftCard { id, balance } => gift_card(out, &(id, *balance), keys),
        PaymentMethod::Paypal { id } => paypal(out, id, keys),
    }
}

record! {
    fn credit_card(out, card: &[&str; 3], keys) {
        source => quoted(out, "credit_card"),
        id => push_json_text(out, card[0]),
        brand => push_json_text(out, card[1]),
        last_four => push_json_text(out, card[2]),
    }
}

record! {
    fn gift_card(out, card: &(&str, f64), keys) {
        source => quoted(out, "gift_card"),
        id => push_json_text(out, card.0),
        balance => push_json_float(out, card.1),
    }
}

record! {
    fn paypal(out, id: &str, keys) {
        source => quoted(out, "paypal"),
        id => push_json_text(out, id),
    }
}

fn options(out: &mut String, options: &[(Arc<str>, Arc<str>)], keys: Keys) {
    dict(
        out,
        options,
        keys,
        |(name, _)| name,
        |out, (_, value)| {
            push_json_text(out, value);
        },
    );
}

/// Appends a word of the benchmark's own, which needs no escaping.
fn quoted(out: &mut String, word: &str) {
    out.push('"');
    out.push_str(word);
    out.push('"');
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
