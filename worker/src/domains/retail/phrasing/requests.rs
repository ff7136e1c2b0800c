//! Wishes that no tool serves, by key.

use proto::record::Goal;
use proto::seed::Rng;

use super::parts::{self, View};
use crate::language::surface::say;

/// A key, how it is said (what follows "I'd like to"), and a word that each of these holds.
struct Request {
    key: &'static str,
    said: &'static [&'static str],
    words: &'static [&'static str],
}

const REQUESTS: &[Request] = &[
    Request {
        key: "apply_coupon",
        said: &[
            "{apply|use|redeem} a {coupon|coupon code|promo code} on $o",
            "get a {coupon|promo code} taken off $o",
            "have a coupon code added to $o after the fact",
        ],
        words: &["coupon", "promo code"],
    },
    Request {
        key: "change_email",
        said: &[
            "change the email address on my account",
            "{replace|update} the email you have for me",
            "use a different email for my account",
        ],
        words: &["email"],
    },
    Request {
        key: "change_phone",
        said: &[
            "{change|update} the phone number on my account",
            "give you a new phone number for my profile",
            "replace the phone number you have for me",
        ],
        words: &["phone number"],
    },
    Request {
        key: "change_name",
        said: &[
            "{change|correct} the name on my account",
            "have my account name changed",
        ],
        words: &["name"],
    },
    Request {
        key: "change_password",
        said: &["reset my password", "change the password of my account"],
        words: &["password"],
    },
    Request {
        key: "expedite_shipping",
        said: &[
            "have $o shipped {faster|by express}",
            "upgrade $o to express shipping",
            "expedite the shipping of $o",
            "pay extra so that $o is shipped faster",
        ],
        words: &["faster", "express", "expedite"],
    },
    Request {
        key: "price_match",
        said: &[
            "get a price match {on|for} $o",
            "have you match a competitor's price for $o",
            "request a price match on what I bought in $o",
        ],
        words: &["price match", "match a competitor's price"],
    },
    Request {
        key: "gift_wrap",
        said: &[
            "have $o gift wrapped",
            "add gift wrap to $o",
            "get gift wrapping for $o",
        ],
        words: &["gift wrap", "gift wrapped", "gift wrapping"],
    },
    Request {
        key: "add_item",
        said: &[
            "add {something|another item} to $o",
            "put one more thing into $o",
        ],
        words: &["add", "put one more"],
    },
    Request {
        key: "delete_account",
        said: &[
            "{delete|close} my account {for good|altogether}",
            "have my account removed",
        ],
        words: &["delete", "close my account", "removed"],
    },
    Request {
        key: "subscribe",
        said: &[
            "set up a subscription",
            "subscribe so that this comes regularly",
        ],
        words: &["subscribe", "subscription"],
    },
    Request {
        key: "invoice",
        said: &[
            "get a printed invoice for $o",
            "have an invoice for $o mailed to me",
        ],
        words: &["invoice"],
    },
    Request {
        key: "warranty",
        said: &[
            "buy an extended warranty for $o",
            "extend the warranty on $o",
        ],
        words: &["warranty"],
    },
];

/// The core of a wish named by key; an unknown key is said in its own words.
pub(super) fn core(goal: &Goal, key: &str, rng: &mut Rng) -> String {
    let order = parts::order(goal, View::Opening, rng);
    let slots = [("o", order.as_str())];
    match REQUESTS.iter().find(|request| request.key == key) {
        Some(request) => say(rng, request.said, &slots),
        None if parts::slot_of(goal, "order").is_some() => {
            format!("get help with {} for {order}", key.replace('_', " "))
        }
        None => format!("get help with {}", key.replace('_', " ")),
    }
}

/// Words by which a key is recognised.
pub(super) fn words(key: &str) -> Vec<String> {
    match REQUESTS.iter().find(|request| request.key == key) {
        Some(request) => request.words.iter().map(|&word| word.to_owned()).collect(),
        None => vec![key.replace('_', " ")],
    }
}
