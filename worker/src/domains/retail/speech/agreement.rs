//! How what a text names stands to a call.

use proto::record::{PlannedCall, Value};

use crate::domains::{Agreement, Mentions};

/// `Same` when the text names the same write, nothing it names contradicts the call, and it names
/// what identifies the write: the order or its items (by id; products by name alone leave the items
/// open), the account or the address. Without either it is `Unrelated`, as is another write.
pub fn agrees(mentions: &Mentions, call: &PlannedCall) -> Agreement {
    if mentions.tool.as_deref() != Some(call.name.as_str()) {
        return Agreement::Unrelated;
    }
    let checks = [
        order(mentions, call),
        items(mentions, call),
        payment(mentions, call),
        reason(mentions, call),
        address(mentions, call),
        user(mentions, call),
    ];
    if checks.contains(&Some(false)) {
        return Agreement::Differs;
    }
    let named = checks[0].or(checks[1]).or(checks[4]).or(checks[5]);
    named.map_or(Agreement::Unrelated, |_| Agreement::Same)
}

/// Whether all values named are the call's; none when none is named or the call takes none.
fn same(named: &[Value], expected: Option<&str>) -> Option<bool> {
    let expected = expected?;
    (!named.is_empty()).then(|| named.iter().all(|value| value.as_str() == Some(expected)))
}

fn order(mentions: &Mentions, call: &PlannedCall) -> Option<bool> {
    same(mentions.of("order"), call.text("order_id"))
}

fn reason(mentions: &Mentions, call: &PlannedCall) -> Option<bool> {
    same(mentions.of("reason"), call.text("reason"))
}

fn user(mentions: &Mentions, call: &PlannedCall) -> Option<bool> {
    same(mentions.of("user"), call.text("user_id"))
}

fn list<'a>(call: &'a PlannedCall, key: &str) -> Option<&'a [Value]> {
    call.arguments.get(key).and_then(Value::as_list)
}

/// Items as a set, and as pairs where both sides are named.
fn items(mentions: &Mentions, call: &PlannedCall) -> Option<bool> {
    let old = list(call, "item_ids")?;
    let (named, named_new) = (mentions.of("items"), mentions.of("new_items"));
    let Some(new) = list(call, "new_item_ids") else {
        return (!named.is_empty()).then(|| equal_sets(named, old));
    };
    if named.is_empty() && named_new.is_empty() {
        return None;
    }
    if named_new.is_empty() {
        // Old and new in one list: a table, say, without "for" between them.
        let both: Vec<Value> = old.iter().chain(new).cloned().collect();
        return Some(equal_sets(named, old) || equal_sets(named, &both) || equal_sets(named, new));
    }
    if named.len() == old.len() && named_new.len() == new.len() && old.len() == new.len() {
        let paired =
            |(a, b): (&Value, &Value)| named.iter().zip(named_new).any(|(c, d)| a == c && b == d);
        return Some(old.iter().zip(new).all(paired));
    }
    Some((named.is_empty() || equal_sets(named, old)) && equal_sets(named_new, new))
}

fn equal_sets(a: &[Value], b: &[Value]) -> bool {
    a.iter().all(|value| b.contains(value)) && b.iter().all(|value| a.contains(value))
}

/// Ids must be the call's; "PayPal" or a card's last digits only must not contradict its kind.
fn payment(mentions: &Mentions, call: &PlannedCall) -> Option<bool> {
    let id = call.text("payment_method_id")?;
    let named = mentions.of("payment");
    let fits = |value: &Value| match value.as_str() {
        Some("paypal") => id.starts_with("paypal"),
        Some("gift_card") => id.starts_with("gift_card"),
        Some("credit_card") => id.starts_with("credit_card"),
        Some(text) if text.len() == 4 => id.starts_with("credit_card"),
        text => text == Some(id),
    };
    (!named.is_empty()).then(|| named.iter().all(fits))
}

/// Every part named must be the call's, whatever its case.
fn address(mentions: &Mentions, call: &PlannedCall) -> Option<bool> {
    call.text("address1")?;
    let named = mentions.of("address");
    let fits = |value: &Value| {
        let parts = value.as_map().into_iter().flatten();
        parts.into_iter().all(|(key, part)| {
            let expected = call.text(key).unwrap_or("");
            part.as_str()
                .is_some_and(|part| part.eq_ignore_ascii_case(expected))
        })
    };
    (!named.is_empty()).then(|| named.iter().all(fits))
}
