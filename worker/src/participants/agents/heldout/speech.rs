//! Records in words.

use super::records::{Item, Method, Order, Variant};

/// Things that can be described to a customer.
pub(super) trait Describe {
    /// In a few words, with its id.
    fn describe(&self) -> String;
}

/// "a", "a or b", "a, b or c".
pub(super) fn list<T: AsRef<str>>(parts: &[T], joint: &str) -> String {
    match parts {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} {joint} {}", first.join(", "), last.as_ref())
        }
    }
}

/// Dollars and cents.
pub(super) fn money(amount: f64) -> String {
    format!("${amount:.2}")
}

fn options(options: &super::records::Options) -> String {
    let parts: Vec<String> = options
        .iter()
        .map(|(key, value)| format!("{key} {value}"))
        .collect();
    parts.join(", ")
}

/// A variant by id, options and price.
pub(super) fn variant_line(variant: &Variant) -> String {
    format!(
        "item {} ({}, {})",
        variant.item_id,
        options(&variant.options),
        money(variant.price)
    )
}

impl Describe for Item {
    fn describe(&self) -> String {
        format!(
            "{} ({}; item {})",
            self.name,
            options(&self.options),
            self.item_id
        )
    }
}

impl Describe for Order {
    fn describe(&self) -> String {
        format!("order {} with the {}", self.order_id, self.contents())
    }
}

impl Order {
    /// Names of its items.
    pub(super) fn contents(&self) -> String {
        let names: Vec<&str> = self.items.iter().map(|item| item.name.as_str()).collect();
        list(&names, "and")
    }
}

impl Describe for Method {
    fn describe(&self) -> String {
        match self.source.as_str() {
            "paypal" => format!("your PayPal account ({})", self.id),
            "gift_card" => format!(
                "your gift card ({}, balance {})",
                self.id,
                money(self.balance)
            ),
            _ => format!(
                "your {} card ending in {} ({})",
                self.brand, self.last_four, self.id
            ),
        }
    }
}
