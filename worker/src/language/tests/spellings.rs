//! What a text must not tell is found in other spellings than the writer's.

use std::collections::BTreeSet;

use proto::record::{Descriptor, Value, Visibility};
use proto::seed::Seed;

use super::population::{self, Case, write};
use super::shop::{KINDS, Shop, Stub};
use crate::language::fidelity::{Moment, TEXT_LIMIT, check_texts, check_turn};

const BLACK: (&str, &str) = ("color", "black");

/// A return of one thing with this option to a gift card, of an order that is said by `order`; the slot
/// `hide` is kept back.
fn returning(order: &str, option: (&str, &str), hide: Option<&str>) -> Case {
    let seed = Seed::root(12);
    let mut rng = seed.rng();
    let mut shop = Shop::draw(&mut rng);
    // No name of a color, which the person could say unasked.
    (shop.first, shop.last) = ("Juan", "Lopez");
    let mut goal = write(&shop, "return_delivered_order_items", 0, hide, &mut rng);
    let (id, _, kinds) = &shop.orders[0];
    let said = |predicate: &str, arguments: &[&str]| Descriptor {
        predicate: predicate.to_owned(),
        arguments: arguments.iter().map(|&text| Value::from(text)).collect(),
        visibility: Visibility::Opening,
    };
    let which = if order == "order.id" {
        id.as_str()
    } else {
        "Denver"
    };
    let says = [
        said(order, &[which]),
        said(
            "items.product_with",
            &[KINDS[kinds[0]].0, option.0, option.1],
        ),
        said("payment.source", &["gift_card"]),
    ];
    for (slot, mut said) in goal.slots.iter_mut().zip(says) {
        if hide == Some(slot.name.as_str()) {
            said.visibility = Visibility::OnRequest;
        }
        slot.says.retain(|said| said.predicate == "items.count");
        slot.says.insert(0, said);
    }
    population::case(shop, vec![goal], vec![0], vec![0], None, seed)
}

/// A text with the names of a shop.
fn filled(shop: &Shop, text: &str) -> String {
    let [(id, _, kinds), (foreign, city, _), _] = shop.orders.as_slice() else {
        unreachable!("a shop has three orders");
    };
    text.replace("$thing", KINDS[kinds[0]].0)
        .replace("$id", id)
        .replace("$bare", id.trim_start_matches('#'))
        .replace("$foreign", foreign.trim_start_matches('#'))
        .replace("$town", city)
}

/// What is found wrong with a script whose opening is this text.
fn opened(case: &Case, text: &str) -> Result<(), String> {
    assert_eq!(check_texts(&Stub, &case.shop, &case.task), Ok(()));
    let mut task = case.task.clone();
    task.script.opening = filled(&case.shop, text);
    check_texts(&Stub, &case.shop, &task)
}

#[test]
fn what_is_kept_back_or_invented_is_found_in_other_spellings() {
    for (order, hide, text, wrong) in [
        (
            "order.id",
            Some("order"),
            "I want to return the $thing in black to my gift card. It was order $bare.",
            "kept back",
        ),
        (
            "order.city",
            Some("order"),
            "I want to return the $thing in black to my gift card. It came by Denver's mail.",
            "kept back",
        ),
        (
            "order.id",
            Some("items"),
            "I want to return something black-colored from order $id to my gift card.",
            "kept back",
        ),
        (
            "order.id",
            Some("payment"),
            "I want to return the $thing in black from order $id to my giftcard.",
            "kept back",
        ),
        (
            "order.id",
            Some("payment"),
            "I want to return the $thing in black from order $id to my gift-card.",
            "kept back",
        ),
        (
            "order.id",
            None,
            "I want to return the $thing in black from order $id to my gift card, not $foreign.",
            "does not hold",
        ),
        (
            "order.id",
            None,
            "I want to return the $thing in black from order $id to my gift card, not to pay pal.",
            "does not hold",
        ),
        (
            "order.id",
            None,
            "I want to return the $thing in black from order $id to my gift card by $town's mail.",
            "does not hold",
        ),
    ] {
        let error = opened(&returning(order, BLACK, hide), text).unwrap_err();
        assert!(
            error.starts_with("opening") && error.contains(wrong),
            "{text}: {error}"
        );
    }
}

#[test]
fn what_is_told_may_be_told_in_other_spellings() {
    for (order, text) in [
        (
            "order.id",
            "I want to return the $thing in black, the black-colored one, from order $id to my gift \
             card. I have $bare's slip and the giftcard here, the gift-card that $bare was paid with.",
        ),
        (
            "order.id",
            "I want to return the $thing in black from order $id to my giftcard.",
        ),
        (
            "order.city",
            "I want to return the $thing in black from my order to Denver to my gift card, by \
             Denver's mail.",
        ),
    ] {
        assert_eq!(opened(&returning(order, BLACK, None), text), Ok(()));
    }
}

#[test]
fn what_must_be_said_is_said_to_the_letter() {
    let text = "I want to return the $thing in black from order $bare to my gift card.";
    let error = opened(&returning("order.id", BLACK, None), text).unwrap_err();
    assert!(error.contains("does not say \"#W"), "{error}");
}

#[test]
fn short_words_are_no_leak_where_others_hold_them() {
    for (option, text) in [
        (
            ("size", "S"),
            "I want to return something from order $id to my gift card, it's torn and S-shaped.",
        ),
        (
            ("capacity", "5 liters"),
            "I want to return something from order $id to my gift card, it holds 1.5 liters.",
        ),
    ] {
        let case = returning("order.id", option, Some("items"));
        assert_eq!(opened(&case, text), Ok(()));
    }
}

#[test]
fn what_the_agent_named_may_be_repeated_in_another_spelling() {
    let asked = BTreeSet::new();
    for (hide, heard, said) in [
        ("payment", "Is it for your gift card?", "Yes, the giftcard."),
        ("order", "Do you mean order $id?", "Yes, $bare."),
        ("order", "Do you mean order $bare?", "Yes, $id."),
        ("items", "Is it the black-colored one?", "Yes, black."),
    ] {
        let Case { shop, task } = returning("order.id", BLACK, Some(hide));
        let said = filled(&shop, said);
        let turn = |heard: &str| {
            let moment = Moment {
                asked: &asked,
                changed: false,
                heard,
            };
            check_turn(&Stub, &shop, &task, &said, &moment)
        };
        assert_eq!(turn(&filled(&shop, heard)), Ok(()), "{said}");
        assert!(turn("").unwrap_err().contains("kept back"), "{said}");
    }
}

#[test]
fn a_customer_comes_to_an_end() {
    let Case { shop, task } = returning("order.id", BLACK, None);
    let asked = BTreeSet::new();
    let moment = Moment {
        asked: &asked,
        changed: false,
        heard: "",
    };
    let turn = |said: &str| check_turn(&Stub, &shop, &task, said, &moment);
    let longest = "Well. ".repeat(TEXT_LIMIT / 6);
    assert_eq!(turn(&longest), Ok(()));
    let error = turn(&format!("{longest}I think.")).unwrap_err();
    assert!(error.contains("fewer words"), "{error}");
}
