//! A message as AMQP carries it: properties, headers, body, and back.

use std::sync::Arc;
use std::time::Duration;

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};

use super::super::{DeadLetter, Headers, Message, UNDELIVERABLE};
use crate::digest::Digest;

/// Why a message is in the dead lane.
const REASON: &str = "t2t-reason";
/// What is left of a delay that is longer than the longest rung, in milliseconds.
const WAIT: &str = "t2t-wait-ms";
/// How many deliveries of a message ended unsettled, counted by a quorum queue.
const DELIVERY_COUNT: &str = "x-delivery-count";
/// Why the broker moved a message to another queue, the latest time; newer brokers say so.
const LATEST_DEATH: &str = "x-last-death-reason";
/// Every time that the broker moved it, the latest first: a table with a `reason` each.
const DEATHS: &str = "x-death";
/// Why it did so the first time: for what has ever waited in a rung, that its time there was over.
const FIRST_DEATH: &str = "x-first-death-reason";
/// Headers travel in one frame, so they are bounded.
pub(super) const HEADERS_MAX: usize = 8 << 10;
/// Longest reason, bytes.
const REASON_MAX: usize = 2 << 10;
/// Survives a restart of the broker.
pub(super) const PERSISTENT: u8 = 2;

/// A message that came in, read.
#[derive(Debug, PartialEq)]
pub(super) struct Parcel {
    pub(super) message: Message,
    pub(super) redeliveries: u32,
    /// What is left to wait.
    pub(super) wait: Option<Duration>,
}

/// What goes out beside the message itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Label {
    pub(super) reason: Option<String>,
    pub(super) wait: Option<Duration>,
}

/// Bytes that the headers of a message take, about.
pub(super) fn headers_size(headers: &Headers) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.len() + value.len() + 6)
        .sum()
}

/// Whether AMQP can name a header so.
pub(super) fn nameable(headers: &Headers) -> bool {
    headers.keys().all(|name| name.len() <= 255)
}

/// Properties of a message of ours.
pub(super) fn pack(message: &Message, label: &Label) -> BasicProperties {
    let mut table = FieldTable::default();
    for (name, value) in &message.headers {
        table.insert(name.as_str().into(), text(value));
    }
    if let Some(wait) = label.wait {
        table.insert(WAIT.into(), text(&wait.as_millis().to_string()));
    }
    if let Some(reason) = &label.reason {
        table.insert(REASON.into(), text(shortened(reason)));
    }
    BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_message_id(message.id.to_string().as_str().into())
        .with_headers(table)
}

/// Properties of a copy of a foreign message, for the dead lane.
pub(super) fn pack_foreign(properties: &BasicProperties, reason: &str) -> BasicProperties {
    let mut table = properties.headers().clone().unwrap_or_default();
    let size = format!("{table:?}").len();
    let mut reason = reason.to_owned();
    if size > HEADERS_MAX {
        table = FieldTable::default();
        reason.push_str("; its headers are too long to keep");
    }
    table.insert(REASON.into(), text(shortened(&reason)));
    properties
        .clone()
        .with_delivery_mode(PERSISTENT)
        .with_headers(table)
}

/// Reads what came in; the error is a reason for the dead lane.
pub(super) fn unpack(
    properties: &BasicProperties,
    body: &[u8],
    max_body: usize,
) -> Result<Parcel, String> {
    if body.len() > max_body {
        let bytes = body.len();
        return Err(format!(
            "foreign message: {bytes} bytes are over the limit of {max_body}"
        ));
    }
    let Some(id) = properties.message_id() else {
        return Err("foreign message: it has no message_id".to_owned());
    };
    let id: Digest = id
        .as_str()
        .parse()
        .map_err(|error| format!("foreign message: its message_id: {error}"))?;
    let mut headers = Headers::new();
    let (mut redeliveries, mut wait) = (0, None);
    for (name, value) in properties.headers().iter().flat_map(FieldTable::inner) {
        match name.as_str() {
            DELIVERY_COUNT => redeliveries = count(value).unwrap_or(0),
            WAIT => wait = read(value).and_then(|text| text.parse().ok()),
            // The broker's own, and what an earlier stay in the dead lane left.
            name if name.starts_with("x-") || name == REASON => {}
            name => {
                let value = read(value)
                    .ok_or_else(|| format!("foreign message: its header `{name}` is no text"))?;
                headers.insert(name.to_owned(), value.to_owned());
            }
        }
    }
    Ok(Parcel {
        message: Message {
            id,
            headers,
            body: body.into(),
        },
        redeliveries,
        wait: wait.map(Duration::from_millis),
    })
}

