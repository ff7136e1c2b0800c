//! Which address and which payment method a customer means; what is open is asked for.

use super::acts::Act;
use super::address::Parts;
use super::matching;
use super::phrases::{CHOOSE_ADDRESS_DEFAULT_ADDRESS, CHOOSE_ADDRESS_REST_STAYS};
use super::records::{Address, Method, Order, Records};
use super::speech::{Describe, list};
use super::steps::{Next, Slot, Step};
use super::text::{any, has, words};
use super::wish::{Wish, borrowed};

pub(super) fn choose_address(
    wish: &Wish,
    now: &Address,
    records: &Records,
    question: &str,
) -> Next<Address> {
    if let Some(whole) = wish.parts.whole() {
        return Ok(whole);
    }
    for text in wish.texts.iter().rev() {
        let said = words(text);
        if let Some(order) = borrowed(text, wish, records) {
            return Ok(order.address.clone());
        }
        let own = any(&said, CHOOSE_ADDRESS_DEFAULT_ADDRESS);
        if own
            && wish.act == Act::Address
            && let Some(customer) = &records.customer
        {
            return Ok(customer.address.clone());
        }
        let rest = any(&said, CHOOSE_ADDRESS_REST_STAYS);
        if rest && !wish.parts.is_empty() {
            let mut parts = Parts {
                address1: Some(now.address1.clone()),
                address2: Some(now.address2.clone()),
                city: Some(now.city.clone()),
                state: Some(now.state.clone()),
                zip: Some(now.zip.clone()),
                country: Some(now.country.clone()),
            };
            parts.update(wish.parts.clone());
            return parts
                .whole()
                .ok_or(Step::Ask(Slot::Address, format!("{question}?")));
        }
    }
    let missing = wish.parts.missing();
    let hint = if wish.parts.is_empty() || missing.is_empty() {
        "street, city, state and zip code".to_owned()
    } else {
        format!("I still need the {}", list(&missing, "and"))
    };
    Err(Step::Ask(Slot::Address, format!("{question} ({hint})?")))
}

pub(super) fn choose_payment<'a>(
    wish: &mut Wish,
    order: &Order,
    records: &'a Records,
    question: &str,
) -> Next<&'a Method> {
    if let Some(method) = wish.payment.as_ref().and_then(|id| records.method(id)) {
        return Ok(method);
    }
    let mut offered: Vec<&Method> = records.methods();
    if wish.act == Act::Payment {
        offered.retain(|method| order.paid_with() != Some(&method.id));
    } else if wish.act == Act::Return {
        offered.retain(|method| method.is_gift_card() || order.paid_with() == Some(&method.id));
    }
    for text in wish.texts.iter().rev() {
        let target = payment_part(text, wish.act);
        let said = words(&target);
        let found = matching::payments(&target, records);
        if wish.act != Act::Payment
            && found.is_empty()
            && matching::original_payment(&words(text))
            && let Some(method) = order.paid_with().and_then(|id| records.method(id))
        {
            return Ok(method);
        }
        match found.as_slice() {
            [one] => return Ok(one),
            [] if matching::names_payment(&said) => {
                let lines: Vec<String> = offered.iter().map(|method| method.describe()).collect();
                let ids = offered.iter().map(|method| method.id.clone()).collect();
                return Err(Step::Ask(
                    Slot::Payment(ids),
                    format!(
                        "That payment method is not in your profile. {question}: {}?",
                        list(&lines, "or")
                    ),
                ));
            }
            [] => {}
            several => {
                offered = several.to_vec();
                break;
            }
        }
    }
    if let [one] = offered.as_slice() {
        return Ok(one);
    }
    let lines: Vec<String> = offered.iter().map(|method| method.describe()).collect();
    let ids = offered.iter().map(|method| method.id.clone()).collect();
    Err(Step::Ask(
        Slot::Payment(ids),
        format!("{question}: {}?", list(&lines, "or")),
    ))
}

/// The part of a text that names the method to use: not the one that only describes the order.
fn payment_part(text: &str, act: Act) -> String {
    let said = words(text);
    let paid = super::text::spans(&said, "paid").first().map(|span| span.0);
    let Some(at) = paid else {
        let to = said
            .iter()
            .rposition(|word| word.text == "to")
            .filter(|_| act == Act::Payment);
        let tail = to.map(|at| text[said[at].at..].to_owned());
        return tail
            .filter(|tail| matching::names_payment(&words(tail)) || has(&words(tail), "card"))
            .unwrap_or_else(|| text.to_owned());
    };
    let until = said[at..].iter().skip(2).position(|word| {
        matches!(
            word.text.as_str(),
            "to" | "and" | "for" | "into" | "please" | "back"
        )
    });
    let end = until.map_or(text.len(), |offset| said[at + 2 + offset].at);
    format!("{} {}", &text[..said[at].at], &text[end..])
}