/// Reads a message of the dead lane, whoever sent it.
pub(super) fn unpack_dead(properties: &BasicProperties, body: &[u8]) -> DeadLetter {
    let headers = properties.headers().clone().unwrap_or_default();
    let said = |name: &str| {
        let value = headers.inner().get(name);
        value.and_then(read).map(str::to_owned)
    };
    let reason = said(REASON).unwrap_or_else(|| match latest_death(&headers) {
        Some(broker) if broker != "delivery_limit" => {
            format!("moved by the broker: {broker}")
        }
        _ => UNDELIVERABLE.to_owned(),
    });
    let message = match unpack(properties, body, usize::MAX) {
        Ok(parcel) => parcel.message,
        Err(_) => Message::new(Digest::of(body), body),
    };
    DeadLetter {
        message: Arc::new(message),
        reason,
    }
}

/// Why the broker moved a message the latest time, which was to where it lies now.
fn latest_death(headers: &FieldTable) -> Option<&str> {
    let headers = headers.inner();
    let told = |name: &str| headers.get(name).and_then(read);
    let listed = || {
        let AMQPValue::FieldArray(deaths) = headers.get(DEATHS)? else {
            return None;
        };
        let AMQPValue::FieldTable(latest) = deaths.as_slice().first()? else {
            return None;
        };
        latest.inner().get("reason").and_then(read)
    };
    told(LATEST_DEATH)
        .or_else(listed)
        .or_else(|| told(FIRST_DEATH))
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

/// A text, in either of the forms that a broker or another client may give it.
fn read(value: &AMQPValue) -> Option<&str> {
    match value {
        AMQPValue::LongString(text) => std::str::from_utf8(text.as_bytes()).ok(),
        AMQPValue::ShortString(text) => Some(ShortString::as_str(text)),
        _ => None,
    }
}

fn count(value: &AMQPValue) -> Option<u32> {
    let number = match *value {
        AMQPValue::ShortShortInt(number) => i64::from(number),
        AMQPValue::ShortShortUInt(number) => i64::from(number),
        AMQPValue::ShortInt(number) => i64::from(number),
        AMQPValue::ShortUInt(number) => i64::from(number),
        AMQPValue::LongInt(number) => i64::from(number),
        AMQPValue::LongUInt(number) => i64::from(number),
        AMQPValue::LongLongInt(number) => number,
        _ => return None,
    };
    u32::try_from(number).ok()
}

/// The reason, cut where it would not fit.
fn shortened(reason: &str) -> &str {
    let mut end = reason.len().min(REASON_MAX);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    &reason[..end]
}

#[cfg(test)]
mod tests {
    use lapin::types::FieldArray;

    use super::*;

    fn message() -> Message {
        Message::new(Digest::of(b"a"), *b"body")
            .with("attempt", "2")
            .with("traceparent", "00-ab-cd-01")
    }

    fn with(name: &str, value: AMQPValue) -> BasicProperties {
        let properties = pack(&message(), &Label::default());
        let mut table = properties.headers().clone().unwrap_or_default();
        table.insert(name.into(), value);
        properties.with_headers(table)
    }

    #[test]
    fn a_message_comes_back_as_it_was() {
        let label = Label {
            reason: Some("bad".to_owned()),
            wait: Some(Duration::from_millis(2500)),
        };
        let properties = pack(&message(), &label);
        let parcel = unpack(&properties, b"body", 4).unwrap();
        assert_eq!(
            parcel,
            Parcel {
                message: message(),
                redeliveries: 0,
                wait: label.wait
            }
        );
        let letter = unpack_dead(&properties, b"body");
        assert_eq!((*letter.message).clone(), message());
        assert_eq!(letter.reason, "bad");
    }

    #[test]
    fn the_brokers_headers_are_read_and_left_out() {
        let parcel = unpack(&with("x-delivery-count", AMQPValue::LongLongInt(7)), b"", 9).unwrap();
        assert_eq!(parcel.redeliveries, 7);
        assert_eq!(parcel.message.headers, message().headers);
        let limit = with("x-first-death-reason", text("delivery_limit"));
        assert_eq!(unpack_dead(&limit, b"").reason, UNDELIVERABLE);
        let other = with("x-first-death-reason", text("rejected"));
        assert_eq!(
            unpack_dead(&other, b"").reason,
            "moved by the broker: rejected"
        );
    }

    #[test]
    fn the_brokers_latest_reason_counts() {
        let death = |reason: &str| {
            let mut table = FieldTable::default();
            table.insert("reason".into(), text(reason));
            AMQPValue::FieldTable(table)
        };
        let reason = |headers: Vec<(&str, AMQPValue)>| {
            let mut table = FieldTable::default();
            for (name, value) in headers {
                table.insert(name.into(), value);
            }
            let properties = pack(&message(), &Label::default()).with_headers(table);
            unpack_dead(&properties, b"").reason
        };
        let deaths = |reasons: [&str; 2]| {
            let deaths = reasons.map(death).to_vec();
            AMQPValue::FieldArray(deaths.into())
        };
        let first = || ("x-first-death-reason", text("expired"));
        let given_up = deaths(["delivery_limit", "expired"]);
        assert_eq!(reason(vec![first(), ("x-death", given_up)]), UNDELIVERABLE);
        let moved = "moved by the broker: expired";
        let expired = || deaths(["expired", "delivery_limit"]);
        let limit = text("delivery_limit");
        let headers = vec![("x-first-death-reason", limit), ("x-death", expired())];
        assert_eq!(reason(headers), moved);
        let latest = ("x-last-death-reason", text("delivery_limit"));
        let headers = vec![first(), ("x-death", expired()), latest];
        assert_eq!(reason(headers), UNDELIVERABLE);
        // What cannot be read says nothing.
        for odd in [text("odd"), AMQPValue::FieldArray(FieldArray::default())] {
            assert_eq!(reason(vec![first(), ("x-death", odd)]), moved);
        }
    }

    #[test]
    fn a_foreign_message_is_told_by_what_is_wrong_with_it() {
        let odd = |properties: &BasicProperties, body: &[u8], part: &str| {
            let reason = unpack(properties, body, 8).unwrap_err();
            assert!(reason.contains(part), "no `{part}` in: {reason}");
            let copy = pack_foreign(properties, &reason);
            let letter = unpack_dead(&copy, body);
            assert_eq!((letter.reason, &*letter.message.body), (reason, body));
        };
        odd(&BasicProperties::default(), b"x", "no message_id");
        let named = BasicProperties::default().with_message_id("seven".into());
        odd(&named, b"x", "`seven`");
        odd(&with("flag", AMQPValue::Boolean(true)), b"x", "`flag`");
        odd(
            &with("blob", AMQPValue::LongString(vec![0xff].into())),
            b"x",
            "`blob`",
        );
        odd(
            &pack(&message(), &Label::default()),
            b"123456789",
            "9 bytes",
        );
    }

    #[test]
    fn what_does_not_fit_a_frame_is_cut() {
        let long = "ä".repeat(HEADERS_MAX);
        let label = Label {
            reason: Some(long.clone()),
            wait: None,
        };
        let reason = unpack_dead(&pack(&message(), &label), b"").reason;
        assert!(reason.len() <= REASON_MAX && long.starts_with(&reason));
        let copy = pack_foreign(&with("long", text(&long)), "foreign message");
        let kept = copy.headers().clone().unwrap_or_default();
        assert_eq!(kept.inner().len(), 1, "only the reason is left");
    }
}
